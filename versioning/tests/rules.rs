//! Rule M16 at every commit: what a change breaks in rules that take other rows to see. The oracle looks at all rows.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Memory, column};
use proptest::prelude::*;
use versioning::{
    Column, ColumnId, Hash, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    merge::Rule,
    rules::{Breaches, MAX_ROWS, breaches},
};

const ITEMS: TableId = TableId(1);
const GROUPS: TableId = TableId(2);
const CODE: ColumnId = ColumnId(2);
const GROUP: ColumnId = ColumnId(3);
const PARENT: ColumnId = ColumnId(4);

fn keyed(columns: Vec<Column>) -> Schema {
    let schema = Schema {
        columns,
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    };
    assert_eq!(schema.validate(), Ok(()));
    schema
}

fn link(id: ColumnId, name: &str, target: TableId) -> Column {
    Column { target: Some(target), ..column(id.0, name, Type::Link) }
}

/// id, code (unique), group (→ groups), parent (→ items), note.
fn items() -> Schema {
    let code = Column { unique: true, ..column(CODE.0, "code", Type::Text) };
    let (group, parent) = (link(GROUP, "group", GROUPS), link(PARENT, "parent", ITEMS));
    keyed(vec![column(1, "id", Type::Integer), code, group, parent, column(5, "note", Type::Text)])
}

/// id, title.
fn groups() -> Schema {
    keyed(vec![column(1, "id", Type::Integer), column(2, "title", Type::Text)])
}

/// A table's rows as lines of cells separated by `|`; empty is null.
fn rows(schema: &Schema, lines: &str) -> BTreeMap<Key, Row> {
    let mut rows = BTreeMap::new();
    for line in lines.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let cells = line.split('|').map(str::trim).chain(std::iter::repeat(""));
        let cell = |(column, text): (&Column, &str)| match text {
            "" => Value::Null,
            text => column.ty.parse(text).expect("a value of the type"),
        };
        let row: Row = schema.columns.iter().zip(cells).map(cell).collect();
        rows.insert(Key::of_row(schema, &row).expect("a key"), row);
    }
    rows
}

fn add(memory: &mut Memory, root: &mut Root, id: TableId, name: &str, schema: &Schema, rows: &BTreeMap<Key, Row>) {
    let tree = memory.build(schema, rows);
    let bytes = Object::Schema(schema.clone()).encode();
    let hash = Hash::of(&bytes);
    memory.chunks.insert(hash, bytes);
    root.tables.insert(id, TableEntry { name: name.to_owned(), schema: hash, tree });
}

/// A state from items and groups, each with its schema.
fn state(memory: &mut Memory, items: (&Schema, &str), groups: (&Schema, &str)) -> Root {
    let mut root = Root::default();
    add(memory, &mut root, ITEMS, "items", items.0, &rows(items.0, items.1));
    add(memory, &mut root, GROUPS, "groups", groups.0, &rows(groups.0, groups.1));
    root
}

fn told(found: &Breaches) -> Vec<String> {
    let keys = |violation: &versioning::merge::Violation| {
        let number = |key: &Key| i64::from_be_bytes(key.as_bytes().try_into().expect("an integer")) ^ i64::MIN;
        violation.rows.iter().map(|(key, _)| number(key).to_string()).collect::<Vec<_>>().join(",")
    };
    found.listed.iter().map(|violation| format!("{}: {}", keys(violation), violation.message)).collect()
}

fn check(before: [&str; 2], after: [&str; 2], expected: &[&str]) {
    let mut memory = Memory::default();
    let (items, groups) = (items(), groups());
    let [before, after] = [before, after].map(|[rows, others]| state(&mut memory, (&items, rows), (&groups, others)));
    let found = breaches(&memory, &before, &after, 10).expect("all chunks are there");
    assert_eq!(told(&found), expected);
    assert_eq!(found.count, expected.len() as u64);
    assert_eq!(found.listed, oracle(&memory, &before, &after), "the oracle agrees");
}

#[test]
fn m16_values_of_unique_columns_differ() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("1|a; 2|b", "1|a; 2|b; 3|c", &[]),
        ("1|a; 2|b", "1|a; 2|b; 3|b", &["2,3: 2 rows have “b” in the unique column “code”"]),
        ("1|a; 2|b", "1|b; 2|b", &["1,2: 2 rows have “b” in the unique column “code”"]),
        // Null is no duplicate.
        ("1|a; 2|b", "1; 2; 3", &[]),
        // Values move.
        ("1|a; 2|b", "1|b; 2|a", &[]),
        ("1|a", "2|a", &[]),
        (
            "",
            "1|a; 2|b; 3|a; 4|a; 5|b",
            &["1,3,4: 3 rows have “a” in the unique column “code”", "2,5: 2 rows have “b” in the unique column “code”"],
        ),
        // What was broken before is only told when a row joins.
        ("1|a; 2|a", "1|a; 2|a; 3|c", &[]),
        ("1|a; 2|a", "1|a|||note; 2|a|||note", &[]),
        ("1|a; 2|a; 3|b", "1|a; 2|a; 3|a", &["1,2,3: 3 rows have “a” in the unique column “code”"]),
        ("1|a; 2|a; 3|a", "1|a; 2|a", &[]),
        // The key of a row changed.
        ("1|a; 2|a", "1|a; 3|a", &["1,3: 2 rows have “a” in the unique column “code”"]),
    ];
    for (before, after, expected) in cases {
        check([before, ""], [after, ""], expected);
    }
}

#[test]
fn m16_links_lead_to_rows() {
    let cases: &[([&str; 2], [&str; 2], &[&str])] = &[
        (["1||7", "7"], ["1||7; 2||7; 3", "7"], &[]),
        (["1||7", "7"], ["1||7; 2||8", "7"], &["2: “group” links to the row “8”, which is not there"]),
        (["1||7", "7"], ["1||7; 2||x", "7"], &["2: “group” links to the row “x”, which is not there"]),
        // The row comes in the same change.
        (["", ""], ["2||8", "8"], &[]),
        // Rows that others link to are gone.
        (["1||7; 2", "7; 8"], ["1||7; 2", "7"], &[]),
        (
            ["1||7; 2; 3||7", "7; 8"],
            ["1||7; 2; 3||7", "8"],
            &[
                "1: “group” links to the row “7”, which is not there",
                "3: “group” links to the row “7”, which is not there",
            ],
        ),
        (["1||7", "7; 8"], ["1||8", "8"], &[]),
        (["1||7", "7; 8"], ["", "8"], &[]),
        // Written and gone at once, in the order of rows.
        (
            ["2||7; 4||7", "7; 8"],
            ["1||9; 2||7; 3||7; 4||7; 5||9", "8"],
            &[
                "1: “group” links to the row “9”, which is not there",
                "2: “group” links to the row “7”, which is not there",
                "3: “group” links to the row “7”, which is not there",
                "4: “group” links to the row “7”, which is not there",
                "5: “group” links to the row “9”, which is not there",
            ],
        ),
        // Led nowhere before.
        (["1||9; 2", "7"], ["1||9|||note; 2||7", "7; 8"], &[]),
        (["1||9", "7"], ["1||9; 2||9", "7"], &["2: “group” links to the row “9”, which is not there"]),
        // A table that links to itself.
        (["1; 2|||1", ""], ["1; 2|||1; 3|||3; 4|||2", ""], &[]),
        (["1; 2|||1", ""], ["2|||1", ""], &["2: “parent” links to the row “1”, which is not there"]),
        (["1; 2|||1", ""], ["", ""], &[]),
    ];
    for (before, after, expected) in cases {
        check(*before, *after, expected);
    }
}

#[test]
fn all_are_counted_and_some_listed() {
    let mut memory = Memory::default();
    let (items, groups) = (items(), groups());
    let lines: String = (0..1_000).map(|id| format!("{id}|{}|5;", id % 10)).collect();
    let before = state(&mut memory, (&items, ""), (&groups, ""));
    let after = state(&mut memory, (&items, &lines), (&groups, ""));
    for (limit, listed) in [(0, 0), (3, 3), (12, 12), (5_000, 1_010)] {
        let found = breaches(&memory, &before, &after, limit).expect("all chunks are there");
        assert_eq!((found.count, found.listed.len()), (1_010, listed));
    }
    let lines: String = (0..1_000).map(|id| format!("{id}|same;")).collect();
    let after = state(&mut memory, (&items, &lines), (&groups, ""));
    let found = breaches(&memory, &before, &after, 9).expect("all chunks are there");
    assert_eq!((found.count, found.listed[0].rows.len()), (1, MAX_ROWS));
    assert_eq!(found.listed[0].message, "1000 rows have “same” in the unique column “code”");
}

/// Changes of schemas: items before and after, groups before and after.
fn check_schemas(before: [(&Schema, &str); 2], after: [(&Schema, &str); 2], expected: &[&str]) {
    let mut memory = Memory::default();
    let [before, after] = [before, after].map(|[items, groups]| state(&mut memory, items, groups));
    let found = breaches(&memory, &before, &after, 10).expect("all chunks are there");
    assert_eq!(told(&found), expected);
}

#[test]
fn what_schema_changes_have_checked_is_not_checked_again() {
    let (items, groups) = (items(), groups());
    let mut plain = items.clone();
    plain.columns[1].unique = false;
    let two = "2 rows have “a” in the unique column “code”";
    // The column became unique.
    check_schemas([(&plain, "1|a; 2|a"), (&groups, "")], [(&items, "1|a; 2|a"), (&groups, "")], &[]);
    let joined = [(&items, "1|a; 2|a; 3|b; 4|b"), (&groups, "")];
    check_schemas(
        [(&plain, "1|a; 2|a; 3|b"), (&groups, "")],
        joined,
        &["3,4: 2 rows have “b” in the unique column “code”"],
    );
    // Another type; 1 and 01 become the same.
    let mut whole = items.clone();
    whole.columns[1].ty = Type::Integer;
    check_schemas([(&items, "1|10; 2|20"), (&groups, "")], [(&whole, "1|10; 2|20"), (&groups, "")], &[]);
    check_schemas(
        [(&items, "1|1; 2|01"), (&groups, "")],
        [(&whole, "1|1; 2|1"), (&groups, "")],
        &["1,2: 2 rows have “1” in the unique column “code”"],
    );
    // The column is gone, or not unique any more.
    let mut dropped = items.clone();
    dropped.columns.remove(1);
    check_schemas([(&items, "1|a"), (&groups, "")], [(&dropped, "1; 2"), (&groups, "")], &[]);
    check_schemas([(&items, "1|a"), (&groups, "")], [(&plain, "1|a; 2|a"), (&groups, "")], &[]);
    // A new unique column.
    check_schemas(
        [(&dropped, "1; 2"), (&groups, "")],
        [(&items, "1|a; 2|a"), (&groups, "")],
        &[&format!("1,2: {two}")],
    );
}

#[test]
fn a_new_column_is_checked_where_its_fill_is_no_null() {
    let (items, groups) = (items(), groups());
    let mut without = items.clone();
    without.columns.remove(2);
    check_schemas(
        [(&without, "1; 2"), (&groups, "")],
        [(&items, "1; 2||7"), (&groups, "")],
        &["2: “group” links to the row “7”, which is not there"],
    );
    let mut filled = items.clone();
    filled.columns[2].fill = Type::Link.parse("7").expect("a link");
    check_schemas([(&without, "1; 2"), (&groups, "7")], [(&filled, "1||7; 2||7"), (&groups, "7")], &[]);
    check_schemas(
        [(&without, "1; 2"), (&groups, "")],
        [(&filled, "1||7; 2||7"), (&groups, "")],
        &["1: “group” links to the row “7”, which is not there", "2: “group” links to the row “7”, which is not there"],
    );
}

#[test]
fn a_column_that_becomes_a_link_or_leads_elsewhere_is_checked() {
    let (items, groups) = (items(), groups());
    let mut text = items.clone();
    text.columns[2] = column(GROUP.0, "group", Type::Text);
    let mut elsewhere = items.clone();
    elsewhere.columns[2].target = Some(ITEMS);
    for before in [&text, &elsewhere] {
        check_schemas(
            [(before, "1||1; 2||2; 3"), (&groups, "1")],
            [(&items, "1||1; 2||2; 3"), (&groups, "1")],
            &["2: “group” links to the row “2”, which is not there"],
        );
    }
}

#[test]
fn another_primary_key_changes_no_row_but_loses_links() {
    let (items, groups) = (items(), groups());
    let mut titled = groups.clone();
    titled.primary_key = vec![ColumnId(2)];
    titled.columns[1].required = true;
    // 1 led to a row, 3 leads to one by its title, 5 led nowhere before.
    let rows = "1||7; 3||9; 5||6";
    check_schemas(
        [(&items, rows), (&groups, "7|a; 8|9")],
        [(&items, rows), (&titled, "7|a; 8|9")],
        &["1: “group” links to the row “7”, which is not there"],
    );
    check_schemas(
        [(&items, rows), (&groups, "7|a; 8|9")],
        [(&items, "1||a; 3||9; 5||6; 6||6"), (&titled, "7|a; 8|9")],
        &["6: “group” links to the row “6”, which is not there"],
    );
    // Old duplicates and links to nowhere stay old where the table itself is rekeyed.
    let mut coded = items.clone();
    coded.primary_key = vec![ColumnId(5)];
    coded.columns[4].ty = Type::Integer;
    let mut numbered = items.clone();
    numbered.columns[4].ty = Type::Integer;
    let rows = "1|a|9||31; 2|a|9||30";
    check_schemas([(&numbered, rows), (&groups, "")], [(&coded, rows), (&groups, "")], &[]);
    check_schemas(
        [(&numbered, rows), (&groups, "")],
        [(&coded, "1|a|9||31; 2|a|9||30; 3|a|9||32"), (&groups, "")],
        &[
            "30,31,32: 3 rows have “a” in the unique column “code”",
            "32: “group” links to the row “9”, which is not there",
        ],
    );
}

#[test]
fn a_table_that_goes_is_told_once_for_each_column_that_links_to_it() {
    let mut memory = Memory::default();
    let (items, groups) = (items(), groups());
    let before = state(&mut memory, (&items, "1||7; 2||7"), (&groups, "7"));
    let mut after = before.clone();
    after.tables.remove(&GROUPS);
    let found = breaches(&memory, &before, &after, 10).expect("all chunks are there");
    assert_eq!(told(&found), [": “group” links to a table that is gone"]);
    // It was gone before.
    assert_eq!(breaches(&memory, &after, &after, 10).expect("nothing is read").count, 0);
    let mut next = state(&mut memory, (&items, "1||7; 2||7; 3||7"), (&groups, ""));
    next.tables.remove(&GROUPS);
    let found = breaches(&memory, &after, &next, 10).expect("all chunks are there");
    assert_eq!(told(&found), ["3: “group” links to the row “7”, which is not there"]);
}

/// Reads nodes of trees: all but the schemas.
fn node_reads(memory: &Memory, before: &Root, after: &Root) -> u64 {
    memory.reads();
    breaches(memory, before, after, 10).expect("all chunks are there");
    let schemas = |root: &Root| root.tables.values().map(|entry| entry.schema).collect::<Vec<_>>();
    let read = memory.reads();
    let distinct: u64 = after.tables.len() as u64
        + schemas(before).iter().filter(|schema| !schemas(after).contains(schema)).count() as u64;
    if read == 0 { 0 } else { read - distinct }
}

#[test]
fn the_cost_follows_the_change() {
    let mut memory = Memory::default();
    let (items, groups) = (items(), groups());
    let count = 100_000_i64;
    let item = |id: i64, code: &str, group: i64| -> (Key, Row) {
        let link = |key: i64| Type::Link.parse(&key.to_string()).expect("a link");
        let row = vec![Value::Integer(id), Value::Text(code.to_owned()), link(group), Value::Null, Value::Null];
        (Key::of_row(&items, &row).expect("a key"), row)
    };
    let group = |id: i64, title: &str| -> (Key, Row) {
        let row = vec![Value::Integer(id), Value::Text(title.to_owned())];
        (Key::of_row(&groups, &row).expect("a key"), row)
    };
    let mut before = Root::default();
    let all = (0..count).map(|id| item(id, &id.to_string(), id)).collect();
    add(&mut memory, &mut before, ITEMS, "items", &items, &all);
    add(&mut memory, &mut before, GROUPS, "groups", &groups, &(0..count).map(|id| group(id, "")).collect());
    let edited = |memory: &mut Memory, table: TableId, schema: &Schema, edits: Vec<(Key, Option<Row>)>| {
        let mut after = before.clone();
        let entry = after.tables.get_mut(&table).expect("both are there");
        entry.tree = memory.edit(schema, entry.tree, edits);
        after
    };
    let some = |(key, row): (Key, Row)| (key, Some(row));
    let leaves = |memory: &Memory, tree: Tree| {
        fn count(memory: &Memory, hash: Hash) -> u64 {
            let children = memory.object(hash).expect("all chunks are there").children();
            1 + children.into_iter().map(|child| count(memory, child)).sum::<u64>()
        }
        tree.root.map_or(0, |root| count(memory, root))
    };

    // Nothing, and names only.
    assert_eq!(node_reads(&memory, &before, &before), 0);
    let mut renamed = before.clone();
    renamed.tables.get_mut(&ITEMS).expect("both are there").name = "things".to_owned();
    memory.reads();
    breaches(&memory, &before, &renamed, 10).expect("nothing is read");
    assert_eq!(memory.reads(), 0);

    // A note, which no rule concerns; a link; a link and nothing else: a few nodes.
    let (key, mut row) = item(500, "500", 500);
    row[4] = Value::Text("note".to_owned());
    let noted = edited(&mut memory, ITEMS, &items, vec![(key, Some(row))]);
    assert!(node_reads(&memory, &before, &noted) <= 8);
    let linked = edited(&mut memory, ITEMS, &items, vec![some(item(500, "500", 900))]);
    assert!(node_reads(&memory, &before, &linked) <= 12);

    // A unique value: that table once. A row that others link to: the same.
    let nodes = leaves(&memory, before.tables[&ITEMS].tree);
    let coded = edited(&mut memory, ITEMS, &items, vec![some(item(500, "new", 500))]);
    let read = node_reads(&memory, &before, &coded);
    assert!((nodes..=nodes + 12).contains(&read), "{read} of {nodes}");
    let gone = edited(&mut memory, GROUPS, &groups, vec![(group(500, "").0, None)]);
    let read = node_reads(&memory, &before, &gone);
    assert!((nodes..=nodes + 40).contains(&read), "{read} of {nodes}");
    // A new row in that table, or another title, matters to no link.
    let titled = edited(&mut memory, GROUPS, &groups, vec![some(group(500, "new"))]);
    assert!(node_reads(&memory, &before, &titled) <= 8);

    // Tables that no rule concerns.
    let mut plain = Root::default();
    add(&mut memory, &mut plain, GROUPS, "groups", &groups, &(0..count).map(|id| group(id, "")).collect());
    let mut after = Root::default();
    add(&mut memory, &mut after, GROUPS, "groups", &groups, &(5..count).map(|id| group(id, "new")).collect());
    assert_eq!(node_reads(&memory, &plain, &after), 0);
}

/// The rows of a table with its schema.
fn table(memory: &Memory, root: &Root, id: TableId) -> Option<(Schema, BTreeMap<Key, Row>)> {
    let entry = root.tables.get(&id)?;
    let source: &dyn ObjectSource = memory;
    let schema = source.schema(entry.schema).expect("all chunks are there");
    let rows = memory.all(&schema, entry.tree).into_iter().collect();
    Some((schema, rows))
}

/// What all rows say, where keys and columns stay.
fn oracle(memory: &Memory, before: &Root, after: &Root) -> Vec<versioning::merge::Violation> {
    let mut found = Vec::new();
    for id in after.tables.keys() {
        let (schema, rows) = table(memory, after, *id).expect("it is there");
        let old = table(memory, before, *id).map(|(_, rows)| rows).unwrap_or_default();
        let is_written = |key: &Key, cell: usize| old.get(key).is_none_or(|row| row[cell] != rows[key][cell]);
        for (cell, column) in schema.columns.iter().enumerate().filter(|(_, column)| column.unique) {
            let mut holders: BTreeMap<&Value, Vec<&Key>> = BTreeMap::new();
            for (key, row) in rows.iter().filter(|(_, row)| !row[cell].is_null()) {
                holders.entry(&row[cell]).or_default().push(key);
            }
            let mut duplicates: Vec<(&Value, Vec<&Key>)> = holders.into_iter().collect();
            duplicates.retain(|(_, keys)| keys.len() > 1 && keys.iter().any(|key| is_written(key, cell)));
            duplicates.sort_by_key(|(_, keys)| keys[1]);
            found.extend(duplicates.into_iter().map(|(value, keys)| versioning::merge::Violation {
                table: *id,
                rule: Rule::Unique { column: column.id },
                message: format!("{} rows have “{value}” in the unique column “{}”", keys.len(), column.name),
                rows: keys.into_iter().map(|key| (key.clone(), [(column.id, value.clone())].into())).collect(),
            }));
        }
        for (cell, column) in schema.columns.iter().enumerate() {
            let Some(target) = column.target else { continue };
            let leads = |root: &Root, value: &Value| {
                let Some((schema, rows)) = table(memory, root, target) else { return false };
                let Value::Link(link) = value else { return true };
                link.key(&schema).is_ok_and(|key| rows.contains_key(&key))
            };
            let values: BTreeSet<&Value> = rows.values().map(|row| &row[cell]).collect();
            let broken: BTreeSet<&Value> = values.into_iter().filter(|value| !leads(after, value)).collect();
            let lost: BTreeSet<&Value> = broken.iter().filter(|value| leads(before, value)).copied().collect();
            for (key, row) in &rows {
                let value = &row[cell];
                if broken.contains(value) && (lost.contains(value) || is_written(key, cell)) {
                    found.push(versioning::merge::Violation {
                        table: *id,
                        rule: Rule::Link { column: column.id, target },
                        message: format!("“{}” links to the row “{value}”, which is not there", column.name),
                        rows: vec![(key.clone(), [(column.id, value.clone())].into())],
                    });
                }
            }
        }
    }
    found
}

/// Cells of an item: code, group, parent, note; the range is small, so that values meet.
fn some_items() -> impl Strategy<Value = BTreeMap<i64, (u8, u8, u8, u8)>> {
    let id = prop_oneof![4 => 0..40_i64, 1 => 0..2_000_i64];
    proptest::collection::btree_map(id, (0..30_u8, 0..12_u8, 0..40_u8, 0..3_u8), 0..60)
}

type Rows = (BTreeMap<i64, (u8, u8, u8, u8)>, BTreeSet<i64>);

fn build(memory: &mut Memory, (rows, others): &Rows) -> Root {
    let (items, groups) = (items(), groups());
    let lines = |(id, (code, group, parent, note)): (&i64, &(u8, u8, u8, u8))| {
        let cell = |number: u8| if number == 0 { String::new() } else { number.to_string() };
        format!("{id}|{}|{}|{}|{}", cell(*code), cell(*group), cell(*parent), cell(*note))
    };
    let lines = rows.iter().map(lines).collect::<Vec<_>>().join(";");
    let others = others.iter().map(i64::to_string).collect::<Vec<_>>().join(";");
    state(memory, (&items, &lines), (&groups, &others))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn m16_a_change_breaks_what_looking_at_all_rows_tells(
        rows in some_items(),
        others in proptest::collection::btree_set(0..12_i64, 0..12),
        changed in some_items(),
        removed in proptest::collection::btree_set(0..40_i64, 0..10),
        toggled in proptest::collection::btree_set(0..12_i64, 0..4),
        limit in 0..40_usize,
        more in prop_oneof![5 => Just(0), 1 => Just(1_500_i64)],
    ) {
        let mut memory = Memory::default();
        let mut before = (rows, others);
        // Several leaves, of which most stay as they are.
        for id in 100..100 + more {
            before.0.entry(id).or_insert((0, (id % 12) as u8, 0, 0));
        }
        let mut after = before.clone();
        after.0.extend(changed);
        after.0.retain(|id, _| !removed.contains(id));
        after.1 = before.1.symmetric_difference(&toggled).copied().collect();
        let (before, after) = (build(&mut memory, &before), build(&mut memory, &after));
        let expected = oracle(&memory, &before, &after);
        let found = breaches(&memory, &before, &after, usize::MAX).expect("all chunks are there");
        prop_assert_eq!(&found.listed, &expected);
        let some = breaches(&memory, &before, &after, limit).expect("all chunks are there");
        prop_assert_eq!((some.count, some.listed.len()), (expected.len() as u64, limit.min(expected.len())));
    }
}
