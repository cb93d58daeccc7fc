//! From what was found and chosen to a schema. A table that exists keeps the ids of its columns, by name.

use services::import::{Dialect, ImportPlan, Inspection};
use versioning::{Column, ColumnId, Schema, Type, schema::is_name};

use crate::{ColumnChoice, Error, FieldError, ImportChoice, ImportMode, ImportRequest, random_id};

/// What an import begins with, and an unattended one chooses: what was found, and of the table that exists the types of
/// the columns that the file has too; the key that was asked for, else that of the table, else the suggested one, else a
/// generated one. Where a person is there to see a value that does not fit, types stay; an unattended import that
/// replaces a table takes the found type where the old one does not hold it.
pub(super) fn beginning(
    request: &ImportRequest,
    inspection: &Inspection,
    existing: Option<&Schema>,
) -> Result<ImportChoice, Error> {
    let has = |name: &str| inspection.columns.iter().any(|column| column.name == name);
    let old_key: Vec<String> = existing
        .filter(|schema| !schema.generated_key)
        .map(|schema| schema.key_positions().into_iter().map(|at| schema.columns[at].name.clone()).collect())
        .unwrap_or_default();
    let key: Vec<String> = if !request.key.is_empty() {
        if let Some(unknown) = request.key.iter().find(|name| !has(name)) {
            let names: Vec<&str> = inspection.columns.iter().map(|column| column.name.as_str()).collect();
            let message = format!("The file has no column “{unknown}”. Its columns are: {}.", names.join(", "));
            return Err(Error::invalid("key", message));
        }
        request.key.clone()
    } else if !old_key.is_empty() && old_key.iter().all(|name| has(name)) {
        old_key
    } else {
        inspection.suggested_key.map(|at| inspection.columns[at].name.clone()).into_iter().collect()
    };
    let columns = inspection
        .columns
        .iter()
        .map(|found| {
            let old = existing.and_then(|schema| schema.column_named(&found.name));
            ColumnChoice {
                name: found.name.clone(),
                ty: old.map_or(found.ty, |old| match request.mode {
                    mode if mode.adds() || !request.unattended => old.ty,
                    _ => fitting(old.ty, found.ty, found.samples.is_empty()),
                }),
                key: key.contains(&found.name),
                skip: false,
            }
        })
        .collect();
    Ok(ImportChoice { header: inspection.dialect.header, columns, message: request.message.clone() })
}

/// The old type where it holds what was found, else the found one.
fn fitting(old: Type, found: Type, empty: bool) -> Type {
    let holds = match old {
        Type::Text => true,
        // Nothing is found to be one of these: its values tell whether they are.
        Type::Choice | Type::Tags | Type::Link | Type::File => true,
        Type::Timestamp => matches!(found, Type::Date | Type::Timestamp),
        Type::Float => matches!(found, Type::Integer | Type::Decimal | Type::Float),
        Type::Decimal => matches!(found, Type::Integer | Type::Decimal),
        other => other == found,
    };
    if holds || empty { old } else { found }
}

/// Checks a choice and makes the plan of it.
pub(super) fn plan(
    inspection: &Inspection,
    choice: &ImportChoice,
    existing: Option<&Schema>,
    mode: ImportMode,
) -> Result<ImportPlan, Error> {
    // What rows are added to stays as it is: its columns and types, and its key.
    let target = existing.filter(|_| mode.adds());
    let mut fields = Vec::new();
    let mut problem = |index: usize, part: &str, message: &str| {
        fields.push(FieldError { field: format!("column-{index}-{part}"), message: message.to_owned() });
    };
    if choice.columns.len() != inspection.columns.len() {
        return Err(Error::invalid("columns", "The choice has another number of columns than the file."));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut sources = Vec::new();
    let mut key = Vec::new();
    for (index, wanted) in choice.columns.iter().enumerate().filter(|(_, wanted)| !wanted.skip) {
        let name = wanted.name.trim();
        if !is_name(name) {
            problem(index, "name", "A column's name has 1 to 200 characters and no control characters.");
        } else if columns.iter().any(|column| column.name == name) {
            problem(index, "name", "Another column has this name.");
        }
        if let Some(target) = target {
            match target.column_named(name) {
                Some(column) => {
                    if target.is_key(column.id) {
                        key.push(index);
                    }
                    columns.push(column.clone());
                    sources.push(Some(index));
                }
                None => problem(index, "name", "The table has no such column: leave it out, or replace the table."),
            }
            continue;
        }
        if wanted.key && !wanted.ty.is_ordered() {
            let message =
                format!("Values of type {} have no order, so they can't be part of the primary key.", wanted.ty);
            problem(index, "key", &message);
        }
        let column = match existing.and_then(|schema| schema.column_named(name)) {
            // Its fill, default and bounds are values of its type.
            Some(old) if old.ty == wanted.ty => old.clone(),
            Some(old) => Column {
                required: old.required,
                unique: old.unique,
                description: old.description.clone(),
                ..Column::new(old.id, name, wanted.ty)
            },
            None => Column::new(new_id(), name, wanted.ty),
        };
        columns.push(column);
        sources.push(Some(index));
        if wanted.key {
            key.push(index);
        }
    }
    if columns.is_empty() {
        return Err(Error::invalid("columns", "Every column is left out: there is nothing to import."));
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let generated_key = target.map_or(key.is_empty(), |target| target.generated_key);
    let primary_key = if let Some(target) = target {
        let missing = target.primary_key.iter().filter_map(|id| target.column(*id));
        let missing = missing.filter(|column| columns.iter().all(|found| found.id != column.id));
        let missing: Vec<Column> = missing.cloned().collect();
        match missing.as_slice() {
            [] => {}
            // Each row gets a key of its own.
            [only] if generated_key && mode == ImportMode::Append => {
                columns.insert(0, only.clone());
                sources.insert(0, None);
            }
            _ => {
                let names: Vec<&str> = missing.iter().map(|column| column.name.as_str()).collect();
                let message = format!("The file lacks a part of the primary key: {}.", names.join(", "));
                return Err(Error::invalid("columns", message));
            }
        }
        target.primary_key.clone()
    } else if generated_key {
        let column = generated(&columns, existing);
        let id = column.id;
        columns.insert(0, column);
        sources.insert(0, None);
        vec![id]
    } else {
        let id_of = |source: &usize| {
            let at = sources.iter().position(|at| *at == Some(*source));
            at.map(|at| columns[at].id)
        };
        key.iter().filter_map(id_of).collect()
    };
    let description = existing.map(|schema| schema.description.clone()).unwrap_or_default();
    // Where rows are added, the table keeps its own.
    let checks = existing.filter(|_| !mode.adds()).map(|schema| schema.checks.clone()).unwrap_or_default();
    let schema = Schema { columns, primary_key, generated_key, description, checks };
    schema.validate().map_err(|error| Error::invalid("columns", format!("{error}.")))?;
    let increasing = match key.as_slice() {
        // A generated key that the file has is in any order.
        _ if target.is_some_and(|target| target.generated_key) => sources.first() == Some(&None),
        [only] => {
            let found = &inspection.columns[*only];
            found.increasing && choice.columns[*only].ty == found.ty && choice.header == inspection.dialect.header
        }
        [] => true,
        _ => false,
    };
    let dialect = Dialect { header: choice.header, ..inspection.dialect.clone() };
    Ok(ImportPlan { dialect, schema, sources, increasing })
}

fn new_id() -> ColumnId {
    ColumnId(random_id())
}

/// The column of a generated key: the one that the table had, else a new one with a name of its own.
fn generated(columns: &[Column], existing: Option<&Schema>) -> Column {
    let old = existing.filter(|schema| schema.generated_key).and_then(|schema| schema.column(schema.primary_key[0]));
    if let Some(old) = old.filter(|old| columns.iter().all(|column| column.id != old.id && column.name != old.name)) {
        return old.clone();
    }
    let taken = |name: &str| columns.iter().any(|column| column.name == name);
    let names = std::iter::once("row id".to_owned()).chain((2..).map(|number| format!("row id {number}")));
    let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
    Column { required: true, ..Column::new(new_id(), name, Type::Uuid) }
}
