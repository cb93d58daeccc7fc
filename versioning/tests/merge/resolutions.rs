//! Conflicts, violations and decisions as data (M17).

use versioning::{
    ColumnId, Value,
    merge::{Choice, Conflict, ConflictKind, Options, Resolutions, Rule, Scope, ScopeRule, Side, Sides, Violation},
};

use crate::world::{TABLE, World, all, small};

#[test]
fn m17_an_id_stays_as_long_as_what_it_speaks_of() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), Some(1), None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), Some(1), None]), (2, [Some(1), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(3), Some(1), None]), (2, [Some(1), None, None])]);
    let first = world.plain(&base, &ours, &theirs).conflicts;
    let resolutions = Resolutions { conflicts: [(first[0].id(), Choice::Theirs)].into(), ..Resolutions::default() };
    // Other cells of the row and other rows change on both sides: the decision still holds.
    let ours_later = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(7), None, None])]);
    let theirs_later = small(&mut world, &[(1, [Some(3), Some(1), None]), (3, [None, None, None])]);
    let sides = Sides { base: &base, ours: &ours_later, theirs: &theirs };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(3), Some(5), None]), (2, [Some(7), None, None])])));
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs_later };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(3), Some(1), None]), (3, [None, None, None])])));
    // The cell itself changes again: the decision does not speak of it.
    let theirs_again = small(&mut world, &[(1, [Some(4), Some(1), None]), (2, [Some(1), None, None])]);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs_again };
    let outcome = world.merge(sides, &Options::default(), &resolutions);
    assert_eq!(outcome.conflicts.len(), 1);
    assert_ne!(outcome.conflicts[0].id(), first[0].id());
    // With the sides swapped it is another question: "theirs" would mean the other value.
    assert_ne!(world.plain(&base, &theirs, &ours).conflicts[0].id(), first[0].id());
}

#[test]
fn m17_an_id_beats_every_rule() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), None, None]), (2, [Some(2), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(3), None, None]), (2, [Some(3), None, None])]);
    let conflicts = world.plain(&base, &ours, &theirs).conflicts;
    let scope = Scope { table: Some(TABLE), column: Some(ColumnId(2)), kind: Some(conflicts[0].kind()) };
    let resolutions = Resolutions {
        conflicts: [(conflicts[1].id(), Choice::Value(Value::Integer(9)))].into(),
        rules: vec![ScopeRule { scope, choice: Choice::Ours }],
        ..Resolutions::default()
    };
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(2), None, None]), (2, [Some(9), None, None])])));
}

#[test]
fn m17_conflicts_violations_and_resolutions_are_data() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), None, Some(7)])]);
    let theirs =
        small(&mut world, &[(1, [Some(3), None, None]), (2, [Some(5), None, None]), (3, [None, None, Some(7)])]);
    let outcome = world.plain(&base, &ours, &theirs);
    assert_eq!((outcome.conflicts.len(), outcome.violations.len()), (2, 1));
    for conflict in &outcome.conflicts {
        let json = serde_json::to_string(conflict).expect("json");
        let back: Conflict = serde_json::from_str(&json).expect("the same");
        assert_eq!((&back, back.id()), (conflict, conflict.id()));
    }
    let json = serde_json::to_string(&outcome.violations[0]).expect("json");
    let back: Violation = serde_json::from_str(&json).expect("the same");
    assert_eq!(back.id(), outcome.violations[0].id());
    assert!(matches!(back.rule, Rule::Unique { column: ColumnId(1) }));
    assert!(matches!(&outcome.conflicts[1], Conflict::Row { deleted_by: Side::Ours, .. }));
    let resolutions = all(Choice::Value(Value::Integer(1)));
    let json = serde_json::to_string(&resolutions).expect("json");
    assert_eq!(serde_json::from_str::<Resolutions>(&json).expect("the same"), resolutions);
}

#[test]
fn m9_m11_what_has_no_place_can_be_left_out_while_all_else_is_kept() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), Some(1), None]), (2, [Some(2), None, None])]);
    // Ours: “a” is gone, “b” holds numbers. The texts of the rows would not fit.
    let mut schema = crate::world::schema();
    schema.columns.retain(|column| column.name != "a");
    schema.columns[1].ty = versioning::Type::Integer;
    let row = |id: i64, b: Option<i64>| {
        let number = |value: Option<i64>| value.map_or(Value::Null, Value::Integer);
        crate::common::entry(&schema, vec![Value::Integer(id), number(b), Value::Null])
    };
    let ours = world.table(&schema, &[row(1, Some(11)), row(2, None)].into());
    let theirs = small(
        &mut world,
        &[(1, [Some(5), Some(5), Some(50)]), (2, [Some(2), None, Some(20)]), (3, [Some(3), Some(3), Some(30)])],
    );
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let open = world.merge(sides, &Options::default(), &Resolutions::default());
    let kinds: Vec<ConflictKind> = open.conflicts.iter().map(Conflict::kind).collect();
    assert_eq!(kinds, [ConflictKind::Column, ConflictKind::Cell, ConflictKind::Cell]);
    assert!(matches!(open.conflicts[0], Conflict::Column { dropped_by: Side::Ours, edits: 2, .. }));

    // Of the choices for cells, the last that can be followed counts.
    let rule = |kind, choice| ScopeRule { scope: Scope { kind: Some(kind), ..Scope::default() }, choice };
    let rules = vec![
        rule(ConflictKind::Column, Choice::Delete),
        rule(ConflictKind::Cell, Choice::Base),
        rule(ConflictKind::Cell, Choice::Ours),
        rule(ConflictKind::Cell, Choice::Theirs),
    ];
    let merged = world.merge(sides, &Options::default(), &Resolutions { rules, ..Resolutions::default() });
    let with = |id: i64, b: Option<i64>, c: i64| {
        let (key, mut row) = row(id, b);
        row[2] = Value::Integer(c);
        (key, row)
    };
    let expected = world.table(&schema, &[with(1, Some(11), 50), with(2, None, 20), with(3, None, 30)].into());
    assert_eq!(merged.root(), Some(&expected));
}
