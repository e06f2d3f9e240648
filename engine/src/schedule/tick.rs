//! What becomes of a tick: it fires or it is skipped. Pure: the time, the row and the former run come from outside.

use std::time::Duration;

use stagemark_rules::Timestamp;

use super::{CatchUp, Overlap, Planned};
use crate::ports::ScheduleRow;

/// So late a tick is missed.
const LATE: Duration = Duration::from_mins(1);

/// What is decided on a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is due, or what is has to wait.
    Wait,
    /// The row as it is to be: a tick fires, or is skipped.
    Move(ScheduleRow),
}

/// Decides on the next tick of a schedule none of whose ticks is on its way.
pub(crate) fn judge(row: &ScheduleRow, planned: &Planned, now: Timestamp, runs: bool) -> Verdict {
    let Some(next) = row.next.filter(|next| *next <= now) else { return Verdict::Wait };
    let Some(tick) = caught_up(planned, next, now) else {
        return moved(row, ScheduleRow { next: planned.timing.after(now), skipped: Some(next), ..row.clone() });
    };
    let after = planned.timing.after(tick);
    match planned.overlap {
        Overlap::Wait if runs => Verdict::Wait,
        Overlap::Skip if runs => moved(row, ScheduleRow { next: after, skipped: Some(tick), ..row.clone() }),
        Overlap::Allow | Overlap::Skip | Overlap::Wait => {
            let skipped = if tick > next { Some(next) } else { row.skipped };
            moved(row, ScheduleRow { next: after, firing: Some(tick), skipped, ..row.clone() })
        }
    }
}

fn moved(row: &ScheduleRow, next: ScheduleRow) -> Verdict {
    debug_assert_eq!(row.revision, next.revision, "the store counts");
    Verdict::Move(next)
}

/// The first of the ticks from `next` to now that is not given up as missed.
fn caught_up(planned: &Planned, next: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let latest = planned.timing.until(now)?.max(next);
    match planned.catch_up {
        CatchUp::Skip => {
            let on_time = Timestamp(now.0.saturating_sub(u64::try_from(LATE.as_millis()).unwrap_or(u64::MAX)));
            if next >= on_time {
                return Some(next);
            }
            planned.timing.after(Timestamp(on_time.0.saturating_sub(1))).filter(|tick| *tick <= now)
        }
        CatchUp::Last => Some(latest),
        CatchUp::All(most) => {
            let before = |tick: &Timestamp| {
                planned.timing.until(Timestamp(tick.0.checked_sub(1)?)).filter(|earlier| *earlier >= next)
            };
            std::iter::successors(Some(latest), before).take(most.max(1) as usize).last()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::timing::Timing;

    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;

    fn hourly(catch_up: CatchUp, overlap: Overlap) -> Planned {
        let timing = Timing::every(Duration::from_hours(1)).unwrap();
        Planned { timing, catch_up, overlap, ..Planned::of_nothing() }
    }

    fn waiting(next: u64) -> ScheduleRow {
        ScheduleRow { next: Some(Timestamp(next)), revision: 1, ..ScheduleRow::new("hourly", "{}") }
    }

    /// The tick that fires, the one that is skipped and the next one, in hours.
    fn verdict(planned: &Planned, next: u64, now: u64, runs: bool) -> Option<(Option<u64>, Option<u64>, u64)> {
        let hours = |tick: Timestamp| tick.0 / HOUR;
        match judge(&waiting(next), planned, Timestamp(now), runs) {
            Verdict::Wait => None,
            Verdict::Move(row) => Some((row.firing.map(hours), row.skipped.map(hours), hours(row.next.unwrap()))),
        }
    }

    #[test]
    fn nothing_fires_before_its_tick() {
        assert_eq!(verdict(&hourly(CatchUp::Last, Overlap::Skip), HOUR, HOUR - 1, false), None);
    }

    #[test]
    fn a_tick_fires_when_it_is_due_whatever_the_policy() {
        for catch_up in [CatchUp::Skip, CatchUp::Last, CatchUp::All(3)] {
            for overlap in [Overlap::Skip, Overlap::Wait, Overlap::Allow] {
                let fired = verdict(&hourly(catch_up, overlap), HOUR, HOUR + 5, false);

                assert_eq!(fired, Some((Some(1), None, 2)), "{catch_up:?} {overlap:?}");
            }
        }
    }

    #[test]
    fn missed_ticks_are_caught_up_with_as_the_policy_says() {
        let late = 5 * HOUR + 30 * MINUTE;
        let of = |catch_up| verdict(&hourly(catch_up, Overlap::Skip), HOUR, late, false);

        assert_eq!(of(CatchUp::Skip), Some((None, Some(1), 6)));
        assert_eq!(of(CatchUp::Last), Some((Some(5), Some(1), 6)));
        assert_eq!(of(CatchUp::All(3)), Some((Some(3), Some(1), 4)));
        assert_eq!(of(CatchUp::All(99)), Some((Some(1), None, 2)));
    }

    #[test]
    fn a_tick_of_just_now_is_not_missed_after_a_long_silence() {
        let fired = verdict(&hourly(CatchUp::Skip, Overlap::Skip), HOUR, 5 * HOUR + 10, false);

        assert_eq!(fired, Some((Some(5), Some(1), 6)));
    }

    #[test]
    fn a_tick_meets_the_former_run_as_the_policy_says() {
        let of = |overlap| verdict(&hourly(CatchUp::Last, overlap), HOUR, HOUR + 5, true);

        assert_eq!(of(Overlap::Skip), Some((None, Some(1), 2)));
        assert_eq!(of(Overlap::Wait), None);
        assert_eq!(of(Overlap::Allow), Some((Some(1), None, 2)));
    }
}
