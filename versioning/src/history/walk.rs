//! Walking a history page by page: children before parents, the latest first.
//!
//! Among the commits that are left, the next is the latest of those that no other one left descends from. What is next
//! thus depends on what is left and on nothing else, and what is left is what the [`Cursor`] reaches: a page can be
//! asked for without those before it.
//!
//! Whether a commit left descends from another is known once all commits that are not earlier have been looked at, with
//! honest clocks. Git orders incrementally in the same way since it has generation numbers
//! (<https://github.com/git/git/blob/master/revision.c>, `expand_topo_walk`).

use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    fmt,
    rc::Rc,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Clocks, table::CommitTable};
use crate::{Hash, Key, ReadError};

/// A commit, and the key under which the row that is followed stood there if it was another one than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The commit.
    pub commit: Hash,
    /// The row's key there; none: the key that was asked for.
    pub key: Option<Key>,
}

/// Where a page begins: the commits that are left and have no descendant left. As text it can stand in an address.
///
/// It stays good whatever happens to branches, because it names commits. It also *opens* them: who takes a cursor from
/// outside checks its [`commits`](Self::commits) as any commit named in an address (datasets share chunks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Vec<Place>);

impl Cursor {
    /// The beginning of the history of a commit.
    #[must_use]
    pub fn new(head: Hash) -> Self {
        Self(vec![Place { commit: head, key: None }])
    }

    /// The commits from which a page would go on.
    pub fn commits(&self) -> impl Iterator<Item = Hash> {
        self.0.iter().map(|place| place.commit)
    }
}

impl From<Hash> for Cursor {
    fn from(head: Hash) -> Self {
        Self::new(head)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{}", place.commit)?;
            if let Some(key) = &place.key {
                write!(f, "~{key:?}")?;
            }
        }
        Ok(())
    }
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is made of commits' hashes, as the page before gave it")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let place = |part: &str| {
            let (commit, key) = part.split_once('~').map_or((part, None), |(commit, key)| (commit, Some(key)));
            let commit = commit.parse().map_err(|_| ParseCursorError)?;
            let key = key.map(|key| from_hex(key).ok_or(ParseCursorError)).transpose()?;
            Ok(Place { commit, key: key.map(Key::from_bytes) })
        };
        text.split('.').map(place).collect::<Result<_, _>>().map(Self)
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How much of a history is asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The most entries of the page.
    pub limit: usize,
    /// The most commits to pass, at least one; what a page costs where few commits have what is looked for.
    pub budget: usize,
    /// How far times are to be trusted. Where [`Clocks::Honest`] is wrong, a commit may stand before one of its
    /// descendants, and again on a later page; none is ever missing.
    pub clocks: Clocks,
}

/// Some entries of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Children before parents, the latest first.
    pub entries: Vec<T>,
    /// Where the next page begins; none at the end of the history. A page may be short, or empty, and not be the last:
    /// then the budget was used up.
    pub next: Option<Cursor>,
    /// The commits that were passed.
    pub walked: usize,
}

/// What is followed through a history.
pub(super) trait Follow {
    /// What a commit is listed with.
    type Entry;

    /// Reads what is needed at a place where a page begins.
    fn open(&self, place: &Place) -> Result<Rc<CommitTable>, ReadError>;

    /// Where to go on from a place, and its entry if it has one.
    fn step(&self, place: &Place, at: &Rc<CommitTable>) -> Result<Step<Self::Entry>, ReadError>;
}

/// What follows a place.
pub(super) struct Step<T> {
    pub(super) next: Vec<(Place, Rc<CommitTable>)>,
    pub(super) entry: Option<T>,
}

/// A place that was seen and has not been passed.
struct Seen<T> {
    at: Rc<CommitTable>,
    /// Children that were looked at and have not been passed.
    children: usize,
    /// The places that follow and the entry, once it was looked at.
    step: Option<(Vec<Place>, Option<T>)>,
}

struct Walk<'f, F: Follow> {
    follow: &'f F,
    clocks: Clocks,
    seen: HashMap<Place, Seen<F::Entry>>,
    passed: HashSet<Place>,
    /// Seen and not looked at.
    unseen: BinaryHeap<(i64, Place)>,
    /// Seen, without children left, as far as is known.
    ready: BinaryHeap<(i64, Place)>,
}

impl<F: Follow> Walk<'_, F> {
    fn see(&mut self, place: &Place, at: Rc<CommitTable>) -> &mut Seen<F::Entry> {
        self.seen.entry(place.clone()).or_insert_with(|| {
            self.unseen.push((at.commit.time, place.clone()));
            Seen { at, children: 0, step: None }
        })
    }

    fn look_at(&mut self, place: &Place) -> Result<(), ReadError> {
        let Some(seen) = self.seen.get(place) else { return Ok(()) };
        let step = self.follow.step(place, &seen.at)?;
        let mut next = Vec::with_capacity(step.next.len());
        for (parent, at) in step.next {
            // Only where times lie can a parent have been passed.
            if !self.passed.contains(&parent) {
                self.see(&parent, at).children += 1;
                next.push(parent);
            }
        }
        if let Some(seen) = self.seen.get_mut(place) {
            seen.step = Some((next, step.entry));
        }
        Ok(())
    }

    /// Passes the next place.
    fn pass(&mut self) -> Result<Option<Option<F::Entry>>, ReadError> {
        loop {
            let Some((time, place)) = self.ready.peek().cloned() else { return Ok(None) };
            if self.seen.get(&place).is_none_or(|seen| seen.children > 0) {
                self.ready.pop();
                continue;
            }
            // A descendant of the place would be among these, and the place itself is.
            let mut looked = false;
            while let Some((_, other)) =
                self.unseen.pop_if_peek(|(other, _)| self.clocks == Clocks::Skewed || *other >= time)
            {
                self.look_at(&other)?;
                looked = true;
            }
            if looked {
                continue;
            }
            self.ready.pop();
            let Some((next, entry)) = self.seen.remove(&place).and_then(|seen| seen.step) else { continue };
            self.passed.insert(place);
            for parent in next {
                let Some(seen) = self.seen.get_mut(&parent) else { continue };
                seen.children -= 1;
                if seen.children == 0 {
                    self.ready.push((seen.at.commit.time, parent));
                }
            }
            return Ok(Some(entry));
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        let mut left: Vec<Place> =
            self.seen.iter().filter(|(_, seen)| seen.children == 0).map(|(place, _)| place.clone()).collect();
        left.sort_unstable();
        (!left.is_empty()).then_some(Cursor(left))
    }
}

trait PopIfPeek<T> {
    fn pop_if_peek(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T>;
}

impl<T: Ord> PopIfPeek<T> for BinaryHeap<T> {
    fn pop_if_peek(&mut self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        if self.peek().is_some_and(wanted) { self.pop() } else { None }
    }
}

/// One page of what is followed.
pub(super) fn page<F: Follow>(follow: &F, start: &Cursor, paging: Paging) -> Result<Page<F::Entry>, ReadError> {
    let mut walk = Walk {
        follow,
        clocks: paging.clocks,
        seen: HashMap::new(),
        passed: HashSet::new(),
        unseen: BinaryHeap::new(),
        ready: BinaryHeap::new(),
    };
    for place in &start.0 {
        let at = follow.open(place)?;
        walk.ready.push((at.commit.time, place.clone()));
        walk.see(place, at);
    }
    let mut entries = Vec::new();
    let mut walked = 0;
    while entries.len() < paging.limit && walked < paging.budget.max(1) {
        let Some(entry) = walk.pass()? else { break };
        walked += 1;
        entries.extend(entry);
    }
    Ok(Page { entries, next: walk.cursor(), walked })
}
