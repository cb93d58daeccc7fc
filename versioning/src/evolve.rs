//! Evolving a dataset: creating and dropping tables, and giving tables other columns, rules and keys.
//!
//! An [`Operation`] is data, so that it can be stored, sent and shown before it is done. [`apply`] does it to a state of
//! a dataset and returns the next state, or says which rows stand against it and changes nothing. It writes a new schema,
//! and rows only where what is stored changes (rule T6):
//!
//! | operation | reads | writes |
//! | --- | --- | --- |
//! | create, rename, describe, drop a table; add, rename, move a column; loosen a rule | nothing | no row |
//! | drop a check; add or change one that warns | nothing | no row |
//! | tighten a rule; add a check that refuses, or change what it looks for | all rows | no row |
//! | drop or retype a column | all rows | the leaves that have the column |
//! | change the primary key, retype a column of it | all rows, twice | all rows |
//!
//! Rows stream through, but for two things that hold something of each row in memory, up to [`MAX_MEMORY`]: making a
//! column unique (32 bytes a row) and a primary key under which rows stand in another order (the rows themselves).

mod error;
mod operation;
mod rows;

use self::rows::{Conversion, Rows};
pub use self::{
    error::{EvolveError, Reason, RowProblem},
    operation::{Operation, Property},
};
use crate::{
    ChunkSink, Column, ColumnId, Hash, Object, ObjectSource, Root, Schema, TableEntry, TableId, Type, Value,
    check::ColumnChecker,
    schema::{Check, Severity, ValueProperty, is_name},
    tree::map::map_leaves,
};

/// The most rows that an error lists.
pub const MAX_LISTED: usize = 100;
/// The most memory that an operation takes for rows it can't stream, in bytes, as estimated.
pub const MAX_MEMORY: usize = 1 << 30;

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
            Operation::SetCheck { table, check } => {
                let table = self.table(*table)?;
                self.set_check(table, check)
            }
            Operation::DropCheck { table, check } => {
                let mut table = self.table(*table)?;
                if table.schema.check_of(*check).is_none() {
                    return Err(EvolveError::NoCheck { table: table.entry.name, check: *check });
                }
                table.schema.checks.retain(|found| found.id != *check);
                self.with_schema(table)
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
        let asking = table.schema.checks.iter().filter(|check| check.columns().contains(&column));
        let checks: Vec<String> = asking.map(|check| check.name.clone()).collect();
        if !checks.is_empty() {
            return Err(EvolveError::Checked { column: table.schema.columns[position].name.clone(), checks });
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
        let rows = Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
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
        let rows = Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
        if is_tighter(old, new) {
            rows.check(&table.entry.tree, old, &ColumnChecker::new(new, is_key))?;
        }
        if new.unique && !old.unique && old_schema.primary_key != [column] {
            rows.check_unique(&table.entry.tree, old, |value| value)?;
        }
        self.with_schema(table)
    }

    fn set_check(&mut self, mut table: Table, check: &Check) -> Result<Root, EvolveError> {
        let checks = &mut table.schema.checks;
        let old = checks.iter().position(|old| old.id == check.id).map(|position| checks.remove(position));
        let place = checks.partition_point(|other| other.id < check.id);
        checks.insert(place, check.clone());
        table.schema.validate()?;
        let was_kept = old.is_some_and(|old| old.severity == Severity::Error && old.filter == check.filter);
        if check.severity == Severity::Error && !was_kept {
            let rows = Rows { source: self.source, name: &table.entry.name, schema: &table.schema };
            rows.check_none_meets(&table.entry.tree, check)?;
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
            let rows = Rows { source: self.source, name: &table.entry.name, schema: &old_schema };
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
