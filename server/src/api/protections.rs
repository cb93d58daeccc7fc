//! `…/{dataset}/protections`: what it takes to change a branch.

use axum::{Json, http::StatusCode};
use hub::{DatasetPath, Place, Protection, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Body, List};
use crate::{problem::Problem, visit::Visit};

/// What it takes to change a branch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Protection)]
pub(crate) struct ProtectionBody {
    /// The branch; in a request, the one in the address.
    #[serde(default)]
    branch: String,
    /// Whether only merge requests change it, and it can't be deleted.
    #[serde(default)]
    request_required: bool,
    /// How many people must approve of a request, 0 to 20.
    #[serde(default)]
    approvals: u8,
    /// Whether approvals count only as long as what is offered is what was approved.
    #[serde(default)]
    approvals_lapse: bool,
    /// Who may merge: writer, maintainer or owner, and those above.
    #[serde(default = "writer")]
    merge_role: String,
    /// The contexts of statuses that must have succeeded for what a request offers; at most 20.
    #[serde(default)]
    checks: Vec<String>,
    /// Whether a request can't be merged that would bring rows which meet checks of severity warning.
    #[serde(default)]
    warnings_block: bool,
}

fn writer() -> String {
    Role::Writer.as_str().to_owned()
}

impl From<Protection> for ProtectionBody {
    fn from(protection: Protection) -> Self {
        Self {
            branch: protection.branch,
            request_required: protection.request_required,
            approvals: protection.approvals,
            approvals_lapse: protection.approvals_lapse,
            merge_role: protection.merge_role.as_str().to_owned(),
            checks: protection.checks,
            warnings_block: protection.warnings_block,
        }
    }
}

/// The rules of a dataset's branches.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/protections", tag = "branches and tags",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "The rules, by branch.", body = List<ProtectionBody>)),
)]
pub(crate) async fn list(
    visit: Visit,
    Address((owner, name)): Address<(String, String)>,
) -> Result<Json<List<ProtectionBody>>, Problem> {
    let place = Place::from(DatasetPath { owner, name });
    let view = visit.hub.dataset(&visit.actor(), &place).await?;
    let items = view.dataset.protections.into_iter().map(ProtectionBody::from).collect();
    Ok(Json(List { items, next_cursor: None }))
}

/// Sets the rules of a branch.
#[utoipa::path(
    put, path = "/datasets/{owner}/{dataset}/protections/{branch}", tag = "branches and tags",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("branch", description = "The branch."),
    ),
    request_body = ProtectionBody,
    responses((status = 204, description = "They are in force.")),
)]
pub(crate) async fn set(
    visit: Visit,
    Address((owner, name, branch)): Address<(String, String, String)>,
    Body(body): Body<ProtectionBody>,
) -> Result<StatusCode, Problem> {
    let protection = Protection {
        branch,
        request_required: body.request_required,
        approvals: body.approvals,
        approvals_lapse: body.approvals_lapse,
        merge_role: body.merge_role.parse()?,
        checks: body.checks,
        warnings_block: body.warnings_block,
    };
    visit.hub.protect(&visit.actor(), &DatasetPath { owner, name }, protection).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts the rules of a branch.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/protections/{branch}", tag = "branches and tags",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("branch", description = "The branch."),
    ),
    responses((status = 204, description = "They are lifted.")),
)]
pub(crate) async fn lift(
    visit: Visit,
    Address((owner, name, branch)): Address<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    visit.hub.unprotect(&visit.actor(), &DatasetPath { owner, name }, &branch).await?;
    Ok(StatusCode::NO_CONTENT)
}
