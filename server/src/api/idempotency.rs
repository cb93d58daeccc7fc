//! `Idempotency-Key`: a retry of a write is answered as the write was, instead of being done again.
//!
//! Answers are kept in memory, up to a number and a size, for 24 hours; a server that is started again has forgotten them.
//! Where it matters that a write is not done twice across that, name its `parent`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use versioning::Hash;

use crate::problem::Problem;

/// The request's header.
pub(crate) const KEY: &str = "idempotency-key";
/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// The most answers that are kept; the oldest go first.
const MAX_ANSWERS: usize = 1_000;
/// The largest answer that is kept, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// The largest body that is read to compare it, in bytes.
const MAX_BODY: usize = 8 << 20;
/// The longest key, in bytes.
const MAX_KEY: usize = 255;

/// The answers that were given.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_key: HashMap<Hash, Entry>,
    /// Oldest first.
    order: VecDeque<(Hash, Instant)>,
}

struct Entry {
    request: Hash,
    /// None while the request is being answered.
    answer: Option<(StatusCode, HeaderMap, Bytes)>,
}

impl Kept {
    fn forget_old(&mut self) {
        while let Some((key, since)) = self.order.front().copied() {
            if self.order.len() <= MAX_ANSWERS && since.elapsed() < KEPT {
                break;
            }
            self.order.pop_front();
            self.by_key.remove(&key);
        }
    }

    fn remove(&mut self, key: &Hash) {
        self.by_key.remove(key);
        self.order.retain(|(other, _)| other != key);
    }
}

/// Forgets a request that was not answered: its client has gone, or it panicked.
struct Pending<'a> {
    answers: &'a Answers,
    key: Hash,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut kept = self.answers.kept();
        if kept.by_key.get(&self.key).is_some_and(|entry| entry.answer.is_none()) {
            kept.remove(&self.key);
        }
    }
}

impl Answers {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a retry with what was answered before.
pub(crate) async fn layer(State(answers): State<Answers>, request: Request, next: Next) -> Response {
    let Some(name) = request.headers().get(KEY).filter(|_| request.method() == Method::POST).cloned() else {
        return next.run(request).await;
    };
    if name.is_empty() || name.len() > MAX_KEY {
        return Problem::bad_request("An Idempotency-Key has 1 to 255 characters.").into_response();
    }
    let (parts, body) = request.into_parts();
    let address = parts.uri.path_and_query().map(|address| address.as_str()).unwrap_or_default().to_owned();
    // What one person was answered is not for another.
    let who = [header::AUTHORIZATION, header::COOKIE]
        .map(|name| parts.headers.get(name).map_or(&b""[..], |value| value.as_bytes()));
    let key = Hash::of(&[name.as_bytes(), b"\n", parts.uri.path().as_bytes(), b"\n", who[0], b"\n", who[1]].concat());
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
    {
        let mut kept = answers.kept();
        kept.forget_old();
        match kept.by_key.get(&key) {
            Some(entry) if entry.request != request => {
                let detail = "This Idempotency-Key came with another request before: take a new one.";
                return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
            }
            Some(Entry { answer: None, .. }) => {
                let detail = "The request with this Idempotency-Key is still being answered: try again.";
                return Problem::new(StatusCode::CONFLICT, detail).into_response();
            }
            Some(Entry { answer: Some((status, headers, body)), .. }) => {
                let mut response = (*status, headers.clone(), body.clone()).into_response();
                response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
                return response;
            }
            None => {
                kept.by_key.insert(key, Entry { request, answer: None });
                kept.order.push_back((key, Instant::now()));
            }
        }
    }
    let pending = Pending { answers: &answers, key };
    let response = next.run(Request::from_parts(parts, body)).await;
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The answer broke off.").into_response();
    };
    // What failed on our side may be tried again, and a conflict may be gone by then.
    if parts.status.is_success()
        && bytes.len() <= MAX_ANSWER
        && let Some(entry) = answers.kept().by_key.get_mut(&key)
    {
        entry.answer = Some((parts.status, parts.headers.clone(), bytes.clone()));
    }
    std::mem::drop(pending);
    Response::from_parts(parts, Body::from(bytes))
}
