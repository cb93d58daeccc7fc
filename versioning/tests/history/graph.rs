//! Merge bases, ancestry, distances, the log, and the commit at a time.

use std::collections::BTreeSet;

use proptest::prelude::*;
use versioning::{
    Hash,
    history::{
        At, Clocks, Cursor, Filter, Paging, ahead_behind, at, commits_between, is_ancestor, log, merge_bases,
        time_after,
    },
};

use crate::{
    common::Memory,
    world::{ALL, Graph, Shape, shapes},
};

fn graph(commits: &[(&[usize], i64)]) -> (Memory, Graph) {
    let mut memory = Memory::default();
    let mut graph = Graph::new();
    for (number, (parents, time)) in commits.iter().enumerate() {
        let shape = Shape { parents: parents.iter().map(|parent| number - parent - 1).collect(), time: *time };
        graph.add(&mut memory, &shape, false, Hash::of(b""));
    }
    (memory, graph)
}

fn check_bases(commits: &[(&[usize], i64)], a: usize, b: usize, expected: &[usize]) {
    let (memory, graph) = graph(commits);
    let bases = merge_bases(&memory, graph.hashes[a], graph.hashes[b]).expect("all is there");
    assert_eq!(bases, graph.names(expected));
    let swapped = merge_bases(&memory, graph.hashes[b], graph.hashes[a]).expect("all is there");
    assert_eq!(swapped, bases);
}

#[test]
fn merge_bases_of_known_shapes() {
    // A fork.
    check_bases(&[(&[], 0), (&[0], 1), (&[0], 2)], 1, 2, &[0]);
    // One is the ancestor of the other; both are the same.
    check_bases(&[(&[], 0), (&[0], 1), (&[1], 2)], 0, 2, &[0]);
    check_bases(&[(&[], 0)], 0, 0, &[0]);
    // Unrelated.
    check_bases(&[(&[], 0), (&[], 1)], 0, 1, &[]);
    // Criss-cross: 1 and 2 were merged into each other.
    check_bases(&[(&[], 0), (&[0], 1), (&[0], 2), (&[1, 2], 3), (&[2, 1], 4)], 3, 4, &[2, 1]);
    // An octopus of 1, 2 and 3 against a merge of 2 and 3.
    check_bases(&[(&[], 0), (&[0], 1), (&[0], 2), (&[0], 3), (&[1, 2, 3], 4), (&[2, 3], 5)], 4, 5, &[3, 2]);
}

#[test]
fn a_clock_that_lies_adds_no_merge_base() {
    // 1 descends from 0 and claims to be older; both heads reach both.
    check_bases(&[(&[], 9), (&[0], 1), (&[0, 1], 10), (&[0, 1], 11)], 2, 3, &[1]);
    // A long way with small times to the base, a short one to its ancestor.
    let commits: &[(&[usize], i64)] =
        &[(&[], 50), (&[0], 3), (&[1], 2), (&[2], 1), (&[3, 0], 60), (&[2, 0], 61), (&[5], 1)];
    check_bases(commits, 4, 6, &[2]);
}

#[test]
fn merge_bases_cost_what_is_later_than_they_are() {
    let mut memory = Memory::default();
    let mut graph = Graph::new();
    for time in 0..2_000 {
        graph.add(&mut memory, &Shape { parents: vec![0], time }, false, Hash::of(b""));
    }
    graph.add(&mut memory, &Shape { parents: vec![9], time: 2_001 }, false, Hash::of(b""));
    memory.reads();
    let (a, b) = (graph.hashes[1_999], graph.hashes[2_000]);
    assert_eq!(merge_bases(&memory, a, b).expect("all is there"), [graph.hashes[1_990]]);
    assert!(memory.reads() < 25);
    let apart = ahead_behind(&memory, a, b, Clocks::Honest, 1_000).expect("all is there");
    assert_eq!((apart.ahead, apart.behind, apart.complete), (9, 1, true));
    assert!(memory.reads() < 25);
    let first = log(&memory, &Cursor::new(a), &Filter::All, Paging { limit: 50, ..ALL }).expect("all is there");
    assert_eq!(first.entries.len(), 50);
    assert!(memory.reads() < 120);
}

#[test]
fn h1_the_commit_at_a_time_lies_on_the_first_parents() {
    let (memory, graph) = graph(&[(&[], 10), (&[0], 20), (&[0], 25), (&[1, 2], 30), (&[3], 30)]);
    let head = graph.hashes[4];
    let cases = [(9, At::Before), (10, 0.into_at(&graph)), (29, 1.into_at(&graph)), (30, 4.into_at(&graph))];
    for (time, expected) in cases {
        assert_eq!(at(&memory, head, time, 100).expect("all is there"), expected, "at {time}");
    }
    assert_eq!(at(&memory, head, 10, 2).expect("all is there"), At::More(graph.hashes[1]));
    assert_eq!(at(&memory, graph.hashes[1], 10, 2).expect("all is there"), At::Commit(graph.hashes[0]));
}

trait IntoAt {
    fn into_at(self, graph: &Graph) -> At;
}

impl IntoAt for usize {
    fn into_at(self, graph: &Graph) -> At {
        At::Commit(graph.hashes[self])
    }
}

#[test]
fn a_new_commit_is_later_than_its_parents() {
    let (memory, graph) = graph(&[(&[], 10), (&[], i64::MAX)]);
    let after = |parents: &[usize], now| time_after(&memory, &graph.names(parents), now).expect("all is there");
    assert_eq!((after(&[], 5), after(&[0], 5), after(&[0], 50), after(&[0, 1], 5)), (5, 11, 50, i64::MAX));
}

#[test]
fn a_lost_commit_is_an_error() {
    let (mut memory, graph) = graph(&[(&[], 0), (&[0], 1), (&[0], 2)]);
    memory.chunks.remove(&graph.hashes[0]);
    let (a, b) = (graph.hashes[1], graph.hashes[2]);
    assert!(merge_bases(&memory, a, b).is_err());
    assert!(ahead_behind(&memory, a, b, Clocks::Honest, 9).is_err());
    assert!(log(&memory, &Cursor::new(a), &Filter::All, ALL).is_err());
}

#[test]
fn a_cursor_is_text() {
    let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
    let text = format!("{a}~00ff.{b}");
    let cursor: Cursor = text.parse().expect("a cursor");
    assert_eq!(cursor.to_string(), text);
    assert_eq!(cursor.commits().collect::<Vec<_>>(), [a, b]);
    for wrong in ["", "x", &format!("{a}."), &format!("{a}~0"), &format!("{a}~0g"), &format!("{a}~é")] {
        assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
    }
}

/// All pages, one after the other.
fn pages(memory: &Memory, head: Hash, paging: Paging) -> Vec<Vec<Hash>> {
    let mut pages = Vec::new();
    let mut next = Some(Cursor::new(head));
    while let Some(cursor) = next {
        let cursor: Cursor = cursor.to_string().parse().expect("a cursor is text");
        let page = log(memory, &cursor, &Filter::All, paging).expect("all is there");
        assert!(page.entries.len() <= paging.limit && page.walked <= paging.budget);
        pages.push(page.entries);
        next = page.next;
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn merge_bases_are_the_best_common_ancestors(shapes in shapes(24), honest: bool, pick in 0..1_000_usize) {
        let mut memory = Memory::default();
        let graph = Graph::of(&mut memory, &shapes, honest);
        let (a, b) = (graph.head(), pick % graph.hashes.len());
        let common: BTreeSet<usize> = graph.ancestors(a).intersection(&graph.ancestors(b)).copied().collect();
        let best: BTreeSet<usize> = common
            .iter()
            .copied()
            .filter(|commit| !common.iter().any(|other| other != commit && graph.ancestors(*other).contains(commit)))
            .collect();
        let bases = merge_bases(&memory, graph.hashes[a], graph.hashes[b]).expect("all is there");
        let names: BTreeSet<Hash> = best.iter().map(|commit| graph.hashes[*commit]).collect();
        prop_assert_eq!(bases.iter().copied().collect::<BTreeSet<_>>(), names);
        prop_assert_eq!(bases.len(), best.len());
        prop_assert_eq!(merge_bases(&memory, graph.hashes[b], graph.hashes[a]).expect("all is there"), bases);
        for (older, newer) in [(b, a), (a, b)] {
            let expected = graph.ancestors(newer).contains(&older);
            prop_assert_eq!(is_ancestor(&memory, graph.hashes[older], graph.hashes[newer]).expect("all"), expected);
        }
    }

    #[test]
    fn commits_are_counted_and_listed_as_sets_say(
        shapes in shapes(24), honest: bool, pick in 0..1_000_usize, limit in 0..24_usize,
    ) {
        let mut memory = Memory::default();
        let graph = Graph::of(&mut memory, &shapes, honest);
        let clocks = if honest { Clocks::Honest } else { Clocks::Skewed };
        let (a, b) = (graph.head(), pick % graph.hashes.len());
        let (of_a, of_b) = (graph.ancestors(a), graph.ancestors(b));
        let only_a: BTreeSet<usize> = of_a.difference(&of_b).copied().collect();
        let only_b: BTreeSet<usize> = of_b.difference(&of_a).copied().collect();
        let (a, b) = (graph.hashes[a], graph.hashes[b]);
        let apart = ahead_behind(&memory, a, b, clocks, 1_000).expect("all is there");
        prop_assert_eq!((apart.ahead, apart.behind), (only_a.len() as u64, only_b.len() as u64));
        prop_assert!(apart.complete);
        let listed = commits_between(&memory, b, a, clocks, 1_000).expect("all is there");
        let order = graph.names(&graph.order(only_a.clone(), &|commit| graph.parents[commit].clone()));
        prop_assert_eq!(&listed.commits, &order);
        if honest {
            let bounded = ahead_behind(&memory, a, b, clocks, limit).expect("all is there");
            prop_assert!(bounded.ahead <= apart.ahead && bounded.behind <= apart.behind);
            prop_assert!(!bounded.complete || bounded == apart);
            let bounded = commits_between(&memory, b, a, clocks, limit).expect("all is there");
            prop_assert_eq!(&bounded.commits[..], &order[..bounded.commits.len()]);
        }
    }

    #[test]
    fn the_log_is_in_order_and_its_pages_make_the_whole(
        shapes in shapes(24), honest: bool, limit in 1..6_usize, budget in 1..6_usize,
    ) {
        let mut memory = Memory::default();
        let graph = Graph::of(&mut memory, &shapes, honest);
        let clocks = if honest { Clocks::Honest } else { Clocks::Skewed };
        let order = graph.order(graph.ancestors(graph.head()), &|commit| graph.parents[commit].clone());
        let order = graph.names(&order);
        let head = graph.hashes[graph.head()];
        prop_assert_eq!(&pages(&memory, head, Paging { clocks, ..ALL }).concat(), &order);
        prop_assert_eq!(&pages(&memory, head, Paging { limit, budget, clocks }).concat(), &order);
    }

    /// What is promised where clocks lie and are trusted: all commits, none twice in one page, and an end.
    #[test]
    fn a_log_that_trusts_wrong_clocks_misses_nothing(shapes in shapes(24), limit in 1..6_usize) {
        let mut memory = Memory::default();
        let graph = Graph::of(&mut memory, &shapes, false);
        let head = graph.hashes[graph.head()];
        let expected: BTreeSet<Hash> =
            graph.ancestors(graph.head()).into_iter().map(|commit| graph.hashes[commit]).collect();
        for paging in [ALL, Paging { limit, ..ALL }] {
            let pages = pages(&memory, head, paging);
            for page in &pages {
                prop_assert_eq!(page.iter().collect::<BTreeSet<_>>().len(), page.len());
            }
            prop_assert_eq!(pages.concat().into_iter().collect::<BTreeSet<_>>(), expected.clone());
        }
    }
}
