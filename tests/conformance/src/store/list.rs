//! Lists: what explains each run that has not ended.

use stagemark::{
    RunId, Status,
    ports::{Filter, NewRun, QueueEntry, Summary},
};

use super::{
    Subject,
    fixture::{
        ADA, BOB, NOW, WORKFLOW, accept, alive, at, heartbeat, held, leased, queued, row, submit, to_markers, to_row,
    },
};

const LIVE: Filter = Filter { ended: false, now: NOW, limit: 100 };

async fn list(store: &Subject, filter: Filter) -> Vec<Summary> {
    store.list(&filter).await.expect("the store lists")
}

fn ids(summaries: &[Summary]) -> Vec<RunId> {
    summaries.iter().map(|summary| summary.id).collect()
}

/// By their ids, which sort by the time of submission.
pub async fn runs_are_listed_oldest_first(store: Subject) {
    let (old, middle, new) = (queued(), held(ADA), NewRun { version: 3, ..queued() });
    let order = [old.id, middle.id, new.id];
    for run in [new, old, middle] {
        submit(&store, run).await;
    }

    let summaries = list(&store, LIVE).await;

    assert_eq!(ids(&summaries), order);
    assert_eq!((&*summaries[1].workflow, summaries[1].version), (WORKFLOW, 1));
    assert_eq!((summaries[1].status, summaries[1].holder), (Status::Running, Some(ADA)));
    assert_eq!((summaries[2].version, summaries[2].status, summaries[2].holder), (3, Status::Queued, None));
}

/// They are left out otherwise.
pub async fn ended_runs_are_listed_on_demand(store: Subject) {
    let ended = submit(&store, queued()).await;
    let live = submit(&store, queued()).await;
    accept(&store, to_row(ended, 0, row(Status::Ready))).await;

    let (without, with) = (list(&store, LIVE).await, list(&store, Filter { ended: true, ..LIVE }).await);

    assert_eq!((ids(&without), ids(&with)), (vec![live], vec![ended, live]));
}

/// The limit is a bound, on the oldest.
pub async fn no_more_runs_are_listed_than_asked_for(store: Subject) {
    let oldest = submit(&store, queued()).await;
    submit(&store, queued()).await;

    assert_eq!(ids(&list(&store, Filter { limit: 1, ..LIVE }).await), [oldest]);
}

/// However many tasks of the run it tries, and whether or not it holds the run too.
pub async fn each_worker_with_a_lease_is_counted_once(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let markers = vec![leased(1, 1, ADA), leased(2, 1, BOB), leased(3, 1, BOB)];
    accept(&store, to_markers(run, 0, markers)).await;
    heartbeat(&store, alive(ADA, NOW)).await;
    heartbeat(&store, alive(BOB, at(1))).await;

    assert_eq!(list(&store, LIVE).await[0].leases, 2);
}

/// A worker that was not heard of explains nothing.
pub async fn a_lapsed_lease_is_not_counted(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![leased(2, 1, BOB)])).await;
    heartbeat(&store, alive(ADA, at(5))).await;

    assert_eq!(list(&store, Filter { now: at(6), ..LIVE }).await[0].leases, 0);
}

/// Due or not.
pub async fn places_in_the_queue_are_counted(store: Subject) {
    let queue = vec![QueueEntry { node: 1, due: NOW }, QueueEntry { node: 2, due: at(60_000) }];
    submit(&store, NewRun { queue, ..queued() }).await;
    submit(&store, held(ADA)).await;

    let counts: Vec<_> = list(&store, LIVE).await.iter().map(|summary| summary.queued).collect();

    assert_eq!(counts, [2, 0]);
}
