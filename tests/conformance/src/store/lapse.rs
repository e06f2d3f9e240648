//! Leases: what a worker holds that was not heard of in time is handed out as lapsed.

use stagemark::{
    RunId, Status, Timestamp, WorkerId,
    ports::{Claim, Claimed, NewRun},
};

use super::{
    Subject,
    fixture::{
        ADA, BOB, NOW, accept, alive, at, claim, done, heartbeat, held, ids, leased, node, queued, row, serving,
        submit, to_markers, to_row,
    },
};

/// A claim of lapsed runs by [`ADA`] so much later than [`NOW`].
async fn lapsed(store: &Subject, later_ms: u64) -> Claimed {
    claim(store, Claim { now: at(later_ms), lapsed: 10, ..serving() }).await
}

fn of(claimed: &Claimed) -> (Vec<RunId>, &[WorkerId]) {
    (ids(claimed), &claimed.lapsed)
}

/// A worker that died before its first sign of life holds nothing for ever.
pub async fn a_run_lapses_whose_holder_was_never_heard_of(store: Subject) {
    let run = submit(&store, held(BOB)).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![run], &[BOB][..]));
}

/// The holder of a run was heard of, but not in time.
pub async fn a_run_lapses_when_the_lease_of_its_holder_ends(store: Subject) {
    let run = submit(&store, held(BOB)).await;
    heartbeat(&store, alive(BOB, at(100))).await;

    assert_eq!(of(&lapsed(&store, 101).await), (vec![run], &[BOB][..]));
}

/// The worker of a leased task, in a run that nobody holds.
pub async fn a_run_lapses_when_the_lease_of_a_task_ends(store: Subject) {
    let run = submit(&store, NewRun { queue: vec![], status: Status::Running, ..queued() }).await;
    accept(&store, to_markers(run, 0, vec![done(1, 1), leased(2, 1, BOB)])).await;
    heartbeat(&store, alive(BOB, at(100))).await;

    assert_eq!(of(&lapsed(&store, 101).await), (vec![run], &[BOB][..]));
}

/// A lease until a moment includes it.
pub async fn a_lease_holds_until_its_last_moment(store: Subject) {
    submit(&store, held(BOB)).await;
    heartbeat(&store, alive(BOB, at(100))).await;

    assert_eq!(of(&lapsed(&store, 100).await), (vec![], &[][..]));
}

/// A worker that shuts down says so, and nobody waits for its lease.
pub async fn a_lease_that_was_ended_lapses_at_once(store: Subject) {
    let run = submit(&store, held(BOB)).await;
    heartbeat(&store, alive(BOB, at(100))).await;
    heartbeat(&store, alive(BOB, Timestamp(NOW.0 - 1))).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![run], &[BOB][..]));
}

/// The latest sign of life counts.
pub async fn a_renewed_lease_holds_longer(store: Subject) {
    submit(&store, held(BOB)).await;
    heartbeat(&store, alive(BOB, at(100))).await;
    heartbeat(&store, alive(BOB, at(200))).await;

    assert_eq!(of(&lapsed(&store, 150).await), (vec![], &[][..]));
}

/// A worker that is late to renew its lease does not take its own runs from itself.
pub async fn nothing_lapses_for_the_worker_that_holds_it(store: Subject) {
    submit(&store, held(ADA)).await;
    let run = submit(&store, NewRun { queue: vec![], ..queued() }).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 1, ADA)])).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![], &[][..]));
}

/// What has ended needs no worker, also where a marker still names one.
pub async fn a_run_that_has_ended_does_not_lapse(store: Subject) {
    let run = submit(&store, held(BOB)).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 1, BOB)])).await;
    accept(&store, to_row(run, 0, row(Status::Cancelled))).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![], &[][..]));
}

/// A task that is done no longer needs the worker that did it.
pub async fn the_worker_of_a_done_task_does_not_lapse(store: Subject) {
    let run = submit(&store, held(BOB)).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 1, BOB)])).await;
    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;
    accept(&store, to_row(run, 0, row(Status::Running))).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![], &[][..]));
}

/// A worker is handed only what it knows.
pub async fn a_run_of_another_version_does_not_lapse(store: Subject) {
    submit(&store, NewRun { version: 2, ..held(BOB) }).await;
    submit(&store, NewRun { workflow: "archive-video".into(), ..held(BOB) }).await;

    assert_eq!(of(&lapsed(&store, 0).await), (vec![], &[][..]));
}

/// The number asked for is a bound, and none is none.
pub async fn no_more_lapsed_runs_are_handed_out_than_asked_for(store: Subject) {
    for _ in 0..5 {
        submit(&store, held(BOB)).await;
    }

    let three = claim(&store, Claim { lapsed: 3, ..serving() }).await;
    let none = claim(&store, serving()).await;

    assert_eq!((three.runs.len(), none.runs.len()), (3, 0));
}

/// What is expired is given back to the queue even by a worker that cannot take it on.
pub async fn runs_lapse_also_where_there_is_no_room(store: Subject) {
    let run = submit(&store, held(BOB)).await;

    let claimed = claim(&store, Claim { served: vec![node(0, 0)], lapsed: 10, ..serving() }).await;

    assert_eq!(of(&claimed), (vec![run], &[BOB][..]));
}
