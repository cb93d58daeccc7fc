//! The checks of a table, ready to be asked about many rows.

use crate::{
    Column, ColumnId, Key, Row, Schema, TableId, Value,
    merge::{RowCells, Rule, Violation},
    query::Predicate,
    schema::{Check, Severity},
};

/// Checks of a table, ready to be asked about many rows.
#[derive(Clone, Debug)]
pub struct Checks<'s> {
    schema: &'s Schema,
    pub(crate) checks: Vec<BoundCheck<'s>>,
}

/// A check that fits its schema.
#[derive(Clone, Debug)]
pub(crate) struct BoundCheck<'s> {
    pub(crate) check: &'s Check,
    pub(crate) predicate: Predicate,
}

impl<'s> Checks<'s> {
    /// The checks of a [valid](Schema::validate) schema that are of this severity.
    #[must_use]
    pub fn new(schema: &'s Schema, severity: Severity) -> Self {
        let checks = schema.checks.iter().filter(|check| check.severity == severity);
        let bound = checks.filter_map(|check| Some(BoundCheck { check, predicate: check.predicate(schema).ok()? }));
        Self { schema, checks: bound.collect() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// The checks that a row meets, each with the columns that it is about.
    pub fn met(&self, row: &Row) -> impl Iterator<Item = (&'s Check, Vec<ColumnId>)> {
        self.checks.iter().filter(|bound| bound.predicate.matches(row)).map(|bound| (bound.check, self.columns(bound)))
    }

    /// Whether a row meets this one of the checks.
    #[must_use]
    pub fn is_met(&self, check: &Check, row: &Row) -> bool {
        self.checks.iter().any(|bound| bound.check.id == check.id && bound.predicate.matches(row))
    }

    fn columns(&self, bound: &BoundCheck<'_>) -> Vec<ColumnId> {
        let columns = &self.schema.columns;
        bound.predicate.positions().into_iter().filter_map(|position| Some(columns.get(position)?.id)).collect()
    }

    /// That rows which meet checks do.
    pub(crate) fn violations(&self, table: TableId, key: &Key, row: &Row) -> Vec<Violation> {
        let met = self.checks.iter().filter(|bound| bound.predicate.matches(row));
        met.map(|bound| bound.violation(self.schema, table, key, row)).collect()
    }
}

impl BoundCheck<'_> {
    /// That a row meets the check; `row` is what it is under the schema.
    pub(crate) fn violation(&self, schema: &Schema, table: TableId, key: &Key, row: &Row) -> Violation {
        let cell = |position: usize| -> Option<(ColumnId, Value)> {
            let column: &Column = schema.columns.get(position)?;
            Some((column.id, row.get(position)?.clone()))
        };
        let cells: RowCells = self.predicate.positions().into_iter().filter_map(cell).collect();
        Violation {
            table,
            rule: Rule::Check { check: self.check.id },
            message: met(self.check, &Key::to_text(schema, row)),
            rows: vec![(key.clone(), cells)],
        }
    }
}

/// That the row with this key meets a check, in words.
#[must_use]
pub fn met(check: &Check, key: &str) -> String {
    let Check { name, message, .. } = check;
    if message.is_empty() {
        format!("Row {key} meets the check “{name}”")
    } else {
        format!("Row {key} meets the check “{name}”: {message}")
    }
}
