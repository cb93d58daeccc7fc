//! `…/merge-requests/{number}/conflicts` and `…/resolutions`: what is left to decide, and what was decided.

use std::collections::BTreeSet;

use axum::{Json, http::StatusCode};
use hub::{ConflictItem, ConflictsAsked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::path_of;
use crate::{
    api::{
        Address, Body, Parameters,
        merges::{ConflictBody, StatsBody, ViolationBody, conflict, violation},
        resolutions::{Names, Resolution, understand, unknown_types},
        word,
    },
    problem::Problem,
    visit::Visit,
};

/// A conflict with what was decided about it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestConflict)]
pub(crate) struct DecidedConflict {
    /// The conflict.
    #[serde(flatten)]
    conflict: ConflictBody,
    /// ours, theirs, base, value, combine, keep or delete; null while it is open.
    decided: Option<String>,
    /// Who decided; null where a rule did.
    decided_by: Option<String>,
    /// Whether it was decided for many at once.
    by_rule: bool,
}

impl DecidedConflict {
    fn new(item: &ConflictItem, names: &Names) -> Self {
        let decided = item.decided.as_ref();
        Self {
            conflict: conflict(&item.found, names),
            decided: decided.map(|decided| match &decided.choice {
                versioning::merge::Choice::Value(_) => "value".to_owned(),
                choice => word(choice),
            }),
            decided_by: decided.and_then(|decided| decided.by.clone()),
            by_rule: decided.is_some_and(|decided| decided.by_rule),
        }
    }
}

/// A page of conflicts, and the violations.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestConflicts)]
pub(crate) struct ConflictsBody {
    /// How much is open and decided, in all.
    stats: StatsBody,
    /// The conflicts of the page.
    items: Vec<DecidedConflict>,
    /// Goes back as `offset` to ask for the next page; null where there is none.
    next_offset: Option<usize>,
    /// Rules that the merged state would break: the first 100.
    violations: Vec<ViolationBody>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    table: Option<String>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

#[derive(Deserialize)]
pub(crate) struct Named {
    conflict: Option<String>,
    violation: Option<String>,
}

/// What both sides changed differently, table by table in the order of keys, and the rules that merging would break.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/conflicts", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
        ("table" = Option<String>, Query, description = "Those of one table."),
        ("all" = Option<bool>, Query, description = "Those that are decided as well."),
        ("offset" = Option<usize>, Query, description = "How many to leave out."),
        ("limit" = Option<usize>, Query, description = "1 to 200; 100 without it."),
    ),
    responses((status = 200, description = "The conflicts.", body = ConflictsBody)),
)]
pub(crate) async fn conflicts(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Parameters(Asked { table, all, offset, limit }): Parameters<Asked>,
) -> Result<Json<ConflictsBody>, Problem> {
    let (path, actor) = (path_of((owner, name)), visit.actor());
    let (tables, _) = visit.hub.conflicts_named(&actor, &path, number, BTreeSet::new()).await?;
    let names = Names::new(tables);
    let missing = || Problem::field(StatusCode::NOT_FOUND, "/table", "There is no table of that name.");
    let table = table.map(|name| names.table_id(&name).ok_or_else(missing)).transpose()?;
    let asked = ConflictsAsked { table, all, offset, limit: limit.unwrap_or(100) };
    let view = visit.hub.conflicts(&actor, &path, number, asked).await?;
    Ok(Json(ConflictsBody {
        stats: view.stats.into(),
        next_offset: view.has_more.then(|| offset + view.conflicts.len()),
        items: view.conflicts.iter().map(|item| DecidedConflict::new(item, &names)).collect(),
        violations: view.violations.iter().map(|item| violation(&item.found, &names)).collect(),
    }))
}

/// Keeps decisions, as `resolutions` of a merge; each takes the place of an earlier one about the same.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/resolutions", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    request_body = Vec<Resolution>,
    responses((status = 204, description = "They are kept.")),
)]
pub(crate) async fn decide(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Body(resolutions): Body<Vec<Resolution>>,
) -> Result<StatusCode, Problem> {
    let (path, actor) = (path_of((owner, name)), visit.actor());
    let (tables, found) = visit.hub.conflicts_named(&actor, &path, number, unknown_types(&resolutions)).await?;
    let resolutions = understand(&resolutions, &Names::new(tables), &found)?;
    visit.hub.decide(&actor, &path, number, resolutions).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes decisions back: about one conflict or violation, or all of them, rules included.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/resolutions", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
        ("conflict" = Option<String>, Query, description = "The conflict's id."),
        ("violation" = Option<String>, Query, description = "The violation's id."),
    ),
    responses((status = 204, description = "They are taken back.")),
)]
pub(crate) async fn undecide(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Parameters(Named { conflict, violation }): Parameters<Named>,
) -> Result<StatusCode, Problem> {
    let about = match (conflict, violation) {
        (None, None) => None,
        (conflict, violation) => {
            let conflict = conflict.map(|id| format!("conflict:{id}"));
            Some(conflict.into_iter().chain(violation.map(|id| format!("violation:{id}"))).collect())
        }
    };
    visit.hub.undecide(&visit.actor(), &path_of((owner, name)), number, about).await?;
    Ok(StatusCode::NO_CONTENT)
}
