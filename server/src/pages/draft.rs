//! The draft: looked at, committed, thrown away.

use app::{form::Submitted, pages, pages::draft::UPSTREAM};
use axum::{Form, extract::Query};
use hub::{Error, Settle, Side};

use super::answer::{Answer, At, ChangesQuery, is_about_form, page, refused, see};
use crate::visit::Visit;

pub(super) async fn show(state: Visit, at: At, Query(query): Query<ChangesQuery>) -> Answer {
    let after = query.cursor()?;
    let is_later_page = after.is_some();
    let view = state.hub.draft(&state.actor(), &at.place, after).await?;
    page(&state, || pages::draft::page(&view, &Submitted::default(), is_later_page))
}

pub(super) async fn commit(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    let message = form.or("message", "");
    if form.value("propose") == Some(UPSTREAM) {
        return match state.hub.propose_upstream(&state.actor(), &at.place, revision(&form), &message).await {
            Ok((path, number)) => see(&app::components::request::address(&path, number)),
            Err(error) => again(&state, &at, form, error).await,
        };
    }
    if form.value("propose").is_some() {
        return match state.hub.propose_draft(&state.actor(), &at.place, revision(&form), &message).await {
            Ok(number) => {
                let path = &at.place.path;
                see(&format!("{}/requests/{number}", app::url::dataset(&path.owner, &path.name)))
            }
            Err(error) => again(&state, &at, form, error).await,
        };
    }
    match state.hub.commit(&state.actor(), &at.place, revision(&form), &message, settle(&form)).await {
        Ok(hash) => {
            let path = &at.place.path;
            see(&app::url::commit(&app::url::dataset(&path.owner, &path.name), &hash.to_string()))
        }
        Err(error) => again(&state, &at, form, error).await,
    }
}

pub(super) async fn discard(state: Visit, at: At, Form(values): Form<Vec<(String, String)>>) -> Answer {
    let form = Submitted::new(values);
    match state.hub.discard(&state.actor(), &at.place, revision(&form)).await {
        Ok(()) => see(&at.address),
        Err(error) => again(&state, &at, form, error).await,
    }
}

/// The page with the draft as it is now.
async fn again(state: &Visit, at: &At, form: Submitted, error: Error) -> Answer {
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = state.hub.draft(&state.actor(), &at.place, None).await?;
    refused(state, &error, || pages::draft::page(&view, &form, false))
}

/// The revision that the person saw; one that no draft has where the form has none.
fn revision(form: &Submitted) -> u64 {
    form.value("revision").and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

/// What the person decided about cells that both sides changed: `draft:` or `branch:`, and the head they saw. With
/// `:without` behind it what has no place on the branch is left out.
fn settle(form: &Submitted) -> Option<Settle> {
    let (keep, head) = form.value("settle")?.split_once(':')?;
    let keep = match keep {
        "draft" => Side::Draft,
        "branch" => Side::Branch,
        _ => return None,
    };
    let (head, leaves_out) = match head.split_once(':') {
        None => (head, false),
        Some((head, "without")) => (head, true),
        Some(_) => return None,
    };
    Some(Settle { keep, leaves_out, head: head.parse().ok()? })
}
