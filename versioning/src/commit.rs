//! A dataset's state and its history: roots and commits, as canonical JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Hash, TableId};

/// One state of all versioned tables of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The tables by stable id.
    pub tables: BTreeMap<TableId, TableEntry>,
}

impl Root {
    /// The table of this name.
    #[must_use]
    pub fn table_named(&self, name: &str) -> Option<(TableId, &TableEntry)> {
        self.tables.iter().find(|(_, entry)| entry.name == name).map(|(id, entry)| (*id, entry))
    }
}

/// A table within a [`Root`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Unique within the dataset.
    pub name: String,
    /// The object with the table's [`crate::Schema`].
    pub schema: Hash,
    /// The tree of its rows.
    pub tree: crate::Tree,
}

/// One immutable state of a dataset with its place in history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The object with the [`Root`].
    pub root: Hash,
    /// The commits this one follows: none for the first, two for a merge.
    pub parents: Vec<Hash>,
    /// The name of the person who made it.
    pub author: String,
    /// When, in microseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// What and why, in the author's words.
    pub message: String,
}
