//! `…/merge-requests/{number}/conflicts` and `…/resolutions`: what is left to decide, and what was decided.

use std::collections::BTreeSet;

use axum::{Json, http::StatusCode};
use hub::{ConflictItem, ConflictsAsked, OtherDecision, RuleView, Seen};
use serde::{Deserialize, Serialize};
use serde_json::Value as Any;
use utoipa::ToSchema;
use versioning::merge::Choice;

use super::path_of;
use crate::{
    api::{
        Address, Body, Parameters, cell,
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
    /// With `value`: what stands there instead.
    value: Any,
    /// Who decided; null where a rule did.
    decided_by: Option<String>,
    /// Whether it was decided for many at once.
    by_rule: bool,
    /// Names what is decided; `open` while nothing is. It goes back as `revision` of a decision, which then takes the place
    /// of this one and of no other.
    revision: String,
}

/// A decision that stands by now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = StandingDecision)]
pub(crate) struct DecidedBody {
    /// The conflict that it is about, where it is about one.
    conflict: Option<String>,
    /// The violation whose rows it changes, where it does.
    violation: Option<String>,
    /// ours, theirs, base, value, combine, keep or delete; null for a violation.
    decided: Option<String>,
    /// With `value`: what stands there instead.
    value: Any,
    /// Who decided, or made the rule.
    decided_by: String,
    /// Whether it was decided for many at once.
    by_rule: bool,
    /// Names it: as `revision` it says that it was seen.
    revision: String,
}

impl From<&OtherDecision> for DecidedBody {
    fn from(other: &OtherDecision) -> Self {
        Self {
            conflict: other.conflict.map(|id| id.to_string()),
            violation: other.violation.map(|id| id.to_string()),
            decided: other.choice.as_ref().map(choice_word),
            value: choice_value(other.choice.as_ref()),
            decided_by: other.by.clone(),
            by_rule: other.by_rule,
            revision: other.revision.clone(),
        }
    }
}

fn choice_word(choice: &Choice) -> String {
    match choice {
        Choice::Value(_) => "value".to_owned(),
        choice => word(choice),
    }
}

fn choice_value(choice: Option<&Choice>) -> Any {
    match choice {
        Some(Choice::Value(value)) => cell(value),
        _ => Any::Null,
    }
}

/// A rule in force.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestRule)]
pub(crate) struct RuleBody {
    /// Conflicts of this table; null: of all.
    table: Option<String>,
    /// Conflicts of this column; null: of all.
    column: Option<String>,
    /// Conflicts of this kind; null: of all.
    kind: Option<String>,
    /// How it decides.
    decided: String,
    /// With `value`: what stands there instead.
    value: Any,
    /// Who made it.
    decided_by: String,
    /// Names it: as `revision` of another rule it says that it was seen.
    revision: String,
}

impl From<&RuleView> for RuleBody {
    fn from(rule: &RuleView) -> Self {
        Self {
            table: rule.table.clone(),
            column: rule.column.clone(),
            kind: rule.scope.kind.as_ref().map(word),
            decided: choice_word(&rule.choice),
            value: choice_value(Some(&rule.choice)),
            decided_by: rule.by.clone(),
            revision: rule.revision.clone(),
        }
    }
}

/// A violation with what its rows were changed to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestViolation)]
pub(crate) struct MendedViolation {
    /// The violation.
    #[serde(flatten)]
    violation: ViolationBody,
    /// Whether its rows were changed.
    mended: bool,
    /// Who changed them.
    mended_by: Option<String>,
    /// Names what they were changed to; `open` while they were not. It goes back as `revision`.
    revision: String,
}

impl DecidedConflict {
    fn new(item: &ConflictItem, names: &Names) -> Self {
        let decided = item.decided.as_ref();
        Self {
            conflict: conflict(&item.found, names),
            decided: decided.map(|decided| choice_word(&decided.choice)),
            value: choice_value(decided.map(|decided| &decided.choice)),
            decided_by: decided.filter(|decided| !decided.by_rule).and_then(|decided| decided.by.clone()),
            by_rule: decided.is_some_and(|decided| decided.by_rule),
            revision: item.revision.clone(),
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
    violations: Vec<MendedViolation>,
    /// The rules by which many are decided at once, the latest last.
    rules: Vec<RuleBody>,
    /// Names all that is decided; `open` while nothing is.
    revision: String,
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
    revision: Option<String>,
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
    let asked = ConflictsAsked { table, all, offset, limit: limit.unwrap_or(100), besides: None };
    let view = visit.hub.conflicts(&actor, &path, number, asked).await?;
    Ok(Json(ConflictsBody {
        stats: view.stats.into(),
        next_offset: view.has_more.then(|| offset + view.conflicts.len()),
        items: view.conflicts.iter().map(|item| DecidedConflict::new(item, &names)).collect(),
        violations: view
            .violations
            .iter()
            .map(|item| MendedViolation {
                violation: violation(&item.found, &names),
                mended: item.is_fixed,
                mended_by: item.fixed_by.clone(),
                revision: item.revision.clone(),
            })
            .collect(),
        rules: view.rules.iter().map(RuleBody::from).collect(),
        revision: view.revision,
    }))
}

/// Keeps decisions, as `resolutions` of a merge, all of them or none; each takes the place of an earlier one about the same.
/// With a `revision` it does so only while that is what is decided; else the answer (409) is what is decided now.
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
    let (resolutions, seen) = understand(&resolutions, &Names::new(tables), &found)?;
    visit.hub.decide(&actor, &path, number, resolutions, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes decisions back: about one conflict or violation, or all of them, rules included. With a `revision`, only while that
/// is what is decided; else the answer (409) is what is decided now.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/resolutions", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
        ("conflict" = Option<String>, Query, description = "The conflict's id."),
        ("violation" = Option<String>, Query, description = "The violation's id."),
        ("revision" = Option<String>, Query, description = "What is decided, as the conflict, the violation or the list names it."),
    ),
    responses((status = 204, description = "They are taken back.")),
)]
pub(crate) async fn undecide(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Parameters(Named { conflict, violation, revision }): Parameters<Named>,
) -> Result<StatusCode, Problem> {
    let mut seen = Seen::default();
    let about: Option<Vec<String>> = match (conflict, violation) {
        (None, None) => {
            seen = revision.iter().fold(seen, |seen, revision| seen.all(revision));
            None
        }
        (conflict, violation) => {
            let conflict = conflict.map(|id| format!("conflict:{id}"));
            let about = conflict.into_iter().chain(violation.map(|id| format!("violation:{id}"))).collect::<Vec<_>>();
            let each = about.iter().zip(revision.iter().cycle());
            seen = each.fold(seen, |seen, (about, revision)| seen.about(about, revision));
            Some(about)
        }
    };
    visit.hub.undecide(&visit.actor(), &path_of((owner, name)), number, about, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
