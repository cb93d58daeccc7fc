//! History and commits.

use app::pages;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use versioning::{Hash, Key, TableId};

use super::{
    answer::{Answer, At, page},
    errors::Failure,
};
use crate::state::AppState;

/// Commits on a page.
const COMMITS: usize = 50;

#[derive(Deserialize)]
pub(super) struct LogQuery {
    from: Option<String>,
}

pub(super) async fn log(State(state): State<AppState>, at: At, Query(query): Query<LogQuery>) -> Answer {
    let from: Option<Hash> = match query.from {
        Some(text) => Some(text.parse().map_err(|_| Failure::not_found("commit of that name"))?),
        None => None,
    };
    let view = state.hub.log(&state.actor(), &at.path, from, COMMITS).await?;
    page(&state, || pages::history::page(&view))
}

#[derive(Deserialize)]
pub(super) struct CommitPath {
    hash: String,
}

/// Where a later page of one table's changes begins.
#[derive(Deserialize)]
pub(super) struct CommitQuery {
    table: Option<String>,
    after: Option<String>,
}

pub(super) async fn commit(
    State(state): State<AppState>,
    at: At,
    Path(CommitPath { hash }): Path<CommitPath>,
    Query(query): Query<CommitQuery>,
) -> Answer {
    let after = cursor(&query)?;
    let is_later_page = after.is_some();
    let view = state.hub.commit_view(&state.actor(), &at.path, &hash, after).await?;
    page(&state, || pages::commit::page(&view, is_later_page))
}

fn cursor(query: &CommitQuery) -> Result<Option<(TableId, Key)>, Failure> {
    let (Some(table), Some(after)) = (&query.table, &query.after) else { return Ok(None) };
    let unreadable = || Failure::not_found("such page of changes");
    let table = table.parse().map_err(|_| unreadable())?;
    let key = from_hex(after).ok_or_else(unreadable)?;
    Ok(Some((table, Key::from_bytes(key))))
}

/// The bytes that pairs of hexadecimal digits stand for.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_hexadecimal_digits() {
        let key = Key::from_bytes(*b"\x00\xffa");
        assert_eq!(from_hex(&format!("{key:?}")), Some(key.as_bytes().to_vec()));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("é"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
