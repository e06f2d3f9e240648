//! A worker host of the contest. Start as many as there are machines; `docs/operate.md` has the settings.

use std::{error::Error, sync::Arc};

use stagemark_contest_records::Records;
use stagemark_contest_worker::{Places, erase, publish};
use stagemark_sql::SqlStore;
use stagemark_worker::Worker;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let worker = Worker::from_env()?;
    let database = worker.settings().database.expose().to_owned();
    let records = Records::open(&database).await?;
    let store = Arc::new(SqlStore::open(&database).await?);
    worker.serve(publish()).serve(erase(Places { records, store })).run().await?;
    Ok(())
}
