//! The API's description, as `OpenAPI` writes it.

use stagemark_contest_contract::ProblemDetails;
use utoipa::{
    OpenApi,
    openapi::{
        Content, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
        path::{Operation, Parameter, ParameterIn},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{problem::MEDIA_TYPE, router::routes};

/// What stands above the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Contest",
        description = "A contest of short videos, on Stagemark. Every error is a problem of RFC 9457; docs/problems.md explains their types.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemDetails)),
    tags(
        (name = "accounts", description = "Who takes part, and who is signed in."),
        (name = "uploads", description = "How a video comes in."),
        (name = "runs", description = "How far a video is."),
        (name = "videos", description = "Watching, searching, liking."),
        (name = "rankings", description = "Boards, and the events that move them."),
        (name = "operations", description = "For admins."),
    ),
)]
struct Head;

/// The whole description. What each handler says of itself is completed by the problems that all have.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        operations.into_iter().flatten().for_each(complete);
    }
    document
}

/// The description before the first path.
pub(crate) fn head() -> utoipa::openapi::OpenApi {
    let mut head = Head::openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = head.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description("refresh", "Sent by the browser; scripts cannot read it");
    components.add_security_scheme("refresh", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    head
}

/// Adds the problems that follow from what the operation takes, and says of each that it is one.
fn complete(operation: &mut Operation) {
    let mut also = vec![("408", "too-slow"), ("500", "internal"), ("503", "unavailable")];
    if operation.request_body.is_some() {
        also.extend([("400", "malformed-request"), ("413", "payload-too-large")]);
        also.extend([("415", "unsupported-media-type"), ("422", "invalid-fields")]);
    }
    if operation.parameters.iter().flatten().any(is_in_query) {
        also.push(("422", "invalid-fields"));
    }
    if operation.security.is_some() {
        also.push(("401", "unauthenticated"));
    }
    let responses = &mut operation.responses.responses;
    for (status, what) in also {
        let response = || RefOr::T(ResponseBuilder::new().description(what).build());
        responses.entry(status.to_owned()).or_insert_with(response);
    }
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            *response = problem(status, &response.description);
        }
    }
}

fn is_in_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
}

fn problem(status: &str, description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new().description(description).content(MEDIA_TYPE, content);
    if !matches!(status, "429" | "503") {
        return response.build();
    }
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
    let wait = HeaderBuilder::new().schema(Some(seconds)).description(Some("When to ask again, in seconds"));
    response.header("Retry-After", wait.build()).build()
}
