//! An index of the runs that failed or were cancelled, for the pages that operators look at.
//!
//! It has a row for each of these and none for others: runs that become ready write nothing more than before.

use sea_orm_migration::prelude::*;

/// The fifth migration.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m005_stopped"
    }
}

const INDEX: &str = "CREATE INDEX IF NOT EXISTS stagemark_run_stopped ON stagemark_run (id) WHERE status > 2";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(INDEX).await.map(drop)
    }
}
