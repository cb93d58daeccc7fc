//! The System page.

use app::pages;
use axum::extract::State;

use super::answer::{Answer, page, see};
use crate::state::AppState;

pub(super) async fn show(State(state): State<AppState>) -> Answer {
    let view = state.hub.system(&state.actor()).await?;
    page(&state, || pages::system::page(&view))
}

pub(super) async fn reclaim(State(state): State<AppState>) -> Answer {
    state.hub.start_reclaiming(&state.actor()).await?;
    see("/system")
}
