//! Errors of the API: problem details (RFC 9457).

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hub::{Error, StaleCell};
use serde::{Deserialize, Serialize};

/// The body of an error answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// What kind of problem, as an address; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind in words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// This problem in words: what was tried, what is wrong, what to do.
    pub(crate) detail: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// The cells that changed meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stale: Vec<StaleCell>,
}

/// A field that is wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FieldProblem {
    /// Where it is in the request (RFC 6901).
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            stale: Vec::new(),
        }
    }
}

/// The status that says what the hub says.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Exists { .. } | Error::Stale { .. } | Error::State { .. } => StatusCode::CONFLICT,
        Error::Service(_) => StatusCode::BAD_GATEWAY,
        Error::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        Error::Read(_) | Error::Storage(_) | Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let status = status(error);
        if status.is_server_error() {
            // Once, whole, at the boundary; the client is told no more than that.
            tracing::error!(error = error as &dyn std::error::Error, "a request failed");
        }
        let mut problem = Self::new(status, error.to_string());
        match error {
            Error::Invalid { fields } => {
                problem.errors = fields
                    .iter()
                    .map(|field| FieldProblem {
                        pointer: format!("/{}", field.field.replace('~', "~0").replace('/', "~1")),
                        detail: field.message.clone(),
                    })
                    .collect();
            }
            Error::Stale { cells, .. } => problem.stale = cells.clone(),
            Error::Internal { .. } => problem.detail = "A fault of the server; its log has the details.".to_owned(),
            _ => {}
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}
