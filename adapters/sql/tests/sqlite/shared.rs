//! Several processes on one file.

use std::collections::HashSet;

use futures::future::join_all;
use stagemark::{
    RunId, Timestamp, WorkerId,
    ports::{Change, Claim, NewRun, Outcome, Phase, Served, Store, Write},
};
use stagemark_sql::SqlStore;

use crate::{
    fixture::Database,
    writes::{NOW, held, marker, queued, read},
};

#[tokio::test(flavor = "multi_thread")]
async fn openers_of_a_new_file_wait_for_each_other() {
    let database = Database::new();

    let stores = join_all((0..4).map(|_| async { SqlStore::open(&database.url()).await })).await;

    assert!(stores.into_iter().all(|store| store.is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_submissions_with_one_key_one_is_accepted() {
    let database = Database::new();
    let (one, two) = (database.open().await, database.open().await);

    for n in 0..50 {
        let submit = || Write::Submit(NewRun { key: Some(format!("k{n}")), ..held(RunId::new()) });
        let (first, second) = ([submit()], [submit()]);
        let (first, second) = tokio::join!(one.write(&first), two.write(&second));
        let outcomes = [first.unwrap().remove(0), second.unwrap().remove(0)];

        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Accepted).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Outcome::Existing(_))), "{outcomes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_claims_no_other_gets() {
    let database = Database::new();
    let (one, two) = (database.open().await, database.open().await);
    let batch: Vec<_> = (0..300).map(|_| Write::Submit(queued(RunId::new()))).collect();
    one.write(&batch).await.unwrap();

    let claims = (0..10).flat_map(|_| [claim_of(&one, 1), claim_of(&two, 2)]);
    let claimed: Vec<RunId> = join_all(claims).await.into_iter().flatten().collect();

    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), claimed.len());
    assert!(claimed.len() <= 300);
}

async fn claim_of(store: &SqlStore, worker: u128) -> Vec<RunId> {
    let served = vec![Served { workflow: "w".into(), version: 1, node: 0, room: 20 }];
    let reserved = Timestamp(NOW.0 + 10_000);
    let claim = Claim { worker: WorkerId(worker), now: NOW, reserved, served, hinted: Vec::new(), lapsed: 0 };
    store.claim(&claim).await.unwrap().runs.into_iter().map(|run| run.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_attempt_of_another_process_is_refused_beside_accepted_neighbours() {
    let database = Database::new();
    let (one, two) = (database.open().await, database.open().await);
    let (fenced, free) = (RunId::new(), RunId::new());
    one.write(&[Write::Submit(held(fenced)), Write::Submit(held(free))]).await.unwrap();
    let change = |run, attempt| {
        let markers = vec![marker(1, attempt, Phase::Dead)];
        Write::Change(Change { run, revision: 0, row: None, markers, companions: Vec::new(), results: Vec::new() })
    };
    two.write(&[change(fenced, 2)]).await.unwrap();

    let outcomes = one.write(&[change(fenced, 1), change(free, 1)]).await.unwrap();

    assert_eq!(outcomes, [Outcome::Refused, Outcome::Accepted]);
    assert_eq!(read(&one, fenced).await.markers[0].task.attempt, 2);
}
