//! The tables of Stagemark, one file a change, forward only.
//!
//! Every statement is harmless where its object exists already, so that an upgrade that was cut short can be run
//! again.

mod m001_postgres;
mod m001_runs;
mod m002_priority;
mod m003_passes;
mod m004_results;
mod m005_stopped;
mod m006_schedules;

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

/// Brings a database to the tables that this version needs.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m001_runs::Migration),
            Box::new(m002_priority::Migration),
            Box::new(m003_passes::Migration),
            Box::new(m004_results::Migration),
            Box::new(m005_stopped::Migration),
            Box::new(m006_schedules::Migration),
        ]
    }

    // A name of its own: the tables may share a database with the user's, and with the user's own migrations.
    fn migration_table_name() -> DynIden {
        "stagemark_migration".into_iden()
    }
}
