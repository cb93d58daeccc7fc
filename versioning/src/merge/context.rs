//! What all parts of a merge share: decisions, what is found, and how much of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Found, Stats,
    conflict::{Conflict, Subject, Violation},
    resolve::{Choice, Resolutions, RowFix},
};
use crate::{Key, TableId};

/// Rows that fixes of violations change, by table.
pub(crate) type Overrides = BTreeMap<TableId, BTreeMap<Key, RowFix>>;

pub(crate) struct Context<'a> {
    pub(crate) resolutions: &'a Resolutions,
    pub(crate) combine: &'a BTreeSet<TableId>,
    pub(crate) unknown: &'a BTreeSet<Subject>,
    pub(crate) overrides: &'a Overrides,
    pub(crate) found: &'a mut dyn FnMut(Found<'_>),
    pub(crate) stats: Stats,
    /// Conflicts that were found, decided ones too.
    pub(crate) conflicts: u64,
}

impl Context<'_> {
    /// What the resolutions make of a conflict; none while it is open.
    pub(crate) fn decide<T>(&mut self, conflict: Conflict, apply: impl FnMut(&Choice) -> Option<T>) -> Option<T> {
        let decided = self.resolutions.decide(&conflict, apply);
        self.conflicts += 1;
        let (choice, made) = decided.unzip();
        if made.is_none() {
            self.stats.open_conflicts += 1;
        } else {
            self.stats.resolved_conflicts += 1;
        }
        (self.found)(Found::Conflict(conflict, choice));
        made
    }

    pub(crate) fn violation(&mut self, violation: Violation) {
        self.stats.open_violations += 1;
        (self.found)(Found::Violation(violation, None));
    }

    /// Whether several merge bases disagree about it.
    pub(crate) fn is_unknown(&self, subject: &Subject) -> bool {
        !self.unknown.is_empty() && self.unknown.contains(subject)
    }

    pub(crate) fn has_unknown_rows(&self, table: TableId) -> bool {
        self.unknown.iter().any(|subject| {
            matches!(subject, Subject::Row { table: it, .. } | Subject::Cell { table: it, .. } if *it == table)
        })
    }
}
