//! A host on all that a cluster has, some of which goes away.

use std::{net::TcpListener, time::Duration};

use stagemark::Engine;
use stagemark_services::{Postgres, RabbitMq, Redis, S3};
use stagemark_sql::SqlStore;
use tokio::process::Command;

use crate::{
    contract::HAND_OVER,
    process::{Host, Place, page, until},
};

/// All that a cluster has.
pub(crate) struct Cluster {
    postgres: Postgres,
    rabbitmq: RabbitMq,
    redis: Redis,
    s3: S3,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self {
            postgres: Postgres::temporary().unwrap(),
            rabbitmq: RabbitMq::temporary().unwrap(),
            redis: Redis::temporary().unwrap(),
            s3: S3::temporary().unwrap(),
        }
    }

    async fn host(&self, place: &Place, pools: &str) -> Host {
        Host::start(self.command(place, pools)).await
    }

    /// The command of a host that knows its secrets by files.
    pub(crate) fn command(&self, place: &Place, pools: &str) -> Command {
        let s3 = self.s3.access();
        let secret = |name: &str, value: &str| {
            let file = place.path().join(name);
            std::fs::write(&file, value).unwrap();
            file.display().to_string()
        };
        let mut command = place.command(&[("STAGEMARK_POOLS", pools), ("STAGEMARK_LEASE_S", "2")]);
        command
            .env_remove("DATABASE_URL")
            .env_remove("STAGEMARK_ARTIFACTS_FOLDER")
            .env("DATABASE_URL_FILE", secret("database-url", &self.postgres.url()))
            .env("AMQP_URL_FILE", secret("amqp-url", &self.rabbitmq.url()))
            .env("REDIS_URL_FILE", secret("redis-url", &self.redis.url()))
            .env("S3_ENDPOINT", &s3.endpoint)
            .env("S3_BUCKET", &s3.bucket)
            .env("AWS_ACCESS_KEY_ID", &s3.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY_FILE", secret("s3-key", s3.secret_access_key.reveal()));
        command
    }

    /// Submits a text, and waits until it has gone from one pool to the other.
    async fn hand_over(&self) {
        let store = SqlStore::open(&self.postgres.url()).await.unwrap();
        let client = Engine::builder(store).poll(Duration::from_millis(50)).start().await.unwrap();
        let run = client.submit(HAND_OVER, "hello".to_owned()).await.unwrap();
        assert_eq!(run.result().await.unwrap(), "hello");
        client.shutdown(Duration::ZERO).await;
    }
}

/// What `/readyz` says: the status, the state, and the states of dependencies.
async fn readiness(host: &Host) -> (u16, String) {
    let (status, body) = host.page("/readyz").await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let dependencies = body["dependencies"].as_object().unwrap();
    let absent = dependencies.iter().filter(|(_, seen)| seen["state"] != "ok").map(|(name, _)| name.as_str());
    (status, format!("{} {}", body["state"].as_str().unwrap(), absent.collect::<Vec<_>>().join(",")))
}

async fn until_ready(host: &Host, status: u16, state: &str) {
    until(state, async || readiness(host).await == (status, state.to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_says_what_of_its_cluster_is_away_and_goes_on() {
    let (place, cluster) = (Place::new(), Cluster::start());
    let (near, far) = (cluster.host(&place, "default").await, cluster.host(&place, "far").await);
    let all = near.page("/readyz").await;
    for name in ["artifacts", "broker", "database", "redis"] {
        assert!(all.1.contains(&format!(r#""{name}":{{"state":"ok"}}"#)), "{}", all.1);
    }
    cluster.hand_over().await;

    cluster.rabbitmq.stop().unwrap();
    until_ready(&near, 200, "degraded broker").await;
    cluster.redis.stop().unwrap();
    until_ready(&near, 200, "degraded broker,redis").await;
    cluster.hand_over().await;

    cluster.postgres.stop().unwrap();
    until_ready(&near, 503, "down broker,database,redis").await;
    assert_eq!(near.page("/livez").await.0, 200, "a host whose database is away is not dead");

    cluster.postgres.start_again().unwrap();
    until_ready(&near, 200, "degraded broker,redis").await;
    cluster.redis.start_again().unwrap();
    cluster.rabbitmq.start_again().unwrap();
    until_ready(&near, 200, "ready ").await;
    until_ready(&far, 200, "ready ").await;
    cluster.hand_over().await;

    let secrets =
        [cluster.postgres.place().secret(), cluster.rabbitmq.place().secret(), cluster.redis.place().secret()];
    for host in [near, far] {
        let shown = [host.page("/readyz").await.1, host.page("/metrics").await.1].concat();
        host.signal("TERM");
        let (status, log) = host.ended().await;
        assert!(status.success(), "{status}: {log}");
        for secret in
            secrets.iter().map(|secret| secret.reveal()).chain([cluster.s3.access().secret_access_key.reveal()])
        {
            assert!(secret.is_empty() || !(shown.contains(secret) || log.contains(secret)), "a secret was shown");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_waits_for_a_database_that_is_away_when_it_starts() {
    let (place, postgres) = (Place::new(), Postgres::temporary().unwrap());
    postgres.stop().unwrap();

    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = place.command(&[]);
    command.env("DATABASE_URL", postgres.url()).env("STAGEMARK_LISTEN", address.to_string());
    let starting = tokio::spawn(Host::start(command));
    let state = r#"{"state":"starting","dependencies":{}}"#;
    until(state, async || page(address, "/readyz").await == Some((503, state.to_owned()))).await;
    postgres.start_again().unwrap();

    let host = starting.await.unwrap();
    assert_eq!(readiness(&host).await, (200, "ready ".to_owned()));
    host.signal("TERM");
    assert!(host.ended().await.1.contains("it is waited for"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_s3_credentials_are_wrong_ends_and_says_so() {
    let (place, s3) = (Place::new(), S3::temporary().unwrap());
    let known = s3.access();
    for (id, key) in [(&*known.access_key_id, "Marker-of-a-secret"), ("Marker-of-an-id", "Marker-of-a-secret")] {
        let mut command = place.command(&[("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", key)]);
        command.env("S3_ENDPOINT", &known.endpoint).env("S3_BUCKET", &known.bucket).env("RUST_LOG", "trace");
        command.env_remove("STAGEMARK_ARTIFACTS_FOLDER");

        let ended = tokio::time::timeout(Duration::from_secs(20), command.output()).await;

        let ended = ended.expect("it does not wait for what cannot come").unwrap();
        let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("the artifacts cannot be kept in bucket stagemark"), "{said}");
        assert!(said.contains("the S3 store refuses the credentials for bucket stagemark"), "{said}");
        assert!(!said.contains("Marker"), "{said}");
    }
}
