//! How often something may begin.

use std::time::Duration;

/// At most so many in any span of time, wherever the span begins.
///
/// ```
/// use std::time::Duration;
/// use stagemark::Rate;
///
/// let rate = Rate::new(100, Duration::from_secs(60));
/// assert_eq!((rate.count(), rate.per()), (100, Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

impl Rate {
    /// So many (at least 1) in any span of this length (at least 1 ms, at most a year).
    pub const fn new(count: u32, per: Duration) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_hours(365 * 24);
        let per = if per.as_millis() == 0 { SHORTEST } else { per };
        let per = if per.as_millis() > LONGEST.as_millis() { LONGEST } else { per };
        Self { count: if count == 0 { 1 } else { count }, per }
    }

    /// How many.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// The length of the span.
    pub const fn per(self) -> Duration {
        self.per
    }

    /// The rate that lets fewer through in the long run.
    pub(crate) fn lower(self, other: Self) -> Self {
        let slower = u128::from(self.count) * other.per.as_nanos() <= u128::from(other.count) * self.per.as_nanos();
        if slower { self } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_rate_is_the_one_that_lets_fewer_through() {
        let (often, seldom) = (Rate::new(2, Duration::from_secs(1)), Rate::new(100, Duration::from_mins(1)));

        assert_eq!(often.lower(seldom), seldom);
        assert_eq!(seldom.lower(often), seldom);
    }

    #[test]
    fn no_rate_is_without_bounds() {
        let rate = Rate::new(0, Duration::ZERO);

        assert_eq!((rate.count(), rate.per()), (1, Duration::from_millis(1)));
    }
}
