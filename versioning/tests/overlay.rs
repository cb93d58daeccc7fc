//! A draft over a tree reads like a tree in which its edits are done.

mod common;

use std::collections::BTreeMap;

use common::{Memory, entry, product, products, rows};
use proptest::prelude::*;
use versioning::{
    Key, Row,
    overlay::{Overlay, Patch},
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

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
        let listed: Vec<(Key, Row)> = model.clone().into_iter().collect();
        prop_assert_eq!(overlay.len(), listed.len() as u64);
        for (offset, limit) in pages {
            let start = usize::try_from(offset).expect("small").min(listed.len());
            let end = (start + limit).min(listed.len());
            let page = overlay.rows(&memory, &schema, offset, limit).expect("all chunks are there");
            prop_assert_eq!(&page[..], &listed[start..end], "offset {}, limit {}", offset, limit);
        }
        for (position, (key, row)) in listed.iter().enumerate().step_by(97) {
            prop_assert_eq!(overlay.get(&memory, &schema, key).expect("read"), Some(row.clone()));
            prop_assert_eq!(overlay.rank(&memory, key).expect("read"), position as u64);
        }
    }
}
