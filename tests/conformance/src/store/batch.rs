//! Batches: one outcome a write, in order, and no write hurts another.

use stagemark::{
    RunId, Status,
    ports::{Change, Marker, Outcome, Record, Submitted, Write},
};

use super::{
    Subject,
    fixture::{ADA, accept, done, held, keyed, leased, load, queued, row, submit, to_markers, to_row, write},
};

/// Nothing to write is written at once.
pub async fn an_empty_batch_has_no_outcomes(store: Subject) {
    assert_eq!(write(&store, vec![]).await, []);
}

/// Submissions and changes may stand in any order; so do their outcomes.
pub async fn outcomes_stand_in_the_order_of_their_writes(store: Subject) {
    let used = keyed("used");
    let existing = Submitted { id: used.id, input: used.input.clone() };
    submit(&store, used).await;
    let run = submit(&store, held(ADA)).await;

    let outcomes = write(
        &store,
        vec![
            Write::Change(to_row(RunId::new(), 0, row(Status::Running))),
            Write::Submit(queued()),
            Write::Submit(keyed("used")),
            Write::Change(to_markers(run, 0, vec![done(1, 1)])),
        ],
    )
    .await;

    assert_eq!(outcomes, [Outcome::Refused, Outcome::Accepted, Outcome::Existing(existing), Outcome::Accepted]);
}

/// What stands before and after a refused write is written as if it were not there.
pub async fn a_refused_write_does_not_hurt_its_neighbours(store: Subject) {
    let before = submit(&store, held(ADA)).await;
    let late = submit(&store, held(ADA)).await;
    let after = submit(&store, queued()).await;
    accept(&store, to_markers(late, 0, vec![leased(1, 2, ADA)])).await;

    let outcomes = write(
        &store,
        vec![
            Write::Change(to_markers(before, 0, vec![done(1, 1)])),
            Write::Change(to_markers(late, 0, vec![done(1, 1)])),
            Write::Change(to_row(after, 0, row(Status::Running))),
        ],
    )
    .await;

    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Refused, Outcome::Accepted]);
    assert_eq!(load(&store, before).await.markers, [done(1, 1)]);
    assert_eq!(load(&store, late).await.markers, [leased(1, 2, ADA)]);
    assert_eq!(load(&store, after).await.status, Status::Running);
}

/// The smallest batch.
pub async fn a_batch_of_one_is_written(store: Subject) {
    batches_of(1, &store).await;
}

/// The smallest batch of several.
pub async fn a_batch_of_two_is_written(store: Subject) {
    batches_of(2, &store).await;
}

/// One more than a power of two.
pub async fn a_batch_of_257_is_written(store: Subject) {
    batches_of(257, &store).await;
}

/// More than fits into one statement of most databases.
pub async fn a_batch_of_1000_is_written(store: Subject) {
    batches_of(1_000, &store).await;
}

/// Writes so many submissions at once, then so many changes of all kinds, mixed with submissions.
async fn batches_of(count: usize, store: &Subject) {
    let runs: Vec<_> = (0..count).map(|_| held(ADA)).collect();
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    let first = write(store, runs.into_iter().map(Write::Submit).collect()).await;
    assert_eq!(first, vec![Outcome::Accepted; count]);

    let changes = ids.iter().enumerate().map(|(nth, run)| Write::Change(nth_change(nth, *run)));
    let mixed = changes.flat_map(|change| [change, Write::Submit(queued())]).take(count.max(2)).collect();
    let second = write(store, mixed).await;

    assert_eq!(second, vec![Outcome::Accepted; count.max(2)]);
    let records = store.load(&ids).await.expect("the store loads");
    assert_eq!(records.len(), count);
    for (nth, id) in ids.iter().enumerate().take(count.div_ceil(2)) {
        let record = records.iter().find(|record| record.id == *id).expect("every run is loaded");
        assert_eq!(state_of(record), expected(nth), "of run {nth}");
    }
}

/// A change of markers, of the row, or of both.
fn nth_change(nth: usize, run: RunId) -> Change {
    match nth % 3 {
        0 => to_markers(run, 0, vec![done(1, 1), leased(2, 1, ADA)]),
        1 => to_row(run, 0, row(Status::Cancelled)),
        _ => Change { row: Some(row(Status::Ready)), ..to_markers(run, 0, vec![done(1, 1)]) },
    }
}

fn expected(nth: usize) -> (u64, Status, Vec<Marker>) {
    match nth % 3 {
        0 => (0, Status::Running, vec![done(1, 1), leased(2, 1, ADA)]),
        1 => (1, Status::Cancelled, vec![]),
        _ => (1, Status::Ready, vec![done(1, 1)]),
    }
}

fn state_of(record: &Record) -> (u64, Status, Vec<Marker>) {
    (record.revision, record.status, record.markers.clone())
}
