//! Which boards may have missed something, and their way back.
//!
//! Where a count or a read went wrong, a board is not believed until it was made cold; that is tried without end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{Board, ports::Sets};

/// The boards of one host that may have missed something.
#[derive(Debug)]
pub(crate) struct Distrust {
    sets: Arc<dyn Sets>,
    pause: Duration,
    boards: Arc<Boards>,
    repair: Mutex<Option<AbortOnDropHandle<()>>>,
}

#[derive(Debug, Default)]
struct Boards {
    /// Each with the number of the last mark: one that was marked again meanwhile stays marked.
    marked: Mutex<HashMap<Board, u64>>,
    marks: AtomicU64,
    /// Until when the sets are not asked.
    away_until: Mutex<Option<Instant>>,
    news: Notify,
}

impl Distrust {
    pub(crate) fn new(sets: Arc<dyn Sets>, pause: Duration) -> Self {
        Self { sets, pause, boards: Arc::default(), repair: Mutex::default() }
    }

    /// Whether the sets just failed: for a moment they are not asked, so that not each reader waits for nothing.
    pub(crate) fn is_away(&self) -> bool {
        lock(&self.boards.away_until).is_some_and(|until| Instant::now() < until)
    }

    /// For a moment the sets are not asked.
    pub(crate) fn pause(&self) {
        *lock(&self.boards.away_until) = Some(Instant::now() + self.pause);
    }

    /// Believes this board no more until it was made cold.
    pub(crate) fn mark(&self, board: &Board) {
        let mark = self.boards.marks.fetch_add(1, Relaxed);
        lock(&self.boards.marked).insert(board.clone(), mark);
        lock(&self.repair).get_or_insert_with(|| {
            let (sets, boards, pause) = (Arc::clone(&self.sets), Arc::clone(&self.boards), self.pause);
            AbortOnDropHandle::new(tokio::spawn(async move {
                loop {
                    boards.news.notified().await;
                    while !boards.clear_all(&*sets).await {
                        sleep(pause).await;
                    }
                }
            }))
        });
        self.boards.news.notify_one();
    }

    /// Whether this board can be believed: if not, it is first made cold.
    pub(crate) async fn clear(&self, board: &Board) -> bool {
        self.boards.clear(board, &*self.sets).await
    }
}

impl Boards {
    async fn clear_all(&self, sets: &dyn Sets) -> bool {
        let marked: Vec<_> = lock(&self.marked).keys().cloned().collect();
        for board in &marked {
            if !self.clear(board, sets).await {
                return false;
            }
        }
        lock(&self.marked).is_empty()
    }

    async fn clear(&self, board: &Board, sets: &dyn Sets) -> bool {
        let Some(mark) = lock(&self.marked).get(board).copied() else { return true };
        if let Err(error) = sets.forget(board).await {
            tracing::debug!(%board, error = &error as &dyn std::error::Error, "a board cannot be made cold yet");
            return false;
        }
        let mut marked = lock(&self.marked);
        if marked.get(board) == Some(&mark) {
            marked.remove(board);
        }
        !marked.contains_key(board)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
