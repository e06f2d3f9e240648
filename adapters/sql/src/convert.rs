//! Numbers that stand for states, alike in the tables of every database.

use stagemark::{Priority, Status, ports::Fusion};

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

/// The pass that a marker is of, by its first node; 0 where the task is tried alone from now on, as no pass begins at the
/// input.
pub(crate) fn pass_number(fusion: Fusion) -> Option<u16> {
    match fusion {
        Fusion::Free => None,
        Fusion::Pass(first) => Some(first),
        Fusion::Alone => Some(0),
    }
}

pub(crate) fn fusion_of(pass: Option<u16>) -> Fusion {
    match pass {
        None => Fusion::Free,
        Some(0) => Fusion::Alone,
        Some(first) => Fusion::Pass(first),
    }
}

pub(crate) fn priority_of(number: i64) -> Option<Priority> {
    u8::try_from(number).ok().and_then(Priority::of)
}
