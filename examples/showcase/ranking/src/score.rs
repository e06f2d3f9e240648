//! What likes, views and watch time are worth, by forward decay.
//!
//! An event at time t adds `w * 2^((t - L) / half-life)` to its player's sum, where L, the landmark, is a time in the
//! past; at time T the sum stands for a score of `sum / 2^((T - L) / half-life)`. So each event loses half its worth in
//! each half-life, the order of players changes by events alone, and no sum is ever rewritten as time goes by. See
//! Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE 2009.

use std::time::Duration;

use stagemark::Timestamp;

/// Who has less than this at the landmark is on no board: it is what rounding leaves where likes were taken back.
pub(crate) const SCORE_MIN: f64 = 1e-9;
/// The shortest half-life: a board lives for at most an hour, in which sums then grow by 2^60.
pub(crate) const HALF_LIFE_MIN: Duration = Duration::from_mins(1);
/// The greatest worth of anything, at which sums of all that can be counted are far from too great for a number.
pub(crate) const WEIGHT_MAX: f64 = 1e6;

/// What something is worth.
///
/// ```
/// use std::time::Duration;
/// use stagemark_contest_ranking::{Kind, Weights};
///
/// let weights = Weights::default();
/// assert_eq!(weights.of(Kind::Like), 10.0);
/// assert_eq!(weights.of(Kind::Watch(Duration::from_secs(30))), 1.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of a like (default 10).
    pub like: f64,
    /// Of a view (default 1).
    pub view: f64,
    /// Of a second of watching (default 0.05).
    pub watch_second: f64,
    /// In what time an event loses half its worth (default 7 days).
    pub half_life: Duration,
}

impl Default for Weights {
    fn default() -> Self {
        Self { like: 10.0, view: 1.0, watch_second: 0.05, half_life: Duration::from_hours(7 * 24) }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody likes a video.
    Like,
    /// A like was taken back; its time is that of the like, so that it takes away what that gave.
    Unlike,
    /// A video was opened.
    View,
    /// A video was watched for this long.
    Watch(Duration),
}

/// What is wrong with weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// A weight is none.
    #[error("the weight of a {what} is {value}; it must be from 0 to 1000000")]
    Weight {
        /// Of what.
        what: &'static str,
        /// The weight.
        value: f64,
    },
    /// Worth is lost too fast.
    #[error("the half-life is {0:?}; it must be at least a minute")]
    HalfLife(Duration),
}

impl Weights {
    /// Whether scores can be reckoned with these.
    pub fn check(&self) -> Result<(), WeightsError> {
        for (what, value) in [("like", self.like), ("view", self.view), ("second", self.watch_second)] {
            if !(0.0..=WEIGHT_MAX).contains(&value) {
                return Err(WeightsError::Weight { what, value });
            }
        }
        if self.half_life < HALF_LIFE_MIN {
            return Err(WeightsError::HalfLife(self.half_life));
        }
        Ok(())
    }

    /// What this is worth when it happens.
    pub fn of(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Like => self.like,
            Kind::Unlike => -self.like,
            Kind::View => self.view,
            Kind::Watch(time) => self.watch_second * time.as_secs_f64(),
        }
    }

    /// By how much something that happens at one time is worth more than at another: less than 1 if it is before.
    pub fn growth(&self, from: Timestamp, to: Timestamp) -> f64 {
        (difference_ms(from, to) / (self.half_life.as_secs_f64() * 1e3)).exp2()
    }

    /// Names these weights: boards of others are other boards, so that hosts with new settings and old ones can share a
    /// Redis.
    pub(crate) fn name(&self) -> String {
        format!("{:e}/{:e}/{:e}/{}", self.like, self.view, self.watch_second, self.half_life.as_millis())
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
fn difference_ms(from: Timestamp, to: Timestamp) -> f64 {
    to.0 as f64 - from.0 as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3_600_000;

    #[test]
    fn worth_is_halved_in_each_half_life_whatever_the_landmark() {
        let weights = Weights::default();
        let (event, later) = (Timestamp(1_000 * DAY), Timestamp(1_014 * DAY));
        for landmark in [Timestamp(900 * DAY), event, Timestamp(1_003 * DAY)] {
            let sum = weights.of(Kind::Like) * weights.growth(landmark, event);
            let score = sum / weights.growth(landmark, later);

            assert!((score - 2.5).abs() < 1e-12, "{score} with landmark {landmark:?}");
        }
    }

    #[test]
    fn the_order_does_not_change_as_time_goes_by() {
        let weights = Weights::default();
        let landmark = Timestamp(0);
        let old = 3.0 * weights.growth(landmark, Timestamp(DAY));
        let new = weights.growth(landmark, Timestamp(8 * DAY));
        for day in 8..60 {
            let divisor = weights.growth(landmark, Timestamp(day * DAY));
            assert!(old / divisor > new / divisor);
        }
    }

    #[test]
    fn weights_that_cannot_be_reckoned_with_are_refused() {
        let weights = Weights::default();
        assert!(weights.check().is_ok());
        for like in [-1.0, f64::NAN, f64::INFINITY, 1e7] {
            assert!(Weights { like, ..weights }.check().is_err(), "{like}");
        }
        assert!(Weights { half_life: Duration::from_secs(59), ..weights }.check().is_err());
    }
}
