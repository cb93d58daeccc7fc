//! A dataset's page.

use app::pages;

use super::answer::{Answer, At, page, see};
use crate::visit::Visit;

pub(super) async fn show(state: Visit, at: At) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    let imports = state.hub.imports(&actor, &at.place.path).await?;
    page(&state, || pages::dataset::page(&view, &imports))
}

pub(super) async fn update_fork(visit: Visit, at: At) -> Answer {
    visit.hub.update_fork(&visit.actor(), &at.place).await?;
    see(&at.address)
}
