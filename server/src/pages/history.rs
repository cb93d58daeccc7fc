//! History and commits.

use app::pages;
use axum::extract::{Path, Query};
use serde::Deserialize;
use versioning::Hash;

use super::{
    answer::{Answer, At, ChangesQuery, page},
    errors::Failure,
};
use crate::visit::Visit;

/// Commits on a page.
const COMMITS: usize = 50;

#[derive(Deserialize)]
pub(super) struct LogQuery {
    from: Option<String>,
}

pub(super) async fn log(state: Visit, at: At, Query(query): Query<LogQuery>) -> Answer {
    let from: Option<Hash> = match query.from {
        Some(text) => Some(text.parse().map_err(|_| Failure::not_found("commit of that name"))?),
        None => None,
    };
    let view = state.hub.log(&state.actor(), &at.place, from, COMMITS).await?;
    page(&state, || pages::history::page(&view))
}

#[derive(Deserialize)]
pub(super) struct CommitPath {
    hash: String,
}

pub(super) async fn commit(
    state: Visit,
    at: At,
    Path(CommitPath { hash }): Path<CommitPath>,
    Query(query): Query<ChangesQuery>,
) -> Answer {
    let after = query.cursor()?;
    let is_later_page = after.is_some();
    let view = state.hub.commit_view(&state.actor(), &at.place.path, &hash, after).await?;
    page(&state, || pages::commit::page(&view, is_later_page))
}
