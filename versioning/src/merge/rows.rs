//! Merging the rows of one table, in the order of their keys, as edits of one side's tree.

use std::collections::{BTreeMap, VecDeque};

use super::{
    cell,
    changes::{Changes, Origin},
    conflict::{Conflict, RowCells, Side, Subject},
    context::Context,
    resolve::{Choice, RowFix},
    schema::{Plan, keeps},
};
use crate::{
    Column, Key, ObjectSource, ReadError, Row, TableId, Value,
    tree::{
        Child, Leaf, Part, Tree,
        column::{Cells, Splice},
        edit::{Edit, NewLeaf},
        rows::RowSet,
        walk3::{BASE, Leaves, OURS, Passes, Place, Step, THEIRS, Walk3, leaf},
    },
    value::MAX_CELL,
};

/// What is merged, and into what.
pub(crate) struct Job<'j> {
    pub(crate) source: &'j dyn ObjectSource,
    pub(crate) table: TableId,
    pub(crate) plan: &'j Plan,
    pub(crate) trees: [Tree; 3],
    /// The side whose tree the edits are for; none when all rows are written anew.
    pub(crate) target: Option<usize>,
    /// Whether leaves are put together; not when only conflicts are asked for.
    pub(crate) has_output: bool,
    /// Only rows behind this key.
    pub(crate) after: Option<&'j Key>,
    /// Whether every changed row is looked at, so that the statistics have all.
    pub(crate) counts_all: bool,
}

/// The rows of a merge as they are asked for.
pub(crate) struct Rows<'r, 'c, 'p> {
    job: &'r Job<'r>,
    context: &'r mut Context<'c>,
    pub(crate) changes: &'r mut Changes<'p>,
    walk: Walk3<'r>,
    queue: VecDeque<Edit>,
    fixes: std::iter::Peekable<std::collections::btree_map::IntoIter<Key, RowFix>>,
    fixed_rows: BTreeMap<Key, RowFix>,
    /// The merged columns in the order of their ids.
    by_id: Vec<usize>,
    has_unknown: bool,
    /// The row that was looked at last.
    last: Option<Key>,
}

/// What becomes of a row.
pub(crate) enum Outcome {
    Row(Row),
    Absent,
    /// As the target has it.
    Kept,
}

/// A merged cell and where its value comes from; none while it is undecided.
type Merged = Option<(Value, Origin)>;

impl<'r, 'c, 'p> Rows<'r, 'c, 'p> {
    pub(crate) fn new(
        job: &'r Job<'r>,
        context: &'r mut Context<'c>,
        changes: &'r mut Changes<'p>,
    ) -> Result<Self, ReadError> {
        let fixed_rows = context.overrides.get(&job.table).cloned().unwrap_or_default();
        let has_unknown = context.has_unknown_rows(job.table);
        let is_incremental = job.target.is_some();
        let looks_at_all = changes.looks_at_all() || job.counts_all;
        let mut only = [false; 3];
        for side in [OURS, THEIRS] {
            only[side] =
                is_incremental && !looks_at_all && !has_unknown && (job.target == Some(side) || !job.has_output);
        }
        let passes = Passes {
            shared: is_incremental,
            alike: is_incremental && job.plan.is_alike && !looks_at_all,
            only,
            leaves: is_incremental && job.has_output && job.plan.is_columnar && fixed_rows.is_empty() && !has_unknown,
        };
        let mut by_id: Vec<usize> = (0..job.plan.schema.columns.len()).collect();
        by_id.sort_unstable_by_key(|index| job.plan.schema.columns[*index].id);
        Ok(Self {
            walk: Walk3::new(job.source, job.trees, job.after, passes)?,
            job,
            context,
            changes,
            queue: VecDeque::new(),
            fixes: fixed_rows.clone().into_iter().peekable(),
            fixed_rows,
            by_id,
            has_unknown,
            last: None,
        })
    }

    /// Looks at rows until this many conflicts were found in all; returns the last row, if there may be more.
    pub(crate) fn list(mut self, limit: u64) -> Result<Option<Key>, ReadError> {
        while self.context.conflicts < limit {
            let Some(step) = self.walk.step()? else { return Ok(None) };
            if let Step::Row(key, places) = step {
                self.merge_row(&key, &places);
                self.last = Some(key);
            }
        }
        Ok(self.last)
    }

    /// The next edit of the target's tree, or the next row where all are written anew.
    pub(crate) fn next_edit(&mut self) -> Result<Option<Edit>, ReadError> {
        loop {
            if let Some(edit) = self.queue.pop_front() {
                return Ok(Some(edit));
            }
            match self.walk.step()? {
                Some(Step::Leaves(leaves)) => {
                    self.leaves(leaves);
                    self.changes.report(self.context);
                }
                Some(Step::Row(key, places)) => {
                    self.fix_rows_before(Some(&key))?;
                    self.row(key, &places);
                }
                None => {
                    self.fix_rows_before(None)?;
                    if self.queue.is_empty() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn column(&self, index: usize) -> &'r Column {
        &self.job.plan.schema.columns[index]
    }

    // Rows one by one.

    fn row(&mut self, key: Key, places: &[Option<Place>; 3]) {
        let outcome = self.merge_row(&key, places);
        self.emit(key, places, outcome);
    }

    /// Turns what becomes of a row into an edit of the target, after the fixes of violations.
    fn emit(&mut self, key: Key, places: &[Option<Place>; 3], outcome: Outcome) {
        let target = self.job.target.and_then(|side| Some((side, places[side].as_ref()?)));
        let outcome = match (self.fixed_rows.get(&key).cloned(), outcome) {
            (None, outcome) => outcome,
            (Some(fix), Outcome::Kept) => match target {
                Some((side, place)) => self.fix(&key, &fix, self.plain_row(side, place)),
                None => Outcome::Kept,
            },
            (Some(fix), Outcome::Row(row)) => self.fix(&key, &fix, row),
            (Some(_), Outcome::Absent) => Outcome::Absent,
        };
        match outcome {
            Outcome::Kept => {}
            Outcome::Absent => {
                self.changes.deleted(&key);
                if target.is_some() {
                    self.queue.push_back(Edit::Row(key, None));
                }
            }
            Outcome::Row(row) => {
                let is_as_target = target.is_some_and(|(side, place)| self.plain_row(side, place) == row);
                if !is_as_target {
                    self.queue.push_back(Edit::Row(key, Some(row)));
                }
            }
        }
        self.changes.report(self.context);
    }

    fn fix(&mut self, key: &Key, fix: &RowFix, mut row: Row) -> Outcome {
        match fix {
            RowFix::Delete => {
                self.changes.deleted_by_fix(key);
                Outcome::Absent
            }
            RowFix::Set(cells) => {
                for (index, column) in self.job.plan.schema.columns.iter().enumerate() {
                    if let Some(value) = cells.get(&column.id)
                        && !self.job.plan.schema.is_key(column.id)
                        && can_stand_in(value, column)
                    {
                        row[index] = value.clone();
                        self.changes.note(key, index, value, Origin::New);
                    }
                }
                Outcome::Row(row)
            }
        }
    }

    /// Fixes of rows that neither side changed.
    fn fix_rows_before(&mut self, key: Option<&Key>) -> Result<(), ReadError> {
        while let Some((fixed, _)) = self.fixes.next_if(|(fixed, _)| key.is_none_or(|key| fixed <= key)) {
            if Some(&fixed) == key {
                break;
            }
            let Some(target) = self.job.target else { continue };
            let place = self.job.trees[target].place(self.job.source, &fixed)?;
            if place.is_some() {
                let mut places = [None, None, None];
                places[target] = place;
                self.emit(fixed, &places, Outcome::Kept);
            }
        }
        Ok(())
    }

    /// Merges one row (M1 to M6).
    pub(crate) fn merge_row(&mut self, key: &Key, places: &[Option<Place>; 3]) -> Outcome {
        let is_unknown = self.has_unknown && self.is_unknown_row(key);
        let [base, ours, theirs] = places.each_ref().map(Option::as_ref);
        match (base, ours, theirs) {
            (_, None, None) => {
                self.changes.deleted(key);
                Outcome::Kept
            }
            (None, Some(place), None) if !is_unknown => self.take(key, OURS, place),
            (None, None, Some(place)) if !is_unknown => self.take(key, THEIRS, place),
            (Some(base), Some(ours), Some(theirs)) if !is_unknown => self.merge_cells(key, base, ours, theirs),
            (_, Some(ours), Some(theirs)) => self.insert_both(key, ours, theirs),
            (base, Some(edited), None) => self.deleted(key, Side::Theirs, base.filter(|_| !is_unknown), edited),
            (base, None, Some(edited)) => self.deleted(key, Side::Ours, base.filter(|_| !is_unknown), edited),
        }
    }

    /// A row that only one side has.
    fn take(&mut self, key: &Key, side: usize, place: &Place) -> Outcome {
        self.context.stats.count(side);
        self.project(key, side, place, None)
    }

    fn merge_cells(&mut self, key: &Key, base: &Place, ours: &Place, theirs: &Place) -> Outcome {
        let columns = 0..self.job.plan.columns.len();
        let changed = [false, self.is_changed(OURS, base, ours), self.is_changed(THEIRS, base, theirs)];
        match (changed[OURS], changed[THEIRS]) {
            (true, true) => self.context.stats.merged_rows += 1,
            (true, false) => self.context.stats.count(OURS),
            (false, true) => self.context.stats.count(THEIRS),
            (false, false) => {}
        }
        let target = self.job.target;
        let is_kept = target.is_some_and(|target| !changed[OURS + THEIRS - target]);
        if is_kept && !self.has_unknown && !self.changes.looks_at_all() {
            return Outcome::Kept;
        }
        let mut row = Row::with_capacity(columns.len());
        for index in columns {
            let merged = self.merge_cell(key, index, base, ours, theirs);
            row.push(merged.map_or(Value::Null, |(value, _)| value));
        }
        Outcome::Row(row)
    }

    /// M3, M4 and M11.
    fn merge_cell(&mut self, key: &Key, index: usize, base: &Place, ours: &Place, theirs: &Place) -> Merged {
        let column = self.column(index);
        let subject = || Subject::Cell { table: self.job.table, key: key.clone(), column: column.id };
        let is_unknown = self.has_unknown && self.context.is_unknown(&subject());
        let changed = [(OURS, ours), (THEIRS, theirs)].map(|(side, place)| self.changed(index, side, base, place));
        let raw = [(BASE, base), (OURS, ours), (THEIRS, theirs)].map(|(state, place)| self.raw(index, state, place));
        let cast = |state: usize| raw[state].as_ref().and_then(|value| value.cast(column.ty).ok());
        let merged = match changed {
            [false, false] if !is_unknown => {
                // One of them has the type that the column has now, so that nothing is converted twice.
                let state = [OURS, THEIRS, BASE].into_iter().find(|state| self.has_type(index, *state));
                let value = state.and_then(|state| raw[state].clone());
                let value = value.or_else(|| cast(BASE)).unwrap_or_else(|| column.fill.clone());
                self.changes.note(key, index, &value, Origin::Base);
                return Some((value, Origin::Base));
            }
            [true, false] if !is_unknown => cast(OURS).map(|value| (value, Origin::Ours)),
            [false, true] if !is_unknown => cast(THEIRS).map(|value| (value, Origin::Theirs)),
            _ => {
                let old = if is_unknown { None } else { cast(BASE).or_else(|| Some(column.fill.clone())) };
                match (cast(OURS).or_else(|| cast(BASE)), cast(THEIRS).or_else(|| cast(BASE))) {
                    (Some(ours), Some(theirs)) if self.converts(index, &raw) => {
                        if ours == theirs {
                            Some((ours, Origin::Ours))
                        } else {
                            old.and_then(|old| cell::merge(&old, &ours, &theirs)).map(|value| (value, Origin::New))
                        }
                    }
                    _ => None,
                }
            }
        };
        let merged = merged.or_else(|| {
            let [base, ours, theirs] = raw.clone();
            self.cell_conflict(key, index, base.filter(|_| !is_unknown), ours, theirs)
        });
        if let Some((value, origin)) = &merged {
            // A value of another type than the side has is checked like one that nobody wrote.
            let origin = if self.has_type(index, origin.state()) { *origin } else { Origin::New };
            self.changes.note(key, index, value, origin);
        }
        merged
    }

    /// Whether what both sides have can be converted to the merged column's type.
    fn converts(&self, index: usize, raw: &[Option<Value>; 3]) -> bool {
        let ty = self.column(index).ty;
        [OURS, THEIRS].into_iter().all(|side| raw[side].as_ref().is_none_or(|value| value.cast(ty).is_ok()))
    }

    fn has_type(&self, index: usize, state: usize) -> bool {
        self.job.plan.columns[index].at[state].as_ref().is_some_and(|source| source.ty == self.column(index).ty)
    }

    /// M6.
    fn insert_both(&mut self, key: &Key, ours: &Place, theirs: &Place) -> Outcome {
        self.context.stats.merged_rows += 1;
        let combines = self.context.combine.contains(&self.job.table);
        let mut row = Row::with_capacity(self.job.plan.columns.len());
        for index in 0..self.job.plan.columns.len() {
            let column = self.column(index);
            let raw = [None, self.raw(index, OURS, ours), self.raw(index, THEIRS, theirs)];
            let both = (raw[OURS].as_ref(), raw[THEIRS].as_ref());
            let cast = |value: &Value, origin| value.cast(column.ty).ok().map(|value| (value, origin));
            let not_set = self.backfill(index);
            let merged = match both {
                (None, None) => Some((initial(column), Origin::New)),
                (Some(value), None) => cast(value, Origin::Ours),
                (None, Some(value)) => cast(value, Origin::Theirs),
                (Some(a), Some(b)) => match (cast(a, Origin::Ours), cast(b, Origin::Theirs)) {
                    (Some(a), Some(b)) if a.0 == b.0 => Some(a),
                    (Some(a), Some(b)) if combines && a.0.is_null() || not_set == Some(&a.0) => Some(b),
                    (Some(a), Some(b)) if combines && b.0.is_null() || not_set == Some(&b.0) => Some(a),
                    _ => None,
                },
            };
            let [_, ours, theirs] = raw.clone();
            let merged = merged.or_else(|| self.cell_conflict(key, index, None, ours, theirs));
            if let Some((value, origin)) = &merged {
                let origin = if self.has_type(index, origin.state()) { *origin } else { Origin::New };
                self.changes.note(key, index, value, origin);
            }
            row.push(merged.map_or(Value::Null, |(value, _)| value));
        }
        Outcome::Row(row)
    }

    /// The value that counts as not set: the fill of a column that both added to rows that were there.
    fn backfill(&self, index: usize) -> Option<&'r Value> {
        let is_old_table = self.job.plan.columns.iter().any(|column| column.at[BASE].is_some());
        (is_old_table && self.job.plan.columns[index].at[BASE].is_none()).then(|| &self.column(index).fill)
    }

    /// M5.
    fn deleted(&mut self, key: &Key, deleted_by: Side, base: Option<&Place>, edited: &Place) -> Outcome {
        let (deleter, editor) = match deleted_by {
            Side::Ours => (OURS, THEIRS),
            Side::Theirs => (THEIRS, OURS),
        };
        let is_edited = base.is_none_or(|base| {
            (0..self.job.plan.columns.len()).any(|index| {
                let at = &self.job.plan.columns[index].at;
                let was_dropped = at[BASE].is_some() && at[deleter].is_none();
                !was_dropped && self.changed(index, editor, base, edited)
            })
        });
        if !is_edited {
            self.context.stats.count(deleter);
            return Outcome::Absent;
        }
        let conflict = Conflict::Row {
            table: self.job.table,
            key: key.clone(),
            deleted_by,
            base: base.map(|base| self.cells(BASE, base)),
            edited: self.cells(editor, edited),
        };
        enum Kept {
            Edited,
            Base,
            Nothing,
        }
        let made = self.context.decide(conflict, |choice| match choice {
            Choice::Base => base.map(|_| Kept::Base),
            choice => keeps(choice, deleted_by).map(|keep| if keep { Kept::Edited } else { Kept::Nothing }),
        });
        match (made, base) {
            (None, _) => {
                self.changes.undecided(key, None);
                Outcome::Kept
            }
            (Some(Kept::Nothing), _) => Outcome::Absent,
            (Some(Kept::Base), Some(base)) => self.project(key, BASE, base, None),
            (Some(_), _) => self.project(key, editor, edited, base),
        }
    }

    /// The row of one state as a merged row. `base` is the row's base where it has one.
    fn project(&mut self, key: &Key, state: usize, place: &Place, base: Option<&Place>) -> Outcome {
        if self.job.target == Some(state) && !self.changes.looks_at_all() {
            return Outcome::Kept;
        }
        let mut row = Row::with_capacity(self.job.plan.columns.len());
        for index in 0..self.job.plan.columns.len() {
            let column = self.column(index);
            let merged = match self.raw(index, state, place) {
                Some(value) => match value.cast(column.ty) {
                    Ok(cast) if self.has_type(index, state) => Some((cast, Origin::of(state))),
                    Ok(cast) => Some((cast, Origin::New)),
                    Err(_) if state == THEIRS => self.cell_conflict(key, index, None, None, Some(value)),
                    Err(_) => self.cell_conflict(key, index, None, Some(value), None),
                },
                None => {
                    let kept = base.and_then(|base| self.raw(index, BASE, base)?.cast(column.ty).ok());
                    let is_old = base.is_some() || state == BASE;
                    let value = kept.unwrap_or_else(|| if is_old { column.fill.clone() } else { initial(column) });
                    Some((value, Origin::New))
                }
            };
            if let Some((value, origin)) = &merged {
                self.changes.note(key, index, value, *origin);
            }
            row.push(merged.map_or(Value::Null, |(value, _)| value));
        }
        Outcome::Row(row)
    }

    fn cell_conflict(
        &mut self,
        key: &Key,
        index: usize,
        base: Option<Value>,
        ours: Option<Value>,
        theirs: Option<Value>,
    ) -> Merged {
        let column = self.column(index);
        let cast = |value: &Option<Value>| value.as_ref().and_then(|value| value.cast(column.ty).ok());
        let is_convertible = [&ours, &theirs].into_iter().flatten().all(|value| value.cast(column.ty).is_ok());
        let (old, mine, other) = (cast(&base), cast(&ours), cast(&theirs));
        let unset = self.backfill(index).cloned().unwrap_or_default();
        let conflict = Conflict::Cell {
            table: self.job.table,
            key: key.clone(),
            column: column.id,
            base,
            ours,
            theirs,
            convert_to: (!is_convertible).then_some(column.ty),
        };
        let made = self.context.decide(conflict, |choice| match choice {
            Choice::Ours => mine.clone().map(|value| (value, Origin::Ours)),
            Choice::Theirs => other.clone().map(|value| (value, Origin::Theirs)),
            Choice::Base => Some((old.clone().unwrap_or_else(|| unset.clone()), Origin::New)),
            Choice::Value(value) => can_stand_in(value, column).then(|| (value.clone(), Origin::New)),
            Choice::Combine => {
                let value = cell::combine(mine.as_ref()?, other.as_ref()?)?;
                can_stand_in(&value, column).then_some((value, Origin::New))
            }
            Choice::Keep | Choice::Delete => None,
        });
        if made.is_none() {
            self.changes.undecided(key, Some(index));
        }
        made
    }

    /// Whether a side changed any cell of a row.
    pub(crate) fn is_changed(&self, side: usize, base: &Place, place: &Place) -> bool {
        (0..self.job.plan.columns.len()).any(|index| self.changed(index, side, base, place))
    }

    /// The key that a row of one state has under the merged schema; none when a cell of it can't be converted.
    pub(crate) fn new_key(&self, state: usize, place: &Place) -> Option<Key> {
        let schema = &self.job.plan.schema;
        let mut row = vec![Value::Null; schema.columns.len()];
        for index in schema.key_positions() {
            let value = self.raw(index, state, place).unwrap_or_else(|| schema.columns[index].fill.clone());
            row[index] = value.cast(schema.columns[index].ty).ok()?;
        }
        Key::of_row(schema, &row).ok()
    }

    fn is_unknown_row(&self, key: &Key) -> bool {
        self.context.is_unknown(&Subject::Row { table: self.job.table, key: key.clone() })
    }

    // Cells of single states.

    /// The cell as the state has it, in the type that it has there; none where the state does not have the column. In a
    /// column that both added, a side's own fill reads as the merged one: not set.
    fn raw(&self, index: usize, state: usize, place: &Place) -> Option<Value> {
        let source = self.job.plan.columns[index].at[state].as_ref()?;
        let value = source.value(place);
        if self.job.plan.columns[index].at[BASE].is_none() && value == source.fill {
            return Some(self.column(index).fill.clone());
        }
        Some(value)
    }

    /// Whether a side changed a cell of a row that both the base and the side have.
    fn changed(&self, index: usize, side: usize, base: &Place, place: &Place) -> bool {
        let at = &self.job.plan.columns[index].at;
        let Some(new) = &at[side] else { return false };
        let cells = place.leaf().cells(new.id);
        let is = |value: &Value| cells.map_or(new.fill == *value, |cells| cells.is(place.index, value));
        let Some(old) = &at[BASE] else { return !is(&new.fill) };
        match (base.leaf().cells(old.id), cells) {
            (Some(before), Some(after)) if old.ty == new.ty => !before.same_cell(base.index, after, place.index),
            (Some(before), _) => !before.value(base.index).cast(new.ty).is_ok_and(|value| is(&value)),
            (None, _) => !old.fill.cast(new.ty).is_ok_and(|value| is(&value)),
        }
    }

    /// The row of a side that fits the merged schema.
    fn plain_row(&self, side: usize, place: &Place) -> Row {
        let columns = self.job.plan.schema.columns.iter().enumerate();
        columns.map(|(index, column)| self.raw(index, side, place).unwrap_or_else(|| column.fill.clone())).collect()
    }

    fn cells(&self, state: usize, place: &Place) -> RowCells {
        let mut cells = RowCells::new();
        for (index, column) in self.job.plan.schema.columns.iter().enumerate() {
            let fill = self.job.plan.columns[index].at[state].as_ref().map(|source| &source.fill);
            cells.extend(
                self.raw(index, state, place).filter(|value| Some(value) != fill).map(|value| (column.id, value)),
            );
        }
        cells
    }

    // Leaves of the same keys, column by column.

    fn leaves(&mut self, Leaves { nodes, hashes, last }: Leaves) {
        let [base, ours, theirs] = nodes.each_ref().map(leaf);
        let rows = base.len();
        let mut changed = [RowSet::new(rows), RowSet::new(rows), RowSet::new(rows)];
        let mut differing = [RowSet::new(rows), RowSet::new(rows)];
        let mut is_side = [true; 3];
        let mut columns: Vec<(usize, Picked)> = Vec::with_capacity(self.by_id.len());
        for place in 0..self.by_id.len() {
            let index = self.by_id[place];
            let column = self.column(index);
            differing.iter_mut().for_each(RowSet::clear);
            base.differing_in(ours, column, &mut differing[0]);
            base.differing_in(theirs, column, &mut differing[1]);
            let [by_ours, by_theirs] = &differing;
            changed[OURS].add(by_ours);
            changed[THEIRS].add(by_theirs);
            let picked = match (by_ours.is_empty(), by_theirs.is_empty()) {
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
                    let picked = self.splice(index, [base, ours, theirs], by_ours, by_theirs);
                    is_side[OURS] &= picked.is_ours;
                    is_side[THEIRS] &= picked.is_theirs;
                    Picked::Cells(picked.cells)
                }
            };
            if self.changes.watches(index) {
                self.note_column(index, [ours, theirs], by_ours, by_theirs);
            }
            columns.push((index, picked));
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
            let columns = columns.into_iter().filter_map(|(index, picked)| {
                let id = self.column(index).id;
                match picked {
                    Picked::Side(side) => leaf(&nodes[side]).part(id),
                    Picked::Cells(cells) => cells.map(Part::New),
                }
                .map(|part| (id, part))
            });
            NewLeaf::Fresh(Box::new(base.with_columns(columns.collect())))
        };
        self.queue.push_back(Edit::Leaf(last, new));
    }

    /// A column that both changed.
    fn splice(
        &mut self,
        index: usize,
        [base, ours, theirs]: [&Leaf; 3],
        by_ours: &RowSet,
        by_theirs: &RowSet,
    ) -> Spliced {
        let column = self.column(index);
        let cells = [base, ours, theirs].map(|leaf| leaf.cells(column.id));
        let value =
            |state: usize, row: usize| cells[state].map_or_else(|| column.fill.clone(), |cells| cells.value(row));
        // Where both changed a cell: what it becomes.
        let mut decided: Vec<(usize, Value)> = Vec::new();
        let (mut is_ours, mut is_theirs) = (true, true);
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
            let Some((value, origin)) = merged else { continue };
            self.changes.note(&key, index, &value, origin);
            is_ours &= value == mine;
            is_theirs &= value == other;
            decided.push((row, value));
        }
        is_ours &= by_theirs.iter().all(|row| by_ours.contains(row));
        is_theirs &= by_ours.iter().all(|row| by_theirs.contains(row));
        if !self.job.has_output {
            return Spliced { cells: None, is_ours, is_theirs };
        }
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
        Spliced { cells: splice.finish(), is_ours, is_theirs }
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

/// Where the cells of a merged leaf's column come from.
enum Picked {
    Side(usize),
    Cells(Option<Cells>),
}

struct Spliced {
    cells: Option<Cells>,
    is_ours: bool,
    is_theirs: bool,
}

/// What a new row has in a column that it was inserted without.
fn initial(column: &Column) -> Value {
    if column.default.is_null() { column.fill.clone() } else { column.default.clone() }
}

fn can_stand_in(value: &Value, column: &Column) -> bool {
    value.ty().is_none_or(|ty| ty == column.ty) && value.size() <= MAX_CELL
}
