//! Changes as data: what a program wants done to rows, columns and tables in one commit, all of it or nothing.
//!
//! Tables and columns go by their names here; ids are looked up, and made for what is new.

mod bench;
mod rows;
mod schema;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use versioning::{Hash, Type, schema::Severity};

use crate::{
    Actor, Error, Hub, Place, Reference,
    access::Action,
    write::{Intent, Made, Parent, Way, message},
};
use bench::Bench;
pub use rows::value_of;

/// The most changes in one commit; larger ones are imports.
const MAX_CHANGES: usize = 100_000;

/// One change. Values of cells are JSON: numbers, booleans, null, text as people write the type, an array of texts for
/// tags, and any JSON for json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Adds a row. Columns that are not named get their default; a generated key is made.
    Insert {
        /// The table.
        table: String,
        /// Cells by the names of their columns.
        values: Map<String, Json>,
    },
    /// Changes cells of a row.
    Update {
        /// The table.
        table: String,
        /// The row: its key as it stands in addresses, a value or an array of values of the key's columns in order, or an
        /// object of them by name.
        key: Json,
        /// Cells by the names of their columns.
        values: Map<String, Json>,
    },
    /// Changes cells of the row with the key that is among the values, or adds it.
    Upsert {
        /// The table.
        table: String,
        /// Cells by the names of their columns, the key among them.
        values: Map<String, Json>,
    },
    /// Takes a row out.
    Delete {
        /// The table.
        table: String,
        /// The row, as for `update`.
        key: Json,
    },
    /// Creates a table without rows.
    CreateTable {
        /// Its name.
        name: String,
        /// Its columns, in order.
        columns: Vec<NewColumn>,
        /// The names of the key's columns; with none, a key is generated.
        #[serde(default)]
        primary_key: Vec<String>,
        /// What its rows are.
        #[serde(default)]
        description: String,
    },
    /// Gives a table another name.
    RenameTable {
        /// The table.
        table: String,
        /// Its new name.
        name: String,
    },
    /// Says what a table's rows are.
    DescribeTable {
        /// The table.
        table: String,
        /// The description.
        description: String,
    },
    /// Drops a table.
    DropTable {
        /// The table.
        table: String,
    },
    /// Adds a column. Rows that are there get its default, without being rewritten.
    AddColumn {
        /// The table.
        table: String,
        /// The column.
        column: NewColumn,
        /// Its place, counted from 0; last where none is given.
        #[serde(default)]
        position: Option<usize>,
    },
    /// Gives a column another name.
    RenameColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its new name.
        name: String,
    },
    /// Moves a column.
    MoveColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its new place, counted from 0.
        position: usize,
    },
    /// Drops a column with its cells.
    DropColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Gives a column another type and converts its cells.
    RetypeColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The new type.
        #[serde(rename = "type")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        ty: Type,
        /// The options, for a choice and tags.
        #[serde(default)]
        options: Vec<String>,
        /// The table that links lead to.
        #[serde(default)]
        target: Option<String>,
    },
    /// Changes properties of a column; those that are not named stay. Null takes a default or bound away.
    SetColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its properties.
        #[serde(default)]
        set: Properties,
    },
    /// Names rows by other columns.
    SetPrimaryKey {
        /// The table.
        table: String,
        /// The names of the key's columns, in order.
        columns: Vec<String>,
    },
    /// Adds a check, or changes the one of this name: what is not given stays.
    SetCheck {
        /// The table.
        table: String,
        /// The check's name.
        check: String,
        /// Its new name.
        #[serde(default)]
        name: Option<String>,
        /// The filter that no row may meet. A new check needs one.
        #[serde(default)]
        filter: Option<String>,
        /// What follows from a row that meets it: `error`, no change may bring such a row, or `warning`, it is told. An
        /// error where nothing is said.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
        severity: Option<Severity>,
        /// What is wrong with such a row, for people.
        #[serde(default)]
        message: Option<String>,
    },
    /// Drops a check.
    DropCheck {
        /// The table.
        table: String,
        /// The check's name.
        check: String,
    },
    /// Makes a row what it is in another state.
    RestoreRow {
        /// The table.
        table: String,
        /// The row, as for `update`.
        key: Json,
        /// The other state.
        from: String,
    },
    /// Makes a table what it is in another state.
    RestoreTable {
        /// The table's name in the other state, or else its name now.
        table: String,
        /// The other state.
        from: String,
    },
    /// Makes the whole dataset what it is in another state.
    Restore {
        /// The other state.
        from: String,
    },
}

/// A column to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type: text, integer, decimal, float, boolean, date, timestamp, uuid, json, choice, tags, link or file.
    #[serde(rename = "type")]
    pub ty: String,
    /// The table that links lead to.
    #[serde(default)]
    pub target: Option<String>,
    /// Its other properties.
    #[serde(flatten)]
    pub properties: Properties,
}

/// Properties of a column; those that are missing stay as they are. Null takes a default or bound away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Properties {
    /// Whether every row must have a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether no two rows may have the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// What new rows get where nothing is given.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub default: Option<Json>,
    /// The smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub minimum: Option<Json>,
    /// The largest value.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub maximum: Option<Json>,
    /// A regular expression that texts match; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The texts that a choice or tags may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<String>>,
    /// What the column means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Tells null from a field that is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Several changes that become one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The head that they were made for; the branch must still be there. None: whatever the head is.
    pub parent: Option<Hash>,
    /// Why.
    pub message: String,
    /// In order.
    pub changes: Vec<Change>,
}

impl Hub {
    /// Does the changes to a branch in one commit and returns it; none where nothing was different in the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] names each change that can't be done as `/operations/N/…`, [`Error::Moved`] the commits since
    /// the parent.
    pub async fn apply_changes(&self, actor: &Actor, place: &Place, changes: Changes) -> Result<Option<Hash>, Error> {
        let Changes { parent, message: text, changes } = changes;
        if changes.is_empty() || changes.len() > MAX_CHANGES {
            return Err(Error::invalid("/operations", format!("A commit has 1 to {MAX_CHANGES} operations.")));
        }
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let lease = self.store().lease();
        let viewed = self.resolve(&dataset, &place.at).await?;
        let mut states = BTreeMap::new();
        for (index, change) in changes.iter().enumerate() {
            let (Change::Restore { from } | Change::RestoreTable { from, .. } | Change::RestoreRow { from, .. }) =
                change
            else {
                continue;
            };
            let field = format!("/operations/{index}/from");
            let reference: Reference =
                from.parse().map_err(|error: crate::ParseReferenceError| Error::invalid(&*field, error.to_string()))?;
            let found = self.resolve(&dataset, &reference).await?.commit;
            states
                .insert(from.clone(), found.ok_or_else(|| Error::invalid(field, "Nothing was committed there yet."))?);
        }
        let intent = Intent {
            lease,
            actor,
            author: None,
            dataset: &dataset,
            branch: viewed.editable()?,
            head: viewed.commit,
            parent: parent.map_or(Parent::Head, Parent::Exactly),
            message: message(&text)?,
            way: Way::Direct,
            draft: None,
            job: None,
        };
        self.write(intent, move |desk, _, root| {
            let before = root.clone();
            let after = Bench::new(desk, root, &states).work(&changes)?;
            if after == before {
                return Ok(Made::Nothing);
            }
            crate::rules::check(desk, &before, &after)?;
            Ok(Made::Commit(after, Vec::new()))
        })
        .await
    }
}
