//! What a merge wrote into the cells whose rules concern it, and what of that breaks a rule (M16).
//!
//! Each side keeps its own rules and checks, so a breach takes a change of both: two rows with one value in a unique column, a link
//! and the deletion of what it leads to, a value and a rule that came from the other side. So it is enough to look at
//! what was written, except where a person or a rule of merge wrote a value that neither side had.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    conflict::{RowCells, Rule, Violation},
    context::Context,
    schema::Plan,
};
use crate::{
    Column, Key, Row, Schema, TableId, Value,
    check::{Checks, ColumnChecker},
    rules,
    schema::Severity,
    tree::walk3::{BASE, OURS, THEIRS},
};

/// Where a merged value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Neither side changed it.
    Base,
    Ours,
    Theirs,
    /// Neither side had it.
    New,
}

impl Origin {
    pub(crate) fn of(state: usize) -> Self {
        match state {
            OURS => Self::Ours,
            THEIRS => Self::Theirs,
            _ => Self::New,
        }
    }

    pub(crate) fn state(self) -> usize {
        match self {
            Self::Ours => OURS,
            Self::Theirs => THEIRS,
            Self::Base | Self::New => BASE,
        }
    }
}

/// The rules of a merged column that a merge can break.
struct Watch<'p> {
    checker: ColumnChecker<'p>,
    /// Whether the side's values need not keep the merged column's rules.
    checks: [bool; 3],
    is_unique: bool,
    /// Whether one of the three states did not have the column unique.
    is_newly_unique: bool,
    link: Option<TableId>,
    is_watched: bool,
    /// The last value that was noted for each row; null when the row is gone.
    written: HashMap<Key, (Value, Origin)>,
}

/// What was written into a table.
pub(crate) struct Changes<'p> {
    pub(crate) table: TableId,
    schema: &'p Schema,
    watches: Vec<Watch<'p>>,
    /// What no row may meet.
    checks: Checks<'p>,
    /// Whether a side does not have all of these checks, so that its rows need not keep them.
    has_new_checks: bool,
    /// Rows that checks can't be asked of yet.
    undecided: HashSet<Key>,
    /// Whether deleted rows are of interest, because links may lead here.
    is_target: bool,
    /// Whether all rows come by, not only changed ones.
    pub(crate) has_all: bool,
    pub(crate) deleted: BTreeSet<Key>,
    /// Rows that neither side deleted.
    pub(crate) deleted_by_fix: BTreeSet<Key>,
    /// Breaches of the row at hand: fixes may still change it.
    breaches: Vec<(Key, usize, Violation)>,
}

impl<'p> Changes<'p> {
    /// `schemas` are those of the three states. `is_target` says that links may lead to the table.
    pub(crate) fn new(
        table: TableId,
        plan: &'p Plan,
        schemas: [Option<&Schema>; 3],
        is_target: bool,
        has_all: bool,
    ) -> Self {
        let schema = &plan.schema;
        let watches = schema.columns.iter().zip(&plan.columns).map(|(column, at)| {
            let is_key = schema.is_key(column.id);
            let in_state = |state: usize| at.at[state].as_ref().and_then(|source| schemas[state]?.column(source.id));
            let differs = |state: usize| in_state(state).is_none_or(|other| !has_rules_of(column, other));
            let lost_unique = |state: usize| in_state(state).is_some_and(|other| !other.unique);
            let checks = [false, differs(OURS), differs(THEIRS)];
            let is_unique = column.unique && schema.primary_key != [column.id];
            Watch {
                checker: ColumnChecker::new(column, is_key),
                checks,
                is_unique,
                is_newly_unique: (0..3).any(lost_unique),
                link: column.target,
                is_watched: is_unique || column.target.is_some() || checks.contains(&true),
                written: HashMap::new(),
            }
        });
        let checks = Checks::new(schema, Severity::Error);
        let keeps = |state: usize| {
            schemas[state].is_some_and(|side| {
                let mut errors = schema.checks.iter().filter(|check| check.severity == Severity::Error);
                errors.all(|check| {
                    let own = side.check_of(check.id);
                    own.is_some_and(|own| own.severity == Severity::Error && own.filter == check.filter)
                })
            })
        };
        let has_new_checks = !(checks.is_empty() || keeps(OURS) && keeps(THEIRS));
        Self {
            table,
            schema,
            watches: watches.collect(),
            checks,
            has_new_checks,
            undecided: HashSet::new(),
            is_target,
            has_all,
            deleted: BTreeSet::new(),
            deleted_by_fix: BTreeSet::new(),
            breaches: Vec::new(),
        }
    }

    /// Whether the rows that one side changed must all come by.
    pub(crate) fn looks_at_all(&self) -> bool {
        self.is_target || self.has_new_checks || self.watches.iter().any(|watch| watch.is_watched)
    }

    /// Whether merged rows are asked for as a whole, because they may meet checks.
    pub(crate) fn has_checks(&self) -> bool {
        !self.checks.is_empty()
    }

    /// Takes a merged row with all that fixes made of it.
    pub(crate) fn row(&mut self, key: &Key, row: &Row) {
        if self.checks.is_empty() || self.undecided.contains(key) {
            return;
        }
        for violation in self.checks.violations(self.table, key, row) {
            self.breaches.push((key.clone(), usize::MAX, violation));
        }
    }

    pub(crate) fn watches(&self, index: usize) -> bool {
        self.watches[index].is_watched
    }

    pub(crate) fn note(&mut self, key: &Key, index: usize, value: &Value, origin: Origin) {
        let watch = &mut self.watches[index];
        if origin == Origin::New || watch.checks[origin.state()] {
            self.breaches.retain(|(other, place, _)| *place != index || other != key);
            if let Err(error) = watch.checker.check(value) {
                let column = &self.schema.columns[index];
                let violation = Violation {
                    table: self.table,
                    rule: Rule::Cell { column: column.id },
                    rows: vec![(key.clone(), RowCells::from([(column.id, value.clone())]))],
                    message: error.to_string(),
                };
                self.breaches.push((key.clone(), index, violation));
            }
        }
        if (watch.is_unique || watch.link.is_some()) && (origin != Origin::Base || self.has_all) {
            watch.written.insert(key.clone(), (value.clone(), origin));
        }
    }

    /// It is not decided what the cell, or without a column the whole row, will be.
    pub(crate) fn undecided(&mut self, key: &Key, index: Option<usize>) {
        if self.has_checks() {
            self.undecided.insert(key.clone());
        }
        for (place, watch) in self.watches.iter_mut().enumerate() {
            if index.is_none_or(|index| index == place) && (watch.is_unique || watch.link.is_some()) {
                watch.written.insert(key.clone(), (Value::Null, Origin::Base));
            }
        }
    }

    /// The row is not in the merged table.
    pub(crate) fn deleted(&mut self, key: &Key) {
        if self.is_target {
            self.deleted.insert(key.clone());
        }
        for watch in self.watches.iter_mut().filter(|watch| watch.is_unique || watch.link.is_some()) {
            watch.written.insert(key.clone(), (Value::Null, Origin::Base));
        }
    }

    /// A row has another key now.
    pub(crate) fn moved(&mut self, from: &Key, to: &Key) {
        for watch in &mut self.watches {
            if let Some(written) = watch.written.remove(from) {
                watch.written.insert(to.clone(), written);
            }
        }
        if self.undecided.remove(from) {
            self.undecided.insert(to.clone());
        }
        for (key, _, violation) in self.breaches.iter_mut().filter(|(key, ..)| key == from) {
            *key = to.clone();
            violation.rows.iter_mut().for_each(|(key, _)| *key = to.clone());
        }
    }

    /// Only conflicts are of interest.
    pub(crate) fn watch_nothing(&mut self) {
        self.watches.iter_mut().for_each(|watch| watch.is_watched = false);
        self.has_new_checks = false;
        self.is_target = false;
    }

    pub(crate) fn deleted_by_fix(&mut self, key: &Key) {
        self.deleted_by_fix.insert(key.clone());
        self.breaches.retain(|(other, ..)| other != key);
    }

    /// Reports the breaches of the rows that are done.
    pub(crate) fn report(&mut self, context: &mut Context<'_>) {
        self.undecided.clear();
        for (.., violation) in self.breaches.drain(..) {
            context.violation(violation);
        }
    }

    /// The links that were written, by column: the target table, and for each row the link's text and whether a side
    /// that knew the target's rows wrote it.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&'p Column, TableId, &HashMap<Key, (Value, Origin)>)> {
        self.watches
            .iter()
            .zip(&self.schema.columns)
            .filter_map(|(watch, column)| watch.link.map(|target| (column, target, &watch.written)))
    }

    /// Whether the side's links into the table had to lead to rows.
    pub(crate) fn checks(&self, column: &Column, origin: Origin) -> bool {
        let index = self.schema.position(column.id);
        origin == Origin::New || index.is_none_or(|index| self.watches[index].checks[origin.state()])
    }

    /// Reports rows that have one value in a unique column. `scan` gives each row of the tree that the merged one was
    /// made from, with its cell in the column.
    pub(crate) fn report_duplicates<E>(
        &self,
        context: &mut Context<'_>,
        mut scan: impl FnMut(usize, &mut dyn FnMut(&Key, &Value)) -> Result<(), E>,
    ) -> Result<(), E> {
        for (index, watch) in self.watches.iter().enumerate().filter(|(_, watch)| watch.is_unique) {
            let mut holders: HashMap<&Value, Vec<Key>> = HashMap::new();
            for (key, (value, _)) in watch.written.iter().filter(|(_, (value, _))| !value.is_null()) {
                holders.entry(value).or_default().push(key.clone());
            }
            let has_news = watch.written.values().any(|(value, origin)| *origin == Origin::New && !value.is_null());
            if !self.has_all && !holders.is_empty() && (watch.is_newly_unique || has_news) {
                scan(index, &mut |key, value| {
                    if !watch.written.contains_key(key)
                        && let Some(keys) = holders.get_mut(value)
                    {
                        keys.push(key.clone());
                    }
                })?;
            }
            let mut duplicates: BTreeMap<Vec<Key>, &Value> = BTreeMap::new();
            for (value, mut keys) in holders.into_iter().filter(|(_, keys)| keys.len() > 1) {
                keys.sort_unstable();
                duplicates.insert(keys, value);
            }
            let column = &self.schema.columns[index];
            for (mut keys, value) in duplicates {
                let count = keys.len() as u64;
                keys.truncate(rules::MAX_ROWS);
                context.violation(rules::duplicates(self.table, column, value, keys, count));
            }
        }
        Ok(())
    }
}

/// Whether all that keeps the rules of a column keeps those of another.
fn has_rules_of(column: &Column, other: &Column) -> bool {
    column.ty == other.ty
        && (column.required == other.required || !column.required)
        && column.minimum == other.minimum
        && column.maximum == other.maximum
        && column.pattern == other.pattern
        && other.options.iter().all(|option| column.options.contains(option))
        && (column.options.is_empty() || !other.options.is_empty())
        && column.target == other.target
}
