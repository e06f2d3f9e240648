//! The latest videos, from the shelf or from the database.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark::ports::AcceleratorError;
use stagemark_contest_records::Records;
use stagemark_redis::Redis;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{ListError, MemoryShelf, Part, RedisShelf, Shelf, head::Head, shelf::Shown};

/// For how long the latest videos are kept: so late, at most, are views shown.
const TIME_TO_LIVE: Duration = Duration::from_secs(5);
/// For how long a shelf that did not answer is not asked, so that not each reader waits for nothing.
const PAUSE: Duration = Duration::from_millis(500);

/// The latest videos that can be watched; clones are the same.
#[derive(Clone, Debug)]
pub struct Latest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shelf: Arc<dyn Shelf>,
    records: Records,
    /// What was seen on the shelf last, under its number.
    seen: Mutex<Option<(Uuid, Arc<Head>)>>,
    /// How often something has changed, and for how many of these the shelf was cleared: it is not believed before it was
    /// for all.
    changes: AtomicU64,
    cleared: AtomicU64,
    away_until: Mutex<Option<Instant>>,
    /// Held while the database is read: others wait for what comes of it.
    reading: tokio::sync::Mutex<()>,
    readings: AtomicU64,
}

impl Latest {
    /// Of these tables, on this shelf.
    pub fn new(shelf: Arc<dyn Shelf>, records: Records) -> Self {
        let (seen, changes, cleared, away_until, reading, readings) = Default::default();
        Self { inner: Arc::new(Inner { shelf, records, seen, changes, cleared, away_until, reading, readings }) }
    }

    /// Of these tables, on a shelf in this Redis, or else in this process.
    pub fn of(redis: Option<Redis>, records: Records) -> Self {
        let shelf: Arc<dyn Shelf> = match redis {
            Some(redis) => Arc::new(RedisShelf::new(redis)),
            None => Arc::new(MemoryShelf::default()),
        };
        Self::new(shelf, records)
    }

    /// So many videos after this one, or from the first on; none if they are so far down that the database is to be asked.
    pub async fn part(&self, after: Option<Uuid>, limit: usize) -> Result<Option<Part>, ListError> {
        Ok(self.head().await?.part(after, limit))
    }

    /// Something was published, erased or liked: from now on nobody is shown what was so before. Where the shelf is away
    /// this host does not believe it until it was cleared; others may, for as long as a text is kept there.
    pub async fn changed(&self) {
        self.inner.changes.fetch_add(1, SeqCst);
        self.inner.is_clear().await;
    }

    /// Puts them on the shelf before somebody asks. Where the shelf is away there is nothing to be done.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn warm(&self) -> Result<(), ListError> {
        self.head().await.map(drop)
    }

    /// How often this host has read them from the database.
    pub fn readings(&self) -> u64 {
        self.inner.readings.load(SeqCst)
    }

    async fn head(&self) -> Result<Arc<Head>, ListError> {
        let inner = &self.inner;
        match inner.look().await {
            Found::Head(head) => return Ok(head),
            Found::Away => return inner.read().await,
            Found::Nothing(_) => {}
        }
        let _reading = inner.reading.lock().await;
        // Another may have read them meanwhile.
        let number = match inner.look().await {
            Found::Head(head) => return Ok(head),
            Found::Away => return inner.read().await,
            Found::Nothing(number) => number,
        };
        let head = inner.read().await?;
        inner.keep(number, &head).await;
        Ok(head)
    }
}

/// What a look at the shelf has brought.
enum Found {
    Head(Arc<Head>),
    Nothing(Uuid),
    /// It does not answer, or is not to be believed.
    Away,
}

impl Inner {
    async fn look(&self) -> Found {
        if self.is_away() || !self.is_clear().await {
            return Found::Away;
        }
        let seen = lock(&self.seen).clone();
        match (self.shelf.look(seen.as_ref().map(|(number, _)| *number)).await, seen) {
            (Ok(Shown::Known), Some((_, head))) => Found::Head(head),
            (Ok(Shown::Text(number, text)), _) => self.take(number, &text),
            (Ok(Shown::Nothing(number)), _) => Found::Nothing(number),
            (Ok(Shown::Known), None) => Found::Away,
            (Err(error), _) => {
                self.lost(&error);
                Found::Away
            }
        }
    }

    fn take(&self, number: Uuid, text: &str) -> Found {
        match serde_json::from_str::<Head>(text) {
            Ok(head) => {
                let head = Arc::new(head);
                *lock(&self.seen) = Some((number, Arc::clone(&head)));
                Found::Head(head)
            }
            Err(error) => {
                // A host of another version has put it there; it is gone in some seconds.
                tracing::debug!(%error, "the latest videos on the shelf cannot be read");
                Found::Away
            }
        }
    }

    async fn read(&self) -> Result<Arc<Head>, ListError> {
        self.readings.fetch_add(1, SeqCst);
        Head::read(self.records.reader()).await.map(Arc::new)
    }

    async fn keep(&self, number: Uuid, head: &Arc<Head>) {
        let text = match serde_json::to_string(&**head) {
            Ok(text) => text,
            Err(error) => return tracing::error!(%error, "the latest videos cannot be kept"),
        };
        match self.shelf.put(number, &text, TIME_TO_LIVE).await {
            Ok(true) => *lock(&self.seen) = Some((number, Arc::clone(head))),
            // Something has changed since the database was asked.
            Ok(false) => {}
            Err(error) => self.lost(&error),
        }
    }

    /// Whether the shelf can be believed: if not, it is first cleared.
    async fn is_clear(&self) -> bool {
        let changes = self.changes.load(SeqCst);
        if self.cleared.load(SeqCst) >= changes {
            return true;
        }
        if let Err(error) = self.shelf.clear().await {
            self.lost(&error);
            return false;
        }
        self.cleared.fetch_max(changes, SeqCst);
        true
    }

    fn is_away(&self) -> bool {
        lock(&self.away_until).is_some_and(|until| Instant::now() < until)
    }

    fn lost(&self, error: &AcceleratorError) {
        if !self.is_away() {
            tracing::warn!(error = error as &dyn Error, "the latest videos are read from the database for now");
        }
        *lock(&self.away_until) = Some(Instant::now() + PAUSE);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
