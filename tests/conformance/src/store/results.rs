//! Results: what is kept is given to all who want it, and what is not is made by one of them.

use std::sync::Arc;

use stagemark::{
    RunId, Timestamp, WorkerId,
    ports::{Change, Found, KeptResult, Maker, Marker, Outcome, ResultKey, TaskId, Wanted, Write},
};

use super::{
    Subject,
    fixture::{ADA, BOB, NOW, alive, at, change, done, heartbeat, held, load, submit, to_markers, write},
};

const KEY: ResultKey = ResultKey([0xC0; 32]);
/// How many want one result at the same time.
const RACERS: u64 = 8;

fn maker(worker: WorkerId) -> Maker {
    Maker { run: RunId::new(), task: TaskId::of(1), worker }
}

fn wanted(maker: Maker) -> Wanted {
    Wanted { key: KEY, step: "trim".into(), maker, now: NOW, until: at(60_000), useless: None }
}

async fn want(store: &Subject, wanted: &Wanted) -> Found {
    store.want(wanted).await.expect("the store looks results up")
}

/// Grants the result to a worker that has a lease until 30 s after now.
async fn granted(store: &Subject, worker: WorkerId) -> Maker {
    heartbeat(store, alive(worker, at(30_000))).await;
    let maker = maker(worker);
    assert_eq!(want(store, &wanted(maker)).await, Found::Granted);
    maker
}

/// A change that ends the first step of a run, and what is kept of it until then.
fn keeping(run: RunId, output: &str, until: Timestamp) -> Change {
    let maker = Maker { run, task: TaskId::of(1), worker: ADA };
    let result = KeptResult { key: KEY, step: "trim".into(), maker, output: output.into(), until };
    Change { results: vec![result], ..to_markers(run, 0, vec![done(1, 1)]) }
}

async fn keep(store: &Subject, output: &str, until: Timestamp) {
    let run = submit(store, held(ADA)).await;
    assert_eq!(change(store, keeping(run, output, until)).await, Outcome::Accepted);
}

/// Up to its last moment.
pub async fn a_kept_result_is_given_to_all_who_want_it(store: Subject) {
    keep(&store, r#"{"odd":"ü'\u0000"}"#, NOW).await;

    for worker in [ADA, BOB] {
        let found = want(&store, &wanted(maker(worker))).await;

        assert_eq!(found, Found::Kept(r#"{"odd":"ü'\u0000"}"#.into()));
    }
}

/// With the marker of the step that made it.
pub async fn a_result_is_kept_with_its_change(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    let outcome = change(&store, keeping(run, "42", at(9))).await;

    assert_eq!((outcome, load(&store, run).await.markers), (Outcome::Accepted, vec![done(1, 1)]));
}

/// Nothing of what was refused is kept, and its neighbours are written.
pub async fn a_result_of_a_refused_change_is_not_kept(store: Subject) {
    let (run, other) = (submit(&store, held(ADA)).await, submit(&store, held(ADA)).await);
    let late = Change { revision: 7, ..keeping(run, "42", at(9)) };

    let outcomes =
        write(&store, vec![Write::Change(late), Write::Change(to_markers(other, 0, vec![done(1, 1)]))]).await;

    assert_eq!(outcomes, [Outcome::Refused, Outcome::Accepted]);
    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Granted);
}

/// From the moment after its last on, somebody makes it anew.
pub async fn a_result_ends_after_its_last_moment(store: Subject) {
    keep(&store, "42", NOW).await;

    let found = want(&store, &Wanted { now: at(1), ..wanted(maker(BOB)) }).await;

    assert_eq!(found, Found::Granted);
}

/// The others are told that it is being made.
pub async fn a_missing_result_is_granted_to_one(store: Subject) {
    granted(&store, ADA).await;

    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Busy);
    assert_eq!(want(&store, &wanted(maker(ADA))).await, Found::Busy, "another task of the same worker");
    let other = Wanted { key: ResultKey([0xC1; 32]), ..wanted(maker(BOB)) };
    assert_eq!(want(&store, &other).await, Found::Granted, "another result");
}

/// Whoever asks.
pub async fn of_racing_wishes_one_is_granted(store: Subject) {
    heartbeat(&store, alive(ADA, at(30_000))).await;
    let wishes = (0..RACERS).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { want(&store, &wanted(maker(ADA))).await })
    });

    let mut granted = 0;
    for wish in wishes.collect::<Vec<_>>() {
        granted += u32::from(wish.await.expect("a wish is answered") == Found::Granted);
    }

    assert_eq!(granted, 1);
}

/// As after a crash of its worker, or an answer that was lost.
pub async fn a_result_is_granted_to_its_maker_again(store: Subject) {
    let first = granted(&store, ADA).await;

    let again = want(&store, &wanted(Maker { worker: BOB, ..first })).await;

    assert_eq!(again, Found::Granted);
}

/// Only by the one that it was granted to.
pub async fn a_result_that_is_given_up_is_granted_again(store: Subject) {
    let first = granted(&store, ADA).await;

    store.give_up(KEY, maker(BOB)).await.expect("the store gives results up");
    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Busy);

    store.give_up(KEY, first).await.expect("the store gives results up");
    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Granted);
}

/// It is no longer in the making.
pub async fn a_kept_result_is_not_given_up(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    assert_eq!(change(&store, keeping(run, "42", at(9))).await, Outcome::Accepted);

    let made_it = Maker { run, task: TaskId::of(1), worker: ADA };
    store.give_up(KEY, made_it).await.expect("the store gives results up");

    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Kept("42".into()));
}

/// Whoever made it may be dead.
pub async fn a_result_is_granted_again_when_the_lease_of_its_maker_ends(store: Subject) {
    granted(&store, ADA).await;

    let until_its_end = want(&store, &Wanted { now: at(30_000), ..wanted(maker(BOB)) }).await;
    let after = want(&store, &Wanted { now: at(30_001), ..wanted(maker(BOB)) }).await;

    assert_eq!((until_its_end, after), (Found::Busy, Found::Granted));
}

/// However long its lease is.
pub async fn a_result_is_granted_again_when_it_should_have_been_made(store: Subject) {
    granted(&store, ADA).await;
    heartbeat(&store, alive(ADA, at(600_000))).await;

    let in_time = want(&store, &Wanted { now: at(60_000), ..wanted(maker(BOB)) }).await;
    let late = want(&store, &Wanted { now: at(60_001), ..wanted(maker(BOB)) }).await;

    assert_eq!((in_time, late), (Found::Busy, Found::Granted));
}

/// But only if it is still that one.
pub async fn a_useless_result_is_granted_to_be_made_anew(store: Subject) {
    keep(&store, "42", at(9)).await;
    heartbeat(&store, alive(BOB, at(30_000))).await;

    let other = want(&store, &Wanted { useless: Some("41".into()), ..wanted(maker(BOB)) }).await;
    let useless = want(&store, &Wanted { useless: Some("42".into()), ..wanted(maker(BOB)) }).await;

    assert_eq!((other, useless), (Found::Kept("42".into()), Found::Granted));
    assert_eq!(want(&store, &wanted(maker(ADA))).await, Found::Busy);
}

/// Whoever it was granted to.
pub async fn a_later_result_replaces_the_earlier_one(store: Subject) {
    keep(&store, "42", at(9)).await;

    keep(&store, "43", at(9)).await;

    assert_eq!(want(&store, &wanted(maker(BOB))).await, Found::Kept("43".into()));
}

/// Those that ended first, and no more than asked for.
pub async fn results_that_are_over_are_removed(store: Subject) {
    for (nth, until) in (0_u8..).zip([NOW, at(1), at(2), at(3)]) {
        let run = submit(&store, held(ADA)).await;
        let mut change = keeping(run, "42", until);
        change.results[0].key = ResultKey([nth; 32]);
        assert_eq!(write(&store, vec![Write::Change(change)]).await, [Outcome::Accepted]);
    }

    let mut removed = Vec::new();
    for limit in [2, 2, 2] {
        removed.push(store.expire(at(3), limit).await.expect("the store removes results"));
    }

    assert_eq!(removed, [2, 1, 0]);
    let last = Wanted { key: ResultKey([3; 32]), ..wanted(maker(BOB)) };
    assert_eq!(want(&store, &last).await, Found::Kept("42".into()));
}

/// What is being made has none.
pub async fn the_outputs_of_results_are_told(store: Subject) {
    keep(&store, r#""kept""#, at(9)).await;
    let run = submit(&store, held(ADA)).await;
    let taken = Marker { output: Some(r#""taken""#.into()), reused: true, ..done(1, 1) };
    assert_eq!(change(&store, to_markers(run, 0, vec![taken, done(2, 1)])).await, Outcome::Accepted);
    let making = Wanted { key: ResultKey([1; 32]), ..wanted(maker(BOB)) };
    assert_eq!(want(&store, &making).await, Found::Granted);

    let mut outputs = store.outputs().await.expect("the store tells outputs");

    outputs.sort_unstable();
    assert_eq!(outputs, [r#""kept""#.into(), Arc::<str>::from(r#""taken""#)]);
}
