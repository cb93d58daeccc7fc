//! The REST API, version 1: JSON over HTTP under `/api/v1`. A handler reads the request, calls the hub, and writes the
//! answer; errors are problem details.

pub(crate) mod commits;
pub(crate) mod datasets;
pub(crate) mod imports;
pub(crate) mod rows;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
};
use hub::{ParseReferenceError, Reference};
use serde::{Serialize, de::DeserializeOwned};
use versioning::Value;

use crate::problem::Problem;

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

/// A time in microseconds since the epoch as RFC 3339 in UTC.
pub(crate) fn time(micros: i64) -> Option<String> {
    versioning::value::Timestamp::from_micros(micros).map(|time| time.to_string())
}

/// The state that a request asks for with `ref`.
pub(crate) fn reference(text: Option<&str>) -> Result<Reference, Problem> {
    let parsed = text.unwrap_or_default().parse();
    parsed.map_err(|error: ParseReferenceError| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}

/// A cell as JSON: numbers that JSON holds exactly as numbers, the others as text.
pub(crate) fn cell(value: &Value) -> serde_json::Value {
    /// Beyond this, programs that read numbers as binary64 lose digits.
    const SAFE: u64 = 1 << 53;
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(number) if number.unsigned_abs() <= SAFE => (*number).into(),
        Value::Float(number) => number.number().into(),
        Value::Json(json) => serde_json::from_str(json.as_str()).unwrap_or_default(),
        other => other.to_string().into(),
    }
}

/// The parts of an address, with errors as problem details.
pub(crate) struct Address<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Address<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(address)) => Ok(Self(address)),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
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
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
        }
    }
}
