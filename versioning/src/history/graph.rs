//! Questions to the graph of commits: merge bases, ancestry, how far two commits are apart.
//!
//! All of them paint: each side's colour flows from a commit to its parents, newest first, until nothing that could
//! still change the answer is left in the queue. A commit whose colours grow after it was passed is queued again, so
//! colours arrive wherever they must, whatever the times say. Git does the same in `paint_down_to_common`
//! (<https://github.com/git/git/blob/master/commit-reach.c>).

use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    hash::BuildHasher,
};

use super::{Clocks, CommitNode};
use crate::{Hash, ObjectSource, ReadError};

/// Reached from the first commit.
const OURS: u8 = 1;
/// Reached from the other commits.
const THEIRS: u8 = 2;
const BOTH: u8 = OURS | THEIRS;
/// A proper ancestor of a common ancestor.
const STALE: u8 = 4;

struct Painted {
    commit: CommitNode,
    colours: u8,
    queued: bool,
}

/// A walk that paints.
struct Paint<'s> {
    source: &'s dyn ObjectSource,
    /// Whether a queued commit of these colours keeps the walk going.
    is_live: fn(u8) -> bool,
    /// How many of the queue do.
    live: usize,
    commits: HashMap<Hash, Painted>,
    /// Each queued commit once.
    queue: BinaryHeap<(i64, Hash)>,
}

impl<'s> Paint<'s> {
    fn new(source: &'s dyn ObjectSource, is_live: fn(u8) -> bool) -> Self {
        Self { source, is_live, live: 0, commits: HashMap::new(), queue: BinaryHeap::new() }
    }

    fn paint(&mut self, hash: Hash, colours: u8) -> Result<(), ReadError> {
        let painted = match self.commits.entry(hash) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let commit = CommitNode::read(self.source, hash)?;
                entry.insert(Painted { commit, colours: 0, queued: false })
            }
        };
        let grown = painted.colours | colours;
        if grown == painted.colours {
            return Ok(());
        }
        self.live += usize::from((self.is_live)(grown));
        if painted.queued {
            self.live -= usize::from((self.is_live)(painted.colours));
        } else {
            self.queue.push((painted.commit.time, hash));
        }
        painted.queued = true;
        painted.colours = grown;
        Ok(())
    }

    /// Takes the newest commit off the queue and hands its colours on, with `more` where it has both.
    fn step(&mut self, more: u8) -> Result<Option<(Hash, u8)>, ReadError> {
        let Some((_, hash)) = self.queue.pop() else { return Ok(None) };
        let Some(painted) = self.commits.get_mut(&hash) else { return Ok(None) };
        painted.queued = false;
        let colours = painted.colours;
        self.live -= usize::from((self.is_live)(colours));
        let handed = if colours & BOTH == BOTH { colours | more } else { colours };
        let parents = painted.commit.parents.clone();
        if parents.len() > 1 {
            self.source.prefetch(&parents);
        }
        for parent in parents {
            self.paint(parent, handed)?;
        }
        Ok(Some((hash, colours)))
    }

    fn colours(&self, hash: Hash) -> u8 {
        self.commits.get(&hash).map_or(0, |painted| painted.colours)
    }
}

/// The best common ancestors of two commits, latest first: those that no other common ancestor descends from. None when
/// the histories are unrelated, several after criss-cross merges. The same for `(a, b)` and `(b, a)`.
///
/// Right whatever the times of the commits. A best common ancestor is reached from each side by a path on which no
/// commit is common; such commits are never stale, so the walk can't end before both colours have come through. What
/// may be left besides, when times lie, are common ancestors of others, found before the commit that descends from them
/// made them stale; a second walk for each candidate takes them out, as in git's `remove_redundant`.
///
/// Costs about the commits later than the answer; unrelated histories are walked to their ends.
///
/// # Errors
/// A commit can't be read.
pub fn merge_bases(source: &dyn ObjectSource, a: Hash, b: Hash) -> Result<Vec<Hash>, ReadError> {
    if a == b {
        CommitNode::read(source, a)?;
        return Ok(vec![a]);
    }
    let mut walk = Paint::new(source, |colours| colours & STALE == 0);
    walk.paint(a, OURS)?;
    walk.paint(b, THEIRS)?;
    let mut candidates = Vec::new();
    while walk.live > 0 {
        match walk.step(STALE)? {
            Some((hash, BOTH)) => candidates.push(hash),
            Some(_) => {}
            None => break,
        }
    }
    candidates.retain(|hash| walk.colours(*hash) & STALE == 0);
    let mut bases = Vec::with_capacity(candidates.len());
    for candidate in &candidates {
        let others: Vec<Hash> = candidates.iter().copied().filter(|other| other != candidate).collect();
        if !is_reached(source, *candidate, &others)? {
            bases.extend(walk.commits.get(candidate).map(|painted| (painted.commit.time, *candidate)));
        }
    }
    bases.sort_unstable_by(|a, b| b.cmp(a));
    Ok(bases.into_iter().map(|(_, hash)| hash).collect())
}

/// Whether `commit` can be reached from `descendant` through parents; a commit is its own ancestor.
///
/// Right whatever the times of the commits: on a path from the one to the other no commit but the last is common to
/// both, so the walk can't end before it has followed it.
///
/// # Errors
/// A commit can't be read.
pub fn is_ancestor(source: &dyn ObjectSource, commit: Hash, descendant: Hash) -> Result<bool, ReadError> {
    is_reached(source, commit, &[descendant])
}

fn is_reached(source: &dyn ObjectSource, commit: Hash, from: &[Hash]) -> Result<bool, ReadError> {
    if from.is_empty() {
        return Ok(false);
    }
    let mut walk = Paint::new(source, |colours| colours & STALE == 0);
    walk.paint(commit, OURS)?;
    for tip in from {
        walk.paint(*tip, THEIRS)?;
    }
    while walk.live > 0 && walk.colours(commit) & THEIRS == 0 {
        walk.step(STALE)?;
    }
    Ok(walk.colours(commit) & THEIRS != 0)
}

/// How far two commits are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AheadBehind {
    /// The commits reached from the first only.
    pub ahead: u64,
    /// The commits reached from the second only.
    pub behind: u64,
    /// Whether that is all. If not, the limit was met, and with honest clocks there are at least as many.
    pub complete: bool,
}

/// Counts the commits that only one of `a` and `b` reaches, walking at most `limit` commits.
///
/// With [`Clocks::Honest`] the cost is about the commits counted. If the times lie all the same, commits that both reach
/// may be counted: those that one side reaches by a short way and the other only through commits that claim to be older
/// than everything counted.
///
/// # Errors
/// A commit can't be read.
pub fn ahead_behind(
    source: &dyn ObjectSource,
    a: Hash,
    b: Hash,
    clocks: Clocks,
    limit: usize,
) -> Result<AheadBehind, ReadError> {
    let sides = Sides::walk(source, a, b, clocks, limit)?;
    let count = |colour| sides.of(colour).count() as u64;
    Ok(AheadBehind { ahead: count(OURS), behind: count(THEIRS), complete: sides.complete })
}

/// Commits that one commit reaches and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    /// In the order of the log.
    pub commits: Vec<Hash>,
    /// Whether that is all. If not, the limit was met, and with honest clocks these are the latest ones.
    pub complete: bool,
}

/// The commits that `head` reaches and `base` does not: what a merge of `head` into `base` brings. Walks at most `limit`
/// commits; for wrong clocks see [`ahead_behind`].
///
/// # Errors
/// A commit can't be read.
pub fn commits_between(
    source: &dyn ObjectSource,
    base: Hash,
    head: Hash,
    clocks: Clocks,
    limit: usize,
) -> Result<Between, ReadError> {
    let sides = Sides::walk(source, head, base, clocks, limit)?;
    let commits: HashMap<Hash, &CommitNode> = sides.of(OURS).map(|commit| (commit.hash, commit)).collect();
    Ok(Between { commits: in_order(&commits), complete: sides.complete })
}

/// Children before parents, the latest first among those whose children are out.
fn in_order(commits: &HashMap<Hash, &CommitNode, impl BuildHasher>) -> Vec<Hash> {
    let mut children: HashMap<Hash, usize> = HashMap::new();
    for parent in commits.values().flat_map(|commit| &commit.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let mut ready: BinaryHeap<(i64, Hash)> = commits
        .values()
        .filter(|commit| !children.contains_key(&commit.hash))
        .map(|commit| (commit.time, commit.hash))
        .collect();
    let mut order = Vec::with_capacity(commits.len());
    while let Some((_, hash)) = ready.pop() {
        order.push(hash);
        for parent in commits.get(&hash).into_iter().flat_map(|commit| &commit.parents) {
            let Some(left) = children.get_mut(parent) else { continue };
            *left -= 1;
            if let (0, Some(parent)) = (*left, commits.get(parent)) {
                ready.push((parent.time, parent.hash));
            }
        }
    }
    order
}

/// Two commits' histories, painted until what only one of them reaches is known.
struct Sides<'s> {
    walk: Paint<'s>,
    complete: bool,
    /// Commits in the queue that may still turn out to be common, with all that is not later.
    undecided: Option<i64>,
    queued: HashSet<Hash>,
}

impl<'s> Sides<'s> {
    fn walk(source: &'s dyn ObjectSource, a: Hash, b: Hash, clocks: Clocks, limit: usize) -> Result<Self, ReadError> {
        let mut walk = Paint::new(source, |colours| colours != BOTH);
        walk.paint(a, OURS)?;
        walk.paint(b, THEIRS)?;
        // The time of the oldest commit found on one side: with honest clocks nothing older descends from it.
        let mut oldest = i64::MAX;
        let mut walked = 0;
        let complete = loop {
            let Some((next, _)) = walk.queue.peek().copied() else { break true };
            if clocks == Clocks::Honest && walk.live == 0 && next < oldest {
                break true;
            }
            if walked >= limit {
                break false;
            }
            walked += 1;
            match walk.step(0)? {
                Some((_, colours)) if colours != BOTH => oldest = oldest.min(next),
                _ => {}
            }
        };
        let undecided = walk.queue.peek().filter(|_| !complete).map(|(time, _)| *time);
        let queued = walk.queue.iter().map(|(_, hash)| *hash).collect();
        Ok(Self { walk, complete, undecided, queued })
    }

    /// The commits of one side only.
    fn of(&self, colour: u8) -> impl Iterator<Item = &CommitNode> {
        self.walk
            .commits
            .values()
            .filter(move |painted| painted.colours == colour)
            .map(|painted| &painted.commit)
            .filter(|commit| !self.queued.contains(&commit.hash))
            .filter(|commit| self.undecided.is_none_or(|time| commit.time > time))
    }
}
