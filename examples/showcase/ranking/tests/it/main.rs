//! Boards in Redis and in the process, and the rankings that read them.

mod fixture;
mod fleet;
mod interleavings;
mod outage;
mod rebuilt;
mod suite;
mod tables;
mod weights;

mod in_memory {
    crate::suite!(stagemark_contest_ranking::MemorySets::new(crate::fixture::weights()));
}

mod in_redis {
    crate::suite!(crate::fixture::redis_sets().await);
}
