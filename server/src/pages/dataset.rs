//! A dataset's page.

use app::pages;

use super::answer::{Answer, At, page};
use crate::visit::Visit;

pub(super) async fn show(state: Visit, at: At) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    let imports = state.hub.imports(&actor, &at.place.path).await?;
    page(&state, || pages::dataset::page(&view, &imports))
}
