//! What scans cost, and what can't be asked.

use std::collections::BTreeMap;

use versioning::{
    ColumnId, Schema, Type, Value,
    overlay::{Overlay, Patch},
    query::{Aggregate, Direction, GroupRow, KeyRange, MAX_TOP, Place, Predicate, ScanError, Sort, Table},
};

use crate::{
    common::{self, Memory, column},
    world::{World, products},
};

#[test]
fn bounds_of_the_key_prune_subtrees() {
    let world = products(50_000);
    let reads = |text: &str| {
        world.memory.reads();
        let count = world.table().count(&world.bind(text), &KeyRange::all()).expect("read");
        (count, world.memory.reads())
    };
    for (text, count, most) in [
        ("id = 30000", 1, 4),
        ("id >= 30000 and id < 30100", 100, 5),
        ("id in (5, 30000, 49999, 60000)", 3, 12),
        ("id = 5 or id = 30000 and name is not null", 2, 8),
        ("id < 100 or id > 49900.5", 199, 7),
        ("id between 10 and 5", 0, 4),
        ("id is null", 0, 1),
        ("id < -1", 0, 3),
        ("id = 7.5", 0, 1),
        ("id > 99999999999999999999999", 0, 2),
    ] {
        let (found, reads) = reads(text);
        assert_eq!(found, count, "{text}");
        assert!(reads <= most, "{text}: {reads} reads");
    }
    // What is negated or not about the key has no bounds.
    let (_, all) = reads("name contains \"77\"");
    assert_eq!(reads("not id = 5"), (49_999, all));
}

#[test]
fn a_count_of_all_reads_nothing() {
    let world = products(5_000);
    world.memory.reads();
    let all = Predicate::everything(&world.schema);
    assert_eq!(world.table().count(&all, &KeyRange::all()).expect("read"), 5_000);
    assert_eq!(world.memory.reads(), 0);
}

#[test]
fn pages_and_orders_along_the_key_end_early() {
    let world = products(50_000);
    let all = Predicate::everything(&world.schema);
    world.memory.reads();
    let page = world.table().rows(&all, Some(&[world.id("name")]), &KeyRange::all(), 10).expect("read");
    assert_eq!(page.rows[9].1, [Value::Text("product 9".into())]);
    assert!(world.memory.reads() <= 4);
    for (direction, first) in [(Direction::Ascending, 0), (Direction::Descending, 49_999)] {
        let sorts = [Sort { column: world.id("id"), direction }];
        let top = world.table().top(&all, &sorts, None, &KeyRange::all(), 10).expect("read");
        assert_eq!(top.len(), 10);
        assert!(world.memory.reads() <= 6);
        let page = world.table().page(top, None, 0).expect("read");
        assert_eq!(page.rows[0].1[0], Value::Integer(first));
        world.memory.reads();
    }
}

#[test]
fn parts_of_a_split_are_about_equal() {
    let world = products(50_000);
    let all = Predicate::everything(&world.schema);
    for parts in [1, 2, 3, 8, 16] {
        world.memory.reads();
        let ranges = world.table().split(parts).expect("read");
        assert!(world.memory.reads() <= 10, "only inner nodes are read");
        assert_eq!(ranges.len(), parts);
        let sizes: Vec<u64> = ranges.iter().map(|range| world.table().count(&all, range).expect("read")).collect();
        assert_eq!(sizes.iter().sum::<u64>(), 50_000);
        let share = 50_000 / parts as u64;
        assert!(sizes.iter().all(|size| size.abs_diff(share) <= share / 4), "{sizes:?}");
    }
}

#[test]
fn sums_are_exact_or_an_error() {
    let schema = Schema {
        columns: vec![
            column(1, "id", Type::Integer),
            column(2, "whole", Type::Integer),
            column(3, "exact", Type::Decimal),
            column(4, "float", Type::Float),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    };
    let sum = |rows: &[[&str; 3]], aggregate: Aggregate| {
        let parse = |ty: Type, text: &str| ty.parse(text).expect("a value");
        let rows = rows.iter().enumerate().map(|(id, [whole, exact, float])| {
            let cells = [parse(Type::Integer, whole), parse(Type::Decimal, exact), parse(Type::Float, float)];
            common::entry(&schema, std::iter::once(Value::Integer(id as i64)).chain(cells).collect())
        });
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &rows.collect());
        let table = Table::new(&memory, &schema, tree);
        let groups = table.aggregate(&Predicate::everything(&schema), &[], &[aggregate], &KeyRange::all(), 1);
        groups.expect("read").finish().map(|rows| rows[0].values[0].to_string()).map_err(|error| error.to_string())
    };
    let max = "9223372036854775807";
    assert_eq!(sum(&[[max, "", ""], ["1", "", ""], ["-1", "", ""]], Aggregate::Sum(ColumnId(2))), Ok(max.into()));
    assert_eq!(sum(&[[max, "", ""]; 3], Aggregate::Sum(ColumnId(2))), Ok("27670116110564327421".into()));
    assert_eq!(sum(&[[max, "", ""]; 3], Aggregate::Average(ColumnId(2))), Ok(max.into()));
    assert_eq!(sum(&[["", "0.1", ""], ["", "0.2", ""]], Aggregate::Sum(ColumnId(3))), Ok("0.3".into()));
    assert_eq!(
        sum(&[["1", "", ""], ["2", "", ""], ["2", "", ""]], Aggregate::Average(ColumnId(2))),
        Ok("1.6666666666666666666666666667".into())
    );
    let large = "9999999999999999999999999999";
    assert_eq!(sum(&[["", large, ""], ["", "-1", ""], ["", "1", ""]], Aggregate::Sum(ColumnId(3))), Ok(large.into()));
    let error = "the sum of “exact” is too large or has too many digits";
    assert_eq!(sum(&[["", large, ""], ["", "0.1", ""]], Aggregate::Sum(ColumnId(3))), Err(error.into()));
    assert_eq!(sum(&[["", large, ""]; 20], Aggregate::Sum(ColumnId(3))), Err(error.into()));
    // Added one after the other without compensation these make 0.
    let floats = [["", "", "1"], ["", "", "1e100"], ["", "", "1"], ["", "", "-1e100"]];
    assert_eq!(sum(&floats, Aggregate::Sum(ColumnId(4))), Ok("2".into()));
    assert_eq!(sum(&floats, Aggregate::Average(ColumnId(4))), Ok("0.5".into()));
    let error = "the sum of “float” is too large or has too many digits";
    assert_eq!(sum(&[["", "", "1.5e308"]; 2], Aggregate::Sum(ColumnId(4))), Err(error.into()));
    assert_eq!(sum(&[["", "", ""]; 2], Aggregate::Sum(ColumnId(4))), Ok(String::new()));
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let world = World::new(1, 700, 0, false);
    let table = world.table();
    let all = Predicate::everything(&world.schema);
    let group = |by: &str, limit| table.aggregate(&all, &[world.id(by)], &[Aggregate::Count], &KeyRange::all(), limit);
    let text = |result: Result<(), ScanError>| result.expect_err("it can't be asked").to_string();
    assert_eq!(
        text(group("id", 699).map(|_| ())),
        "there are more than 699 groups; group by columns with fewer values, or filter"
    );
    assert_eq!(group("id", 700).expect("just enough").finish().expect("counts").len(), 700);
    let pair = table.aggregate(&all, &[world.id("name"), world.id("born")], &[], &KeyRange::all(), 50);
    assert!(matches!(pair, Err(ScanError::TooManyGroups { limit: 50 })));
    for (aggregate, message) in [
        (Aggregate::Sum(world.id("name")), "there is no sum of “name”, a column of type text"),
        (Aggregate::Average(world.id("born")), "there is no average of “born”, a column of type date"),
        (Aggregate::Minimum(world.id("extra")), "there is no minimum of “extra”, a column of type json"),
        (Aggregate::Maximum(world.id("labels")), "there is no maximum of “labels”, a column of type tags"),
        (Aggregate::Sum(ColumnId(99)), "the table has no column with the id 0000000000000063"),
    ] {
        assert_eq!(text(table.aggregate(&all, &[], &[aggregate], &KeyRange::all(), 1).map(|_| ())), message);
    }
    let sort = |name| [Sort { column: world.id(name), direction: Direction::Ascending }];
    let top = |sorts: &[Sort], behind, limit| table.top(&all, sorts, behind, &KeyRange::all(), limit).map(|_| ());
    assert_eq!(text(top(&sort("extra"), None, 1)), "“extra” can't be sorted by: values of type json have no order");
    assert_eq!(
        text(top(&sort("name"), None, MAX_TOP + 1)),
        "at most 10000 sorted rows can be asked for at once, not 10001; go on behind the last row instead"
    );
    let place = Place { values: Vec::new(), key: world.rows.keys().next().expect("a row").clone() };
    assert_eq!(
        text(top(&sort("name"), Some(&place), 1)),
        "the page goes on behind 0 values, but 1 columns are sorted by"
    );
    assert!(top(&sort("name"), None, 0).is_ok());
}

#[test]
fn a_row_of_the_draft_that_does_not_fit_is_an_error() {
    let mut world = products(1_000);
    let (key, row) = common::entry(&world.schema, common::product(5, "new", 100));
    let all = Predicate::everything(&world.schema);
    for (after, message) in [
        (
            vec![Value::Integer(5)],
            "a row of the draft does not fit the table: the row has 1 cells, the table 3 columns",
        ),
        (
            vec![row[0].clone(), Value::Integer(1), Value::Null],
            "a row of the draft does not fit the table: “name” holds values of type text",
        ),
        (
            vec![Value::Null, Value::Null, Value::Null],
            "a row of the draft does not fit the table: “id” must not be empty",
        ),
    ] {
        let patches = BTreeMap::from([(key.clone(), Patch { before: None, after: Some(after) })]);
        world.draft = Overlay::new(&world.memory, world.tree, patches).expect("a sound tree");
        let error = world.table().count(&all, &KeyRange::all()).expect_err("it does not fit");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn rows_of_another_schema_are_an_error() {
    let mut world = products(1_000);
    world.schema.columns[1].ty = Type::Date;
    let error = world.table().count(&world.bind("name = '2026-01-01'"), &KeyRange::all()).expect_err("other types");
    assert_eq!(error.to_string(), "“name” is a column of type date, but its cells are of type text");
}

#[test]
fn t6_a_column_that_leaves_do_not_have_is_filled() {
    let mut world = products(1_000);
    world.schema.columns.push(column(9, "stock", Type::Integer));
    world.schema.columns[3].fill = Value::Integer(4);
    let count = |text: &str| world.table().count(&world.bind(text), &KeyRange::all()).expect("read");
    assert_eq!([count("stock = 4"), count("stock > 4"), count("stock is null")], [1_000, 0, 0]);
    let all = Predicate::everything(&world.schema);
    let stock = world.id("stock");
    let groups = world.table().aggregate(&all, &[stock], &[Aggregate::Sum(stock)], &KeyRange::all(), 9).expect("read");
    let expected = GroupRow { key: vec![Value::Integer(4)], values: vec![Value::Integer(4_000)] };
    assert_eq!(groups.finish().expect("a sum"), [expected]);
}
