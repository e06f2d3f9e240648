//! Priorities and traces of runs, and the outbox; `PostgreSQL` has had them from the first.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The second migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m002_priority"
    }
}

/// Table, column and type: `SQLite` cannot be told to add a column only where it is missing.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("stagemark_run", "priority", "INTEGER NOT NULL DEFAULT 1"),
    ("stagemark_run", "trace", "TEXT"),
    ("stagemark_queue", "priority", "INTEGER NOT NULL DEFAULT 1"),
];

const TABLES: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS stagemark_queue_order ON stagemark_queue (workflow, version, node, priority, due)",
    "DROP INDEX IF EXISTS stagemark_queue_due",
    "CREATE TABLE IF NOT EXISTS stagemark_outbox (
        run BLOB NOT NULL,
        node INTEGER NOT NULL,
        pool TEXT NOT NULL,
        written INTEGER NOT NULL,
        PRIMARY KEY (run, node)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS stagemark_outbox_written ON stagemark_outbox (written)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            return Ok(());
        }
        let database = manager.get_connection();
        for (table, column, kind) in COLUMNS {
            if !manager.has_column(table, column).await? {
                database.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}")).await?;
            }
        }
        for table in TABLES {
            database.execute_unprepared(table).await?;
        }
        Ok(())
    }
}
