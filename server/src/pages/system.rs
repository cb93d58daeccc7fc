//! The System page.

use app::pages;

use super::answer::{Answer, page, see};
use crate::visit::Visit;

pub(super) async fn show(state: Visit) -> Answer {
    let view = state.hub.system(&state.actor()).await?;
    page(&state, || pages::system::page(&view))
}

pub(super) async fn reclaim(state: Visit) -> Answer {
    state.hub.start_reclaiming(&state.actor()).await?;
    see("/system")
}
