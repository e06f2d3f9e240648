//! The contract of the port to live progress, clause by clause; see [`live_suite!`](crate::live_suite).

use std::time::Duration;

use stagemark::{
    RunId, Status,
    ports::{Glimpse, HeldBeat, Live, News, Standing, TaskId},
};
use tokio::time::Instant;

use crate::wait::until;

/// Long enough not to be over within a case.
const LONG: Duration = Duration::from_secs(30);

/// Makes one test of each clause of the contract of [`Live`].
///
/// The expression gives one that was told nothing, and what must live as long as it does. It is evaluated once a test.
/// The crate that uses it depends on `tokio`, with `macros` and a runtime.
///
/// ```
/// use stagemark::MemoryLive;
///
/// stagemark_conformance::live_suite!((MemoryLive::new(), ()));
/// ```
#[macro_export]
macro_rules! live_suite {
    ($make:expr) => {
        $crate::live_suite!(@each $make;
            of_a_run_that_nobody_told_of_nothing_is_seen,
            what_was_told_is_seen,
            what_was_told_last_is_seen,
            an_earlier_attempt_does_not_replace_a_later_one,
            tasks_are_seen_in_their_order,
            news_of_progress_leaves_the_standing_alone,
            runs_are_told_apart,
            nothing_new_is_no_error,
            a_run_that_nobody_tells_of_is_forgotten,
            a_run_that_is_told_of_is_not_forgotten,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                let (live, _alive) = $make;
                $crate::live::$clause(&live).await;
            }
        )*
    };
}

const RUNNING: Standing = Standing { status: Status::Running, stamp: 1_795_000_000_000_001 };

fn beat(task: u16, attempt: u32, fraction: f64) -> HeldBeat {
    let message = format!("{fraction} of \"it\", ñ and\nall").into();
    HeldBeat { id: TaskId::of(task), attempt, fraction, message, details: None }
}

async fn tell(live: &impl Live, run: RunId, standing: Option<Standing>, beats: &[HeldBeat]) {
    live.tell(&[News { run, standing, beats: beats.to_vec() }], LONG).await.unwrap();
}

async fn look(live: &impl Live, run: RunId) -> Glimpse {
    live.look(run).await.unwrap()
}

/// Absence is an answer.
pub async fn of_a_run_that_nobody_told_of_nothing_is_seen(live: &impl Live) {
    tell(live, RunId::new(), Some(RUNNING), &[]).await;

    assert_eq!(look(live, RunId::new()).await, Glimpse::default());
}

/// As it was told, but for the resume details, which readers have no use for.
pub async fn what_was_told_is_seen(live: &impl Live) {
    let run = RunId::new();
    let told = HeldBeat { details: Some("7".into()), ..beat(1, 1, 0.1) };

    tell(live, run, Some(RUNNING), &[told]).await;

    let seen = Glimpse { standing: Some(RUNNING), beats: vec![beat(1, 1, 0.1)] };
    assert_eq!(look(live, run).await, seen);
}

/// Of the standing, and of each task.
pub async fn what_was_told_last_is_seen(live: &impl Live) {
    let run = RunId::new();
    tell(live, run, Some(RUNNING), &[beat(1, 1, 0.1), beat(2, 1, 0.2)]).await;

    let ready = Standing { status: Status::Ready, stamp: RUNNING.stamp + 1 };
    tell(live, run, Some(ready), &[beat(1, 1, 0.9)]).await;

    let seen = Glimpse { standing: Some(ready), beats: vec![beat(1, 1, 0.9), beat(2, 1, 0.2)] };
    assert_eq!(look(live, run).await, seen);
}

/// A worker that lost its lease may still report.
pub async fn an_earlier_attempt_does_not_replace_a_later_one(live: &impl Live) {
    let run = RunId::new();
    tell(live, run, None, &[beat(1, 2, 0.2)]).await;
    tell(live, run, None, &[beat(1, 10, 0.1)]).await;

    tell(live, run, None, &[beat(1, 9, 0.9), beat(2, 1, 0.5)]).await;

    assert_eq!(look(live, run).await.beats, [beat(1, 10, 0.1), beat(2, 1, 0.5)]);
}

/// Items of an `each` too.
pub async fn tasks_are_seen_in_their_order(live: &impl Live) {
    let run = RunId::new();
    let item = |item| HeldBeat { id: TaskId { node: 2, item }, ..beat(2, 1, 0.5) };

    tell(live, run, None, &[beat(10, 1, 0.1), item(11), item(2), beat(1, 1, 0.1)]).await;

    assert_eq!(look(live, run).await.beats, [beat(1, 1, 0.1), item(2), item(11), beat(10, 1, 0.1)]);
}

/// Who reports progress need not know how the run stands.
pub async fn news_of_progress_leaves_the_standing_alone(live: &impl Live) {
    let run = RunId::new();
    tell(live, run, Some(RUNNING), &[]).await;

    tell(live, run, None, &[beat(1, 1, 0.1)]).await;

    assert_eq!(look(live, run).await, Glimpse { standing: Some(RUNNING), beats: vec![beat(1, 1, 0.1)] });
}

/// Many are told of at once.
pub async fn runs_are_told_apart(live: &impl Live) {
    let runs: Vec<_> = (0_u16..50).map(|n| (RunId::new(), beat(n, 1, 0.5))).collect();
    let news: Vec<_> =
        runs.iter().map(|(run, beat)| News { run: *run, standing: None, beats: vec![beat.clone()] }).collect();

    live.tell(&news, LONG).await.unwrap();

    for (run, beat) in runs {
        assert_eq!(look(live, run).await.beats, [beat]);
    }
}

/// An empty batch, and empty news.
pub async fn nothing_new_is_no_error(live: &impl Live) {
    let run = RunId::new();
    live.tell(&[], LONG).await.unwrap();

    tell(live, run, None, &[]).await;

    assert_eq!(look(live, run).await, Glimpse::default());
}

/// Not before its time to live, and then at once.
pub async fn a_run_that_nobody_tells_of_is_forgotten(live: &impl Live) {
    const SHORT: Duration = Duration::from_millis(200);
    let (run, begun) = (RunId::new(), Instant::now());
    live.tell(&[News { run, standing: Some(RUNNING), beats: vec![beat(1, 1, 0.5)] }], SHORT).await.unwrap();

    until(async || look(live, run).await == Glimpse::default()).await;

    assert!(begun.elapsed() >= SHORT, "it was forgotten after {:?}", begun.elapsed());
}

/// All of it is kept, whichever part the news is of.
pub async fn a_run_that_is_told_of_is_not_forgotten(live: &impl Live) {
    const SHORT: Duration = Duration::from_millis(200);
    let (run, begun) = (RunId::new(), Instant::now());
    live.tell(&[News { run, standing: Some(RUNNING), beats: vec![beat(1, 1, 0.5)] }], SHORT).await.unwrap();

    while begun.elapsed() < SHORT * 3 {
        live.tell(&[News { run, standing: None, beats: vec![beat(2, 1, 0.5)] }], SHORT).await.unwrap();
    }

    let seen = Glimpse { standing: Some(RUNNING), beats: vec![beat(1, 1, 0.5), beat(2, 1, 0.5)] };
    assert_eq!(look(live, run).await, seen);
}
