//! A `PostgreSQL` to measure on: what it commits without an engine, and a schema for each measurement.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};

/// How many clients commit at once where the most is measured that the server commits.
pub(crate) const CLIENTS: u32 = 16;

/// A schema of its own, and a connection that looks into it.
pub(crate) struct Schema {
    /// Where a store finds it.
    pub(crate) url: String,
    pub(crate) watch: PgConnection,
    name: &'static str,
}

impl Schema {
    /// A new one, empty, in place of what an earlier measurement left behind.
    pub(crate) async fn make(name: &'static str) -> Result<Self, Box<dyn Error>> {
        let url = stagemark_services::database_url()?;
        let mut watch = PgConnection::connect(&url).await?;
        let make = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; SET search_path TO {name}");
        watch.execute(AssertSqlSafe(make)).await?;
        let join = if url.contains('?') { '&' } else { '?' };
        Ok(Self { url: format!("{url}{join}options=-csearch_path%3D{name}"), watch, name })
    }

    /// What the server says of itself.
    pub(crate) async fn version(&mut self) -> Result<String, Box<dyn Error>> {
        Ok(sqlx::query_scalar("SHOW server_version").fetch_one(&mut self.watch).await?)
    }

    /// How far the log of the server has come, in bytes.
    pub(crate) async fn wal_position(&mut self) -> Result<u64, Box<dyn Error>> {
        let position: i64 = sqlx::query_scalar("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
            .fetch_one(&mut self.watch)
            .await?;
        Ok(u64::try_from(position)?)
    }

    pub(crate) async fn drop(mut self) -> Result<(), Box<dyn Error>> {
        self.watch.execute(AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.name))).await?;
        Ok(())
    }
}

/// What the server does without an engine.
pub(crate) struct Bare {
    pub(crate) commits_per_s: f64,
    pub(crate) alone_per_s: f64,
}

impl Bare {
    /// Commits for some time, first with many clients, then with one.
    pub(crate) async fn measure(time: Duration) -> Result<Self, Box<dyn Error>> {
        let mut schema = Schema::make("stagemark_bare").await?;
        let table = "CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)";
        schema.watch.execute(table).await?;
        let pool =
            PgPoolOptions::new().max_connections(CLIENTS).test_before_acquire(false).connect(&schema.url).await?;
        let commits_per_s = rate(&pool, CLIENTS, time / 2).await?;
        let alone_per_s = rate(&pool, 1, time / 2).await?;
        pool.close().await;
        schema.drop().await?;
        Ok(Self { commits_per_s, alone_per_s })
    }

    /// The better of two: a disk that others disturbed for a while must not flatter the engine.
    pub(crate) fn better(&self, other: &Self) -> Self {
        Self {
            commits_per_s: self.commits_per_s.max(other.commits_per_s),
            alone_per_s: self.alone_per_s.max(other.alone_per_s),
        }
    }
}

/// How many rows of 100 bytes so many clients commit in a second, each a row at a time.
async fn rate(pool: &PgPool, clients: u32, time: Duration) -> Result<f64, Box<dyn Error>> {
    let text = "x".repeat(100);
    let begun = Instant::now();
    let clients = (0..clients).map(|_| {
        let (pool, text) = (pool.clone(), text.clone());
        tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            let mut commits = 0_u32;
            while begun.elapsed() < time {
                let insert = sqlx::query("INSERT INTO bare (text) VALUES ($1)").bind(&text);
                connection.execute(insert).await?;
                commits += 1;
            }
            Ok::<_, sqlx::Error>(commits)
        })
    });
    let mut commits = 0;
    for client in join_all(clients).await {
        commits += client??;
    }
    Ok(f64::from(commits) / begun.elapsed().as_secs_f64())
}
