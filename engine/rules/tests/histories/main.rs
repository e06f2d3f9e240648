//! Random histories: whatever happens to a run, in whatever order, late or twice, the guarantees hold after every event.
//!
//! - G2, one winner: at most one success of a task is accepted, and what is done stays as it is.
//! - G5, honest retries: no task is tried more often than its policy allows, nothing is tried after a permanent
//!   failure, and a run that failed has the one task that is dead.
//! - G6, cancellation: after it nothing is leased, done or tried.
//! - Passes: the tasks of one are leased, done and given up together, and one that has failed for good is no pass again.
//! - G7, legal transitions only.
//! - G9, never just stuck: a live run has a task that is leased or may be claimed, and it can be brought to its end.

mod invariants;
mod moves;
mod shapes;
mod world;

use proptest::prelude::*;
use stagemark_rules::Timestamp;

use crate::{
    moves::moves,
    shapes::{chains, plans},
    world::World,
};

fn histories(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(histories(10_000))]

    #[test]
    fn the_guarantees_hold_after_every_event(plan in plans(), moves in moves()) {
        let mut world = World::begin(&plan, Timestamp(1_000));
        for one in moves {
            world.play(one);
        }
    }
}

proptest! {
    #![proptest_config(histories(5_000))]

    #[test]
    fn the_guarantees_hold_where_steps_are_fused(plan in chains(), moves in moves()) {
        let mut world = World::begin(&plan, Timestamp(1_000));
        for one in moves {
            world.play(one);
        }

        world.finish();

        prop_assert!(world.run.status.has_ended());
    }
}

proptest! {
    #![proptest_config(histories(1_000))]

    #[test]
    fn every_history_can_be_brought_to_its_end(plan in plans(), moves in moves()) {
        let mut world = World::begin(&plan, Timestamp(1_000));
        for one in moves {
            world.play(one);
        }

        world.finish();

        prop_assert!(world.run.status.has_ended());
    }
}
