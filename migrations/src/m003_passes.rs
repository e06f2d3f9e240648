//! Which pass a marker is of: one attempt at several steps.
//!
//! A column that may be null is added to the description of the table alone: no row is read or written, and the lock is
//! held for a moment.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The third migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m003_passes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            let added = "ALTER TABLE stagemark_marker ADD COLUMN IF NOT EXISTS pass integer";
            return database.execute_unprepared(added).await.map(drop);
        }
        if !manager.has_column("stagemark_marker", "pass").await? {
            database.execute_unprepared("ALTER TABLE stagemark_marker ADD COLUMN pass INTEGER").await?;
        }
        Ok(())
    }
}
