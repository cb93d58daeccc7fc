//! What operations do with rows: check them, convert a column, give them other keys.

use super::{EvolveError, MAX_LISTED, MAX_MEMORY, Reason, RowProblem};
use crate::{
    ChunkSink, Column, ColumnId, Key, ObjectSource, Row, Schema, Tree, Value,
    check::ColumnChecker,
    query::{KeyRange, Table},
    schema::{Check, SchemaError},
    tree::{
        Leaf, TreeBuilder,
        map::{each_leaf, map_leaves},
    },
};

/// The most characters of a value that a problem shows.
const MAX_SHOWN: usize = 200;

/// How the cells of a column become those of its successor.
pub(super) struct Conversion<'a> {
    pub(super) column: &'a Column,
    pub(super) rules: ColumnChecker<'a>,
    /// The schema of the table that links lead to.
    pub(super) target: Option<&'a Schema>,
}

impl Conversion<'_> {
    pub(super) fn convert(&self, value: &Value) -> Result<Value, Reason> {
        let mut value = value.cast(self.column.ty)?;
        if let (Value::Link(link), Some(target)) = (&value, self.target) {
            value = Value::Link(link.canonical(target)?);
        }
        self.rules.check(&value)?;
        Ok(value)
    }
}

/// The rows of a table, as they are before an operation.
pub(super) struct Rows<'a> {
    pub(super) source: &'a dyn ObjectSource,
    /// The table's name.
    pub(super) name: &'a str,
    pub(super) schema: &'a Schema,
}

/// The rows that stand against an operation: the first ones, and how many.
#[derive(Default)]
struct Problems {
    rows: Vec<RowProblem>,
    count: u64,
}

impl Problems {
    fn add(&mut self, key: impl FnOnce() -> String, column: Option<ColumnId>, value: &str, reason: Reason) {
        self.count += 1;
        if self.rows.len() < MAX_LISTED {
            let value = value.chars().take(MAX_SHOWN).collect();
            self.rows.push(RowProblem { key: key(), column, value, reason });
        }
    }
}

impl Rows<'_> {
    fn result(&self, problems: Problems) -> Result<(), EvolveError> {
        let Problems { rows, count } = problems;
        if count == 0 { Ok(()) } else { Err(EvolveError::Rows { table: self.name.to_owned(), rows, count }) }
    }

    fn key(&self, leaf: &Leaf, row: usize) -> String {
        Key::to_text(self.schema, &leaf.row(self.schema, row))
    }

    /// Checks the cells of a column against rules.
    pub(super) fn check(&self, tree: &Tree, column: &Column, rules: &ColumnChecker<'_>) -> Result<(), EvolveError> {
        let mut problems = Problems::default();
        let fill_is_good = rules.check(&column.fill).is_ok();
        each_leaf(tree, self.source, |leaf| {
            if fill_is_good && !leaf.has_column(column.id) {
                return Ok::<_, EvolveError>(());
            }
            for (row, value) in leaf.column(column).enumerate() {
                if let Err(error) = rules.check(&value) {
                    problems.add(|| self.key(leaf, row), Some(column.id), &value.to_string(), error.into());
                }
            }
            Ok(())
        })?;
        self.result(problems)
    }

    /// Checks that no row meets a check.
    pub(super) fn check_none_meets(&self, tree: &Tree, check: &Check) -> Result<(), EvolveError> {
        let unfit = |error| SchemaError::Check { name: check.name.clone(), error };
        let predicate = check.predicate(self.schema).map_err(unfit)?;
        let table = Table::new(self.source, self.schema, *tree);
        let count = table.count(&predicate, &KeyRange::all())?;
        let mut problems = Problems { rows: Vec::new(), count };
        if count > 0 {
            for (_, row) in table.rows(&predicate, None, &KeyRange::all(), MAX_LISTED)?.rows {
                problems.rows.push(RowProblem {
                    key: Key::to_text(self.schema, &row),
                    column: None,
                    value: String::new(),
                    reason: Reason::Check { check: check.name.clone() },
                });
            }
        }
        self.result(problems)
    }

    /// Checks that no two rows have the same value in a column, seen through `convert`.
    pub(super) fn check_unique(
        &self,
        tree: &Tree,
        column: &Column,
        convert: impl Fn(Value) -> Value,
    ) -> Result<(), EvolveError> {
        // 128 bits of a hash stand for a value: that two of a billion are equal by chance has odds of 1 to 10^20.
        let mut seen: Vec<(u128, u64)> = Vec::new();
        let mut position = 0;
        each_leaf(tree, self.source, |leaf| {
            for value in leaf.column(column) {
                let value = convert(value);
                if !value.is_null() {
                    let hash = crate::Hash::of(value.to_string().as_bytes());
                    let half: [u8; 16] = hash.as_bytes()[..16].try_into().expect("a hash has 32 bytes");
                    seen.push((u128::from_le_bytes(half), position));
                }
                position += 1;
            }
            if seen.len() > MAX_MEMORY / size_of::<(u128, u64)>() {
                return Err(EvolveError::TooLarge { table: self.name.to_owned() });
            }
            Ok(())
        })?;
        seen.sort_unstable();
        let mut repeated: Vec<(u64, u64)> = Vec::new();
        let mut first = None;
        for (hash, position) in seen {
            match first {
                Some((same, first)) if same == hash => repeated.push((position, first)),
                _ => first = Some((hash, position)),
            }
        }
        repeated.sort_unstable();
        let mut problems = Problems { rows: Vec::new(), count: repeated.len() as u64 };
        for (position, first) in repeated.into_iter().take(MAX_LISTED) {
            let row = |position| tree.rows(self.source, self.schema, position, 1);
            let (Some((_, row)), Some((_, first))) = (row(position)?.pop(), row(first)?.pop()) else { continue };
            let value = self.schema.position(column.id).map(|cell| row[cell].to_string()).unwrap_or_default();
            let other = Key::to_text(self.schema, &first);
            problems.rows.push(RowProblem {
                key: Key::to_text(self.schema, &row),
                column: Some(column.id),
                value: value.chars().take(MAX_SHOWN).collect(),
                reason: Reason::Duplicate { other },
            });
        }
        self.result(problems)
    }

    /// The tree in which the cells of a column that is no part of the key are converted.
    pub(super) fn retype(
        &self,
        sink: &mut dyn ChunkSink,
        tree: &Tree,
        new: &Column,
        old: &Column,
        conversion: &Conversion<'_>,
    ) -> Result<Tree, EvolveError> {
        let mut problems = Problems::default();
        let keeps_fill = new.fill.is_same(&old.fill) && conversion.convert(&old.fill).is_ok();
        let tree = map_leaves(tree, self.source, sink, |leaf| {
            if keeps_fill && !leaf.has_column(old.id) {
                return Ok::<_, EvolveError>(None);
            }
            let mut cells = Vec::with_capacity(leaf.len());
            let mut is_same = old.ty == new.ty && keeps_fill;
            for (row, value) in leaf.column(old).enumerate() {
                match conversion.convert(&value) {
                    Ok(converted) => {
                        is_same = is_same && converted == value;
                        cells.push(converted);
                    }
                    Err(reason) => {
                        problems.add(|| self.key(leaf, row), Some(old.id), &value.to_string(), reason);
                    }
                }
            }
            // What can't be finished is only looked through.
            Ok(if is_same || problems.count > 0 { None } else { Some(leaf.with_column(new, &cells)) })
        })?;
        self.result(problems)?;
        Ok(tree)
    }

    /// The tree of the same rows under a schema with another primary key, or with another type in the key's column at a
    /// position.
    pub(super) fn rekey(
        &self,
        sink: &mut dyn ChunkSink,
        tree: &Tree,
        schema: &Schema,
        conversion: Option<(usize, &Conversion<'_>)>,
    ) -> Result<Tree, EvolveError> {
        if self.is_increasing(tree, schema, conversion)? {
            let mut builder = TreeBuilder::new(schema, sink);
            self.each_entry(tree, schema, conversion, |_, _, entry| {
                // All rows were seen to be good.
                let Ok((key, row)) = entry else { return Ok(()) };
                Ok(builder.push(key, row)?)
            })?;
            return Ok(builder.finish()?);
        }
        let mut memory = 0;
        let mut entries: Vec<(Key, Row)> = Vec::new();
        self.each_entry(tree, schema, conversion, |_, _, entry| {
            let Ok((key, row)) = entry else { return Ok(()) };
            memory += key.as_bytes().len() + row.iter().map(|value| size_of::<Value>() + value.size()).sum::<usize>();
            entries.push((key, row));
            if memory + entries.len() * size_of::<(Key, Row)>() > MAX_MEMORY {
                return Err(EvolveError::TooLarge { table: self.name.to_owned() });
            }
            Ok(())
        })?;
        // Stable, so that of rows with the same key the one that is first now counts as the first.
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        let mut problems = Problems::default();
        let mut first = 0;
        for index in 1..entries.len() {
            if entries[index].0 == entries[first].0 {
                let text = |index: usize| Key::to_text(self.schema, &entries[index].1);
                let value = Key::to_text(schema, &entries[index].1);
                problems.add(|| text(index), None, &value, Reason::Duplicate { other: text(first) });
            } else {
                first = index;
            }
        }
        self.result(problems)?;
        let mut builder = TreeBuilder::new(schema, sink);
        for (key, row) in entries {
            builder.push(key, row)?;
        }
        Ok(builder.finish()?)
    }

    /// Whether the new keys come in their order already.
    ///
    /// # Errors
    /// A row can't be converted or has no key.
    fn is_increasing(
        &self,
        tree: &Tree,
        schema: &Schema,
        conversion: Option<(usize, &Conversion<'_>)>,
    ) -> Result<bool, EvolveError> {
        let mut problems = Problems::default();
        let mut last: Option<Key> = None;
        let mut is_increasing = true;
        self.each_entry(tree, schema, conversion, |leaf, row, entry| {
            match entry {
                Ok((key, _)) => {
                    is_increasing = is_increasing && last.as_ref().is_none_or(|last| *last < key);
                    last = Some(key);
                }
                Err((column, value, reason)) => {
                    problems.add(|| self.key(leaf, row), column, &value.to_string(), reason);
                }
            }
            Ok(())
        })?;
        self.result(problems)?;
        Ok(is_increasing)
    }

    /// Gives each row with its new key to `visit`, in the order of the old keys.
    fn each_entry(
        &self,
        tree: &Tree,
        schema: &Schema,
        conversion: Option<(usize, &Conversion<'_>)>,
        mut visit: impl FnMut(&Leaf, usize, Entry) -> Result<(), EvolveError>,
    ) -> Result<(), EvolveError> {
        each_leaf(tree, self.source, |leaf| {
            for (index, (_, mut row)) in leaf.rows(self.schema, 0..leaf.len()).enumerate() {
                let mut converted = Ok(());
                if let Some((position, conversion)) = conversion {
                    match conversion.convert(&row[position]) {
                        Ok(value) => row[position] = value,
                        Err(reason) => {
                            converted = Err((Some(conversion.column.id), std::mem::take(&mut row[position]), reason));
                        }
                    }
                }
                let entry = converted.and_then(|()| match Key::of_row(schema, &row) {
                    Ok(key) => Ok((key, row)),
                    Err(error) => Err((None, Value::Null, error.into())),
                });
                visit(leaf, index, entry)?;
            }
            Ok(())
        })
    }
}

/// A row with its new key, or why it has none: the column, its value and what is wrong.
type Entry = Result<(Key, Row), (Option<ColumnId>, Value, Reason)>;
