//! One computation of a board in a process: who wants it meanwhile waits for it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio_util::task::AbortOnDropHandle;

use crate::Board;

type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

/// Computations that are under way, at most one for each board.
pub(crate) struct Flights<T: Clone> {
    under_way: Arc<Mutex<HashMap<Board, Flight<T>>>>,
}

impl<T: Clone> fmt::Debug for Flights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self { under_way: Arc::default() }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Waits for the computation of this board that is under way, or begins it; gives none if it was broken off.
    ///
    /// It goes on although those who wait have gone away: others may wait for what it holds.
    pub(crate) async fn join<F>(&self, board: &Board, compute: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let begin = || {
            let (under_way, board, computing) = (Arc::clone(&self.under_way), board.clone(), compute());
            let task = AbortOnDropHandle::new(tokio::spawn(async move {
                let computed = computing.await;
                // Who comes from now on is not to be told what was so before.
                lock(&under_way).remove(&board);
                computed
            }));
            async move { task.await.ok() }.boxed().shared()
        };
        let flight = {
            let mut under_way = lock(&self.under_way);
            let known = under_way.get(board).filter(|flight| flight.peek().is_none()).cloned();
            known.unwrap_or_else(|| {
                let flight = begin();
                under_way.insert(board.clone(), flight.clone());
                flight
            })
        };
        flight.await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
