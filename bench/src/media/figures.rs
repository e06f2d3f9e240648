//! Figures, each beside its target.

use std::{fmt, time::Duration};

/// Something that was measured once or several times, and what it should be.
pub(crate) struct Figure {
    what: String,
    target: Target,
    measured: Vec<f64>,
    /// How many digits are shown after the point, where that matters.
    digits: Option<usize>,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    Below(f64),
    /// It has no bound, but is to be said.
    Said,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, target: Target, measured: Vec<f64>) -> Self {
        Self { what: what.into(), target, measured, digits: None }
    }

    /// Shows so many digits after the point.
    pub(crate) fn digits(self, digits: usize) -> Self {
        Self { digits: Some(digits), ..self }
    }

    /// Prints one line of a table: the target is met where the median meets it.
    pub(crate) fn print(&self) {
        let spread = Spread::of(self.measured.iter().copied());
        let met = match self.target {
            Target::AtMost(most) => spread.median <= most,
            Target::AtLeast(least) => spread.median >= least,
            Target::Below(bound) => spread.median < bound,
            Target::Said => true,
        };
        let measured = self.digits.map_or_else(|| spread.to_string(), |digits| format!("{spread:.digits$}"));
        println!("| {} | {} | {measured} | {} |", self.what, self.target, if met { "yes" } else { "**no**" });
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::Below(bound) => write!(f, "below {bound}"),
            Self::Said => f.write_str("said"),
        }
    }
}

/// The middle of several values, and their ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let [least, .., most] = values[..] else {
            let only = values.first().copied().unwrap_or_default();
            return Self { median: only, least: only, most: only };
        };
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Self { median, least, most }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = |value: f64| if value.abs() < 10.0 { 2 } else { usize::from(value.abs() < 100.0) };
        let digits = |value| f.precision().unwrap_or_else(|| usual(value));
        let Self { median, least, most } = *self;
        if least.to_bits() == most.to_bits() {
            return write!(f, "{median:.*}", digits(median));
        }
        write!(f, "{median:.*} ({least:.*} to {most:.*})", digits(median), digits(least), digits(most))
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_between_the_ends() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).to_string(), "2.00 (1.00 to 3.00)");
        assert_eq!(Spread::of([4.0, 1.0]).median.to_bits(), 2.5_f64.to_bits());
        assert_eq!(Spread::of([0.5]).to_string(), "0.50");
        assert_eq!(Spread::of([]).to_string(), "0.00");
    }
}
