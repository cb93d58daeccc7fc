//! What the import service is asked and answers: the types that both sides share.

use serde::{Deserialize, Serialize};
use versioning::{Schema, Tree, Type};

/// The most problems that are listed; all of them are counted.
pub const MAX_PROBLEMS: usize = 1_000;
/// The most characters of a value that are shown in a problem, a sample or the preview.
pub const MAX_SHOWN: usize = 200;

/// How a file writes its records. The quotation mark is always `"`, doubled within a quoted field (RFC 4180).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The WHATWG name of the character encoding, such as `UTF-8` or `windows-1252`.
    pub encoding: String,
    /// The byte between fields: comma, semicolon, tab or pipe.
    pub delimiter: u8,
    /// Whether the first record names the columns.
    pub header: bool,
}

/// A column as the inspection found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumn {
    /// Its name: a valid column name, unique within the file.
    pub name: String,
    /// The narrowest type that all values satisfy.
    pub ty: Type,
    /// No cell is empty.
    pub complete: bool,
    /// No two cells are known to be equal. False where that was not looked into: empty cells, a type without an order,
    /// more values than memory allows.
    pub unique: bool,
    /// Each cell is greater than the one before it, in the order of the type.
    pub increasing: bool,
    /// Up to five different values, each cut to [`MAX_SHOWN`] characters.
    pub samples: Vec<String>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// How the file is written.
    pub dialect: Dialect,
    /// Its columns.
    pub columns: Vec<FoundColumn>,
    /// Its records, the header not counted.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The first 20 records, each cell cut to [`MAX_SHOWN`] characters.
    pub preview: Vec<Vec<String>>,
    /// The first column that is unique and complete and can be a primary key.
    pub suggested_key: Option<usize>,
    /// What is wrong with the file itself: ragged records, undecodable bytes, a quotation mark left open. Not more than
    /// [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

/// How a file becomes a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    /// How the file is written.
    pub dialect: Dialect,
    /// The table's schema.
    pub schema: Schema,
    /// For each column of the schema the position of the file's column; none for the generated key.
    pub sources: Vec<Option<usize>>,
    /// The inspection found the key strictly increasing: rows go straight into the tree, and one that is out of order
    /// ends the import.
    pub increasing: bool,
}

/// Something in a file that can't be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The physical line on which its record begins, counted from 1. Records can span lines.
    pub line: u64,
    /// The column's name, where it is about a cell.
    pub column: Option<String>,
    /// The value, cut to [`MAX_SHOWN`] characters.
    pub value: String,
    /// What is wrong, without a full stop.
    pub reason: String,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Records read.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportOutcome {
    /// Every row is in the tree; its chunks have all been handed on.
    Imported {
        /// The tree.
        tree: Tree,
        /// Its rows.
        rows: u64,
    },
    /// Something in the file can't be taken; there is no tree.
    Refused {
        /// What, in the order of the lines; not more than [`MAX_PROBLEMS`].
        problems: Vec<Problem>,
        /// How many problems there are.
        problem_count: u64,
    },
}
