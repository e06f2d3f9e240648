//! How long things took.

use std::{fmt, time::Duration};

/// How long each of many things took, the shortest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Times {
    /// What so many of a hundred did not take longer than; nothing, where there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }

    /// The longest.
    pub(crate) fn most(&self) -> Duration {
        self.percentile(100)
    }
}

/// A time in milliseconds, with three digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ms(pub(crate) Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_secs_f64() * 1e3;
        let digits = match ms {
            _ if ms < 10.0 => 2,
            _ if ms < 100.0 => 1,
            _ => 0,
        };
        write!(f, "{ms:.digits$}")
    }
}

/// The median of some figures, and the least and the most of them.
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<_> = figures.into_iter().collect();
        figures.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().unwrap_or_default();
        Self { median: at(figures.len() / 2), least: at(0), most: at(figures.len().saturating_sub(1)) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} ({:.0} to {:.0})", self.median, self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all() {
        let times: Times = (1..=200).rev().map(Duration::from_millis).collect();

        assert_eq!(times.percentile(50), Duration::from_millis(101));
        assert_eq!(times.percentile(99), Duration::from_millis(199));
        assert_eq!(times.most(), Duration::from_millis(200));
        assert_eq!(Times::default().most(), Duration::ZERO);
    }

    #[test]
    fn three_digits_are_told() {
        let told = [123, 12_345, 123_456, 1_234_567].map(|us| Ms(Duration::from_micros(us)).to_string());

        assert_eq!(told, ["0.12", "12.3", "123", "1235"]);
    }
}
