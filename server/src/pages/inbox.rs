//! What somebody was told, and what they want to be told of.

use app::pages::inbox::{self, ADDRESS, ALL};
use axum::{Form, extract::Query};
use hub::InboxPlace;
use serde::Deserialize;

use super::{
    answer::{Answer, At, page, see},
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
    let offers = visit.hub.offers(&visit.actor()).await?;
    page(&visit, || inbox::page(&view, &offers, all, next))
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
