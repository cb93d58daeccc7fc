//! `…/diff`: what differs between two states, page by page, and how much.

use axum::response::Response;
use hub::{Against, DatasetPath, DiffSummary, DifferenceCounts, Reference, TableDifference, TwoStates, Viewed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Any};
use utoipa::{IntoParams, ToSchema};
use versioning::{Key, TableId, diff::SchemaChange};

use super::{
    Address, Parameters, cell, cursor, limit, object,
    reading::COMMIT,
    request::reference,
    tables::{CheckBody, ColumnBody, TableNames},
};
use crate::{problem::Problem, visit::Visit};

/// Which two states.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sides {
    /// The state before: a branch, tag or commit, perhaps with `@` and a time.
    from: String,
    /// The state after; the default branch without it.
    to: Option<String>,
    /// Only this table.
    table: Option<String>,
    /// Hold the second state against what both have in common: what merging it into the first would bring.
    #[serde(default)]
    merge_base: bool,
}

/// Which two states, and which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The state before: a branch, tag or commit, perhaps with `@` and a time.
    from: String,
    /// The state after; the default branch without it.
    to: Option<String>,
    /// Only this table.
    table: Option<String>,
    /// Hold the second state against what both have in common: what merging it into the first would bring.
    #[serde(default)]
    merge_base: bool,
    /// How many rows: 1 to 1,000, 100 without it.
    limit: Option<usize>,
    /// Where the last page ended.
    cursor: Option<String>,
}

fn sides<'a>(from: &'a Reference, to: &'a Reference, merge_base: bool) -> TwoStates<'a> {
    TwoStates { from, to, against: if merge_base { Against::Base } else { Against::Other } }
}

/// One side of a diff.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SideBody {
    /// What was asked for.
    pub(crate) name: String,
    /// The commit that it is; null where nothing was committed yet.
    pub(crate) commit: Option<String>,
}

impl From<&Viewed> for SideBody {
    fn from(viewed: &Viewed) -> Self {
        Self { name: viewed.name.clone(), commit: viewed.commit.map(|hash| hash.to_string()) }
    }
}

/// A difference between two schemas of a table.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct SchemaChangeBody {
    /// column_added, column_removed, column_renamed, type, required, unique, fill, default, minimum, maximum, pattern,
    /// options, target, description, columns_reordered, primary_key, table_description, generated_key, check_added,
    /// check_removed or check.
    pub(crate) change: String,
    /// The column's name after, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// What was; for a column that is gone, the column.
    pub(crate) before: Any,
    /// What is; for a new column, the column.
    pub(crate) after: Any,
}

/// A table that differs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TableDiff {
    /// Its name after, or before where it is gone.
    pub(crate) name: String,
    /// added, removed or changed.
    pub(crate) change: String,
    /// Its name before, where it has another now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) renamed_from: Option<String>,
    /// Rows before.
    pub(crate) rows_before: u64,
    /// Rows after.
    pub(crate) rows_after: u64,
    /// What differs between the schemas.
    pub(crate) schema: Vec<SchemaChangeBody>,
}

/// A row that differs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RowDiff {
    /// The table.
    pub(crate) table: String,
    /// The row's key as it stands in addresses.
    pub(crate) key: String,
    /// added, removed or changed.
    pub(crate) change: String,
    /// The row before; null where it is new.
    #[schema(value_type = Option<Object>)]
    pub(crate) before: Option<Map<String, Any>>,
    /// The row after; null where it is gone.
    #[schema(value_type = Option<Object>)]
    pub(crate) after: Option<Map<String, Any>>,
    /// The names (after) of the columns whose cells changed.
    pub(crate) cells: Vec<String>,
}

/// A page of a diff.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DiffBody {
    /// The state before.
    pub(crate) from: SideBody,
    /// The state after.
    pub(crate) to: SideBody,
    /// All tables that differ, on every page.
    pub(crate) tables: Vec<TableDiff>,
    /// Rows that differ, table by table.
    pub(crate) items: Vec<RowDiff>,
    /// Goes back as `cursor` to ask for the next page; null where there is none.
    pub(crate) next_cursor: Option<String>,
}

/// How much of a table differs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TableCounts {
    #[serde(flatten)]
    pub(crate) table: TableDiff,
    /// Rows that are new.
    pub(crate) added: u64,
    /// Rows that are gone.
    pub(crate) removed: u64,
    /// Rows that are on both sides and differ.
    pub(crate) changed: u64,
    /// Cells that differ in rows of both sides, by column.
    #[schema(value_type = Object)]
    pub(crate) cells: Map<String, Any>,
}

impl TableCounts {
    /// Of a table that is new.
    pub(crate) fn added(name: &str, rows: u64) -> Self {
        let table = TableDiff {
            name: name.to_owned(),
            change: "added".to_owned(),
            renamed_from: None,
            rows_before: 0,
            rows_after: rows,
            schema: Vec::new(),
        };
        Self { table, added: rows, removed: 0, changed: 0, cells: Map::new() }
    }
}

/// How much differs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SummaryBody {
    /// The state before.
    pub(crate) from: SideBody,
    /// The state after.
    pub(crate) to: SideBody,
    /// The tables that differ, by name.
    pub(crate) tables: Vec<TableCounts>,
}

fn change_word(before: bool, after: bool) -> String {
    match (before, after) {
        (false, _) => "added",
        (true, false) => "removed",
        (true, true) => "changed",
    }
    .to_owned()
}

impl From<&TableDifference> for TableDiff {
    fn from(table: &TableDifference) -> Self {
        let renamed = table.name_before.clone().filter(|_| table.name_after.is_some());
        Self {
            name: table.name().to_owned(),
            change: change_word(table.before.is_some(), table.after.is_some()),
            renamed_from: renamed.filter(|before| Some(before) != table.name_after.as_ref()),
            rows_before: table.rows.0,
            rows_after: table.rows.1,
            schema: table.schema.iter().map(schema_change).collect(),
        }
    }
}

fn schema_change(change: &SchemaChange) -> SchemaChangeBody {
    let column = |column: &versioning::Column| {
        serde_json::to_value(ColumnBody::new(column, &TableNames::new())).unwrap_or_default()
    };
    let made = |change: &str, column: Option<&String>, before: Any, after: Any| SchemaChangeBody {
        change: change.to_owned(),
        column: column.cloned(),
        before,
        after,
    };
    let check = |check: &versioning::schema::CheckShown| {
        serde_json::to_value(CheckBody::from(check.clone())).unwrap_or_default()
    };
    let id = |id: &Option<TableId>| id.map(|id| id.to_string()).into();
    match change {
        SchemaChange::ColumnAdded(new) => made("column_added", Some(&new.name), Any::Null, column(new)),
        SchemaChange::ColumnRemoved(old) => made("column_removed", Some(&old.name), column(old), Any::Null),
        SchemaChange::ColumnRenamed { before, after, .. } => {
            made("column_renamed", Some(after), before.clone().into(), after.clone().into())
        }
        SchemaChange::TypeChanged { column, before, after } => {
            made("type", Some(column), before.to_string().into(), after.to_string().into())
        }
        SchemaChange::RequiredChanged { column, required } => {
            made("required", Some(column), (!required).into(), (*required).into())
        }
        SchemaChange::UniqueChanged { column, unique } => {
            made("unique", Some(column), (!unique).into(), (*unique).into())
        }
        SchemaChange::FillChanged { column, before, after } => made("fill", Some(column), cell(before), cell(after)),
        SchemaChange::DefaultChanged { column, before, after } => {
            made("default", Some(column), cell(before), cell(after))
        }
        SchemaChange::MinimumChanged { column, before, after } => {
            made("minimum", Some(column), cell(before), cell(after))
        }
        SchemaChange::MaximumChanged { column, before, after } => {
            made("maximum", Some(column), cell(before), cell(after))
        }
        SchemaChange::PatternChanged { column, before, after } => {
            made("pattern", Some(column), before.clone().into(), after.clone().into())
        }
        SchemaChange::OptionsChanged { column, before, after } => {
            made("options", Some(column), before.clone().into(), after.clone().into())
        }
        SchemaChange::TargetChanged { column, before, after } => made("target", Some(column), id(before), id(after)),
        SchemaChange::DescriptionChanged { column, before, after } => {
            made("description", Some(column), before.clone().into(), after.clone().into())
        }
        SchemaChange::ColumnsReordered => made("columns_reordered", None, Any::Null, Any::Null),
        SchemaChange::PrimaryKeyChanged { before, after } => {
            made("primary_key", None, before.clone().into(), after.clone().into())
        }
        SchemaChange::TableDescriptionChanged { before, after } => {
            made("table_description", None, before.clone().into(), after.clone().into())
        }
        SchemaChange::GeneratedKeyChanged { generated } => {
            made("generated_key", None, (!generated).into(), (*generated).into())
        }
        SchemaChange::CheckAdded(new) => made("check_added", None, Any::Null, check(new)),
        SchemaChange::CheckRemoved(old) => made("check_removed", None, check(old), Any::Null),
        SchemaChange::CheckChanged { before, after } => made("check", None, check(before), check(after)),
    }
}

/// A diff as the API tells it.
pub(crate) fn counts(summary: &DiffSummary) -> Vec<TableCounts> {
    let one = |(table, counts): &(TableDifference, DifferenceCounts)| {
        let name = |id| {
            let column = [&table.after, &table.before].into_iter().flatten().find_map(|schema| schema.column(id));
            column.map(|column| column.name.clone()).unwrap_or_else(|| id.to_string())
        };
        TableCounts {
            table: table.into(),
            added: counts.added,
            removed: counts.removed,
            changed: counts.changed,
            cells: counts.cells.iter().map(|(id, count)| (name(*id), (*count).into())).collect(),
        }
    };
    summary.tables.iter().map(one).collect()
}

/// The rows in which two states differ, with the cells before and after, page by page, and what differs between the
/// schemas. A row that only lost cells of a dropped column is not listed: the column is. With `merge_base`, `from` in the
/// answer is the commit from which the two went apart; without one, the answer is 409.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/diff", tag = "diff",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Page),
    responses((status = 200, description = "A page of the diff.", body = DiffBody)),
)]
pub(crate) async fn show(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Parameters(page): Parameters<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let (from, to, table) = (page.from.as_str(), page.to.as_deref().unwrap_or_default(), page.table.as_deref());
    let kind = if page.merge_base { "merge-base diff" } else { "diff" };
    let list = [kind, &owner, &name, from, to, table.unwrap_or_default()];
    // A walk through pages stays between the two commits at which it began.
    type Place = (Option<String>, Option<String>, TableId, Key);
    let begin = page.cursor.as_deref().map(|text| cursor::read::<Place>(&list, text)).transpose()?;
    let (from, to, after) = match begin {
        Some((from, to, table, key)) => {
            (Reference::named(from.unwrap_or_default()), Reference::named(to.unwrap_or_default()), Some((table, key)))
        }
        None => (reference(Some(from), None)?, reference(Some(to), None)?, None),
    };
    let sides = sides(&from, &to, page.merge_base && after.is_none());
    let path = DatasetPath { owner: owner.clone(), name: name.clone() };
    let found = state.hub.diff_page(&state.actor(), &path, sides, table, after, limit).await?;
    let items = found
        .rows
        .iter()
        .map(|(position, row)| {
            let table = &found.tables[*position];
            row_diff(table, row)
        })
        .collect();
    let (from, to) = (SideBody::from(&found.from), SideBody::from(&found.to));
    let next_cursor =
        found.next.and_then(|(table, key)| cursor::write(&list, (from.commit.clone(), to.commit.clone(), table, key)));
    let tables = found.tables.iter().map(TableDiff::from).collect();
    let commit = to.commit.clone();
    Ok(with_commit(commit, DiffBody { from, to, tables, items, next_cursor }))
}

fn with_commit(commit: Option<String>, body: impl Serialize) -> Response {
    use axum::response::IntoResponse;
    match commit {
        Some(commit) => ([(COMMIT, commit)], axum::Json(body)).into_response(),
        None => axum::Json(body).into_response(),
    }
}

fn row_diff(table: &TableDifference, row: &hub::RowChange) -> RowDiff {
    let before = row.before.as_ref().zip(table.before.as_ref());
    let after = row.after.as_ref().zip(table.after.as_ref());
    let cells = match (before, after) {
        (Some((old, old_schema)), Some((new, new_schema))) => {
            versioning::diff::cell_changes(old_schema, old, new_schema, new)
                .filter_map(|change| new_schema.column(change.column).or_else(|| old_schema.column(change.column)))
                .map(|column| column.name.clone())
                .collect()
        }
        _ => Vec::new(),
    };
    RowDiff {
        table: table.name().to_owned(),
        key: row.key_text.clone(),
        change: change_word(before.is_some(), after.is_some()),
        before: before.map(|(row, schema)| object(schema, row)),
        after: after.map(|(row, schema)| object(schema, row)),
        cells,
    }
}

/// How much differs between two states: tables, rows and cells by column. Its cost follows the number of differences.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/diff/summary", tag = "diff",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Sides),
    responses((status = 200, description = "The counts.", body = SummaryBody)),
)]
pub(crate) async fn summary(
    state: Visit,
    Address((owner, name)): Address<(String, String)>,
    Parameters(sides): Parameters<Sides>,
) -> Result<Response, Problem> {
    let (from, to) = (reference(Some(&sides.from), None)?, reference(sides.to.as_deref(), None)?);
    let path = DatasetPath { owner, name };
    let two = self::sides(&from, &to, sides.merge_base);
    let found = state.hub.diff_summary(&state.actor(), &path, two, sides.table.as_deref()).await?;
    let (from, to) = (SideBody::from(&found.from), SideBody::from(&found.to));
    Ok(with_commit(to.commit.clone(), SummaryBody { from, to, tables: counts(&found) }))
}
