//! `/offers` and `…/{dataset}/offer`: datasets that their owners want to give to somebody else

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, OfferView, Place};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, List, OptionalBody, datasets::DatasetBody, time};
use crate::{problem::Problem, visit::Visit};

/// A dataset that is offered to somebody.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Offer)]
pub(crate) struct OfferBody {
    /// The dataset, as OWNER/NAME.
    dataset: String,
    /// What people call it.
    title: String,
    /// Who offers it.
    made_by: String,
    /// To whom.
    to: String,
    /// When.
    created_at: Option<String>,
}

/// How an offer is taken.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakingBody {
    /// What it is called in the caller's namespace, valid as for a new dataset; its name where missing.
    #[serde(default)]
    name: Option<String>,
}

impl From<OfferView> for OfferBody {
    fn from(offer: OfferView) -> Self {
        let OfferView { path, title, made_by, to, created_at } = offer;
        Self { dataset: path.to_string(), title, made_by, to, created_at: time(created_at) }
    }
}

/// The datasets that are offered to the caller, the last offered first.
#[utoipa::path(
    get, path = "/offers", tag = "datasets",
    responses((status = 200, description = "The offers.", body = List<OfferBody>)),
)]
pub(crate) async fn list(state: Visit) -> Result<Json<List<OfferBody>>, Problem> {
    let offers = state.hub.offers(&state.actor()).await?;
    Ok(Json(List { items: offers.into_iter().map(OfferBody::from).collect(), next_cursor: None }))
}

/// Takes a dataset that is offered to the caller, perhaps under another name. The answer says where it is then.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/offer", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = Option<TakingBody>,
    responses((status = 200, description = "The dataset.", body = DatasetBody)),
)]
pub(crate) async fn take(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    OptionalBody(taking): OptionalBody<TakingBody>,
) -> Result<Json<DatasetBody>, Problem> {
    let actor = state.actor();
    let path = state.hub.take_offer(&actor, &DatasetPath { owner, name }, taking.name.as_deref()).await?;
    let view = state.hub.dataset(&actor, &Place::from(path)).await?;
    Ok(Json(view.dataset.into()))
}

/// Withdraws the offer of a dataset, or declines one that was made to the caller.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/offer", tag = "datasets",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 204, description = "It is over.")),
)]
pub(crate) async fn end(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.hub.end_offer(&state.actor(), &DatasetPath { owner, name }).await?;
    Ok(StatusCode::NO_CONTENT)
}
