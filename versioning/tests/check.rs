//! The rules of columns: which a schema can have, and what they say of a row (rule M16).

mod common;

use common::{column, products};
use versioning::{
    Column, ColumnId, Schema, TableId, Type, Value,
    check::Checker,
    schema::{MAX_NAME, MAX_OPTIONS, MAX_PROPERTY, RowError},
    value::{MAX_CELL, Tags},
};

fn value(ty: Type, text: &str) -> Value {
    ty.parse(text).expect("a value")
}

fn options(options: &[&str]) -> Vec<String> {
    options.iter().map(ToString::to_string).collect()
}

#[test]
fn a_schema_with_properties_that_do_not_fit_is_refused() {
    let of = |ty| column(9, "c", ty);
    let choice = |list: &[&str]| Column { options: options(list), ..of(Type::Choice) };
    let range = |ty: Type, minimum: &str, maximum: &str| Column {
        minimum: ty.parse(minimum).expect("a value"),
        maximum: ty.parse(maximum).expect("a value"),
        ..of(ty)
    };
    let long = "x".repeat(MAX_NAME + 1);
    let target = Some(TableId(1));
    for (column, expected) in [
        (of(Type::Text), None),
        (choice(&["a", "b"]), None),
        (Column { target, ..of(Type::Link) }, None),
        (Column { options: options(&["a"]), ..of(Type::Tags) }, None),
        (range(Type::Integer, "9", "10"), None),
        (range(Type::Integer, "10", "10"), None),
        (range(Type::Text, "9", ""), None),
        (range(Type::Date, "", "2026-01-01"), None),
        (Column { pattern: "[a-z]+".into(), default: value(Type::Text, "abc"), ..of(Type::Text) }, None),
        (Column { required: true, ..of(Type::File) }, None),
        (
            Column { fill: value(Type::Integer, "1"), ..of(Type::Text) },
            Some("the value of earlier rows is no value of type text"),
        ),
        (
            Column { default: value(Type::Text, "1"), ..of(Type::Integer) },
            Some("the default is no value of type integer"),
        ),
        (
            Column { minimum: value(Type::Integer, "1"), ..of(Type::Decimal) },
            Some("the minimum is no value of type decimal"),
        ),
        (
            Column { default: value(Type::Text, &"x".repeat(MAX_PROPERTY + 1)), ..of(Type::Text) },
            Some("the default has more than 10000 bytes"),
        ),
        (range(Type::Integer, "11", "10"), Some("the minimum 11 is above the maximum 10")),
        (range(Type::Text, "9", "10"), Some("the minimum 9 is above the maximum 10")),
        (range(Type::Json, "1", "2"), Some("values of type json have no order, so there is no minimum")),
        (range(Type::Tags, "", "a"), Some("values of type tags have no order, so there is no maximum")),
        (
            Column { pattern: "1".into(), ..of(Type::Integer) },
            Some("only texts can have a pattern; values here are of type integer"),
        ),
        (choice(&[]), Some("a choice needs options")),
        (choice(&["a", ""]), Some("option 2: an option has 1 to 200 characters and no control characters")),
        (choice(&[" a"]), Some("option 1: an option has 1 to 200 characters and no control characters")),
        (choice(&[&long]), Some("option 1: an option has 1 to 200 characters and no control characters")),
        (choice(&["a", "b", "a"]), Some("the option “a” stands twice")),
        (
            Column { options: (0..=MAX_OPTIONS).map(|n| n.to_string()).collect(), ..of(Type::Choice) },
            Some("there are 1001 options; at most 1000 are possible"),
        ),
        (
            Column { options: options(&["a"]), ..of(Type::Text) },
            Some("only choices and tags have options; values here are of type text"),
        ),
        (of(Type::Link), Some("a link needs a table to lead to")),
        (Column { target, ..of(Type::Text) }, Some("only links lead to a table; values here are of type text")),
        (
            Column { default: Value::Choice("c".into()), ..choice(&["a", "b"]) },
            Some("the default breaks a rule: “c” is not among the options of “c”"),
        ),
        (
            Column { default: value(Type::Integer, "1"), ..range(Type::Integer, "2", "") },
            Some("the default breaks a rule: “c” must not be below 2"),
        ),
        (
            Column { description: "x".repeat(10_001), ..of(Type::Text) },
            Some("the description has more than 10000 bytes"),
        ),
    ] {
        let mut schema = products();
        schema.columns.push(column.clone());
        let error = schema.validate().err().map(|error| error.to_string());
        assert_eq!(error, expected.map(|expected| format!("“c”: {expected}")), "{column:?}");
    }
    for ty in [Type::Json, Type::Tags, Type::File] {
        let mut schema = products();
        schema.columns[0].ty = ty;
        let error = schema.validate().expect_err("it has no order").to_string();
        assert_eq!(error, format!("“id” can't be part of the primary key: values of type {ty} have no order"));
    }
}

#[test]
fn m16_a_cell_keeps_the_rules_of_its_column() {
    let check = |column: Column, good: &[&str], bad: &[(&str, &str)]| {
        let schema = Schema {
            columns: vec![column],
            primary_key: Vec::new(),
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        };
        let column = &schema.columns[0];
        for text in good {
            assert_eq!(schema.check_cell(column, &value(column.ty, text)), Ok(()), "{column:?}: {text}");
        }
        for (text, expected) in bad {
            let error = schema.check_cell(column, &value(column.ty, text)).expect_err("a breach").to_string();
            assert_eq!(&error, expected, "{column:?}: {text}");
        }
    };
    let of = |ty| column(9, "c", ty);
    check(Column { required: true, ..of(Type::Tags) }, &["a"], &[("", "“c” must not be empty")]);
    check(
        Column { minimum: value(Type::Integer, "9"), maximum: value(Type::Integer, "10"), ..of(Type::Integer) },
        &["", "9", "10"],
        &[("8", "“c” must not be below 9"), ("11", "“c” must not be above 10")],
    );
    check(
        Column { minimum: value(Type::Text, "10"), ..of(Type::Text) },
        &["9", "10", "a"],
        &[("1", "“c” must not be below 10")],
    );
    check(
        Column { maximum: value(Type::Timestamp, "2026-01-01"), ..of(Type::Timestamp) },
        &["2026-01-01T01:00:00+01:00"],
        &[("2026-01-01T00:00:00.000001Z", "“c” must not be above 2026-01-01T00:00:00Z")],
    );
    check(
        Column { options: options(&["a", "b"]), ..of(Type::Choice) },
        &["", "a", " b "],
        &[("A", "“A” is not among the options of “c”")],
    );
    check(
        Column { options: options(&["a", "b"]), ..of(Type::Tags) },
        &["", "a", "b,a"],
        &[("a,c", "“c” is not among the options of “c”")],
    );
    check(of(Type::Tags), &["anything,goes"], &[]);
    // Whoever shows a table may not know its options.
    check(of(Type::Choice), &["anything"], &[]);
}

#[cfg(feature = "pattern")]
#[test]
fn m16_a_pattern_matches_the_whole_text() {
    use versioning::check::Pattern;

    let check = |pattern: &str, good: &[&str], bad: &[&str]| {
        let pattern = Pattern::new(pattern).expect("a pattern");
        good.iter().for_each(|text| assert!(pattern.matches(text), "{pattern:?} {text:?}"));
        bad.iter().for_each(|text| assert!(!pattern.matches(text), "{pattern:?} {text:?}"));
    };
    check("a|ab", &["a", "ab"], &["b", "aab", "ab\n", ""]);
    check("[A-Z]{2}-[0-9]+", &["AB-1"], &["AB-1 ", "xAB-1", "AB-1\nAB-1"]);
    check("(?m)^a$", &["a"], &["a\na", "b\na"]);
    check("(?i)straße", &["STRAßE"], &["STRASSE"]);
    check(r"\p{L}+", &["Łódź"], &["a1"]);
    for (pattern, reason) in [
        ("(", "unclosed group"),
        ("a)(b", "unopened group"),
        (r"\d{100000}", "it takes too much memory"),
        ("(?x) a # comment", "unclosed group"),
        (r"(a)\1", "backreferences are not supported"),
        ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
        (&"a".repeat(1_001), "it has more than 1000 bytes"),
    ] {
        assert_eq!(Pattern::new(pattern).expect_err(pattern).to_string(), reason, "{pattern}");
    }
    let mut schema = products();
    schema.columns[1].pattern = "[a-z]+".into();
    assert_eq!(
        schema.check_cell(&schema.columns[1], &Value::Text("a1".into())).map_err(|error| error.to_string()),
        Err("“name” must match the pattern [a-z]+".into())
    );
}

#[test]
fn m16_all_breaches_of_a_row_are_told() {
    let mut schema = products();
    schema.columns[1].required = true;
    schema.columns[2].minimum = value(Type::Decimal, "1");
    let checker = Checker::new(&schema);
    let row = vec![Value::Null, Value::Null, value(Type::Decimal, "0.5")];
    let breaches = checker.breaches(&row).expect("three cells");
    let ids: Vec<ColumnId> = breaches.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [ColumnId(7), ColumnId(3), ColumnId(5)]);
    assert_eq!(checker.check(&row).as_ref(), Err(&breaches[0].1));
    assert_eq!(schema.check(&vec![Value::Null]), Err(RowError::CellCount { found: 1, expected: 3 }));
    assert!(checker.breaches(&vec![Value::Null]).is_err());
    let row = vec![Value::Integer(1), Value::Integer(1), Value::Null];
    assert_eq!(schema.check(&row).map_err(|error| error.to_string()), Err("“name” holds values of type text".into()));
    let row = vec![Value::Integer(1), Value::Text("x".repeat(MAX_CELL + 1)), Value::Null];
    assert_eq!(
        schema.check(&row).map_err(|error| error.to_string()),
        Err("“name”: a cell holds at most 1048576 bytes".into())
    );
}

#[test]
fn t3_values_order_as_people_expect() {
    let ordered = |ty: Type, texts: &[&str]| {
        let values: Vec<Value> = texts.iter().map(|text| value(ty, text)).collect();
        assert!(values.is_sorted_by(|one, other| one < other), "{values:?}");
    };
    ordered(Type::Integer, &["", "-10", "-9", "0", "9", "10"]);
    ordered(Type::Decimal, &["", "-1.5", "-1.25", "0", "0.1", "1", "10"]);
    ordered(Type::Float, &["", "-1e300", "-1", "0", "1e-300", "1", "1e300"]);
    ordered(Type::Text, &["", "10", "9", "a", "b", "é", "字", "😀"]);
    ordered(Type::Choice, &["", "a", "b"]);
    ordered(Type::Boolean, &["", "false", "true"]);
    ordered(Type::Date, &["", "0001-01-01", "1969-12-31", "2026-01-01"]);
    ordered(Type::Link, &["", "10", "9"]);
    let tags = |list: &[&str]| Value::Tags(Tags::new(list).expect("tags"));
    assert_eq!(tags(&["a", "b"]).cmp(&tags(&["b", "a"])), std::cmp::Ordering::Equal);
}
