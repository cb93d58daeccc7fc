//! Checking links after all tables are merged (M16).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    changes::{Changes, Origin},
    context::Context,
    schema::Plan,
};
use crate::{
    Column, Key, ObjectSource, ReadError, Schema, TableEntry, TableId, Tree, Value,
    rules::{dangling, lost_target},
    tree::{
        Leaf,
        map::each_leaf,
        walk3::{OURS, THEIRS},
    },
};

/// What is known of a merged table.
pub(crate) struct Known<'d> {
    table: TableId,
    schema: Schema,
    /// Rows that are in one of these and were not deleted are in the merged table.
    trees: Vec<Tree>,
    /// The tree whose rows are in the merged table, but for those that were written.
    scanned: Tree,
    changes: Option<Changes<'d>>,
    /// The keys of all rows that were written, where their keys are other ones than before.
    rekeyed: Option<BTreeSet<Key>>,
}

impl<'d> Known<'d> {
    /// A table that one state has as it is.
    pub(crate) fn taken(source: &dyn ObjectSource, table: TableId, entry: &TableEntry) -> Result<Self, ReadError> {
        let schema = source.schema(entry.schema)?;
        let (trees, scanned) = (vec![entry.tree], entry.tree);
        Ok(Self { table, schema, trees, scanned, changes: None, rekeyed: None })
    }

    pub(crate) fn merged(
        plan: &'d Plan,
        changes: Changes<'d>,
        trees: [Tree; 3],
        target: Option<usize>,
        rekeyed: Option<BTreeSet<Key>>,
    ) -> Self {
        Self {
            table: changes.table,
            schema: plan.schema.clone(),
            trees: vec![trees[OURS], trees[THEIRS]],
            scanned: target.map_or_else(Tree::default, |target| trees[target]),
            changes: Some(changes),
            rekeyed,
        }
    }

    fn has(&self, source: &dyn ObjectSource, key: &Key, looks: bool) -> Result<bool, ReadError> {
        if let Some(keys) = &self.rekeyed {
            return Ok(keys.contains(key));
        }
        if self.changes.as_ref().is_some_and(|changes| changes.deleted.contains(key)) {
            return Ok(false);
        }
        if !looks {
            return Ok(true);
        }
        for tree in &self.trees {
            if tree.rank(source, key)?.1 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Checks the links that were written, and those into rows that fixes deleted.
pub(crate) fn validate(
    source: &dyn ObjectSource,
    context: &mut Context<'_>,
    tables: &[Known<'_>],
) -> Result<(), ReadError> {
    let by_id: BTreeMap<TableId, &Known<'_>> = tables.iter().map(|table| (table.table, table)).collect();
    for table in tables {
        for column in &table.schema.columns {
            let Some(target) = column.target else { continue };
            let Some(known) = by_id.get(&target) else {
                context.violation(lost_target(table.table, column, target));
                continue;
            };
            let mut broken: BTreeMap<Key, Value> = BTreeMap::new();
            let written = table.changes.iter().flat_map(Changes::links).find(|(other, ..)| other.id == column.id);
            for (key, (value, origin)) in written.iter().flat_map(|(_, _, written)| written.iter()) {
                let looks = table.changes.as_ref().is_some_and(|changes| changes.checks(column, *origin));
                if *origin != Origin::Base && !leads(source, known, value, looks)? {
                    broken.insert(key.clone(), value.clone());
                }
            }
            let fixed = known.changes.as_ref().map(|changes| &changes.deleted_by_fix);
            if let Some(fixed) = fixed.filter(|fixed| !fixed.is_empty()) {
                scan(source, table.scanned, column, &mut |key, value| {
                    let is_written = written.as_ref().is_some_and(|(_, _, written)| written.contains_key(key));
                    if !is_written && link_key(known, value).is_some_and(|key| fixed.contains(&key)) {
                        broken.insert(key.clone(), value.clone());
                    }
                })?;
            }
            for (key, value) in broken {
                context.violation(dangling(table.table, column, target, key, value));
            }
        }
    }
    Ok(())
}

fn link_key(known: &Known<'_>, value: &Value) -> Option<Key> {
    match value {
        Value::Link(link) => link.key(&known.schema).ok(),
        _ => None,
    }
}

/// Whether a link leads to a row; null leads nowhere and may.
fn leads(source: &dyn ObjectSource, known: &Known<'_>, value: &Value, looks: bool) -> Result<bool, ReadError> {
    if value.is_null() {
        return Ok(true);
    }
    match link_key(known, value) {
        Some(key) => known.has(source, &key, looks),
        None => Ok(false),
    }
}

/// Visits a column of all rows of a tree.
pub(crate) fn scan<E: From<ReadError>>(
    source: &dyn ObjectSource,
    tree: Tree,
    column: &Column,
    visit: &mut dyn FnMut(&Key, &Value),
) -> Result<(), E> {
    each_leaf(&tree, source, |leaf: &Leaf| {
        for (row, value) in leaf.column(column).enumerate() {
            visit(&Key::from_bytes(leaf.key(row)), &value);
        }
        Ok(())
    })
}
