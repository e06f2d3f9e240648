//! Heartbeats: what was heard of attempts, and which watched runs have ended.

use stagemark::{
    RunId, Status,
    ports::{Heartbeats, HeldBeat},
};

use super::{
    Subject,
    fixture::{ADA, NOW, accept, alive, beat, heartbeat, held, load, queued, row, submit, to_row},
};

async fn report(store: &Subject, beats: Vec<(RunId, HeldBeat)>) {
    heartbeat(store, Heartbeats { beats, ..alive(ADA, NOW) }).await;
}

/// Progress, message and resume details of several tasks, in the order of the tasks.
pub async fn what_was_heard_comes_back(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let mut second = beat(3, 0.25);
    second.id.item = 7;
    second.details = None;
    second.message = "frame 'x' of \"y\" 🎬".into();

    report(&store, vec![(run, second.clone()), (run, beat(1, 1.0 / 3.0))]).await;

    assert_eq!(load(&store, run).await.beats, [beat(1, 1.0 / 3.0), second]);
}

/// A later report of the same attempt replaces the earlier one.
pub async fn the_latest_report_of_an_attempt_is_kept(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    report(&store, vec![(run, beat(1, 0.9))]).await;

    report(&store, vec![(run, beat(1, 0.1))]).await;

    assert_eq!(load(&store, run).await.beats, [beat(1, 0.1)]);
}

/// The report of an attempt that is over does not replace what the next one told.
pub async fn a_report_of_an_earlier_attempt_is_dropped(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    report(&store, vec![(run, beat(2, 0.1))]).await;

    report(&store, vec![(run, beat(1, 0.9))]).await;

    assert_eq!(load(&store, run).await.beats, [beat(2, 0.1)]);
}

/// The other reports of the same sign of life are stored.
pub async fn a_report_about_an_unknown_run_is_no_error(store: Subject) {
    let run = submit(&store, held(ADA)).await;

    report(&store, vec![(RunId::new(), beat(1, 0.5)), (run, beat(1, 0.5))]).await;

    assert_eq!(load(&store, run).await.beats, [beat(1, 0.5)]);
}

/// Only those that have ended, whoever ended them.
pub async fn a_watched_run_that_ended_is_told(store: Subject) {
    let (live, running) = (submit(&store, queued()).await, submit(&store, held(ADA)).await);
    let mut ended = Vec::new();
    for status in [Status::Ready, Status::Failed, Status::Cancelled] {
        let run = submit(&store, queued()).await;
        accept(&store, to_row(run, 0, row(status))).await;
        ended.push(run);
    }

    let watching = [live, ended[0], ended[1], running, ended[2]].to_vec();
    let mut renewed = heartbeat(&store, Heartbeats { watching, ..alive(ADA, NOW) }).await;

    renewed.ended.sort_unstable();
    assert_eq!(renewed.ended, ended);
}

/// Who works on a run that is gone may stop.
pub async fn a_watched_run_that_does_not_exist_is_told(store: Subject) {
    let gone = RunId::new();

    let renewed = heartbeat(&store, Heartbeats { watching: vec![gone], ..alive(ADA, NOW) }).await;

    assert_eq!(renewed.ended, [gone]);
}

/// All workers of a store go by one clock.
pub async fn the_time_of_the_store_is_told(store: Subject) {
    let first = heartbeat(&store, alive(ADA, NOW)).await.now;
    let second = heartbeat(&store, alive(ADA, NOW)).await.now;

    // Later than this was written, and not by another unit.
    assert!((1_790_000_000_000..4_000_000_000_000).contains(&first.0), "{first:?}");
    assert!(second >= first, "{second:?} after {first:?}");
}
