//! `…/tables`: what tables there are, and the commits that make, change and drop them.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use hub::{Change, NewColumn, Place, TableSummary};
use serde::{Deserialize, Serialize};
use serde_json::Value as Any;
use utoipa::{IntoParams, ToSchema};
use versioning::{Column, Schema, TableId, schema::CheckShown};

use super::{
    Address, Body, List, Parameters, Reading, cell,
    commits::{CommitMade, commit},
    request::place,
};
use crate::{problem::Problem, visit::Visit};

/// Which state is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "read by Reading; here it is described")]
pub(crate) struct Asked {
    /// A branch, tag, commit (its hash or its first digits), perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Column)]
pub(crate) struct ColumnBody {
    /// Stable: a rename keeps it.
    id: String,
    /// Unique within the table.
    name: String,
    /// text, integer, decimal, float, boolean, date, timestamp, uuid, json, choice, tags, link or file.
    #[serde(rename = "type")]
    ty: String,
    /// Whether every row must have a value here.
    required: bool,
    /// Whether no two rows may have the same value here.
    unique: bool,
    /// What new rows get where nothing is given; null: nothing.
    default: Any,
    /// The smallest value; null: any.
    minimum: Any,
    /// The largest value; null: any.
    maximum: Any,
    /// A regular expression that texts match; empty: none.
    pattern: String,
    /// The texts that a choice or tags may be.
    options: Vec<String>,
    /// The table that links lead to.
    target: Option<String>,
    /// What the column means.
    description: String,
}

/// A table without its rows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Table)]
pub(crate) struct TableBody {
    /// Stable: a rename keeps it.
    pub(crate) id: String,
    /// Unique within the dataset.
    pub(crate) name: String,
    /// `versioned`: it has commits.
    pub(crate) kind: String,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// Its columns, in the order in which people see them.
    pub(crate) columns: Vec<ColumnBody>,
    /// The names of the columns whose values name a row, in order.
    pub(crate) primary_key: Vec<String>,
    /// Whether keys are made for rows that are inserted without one.
    pub(crate) generated_key: bool,
    /// What its rows are.
    pub(crate) description: String,
    /// What no row may meet.
    #[serde(default)]
    pub(crate) checks: Vec<CheckBody>,
}

/// A filter that no row of a table may meet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckBody {
    /// Unique within the table.
    pub(crate) name: String,
    /// The filter.
    pub(crate) filter: String,
    /// error: no change may bring a row that meets it; warning: such a row is told.
    pub(crate) severity: String,
    /// What is wrong with such a row.
    pub(crate) message: String,
}

impl From<CheckShown> for CheckBody {
    fn from(check: CheckShown) -> Self {
        let CheckShown { name, filter, severity, message } = check;
        Self { name, filter, severity: severity.name().to_owned(), message }
    }
}

/// The names of tables, for links that lead to them.
pub(crate) type TableNames = BTreeMap<TableId, String>;

impl ColumnBody {
    pub(crate) fn new(column: &Column, names: &TableNames) -> Self {
        Self {
            id: column.id.to_string(),
            name: column.name.clone(),
            ty: column.ty.to_string(),
            required: column.required,
            unique: column.unique,
            default: cell(&column.default),
            minimum: cell(&column.minimum),
            maximum: cell(&column.maximum),
            pattern: column.pattern.clone(),
            options: column.options.clone(),
            target: column.target.map(|id| names.get(&id).cloned().unwrap_or_else(|| id.to_string())),
            description: column.description.clone(),
        }
    }
}

impl TableBody {
    fn new(table: &TableSummary, names: &TableNames) -> Self {
        let schema = &table.schema;
        Self {
            id: table.id.to_string(),
            name: table.name.clone(),
            kind: "versioned".to_owned(),
            rows: table.rows,
            columns: schema.columns.iter().map(|column| ColumnBody::new(column, names)).collect(),
            primary_key: key_names(schema),
            generated_key: schema.generated_key,
            description: schema.description.clone(),
            checks: schema.checks.iter().map(|check| check.shown_whole(schema).into()).collect(),
        }
    }
}

/// The names of the primary key's columns.
pub(crate) fn key_names(schema: &Schema) -> Vec<String> {
    schema.key_positions().into_iter().map(|position| schema.columns[position].name.clone()).collect()
}

pub(crate) fn bodies(tables: &[TableSummary]) -> Vec<TableBody> {
    let names = tables.iter().map(|table| (table.id, table.name.clone())).collect();
    tables.iter().map(|table| TableBody::new(table, &names)).collect()
}

/// The tables of a dataset, by name.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables", tag = "tables",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Asked),
    responses((status = 200, description = "The tables.", body = List<TableBody>)),
)]
pub(crate) async fn list(
    state: Visit,
    reading: Reading,
    Parameters(_): Parameters<Asked>,
) -> Result<Response, Problem> {
    let view = state.hub.dataset(&state.actor(), &reading.place).await?;
    Ok(reading.answer(List { items: bodies(&view.tables), next_cursor: None }))
}

/// One table: its columns, primary key and number of rows.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/tables/{table}", tag = "tables",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), Asked,
    ),
    responses((status = 200, description = "The table.", body = TableBody)),
)]
pub(crate) async fn show(
    state: Visit,
    reading: Reading,
    Address((_, _, table)): Address<(String, String, String)>,
    Parameters(_): Parameters<Asked>,
) -> Result<Response, Problem> {
    let view = state.hub.dataset(&state.actor(), &reading.place).await?;
    let found = bodies(&view.tables).into_iter().find(|body| body.name == table);
    let found = found.ok_or_else(|| hub::Error::not_found(format!("table “{table}”")))?;
    Ok(reading.answer(found))
}

/// A table to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTable {
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    /// The head that the branch must still have.
    parent: Option<String>,
    /// The commit's message; one is made where none is given.
    message: Option<String>,
    /// Its name.
    name: String,
    /// Its columns, in order.
    columns: Vec<NewColumn>,
    /// The names of the key's columns; with none, a key is generated.
    #[serde(default)]
    primary_key: Vec<String>,
    /// What its rows are.
    #[serde(default)]
    description: String,
}

/// Creates a table without rows, in a commit of its own.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/tables", tag = "tables",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewTable,
    responses((status = 201, description = "The commit that made it.", body = CommitMade)),
)]
pub(crate) async fn create(
    state: Visit,
    Address(path): Address<(String, String)>,
    headers: HeaderMap,
    Body(new): Body<NewTable>,
) -> Result<(StatusCode, Json<CommitMade>), Problem> {
    let NewTable { branch, parent, message, name, columns, primary_key, description } = new;
    let words = message.unwrap_or_else(|| format!("Create table “{name}”"));
    let change = Change::CreateTable { name, columns, primary_key, description };
    let place = place(path, branch.as_deref())?;
    commit(&state, &headers, place, parent.as_deref(), words, vec![change]).await
}

/// What is to be different about a table; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableChange {
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    /// The head that the branch must still have.
    parent: Option<String>,
    /// The commit's message; one is made where none is given.
    message: Option<String>,
    /// Its new name.
    name: Option<String>,
    /// What its rows are.
    description: Option<String>,
    /// The names of the columns that name its rows from now on.
    primary_key: Option<Vec<String>>,
}

/// Renames or describes a table or names its rows by other columns, in one commit. Columns are changed by the operations
/// of a commit.
#[utoipa::path(
    patch, path = "/datasets/{owner}/{dataset}/tables/{table}", tag = "tables",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."),
    ),
    request_body = TableChange,
    responses(
        (status = 200, description = "Nothing was different: no commit was made.", body = CommitMade),
        (status = 201, description = "The commit that changed it.", body = CommitMade),
    ),
)]
pub(crate) async fn change(
    state: Visit,
    Address((owner, dataset, table)): Address<(String, String, String)>,
    headers: HeaderMap,
    Body(change): Body<TableChange>,
) -> Result<(StatusCode, Json<CommitMade>), Problem> {
    let TableChange { branch, parent, message, name, description, primary_key } = change;
    let words = message.unwrap_or_else(|| match &name {
        Some(name) => format!("Rename table “{table}” to “{name}”"),
        None => format!("Change table “{table}”"),
    });
    let mut changes = Vec::new();
    changes.extend(description.map(|description| Change::DescribeTable { table: table.clone(), description }));
    changes.extend(primary_key.map(|columns| Change::SetPrimaryKey { table: table.clone(), columns }));
    changes.extend(name.map(|name| Change::RenameTable { table, name }));
    if changes.is_empty() {
        return Err(Problem::bad_request("Nothing is to be changed: give a name, a description or a primary_key."));
    }
    let place = place((owner, dataset), branch.as_deref())?;
    commit(&state, &headers, place, parent.as_deref(), words, changes).await
}

/// Which branch a table is dropped from, and why.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Drop {
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    /// The head that the branch must still have.
    parent: Option<String>,
    /// The commit's message; one is made where none is given.
    message: Option<String>,
}

/// Drops a table, in a commit of its own; older commits still have it.
#[utoipa::path(
    delete, path = "/datasets/{owner}/{dataset}/tables/{table}", tag = "tables",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("table", description = "The table's name."), Drop,
    ),
    responses((status = 201, description = "The commit that dropped it.", body = CommitMade)),
)]
pub(crate) async fn drop(
    state: Visit,
    Address((owner, dataset, table)): Address<(String, String, String)>,
    Parameters(drop): Parameters<Drop>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<CommitMade>), Problem> {
    let words = drop.message.unwrap_or_else(|| format!("Drop table “{table}”"));
    let place: Place = place((owner, dataset), drop.branch.as_deref())?;
    commit(&state, &headers, place, drop.parent.as_deref(), words, vec![Change::DropTable { table }]).await
}
