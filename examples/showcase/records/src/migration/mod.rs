//! The tables of the contest, one file a change, forward only.
//!
//! Every statement is harmless where its object exists already, so that an upgrade that was cut short can be run again.

mod m001_accounts;
mod m002_videos;
mod m003_events;

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Brings a database to the tables that this version needs.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m001_accounts::Migration), Box::new(m002_videos::Migration), Box::new(m003_events::Migration)]
    }

    // A name of its own: the engine's migrations are kept in the same database.
    fn migration_table_name() -> DynIden {
        "contest_migration".into_iden()
    }
}

/// Runs statements that are written for `PostgreSQL`; in `SQLite` the types have other names, and tables lie in the order
/// of their key.
async fn apply(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
    for statement in statements {
        if is_sqlite {
            let statement =
                statement.replace(" uuid", " BLOB").replace(" bytea", " BLOB").replace(r#" COLLATE "C""#, "");
            let end = if statement.starts_with("CREATE TABLE") { " WITHOUT ROWID" } else { "" };
            manager.get_connection().execute_unprepared(&(statement + end)).await?;
        } else {
            manager.get_connection().execute_unprepared(statement).await?;
        }
    }
    Ok(())
}
