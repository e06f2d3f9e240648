//! Refresh tokens: which session, and 256 bits that only the browser has.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::cookie::CookieJar;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ContestSettings;

/// The cookie. It is sent where sessions are, and nowhere else.
const NAME: &str = "refresh";
const PATH: &str = "/api/session";
/// How long a token is good, if it is not used before.
pub(super) const IDLE_MS: i64 = 14 * DAY_MS;
/// How long a session lasts, however often it is refreshed.
pub(super) const LIFE_MS: i64 = 90 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600 * 1_000;
const SECRET_BYTES: usize = 32;

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RefreshToken {
    /// Of which session.
    pub(super) session: Uuid,
    secret: [u8; SECRET_BYTES],
}

impl RefreshToken {
    /// The next one of a session.
    pub(super) fn new(session: Uuid) -> Self {
        Self { session, secret: rand::random() }
    }

    /// The one of a request, if there is one that can be read.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let jar = CookieJar::from_headers(headers);
        let bytes = URL_SAFE_NO_PAD.decode(jar.get(NAME)?.value()).ok()?;
        let (session, secret) = bytes.split_at_checked(16)?;
        Some(Self { session: Uuid::from_slice(session).ok()?, secret: secret.try_into().ok()? })
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret).to_vec()
    }

    /// The value of `Set-Cookie` that carries it.
    pub(super) fn cookie(&self, settings: &ContestSettings) -> HeaderValue {
        let value = URL_SAFE_NO_PAD.encode([self.session.as_bytes().as_slice(), &self.secret].concat());
        set_cookie(&value, IDLE_MS / 1_000, settings)
    }
}

/// The value of `Set-Cookie` that takes a token away.
pub(super) fn no_cookie(settings: &ContestSettings) -> HeaderValue {
    set_cookie("", 0, settings)
}

fn set_cookie(value: &str, age_s: i64, settings: &ContestSettings) -> HeaderValue {
    let secure = if settings.is_https() { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path={PATH}; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).expect("base64 and digits may stand in a header")
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}
