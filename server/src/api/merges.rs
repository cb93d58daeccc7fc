//! `…/merges`, `…/cherry-picks`, `…/reverts`: three ways to bring changes onto a branch, with one way to tell what is left
//! to decide.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use hub::{
    DatasetPath, Error, FoundConflict, FoundViolation, MergeOptions, MergeOutcome, MergeState, Place, Reference,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Any, json};
use utoipa::ToSchema;
use versioning::merge::{CheckProperty, Conflict, Rule, Side, Stats};

use super::{
    Address, Body, cell,
    request::{parent, place, reference},
    resolutions::{Names, Resolution, understand, values_needed},
    word,
};
use crate::{problem::Problem, visit::Visit};

/// What both sides changed differently.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Conflict)]
pub(crate) struct ConflictBody {
    /// Stays the same as long as what is in conflict does, whatever else changes on either side.
    pub(crate) id: String,
    /// cell, row, column, property, check, column_names, primary_key, table, table_property or table_names.
    pub(crate) kind: String,
    /// The table.
    pub(crate) table: String,
    /// The column, where it is about one.
    pub(crate) column: Option<String>,
    /// The check, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) check: Option<String>,
    /// The row's key as it stands in addresses, where it is about one.
    pub(crate) key: Option<String>,
    /// The property of the column, check or table, where it is about one.
    pub(crate) property: Option<String>,
    /// What was there before both; null where there was nothing or where it is not known.
    pub(crate) base: Any,
    /// What the branch has that is merged into; null where it has nothing.
    pub(crate) ours: Any,
    /// What is merged; null where there is nothing.
    pub(crate) theirs: Any,
    /// The side that deleted or dropped it (`ours` or `theirs`), where one did.
    pub(crate) deleted_by: Option<String>,
    /// How many cells of a dropped column the other side changed.
    pub(crate) edits: Option<u64>,
    /// What can be chosen.
    pub(crate) choices: Vec<String>,
}

/// A rule that the merged state would break.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Violation)]
pub(crate) struct ViolationBody {
    /// Stays the same as long as the rule and the cells in question do.
    pub(crate) id: String,
    /// cell, unique, link, check, key or schema.
    pub(crate) rule: String,
    /// The table.
    pub(crate) table: String,
    /// The column, where it is about one.
    pub(crate) column: Option<String>,
    /// The keys of the rows that break it together, as they stand in addresses.
    pub(crate) keys: Vec<String>,
    /// What is wrong.
    pub(crate) message: String,
}

/// How much was merged and found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = MergeStats)]
pub(crate) struct StatsBody {
    /// Rows that only the branch changed, as far as they were looked at.
    pub(crate) ours_rows: u64,
    /// Rows that only what is merged changed, as far as they were looked at.
    pub(crate) theirs_rows: u64,
    /// Rows that both changed.
    pub(crate) merged_rows: u64,
    /// Conflicts without a decision.
    pub(crate) open_conflicts: u64,
    /// Conflicts with one.
    pub(crate) resolved_conflicts: u64,
    /// Violations without a fix.
    pub(crate) open_violations: u64,
}

impl From<Stats> for StatsBody {
    fn from(stats: Stats) -> Self {
        Self {
            ours_rows: stats.ours_rows,
            theirs_rows: stats.theirs_rows,
            merged_rows: stats.merged_rows,
            open_conflicts: stats.open_conflicts,
            resolved_conflicts: stats.resolved_conflicts,
            open_violations: stats.open_violations,
        }
    }
}

/// What became of a merge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Merged {
    /// up_to_date: the branch has everything already; fast_forward: the branch moved forward without a commit of its own;
    /// merged: there is a new commit (on a dry run, there would be); open, on a dry run only: something is left to decide.
    pub(crate) state: String,
    /// The branch's head now; null on a dry run.
    pub(crate) commit: Option<String>,
    /// How much was merged.
    pub(crate) stats: StatsBody,
    /// What is left to decide; the first 1,000.
    pub(crate) conflicts: Vec<ConflictBody>,
    /// The rules that the merged state would break; the first 1,000.
    pub(crate) violations: Vec<ViolationBody>,
}

/// What is merged, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMerge {
    /// The branch that gets the changes; the default branch without it.
    into: Option<String>,
    /// The state that is merged: a branch, tag or commit.
    from: String,
    /// The commit's message; one is made without it.
    #[serde(default)]
    message: String,
    /// What was decided about conflicts and violations.
    #[serde(default)]
    resolutions: Vec<Resolution>,
    /// Only find out what would happen.
    #[serde(default)]
    dry_run: bool,
    /// The head that the branch must still have.
    parent: Option<String>,
    /// Make a commit also where the branch could simply move forward.
    #[serde(default)]
    no_fast_forward: bool,
}

/// A commit that is done once more or undone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPick {
    /// The branch that gets the changes; the default branch without it.
    into: Option<String>,
    /// The commit, by its hash or its first digits.
    commit: String,
    /// The new commit's message; one is made without it.
    #[serde(default)]
    message: String,
    /// What was decided about conflicts and violations.
    #[serde(default)]
    resolutions: Vec<Resolution>,
    /// Only find out what would happen.
    #[serde(default)]
    dry_run: bool,
    /// The head that the branch must still have.
    parent: Option<String>,
}

/// What is brought onto a branch.
enum Source {
    Merge(Reference),
    Pick(String),
    Revert(String),
}

/// Merges a state into a branch. Where something is left to decide, nothing is committed, and 409 answers with conflicts
/// and violations; the same request with `resolutions` decides them.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merges", tag = "merges",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe."),
        ("If-Match" = Option<String>, Header, description = "The head that the branch must still have, as `parent`."),
    ),
    request_body = NewMerge,
    responses(
        (status = 200, description = "No new commit: up to date, moved forward, or a dry run.", body = Merged),
        (status = 201, description = "Merged in a new commit.", body = Merged),
    ),
)]
pub(crate) async fn merge(
    state: Visit,
    Address(path): Address<(String, String)>,
    headers: HeaderMap,
    Body(new): Body<NewMerge>,
) -> Result<Response, Problem> {
    let NewMerge { into, from, message, resolutions, dry_run, parent: stated, no_fast_forward } = new;
    let place = place(path, into.as_deref())?;
    let parent = parent(stated.as_deref(), &headers)?;
    let request = MergeOptions { message, dry_run, parent, no_fast_forward, ..MergeOptions::default() };
    run(&state, &place, Source::Merge(reference(Some(&from), None)?), request, &resolutions).await
}

/// Does what a commit did once more, on a branch.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/cherry-picks", tag = "merges",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe."),
        ("If-Match" = Option<String>, Header, description = "The head that the branch must still have, as `parent`."),
    ),
    request_body = NewPick,
    responses(
        (status = 200, description = "No new commit: up to date or a dry run.", body = Merged),
        (status = 201, description = "Done in a new commit.", body = Merged),
    ),
)]
pub(crate) async fn cherry_pick(
    state: Visit,
    Address(path): Address<(String, String)>,
    headers: HeaderMap,
    Body(new): Body<NewPick>,
) -> Result<Response, Problem> {
    pick(&state, path, &headers, new, Source::Pick).await
}

/// Undoes what a commit did, on a branch, whatever came since.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/reverts", tag = "merges",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe."),
        ("If-Match" = Option<String>, Header, description = "The head that the branch must still have, as `parent`."),
    ),
    request_body = NewPick,
    responses(
        (status = 200, description = "No new commit: up to date or a dry run.", body = Merged),
        (status = 201, description = "Undone in a new commit.", body = Merged),
    ),
)]
pub(crate) async fn revert(
    state: Visit,
    Address(path): Address<(String, String)>,
    headers: HeaderMap,
    Body(new): Body<NewPick>,
) -> Result<Response, Problem> {
    pick(&state, path, &headers, new, Source::Revert).await
}

async fn pick(
    state: &Visit,
    path: (String, String),
    headers: &HeaderMap,
    new: NewPick,
    source: impl FnOnce(String) -> Source,
) -> Result<Response, Problem> {
    let NewPick { into, commit, message, resolutions, dry_run, parent: stated } = new;
    let place = place(path, into.as_deref())?;
    let parent = parent(stated.as_deref(), headers)?;
    let request = MergeOptions { message, dry_run, parent, ..MergeOptions::default() };
    run(state, &place, source(commit), request, &resolutions).await
}

async fn bring(state: &Visit, place: &Place, source: &Source, request: MergeOptions) -> Result<MergeOutcome, Error> {
    let actor = state.actor();
    match source {
        Source::Merge(from) => state.hub.merge(&actor, place, from, request).await,
        Source::Pick(commit) => state.hub.cherry_pick(&actor, place, commit, request).await,
        Source::Revert(commit) => state.hub.revert(&actor, place, commit, request).await,
    }
}

async fn run(
    state: &Visit,
    place: &Place,
    source: Source,
    mut request: MergeOptions,
    resolutions: &[Resolution],
) -> Result<Response, Problem> {
    let names = names(state, place, &source).await?;
    // A value for a conflict that is named by nothing but its id is read by the type that is found there.
    let found = if values_needed(resolutions) {
        let others: Vec<Resolution> = resolutions.iter().filter(|one| !one.needs_type()).cloned().collect();
        let (resolutions, _) = understand(&others, &names, &[])?;
        bring(state, place, &source, MergeOptions { resolutions, dry_run: true, ..request.clone() }).await?.conflicts
    } else {
        Vec::new()
    };
    (request.resolutions, _) = understand(resolutions, &names, &found)?;
    let dry_run = request.dry_run;
    let outcome = bring(state, place, &source, request).await?;
    let state = outcome.state;
    let merged = body(&outcome, &names);
    match state {
        MergeState::Open if !dry_run => {
            let open = outcome.stats.open_conflicts + outcome.stats.open_violations;
            let what = if open == 1 { "One thing is".to_owned() } else { format!("{open} things are") };
            let detail =
                format!("{what} left to decide. Nothing was committed: send the request again with resolutions.");
            Err(Problem::new(StatusCode::CONFLICT, detail).with(|body| {
                body.conflicts = Some(merged.conflicts);
                body.violations = Some(merged.violations);
                body.stats = Some(merged.stats);
            }))
        }
        MergeState::Merged if !dry_run => Ok((StatusCode::CREATED, Json(merged)).into_response()),
        _ => Ok(Json(merged).into_response()),
    }
}

/// The tables and columns of both sides.
async fn names(state: &Visit, into: &Place, source: &Source) -> Result<Names, Problem> {
    let other = match source {
        Source::Merge(from) => from.clone(),
        Source::Pick(commit) | Source::Revert(commit) => Reference::named(commit.clone()),
    };
    let mut names = Names::default();
    for at in [into.at.clone(), other] {
        let path: DatasetPath = into.path.clone();
        names.add(&state.hub.dataset(&state.actor(), &Place { path, at }).await?);
    }
    Ok(names)
}

fn body(outcome: &MergeOutcome, names: &Names) -> Merged {
    let state = match outcome.state {
        MergeState::UpToDate => "up_to_date",
        MergeState::FastForward => "fast_forward",
        MergeState::Merged => "merged",
        MergeState::Open => "open",
    };
    Merged {
        state: state.to_owned(),
        commit: outcome.commit.map(|hash| hash.to_string()),
        stats: outcome.stats.into(),
        conflicts: outcome.conflicts.iter().map(|found| conflict(found, names)).collect(),
        violations: outcome.violations.iter().map(|found| violation(found, names)).collect(),
    }
}

pub(crate) fn conflict(found: &FoundConflict, names: &Names) -> ConflictBody {
    let table = found.conflict.table();
    let optional = |value: &Option<versioning::Value>| value.as_ref().map(cell).unwrap_or_default();
    let sides = |by: Side, base: Any, edited: Any| match by {
        Side::Ours => (base, Any::Null, edited),
        Side::Theirs => (base, edited, Any::Null),
    };
    let (mut property, mut deleted_by, mut edits) = (None, None, None);
    let mut column = found.column.clone();
    let mut check = None;
    let ((base, ours, theirs), choices): (_, &[&str]) = match &found.conflict {
        Conflict::Cell { base, ours, theirs, .. } => {
            ((optional(base), optional(ours), optional(theirs)), &["ours", "theirs", "base", "value", "combine"])
        }
        Conflict::Row { deleted_by: by, base, edited, .. } => {
            deleted_by = Some(word(by));
            let base = base.as_ref().map(|cells| names.cells(table, cells)).unwrap_or_default();
            (sides(*by, base, names.cells(table, edited)), &["ours", "theirs", "base", "keep", "delete"])
        }
        Conflict::Column { dropped_by, base, edited, edits: count, .. } => {
            (deleted_by, edits) = (Some(word(dropped_by)), Some(*count));
            (sides(*dropped_by, names.column(base), names.column(edited)), &["ours", "theirs", "keep", "delete"])
        }
        Conflict::Property { property: which, base, ours, theirs, .. } => {
            property = Some(word(which));
            ((optional(base), cell(ours), cell(theirs)), &["ours", "theirs", "base", "value"])
        }
        Conflict::ColumnNames { name, ours, theirs, .. } => {
            column = Some(name.clone());
            ((Any::Null, names.column(ours), names.column(theirs)), &["ours", "theirs", "value"])
        }
        Conflict::Check { name, property: which, base, ours, theirs, .. } => {
            (check, property) = (Some(name.clone()), Some(word(which)));
            let text = |text: &Option<String>| text.clone().map(Any::from).unwrap_or_default();
            let choices: &[&str] = match which {
                CheckProperty::Whole => &["ours", "theirs", "keep", "delete"],
                _ => &["ours", "theirs", "base", "value"],
            };
            ((text(base), text(ours), text(theirs)), choices)
        }
        Conflict::PrimaryKey { base, ours, theirs, .. } => {
            let named = |ids: &Vec<versioning::ColumnId>| -> Any {
                ids.iter().map(|id| names.column_name(table, *id)).collect()
            };
            ((base.as_ref().map(named).unwrap_or_default(), named(ours), named(theirs)), &["ours", "theirs", "base"])
        }
        Conflict::Table { dropped_by, base, edited, .. } => {
            deleted_by = Some(word(dropped_by));
            let entry = |entry: &versioning::TableEntry| json!({ "name": entry.name, "rows": entry.tree.rows });
            (sides(*dropped_by, entry(base), entry(edited)), &["ours", "theirs", "keep", "delete"])
        }
        Conflict::TableProperty { property: which, base, ours, theirs, .. } => {
            property = Some(word(which));
            let base = base.clone().map(Any::from).unwrap_or_default();
            ((base, ours.clone().into(), theirs.clone().into()), &["ours", "theirs", "base", "value"])
        }
        Conflict::TableNames { name, .. } => ((Any::Null, name.clone().into(), name.clone().into()), &["value"]),
    };
    ConflictBody {
        id: found.id.to_string(),
        kind: word(found.conflict.kind()),
        table: found.table.clone(),
        column,
        check,
        key: found.key.clone(),
        property,
        base,
        ours,
        theirs,
        deleted_by,
        edits,
        choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
    }
}

pub(crate) fn violation(found: &FoundViolation, names: &Names) -> ViolationBody {
    let table = found.violation.table;
    let (rule, column) = match found.violation.rule {
        Rule::Cell { column } => ("cell", Some(column)),
        Rule::Unique { column } => ("unique", Some(column)),
        Rule::Link { column, .. } => ("link", Some(column)),
        Rule::Check { .. } => ("check", None),
        Rule::Key => ("key", None),
        Rule::Schema => ("schema", None),
    };
    ViolationBody {
        id: found.id.to_string(),
        rule: rule.to_owned(),
        table: found.table.clone(),
        column: column.map(|id| names.column_name(table, id)),
        keys: found.keys.clone(),
        message: found.violation.message.clone(),
    }
}
