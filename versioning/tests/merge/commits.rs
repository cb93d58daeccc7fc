//! Merges with other bases: reverts, picks, restored rows, crossed branches (H4).

use versioning::{
    ColumnId, ObjectSource, Root,
    merge::{
        Base, Choice, Conflict, Found, Nowhere, Options, Resolutions, Scratch, Sides, cherry_pick, combine_bases,
        merge, restore_row, restore_table, revert,
    },
};

use crate::{
    common::Writes,
    world::{TABLE, World, all, key, small},
};

#[test]
fn h4_a_commit_is_reverted_on_top_of_later_ones() {
    let mut world = World::default();
    let parent = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let commit = small(&mut world, &[(1, [Some(2), None, None]), (3, [Some(3), None, None])]);
    let later =
        small(&mut world, &[(1, [Some(2), Some(4), None]), (3, [Some(3), None, None]), (4, [None, None, None])]);
    let sides = revert(&commit, &parent, &later);
    let merged = world.merge(sides, &Options::default(), &Resolutions::default()).root().cloned();
    let expected =
        small(&mut world, &[(1, [Some(1), Some(4), None]), (2, [Some(1), None, None]), (4, [None, None, None])]);
    assert_eq!(merged, Some(expected));
}

#[test]
fn h4_a_commit_is_picked_onto_another_branch() {
    let mut world = World::default();
    let parent = small(&mut world, &[(1, [Some(1), None, None])]);
    let commit = small(&mut world, &[(1, [Some(1), Some(5), None]), (2, [None, None, None])]);
    let onto = small(&mut world, &[(1, [Some(8), None, None])]);
    let merged = world.merge(cherry_pick(&commit, &parent, &onto), &Options::default(), &Resolutions::default());
    let expected = small(&mut world, &[(1, [Some(8), Some(5), None]), (2, [None, None, None])]);
    assert_eq!(merged.root(), Some(&expected));
}

#[test]
fn h4_a_row_and_a_table_are_restored() {
    let mut world = World::default();
    let old = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(2), None, None])]);
    let now = small(&mut world, &[(1, [Some(9), Some(9), None]), (3, [Some(3), None, None])]);
    let mut restore = |id: i64| {
        let mut writes = Writes(Vec::new());
        let root = restore_row(&world.memory, &mut writes, &now, &old, TABLE, &key(id)).expect("restored");
        world.memory.chunks.extend(writes.0);
        root
    };
    let (changed, deleted, added) = (restore(1), restore(2), restore(3));
    let three = (3, [Some(3), None, None]);
    assert_eq!(changed, small(&mut world, &[(1, [Some(1), None, None]), three]));
    assert_eq!(deleted, small(&mut world, &[(1, [Some(9), Some(9), None]), (2, [Some(2), None, None]), three]));
    assert_eq!(added, small(&mut world, &[(1, [Some(9), Some(9), None])]));
    assert_eq!(restore_table(&now, &old, TABLE).expect("restored"), old);
    assert_eq!(restore_table(&now, &Root::default(), TABLE).expect("restored"), Root::default());
    assert!(restore_table(&Root::default(), &Root::default(), TABLE).is_err());
}

#[test]
fn criss_cross_bases_that_disagree_know_nothing() {
    let mut world = World::default();
    let ancestor = small(&mut world, &[(1, [Some(0), Some(0), None]), (2, [Some(0), None, None])]);
    let one = small(&mut world, &[(1, [Some(1), Some(0), None]), (2, [Some(0), None, None])]);
    let two = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(0), None, None])]);
    let mut ours = small(&mut world, &[(1, [Some(1), Some(5), None]), (2, [Some(0), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(7), None, None])]);
    let source: &dyn ObjectSource = &world.memory;
    let scratch = Scratch::new(source);
    let Base { root, unknown } = combine_bases(&scratch, &ancestor, &[&one, &two]).expect("all chunks are there");
    assert_eq!(unknown.len(), 1);
    let options = Options { unknown, ..Options::default() };
    let run = |ours: &Root, theirs: &Root, resolutions: &Resolutions| {
        let mut found = Vec::new();
        let sides = Sides { base: &root, ours, theirs };
        let merged = merge(&scratch, &mut Nowhere, sides, &options, resolutions, &mut |it| {
            if let Found::Conflict(conflict, _) = it {
                found.push(conflict);
            }
        });
        (merged.expect("all chunks are there").root, found)
    };
    // They differ in what the bases disagree about: with one base alone it would have been taken from one side.
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let (merged, found) = run(ours, theirs, &Resolutions::default());
        assert!(merged.is_none());
        assert!(matches!(&found[..], [Conflict::Cell { base: None, column: ColumnId(2), .. }]), "{found:?}");
    }
    let (merged, _) = run(&ours, &theirs, &all(Choice::Theirs));
    assert_eq!(merged, Some(theirs.clone()));
    // They agree: nothing to ask.
    ours = small(&mut world, &[(1, [Some(2), Some(6), None]), (2, [Some(0), None, None])]);
    let scratch = Scratch::new(&world.memory);
    let base = combine_bases(&scratch, &ancestor, &[&one, &two]).expect("all chunks are there");
    let options = Options { unknown: base.unknown, ..Options::default() };
    let sides = Sides { base: &base.root, ours: &ours, theirs: &theirs };
    let merged = merge(&scratch, &mut Nowhere, sides, &options, &Resolutions::default(), &mut |it| panic!("{it:?}"));
    assert!(merged.expect("all chunks are there").root.is_some());
}
