//! Random moves: they name what they are about by its place among what is there, so that most of them are to the point.

use proptest::{collection::vec, prelude::*};
use stagemark_rules::Jitter;

/// Something to try on a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// A worker asks for a task that it may claim; of those that fuse, and of those that do not.
    Claim { nth: usize, worker: u128, fuses: bool },
    /// An attempt that holds its lease ends.
    End { nth: usize, how: How },
    /// An attempt that was leased at some time ends, perhaps again.
    Late { nth: usize, how: How },
    /// A worker asks for any task, or an end is told of any attempt, also of those that never were.
    Wild { node: u16, item: u32, attempt: u32, how: Option<How> },
    /// Somebody asks for the run to stop.
    Cancel,
    /// Time passes.
    Wait { ms: u64 },
    /// All that waits becomes due.
    Wake,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Succeeded { width: Option<u32> },
    Failed { permanent: bool, jitter: Jitter },
    Expired { jitter: Jitter },
    Released,
}

pub(crate) fn moves() -> impl Strategy<Value = Vec<Move>> {
    vec(one(), 0..40)
}

fn one() -> impl Strategy<Value = Move> {
    prop_oneof![
        12 => (0..8_usize, 0..3_u128, proptest::bool::weighted(0.8))
            .prop_map(|(nth, worker, fuses)| Move::Claim { nth, worker, fuses }),
        12 => (0..8_usize, how()).prop_map(|(nth, how)| Move::End { nth, how }),
        4 => (0..64_usize, how()).prop_map(|(nth, how)| Move::Late { nth, how }),
        2 => (0..9_u16, 0..4_u32, 0..5_u32, proptest::option::of(how()))
            .prop_map(|(node, item, attempt, how)| Move::Wild { node, item, attempt, how }),
        1 => Just(Move::Cancel),
        2 => (0..5_000_u64).prop_map(|ms| Move::Wait { ms }),
        4 => Just(Move::Wake),
    ]
}

fn how() -> impl Strategy<Value = How> {
    let jitter = any::<u16>().prop_map(Jitter);
    prop_oneof![
        8 => proptest::option::weighted(0.9, 0..4_u32).prop_map(|width| How::Succeeded { width }),
        3 => (proptest::bool::weighted(0.1), jitter.clone())
            .prop_map(|(permanent, jitter)| How::Failed { permanent, jitter }),
        2 => jitter.prop_map(|jitter| How::Expired { jitter }),
        2 => Just(How::Released),
    ]
}
