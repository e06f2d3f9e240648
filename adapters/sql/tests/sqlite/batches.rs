//! Batches of more rows than one statement takes.

use stagemark::{
    RunId, Status,
    ports::{Filter, Outcome, Store, Write},
};

use crate::{
    fixture::Database,
    writes::{NOW, done, queued, ready},
};

const SIZE: usize = 700;

fn runs() -> Vec<RunId> {
    (0..SIZE).map(|_| RunId::new()).collect()
}

fn of(runs: &[RunId], write: impl Fn(RunId) -> Write) -> Vec<Write> {
    runs.iter().map(|run| write(*run)).collect()
}

#[tokio::test]
async fn a_large_batch_is_written_whole() {
    let database = Database::new();
    let (store, runs) = (database.open().await, runs());

    for batch in [of(&runs, |run| Write::Submit(queued(run))), of(&runs, |run| ready(run, 1))] {
        assert_eq!(store.write(&batch).await.unwrap(), vec![Outcome::Accepted; SIZE]);
    }

    let listed = store.list(&Filter { ended: true, now: NOW, limit: 1000 }).await.unwrap();
    assert!(listed.iter().all(|run| run.status == Status::Ready && run.queued == 0));
    let loaded = store.load(&runs).await.unwrap();
    assert_eq!(loaded.iter().map(|run| run.markers.len()).sum::<usize>(), SIZE);
}

#[tokio::test]
async fn in_a_large_batch_only_the_late_write_is_refused() {
    let database = Database::new();
    let (store, runs) = (database.open().await, runs());
    store.write(&of(&runs, |run| Write::Submit(queued(run)))).await.unwrap();
    let late = 300;
    store.write(&[done(runs[late], 1)]).await.unwrap();

    let outcomes = store.write(&of(&runs, |run| ready(run, 1))).await.unwrap();

    let refused: Vec<_> = (0..SIZE).filter(|at| outcomes[*at] == Outcome::Refused).collect();
    assert_eq!(refused, [late]);
    let live = store.list(&Filter { ended: false, now: NOW, limit: 1000 }).await.unwrap();
    assert_eq!(live.iter().map(|run| run.id).collect::<Vec<_>>(), [runs[late]]);
}
