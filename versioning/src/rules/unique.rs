//! No two rows have the same value in a unique column.

use std::collections::HashMap;

use super::{MAX_ROWS, Report, duplicates, table::Table};
use crate::{
    Column, Hash, Key, ObjectSource, ReadError, Value, key,
    tree::{Leaf, map::each_leaf, walk3::Place},
};

/// Stands for a value: 128 bits of the hash of its canonical bytes. That two of a billion values are equal by chance has
/// odds of 1 to 10^20.
type Digest = u128;

/// The unique columns of a table and what was written into them.
pub(super) struct Unique<'t> {
    table: &'t Table,
    columns: Vec<Written<'t>>,
    buffer: Vec<u8>,
}

/// What was written into a unique column.
struct Written<'t> {
    column: &'t Column,
    holders: HashMap<Digest, Holders>,
    duplicates: Vec<Duplicate>,
}

/// The rows that have a value.
#[derive(Default)]
struct Holders {
    count: u64,
    /// The position of the first one in the tree.
    first: u64,
    /// Which duplicate to list them in.
    listed: Option<usize>,
}

struct Duplicate {
    digest: Digest,
    value: Value,
    /// Of the second row and the following ones.
    keys: Vec<Key>,
}

impl<'t> Unique<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        let schema = &table.after.schema;
        // No two rows have one key.
        let columns = schema.columns.iter().filter(|column| column.unique && schema.primary_key != [column.id]);
        let columns = columns.map(|column| Written { column, holders: HashMap::new(), duplicates: Vec::new() });
        Self { table, columns: columns.collect(), buffer: Vec::new() }
    }

    /// Whether the table has unique columns.
    pub(super) fn is_needed(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(super) fn note(&mut self, before: Option<&Place>, after: Option<&Place>) {
        let Some(after) = after else { return };
        for written in &mut self.columns {
            if self.table.is_written(written.column, before, after)
                && let Some(digest) = digest(after.leaf(), written.column, after.index, &mut self.buffer)
            {
                written.holders.entry(digest).or_default();
            }
        }
    }

    /// Looks for the written values in all rows.
    pub(super) fn report(mut self, source: &dyn ObjectSource, report: &mut Report) -> Result<(), ReadError> {
        self.columns.retain(|written| !written.holders.is_empty());
        if self.columns.is_empty() {
            return Ok(());
        }
        let mut position = 0;
        each_leaf(&self.table.after.tree, source, |leaf| {
            for written in &mut self.columns {
                written.visit(leaf, position, &mut self.buffer, report.limit);
            }
            position += leaf.len() as u64;
            Ok::<_, ReadError>(())
        })?;
        let table = self.table;
        self.columns.into_iter().try_for_each(|written| written.report(source, table, report))
    }
}

impl Written<'_> {
    fn visit(&mut self, leaf: &Leaf, position: u64, buffer: &mut Vec<u8>, limit: usize) {
        if !leaf.has_column(self.column.id) && self.column.fill.is_null() {
            return;
        }
        for row in 0..leaf.len() {
            let Some(digest) = digest(leaf, self.column, row, buffer) else { continue };
            let Some(holders) = self.holders.get_mut(&digest) else { continue };
            holders.count += 1;
            if holders.count == 1 {
                holders.first = position + row as u64;
                continue;
            }
            let key = || Key::from_bytes(leaf.key(row));
            match holders.listed {
                Some(index) => {
                    let keys = &mut self.duplicates[index].keys;
                    // The first row is not among them.
                    if keys.len() + 1 < MAX_ROWS {
                        keys.push(key());
                    }
                }
                None if holders.count == 2 && self.duplicates.len() < limit => {
                    holders.listed = Some(self.duplicates.len());
                    let value = leaf.value(self.column, row);
                    self.duplicates.push(Duplicate { digest, value, keys: vec![key()] });
                }
                None => {}
            }
        }
    }

    fn report(self, source: &dyn ObjectSource, table: &Table, report: &mut Report) -> Result<(), ReadError> {
        report.breaches.count += self.holders.values().filter(|holders| holders.count > 1).count() as u64;
        for duplicate in self.duplicates {
            if !report.has_space() {
                break;
            }
            let holders = &self.holders[&duplicate.digest];
            let first = table.after.tree.rows(source, &table.after.schema, holders.first, 1)?;
            let keys = first.into_iter().map(|(key, _)| key).chain(duplicate.keys).collect();
            let violation = duplicates(table.id, self.column, &duplicate.value, keys, holders.count);
            report.breaches.listed.push(violation);
        }
        Ok(())
    }
}

/// None for null.
fn digest(leaf: &Leaf, column: &Column, row: usize, buffer: &mut Vec<u8>) -> Option<Digest> {
    buffer.clear();
    match leaf.cells(column.id) {
        Some(cells) if !cells.encode_key(row, buffer) => return None,
        None if column.fill.is_null() => return None,
        None => key::encode(&column.fill, buffer),
        Some(_) => {}
    }
    let half = Hash::of(buffer).as_bytes().first_chunk().copied();
    Some(u128::from_le_bytes(half.expect("a hash has 32 bytes")))
}
