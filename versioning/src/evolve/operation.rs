//! Operations as data.

use serde::{Deserialize, Serialize};

use crate::{CheckId, Column, ColumnId, Schema, TableId, Type, Value, schema::Check};

/// A change of a dataset's tables. New ids come from the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Creates a table without rows.
    CreateTable {
        /// Its new id.
        table: TableId,
        /// Its name.
        name: String,
        /// Its schema.
        schema: Schema,
    },
    /// Gives a table another name.
    RenameTable {
        /// The table.
        table: TableId,
        /// Its new name.
        name: String,
    },
    /// Says what a table's rows are.
    DescribeTable {
        /// The table.
        table: TableId,
        /// The new description.
        description: String,
    },
    /// Drops a table. No other table may link to it.
    DropTable {
        /// The table.
        table: TableId,
    },
    /// Adds a column. Rows that are there have its [`fill`](Column::fill), which keeps its rules.
    AddColumn {
        /// The table.
        table: TableId,
        /// The column, with its new id.
        column: Column,
        /// Its place among the columns, counted from 0; none: last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<usize>,
    },
    /// Gives a column another name.
    RenameColumn {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// Its new name.
        name: String,
    },
    /// Moves a column to another place.
    MoveColumn {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// Its new place among the columns, counted from 0; the last for anything beyond.
        position: usize,
    },
    /// Drops a column and its cells. It is no part of the primary key.
    DropColumn {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
    },
    /// Gives a column another type, other options or another target, and converts its cells and properties as
    /// [`Value::cast`] does. Each must have a counterpart that keeps the column's rules.
    RetypeColumn {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// The new type.
        #[serde(rename = "type")]
        ty: Type,
        /// The options, for a choice and tags.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<String>,
        /// The table to link to, for a link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<TableId>,
    },
    /// Changes one property of a column. All rows keep the rules that become tighter.
    SetProperty {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// The property with its new value.
        property: Property,
    },
    /// Names rows by other columns. No cell of them is empty, and no two rows have the same values there.
    SetPrimaryKey {
        /// The table.
        table: TableId,
        /// The columns of the new key, in order.
        columns: Vec<ColumnId>,
        /// See [`Schema::generated_key`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        generated: bool,
    },
    /// Adds a check, or puts it in the place of the one with its id. Where it is an error to meet it and was not before,
    /// no row does.
    SetCheck {
        /// The table.
        table: TableId,
        /// The check.
        check: Check,
    },
    /// Drops a check.
    DropCheck {
        /// The table.
        table: TableId,
        /// The check.
        check: CheckId,
    },
}

/// A property of a column, with a value for it. See the fields of [`Column`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// Whether every row must have a value.
    Required(bool),
    /// Whether no two rows may have the same value.
    Unique(bool),
    /// The value of new rows where none is given; null: none.
    Default(Value),
    /// The smallest value; null: none.
    Minimum(Value),
    /// The largest value; null: none.
    Maximum(Value),
    /// A regular expression that texts match; empty: none.
    Pattern(String),
    /// The texts that a choice or tags may be.
    Options(Vec<String>),
    /// What the column means.
    Description(String),
}

impl Operation {
    /// The table that is created, changed or dropped.
    #[must_use]
    pub const fn table(&self) -> TableId {
        match self {
            Self::CreateTable { table, .. }
            | Self::RenameTable { table, .. }
            | Self::DescribeTable { table, .. }
            | Self::DropTable { table }
            | Self::AddColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::MoveColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RetypeColumn { table, .. }
            | Self::SetProperty { table, .. }
            | Self::SetPrimaryKey { table, .. }
            | Self::SetCheck { table, .. }
            | Self::DropCheck { table, .. } => *table,
        }
    }
}
