//! Why an operation can't be done.

use super::MAX_MEMORY;
use crate::{
    CheckId, ColumnId, ReadError, TableId, WriteError,
    key::KeyError,
    query::ScanError,
    schema::{MAX_NAME, RowError, SchemaError, ValueProperty},
    tree::BuildError,
    value::CastError,
};

/// Why an operation can't be done. Nothing is changed then; chunks may have been written that nothing refers to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EvolveError {
    /// A chunk can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A chunk can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The rows can't be written as a tree.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no such table.
    #[error("there is no table with the id {table}")]
    NoTable {
        /// The id.
        table: TableId,
    },
    /// There is a table with this id.
    #[error("there is a table with the id {table} already")]
    TableExists {
        /// The id.
        table: TableId,
    },
    /// Not a name.
    #[error("“{name}” can't be a table's name: a name has 1 to {} characters and no control characters", MAX_NAME)]
    TableName {
        /// The text.
        name: String,
    },
    /// Another table has the name.
    #[error("another table is named “{name}”")]
    TableNameTaken {
        /// The name.
        name: String,
    },
    /// Links of other tables lead to rows of this one, and would lead nowhere.
    #[error("columns link to rows of “{table}”: {}", columns.join(", "))]
    Linked {
        /// The table's name.
        table: String,
        /// The columns, as `table.column`.
        columns: Vec<String>,
    },
    /// There is no such column.
    #[error("“{table}” has no column with the id {column}")]
    NoColumn {
        /// The table's name.
        table: String,
        /// The id.
        column: ColumnId,
    },
    /// The column is part of the primary key.
    #[error("“{column}” is part of the primary key; make rows be named by other columns first")]
    KeyColumn {
        /// The column's name.
        column: String,
    },
    /// Checks ask for the column.
    #[error("checks ask for “{column}”: {}; drop or change them first", checks.join(", "))]
    Checked {
        /// The column's name.
        column: String,
        /// The names of the checks.
        checks: Vec<String>,
    },
    /// There is no such check.
    #[error("“{table}” has no check with the id {check}")]
    NoCheck {
        /// The table's name.
        table: String,
        /// The id.
        check: CheckId,
    },
    /// A table's rows can't be looked through.
    #[error(transparent)]
    Scan(ScanError),
    /// A link leads to no table.
    #[error("“{column}” links to a table that is not there")]
    NoTarget {
        /// The column's name.
        column: String,
    },
    /// The schema would not be valid.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The value that rows get in a new column breaks its rules.
    #[error("rows that are there can't have the new column's value: {0}")]
    Fill(RowError),
    /// All rows would have the same value in a column that says they must not.
    #[error("“{column}” can't be unique when all rows that are there get the same value")]
    FillNotUnique {
        /// The column's name.
        column: String,
    },
    /// A property has no counterpart in the new type.
    #[error("the {property} “{value}” of “{column}” can't be converted: {reason}. Change or remove it first")]
    Property {
        /// The column's name.
        column: String,
        /// Which property.
        property: ValueProperty,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: CastError,
    },
    /// Rows stand against the operation.
    #[error("{count} cells or rows of “{table}” stand against it{}", first(rows))]
    Rows {
        /// The table's name.
        table: String,
        /// The first [`super::MAX_LISTED`] of them.
        rows: Vec<RowProblem>,
        /// How many there are.
        count: u64,
    },
    /// The table has too many rows to be held in memory.
    #[error("“{table}” is too large for this: more than {} MiB would have to be held in memory", MAX_MEMORY >> 20)]
    TooLarge {
        /// The table's name.
        table: String,
    },
}

impl From<ScanError> for EvolveError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Read(error) => Self::Read(error),
            error => Self::Scan(error),
        }
    }
}

fn first(rows: &[RowProblem]) -> String {
    rows.first().map_or_else(String::new, |row| format!("; row {}: {}", row.key, row.reason))
}

/// A row that stands against an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Its key as text, under the primary key it has now.
    pub key: String,
    /// The column; none when it is about the key.
    pub column: Option<ColumnId>,
    /// The beginning of the cell's or the new key's text.
    pub value: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a row stands against an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The value has no counterpart in the new type.
    #[error("the value can't be converted: {0}")]
    Cast(#[from] CastError),
    /// The value breaks a rule.
    #[error(transparent)]
    Rule(#[from] RowError),
    /// The row has no key, or the text of a link names no row.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The row meets a check.
    #[error("it meets the check “{check}”")]
    Check {
        /// The check's name.
        check: String,
    },
    /// Another row has the same value or key.
    #[error("row {other} has the same")]
    Duplicate {
        /// The key of the first such row.
        other: String,
    },
}
