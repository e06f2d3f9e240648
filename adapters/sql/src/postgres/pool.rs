//! The connections, and a time limit on whatever is asked on them.
//!
//! A connection whose answer does not come in time, or whose caller is gone in the middle of it, is closed at once
//! instead of given back: what it would answer next is unknown, and a dead peer would keep its place for ever.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgRow};
use tokio::{sync::Mutex, time::timeout};

use super::{call::Call, values::failed_query};

/// After so long without a question it is asked whether a connection is alive.
pub(super) const TRUSTED: Duration = Duration::from_secs(1);

/// The connections to a database.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    pub(super) pool: PgPool,
    /// The same, for transactions that steps write in too.
    pub(super) shared: DatabaseConnection,
    /// How long an answer may take.
    pub(super) limit: Duration,
    /// The connection of the committer, which would come back to it each time: to give it back to the pool would cost
    /// a round trip.
    lane: Arc<Mutex<Option<Lent>>>,
}

impl Connections {
    pub(super) fn new(pool: PgPool, limit: Duration) -> Self {
        let shared = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Self { pool, shared, limit, lane: Arc::default() }
    }

    /// Sends a call, a transaction of its own, and gives the rows of the answer.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Vec<PgRow>, DbErr> {
        self.ask_by(self.borrow().await?, call).await.1.map_err(failed_query)
    }

    /// As [`ask`](Self::ask), for one caller at a time on the same connection.
    pub(super) async fn ask_in_lane(&self, call: Call<'_>) -> Result<Vec<PgRow>, DbErr> {
        let Ok(mut lane) = self.lane.try_lock() else { return self.ask(call).await };
        let kept = match lane.take() {
            Some(kept) => kept.alive(self.limit).await,
            None => None,
        };
        let lent = match kept {
            Some(kept) => kept,
            None => self.borrow().await?,
        };
        let (lent, answer) = self.ask_by(lent, call).await;
        *lane = lent;
        answer.map_err(failed_query)
    }

    /// What was begun on [`shared`](Self::shared), if it comes to its end within the limit.
    pub(super) async fn in_time<T>(&self, asked: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        timeout(self.limit, asked).await.unwrap_or_else(|_| Err(failed_query(late())))
    }

    async fn borrow(&self) -> Result<Lent, DbErr> {
        Ok(Lent::of(self.pool.acquire().await.map_err(failed_query)?))
    }

    async fn ask_by(&self, mut lent: Lent, call: Call<'_>) -> (Option<Lent>, Result<Vec<PgRow>, sqlx::Error>) {
        let Some(connection) = lent.begin() else { return (None, Err(late())) };
        let Ok(answer) = timeout(self.limit, call.on(connection)).await else { return (None, Err(late())) };
        // After an error of the connection its state is unknown.
        if !matches!(answer, Ok(_) | Err(sqlx::Error::Database(_))) {
            return (None, answer);
        }
        lent.answered();
        (Some(lent), answer)
    }
}

/// The error of an answer that did not come in time.
pub(super) fn late() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

/// A connection that is closed, should it be dropped in the middle of a question.
#[derive(Debug)]
struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    asking: bool,
    used: Instant,
}

impl Lent {
    fn of(connection: PoolConnection<Postgres>) -> Self {
        Self { connection: Some(connection), asking: false, used: Instant::now() }
    }

    fn begin(&mut self) -> Option<&mut PgConnection> {
        self.asking = true;
        self.connection.as_deref_mut()
    }

    fn answered(&mut self) {
        self.asking = false;
        self.used = Instant::now();
    }

    /// The connection, if it is still one.
    async fn alive(mut self, limit: Duration) -> Option<Self> {
        if self.used.elapsed() > TRUSTED {
            timeout(limit, self.begin()?.ping()).await.ok()?.ok()?;
            self.answered();
        }
        Some(self)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.asking
            && let Some(connection) = self.connection.take()
        {
            drop(connection.detach());
        }
    }
}
