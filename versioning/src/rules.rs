//! The rules that a change is held to as a whole (rule M16): those that take other rows to see (values of unique columns,
//! and links that lead to rows), and the checks of tables, which no row may come to meet.
//!
//! [`breaches`] tells which of them a change from one state of a dataset to the next breaks. What the state before broke
//! already is not told again, so that old data does not stand in the way of new work. The rules that one row can be
//! checked against by itself are in [`crate::check`].
//!
//! The cost follows the change:
//!
//! | what changed | what is read |
//! | --- | --- |
//! | nothing but names of tables | nothing |
//! | tables without checks, unique columns and links that none link to | the schemas |
//! | rows of a table with checks | the changes |
//! | cells of link columns | the changes, and for each link the leaf it leads to |
//! | cells of unique columns | the changes, then that column of all rows, once |
//! | rows of a table that others link to are gone | the changes, then these link columns of all rows, once |
//! | a column became a link, or a link to another table; a table that others link to got another primary key | that column of all rows, and the rows it leads to |
//!
//! That a column became unique or got another type, and that a check came or looks for something else, is checked by [`crate::evolve`] and not again here. A row is changed
//! where its key is new or the cell is another; a primary key of other columns alone changes no row.
//!
//! Start with [`breaches`]; then `table` for what changed in a table, `checks`, `unique` and `links` for the rules.
//! [`warnings`] tells what is told and not refused.

mod checks;
mod links;
mod table;
mod unique;

use self::{checks::Checks, links::Links, table::Table};
use crate::{
    Column, Key, ObjectSource, ReadError, Root, TableId, Value,
    merge::{RowCells, Rule, Violation},
    schema::Severity,
};

/// The most rows that one violation lists: rows of one value in a unique column.
pub const MAX_ROWS: usize = 100;

/// The rules that a change breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaches {
    /// In the order of tables, checks before unique columns before links, then by row or column. Duplicates come in the order of their second
    /// rows, links in the order of their rows. Where there are more than the limit, duplicates of all tables come first.
    pub listed: Vec<Violation>,
    /// How many there are: one for each row that meets a check and for each check, one for each value that several rows have in a unique column, one for each link that leads
    /// nowhere, and one for each column whose target table went.
    pub count: u64,
}

/// What a change from one state of a dataset to the next breaks in rules that take other rows to see and in checks;
/// `limit` of it are listed, and all are counted.
///
/// A row that meets a check is told when it is new or did not meet it before: who corrects another cell of a bad row is
/// not made to correct all of it.
/// Values that several rows have in a unique column are told when one of these rows is new or got the value in this
/// change; links that lead to no row when they were written in this change or led to a row before it. Null is never a
/// duplicate and leads nowhere. A violation has the cell in question of each row: for duplicates of the first
/// [`MAX_ROWS`] rows, while the message has their number.
///
/// Memory grows with the change: some 50 bytes for each value written to a unique column, and the keys of rows that are
/// gone from a table that others link to.
///
/// # Errors
/// A chunk can't be read.
pub fn breaches(source: &dyn ObjectSource, before: &Root, after: &Root, limit: usize) -> Result<Breaches, ReadError> {
    let mut report = Report { breaches: Breaches::default(), limit };
    let tables = Table::of_roots(source, before, after)?;
    let mut links = Links::new(source, before, &tables);
    for table in &tables {
        let mut unique = unique::Unique::new(table);
        let checks = Checks::new(table, Severity::Error);
        if table.is_changed() && (unique.is_needed() || checks.is_needed() || links.concern(table)) {
            table.each_change(source, |before, after| {
                unique.note(before, after);
                checks.note(before, after, &mut report);
                links.note(table.id, before, after)
            })?;
        }
        unique.report(source, &mut report)?;
    }
    links.report(&mut report)?;
    // Links come last, because they need to know what is gone from all tables.
    report.breaches.listed.sort_by_key(|violation| violation.table);
    Ok(report.breaches)
}

/// The rows that a change brings to meet checks that [warn](Severity::Warning): those that are new or did not meet them
/// before. `limit` are listed, all are counted. The cost follows the change; nothing is read of tables without such checks
/// but their schemas.
///
/// # Errors
/// A chunk can't be read.
pub fn warnings(source: &dyn ObjectSource, before: &Root, after: &Root, limit: usize) -> Result<Breaches, ReadError> {
    let mut report = Report { breaches: Breaches::default(), limit };
    for table in &Table::of_roots(source, before, after)? {
        let checks = Checks::new(table, Severity::Warning);
        if table.is_changed() && checks.is_needed() {
            table.each_change(source, |before, after| {
                checks.note(before, after, &mut report);
                Ok(())
            })?;
        }
    }
    Ok(report.breaches)
}

/// Counts all, lists the first.
struct Report {
    breaches: Breaches,
    limit: usize,
}

impl Report {
    fn has_space(&self) -> bool {
        self.breaches.listed.len() < self.limit
    }

    fn add(&mut self, violation: impl FnOnce() -> Violation) {
        self.breaches.count += 1;
        if self.has_space() {
            self.breaches.listed.push(violation());
        }
    }
}

/// `count` rows have one value in a unique column; `keys` are those of the rows to list, in order.
pub(crate) fn duplicates(table: TableId, column: &Column, value: &Value, keys: Vec<Key>, count: u64) -> Violation {
    let cells = || RowCells::from([(column.id, value.clone())]);
    Violation {
        table,
        rule: Rule::Unique { column: column.id },
        message: format!("{count} rows have “{value}” in the unique column “{}”", column.name),
        rows: keys.into_iter().map(|key| (key, cells())).collect(),
    }
}

/// The link of a row leads to no row.
pub(crate) fn dangling(table: TableId, column: &Column, target: TableId, key: Key, value: Value) -> Violation {
    Violation {
        table,
        rule: Rule::Link { column: column.id, target },
        message: format!("“{}” links to the row “{value}”, which is not there", column.name),
        rows: vec![(key, RowCells::from([(column.id, value)]))],
    }
}

/// The table that links of a column lead to is not there any more.
pub(crate) fn lost_target(table: TableId, column: &Column, target: TableId) -> Violation {
    Violation {
        table,
        rule: Rule::Link { column: column.id, target },
        rows: Vec::new(),
        message: format!("“{}” links to a table that is gone", column.name),
    }
}
