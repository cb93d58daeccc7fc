//! Random operations and edits against a plain model (rules T1, T6, D1, D3).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioning::{
    Column, ColumnId, Key, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    check::Checker,
    evolve::{Operation, Property},
    value::Tags,
};

use crate::{
    common::{self, Memory, column, products},
    world::{CellChanges, TABLE, World, listed},
};

/// What is done to the table; numbers stand for columns, rows and values that are there when it comes to it.
#[derive(Clone, Debug)]
enum Step {
    Put { from: i64, count: i64, seed: usize },
    Remove { from: usize, count: usize },
    Add { ty: usize, fill: Option<usize>, position: usize },
    Rename { column: usize },
    Move { column: usize, position: usize },
    Drop { column: usize },
    Retype { column: usize, ty: usize },
    Require { column: usize, required: bool },
    Unique { column: usize },
    Minimum { column: usize, seed: usize },
    Key { columns: Vec<usize> },
}

fn step() -> impl Strategy<Value = Step> {
    let column = 0..8_usize;
    let ty = 0..Type::ALL.len();
    prop_oneof![
        4 => (0..1_500_i64, 1..300_i64, 0..5_usize).prop_map(|(from, count, seed)| Step::Put { from, count, seed }),
        2 => (0..1_300_usize, 1..300_usize).prop_map(|(from, count)| Step::Remove { from, count }),
        4 => (ty.clone(), prop::option::of(0..5_usize), column.clone())
            .prop_map(|(ty, fill, position)| Step::Add { ty, fill, position }),
        1 => column.clone().prop_map(|column| Step::Rename { column }),
        1 => (column.clone(), column.clone()).prop_map(|(column, position)| Step::Move { column, position }),
        2 => column.clone().prop_map(|column| Step::Drop { column }),
        6 => (column.clone(), ty).prop_map(|(column, ty)| Step::Retype { column, ty }),
        1 => (column.clone(), any::<bool>()).prop_map(|(column, required)| Step::Require { column, required }),
        1 => column.clone().prop_map(|column| Step::Unique { column }),
        1 => (column.clone(), 0..5_usize).prop_map(|(column, seed)| Step::Minimum { column, seed }),
        2 => prop::collection::vec(column, 1..3).prop_map(|columns| Step::Key { columns }),
    ]
}

/// One of few values of a type, chosen so that many can be converted.
fn value(column: &Column, seed: usize) -> Value {
    const TEXTS: [&str; 5] = ["1", "0", "07", "true", "2.5"];
    let text = TEXTS[seed % TEXTS.len()];
    match column.ty {
        Type::Text => Value::Text(text.into()),
        Type::Boolean => Value::Boolean(seed.is_multiple_of(2)),
        Type::Integer => Value::Integer([0, 1, 2, -7, i64::MAX][seed % 5]),
        Type::Date => Type::Date.parse(["2026-01-01", "1969-07-20"][seed % 2]).expect("a date"),
        Type::Timestamp => Type::Timestamp.parse(["2026-01-01", "2026-01-01T00:00:00.5Z"][seed % 2]).expect("a moment"),
        Type::Uuid => Value::Uuid(uuid::Uuid::from_u128(seed as u128)),
        Type::Choice => Value::Choice(column.options[seed % column.options.len()].clone()),
        Type::Tags => Tags::new(&["1", "true"][..=seed % 2]).map(Value::Tags).expect("a tag"),
        Type::Link => format!("{}", seed % 3).parse().map(Value::Link).expect("a key"),
        Type::File => {
            let hash = versioning::Hash::of(b"content");
            format!("{hash} 7 text/plain {seed}").parse().map(|file| Value::File(Box::new(file))).expect("a file")
        }
        ty => ty.parse(["1", "0", "2.5", "1e1", "3"][seed % 5]).or_else(|_| ty.parse("4")).expect("a number"),
    }
}

/// A value that tells rows apart, as far as the type can.
fn distinct(column: &Column, id: i64) -> Value {
    match column.ty {
        Type::Text | Type::Integer | Type::Decimal | Type::Float => column.ty.parse(&id.to_string()).expect("a number"),
        Type::Link => id.to_string().parse().map(Value::Link).expect("a key"),
        _ => value(column, id as usize),
    }
}

/// The plain model: rows as maps by column, in no order.
#[derive(Clone, Debug)]
struct Model {
    schema: Schema,
    rows: Vec<BTreeMap<ColumnId, Value>>,
}

impl Model {
    fn of<'r>(schema: &Schema, rows: impl Iterator<Item = &'r Row>) -> Self {
        let ids = || schema.columns.iter().map(|column| column.id);
        Self { schema: schema.clone(), rows: rows.map(|row| ids().zip(row.clone()).collect()).collect() }
    }

    fn row(&self, cells: &BTreeMap<ColumnId, Value>) -> Row {
        self.schema.columns.iter().map(|column| cells[&column.id].clone()).collect()
    }

    /// The rows by key; none if one has none or two have the same.
    fn entries(&self) -> Option<BTreeMap<Key, Row>> {
        let rows = self.rows.iter().map(|cells| self.row(cells));
        let entries: BTreeMap<Key, Row> =
            rows.map(|row| Some((Key::of_row(&self.schema, &row).ok()?, row))).collect::<Option<_>>()?;
        (entries.len() == self.rows.len()).then_some(entries)
    }

    fn is_valid(&self) -> bool {
        let rules = Checker::new(&self.schema);
        let rows_are_good = self.rows.iter().all(|cells| rules.check(&self.row(cells)).is_ok());
        let unique = self.schema.columns.iter().filter(|column| column.unique).all(|column| {
            let mut seen = BTreeSet::new();
            self.rows.iter().map(|cells| &cells[&column.id]).all(|value| value.is_null() || seen.insert(value))
        });
        self.schema.validate().is_ok() && rows_are_good && unique && self.entries().is_some()
    }

    /// Does the operation; none if it can't be done.
    fn apply(&self, operation: &Operation) -> Option<Self> {
        let mut next = self.clone();
        let columns = &mut next.schema.columns;
        let place = |id: &ColumnId| self.schema.position(*id);
        match operation {
            Operation::AddColumn { column, position, .. } => {
                columns.insert(position.unwrap_or(columns.len()).min(columns.len()), column.clone());
                next.rows.iter_mut().for_each(|cells| drop(cells.insert(column.id, column.fill.clone())));
            }
            Operation::RenameColumn { column, name, .. } => columns[place(column)?].name.clone_from(name),
            Operation::MoveColumn { column, position, .. } => {
                let column = columns.remove(place(column)?);
                columns.insert((*position).min(columns.len()), column);
            }
            Operation::DropColumn { column, .. } => {
                columns.remove(place(column)?);
                next.rows.iter_mut().for_each(|cells| drop(cells.remove(column)));
            }
            Operation::RetypeColumn { column, ty, options, target, .. } => {
                let new = &mut columns[place(column)?];
                (new.ty, new.options, new.target) = (*ty, options.clone(), *target);
                new.fill = Value::Null;
                new.minimum = new.minimum.cast(*ty).ok()?;
                for cells in &mut next.rows {
                    let cell = cells.get_mut(column)?;
                    *cell = cell.cast(*ty).ok()?;
                    if let Value::Link(link) = cell {
                        *cell = Value::Link(link.canonical(&target_schema()).ok()?);
                    }
                }
            }
            Operation::SetProperty { column, property, .. } => {
                let column = &mut columns[place(column)?];
                match property {
                    Property::Required(required) => column.required = *required,
                    Property::Unique(unique) => column.unique = *unique,
                    Property::Minimum(minimum) => column.minimum = minimum.clone(),
                    other => panic!("{other:?} is not among the steps"),
                }
            }
            Operation::SetPrimaryKey { columns, .. } => next.schema.primary_key.clone_from(columns),
            other => panic!("{other:?} is not among the steps"),
        }
        next.is_valid().then_some(next)
    }
}

fn target_schema() -> Schema {
    Schema {
        columns: vec![column(1, "id", Type::Integer)],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn configured(mut column: Column) -> Column {
    match column.ty {
        Type::Choice => column.options = ["1", "true", "07"].map(String::from).into(),
        Type::Link => column.target = Some(TableId(2)),
        _ => {}
    }
    column
}

fn operation(step: &Step, schema: &Schema, next_id: u64) -> Option<Operation> {
    let count = schema.columns.len();
    let column = |index: &usize| &schema.columns[index % count];
    let table = TABLE;
    Some(match step {
        Step::Put { .. } | Step::Remove { .. } => return None,
        Step::Add { ty, fill, position } => {
            let id = next_id.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let column = configured(common::column(id, &format!("added {next_id}"), Type::ALL[*ty]));
            let fill = fill.map_or(Value::Null, |seed| value(&column, seed));
            Operation::AddColumn { table, column: Column { fill, ..column }, position: Some(*position) }
        }
        Step::Rename { column: index } => {
            Operation::RenameColumn { table, column: column(index).id, name: format!("renamed {next_id}") }
        }
        Step::Move { column: index, position } => {
            Operation::MoveColumn { table, column: column(index).id, position: *position }
        }
        Step::Drop { column: index } => Operation::DropColumn { table, column: column(index).id },
        Step::Retype { column: index, ty } => {
            let new = configured(common::column(0, "", Type::ALL[*ty]));
            let (options, target) = (new.options, new.target);
            Operation::RetypeColumn { table, column: column(index).id, ty: new.ty, options, target }
        }
        Step::Require { column: index, required } => {
            let property = Property::Required(*required);
            Operation::SetProperty { table, column: column(index).id, property }
        }
        Step::Unique { column: index } => {
            Operation::SetProperty { table, column: column(index).id, property: Property::Unique(true) }
        }
        Step::Minimum { column: index, seed } => {
            let property = Property::Minimum(value(column(index), *seed));
            Operation::SetProperty { table, column: column(index).id, property }
        }
        Step::Key { columns } => {
            let columns = columns.iter().map(|index| column(index).id).collect();
            Operation::SetPrimaryKey { table, columns, generated: false }
        }
    })
}

/// Rows to put, of those that keep the rules of the schema.
fn puts(schema: &Schema, from: i64, count: i64, seed: usize) -> BTreeMap<Key, Row> {
    let rules = Checker::new(schema);
    let cell = |column: &Column, id: i64| {
        if schema.is_key(column.id) || column.unique {
            distinct(column, id)
        } else if (id + seed as i64) % 7 == 0 {
            Value::Null
        } else {
            // Long stretches of the fill, so that leaves lack the column.
            if id % 600 > 20 { column.fill.clone() } else { value(column, id as usize + seed) }
        }
    };
    (from..from + count)
        .map(|id| schema.columns.iter().map(|column| cell(column, id)).collect::<Row>())
        .filter(|row| rules.check(row).is_ok())
        .filter_map(|row| Some((Key::of_row(schema, &row).ok()?, row)))
        .collect()
}

/// The same from two maps.
fn expected(before: (&BTreeMap<Key, Row>, &Schema), after: (&BTreeMap<Key, Row>, &Schema)) -> CellChanges {
    let ids: BTreeSet<ColumnId> = before.1.columns.iter().chain(&after.1.columns).map(|column| column.id).collect();
    let cell = |row: &Row, schema: &Schema, other: &Schema, id: ColumnId| {
        let fill = || other.column(id).expect("a column of one of them").fill.clone();
        schema.position(id).map_or_else(fill, |position| row[position].clone())
    };
    let keys: BTreeSet<&Key> = before.0.keys().chain(after.0.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let (Some(old), Some(new)) = (before.0.get(key), after.0.get(key)) else {
                return Some((key.clone(), Vec::new()));
            };
            let changes: Vec<_> = ids
                .iter()
                .map(|id| (*id, cell(old, before.1, after.1, *id), cell(new, after.1, before.1, *id)))
                .filter(|(_, old, new)| !old.is_same(new))
                .collect();
            (!changes.is_empty()).then_some((key.clone(), changes))
        })
        .collect()
}

fn sorted(mut changes: CellChanges) -> CellChanges {
    changes.iter_mut().for_each(|(_, cells)| cells.sort());
    changes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn t1_t6_operations_and_edits_lead_to_the_tree_of_a_fresh_build(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let filled = Column { fill: Value::Text("1".into()), ..column(3, "text", Type::Text) };
        let columns = vec![filled, column(7, "id", Type::Integer), column(5, "number", Type::Decimal)];
        let schema = Schema { columns, ..products() };
        let initial = puts(&schema, 0, 1_300, 0);
        let mut model = Model::of(&schema, initial.values());
        let mut world = World::new(&schema, &initial);
        let target = target_schema();
        let target = TableEntry { name: "target".into(), schema: world.store(&target), tree: Tree::default() };
        world.root.tables.insert(TableId(2), target);
        for (number, step) in steps.into_iter().enumerate() {
            let (old, old_schema, old_tree) = (model.clone(), model.schema.clone(), world.entry().tree);
            if let Some(operation) = operation(&step, &model.schema, number as u64 + 20) {
                let expected = model.apply(&operation);
                let done = world.try_apply(&operation);
                prop_assert_eq!(done.is_ok(), expected.is_some(), "{:?}: {:?}", operation, done);
                let Some(expected) = expected else { continue };
                model = expected;
                // Which value leaves leave out is the engine's to choose.
                if let Operation::RetypeColumn { column, .. } = &operation {
                    let position = model.schema.position(*column).expect("the column is there");
                    model.schema.columns[position].fill = world.schema().columns[position].fill.clone();
                }
                prop_assert_eq!(&world.schema(), &model.schema);
                let rewrites = matches!(
                    operation,
                    Operation::DropColumn { .. } | Operation::RetypeColumn { .. } | Operation::SetPrimaryKey { .. }
                );
                prop_assert!(rewrites || world.nodes_written() == 0, "{:?}", operation);
            } else {
                let mut entries = model.entries().expect("keys");
                let edits: Vec<(Key, Option<Row>)> = match step {
                    Step::Put { from, count, seed } => {
                        puts(&model.schema, from, count, seed).into_iter().map(|(key, row)| (key, Some(row))).collect()
                    }
                    Step::Remove { from, count } => {
                        entries.keys().skip(from).take(count).map(|key| (key.clone(), None)).collect()
                    }
                    other => panic!("{other:?} is an operation"),
                };
                for (key, row) in &edits {
                    match row {
                        Some(row) => entries.insert(key.clone(), row.clone()),
                        None => entries.remove(key),
                    };
                }
                let edited = Model::of(&model.schema, entries.values());
                // Whether a column's values are unique is not for the tree to see.
                if !edited.is_valid() {
                    continue;
                }
                model = edited;
                let tree = world.memory.edit(&model.schema, old_tree, edits);
                world.root.tables.get_mut(&TABLE).expect("the table").tree = tree;
            }
            let entries = model.entries().expect("keys");
            let fresh = Memory::default().build(&model.schema, &entries);
            let (now, tree) = (&model.schema, world.entry().tree);
            prop_assert_eq!(tree, fresh);
            prop_assert_eq!(world.rows(), entries.clone().into_iter().collect::<Vec<_>>());
            if old_schema.primary_key == model.schema.primary_key {
                let before = old.entries().expect("keys");
                let changes = sorted(listed(&world, (old_tree, &old_schema), (tree, now)));
                prop_assert_eq!(&changes, &expected((&before, &old_schema), (&entries, now)));
                let mut inverse = changes;
                inverse.iter_mut().flat_map(|(_, cells)| cells).for_each(|(_, old, new)| std::mem::swap(old, new));
                prop_assert_eq!(sorted(listed(&world, (tree, now), (old_tree, &old_schema))), sorted(inverse));
            }
        }
    }
}
