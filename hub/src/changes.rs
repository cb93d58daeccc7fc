//! Changes as data: what a program wants done to rows, columns and tables in one commit, all of it or nothing.
//!
//! Tables and columns go by their names here; ids are looked up, and made for what is new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;
use versioning::{
    Column, ColumnId, Hash, Key, ObjectSource, Root, Row, Schema, TableEntry, TableId, Type, Value,
    check::Checker,
    evolve::{self, EvolveError, Operation, Property},
};

use crate::{
    Actor, Error, FieldError, Hub, Place, Reference,
    access::Action,
    random_id,
    write::{Desk, Intent, Made, Parent, internal, message},
};

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
            dataset: &dataset,
            branch: viewed.editable()?,
            parent: parent.map_or(Parent::Head, Parent::Exactly),
            message: message(&text)?,
            draft: None,
            job: None,
        };
        self.write(intent, move |desk, _, root| {
            let before = root.clone();
            let mut bench = Bench { desk, root, rows: BTreeMap::new(), states: &states, problems: Vec::new() };
            for (index, change) in changes.iter().enumerate() {
                bench.apply(index, change)?;
            }
            bench.fold_all()?;
            if !bench.problems.is_empty() {
                return Err(Error::Invalid { fields: bench.problems });
            }
            if bench.root == before {
                return Ok(Made::Nothing);
            }
            crate::rules::check(desk, &before, &bench.root)?;
            Ok(Made::Commit(bench.root, Vec::new()))
        })
        .await
    }
}

/// The most problems that are told.
const MAX_PROBLEMS: usize = 100;

/// Why a change can't be done: where in it, and what is wrong.
type Refusal = (String, String);

fn refuse<T>(place: impl Into<String>, reason: impl std::fmt::Display) -> Result<T, Trouble> {
    Err(Trouble::Refused((place.into(), reason.to_string())))
}

enum Trouble {
    Refused(Refusal),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A state that is being changed. Edits of rows wait per table until something needs the tree.
struct Bench<'b> {
    desk: &'b Desk<'b>,
    root: Root,
    rows: BTreeMap<TableId, BTreeMap<Key, Option<Row>>>,
    states: &'b BTreeMap<String, Hash>,
    problems: Vec<FieldError>,
}

/// A table that rows are changed in.
struct Opened {
    id: TableId,
    entry: TableEntry,
    schema: Schema,
}

impl Bench<'_> {
    /// Does one change, or notes why it can't be done.
    fn apply(&mut self, index: usize, change: &Change) -> Result<(), Error> {
        match self.try_apply(change) {
            Ok(()) => Ok(()),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Refused((place, reason))) => {
                let place = if place.is_empty() { String::new() } else { format!("/{place}") };
                let field = format!("/operations/{index}{place}");
                self.problems.push(FieldError { field, message: reason });
                if self.problems.len() >= MAX_PROBLEMS {
                    return Err(Error::Invalid { fields: std::mem::take(&mut self.problems) });
                }
                Ok(())
            }
        }
    }

    fn try_apply(&mut self, change: &Change) -> Result<(), Trouble> {
        match change {
            Change::Insert { table, values } => self.insert(table, values),
            Change::Update { table, key, values } => {
                let table = self.open(table)?;
                let key = key_of(&table.schema, key)?;
                self.update(&table, key, values)
            }
            Change::Upsert { table, values } => {
                let opened = self.open(table)?;
                let key = key_of(&opened.schema, &Json::Object(values.clone()))?;
                if self.row(&opened, &key)?.is_some() {
                    self.update(&opened, key, values)
                } else {
                    self.insert(table, values)
                }
            }
            Change::Delete { table, key } => {
                let table = self.open(table)?;
                let key = key_of(&table.schema, key)?;
                if self.row(&table, &key)?.is_none() {
                    return refuse("key", "There is no row with this key.");
                }
                self.rows.entry(table.id).or_default().insert(key, None);
                Ok(())
            }
            Change::RestoreRow { table, key, from } => {
                let table = self.open(table)?;
                self.fold(table.id)?;
                let then = self.state(from)?;
                let Some(entry) = then.tables.get(&table.id) else {
                    return refuse("from", "That state has no such table.");
                };
                let schema = self.objects().schema(entry.schema)?;
                let key = key_of(&schema, key)?;
                let mut sink = self.desk;
                match versioning::merge::restore_row(self.desk, &mut sink, &self.root, &then, table.id, &key) {
                    Ok(root) => self.root = root,
                    Err(versioning::merge::RestoreError::Read(error)) => return Err(error.into()),
                    Err(error) => return refuse("", format!("{error}.")),
                }
                Ok(())
            }
            Change::RestoreTable { table, from } => {
                let then = self.state(from)?;
                let named = then.table_named(table).or_else(|| self.root.table_named(table));
                let Some((id, _)) = named else { return refuse("table", format!("There is no table “{table}”.")) };
                self.rows.remove(&id);
                match versioning::merge::restore_table(&self.root, &then, id) {
                    Ok(root) => self.root = root,
                    Err(error) => return refuse("", format!("{error}.")),
                }
                Ok(())
            }
            Change::Restore { from } => {
                self.rows.clear();
                self.root = self.state(from)?;
                Ok(())
            }
            _ => self.evolve(change),
        }
    }

    fn objects(&self) -> &dyn ObjectSource {
        self.desk
    }

    fn state(&self, from: &str) -> Result<Root, Trouble> {
        match self.states.get(from) {
            Some(commit) => Ok(self.objects().root(self.objects().commit(*commit)?.root)?),
            None => refuse("from", "There is no such state."),
        }
    }

    fn open(&self, name: &str) -> Result<Opened, Trouble> {
        let Some((id, entry)) = self.root.table_named(name) else {
            return refuse("table", format!("There is no table “{name}”."));
        };
        Ok(Opened { id, entry: entry.clone(), schema: self.objects().schema(entry.schema)? })
    }

    fn row(&self, table: &Opened, key: &Key) -> Result<Option<Row>, Trouble> {
        match self.rows.get(&table.id).and_then(|rows| rows.get(key)) {
            Some(row) => Ok(row.clone()),
            None => Ok(table.entry.tree.get(self.desk, &table.schema, key)?),
        }
    }

    fn insert(&mut self, table: &str, values: &Map<String, Json>) -> Result<(), Trouble> {
        let table = self.open(table)?;
        let mut row: Row = table.schema.columns.iter().map(|column| column.default.clone()).collect();
        self.fill(&table.schema, &mut row, values)?;
        if table.schema.generated_key {
            let position = table.schema.key_positions()[0];
            if row[position].is_null() {
                row[position] = Value::Uuid(Uuid::now_v7());
            }
        }
        self.check(&table.schema, &row)?;
        let key = match Key::of_row(&table.schema, &row) {
            Ok(key) => key,
            Err(error) => return refuse("values", format!("{error}.")),
        };
        if self.row(&table, &key)?.is_some() {
            let text = Key::to_text(&table.schema, &row);
            return refuse("values", format!("There is a row with the key “{text}” already."));
        }
        self.rows.entry(table.id).or_default().insert(key, Some(row));
        Ok(())
    }

    fn update(&mut self, table: &Opened, key: Key, values: &Map<String, Json>) -> Result<(), Trouble> {
        let Some(mut row) = self.row(table, &key)? else { return refuse("key", "There is no row with this key.") };
        self.fill(&table.schema, &mut row, values)?;
        self.check(&table.schema, &row)?;
        let new_key = match Key::of_row(&table.schema, &row) {
            Ok(key) => key,
            Err(error) => return refuse("values", format!("{error}.")),
        };
        if new_key != key {
            if self.row(table, &new_key)?.is_some() {
                let text = Key::to_text(&table.schema, &row);
                return refuse("values", format!("There is a row with the key “{text}” already."));
            }
            self.rows.entry(table.id).or_default().insert(key, None);
        }
        self.rows.entry(table.id).or_default().insert(new_key, Some(row));
        Ok(())
    }

    fn fill(&self, schema: &Schema, row: &mut Row, values: &Map<String, Json>) -> Result<(), Trouble> {
        for (name, json) in values {
            let place = || format!("values/{}", escape(name));
            let Some(column) = schema.column_named(name) else {
                return refuse(place(), format!("There is no column “{name}”."));
            };
            let Some(position) = schema.position(column.id) else { continue };
            match value_of(column.ty, json) {
                Ok(value) => row[position] = self.canonical(column, value)?,
                Err(reason) => return refuse(place(), format!("This can't stand in “{name}”: {reason}.")),
            }
        }
        Ok(())
    }

    /// Links are kept in the one form that their target's key has.
    fn canonical(&self, column: &Column, value: Value) -> Result<Value, Trouble> {
        let (Value::Link(link), Some(target)) = (&value, column.target) else { return Ok(value) };
        let Some(entry) = self.root.tables.get(&target) else { return Ok(value) };
        let schema = self.objects().schema(entry.schema)?;
        match link.canonical(&schema) {
            Ok(link) => Ok(Value::Link(link)),
            Err(error) => refuse(format!("values/{}", escape(&column.name)), format!("{error}.")),
        }
    }

    fn check(&self, schema: &Schema, row: &Row) -> Result<(), Trouble> {
        let breaches = Checker::new(schema).breaches(row).map_err(internal)?;
        match breaches.first() {
            None => Ok(()),
            Some((id, error)) => {
                let name = schema.column(*id).map(|column| column.name.as_str()).unwrap_or_default();
                refuse(format!("values/{}", escape(name)), format!("{error}."))
            }
        }
    }

    /// Puts the waiting edits of a table into its tree.
    fn fold(&mut self, id: TableId) -> Result<(), Error> {
        let Some(edits) = self.rows.remove(&id) else { return Ok(()) };
        let desk = self.desk;
        let Some(entry) = self.root.tables.get_mut(&id) else { return Ok(()) };
        let objects: &dyn ObjectSource = desk;
        let schema = objects.schema(entry.schema)?;
        let mut sink = desk;
        entry.tree = entry.tree.edit(desk, &mut sink, &schema, edits.into_iter().collect()).map_err(internal)?;
        Ok(())
    }

    fn fold_all(&mut self) -> Result<(), Error> {
        let waiting: Vec<TableId> = self.rows.keys().copied().collect();
        waiting.into_iter().try_for_each(|id| self.fold(id))
    }

    /// Changes of tables and columns.
    fn evolve(&mut self, change: &Change) -> Result<(), Trouble> {
        for operation in self.operations(change)? {
            self.fold(operation.table())?;
            let mut sink = self.desk;
            match evolve::apply(self.desk, &mut sink, &self.root, &operation) {
                Ok(root) => self.root = root,
                Err(EvolveError::Read(error)) => return Err(error.into()),
                Err(error @ (EvolveError::Write(_) | EvolveError::Build(_))) => return Err(internal(error).into()),
                Err(EvolveError::Rows { table, rows, count }) => {
                    let first: Vec<String> =
                        rows.iter().take(5).map(|row| format!("row {}: {}", row.key, row.reason)).collect();
                    return refuse(
                        "",
                        format!("{count} cells or rows of “{table}” stand against it: {}.", first.join("; ")),
                    );
                }
                Err(error) => return refuse("", format!("{error}.")),
            }
        }
        Ok(())
    }

    fn operations(&self, change: &Change) -> Result<Vec<Operation>, Trouble> {
        let one = |operation| Ok(vec![operation]);
        match change {
            Change::CreateTable { name, columns, primary_key, description } => {
                let table = self.new_table_id();
                let mut made = Vec::new();
                for (index, column) in columns.iter().enumerate() {
                    made.push(self.column(column, &format!("columns/{index}"))?);
                }
                let mut key = Vec::new();
                for (index, name) in primary_key.iter().enumerate() {
                    match made.iter().find(|column| column.name == *name) {
                        Some(column) => key.push(column.id),
                        None => return refuse(format!("primary_key/{index}"), format!("There is no column “{name}”.")),
                    }
                }
                let generated_key = key.is_empty();
                if generated_key {
                    let names = std::iter::once("row id".to_owned()).chain((2..).map(|n| format!("row id {n}")));
                    let name = names.into_iter().find(|name| made.iter().all(|column| column.name != *name));
                    let column =
                        Column { required: true, ..Column::new(new_column_id(), name.unwrap_or_default(), Type::Uuid) };
                    key.push(column.id);
                    made.insert(0, column);
                }
                let schema =
                    Schema { columns: made, primary_key: key, generated_key, description: description.clone() };
                one(Operation::CreateTable { table, name: name.clone(), schema })
            }
            Change::RenameTable { table, name } => {
                one(Operation::RenameTable { table: self.open(table)?.id, name: name.clone() })
            }
            Change::DescribeTable { table, description } => {
                one(Operation::DescribeTable { table: self.open(table)?.id, description: description.clone() })
            }
            Change::DropTable { table } => one(Operation::DropTable { table: self.open(table)?.id }),
            Change::AddColumn { table, column, position } => {
                let table = self.open(table)?.id;
                let mut column = self.column(column, "column")?;
                column.fill = column.default.clone();
                one(Operation::AddColumn { table, column, position: *position })
            }
            Change::RenameColumn { table, column, name } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::RenameColumn { table: table.id, column: column.id, name: name.clone() })
            }
            Change::MoveColumn { table, column, position } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::MoveColumn { table: table.id, column: column.id, position: *position })
            }
            Change::DropColumn { table, column } => {
                let (table, column) = self.locate(table, column)?;
                one(Operation::DropColumn { table: table.id, column: column.id })
            }
            Change::RetypeColumn { table, column, ty, options, target } => {
                let (table, column) = self.locate(table, column)?;
                let target = target.as_deref().map(|name| self.target(name, "target")).transpose()?;
                one(Operation::RetypeColumn {
                    table: table.id,
                    column: column.id,
                    ty: *ty,
                    options: options.clone(),
                    target,
                })
            }
            Change::SetColumn { table, column, set } => {
                let (table, column) = self.locate(table, column)?;
                let properties = properties(&column, set, "set")?;
                Ok(properties
                    .into_iter()
                    .map(|property| Operation::SetProperty { table: table.id, column: column.id, property })
                    .collect())
            }
            Change::SetPrimaryKey { table, columns } => {
                let table = self.open(table)?;
                let mut key = Vec::new();
                for (index, name) in columns.iter().enumerate() {
                    match table.schema.column_named(name) {
                        Some(column) => key.push(column.id),
                        None => return refuse(format!("columns/{index}"), format!("There is no column “{name}”.")),
                    }
                }
                one(Operation::SetPrimaryKey { table: table.id, columns: key, generated: false })
            }
            Change::Insert { .. }
            | Change::Update { .. }
            | Change::Upsert { .. }
            | Change::Delete { .. }
            | Change::RestoreRow { .. }
            | Change::RestoreTable { .. }
            | Change::Restore { .. } => Ok(Vec::new()),
        }
    }

    fn new_table_id(&self) -> TableId {
        loop {
            let id = TableId(random_id());
            if !self.root.tables.contains_key(&id) {
                return id;
            }
        }
    }

    fn target(&self, name: &str, place: &str) -> Result<TableId, Trouble> {
        match self.root.table_named(name) {
            Some((id, _)) => Ok(id),
            None => refuse(place, format!("There is no table “{name}”.")),
        }
    }

    fn locate(&self, table: &str, column: &str) -> Result<(Opened, Column), Trouble> {
        let table = self.open(table)?;
        match table.schema.column_named(column).cloned() {
            Some(column) => Ok((table, column)),
            None => refuse("column", format!("There is no column “{column}”.")),
        }
    }

    fn column(&self, new: &NewColumn, place: &str) -> Result<Column, Trouble> {
        let ty: Type = match new.ty.parse() {
            Ok(ty) => ty,
            Err(error) => return refuse(format!("{place}/type"), format!("{error}.")),
        };
        let mut column = Column::new(new_column_id(), new.name.clone(), ty);
        column.target = new.target.as_deref().map(|name| self.target(name, &format!("{place}/target"))).transpose()?;
        for property in properties(&column, &new.properties, place)? {
            match property {
                Property::Required(required) => column.required = required,
                Property::Unique(unique) => column.unique = unique,
                Property::Default(value) => column.default = value,
                Property::Minimum(value) => column.minimum = value,
                Property::Maximum(value) => column.maximum = value,
                Property::Pattern(pattern) => column.pattern = pattern,
                Property::Options(options) => column.options = options,
                Property::Description(description) => column.description = description,
            }
        }
        Ok(column)
    }
}

fn new_column_id() -> ColumnId {
    ColumnId(random_id())
}

/// The properties that are given, read by the column's type.
fn properties(column: &Column, given: &Properties, place: &str) -> Result<Vec<Property>, Trouble> {
    let value = |json: &Json, name: &str| match value_of(column.ty, json) {
        Ok(value) => Ok(value),
        Err(reason) => refuse(format!("{place}/{name}"), format!("{reason}.")),
    };
    let mut properties = Vec::new();
    properties.extend(given.required.map(Property::Required));
    properties.extend(given.unique.map(Property::Unique));
    if let Some(options) = &given.options {
        properties.push(Property::Options(options.clone()));
    }
    if let Some(json) = &given.default {
        properties.push(Property::Default(value(json, "default")?));
    }
    if let Some(json) = &given.minimum {
        properties.push(Property::Minimum(value(json, "minimum")?));
    }
    if let Some(json) = &given.maximum {
        properties.push(Property::Maximum(value(json, "maximum")?));
    }
    properties.extend(given.pattern.clone().map(Property::Pattern));
    properties.extend(given.description.clone().map(Property::Description));
    Ok(properties)
}

/// A reference token of a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A cell's value from JSON: numbers, booleans, null, text as people write the type, an array of texts for tags, and any
/// JSON for json.
///
/// # Errors
/// Why it can't be read, without a full stop.
pub fn value_of(ty: Type, json: &Json) -> Result<Value, String> {
    let parse = |text: &str| ty.parse(text).map_err(|error| error.to_string());
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Json, json) => parse(&json.to_string()),
        (Type::Text, Json::String(text)) if text.len() <= versioning::value::MAX_CELL => Ok(Value::Text(text.clone())),
        (Type::Tags, Json::Array(tags)) => {
            let texts: Option<Vec<&str>> = tags.iter().map(Json::as_str).collect();
            let texts = texts.ok_or("tags are texts")?;
            Ok(versioning::value::Tags::new(texts).map_or(Value::Null, Value::Tags))
        }
        (_, Json::String(text)) if text.is_empty() => Err("the text is empty; null stands for nothing".to_owned()),
        (_, Json::String(text)) => parse(text),
        (_, Json::Number(number)) => parse(&number.to_string()),
        (Type::Boolean, Json::Bool(value)) => Ok(Value::Boolean(*value)),
        (_, Json::Bool(_)) => Err(format!("a boolean is no {ty}")),
        (_, Json::Array(_) | Json::Object(_)) => Err(format!("an array or object is no {ty}")),
    }
}

/// The key that a request means.
fn key_of(schema: &Schema, json: &Json) -> Result<Key, Trouble> {
    let columns: Vec<&Column> = schema.primary_key.iter().filter_map(|id| schema.column(*id)).collect();
    let cells: Vec<&Json> = match json {
        Json::String(text) => {
            return match Key::from_text(schema, text) {
                Ok(key) => Ok(key),
                Err(error) => refuse("key", format!("{error}.")),
            };
        }
        Json::Array(values) => values.iter().collect(),
        Json::Object(values) => {
            let found: Option<Vec<&Json>> = columns.iter().map(|column| values.get(&column.name)).collect();
            match found {
                Some(found) => found,
                None => return refuse("key", "Not all columns of the primary key are there."),
            }
        }
        single => vec![single],
    };
    if cells.len() != columns.len() {
        return refuse("key", format!("The primary key has {} columns.", columns.len()));
    }
    let mut row: Row = vec![Value::Null; schema.columns.len()];
    for (column, json) in columns.iter().zip(cells) {
        let Some(position) = schema.position(column.id) else { continue };
        match value_of(column.ty, json) {
            Ok(value) => row[position] = value,
            Err(reason) => return refuse("key", format!("“{}”: {reason}.", column.name)),
        }
    }
    match Key::of_row(schema, &row) {
        Ok(key) => Ok(key),
        Err(error) => refuse("key", format!("{error}.")),
    }
}
