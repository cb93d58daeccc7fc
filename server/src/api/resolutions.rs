//! What people decide about conflicts and violations: by names and JSON here, by ids and values in the merge.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use hub::{DatasetView, FoundConflict, Seen};
use serde::Deserialize;
use serde_json::{Map, Value as Any};
use utoipa::ToSchema;
use versioning::{
    Column, ColumnId, Hash, Key, Schema, TableId, Type, Value,
    merge::{Choice, Conflict, ConflictKind, Fix, Property, Resolutions, RowCells, RowFix, Scope, ScopeRule},
};

use super::{
    cell,
    tables::{ColumnBody, TableNames},
};
use crate::problem::Problem;

/// One decision: about a conflict by its `conflict` id; about all conflicts of a `table`, `column` and `kind` (those that
/// match all that is given; a decision by id beats it, and a narrower one a wider one); or about a `violation` by its id.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    /// The conflict's id.
    conflict: Option<String>,
    /// The violation's id.
    violation: Option<String>,
    /// Conflicts of this table.
    table: Option<String>,
    /// Conflicts of this column.
    column: Option<String>,
    /// Conflicts of this kind: cell, row, column, property, column_names, primary_key, table, table_property, table_names.
    kind: Option<String>,
    /// ours, theirs, base, value, combine, keep or delete; each conflict says what it offers.
    choice: Option<ChoiceWord>,
    /// With `value`: what stands there instead.
    #[serde(default)]
    value: Any,
    /// For a violation: rows that are changed so that the rule is kept.
    #[serde(default)]
    rows: Vec<RowFixBody>,
    /// In a merge request: what was decided when the client looked, as `revision` of the conflict or violation names it; for
    /// many, the revisions of the rules that cover them with spaces between, or `open`. Where something else is decided by
    /// now, nothing is kept. Without it, whatever is decided is replaced.
    revision: Option<String>,
}

/// How a conflict is decided.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChoiceWord {
    /// What the branch has that is merged into.
    Ours,
    /// What is merged.
    Theirs,
    /// What was there before.
    Base,
    /// What `value` says.
    Value,
    /// Both together.
    Combine,
    /// The row, column or table stays, as it was edited.
    Keep,
    /// The row, column or table goes.
    Delete,
}

/// What becomes of a row that takes part in a violation: it goes, or cells of it are set.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowFixBody {
    /// The table.
    table: String,
    /// The row's key as it stands in addresses.
    key: String,
    /// Delete the row.
    #[serde(default)]
    delete: bool,
    /// Cells by the names of their columns.
    #[serde(default)]
    #[schema(value_type = Object)]
    set: Map<String, Any>,
}

impl Resolution {
    /// Whether the type of its value is known only from the conflict.
    pub(crate) fn needs_type(&self) -> bool {
        self.choice == Some(ChoiceWord::Value)
            && self.conflict.is_some()
            && self.column.is_none()
            && !self.value.is_null()
    }
}

/// The conflicts that must be known before the decisions can be read.
pub(crate) fn unknown_types(resolutions: &[Resolution]) -> std::collections::BTreeSet<Hash> {
    let needed = resolutions.iter().filter(|one| one.needs_type());
    needed.filter_map(|one| one.conflict.as_ref()?.parse().ok()).collect()
}

/// Whether the conflicts must be known before the decisions can be read.
pub(crate) fn values_needed(resolutions: &[Resolution]) -> bool {
    resolutions.iter().any(Resolution::needs_type)
}

/// The tables of both sides of a merge, ours first.
#[derive(Default)]
pub(crate) struct Names {
    tables: Vec<(TableId, String, Schema)>,
}

impl Names {
    pub(crate) fn new(tables: Vec<(TableId, String, Schema)>) -> Self {
        Self { tables }
    }

    pub(crate) fn table_id(&self, name: &str) -> Option<TableId> {
        self.table(name).map(|(id, _)| id)
    }

    pub(crate) fn add(&mut self, view: &DatasetView) {
        self.tables.extend(view.tables.iter().map(|table| (table.id, table.name.clone(), table.schema.clone())));
    }

    fn table(&self, name: &str) -> Option<(TableId, &Schema)> {
        self.tables.iter().find(|(_, other, _)| other == name).map(|(id, _, schema)| (*id, schema))
    }

    fn find(&self, table: TableId, column: ColumnId) -> Option<&Column> {
        let schemas = self.tables.iter().filter(|(id, ..)| *id == table).map(|(.., schema)| schema);
        { schemas }.find_map(|schema| schema.column(column))
    }

    fn column_named(&self, table: TableId, name: &str) -> Option<&Column> {
        let schemas = self.tables.iter().filter(|(id, ..)| *id == table).map(|(.., schema)| schema);
        { schemas }.find_map(|schema| schema.column_named(name))
    }

    pub(crate) fn column_name(&self, table: TableId, column: ColumnId) -> String {
        self.find(table, column).map_or_else(|| column.to_string(), |column| column.name.clone())
    }

    /// Cells by the names of their columns.
    pub(crate) fn cells(&self, table: TableId, cells: &RowCells) -> Any {
        Any::Object(cells.iter().map(|(id, value)| (self.column_name(table, *id), cell(value))).collect())
    }

    pub(crate) fn column(&self, column: &Column) -> Any {
        let names: TableNames = self.tables.iter().map(|(id, name, _)| (*id, name.clone())).collect();
        serde_json::to_value(ColumnBody::new(column, &names)).unwrap_or_default()
    }
}

fn refused(index: usize, field: &str, detail: impl std::fmt::Display) -> Problem {
    Problem::field(StatusCode::UNPROCESSABLE_ENTITY, format!("/resolutions/{index}/{field}"), format!("{detail}."))
}

/// The decisions as the merge takes them, and what they were based on.
pub(crate) fn understand(
    resolutions: &[Resolution],
    names: &Names,
    found: &[FoundConflict],
) -> Result<(Resolutions, Seen), Problem> {
    let (mut understood, mut all_seen) = (Resolutions::default(), Seen::default());
    for (index, one) in resolutions.iter().enumerate() {
        let mut saw = |add: &dyn Fn(Seen, &str) -> Seen| {
            if let Some(revision) = &one.revision {
                all_seen = add(std::mem::take(&mut all_seen), revision);
            }
        };
        if let Some(id) = &one.violation {
            let id: Hash = id.parse().map_err(|error| refused(index, "violation", error))?;
            understood.violations.insert(id, fix(index, one, names)?);
            saw(&|seen, revision| seen.violation(id, revision));
            continue;
        }
        let word = one.choice.ok_or_else(|| refused(index, "choice", "Say how it is decided"))?;
        let table = one.table.as_deref().map(|name| {
            names.table(name).ok_or_else(|| refused(index, "table", format!("There is no table “{name}”")))
        });
        let table = table.transpose()?;
        let column = match (&one.column, table) {
            (None, _) => None,
            (Some(_), None) => return Err(refused(index, "table", "Name the column's table")),
            (Some(name), Some((id, _))) => {
                let column = names.column_named(id, name);
                Some(column.ok_or_else(|| refused(index, "column", format!("There is no column “{name}”")))?)
            }
        };
        let ty = || column.map(|column| column.ty);
        match &one.conflict {
            Some(id) => {
                let id: Hash = id.parse().map_err(|error| refused(index, "conflict", error))?;
                let conflict = found.iter().find(|found| found.id == id);
                let ty = || ty().or_else(|| conflict.map(|found| value_type(found, names)));
                if let Some(choice) = choice(index, word, one, ty)? {
                    understood.conflicts.insert(id, choice);
                    saw(&|seen, revision| seen.conflict(id, revision));
                }
            }
            None => {
                let kind = one.kind.as_deref().map(|word| {
                    let kind: Result<ConflictKind, _> = serde_json::from_value(Any::from(word));
                    kind.map_err(|_| refused(index, "kind", format!("There is no kind of conflict “{word}”")))
                });
                let scope = Scope {
                    table: table.map(|(id, _)| id),
                    column: column.map(|column| column.id),
                    kind: kind.transpose()?,
                };
                if let Some(choice) = choice(index, word, one, ty)? {
                    saw(&|seen, revision| seen.rules(scope.clone(), revision));
                    understood.rules.push(ScopeRule { scope, choice });
                }
            }
        }
    }
    Ok((understood, all_seen))
}

fn choice(
    index: usize,
    word: ChoiceWord,
    one: &Resolution,
    ty: impl Fn() -> Option<Type>,
) -> Result<Option<Choice>, Problem> {
    Ok(Some(match word {
        ChoiceWord::Ours => Choice::Ours,
        ChoiceWord::Theirs => Choice::Theirs,
        ChoiceWord::Base => Choice::Base,
        ChoiceWord::Combine => Choice::Combine,
        ChoiceWord::Keep => Choice::Keep,
        ChoiceWord::Delete => Choice::Delete,
        ChoiceWord::Value if one.value.is_null() => Choice::Value(Value::Null),
        ChoiceWord::Value => match ty() {
            Some(ty) => Choice::Value(hub::value_of(ty, &one.value).map_err(|why| refused(index, "value", why))?),
            // A conflict that is there no more needs no decision.
            None if one.conflict.is_some() => return Ok(None),
            None => match &one.value {
                Any::String(text) => Choice::Value(Value::Text(text.clone())),
                _ => return Err(refused(index, "column", "Name the table and column, so that the value can be read")),
            },
        },
    }))
}

/// What a value that decides a conflict is read as.
fn value_type(found: &FoundConflict, names: &Names) -> Type {
    let first = |values: &[Option<&Value>]| values.iter().flatten().find_map(|value| value.ty());
    match &found.conflict {
        Conflict::Cell { convert_to: Some(ty), .. } => *ty,
        Conflict::Cell { table, column, base, ours, theirs, .. } => {
            let known = names.find(*table, *column).map(|column| column.ty);
            known.or_else(|| first(&[ours.as_ref(), theirs.as_ref(), base.as_ref()])).unwrap_or(Type::Text)
        }
        Conflict::Property { property: Property::Required | Property::Unique, .. } => Type::Boolean,
        Conflict::Property { base, ours, theirs, .. } => {
            first(&[Some(ours), Some(theirs), base.as_ref()]).unwrap_or(Type::Text)
        }
        _ => Type::Text,
    }
}

fn fix(index: usize, one: &Resolution, names: &Names) -> Result<Fix, Problem> {
    let mut rows = Vec::new();
    for (position, row) in one.rows.iter().enumerate() {
        let place = |field: &str| format!("rows/{position}/{field}");
        let Some((table, schema)) = names.table(&row.table) else {
            return Err(refused(index, &place("table"), format!("There is no table “{}”", row.table)));
        };
        let key = Key::from_text(schema, &row.key).map_err(|error| refused(index, &place("key"), error))?;
        let fix = if row.delete {
            RowFix::Delete
        } else {
            let mut cells: BTreeMap<ColumnId, Value> = RowCells::new();
            for (name, json) in &row.set {
                let Some(column) = names.column_named(table, name) else {
                    return Err(refused(index, &place("set"), format!("There is no column “{name}”")));
                };
                let value = hub::value_of(column.ty, json);
                cells
                    .insert(column.id, value.map_err(|why| refused(index, &place("set"), format!("“{name}”: {why}")))?);
            }
            RowFix::Set(cells)
        };
        rows.push((table, key, fix));
    }
    Ok(Fix { rows })
}
