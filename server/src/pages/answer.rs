//! Answers of pages: documents, and where a form leads.

use app::shell;
use axum::{
    extract::{FromRequestParts, Path, rejection::PathRejection},
    http::{StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use hub::{DatasetPath, Error};
use leptos::prelude::AnyView;
use serde::Deserialize;

use super::errors::Failure;
use crate::{problem::status, state::AppState};

/// What a handler of a page gives back.
pub(super) type Answer = Result<Response, Failure>;

/// A page.
pub(super) fn page(state: &AppState, view: impl FnOnce() -> AnyView) -> Answer {
    Ok(document(state, StatusCode::OK, view))
}

/// The page of a form that was refused, once more.
pub(super) fn refused(state: &AppState, error: &Error, view: impl FnOnce() -> AnyView) -> Answer {
    Ok(document(state, status(error), view))
}

/// A document with a status. Pages show what is there now, so browsers ask again each time.
pub(super) fn document(state: &AppState, status: StatusCode, view: impl FnOnce() -> AnyView) -> Response {
    let html = shell::render(&state.site, view);
    (status, [(header::CACHE_CONTROL, "no-cache")], Html(html)).into_response()
}

/// Where a form leads that succeeded.
pub(super) fn see(address: &str) -> Answer {
    Ok(Redirect::to(address).into_response())
}

/// Whether a form can be shown again after this error: it says what to do about it. Anything else is an error page.
pub(super) fn is_about_form(error: &Error) -> bool {
    matches!(error, Error::Invalid { .. } | Error::Exists { .. } | Error::Stale { .. } | Error::State { .. })
}

/// The dataset that an address speaks of.
pub(super) struct At {
    pub(super) path: DatasetPath,
    /// The address of its page.
    pub(super) address: String,
}

#[derive(Deserialize)]
struct Segments {
    owner: String,
    dataset: String,
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = PathRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PathRejection> {
        let Path(Segments { owner, dataset }) = Path::from_request_parts(parts, state).await?;
        let address = app::url::dataset(&owner, &dataset);
        Ok(Self { path: DatasetPath { owner, name: dataset }, address })
    }
}
