//! Counts: what operators see of the store, at a bounded cost.

use stagemark::{
    Status,
    ports::{Count, Counts, NewRun, QueueCount, QueueEntry, RunCount},
};

use super::{
    Subject,
    fixture::{ADA, NOW, WORKFLOW, accept, at, held, hint, queued, queued_at, row, submit, to_row},
};

async fn census(store: &Subject, limit: u32) -> Counts {
    let mut counts = store.census(&Count { now: NOW, limit }).await.expect("the store counts");
    counts.runs.sort_by_key(|count| (count.workflow.clone(), count.status.to_string()));
    counts.queues.sort_by_key(|count| count.workflow.clone());
    counts
}

fn runs(workflow: &str, status: Status, runs: u32) -> RunCount {
    RunCount { workflow: workflow.into(), status, runs }
}

/// Whatever their versions.
pub async fn runs_are_counted_by_workflow_and_status(store: Subject) {
    for run in [queued(), NewRun { version: 2, ..queued() }, held(ADA), NewRun { workflow: "other".into(), ..queued() }]
    {
        submit(&store, run).await;
    }

    let (queued, running) = (Status::Queued, Status::Running);
    let expected = [runs("other", queued, 1), runs(WORKFLOW, queued, 2), runs(WORKFLOW, running, 1)];
    assert_eq!(census(&store, 100).await.runs, expected);
}

/// There may be millions of them.
pub async fn runs_that_have_ended_are_not_counted(store: Subject) {
    let ended = submit(&store, queued()).await;
    accept(&store, to_row(ended, 0, row(Status::Ready))).await;

    assert_eq!(census(&store, 100).await, Counts::default());
}

/// What is not due waits for a time, not for a worker.
pub async fn due_places_are_counted_with_the_oldest(store: Subject) {
    let queue = vec![QueueEntry { node: 1, due: NOW }, QueueEntry { node: 2, due: at(1) }];
    submit(&store, NewRun { submitted: at(0), queue, ..queued() }).await;
    let oldest = stagemark::Timestamp(NOW.0 - 5_000);
    submit(&store, queued_at(1, oldest)).await;

    assert_eq!(census(&store, 100).await.queues, [QueueCount { workflow: WORKFLOW.into(), due: 2, oldest }]);
}

/// Those that no broker has confirmed.
pub async fn hints_in_the_outbox_are_counted(store: Subject) {
    let (one, other) = (queued(), queued());
    for run in [one, other] {
        submit(&store, NewRun { outbox: vec![hint(run.id, 0)], ..run }).await;
    }

    assert_eq!(census(&store, 100).await.unsent, 2);
}

/// Beyond it the counts stay where they are.
pub async fn no_more_is_counted_than_asked_for(store: Subject) {
    for run in [queued(), queued(), queued()] {
        submit(&store, NewRun { outbox: vec![hint(run.id, 0)], ..run }).await;
    }

    let counts = census(&store, 2).await;

    assert_eq!((counts.runs[0].runs, counts.queues[0].due, counts.unsent), (2, 2, 2));
}
