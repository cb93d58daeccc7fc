//! What requests say: parts of addresses, parameters, JSON bodies; all errors are problem details that name the place.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use hub::{DatasetPath, ParseReferenceError, Place, Reference};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use versioning::Hash;

use crate::problem::Problem;

/// Things on a page where the request does not say.
pub(crate) const DEFAULT_LIMIT: usize = 100;
/// The most things on a page.
pub(crate) const MAX_LIMIT: usize = 1_000;

/// The parts of an address, with errors as problem details.
pub(crate) struct Address<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Address<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(address)) => Ok(Self(address)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// The query of an address, with errors as problem details.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// A JSON body, with errors as problem details: 400 where it is no JSON, 422 with the place where something else is wrong.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON with Content-Type: application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error: BytesRejection| Problem::new(error.status(), error.body_text()))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let pointer = pointer(error.path());
            let error = error.into_inner();
            if error.is_data() {
                Problem::field(StatusCode::UNPROCESSABLE_ENTITY, pointer, error.to_string())
            } else {
                Problem::bad_request(format!("The body is no JSON: {error}."))
            }
        })?;
        reader.end().map_err(|error| Problem::bad_request(format!("The body is no JSON: {error}.")))?;
        Ok(Self(value))
    }
}

/// A JSON body that may be missing: then everything is as it is without being said.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // An empty body has no kind.
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return Body::from_request(request, state).await.map(|Body(body)| Self(body));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error: BytesRejection| Problem::new(error.status(), error.body_text()))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send JSON with Content-Type: application/json."))
    }
}

/// The path to a value as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// The state that a request asks for: a reference, perhaps at a time.
pub(crate) fn reference(text: Option<&str>, at: Option<&str>) -> Result<Reference, Problem> {
    let refused = |field: &'static str| {
        move |error: ParseReferenceError| Problem::field(StatusCode::BAD_REQUEST, field, format!("{error}."))
    };
    let parsed: Reference = text.unwrap_or_default().parse().map_err(refused("/ref"))?;
    match at {
        Some(time) => parsed.at_time(time).map_err(refused("/at")),
        None => Ok(parsed),
    }
}

/// A dataset in the state that a request names; its default branch where it names none.
pub(crate) fn place((owner, name): (String, String), text: Option<&str>) -> Result<Place, Problem> {
    Ok(Place { path: DatasetPath { owner, name }, at: reference(text, None)? })
}

/// How many things a page has.
pub(crate) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Problem::field(StatusCode::BAD_REQUEST, "/limit", format!("limit is 1 to {MAX_LIMIT}."))),
    }
}

/// The head that a write is based on: from the body, or from If-Match.
pub(crate) fn parent(body: Option<&str>, headers: &HeaderMap) -> Result<Option<Hash>, Problem> {
    let hash = |text: &str, field: &str| {
        text.parse::<Hash>()
            .map_err(|error| Problem::field(StatusCode::UNPROCESSABLE_ENTITY, field, format!("{error}.")))
    };
    let stated = body.map(|text| hash(text, "/parent")).transpose()?;
    let matched = match headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("*") => None,
        Some(text) => Some(hash(text.trim().trim_matches('"'), "/If-Match")?),
    };
    if let (Some(stated), Some(matched)) = (stated, matched)
        && stated != matched
    {
        return Err(Problem::bad_request("parent and If-Match name different commits."));
    }
    Ok(stated.or(matched))
}
