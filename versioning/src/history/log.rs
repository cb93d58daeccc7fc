//! The log: which commits led here, all or those that touched a table or a row; and what was in force at a time.

use std::rc::Rc;

use super::{
    CommitNode, Cursor, Page, Paging, Place,
    row::RowFollow,
    table::{CommitTable, TableReader},
    walk::{Follow, Step, page},
};
use crate::{Hash, Key, ObjectSource, ReadError, TableId};

/// Which commits a log lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All.
    All,
    /// Those that touched a table: its name, its schema or its rows.
    Table(TableId),
    /// Those that touched a row: see [`row_history`](super::row_history), which also says how.
    Row(TableId, Key),
}

/// A page of the commits that led to a head, children before parents, the latest first.
///
/// With a filter, each commit is compared with its parents, by hashes, and history is simplified as `git log -- path`
/// does by default: a merge that has the same as one of its parents is not listed and only that parent (the first of
/// such) is followed, since the other sides did not make what is there now; a merge that differs from all is listed and
/// all are followed. A commit without parents is listed if it has the table or row.
///
/// The first page costs what it lists, and looks a little ahead: at the commits not earlier than its last one. It does
/// not walk the whole history unless the clocks are [`Skewed`](super::Clocks::Skewed).
///
/// # Errors
/// A commit, a root, or a node on the way to the row can't be read.
pub fn log(
    source: &dyn ObjectSource,
    start: &Cursor,
    filter: &Filter,
    paging: Paging,
) -> Result<Page<Hash>, ReadError> {
    match filter {
        Filter::All => page(&All(TableReader::new(source, None)), start, paging),
        Filter::Table(table) => page(&Touching(TableReader::new(source, Some(*table))), start, paging),
        Filter::Row(table, key) => {
            let Page { entries, next, walked } = page(&RowFollow::new(source, *table, key), start, paging)?;
            Ok(Page { entries: entries.into_iter().map(|change| change.commit).collect(), next, walked })
        }
    }
}

struct All<'s>(TableReader<'s>);

impl Follow for All<'_> {
    type Entry = Hash;

    fn open(&self, place: &Place) -> Result<Rc<CommitTable>, ReadError> {
        self.0.read(place.commit, None)
    }

    fn step(&self, place: &Place, at: &Rc<CommitTable>) -> Result<Step<Hash>, ReadError> {
        if at.commit.parents.len() > 1 {
            self.0.source.prefetch(&at.commit.parents);
        }
        let next = at.commit.parents.iter().map(|parent| {
            let read = self.0.read(*parent, None)?;
            Ok((Place { commit: *parent, key: None }, read))
        });
        Ok(Step { next: next.collect::<Result<_, _>>()?, entry: Some(place.commit) })
    }
}

struct Touching<'s>(TableReader<'s>);

impl Follow for Touching<'_> {
    type Entry = Hash;

    fn open(&self, place: &Place) -> Result<Rc<CommitTable>, ReadError> {
        self.0.read(place.commit, None)
    }

    fn step(&self, place: &Place, at: &Rc<CommitTable>) -> Result<Step<Hash>, ReadError> {
        let mut next = Vec::with_capacity(at.commit.parents.len());
        for parent in &at.commit.parents {
            let parent = self.0.read(*parent, Some(at))?;
            let follow = (Place { commit: parent.commit.hash, key: None }, Rc::clone(&parent));
            let is_same = match (&at.table, &parent.table) {
                (Some(here), Some(there)) => here.is_same(there),
                (here, there) => here.is_none() && there.is_none(),
            };
            if is_same {
                return Ok(Step { next: vec![follow], entry: None });
            }
            next.push(follow);
        }
        let listed = !next.is_empty() || at.table.is_some();
        Ok(Step { next, entry: listed.then_some(place.commit) })
    }
}

/// What was in force at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// This commit.
    Commit(Hash),
    /// Nothing: the first commit is later.
    Before,
    /// Not found yet: go on from this commit.
    More(Hash),
}

/// The commit in force at a time (microseconds since 1970-01-01T00:00:00Z) on the branch that ends at `head`: the first
/// commit not later than that, going back from the head along *first* parents, which are what the branch itself was;
/// what a merge brought was not in force before the merge. Times are taken as they are: where a clock lied, the commit
/// nearest to the head counts. Looks at `budget` commits at the most, at least one.
///
/// # Errors
/// A commit can't be read.
pub fn at(source: &dyn ObjectSource, head: Hash, time: i64, budget: usize) -> Result<At, ReadError> {
    let mut hash = head;
    for _ in 0..budget.max(1) {
        let commit = CommitNode::read(source, hash)?;
        if commit.time <= time {
            return Ok(At::Commit(hash));
        }
        match commit.parents.first() {
            Some(parent) => hash = *parent,
            None => return Ok(At::Before),
        }
    }
    Ok(At::More(hash))
}
