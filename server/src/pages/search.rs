//! Search.

use app::{
    form::Submitted,
    pages::search::{self, FIELD, View},
};
use axum::extract::Query;
use serde::Deserialize;

use super::{
    answer::{Answer, is_about_form, page, refused},
    errors::Failure,
};
use crate::visit::Visit;

/// Of each kind, where all kinds are shown.
const FEW: usize = 8;
/// Of one kind.
const PAGE: usize = 50;
/// How far one can go on.
const MAX_OFFSET: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default, rename = "in")]
    kind: String,
    #[serde(default)]
    offset: String,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let kind = match asked.kind.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Failure::not_found("kind of thing to search"))?),
    };
    let offset = kind.and_then(|_| asked.offset.parse().ok()).unwrap_or(0).min(MAX_OFFSET);
    let limit = if kind.is_some() { PAGE } else { FEW };
    let found = visit.hub.search(&visit.actor(), &asked.q, kind, offset, limit).await;
    let view = View { query: asked.q, kind, offset, page: PAGE, is_complete: true, found: Vec::new() };
    match found {
        Ok((found, is_complete)) => {
            page(&visit, || search::page(&View { found, is_complete, ..view }, &Submitted::default()))
        }
        Err(error) if is_about_form(&error) => {
            let form = Submitted::new([(FIELD.to_owned(), view.query.clone())]).refused(&error);
            refused(&visit, &error, || search::page(&view, &form))
        }
        Err(error) => Err(error.into()),
    }
}
