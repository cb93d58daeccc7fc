//! Schema operations against a plain model (rules T1, T6, D1, D3), and what each of them refuses.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Memory, Writes, column, products, rows};
use proptest::prelude::*;
use versioning::{
    ChunkSink, Column, ColumnId, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    check::Checker,
    diff::{Diff, RowDelta, SchemaChange, cell_changes, schema_changes},
    evolve::{EvolveError, Operation, Property, Reason, apply},
    value::Tags,
};

const TABLE: TableId = TableId(1);

/// A dataset with the chunks of all its states.
struct World {
    memory: Memory,
    root: Root,
}

impl World {
    fn new(schema: &Schema, rows: &BTreeMap<Key, Row>) -> Self {
        let mut memory = Memory::default();
        let tree = memory.build(schema, rows);
        let mut world = Self { memory, root: Root::default() };
        let schema = world.store(schema);
        world.root.tables.insert(TABLE, TableEntry { name: "things".into(), schema, tree });
        world.memory.written.clear();
        world
    }

    fn store(&mut self, schema: &Schema) -> versioning::Hash {
        Object::Schema(schema.clone()).store(&mut self.memory).expect("memory takes all")
    }

    fn try_apply(&mut self, operation: &Operation) -> Result<(), EvolveError> {
        let text = serde_json::to_string(operation).expect("operations can be written");
        assert_eq!(serde_json::from_str::<Operation>(&text).expect("and read"), *operation);
        self.memory.written.clear();
        let mut writes = Writes(Vec::new());
        let root = apply(&self.memory, &mut writes, &self.root, operation)?;
        for (hash, bytes) in writes.0 {
            self.memory.put(hash, bytes).expect("memory takes all");
        }
        self.root = root;
        Ok(())
    }

    fn apply(&mut self, operation: &Operation) {
        self.try_apply(operation).unwrap_or_else(|error| panic!("{operation:?}: {error}"));
    }

    /// What the operation is refused with.
    fn refused(&mut self, operation: &Operation) -> String {
        let before = self.root.clone();
        let error = self.try_apply(operation).expect_err("the operation is refused");
        assert_eq!(self.root, before);
        error.to_string()
    }

    fn entry(&self) -> &TableEntry {
        &self.root.tables[&TABLE]
    }

    fn schema(&self) -> Schema {
        let source: &dyn ObjectSource = &self.memory;
        source.schema(self.entry().schema).expect("the schema is there")
    }

    fn rows(&self) -> Vec<(Key, Row)> {
        self.memory.all(&self.schema(), self.entry().tree)
    }

    /// Nodes of trees written by the last operation.
    fn nodes_written(&self) -> usize {
        let is_node = |hash: &versioning::Hash| matches!(self.memory.chunks[hash][0], b'L' | b'I');
        self.memory.written.iter().filter(|(hash, _)| is_node(hash)).count()
    }
}

fn add(column: Column) -> Operation {
    Operation::AddColumn { table: TABLE, column, position: None }
}

fn retype(column: u64, ty: Type) -> Operation {
    Operation::RetypeColumn { table: TABLE, column: ColumnId(column), ty, options: Vec::new(), target: None }
}

fn set(column: u64, property: Property) -> Operation {
    Operation::SetProperty { table: TABLE, column: ColumnId(column), property }
}

fn key(columns: &[u64]) -> Operation {
    let columns = columns.iter().copied().map(ColumnId).collect();
    Operation::SetPrimaryKey { table: TABLE, columns, generated: false }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn t6_what_does_not_alter_values_writes_no_node() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..2_000));
    let tree = world.entry().tree;
    let id = ColumnId(3);
    for operation in [
        Operation::RenameTable { table: TABLE, name: "products".into() },
        Operation::DescribeTable { table: TABLE, description: "What we sell".into() },
        Operation::RenameColumn { table: TABLE, column: id, name: "title".into() },
        Operation::MoveColumn { table: TABLE, column: id, position: 0 },
        add(column(1, "empty", Type::Json)),
        add(Column { fill: Value::Integer(7), required: true, ..column(8, "stock", Type::Integer) }),
        set(3, Property::Description("What it is called".into())),
        set(3, Property::Required(false)),
        set(3, Property::Pattern("product [0-9]+".into())),
        set(3, Property::Default(text("product 0"))),
        set(5, Property::Minimum(Type::Decimal.parse("0").expect("a decimal"))),
        set(5, Property::Maximum(Type::Decimal.parse("100").expect("a decimal"))),
        set(3, Property::Unique(true)),
        // Nothing is stored for it: all rows have the fill, and it still fits.
        retype(8, Type::Decimal),
        Operation::DropColumn { table: TABLE, column: ColumnId(8) },
    ] {
        world.apply(&operation);
        assert_eq!(world.nodes_written(), 0, "{operation:?}");
        assert_eq!(world.entry().tree, tree, "{operation:?}");
    }
    assert_eq!(world.entry().name, "products");
    let names: Vec<String> = world.schema().columns.into_iter().map(|column| column.name).collect();
    assert_eq!(names, ["title", "id", "price", "empty"]);
    assert_eq!(world.rows()[1].1[..2], [text("product 1"), Value::Integer(1)]);
}

#[test]
fn t6_a_column_with_a_fill_is_stored_where_a_cell_differs() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..2_000));
    world.apply(&add(Column { fill: text("new"), ..column(9, "state", Type::Text) }));
    assert!(world.rows().iter().all(|(_, row)| row[3] == text("new")));
    let schema = world.schema();
    let before = world.entry().tree;
    let (key, mut row) = world.rows()[1_000].clone();
    row[3] = Value::Null;
    let after = world.memory.edit(&schema, before, vec![(key.clone(), Some(row.clone()))]);
    assert_eq!(after.get(&world.memory, &schema, &key).expect("read"), Some(row.clone()));
    let others = world.memory.all(&schema, after).into_iter().filter(|(other, _)| *other != key);
    assert!(others.into_iter().all(|(_, row)| row[3] == text("new")));
    row[3] = text("new");
    assert_eq!(world.memory.edit(&schema, after, vec![(key, Some(row))]), before, "back where it was (rule T1)");
}

#[test]
fn a_dropped_column_does_not_come_back() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..1_000));
    world.apply(&Operation::DropColumn { table: TABLE, column: ColumnId(3) });
    world.apply(&add(column(3, "name", Type::Text)));
    assert!(world.rows().iter().all(|(_, row)| row[2].is_null()));
}

#[test]
fn d1_leaves_that_mean_other_rows_under_another_fill_are_compared() {
    let with = |fill| {
        let mut schema = products();
        schema.columns.push(Column { fill, ..column(9, "stock", Type::Integer) });
        schema
    };
    let (before, after) = (with(Value::Integer(1)), with(Value::Integer(2)));
    let world = World::new(&products(), &rows(&products(), 0..300));
    let tree = world.entry().tree;
    let changes = listed(&world, (tree, &before), (tree, &after));
    assert_eq!(changes.len(), 300);
    assert_eq!(changes[0].1, [(ColumnId(9), Value::Integer(1), Value::Integer(2))]);
    assert_eq!(listed(&world, (tree, &products()), (tree, &after)), []);
}

#[test]
fn a_retype_converts_every_cell_or_none() {
    let schema = products();
    let mut all = rows(&schema, 0..1_000);
    for (index, row) in all.values_mut().enumerate() {
        row[1] = if index % 10 == 0 { Value::Null } else { text(&format!(" {index}")) };
    }
    let mut world = World::new(&schema, &all);
    world.apply(&retype(3, Type::Integer));
    assert_eq!(world.rows()[37].1[1], Value::Integer(37));
    assert_eq!(world.rows()[40].1[1], Value::Null);
    let (key, mut row) = world.rows()[500].clone();
    row[1] = Value::Integer(10_000_000_000_000_001);
    let schema = world.schema();
    let tree = world.memory.edit(&schema, world.entry().tree, vec![(key, Some(row))]);
    world.root.tables.get_mut(&TABLE).expect("the table").tree = tree;
    let error = world.try_apply(&retype(3, Type::Float)).expect_err("it would be rounded");
    let EvolveError::Rows { rows, count: 1, .. } = &error else { panic!("{error}") };
    assert_eq!((rows[0].key.as_str(), rows[0].value.as_str()), ("500", "10000000000000001"));
    assert_eq!(
        error.to_string(),
        "1 cells or rows of “things” stand against it; row 500: the value can't be converted: no value of type float is \
         exactly this one"
    );
    let error = world.refused(&retype(3, Type::Uuid));
    assert!(error.starts_with("901 cells or rows"), "{error}");
    world.apply(&set(3, Property::Default(Value::Integer(5))));
    let error = world.refused(&retype(3, Type::Date));
    assert!(error.starts_with("the default “5” of “name” can't be converted"), "{error}");
}

#[test]
fn a_fill_that_can_not_be_converted_back_is_stored() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..600));
    world.apply(&add(Column { fill: text("007"), ..column(9, "code", Type::Text) }));
    let (before, tree) = (world.schema(), world.entry().tree);
    world.apply(&retype(9, Type::Integer));
    assert_eq!(world.schema().columns[3].fill, Value::Null);
    assert!(world.rows().iter().all(|(_, row)| row[3] == Value::Integer(7)));
    let (after, now) = (world.schema(), world.entry().tree);
    let deltas = Diff::new(&world.memory, (tree, &before), (now, &after), None).expect("a diff");
    assert_eq!(deltas.count(), 600, "no row can be had back from the schema's change alone");
}

#[test]
fn a_choice_is_made_of_texts() {
    let schema = products();
    let mut all = rows(&schema, 0..300);
    all.values_mut().enumerate().for_each(|(index, row)| row[1] = text(["open", "done"][index % 2]));
    let mut world = World::new(&schema, &all);
    let choice = |options: &[&str]| Operation::RetypeColumn {
        table: TABLE,
        column: ColumnId(3),
        ty: Type::Choice,
        options: options.iter().map(ToString::to_string).collect(),
        target: None,
    };
    assert_eq!(world.refused(&choice(&[])), "“name”: a choice needs options");
    let error = world.refused(&choice(&["open"]));
    assert_eq!(
        error,
        "150 cells or rows of “things” stand against it; row 1: “done” is not among the options of “name”"
    );
    world.apply(&choice(&["open", "done"]));
    assert_eq!(world.rows()[1].1[1], Value::Choice("done".into()));
    world.apply(&set(3, Property::Options(vec!["done".into(), "later".into(), "open".into()])));
    assert_eq!(world.nodes_written(), 0);
    let error = world.refused(&set(3, Property::Options(vec!["done".into()])));
    assert!(error.starts_with("150 cells"), "{error}");
    let Err(EvolveError::Rows { rows, .. }) = world.try_apply(&set(3, Property::Options(vec!["done".into()]))) else {
        panic!("it is refused")
    };
    assert_eq!(rows.len(), 100, "no more are listed");
}

#[test]
fn m16_tighter_rules_hold_for_all_rows() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..1_000));
    let decimal = |text: &str| Type::Decimal.parse(text).expect("a decimal");
    for (operation, error) in [
        (set(5, Property::Minimum(decimal("1"))), "15 cells or rows of “things”"),
        (set(5, Property::Maximum(decimal("69.86"))), "1 cells or rows of “things”"),
        (set(3, Property::Pattern("product ...?".into())), "10 cells or rows of “things”"),
        (set(3, Property::Pattern("(".into())), "“name”: the pattern can't be read: unclosed group"),
        (set(5, Property::Pattern("1".into())), "“price”: only texts can have a pattern"),
        (set(5, Property::Minimum(Value::Integer(1))), "“price”: the minimum is no value of type decimal"),
    ] {
        let refused = world.refused(&operation);
        assert!(refused.starts_with(error), "{operation:?}: {refused}");
    }
    world.apply(&set(3, Property::Required(true)));
    world.apply(&add(column(9, "stock", Type::Integer)));
    assert!(world.refused(&set(9, Property::Required(true))).starts_with("1000 cells"));
    world.apply(&set(9, Property::Unique(true)));
    let unset = add(Column { required: true, ..column(10, "must", Type::Integer) });
    assert_eq!(
        world.refused(&unset),
        "rows that are there can't have the new column's value: “must” must not be empty"
    );
    let same = add(Column { unique: true, fill: Value::Integer(1), ..column(10, "one", Type::Integer) });
    assert_eq!(world.refused(&same), "“one” can't be unique when all rows that are there get the same value");
}

#[test]
fn m16_unique_columns_have_no_value_twice() {
    let schema = products();
    let mut all = rows(&schema, 0..1_000);
    all.values_mut().for_each(|row| row[1] = Value::Null);
    let mut world = World::new(&schema, &all);
    world.apply(&set(3, Property::Unique(true)));
    for (index, name) in [(10, "07"), (990, "7"), (500, "x")] {
        all.values_mut().nth(index).expect("a row")[1] = text(name);
    }
    let mut world = World::new(&schema, &all);
    world.apply(&set(3, Property::Unique(true)));
    let (key, mut row) = all.iter().nth(500).map(|(key, row)| (key.clone(), row.clone())).expect("a row");
    row[1] = Value::Null;
    let schema = world.schema();
    let tree = world.memory.edit(&schema, world.entry().tree, vec![(key, Some(row))]);
    world.root.tables.get_mut(&TABLE).expect("the table").tree = tree;
    let error = world.try_apply(&retype(3, Type::Integer)).expect_err("both are 7");
    let EvolveError::Rows { rows, count: 1, .. } = error else { panic!("{error}") };
    assert_eq!((rows[0].key.as_str(), rows[0].value.as_str()), ("990", "7"));
    assert_eq!(rows[0].reason, Reason::Duplicate { other: "10".into() });
}

#[test]
fn a_primary_key_names_every_row_once() {
    let schema = products();
    let mut all = rows(&schema, 0..1_000);
    all.values_mut().nth(3).expect("a row")[1] = Value::Null;
    let mut world = World::new(&schema, &all);
    let error = world.refused(&key(&[3]));
    assert!(error.ends_with("row 3: “name” is part of the primary key and must not be empty"), "{error}");
    all.values_mut().nth(3).expect("a row")[1] = text("product 7");
    let mut world = World::new(&schema, &all);
    let error = world.refused(&key(&[3]));
    assert_eq!(error, "1 cells or rows of “things” stand against it; row 7: row 3 has the same");
    world.apply(&key(&[3, 7]));
    let texts: Vec<_> = world.rows().iter().map(|(_, row)| Key::to_text(&world.schema(), row)).take(3).collect();
    assert_eq!(texts, ["product 0,0", "product 1,1", "product 10,10"]);
    assert_eq!(
        world.refused(&Operation::DropColumn { table: TABLE, column: ColumnId(3) }),
        "“name” is part of the primary key; make rows be named by other columns first"
    );
    world.apply(&key(&[7]));
    world.apply(&retype(7, Type::Text));
    assert_eq!(world.rows()[2].1[0], text("10"), "the order is that of texts now");
    assert_eq!(world.refused(&key(&[])), "the primary key must name one or more different columns of the table");
}

#[test]
fn links_lead_somewhere() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..100));
    let other = TableId(2);
    let link = |name: &str, target| Column { target: Some(target), ..column(11, name, Type::Link) };
    let orders = Schema {
        columns: vec![column(10, "id", Type::Integer), link("product", TABLE)],
        primary_key: vec![ColumnId(10)],
        generated_key: false,
        description: String::new(),
    };
    let create = Operation::CreateTable { table: other, name: "orders".into(), schema: orders.clone() };
    world.apply(&create);
    assert_eq!(world.refused(&create), "there is a table with the id 0000000000000002 already");
    let named = Operation::CreateTable { table: TableId(3), name: "orders".into(), schema: orders };
    assert_eq!(world.refused(&named), "another table is named “orders”");
    let drop = Operation::DropTable { table: TABLE };
    assert_eq!(world.refused(&drop), "columns link to rows of “things”: orders.product");
    assert_eq!(world.refused(&key(&[3])), "columns link to rows of “things”: orders.product");
    assert_eq!(world.refused(&retype(7, Type::Decimal)), "columns link to rows of “things”: orders.product");
    assert_eq!(world.refused(&add(link("to", TableId(9)))), "“to” links to a table that is not there");
    let linked = |column: u64, target| Operation::RetypeColumn {
        table: TABLE,
        column: ColumnId(column),
        ty: Type::Link,
        options: Vec::new(),
        target,
    };
    assert_eq!(world.refused(&linked(3, None)), "“name”: a link needs a table to lead to");
    let error = world.refused(&linked(3, Some(other)));
    assert!(error.contains("“product 0” is no value of “id”: not a whole number"), "{error}");
    world.apply(&Operation::DropColumn { table: TABLE, column: ColumnId(3) });
    world.apply(&add(Column { fill: text("007"), ..column(12, "order", Type::Text) }));
    world.apply(&linked(12, Some(other)));
    assert_eq!(world.rows()[0].1[2].to_string(), "7", "the text of a key has one form");
    let drop_target = Operation::DropTable { table: other };
    assert_eq!(world.refused(&drop_target), "columns link to rows of “orders”: things.order");
    world.apply(&Operation::DropColumn { table: TABLE, column: ColumnId(12) });
    world.apply(&drop_target);
}

#[test]
fn values_cast_without_loss() {
    let check = |ty: Type, text: &str, to: Type, expected: Result<&str, &str>| {
        let value = ty.parse(text).expect("a value");
        match (value.cast(to), expected) {
            (Ok(cast), Ok(expected)) => {
                assert_eq!(cast.to_string(), expected, "{ty} {text} to {to}");
                assert!(cast.is_null() || cast.ty() == Some(to));
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{ty} {text} to {to}: {error}"),
            (result, _) => panic!("{ty} {text} to {to}: {result:?}"),
        }
    };
    use Type::{Boolean, Choice, Date, Decimal, File, Float, Integer, Json, Link, Tags, Text, Timestamp, Uuid};
    check(Text, " 42 ", Integer, Ok("42"));
    check(Text, "x", Integer, Err("not a whole number"));
    check(Text, "a, b", Tags, Ok("a,b"));
    check(Text, " a ", Choice, Ok("a"));
    check(Text, "a,b", Link, Ok("a,b"));
    check(Text, "{\"b\":1, \"a\":2}", Json, Ok("{\"a\":2,\"b\":1}"));
    check(Text, "anything", File, Err("file"));
    check(Integer, "9007199254740993", Float, Err("exactly"));
    check(Integer, "9223372036854775807", Float, Err("exactly"));
    check(Integer, "-9223372036854775808", Float, Ok("-9.223372036854776e18"));
    check(Integer, "1", Boolean, Ok("true"));
    check(Integer, "2", Boolean, Err("boolean"));
    check(Boolean, "true", Decimal, Ok("1"));
    check(Boolean, "false", Json, Ok("false"));
    check(Decimal, "2.00", Integer, Ok("2"));
    check(Decimal, "2.5", Integer, Err("exactly"));
    check(Decimal, "10000000000000000000", Integer, Err("exactly"));
    check(Decimal, "0.1", Float, Ok("0.1"));
    check(Decimal, "0.10000000000000000001", Float, Err("exactly"));
    check(Decimal, "0.5", Json, Ok("0.5"));
    check(Decimal, "1234567890123456789012345678", Json, Err("exactly"));
    check(Float, "1e300", Json, Ok("1e+300"));
    check(Float, "2.0", Integer, Ok("2"));
    check(Float, "9223372036854775808", Integer, Err("exactly"));
    check(Float, "1e-20", Decimal, Ok("0.00000000000000000001"));
    check(Float, "1e30", Decimal, Err("28 digits"));
    check(Json, "12", Integer, Ok("12"));
    check(Json, "[]", Integer, Err("whole"));
    check(Date, "2026-02-28", Timestamp, Ok("2026-02-28T00:00:00Z"));
    check(Timestamp, "1969-12-31T00:00:00Z", Date, Ok("1969-12-31"));
    check(Timestamp, "2026-02-28T00:00:01Z", Date, Err("time of day"));
    check(Date, "2026-02-28", Integer, Err("whole"));
    check(Uuid, "67e55044-10b1-426f-9247-bb680e5fe0c8", Text, Ok("67e55044-10b1-426f-9247-bb680e5fe0c8"));
    for ty in Type::ALL {
        assert_eq!(Value::Null.cast(ty), Ok(Value::Null));
        if ty != File {
            assert_eq!(text("").cast(ty).map(|value| value.to_string()), Ok(String::new()), "{ty}");
        }
    }
    assert!(Value::Integer(1).is_same(&text("1")) && !Value::Integer(1).is_same(&text("01")));
    assert!(!Value::Null.is_same(&text("")));
}

#[test]
fn d1_every_property_of_a_schema_is_listed() {
    let old = products();
    let mut new = old.clone();
    new.columns[1] = Column {
        name: "title".into(),
        ty: Type::Choice,
        required: true,
        unique: true,
        fill: Value::Choice("a".into()),
        default: Value::Choice("a".into()),
        minimum: Value::Choice("a".into()),
        maximum: Value::Choice("b".into()),
        pattern: "x".into(),
        description: "y".into(),
        options: vec!["a".into(), "b".into()],
        target: Some(TABLE),
        ..new.columns[1].clone()
    };
    new.primary_key = vec![ColumnId(3)];
    new.generated_key = true;
    new.description = "z".into();
    let name =
        |change: &SchemaChange| format!("{change:?}").split([' ', '{', '(']).next().unwrap_or_default().to_owned();
    let changes: Vec<String> = schema_changes(&old, &new).iter().map(name).collect();
    assert_eq!(
        changes.join(" "),
        "ColumnRenamed TypeChanged RequiredChanged UniqueChanged FillChanged DefaultChanged MinimumChanged \
         MaximumChanged PatternChanged OptionsChanged TargetChanged DescriptionChanged PrimaryKeyChanged \
         TableDescriptionChanged GeneratedKeyChanged"
    );
    assert_eq!(schema_changes(&new, &old).len(), changes.len());
    assert_eq!(schema_changes(&new, &new), []);
    let changes = schema_changes(&old, &new);
    let text = serde_json::to_string(&changes).expect("changes can be written");
    assert_eq!(serde_json::from_str::<Vec<SchemaChange>>(&text).expect("and read"), changes);
}

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

/// The rows that differ and their cells that do, as rule D1 has them.
type CellChanges = Vec<(Key, Vec<(ColumnId, Value, Value)>)>;

fn listed(world: &World, before: (Tree, &Schema), after: (Tree, &Schema)) -> CellChanges {
    let deltas = Diff::new(&world.memory, before, after, None).expect("all chunks are there");
    deltas
        .map(|delta| match delta.expect("all chunks are there") {
            RowDelta { key, before: Some(old), after: Some(new) } => {
                let changes = cell_changes(before.1, &old, after.1, &new);
                (key, changes.map(|change| (change.column, change.before.clone(), change.after.clone())).collect())
            }
            RowDelta { key, .. } => (key, Vec::new()),
        })
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
