//! What the islands and the server functions tell each other. Cells travel as the text that `versioning::Type::parse`
//! reads; none is null. All of it is packed as [postcard](https://postcard.jamesmunns.com/wire-format): a browser reads
//! it with a fraction of the code that JSON takes. So no field may be left out when it is written.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use versioning::{Column, ColumnId, Key, Schema, Type};

/// Which table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePath {
    /// The dataset's namespace.
    pub owner: String,
    /// The dataset's name.
    pub dataset: String,
    /// The state that is looked at, as addresses name it; empty: the default branch as it is now.
    pub at: String,
    /// The table's name.
    pub table: String,
    /// Which of its rows, in which order: a packed [`Search`], of which the grid knows nothing. Empty: all, by the key.
    pub search: String,
}

/// What was asked of a table's rows, and the list that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// The filter.
    pub filter: String,
    /// The columns to sort by.
    pub sort: String,
    /// The name of the list.
    pub list: String,
}

/// Rows next to each other, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows of the whole table, or of those that were asked for.
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
    pub mark: Mark,
    /// What the draft has it break or meet.
    pub findings: Findings,
}

/// What is wrong with cells of a row: the column, and what to say.
pub type Findings = Vec<(ColumnId, String)>;

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
        /// Rows now, as in [`Rows`].
        total: u64,
        /// What is wrong with the edited rows, by key; nothing with those that are not here.
        findings: Vec<(Key, Findings)>,
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
    /// Its columns: id, name, position of the type in [`Type::ALL`], whether a value is required.
    pub columns: Vec<(ColumnId, String, u8, bool)>,
    /// The columns of its primary key.
    pub primary_key: Vec<ColumnId>,
    /// Whether keys are made for new rows.
    pub generated_key: bool,
    /// Its page.
    pub address: String,
    /// Its rows when the page was made.
    pub total: u64,
    /// The row to begin with, counted from 0.
    pub offset: u64,
    /// Whether cells may be edited.
    pub editable: bool,
}

impl GridSetup {
    /// The table's schema, without what only people read.
    #[must_use]
    pub fn schema(&self) -> Schema {
        let columns = self.columns.iter().map(|(id, name, ty, required)| {
            let ty = Type::ALL.get(usize::from(*ty)).copied().unwrap_or(Type::Text);
            Column { required: *required, ..Column::new(*id, name, ty) }
        });
        Schema {
            columns: columns.collect(),
            primary_key: self.primary_key.clone(),
            generated_key: self.generated_key,
            description: String::new(),
            checks: Vec::new(),
        }
    }

    /// The columns of a schema as they travel.
    #[must_use]
    pub fn columns_of(schema: &Schema) -> Vec<(ColumnId, String, u8, bool)> {
        let type_of = |column: &Column| Type::ALL.iter().position(|ty| *ty == column.ty).unwrap_or(0) as u8;
        schema.columns.iter().map(|column| (column.id, column.name.clone(), type_of(column), column.required)).collect()
    }
}

/// Packs a value as a text: for attributes and the browser's storage.
#[must_use]
pub fn to_text<T: Serialize>(value: &T) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = postcard::to_allocvec(value).unwrap_or_default();
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Unpacks what [`to_text`] packed.
#[must_use]
pub fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect();
    postcard::from_bytes(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back_and_nonsense_is_not() {
        let edit =
            Edit::Insert { key: Key::from_bytes([1, 255].as_slice()), cells: vec![(ColumnId(7), "ß\n".to_owned())] };
        assert_eq!(from_text(&to_text(&edit)), Some(edit));
        for nonsense in ["", "0", "zz", "{}", "ä"] {
            assert_eq!(from_text::<Edit>(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_schema_travels() {
        let column = |id, ty| Column { required: id == 2, ..Column::new(ColumnId(id), id.to_string(), ty) };
        let schema = Schema {
            columns: vec![column(1, Type::Uuid), column(2, Type::Json)],
            primary_key: vec![ColumnId(1)],
            generated_key: true,
            description: String::new(),
            checks: Vec::new(),
        };
        let setup = GridSetup {
            path: TablePath {
                owner: "o".to_owned(),
                dataset: "d".to_owned(),
                at: String::new(),
                table: "t".to_owned(),
                search: String::new(),
            },
            columns: GridSetup::columns_of(&schema),
            primary_key: schema.primary_key.clone(),
            generated_key: schema.generated_key,
            address: String::new(),
            total: 1,
            offset: 0,
            editable: true,
        };
        assert_eq!(from_text::<GridSetup>(&to_text(&setup)).map(|setup| setup.schema()), Some(schema));
    }
}
