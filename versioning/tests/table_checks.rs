//! Checks of tables: how they are kept, what stands against them, and what a change brings to meet them.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Memory, Writes, entry, product, products};
use proptest::prelude::*;
use versioning::{
    CheckId, ChunkSink, ColumnId, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Type,
    diff::{SchemaChange, schema_changes},
    evolve::{Operation, Property, apply},
    rules::{breaches, warnings},
    schema::{Check, CheckError, Severity},
};

const TABLE: TableId = TableId(1);

fn check(id: u64, name: &str, filter: &str, severity: Severity, schema: &Schema) -> Check {
    let filter = Check::stored(filter, schema).expect("a filter of the schema");
    Check { id: CheckId(id), name: name.to_owned(), filter, severity, message: String::new() }
}

struct World {
    memory: Memory,
    root: Root,
}

impl World {
    fn new(rows: &[Row]) -> Self {
        let (schema, mut memory) = (products(), Memory::default());
        let tree = memory.build(&schema, &rows.iter().map(|row| entry(&schema, row.clone())).collect());
        let hash = Object::Schema(schema).store(&mut memory).expect("memory takes all");
        let entry = TableEntry { name: "products".into(), schema: hash, tree };
        Self { memory, root: Root { tables: [(TABLE, entry)].into() } }
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        let mut writes = Writes(Vec::new());
        let applied = apply(&self.memory, &mut writes, &self.root, operation).map_err(|error| error.to_string());
        for (hash, bytes) in writes.0 {
            self.memory.put(hash, bytes).expect("memory takes all");
        }
        self.root = applied?;
        Ok(())
    }

    fn set(&mut self, check: Check) -> Result<(), String> {
        self.apply(&Operation::SetCheck { table: TABLE, check })
    }

    fn schema(&self) -> Schema {
        let source: &dyn ObjectSource = &self.memory;
        source.schema(self.root.tables[&TABLE].schema).expect("the schema is there")
    }

    /// The state with other rows.
    fn with(&mut self, rows: &BTreeMap<Key, Row>) -> Root {
        let tree = self.memory.build(&self.schema(), rows);
        let mut root = self.root.clone();
        root.tables.get_mut(&TABLE).expect("the table").tree = tree;
        root
    }
}

#[test]
fn a_table_without_checks_is_written_as_before() {
    let json = serde_json::to_value(products()).expect("a schema is JSON");
    let fields: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["columns", "primary_key"]);
}

#[test]
fn a_filter_is_kept_by_ids_and_shown_by_names() {
    let mut schema = products();
    let check =
        check(1, "cheap", "not (price>=1.50) AND name is not null or name contains 'a]b'", Severity::Error, &schema);
    assert!(!check.filter.contains("price"), "{}", check.filter);
    assert_eq!(check.shown(&schema), "not price >= 1.50 and name is not null or name contains \"a]b\"");
    assert_eq!(check.columns(), BTreeSet::from([ColumnId(3), ColumnId(5)]));
    schema.columns[2].name = "price] of all".to_owned();
    assert_eq!(check.shown(&schema), "not [price]] of all] >= 1.50 and name is not null or name contains \"a]b\"");
    let predicate = check.predicate(&schema).expect("it fits");
    assert!(predicate.matches(&product(1, "x", 100)));
    assert!(!predicate.matches(&product(1, "x", 150)));
    // What is shown is read back.
    assert_eq!(Check::stored(&check.shown(&schema), &schema), Ok(check.filter));
}

#[test]
fn what_is_no_filter_is_refused_with_its_place() {
    let schema = products();
    for (text, expected) in [
        ("prize > 1", "At character 1: there is no column “prize”; perhaps “price” is meant."),
        ("price >", "At character 8: expected a value, such as 12, \"text\" or true, but found the end."),
    ] {
        match Check::stored(text, &schema) {
            Err(CheckError::Filter(error)) => assert_eq!(error.to_string(), expected),
            other => panic!("{other:?}"),
        }
    }
    let long = format!("name = \"{}\"", "x".repeat(2_000));
    assert_eq!(Check::stored(&long, &schema), Err(CheckError::TooLong));
}

#[test]
fn a_check_is_set_changed_and_dropped() {
    let mut world = World::new(&[product(1, "loaf", 250), product(2, "", 0), product(3, "roll", 0)]);
    let schema = world.schema();
    let free = |id, name: &str, severity| check(id, name, "price = 0", severity, &schema);
    assert_eq!(
        world.set(free(7, "free", Severity::Error)),
        Err("2 cells or rows of “products” stand against it; row 2: it meets the check “free”".to_owned())
    );
    assert_eq!(world.set(free(7, "free", Severity::Warning)), Ok(()));
    assert_eq!(world.set(free(9, "free", Severity::Warning)), Err("there is another check “free”".to_owned()));
    assert!(world.set(free(7, "free", Severity::Error)).is_err(), "a warning that becomes an error asks all rows");
    assert_eq!(world.set(check(7, "dear", "price > 5", Severity::Error, &schema)), Ok(()));
    assert_eq!(world.set(check(3, "new", "price < 0", Severity::Error, &schema)), Ok(()));
    let names: Vec<String> = world.schema().checks.into_iter().map(|check| check.name).collect();
    assert_eq!(names, ["new", "dear"], "they stand in the order of ids");
    assert_eq!(world.apply(&Operation::DropCheck { table: TABLE, check: CheckId(3) }), Ok(()));
    assert!(world.apply(&Operation::DropCheck { table: TABLE, check: CheckId(3) }).is_err());
    assert_eq!(world.schema().checks.len(), 1);
}

#[test]
fn columns_that_checks_ask_for_are_renamed_and_stay() {
    let mut world = World::new(&[product(1, "loaf", 250)]);
    let schema = world.schema();
    world.set(check(1, "dear", "price > 5", Severity::Error, &schema)).expect("no row is");
    let price = ColumnId(5);
    let name = "Preis in €".to_owned();
    world.apply(&Operation::RenameColumn { table: TABLE, column: price, name }).expect("a name");
    assert_eq!(world.schema().checks[0].shown(&world.schema()), "[Preis in €] > 5");
    assert_eq!(
        world.apply(&Operation::DropColumn { table: TABLE, column: price }),
        Err("checks ask for “Preis in €”: dear; drop or change them first".to_owned())
    );
    let retype =
        Operation::RetypeColumn { table: TABLE, column: price, ty: Type::Text, options: Vec::new(), target: None };
    let refused = world.apply(&retype).expect_err("a text is no number");
    assert!(refused.starts_with("the check “dear” does not fit the columns: "), "{refused}");
    // What no check asks for goes.
    let property = Property::Description("in words".to_owned());
    world.apply(&Operation::SetProperty { table: TABLE, column: price, property }).expect("no check minds");
    world.apply(&Operation::DropColumn { table: TABLE, column: ColumnId(3) }).expect("no check asks for it");
}

#[test]
fn a_schema_tells_what_became_of_its_checks() {
    let before = products();
    let mut after = products();
    let mut dear = check(1, "dear", "price > 5", Severity::Error, &after);
    after.checks.push(dear.clone());
    let told = |before: &Schema, after: &Schema| {
        let word = |change: &SchemaChange| match change {
            SchemaChange::CheckAdded(check) => format!("+{} {}", check.name, check.filter),
            SchemaChange::CheckRemoved(check) => format!("-{}", check.name),
            SchemaChange::CheckChanged { before, after } => format!("{} -> {}", before.filter, after.filter),
            other => format!("{other:?}"),
        };
        schema_changes(before, after).iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(told(&before, &after), ["+dear price > 5"]);
    assert_eq!(told(&after, &before), ["-dear"]);
    let mut changed = after.clone();
    dear.filter = Check::stored("price > 6", &changed).expect("a filter");
    changed.checks = vec![dear];
    assert_eq!(told(&after, &changed), ["price > 5 -> price > 6"]);
    // Another name of a column is no change of the check.
    let mut renamed = after.clone();
    renamed.columns[2].name = "cost".to_owned();
    assert_eq!(told(&after, &renamed).len(), 1);
}

#[test]
fn limits_are_kept() {
    let mut schema = products();
    let good = check(0, "c", "price > 5", Severity::Error, &schema);
    let named = |id: u64, name: &str| Check { id: CheckId(id), name: name.to_owned(), ..good.clone() };
    let error = |checks: Vec<Check>, schema: &mut Schema| {
        schema.checks = checks;
        schema.validate().map_err(|error| error.to_string())
    };
    assert_eq!(error((0..100).map(|id| named(id, &id.to_string())).collect(), &mut schema), Ok(()));
    assert_eq!(
        error((0..101).map(|id| named(id, &id.to_string())).collect(), &mut schema),
        Err("there are 101 checks; a table has at most 100".to_owned())
    );
    for name in ["", " a", "a\nb", &"x".repeat(201)] {
        assert!(error(vec![named(1, name)], &mut schema).is_err(), "{name:?}");
    }
    assert!(error(vec![named(1, "a"), named(1, "b")], &mut schema).is_err(), "one id");
    assert!(error(vec![Check { message: "x".repeat(1_001), ..good.clone() }], &mut schema).is_err());
    assert!(error(vec![Check { filter: "[0000000000000099] > 5".to_owned(), ..good }], &mut schema).is_err());
}

/// Whether a row is what both checks of the property test look for.
fn is_met(row: &Row) -> bool {
    let price = Type::Decimal.parse("5").expect("a decimal");
    row[1].is_null() && row[2] >= price
}

fn some_rows(most: usize) -> impl Strategy<Value = BTreeMap<i64, (bool, i64)>> {
    proptest::collection::btree_map(0..60_i64, (any::<bool>(), 300..700_i64), 0..most)
}

fn built(rows: &BTreeMap<i64, (bool, i64)>) -> BTreeMap<Key, Row> {
    let row = |(id, (is_named, cents)): (&i64, &(bool, i64))| {
        entry(&products(), product(*id, if *is_named { "x" } else { "" }, *cents))
    };
    rows.iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_change_is_told_with_the_rows_that_it_brings(
        rows in some_rows(50),
        changed in some_rows(30),
        removed in proptest::collection::btree_set(0..60_i64, 0..10),
        more in prop_oneof![5 => Just(0), 1 => Just(1_500_i64)],
        limit in 0..20_usize,
    ) {
        let mut before = rows;
        before.extend((100..100 + more).map(|id| (id, (id % 7 > 0, 400 + id % 300))));
        let mut after = before.clone();
        after.extend(changed);
        after.retain(|id, _| !removed.contains(id));
        let (before, after) = (built(&before), built(&after));
        let mut world = World::new(&[]);
        let schema = world.schema();
        let filter = "name is null and price >= 5";
        world.set(check(1, "error", filter, Severity::Error, &schema)).expect("there are no rows");
        world.set(check(2, "warning", filter, Severity::Warning, &schema)).expect("there are no rows");
        let (old, new) = (world.with(&before), world.with(&after));
        let expected: Vec<&Key> = after
            .iter()
            .filter(|(key, row)| is_met(row) && !before.get(*key).is_some_and(is_met))
            .map(|(key, _)| key)
            .collect();
        for (found, id) in [
            (breaches(&world.memory, &old, &new, usize::MAX), 1),
            (warnings(&world.memory, &old, &new, usize::MAX), 2),
        ] {
            let found = found.expect("all chunks are there");
            let keys: Vec<&Key> = found.listed.iter().map(|violation| &violation.rows[0].0).collect();
            prop_assert_eq!(&keys, &expected);
            prop_assert_eq!(found.count, expected.len() as u64);
            for violation in &found.listed {
                prop_assert_eq!(&violation.rule, &versioning::merge::Rule::Check { check: CheckId(id) });
                let cells: Vec<ColumnId> = violation.rows[0].1.keys().copied().collect();
                prop_assert_eq!(cells, [ColumnId(3), ColumnId(5)], "the cells that it asks for");
            }
        }
        let some = warnings(&world.memory, &old, &new, limit).expect("all chunks are there");
        prop_assert_eq!((some.count, some.listed.len()), (expected.len() as u64, limit.min(expected.len())));
    }
}

#[test]
fn words_name_the_row_and_the_check() {
    let mut world = World::new(&[]);
    let schema = world.schema();
    let mut dear = check(1, "dear", "price > 5", Severity::Error, &schema);
    world.set(dear.clone()).expect("there are no rows");
    let before = world.root.clone();
    let rows = [entry(&schema, product(12, "loaf", 900))].into();
    let told = |world: &World, after: &Root| {
        breaches(&world.memory, &before, after, 9).expect("all chunks").listed.remove(0).message
    };
    let after = world.with(&rows);
    assert_eq!(told(&world, &after), "Row 12 meets the check “dear”");
    dear.message = "Ask Ada".to_owned();
    world.set(dear).expect("its words alone change");
    let after = world.with(&rows);
    assert_eq!(told(&world, &after), "Row 12 meets the check “dear”: Ask Ada");
}

#[test]
fn a_table_without_checks_costs_nothing_more() {
    let mut world = World::new(&[]);
    let rows: BTreeMap<Key, Row> = (0..5_000).map(|id| entry(&products(), product(id, "x", 100))).collect();
    let (before, after) = (world.root.clone(), world.with(&rows));
    world.memory.reads();
    assert_eq!(warnings(&world.memory, &before, &after, 9).expect("all chunks are there").count, 0);
    assert!(world.memory.reads() <= 2, "the schemas are read, and no leaf");
    // With one, a changed row among many costs its leaf and the way to it.
    let schema = world.schema();
    world.set(check(1, "dear", "price > 5", Severity::Warning, &schema)).expect("warnings refuse nothing");
    let before = world.with(&rows);
    let (key, row) = entry(&schema, product(2_500, "x", 900));
    let tree = world.memory.edit(&schema, before.tables[&TABLE].tree, vec![(key, Some(row))]);
    let mut after = before.clone();
    after.tables.get_mut(&TABLE).expect("the table").tree = tree;
    world.memory.reads();
    assert_eq!(warnings(&world.memory, &before, &after, 9).expect("all chunks are there").count, 1);
    assert!(world.memory.reads() < 12, "not all leaves are read");
}
