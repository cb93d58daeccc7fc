//! Checks in merges: of the schema, and of the rows that both sides together make.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioning::{
    CheckId, Column, ColumnId, Key, ObjectSource, Root, Row, Schema, TableId, Type, Value,
    merge::{CheckProperty, Choice, Conflict, Fix, Options, Resolutions, RowCells, RowFix, Rule, Sides},
    schema::{Check, Severity},
};

use crate::{
    common::{column, entry},
    world::{TABLE, World, all},
};

/// id, a, b.
fn plain() -> Schema {
    Schema {
        columns: vec![column(4, "id", Type::Integer), column(2, "a", Type::Integer), column(3, "b", Type::Integer)],
        primary_key: vec![ColumnId(4)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn check(id: u64, name: &str, filter: &str, schema: &Schema) -> Check {
    let filter = Check::stored(filter, schema).expect("a filter of the schema");
    Check { id: CheckId(id), name: name.to_owned(), filter, severity: Severity::Error, message: String::new() }
}

fn with(checks: &[(u64, &str, &str)]) -> Schema {
    let mut schema = plain();
    schema.checks = checks.iter().map(|(id, name, filter)| check(*id, name, filter, &plain())).collect();
    schema
}

fn row(id: i64, a: i64, b: i64) -> (Key, Row) {
    entry(&plain(), [id, a, b].map(Value::Integer).to_vec())
}

fn state(world: &mut World, schema: &Schema, rows: &[(i64, i64, i64)]) -> Root {
    world.table(schema, &rows.iter().map(|(id, a, b)| row(*id, *a, *b)).collect())
}

fn merged_schema(world: &World, root: Option<&Root>) -> Schema {
    let source: &dyn ObjectSource = &world.memory;
    source.schema(root.expect("it merges").tables[&TABLE].schema).expect("the schema is there")
}

/// The checks of the merged schema: name, filter, severity.
fn checks(schemas: [&Schema; 3], resolutions: &Resolutions) -> Result<Vec<String>, Vec<Conflict>> {
    let mut world = World::default();
    let [base, ours, theirs] = schemas.map(|schema| world.table(schema, &BTreeMap::new()));
    let outcome = world.merge(Sides { base: &base, ours: &ours, theirs: &theirs }, &Options::default(), resolutions);
    if outcome.root().is_none() {
        return Err(outcome.conflicts);
    }
    let schema = merged_schema(&world, outcome.root());
    let told = |check: &Check| format!("{} {} {}", check.name, check.shown(&schema), check.severity.name());
    Ok(schema.checks.iter().map(told).collect())
}

fn both_ways(base: &Schema, ours: &Schema, theirs: &Schema) -> Result<Vec<String>, Vec<Conflict>> {
    let found = checks([base, ours, theirs], &Resolutions::default());
    let swapped = checks([base, theirs, ours], &Resolutions::default());
    match (&found, &swapped) {
        (Err(conflicts), Err(others)) => assert_eq!(conflicts.len(), others.len()),
        _ => assert_eq!(found, swapped, "merging is symmetric"),
    }
    found
}

#[test]
fn checks_merge_by_id() {
    let none = plain();
    let low = with(&[(1, "low", "a < 1")]);
    let both = with(&[(1, "low", "a < 1"), (2, "high", "a > 9")]);
    let high = with(&[(2, "high", "a > 9")]);
    assert_eq!(both_ways(&none, &low, &high), Ok(vec!["low a < 1 error".into(), "high a > 9 error".into()]));
    assert_eq!(both_ways(&low, &both, &none), Ok(vec!["high a > 9 error".into()]));
    assert_eq!(both_ways(&low, &none, &none), Ok(vec![]));
    // One side's filter, the other's name and severity.
    let filter = with(&[(1, "low", "a < 2")]);
    let mut words = with(&[(1, "too low", "a < 1")]);
    words.checks[0].severity = Severity::Warning;
    assert_eq!(both_ways(&low, &filter, &words), Ok(vec!["too low a < 2 warning".into()]));
}

#[test]
fn one_check_that_both_added_is_one() {
    let ours = with(&[(1, "low", "a < 1")]);
    let theirs = with(&[(9, "low", "a < 1")]);
    assert_eq!(both_ways(&plain(), &ours, &theirs), Ok(vec!["low a < 1 error".into()]));
    let other = with(&[(9, "low", "a < 2")]);
    let conflicts = both_ways(&plain(), &ours, &other).expect_err("two filters");
    match conflicts.as_slice() {
        [Conflict::Check { name, property: CheckProperty::Filter, base: None, ours, theirs, .. }] => {
            assert_eq!((name.as_str(), ours.as_deref(), theirs.as_deref()), ("low", Some("a < 1"), Some("a < 2")));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_that_would_have_one_name_are_told_apart() {
    let base = with(&[(1, "one", "a < 1"), (2, "two", "a > 9")]);
    let ours = with(&[(1, "same", "a < 1"), (2, "two", "a > 9")]);
    let theirs = with(&[(1, "one", "a < 1"), (2, "same", "a > 9")]);
    assert_eq!(both_ways(&base, &ours, &theirs), Ok(vec!["same a < 1 error".into(), "same (2) a > 9 error".into()]));
}

#[test]
fn what_both_changed_differently_is_a_conflict() {
    let base = with(&[(1, "low", "a < 1")]);
    let ours = with(&[(1, "low", "a < 2")]);
    let theirs = with(&[(1, "low", "a < 3")]);
    let conflicts = both_ways(&base, &ours, &theirs).expect_err("two filters");
    let expected = Conflict::Check {
        table: TABLE,
        check: CheckId(1),
        name: "low".into(),
        property: CheckProperty::Filter,
        base: Some("a < 1".into()),
        ours: Some("a < 2".into()),
        theirs: Some("a < 3".into()),
    };
    assert_eq!(conflicts, std::slice::from_ref(&expected));
    let decided = |choice: Choice| {
        let resolutions = Resolutions { conflicts: [(expected.id(), choice)].into(), ..Resolutions::default() };
        checks([&base, &ours, &theirs], &resolutions).ok()
    };
    let one = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(decided(Choice::Ours), one("low a < 2 error"));
    assert_eq!(decided(Choice::Theirs), one("low a < 3 error"));
    assert_eq!(decided(Choice::Base), one("low a < 1 error"));
    assert_eq!(decided(Choice::Value(Value::Text("b is null".into()))), one("low b is null error"));
    assert_eq!(decided(Choice::Value(Value::Text("c is null".into()))), None, "there is no such column");
    assert_eq!(decided(Choice::Combine), None);
}

#[test]
fn one_dropped_and_changed_is_a_conflict() {
    let base = with(&[(1, "low", "a < 1")]);
    let theirs = with(&[(1, "low", "a < 3")]);
    let conflicts = both_ways(&base, &plain(), &theirs).expect_err("dropped and changed");
    let [conflict @ Conflict::Check { property: CheckProperty::Whole, ours: None, .. }] = conflicts.as_slice() else {
        panic!("{conflicts:?}");
    };
    for (choice, expected) in [
        (Choice::Keep, vec!["low a < 3 error".to_owned()]),
        (Choice::Theirs, vec!["low a < 3 error".to_owned()]),
        (Choice::Delete, vec![]),
        (Choice::Ours, vec![]),
    ] {
        let resolutions = Resolutions { conflicts: [(conflict.id(), choice)].into(), ..Resolutions::default() };
        assert_eq!(checks([&base, &plain(), &theirs], &resolutions), Ok(expected));
    }
}

#[test]
fn a_check_follows_its_columns() {
    let base = plain();
    let mut renamed = plain();
    renamed.columns[1].name = "amount".into();
    let added = with(&[(1, "low", "a < 1")]);
    assert_eq!(both_ways(&base, &renamed, &added), Ok(vec!["low amount < 1 error".into()]));
    // A column that both added under one name is one, whatever its id.
    let with_new = |id: u64| {
        let mut schema = plain();
        schema.columns.push(Column::new(ColumnId(id), "new", Type::Integer));
        schema
    };
    let mut asked = with_new(30);
    asked.checks = vec![check(1, "gap", "new is null", &asked)];
    assert_eq!(both_ways(&base, &with_new(20), &asked), Ok(vec!["gap new is null error".into()]));
    // One that was dropped while the other side asked for it.
    let mut dropped = plain();
    dropped.columns.remove(1);
    let conflicts = both_ways(&base, &dropped, &added).expect_err("it is asked for");
    let [conflict @ Conflict::Column { edits: 0, .. }] = conflicts.as_slice() else { panic!("{conflicts:?}") };
    for (choice, expected) in [(Choice::Keep, vec!["low a < 1 error".to_owned()]), (Choice::Delete, vec![])] {
        let resolutions = Resolutions { conflicts: [(conflict.id(), choice)].into(), ..Resolutions::default() };
        assert_eq!(checks([&base, &dropped, &added], &resolutions), Ok(expected));
    }
}

#[test]
fn a_row_that_both_sides_make_is_a_violation_and_is_mended() {
    let schema = with(&[(1, "both", "a > 5 and b > 5")]);
    let mut world = World::default();
    let base = state(&mut world, &schema, &[(1, 0, 0), (2, 0, 0)]);
    let ours = state(&mut world, &schema, &[(1, 9, 0), (2, 7, 0)]);
    let theirs = state(&mut world, &schema, &[(1, 0, 9), (2, 0, 1)]);
    let outcome = world.plain(&base, &ours, &theirs);
    assert!(outcome.root().is_none());
    let [violation] = outcome.violations.as_slice() else { panic!("{:?}", outcome.violations) };
    assert_eq!(violation.rule, Rule::Check { check: CheckId(1) });
    assert_eq!(violation.message, "Row 1 meets the check “both”");
    let cells = RowCells::from([(ColumnId(2), Value::Integer(9)), (ColumnId(3), Value::Integer(9))]);
    assert_eq!(violation.rows, [(row(1, 0, 0).0, cells)]);
    let mended = |world: &mut World, b: i64| {
        let set = RowFix::Set([(ColumnId(3), Value::Integer(b))].into());
        let fix = Fix { rows: vec![(TABLE, row(1, 0, 0).0, set)] };
        let resolutions = Resolutions { violations: [(violation.id(), fix)].into(), ..Resolutions::default() };
        world.merge(Sides { base: &base, ours: &ours, theirs: &theirs }, &Options::default(), &resolutions)
    };
    let outcome = mended(&mut world, 3);
    let expected = state(&mut world, &schema, &[(1, 9, 3), (2, 7, 1)]);
    assert_eq!(outcome.root(), Some(&expected));
    let outcome = mended(&mut world, 8);
    assert_eq!(outcome.violations.len(), 1, "it meets the check again, with other cells");
}

#[test]
fn a_changed_primary_key_changes_nothing_about_checks() {
    let base_schema = plain();
    let mut rekeyed = plain();
    rekeyed.primary_key = vec![ColumnId(2)];
    let asked = with(&[(1, "high", "b > 5")]);
    let mut world = World::default();
    let base = state(&mut world, &base_schema, &[(1, 11, 0), (2, 12, 0)]);
    let by_a = |world: &mut World, rows: &[(i64, i64, i64)]| {
        let rows = rows.iter().map(|(id, a, b)| entry(&rekeyed, [*id, *a, *b].map(Value::Integer).to_vec()));
        let rows = rows.collect();
        world.table(&rekeyed, &rows)
    };
    let ours = by_a(&mut world, &[(1, 11, 7), (2, 12, 0)]);
    let theirs = state(&mut world, &asked, &[(1, 11, 0), (2, 12, 1)]);
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let outcome = world.plain(&base, ours, theirs);
        let told: Vec<&str> = outcome.violations.iter().map(|violation| violation.message.as_str()).collect();
        assert_eq!(told, ["Row 11 meets the check “high”"]);
    }
}

type Rows = BTreeMap<i64, (i64, i64)>;

const FILTER: &str = "a > 5 and b > 5";

fn is_met((a, b): (i64, i64)) -> bool {
    a > 5 && b > 5
}

fn rows(most: usize) -> impl Strategy<Value = Rows> {
    proptest::collection::btree_map(0..40_i64, (0..8_i64, 0..8_i64), 0..most)
}

/// What a side makes of the base: rows that meet the check are left out where the side has it.
fn side(base: &Rows, changed: &Rows, removed: &BTreeSet<i64>, has_check: bool) -> Rows {
    let mut rows = base.clone();
    rows.extend(changed.iter().map(|(id, row)| (*id, *row)));
    rows.retain(|id, row| !(removed.contains(id) || has_check && is_met(*row)));
    rows
}

/// The merged row; none where it is gone or in conflict.
fn merged_row(base: Option<(i64, i64)>, ours: Option<(i64, i64)>, theirs: Option<(i64, i64)>) -> Option<(i64, i64)> {
    let cell = |base: Option<i64>, ours: i64, theirs: i64| match base {
        _ if ours == theirs => Some(ours),
        Some(base) if base == ours => Some(theirs),
        Some(base) if base == theirs => Some(ours),
        _ => None,
    };
    match (base, ours, theirs) {
        (None, Some(row), None) | (None, None, Some(row)) => Some(row),
        (base, Some(ours), Some(theirs)) => {
            Some((cell(base.map(|base| base.0), ours.0, theirs.0)?, cell(base.map(|base| base.1), ours.1, theirs.1)?))
        }
        // Deleted on one side: gone, or in conflict.
        (Some(_), _, None) | (Some(_), None, _) | (None, None, None) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn m16_what_is_told_is_what_looking_at_all_merged_rows_tells(
        base in rows(40),
        changes in [rows(20), rows(20)],
        removed in [
            proptest::collection::btree_set(0..40_i64, 0..6),
            proptest::collection::btree_set(0..40_i64, 0..6),
        ],
        has_check in prop_oneof![Just([true, true, true]), Just([false, true, false]), Just([false, true, true])],
        more in prop_oneof![5 => Just(0), 1 => Just(1_500_i64)],
    ) {
        let mut base = base;
        base.extend((100..100 + more).map(|id| (id, (id % 8, 3))));
        base.retain(|_, row| !is_met(*row));
        let ours = side(&base, &changes[0], &removed[0], has_check[1]);
        let theirs = side(&base, &changes[1], &removed[1], has_check[2]);
        let mut world = World::default();
        let schema = |has: bool| if has { with(&[(1, "both", FILTER)]) } else { plain() };
        let built = |world: &mut World, rows: &Rows, has: bool| {
            let rows: Vec<(i64, i64, i64)> = rows.iter().map(|(id, (a, b))| (*id, *a, *b)).collect();
            state(world, &schema(has), &rows)
        };
        let states = [(&base, has_check[0]), (&ours, has_check[1]), (&theirs, has_check[2])]
            .map(|(rows, has)| built(&mut world, rows, has));
        let ids: BTreeSet<i64> = base.keys().chain(ours.keys()).chain(theirs.keys()).copied().collect();
        let at = |rows: &Rows, id: i64| rows.get(&id).copied();
        // Where one side alone changed the table, it is taken as it is, and keeps its own rules.
        let is_merged = states[0] != states[1] && states[0] != states[2] && states[1] != states[2];
        let expected: Vec<Key> = ids
            .iter()
            .filter(|_| is_merged)
            .filter(|id| merged_row(at(&base, **id), at(&ours, **id), at(&theirs, **id)).is_some_and(is_met))
            .map(|id| row(*id, 0, 0).0)
            .collect();
        let [base, ours, theirs] = &states;
        let told = |world: &mut World, ours: &Root, theirs: &Root| -> Vec<Key> {
            let outcome = world.plain(base, ours, theirs);
            outcome.violations.iter().map(|violation| violation.rows[0].0.clone()).collect()
        };
        prop_assert_eq!(told(&mut world, ours, theirs), expected.clone());
        prop_assert_eq!(told(&mut world, theirs, ours), expected.clone(), "merging is symmetric");
        // Deleting what is told, and deciding the rest somehow, leaves no row that meets the check.
        let sides = Sides { base, ours, theirs };
        let mut resolutions = all(Choice::Ours);
        resolutions.rules.extend(all(Choice::Keep).rules);
        for _ in 0..4 {
            let outcome = world.merge(sides, &Options::default(), &resolutions);
            for violation in &outcome.violations {
                let fix = Fix { rows: vec![(TableId(1), violation.rows[0].0.clone(), RowFix::Delete)] };
                resolutions.violations.insert(violation.id(), fix);
            }
        }
        let outcome = world.merge(sides, &Options::default(), &resolutions);
        let root = outcome.root().cloned();
        prop_assert!(root.is_some(), "all is decided: {:?}", outcome.violations);
        let root = root.expect("it is there");
        let merged = merged_schema(&world, Some(&root));
        if is_merged || states[0] == states[2] {
            for (_, cells) in world.memory.all(&merged, root.tables[&TABLE].tree) {
                let [Value::Integer(_), Value::Integer(a), Value::Integer(b)] = cells[..] else { panic!("{cells:?}") };
                prop_assert!(merged.checks.is_empty() || !is_met((a, b)), "{a} {b}");
            }
        }
    }
}
