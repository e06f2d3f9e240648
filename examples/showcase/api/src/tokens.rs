//! Access tokens: who is signed in, for a few minutes, without asking the database.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use stagemark_contest_contract::{Moment, Role};
use uuid::Uuid;

use crate::ApiError;

/// How long an access token is good for.
pub(crate) const LIFE_S: u32 = 600;
/// As long as the hash that signs: a shorter one could be guessed from a token.
const SECRET_BYTES_MIN: usize = 32;
const ISSUER: &str = "stagemark-contest";

/// Makes and reads access tokens.
#[derive(Clone)]
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Which player.
    pub(crate) sub: Uuid,
    pub(crate) role: Role,
    iss: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    pub(crate) fn new(secret: &SecretString) -> Result<Self, ApiError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(ApiError::ShortSecret);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        let encoding = EncodingKey::from_secret(secret).map_err(ApiError::Secret)?;
        let decoding = DecodingKey::from_secret(secret).map_err(ApiError::Secret)?;
        Ok(Self { encoding, decoding, validation })
    }

    pub(crate) fn make(&self, player: Uuid, role: Role) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = Moment::now().0 / 1_000;
        let claims = Claims { sub: player, role, iss: ISSUER.to_owned(), iat, exp: iat + i64::from(LIFE_S) };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// What a token says, if it was made here and is still good.
    pub(crate) fn read(&self, token: &str) -> Option<Claims> {
        jsonwebtoken::decode(token, &self.decoding, &self.validation).ok().map(|read| read.claims)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}
