//! When a schedule ticks: by a cron pattern in a time zone, or at an interval.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use croner::Cron;
use stagemark_rules::Timestamp;

use super::ScheduleError;

/// The longest interval: some hundred million years do not fit into a moment.
const INTERVAL_MAX: Duration = Duration::from_hours(24 * 365 * 1000);

/// When a schedule ticks.
#[derive(Clone, Debug)]
pub(crate) enum Timing {
    /// At the times of a pattern, as clocks in a time zone show them.
    Cron(Box<Cron>, Tz),
    /// At the multiples of an interval since 1970, so that all hosts agree, also after a restart.
    Every { millis: u64 },
}

impl Timing {
    pub(super) fn cron(pattern: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let refused = |source| ScheduleError::Cron { pattern: pattern.to_owned(), source: Box::new(source) };
        let timing = Self::Cron(Box::new(Cron::from_str(pattern).map_err(refused)?), zone);
        // A thirtieth of February is a pattern too.
        match timing.after(Timestamp(0)) {
            Some(_) => Ok(timing),
            None => Err(ScheduleError::Never { pattern: pattern.to_owned() }),
        }
    }

    pub(super) fn every(interval: Duration) -> Result<Self, ScheduleError> {
        match u64::try_from(interval.as_millis()) {
            Ok(millis) if millis > 0 && interval <= INTERVAL_MAX => Ok(Self::Every { millis }),
            _ => Err(ScheduleError::Interval(interval)),
        }
    }

    /// The first tick after a moment.
    pub(crate) fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron, zone) => {
                let next = cron.find_next_occurrence(&local(moment, *zone)?, false).ok()?;
                Some(stamp(&next)).filter(|tick| *tick > moment)
            }
            Self::Every { millis } => (moment.0 / millis).checked_add(1)?.checked_mul(*millis).map(Timestamp),
        }
    }

    /// The last tick up to a moment, that one included.
    pub(crate) fn until(&self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron, zone) => {
                let last = cron.find_previous_occurrence(&local(moment, *zone)?, true).ok()?;
                Some(stamp(&last)).filter(|tick| *tick <= moment)
            }
            Self::Every { millis } => Some(Timestamp(moment.0 - moment.0 % millis)),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Cron(cron, zone) => format!("cron {} in {zone}", cron.as_str()),
            Self::Every { millis } => format!("every {millis} ms"),
        }
    }
}

/// The whole second of a moment: patterns know no parts of it.
fn local(moment: Timestamp, zone: Tz) -> Option<DateTime<Tz>> {
    zone.timestamp_opt(i64::try_from(moment.0 / 1000).ok()?, 0).single()
}

fn stamp(time: &DateTime<Tz>) -> Timestamp {
    Timestamp(u64::try_from(time.timestamp_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn madrid(pattern: &str) -> Timing {
        Timing::cron(pattern, Tz::Europe__Madrid).unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        stamp(&DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Tz::UTC))
    }

    /// The ticks in a span of time, that they end with included.
    fn ticks(timing: &Timing, from: &str, to: &str) -> Vec<Timestamp> {
        let first = timing.after(utc(from));
        std::iter::successors(first, |tick| timing.after(*tick)).take_while(|tick| *tick <= utc(to)).collect()
    }

    #[test]
    fn a_local_time_that_does_not_exist_ticks_once_right_after_the_gap() {
        let found = ticks(&madrid("30 2 * * *"), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");

        assert_eq!(found, [utc("2026-03-29T01:00:00Z"), utc("2026-03-30T00:30:00Z")]);
    }

    #[test]
    fn a_local_time_that_is_there_twice_ticks_once() {
        let found = ticks(&madrid("30 2 * * *"), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");

        assert_eq!(found, [utc("2026-10-25T00:30:00Z"), utc("2026-10-26T01:30:00Z")]);
    }

    #[test]
    fn a_pattern_of_each_half_hour_ticks_each_half_hour_whatever_the_clocks_show() {
        for (from, to) in
            [("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"), ("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z")]
        {
            let found = ticks(&madrid("*/30 * * * *"), from, to);

            let half_hour = 30 * 60 * 1000;
            let expected: Vec<_> = (1..=6).map(|nth| Timestamp(utc(from).0 + nth * half_hour)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_found_forwards_is_found_backwards() {
        for pattern in ["30 2 * * *", "*/30 * * * *", "0 3 * * MON", "15 1,2,3 * * *"] {
            let timing = madrid(pattern);
            for (from, to) in
                [("2026-03-27T00:00:00Z", "2026-04-02T00:00:00Z"), ("2026-10-23T00:00:00Z", "2026-10-29T00:00:00Z")]
            {
                let found = ticks(&timing, from, to);
                let back = std::iter::successors(timing.until(utc(to)), |tick| timing.until(Timestamp(tick.0 - 1)));
                let mut back: Vec<_> = back.take_while(|tick| *tick > utc(from)).collect();
                back.reverse();
                assert_eq!(found, back, "{pattern}");
            }
        }
    }

    #[test]
    fn a_tick_is_the_last_one_at_its_own_moment_and_not_before() {
        for timing in [madrid("0 3 * * *"), Timing::every(Duration::from_secs(7)).unwrap()] {
            let tick = timing.after(utc("2026-05-01T00:00:00Z")).unwrap();

            assert_eq!(timing.until(tick), Some(tick));
            assert_eq!(timing.until(Timestamp(tick.0 + 999)), Some(tick));
            assert!(timing.until(Timestamp(tick.0 - 1)).unwrap() < tick);
            assert_eq!(timing.after(Timestamp(tick.0 - 1)), Some(tick));
        }
    }

    #[test]
    fn an_interval_ticks_at_its_multiples() {
        let timing = Timing::every(Duration::from_mins(1)).unwrap();

        assert_eq!(timing.after(Timestamp(0)), Some(Timestamp(60_000)));
        assert_eq!(timing.after(Timestamp(60_000)), Some(Timestamp(120_000)));
        assert_eq!(timing.after(Timestamp(u64::MAX)), None);
    }

    #[test]
    fn patterns_and_intervals_that_cannot_be_are_refused() {
        assert!(matches!(Timing::cron("often", Tz::UTC), Err(ScheduleError::Cron { .. })));
        assert!(matches!(Timing::cron("0 0 30 2 *", Tz::UTC), Err(ScheduleError::Never { .. })));
        assert!(matches!(Timing::every(Duration::ZERO), Err(ScheduleError::Interval(_))));
        assert!(matches!(Timing::every(Duration::MAX), Err(ScheduleError::Interval(_))));
    }
}
