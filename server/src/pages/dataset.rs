//! A dataset's page.

use app::pages;
use axum::http::HeaderMap;
use hub::About;

use super::answer::{Answer, At, page, see};
use crate::visit::Visit;

pub(super) async fn show(mut state: Visit, at: At, headers: HeaderMap) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    // Browsers fetch pages that nobody looks at yet.
    if !headers.contains_key("sec-purpose") {
        state.unread = state.hub.seen(&actor, view.dataset.id, About::Role).await;
    }
    let imports = state.hub.imports(&actor, &at.place.path).await?;
    page(&state, || pages::dataset::page(&view, &imports))
}

pub(super) async fn update_fork(visit: Visit, at: At) -> Answer {
    visit.hub.update_fork(&visit.actor(), &at.place).await?;
    see(&at.address)
}
