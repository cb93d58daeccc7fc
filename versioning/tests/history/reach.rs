//! What is reachable.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioning::{Hash, Object, ObjectSource, Root, TableEntry, TableId, Tree, history::Reachable};

use crate::{
    common::{Memory, entry, product, products, rows},
    world::{Graph, Shape, shapes, store},
};

/// Everything below an object, by definition.
fn below(memory: &Memory, hash: Hash, reached: &mut BTreeSet<Hash>) {
    if reached.insert(hash) {
        let object = memory.object(hash).expect("all is there");
        object.children().into_iter().for_each(|child| below(memory, child, reached));
    }
}

fn world(shapes: &[Shape]) -> (Memory, Graph) {
    let schema = products();
    let (mut memory, mut graph) = (Memory::default(), Graph::new());
    let schema_hash = store(&mut memory, Object::Schema(schema.clone()));
    let base = memory.build(&schema, &rows(&schema, 0..30_000));
    let root = |memory: &mut Memory, trees: [Tree; 2]| {
        let entry = |tree| TableEntry { name: "t".into(), schema: schema_hash, tree };
        let tables =
            trees.into_iter().zip(1..).map(|(tree, id)| (TableId(id), entry(tree))).collect::<BTreeMap<_, _>>();
        store(memory, Object::Root(Root { tables }))
    };
    for (number, shape) in shapes.iter().enumerate() {
        let (key, row) = entry(&schema, product(number as i64 * 997, "changed", 1));
        let tree = memory.edit(&schema, base, vec![(key, Some(row))]);
        let small = memory.build(&schema, &rows(&schema, 0..number as i64));
        let root = root(&mut memory, [tree, small]);
        graph.add(&mut memory, shape, true, root);
    }
    (memory, graph)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn all_that_is_reachable_is_marked_and_nothing_else(
        shapes in shapes(10), picks in prop::collection::vec(0..100_usize, 0..3), budget in 1..200_usize,
    ) {
        let (memory, graph) = world(&shapes);
        let roots: Vec<Hash> = picks.iter().map(|pick| graph.hashes[pick % graph.hashes.len()]).collect();
        let mut expected = BTreeSet::new();
        roots.iter().for_each(|root| below(&memory, *root, &mut expected));
        memory.reads();
        for with_leaves in [false, true] {
            let mut mark = Reachable::new(roots.iter().copied().take(1));
            if with_leaves {
                mark = mark.with_leaves();
            }
            let mut visited = Vec::new();
            let mut added = false;
            loop {
                let done = mark.step(&memory, budget, |hash, _| visited.push(hash)).expect("all is there");
                prop_assert!(memory.reads() <= budget as u64);
                if !added {
                    mark.add(roots.iter().copied());
                    added = true;
                } else if done {
                    break;
                }
            }
            prop_assert_eq!(mark.iter().collect::<BTreeSet<_>>(), expected.clone());
            prop_assert_eq!(mark.len(), expected.len());
            prop_assert_eq!(visited.iter().collect::<BTreeSet<_>>().len(), visited.len());
            let all: BTreeSet<Hash> = memory.chunks.keys().copied().collect();
            let garbage: BTreeSet<Hash> = mark.unreachable_among(all.iter().copied()).expect("finished").collect();
            prop_assert_eq!(garbage, all.difference(&expected).copied().collect::<BTreeSet<_>>());
            let leaves = visited.iter().filter(|hash| matches!(memory.object(**hash).as_deref(), Ok(Object::Leaf(_))));
            // The root of a small tree may be a leaf, and is read to see that.
            prop_assert!(with_leaves || leaves.count() <= shapes.len());
            memory.reads();
        }
    }
}

#[test]
fn a_mark_that_meets_a_lost_chunk_does_not_end() {
    let shape = Shape { parents: vec![0], time: 1 };
    let (mut memory, graph) = world(&[shape.clone(), shape]);
    let lost = graph.hashes[0];
    let bytes = memory.chunks.remove(&lost).expect("it was there");
    let mut mark = Reachable::new([graph.hashes[1]]);
    assert!(mark.step(&memory, 1_000, |_, _| {}).is_err());
    assert!(mark.step(&memory, 1_000, |_, _| {}).is_err());
    assert!(!mark.is_complete() && mark.unreachable_among([lost]).is_err());
    memory.chunks.insert(lost, bytes);
    assert!(mark.step(&memory, 1_000, |_, _| {}).expect("it is back"));
    assert!(mark.contains(lost) && !mark.is_empty());
    assert_eq!(mark.unreachable_among([Hash::of(b"nothing")]).expect("finished").count(), 1);
}
