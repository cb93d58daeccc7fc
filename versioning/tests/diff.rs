//! Rules D1 to D4: a diff is right, it can be inverted and paged, and it costs what differs.

mod common;

use std::collections::BTreeMap;

use common::{Memory, column, entry, product, products, rows};
use proptest::prelude::*;
use versioning::{
    ColumnId, Key, Row, Schema, Tree, Type, Value,
    diff::{Counts, Diff, RowDelta, cell_changes, schema_changes},
};

fn diff(memory: &Memory, schema: &Schema, before: Tree, after: Tree, from: Option<&Key>) -> Vec<RowDelta> {
    Diff::new(memory, (before, schema), (after, schema), from)
        .expect("all chunks are there")
        .collect::<Result<_, _>>()
        .expect("all chunks are there")
}

fn model_diff(before: &BTreeMap<Key, Row>, after: &BTreeMap<Key, Row>) -> Vec<RowDelta> {
    let keys: std::collections::BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| RowDelta { key: key.clone(), before: before.get(key).cloned(), after: after.get(key).cloned() })
        .collect()
}

#[test]
fn equal_trees_differ_in_nothing_and_nothing_is_read() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..10_000));
    memory.reads();
    assert_eq!(diff(&memory, &schema, tree, tree, None), []);
    assert_eq!(memory.reads(), 0);
}

#[test]
fn d2_the_cost_follows_the_changes_not_the_table() {
    let schema = products();
    let mut cost = Vec::new();
    for count in [1_000, 1_000_000] {
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &rows(&schema, 0..count));
        let (key, row) = entry(&schema, product(count / 2, "changed", 1));
        let edited = memory.edit(&schema, tree, vec![(key, Some(row))]);
        memory.reads();
        assert_eq!(diff(&memory, &schema, tree, edited, None).len(), 1);
        cost.push(memory.reads());
    }
    assert!(cost[1] <= 2 * cost[0], "reads in 1,000 and in 1,000,000 rows: {cost:?}");
}

#[test]
fn an_inserted_row_costs_a_few_nodes_although_boundaries_move() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, (0..200_000).map(|n| n * 2)));
    let mut worst = 0;
    for n in 0..200_i64 {
        let (key, row) = entry(&schema, product(n * 1_999 * 2 / 2 * 2 + 1, "new", 1));
        let edited = memory.edit(&schema, tree, vec![(key, Some(row))]);
        memory.reads();
        assert_eq!(diff(&memory, &schema, tree, edited, None).len(), 1);
        worst = worst.max(memory.reads());
    }
    assert!(worst < 120, "{worst} reads");
}

#[test]
fn d4_the_first_changes_come_at_once_and_any_page_can_be_asked_for() {
    let schema = products();
    let mut memory = Memory::default();
    let before = memory.build(&schema, &rows(&schema, 0..100_000));
    let changed: BTreeMap<Key, Row> =
        (0..100_000).map(|id| entry(&schema, product(id, "all changed", id % 500))).collect();
    let after = memory.build(&schema, &changed);
    memory.reads();
    let mut first = Diff::new(&memory, (before, &schema), (after, &schema), None).expect("all chunks are there");
    assert_eq!(first.by_ref().take(100).count(), 100);
    assert!(memory.reads() < 16);
    let (key, _) = entry(&schema, product(70_000, "", 0));
    let page = Diff::new(&memory, (before, &schema), (after, &schema), Some(&key)).expect("all chunks are there");
    let page: Vec<RowDelta> = page.take(2).collect::<Result<_, _>>().expect("all chunks are there");
    assert_eq!(page[0].after.as_ref().map(|row| row[0].clone()), Some(Value::Integer(70_001)));
    assert!(memory.reads() < 16);
}

#[test]
fn a_lost_node_ends_the_diff_with_an_error() {
    let schema = products();
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows(&schema, 0..5_000));
    memory.chunks.remove(&tree.root.expect("rows"));
    let mut diff = Diff::new(&memory, (Tree::default(), &schema), (tree, &schema), None).expect("nothing is read yet");
    assert!(diff.next().expect("a step").is_err());
    assert!(diff.next().is_none());
}

/// A summary of listed changes.
fn counted(before: &Schema, after: &Schema, deltas: &[RowDelta]) -> Counts {
    let mut counts = Counts::default();
    for delta in deltas {
        match (&delta.before, &delta.after) {
            (Some(old), Some(new)) => {
                counts.changed += 1;
                for change in cell_changes(before, old, after, new) {
                    *counts.cells.entry(change.column).or_default() += 1;
                }
            }
            (Some(_), None) => counts.removed += 1,
            (None, _) => counts.added += 1,
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Rule D3, against a plain model.
    #[test]
    fn d3_a_diff_is_what_a_plain_comparison_says_and_applies(
        count in 0..3_000_i64,
        edits in prop::collection::btree_map(0..4_000_i64, prop::option::of(0..100_i64), 0..40),
        range in prop::option::of((0..3_000_i64, 0..1_500_i64)),
    ) {
        let schema = products();
        let mut memory = Memory::default();
        let before_rows = rows(&schema, 0..count);
        let mut after_rows = before_rows.clone();
        for (id, cents) in edits {
            let (key, row) = entry(&schema, product(id, "edited", cents.unwrap_or(0)));
            match cents {
                Some(_) => after_rows.insert(key, row),
                None => after_rows.remove(&key),
            };
        }
        if let Some((start, length)) = range {
            after_rows.retain(|_, row| !matches!(row[0], Value::Integer(id) if (start..start + length).contains(&id)));
        }
        let (before, after) = (memory.build(&schema, &before_rows), memory.build(&schema, &after_rows));
        let forward = diff(&memory, &schema, before, after, None);
        prop_assert_eq!(&forward, &model_diff(&before_rows, &after_rows));
        let backward = diff(&memory, &schema, after, before, None);
        prop_assert_eq!(&backward, &model_diff(&after_rows, &before_rows));
        let swapped = |delta: &RowDelta| RowDelta {
            key: delta.key.clone(),
            before: delta.after.clone(),
            after: delta.before.clone(),
        };
        prop_assert_eq!(&backward, &forward.iter().map(swapped).collect::<Vec<_>>());
        prop_assert_eq!(diff(&memory, &schema, after, after, None), []);
        // Rule D5: a summary counts what the diff lists.
        let counts = Diff::new(&memory, (before, &schema), (after, &schema), None).expect("the roots are there").counts();
        prop_assert_eq!(counts.expect("all chunks are there"), counted(&schema, &schema, &forward));
        let edits = forward.iter().map(|delta| (delta.key.clone(), delta.after.clone())).collect();
        prop_assert_eq!(memory.edit(&schema, before, edits), after);
        if let Some(middle) = forward.get(forward.len() / 2) {
            let rest = diff(&memory, &schema, before, after, Some(&middle.key));
            prop_assert_eq!(&rest[..], &forward[forward.len() / 2 + 1..]);
        }
    }
}

#[test]
fn d5_a_summary_counts_without_making_rows_and_under_two_schemas() {
    let old = products();
    let mut memory = Memory::default();
    let all = rows(&old, 0..60_000);
    let before = memory.build(&old, &all);
    let edits = (0..500).map(|n| entry(&old, product(n * 120, "changed", 840 * n % 10_000)));
    let changed: BTreeMap<Key, Option<Row>> = edits.map(|(key, row)| (key, Some(row))).collect();
    let (gone, _) = entry(&old, product(7, "", 0));
    let (new_key, new_row) = entry(&old, product(90_000, "new", 1));
    let edits: BTreeMap<_, _> = changed.into_iter().chain([(gone, None), (new_key, Some(new_row))]).collect();
    let after = memory.edit(&old, before, edits.into_iter().collect());
    let counts = |after: (Tree, &Schema)| {
        let diff = Diff::new(&memory, (before, &old), after, None).expect("the roots are there");
        diff.counts().expect("all chunks are there")
    };
    let expected = Counts { added: 1, removed: 1, changed: 500, cells: [(ColumnId(3), 500)].into() };
    assert_eq!(counts((after, &old)), expected);
    assert_eq!(counts((before, &old)), Counts::default());
    // Renamed and filled columns change no row.
    let mut new = old.clone();
    new.columns[1].name = "title".into();
    new.columns.push(column(9, "stock", Type::Integer));
    assert_eq!(counts((after, &new)), expected);
}

#[test]
fn rows_are_compared_by_column_where_the_schema_changed() {
    let old = products();
    let mut new = old.clone();
    new.columns.swap(1, 2);
    new.columns.push(column(9, "stock", Type::Integer));
    let mut memory = Memory::default();
    let before = memory.build(&old, &rows(&old, 0..600));
    // The same rows under the new schema are the same chunks: an empty column takes no place.
    let carried: BTreeMap<Key, Row> = rows(&old, 0..600)
        .into_iter()
        .map(|(key, row)| (key, vec![row[0].clone(), row[2].clone(), row[1].clone(), Value::Null]))
        .collect();
    let after = memory.build(&new, &carried);
    assert_eq!(before, after);
    let (key, mut row) = carried.into_iter().next().expect("rows");
    row[3] = Value::Integer(12);
    let after = memory.edit(&new, after, vec![(key, Some(row))]);
    let deltas: Vec<RowDelta> = Diff::new(&memory, (before, &old), (after, &new), None)
        .expect("all chunks are there")
        .collect::<Result<_, _>>()
        .expect("all chunks are there");
    let [RowDelta { before: Some(a), after: Some(b), .. }] = deltas.as_slice() else { panic!("{deltas:?}") };
    let cells: Vec<ColumnId> = cell_changes(&old, a, &new, b).map(|change| change.column).collect();
    assert_eq!(cells, [ColumnId(9)]);
}

#[test]
fn d1_schema_changes_are_listed() {
    let old = products();
    let mut new = old.clone();
    new.columns[1].name = "title".into();
    new.columns[2].ty = Type::Float;
    new.columns[2].required = true;
    new.columns.insert(0, column(11, "code", Type::Text));
    new.primary_key = vec![ColumnId(11)];
    new.columns.remove(1);
    insta::assert_debug_snapshot!(schema_changes(&old, &new), @r#"
    [
        ColumnRemoved(
            Column {
                id: 7,
                name: "id",
                ty: Integer,
                required: false,
                unique: false,
                fill: Null,
                default: Null,
                minimum: Null,
                maximum: Null,
                pattern: "",
                options: [],
                target: None,
                description: "",
            },
        ),
        ColumnAdded(
            Column {
                id: b,
                name: "code",
                ty: Text,
                required: false,
                unique: false,
                fill: Null,
                default: Null,
                minimum: Null,
                maximum: Null,
                pattern: "",
                options: [],
                target: None,
                description: "",
            },
        ),
        ColumnRenamed {
            id: 3,
            before: "name",
            after: "title",
        },
        TypeChanged {
            column: "price",
            before: Decimal,
            after: Float,
        },
        RequiredChanged {
            column: "price",
            required: true,
        },
        PrimaryKeyChanged {
            before: [
                "id",
            ],
            after: [
                "code",
            ],
        },
    ]
    "#);
}
