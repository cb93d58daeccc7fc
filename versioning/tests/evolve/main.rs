//! Schema operations: what they write, convert and refuse (rules T1, T6, M16, D1), and all of them against a plain model.

#[path = "../common/mod.rs"]
mod common;
mod model;
mod world;

use std::collections::BTreeMap;

use common::{column, products, rows};
use versioning::{
    Column, ColumnId, Key, Row, Schema, TableId, Type, Value,
    diff::{Diff, SchemaChange, schema_changes},
    evolve::{EvolveError, Operation, Property, Reason},
};
use world::{TABLE, World, listed};

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
fn t1_cells_that_become_the_fill_are_not_stored() {
    let mut schema = products();
    schema.columns.push(Column { fill: text("1"), ..column(9, "code", Type::Text) });
    let of = |codes: &[&str]| {
        let rows = codes.iter().zip(0..).map(|(code, id)| [common::product(id, "x", 1), vec![text(code)]].concat());
        rows.map(|row| common::entry(&schema, row)).collect::<BTreeMap<_, _>>()
    };
    let mut mixed = World::new(&schema, &of(&["1", "01", " 1"]));
    let mut plain = World::new(&schema, &of(&["1", "1", "1"]));
    assert_ne!(mixed.entry().tree, plain.entry().tree);
    mixed.apply(&retype(9, Type::Integer));
    plain.apply(&retype(9, Type::Integer));
    assert_eq!(plain.nodes_written(), 0);
    assert_eq!(mixed.root, plain.root);
}

#[test]
fn a_key_of_nothing_but_the_fill_is_stored() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..600));
    world.apply(&add(Column { fill: text("here"), ..column(9, "place", Type::Text) }));
    let before = world.rows();
    world.apply(&key(&[9, 7]));
    let rows: Vec<Row> = world.rows().into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows, before.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
    let key = Key::from_text(&world.schema(), "here,77").expect("a key");
    assert!(world.entry().tree.get(&world.memory, &world.schema(), &key).expect("read").is_some());
}

#[test]
fn a_dropped_column_does_not_come_back() {
    let schema = products();
    let mut world = World::new(&schema, &rows(&schema, 0..1_000));
    let before = world.entry().tree;
    world.apply(&Operation::DropColumn { table: TABLE, column: ColumnId(3) });
    let (now, after) = (world.schema(), world.entry().tree);
    let diff = || Diff::new(&world.memory, (before, &schema), (after, &now), None).expect("all chunks are there");
    assert_eq!(diff().count(), 1_000, "a diff that has an inverse");
    assert_eq!(diff().without_gone_columns().count(), 0);
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
        if matches!(operation, Operation::SetProperty { property: Property::Pattern(_), .. })
            && !cfg!(feature = "pattern")
        {
            continue;
        }
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
        checks: Vec::new(),
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
