//! Rows and cells: M1 to M6 against a plain merge row by row.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioning::{
    Key,
    merge::{Choice, Conflict, Cursor, Nowhere, Options, Resolutions, Sides, conflicts, merge},
};

use crate::world::{Rows, TABLE, World, all, base_rows, key, schema};

/// What a plain merge row by row says: the rows, the cells and rows in conflict.
fn model(base: &Rows, ours: &Rows, theirs: &Rows) -> (Rows, BTreeSet<(i64, Option<usize>)>) {
    let mut merged = Rows::new();
    let mut open = BTreeSet::new();
    let ids: BTreeSet<i64> = base.keys().chain(ours.keys()).chain(theirs.keys()).copied().collect();
    for id in ids {
        let (b, o, t) = (base.get(&id), ours.get(&id), theirs.get(&id));
        let result = match (b, o, t) {
            _ if o == t => o.copied(),
            _ if b == o => t.copied(),
            _ if b == t => o.copied(),
            (b, Some(o), Some(t)) => {
                let mut cells = [None; 3];
                for index in 0..3 {
                    let old = b.map(|b| b[index]);
                    cells[index] = if o[index] == t[index] || old == Some(t[index]) {
                        o[index]
                    } else if old == Some(o[index]) {
                        t[index]
                    } else {
                        open.insert((id, Some(index)));
                        o[index]
                    };
                }
                Some(cells)
            }
            _ => {
                open.insert((id, None));
                None
            }
        };
        merged.extend(result.map(|cells| (id, cells)));
    }
    (merged, open)
}

fn duplicates(rows: &Rows) -> BTreeSet<Vec<i64>> {
    let mut holders: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (id, cells) in rows {
        if let Some(value) = cells[2] {
            holders.entry(value).or_default().push(*id);
        }
    }
    holders.into_values().filter(|ids| ids.len() > 1).collect()
}

fn place(conflict: &Conflict, ids: &BTreeMap<Key, i64>) -> (i64, Option<usize>) {
    match conflict {
        Conflict::Cell { key, column, .. } => (ids[key], schema().position(*column).map(|position| position - 1)),
        Conflict::Row { key, .. } => (ids[key], None),
        other => panic!("{other:?}"),
    }
}

fn swapped(conflict: &Conflict) -> Conflict {
    match conflict.clone() {
        Conflict::Cell { table, key, column, base, ours, theirs, convert_to } => {
            Conflict::Cell { table, key, column, base, ours: theirs, theirs: ours, convert_to }
        }
        Conflict::Row { table, key, deleted_by, base, edited } => {
            Conflict::Row { table, key, deleted_by: deleted_by.other(), base, edited }
        }
        other => panic!("{other:?}"),
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Set(i64, usize, Option<i64>),
    Delete(i64),
    Insert(i64, [Option<i64>; 3]),
    /// Many rows next to each other.
    SetRange(i64, i64, usize, i64),
    DeleteRange(i64, i64),
}

fn edits(most: i64) -> impl Strategy<Value = Vec<Edit>> {
    let value = || prop::option::weighted(0.9, 0..4_i64);
    let edit = prop_oneof![
        6 => (0..most, 0..2_usize, value()).prop_map(|(id, index, value)| Edit::Set(id, index, value)),
        2 => (0..most).prop_map(Edit::Delete),
        2 => (0..most + 50, value(), value()).prop_map(|(id, a, b)| Edit::Insert(id, [a, b, None])),
        1 => (0..most, prop::option::of(0..30_i64)).prop_map(|(id, value)| Edit::Set(id, 2, value.map(|v| -v))),
        1 => (0..most, 0..600_i64, 0..2_usize, 0..4_i64).prop_map(|(id, count, index, value)| Edit::SetRange(id, count, index, value)),
        1 => (0..most, 0..600_i64).prop_map(|(id, count)| Edit::DeleteRange(id, count)),
    ];
    prop::collection::vec(edit, 0..12)
}

/// Unique values are taken only where they are free, so that each state is valid.
fn apply(rows: &Rows, edits: &[Edit]) -> Rows {
    let mut rows = rows.clone();
    for edit in edits {
        match edit {
            Edit::Set(id, 2, value) => {
                let is_free = value.is_none() || rows.values().all(|cells| cells[2] != *value);
                if let Some(cells) = rows.get_mut(id).filter(|_| is_free) {
                    cells[2] = *value;
                }
            }
            Edit::Set(id, index, value) => {
                if let Some(cells) = rows.get_mut(id) {
                    cells[*index] = *value;
                }
            }
            Edit::Delete(id) => {
                rows.remove(id);
            }
            Edit::Insert(id, cells) => {
                rows.entry(*id).or_insert(*cells);
            }
            Edit::SetRange(id, count, index, value) => {
                rows.range_mut(*id..id + count).for_each(|(_, cells)| cells[*index] = Some(*value));
            }
            Edit::DeleteRange(id, count) => rows.retain(|key, _| !(*id..id + count).contains(key)),
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn m1_to_m6_a_merge_is_what_a_plain_merge_row_by_row_says(
        count in prop_oneof![0..20_i64, 0..3_000_i64],
        our_edits in edits(3_000),
        their_edits in edits(3_000),
        is_small in any::<bool>(),
    ) {
        let shrink = |edits: &[Edit]| -> Vec<Edit> {
            // In small tables all ids fall into a few rows, so that the sides meet.
            edits.iter().cloned().map(|edit| match edit {
                Edit::Set(id, index, value) if is_small => Edit::Set(id % 20, index, value),
                Edit::Delete(id) if is_small => Edit::Delete(id % 20),
                Edit::Insert(id, cells) if is_small => Edit::Insert(id % 30, cells),
                other => other,
            }).collect()
        };
        let base = base_rows(count);
        let (ours, theirs) = (apply(&base, &shrink(&our_edits)), apply(&base, &shrink(&their_edits)));
        let mut world = World::default();
        let (b, o, t) = (world.root(&base), world.root(&ours), world.root(&theirs));
        let (expected, open) = model(&base, &ours, &theirs);
        let ids: BTreeMap<Key, i64> = base.keys().chain(ours.keys()).chain(theirs.keys()).map(|id| (key(*id), *id)).collect();
        let outcome = world.plain(&b, &o, &t);
        let found: BTreeSet<(i64, Option<usize>)> = outcome.conflicts.iter().map(|conflict| place(conflict, &ids)).collect();
        prop_assert_eq!(&found, &open);
        prop_assert_eq!(found.len(), outcome.conflicts.len());
        if open.is_empty() {
            let broken = duplicates(&expected);
            let violations: BTreeSet<Vec<i64>> = outcome.violations.iter()
                .map(|violation| violation.rows.iter().map(|(key, _)| ids[key]).collect())
                .collect();
            prop_assert_eq!(&violations, &broken);
            // Rule T1: the tree is the one of a fresh build, whichever side's tree it was made from.
            let expected = broken.is_empty().then(|| world.root(&expected));
            prop_assert_eq!(outcome.root(), expected.as_ref());
        } else {
            prop_assert!(outcome.root().is_none());
        }
        // Symmetry.
        let other = world.plain(&b, &t, &o);
        prop_assert_eq!(outcome.root(), other.root());
        prop_assert_eq!(outcome.conflicts.iter().map(swapped).collect::<Vec<_>>(), other.conflicts);
        prop_assert_eq!(&outcome.violations, &other.violations);
        // Row by row and leaf by leaf are one merge.
        let options = Options { count_all: true, ..Options::default() };
        let counted = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &options, &Resolutions::default());
        prop_assert_eq!(outcome.root(), counted.root());
        let changed = |side: &Rows| -> BTreeSet<i64> {
            base.keys().chain(side.keys()).copied().filter(|id| base.get(id) != side.get(id)).collect()
        };
        if let Some(merged) = counted.merged.filter(|merged| merged.root.is_some() && b != o && b != t && o != t) {
            let (mine, other) = (changed(&ours), changed(&theirs));
            prop_assert_eq!(merged.stats.ours_rows + merged.stats.theirs_rows + 2 * merged.stats.merged_rows
                + 2 * mine.intersection(&other).filter(|id| !ours.contains_key(id) && !theirs.contains_key(id)).count() as u64,
                (mine.len() + other.len()) as u64);
        }
        // Everything decided: the side's cells where there was a conflict.
        for (choice, side) in [(Choice::Ours, &ours), (Choice::Theirs, &theirs)] {
            let mut expected = expected.clone();
            for (id, index) in &open {
                match (index, side.get(id)) {
                    (Some(index), Some(cells)) => {
                        if let Some(merged) = expected.get_mut(id) {
                            merged[*index] = cells[*index];
                        }
                    }
                    (None, Some(cells)) => {
                        expected.insert(*id, *cells);
                    }
                    (_, None) => {
                        expected.remove(id);
                    }
                }
            }
            if duplicates(&expected).is_empty() {
                let decided = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &Options::default(), &all(choice));
                prop_assert_eq!(decided.root().cloned(), Some(world.root(&expected)));
                prop_assert_eq!(decided.decided.len(), open.len());
            }
        }
        // Pages have the same conflicts in the same order.
        let mut listed = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let sides = Sides { base: &b, ours: &o, theirs: &t };
            let page = conflicts(&world.memory, sides, &Options::default(), &Resolutions::default(), after.as_ref(), 3)
                .expect("all chunks are there");
            listed.extend(page.conflicts.into_iter().map(|(conflict, _)| conflict));
            match page.next {
                Some(next) => {
                    prop_assert!(after.as_ref() != Some(&next));
                    after = Some(next);
                }
                None => break,
            }
        }
        prop_assert_eq!(listed, outcome.conflicts);
    }

    #[test]
    fn m1_identities(count in 0..1_500_i64, our_edits in edits(1_500)) {
        let base = base_rows(count);
        let ours = apply(&base, &our_edits);
        let mut world = World::default();
        let (b, o) = (world.root(&base), world.root(&ours));
        for (base, ours, theirs, expected) in [(&b, &o, &b, &o), (&b, &b, &o, &o), (&b, &o, &o, &o), (&o, &b, &b, &b)] {
            let outcome = world.plain(base, ours, theirs);
            prop_assert_eq!(outcome.root(), Some(expected));
            prop_assert!(outcome.conflicts.is_empty() && outcome.violations.is_empty());
        }
    }

    /// Where changes do not meet, the order in which branches are merged does not matter.
    #[test]
    fn merges_of_changes_that_do_not_meet_are_associative(
        edits in prop::collection::vec((0..1_000_i64, 0..3_usize, 0..9_i64), 1..40),
    ) {
        let base = base_rows(1_000);
        // Each branch has its own rows.
        let branch = |which: usize| {
            let mut rows = base.clone();
            for (id, _, value) in edits.iter().filter(|(id, ..)| usize::try_from(*id).is_ok_and(|id| id % 3 == which)) {
                rows.insert(*id, [Some(100 + value), None, None]);
            }
            rows
        };
        let mut world = World::default();
        let b = world.root(&base);
        let branches = [0, 1, 2].map(branch);
        let roots = branches.map(|rows| world.root(&rows));
        let mut ends = BTreeSet::new();
        for [x, y, z] in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let first = world.plain(&b, &roots[x], &roots[y]).root().cloned().expect("nothing meets");
            let second = world.plain(&b, &first, &roots[z]).root().cloned().expect("nothing meets");
            ends.insert(format!("{second:?}"));
        }
        prop_assert_eq!(ends.len(), 1);
    }
}

#[test]
fn a_missing_chunk_is_an_error_not_a_conflict() {
    let mut world = World::default();
    let base = world.root(&base_rows(2_000));
    let ours = world.root(&apply(&base_rows(2_000), &[Edit::SetRange(0, 2_000, 0, 9)]));
    let theirs = world.root(&apply(&base_rows(2_000), &[Edit::SetRange(0, 2_000, 1, 9)]));
    let lost = theirs.tables[&TABLE].tree.root.expect("it has rows");
    world.memory.chunks.remove(&lost);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    assert!(
        merge(&world.memory, &mut Nowhere, sides, &Options::default(), &Resolutions::default(), &mut |_| {}).is_err()
    );
}
