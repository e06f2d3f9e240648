//! What the handlers share.

use std::sync::Arc;

use stagemark::Engine;
use stagemark_contest_contract::Role;
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::Rankings;
use stagemark_contest_records::Records;
use stagemark_redis::Redis;
use uuid::Uuid;

use crate::{
    ContestSettings, Problem, Uploads,
    accounts::{self, Passwords},
    limits::Limits,
    rankings::{Names, Pages},
    tokens::Tokens,
};

/// Why an API cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The secret that signs access tokens could be guessed.
    #[error("the secret for access tokens is shorter than 32 bytes; make one with `openssl rand -base64 48`")]
    ShortSecret,
    /// The secret cannot be used.
    #[error("the secret for access tokens cannot be used")]
    Secret(#[source] jsonwebtoken::errors::Error),
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed here: {0}; is there memory enough, and a source of random numbers?")]
    Passwords(argon2::password_hash::Error),
    /// The admin of the settings cannot be one.
    #[error("the admin's name must be 3 to 32 letters, digits, `_` and `-`, and the password at least 10 characters")]
    Admin,
    /// The admin could not be made.
    #[error("the admin of the settings could not be made: {0}")]
    AdminNotMade(String),
}

/// What an API stands on.
#[derive(Debug)]
pub struct Parts {
    /// The contest's tables.
    pub records: Records,
    /// The engine, on the same database.
    pub engine: Engine,
    /// Where the files of videos come in, and are watched from.
    pub uploads: Uploads,
    /// The boards.
    pub rankings: Rankings,
    /// The list of the latest videos.
    pub latest: Latest,
    /// What all hosts share, for the limits that hold over all of them; without it each host counts for itself.
    pub redis: Option<Redis>,
}

/// The state of the router.
pub type Shared = Arc<Api>;

/// What the handlers share: the tables, the engine, the settings.
#[derive(Debug)]
pub struct Api {
    /// The contest's tables.
    pub records: Records,
    /// The engine, on the same database. It serves nothing here, or all of the contest's workflows.
    pub engine: Engine,
    /// Where the files of videos come in, and are watched from.
    pub uploads: Uploads,
    /// The boards.
    pub rankings: Rankings,
    /// The list of the latest videos.
    pub latest: Latest,
    /// The API's own settings.
    pub settings: ContestSettings,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) names: Names,
    /// Pages of boards that are being read.
    pub(crate) pages: Pages,
}

impl Api {
    /// An API on these; the admin whom the settings name is there from now on.
    pub async fn start(parts: Parts, settings: ContestSettings) -> Result<Shared, ApiError> {
        let tokens = Tokens::new(&settings.token_secret)?;
        let passwords = Passwords::new().map_err(ApiError::Passwords)?;
        let (names, pages) = (Names::default(), Pages::default());
        let Parts { records, engine, uploads, rankings, latest, redis } = parts;
        let limits = Limits::new(&settings.rates, redis);
        let api =
            Self { records, engine, uploads, rankings, latest, settings, tokens, passwords, limits, names, pages };
        accounts::ensure_admin(&api).await?;
        Ok(Arc::new(api))
    }

    /// An access token for a player, good for ten minutes.
    pub fn access_token(&self, player: Uuid, role: Role) -> Result<String, Problem> {
        self.tokens.make(player, role).map_err(|error| Problem::internal("signing an access token", &error))
    }
}
