//! What comes in with a request, and the problems that it may have.

use axum::{
    body::Body,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

use crate::{Kind, Problem};

/// How large a body in JSON may be.
pub(crate) const JSON_BYTES_MAX: usize = 64 * 1024;

/// A body in JSON. Fields that its type does not know are refused, if the type says so.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::UnsupportedMediaType, "Send the body as application/json."));
        }
        let bytes = read(request.into_body()).await?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| refused(&error))?;
        reader.end().map_err(|error| malformed(&error))?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(body: Body) -> Result<axum::body::Bytes, Problem> {
    axum::body::to_bytes(body, JSON_BYTES_MAX).await.map_err(|error| {
        let is_cut = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
        if is_cut {
            Problem::new(Kind::PayloadTooLarge, format!("The body is larger than {JSON_BYTES_MAX} bytes."))
        } else {
            Problem::new(Kind::MalformedRequest, "The body broke off.")
        }
    })
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::MalformedRequest, format!("The body is no JSON: {error}."))
}

fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let cause = error.inner();
    if !cause.is_data() {
        return malformed(cause);
    }
    let path = error.path().to_string();
    let message = cause.to_string();
    // Where in the text it was is of no use to a form.
    let message = message.split(" at line ").next().unwrap_or_default();
    Problem::field(if path == "." { "body" } else { &*path }, message)
}

/// What stands in the path. What cannot be read names nothing.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    axum::extract::Path<T>: FromRequestParts<S, Rejection = PathRejection>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|_| Problem::not_found())
    }
}

/// What stands behind the `?`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    axum::extract::Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection| {
            Problem::field("query", rejection.body_text().replace("Failed to deserialize query string: ", ""))
        })
    }
}
