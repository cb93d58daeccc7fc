//! No row meets a check.

use super::{Report, table::Table};
use crate::{
    Row,
    check::Checks as TableChecks,
    query::Predicate,
    schema::{Check, Severity},
    tree::walk3::Place,
};

/// The checks of a table, and how they were asked of its rows before.
pub(super) struct Checks<'t> {
    table: &'t Table,
    now: TableChecks<'t>,
    /// For each check, what tells whether a row met it before; none where that can't be told.
    then: Vec<Option<Predicate>>,
}

impl<'t> Checks<'t> {
    pub(super) fn new(table: &'t Table, severity: Severity) -> Self {
        let now = TableChecks::new(&table.after.schema, severity);
        let then = now.checks.iter().map(|bound| before(table, bound.check)).collect();
        Self { table, now, then }
    }

    /// Whether the table has such checks.
    pub(super) fn is_needed(&self) -> bool {
        !self.now.is_empty()
    }

    /// Reports what the row meets now and did not before.
    pub(super) fn note(&self, before: Option<&Place>, after: Option<&Place>, report: &mut Report) {
        let Some(after) = after else { return };
        let schema = &self.table.after.schema;
        let cell = |position: usize| after.leaf().value(&schema.columns[position], after.index);
        for (bound, then) in self.now.checks.iter().zip(&self.then) {
            if !bound.predicate.matches_cells(&cell) {
                continue;
            }
            let was_met = match (before, then, &self.table.before) {
                (Some(before), Some(then), Some(state)) => {
                    then.matches_cells(&|position| before.leaf().value(&state.schema.columns[position], before.index))
                }
                _ => false,
            };
            if !was_met {
                report.add(|| {
                    let row: Row = (0..schema.columns.len()).map(cell).collect();
                    bound.violation(schema, self.table.id, &after.key(), &row)
                });
            }
        }
    }
}

/// The check as it is, or else as it was, asked of the rows as they were.
fn before(table: &Table, check: &Check) -> Option<Predicate> {
    let schema = &table.before.as_ref()?.schema;
    let was = || schema.check_of(check.id)?.predicate(schema).ok();
    check.predicate(schema).ok().or_else(was)
}
