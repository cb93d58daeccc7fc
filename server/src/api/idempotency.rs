//! `Idempotency-Key`: a retry of a write is answered as the write was, instead of being done again.
//!
//! Answers are kept for a day, for who was answered and nobody else, also when the server is started again meanwhile. What
//! was begun and not answered before it stopped is not done again either: nobody knows how far it came.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hub::{Begun, Doing, Retry};
use serde::{Deserialize, Serialize};
use versioning::Hash;

use crate::{problem::Problem, state::AppState, visit::Visit};

/// The request's header.
pub(crate) const KEY: &str = "idempotency-key";
/// The largest answer that is kept, in bytes.
const MAX_ANSWER: usize = 16 << 10;
/// The largest body that is read to compare it, in bytes.
const MAX_BODY: usize = 8 << 20;
/// The longest key, in bytes.
const MAX_KEY: usize = 255;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// None where it is too long or has a secret in it, which is shown once.
    body: Option<String>,
}

impl Kept {
    fn of(status: StatusCode, headers: &axum::http::HeaderMap, body: &[u8]) -> Self {
        let is_secret = headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store");
        let body = std::str::from_utf8(body).ok().filter(|body| !is_secret && body.len() <= MAX_ANSWER);
        let text =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        Self {
            status: status.as_u16(),
            headers: headers.iter().filter_map(text).collect(),
            body: body.map(str::to_owned),
        }
    }

    fn into_response(self) -> Response {
        let Some(body) = self.body else {
            return conflict(
                "The request with this Idempotency-Key was done. Its answer is not kept, because it was too long or had a \
                 secret in it.",
            );
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        response
    }
}

fn conflict(detail: &str) -> Response {
    Problem::new(StatusCode::CONFLICT, detail).into_response()
}

/// Answers a retry with what was answered before.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(name) = request.headers().get(KEY).filter(|_| request.method() == Method::POST).cloned() else {
        return next.run(request).await;
    };
    if name.is_empty() || name.len() > MAX_KEY {
        return Problem::bad_request("An Idempotency-Key has 1 to 255 characters.").into_response();
    }
    let (mut parts, body) = request.into_parts();
    let visit = match Visit::from_request_parts(&mut parts, &state).await {
        Ok(visit) => visit,
        Err(problem) => return problem.into_response(),
    };
    if visit.actor().is_stranger() {
        // They are told what strangers are told.
        return next.run(Request::from_parts(parts, body)).await;
    }
    let address = parts.uri.path_and_query().map(|address| address.as_str()).unwrap_or_default().to_owned();
    let path = parts.uri.path().to_owned();
    let is_json =
        parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    // A file may be of any size and is not read twice: it counts as the same where its length is.
    let (mark, body) = if is_json {
        match to_bytes(body, MAX_BODY).await {
            Ok(bytes) => (bytes.clone(), Body::from(bytes)),
            Err(_) => return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.").into_response(),
        }
    } else {
        let length = parts.headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes).unwrap_or_default();
        (Bytes::copy_from_slice(length), body)
    };
    let request = Hash::of(&[address.as_bytes(), b"\n", &mark].concat());
    let retry = Retry { key: name.as_bytes(), path: &path, request };
    let doing = match state.hub.begin_once(&visit.actor(), retry).await {
        Ok(Begun::New(doing)) => doing,
        Ok(Begun::Answered(kept)) => return replayed(&kept),
        Ok(Begun::Running) => {
            return conflict("The request with this Idempotency-Key is still being answered: try again.");
        }
        Ok(Begun::Interrupted) => {
            return conflict(
                "The server stopped while it answered the request with this Idempotency-Key. Look whether it was done; \
                 where it was not, send it with a new key.",
            );
        }
        Ok(Begun::Other) => {
            let detail = "This Idempotency-Key came with another request before: take a new one.";
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
        }
        Err(error) => return Problem::from(error).into_response(),
    };
    answer(doing, next.run(Request::from_parts(parts, body)).await).await
}

fn replayed(kept: &str) -> Response {
    match serde_json::from_str::<Kept>(kept) {
        Ok(kept) => kept.into_response(),
        Err(_) => conflict("The request with this Idempotency-Key was done. Its answer can't be read any more."),
    }
}

/// Keeps the answer, where something was done. What was refused may be tried again.
async fn answer(doing: Doing, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The answer broke off.").into_response();
    };
    if parts.status.is_success() {
        let kept = Kept::of(parts.status, &parts.headers, &bytes);
        doing.done(&serde_json::to_string(&kept).unwrap_or_default()).await;
    } else {
        doing.not_done().await;
    }
    Response::from_parts(parts, Body::from(bytes))
}
