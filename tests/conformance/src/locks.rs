//! The contract of the port to locks, clause by clause; see [`locks_suite!`](crate::locks_suite).

use std::time::Duration;

use stagemark::ports::{HeldLock, LockToken, Locks};
use tokio::time::Instant;

use crate::wait::until;

/// Long enough not to be over within a case.
const LONG: Duration = Duration::from_secs(30);
/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(200);

/// Makes one test of each clause of the contract of [`Locks`].
///
/// The expression gives locks that nobody holds, and what must live as long as they do. It is evaluated once a test.
/// The crate that uses it depends on `tokio`, with `macros` and a runtime.
///
/// ```
/// use stagemark::MemoryLocks;
///
/// stagemark_conformance::locks_suite!((MemoryLocks::new(), ()));
/// ```
#[macro_export]
macro_rules! locks_suite {
    ($make:expr) => {
        $crate::locks_suite!(@each $make;
            of_many_who_want_a_lock_one_gets_it,
            a_lock_that_was_released_is_free,
            a_lock_that_is_not_renewed_is_free_after_its_time_to_live,
            a_lock_that_is_renewed_stays,
            each_who_gets_it_has_a_greater_fencing_token,
            asking_again_with_the_same_token_gives_the_same_lock,
            a_lock_is_renewed_by_its_own_token_alone,
            a_lock_is_released_by_its_own_token_alone,
            a_lock_that_was_released_is_not_renewed,
            a_lock_that_lapsed_is_not_taken_from_the_next,
            locks_of_other_names_are_others,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                let (locks, _alive) = $make;
                $crate::locks::$clause(&locks).await;
            }
        )*
    };
}

async fn take(locks: &impl Locks, time_to_live: Duration) -> Option<HeldLock> {
    locks.acquire("printer", LockToken::new(), time_to_live).await.unwrap()
}

async fn taken(locks: &impl Locks, time_to_live: Duration) -> HeldLock {
    take(locks, time_to_live).await.expect("nobody holds it")
}

/// All ask at once, and one is answered with a lock.
pub async fn of_many_who_want_a_lock_one_gets_it(locks: &impl Locks) {
    let all = futures::future::join_all((0..20).map(|_| take(locks, LONG))).await;

    assert_eq!(all.into_iter().flatten().count(), 1);
    assert_eq!(take(locks, LONG).await, None);
}

/// Releasing tells that it was held, and the next who asks gets it.
pub async fn a_lock_that_was_released_is_free(locks: &impl Locks) {
    let first = taken(locks, LONG).await;

    assert!(locks.release(&first).await.unwrap());

    assert!(take(locks, LONG).await.is_some());
}

/// Not before that time, and then at once.
pub async fn a_lock_that_is_not_renewed_is_free_after_its_time_to_live(locks: &impl Locks) {
    let begun = Instant::now();
    taken(locks, SHORT).await;

    until(async || take(locks, LONG).await.is_some()).await;

    assert!(begun.elapsed() >= SHORT, "it was free after {:?}", begun.elapsed());
}

/// Renewing counts from the renewal.
pub async fn a_lock_that_is_renewed_stays(locks: &impl Locks) {
    let (begun, held) = (Instant::now(), taken(locks, SHORT).await);

    while begun.elapsed() < SHORT * 3 {
        assert!(locks.renew(&held, SHORT).await.unwrap());
        assert_eq!(take(locks, LONG).await, None);
    }
}

/// Also after it lapsed.
pub async fn each_who_gets_it_has_a_greater_fencing_token(locks: &impl Locks) {
    let mut last = taken(locks, LONG).await;
    for _ in 0..10 {
        locks.release(&last).await.unwrap();
        let next = taken(locks, LONG).await;
        assert!(next.fencing_token > last.fencing_token, "{next:?} after {last:?}");
        last = next;
    }
    locks.renew(&last, Duration::from_millis(1)).await.unwrap();
    until(async || take(locks, LONG).await.is_some_and(|next| next.fencing_token > last.fencing_token)).await;
}

/// As after an answer that was lost.
pub async fn asking_again_with_the_same_token_gives_the_same_lock(locks: &impl Locks) {
    let first = taken(locks, LONG).await;

    let again = locks.acquire("printer", first.token, LONG).await.unwrap();

    assert_eq!(again, Some(first));
}

/// Who does not hold it cannot keep it.
pub async fn a_lock_is_renewed_by_its_own_token_alone(locks: &impl Locks) {
    let held = taken(locks, LONG).await;
    let other = HeldLock { token: LockToken::new(), ..held.clone() };

    assert!(!locks.renew(&other, LONG).await.unwrap());

    assert!(locks.renew(&held, LONG).await.unwrap());
}

/// Who does not hold it cannot free it.
pub async fn a_lock_is_released_by_its_own_token_alone(locks: &impl Locks) {
    let held = taken(locks, LONG).await;
    let other = HeldLock { token: LockToken::new(), ..held.clone() };

    assert!(!locks.release(&other).await.unwrap());

    assert_eq!(take(locks, LONG).await, None);
    assert!(locks.release(&held).await.unwrap());
    assert!(!locks.release(&held).await.unwrap());
}

/// What was given up, and had by another since, does not come back.
pub async fn a_lock_that_was_released_is_not_renewed(locks: &impl Locks) {
    let first = taken(locks, LONG).await;
    locks.release(&first).await.unwrap();
    let next = taken(locks, LONG).await;
    locks.release(&next).await.unwrap();

    assert!(!locks.renew(&first, LONG).await.unwrap());

    assert!(take(locks, LONG).await.is_some());
}

/// One who slept past its time neither renews nor releases what another has now.
pub async fn a_lock_that_lapsed_is_not_taken_from_the_next(locks: &impl Locks) {
    let late = taken(locks, Duration::from_millis(1)).await;
    until(async || take(locks, LONG).await.is_some()).await;

    assert!(!locks.renew(&late, LONG).await.unwrap());
    assert!(!locks.release(&late).await.unwrap());

    assert_eq!(take(locks, LONG).await, None);
}

/// Any text is a name.
pub async fn locks_of_other_names_are_others(locks: &impl Locks) {
    for name in ["", "a", "b", "a b", "{a}", "a:b", "a/b", "ñ", "%", "*"] {
        let held = locks.acquire(name, LockToken::new(), LONG).await.unwrap();
        assert_eq!(&*held.expect("nobody holds it").name, name);
        assert_eq!(locks.acquire(name, LockToken::new(), LONG).await.unwrap(), None, "{name:?}");
    }
}
