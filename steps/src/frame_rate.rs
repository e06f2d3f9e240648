//! Frames a second, as the fraction they are.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Frames a second as a fraction, because 29.97 is 30000/1001.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::FrameRate;
///
/// let ntsc = FrameRate::new(30_000, 1001);
/// assert_eq!(ntsc.to_string(), "30000/1001");
/// assert_eq!(ntsc.frames_in(Duration::from_secs(10)), 300);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FrameRate {
    num: u32,
    den: u32,
}

/// The rates that players, editors and television know.
const USUAL: [FrameRate; 8] = [
    FrameRate::new(24_000, 1001),
    FrameRate::new(24, 1),
    FrameRate::new(25, 1),
    FrameRate::new(30_000, 1001),
    FrameRate::new(30, 1),
    FrameRate::new(50, 1),
    FrameRate::new(60_000, 1001),
    FrameRate::new(60, 1),
];

impl FrameRate {
    /// `num` frames in `den` seconds; 0 of either is taken as 1.
    pub const fn new(num: u32, den: u32) -> Self {
        Self { num: if num == 0 { 1 } else { num }, den: if den == 0 { 1 } else { den } }
    }

    /// The rate as a number.
    pub fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// How many frames there are in this time, to the nearest.
    pub fn frames_in(self, time: Duration) -> u64 {
        // In whole numbers: 0.29 s of 50 a second are 14.5, and so 15, which a float misses.
        let (num, den) = (u128::from(self.num), u128::from(self.den) * 1_000_000_000);
        u64::try_from((time.as_nanos().saturating_mul(num) + den / 2) / den).unwrap_or(u64::MAX)
    }

    /// The time that so many frames are shown.
    pub(crate) fn time_of(self, frames: u64) -> Duration {
        let nanos = u128::from(frames) * u128::from(self.den) * 1_000_000_000 / u128::from(self.num);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The time that one frame is shown.
    pub fn frame_time(self) -> Duration {
        Duration::from_secs_f64(f64::from(self.den) / f64::from(self.num))
    }

    /// The usual rate that is nearest, of 23.976, 24, 25, 29.97, 30, 50, 59.94 and 60.
    #[must_use]
    pub fn nearest_usual(self) -> Self {
        let distance = |rate: &Self| (rate.per_second().ln() - self.per_second().ln()).abs();
        USUAL.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(self)
    }

    /// The rate that a video of this rate is given, so that its pictures come evenly: the same, if it is a whole one
    /// (or one of television's) from 10 to 120; else the usual rate that is nearest.
    #[must_use]
    pub fn steady(self) -> Self {
        let whole = matches!(self.den, 1 | 1001);
        if whole && (10.0..=120.0).contains(&self.per_second()) { self } else { self.nearest_usual() }
    }

    /// The rate that a count of frames in a time shows: the declared one, if it fits within 1 %.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both bounds are clamped")]
    pub(crate) fn measured(frames: u64, time: Duration, declared: Option<Self>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
        let rate = frames as f64 / time.as_secs_f64().max(1e-6);
        let fits = |known: &Self| (known.per_second() / rate - 1.0).abs() < 0.01;
        declared.filter(fits).unwrap_or_else(|| Self::new((rate * 1000.0).clamp(1.0, 4e9) as u32, 1000))
    }

    /// Ticks of a second in which each frame begins on a whole one.
    pub(crate) fn timescale(self) -> u32 {
        self.num.saturating_mul(10_000_u32.div_ceil(self.num).max(1))
    }

    /// Whether so many ticks, of so many a second, are the time of one frame, exactly.
    pub(crate) fn is_frame(self, ticks: i64, ticks_a_second: u32) -> bool {
        i128::from(ticks) * i128::from(self.num) == i128::from(self.den) * i128::from(ticks_a_second)
    }

    /// Reads ffmpeg's `25/1`; `0/0` is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (num, den) = text.split_once('/')?;
        let (num, den) = (num.parse().ok()?, den.parse().ok()?);
        (num > 0 && den > 0).then_some(Self { num, den })
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_rate_is_the_declared_one_where_it_fits() {
        let declared = FrameRate::new(30_000, 1001);

        let rate = FrameRate::measured(300, Duration::from_secs_f64(10.01), Some(declared));

        assert_eq!(rate, declared);
    }

    #[test]
    fn a_rate_that_a_browser_declares_as_ticks_is_measured() {
        let rate = FrameRate::measured(300, Duration::from_secs(10), Some(FrameRate::new(1000, 1)));

        assert_eq!(rate.steady(), FrameRate::new(30, 1));
    }

    #[test]
    fn half_a_frame_counts_as_one() {
        let frames = FrameRate::new(50, 1).frames_in(Duration::from_millis(290));

        assert_eq!(frames, 15);
    }

    #[test]
    fn each_frame_begins_on_a_tick() {
        for rate in USUAL {
            assert_eq!(u64::from(rate.timescale()) * u64::from(rate.den) % u64::from(rate.num), 0, "{rate}");
        }
    }
}
