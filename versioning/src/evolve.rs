//! Evolving a dataset: creating and dropping tables, and giving tables other columns, rules and keys.
//!
//! An [`Operation`] is data, so that it can be stored, sent and shown before it is done. [`apply`] does it to a state of
//! a dataset and returns the next state, or says which rows stand against it and changes nothing. It writes a new schema,
//! and rows only where what is stored changes (rule T6):
//!
//! | operation | reads | writes |
//! | --- | --- | --- |
//! | create, rename, describe, drop a table; add, rename, move a column; loosen a rule | nothing | no row |
//! | tighten a rule | all rows | no row |
//! | drop or retype a column | all rows | the leaves that have the column |
//! | change the primary key, retype a column of it | all rows, twice | all rows |
//!
//! Rows stream through, but for two things that hold something of each row in memory, up to [`MAX_MEMORY`]: making a
//! column unique (24 bytes a row) and a primary key under which rows stand in another order (the rows themselves).

mod rows;

use serde::{Deserialize, Serialize};

use self::rows::Conversion;
use crate::{
    ChunkSink, Column, ColumnId, Hash, Object, ObjectSource, ReadError, Root, Schema, TableEntry, TableId, Type, Value,
    WriteError,
    check::ColumnChecker,
    key::KeyError,
    schema::{RowError, SchemaError, ValueProperty, is_name},
    tree::{BuildError, map::map_leaves},
    value::CastError,
};

/// The most rows that an error lists.
pub const MAX_LISTED: usize = 100;
/// The most memory that an operation takes for rows it can't stream, in bytes, as estimated.
pub const MAX_MEMORY: usize = 1 << 30;

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
            | Self::SetPrimaryKey { table, .. } => *table,
        }
    }
}

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
    #[error(
        "“{name}” can't be a table's name: a name has 1 to {} characters and no control characters",
        crate::schema::MAX_NAME
    )]
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
        /// The first [`MAX_LISTED`] of them.
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
    /// Another row has the same value or key.
    #[error("row {other} has the same")]
    Duplicate {
        /// The key of the first such row.
        other: String,
    },
}

/// Does an operation to a state of a dataset and returns the next state.
///
/// `source` must have what operations before this one wrote.
///
/// # Errors
/// The operation does not fit the state, or rows stand against it.
pub fn apply(
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    root: &Root,
    operation: &Operation,
) -> Result<Root, EvolveError> {
    Evolution { source, sink, root }.apply(operation)
}

struct Evolution<'a> {
    source: &'a dyn ObjectSource,
    sink: &'a mut dyn ChunkSink,
    root: &'a Root,
}

/// A table that is changed: what it was, and its schema now.
struct Table {
    id: TableId,
    entry: TableEntry,
    schema: Schema,
}

impl Table {
    fn position(&self, column: ColumnId) -> Result<usize, EvolveError> {
        let missing = || EvolveError::NoColumn { table: self.entry.name.clone(), column };
        self.schema.position(column).ok_or_else(missing)
    }
}

impl Evolution<'_> {
    fn apply(&mut self, operation: &Operation) -> Result<Root, EvolveError> {
        match operation {
            Operation::CreateTable { table, name, schema } => self.create(*table, name, schema),
            Operation::RenameTable { table, name } => {
                let mut table = self.table(*table)?;
                self.check_table_name(table.id, name)?;
                table.entry.name.clone_from(name);
                Ok(self.with(table.id, table.entry))
            }
            Operation::DescribeTable { table, description } => {
                let mut table = self.table(*table)?;
                table.schema.description.clone_from(description);
                self.with_schema(table)
            }
            Operation::DropTable { table } => {
                let table = self.table(*table)?;
                self.check_links(&table, Some(table.id))?;
                let mut root = self.root.clone();
                root.tables.remove(&table.id);
                Ok(root)
            }
            Operation::AddColumn { table, column, position } => {
                let table = self.table(*table)?;
                self.add_column(table, column.clone(), *position)
            }
            Operation::RenameColumn { table, column, name } => {
                let mut table = self.table(*table)?;
                let position = table.position(*column)?;
                table.schema.columns[position].name.clone_from(name);
                self.with_schema(table)
            }
            Operation::MoveColumn { table, column, position } => {
                let mut table = self.table(*table)?;
                let from = table.position(*column)?;
                let column = table.schema.columns.remove(from);
                let to = (*position).min(table.schema.columns.len());
                table.schema.columns.insert(to, column);
                self.with_schema(table)
            }
            Operation::DropColumn { table, column } => {
                let table = self.table(*table)?;
                self.drop_column(table, *column)
            }
            Operation::RetypeColumn { table, column, ty, options, target } => {
                let table = self.table(*table)?;
                self.retype(table, *column, *ty, options, *target)
            }
            Operation::SetProperty { table, column, property } => {
                let table = self.table(*table)?;
                self.set_property(table, *column, property)
            }
            Operation::SetPrimaryKey { table, columns, generated } => {
                let table = self.table(*table)?;
                self.set_primary_key(table, columns, *generated)
            }
        }
    }

    fn table(&self, id: TableId) -> Result<Table, EvolveError> {
        let entry = self.root.tables.get(&id).ok_or(EvolveError::NoTable { table: id })?.clone();
        let schema = self.source.schema(entry.schema)?;
        Ok(Table { id, entry, schema })
    }

    fn with(&self, id: TableId, entry: TableEntry) -> Root {
        let mut root = self.root.clone();
        root.tables.insert(id, entry);
        root
    }

    /// The state in which the table has this valid schema.
    fn with_schema(&mut self, mut table: Table) -> Result<Root, EvolveError> {
        table.schema.validate()?;
        self.check_targets(table.id, &table.schema)?;
        table.entry.schema = self.store(table.schema)?;
        Ok(self.with(table.id, table.entry))
    }

    fn store(&mut self, schema: Schema) -> Result<Hash, EvolveError> {
        Ok(Object::Schema(schema).store(self.sink)?)
    }

    fn check_table_name(&self, id: TableId, name: &str) -> Result<(), EvolveError> {
        if !is_name(name) {
            return Err(EvolveError::TableName { name: name.to_owned() });
        }
        if self.root.tables.iter().any(|(other, entry)| *other != id && entry.name == name) {
            return Err(EvolveError::TableNameTaken { name: name.to_owned() });
        }
        Ok(())
    }

    fn check_targets(&self, id: TableId, schema: &Schema) -> Result<(), EvolveError> {
        let is_there = |target: &TableId| *target == id || self.root.tables.contains_key(target);
        match schema.columns.iter().find(|column| column.target.as_ref().is_some_and(|target| !is_there(target))) {
            None => Ok(()),
            Some(column) => Err(EvolveError::NoTarget { column: column.name.clone() }),
        }
    }

    /// Refuses what would make links to the rows of a table lead nowhere. Links of the table `except` don't count.
    fn check_links(&self, table: &Table, except: Option<TableId>) -> Result<(), EvolveError> {
        let mut columns = Vec::new();
        for (id, entry) in self.root.tables.iter().filter(|(id, _)| Some(**id) != except) {
            let schema = self.source.schema(entry.schema)?;
            let links = schema.columns.iter().filter(|column| column.target == Some(table.id));
            columns.extend(links.map(|column| format!("{}.{}", self.root.tables[id].name, column.name)));
        }
        if columns.is_empty() { Ok(()) } else { Err(EvolveError::Linked { table: table.entry.name.clone(), columns }) }
    }

    fn create(&mut self, id: TableId, name: &str, schema: &Schema) -> Result<Root, EvolveError> {
        if self.root.tables.contains_key(&id) {
            return Err(EvolveError::TableExists { table: id });
        }
        self.check_table_name(id, name)?;
        schema.validate()?;
        self.check_targets(id, schema)?;
        let schema = self.store(schema.clone())?;
        Ok(self.with(id, TableEntry { name: name.to_owned(), schema, tree: crate::Tree::default() }))
    }

    fn add_column(&mut self, mut table: Table, column: Column, position: Option<usize>) -> Result<Root, EvolveError> {
        if table.entry.tree.rows > 0 {
            ColumnChecker::new(&column, false).check(&column.fill).map_err(EvolveError::Fill)?;
            if column.unique && !column.fill.is_null() && table.entry.tree.rows > 1 {
                return Err(EvolveError::FillNotUnique { column: column.name });
            }
        }
        let columns = &mut table.schema.columns;
        let position = position.unwrap_or(columns.len()).min(columns.len());
        columns.insert(position, column);
        self.with_schema(table)
    }

    fn drop_column(&mut self, mut table: Table, column: ColumnId) -> Result<Root, EvolveError> {
        let position = table.position(column)?;
        if table.schema.is_key(column) {
            return Err(EvolveError::KeyColumn { column: table.schema.columns[position].name.clone() });
        }
        table.schema.columns.remove(position);
        let (tree, source) = (table.entry.tree, self.source);
        table.entry.tree =
            map_leaves(&tree, source, self.sink, |leaf| Ok::<_, EvolveError>(leaf.without_column(column)))?;
        self.with_schema(table)
    }

    fn retype(
        &mut self,
        mut table: Table,
        column: ColumnId,
        ty: Type,
        options: &[String],
        target: Option<TableId>,
    ) -> Result<Root, EvolveError> {
        let position = table.position(column)?;
        let old_schema = table.schema.clone();
        let old = &old_schema.columns[position];
        let is_key = old_schema.is_key(column);
        let mut new = old.clone();
        (new.ty, new.options, new.target) = (ty, options.to_vec(), target);
        for (property, value) in [
            (ValueProperty::Default, &mut new.default),
            (ValueProperty::Minimum, &mut new.minimum),
            (ValueProperty::Maximum, &mut new.maximum),
        ] {
            *value = value.cast(ty).map_err(|reason| EvolveError::Property {
                column: old.name.clone(),
                property,
                value: value.to_string(),
                reason,
            })?;
        }
        new.fill = Value::Null;
        table.schema.columns[position] = new.clone();
        table.schema.validate()?;
        self.check_targets(table.id, &table.schema)?;
        let target = match target {
            None => None,
            Some(id) if id == table.id => Some(table.schema.clone()),
            Some(id) => Some(self.table(id)?.schema),
        };
        let conversion = Conversion { column: &new, rules: ColumnChecker::new(&new, is_key), target: target.as_ref() };
        // A fill whose conversion can be undone stays what leaves without the column have; else it goes into them.
        let fill = conversion.convert(&old.fill).ok().filter(|fill| fill.is_same(&old.fill)).unwrap_or_default();
        let new_schema = {
            table.schema.columns[position].fill = fill;
            table.schema.clone()
        };
        let rows = rows::Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
        table.entry.tree = if is_key {
            self.check_links(&table, None)?;
            rows.rekey(self.sink, &table.entry.tree, &new_schema, Some((position, &conversion)))?
        } else {
            rows.retype(self.sink, &table.entry.tree, &new_schema.columns[position], old, &conversion)?
        };
        // Different values of one type can become the same of another. A key of one column has been checked.
        if new.unique && old_schema.primary_key != [column] {
            let tree = &self.root.tables[&table.id].tree;
            rows.check_unique(tree, old, |value| conversion.convert(&value).unwrap_or(value))?;
        }
        self.with_schema(table)
    }

    fn set_property(&mut self, mut table: Table, column: ColumnId, property: &Property) -> Result<Root, EvolveError> {
        let position = table.position(column)?;
        let old_schema = table.schema.clone();
        let old = &old_schema.columns[position];
        let new = &mut table.schema.columns[position];
        match property.clone() {
            Property::Required(required) => new.required = required,
            Property::Unique(unique) => new.unique = unique,
            Property::Default(value) => new.default = value,
            Property::Minimum(value) => new.minimum = value,
            Property::Maximum(value) => new.maximum = value,
            Property::Pattern(pattern) => new.pattern = pattern,
            Property::Options(options) => new.options = options,
            Property::Description(description) => new.description = description,
        }
        table.schema.validate()?;
        let new = &table.schema.columns[position];
        let is_key = old_schema.is_key(column);
        let rows = rows::Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
        if is_tighter(old, new) {
            rows.check(&table.entry.tree, old, &ColumnChecker::new(new, is_key))?;
        }
        if new.unique && !old.unique && old_schema.primary_key != [column] {
            rows.check_unique(&table.entry.tree, old, |value| value)?;
        }
        self.with_schema(table)
    }

    fn set_primary_key(
        &mut self,
        mut table: Table,
        columns: &[ColumnId],
        generated: bool,
    ) -> Result<Root, EvolveError> {
        let old_schema = table.schema.clone();
        table.schema.primary_key = columns.to_vec();
        table.schema.generated_key = generated;
        table.schema.validate()?;
        if old_schema.primary_key != table.schema.primary_key {
            self.check_links(&table, None)?;
            let rows = rows::Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
            table.entry.tree = rows.rekey(self.sink, &table.entry.tree, &table.schema, None)?;
        }
        self.with_schema(table)
    }
}

/// Whether a value that the column took can break a rule that a row is checked against by itself.
fn is_tighter(old: &Column, new: &Column) -> bool {
    let is_narrower = |old: &[String], new: &[String]| {
        !new.is_empty() && (old.is_empty() || old.iter().any(|option| !new.contains(option)))
    };
    (new.required && !old.required)
        || (!new.minimum.is_null() && new.minimum > old.minimum)
        || (!new.maximum.is_null() && (old.maximum.is_null() || new.maximum < old.maximum))
        || (!new.pattern.is_empty() && new.pattern != old.pattern)
        || is_narrower(&old.options, &new.options)
}
