//! The filter language: what is read, what is refused and how it says so, and the canonical text.

mod common;

use common::column;
use proptest::prelude::*;
use versioning::{
    ColumnId, Schema, Type,
    query::{
        Comparison, Condition, Expression, Filter, FilterError, FilterErrorKind, Literal, LiteralKind, MAX_DEPTH,
        MAX_LENGTH, Name, Node, TextMatch,
    },
};

fn schema() -> Schema {
    Schema {
        columns: vec![
            column(1, "id", Type::Integer),
            column(2, "name", Type::Text),
            column(3, "price", Type::Decimal),
            column(4, "weight", Type::Float),
            column(5, "active", Type::Boolean),
            column(6, "born", Type::Date),
            column(7, "seen", Type::Timestamp),
            column(8, "uid", Type::Uuid),
            column(9, "extra", Type::Json),
            column(10, "unit price", Type::Decimal),
            column(11, "å_2", Type::Text),
            column(12, "in", Type::Integer),
            column(13, "a]b", Type::Text),
            column(14, "state", Type::Choice),
            column(15, "labels", Type::Tags),
            column(16, "owner", Type::Link),
            column(17, "photo", Type::File),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn check(source: &str) -> Result<(), FilterError> {
    Filter::parse(source)?.bind(source, &schema()).map(|_| ())
}

#[test]
fn what_is_read_has_one_text() {
    for (source, canonical) in [
        ("price < 10 and name = \"Oslo\"", "price < 10 and name = \"Oslo\""),
        ("price<10 AND(name='a'or name='b')", "price < 10 and (name = \"a\" or name = \"b\")"),
        ("(((price < 10)))", "price < 10"),
        ("id = 1 or id = 2 and id = 3", "id = 1 or id = 2 and id = 3"),
        ("(id = 1 or id = 2) and id = 3", "(id = 1 or id = 2) and id = 3"),
        ("id = 1 and (id = 2 and id = 3)", "id = 1 and (id = 2 and id = 3)"),
        ("id == 1", "id = 1"),
        ("NOT id = 1 AND id <> 2", "not id = 1 and id != 2"),
        ("not (id = 1 and id = 2)", "not (id = 1 and id = 2)"),
        ("not not id >= -1", "not not id >= -1"),
        ("name  CONTAINS 'x'\n\tIgnoring  Case", "name contains \"x\" ignoring case"),
        ("name not starts with 'x' or name ends with \"y\"", "name not starts with \"x\" or name ends with \"y\""),
        ("name is null and name IS NOT NULL", "name is null and name is not null"),
        ("id in (1,2 , 3)", "id in (1, 2, 3)"),
        ("name not in ('a', 'B') ignoring case", "name not in (\"a\", \"B\") ignoring case"),
        ("id between 1 and 5 and id not between 2 and 3", "id between 1 and 5 and id not between 2 and 3"),
        ("weight < 1.5e-3", "weight < 1.5e-3"),
        ("id < 2.5", "id < 2.5"),
        ("active = TRUE or active != false", "active = true or active != false"),
        ("[unit price] > 1", "[unit price] > 1"),
        ("[name] = ''", "name = \"\""),
        ("[in] = 1", "[in] = 1"),
        ("[a]]b] = 'x'", "[a]]b] = \"x\""),
        ("å_2 = 'ø'", "å_2 = \"ø\""),
        (r#"name = "a\"b\\c\n\t\u{1F600}\u{7}""#, r#"name = "a\"b\\c\n\t😀\u{7}""#),
        (r#"name = 'it\'s'"#, r#"name = "it's""#),
        ("born < '2026-01-31' and seen >= '2026-01-31'", "born < \"2026-01-31\" and seen >= \"2026-01-31\""),
        ("uid = '00000000-0000-0000-0000-000000000001'", "uid = \"00000000-0000-0000-0000-000000000001\""),
        ("extra = '{\"a\": 1}'", "extra = \"{\\\"a\\\": 1}\""),
        (
            "state = 'open' or state < 'p' or state contains ''",
            "state = \"open\" or state < \"p\" or state contains \"\"",
        ),
        ("labels contains 'new' ignoring case", "labels contains \"new\" ignoring case"),
        ("labels in ('a,b', 'c') or labels contains 'a,b'", "labels in (\"a,b\", \"c\") or labels contains \"a,b\""),
        (
            "owner = 7 or owner = 'A,7' or owner starts with 'A'",
            "owner = 7 or owner = \"A,7\" or owner starts with \"A\"",
        ),
        (
            "photo = 'a.png' or photo ends with '.PNG' ignoring case",
            "photo = \"a.png\" or photo ends with \".PNG\" ignoring case",
        ),
    ] {
        let filter = Filter::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(filter.to_string(), canonical, "{source}");
        assert_eq!(Filter::parse(canonical).expect("canonical text is read").to_string(), canonical);
        check(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
}

#[test]
fn errors_say_what_where_and_what_instead() {
    for (source, span, message) in [
        ("", 0..0, "At character 1: expected a column, “not” or “(”, but found the end."),
        ("   ", 3..3, "At character 4: expected a column, “not” or “(”, but found the end."),
        (
            "price",
            5..5,
            "At character 6: expected a comparison, such as =, <, contains, in or is null, but found the end.",
        ),
        ("price <", 7..7, "At character 8: expected a value, such as 12, \"text\" or true, but found the end."),
        ("price < )", 8..9, "At character 9: expected a value, such as 12, \"text\" or true, but found “)”."),
        (
            "price 10",
            6..8,
            "At character 7: expected a comparison, such as =, <, contains, in or is null, but found “10”.",
        ),
        ("price = = 10", 8..9, "At character 9: expected a value, such as 12, \"text\" or true, but found “=”."),
        ("price < 10 name = 'a'", 11..15, "At character 12: expected “and”, “or” or the end, but found “name”."),
        ("price < 10 and", 14..14, "At character 15: expected a column, “not” or “(”, but found the end."),
        ("(price < 10", 11..11, "At character 12: expected “and”, “or” or “)”, but found the end."),
        ("price < 10)", 10..11, "At character 11: expected “and”, “or” or the end, but found “)”."),
        ("and", 0..3, "At character 1: expected a column, “not” or “(”, but found “and”."),
        ("true", 0..4, "At character 1: expected a column, “not” or “(”, but found “true”."),
        ("name = Oslo", 7..11, "At character 8: expected a value, such as 12 or \"text\" in quotes, but found “Oslo”."),
        (
            "name = [Oslo]",
            7..13,
            "At character 8: expected a value, such as 12 or \"text\" in quotes, but found “[Oslo]”.",
        ),
        ("name = null", 7..11, "At character 8: nothing equals null; write “is null” or “is not null”."),
        ("name != NULL", 8..12, "At character 9: nothing equals null; write “is null” or “is not null”."),
        ("name is", 7..7, "At character 8: expected “null” or “not null”, but found the end."),
        ("name is 1", 8..9, "At character 9: expected “null” or “not null”, but found “1”."),
        ("name is not 1", 12..13, "At character 13: expected “null”, but found “1”."),
        (
            "name not 1",
            9..10,
            "At character 10: expected “contains”, “starts with”, “ends with”, “in” or “between”, but found “1”.",
        ),
        (
            "name not = 'a'",
            9..10,
            "At character 10: expected “contains”, “starts with”, “ends with”, “in” or “between”, but found “=”.",
        ),
        ("name like 'a%'", 5..9, "At character 6: there is no “like”; write “contains”, “starts with” or “ends with”."),
        (
            "name not like 'a%'",
            9..13,
            "At character 10: there is no “like”; write “contains”, “starts with” or “ends with”.",
        ),
        ("name starts 'a'", 12..15, "At character 13: expected “with”, but found “'a'”."),
        ("id in 1", 6..7, "At character 7: expected “(”, but found “1”."),
        ("id in ()", 7..8, "At character 8: expected a value, such as 12, \"text\" or true, but found “)”."),
        ("id in (1 2)", 9..10, "At character 10: expected “,” or “)”, but found “2”."),
        ("id in (1,)", 9..10, "At character 10: expected a value, such as 12, \"text\" or true, but found “)”."),
        ("id between 1", 12..12, "At character 13: expected “and”, but found the end."),
        ("id between 1 or 2", 13..15, "At character 14: expected “and”, but found “or”."),
        ("name = 'a' ignoring", 19..19, "At character 20: expected “case”, but found the end."),
        ("id < 1 ignoring case", 7..15, "At character 8: expected “and”, “or” or the end, but found “ignoring”."),
        ("name = 'a", 7..9, "At character 8: a string is never closed by '."),
        ("name = \"æøå", 7..14, "At character 8: a string is never closed by \"."),
        ("[unit price > 1", 0..15, "At character 1: a name in brackets is never closed by ]."),
        ("name = 'a\\q'", 9..11, "At character 10: “\\” in a string goes before \\, \", ', n, r, t or u{…}."),
        ("name = '\\u{110000}'", 8..18, "At character 9: “\\” in a string goes before \\, \", ', n, r, t or u{…}."),
        ("name = '\\", 8..9, "At character 9: “\\” in a string goes before \\, \", ', n, r, t or u{…}."),
        ("`unit price` > 1", 0..1, "At character 1: expected a name in [brackets], but found “`”."),
        ("name = “Oslo”", 7..10, "At character 8: expected a straight quote, \" or ', but found ““”."),
        (
            "id = 12px",
            5..9,
            "At character 6: expected a number, such as 12 or -0.5, or a string, such as \"2026-01-31\", but found “12px”.",
        ),
        (
            "born = 2026-01-31",
            7..17,
            "At character 8: expected a number, such as 12 or -0.5, or a string, such as \"2026-01-31\", but found “2026-01-31”.",
        ),
        (
            "id = 1.2.3",
            5..10,
            "At character 6: expected a number, such as 12 or -0.5, or a string, such as \"2026-01-31\", but found “1.2.3”.",
        ),
        (
            "id = --1",
            5..8,
            "At character 6: expected a number, such as 12 or -0.5, or a string, such as \"2026-01-31\", but found “--1”.",
        ),
        (
            "id = 1e",
            5..7,
            "At character 6: expected a number, such as 12 or -0.5, or a string, such as \"2026-01-31\", but found “1e”.",
        ),
        ("id ; 1", 3..4, "At character 4: expected a word, a value or a comparison, but found “;”."),
        ("prise < 10", 0..5, "At character 1: there is no column “prise”; perhaps “price” is meant."),
        ("Name = 'a'", 0..4, "At character 1: there is no column “Name”; perhaps “name” is meant."),
        ("unitprice = 1", 0..9, "At character 1: there is no column “unitprice”; perhaps “unit price” is meant."),
        ("nosuchthing = 1", 0..11, "At character 1: there is no column “nosuchthing”."),
        ("æøå = 1 and nmae = 'x'", 0..6, "At character 1: there is no column “æøå”."),
        (
            "name = 12",
            7..9,
            "At character 8: “name” is a column of type text: write text in quotes, such as \"Oslo\", not “12”.",
        ),
        (
            "name < true",
            7..11,
            "At character 8: “name” is a column of type text: write text in quotes, such as \"Oslo\", not “true”.",
        ),
        (
            "price = '12'",
            8..12,
            "At character 9: “price” is a column of type decimal: write a number without quotes, such as 12, not “'12'”.",
        ),
        (
            "id = 'x'",
            5..8,
            "At character 6: “id” is a column of type integer: write a number without quotes, such as 12, not “'x'”.",
        ),
        (
            "active = 1",
            9..10,
            "At character 10: “active” is a column of type boolean: write true or false without quotes, not “1”.",
        ),
        (
            "active = 'yes'",
            9..14,
            "At character 10: “active” is a column of type boolean: write true or false without quotes, not “'yes'”.",
        ),
        (
            "born = 'yesterday'",
            7..18,
            "At character 8: “yesterday” is no value of “born”: not a date: year-month-day, such as 2026-02-28.",
        ),
        (
            "born = ''",
            7..9,
            "At character 8: “” is no value of “born”: not a date: year-month-day, such as 2026-02-28.",
        ),
        (
            "born > true",
            7..11,
            "At character 8: “born” is a column of type date: write a date in quotes, such as \"2026-02-28\", not “true”.",
        ),
        (
            "seen = 'now'",
            7..12,
            "At character 8: “now” is no value of “seen”: not a timestamp, such as 2026-02-28T13:45:00Z.",
        ),
        ("uid = 'x'", 6..9, "At character 7: “x” is no value of “uid”: not a UUID: 32 hexadecimal digits."),
        ("uid = 1", 6..7, "At character 7: “uid” is a column of type uuid: write a UUID in quotes, not “1”."),
        ("extra = '{'", 8..11, "At character 9: “{” is no value of “extra”: not a JSON document."),
        (
            "extra < '1'",
            0..5,
            "At character 1: values of type json have no order, so “extra” can't be compared by “<”.",
        ),
        (
            "extra between '1' and '2'",
            0..5,
            "At character 1: values of type json have no order, so “extra” can't be compared by “between”.",
        ),
        ("state = ' '", 8..11, "At character 9: “ ” is no value of “state”: not one of the column's choices."),
        ("state = 1", 8..9, "At character 9: “state” is a column of type choice: write a choice in quotes, not “1”."),
        (
            "labels contains ' '",
            16..19,
            "At character 17: “ ” is no value of “labels”: no tags: texts separated by commas.",
        ),
        (
            "labels starts with 'a'",
            0..6,
            "At character 1: “starts with” is for columns of text; “labels” is of type tags.",
        ),
        (
            "labels = 'a' ignoring case",
            0..6,
            "At character 1: “ignoring case” is for columns of text; “labels” is of type tags.",
        ),
        (
            "labels = 1",
            9..10,
            "At character 10: “labels” is a column of type tags: write tags in quotes, such as \"new,sale\", not “1”.",
        ),
        (
            "labels < 'a'",
            0..6,
            "At character 1: values of type tags have no order, so “labels” can't be compared by “<”.",
        ),
        ("owner = ''", 8..10, "At character 9: “” is no value of “owner”: not the key of a row."),
        (
            "owner = true",
            8..12,
            "At character 9: “owner” is a column of type link: write the key of a row, such as \"A-7\", not “true”.",
        ),
        (
            "photo = 1",
            8..9,
            "At character 9: “photo” is a column of type file: write a file's name in quotes, not “1”.",
        ),
        (
            "photo < 'a'",
            0..5,
            "At character 1: values of type file have no order, so “photo” can't be compared by “<”.",
        ),
        ("price contains '1'", 0..5, "At character 1: “contains” is for columns of text; “price” is of type decimal."),
        (
            "id = 1 ignoring case",
            0..2,
            "At character 1: “ignoring case” is for columns of text; “id” is of type integer.",
        ),
        (
            "id in (1, 'a')",
            10..13,
            "At character 11: “id” is a column of type integer: write a number without quotes, such as 12, not “'a'”.",
        ),
        ("price = 1e3", 8..11, "At character 9: “1e3” is no value of “price”: not a decimal number, such as 12.50."),
        ("id = 1e3", 5..8, "At character 6: “1e3” is no value of “id”: not a whole number, such as 42 or -7."),
        (
            "price = 12345678901234567890123456789012",
            8..40,
            "At character 9: “12345678901234567890123456789012” is no value of “price”: more than 28 digits.",
        ),
        (
            "born between '2026-01-31' and '2026-02-30'",
            30..42,
            "At character 31: “2026-02-30” is no value of “born”: not a date: year-month-day, such as 2026-02-28.",
        ),
    ] {
        let error = check(source).expect_err(source);
        assert_eq!(error.to_string(), message, "{source}");
        assert_eq!(error.span, span, "{source}");
    }
}

#[test]
fn pictures_point_at_what_is_wrong() {
    let picture = |source: &str| check(source).expect_err(source).picture(source);
    assert_eq!(picture("prise < 10"), "prise < 10\n^^^^^");
    assert_eq!(picture("name = 'æøå' and prise < 10"), "name = 'æøå' and prise < 10\n                 ^^^^^");
    assert_eq!(picture("price <"), "price <\n       ^");
    assert_eq!(picture("price < 10\n  and x = 1"), "price < 10   and x = 1\n                 ^");
    assert_eq!(picture(""), "\n^");
    let long = format!("{} and prise < 10 and {}", vec!["id = 1"; 20].join(" and "), vec!["id = 1"; 20].join(" and "));
    assert_eq!(
        picture(&long),
        "…nd id = 1 and id = 1 and prise < 10 and id = 1 and id = 1 and id = 1 and id …\n                          ^^^^^"
    );
}

#[test]
fn length_and_depth_are_bounded() {
    let just = format!("name = '{}'", "ø".repeat(MAX_LENGTH - 9));
    assert_eq!(check(&just), Ok(()));
    let error = check(&format!("{just} ")).expect_err("one character more");
    assert_eq!((error.kind, error.character), (FilterErrorKind::TooLong, MAX_LENGTH + 1));

    let nested = |depth| format!("{}id = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(check(&nested(MAX_DEPTH + 1)).expect_err("deeper").kind, FilterErrorKind::TooDeep);
    assert_eq!(check(&nested(4_990)).expect_err("deepest").kind, FilterErrorKind::TooDeep);
    assert_eq!(check(&format!("{}id = 1", "not ".repeat(MAX_DEPTH))), Ok(()));
    assert_eq!(check(&"not ".repeat(2_000)).expect_err("deeper").kind, FilterErrorKind::TooDeep);
    // Wide is not deep.
    assert_eq!(check(&vec!["id = 1"; 900].join(" or ")), Ok(()));
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof!["[a-z_åπ][a-z0-9_ø]{0,5}", "[^\\p{Cc}]{1,8}", "and|IN|Like|true"]
        .prop_map(|text: String| Name { text, span: 0..0 })
}

fn literal() -> impl Strategy<Value = Literal> {
    let kind = prop_oneof![
        any::<String>().prop_map(LiteralKind::Text),
        "-?[0-9]{1,5}(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,2})?".prop_map(LiteralKind::Number),
        any::<bool>().prop_map(LiteralKind::Boolean),
    ];
    kind.prop_map(|kind| Literal { kind, span: 0..0 })
}

fn condition() -> impl Strategy<Value = Condition> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let comparison = proptest::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    let matching = proptest::sample::select(vec![TextMatch::Contains, TextMatch::StartsWith, TextMatch::EndsWith]);
    let flags = || (any::<bool>(), any::<bool>());
    prop_oneof![
        any::<bool>().prop_map(|negated| Condition::Null { negated }),
        (comparison, literal(), any::<bool>()).prop_map(|(comparison, literal, ignoring)| Condition::Compare {
            comparison,
            literal,
            ignoring_case: ignoring && matches!(comparison, Equal | NotEqual),
        }),
        (matching, literal(), flags()).prop_map(|(matching, literal, (negated, ignoring_case))| Condition::Text {
            negated,
            matching,
            literal,
            ignoring_case,
        }),
        (proptest::collection::vec(literal(), 1..4), flags())
            .prop_map(|(literals, (negated, ignoring_case))| Condition::In { negated, literals, ignoring_case }),
        (any::<bool>(), literal(), literal()).prop_map(|(negated, low, high)| Condition::Between {
            negated,
            low,
            high
        }),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = (name(), condition()).prop_map(|(column, condition)| Node::Condition { column, condition });
    leaf.prop_map(|node| Expression { node, span: 0..0 }).prop_recursive(4, 16, 3, |inner| {
        let parts = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(Node::Or),
            parts().prop_map(Node::And),
            inner.clone().prop_map(|part| Node::Not(Box::new(part))),
        ]
        .prop_map(|node| Expression { node, span: 0..0 })
    })
}

/// Takes the places out, and checks that each is where its part stands.
fn without_places(source: &str, expression: &mut Expression) {
    let text = source[std::mem::take(&mut expression.span)].to_owned();
    assert_eq!(Filter::parse(&text).expect("a part is a filter").to_string(), expression.to_string());
    let literal = |literal: &mut Literal| literal.span = 0..0;
    match &mut expression.node {
        Node::Or(parts) | Node::And(parts) => parts.iter_mut().for_each(|part| without_places(source, part)),
        Node::Not(part) => without_places(source, part),
        Node::Condition { column, condition } => {
            assert_eq!(source[std::mem::take(&mut column.span)], column.to_string());
            match condition {
                Condition::Null { .. } => {}
                Condition::Compare { literal: value, .. } | Condition::Text { literal: value, .. } => literal(value),
                Condition::In { literals, .. } => literals.iter_mut().for_each(literal),
                Condition::Between { low, high, .. } => {
                    literal(low);
                    literal(high);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_filter_reads_back_from_its_text(root in expression()) {
        let filter = Filter { root };
        let text = filter.to_string();
        let mut read = Filter::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        without_places(&text, &mut read.root);
        prop_assert_eq!(read, filter);
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Err(error) = check(&text) {
            prop_assert!(text.get(error.span.clone()).is_some());
            prop_assert!(error.picture(&text).ends_with('^'));
        }
    }

    #[test]
    fn no_words_make_it_panic(
        words in proptest::collection::vec(
            "price|name|id|extra|[a]|and|or|not|is|null|in|between|contains|starts|with|[(),=<>!]|<=|'x'|1\\.5|-|true|ignoring|case|\\\\",
            0..12,
        ),
    ) {
        let text = words.join(" ");
        if let Err(error) = check(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{} {:?}", text, error);
            prop_assert!(error.picture(&text).ends_with('^'));
        }
    }
}
