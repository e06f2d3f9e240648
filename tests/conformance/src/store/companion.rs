//! Companions: what a step writes in the transaction of its marker takes the whole change with it when it fails.

use std::{any::Any, sync::Arc};

use stagemark::{
    Permanent, StepError,
    ports::{Change, Companion, Outcome, TaskId, Write},
};

use super::{
    Subject,
    fixture::{ADA, change, done, held, load, submit, to_markers, write},
};

/// One that needs nothing of the store, and may fail.
#[derive(Debug)]
struct Beside {
    fails: bool,
}

#[async_trait::async_trait]
impl Companion for Beside {
    async fn write(&self, _transaction: &(dyn Any + Send + Sync)) -> Result<(), StepError> {
        if self.fails {
            Err("the shelf is full").permanent()?;
        }
        Ok(())
    }
}

fn accompanied(change: Change, fails: bool) -> Change {
    Change { companions: vec![(TaskId::of(1), Arc::new(Beside { fails }))], ..change }
}

/// As every other change.
pub async fn an_accompanied_change_is_written(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    let outcome = change(&store, accompanied(to_markers(run, 0, vec![done(1, 1)]), false)).await;

    assert_eq!((outcome, load(&store, run).await.markers), (Outcome::Accepted, vec![done(1, 1)]));
}

/// The marker is not written, and it is told whose companion failed and why.
pub async fn a_companion_that_fails_spoils_its_change(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    let outcome = change(&store, accompanied(to_markers(run, 0, vec![done(1, 1)]), true)).await;

    let chain = vec!["the shelf is full".to_owned()];
    assert_eq!(outcome, Outcome::Spoiled { task: TaskId::of(1), permanent: true, chain });
    assert_eq!(load(&store, run).await.markers, []);
}

/// Those before and after it in the batch are written.
pub async fn a_spoiled_change_does_not_hurt_its_neighbours(store: Subject) {
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(submit(&store, held(ADA)).await);
    }
    let changes = runs.iter().map(|run| to_markers(*run, 0, vec![done(1, 1)]));
    let writes = changes.zip([false, true, false]).map(|(change, fails)| Write::Change(accompanied(change, fails)));

    let outcomes = write(&store, writes.collect()).await;

    assert!(matches!(outcomes[..], [Outcome::Accepted, Outcome::Spoiled { .. }, Outcome::Accepted]), "{outcomes:?}");
    assert_eq!(load(&store, runs[2]).await.markers, [done(1, 1)]);
}

/// A late one is refused, whatever it would write beside.
pub async fn an_accompanied_change_is_fenced(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    let outcome = change(&store, accompanied(to_markers(run, 7, vec![done(1, 1)]), false)).await;

    assert_eq!(outcome, Outcome::Refused);
}
