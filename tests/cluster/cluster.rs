//! The servers of one test, and the hosts on them.

use std::{path::Path, thread, time::Duration};

use stagemark::{Builder, Engine};
use stagemark_amqp::AmqpDispatch;
use stagemark_services::{Postgres, RabbitMq, Redis, S3, ServiceError};
use stagemark_sql::SqlStore;
use tempfile::TempDir;

use crate::host::Host;

/// `PostgreSQL`, `RabbitMQ`, Redis and an S3 store of a test's own.
pub(crate) struct Cluster {
    pub(crate) postgres: Postgres,
    pub(crate) rabbitmq: RabbitMq,
    pub(crate) redis: Redis,
    pub(crate) s3: S3,
    /// Where hosts reach the S3 store.
    s3_endpoint: String,
    folder: TempDir,
}

impl Cluster {
    /// Starts them side by side, and makes the tables.
    pub(crate) async fn start() -> Self {
        let cluster = tokio::task::spawn_blocking(Self::servers).await.unwrap().unwrap();
        drop(SqlStore::open(&cluster.postgres.url()).await.unwrap());
        cluster.count_commits();
        cluster
    }

    fn servers() -> Result<Self, ServiceError> {
        let rabbitmq = thread::spawn(RabbitMq::temporary);
        let s3 = thread::spawn(S3::temporary);
        let redis = Redis::temporary()?;
        let postgres = Postgres::temporary()?;
        let (rabbitmq, s3) = (rabbitmq.join().unwrap()?, s3.join().unwrap()?);
        let s3_endpoint = s3.access().endpoint;
        Ok(Self { postgres, rabbitmq, redis, s3, s3_endpoint, folder: tempfile::tempdir().unwrap() })
    }

    /// Has hosts that start from now on reach the S3 store by this way.
    pub(crate) fn reach_s3_by(&mut self, endpoint: String) {
        self.s3_endpoint = endpoint;
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What a host must know, with its database behind this address.
    pub(crate) fn environment(&self, database_url: &str) -> Vec<(&'static str, String)> {
        let s3 = self.s3.access();
        vec![
            ("DATABASE_URL", database_url.to_owned()),
            ("AMQP_URL", self.rabbitmq.url()),
            ("REDIS_URL", self.redis.url()),
            ("S3_ENDPOINT", self.s3_endpoint.clone()),
            ("S3_BUCKET", s3.bucket.clone()),
            ("AWS_ACCESS_KEY_ID", s3.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", s3.secret_access_key.reveal().to_owned()),
        ]
    }

    pub(crate) fn host(&self, name: &str) -> Host {
        Host::start(&self.environment(&self.postgres.url()), self.path(), name)
    }

    /// Two hosts, as most tests have.
    pub(crate) fn hosts(&self) -> Vec<Host> {
        ["one", "two"].into_iter().map(|name| self.host(name)).collect()
    }

    /// An API host: it submits, and serves nothing.
    pub(crate) async fn client(&self) -> Engine {
        let store = SqlStore::open(&self.postgres.url()).await.unwrap();
        self.client_on(store).await.start().await.unwrap()
    }

    pub(crate) async fn client_on(&self, store: SqlStore) -> Builder {
        Engine::builder(store)
            .dispatch(AmqpDispatch::connect(self.rabbitmq.url()).await.unwrap())
            .scratch(self.path().join("scratch"))
            .lease(Duration::from_secs(2))
            .poll(Duration::from_millis(200))
    }

    /// Makes the database itself count how often each marker is committed as done.
    fn count_commits(&self) {
        let counts = "CREATE TABLE done (run uuid, node int, item int);
            CREATE FUNCTION count_done() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.phase = 2 THEN INSERT INTO done VALUES (NEW.run, NEW.node, NEW.item); END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER counted AFTER INSERT OR UPDATE ON stagemark_marker
                FOR EACH ROW EXECUTE FUNCTION count_done()";
        self.postgres.sql(counts).unwrap();
    }

    /// One number from the database.
    pub(crate) fn count(&self, query: &str) -> u64 {
        self.postgres.sql(query).unwrap().trim().parse().unwrap()
    }
}
