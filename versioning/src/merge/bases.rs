//! One base of several (criss-cross histories).

use std::collections::BTreeSet;

use super::{
    Choice, Conflict, Found, MergeError, Options, Resolutions, Scope, ScopeRule, Scratch, Sides, Subject, merge,
};
use crate::Root;

/// A base for a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The state.
    pub root: Root,
    /// What it does not know: see [`Options::unknown`].
    pub unknown: BTreeSet<Subject>,
}

/// Merges several best common ancestors into one base, in the order given, each with `ancestor` as the base: the root of
/// a commit that all of them follow, or an empty one.
///
/// What the bases disagree about, the merged base does not know: there, ours and theirs conflict if they differ, and the
/// conflict has no base. In its place the merged base has what the first of them has; a row that one of them deleted
/// and another changed is there as it was changed. A table whose columns they disagree about, beyond properties, is as
/// the first has it. Their violations are nobody's concern.
///
/// What is new is written to `scratch`, which must be the source of the merge that uses the base.
///
/// # Errors
/// A chunk can't be read.
pub fn combine_bases(scratch: &Scratch<'_>, ancestor: &Root, bases: &[&Root]) -> Result<Base, MergeError> {
    let Some((first, others)) = bases.split_first() else { return Ok(Base::default()) };
    let mut base = Base { root: (*first).clone(), unknown: BTreeSet::new() };
    // Of equally wide rules the last decides that a conflict can follow.
    let rule = |choice: Choice| ScopeRule { scope: Scope::default(), choice };
    let resolutions = Resolutions { rules: vec![rule(Choice::Ours), rule(Choice::Keep)], ..Resolutions::default() };
    for other in others {
        let mut unknown = base.unknown.clone();
        let sides = Sides { base: ancestor, ours: &base.root, theirs: other };
        let options = Options { unknown: BTreeSet::new(), ..Options::default() };
        let mut sink = scratch;
        let mut undecided = BTreeSet::new();
        let merged = merge(scratch, &mut sink, sides, &options, &resolutions, &mut |found| match found {
            Found::Conflict(conflict, choice) => {
                if choice.is_none() {
                    undecided.insert(conflict.table());
                }
                if !matches!(conflict, Conflict::Table { .. } | Conflict::Column { .. }) {
                    unknown.insert(conflict.subject());
                }
            }
            Found::Violation(violation, _) => {
                undecided.insert(violation.table);
            }
        })?;
        if let Some(root) = merged.root {
            base.root = root;
        } else {
            // Tables that can't be merged without someone's decision stay as the first has them.
            let mut sides = [base.root.clone(), (*other).clone(), ancestor.clone()];
            for table in &undecided {
                let entry = base.root.tables.get(table).cloned();
                for side in &mut sides {
                    match &entry {
                        Some(entry) => side.tables.insert(*table, entry.clone()),
                        None => side.tables.remove(table),
                    };
                }
            }
            let [ours, theirs, ancestor] = &sides;
            let sides = Sides { base: ancestor, ours, theirs };
            if let Some(root) = merge(scratch, &mut sink, sides, &options, &resolutions, &mut |_| {})?.root {
                base.root = root;
            }
        }
        base.unknown = unknown;
    }
    Ok(base)
}
