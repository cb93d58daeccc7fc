//! Answers of pages: documents, and where a form leads.

use app::shell;
use axum::{
    Extension,
    extract::{FromRequestParts, Path},
    http::{StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use hub::{ChangesAsked, Dataset, DatasetPath, Error, Place, Viewed, ViewedKind};
use leptos::{nonce::Nonce, prelude::AnyView};
use serde::Deserialize;
use versioning::{Key, TableId};

use super::errors::Failure;
use crate::{problem::status, visit::Visit};

/// What a handler of a page gives back.
pub(super) type Answer = Result<Response, Failure>;

/// A page.
pub(super) fn page(state: &Visit, view: impl FnOnce() -> AnyView) -> Answer {
    Ok(document(state, StatusCode::OK, view))
}

/// The page of a form that was refused, once more.
pub(super) fn refused(state: &Visit, error: &Error, view: impl FnOnce() -> AnyView) -> Answer {
    Ok(document(state, status(error), view))
}

/// A document with a status. Pages show what is there now, so browsers ask again each time.
pub(super) fn document(state: &Visit, status: StatusCode, view: impl FnOnce() -> AnyView) -> Response {
    let actor = state.actor();
    let can_sign_in = state.hub.has_accounts();
    let name = (can_sign_in && !actor.is_stranger()).then(|| actor.name().to_owned());
    let viewer =
        shell::Viewer { name, can_sign_in, is_admin: actor.is_admin(), unread: state.unread, here: state.here.clone() };
    let nonce = Nonce::new();
    let html = shell::render(&state.site, viewer, nonce.clone(), view);
    (status, [(header::CACHE_CONTROL, "no-cache")], Extension(nonce), Html(html)).into_response()
}

/// Where a form leads that succeeded.
pub(super) fn see(address: &str) -> Answer {
    Ok(Redirect::to(address).into_response())
}

/// Whether a form can be shown again after this error: it says what to do about it. Anything else is an error page.
pub(super) fn is_about_form(error: &Error) -> bool {
    use Error::{Decided, DiskFull, Exists, Invalid, Stale, State, TooMany};
    matches!(
        error,
        Invalid { .. } | Exists { .. } | Stale { .. } | State { .. } | Decided { .. } | TooMany { .. } | DiskFull
    )
}

/// Refuses a form to those who may not edit what is looked at.
pub(super) fn authorise_edit(state: &Visit, dataset: &Dataset, viewed: &Viewed) -> Result<(), Error> {
    if viewed.branch().is_some() {
        return Ok(());
    }
    if state.actor().is_stranger() {
        return Err(Error::SignIn);
    }
    let why = match viewed.kind {
        _ if dataset.archived_at.is_some() => "it is archived",
        ViewedKind::Branch => "that takes a writer",
        ViewedKind::Tag | ViewedKind::Commit | ViewedKind::Past => "only branches can be edited",
    };
    Err(Error::Forbidden { action: format!("change “{}” here: {why}", dataset.path) })
}

/// Which changes are shown, and where a later page of one table's begins.
#[derive(Deserialize)]
pub(super) struct ChangesQuery {
    table: Option<String>,
    after: Option<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    column: String,
}

impl ChangesQuery {
    /// The table and the key behind which the page begins; none for the first page of every table.
    pub(super) fn cursor(&self) -> Result<Option<(TableId, Key)>, Failure> {
        let (Some(table), Some(after)) = (&self.table, &self.after) else { return Ok(None) };
        let unreadable = || Failure::not_found("such page of changes");
        let table = table.parse().map_err(|_| unreadable())?;
        let key = from_hex(after).ok_or_else(unreadable)?;
        Ok(Some((table, Key::from_bytes(key))))
    }

    /// What is asked of the hub.
    pub(super) fn asked(&self) -> Result<ChangesAsked, Failure> {
        let kind = match self.kind.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Failure::not_found("kind of change"))?),
        };
        Ok(ChangesAsked { kind, column: self.column.trim().to_owned(), after: self.cursor()? })
    }
}

/// The bytes that pairs of hexadecimal digits stand for.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The dataset that an address speaks of, in the state that it names: `/OWNER/DATASET/…` or
/// `/OWNER/DATASET/at/REFERENCE/…`.
pub(super) struct At {
    pub(super) place: Place,
    /// The address of its page.
    pub(super) address: String,
}

#[derive(Deserialize)]
struct Segments {
    owner: String,
    dataset: String,
    reference: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Path(Segments { owner, dataset, reference }) =
            Path::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let address = app::url::place(&owner, &dataset, reference.as_deref());
        let unreadable = |_| Failure::not_found("branch, tag or commit of that name").into_response();
        let at = reference.unwrap_or_default().parse().map_err(unreadable)?;
        Ok(Self { place: Place { path: DatasetPath { owner, name: dataset }, at }, address })
    }
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
