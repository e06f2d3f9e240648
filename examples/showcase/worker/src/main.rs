//! A worker host of the contest. Start as many as there are machines; `docs/operate.md` has the settings.

use std::{error::Error, sync::Arc};

use stagemark::Builder;
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{Options, Rankings, settings, steps::Refresh};
use stagemark_contest_records::Records;
use stagemark_contest_worker::{Places, Upkeep, erase, publish};
use stagemark_redis::Redis;
use stagemark_sql::SqlStore;
use stagemark_worker::{Address, Worker};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (worker, weights) = Worker::from_env_with(&settings::KEYS, settings::weights)?;
    let database = worker.settings().database.expose().to_owned();
    let records = Records::open(&database).await?;
    let store = Arc::new(SqlStore::open(&database).await?);
    let redis = match worker.settings().redis.as_ref().map(Address::expose) {
        Some(url) => Some(Redis::connect(url).await?),
        None => None,
    };
    let latest = Latest::of(redis.clone(), records.clone());
    let rankings = Rankings::of(redis, records.clone(), Options::new(weights));
    let refresh = Refresh::new(records.clone(), rankings.clone(), latest.clone());
    let upkeep = Upkeep { records: records.clone(), rankings, latest: latest.clone(), weights };
    let schedules = Upkeep::schedules()?;
    let worker = worker.serve(publish(refresh)).serve(erase(Places { records, store, latest }));
    let worker = upkeep.definitions().into_iter().fold(worker, Worker::serve);
    worker.engine(|engine| schedules.into_iter().fold(engine, Builder::schedule)).run().await?;
    Ok(())
}
