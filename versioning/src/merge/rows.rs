//! Merging the rows of one table, in the order of their keys, as edits of one side's tree.

mod cells;
mod leaves;

use std::collections::{BTreeMap, VecDeque};

use self::cells::{can_stand_in, initial};
use super::{
    changes::{Changes, Origin},
    conflict::{Conflict, Side, Subject},
    context::Context,
    resolve::{Choice, RowFix},
    schema::{Plan, keeps},
};
use crate::{
    Column, Key, ObjectSource, ReadError, Row, TableId, Value,
    tree::{
        Tree,
        edit::Edit,
        walk3::{BASE, OURS, Passes, Place, Step, THEIRS, Walk3},
    },
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
            // Checks are asked of whole rows.
            leaves: is_incremental
                && job.has_output
                && job.plan.is_columnar
                && fixed_rows.is_empty()
                && !has_unknown
                && !changes.has_checks(),
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
                self.changes.row(&key, &row);
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
}
