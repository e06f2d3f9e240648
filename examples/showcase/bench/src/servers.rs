//! The servers that the API stands on: private ones, that end with this process.

use std::{error::Error, path::Path, sync::Arc};

use rand::{Rng, distr::Alphanumeric};
use stagemark_services::{Postgres, Redis, S3};
use tempfile::TempDir;

/// `PostgreSQL`, Redis, an S3 store, and a folder for logs.
pub(crate) struct Servers {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Arc<Redis>,
    s3: S3,
    folder: TempDir,
    secret: String,
}

impl Servers {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let (postgres, redis, s3) = (Postgres::temporary()?, Redis::temporary()?.into(), S3::temporary()?);
        let secret = rand::rng().sample_iter(Alphanumeric).take(64).map(char::from).collect();
        Ok(Self { postgres, redis, s3, folder: tempfile::tempdir()?, secret })
    }

    /// Where logs and the files of tools are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a host is told of them.
    pub(crate) fn variables(&self) -> [(&'static str, String); 7] {
        let s3 = self.s3.access();
        [
            ("DATABASE_URL", self.postgres.url()),
            ("REDIS_URL", self.redis.url()),
            ("S3_ENDPOINT", s3.endpoint),
            ("S3_BUCKET", s3.bucket),
            ("AWS_ACCESS_KEY_ID", s3.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", s3.secret_access_key.reveal().to_owned()),
            ("CONTEST_TOKEN_SECRET", self.secret.clone()),
        ]
    }

    /// A number that the database tells.
    pub(crate) fn number(&self, sql: &str) -> Result<u64, Box<dyn Error>> {
        let told = self.postgres.sql(sql)?;
        told.trim().parse().map_err(|_| format!("`{sql}` gave {told:?}, which is no number").into())
    }
}
