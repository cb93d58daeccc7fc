//! `…/merge-requests/{n}/checks`: what is found about what a request comes to.

use axum::Json;
use hub::{Finding, RequestChecks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::path_of;
use crate::{
    api::{Address, statuses::StatusBody},
    problem::Problem,
    visit::Visit,
};

/// A row that breaks a rule or meets a check.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingBody {
    /// error or warning.
    severity: String,
    /// The table.
    table: String,
    /// The keys of its rows as they stand in addresses, at most 10; none where it is about no rows that are there.
    keys: Vec<String>,
    /// What is wrong.
    message: String,
}

/// What is found about a merge request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MergeRequestChecks)]
pub(crate) struct ChecksBody {
    /// The commit that is offered; null where the branch is gone.
    head: Option<String>,
    /// How many rules the merged state would break, row by row.
    errors: u64,
    /// How many rows it would bring to meet checks that warn; 0 while something is left to decide.
    warnings: u64,
    /// The first 100 of each.
    findings: Vec<FindingBody>,
    /// The newest status of each context for the offered commit.
    statuses: Vec<StatusBody>,
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        let Finding { severity, table, keys, message } = finding;
        Self { severity: severity.name().to_owned(), table, keys, message }
    }
}

impl From<RequestChecks> for ChecksBody {
    fn from(view: RequestChecks) -> Self {
        let RequestChecks { head, findings, statuses, .. } = view;
        let statuses = head.map(|head| statuses.into_iter().map(|status| StatusBody::new(head, status)).collect());
        Self {
            head: head.map(|head| head.to_string()),
            errors: findings.errors,
            warnings: findings.warnings,
            findings: findings.listed.into_iter().map(FindingBody::from).collect(),
            statuses: statuses.unwrap_or_default(),
        }
    }
}

/// The rules that the merged state would break, the checks that its rows would come to meet, and what other systems found
/// about the offered commit.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/checks", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    responses((status = 200, description = "What is found.", body = ChecksBody)),
)]
pub(crate) async fn show(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
) -> Result<Json<ChecksBody>, Problem> {
    Ok(Json(visit.hub.request_checks(&visit.actor(), &path_of((owner, name)), number).await?.into()))
}
