//! Numbers that stand for states, alike in the tables of every database.

use stagemark::{Priority, Status};

pub(crate) fn status_number(status: Status) -> i16 {
    match status {
        Status::Queued => 0,
        Status::Running => 1,
        Status::Ready => 2,
        Status::Failed => 3,
        Status::Cancelled => 4,
    }
}

pub(crate) fn status_of(number: i64) -> Option<Status> {
    Some(match number {
        0 => Status::Queued,
        1 => Status::Running,
        2 => Status::Ready,
        3 => Status::Failed,
        4 => Status::Cancelled,
        _ => return None,
    })
}

pub(crate) fn priority_of(number: i64) -> Option<Priority> {
    u8::try_from(number).ok().and_then(Priority::of)
}
