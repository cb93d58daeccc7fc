//! Errors of the API: problem details (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hub::{Error, Misfit, StaleCell};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{
    commits::CommitBody,
    merges::{ConflictBody, StatsBody, ViolationBody},
    requests::deciding::DecidedBody,
};

/// An error answer. Boxed: results that carry one are small.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<ProblemBody>);

/// The body of an error answer (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
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
    #[schema(value_type = Vec<Object>)]
    pub(crate) stale: Vec<StaleCell>,
    /// What a draft holds that has no place on its branch any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub(crate) misfits: Vec<Misfit>,
    /// Where decisions were based on others: what is decided now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) decided: Vec<DecidedBody>,
    /// Where a write was based on another commit: the head of the branch now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<String>,
    /// Where a write was based on another commit: the commits that came since, the newest first; at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) between: Option<Vec<CommitBody>>,
    /// Where a merge has something left to decide: what both sides changed differently; the first 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) conflicts: Option<Vec<ConflictBody>>,
    /// Where a merge has something left to decide: the rules that the merged state would break; the first 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) violations: Option<Vec<ViolationBody>>,
    /// Where a merge has something left to decide: how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stats: Option<StatsBody>,
    /// Where something was tried too often: when to try again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
}

/// A field that is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Where it is in the request: a JSON pointer (RFC 6901) into the body, or `/NAME` for a parameter.
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemBody {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            stale: Vec::new(),
            misfits: Vec::new(),
            decided: Vec::new(),
            head: None,
            between: None,
            conflicts: None,
            violations: None,
            stats: None,
            retry_after: None,
        }))
    }

    /// 400: the request is not as this operation takes it.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// One wrong field, with the place where it is.
    pub(crate) fn field(status: StatusCode, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut problem = Self::new(status, detail.clone());
        problem.0.errors.push(FieldProblem { pointer: pointer.into(), detail });
        problem
    }

    /// Says more than the status does.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut ProblemBody)) -> Self {
        add(&mut self.0);
        self
    }
}

/// The status that says what the hub says.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::SignIn => StatusCode::UNAUTHORIZED,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Exists { .. }
        | Error::Stale { .. }
        | Error::State { .. }
        | Error::Decided { .. }
        | Error::Moved { .. } => StatusCode::CONFLICT,
        Error::Service(_) => StatusCode::BAD_GATEWAY,
        Error::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        Error::Read(_) | Error::Storage(_) | Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The place of a field as the hub names it: a JSON pointer already, or the name of a field.
fn pointer(field: &str) -> String {
    if field.starts_with('/') { field.to_owned() } else { format!("/{}", field.replace('~', "~0").replace('/', "~1")) }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let status = status(error);
        if status.is_server_error() {
            // Once, whole, at the boundary; the client is told no more than that.
            tracing::error!(error = error as &dyn std::error::Error, "a request failed");
        }
        Self::new(status, error.to_string()).with(|body| match error {
            Error::Invalid { fields } => {
                let problem = |field: &hub::FieldError| FieldProblem {
                    pointer: pointer(&field.field),
                    detail: field.message.clone(),
                };
                body.errors = fields.iter().map(problem).collect();
            }
            Error::TooMany { after } => body.retry_after = Some(after.as_secs() + 1),
            Error::Stale { cells, misfits, .. } => {
                body.stale.clone_from(cells);
                body.misfits.clone_from(misfits);
            }
            Error::Decided { others } => body.decided = others.iter().map(DecidedBody::from).collect(),
            Error::Moved { head, between, .. } => {
                body.head = head.map(|head| head.to_string());
                body.between = Some(between.iter().cloned().map(CommitBody::from).collect());
            }
            Error::Internal { .. } => body.detail = "A fault of the server; its log has the details.".to_owned(),
            _ => {}
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        let mut answer = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
