//! History: the graph of commits, the log, what a row was at each commit, who changed its cells, and what is still
//! reachable (rules H1 to H3, and what merging asks of the graph).
//!
//! Everything here reads commits, roots and trees through [`ObjectSource`] and stops where hashes are equal. Start with
//! [`merge_bases`] for the graph, [`log`](log()) for how pages of commits are walked, [`row_history`] and [`Blame`] for
//! rows, [`Reachable`] for reclaiming space.
//!
//! # Clocks
//!
//! A commit's time is what its writer says, and clocks go wrong. Generation numbers (git's commit-graph has them) are
//! not stored, so nothing but the times tells how deep a commit lies without walking there. Two kinds of questions
//! follow:
//!
//! - [`merge_bases`], [`is_ancestor`] and [`Blame`] are right whatever the times say: times only decide what is looked at
//!   first.
//! - [`log`](log()), [`row_history`], [`ahead_behind`] and [`commits_between`] ask for things that can't be known for
//!   certain without either times or a walk to the very first commit. They take [`Clocks`].
//!
//! Writers should take [`time_after`] for a commit's time. Then every commit is later than its parents, and
//! [`Clocks::Honest`] is exact. This is what git calls a corrected commit date
//! (<https://git-scm.com/docs/commit-graph>, “generation number v2”).

mod blame;
mod graph;
mod log;
mod reach;
mod row;
mod table;
mod walk;

use serde::{Deserialize, Serialize};

pub use self::{
    blame::{Blame, BlameError, BlamedRow, MAX_BLAMED_ROWS, blame, blame_page},
    graph::{AheadBehind, Between, ahead_behind, commits_between, is_ancestor, merge_bases},
    log::{At, Filter, at, log},
    reach::{Reachable, Unfinished},
    row::{RowChange, RowVersion, row_history},
    walk::{Cursor, Page, Paging, ParseCursorError, Place},
};
use crate::{Hash, Object, ObjectSource, ReadError};

/// How far the times of commits are to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Clocks {
    /// No commit is earlier than its parents. A walk stops as soon as everything left is too old to matter. Where the
    /// times lie all the same, each function says what it then gets wrong; none fails or runs on.
    #[default]
    Honest,
    /// Times mean nothing but an order to prefer. Always exact; each call walks to the first commits.
    Skewed,
}

/// The time for a commit on these parents: now, or just after the latest of them when the clock is behind.
///
/// `now` and the result are microseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// A parent can't be read.
pub fn time_after(source: &dyn ObjectSource, parents: &[Hash], now: i64) -> Result<i64, ReadError> {
    parents.iter().try_fold(now, |time, parent| {
        let parent = CommitNode::read(source, *parent)?;
        Ok(time.max(parent.time.saturating_add(1)))
    })
}

/// What walks need of a commit.
#[derive(Clone, Debug)]
struct CommitNode {
    hash: Hash,
    root: Hash,
    /// Without repetitions.
    parents: Vec<Hash>,
    time: i64,
}

impl CommitNode {
    fn read(source: &dyn ObjectSource, hash: Hash) -> Result<Self, ReadError> {
        let object = source.object(hash)?;
        let Object::Commit(commit) = &*object else { return Err(ReadError::Kind { hash, expected: "commit" }) };
        let mut parents: Vec<Hash> = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            if !parents.contains(parent) {
                parents.push(*parent);
            }
        }
        Ok(Self { hash, root: commit.root, parents, time: commit.time })
    }
}
