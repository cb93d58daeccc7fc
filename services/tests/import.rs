//! The import service's reading of CSV files, without a process around it.

use std::{cell::RefCell, collections::HashMap, io::Write, rc::Rc, sync::Arc};

use proptest::prelude::*;
use services::{
    frames,
    import::{Dialect, FoundColumn, ImportOutcome, ImportPlan, Inspection, MAX_PROBLEMS, Problem},
    protocol::{self, Reply, Request, from_worker},
    worker::{Link, import},
};
use versioning::{
    Column, ColumnId, Hash, Object, ObjectSource, ReadError, Row, Schema, Type, Value, frame, value::ParseValueError,
};

/// What the worker wrote.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Chunks(HashMap<Hash, Arc<Object>>);

impl ObjectSource for Chunks {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        self.0.get(&hash).cloned().ok_or(ReadError::Missing { hash })
    }
}

fn ask(request: Request, file: &[u8]) -> (Result<Reply, String>, Chunks) {
    let written = Written::default();
    let link = Link::new(written.clone());
    let reply = import::answer(request, file, &link).map_err(|failure| failure.to_string());
    if let Ok(reply) = &reply {
        link.reply(reply).expect("memory takes everything");
    }
    let written = written.0.borrow();
    let mut rest = written.as_slice();
    let mut chunks = Chunks::default();
    while let Some(read) = frames::read_blocking(&mut rest).expect("whole frames") {
        if read.kind == from_worker::CHUNKS {
            for (hash, sent) in protocol::chunks(&read.payload).map(|chunk| chunk.expect("whole chunks")) {
                let packed = sent.to_frame(hash).expect("named by its hash");
                chunks.0.insert(hash, Arc::new(frame::open(hash, &packed).expect("an object")));
            }
        }
    }
    (reply, chunks)
}

fn inspect(file: impl AsRef<[u8]>) -> Inspection {
    match ask(Request::Inspect, file.as_ref()).0 {
        Ok(Reply::Inspection(inspection)) => inspection,
        other => panic!("{other:?}"),
    }
}

/// A plan for columns of these names and types in the order of the file; the first is the key.
fn plan(columns: &[(&str, Type)]) -> ImportPlan {
    let columns: Vec<_> = (1..).zip(columns).map(|(id, (name, ty))| Column::new(ColumnId(id), *name, *ty)).collect();
    ImportPlan {
        dialect: Dialect { encoding: "UTF-8".to_owned(), delimiter: b',', header: true },
        sources: (0..columns.len()).map(Some).collect(),
        schema: Schema {
            columns,
            primary_key: vec![ColumnId(1)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        },
        increasing: false,
    }
}

/// A plan whose key is generated, before these columns of text.
fn generated(count: usize) -> ImportPlan {
    let names: Vec<_> = (0..=count).map(|index| format!("column {index}")).collect();
    let columns: Vec<_> = names.iter().map(|name| (name.as_str(), Type::Text)).collect();
    let mut plan = plan(&columns);
    plan.schema.columns[0].ty = Type::Uuid;
    plan.schema.generated_key = true;
    plan.sources = std::iter::once(None).chain((0..count).map(Some)).collect();
    plan.dialect.header = false;
    plan
}

fn imported(plan: &ImportPlan, file: impl AsRef<[u8]>) -> Vec<Row> {
    let (reply, chunks) = ask(Request::Import(Box::new(plan.clone())), file.as_ref());
    let Ok(Reply::Outcome(ImportOutcome::Imported { tree, rows })) = reply else { panic!("{reply:?}") };
    assert_eq!(tree.rows, rows);
    let rows = tree.rows(&chunks, &plan.schema, 0, usize::MAX).expect("all chunks are there");
    rows.into_iter().map(|(_, row)| row).collect()
}

fn refused(plan: &ImportPlan, file: impl AsRef<[u8]>) -> (Vec<Problem>, u64) {
    match ask(Request::Import(Box::new(plan.clone())), file.as_ref()) {
        (Ok(Reply::Outcome(ImportOutcome::Refused { problems, problem_count })), _) => (problems, problem_count),
        (other, _) => panic!("{other:?}"),
    }
}

/// Problems as `line column: value: reason`.
fn told(problems: &[Problem]) -> Vec<String> {
    let tell = |problem: &Problem| {
        let column = problem.column.as_deref().unwrap_or("-");
        format!("{} {column}: {}: {}", problem.line, problem.value, problem.reason)
    };
    problems.iter().map(tell).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn an_inspection_tells_all_about_a_file() {
    let found = inspect("id;name;price\n1;\"Zürich\nHB\";1.50\n2;Köln;2\n");
    let column = |name: &str, ty, unique, increasing, samples: &[&str]| FoundColumn {
        name: name.to_owned(),
        ty,
        complete: true,
        unique,
        increasing,
        samples: samples.iter().map(|sample| (*sample).to_owned()).collect(),
    };
    let expected = Inspection {
        dialect: Dialect { encoding: "UTF-8".to_owned(), delimiter: b';', header: true },
        columns: vec![
            column("id", Type::Integer, true, true, &["1", "2"]),
            column("name", Type::Text, true, false, &["Zürich\nHB", "Köln"]),
            column("price", Type::Decimal, true, true, &["1.50", "2"]),
        ],
        rows: 2,
        bytes: 44,
        preview: [["1", "Zürich\nHB", "1.50"], ["2", "Köln", "2"]].map(|row| row.map(str::to_owned).to_vec()).to_vec(),
        suggested_key: Some(0),
        problems: Vec::new(),
        problem_count: 0,
    };
    assert_eq!(found, expected);
}

#[test]
fn empty_files_are_told_and_headers_alone_are_tables() {
    for file in ["", "\n\r\n", "\u{FEFF}"] {
        let found = inspect(file);
        assert_eq!((told(&found.problems), found.problem_count), (vec!["1 -: : the file is empty".to_owned()], 1));
        assert_eq!(told(&refused(&plan(&[("id", Type::Text)]), file).0), ["1 -: : the file is empty"]);
    }
    let found = inspect("id,name\n");
    let types: Vec<_> = found.columns.iter().map(|column| (column.name.as_str(), column.ty)).collect();
    assert_eq!(types, [("id", Type::Text), ("name", Type::Text)]);
    assert_eq!((found.rows, found.suggested_key, found.problem_count), (0, None, 0));
    assert!(imported(&plan(&[("id", Type::Text), ("name", Type::Text)]), "id,name\n").is_empty());
    assert!(
        imported(
            &{ ImportPlan { dialect: Dialect { header: true, ..generated(2).dialect }, ..generated(2) } },
            "id,name"
        )
        .is_empty()
    );
}

#[test]
fn the_key_that_is_suggested_is_unique_complete_and_short() {
    let suggested = |file: &str| inspect(file).suggested_key;
    assert_eq!(suggested("name,id\na,1\na,2\n"), Some(1));
    assert_eq!(suggested("name,id\na,1\n,2\n"), Some(1));
    assert_eq!(suggested("name,id\na,1\na,1\n"), None);
    assert_eq!(suggested(&format!("name,id\n{},1\nb,2\n", "x".repeat(1_023))), Some(1));
    assert_eq!(suggested(&format!("name,id\n{},1\nb,2\n", "x".repeat(1_022))), Some(0));
    assert_eq!(suggested("a,b\n{},1\n[],1\n"), None);
}

#[test]
fn files_in_other_encodings_are_read() {
    let found = inspect(b"name,city\nJ\xFCrg,Z\xFCrich\n");
    assert_eq!(found.dialect.encoding, "windows-1252");
    assert_eq!(found.preview[0], ["Jürg", "Zürich"]);
    let file: Vec<u8> = "\u{FEFF}id\tname\r\n1\tZürich\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = inspect(&file);
    assert_eq!(
        (found.dialect.encoding.as_str(), found.dialect.delimiter, found.bytes),
        ("UTF-16LE", b'\t', file.len() as u64)
    );
    let mut plan = plan(&[("id", Type::Integer), ("name", Type::Text)]);
    plan.dialect = found.dialect;
    assert_eq!(imported(&plan, &file), [[Value::Integer(1), text("Zürich")]]);
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_lines() {
    let file = b"id,name\n1,a\n2\n3,\xFF\n\n4,\"x\ny\",z\n5,\0\n6,\"open\nto the end\n";
    let expected = [
        "3 -: 2: the record has 1 field, but the first one has 2",
        "4 name: \u{FFFD}: it has bytes that are no text in the file's encoding",
        "6 -: 4 | x\ny | z: the record has 3 fields, but the first one has 2",
        "8 name: \u{2400}: it has a NUL character, which is no text",
        "9 -: : the quotation mark that opens a field on line 9 is never closed",
    ];
    let mut plan = plan(&[("id", Type::Integer), ("name", Type::Text)]);
    for increasing in [true, false] {
        plan.increasing = increasing;
        let (problems, count) = refused(&plan, file);
        assert_eq!((told(&problems), count), (expected.map(str::to_owned).to_vec(), 5));
    }
    // The bad byte outweighs the good characters in so short a file, unless there are some.
    let file = [file.as_slice(), "7,äöüÄÖÜßé\n".as_bytes()].concat();
    assert_eq!(told(&inspect(&file).problems), expected);
}

#[test]
fn bad_values_are_told_with_their_reasons() {
    let plan = plan(&[("id", Type::Integer), ("price", Type::Decimal), ("day", Type::Date)]);
    let (problems, count) = refused(&plan, "id,price,day\n1,1.5,2026-01-01\nx,1,5\n3,abc,2026-02-30\n,2,\n");
    let expected = [
        format!("3 id: x: {}", ParseValueError::Integer),
        format!("3 day: 5: {}", ParseValueError::Date),
        format!("4 price: abc: {}", ParseValueError::Decimal),
        format!("4 day: 2026-02-30: {}", ParseValueError::Date),
        "5 id: : it is empty, but every row needs a value here".to_owned(),
    ];
    assert_eq!((told(&problems), count), (expected.to_vec(), 5));
}

#[test]
fn required_columns_must_have_values() {
    let mut plan = plan(&[("id", Type::Integer), ("name", Type::Text)]);
    assert_eq!(imported(&plan, "id,name\n1,\n"), [[Value::Integer(1), Value::Null]]);
    plan.schema.columns[1].required = true;
    let problems = refused(&plan, "id,name\n1,\n2,b\n").0;
    assert_eq!(told(&problems), ["2 name: : it is empty, but every row needs a value here"]);
}

#[test]
fn values_that_break_a_rule_of_their_column_are_told() {
    let names = [("id", Type::Integer), ("code", Type::Text), ("size", Type::Choice), ("tags", Type::Tags)];
    let mut plan = plan(&names);
    let [id, code, size, tags] = &mut plan.schema.columns[..] else { panic!("four columns") };
    (id.minimum, id.maximum) = (Value::Integer(1), Value::Integer(9));
    code.pattern = "[a-z]{2}".to_owned();
    size.options = vec!["small".to_owned(), "large".to_owned()];
    tags.options = vec!["new".to_owned()];
    let bad = "id,code,size,tags\n5,ab,small,new\n0,abc,huge,\n10,,,\"new,old\"\nx,A,large,\n6,cd,,\n";
    let expected = [
        "3 id: 0: “id” must not be below 1",
        "3 code: abc: “code” must match the pattern [a-z]{2}",
        "3 size: huge: “huge” is not among the options of “size”",
        "4 id: 10: “id” must not be above 9",
        "4 tags: new,old: “old” is not among the options of “tags”",
        "5 id: x: not a whole number, such as 42 or -7",
        "5 code: A: “code” must match the pattern [a-z]{2}",
    ];
    for increasing in [true, false] {
        plan.increasing = increasing;
        let (problems, count) = refused(&plan, bad);
        assert_eq!((told(&problems), count), (expected.map(str::to_owned).to_vec(), 7));
        assert_eq!(imported(&plan, "id,code,size,tags\n1,ab,small,new\n9,,,\n").len(), 2);
    }
}

#[test]
fn the_same_key_twice_is_told_with_both_lines() {
    let mut plan = plan(&[("id", Type::Integer), ("name", Type::Text)]);
    let told_twice = |plan: &ImportPlan, file| told(&refused(plan, file).0);
    assert_eq!(
        told_twice(&plan, "id,name\n5,a\n1,b\n5,c\n1,d\n5,e\n"),
        ["4 id: 5: the same key as line 2", "5 id: 1: the same key as line 3", "6 id: 5: the same key as line 2"]
    );
    // Other problems don't hide it.
    assert_eq!(
        told_twice(&plan, "id,name\n5,a\nx,b\n5,c\n"),
        ["3 id: x: not a whole number, such as 42 or -7", "4 id: 5: the same key as line 2"]
    );
    plan.schema.primary_key = vec![ColumnId(1), ColumnId(2)];
    assert_eq!(told_twice(&plan, "id,name\n5,a\n5,b\n5,a\n"), ["4 id, name: 5,a: the same key as line 2"]);
    plan.increasing = true;
    assert_eq!(told_twice(&plan, "id,name\n5,a\n5,a\n5,b\n"), ["3 id, name: 5,a: the same key as line 2"]);
}

#[test]
fn a_broken_promise_of_order_is_an_error() {
    let mut plan = plan(&[("id", Type::Integer)]);
    plan.increasing = true;
    let (reply, _) = ask(Request::Import(Box::new(plan)), b"id\n1\n3\n2\n");
    let error = reply.expect_err("2 comes after 3");
    assert!(error.starts_with("line 4 comes before line 3 in the order of the keys"), "{error}");
}

#[test]
fn keys_that_are_too_long_are_told() {
    let plan = plan(&[("name", Type::Text)]);
    let (problems, _) = refused(&plan, format!("name\n{}\n", "x".repeat(2_000)));
    assert_eq!(problems[0].value, "x".repeat(200));
    assert_eq!(problems[0].reason, "the primary key takes 2002 bytes; at most 1024 are possible");
}

#[test]
fn all_problems_are_counted_and_the_first_ones_listed() {
    let plan = plan(&[("id", Type::Integer)]);
    let (problems, count) = refused(&plan, "id\n".to_owned() + &"x\n".repeat(5_000));
    assert_eq!((problems.len(), count), (MAX_PROBLEMS, 5_000));
    assert_eq!((problems[0].line, problems[999].line), (2, 1_001));
}

#[test]
fn rows_in_any_order_make_the_tree_that_rows_in_order_make() {
    let tree = |file: String, increasing| {
        let mut plan = plan(&[("id", Type::Integer), ("name", Type::Text)]);
        plan.increasing = increasing;
        match ask(Request::Import(Box::new(plan)), file.as_bytes()).0 {
            Ok(Reply::Outcome(ImportOutcome::Imported { tree, .. })) => tree,
            other => panic!("{other:?}"),
        }
    };
    let file = |ids: &mut dyn Iterator<Item = u32>| {
        ids.fold("id,name\n".to_owned(), |file, id| file + &format!("{id},name {id}\n"))
    };
    let ordered = tree(file(&mut (0..5_000)), true);
    assert_eq!(tree(file(&mut (0..5_000)), false), ordered);
    assert_eq!(tree(file(&mut (0..5_000).rev()), false), ordered);
}

#[test]
fn columns_can_be_left_out_and_moved() {
    let mut plan = plan(&[("b", Type::Text), ("a", Type::Integer)]);
    plan.sources = vec![Some(2), Some(0)];
    assert_eq!(imported(&plan, "a,x,b\n1,-,y\n"), [[text("y"), Value::Integer(1)]]);
}

#[test]
fn generated_keys_keep_the_order_of_the_file() {
    let names = |rows: Vec<Row>| rows.into_iter().map(|row| row[1].to_string()).collect::<Vec<_>>();
    assert_eq!(names(imported(&generated(1), "c\na\nb\na\n")), ["c", "a", "b", "a"]);
}

#[test]
fn plans_that_make_no_sense_are_errors() {
    let good = plan(&[("id", Type::Integer), ("name", Type::Text)]);
    let check = |change: &dyn Fn(&mut ImportPlan), reason: &str| {
        let mut plan = good.clone();
        change(&mut plan);
        let error = ask(Request::Import(Box::new(plan)), b"id,name\n1,a\n").0.expect_err(reason);
        assert!(error.contains(reason), "{error}");
    };
    check(&|plan| plan.schema.columns.clear(), "a table has 1 to 1000 columns");
    check(&|plan| plan.sources.truncate(1), "does not say for each column");
    check(&|plan| plan.sources[0] = None, "does not say where the values of “id” come from");
    check(&|plan| plan.sources[1] = Some(2), "it wants column 3 of a file with 2");
    check(&|plan| plan.dialect.encoding = "ebcdic".to_owned(), "no encoding named “ebcdic”");
    check(&|plan| plan.dialect.delimiter = b'"', "the delimiter");
}

#[test]
fn a_thousand_columns_fit_and_more_are_told() {
    let header: Vec<_> = (0..1_001).map(|index| format!("c{index}")).collect();
    let row = vec!["x".repeat(300); 1_001].join(",");
    let found = inspect(header.join(",") + "\n" + &(row + "\n").repeat(30));
    assert_eq!((found.columns.len(), found.problem_count), (1_000, 1));
    assert_eq!(found.problems[0].reason, "the file has 1001 columns; a table has at most 1000");
    assert!(found.preview.len() < 10);
}

/// How a cell is written.
fn write_cell(cell: &str, delimiter: u8, quote: bool, is_only: bool) -> String {
    let needs = cell.contains(['"', '\n', '\r', char::from(delimiter)]) || (is_only && cell.is_empty());
    if quote || needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

fn a_table() -> impl Strategy<Value = Vec<Vec<(String, bool)>>> {
    (1_usize..5).prop_flat_map(|width| {
        let cell = prop_oneof!["[a-c,;\"\r\n|\t ]{0,6}", "[^\0\u{FEFF}]{0,6}"];
        proptest::collection::vec(proptest::collection::vec((cell, any::<bool>()), width), 1..8)
    })
}

proptest! {
    #[test]
    fn any_table_is_read_back(
        table in a_table(),
        delimiter in prop::sample::select(&[b',', b';', b'\t', b'|'][..]),
        line_end in prop::sample::select(&["\n", "\r\n", "\r", "\n\n"][..]),
        ends: bool,
    ) {
        let write = |row: &Vec<(String, bool)>| {
            let cells = row.iter().map(|(cell, quote)| write_cell(cell, delimiter, *quote, row.len() == 1));
            cells.collect::<Vec<_>>().join(&char::from(delimiter).to_string())
        };
        let mut file = table.iter().map(write).collect::<Vec<_>>().join(line_end);
        if ends {
            file += line_end;
        }
        let mut plan = generated(table[0].len());
        plan.dialect.delimiter = delimiter;
        let rows = imported(&plan, &file);
        let expected: Vec<Vec<Value>> = table
            .iter()
            .map(|row| row.iter().map(|(cell, _)| if cell.is_empty() { Value::Null } else { text(cell) }).collect())
            .collect();
        prop_assert_eq!(rows.into_iter().map(|row| row[1..].to_vec()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_an_inspection_finds_can_be_imported(
        table in proptest::collection::vec(proptest::collection::vec("[0-9]{1,3}|-?[0-9.]{0,5}|true|no|2026-0[1-9]-[0-3][0-9]|[a-z]{0,3}|\\{\\}", 3), 1..8)
    ) {
        let file: String = table.iter().map(|row| row.join(",") + "\n").collect();
        let found = inspect(&file);
        prop_assert_eq!(found.problem_count, 0);
        let mut plan = generated(found.columns.len());
        plan.dialect = found.dialect;
        for (column, found) in plan.schema.columns[1..].iter_mut().zip(&found.columns) {
            column.ty = found.ty;
        }
        prop_assert_eq!(imported(&plan, &file).len() as u64, found.rows);
        if let Some(key) = found.suggested_key {
            plan.schema.primary_key = vec![plan.schema.columns[key + 1].id];
            plan.schema.generated_key = false;
            plan.increasing = found.columns[key].increasing;
            plan.schema.columns.remove(0);
            plan.sources.remove(0);
            prop_assert_eq!(imported(&plan, &file).len() as u64, found.rows);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), increasing: bool) {
        let found = inspect(&bytes);
        prop_assert!(!found.columns.is_empty() || found.problem_count > 0);
        let mut plan = plan(&[("a", Type::Text)]);
        plan.increasing = increasing;
        plan.dialect = found.dialect;
        let _ = ask(Request::Import(Box::new(plan)), &bytes);
        let _ = ask(Request::Import(Box::new(generated(1))), &bytes);
    }

    #[test]
    fn nearly_csv_never_panics(file in "[a1,;\"\r\n\t\0é]{0,40}") {
        let found = inspect(&file);
        let mut plan = generated(1);
        plan.dialect = found.dialect;
        let (reply, _) = ask(Request::Import(Box::new(plan)), file.as_bytes());
        if found.problem_count == 0 {
            let is_imported = matches!(reply, Ok(Reply::Outcome(ImportOutcome::Imported { rows, .. })) if rows == found.rows);
            prop_assert!(is_imported, "{:?}", reply);
        } else {
            let is_refused = matches!(reply, Ok(Reply::Outcome(ImportOutcome::Refused { .. })));
            prop_assert!(is_refused, "{:?}", reply);
        }
    }
}
