//! Schedules: a row for each, however often it fires.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The sixth migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m006_schedules"
    }
}

const POSTGRES: &str = r#"CREATE TABLE IF NOT EXISTS stagemark_schedule (
    revision bigint NOT NULL,
    next_tick bigint,
    firing_tick bigint,
    last_tick bigint,
    skipped_tick bigint,
    run uuid,
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    definition text NOT NULL
) WITH (fillfactor = 50)"#;

const SQLITE: &str = "CREATE TABLE IF NOT EXISTS stagemark_schedule (
    name TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL,
    revision INTEGER NOT NULL,
    next_tick INTEGER,
    firing_tick INTEGER,
    last_tick INTEGER,
    skipped_tick INTEGER,
    run BLOB
) WITHOUT ROWID";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        manager.get_connection().execute_unprepared(table).await.map(drop)
    }
}
