//! What a merge can't decide: conflicts and violations, as values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CheckId, Column, ColumnId, Hash, Key, TableId, Type, Value};

/// One of the two states that are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The state that is merged into.
    Ours,
    /// The state that is merged.
    Theirs,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// The cells of a row by column: what a row looks like whatever the order of columns. Cells that are their column's
/// [fill](Column::fill) are left out, so that a column that comes later does not change what is said of the row.
pub type RowCells = BTreeMap<ColumnId, Value>;

/// A property of a column, each merged by itself (rules M10 to M12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// Its name, as text.
    Name,
    /// Its type's name, as text.
    Type,
    /// Whether it is required.
    Required,
    /// Whether it is unique.
    Unique,
    /// What rows have that were there before it.
    Fill,
    /// What new rows get.
    Default,
    /// The smallest value.
    Minimum,
    /// The largest value.
    Maximum,
    /// The pattern, as text.
    Pattern,
    /// The table that links lead to, as text.
    Target,
    /// The description, as text.
    Description,
}

/// A property of a table, each merged by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableProperty {
    /// Its name.
    Name,
    /// Its description.
    Description,
}

/// A property of a check, each merged by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckProperty {
    /// Whether there is the check at all: one side dropped what the other changed. Its value is the filter.
    Whole,
    /// Its name.
    Name,
    /// Its filter.
    Filter,
    /// Its severity, by name.
    Severity,
    /// Its message.
    Message,
}

/// Two changes that can't both be had. All values are those of the three states, in the types that they have there.
///
/// Swapping the sides of a merge gives the same conflicts with the roles swapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Conflict {
    /// A cell that both changed, differently (M3, M6), or a changed cell that can't be converted (M11).
    Cell {
        /// The merged table's id.
        table: TableId,
        /// The row.
        key: Key,
        /// The merged column's id.
        column: ColumnId,
        /// The value that both changed; none where there was no row, or where several merge bases disagree.
        base: Option<Value>,
        /// Ours; none where there is no such row or column.
        ours: Option<Value>,
        /// Theirs; none where there is no such row or column.
        theirs: Option<Value>,
        /// The merged column's type, where a value that should stand in the cell can't be converted to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        convert_to: Option<Type>,
    },
    /// A row that one side deleted and the other changed (M5).
    Row {
        /// The merged table's id.
        table: TableId,
        /// The row.
        key: Key,
        /// Who deleted it.
        deleted_by: Side,
        /// The row as it was; none where several merge bases disagree.
        base: Option<RowCells>,
        /// The row as the other side has it.
        edited: RowCells,
    },
    /// A column that one side dropped, while the other changed its cells or properties (M9).
    Column {
        /// The merged table's id.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// Who dropped it.
        dropped_by: Side,
        /// The column as it was.
        base: Box<Column>,
        /// The column as the other side has it.
        edited: Box<Column>,
        /// How many cells the other side changed.
        edits: u64,
        /// The hash of those changes: other changes are another conflict.
        digest: Hash,
    },
    /// A property that both changed differently (M10, M11, M12).
    Property {
        /// The merged table's id.
        table: TableId,
        /// The merged column's id.
        column: ColumnId,
        /// Which.
        property: Property,
        /// Its value before; none where the column is new.
        base: Option<Value>,
        /// Ours.
        ours: Value,
        /// Theirs.
        theirs: Value,
    },
    /// Two columns that would have one name (M8: of different types; or one renamed to the name of the other).
    ColumnNames {
        /// The merged table's id.
        table: TableId,
        /// The name.
        name: String,
        /// Ours.
        ours: Box<Column>,
        /// Theirs.
        theirs: Box<Column>,
    },
    /// A property of a check that both changed differently, or a check that one dropped and the other changed.
    Check {
        /// The merged table's id.
        table: TableId,
        /// The merged check's id.
        check: CheckId,
        /// Its name on our side, else on theirs.
        name: String,
        /// Which.
        property: CheckProperty,
        /// Its value before; none where the check is new.
        base: Option<String>,
        /// Ours; none where our side dropped the check.
        ours: Option<String>,
        /// Theirs; none where their side dropped the check.
        theirs: Option<String>,
    },
    /// Both changed the primary key, differently (M15).
    PrimaryKey {
        /// The merged table's id.
        table: TableId,
        /// Its columns before; none where the table is new.
        base: Option<Vec<ColumnId>>,
        /// Ours.
        ours: Vec<ColumnId>,
        /// Theirs.
        theirs: Vec<ColumnId>,
    },
    /// A table that one side dropped and the other changed (M14).
    Table {
        /// The table.
        table: TableId,
        /// Who dropped it.
        dropped_by: Side,
        /// The table before.
        base: crate::TableEntry,
        /// The table as the other side has it.
        edited: crate::TableEntry,
    },
    /// A table that both renamed or described differently (M14).
    TableProperty {
        /// The table.
        table: TableId,
        /// Which.
        property: TableProperty,
        /// The text before; none where the table is new.
        base: Option<String>,
        /// Ours.
        ours: String,
        /// Theirs.
        theirs: String,
    },
    /// Two tables that would have one name (M14: where one of them was there before).
    TableNames {
        /// The one that has this name on our side.
        table: TableId,
        /// The one that has it on theirs.
        other: TableId,
        /// The name.
        name: String,
    },
}

/// The kinds of conflicts, for rules that resolve many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// [`Conflict::Cell`]
    Cell,
    /// [`Conflict::Row`]
    Row,
    /// [`Conflict::Column`]
    Column,
    /// [`Conflict::Property`]
    Property,
    /// [`Conflict::ColumnNames`]
    ColumnNames,
    /// [`Conflict::Check`]
    Check,
    /// [`Conflict::PrimaryKey`]
    PrimaryKey,
    /// [`Conflict::Table`]
    Table,
    /// [`Conflict::TableProperty`]
    TableProperty,
    /// [`Conflict::TableNames`]
    TableNames,
}

impl Conflict {
    /// The conflict's stable id: the hash of its canonical JSON. It stays the same exactly as long as what is in
    /// conflict does, whatever else changes on either side.
    #[must_use]
    pub fn id(&self) -> Hash {
        hash_json(self)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ConflictKind {
        match self {
            Self::Cell { .. } => ConflictKind::Cell,
            Self::Row { .. } => ConflictKind::Row,
            Self::Column { .. } => ConflictKind::Column,
            Self::Property { .. } => ConflictKind::Property,
            Self::ColumnNames { .. } => ConflictKind::ColumnNames,
            Self::Check { .. } => ConflictKind::Check,
            Self::PrimaryKey { .. } => ConflictKind::PrimaryKey,
            Self::Table { .. } => ConflictKind::Table,
            Self::TableProperty { .. } => ConflictKind::TableProperty,
            Self::TableNames { .. } => ConflictKind::TableNames,
        }
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> TableId {
        match self {
            Self::Cell { table, .. }
            | Self::Row { table, .. }
            | Self::Column { table, .. }
            | Self::Property { table, .. }
            | Self::ColumnNames { table, .. }
            | Self::Check { table, .. }
            | Self::PrimaryKey { table, .. }
            | Self::Table { table, .. }
            | Self::TableProperty { table, .. }
            | Self::TableNames { table, .. } => *table,
        }
    }

    /// The column, where it is about one.
    #[must_use]
    pub const fn column(&self) -> Option<ColumnId> {
        match self {
            Self::Cell { column, .. } | Self::Column { column, .. } | Self::Property { column, .. } => Some(*column),
            _ => None,
        }
    }

    /// The row, where it is about one.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match self {
            Self::Cell { key, .. } | Self::Row { key, .. } => Some(key),
            _ => None,
        }
    }

    /// What it is about, without the values.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let table = self.table();
        match self {
            Self::Cell { key, column, .. } => Subject::Cell { table, key: key.clone(), column: *column },
            Self::Row { key, .. } => Subject::Row { table, key: key.clone() },
            Self::Property { column, property, .. } => {
                Subject::Property { table, column: *column, property: *property }
            }
            Self::Check { check, .. } => Subject::Check { table, check: *check },
            Self::PrimaryKey { .. } => Subject::PrimaryKey { table },
            Self::TableProperty { property, .. } => Subject::TableProperty { table, property: *property },
            Self::Column { .. } | Self::ColumnNames { .. } | Self::Table { .. } | Self::TableNames { .. } => {
                Subject::Table { table }
            }
        }
    }
}

/// A thing that can be in conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "snake_case")]
pub enum Subject {
    /// A table, or which columns it has.
    Table {
        /// Which.
        table: TableId,
    },
    /// A table's name or description.
    TableProperty {
        /// The table.
        table: TableId,
        /// Which.
        property: TableProperty,
    },
    /// A table's primary key.
    PrimaryKey {
        /// The table.
        table: TableId,
    },
    /// A check.
    Check {
        /// The table.
        table: TableId,
        /// The check.
        check: CheckId,
    },
    /// A property of a column.
    Property {
        /// The table.
        table: TableId,
        /// The column.
        column: ColumnId,
        /// Which.
        property: Property,
    },
    /// A row.
    Row {
        /// The table.
        table: TableId,
        /// The row.
        key: Key,
    },
    /// A cell.
    Cell {
        /// The table.
        table: TableId,
        /// The row.
        key: Key,
        /// The column.
        column: ColumnId,
    },
}

impl Subject {
    /// The table.
    #[must_use]
    pub const fn table(&self) -> TableId {
        match self {
            Self::Table { table }
            | Self::TableProperty { table, .. }
            | Self::PrimaryKey { table }
            | Self::Check { table, .. }
            | Self::Property { table, .. }
            | Self::Row { table, .. }
            | Self::Cell { table, .. } => *table,
        }
    }
}

/// What a violation breaks (rule M16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// A cell breaks a rule of its column: required, range, pattern, choices. The message says which.
    Cell {
        /// The column.
        column: ColumnId,
    },
    /// Rows have the same value in a unique column.
    Unique {
        /// The column.
        column: ColumnId,
    },
    /// A link leads to a row that is not there.
    Link {
        /// The column.
        column: ColumnId,
        /// The table that it leads to.
        target: TableId,
    },
    /// A row meets a check that no row may meet.
    Check {
        /// The check.
        check: CheckId,
    },
    /// A row moved by a change of the primary key meets another (M15).
    Key,
    /// The merged schema contradicts itself, such as a minimum above the maximum, or a link to a table that is gone.
    Schema,
}

/// A rule that the merged state breaks although each side keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The merged table's id.
    pub table: TableId,
    /// What is broken.
    #[serde(flatten)]
    pub rule: Rule,
    /// The rows that break it together, in the order of their keys; at [`Rule::Key`] the row that arrived.
    pub rows: Vec<(Key, RowCells)>,
    /// What is wrong, for people.
    pub message: String,
}

impl Violation {
    /// The violation's stable id: it stays the same as long as the rule and the cells in question do.
    #[must_use]
    pub fn id(&self) -> Hash {
        hash_json(self)
    }
}

fn hash_json(value: &impl Serialize) -> Hash {
    let bytes = serde_json::to_vec(value).expect("these structures have text keys only and a Vec takes every byte");
    Hash::of(&bytes)
}
