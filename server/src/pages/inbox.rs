//! What somebody was told, and what they want to be told of.

use app::{
    form::Submitted,
    pages::inbox::{self, ADDRESS, ALL, Waiting},
};
use axum::{Form, extract::Query};
use hub::{Error, InboxPlace};
use serde::Deserialize;

use super::{
    answer::{Answer, At, page, refused, see},
    errors::Failure,
};
use crate::{api::cursor, visit::Visit};

/// Notices on a page.
const MANY: usize = 50;
/// Names the list in the places where pages begin.
const LIST: [&str; 1] = ["inbox"];

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    show: String,
    #[serde(default)]
    before: String,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let all = asked.show == ALL;
    let before: Option<InboxPlace> = match asked.before.as_str() {
        "" => None,
        text => Some(cursor::read(&LIST, text).map_err(|_| Failure::not_found("such page of the inbox"))?),
    };
    let view = visit.hub.inbox(&visit.actor(), !all, before.as_ref(), MANY).await?;
    let next = view.next.clone().and_then(|next| cursor::write(&LIST, next));
    let next = next.map(|next| app::url::with_query(ADDRESS, &[("show", asked.show.as_str()), ("before", &next)]));
    let waiting = waiting(&visit).await?;
    page(&visit, || inbox::page(&view, &waiting, all, next, &Submitted::default()))
}

async fn waiting(visit: &Visit) -> Result<Waiting, Failure> {
    let actor = visit.actor();
    Ok(Waiting { offers: visit.hub.offers(&actor).await?, invitations: visit.hub.own_invitations(&actor).await? })
}

/// The page of what is unread, with the answer to an offer that was refused.
pub(super) async fn again(visit: &Visit, form: Submitted, error: &Error) -> Answer {
    let view = visit.hub.inbox(&visit.actor(), true, None, MANY).await?;
    let (waiting, form) = (waiting(visit).await?, form.refused(error));
    refused(visit, error, || inbox::page(&view, &waiting, false, None, &form))
}

/// One notice, or all.
#[derive(Deserialize)]
pub(super) struct Read {
    notice: Option<String>,
}

pub(super) async fn read(visit: Visit, Form(Read { notice }): Form<Read>) -> Answer {
    let ids = notice.map(|notice| vec![notice]);
    visit.hub.mark_read(&visit.actor(), ids.as_deref()).await?;
    see(ADDRESS)
}

#[derive(Deserialize)]
pub(super) struct Watched {
    level: String,
}

/// What somebody wants to be told of in a dataset.
pub(super) async fn watch(visit: Visit, at: At, Form(Watched { level }): Form<Watched>) -> Answer {
    visit.hub.set_watch(&visit.actor(), &at.place.path, level.parse()?).await?;
    see(&at.address)
}
