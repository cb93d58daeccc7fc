//! Merging the checks of a table, by stable ids and property by property as columns.
//!
//! Two of one name that both sides added are one check. Where two that are not one would have the same name, the one with
//! the larger id gets a number behind it: a name is only what people call it. What is about a column that goes, goes.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    conflict::{CheckProperty, Conflict, Side, Subject},
    resolve::Choice,
    schema::{Merger, keeps},
};
use crate::{
    CheckId, Column, ColumnId, Schema,
    schema::{Check, MAX_CHECK_MESSAGE, MAX_NAME, Severity, is_name},
    tree::walk3::{BASE, OURS, THEIRS},
};

/// The checks of one state, under the merged ids of checks and columns.
type Checks = BTreeMap<CheckId, Check>;

/// A property in the three states, in the form in which it is kept and in the one in which people see it.
struct Values {
    base: Option<(String, String)>,
    ours: (String, String),
    theirs: (String, String),
}

impl Merger<'_, '_> {
    pub(super) fn checks(&mut self, columns: &BTreeMap<ColumnId, Column>, schemas: [&Schema; 3]) -> Vec<Check> {
        if schemas.iter().all(|schema| schema.checks.is_empty()) {
            return Vec::new();
        }
        let [base, ours, theirs] = self.states(schemas);
        // What a filter that is typed as a decision is read by.
        let merged = Schema { columns: columns.values().cloned().collect(), ..schemas[OURS].clone() };
        let ids: BTreeSet<CheckId> =
            [&base, &ours, &theirs].into_iter().flat_map(|state| state.keys().copied()).collect();
        let mut checks = Vec::new();
        for id in ids {
            let found = match (base.get(&id), ours.get(&id), theirs.get(&id)) {
                (_, None, None) => None,
                (None, Some(check), None) | (None, None, Some(check)) => Some(check.clone()),
                (Some(base), Some(edited), None) => self.dropped_check(Side::Theirs, (base, edited), schemas),
                (Some(base), None, Some(edited)) => self.dropped_check(Side::Ours, (base, edited), schemas),
                (base, Some(ours), Some(theirs)) => Some(self.check((base, ours, theirs), schemas, &merged)),
            };
            checks.extend(found.filter(|check| check.columns().iter().all(|column| columns.contains_key(column))));
        }
        number(&mut checks);
        checks
    }

    /// The checks of the three states. Of two that both sides added under one name, the smaller id is that of both.
    fn states(&self, schemas: [&Schema; 3]) -> [Checks; 3] {
        let [base, ours, theirs] = schemas;
        let is_new = |id: CheckId, other: &Schema| base.check_of(id).is_none() && other.check_of(id).is_none();
        let mut renamed: BTreeMap<CheckId, CheckId> = BTreeMap::new();
        for check in ours.checks.iter().filter(|check| is_new(check.id, theirs)) {
            if let Some(other) = theirs.check_named(&check.name).filter(|other| is_new(other.id, ours)) {
                renamed.insert(check.id.max(other.id), check.id.min(other.id));
            }
        }
        [BASE, OURS, THEIRS].map(|state| {
            let merged = |check: &Check| {
                let id = renamed.get(&check.id).copied().unwrap_or(check.id);
                (id, Check { id, ..check.with_columns(|column| self.merged_id(state, column)) })
            };
            schemas[state].checks.iter().map(merged).collect()
        })
    }

    /// A check that one side dropped. While it is undecided it stays.
    fn dropped_check(
        &mut self,
        dropped_by: Side,
        (base, edited): (&Check, &Check),
        schemas: [&Schema; 3],
    ) -> Option<Check> {
        if base == edited {
            return None;
        }
        let state = if dropped_by == Side::Ours { THEIRS } else { OURS };
        let shown = Some(self.shown(edited, schemas, state));
        let (ours, theirs) = if dropped_by == Side::Ours { (None, shown) } else { (shown, None) };
        let conflict = Conflict::Check {
            table: self.table,
            check: base.id,
            name: edited.name.clone(),
            property: CheckProperty::Whole,
            base: Some(self.shown(base, schemas, BASE)),
            ours,
            theirs,
        };
        let made = self.context.decide(conflict, |choice| keeps(choice, dropped_by));
        self.is_provisional |= made.is_none();
        made.unwrap_or(true).then(|| edited.clone())
    }

    /// The filter as the side's people see it. The ids in it are merged ones.
    fn shown(&self, check: &Check, schemas: [&Schema; 3], state: usize) -> String {
        let columns = schemas[state].columns.iter();
        let columns = columns.map(|column| Column { id: self.merged_id(state, column.id), ..column.clone() }).collect();
        check.shown(&Schema { columns, ..schemas[state].clone() })
    }

    fn check(
        &mut self,
        (base, ours, theirs): (Option<&Check>, &Check, &Check),
        schemas: [&Schema; 3],
        merged: &Schema,
    ) -> Check {
        let mut check = ours.clone();
        let all = |get: &dyn Fn(&Check, usize) -> (String, String)| Values {
            base: base.map(|base| get(base, BASE)),
            ours: get(ours, OURS),
            theirs: get(theirs, THEIRS),
        };
        let plain = |text: &str| (text.to_owned(), text.to_owned());
        let names = all(&|check, _| plain(&check.name));
        let severities = all(&|check, _| plain(check.severity.name()));
        let messages = all(&|check, _| plain(&check.message));
        let filters = all(&|check, state| (check.filter.clone(), self.shown(check, schemas, state)));
        let exact = |text: &str| Some(text.to_owned());
        check.name = self.decide_check(ours, CheckProperty::Name, names, &|text| exact(text).filter(|_| is_name(text)));
        check.filter =
            self.decide_check(ours, CheckProperty::Filter, filters, &|text| Check::stored(text, merged).ok());
        let severity = self.decide_check(ours, CheckProperty::Severity, severities, &|text| {
            text.parse::<Severity>().ok().map(|severity| severity.name().to_owned())
        });
        check.severity = severity.parse().unwrap_or(ours.severity);
        check.message = self.decide_check(ours, CheckProperty::Message, messages, &|text| {
            exact(text).filter(|text| text.chars().count() <= MAX_CHECK_MESSAGE)
        });
        check
    }

    /// The merged value of a property, in the form in which it is kept; `read` makes that of what somebody typed.
    fn decide_check(
        &mut self,
        check: &Check,
        property: CheckProperty,
        Values { base, ours, theirs }: Values,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> String {
        let base = base.filter(|_| !self.context.is_unknown(&Subject::Check { table: self.table, check: check.id }));
        let old = base.as_ref().map(|(kept, _)| kept);
        if ours.0 == theirs.0 || old == Some(&theirs.0) {
            return ours.0;
        }
        if old == Some(&ours.0) {
            return theirs.0;
        }
        let conflict = Conflict::Check {
            table: self.table,
            check: check.id,
            name: check.name.clone(),
            property,
            base: base.as_ref().map(|(_, shown)| shown.clone()),
            ours: Some(ours.1),
            theirs: Some(theirs.1),
        };
        let made = self.context.decide(conflict, |choice| match choice {
            Choice::Ours => Some(ours.0.clone()),
            Choice::Theirs => Some(theirs.0.clone()),
            Choice::Base => old.cloned(),
            Choice::Value(value) => read(&value.to_text()?),
            _ => None,
        });
        made.unwrap_or_else(|| {
            // Until it is decided, what does not depend on which side is which.
            self.is_provisional = true;
            base.map_or_else(|| ours.0.min(theirs.0), |(kept, _)| kept)
        })
    }
}

/// Numbers what would have the name of one before it.
fn number(checks: &mut [Check]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let all: BTreeSet<String> = checks.iter().map(|check| check.name.clone()).collect();
    for check in checks {
        if taken.contains(&check.name) {
            // A name is 1 to 200 characters, and a number takes a few of them.
            let name: String = check.name.chars().take(MAX_NAME - 6).collect();
            let names = (2..).map(|number| format!("{} ({number})", name.trim_end()));
            let free = names.into_iter().find(|name| !taken.contains(name) && !all.contains(name));
            check.name = free.unwrap_or_default();
        }
        taken.insert(check.name.clone());
    }
}
