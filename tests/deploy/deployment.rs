//! Servers with the accounts of a deployment, as `deploy/accounts` makes them.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::Duration,
};

use stagemark::{Builder, Engine};
use stagemark_amqp::AmqpDispatch;
use stagemark_blob::{S3Artifacts, S3Options};
use stagemark_contest_records::Records;
use stagemark_services::{Postgres, RabbitMq, Redis, S3};
use stagemark_sql::{Migrations, SqlStore};
use tempfile::TempDir;

use crate::root;

/// `PostgreSQL`, `RabbitMQ`, Redis and an S3 store, and the secrets of all accounts in them.
pub(crate) struct Deployment {
    pub(crate) postgres: Postgres,
    pub(crate) rabbitmq: RabbitMq,
    pub(crate) redis: Redis,
    pub(crate) s3: S3,
    folder: TempDir,
}

impl Deployment {
    /// Starts them, makes the accounts, and the tables as their owner.
    pub(crate) async fn start() -> Self {
        let deployment = tokio::task::spawn_blocking(Self::servers).await.unwrap();
        deployment.postgres_script("roles");
        let owner = deployment.secret("owner-database-url");
        drop(SqlStore::open(&owner).await.unwrap());
        drop(Records::open(&owner).await.unwrap());
        deployment.postgres_script("grants");
        deployment
    }

    fn servers() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rabbitmq = thread::spawn(RabbitMq::temporary);
        let (postgres, redis) = (Postgres::temporary().unwrap(), Redis::temporary().unwrap());
        let rabbitmq = rabbitmq.join().unwrap().unwrap();
        let secrets = folder.path().join("secrets");
        fs::create_dir(&secrets).unwrap();
        fs::write(secrets.join("postgres-superuser-password"), postgres.place().secret().reveal()).unwrap();
        let mut make = Command::new(root().join("deploy/accounts/secrets.sh"));
        make.arg(&secrets).env("POSTGRES_AT", postgres.address().to_string());
        make.env("RABBITMQ_AT", rabbitmq.address().to_string()).env("REDIS_AT", redis.address().to_string());
        succeeds(&mut make);
        let out = folder.path().join("out");
        let mut render = Command::new(root().join("deploy/accounts/render.sh"));
        succeeds(render.arg(&secrets).arg(&out).env("S3_BUCKET", "stagemark"));
        rabbitmq.ctl(&["import_definitions", out.join("rabbitmq-definitions.json").to_str().unwrap()]).unwrap();
        for line in fs::read_to_string(out.join("redis-users.acl")).unwrap().lines().rev() {
            let answer = redis_says(&redis, &[&line.replacen("user ", "ACL SETUSER ", 1)]);
            assert_eq!(answer, ["+OK", "+OK"], "{line}");
        }
        let identities = fs::read_to_string(out.join("s3-identities.json")).unwrap();
        let identities: serde_json::Value = serde_json::from_str(&identities).unwrap();
        let identities: Vec<_> = identities["identities"].as_array().unwrap().iter().map(ToString::to_string).collect();
        Self { postgres, rabbitmq, redis, s3: S3::knowing(&identities).unwrap(), folder }
    }

    /// What is in the file of this secret.
    pub(crate) fn secret(&self, name: &str) -> String {
        fs::read_to_string(self.secrets().join(name)).unwrap()
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.folder.path().join("secrets")
    }

    /// A folder for what a test needs.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// A command that finds the database, as its superuser.
    pub(crate) fn with_postgres(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", "127.0.0.1").env("PGPORT", self.postgres.address().port().to_string());
        command.env("PGUSER", "stagemark");
        command
    }

    pub(crate) fn postgres_script(&self, what: &str) {
        let mut script = self.with_postgres(root().join("deploy/accounts/postgres.sh"));
        succeeds(script.arg(self.secrets()).arg(what));
    }

    /// What a component may do with the store.
    pub(crate) async fn artifacts(&self, component: &str) -> S3Artifacts {
        let access = self.s3.access();
        let secret = self.secret(&format!("s3-{component}-secret-access-key"));
        let options = S3Options::new(access.bucket).endpoint(access.endpoint);
        S3Artifacts::open(options.credentials(format!("contest-{component}"), secret)).await.unwrap()
    }

    /// An engine with the accounts of a component.
    pub(crate) async fn engine(&self, component: &str) -> Builder {
        let url = |server| self.secret(&format!("{component}-{server}-url"));
        let store = SqlStore::options().migrations(Migrations::Expect).open(&url("database")).await.unwrap();
        let redis = stagemark_redis::Redis::connect(&url("redis")).await.unwrap();
        Engine::builder(store)
            .dispatch(AmqpDispatch::connect(url("amqp")).await.unwrap())
            .artifacts(self.artifacts(component).await)
            .locks(redis.clone())
            .dedup(redis.clone())
            .live(redis.clone())
            .limits(redis)
            .scratch(self.scratch())
            .lease(Duration::from_secs(2))
            // So that what the broker does not tell is not found by luck.
            .poll(Duration::from_mins(1))
    }

    /// Runs SQL in the database of the contest as one of its roles; what `psql` said.
    pub(crate) fn sql(&self, component: &str, sql: &str) -> Result<String, String> {
        let url = self.secret(&format!("{component}-database-url"));
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        let output = psql.arg(format!("--command={sql}")).arg(url).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

/// What Redis answers to the password of its first user, and to each of these commands: the first line.
fn redis_says(redis: &Redis, commands: &[&str]) -> Vec<String> {
    let login = format!("AUTH {}", redis.place().secret().reveal());
    answers(redis, &[&[login.as_str()], commands].concat())
}

/// What Redis answers to each of these commands on one connection: the first line.
pub(crate) fn answers(redis: &Redis, commands: &[&str]) -> Vec<String> {
    let stream = TcpStream::connect(redis.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut lines = BufReader::new(&stream).lines();
    let mut ask = |command: &&str| {
        (&stream).write_all(format!("{command}\r\n").as_bytes()).unwrap();
        lines.next().unwrap().unwrap()
    };
    commands.iter().map(&mut ask).collect()
}

/// Runs a command that must do its work.
pub(crate) fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} ended with {}: {said}", command.get_program().display(), output.status);
    output
}
