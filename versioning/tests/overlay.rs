//! A draft over a tree reads like a tree in which its edits are done.

mod common;

use std::{collections::BTreeMap, ops::Bound};

use common::{Memory, entry, product, products, rows};
use proptest::prelude::*;
use versioning::{
    Key, Row,
    overlay::{Overlay, Patch},
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_overlay_reads_like_a_table_with_its_edits_done(
        count in 0..2_000_i64,
        edits in prop::collection::btree_map(-10..4_100_i64, prop::option::of(0..100_i64), 0..60),
        range in prop::option::of((0..4_000_i64, 0..1_500_i64)),
        pages in prop::collection::vec((0..4_000_u64, 1..700_usize), 1..6),
    ) {
        let schema = products();
        let mut memory = Memory::default();
        let base = rows(&schema, (0..count).map(|n| n * 2));
        let tree = memory.build(&schema, &base);
        let mut model = base.clone();
        let gone = range.map(|(start, length)| start..start + length).unwrap_or(0..0);
        for (id, cents) in gone.map(|id| (id, None)).chain(edits) {
            let (key, row) = entry(&schema, product(id, "edited", cents.unwrap_or(0)));
            match cents {
                Some(_) => model.insert(key, row),
                None => model.remove(&key),
            };
        }
        let patches: BTreeMap<Key, Patch> = base
            .keys()
            .chain(model.keys())
            .filter(|key| base.get(key) != model.get(key))
            .map(|key| (key.clone(), Patch { before: base.get(key).cloned(), after: model.get(key).cloned() }))
            .collect();
        let overlay = Overlay::new(&memory, tree, patches).expect("all chunks are there");
        reads_like(&overlay, &memory, &model, &pages)?;
    }

    #[test]
    fn an_overlay_changed_again_and_again_is_one_made_at_once(
        count in 0..2_000_i64,
        steps in prop::collection::vec((change(), -10..4_100_i64, 1..2_500_i64, 1..40_i64), 1..8),
        pages in prop::collection::vec((0..5_000_u64, 1..700_usize), 1..6),
    ) {
        let schema = products();
        let mut memory = Memory::default();
        let base = rows(&schema, (0..count).map(|n| n * 2));
        let tree = memory.build(&schema, &base);
        let (mut overlay, mut model, mut patches) = (Overlay::empty(tree), base.clone(), BTreeMap::new());
        for (step, (change, start, length, stride)) in (0..).zip(steps) {
            let mut changes = Vec::new();
            for id in (start..start + length).step_by(usize::try_from(stride).expect("small")) {
                let (key, row) = entry(&schema, product(id, "edited", step));
                let before = base.get(&key).cloned();
                let after = match change {
                    Change::Put => Some(row),
                    Change::Update => model.contains_key(&key).then_some(row),
                    Change::Remove => None,
                    Change::Undo => before.clone(),
                };
                match after.clone() {
                    Some(after) => model.insert(key.clone(), after),
                    None => model.remove(&key),
                };
                let patch = (before != after).then_some(Patch { before, after });
                match patch.clone() {
                    Some(patch) => patches.insert(key.clone(), patch),
                    None => patches.remove(&key),
                };
                changes.push((key, patch));
            }
            let before = overlay.clone();
            let listed = before.len();
            overlay = before.apply(&memory, changes).expect("all chunks are there");
            prop_assert_eq!(before.len(), listed);
            prop_assert!(overlay.patches().iter().eq(&patches));
            reads_like(&overlay, &memory, &model, &pages)?;
            let at_once = Overlay::new(&memory, tree, patches.clone()).expect("all chunks are there");
            for (offset, limit) in pages.iter().copied() {
                prop_assert_eq!(
                    overlay.rows(&memory, &schema, offset, limit).expect("read"),
                    at_once.rows(&memory, &schema, offset, limit).expect("read")
                );
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Put,
    Update,
    Remove,
    Undo,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![Just(Change::Put), Just(Change::Update), Just(Change::Remove), Just(Change::Undo)]
}

fn reads_like(
    overlay: &Overlay,
    memory: &Memory,
    model: &BTreeMap<Key, Row>,
    pages: &[(u64, usize)],
) -> Result<(), TestCaseError> {
    let schema = products();
    let listed: Vec<(&Key, &Row)> = model.iter().collect();
    prop_assert_eq!(overlay.len(), listed.len() as u64);
    for (offset, limit) in pages.iter().copied() {
        let start = usize::try_from(offset).expect("small").min(listed.len());
        let end = (start + limit).min(listed.len());
        let page = overlay.rows(memory, &schema, offset, limit).expect("all chunks are there");
        prop_assert!(
            page.iter().map(|(key, row)| (key, row)).eq(listed[start..end].iter().copied()),
            "offset {}, limit {}",
            offset,
            limit
        );
    }
    for (position, (key, row)) in listed.iter().enumerate().step_by(97) {
        prop_assert_eq!(overlay.get(memory, &schema, key).expect("read"), Some((*row).clone()));
        prop_assert_eq!(overlay.rank(memory, key).expect("read"), position as u64);
    }
    Ok(())
}

fn put(id: i64, cents: i64, before: Option<&Row>) -> (Key, Option<Patch>) {
    let (key, row) = entry(&products(), product(id, "edited", cents));
    (key, Some(Patch { before: before.cloned(), after: Some(row) }))
}

#[test]
fn a_change_reads_a_path_only_for_a_row_that_it_adds_or_removes() {
    let schema = products();
    let mut memory = Memory::default();
    let base = rows(&schema, (0..20_000).map(|n| n * 2));
    let tree = memory.build(&schema, &base);
    let (two, row) = base.iter().nth(1).expect("there are rows");
    let path = {
        memory.reads();
        tree.rank(&memory, two).expect("read");
        memory.reads()
    };
    let many: BTreeMap<Key, Patch> =
        (0..5_000).map(|n| put(n * 8 + 1, 0, None)).filter_map(|(key, patch)| Some((key, patch?))).collect();
    let overlay = Overlay::new(&memory, tree, many).expect("read");
    memory.reads();
    let apply = |overlay: &Overlay, change| {
        let overlay = overlay.apply(&memory, [change]).expect("read");
        (memory.reads(), overlay)
    };
    let (cost, overlay) = apply(&overlay, put(2, 1, Some(row)));
    assert_eq!(cost, 0, "changed");
    let (cost, overlay) = apply(&overlay, put(3, 1, None));
    assert_eq!(cost, path, "added");
    let (cost, overlay) = apply(&overlay, put(3, 2, None));
    assert_eq!(cost, 0, "changed after it was added");
    let (cost, overlay) = apply(&overlay, (two.clone(), Some(Patch { before: Some(row.clone()), after: None })));
    assert_eq!(cost, path, "removed");
    let (cost, overlay) = apply(&overlay, (two.clone(), None));
    assert_eq!(cost, 0, "as it was");
    assert_eq!((overlay.len(), overlay.patches().len()), (25_001, 5_001));
}

#[test]
fn patches_come_in_pages() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..10));
    let overlay = Overlay::empty(tree).apply(&memory, (100..1_800).map(|id| put(id, 1, None))).expect("read");
    let (mut keys, mut from) = (Vec::new(), Bound::Unbounded);
    loop {
        let mut patches = overlay.patches().range((from, Bound::Unbounded));
        keys.extend(patches.by_ref().take(200).map(|(key, _)| key));
        if patches.next().is_none() {
            break;
        }
        from = keys.last().copied().map_or(Bound::Unbounded, Bound::Excluded);
    }
    assert!(keys.into_iter().eq(overlay.patches().iter().map(|(key, _)| key)));
    assert_eq!(overlay.patches().values().count(), 1_700);
}

#[test]
fn a_page_behind_many_removed_rows_does_not_read_them() {
    let schema = products();
    let mut memory = Memory::default();
    let base = rows(&schema, 0..20_000);
    let tree = memory.build(&schema, &base);
    let removed = base.iter().take(19_000);
    let removed = removed.map(|(key, row)| (key.clone(), Patch { before: Some(row.clone()), after: None })).collect();
    let overlay = Overlay::new(&memory, tree, removed).expect("read");
    memory.reads();
    let page = overlay.rows(&memory, &schema, 0, 10).expect("read");
    assert!(memory.reads() < 10);
    assert!(page.iter().map(|(key, _)| key).eq(base.keys().skip(19_000).take(10)));
}

#[test]
fn a_patch_that_the_tree_belies_moves_no_row() {
    let schema = products();
    let mut memory = Memory::default();
    let base = rows(&schema, 0..10);
    let tree = memory.build(&schema, &base);
    let (gone, row) = entry(&schema, product(99, "not in the tree", 1));
    let (there, _) = entry(&schema, product(3, "", 0));
    let changes = [(gone, Some(Patch { before: Some(row), after: None })), put(3, 7, None)];
    let overlay = Overlay::empty(tree).apply(&memory, changes).expect("read");
    let page = overlay.rows(&memory, &schema, 0, 100).expect("read");
    assert_eq!((overlay.len(), page.len()), (10, 10));
    assert_eq!(page[3], entry(&schema, product(3, "edited", 7)));
    assert_eq!(overlay.get(&memory, &schema, &there).expect("read").as_ref(), Some(&page[3].1));
}
