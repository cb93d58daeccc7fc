//! Three-way merge of datasets' states (rules M1 to M18).
//!
//! [`merge`] takes a base and the two states that grew from it, and the decisions that people made so far
//! ([`Resolutions`]). It gives the merged state when nothing is left to decide. What is left it gives as values:
//! [conflicts](Conflict), two changes that can't both be had, and [violations](Violation), rules that the merged state
//! breaks. Both have ids that stay the same as long as what they speak of does (M17). Nothing is stored here.
//!
//! Merging is symmetric: with ours and theirs swapped, the same state or the same conflicts with the roles swapped.
//! Equal subtrees are never opened, and leaves whose keys stay are merged column by column, so that the cost follows
//! the changes of the side that changed less.
//!
//! Start with [`merge`]; then `schema` for columns, `rows` for rows, `changes` for what is checked afterwards.

mod bases;
mod cell;
mod changes;
mod checks;
mod conflict;
mod context;
mod order;
mod rekey;
mod resolve;
mod restore;
mod rows;
mod schema;
mod scratch;
mod table;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::context::{Context, Overrides};
pub use self::{
    bases::{Base, combine_bases},
    conflict::{
        CheckProperty, Conflict, ConflictKind, Property, RowCells, Rule, Side, Subject, TableProperty, Violation,
    },
    resolve::{Choice, Fix, Resolutions, RowFix, Scope, ScopeRule},
    restore::{RestoreError, cherry_pick, restore_row, restore_table, restored_row, revert},
    scratch::Scratch,
};
use crate::{ChunkSink, Hash, Key, ObjectSource, ReadError, Root, TableId, WriteError, tree::EditError};

/// What is merged.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The state that both grew from.
    pub base: &'a Root,
    /// The state that is merged into.
    pub ours: &'a Root,
    /// The state that is merged.
    pub theirs: &'a Root,
}

/// How to merge.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The tables in which null gives way to a value where both sides insert one row (M6).
    pub combine: BTreeSet<TableId>,
    /// What the base does not know, because several merge bases disagree; see [`combine_bases`]. Such a thing conflicts
    /// where ours and theirs differ, and the conflict has no base.
    pub unknown: BTreeSet<Subject>,
    /// Whether the statistics count the rows that only one side changed, on both sides. It costs reading the leaves that
    /// only the one side changed, which need not be read otherwise.
    pub count_all: bool,
}

/// Something that a merge found.
#[derive(Debug)]
pub enum Found<'f> {
    /// A conflict, with what was decided; none while it is open.
    Conflict(Conflict, Option<&'f Choice>),
    /// A violation, with the fix that resolved it; none while it is open.
    Violation(Violation, Option<&'f Fix>),
}

/// How much was merged and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Rows that only our side changed, as far as they were looked at; see [`Options::count_all`].
    pub ours_rows: u64,
    /// Rows that only their side changed, as far as they were looked at.
    pub theirs_rows: u64,
    /// Rows that both changed.
    pub merged_rows: u64,
    /// Conflicts without a decision.
    pub open_conflicts: u64,
    /// Conflicts with one.
    pub resolved_conflicts: u64,
    /// Violations without a fix.
    pub open_violations: u64,
}

impl Stats {
    fn count(&mut self, side: usize) {
        match side {
            crate::tree::walk3::OURS => self.ours_rows += 1,
            _ => self.theirs_rows += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.ours_rows += other.ours_rows;
        self.theirs_rows += other.theirs_rows;
        self.merged_rows += other.merged_rows;
        self.open_conflicts += other.open_conflicts;
        self.resolved_conflicts += other.resolved_conflicts;
        self.open_violations += other.open_violations;
    }

    /// Whether something is left to decide.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open_conflicts > 0 || self.open_violations > 0
    }
}

/// What a merge comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The merged state; none while something is open (M18).
    pub root: Option<Root>,
    /// Of all tables that were looked into: those that both sides changed.
    pub stats: Stats,
    /// By table.
    pub tables: BTreeMap<TableId, Stats>,
}

/// A merge could not be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MergeError {
    /// A chunk can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A chunk can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A merged tree can't be made.
    #[error("table {table} could not be merged")]
    Edit {
        /// The table.
        table: TableId,
        /// Why not.
        source: EditError,
    },
}

/// Merges two states. Each conflict and violation goes to `found` as it is found, decided ones too: first what concerns
/// tables and their columns, then table by table in the order of ids, row by row in the order of keys; violations that
/// concern several rows or tables come last. Where columns of a table are in question without which its rows can't be
/// told from each other or compared (types, names, primary key), its rows come once these are decided. New chunks go to `sink`; while something is open, what is written
/// is of no use, and a sink that forgets ([`Nowhere`]) will do.
///
/// Memory grows with what is in question (values written to unique and link columns, deleted rows that links may lead
/// to), not with the changes as such. It grows with the table where both sides changed its primary key alike.
///
/// # Errors
/// A chunk can't be read or written.
pub fn merge(
    source: &dyn ObjectSource,
    sink: &mut dyn ChunkSink,
    sides: Sides<'_>,
    options: &Options,
    resolutions: &Resolutions,
    found: &mut dyn FnMut(Found<'_>),
) -> Result<Merged, MergeError> {
    let (overrides, fixed) = fixes(source, sides, options, resolutions)?;
    let mut context = Context {
        resolutions,
        combine: &options.combine,
        unknown: &options.unknown,
        overrides: &overrides,
        found,
        stats: Stats::default(),
        conflicts: 0,
    };
    let mut merged = table::Run::new(source, sides, options).merge_all(sink, &mut context)?;
    let Context { found, .. } = context;
    for (violation, fix) in fixed {
        found(Found::Violation(violation, Some(fix)));
    }
    merged.root = merged.root.filter(|_| !merged.stats.is_open());
    Ok(merged)
}

/// A violation that is fixed, and how.
type Fixed<'r> = (Violation, &'r Fix);

/// The rows that fixes change: of violations that are there, and of those that come up when these are fixed.
fn fixes<'r>(
    source: &dyn ObjectSource,
    sides: Sides<'_>,
    options: &Options,
    resolutions: &'r Resolutions,
) -> Result<(Overrides, Vec<Fixed<'r>>), MergeError> {
    let mut overrides = Overrides::new();
    let mut fixed: Vec<Fixed<'r>> = Vec::new();
    let mut seen: BTreeSet<Hash> = BTreeSet::new();
    while seen.len() < resolutions.violations.len() {
        let mut new: Vec<Fixed<'r>> = Vec::new();
        let mut context = Context {
            resolutions,
            combine: &options.combine,
            unknown: &options.unknown,
            overrides: &overrides,
            found: &mut |found| {
                if let Found::Violation(violation, _) = found {
                    let id = violation.id();
                    if let Some(fix) = resolutions.violations.get(&id)
                        && seen.insert(id)
                    {
                        new.push((violation, fix));
                    }
                }
            },
            stats: Stats::default(),
            conflicts: 0,
        };
        table::Run::new(source, sides, options).merge_all(&mut Nowhere, &mut context)?;
        if new.is_empty() {
            break;
        }
        for (_, fix) in &new {
            for (table, key, row) in &fix.rows {
                let rows = overrides.entry(*table).or_default();
                match (rows.get_mut(key), row) {
                    (Some(RowFix::Set(cells)), RowFix::Set(more)) => cells.extend(more.clone()),
                    _ => {
                        rows.insert(key.clone(), row.clone());
                    }
                }
            }
        }
        fixed.extend(new);
    }
    Ok((overrides, fixed))
}

/// Where a page of conflicts ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The table.
    pub table: TableId,
    /// The last row that was looked at; none when the table's rows are yet to come.
    pub key: Option<Key>,
}

/// Some of a merge's conflicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of [`merge`], with what was decided.
    pub conflicts: Vec<(Conflict, Option<Choice>)>,
    /// Where to go on; none when there are no more.
    pub next: Option<Cursor>,
}

/// A page of a merge's conflicts, decided ones too, from a cursor on: at least `limit` if there are as many, and more
/// by what is left of the row or columns at the end. Costs what lies between the cursor and the page's end.
///
/// # Errors
/// A chunk can't be read.
pub fn conflicts(
    source: &dyn ObjectSource,
    sides: Sides<'_>,
    options: &Options,
    resolutions: &Resolutions,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, MergeError> {
    let mut page = Page::default();
    let overrides = Overrides::new();
    let mut context = Context {
        resolutions,
        combine: &options.combine,
        unknown: &options.unknown,
        overrides: &overrides,
        found: &mut |found| {
            if let Found::Conflict(conflict, choice) = found {
                page.conflicts.push((conflict, choice.cloned()));
            }
        },
        stats: Stats::default(),
        conflicts: 0,
    };
    let next = table::Run::new(source, sides, options).list(&mut context, after, limit)?;
    page.next = next;
    Ok(page)
}

/// A sink that forgets: for merges of which only conflicts and violations are of interest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl ChunkSink for Nowhere {
    fn put(&mut self, _: Hash, _: Vec<u8>) -> Result<(), WriteError> {
        Ok(())
    }
}
