//! Rules T1 to T5: a tree depends on its rows alone, and edits cost what they change.

mod common;

use std::collections::{BTreeMap, HashSet};

use common::{Memory, entry, product, products, rows};
use proptest::prelude::*;
use versioning::{ChunkSink, Hash, Key, Object, ObjectSource, Row, Tree, WriteError};

/// All nodes of a tree by level, with the number of their entries.
fn nodes(memory: &Memory, tree: Tree) -> Vec<Vec<usize>> {
    let mut levels: Vec<Vec<usize>> = Vec::new();
    let mut queue: Vec<Hash> = tree.root.into_iter().collect();
    while let Some(hash) = queue.pop() {
        let object = memory.object(hash).expect("all chunks are there");
        let (level, entries) = match &*object {
            Object::Leaf(leaf) => (0, leaf.len()),
            Object::Inner(inner) => (usize::from(inner.level()), inner.children().len()),
            other => panic!("no node: {other:?}"),
        };
        if levels.len() <= level {
            levels.resize(level + 1, Vec::new());
        }
        levels[level].push(entries);
        queue.extend(object.children());
    }
    levels
}

#[test]
fn an_empty_tree_has_no_root() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &BTreeMap::new());
    assert_eq!(tree, Tree::default());
    let (key, row) = entry(&schema, product(1, "a", 100));
    let one = memory.edit(&schema, tree, vec![(key.clone(), Some(row.clone()))]);
    assert_eq!(memory.all(&schema, one), [(key.clone(), row)]);
    assert_eq!(memory.edit(&schema, one, vec![(key, None)]), Tree::default());
}

#[test]
fn any_position_and_key_is_found() {
    let schema = products();
    let mut memory = Memory::default();
    let all = rows(&schema, (0..50_000).map(|n| n * 2));
    let tree = memory.build(&schema, &all);
    let listed: Vec<_> = all.clone().into_iter().collect();
    assert_eq!(tree.rows, 50_000);
    for offset in [0, 1, 255, 256, 511, 512, 24_999, 49_990, 49_999, 50_000, u64::MAX] {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(listed.len());
        let end = start.saturating_add(300).min(listed.len());
        assert_eq!(tree.rows(&memory, &schema, offset, 300).expect("rows"), listed[start..end], "offset {offset}");
    }
    for id in [0, 2, 1_000, 99_998] {
        let (key, row) = entry(&schema, product(id, &format!("product {id}"), id * 7 % 10_000));
        assert_eq!(tree.get(&memory, &schema, &key).expect("read"), Some(row));
        assert_eq!(tree.rank(&memory, &key).expect("read"), (id as u64 / 2, true));
        let (between, _) = entry(&schema, product(id + 1, "", 0));
        assert_eq!(tree.get(&memory, &schema, &between).expect("read"), None);
        assert_eq!(tree.rank(&memory, &between).expect("read"), (id as u64 / 2 + 1, false));
    }
    let (below, _) = entry(&schema, product(-1, "", 0));
    assert_eq!(tree.rank(&memory, &below).expect("read"), (0, false));
}

#[test]
fn reading_a_page_reads_one_path() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..200_000));
    let height = nodes(&memory, tree).len() as u64;
    memory.reads();
    tree.rows(&memory, &schema, 123_456, 100).expect("rows");
    assert!(memory.reads() <= height + 1);
}

/// As many ids, each the first of the next sixteen whose key's hash passes with the last one's, or else the first.
fn chosen(count: usize, passes: impl Fn(Hash, Hash) -> bool) -> Vec<i64> {
    let schema = products();
    let hash = |id: i64| {
        let (key, _) = entry(&schema, product(id, "", 0));
        Hash::of(&[&[0], key.as_bytes()].concat())
    };
    let mut last = hash(0);
    let mut ids = vec![0];
    while ids.len() < count {
        let next = ids[ids.len() - 1] + 1;
        let hashes: Vec<Hash> = (next..next + 16).map(hash).collect();
        let place = hashes.iter().position(|hash| passes(last, *hash)).unwrap_or(0);
        last = hashes[place];
        ids.push(next + place as i64);
    }
    ids
}

#[test]
fn t4_nodes_are_of_bounded_size_whatever_the_keys() {
    let schema = products();
    for (name, ids) in [
        ("sequential", (0..100_000).collect::<Vec<i64>>()),
        ("random", (0..100_000_i64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)).collect()),
        ("clustered", (0..100_000).map(|n| (n / 100) * 1_000_000 + n % 100).collect()),
        // Chosen by somebody who knows the hash: leaves that end as early, or as late, as they can.
        ("rising hashes", chosen(100_000, |last, hash| hash > last)),
        ("falling hashes", chosen(100_000, |last, hash| hash < last)),
    ] {
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &rows(&schema, ids));
        let levels = nodes(&memory, tree);
        for (level, sizes) in levels.iter().enumerate().take(levels.len() - 1) {
            let count = sizes.len() as f64;
            let mean = sizes.iter().sum::<usize>() as f64 / count;
            let variance = sizes.iter().map(|size| (*size as f64 - mean).powi(2)).sum::<f64>() / count;
            let largest = *sizes.iter().max().expect("a level has nodes") as f64;
            assert!(variance.sqrt() / mean <= 0.4, "{name}, level {level}: CV {}", variance.sqrt() / mean);
            assert!(largest <= 5.0 * mean, "{name}, level {level}: largest {largest}, mean {mean}");
        }
        assert_eq!(levels.last().expect("a root").len(), 1);
    }
}

#[test]
fn t5_a_changed_value_rewrites_its_leaf_and_the_path_above() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..100_000));
    let height = nodes(&memory, tree).len();
    for id in [0, 1, 50_000, 77_777, 99_999] {
        memory.written.clear();
        let (key, row) = entry(&schema, product(id, "changed", 1));
        let edited = memory.edit(&schema, tree, vec![(key.clone(), Some(row.clone()))]);
        assert_eq!(memory.written.len(), height, "row {id}");
        assert_eq!(edited.get(&memory, &schema, &key).expect("read"), Some(row));
        assert_eq!(edited.rows, tree.rows);
    }
}

#[test]
fn t5_an_inserted_or_removed_row_moves_few_boundaries() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, (0..100_000).map(|n| n * 2)));
    let height = nodes(&memory, tree).len();
    let mut most = 0;
    let mut sum = 0;
    for n in 0..400_i64 {
        memory.written.clear();
        let id = n * 499;
        let (key, row) = entry(&schema, product(id, "new", 1));
        let edit = if id % 2 == 0 { None } else { Some(row) };
        memory.edit(&schema, tree, vec![(key, edit)]);
        most = most.max(memory.written.len());
        sum += memory.written.len();
    }
    let mean = sum as f64 / 400.0;
    assert!(mean < height as f64 + 0.5, "{mean} nodes a row on average, height {height}");
    assert!(most < height + 24, "{most} nodes at the most");
}

#[test]
fn t1_many_edits_at_once_lead_to_the_tree_of_a_fresh_build() {
    let schema = products();
    let mut memory = Memory::default();
    let before = rows(&schema, 0..30_000);
    let tree = memory.build(&schema, &before);
    // Each so many-th row is changed, goes or comes: leaves that keep their keys stand beside some that don't.
    for (changed, removed, added) in [(3, 0, 0), (50, 0, 0), (3, 4_000, 0), (7, 900, 700), (40, 41, 42), (0, 3, 0)] {
        let is_nth = |id: i64, nth: i64| nth > 0 && id % nth == 1;
        let mut after = before.clone();
        let mut edits = BTreeMap::new();
        for id in 0..31_000 {
            let key = entry(&schema, product(id, "", 0)).0;
            let new = if id >= 30_000 && is_nth(id, added) || is_nth(id, changed) && before.contains_key(&key) {
                Some(product(id, "changed", id))
            } else if is_nth(id, removed) {
                None
            } else {
                continue;
            };
            match &new {
                Some(row) => after.insert(key.clone(), row.clone()),
                None => after.remove(&key),
            };
            edits.insert(key, new);
        }
        let edited = memory.edit(&schema, tree, edits.into_iter().collect());
        assert_eq!(edited, memory.build(&schema, &after), "{changed}, {removed}, {added}");
    }
}

/// What is written, each node with the one whose place it takes.
#[derive(Default)]
struct Nears(Vec<(Hash, Vec<u8>, Option<Hash>)>);

impl ChunkSink for Nears {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.0.push((hash, bytes, None));
        Ok(())
    }

    fn put_near(&mut self, hash: Hash, bytes: Vec<u8>, near: Hash) -> Result<(), WriteError> {
        self.0.push((hash, bytes, Some(near)));
        Ok(())
    }
}

#[test]
fn a_node_is_written_with_the_one_whose_place_it_takes() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..30_000));
    let change = |id: i64, row: Option<Row>| (entry(&schema, product(id, "", 0)).0, row);
    for edits in [
        vec![change(7_000, Some(product(7_000, "changed", 1)))],
        vec![change(7_000, None)],
        (0..300).map(|id| change(id * 100, None)).collect(),
        (0..300).map(|id| change(id * 100, Some(product(id * 100, "changed", 1)))).collect(),
        (0..30).map(|id| change(100_000 + id, Some(product(100_000 + id, "added", 1)))).collect(),
    ] {
        let mut written = Nears::default();
        let edited = tree.edit(&memory, &mut written, &schema, edits).expect("all chunks are there");
        assert!(!written.0.is_empty());
        for (hash, bytes, near) in written.0 {
            let near = near.expect("the tree keeps its height");
            let old = memory.chunks.get(&near).expect("it is of the old tree");
            assert_eq!((bytes[0], bytes[1]), (old[0], old[1]), "a leaf is near a leaf");
            let node = Object::decode(&bytes).expect("it was built");
            let found = tree.counterpart(&memory, &node).expect("all chunks are there");
            let found = memory.chunks.get(&found.expect("the trees are of one height")).expect("it is of the old tree");
            assert_eq!((bytes[0], bytes[1]), (found[0], found[1]));
            #[cfg(feature = "codec")]
            if bytes[0] == b'L' && near != hash {
                let packed = versioning::frame::pack_near(&bytes, near, old);
                assert!(packed.len() * 4 < bytes.len(), "{} of {} bytes", packed.len(), bytes.len());
            }
            let _ = hash;
        }
        assert_ne!(edited, tree);
    }
}

#[test]
fn editing_reads_what_it_changes_and_no_more() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..200_000));
    let height = nodes(&memory, tree).len() as u64;
    memory.reads();
    let (key, row) = entry(&schema, product(123_456, "changed", 1));
    memory.edit(&schema, tree, vec![(key, Some(row))]);
    assert!(memory.reads() <= 8 * height, "a commit of one row stays near its path");
}

#[derive(Clone, Debug)]
enum Step {
    Put(i64, i64),
    Remove(i64),
    RemoveRange(i64, i64),
    PutRange(i64, i64),
}

fn step() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..6_000_i64;
    prop::collection::vec(
        prop_oneof![
            6 => (id.clone(), 0..1_000_i64).prop_map(|(id, cents)| Step::Put(id, cents)),
            4 => id.clone().prop_map(Step::Remove),
            1 => (id.clone(), 0..4_000_i64).prop_map(|(id, count)| Step::RemoveRange(id, count)),
            1 => (id, 0..2_000_i64).prop_map(|(id, count)| Step::PutRange(id, count)),
        ],
        1..8,
    )
}

fn edits(schema: &versioning::Schema, steps: &[Step]) -> BTreeMap<Key, Option<Row>> {
    let mut edits = BTreeMap::new();
    let mut put = |id: i64, row: Option<i64>| {
        let (key, new) = entry(schema, product(id, "edited", row.unwrap_or(0)));
        edits.insert(key, row.map(|_| new));
    };
    for step in steps {
        match *step {
            Step::Put(id, cents) => put(id, Some(cents)),
            Step::Remove(id) => put(id, None),
            Step::RemoveRange(id, count) => (id..id + count).for_each(|id| put(id, None)),
            Step::PutRange(id, count) => (id..id + count).for_each(|id| put(id, Some(id))),
        }
    }
    edits
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Rule T1: whatever the edits, the tree is the one that a fresh build of its rows makes, and no old chunk is lost.
    #[test]
    fn t1_edits_lead_to_the_tree_of_a_fresh_build(
        start in 0..5_000_i64,
        spread in 1..4_i64,
        rounds in prop::collection::vec(step(), 1..6),
    ) {
        let schema = products();
        let mut memory = Memory::default();
        let mut model = rows(&schema, (0..start).map(|n| n * spread));
        let mut tree = memory.build(&schema, &model);
        for round in rounds {
            let edits = edits(&schema, &round);
            for (key, row) in &edits {
                match row {
                    Some(row) => model.insert(key.clone(), row.clone()),
                    None => model.remove(key),
                };
            }
            tree = memory.edit(&schema, tree, edits.into_iter().collect());
            let mut fresh = Memory::default();
            let expected = fresh.build(&schema, &model);
            prop_assert_eq!(tree, expected);
        }
        prop_assert_eq!(memory.all(&schema, tree), model.into_iter().collect::<Vec<_>>());
    }
}

/// A root whose last entry ends a node stays as it is below what comes behind it, at every level.
#[test]
fn t1_rows_behind_a_root_that_ends_at_a_boundary_leave_those_before() {
    let schema = products();
    let mut memory = Memory::default();
    let all = rows(&schema, 0..200_000);
    let tree = memory.build(&schema, &all);
    // The first nodes of each level, seen as trees of their own.
    let mut roots = Vec::new();
    let mut next = tree.root;
    while let Some(hash) = next {
        let object = memory.object(hash).expect("all chunks are there");
        let Object::Inner(inner) = &*object else { break };
        roots.extend(inner.children().iter().take(3).cloned());
        next = inner.children().first().map(|child| child.hash);
    }
    assert!(roots.len() >= 6, "the tree has inner nodes below its root");
    for root in roots {
        let object = memory.object(root.hash).expect("all chunks are there");
        let begin = all.keys().position(|key| *key > root.last).expect("it is not the last") - root.rows as usize;
        let mut model: BTreeMap<_, _> =
            all.iter().skip(begin).take(root.rows as usize).map(|(key, row)| (key.clone(), row.clone())).collect();
        let tree = Memory::default().build(&schema, &model);
        assert_eq!(tree.root, Some(root.hash), "{object:?}");
        for count in [1, 124, 5_000] {
            let more: Vec<_> = (300_000..300_000 + count).map(|id| entry(&schema, product(id, "behind", id))).collect();
            let edits = more.iter().map(|(key, row)| (key.clone(), Some(row.clone()))).collect();
            let edited = memory.edit(&schema, tree, edits);
            model.extend(more);
            assert_eq!(edited, Memory::default().build(&schema, &model), "{count} behind {}", root.rows);
            model.retain(|key, _| *key <= root.last);
        }
    }
}

/// Rule T1: rows that come one by one or in batches, in any order and with detours, make one tree.
#[test]
fn t1_a_thousand_orders_of_edits_lead_to_one_tree() {
    let schema = products();
    let mut random = 1_u64;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % limit
    };
    let wanted: Vec<(Key, Row)> = rows(&schema, (0..700).map(|n| n * 3)).into_iter().collect();
    let expected = Memory::default().build(&schema, &wanted.iter().cloned().collect());
    for order in 0..1_000 {
        let mut memory = Memory::default();
        let mut left = wanted.clone();
        let mut detours: Vec<Key> = Vec::new();
        let mut tree = Tree::default();
        while !left.is_empty() || !detours.is_empty() {
            let mut edits = BTreeMap::new();
            for _ in 0..1 + below(400) {
                match below(8) {
                    0 if !left.is_empty() => {
                        let (key, row) = entry(&schema, product(below(2_100) as i64, "detour", order));
                        if tree.get(&memory, &schema, &key).expect("all is there").is_none() {
                            detours.push(key.clone());
                            edits.insert(key, Some(row));
                        }
                    }
                    1 if !detours.is_empty() => {
                        let key = detours.swap_remove(below(detours.len()));
                        let row = wanted.binary_search_by(|(wanted, _)| wanted.cmp(&key)).ok();
                        edits.insert(key, row.map(|row| wanted[row].1.clone()));
                    }
                    _ if !left.is_empty() => {
                        let (key, row) = left.swap_remove(below(left.len()));
                        edits.insert(key, Some(row));
                    }
                    _ => {}
                }
            }
            tree = memory.edit(&schema, tree, edits.into_iter().collect());
        }
        assert_eq!(tree, expected, "order {order}");
    }
}

#[test]
fn every_node_has_one_name() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..20_000));
    let mut queue: Vec<Hash> = tree.root.into_iter().collect();
    let mut seen = HashSet::new();
    while let Some(hash) = queue.pop() {
        let object = memory.object(hash).expect("all chunks are there");
        assert_eq!(Hash::of(&object.encode()), hash, "decoding and encoding keeps the bytes");
        queue.extend(object.children());
        seen.insert(hash);
    }
    assert_eq!(seen.len(), memory.chunks.len());
}

#[test]
fn a_damaged_node_is_an_error() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..2_000));
    let chunks: Vec<_> = memory.chunks.values().cloned().collect();
    for bytes in chunks {
        for position in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            let _ = Object::decode(&damaged);
            let _ = Object::decode(&bytes[..position]);
        }
    }
    let lost = tree.root.expect("rows");
    memory.chunks.remove(&lost);
    let error = tree.rows(&memory, &schema, 0, 1).expect_err("the root is gone");
    assert_eq!(error.to_string(), format!("chunk {lost} is missing"));
}

#[test]
fn damaged_leaves_are_errors_or_readable() {
    // Keys of one column of each kind, and of two.
    for key in [vec![7], vec![3], vec![5], vec![9], vec![3, 7]] {
        let mut schema = products();
        schema.columns.push(common::column(9, "uid", versioning::Type::Uuid));
        schema.primary_key = key.into_iter().map(versioning::ColumnId).collect();
        let row = |id: i64| {
            let mut row = product(id, &format!("p{id}"), id * 7);
            row.push(versioning::Type::Uuid.parse(&format!("{id:032}")).expect("a uuid"));
            entry(&schema, row)
        };
        let mut memory = Memory::default();
        memory.build(&schema, &(0..40).map(row).collect());
        let (_, bytes) = memory.chunks.into_iter().next().expect("one leaf");
        for position in 0..bytes.len() {
            for byte in [0, 1, 0x7F, 0x80, 0xFF, bytes[position] ^ 1] {
                let mut damaged = bytes.clone();
                damaged[position] = byte;
                let Ok(Object::Leaf(leaf)) = Object::decode(&damaged) else { continue };
                let keys: Vec<&[u8]> = (0..leaf.len()).map(|row| leaf.key(row)).collect();
                assert!(keys.is_sorted_by(|a, b| a < b), "byte {position} = {byte}");
                assert_eq!(leaf.rows(&schema, 0..leaf.len()).count(), leaf.len());
            }
            assert!(Object::decode(&bytes[..position]).is_err());
        }
    }
}
