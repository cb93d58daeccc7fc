//! What a table's rows look like: its columns, by stable id, and its primary key.

mod checks;
mod error;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::{
    checks::{Check, CheckError, CheckShown, MAX_CHECK_FILTER, MAX_CHECK_MESSAGE, MAX_CHECKS, Severity},
    error::{ColumnError, RowError, SchemaError, ValueProperty},
};
use crate::{
    check::{self, Checker, ColumnChecker, Pattern},
    id::{CheckId, ColumnId, TableId},
    value::{Row, Type, Value},
};

/// The most columns a table can have.
pub const MAX_COLUMNS: usize = 1_000;
/// The longest name of a table or column, in characters.
pub const MAX_NAME: usize = 200;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Stable: a rename keeps it.
    pub id: ColumnId,
    /// Unique within the table, 1 to [`MAX_NAME`] characters.
    pub name: String,
    /// What its cells hold.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether every row must have a value here. Columns of the primary key always are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether no two rows may have the same value here; nulls differ from each other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// The value of rows that were there before the column was, and of leaves that do not have the column: a column
    /// is added without writing a row (rule T6). Never changes after the column was added.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub fill: Value,
    /// The value that a new row gets where none is given.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub default: Value,
    /// The smallest value, by the order of the type.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub minimum: Value,
    /// The largest value, by the order of the type.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub maximum: Value,
    /// A regular expression that the whole of each text matches; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pattern: String,
    /// The texts that a choice may be, in the order in which people see them. For tags, the tags that there may be;
    /// empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The table that links lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TableId>,
    /// What the column means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Column {
    /// A column without properties: cells may be empty, and any value of the type is taken.
    #[must_use]
    pub fn new(id: ColumnId, name: impl Into<String>, ty: Type) -> Self {
        Self {
            id,
            name: name.into(),
            ty,
            required: false,
            unique: false,
            fill: Value::Null,
            default: Value::Null,
            minimum: Value::Null,
            maximum: Value::Null,
            pattern: String::new(),
            options: Vec::new(),
            target: None,
            description: String::new(),
        }
    }
}

impl Column {
    /// Checks the column's properties against its type and each other.
    ///
    /// # Errors
    /// The first property that does not fit.
    pub fn validate(&self) -> Result<(), ColumnError> {
        self.validate_values()?;
        if !self.pattern.is_empty() {
            if !check::has_pattern(self.ty) {
                return Err(ColumnError::NoPattern { ty: self.ty });
            }
            Pattern::new(&self.pattern).map_err(ColumnError::Pattern)?;
        }
        self.validate_options()?;
        match (self.ty, self.target) {
            (Type::Link, None) => return Err(ColumnError::MissingTarget),
            (Type::Link, Some(_)) | (_, None) => {}
            (ty, Some(_)) => return Err(ColumnError::NoTarget { ty }),
        }
        if self.description.len() > MAX_DESCRIPTION {
            return Err(ColumnError::Description);
        }
        if self.default.is_null() {
            return Ok(());
        }
        let rules = ColumnChecker::new(self, false);
        rules.check(&self.default).map_err(|error| ColumnError::Default(Box::new(error)))
    }

    /// The bytes the column takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let values = [&self.fill, &self.default, &self.minimum, &self.maximum].map(Value::size);
        let options = self.options.iter().map(|option| size_of::<String>() + option.len()).sum::<usize>();
        let texts = self.name.len() + self.pattern.len() + self.description.len();
        size_of::<Self>() + values.iter().sum::<usize>() + options + texts
    }

    fn validate_values(&self) -> Result<(), ColumnError> {
        for (property, value) in [
            (ValueProperty::Fill, &self.fill),
            (ValueProperty::Default, &self.default),
            (ValueProperty::Minimum, &self.minimum),
            (ValueProperty::Maximum, &self.maximum),
        ] {
            let Some(ty) = value.ty() else { continue };
            if ty != self.ty {
                return Err(ColumnError::WrongType { property, expected: self.ty });
            }
            if value.size() > MAX_PROPERTY {
                return Err(ColumnError::TooLarge { property });
            }
            if matches!(property, ValueProperty::Minimum | ValueProperty::Maximum) && !ty.is_ordered() {
                return Err(ColumnError::NoOrder { property, ty });
            }
        }
        if !self.maximum.is_null() && self.minimum > self.maximum {
            let (minimum, maximum) = (self.minimum.to_string(), self.maximum.to_string());
            return Err(ColumnError::EmptyRange { minimum, maximum });
        }
        Ok(())
    }

    fn validate_options(&self) -> Result<(), ColumnError> {
        let count = self.options.len();
        match self.ty {
            Type::Choice if count == 0 => return Err(ColumnError::MissingOptions),
            Type::Choice | Type::Tags => {}
            ty if count > 0 => return Err(ColumnError::NoOptions { ty }),
            _ => {}
        }
        if count > MAX_OPTIONS {
            return Err(ColumnError::OptionCount { count });
        }
        let mut seen = BTreeSet::new();
        for (index, option) in self.options.iter().enumerate() {
            if !is_name(option) {
                return Err(ColumnError::Option { position: index + 1 });
            }
            if !seen.insert(option) {
                return Err(ColumnError::DuplicateOption { option: option.clone() });
            }
        }
        Ok(())
    }
}

/// The most options a column can have.
pub const MAX_OPTIONS: usize = 1_000;
/// The longest value of a property, in bytes: schemas are read with every page.
pub const MAX_PROPERTY: usize = 10_000;
/// The longest description of a table or column, in bytes.
pub const MAX_DESCRIPTION: usize = 10_000;

/// The columns of a table, its primary key, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// In the order in which people see them. A [`Row`] has its cells in this order.
    pub columns: Vec<Column>,
    /// The columns whose values name a row, in order; at least one.
    pub primary_key: Vec<ColumnId>,
    /// The primary key is one uuid column filled with a UUIDv7 when a row is inserted without one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated_key: bool,
    /// What the table's rows are, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What no row may meet, in the order of ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl Schema {
    /// Checks the schema as a whole.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn validate(&self) -> Result<(), SchemaError> {
        let count = self.columns.len();
        if count == 0 || count > MAX_COLUMNS {
            return Err(SchemaError::ColumnCount { count });
        }
        let mut names = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (index, column) in self.columns.iter().enumerate() {
            if !is_name(&column.name) {
                return Err(SchemaError::Name { position: index + 1 });
            }
            if !names.insert(&column.name) {
                return Err(SchemaError::DuplicateName { name: column.name.clone() });
            }
            if !ids.insert(column.id) {
                return Err(SchemaError::DuplicateId { id: column.id });
            }
            column.validate().map_err(|error| SchemaError::Column { column: column.name.clone(), error })?;
        }
        let key: BTreeSet<_> = self.primary_key.iter().collect();
        if key.is_empty() || key.len() != self.primary_key.len() {
            return Err(SchemaError::PrimaryKey);
        }
        for id in &self.primary_key {
            let column = self.column(*id).ok_or(SchemaError::PrimaryKey)?;
            if !column.ty.is_ordered() {
                return Err(SchemaError::KeyType { name: column.name.clone(), ty: column.ty });
            }
        }
        let single_uuid = self.primary_key.len() == 1
            && self.column(self.primary_key[0]).is_some_and(|column| column.ty == Type::Uuid);
        if self.generated_key && !single_uuid {
            return Err(SchemaError::GeneratedKey);
        }
        if self.description.len() > MAX_DESCRIPTION {
            return Err(SchemaError::Description);
        }
        self.validate_checks()
    }

    fn validate_checks(&self) -> Result<(), SchemaError> {
        if self.checks.len() > MAX_CHECKS {
            return Err(SchemaError::CheckCount { count: self.checks.len() });
        }
        let mut names = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for check in &self.checks {
            if !is_name(&check.name) {
                return Err(SchemaError::CheckName);
            }
            if !names.insert(&check.name) || !ids.insert(check.id) {
                return Err(SchemaError::DuplicateCheck { name: check.name.clone() });
            }
            if check.message.chars().count() > MAX_CHECK_MESSAGE {
                return Err(SchemaError::CheckMessage { name: check.name.clone() });
            }
            check.predicate(self).map_err(|error| SchemaError::Check { name: check.name.clone(), error })?;
        }
        Ok(())
    }

    /// The check of this id.
    #[must_use]
    pub fn check_of(&self, id: CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The check of this name, compared exactly.
    #[must_use]
    pub fn check_named(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// The column of this id.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// The position of the column of this id.
    #[must_use]
    pub fn position(&self, id: ColumnId) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }

    /// The column of this name, compared exactly.
    #[must_use]
    pub fn column_named(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the column is part of the primary key.
    #[must_use]
    pub fn is_key(&self, id: ColumnId) -> bool {
        self.primary_key.contains(&id)
    }

    /// The positions of the primary key's columns, in the key's order.
    #[must_use]
    pub fn key_positions(&self) -> Vec<usize> {
        self.primary_key.iter().filter_map(|id| self.position(*id)).collect()
    }

    /// Checks a row against the rules that it can be checked against by itself. For many rows, make a
    /// [`Checker`] once.
    ///
    /// # Errors
    /// The first cell that does not fit.
    pub fn check(&self, row: &Row) -> Result<(), RowError> {
        Checker::new(self).check(row)
    }

    /// Checks one cell. For many cells, make a [`ColumnChecker`] once.
    ///
    /// # Errors
    /// Why the value can't stand in the column.
    pub fn check_cell(&self, column: &Column, value: &Value) -> Result<(), RowError> {
        ColumnChecker::new(column, self.is_key(column.id)).check(value)
    }
}

/// Whether the text can name a table or a column: 1 to [`MAX_NAME`] characters, no control characters, no space at
/// either end, and not `.` or `..`, which have a meaning of their own in addresses.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=MAX_NAME).contains(&length)
        && !text.chars().any(char::is_control)
        && text.trim() == text
        && !matches!(text, "." | "..")
}
