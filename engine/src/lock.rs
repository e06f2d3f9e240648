//! Named locks, as steps use them: waited for, renewed in the background, and released with the value.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    driver::aid::{Aid, RETRY},
    ports::{HeldLock, LockToken, Locks},
};

/// How soon a lock that another holds is asked for again, at first and at most.
const ASKED_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// How long the releases of the last locks may take when the engine shuts down.
const LAST_RELEASES: Duration = Duration::from_secs(2);

/// A lock in the hands of an attempt; made by [`Attempt::lock`](crate::Attempt::lock).
///
/// It is renewed in the background, and released when it is dropped. It can be lost while it is held: when its service
/// forgot it and another took it, or could not be reached for too long. So what must not be done by two goes by
/// [`fencing_token`](Self::fencing_token), and what takes long looks at [`is_lost`](Self::is_lost) or stops at
/// [`lost`](Self::lost).
///
/// ```
/// use stagemark::{Attempt, StepError};
///
/// # async fn print(_page: &str, _fencing_token: u64) -> Result<(), StepError> { Ok(()) }
/// async fn print_all(attempt: &Attempt, pages: Vec<String>) -> Result<(), StepError> {
///     let printer = attempt.lock("printer-7").await?;
///     for page in pages {
///         tokio::select! {
///             () = printer.lost() => Err("another has the printer now")?,
///             printed = print(&page, printer.fencing_token()) => printed?,
///         }
///     }
///     printer.release().await;
///     Ok(())
/// }
/// ```
#[must_use = "a lock that is dropped is released"]
pub struct Lock {
    held: HeldLock,
    /// Until when it is held if it is not renewed.
    until: watch::Receiver<Instant>,
    lost: CancellationToken,
    given_up: CancellationToken,
    keeper: Option<JoinHandle<()>>,
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("held", &self.held).field("lost", &self.is_lost()).finish_non_exhaustive()
    }
}

/// Why there is no lock.
///
/// ```
/// assert!(stagemark::LockError::NoLocks.to_string().contains("Engine::builder(..).locks(..)"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The engine was built without locks.
    #[error("no locks were given: name them with Engine::builder(..).locks(..)")]
    NoLocks,
    /// The attempt is to stop.
    #[error("the attempt was told to stop while it waited for the lock")]
    Cancelled,
}

impl Lock {
    /// The name of the lock.
    pub fn name(&self) -> &str {
        &self.held.name
    }

    /// Greater than that of everyone who held the lock before: hand it to what is written to, and have it refuse
    /// smaller ones.
    pub fn fencing_token(&self) -> u64 {
        self.held.fencing_token
    }

    /// Whether others may hold the lock now.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled() || Instant::now() >= *self.until.borrow()
    }

    /// Waits until others may hold the lock.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Releases the lock, and returns when that was told to its service.
    pub async fn release(mut self) {
        self.given_up.cancel();
        if let Some(keeper) = self.keeper.take() {
            // It ends by itself; if it does not, the lock lapses.
            drop(keeper.await);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.given_up.cancel();
    }
}

/// Where the locks of a process come from.
#[derive(Debug)]
pub(crate) struct Locksmith {
    locks: Aid<dyn Locks>,
    time_to_live: Duration,
    /// Knows of all that is still to be released.
    tracker: TaskTracker,
}

impl Locksmith {
    pub(crate) fn new(locks: Arc<dyn Locks>, time_to_live: Duration) -> Arc<Self> {
        let locks = Aid::new(locks, "locks", "who wants a lock waits");
        Arc::new(Self { locks, time_to_live, tracker: TaskTracker::new() })
    }

    /// Waits a moment for what is still to be released. What is held on to by tasks that the engine does not know
    /// lapses.
    pub(crate) async fn close(&self) {
        self.tracker.close();
        let _held_on_to = timeout(LAST_RELEASES, self.tracker.wait()).await;
    }

    /// Waits for a lock. It is a task of its own that does, so that what was asked for when the caller went away is
    /// released when it comes.
    pub(crate) async fn take(self: &Arc<Self>, name: &str) -> Option<Lock> {
        let wanted = CancellationToken::new();
        let _until_dropped = wanted.clone().drop_guard();
        let (taken, lock) = oneshot::channel();
        let (smith, name) = (Arc::clone(self), Arc::<str>::from(name));
        self.tracker.spawn(async move {
            if let Some(lock) = smith.wait(&name, &wanted).await {
                // Given back unread, it is dropped, and so released.
                drop(taken.send(lock));
            }
        });
        lock.await.ok()
    }

    async fn wait(self: &Arc<Self>, name: &str, wanted: &CancellationToken) -> Option<Lock> {
        let token = LockToken::new();
        let (mut pause, longest) = ASKED_AGAIN;
        while !wanted.is_cancelled() {
            let asked = Instant::now();
            let acquired = self.locks.ask(self.locks.port.acquire(name, token, self.time_to_live)).await;
            if let Some(Some(held)) = acquired {
                return Some(self.kept(held, asked + self.time_to_live));
            }
            let again = pause.mul_f64(rand::random_range(0.5..1.5));
            pause = (pause * 2).min(longest);
            tokio::select! {
                () = wanted.cancelled() => {}
                () = sleep(again) => {}
            }
        }
        // An answer that was lost may have been a lock; by its token it is released.
        let held = HeldLock { name: name.into(), token, fencing_token: 0 };
        self.locks.ask(self.locks.port.release(&held)).await;
        None
    }

    fn kept(self: &Arc<Self>, held: HeldLock, until: Instant) -> Lock {
        let (extend, until) = watch::channel(until);
        let (lost, given_up) = (CancellationToken::new(), CancellationToken::new());
        let keeper = Keeper { smith: Arc::clone(self), held: held.clone(), extend, lost: lost.clone() };
        let keeper = self.tracker.spawn(keeper.keep(given_up.clone()));
        Lock { held, until, lost, given_up, keeper: Some(keeper) }
    }
}

/// Renews one lock until it is given up or lost.
struct Keeper {
    smith: Arc<Locksmith>,
    held: HeldLock,
    extend: watch::Sender<Instant>,
    lost: CancellationToken,
}

impl Keeper {
    async fn keep(self, given_up: CancellationToken) {
        let Locksmith { locks, time_to_live, .. } = &*self.smith;
        tokio::select! {
            () = given_up.cancelled() => {}
            () = self.renew_until_lost() => {
                tracing::warn!(lock = %self.held.name, fencing_token = self.held.fencing_token, ?time_to_live, "a lock was lost");
                self.lost.cancel();
                given_up.cancelled().await;
            }
        }
        locks.ask(locks.port.release(&self.held)).await;
    }

    async fn renew_until_lost(&self) {
        let Locksmith { locks, time_to_live, .. } = &*self.smith;
        let mut next = *time_to_live / 3;
        loop {
            let until = *self.extend.borrow();
            let asked = Instant::now() + next;
            if asked >= until {
                sleep_until(until).await;
                return;
            }
            sleep_until(asked).await;
            tokio::select! {
                renewed = locks.ask(locks.port.renew(&self.held, *time_to_live)) => match renewed {
                    Some(true) => {
                        self.extend.send_replace(asked + *time_to_live);
                        next = *time_to_live / 3;
                    }
                    Some(false) => return,
                    None => next = RETRY.min(*time_to_live / 6),
                },
                () = sleep_until(until) => return,
            }
        }
    }
}
