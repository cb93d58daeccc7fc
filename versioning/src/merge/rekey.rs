//! Tables whose primary key changed on one side (M15): the other side's edits follow their rows to the new keys.
//!
//! A row is the same row on both sides when the new key of what it was in the base is its key on the side that changed
//! the key. So each row that the other side changed is looked up there by that key, merged like any other, and stands
//! under the key that its merged cells give it.
//!
//! Links that the other side wrote into the table still name rows by their old keys: where such a key names no row, the
//! link is a violation. A column that the side with the new key dropped, and that someone decides to keep, has its old
//! values only in rows that the other side changed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MergeError,
    changes::{Changes, Origin},
    conflict::{RowCells, Rule, Violation},
    context::Context,
    resolve::RowFix,
    rows::{Job, Outcome, Rows},
    schema::{Plan, PlanColumn, Source},
};
use crate::{
    ChunkSink, Column, ColumnId, Key, ObjectSource, ReadError, Row, Schema, TableId, Tree, Value,
    tree::{
        EditError, TreeBuilder,
        edit::{self, Edit},
        walk3::{BASE, OURS, Passes, Place, Step, THEIRS, Walk3},
    },
};

/// A table to merge.
pub(crate) struct Rekey<'k, 'd> {
    pub(crate) source: &'k dyn ObjectSource,
    pub(crate) table: TableId,
    pub(crate) plan: &'d Plan,
    pub(crate) schemas: [Option<&'k Schema>; 3],
    pub(crate) trees: [Tree; 3],
    pub(crate) is_target: bool,
}

type Edits = BTreeMap<Key, Option<Row>>;

impl<'d> Rekey<'_, 'd> {
    /// The merged tree, what was written, and the keys of all rows where links may lead to them.
    pub(crate) fn merge(
        &self,
        sink: &mut dyn ChunkSink,
        context: &mut Context<'_>,
    ) -> Result<(Tree, Changes<'d>, BTreeSet<Key>), MergeError> {
        let failed = |source| MergeError::Edit { table: self.table, source };
        let (side, other) = if self.plan.is_rekeyed[OURS] { (THEIRS, OURS) } else { (OURS, THEIRS) };
        let mut changes = Changes::new(self.table, self.plan, self.schemas, self.is_target, true);
        let looks_at_all = changes.looks_at_all();
        let job = Job {
            source: self.source,
            table: self.table,
            plan: self.plan,
            trees: self.trees,
            target: self.plan.fits[side].then_some(side),
            has_output: true,
            after: None,
            counts_all: false,
        };
        let mut edits = Edits::new();
        let mut arrivals: Vec<(Key, Row)> = Vec::new();
        let base = self.trees[BASE];
        let passes = Passes { shared: true, ..Passes::default() };
        let mut walk = Walk3::new(self.source, [base, base, self.trees[other]], None, passes)?;
        let mut rows = Rows::new(&job, context, &mut changes)?;
        while let Some(step) = walk.step()? {
            let Step::Row(_, [old, _, new]) = step else { continue };
            let is_changed = match (&old, &new) {
                (Some(old), Some(new)) => rows.is_changed(other, old, new),
                _ => true,
            };
            let known = match (&old, &new) {
                (Some(place), _) => rows.new_key(BASE, place),
                (None, Some(place)) => rows.new_key(other, place),
                (None, None) => None,
            };
            let (true, Some(key)) = (is_changed, known) else { continue };
            let mut places = [None, None, None];
            places[side] = if old.is_some() { self.trees[side].place(self.source, &key)? } else { None };
            places[BASE] = old;
            places[other] = new;
            match rows.merge_row(&key, &places) {
                Outcome::Kept => {}
                Outcome::Absent => {
                    rows.changes.deleted(&key);
                    edits.insert(key, None);
                }
                Outcome::Row(row) => {
                    let moved = Key::of_row(&self.plan.schema, &row).unwrap_or_else(|_| key.clone());
                    if places[BASE].is_some() && moved == key {
                        edits.insert(key, Some(row));
                        continue;
                    }
                    if places[BASE].is_some() {
                        rows.changes.moved(&key, &moved);
                        edits.insert(key, None);
                    }
                    arrivals.push((moved, row));
                }
            }
        }
        drop(rows);
        self.settle(context, side, &mut changes, &mut edits, arrivals)?;
        self.fix(context, side, &mut changes, &mut edits)?;
        for (key, row) in edits.iter().filter_map(|(key, row)| Some((key, row.as_ref()?))) {
            changes.row(key, row);
        }
        changes.report(context);
        let keys = self.look_at_all(context, side, looks_at_all, &mut changes, &edits)?;
        changes.report_duplicates(context, |_, _| Ok::<(), ReadError>(()))?;
        let tree = if self.plan.fits[side] {
            let mut edits = edits.into_iter().map(|(key, row)| Ok(Edit::Row(key, row)));
            edit::edit(&self.trees[side], self.source, sink, &self.plan.schema, &mut edits)
        } else {
            self.rebuild(side, sink, edits)
        };
        Ok((tree.map_err(failed)?, changes, keys))
    }

    /// Puts rows that came to new keys in their places, if they are free.
    fn settle(
        &self,
        context: &mut Context<'_>,
        side: usize,
        changes: &mut Changes<'_>,
        edits: &mut Edits,
        arrivals: Vec<(Key, Row)>,
    ) -> Result<(), ReadError> {
        for (mut key, mut row) in arrivals {
            loop {
                let is_taken = match edits.get(&key) {
                    Some(row) => row.is_some(),
                    None => self.trees[side].rank(self.source, &key)?.1,
                };
                if !is_taken {
                    edits.insert(key, Some(row));
                    break;
                }
                let violation = Violation {
                    table: self.table,
                    rule: Rule::Key,
                    rows: vec![(key.clone(), self.cells(&row))],
                    message: "a row comes to a primary key that another row has".to_owned(),
                };
                let fix = context.resolutions.violations.get(&violation.id());
                let fix = fix.and_then(|fix| fix.rows.iter().find(|(table, at, _)| *table == self.table && *at == key));
                match fix.map(|(.., fix)| fix) {
                    Some(RowFix::Delete) => break,
                    Some(RowFix::Set(cells)) => {
                        let mut fixed = row.clone();
                        for (column, cell) in self.plan.schema.columns.iter().zip(&mut fixed) {
                            if let Some(value) = cells.get(&column.id) {
                                *cell = value.clone();
                            }
                        }
                        let Ok(moved) = Key::of_row(&self.plan.schema, &fixed) else {
                            context.violation(violation);
                            break;
                        };
                        if self.plan.schema.check(&fixed).is_err() || moved == key {
                            context.violation(violation);
                            break;
                        }
                        changes.moved(&key, &moved);
                        (key, row) = (moved, fixed);
                    }
                    None => {
                        context.violation(violation);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Fixes of other violations, by the new keys.
    fn fix(
        &self,
        context: &Context<'_>,
        side: usize,
        changes: &mut Changes<'_>,
        edits: &mut Edits,
    ) -> Result<(), ReadError> {
        let Some(fixes) = context.overrides.get(&self.table) else { return Ok(()) };
        for (key, fix) in fixes {
            let row = match edits.get(key) {
                Some(row) => row.clone(),
                None => self.trees[side].place(self.source, key)?.map(|place| self.row(side, &place)),
            };
            let Some(mut row) = row else { continue };
            match fix {
                RowFix::Delete => {
                    changes.deleted_by_fix(key);
                    changes.deleted(key);
                    edits.insert(key.clone(), None);
                }
                RowFix::Set(cells) => {
                    for (index, column) in self.plan.schema.columns.iter().enumerate() {
                        if let Some(value) = cells.get(&column.id)
                            && !self.plan.schema.is_key(column.id)
                            && value.ty().is_none_or(|ty| ty == column.ty)
                        {
                            row[index] = value.clone();
                            changes.note(key, index, value, Origin::New);
                        }
                    }
                    edits.insert(key.clone(), Some(row));
                }
            }
        }
        Ok(())
    }

    /// Notes the rows that only the side with the new key has a say in.
    fn look_at_all(
        &self,
        context: &mut Context<'_>,
        side: usize,
        looks_at_all: bool,
        changes: &mut Changes<'_>,
        edits: &Edits,
    ) -> Result<BTreeSet<Key>, ReadError> {
        let mut keys = BTreeSet::new();
        if !looks_at_all {
            return Ok(keys);
        }
        keys.extend(edits.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key.clone()));
        let mut walk =
            Walk3::new(self.source, [Tree::default(), self.trees[side], Tree::default()], None, Passes::default())?;
        while let Some(step) = walk.step()? {
            let Step::Row(key, [_, Some(place), _]) = step else { continue };
            if edits.contains_key(&key) {
                continue;
            }
            let row = self.row(side, &place);
            for (index, value) in row.iter().enumerate() {
                changes.note(&key, index, value, Origin::of(side));
            }
            changes.row(&key, &row);
            changes.report(context);
            keys.insert(key);
        }
        Ok(keys)
    }

    /// Writes all rows anew: the side's leaves are not those of the merged schema.
    fn rebuild(&self, side: usize, sink: &mut dyn ChunkSink, edits: Edits) -> Result<Tree, EditError> {
        let mut builder = TreeBuilder::new(&self.plan.schema, sink);
        let mut edits = edits.into_iter().peekable();
        let trees = [Tree::default(), self.trees[side], Tree::default()];
        let mut walk = Walk3::new(self.source, trees, None, Passes::default())?;
        while let Some(step) = walk.step()? {
            let Step::Row(key, [_, Some(place), _]) = step else { continue };
            while let Some((key, row)) = edits.next_if(|(edited, _)| *edited < key) {
                if let Some(row) = row {
                    builder.push(key, row)?;
                }
            }
            match edits.next_if(|(edited, _)| *edited == key) {
                Some((_, Some(row))) => builder.push(key, row)?,
                Some((_, None)) => {}
                None => builder.push(key, self.row(side, &place))?,
            }
        }
        for (key, row) in edits {
            if let Some(row) = row {
                builder.push(key, row)?;
            }
        }
        Ok(builder.finish()?)
    }

    /// A row of one state under the merged schema.
    fn row(&self, state: usize, place: &Place) -> Row {
        let cell = |(column, plan): (&Column, &PlanColumn)| {
            let value = plan.at[state].as_ref().map(|source| source.value(place));
            value.unwrap_or_else(|| column.fill.clone()).cast(column.ty).unwrap_or(Value::Null)
        };
        self.plan.schema.columns.iter().zip(&self.plan.columns).map(cell).collect()
    }

    fn cells(&self, row: &Row) -> RowCells {
        let cells = self.plan.schema.columns.iter().zip(row);
        cells
            .filter(|(column, value)| **value != column.fill)
            .map(|(column, value)| (column.id, value.clone()))
            .collect()
    }
}

/// A state that is brought under the merged schema and primary key.
pub(crate) struct Rebuild<'b> {
    pub(crate) table: TableId,
    pub(crate) plan: &'b Plan,
    pub(crate) state: usize,
    /// Where the state has the merged columns.
    pub(crate) sources: &'b [Option<Source>],
}

impl Rebuild<'_> {
    /// The state's tree. Rows are sorted in memory. Of rows that meet in one key the first stays; the others, and cells
    /// that can't be converted, are given to `lost`.
    pub(crate) fn tree(
        &self,
        source: &dyn ObjectSource,
        sink: &mut dyn ChunkSink,
        tree: Tree,
        lost: &mut dyn FnMut(Violation),
    ) -> Result<Tree, EditError> {
        let schema = &self.plan.schema;
        let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
        let mut trees = [Tree::default(); 3];
        trees[self.state] = tree;
        let mut walk = Walk3::new(source, trees, None, Passes::default())?;
        while let Some(step) = walk.step()? {
            let Step::Row(_, places) = step else { continue };
            let Some(place) = &places[self.state] else { continue };
            let (row, unconverted) = self.row(place);
            let key = Key::of_row(schema, &row);
            let mut report = |key: &Key, rule: Rule, cells: RowCells, message: &str| {
                let rows = vec![(key.clone(), cells)];
                lost(Violation { table: self.table, rule, rows, message: message.to_owned() });
            };
            for (column, value) in unconverted {
                let key = key.clone().unwrap_or_else(|_| Key::from_bytes(Vec::new()));
                let cells = RowCells::from([(column, value)]);
                report(&key, Rule::Cell { column }, cells, "the value can't be converted to the column's new type");
            }
            let Ok(key) = key else { continue };
            if rows.contains_key(&key) {
                let cells = schema.columns.iter().zip(row).map(|(column, value)| (column.id, value)).collect();
                report(&key, Rule::Key, cells, "two rows come to one primary key");
                continue;
            }
            rows.insert(key, row);
        }
        let mut builder = TreeBuilder::new(schema, sink);
        for (key, row) in rows {
            builder.push(key, row)?;
        }
        Ok(builder.finish()?)
    }

    /// The row under the merged schema, and the cells that can't be converted.
    fn row(&self, place: &Place) -> (Row, Vec<(ColumnId, Value)>) {
        let mut unconverted = Vec::new();
        let mut row = Row::with_capacity(self.sources.len());
        for (column, at) in self.plan.schema.columns.iter().zip(self.sources) {
            let value = at.as_ref().map_or_else(|| column.fill.clone(), |at| at.value(place));
            row.push(value.cast(column.ty).unwrap_or_else(|_| {
                unconverted.push((column.id, value));
                Value::Null
            }));
        }
        (row, unconverted)
    }
}
