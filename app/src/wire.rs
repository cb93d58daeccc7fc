//! What the islands and the server functions tell each other. Cells travel as the text that `versioning::Type::parse`
//! reads; none is null.

use serde::{Deserialize, Serialize};
use versioning::{ColumnId, Key, Schema};

/// Which table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePath {
    /// The dataset's namespace.
    pub owner: String,
    /// The dataset's name.
    pub dataset: String,
    /// The table's name.
    pub table: String,
}

/// Rows next to each other, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows of the whole table.
    pub total: u64,
    /// The position of the first row here, counted from 0.
    pub offset: u64,
    /// The rows.
    pub rows: Vec<Row>,
    /// The columns that the cells follow. If they are not the grid's, the table has changed its shape.
    pub columns: Vec<ColumnId>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its primary key.
    pub key: Key,
    /// The key as it stands in addresses, percent-encoded.
    pub address: String,
    /// Its cells, in the order of the schema's columns.
    pub cells: Vec<Option<String>>,
    /// How it differs from the commit.
    #[serde(default, skip_serializing_if = "Mark::is_committed")]
    pub mark: Mark,
}

/// How a row differs from the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Not at all.
    #[default]
    Committed,
    /// It is new.
    Inserted,
    /// These cells were changed: position of the column, and what is committed.
    Updated(Vec<(usize, Option<String>)>),
}

impl Mark {
    /// Whether the row is as committed.
    #[must_use]
    pub const fn is_committed(&self) -> bool {
        matches!(self, Self::Committed)
    }
}

/// One edit, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// Change cells of a row.
    Update {
        /// The row.
        key: Key,
        /// The cells.
        cells: Vec<CellEdit>,
    },
    /// Add a row.
    Insert {
        /// The key that its cells make.
        key: Key,
        /// The cells that are not null.
        cells: Vec<(ColumnId, String)>,
    },
    /// Take a row out.
    Delete {
        /// The row.
        key: Key,
        /// What it held.
        cells: Vec<(ColumnId, String)>,
    },
}

/// One cell's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellEdit {
    /// The column.
    pub column: ColumnId,
    /// What the person saw before.
    pub before: Option<String>,
    /// What they want.
    pub after: Option<String>,
}

impl Edit {
    /// The row it speaks of.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Update { key, .. } | Self::Insert { key, .. } | Self::Delete { key, .. } => key,
        }
    }

    /// The same edit of another row.
    pub fn set_key(&mut self, new: Key) {
        match self {
            Self::Update { key, .. } | Self::Insert { key, .. } | Self::Delete { key, .. } => *key = new,
        }
    }

    /// What takes it back. After an update that changes the key, the row is found under the key it has then.
    #[must_use]
    pub fn inverse(&self, key_after: &Key) -> Self {
        match self.clone() {
            Self::Insert { key, cells } => Self::Delete { key, cells },
            Self::Delete { key, cells } => Self::Insert { key, cells },
            Self::Update { cells, .. } => Self::Update {
                key: key_after.clone(),
                cells: cells
                    .into_iter()
                    .map(|CellEdit { column, before, after }| CellEdit { column, before: after, after: before })
                    .collect(),
            },
        }
    }
}

/// The answer to edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edited {
    /// All are in the draft.
    Saved {
        /// The draft's revision now.
        revision: u64,
        /// Rows of the table now.
        total: u64,
    },
    /// None was taken: at least one is not possible.
    Refused {
        /// Why, for the person.
        reason: String,
    },
    /// None was taken: something else is there by now.
    Stale {
        /// What happened, for the person.
        reason: String,
        /// The cells.
        cells: Vec<StaleCell>,
    },
}

/// A cell that is not what the person saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleCell {
    /// The row.
    pub key: Key,
    /// The column; none when the whole row is gone, or there although it should be new.
    pub column: Option<ColumnId>,
    /// What is there now.
    pub now: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Fault {
    /// The server was not reached, or failed. Trying again may help.
    #[error("The server does not answer.")]
    Unreachable,
    /// The server does not do this. Trying again does not help.
    #[error("{reason}")]
    Refused {
        /// Why, for the person.
        reason: String,
    },
}

/// What the grid is told by the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridSetup {
    /// The table.
    pub path: TablePath,
    /// Its columns and primary key.
    pub schema: Schema,
    /// Its page.
    pub address: String,
    /// Its rows when the page was made.
    pub total: u64,
    /// The row to begin with, counted from 0.
    pub offset: u64,
    /// Whether cells may be edited.
    pub editable: bool,
}
