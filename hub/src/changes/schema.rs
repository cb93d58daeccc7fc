//! Changes of tables, columns and checks.

use std::rc::Rc;

use serde_json::Value as Json;
use versioning::{
    CheckId, Column, ColumnId, Schema, TableId, Type,
    evolve::{self, EvolveError, Operation, Property},
    schema::{Check, CheckError, MAX_CHECK_MESSAGE, Severity, is_name},
};

use super::{
    Change, NewColumn, Properties,
    bench::{Bench, Opened, Trouble, refuse},
    rows::value_of,
};
use crate::{random_id, write::internal};

impl Bench<'_> {
    /// Changes of tables and columns.
    pub(super) fn evolve(&mut self, change: &Change) -> Result<(), Trouble> {
        for operation in self.operations(change)? {
            self.fold(operation.table())?;
            let mut sink = self.desk;
            match evolve::apply(self.desk, &mut sink, &self.root, &operation) {
                Ok(root) => self.put(root),
                Err(EvolveError::Read(error)) => return Err(error.into()),
                Err(error @ (EvolveError::Write(_) | EvolveError::Build(_))) => return Err(internal(error).into()),
                Err(EvolveError::Rows { table, rows, count }) => {
                    let first: Vec<String> =
                        rows.iter().take(5).map(|row| format!("row {}: {}", row.key, row.reason)).collect();
                    return refuse(
                        "",
                        format!("{count} cells or rows of “{table}” stand against it: {}.", first.join("; ")),
                    );
                }
                Err(error) => return refuse("", format!("{error}.")),
            }
        }
        Ok(())
    }

    fn operations(&self, change: &Change) -> Result<Vec<Operation>, Trouble> {
        let one = |operation| Ok(vec![operation]);
        match change {
            Change::CreateTable { name, columns, primary_key, description } => {
                let table = self.new_table_id();
                let mut made = Vec::new();
                for (index, column) in columns.iter().enumerate() {
                    made.push(self.column(column, &format!("columns/{index}"))?);
                }
                let mut key = Vec::new();
                for (index, name) in primary_key.iter().enumerate() {
                    match made.iter().find(|column| column.name == *name) {
                        Some(column) => key.push(column.id),
                        None => return refuse(format!("primary_key/{index}"), format!("There is no column “{name}”.")),
                    }
                }
                let generated_key = key.is_empty();
                if generated_key {
                    let names = std::iter::once("row id".to_owned()).chain((2..).map(|n| format!("row id {n}")));
                    let name = names.into_iter().find(|name| made.iter().all(|column| column.name != *name));
                    let column =
                        Column { required: true, ..Column::new(new_column_id(), name.unwrap_or_default(), Type::Uuid) };
                    key.push(column.id);
                    made.insert(0, column);
                }
                let schema = Schema {
                    columns: made,
                    primary_key: key,
                    generated_key,
                    description: description.clone(),
                    checks: Vec::new(),
                };
                one(Operation::CreateTable { table, name: name.clone(), schema })
            }
            Change::RenameTable { table, name } => {
                one(Operation::RenameTable { table: self.open(table)?.id, name: name.clone() })
            }
            Change::DescribeTable { table, description } => {
                one(Operation::DescribeTable { table: self.open(table)?.id, description: description.clone() })
            }
            Change::DropTable { table } => one(Operation::DropTable { table: self.open(table)?.id }),
            Change::AddColumn { table, column, position } => {
                let table = self.open(table)?.id;
                let mut column = self.column(column, "column")?;
                column.fill = column.default.clone();
                one(Operation::AddColumn { table, column, position: *position })
            }
            Change::RenameColumn { table, column, name } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::RenameColumn { table: table.id, column: column.id, name: name.clone() })
            }
            Change::MoveColumn { table, column, position } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::MoveColumn { table: table.id, column: column.id, position: *position })
            }
            Change::DropColumn { table, column } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::DropColumn { table: table.id, column: column.id })
            }
            Change::RetypeColumn { table, column, ty, options, target } => {
                let (table, column) = self.locate(table, column)?;
                let target = target.as_deref().map(|name| self.target(name, "target")).transpose()?;
                one(Operation::RetypeColumn {
                    table: table.id,
                    column: column.id,
                    ty: *ty,
                    options: options.clone(),
                    target,
                })
            }
            Change::SetColumn { table, column, set } => {
                let (table, column) = self.locate(table, column)?;
                let properties = properties(&column, set, "set")?;
                Ok(properties
                    .into_iter()
                    .map(|property| Operation::SetProperty { table: table.id, column: column.id, property })
                    .collect())
            }
            Change::SetPrimaryKey { table, columns } => {
                let table = self.open(table)?;
                let mut key = Vec::new();
                for (index, name) in columns.iter().enumerate() {
                    match table.schema.column_named(name) {
                        Some(column) => key.push(column.id),
                        None => return refuse(format!("columns/{index}"), format!("There is no column “{name}”.")),
                    }
                }
                one(Operation::SetPrimaryKey { table: table.id, columns: key, generated: false })
            }
            Change::SetCheck { table, check, name, filter, severity, message } => {
                let table = self.open(table)?;
                let old = table.schema.check_named(check);
                let (place, new_name) = name.as_ref().map_or(("check", check), |name| ("name", name));
                if !is_name(new_name) {
                    return refuse(place, "A name has 1 to 200 characters and no control characters.");
                }
                if new_name != check && table.schema.check_named(new_name).is_some() {
                    return refuse(place, format!("There is another check “{new_name}”."));
                }
                if message.as_ref().is_some_and(|message| message.chars().count() > MAX_CHECK_MESSAGE) {
                    return refuse("message", "A message has at most 1,000 characters.");
                }
                let filter = match (filter, old) {
                    (Some(text), _) => match Check::stored(text, &table.schema) {
                        Ok(filter) => filter,
                        Err(CheckError::Filter(error)) => return refuse("filter", error),
                        Err(error) => return refuse("filter", sentence(&error)),
                    },
                    (None, Some(old)) => old.filter.clone(),
                    (None, None) => return refuse("filter", "Say which rows there must not be."),
                };
                let check = Check {
                    id: old.map_or_else(|| CheckId(random_id()), |old| old.id),
                    name: new_name.clone(),
                    filter,
                    severity: severity.or(old.map(|old| old.severity)).unwrap_or(Severity::Error),
                    message: message.clone().or_else(|| old.map(|old| old.message.clone())).unwrap_or_default(),
                };
                one(Operation::SetCheck { table: table.id, check })
            }
            Change::DropCheck { table, check } => {
                let table = self.open(table)?;
                match table.schema.check_named(check) {
                    Some(found) => one(Operation::DropCheck { table: table.id, check: found.id }),
                    None => refuse("check", format!("There is no check “{check}”.")),
                }
            }
            Change::Insert { .. }
            | Change::Update { .. }
            | Change::Upsert { .. }
            | Change::Delete { .. }
            | Change::RestoreRow { .. }
            | Change::RestoreTable { .. }
            | Change::Restore { .. } => Ok(Vec::new()),
        }
    }

    fn new_table_id(&self) -> TableId {
        loop {
            let id = TableId(random_id());
            if !self.root.tables.contains_key(&id) {
                return id;
            }
        }
    }

    fn target(&self, name: &str, place: &str) -> Result<TableId, Trouble> {
        match self.root.table_named(name) {
            Some((id, _)) => Ok(id),
            None => refuse(place, format!("There is no table “{name}”.")),
        }
    }

    fn locate(&self, table: &str, column: &str) -> Result<(Rc<Opened>, Column), Trouble> {
        let table = self.open(table)?;
        match table.schema.column_named(column).cloned() {
            Some(column) => Ok((table, column)),
            None => refuse("column", format!("There is no column “{column}”.")),
        }
    }

    fn column(&self, new: &NewColumn, place: &str) -> Result<Column, Trouble> {
        let ty: Type = match new.ty.parse() {
            Ok(ty) => ty,
            Err(error) => return refuse(format!("{place}/type"), format!("{error}.")),
        };
        let mut column = Column::new(new_column_id(), new.name.clone(), ty);
        column.target = new.target.as_deref().map(|name| self.target(name, &format!("{place}/target"))).transpose()?;
        for property in properties(&column, &new.properties, place)? {
            match property {
                Property::Required(required) => column.required = required,
                Property::Unique(unique) => column.unique = unique,
                Property::Default(value) => column.default = value,
                Property::Minimum(value) => column.minimum = value,
                Property::Maximum(value) => column.maximum = value,
                Property::Pattern(pattern) => column.pattern = pattern,
                Property::Options(options) => column.options = options,
                Property::Description(description) => column.description = description,
            }
        }
        Ok(column)
    }
}

/// What is wrong, with a capital and a full stop.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

fn new_column_id() -> ColumnId {
    ColumnId(random_id())
}

/// The properties that are given, read by the column's type.
fn properties(column: &Column, given: &Properties, place: &str) -> Result<Vec<Property>, Trouble> {
    let value = |json: &Json, name: &str| match value_of(column.ty, json) {
        Ok(value) => Ok(value),
        Err(reason) => refuse(format!("{place}/{name}"), format!("{reason}.")),
    };
    let mut properties = Vec::new();
    properties.extend(given.required.map(Property::Required));
    properties.extend(given.unique.map(Property::Unique));
    if let Some(options) = &given.options {
        properties.push(Property::Options(options.clone()));
    }
    if let Some(json) = &given.default {
        properties.push(Property::Default(value(json, "default")?));
    }
    if let Some(json) = &given.minimum {
        properties.push(Property::Minimum(value(json, "minimum")?));
    }
    if let Some(json) = &given.maximum {
        properties.push(Property::Maximum(value(json, "maximum")?));
    }
    properties.extend(given.pattern.clone().map(Property::Pattern));
    properties.extend(given.description.clone().map(Property::Description));
    Ok(properties)
}
