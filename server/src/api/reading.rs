//! Reads of a state: which commit is read is decided once, so that all of an answer is of one state; the answer names it,
//! and a client that has it already gets 304.

use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hub::{DatasetPath, Place, Reference, Viewed};
use serde::Deserialize;
use versioning::Hash;

use super::request::reference;
use crate::{problem::Problem, state::AppState, visit::Visit};

/// The header that names the commit which an answer is of.
pub(crate) const COMMIT: &str = "anabranch-commit";

/// What every read of a state understands; the parameters are described with each operation.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(rename = "ref")]
    reference: Option<String>,
    at: Option<String>,
    #[serde(default)]
    draft: Option<String>,
}

/// A state of a dataset that is about to be read.
pub(crate) struct Reading {
    /// The dataset at the commit itself, so that nothing moves below the answer; drafts are not part of a commit. With
    /// `draft=true`, the branch.
    pub(crate) place: Place,
    /// What was asked for.
    pub(crate) viewed: Viewed,
    /// Names the answer: the same address at the same commit is answered the same.
    tag: Option<HeaderValue>,
}

/// Why there is nothing to read.
pub(crate) enum Halt {
    Problem(Problem),
    /// The client has the answer.
    NotModified(HeaderMap),
}

impl IntoResponse for Halt {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::NotModified(headers) => (StatusCode::NOT_MODIFIED, headers).into_response(),
        }
    }
}

impl<E: Into<Problem>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl FromRequestParts<AppState> for Reading {
    type Rejection = Halt;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Halt> {
        let address = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        let part = |name| address.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        let path = DatasetPath { owner: part("owner").unwrap_or_default(), name: part("dataset").unwrap_or_default() };
        let asked = Query::<Asked>::try_from_uri(&parts.uri)
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        let place = Place { path, at: reference(asked.reference.as_deref(), asked.at.as_deref())? };
        let visit = Visit::from_request_parts(parts, state).await?;
        let viewed = visit.hub.viewed(&visit.actor(), &place).await?;
        if asked.draft.as_deref() == Some("true") {
            return Ok(Self { place, viewed, tag: None });
        }
        let tag = viewed.commit.and_then(|commit| {
            let address = parts.uri.path_and_query().map(|address| address.as_str()).unwrap_or_default();
            let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            let name = Hash::of(format!("{commit} {address} {accept} {}", env!("CARGO_PKG_VERSION")).as_bytes());
            HeaderValue::from_str(&format!("W/\"{}\"", &name.to_string()[..32])).ok()
        });
        let reading = Self { place, viewed, tag }.at_commit();
        if let Some(tag) = &reading.tag
            && has(&parts.headers, tag)
        {
            return Err(Halt::NotModified(reading.headers()));
        }
        Ok(reading)
    }
}

/// Whether the client says that it has this answer (RFC 9110, 13.1.2: tags are compared weakly).
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let tag = tag.to_str().map(opaque).unwrap_or_default();
    let texts = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| opaque(one) == tag)
}

impl Reading {
    /// Reads the commit, whatever becomes of the branch.
    fn at_commit(mut self) -> Self {
        if let Some(commit) = self.viewed.commit {
            self.place.at = Reference::named(commit.to_string());
        }
        self
    }

    /// Reads another commit of the dataset: the one at which a walk through pages began.
    pub(crate) fn back_to(mut self, commit: Option<Hash>) -> Self {
        if commit.is_some() && self.tag.is_some() {
            self.viewed.commit = commit;
            return self.at_commit();
        }
        self
    }

    /// Whether the person's draft is shown.
    pub(crate) const fn shows_draft(&self) -> bool {
        self.tag.is_none()
    }

    /// The commit, for cursors.
    pub(crate) fn commit(&self) -> Option<Hash> {
        self.viewed.commit.filter(|_| !self.shows_draft())
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(commit) = self.viewed.commit.and_then(|hash| HeaderValue::from_str(&hash.to_string()).ok()) {
            headers.insert(COMMIT, commit);
        }
        if let Some(tag) = &self.tag {
            headers.insert(header::ETAG, tag.clone());
        }
        headers
    }

    /// The answer, with the commit and its tag.
    pub(crate) fn answer(&self, body: impl serde::Serialize) -> Response {
        (self.headers(), axum::Json(body)).into_response()
    }

    /// The answer, with the commit but no tag: it holds what is not part of the state.
    pub(crate) fn answer_untagged(&self, body: impl serde::Serialize) -> Response {
        let mut headers = self.headers();
        headers.remove(header::ETAG);
        (headers, axum::Json(body)).into_response()
    }
}
