//! Rules M7 to M16 for any changes of columns and rows.

use std::collections::BTreeSet;

use proptest::prelude::*;
use versioning::{
    ColumnId, Key, ObjectSource, Row, Schema, Type, Value,
    merge::{Choice, Options, Resolutions, Sides},
};

use crate::{
    common::column,
    world::{TABLE, World, all},
};

/// A change of the table's columns or of one row.
#[derive(Clone, Debug)]
enum Step {
    Rename(usize, &'static str),
    Drop(usize),
    Add(u64, &'static str, Option<i64>, Option<i64>),
    Cast(usize, Type),
    Move(usize, usize),
    Required(usize, bool),
    Unique(usize, bool),
    Rekey(usize),
    SetRow(usize, usize, i64),
    DeleteRow(usize),
    InsertRow(i64, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || prop::sample::select(vec!["a", "b", "n", "m"]);
    let ty = prop::sample::select(vec![Type::Text, Type::Integer, Type::Decimal]);
    let step = prop_oneof![
        1 => (0..5_usize, name()).prop_map(|(at, name)| Step::Rename(at, name)),
        1 => (0..5_usize).prop_map(Step::Drop),
        1 => (20..24_u64, name(), prop::option::of(0..3_i64), prop::option::of(0..3_i64))
            .prop_map(|(id, name, fill, default)| Step::Add(id, name, fill, default)),
        1 => (0..5_usize, ty).prop_map(|(at, ty)| Step::Cast(at, ty)),
        1 => (0..5_usize, 0..5_usize).prop_map(|(from, to)| Step::Move(from, to)),
        1 => (0..5_usize, any::<bool>()).prop_map(|(at, required)| Step::Required(at, required)),
        1 => (0..5_usize, any::<bool>()).prop_map(|(at, unique)| Step::Unique(at, unique)),
        1 => (0..5_usize).prop_map(Step::Rekey),
        4 => (0..30_usize, 0..5_usize, 0..9_i64).prop_map(|(row, at, value)| Step::SetRow(row, at, value)),
        2 => (0..30_usize).prop_map(Step::DeleteRow),
        2 => (0..40_i64, 0..9_i64).prop_map(|(id, value)| Step::InsertRow(id, value)),
    ];
    prop::collection::vec(step, 0..10)
}

fn number(ty: Type, value: i64) -> Value {
    Value::Integer(value).cast(ty).expect("a small number is a value of all these types")
}

/// Applies steps that leave the table valid; `side` keeps the ids of new columns apart.
fn evolve(schema: &Schema, rows: &[Row], steps: &[Step], side: u64) -> (Schema, Vec<Row>) {
    let (mut schema, mut rows) = (schema.clone(), rows.to_vec());
    for step in steps {
        let (mut new, mut changed) = (schema.clone(), rows.clone());
        let count = schema.columns.len();
        match step {
            Step::Rename(at, name) => new.columns[at % count].name = (*name).to_owned(),
            Step::Drop(at) => {
                new.columns.remove(at % count);
                changed.iter_mut().for_each(|row| drop(row.remove(at % count)));
            }
            Step::Add(id, name, fill, default) => {
                let mut column = column(id * 2 + side, name, Type::Integer);
                column.fill = fill.map_or(Value::Null, Value::Integer);
                column.default = default.map_or(Value::Null, Value::Integer);
                changed.iter_mut().for_each(|row| row.push(column.fill.clone()));
                new.columns.push(column);
            }
            Step::Cast(at, ty) => {
                let at = at % count;
                let column = &mut new.columns[at];
                let cells = changed.iter_mut().map(|row| &mut row[at]);
                for value in cells.chain([&mut column.fill, &mut column.default]) {
                    *value = value.cast(*ty).unwrap_or_default();
                }
                column.ty = *ty;
            }
            Step::Move(from, to) => {
                let column = new.columns.remove(from % count);
                new.columns.insert(to % count, column);
                for row in &mut changed {
                    let cell = row.remove(from % count);
                    row.insert(to % count, cell);
                }
            }
            Step::Required(at, required) => new.columns[at % count].required = *required,
            Step::Unique(at, unique) => new.columns[at % count].unique = *unique,
            Step::Rekey(at) => new.primary_key = vec![schema.columns[at % count].id],
            Step::SetRow(row, at, value) => {
                if let Some(row) = changed.get_mut(*row) {
                    row[at % count] = number(schema.columns[at % count].ty, *value);
                }
            }
            Step::DeleteRow(row) => {
                if *row < changed.len() {
                    changed.remove(*row);
                }
            }
            Step::InsertRow(id, value) => {
                let cell = |(index, column): (usize, &versioning::Column)| {
                    number(column.ty, if index == 0 { *id } else { *value })
                };
                changed.push(schema.columns.iter().enumerate().map(cell).collect());
            }
        }
        if is_valid(&new, &changed) {
            (schema, rows) = (new, changed);
        }
    }
    (schema, rows)
}

fn is_valid(schema: &Schema, rows: &[Row]) -> bool {
    if schema.validate().is_err() || rows.iter().any(|row| schema.check(row).is_err()) {
        return false;
    }
    let keys: BTreeSet<Key> = rows.iter().filter_map(|row| Key::of_row(schema, row).ok()).collect();
    let is_unique = |at: usize| {
        let values: Vec<&Value> = rows.iter().map(|row| &row[at]).filter(|value| !value.is_null()).collect();
        values.iter().collect::<std::collections::HashSet<_>>().len() == values.len()
    };
    keys.len() == rows.len() && schema.columns.iter().enumerate().all(|(at, column)| !column.unique || is_unique(at))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Rules M7 to M16 for any changes of columns and rows: sides are alike, what comes out is valid and canonical.
    #[test]
    fn m7_to_m16_any_changes_of_columns_and_rows_merge_the_same_from_both_sides(
        our_steps in steps(),
        their_steps in steps(),
    ) {
        let start = Schema {
            columns: vec![
                column(10, "id", Type::Integer),
                column(12, "a", Type::Integer),
                column(11, "b", Type::Text),
            ],
            primary_key: vec![ColumnId(10)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        };
        let rows: Vec<Row> = (0..24_i64).map(|id| vec![Value::Integer(id), Value::Integer(id % 5), Value::Text(id.to_string())]).collect();
        let (our_schema, our_rows) = evolve(&start, &rows, &our_steps, 0);
        let (their_schema, their_rows) = evolve(&start, &rows, &their_steps, 1);
        let mut world = World::default();
        let mut root = |schema: &Schema, rows: &[Row]| {
            let rows = rows.iter().map(|row| (Key::of_row(schema, row).expect("a key"), row.clone())).collect();
            world.table(schema, &rows)
        };
        let (b, o, t) = (root(&start, &rows), root(&our_schema, &our_rows), root(&their_schema, &their_rows));
        for (mine, other) in [(None, None), (Some(Choice::Ours), Some(Choice::Theirs)), (Some(Choice::Theirs), Some(Choice::Ours))] {
            let resolutions = |choice: Option<Choice>| choice.map_or_else(Resolutions::default, all);
            let one = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &Options::default(), &resolutions(mine));
            let two = world.merge(Sides { base: &b, ours: &t, theirs: &o }, &Options::default(), &resolutions(other));
            prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
            prop_assert_eq!(one.decided.len(), two.decided.len());
            prop_assert_eq!(one.violations.len(), two.violations.len());
            prop_assert_eq!(one.root(), two.root());
            let Some(root) = one.root() else {
                prop_assert!(!one.conflicts.is_empty() || !one.violations.is_empty());
                continue;
            };
            let Some(entry) = root.tables.get(&TABLE) else { continue };
            let source: &dyn ObjectSource = &world.memory;
            let schema = source.schema(entry.schema).expect("a schema");
            let merged = world.memory.all(&schema, entry.tree);
            let plain: Vec<Row> = merged.iter().map(|(_, row)| row.clone()).collect();
            prop_assert!(is_valid(&schema, &plain), "{:?} {:?}", schema, plain);
            let fresh = world.memory.build(&schema, &merged.into_iter().collect());
            prop_assert_eq!(fresh, entry.tree);
        }
    }
}
