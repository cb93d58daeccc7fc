//! Single cells of a row that is merged: what the three states have, and what becomes of it.

use super::Rows;
use crate::{
    Column, Key, Row, Value,
    merge::{
        cell,
        changes::Origin,
        conflict::{Conflict, RowCells, Subject},
        resolve::Choice,
    },
    tree::walk3::{BASE, OURS, Place, THEIRS},
    value::MAX_CELL,
};

/// A merged cell and where its value comes from; none while it is undecided.
type Merged = Option<(Value, Origin)>;

impl<'r> Rows<'r, '_, '_> {
    /// M3, M4 and M11.
    pub(super) fn merge_cell(&mut self, key: &Key, index: usize, base: &Place, ours: &Place, theirs: &Place) -> Merged {
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

    pub(super) fn has_type(&self, index: usize, state: usize) -> bool {
        self.job.plan.columns[index].at[state].as_ref().is_some_and(|source| source.ty == self.column(index).ty)
    }

    /// The value that counts as not set: the fill of a column that both added to rows that were there.
    pub(super) fn backfill(&self, index: usize) -> Option<&'r Value> {
        let is_old_table = self.job.plan.columns.iter().any(|column| column.at[BASE].is_some());
        (is_old_table && self.job.plan.columns[index].at[BASE].is_none()).then(|| &self.column(index).fill)
    }

    pub(super) fn cell_conflict(
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

    /// The cell as the state has it, in the type that it has there; none where the state does not have the column. In a
    /// column that both added, a side's own fill reads as the merged one: not set.
    pub(super) fn raw(&self, index: usize, state: usize, place: &Place) -> Option<Value> {
        let source = self.job.plan.columns[index].at[state].as_ref()?;
        let value = source.value(place);
        if self.job.plan.columns[index].at[BASE].is_none() && value == source.fill {
            return Some(self.column(index).fill.clone());
        }
        Some(value)
    }

    /// Whether a side changed a cell of a row that both the base and the side have.
    pub(super) fn changed(&self, index: usize, side: usize, base: &Place, place: &Place) -> bool {
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
    pub(super) fn plain_row(&self, side: usize, place: &Place) -> Row {
        let columns = self.job.plan.schema.columns.iter().enumerate();
        columns.map(|(index, column)| self.raw(index, side, place).unwrap_or_else(|| column.fill.clone())).collect()
    }

    pub(super) fn cells(&self, state: usize, place: &Place) -> RowCells {
        let mut cells = RowCells::new();
        for (index, column) in self.job.plan.schema.columns.iter().enumerate() {
            let fill = self.job.plan.columns[index].at[state].as_ref().map(|source| &source.fill);
            cells.extend(
                self.raw(index, state, place).filter(|value| Some(value) != fill).map(|value| (column.id, value)),
            );
        }
        cells
    }
}

/// What a new row has in a column that it was inserted without.
pub(super) fn initial(column: &Column) -> Value {
    if column.default.is_null() { column.fill.clone() } else { column.default.clone() }
}

pub(super) fn can_stand_in(value: &Value, column: &Column) -> bool {
    value.ty().is_none_or(|ty| ty == column.ty) && value.size() <= MAX_CELL
}
