//! Merging leaves of the same keys as a whole, column by column.

use std::cell::OnceCell;

use super::Rows;
use crate::{
    Column, ColumnId, Key, Value,
    merge::{cell, changes::Origin},
    tree::{
        Child, Leaf, Part,
        column::{Cells, Splice},
        edit::{Edit, NewLeaf},
        rows::RowSet,
        vector::Vector,
        walk3::{BASE, Leaves, OURS, THEIRS, leaf},
    },
};

/// Where the cells of a merged leaf's column come from.
enum Picked {
    Side(usize),
    Cells(Option<Cells>),
}

struct Spliced {
    picked: Picked,
    is_ours: bool,
    is_theirs: bool,
}

/// A column of three leaves of the same keys, each read once, where it is needed.
struct Vectors<'l> {
    leaves: [&'l Leaf; 3],
    column: ColumnId,
    read: [OnceCell<Option<Vector<'l>>>; 3],
}

impl<'l> Vectors<'l> {
    fn new(leaves: [&'l Leaf; 3], column: ColumnId) -> Self {
        Self { leaves, column, read: [const { OnceCell::new() }; 3] }
    }

    /// The cells of a state; none where the leaf does not have the column.
    fn get(&self, state: usize) -> Option<&Vector<'l>> {
        self.read[state].get_or_init(|| self.leaves[state].vector(self.column)).as_ref()
    }

    /// Adds the rows in which a side differs from the base.
    fn differing(&self, side: usize, column: &Column, rows: &mut RowSet) {
        if self.leaves[BASE].differing_by_bytes(self.leaves[side], self.column, rows) {
            return;
        }
        match (self.get(BASE), self.get(side)) {
            (None, None) => {}
            (Some(a), Some(b)) => a.differing(b, rows),
            (Some(cells), None) | (None, Some(cells)) => cells.differing_from(&column.fill, rows),
        }
    }
}

impl Rows<'_, '_, '_> {
    /// Merges three leaves; what becomes of the target's is queued as an edit of it.
    pub(super) fn leaves(&mut self, Leaves { nodes, hashes, last }: Leaves) {
        let [base, ours, theirs] = nodes.each_ref().map(leaf);
        let rows = base.len();
        let mut changed = [RowSet::new(rows), RowSet::new(rows), RowSet::new(rows)];
        let mut differing = [RowSet::new(rows), RowSet::new(rows)];
        let mut is_side = [true; 3];
        let mut columns: Vec<(ColumnId, Picked)> = Vec::with_capacity(self.by_id.len());
        for place in 0..self.by_id.len() {
            let index = self.by_id[place];
            let column = self.column(index);
            differing.iter_mut().for_each(RowSet::clear);
            let cells = Vectors::new([base, ours, theirs], column.id);
            cells.differing(OURS, column, &mut differing[0]);
            cells.differing(THEIRS, column, &mut differing[1]);
            let [by_ours, by_theirs] = &differing;
            changed[OURS].add(by_ours);
            changed[THEIRS].add(by_theirs);
            let picked = self.pick(index, &cells, &differing, &mut is_side);
            if self.changes.watches(index) {
                self.note_column(index, [ours, theirs], by_ours, by_theirs);
            }
            columns.push((column.id, picked));
        }
        let both = changed[OURS].shared(&changed[THEIRS]).count();
        self.context.stats.merged_rows += both;
        self.context.stats.ours_rows += changed[OURS].count() - both;
        self.context.stats.theirs_rows += changed[THEIRS].count() - both;
        let Some(target) = self.job.target.filter(|target| self.job.has_output && !is_side[*target]) else { return };
        let other = OURS + THEIRS - target;
        let new = if is_side[other] && self.job.plan.fits[other] {
            NewLeaf::Stored(Child { last: last.clone(), hash: hashes[other], rows: rows as u64 })
        } else {
            let part = |(id, picked)| {
                let part = match picked {
                    Picked::Side(side) => leaf(&nodes[side]).part(id),
                    Picked::Cells(cells) => cells.map(Part::New),
                };
                Some((id, part?))
            };
            NewLeaf::Fresh(Box::new(base.with_columns(columns.into_iter().filter_map(part).collect())))
        };
        self.queue.push_back(Edit::Leaf(last, new));
    }

    /// Where a column's cells come from; takes out of `is_side` whoever has others.
    fn pick(
        &mut self,
        index: usize,
        leaves: &Vectors<'_>,
        [by_ours, by_theirs]: &[RowSet; 2],
        is_side: &mut [bool; 3],
    ) -> Picked {
        match (by_ours.is_empty(), by_theirs.is_empty()) {
            (true, true) => Picked::Side(OURS),
            (false, true) => {
                is_side[THEIRS] = false;
                Picked::Side(OURS)
            }
            (true, false) => {
                is_side[OURS] = false;
                Picked::Side(THEIRS)
            }
            (false, false) => {
                let spliced = self.splice(index, leaves, by_ours, by_theirs);
                is_side[OURS] &= spliced.is_ours;
                is_side[THEIRS] &= spliced.is_theirs;
                spliced.picked
            }
        }
    }

    /// A column that both changed.
    fn splice(&mut self, index: usize, vectors: &Vectors<'_>, by_ours: &RowSet, by_theirs: &RowSet) -> Spliced {
        let column = self.column(index);
        let [base, ..] = vectors.leaves;
        let value = |state: usize, row: usize| {
            vectors.get(state).map_or_else(|| column.fill.clone(), |vector| vector.value(row))
        };
        // Where both changed a cell: what it becomes.
        let mut decided: Vec<(usize, Value)> = Vec::new();
        let (mut is_ours, mut is_theirs, mut is_decided) = (true, true, true);
        for row in by_ours.shared(by_theirs).iter() {
            let (mine, other) = (value(OURS, row), value(THEIRS, row));
            if mine == other {
                continue;
            }
            let old = value(BASE, row);
            let key = Key::from_bytes(base.key(row));
            let merged = cell::merge(&old, &mine, &other).map(|value| (value, Origin::New));
            let merged =
                merged.or_else(|| self.cell_conflict(&key, index, Some(old), Some(mine.clone()), Some(other.clone())));
            let Some((value, origin)) = merged else {
                is_decided = false;
                continue;
            };
            self.changes.note(&key, index, &value, origin);
            is_ours &= value == mine;
            is_theirs &= value == other;
            decided.push((row, value));
        }
        is_ours &= by_theirs.iter().all(|row| by_ours.contains(row));
        is_theirs &= by_ours.iter().all(|row| by_theirs.contains(row));
        // What is not decided stays as ours has it.
        let picked = match (is_ours, is_theirs && is_decided) {
            (true, _) => Some(Picked::Side(OURS)),
            (false, true) => Some(Picked::Side(THEIRS)),
            (false, false) if !self.job.has_output => Some(Picked::Cells(None)),
            (false, false) => None,
        };
        if let Some(picked) = picked {
            return Spliced { picked, is_ours, is_theirs };
        }
        let cells = vectors.leaves.map(|leaf| leaf.cells(column.id));
        let mut splice = Splice::new(column, base.len());
        let mut decided = decided.into_iter().peekable();
        let mut next = 0;
        for row in by_theirs.iter() {
            let value = decided.next_if(|(decided, _)| *decided == row).map(|(_, value)| value);
            if value.is_none() && by_ours.contains(row) {
                continue;
            }
            splice.copy(cells[OURS], next..row);
            match value {
                Some(value) => splice.push(&value),
                None => splice.copy(cells[THEIRS], row..row + 1),
            }
            next = row + 1;
        }
        splice.copy(cells[OURS], next..base.len());
        Spliced { picked: Picked::Cells(splice.finish()), is_ours, is_theirs }
    }

    /// Notes the cells that one side changed, or both alike. Others were noted when they were decided.
    fn note_column(&mut self, index: usize, [ours, theirs]: [&Leaf; 2], by_ours: &RowSet, by_theirs: &RowSet) {
        let column = self.column(index);
        let mut any = by_ours.clone();
        any.add(by_theirs);
        let value = |leaf: &Leaf, row: usize| {
            leaf.cells(column.id).map_or_else(|| column.fill.clone(), |cells: &Cells| cells.value(row))
        };
        for row in any.iter() {
            let (leaf, origin) = match (by_ours.contains(row), by_theirs.contains(row)) {
                (true, true) if value(ours, row) != value(theirs, row) => continue,
                (true, _) => (ours, Origin::Ours),
                (false, _) => (theirs, Origin::Theirs),
            };
            let key = Key::from_bytes(leaf.key(row));
            self.changes.note(&key, index, &value(leaf, row), origin);
        }
    }
}
