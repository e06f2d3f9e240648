//! Races: whoever comes first, there is one winner and nobody is lost.

use std::{collections::HashSet, future::Future, sync::Arc};

use futures::future::join_all;
use stagemark::{
    Status, WorkerId,
    ports::{Claim, NewRun, Outcome, RunRow, Write},
};
use tokio::sync::Barrier;

use super::{
    Subject,
    fixture::{change, claim, ids, keyed, load, node, queued, row, serving, submit, to_row, write},
};

const RACERS: usize = 16;
/// How often each racer looks for places.
const LOOKS: usize = 20;

/// Does the same in tasks that start at one moment.
async fn race<Out, Doing>(store: &Subject, doing: impl Fn(Subject, usize) -> Doing) -> Vec<Out>
where
    Out: Send + 'static,
    Doing: Future<Output = Out> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let racers = (0..RACERS).map(|nth| {
        let (start, doing) = (Arc::clone(&start), doing(Arc::clone(store), nth));
        tokio::spawn(async move {
            start.wait().await;
            doing.await
        })
    });
    join_all(racers).await.into_iter().map(|racer| racer.expect("no racer fails")).collect()
}

/// All of them learn of the same run, and one of them made it.
pub async fn racing_submissions_of_a_key_make_one_run(store: Subject) {
    let outcomes = race(&store, |store, _| async move {
        let run = keyed("upload-42");
        let id = run.id;
        match write(&store, vec![Write::Submit(run)]).await.remove(0) {
            Outcome::Accepted => (true, id),
            Outcome::Existing(first) => (false, first.id),
            Outcome::Refused | Outcome::Spoiled { .. } => panic!("a submission of a new id is not refused"),
        }
    })
    .await;

    let runs: HashSet<_> = outcomes.iter().map(|(_, id)| *id).collect();
    let made = outcomes.iter().filter(|(made, _)| *made).count();
    assert_eq!((runs.len(), made), (1, 1));
}

/// The stored state is that of the winner.
pub async fn of_racing_changes_of_a_revision_one_is_accepted(store: Subject) {
    let run = submit(&store, queued()).await;

    let winners = race(&store, move |store, nth| async move {
        let worker = WorkerId(nth as u128);
        let row = RunRow { holder: Some(worker), ..row(Status::Running) };
        (change(&store, to_row(run, 0, row)).await == Outcome::Accepted).then_some(worker)
    })
    .await;

    let winners: Vec<_> = winners.into_iter().flatten().collect();
    let record = load(&store, run).await;
    assert_eq!((winners, record.revision), (record.holder.into_iter().collect(), 1));
}

/// Every place is handed out, to one worker.
pub async fn racing_claims_never_hand_out_a_place_twice(store: Subject) {
    let runs: Vec<NewRun> = (0..200).map(|_| queued()).collect();
    let submitted: Vec<_> = runs.iter().map(|run| run.id).collect();
    write(&store, runs.into_iter().map(Write::Submit).collect()).await;

    let handed = race(&store, |store, nth| async move {
        let mut handed = Vec::new();
        let request = Claim { worker: WorkerId(nth as u128), served: vec![node(0, 7)], ..serving() };
        // A look that comes second to another may find nothing: that is no reason to stop.
        for _ in 0..LOOKS {
            handed.extend(ids(&claim(&store, request.clone()).await));
        }
        handed
    })
    .await;

    let mut handed: Vec<_> = handed.into_iter().flatten().collect();
    handed.extend(ids(&claim(&store, Claim { served: vec![node(0, 200)], ..serving() }).await));
    handed.sort_unstable();
    assert_eq!(handed, submitted);
}

/// All of them are given the one that is kept.
pub async fn racing_definitions_agree_on_one_graph(store: Subject) {
    let graphs = race(&store, |store, nth| async move {
        store.graph("publish-video", 1, Some(&nth.to_string())).await.expect("the store keeps graphs")
    })
    .await;

    let different: HashSet<_> = graphs.into_iter().collect();
    assert_eq!(different.len(), 1);
}

/// Writers wait for each other; none is turned away.
pub async fn racing_batches_are_all_written(store: Subject) {
    let written = race(&store, |store, _| async move {
        let runs: Vec<NewRun> = (0..50).map(|_| queued()).collect();
        let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
        let outcomes = write(&store, runs.into_iter().map(Write::Submit).collect()).await;
        assert_eq!(outcomes, vec![Outcome::Accepted; 50]);
        ids
    })
    .await;

    let ids: Vec<_> = written.into_iter().flatten().collect();
    assert_eq!(store.load(&ids).await.expect("the store loads").len(), RACERS * 50);
}
