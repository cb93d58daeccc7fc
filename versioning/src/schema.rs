//! What a table's rows look like: its columns, by stable id, and its primary key.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ColumnId, TableId},
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

/// The columns of a table and its primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// In the order in which people see them. A [`Row`] has its cells in this order.
    pub columns: Vec<Column>,
    /// The columns whose values name a row, in order; at least one.
    pub primary_key: Vec<ColumnId>,
    /// The primary key is one uuid column filled with a UUIDv7 when a row is inserted without one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated_key: bool,
}

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is no column, or there are too many.
    #[error("a table has 1 to {MAX_COLUMNS} columns; this one has {count}")]
    ColumnCount {
        /// How many there are.
        count: usize,
    },
    /// A name is empty or too long, or has a control character.
    #[error("column {position}: a name has 1 to {MAX_NAME} characters and no control characters")]
    Name {
        /// Counted from 1.
        position: usize,
    },
    /// Two columns share a name.
    #[error("two columns are named “{name}”")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Two columns share an id.
    #[error("two columns have the id {id}")]
    DuplicateId {
        /// The id.
        id: ColumnId,
    },
    /// There is no primary key, a column of it does not exist or stands twice.
    #[error("the primary key must name one or more different columns of the table")]
    PrimaryKey,
    /// A column of the primary key has a type that can't name rows.
    #[error("“{name}” can't be part of the primary key: values of type {ty} have no order")]
    KeyType {
        /// The column's name.
        name: String,
        /// Its type.
        ty: Type,
    },
    /// A generated key must be a single uuid column.
    #[error("a generated primary key is one column of type uuid")]
    GeneratedKey,
}

/// Why a row does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The number of cells differs from the number of columns.
    #[error("the row has {found} cells, the table {expected} columns")]
    CellCount {
        /// Cells of the row.
        found: usize,
        /// Columns of the table.
        expected: usize,
    },
    /// A required cell is empty.
    #[error("“{column}” must not be empty")]
    Required {
        /// The column's name.
        column: String,
    },
    /// A cell has a value of another type.
    #[error("“{column}” holds values of type {expected}")]
    WrongType {
        /// The column's name.
        column: String,
        /// The column's type.
        expected: Type,
    },
    /// A cell is larger than a cell may be.
    #[error("“{column}”: a cell holds at most {limit} bytes")]
    TooLarge {
        /// The column's name.
        column: String,
        /// The limit in bytes.
        limit: usize,
    },
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
        Ok(())
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

    /// Checks a row: number of cells, types, required cells, sizes.
    ///
    /// # Errors
    /// The first cell that does not fit.
    pub fn check(&self, row: &Row) -> Result<(), RowError> {
        if row.len() != self.columns.len() {
            return Err(RowError::CellCount { found: row.len(), expected: self.columns.len() });
        }
        for (column, value) in self.columns.iter().zip(row) {
            self.check_cell(column, value)?;
        }
        Ok(())
    }

    /// Checks one cell.
    ///
    /// # Errors
    /// Why the value can't stand in the column.
    pub fn check_cell(&self, column: &Column, value: &Value) -> Result<(), RowError> {
        match value.ty() {
            None if column.required || self.is_key(column.id) => {
                Err(RowError::Required { column: column.name.clone() })
            }
            None => Ok(()),
            Some(ty) if ty != column.ty => {
                Err(RowError::WrongType { column: column.name.clone(), expected: column.ty })
            }
            Some(_) if value.size() > crate::value::MAX_CELL => {
                Err(RowError::TooLarge { column: column.name.clone(), limit: crate::value::MAX_CELL })
            }
            Some(_) => Ok(()),
        }
    }
}

/// Whether the text can name a table or a column: 1 to [`MAX_NAME`] characters, no control characters, no space at
/// either end.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=MAX_NAME).contains(&length) && !text.chars().any(char::is_control) && text.trim() == text
}
