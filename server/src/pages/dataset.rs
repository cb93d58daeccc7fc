//! A dataset's page.

use app::pages;
use axum::extract::State;

use super::answer::{Answer, At, page};
use crate::state::AppState;

pub(super) async fn show(State(state): State<AppState>, at: At) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    let imports = state.hub.imports(&actor, &at.place.path).await?;
    page(&state, || pages::dataset::page(&view, &imports))
}
