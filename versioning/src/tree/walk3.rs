//! Walking three trees side by side: a base and the two sides that grew from it.

use std::cmp::Ordering;

use super::{
    Content, Leaf, Node, Tree, ahead,
    walk::{Next, Walk},
};
use crate::{Hash, Key, ObjectSource, ReadError};

/// The base, the first and the second side, as indexes of what is held for each of the three.
pub(crate) const BASE: usize = 0;
pub(crate) const OURS: usize = 1;
pub(crate) const THEIRS: usize = 2;

/// A row of a leaf.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) node: Node,
    pub(crate) index: usize,
}

impl Place {
    pub(crate) fn leaf(&self) -> &Leaf {
        leaf(&self.node)
    }

    pub(crate) fn key(&self) -> Key {
        Key::from_bytes(self.leaf().key(self.index))
    }
}

/// The leaf that a node is known to be.
pub(crate) fn leaf(node: &Node) -> &Leaf {
    match node.content() {
        Content::Leaf(leaf) => leaf,
        Content::Inner(_) => unreachable!("walks stop at leaves only"),
    }
}

/// What to pass without looking.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passes {
    /// What all three share.
    pub(crate) shared: bool,
    /// What both sides have alike, whatever the base has there.
    pub(crate) alike: bool,
    /// What only this side changed, for each of the three; never for the base.
    pub(crate) only: [bool; 3],
    /// Whether three leaves of the same keys come as a whole.
    pub(crate) leaves: bool,
}

impl Passes {
    /// Whether subtrees of the same place need not be looked at; none where a tree has nothing there.
    fn pass(self, hashes: [Option<Hash>; 3]) -> bool {
        let same = |a: usize, b: usize| hashes[a] == hashes[b];
        let only_changed = |side: usize, other: usize| self.only[side] && same(BASE, other);
        same(OURS, THEIRS) && (self.alike || self.shared && same(BASE, OURS))
            || only_changed(OURS, THEIRS)
            || only_changed(THEIRS, OURS)
    }
}

/// What comes next.
pub(crate) enum Step {
    /// Three leaves of the same keys, not all equal.
    Leaves(Leaves),
    /// A key and the rows with it.
    Row(Key, [Option<Place>; 3]),
}

/// Three leaves of the same keys: the base's, ours and theirs.
pub(crate) struct Leaves {
    pub(crate) nodes: [Node; 3],
    pub(crate) hashes: [Hash; 3],
    /// The last of the keys.
    pub(crate) last: Key,
}

/// Three walks in step.
pub(crate) struct Walk3<'s> {
    source: &'s dyn ObjectSource,
    walks: [Walk<'s>; 3],
    passes: Passes,
}

enum Act {
    Skip([bool; 3]),
    Open([bool; 3]),
    Align([Hash; 3], Key),
    Row([bool; 3]),
}

impl<'s> Walk3<'s> {
    /// A walk over the rows behind `after`.
    pub(crate) fn new(
        source: &'s dyn ObjectSource,
        trees: [Tree; 3],
        after: Option<&Key>,
        passes: Passes,
    ) -> Result<Self, ReadError> {
        let [base, ours, theirs] = trees;
        let walks =
            [Walk::new(source, base, after)?, Walk::new(source, ours, after)?, Walk::new(source, theirs, after)?];
        Ok(Self { source, walks, passes })
    }

    pub(crate) fn step(&mut self) -> Result<Option<Step>, ReadError> {
        loop {
            let Some(act) = self.act() else { return Ok(None) };
            match act {
                Act::Skip(which) => self.each(which, |walk| {
                    walk.skip();
                    Ok(())
                })?,
                Act::Open(which) => self.open(which)?,
                Act::Align(hashes, last) => {
                    self.open([true; 3])?;
                    if let Some(nodes) = self.aligned() {
                        self.walks.iter_mut().for_each(Walk::skip_leaf);
                        return Ok(Some(Step::Leaves(Leaves { nodes, hashes, last })));
                    }
                }
                Act::Row(which) => {
                    let mut places = [None, None, None];
                    for (index, _) in which.iter().enumerate().filter(|(_, is)| **is) {
                        places[index] =
                            self.walks[index].row().map(|(node, index)| Place { node: node.clone(), index });
                        self.walks[index].skip();
                    }
                    let key = places.iter().flatten().next().map(|place| place.leaf().key(place.index));
                    let Some(key) = key.map(Key::from_bytes) else { return Ok(None) };
                    return Ok(Some(Step::Row(key, places)));
                }
            }
        }
    }

    fn open(&mut self, which: [bool; 3]) -> Result<(), ReadError> {
        let passes = self.passes;
        ahead::before_opening(self.source, self.walks.each_mut(), |hashes| !passes.pass(hashes));
        self.each(which, Walk::open)
    }

    fn each(
        &mut self,
        which: [bool; 3],
        mut act: impl FnMut(&mut Walk<'s>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.walks.iter_mut().zip(which).filter(|(_, is)| *is).try_for_each(|(walk, _)| act(walk))
    }

    fn aligned(&self) -> Option<[Node; 3]> {
        let [base, ours, theirs] = self.walks.each_ref().map(|walk| walk.row().map(|(node, _)| node));
        let nodes = [base?, ours?, theirs?];
        let [base, ours, theirs] = nodes.map(leaf);
        (base.same_keys(ours) && base.same_keys(theirs)).then(|| nodes.map(Clone::clone))
    }

    fn act(&self) -> Option<Act> {
        let next = self.walks.each_ref().map(Walk::peek);
        if next.iter().all(Option::is_none) {
            return None;
        }
        // The smallest key at which a walk stands.
        if let Some(key) = next.iter().filter_map(row_of).map(|(leaf, index)| leaf.key(index)).min() {
            let mut open = [false; 3];
            for (index, next) in next.iter().enumerate() {
                open[index] = matches!(next, Some(Next::Subtree { .. })) && !self.walks[index].has_passed(key);
            }
            if open.contains(&true) {
                return Some(Act::Open(open));
            }
            return Some(Act::Row(next.map(|next| row_of(&next).is_some_and(|(leaf, index)| leaf.key(index) == key))));
        }
        Some(self.subtrees(next))
    }

    /// No leaf is open.
    fn subtrees(&self, next: [Option<Next<'_>>; 3]) -> Act {
        let hash = |index: usize| match next[index] {
            Some(Next::Subtree { hash, .. }) => Some(hash),
            _ => None,
        };
        let place = |index: usize| match next[index] {
            Some(Next::Subtree { level, last, .. }) => Some((level, last)),
            _ => None,
        };
        // Unopened roots stand for all rows: they line up whatever their levels.
        let lined_up = place(BASE) == place(OURS) && place(BASE) == place(THEIRS);
        let is_there = |index: usize| next[index].is_some();
        let all = [is_there(BASE), is_there(OURS), is_there(THEIRS)];
        if (lined_up || (!is_there(BASE) && place(OURS) == place(THEIRS)))
            && self.passes.pass([hash(BASE), hash(OURS), hash(THEIRS)])
        {
            return Act::Skip(all);
        }
        let level = |index: usize| match next[index] {
            Some(Next::Subtree { level: None, .. }) => Some(u16::MAX),
            Some(Next::Subtree { level: Some(level), .. }) => Some(u16::from(level)),
            _ => None,
        };
        if self.passes.leaves
            && lined_up
            && let Some((Some(0), Some(last))) = place(BASE)
            && let (Some(base), Some(ours), Some(theirs)) = (hash(BASE), hash(OURS), hash(THEIRS))
        {
            return Act::Align([base, ours, theirs], last.clone());
        }
        let highest = (0..3).filter_map(level).max();
        Act::Open([level(BASE) == highest, level(OURS) == highest, level(THEIRS) == highest])
    }
}

fn row_of<'w>(next: &Option<Next<'w>>) -> Option<(&'w Leaf, usize)> {
    match next {
        Some(Next::Row { leaf, index }) => Some((leaf, *index)),
        _ => None,
    }
}

/// Which of two trees differs from the base in fewer leaves; the first when both do in equally many. Opens no leaf, and
/// no more nodes than twice those above the changes of the smaller side.
pub(crate) fn fewer_changes(source: &dyn ObjectSource, base: Tree, sides: [Tree; 2]) -> Result<usize, ReadError> {
    let mut pairs = Vec::with_capacity(2);
    for side in sides {
        pairs.push([Walk::new(source, base, None)?, Walk::new(source, side, None)?]);
    }
    loop {
        for (index, pair) in pairs.iter_mut().enumerate() {
            if !next_difference(pair)? {
                return Ok(index);
            }
        }
    }
}

/// Passes the next leaf that differs; false when there is none.
fn next_difference([before, after]: &mut [Walk<'_>; 2]) -> Result<bool, ReadError> {
    loop {
        let place = |walk: &Walk<'_>| match walk.peek() {
            Some(Next::Subtree { hash, level, last }) => Some((hash, level, last.cloned())),
            _ => None,
        };
        match (place(before), place(after)) {
            (None, None) => return Ok(false),
            (Some((a, ..)), Some((b, ..))) if a == b => {
                before.skip();
                after.skip();
            }
            // An unopened root has the highest level.
            (Some((_, level, last)), other) => {
                let level = level.unwrap_or(u8::MAX);
                let (other_level, other_last) =
                    other.map_or((0, None), |(_, level, last)| (level.unwrap_or(u8::MAX), last));
                if level.max(other_level) == 0 {
                    let order = other_last.as_ref().map_or(Ordering::Less, |other| last.as_ref().cmp(&Some(other)));
                    if order.is_le() {
                        before.skip();
                    }
                    if order.is_ge() {
                        after.skip();
                    }
                    return Ok(true);
                }
                if level >= other_level {
                    before.open()?;
                }
                if other_level >= level {
                    after.open()?;
                }
            }
            (None, Some((_, Some(0), _))) => {
                after.skip();
                return Ok(true);
            }
            (None, Some(_)) => after.open()?,
        }
    }
}
