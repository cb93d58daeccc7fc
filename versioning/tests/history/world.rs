//! Histories for tests: random graphs of commits, and the naive definitions that the engine is held to.

use std::collections::BTreeSet;

use proptest::prelude::*;
use versioning::{ChunkSink, Commit, Hash, Object, history::Paging};

use crate::common::Memory;

/// A commit in a random graph: parents as distances back, and how its time differs.
#[derive(Clone, Debug)]
pub struct Shape {
    pub parents: Vec<usize>,
    pub time: i64,
}

/// Up to `count` commits; one in a few is a merge, some of three or four parents, some begin anew.
pub fn shapes(count: usize) -> impl Strategy<Value = Vec<Shape>> {
    let parents = prop_oneof![
        1 => Just(0_usize),
        8 => Just(1),
        4 => Just(2),
        1 => Just(3),
        1 => Just(4),
    ]
    .prop_flat_map(|count| prop::collection::vec(0..8_usize, count));
    let shape = (parents, -3..8_i64).prop_map(|(parents, time)| Shape { parents, time });
    prop::collection::vec(shape, 1..count)
}

/// A graph by the numbers of its commits; parents have smaller numbers.
pub struct Graph {
    pub hashes: Vec<Hash>,
    pub parents: Vec<Vec<usize>>,
    pub times: Vec<i64>,
}

impl Graph {
    pub fn new() -> Self {
        Self { hashes: Vec::new(), parents: Vec::new(), times: Vec::new() }
    }

    /// Adds a commit. Where clocks are honest, it is not earlier than its parents, but maybe at the same time.
    pub fn add(&mut self, memory: &mut Memory, shape: &Shape, honest: bool, root: Hash) -> usize {
        let number = self.hashes.len();
        let mut parents: Vec<usize> = shape.parents.iter().filter_map(|back| number.checked_sub(back + 1)).collect();
        if !shape.parents.is_empty() && parents.is_empty() && number > 0 {
            parents.push(number - 1);
        }
        let mut seen = BTreeSet::new();
        parents.retain(|parent| seen.insert(*parent));
        let latest = parents.iter().map(|parent| self.times[*parent]).max().unwrap_or(0);
        let time = if honest { latest + shape.time.max(0) } else { shape.time };
        let commit = Commit {
            root,
            parents: parents.iter().map(|parent| self.hashes[*parent]).collect(),
            author: "ada".into(),
            time,
            message: number.to_string(),
        };
        self.hashes.push(store(memory, Object::Commit(commit)));
        self.parents.push(parents);
        self.times.push(time);
        number
    }

    pub fn of(memory: &mut Memory, shapes: &[Shape], honest: bool) -> Self {
        let mut graph = Self::new();
        for shape in shapes {
            graph.add(memory, shape, honest, Hash::of(b"no root is read"));
        }
        graph
    }

    pub fn head(&self) -> usize {
        self.hashes.len() - 1
    }

    /// What a commit reaches, by the parents that `follow` gives.
    pub fn reach(&self, from: usize, follow: &dyn Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut stack = vec![from];
        while let Some(commit) = stack.pop() {
            if reached.insert(commit) {
                stack.extend(follow(commit));
            }
        }
        reached
    }

    pub fn ancestors(&self, of: usize) -> BTreeSet<usize> {
        self.reach(of, &|commit| self.parents[commit].clone())
    }

    /// The order of the log by its definition.
    pub fn order(&self, mut left: BTreeSet<usize>, follow: &dyn Fn(usize) -> Vec<usize>) -> Vec<usize> {
        let mut order = Vec::new();
        while !left.is_empty() {
            let has_child: BTreeSet<usize> = left.iter().flat_map(|commit| follow(*commit)).collect();
            let next = left
                .iter()
                .copied()
                .filter(|commit| !has_child.contains(commit))
                .max_by_key(|commit| (self.times[*commit], self.hashes[*commit]))
                .expect("a graph without circles");
            left.remove(&next);
            order.push(next);
        }
        order
    }

    pub fn names(&self, numbers: &[usize]) -> Vec<Hash> {
        numbers.iter().map(|number| self.hashes[*number]).collect()
    }
}

pub fn store(memory: &mut Memory, object: Object) -> Hash {
    let bytes = object.encode();
    let hash = Hash::of(&bytes);
    memory.put(hash, bytes).expect("memory takes all");
    hash
}

/// All at once.
pub const ALL: Paging = Paging { limit: usize::MAX, budget: usize::MAX, clocks: versioning::history::Clocks::Honest };
