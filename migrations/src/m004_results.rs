//! Results that are kept, and which markers tell of one that was taken.
//!
//! The column may be null, so that no marker is read or written for it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The fourth migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m004_results"
    }
}

/// A result without an output is being made, by the maker and until the moment that it names.
const POSTGRES: &[&str] = &[
    "ALTER TABLE stagemark_marker ADD COLUMN IF NOT EXISTS reused boolean",
    r#"CREATE TABLE IF NOT EXISTS stagemark_result (
        worker uuid NOT NULL,
        until bigint NOT NULL,
        key text COLLATE "C" NOT NULL PRIMARY KEY,
        step text COLLATE "C" NOT NULL,
        maker text COLLATE "C" NOT NULL,
        output text
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)"#,
    "CREATE INDEX IF NOT EXISTS stagemark_result_until ON stagemark_result (until)",
];

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS stagemark_result (
        key TEXT NOT NULL PRIMARY KEY,
        step TEXT NOT NULL,
        maker TEXT NOT NULL,
        worker BLOB NOT NULL,
        until INTEGER NOT NULL,
        output TEXT
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS stagemark_result_until ON stagemark_result (until)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        for statement in statements {
            database.execute_unprepared(statement).await?;
        }
        if manager.get_database_backend() != DbBackend::Postgres
            && !manager.has_column("stagemark_marker", "reused").await?
        {
            database.execute_unprepared("ALTER TABLE stagemark_marker ADD COLUMN reused INTEGER").await?;
        }
        Ok(())
    }
}
