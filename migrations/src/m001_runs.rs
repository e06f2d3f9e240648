//! Runs, their markers and heartbeats, the queue, the workers and the graphs.
//!
//! In `SQLite` rows that are written at each step lie in the order of their key (`WITHOUT ROWID`), so a marker costs one b-tree
//! and a run's markers lie side by side. Indexes cover live rows alone: what has ended costs none.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::m001_postgres;

/// The first migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m001_runs"
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS stagemark_workflow (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        graph TEXT NOT NULL,
        PRIMARY KEY (name, version)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS stagemark_run (
        id BLOB NOT NULL PRIMARY KEY,
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        status INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        holder BLOB,
        key TEXT,
        input TEXT NOT NULL,
        width INTEGER,
        submitted INTEGER NOT NULL,
        ended INTEGER,
        error TEXT
    ) WITHOUT ROWID",
    "CREATE UNIQUE INDEX IF NOT EXISTS stagemark_run_key ON stagemark_run (workflow, key) WHERE key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS stagemark_run_live ON stagemark_run (holder, workflow, version)
        WHERE status < 2",
    "CREATE TABLE IF NOT EXISTS stagemark_marker (
        run BLOB NOT NULL,
        node INTEGER NOT NULL,
        item INTEGER NOT NULL,
        phase INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        released INTEGER NOT NULL,
        worker BLOB,
        due INTEGER,
        width INTEGER,
        started INTEGER,
        finished INTEGER,
        output TEXT,
        error TEXT,
        PRIMARY KEY (run, node, item)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS stagemark_marker_leased ON stagemark_marker (worker) WHERE phase = 1",
    "CREATE TABLE IF NOT EXISTS stagemark_queue (
        run BLOB NOT NULL,
        node INTEGER NOT NULL,
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        due INTEGER NOT NULL,
        PRIMARY KEY (run, node)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS stagemark_queue_due ON stagemark_queue (workflow, version, node, due)",
    "CREATE TABLE IF NOT EXISTS stagemark_heartbeat (
        run BLOB NOT NULL,
        node INTEGER NOT NULL,
        item INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        fraction REAL NOT NULL,
        message TEXT NOT NULL,
        details TEXT,
        PRIMARY KEY (run, node, item)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS stagemark_worker (
        id BLOB NOT NULL PRIMARY KEY,
        until INTEGER NOT NULL
    ) WITHOUT ROWID",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = match manager.get_database_backend() {
            DbBackend::Postgres => m001_postgres::TABLES,
            _ => SQLITE,
        };
        for table in tables {
            manager.get_connection().execute_unprepared(table).await?;
        }
        Ok(())
    }
}
