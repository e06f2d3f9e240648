//! What a worker asks of `PostgreSQL` while there is nothing to do.

use std::{error::Error, time::Duration};

use stagemark::Engine;
use stagemark_sql::SqlStore;

use crate::{runs::five, server::Schema};

const TIME: Duration = Duration::from_secs(20);
/// In which the worker settles; and the longest for which the server keeps a count to itself.
const REST: Duration = Duration::from_secs(12);
/// Autonomous transactions of the server count too; those of the one who asks are seen alike before and after.
const TRANSACTIONS: &str =
    "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";

/// Prints the line.
pub(crate) async fn measure() -> Result<(), Box<dyn Error>> {
    let mut schema = Schema::make("stagemark_idle").await?;
    let scratch = tempfile::tempdir()?;
    let store = SqlStore::open(&schema.url).await?;
    let without = transactions(&mut schema).await?;
    let engine = Engine::builder(store).scratch(scratch.path()).serve(five()).start().await?;
    let with = transactions(&mut schema).await?;
    engine.shutdown(Duration::from_secs(1)).await;
    schema.drop().await?;
    println!("# An idle worker on PostgreSQL\n");
    println!("| transactions a second with it | without it |\n|---|---|\n| {with:.2} | {without:.2} |\n");
    Ok(())
}

/// How many transactions there are in a second.
async fn transactions(schema: &mut Schema) -> Result<f64, Box<dyn Error>> {
    tokio::time::sleep(REST).await;
    let before: i64 = sqlx::query_scalar(TRANSACTIONS).fetch_one(&mut schema.watch).await?;
    tokio::time::sleep(TIME).await;
    let after: i64 = sqlx::query_scalar(TRANSACTIONS).fetch_one(&mut schema.watch).await?;
    Ok((after - before) as f64 / TIME.as_secs_f64())
}
