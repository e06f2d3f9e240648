//! A worker host for tests that do it harm; it is told by its environment what to work on.

use std::{env, error::Error, time::Duration};

use stagemark::Engine;
use stagemark_amqp::AmqpDispatch;
use stagemark_blob::{S3Artifacts, S3Options};
use stagemark_redis::Redis;
use stagemark_sql::SqlStore;
use tracing_subscriber::EnvFilter;

#[path = "../it/all_kinds.rs"]
mod all_kinds;
mod echo;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let redis = Redis::connect(&env::var("REDIS_URL")?).await?;
    let _engine = Engine::builder(SqlStore::open(&env::var("DATABASE_URL")?).await?)
        .dispatch(AmqpDispatch::connect(env::var("AMQP_URL")?).await?)
        .artifacts(S3Artifacts::open(S3Options::from_environment()?).await?)
        .locks(redis.clone())
        .dedup(redis.clone())
        .live(redis.clone())
        .limits(redis)
        .scratch(env::var("STAGEMARK_SCRATCH_FOLDER")?)
        .lease(Duration::from_secs(2))
        .poll(Duration::from_millis(200))
        .slots(24)
        .serve(all_kinds::all_kinds())
        .serve(echo::echo())
        .start()
        .await?;
    // Until it is killed.
    std::future::pending().await
}
