//! The contract of the port to idempotency keys, clause by clause; see [`dedup_suite!`](crate::dedup_suite).

use std::time::Duration;

use stagemark::{RunId, ports::Dedup};
use tokio::time::Instant;

use crate::wait::until;

/// Long enough not to be over within a case.
const LONG: Duration = Duration::from_secs(30);

/// Makes one test of each clause of the contract of [`Dedup`].
///
/// The expression gives one that remembers nothing, and what must live as long as it does. It is evaluated once a test.
/// The crate that uses it depends on `tokio`, with `macros` and a runtime.
///
/// ```
/// use stagemark::MemoryDedup;
///
/// stagemark_conformance::dedup_suite!((MemoryDedup::new(), ()));
/// ```
#[macro_export]
macro_rules! dedup_suite {
    ($make:expr) => {
        $crate::dedup_suite!(@each $make;
            what_was_not_remembered_is_not_recalled,
            what_was_remembered_is_recalled,
            what_was_remembered_last_is_recalled,
            what_was_remembered_is_forgotten_after_its_time_to_live,
            remembering_again_counts_from_then,
            keys_belong_to_their_workflow,
            any_text_is_a_key,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                let (dedup, _alive) = $make;
                $crate::dedup::$clause(&dedup).await;
            }
        )*
    };
}

async fn recalled(dedup: &impl Dedup, key: &str) -> Option<RunId> {
    dedup.recall("publish", key).await.unwrap()
}

async fn remember(dedup: &impl Dedup, key: &str, time_to_live: Duration) -> RunId {
    let run = RunId::new();
    dedup.remember("publish", key, run, time_to_live).await.unwrap();
    run
}

/// Absence is an answer.
pub async fn what_was_not_remembered_is_not_recalled(dedup: &impl Dedup) {
    remember(dedup, "a", LONG).await;

    assert_eq!(recalled(dedup, "b").await, None);
}

/// By each who asks, as often as they ask.
pub async fn what_was_remembered_is_recalled(dedup: &impl Dedup) {
    let run = remember(dedup, "a", LONG).await;

    for _ in 0..3 {
        assert_eq!(recalled(dedup, "a").await, Some(run));
    }
}

/// The last word counts: the first may have been wrong.
pub async fn what_was_remembered_last_is_recalled(dedup: &impl Dedup) {
    remember(dedup, "a", LONG).await;

    let last = remember(dedup, "a", LONG).await;

    assert_eq!(recalled(dedup, "a").await, Some(last));
}

/// Not before that time, and then at once.
pub async fn what_was_remembered_is_forgotten_after_its_time_to_live(dedup: &impl Dedup) {
    const SHORT: Duration = Duration::from_millis(200);
    let begun = Instant::now();
    remember(dedup, "a", SHORT).await;

    until(async || recalled(dedup, "a").await.is_none()).await;

    assert!(begun.elapsed() >= SHORT, "it was forgotten after {:?}", begun.elapsed());
}

/// A shorter time to live is replaced by a longer one.
pub async fn remembering_again_counts_from_then(dedup: &impl Dedup) {
    const SHORT: Duration = Duration::from_millis(50);
    remember(dedup, "a", SHORT).await;
    remember(dedup, "b", SHORT).await;
    let run = remember(dedup, "a", LONG).await;

    until(async || recalled(dedup, "b").await.is_none()).await;

    assert_eq!(recalled(dedup, "a").await, Some(run));
}

/// One key in two workflows is two keys.
pub async fn keys_belong_to_their_workflow(dedup: &impl Dedup) {
    let (one, other) = (remember(dedup, "a", LONG).await, RunId::new());

    dedup.remember("preview", "a", other, LONG).await.unwrap();

    assert_eq!(recalled(dedup, "a").await, Some(one));
    assert_eq!(dedup.recall("preview", "a").await.unwrap(), Some(other));
}

/// Also one that is empty, long, or made of characters that mean something elsewhere.
pub async fn any_text_is_a_key(dedup: &impl Dedup) {
    let long = "x".repeat(10_000);
    let keys = ["", " ", "a b", "{a}", "}", "a:b", "a/b", "%", "ñ", "\n", "\0", long.as_str()];
    let mut runs = Vec::new();
    for key in keys {
        runs.push(remember(dedup, key, LONG).await);
    }

    for (key, run) in keys.into_iter().zip(runs) {
        assert_eq!(recalled(dedup, key).await, Some(run), "{key:?}");
    }
}
