//! Changes: accepted on condition of the revision and of the attempts, and whole.

use stagemark::{
    RunId, Status,
    ports::{Change, Outcome, RunRow},
};

use super::{
    Subject,
    fixture::{ADA, BOB, accept, at, change, done, held, leased, load, queued, row, submit, to_markers, to_row},
};

/// Everything in the row is replaced, and the revision grows by one.
pub async fn a_changed_row_raises_the_revision(store: Subject) {
    let run = submit(&store, queued()).await;
    let running = RunRow { holder: Some(ADA), ..row(Status::Running) };
    let failed = RunRow { error: Some(r#"{"step":"trim"}"#.into()), ended: Some(at(7)), ..row(Status::Failed) };

    accept(&store, to_row(run, 0, running)).await;
    let first = load(&store, run).await;
    accept(&store, to_row(run, 1, failed)).await;
    let second = load(&store, run).await;

    assert_eq!((first.revision, first.status, first.holder), (1, Status::Running, Some(ADA)));
    assert_eq!((second.revision, second.status, second.holder), (2, Status::Failed, None));
    assert_eq!((second.error.as_deref(), second.ended), (Some(r#"{"step":"trim"}"#), Some(at(7))));
}

/// A change without a row writes its markers and nothing else.
pub async fn markers_alone_leave_the_revision(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;
    accept(&store, to_markers(run, 0, vec![done(2, 1)])).await;

    let record = load(&store, run).await;
    assert_eq!((record.revision, record.status, record.holder), (0, Status::Running, Some(ADA)));
    assert_eq!(record.markers, [done(1, 1), done(2, 1)]);
}

/// What was decided on a state that is no more is refused, with a row and without.
pub async fn a_change_of_an_earlier_revision_is_refused(store: Subject) {
    let run = submit(&store, queued()).await;
    accept(&store, to_row(run, 0, row(Status::Running))).await;

    let of_row = change(&store, to_row(run, 0, row(Status::Cancelled))).await;
    let of_markers = change(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    assert_eq!((of_row, of_markers), (Outcome::Refused, Outcome::Refused));
    let record = load(&store, run).await;
    assert_eq!((record.revision, record.status, record.markers), (1, Status::Running, vec![]));
}

/// A revision that the run does not have yet is refused too.
pub async fn a_change_of_a_later_revision_is_refused(store: Subject) {
    let run = submit(&store, queued()).await;

    let outcome = change(&store, to_row(run, 1, row(Status::Cancelled))).await;

    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(load(&store, run).await.status, Status::Queued);
}

/// A run that does not exist cannot change, and is not made by it.
pub async fn a_change_of_an_unknown_run_is_refused(store: Subject) {
    let run = RunId::new();

    let of_row = change(&store, to_row(run, 0, row(Status::Running))).await;
    let of_markers = change(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    assert_eq!((of_row, of_markers), (Outcome::Refused, Outcome::Refused));
    assert!(store.load(&[run]).await.expect("the store loads").is_empty());
}

/// The attempt is the fencing token: a marker of an earlier one is refused.
pub async fn a_late_attempt_cannot_write(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 2, BOB)])).await;

    let outcome = change(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(load(&store, run).await.markers, [leased(1, 2, BOB)]);
}

/// Whatever the attempt: what was committed stays.
pub async fn a_done_marker_is_never_overwritten(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    let same = change(&store, to_markers(run, 0, vec![done(1, 1)])).await;
    let newer = change(&store, to_markers(run, 0, vec![leased(1, 2, BOB)])).await;

    assert_eq!((same, newer), (Outcome::Refused, Outcome::Refused));
    assert_eq!(load(&store, run).await.markers, [done(1, 1)]);
}

/// The attempt that is leased is the one that is done.
pub async fn a_marker_of_the_same_attempt_is_replaced(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 1, ADA)])).await;

    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    assert_eq!(load(&store, run).await.markers, [done(1, 1)]);
}

/// The next attempt takes the place of the one before.
pub async fn a_newer_attempt_replaces_the_marker(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![leased(1, 1, ADA)])).await;

    accept(&store, to_markers(run, 0, vec![leased(1, 2, BOB)])).await;

    assert_eq!(load(&store, run).await.markers, [leased(1, 2, BOB)]);
}

/// One marker that is late takes the row and the other markers with it.
pub async fn a_refused_change_writes_nothing(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![leased(2, 2, BOB)])).await;

    let markers = vec![done(1, 1), done(2, 1), done(3, 1)];
    let outcome = change(
        &store,
        Change { run, revision: 0, row: Some(row(Status::Ready)), markers, companions: vec![], results: vec![] },
    )
    .await;

    assert_eq!(outcome, Outcome::Refused);
    let record = load(&store, run).await;
    assert_eq!((record.revision, record.status, record.holder), (0, Status::Running, Some(ADA)));
    assert_eq!(record.markers, [leased(2, 2, BOB)]);
}
