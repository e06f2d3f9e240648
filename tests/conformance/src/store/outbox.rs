//! The outbox: hints are there from the commit of what they tell of until they are sent.

use stagemark::{
    Priority, RunId, Status, Timestamp,
    ports::{Hint, NewRun, Outcome, RunRow, Write},
};

use super::{
    Subject,
    fixture::{NOW, accept, change, done, hint, keyed, queued, row, submit, to_markers, to_row, write},
};

/// Later than anything that a case writes, by whatever clock.
const LATER: Timestamp = Timestamp(u64::MAX >> 1);

async fn unsent(store: &Subject) -> Vec<Hint> {
    store.unsent(LATER, 100).await.expect("the store gives its outbox")
}

async fn sent(store: &Subject, hints: &[Hint]) {
    store.sent(hints).await.expect("the store empties its outbox");
}

/// A run whose submission leaves a hint.
fn announced() -> (NewRun, Hint) {
    let run = queued();
    let hint = hint(run.id, 0);
    (NewRun { outbox: vec![hint.clone()], ..run }, hint)
}

/// With all that it says, as the run has it.
pub async fn a_hint_of_a_submission_comes_back(store: Subject) {
    let (run, hint) = announced();
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    let hint = Hint { priority: Priority::High, trace: trace.clone(), pool: "gpu".into(), ..hint };
    let run = NewRun { priority: Priority::High, trace, outbox: vec![hint.clone()], ..run };
    submit(&store, run).await;

    assert_eq!(unsent(&store).await, [hint]);
}

/// A retry is told as a submission is.
pub async fn a_hint_of_a_change_comes_back(store: Subject) {
    let run = submit(&store, queued()).await;
    let hint = hint(run, 3);
    let outbox = vec![hint.clone()];
    accept(&store, to_row(run, 0, RunRow { outbox, ..row(Status::Running) })).await;

    assert_eq!(unsent(&store).await, [hint]);
}

/// Also where it was never there.
pub async fn a_hint_that_was_sent_is_gone(store: Subject) {
    let ((one, first), (other, second)) = (announced(), announced());
    submit(&store, one).await;
    submit(&store, other).await;

    sent(&store, &[first.clone(), hint(RunId::new(), 0)]).await;
    sent(&store, &[first]).await;

    assert_eq!(unsent(&store).await, [second]);
}

/// What is not committed is told to nobody.
pub async fn a_refused_write_leaves_no_hint(store: Subject) {
    let (run, hint) = announced();
    submit(&store, keyed("upload-42")).await;
    let again = NewRun { key: Some("upload-42".to_owned()), ..run };
    let existing = write(&store, vec![Write::Submit(again)]).await;
    let known = submit(&store, queued()).await;
    let late = RunRow { outbox: vec![Hint { run: known, ..hint }], ..row(Status::Running) };
    let refused = change(&store, to_row(known, 7, late)).await;

    assert!(matches!(existing[..], [Outcome::Existing(_)]) && refused == Outcome::Refused);
    assert_eq!(unsent(&store).await, []);
}

/// A place in the queue is told of once.
pub async fn a_hint_of_the_same_place_replaces_the_earlier_one(store: Subject) {
    let (run, first) = announced();
    let run = submit(&store, run).await;
    let outbox = vec![first.clone(), hint(run, 1)];
    accept(&store, to_row(run, 0, RunRow { outbox, ..row(Status::Running) })).await;

    assert_eq!(unsent(&store).await.len(), 2);
}

/// So that those who wrote them have the time to send them.
pub async fn hints_of_this_moment_are_left_alone(store: Subject) {
    let (run, _) = announced();
    submit(&store, run).await;

    let before = Timestamp(NOW.0 / 2);
    assert_eq!(store.unsent(before, 100).await.expect("the store gives its outbox"), []);
}

/// The limit is a bound.
pub async fn no_more_hints_are_given_than_asked_for(store: Subject) {
    for _ in 0..5 {
        submit(&store, announced().0).await;
    }

    assert_eq!(store.unsent(LATER, 3).await.expect("the store gives its outbox").len(), 3);
}

/// Whatever the run has come to meanwhile: those who hear it look into the queue.
pub async fn a_hint_outlives_changes_of_its_run(store: Subject) {
    let (run, hint) = announced();
    let run = submit(&store, run).await;
    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    assert_eq!(unsent(&store).await, [hint]);
}
