//! Problems: every answer that is not what was asked for (RFC 9457).

use std::{borrow::Cow, error::Error, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use stagemark::SubmitError;
use stagemark_contest_contract::{FieldProblem, ProblemDetails};

use crate::trace::Trace;

/// What a problem is sent as.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// When to ask again where something is away that comes back by itself.
const AWAY: Duration = Duration::from_secs(2);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        /// What kind of problem it is; `docs/problems.md` explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the `type` of an answer.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),* }
            }

            /// The status of the answer.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),* }
            }

            /// The kind in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

kinds! {
    /// The request cannot be read.
    MalformedRequest = "malformed-request", BAD_REQUEST, "The request cannot be read";
    /// A field is missing, unknown or not what it must be.
    InvalidFields = "invalid-fields", UNPROCESSABLE_ENTITY, "A field is not what it must be";
    /// Nobody is signed in.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first";
    /// Name and password do not belong together.
    WrongCredentials = "wrong-credentials", UNAUTHORIZED, "Name or password is wrong";
    /// A refresh token was used twice.
    SessionReused = "session-reused", UNAUTHORIZED, "The session was ended for safety";
    /// Whoever asks may not.
    Forbidden = "forbidden", FORBIDDEN, "This is not allowed to you";
    /// There is no such thing, or none that whoever asks may see.
    NotFound = "not-found", NOT_FOUND, "There is no such thing";
    /// The thing is there and does not take this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not known here";
    /// The thing is not in the state that this needs.
    Conflict = "conflict", CONFLICT, "This cannot be done now";
    /// Another player has the name.
    NameTaken = "name-taken", CONFLICT, "The name is taken";
    /// An idempotency key came with another request.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The key belongs to another request";
    /// The body is larger than is taken.
    PayloadTooLarge = "payload-too-large", PAYLOAD_TOO_LARGE, "The request is too large";
    /// The body is of another type than is taken.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The type of the body is not taken";
    /// The file has no such range of bytes.
    NoSuchRange = "no-such-range", RANGE_NOT_SATISFIABLE, "The file has no such range";
    /// The request took too long to come in, or to answer.
    TooSlow = "too-slow", REQUEST_TIMEOUT, "The request took too long";
    /// Too much was asked in too short a time.
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "Too many requests";
    /// Something that is needed is away.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Try again soon";
    /// The host is at fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here";
}

/// A number as another type has it, where it always should fit; one that does not is a fault of this side.
pub(crate) fn whole<T, U>(doing: &'static str, number: T) -> Result<U, Problem>
where
    U: TryFrom<T, Error: Error + 'static>,
{
    number.try_into().map_err(|error: U::Error| Problem::internal(doing, &error))
}

/// Why a request is refused; the answer of a handler that cannot give what was asked for.
///
/// ```
/// use stagemark_contest_api::{Kind, Problem};
///
/// let problem = Problem::new(Kind::Conflict, "The upload lacks part 3; send it first.");
/// assert_eq!(problem.kind().status().as_u16(), 409);
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this kind, with what is wrong with the request in whole sentences. They are shown: nothing of the host
    /// stands in them.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (kind == Kind::Unavailable).then_some(AWAY);
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after }
    }

    /// There is no such thing, or none that whoever asks may see.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing here, or nothing that you may see.")
    }

    /// A field is not what it must be.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldProblem { field: field.into(), message: message.into() }])
    }

    /// Some fields are not what they must be.
    pub fn fields(errors: Vec<FieldProblem>) -> Self {
        let named: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        Self { errors, ..Self::new(Kind::InvalidFields, named.join("; ") + ".") }
    }

    /// An error that is nobody's fault outside; it is logged and not shown.
    pub fn internal(doing: &'static str, error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error, "{doing} failed");
        Self::new(Kind::Internal, "The fault is on this side and was recorded. Try again later.")
    }

    /// Something that is needed does not answer; it is logged and not shown.
    pub fn unavailable(doing: &'static str, error: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error, "{doing} failed for now");
        Self::new(Kind::Unavailable, "Something that this needs does not answer at the moment. Try again soon.")
    }

    /// Tells when to ask again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What is wrong with the request.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What kind of problem it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { kind, detail, errors, retry_after } = self;
        let details = ProblemDetails {
            kind: format!("/problems/{}", kind.slug()),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.into_owned(),
            instance: Trace::current().map(|trace| format!("/traces/{}", trace.id())),
            errors,
        };
        let body = serde_json::to_vec(&details).expect("texts and a number can be written as JSON");
        let mut response = (kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = retry_after {
            // Rounded up: whoever comes at the second is not refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        response
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        if is_away(&error) {
            Self::unavailable("asking the database", &error)
        } else {
            Self::internal("asking the database", &error)
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Store(_) | SubmitError::Closed => Self::unavailable("submitting a run", &error),
            _ => Self::internal("submitting a run", &error),
        }
    }
}

/// Whether the same may succeed a little later: no connection, a lock that others hold, an answer that came too late, or
/// two transactions of which one had to give way.
fn is_away(error: &DbErr) -> bool {
    const PASSING: [&str; 8] = ["57014", "57P01", "57P02", "57P03", "40001", "40P01", "5", "517"];
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return false };
    match runtime {
        sea_orm::RuntimeErr::SqlxError(error) => match &**error {
            sea_orm::SqlxError::Database(error) => error.code().is_some_and(|code| PASSING.contains(&&*code)),
            sea_orm::SqlxError::Io(_) | sea_orm::SqlxError::PoolTimedOut | sea_orm::SqlxError::PoolClosed => true,
            _ => false,
        },
        sea_orm::RuntimeErr::Internal(_) => false,
    }
}
