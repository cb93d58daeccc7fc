//! Values have one representation and one text, and keys the order people expect (rules T2 and T3).

mod common;

use std::cmp::Ordering;

use common::{Memory, column};
use proptest::prelude::*;
use versioning::{
    Column, ColumnId, Hash, Key, Object, Schema, Type, Value,
    tree::TreeBuilder,
    value::{FileRef, Float, Link, Tags},
};

fn check(ty: Type, text: &str, expected: Result<&str, &str>) {
    let parsed = ty.parse(text).map(|value| value.to_string()).map_err(|error| error.to_string());
    match expected {
        Ok(expected) => assert_eq!(parsed.as_deref(), Ok(expected), "{ty} {text:?}"),
        Err(part) => {
            let error = parsed.expect_err(&format!("{ty} {text:?} is no value"));
            assert!(error.contains(part), "{ty} {text:?}: {error}");
        }
    }
}

#[test]
fn texts_become_values_and_back() {
    for ty in Type::ALL {
        assert_eq!(ty.parse(""), Ok(Value::Null), "{ty}");
    }
    check(Type::Text, " as it is ", Ok(" as it is "));
    check(Type::Integer, " 42 ", Ok("42"));
    check(Type::Integer, "-0", Ok("0"));
    check(Type::Integer, "9223372036854775807", Ok("9223372036854775807"));
    check(Type::Integer, "9223372036854775808", Err("outside"));
    check(Type::Integer, "1.5", Err("whole number"));
    check(Type::Integer, "1e3", Err("whole number"));
    check(Type::Decimal, "12.50", Ok("12.5"));
    check(Type::Decimal, "-0.00", Ok("0"));
    check(Type::Decimal, "100", Ok("100"));
    check(Type::Decimal, ".5", Ok("0.5"));
    check(Type::Decimal, "5.", Ok("5"));
    check(Type::Decimal, "0000000000000000000000000000000000001.10", Ok("1.1"));
    check(Type::Decimal, "1234567890123456789012345678", Ok("1234567890123456789012345678"));
    check(Type::Decimal, "12345678901234567890123456789", Err("28 digits"));
    check(Type::Decimal, "0.12345678901234567890123456789", Err("28 digits"));
    check(Type::Decimal, "1,5", Err("decimal"));
    check(Type::Decimal, ".", Err("decimal"));
    check(Type::Decimal, "1e5", Err("decimal"));
    check(Type::Float, "-0.0", Ok("0"));
    check(Type::Float, "6.02e23", Ok("6.02e23"));
    check(Type::Float, "NaN", Err("number"));
    check(Type::Float, "inf", Err("number"));
    check(Type::Boolean, "YES", Ok("true"));
    check(Type::Boolean, "0", Ok("false"));
    check(Type::Boolean, "maybe", Err("boolean"));
    check(Type::Date, "2024-02-29", Ok("2024-02-29"));
    check(Type::Date, "2023-02-29", Err("date"));
    check(Type::Date, "1969-12-31", Ok("1969-12-31"));
    check(Type::Date, "0001-01-01", Ok("0001-01-01"));
    check(Type::Date, "9999-12-31", Ok("9999-12-31"));
    check(Type::Date, "10000-01-01", Err("date"));
    check(Type::Date, "2024-2-9", Err("date"));
    check(Type::Date, "29.02.2024", Err("date"));
    check(Type::Timestamp, "2026-02-28T13:45:00+02:00", Ok("2026-02-28T11:45:00Z"));
    check(Type::Timestamp, "2026-02-28 13:45:00.123456", Ok("2026-02-28T13:45:00.123456Z"));
    check(Type::Timestamp, "2026-02-28T13:45:00.1234567Z", Err("timestamp"));
    check(Type::Timestamp, "1969-12-31T23:59:59.999999Z", Ok("1969-12-31T23:59:59.999999Z"));
    check(Type::Timestamp, "yesterday", Err("timestamp"));
    check(Type::Uuid, "F47AC10B-58CC-4372-A567-0E02B2C3D479", Ok("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
    check(Type::Uuid, "f47ac10b", Err("UUID"));
    check(Type::Json, "{\"b\": 1, \"a\": [1, 2]}", Ok("{\"a\":[1,2],\"b\":1}"));
    check(Type::Json, "{", Err("JSON"));
    check(Type::Json, &"[".repeat(100_000), Err("JSON"));
    check(Type::Choice, " in progress ", Ok("in progress"));
    check(Type::Choice, "  ", Err("choices"));
    check(Type::Tags, "b, a ,,b", Ok("a,b"));
    check(Type::Tags, r"x\,y\\,C:\dir", Ok(r"C:\\dir,x\,y\\"));
    check(Type::Tags, " , ", Err("tags"));
    check(Type::Link, " a\\,b,7", Ok(" a\\,b,7"));
    check(Type::Link, r"\a\e\,,", Ok(r"a\,,\e"));
    let hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let file = format!("{hash} 12 image/png my photo.png");
    check(Type::File, &format!("{hash} 0012 IMAGE/png my photo.png"), Ok(&file));
    for wrong in ["", "12", "12 image/png", "-1 image/png a", "1 image a", "1 image/png/x a", "1 a/b ..", "1 a/b x/y"] {
        check(Type::File, &format!("{hash} {wrong}"), Err("file"));
    }
    check(Type::File, &format!("{hash} 1 a/b {}", "x".repeat(256)), Err("file"));
}

#[test]
fn tags_are_a_set_that_is_never_empty() {
    let tags = Tags::new(["b", " a ", "", "b"]).expect("two tags");
    assert_eq!(tags.iter().collect::<Vec<_>>(), ["a", "b"]);
    assert!(tags.contains("a") && !tags.contains(" a "));
    assert_eq!(Tags::new(["", " "]), None);
    assert_eq!(Value::Tags(Tags::new([r"a,\"]).expect("a tag")).size(), r"a\,\\".len());
}

#[test]
fn t2_numbers_in_json_are_read_as_the_nearest_and_stay() {
    for (text, expected) in [
        ("-20e36", "-2e+37"),
        ("0.1234567890123456789", "0.12345678901234568"),
        ("[59.913868700000004, {\"b\": 10.752245100000001}]", "[59.9138687,{\"b\":10.752245100000001}]"),
        ("-0", "-0.0"),
        ("18446744073709551616", "1.8446744073709552e+19"),
        (" {\"a\": 1.50, \"a\": 2.50} ", "{\"a\":2.5}"),
    ] {
        let json: versioning::value::Json = text.parse().expect("json");
        assert_eq!(json.as_str(), expected);
        assert_eq!(json.as_str().parse(), Ok(json.clone()), "{text}");
        assert_eq!(json.tree().to_string(), expected);
    }
    assert!("1e999".parse::<versioning::value::Json>().is_err());
}

#[test]
fn a_link_names_a_row_of_its_target() {
    let mut schema = pair_schema(Type::Text);
    schema.columns[1].ty = Type::Integer;
    let row = vec![Value::Text("a,b".into()), Value::Integer(7)];
    let link = Link::to_row(&schema, &row);
    assert_eq!(link.as_str(), r"a\,b,7");
    assert_eq!(link.key(&schema), Ok(Key::of_row(&schema, &row).expect("a key")));
    let other: Link = r"a\,b,007".parse().expect("a link");
    assert_ne!(other, link);
    assert_eq!(other.canonical(&schema), Ok(link));
    assert!("x".parse::<Link>().expect("a link").canonical(&schema).is_err());
}

#[test]
fn t2_the_numbers_and_names_of_types_stay() {
    let names: Vec<&str> = Type::ALL.iter().map(|ty| ty.name()).collect();
    let expected = "text integer decimal float boolean date timestamp uuid json choice tags link file";
    assert_eq!(names.join(" "), expected);
    for ty in Type::ALL {
        assert_eq!(ty.name().parse(), Ok(ty));
        assert_eq!(serde_json::to_string(&ty).expect("a name"), format!("\"{ty}\""));
    }
}

/// Any value of the type.
fn value(ty: Type) -> BoxedStrategy<Value> {
    let parsed = move |text: String| ty.parse(&text).ok();
    match ty {
        Type::Text => any::<String>().prop_map(Value::Text).boxed(),
        Type::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
        Type::Decimal => (any::<i64>(), 0..20_usize)
            .prop_filter_map("a decimal", move |(number, scale)| {
                let digits = format!("{:0>25}", number.unsigned_abs());
                let (whole, part) = digits.split_at(digits.len() - scale);
                parsed(format!("{}{whole}.{part}", if number < 0 { "-" } else { "" }))
            })
            .boxed(),
        Type::Float => any::<f64>().prop_filter_map("finite", |number| Float::new(number).map(Value::Float)).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::Date => (-719_162..=2_932_896_i32)
            .prop_filter_map("a date", |days| versioning::value::Date::from_days(days).map(Value::Date))
            .boxed(),
        Type::Timestamp => (-62_135_596_800_000_000..=253_402_207_200_000_000_i64)
            .prop_filter_map("a moment", |at| versioning::value::Timestamp::from_micros(at).map(Value::Timestamp))
            .boxed(),
        Type::Uuid => any::<[u8; 16]>().prop_map(|bytes| Value::Uuid(uuid::Uuid::from_bytes(bytes))).boxed(),
        Type::Json => prop::collection::btree_map(
            any::<String>(),
            prop_oneof![any::<i64>().prop_map(|n| n.to_string()), any::<f64>().prop_map(|n| format!("[{n:e}]"))],
            0..4,
        )
        .prop_filter_map("json", move |map| {
            let members: Vec<String> =
                map.iter().map(|(name, number)| format!("{}: {number}", serde_json::json!(name))).collect();
            parsed(format!("{{{}}}", members.join(", ")))
        })
        .boxed(),
        Type::Choice => ".{1,9}".prop_filter_map("choice", parsed).boxed(),
        Type::Tags => prop::collection::vec("[a-c,\\\\ ]{0,3}|.{0,4}", 1..5)
            .prop_filter_map("tags", |tags| Tags::new(tags).map(Value::Tags))
            .boxed(),
        Type::Link => "[ab,e\\\\]{1,6}|.{1,9}".prop_filter_map("link", parsed).boxed(),
        Type::File => (any::<[u8; 32]>(), any::<u64>(), "[^ /\\\\\\pC](.{0,5}[^ /\\\\\\pC])?", "image/[a-z]{1,9}")
            .prop_filter_map("file", |(hash, size, name, media_type)| {
                FileRef::new(Hash::from_bytes(hash), &name, &media_type, size).ok()
            })
            .prop_map(|file| Value::File(Box::new(file)))
            .boxed(),
    }
}

fn any_type() -> impl Strategy<Value = Type> {
    (0..Type::ALL.len()).prop_map(|index| Type::ALL[index])
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.chars().cmp(b.chars()),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.number().total_cmp(&b.number()),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::Choice(a), Value::Choice(b)) => a.chars().cmp(b.chars()),
        (Value::Link(a), Value::Link(b)) => a.as_str().chars().cmp(b.as_str().chars()),
        _ => panic!("no order between {a:?} and {b:?}"),
    }
}

fn pair_schema(ty: Type) -> Schema {
    Schema {
        columns: vec![column(1, "a", ty), column(2, "b", ty)],
        primary_key: vec![ColumnId(1), ColumnId(2)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

/// A key and some columns of any types, each with a fill that some rows have, and rows.
fn table() -> impl Strategy<Value = (Schema, Vec<(Key, Vec<Value>)>)> {
    let cells = any_type().prop_flat_map(|ty| {
        let cell = prop::option::weighted(0.8, value(ty)).prop_map(Option::unwrap_or_default);
        let cell = cell.boxed();
        (Just(ty), cell.clone(), prop_oneof![Just(Vec::new()), prop::collection::vec(cell, 1..40)], any::<bool>())
    });
    (prop::collection::vec(cells, 1..4), 1..300_i64).prop_map(|(columns, count)| {
        let mut schema = Schema {
            columns: vec![column(8, "id", Type::Integer)],
            primary_key: vec![ColumnId(8)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        };
        for (index, (ty, fill, _, _)) in columns.iter().enumerate() {
            let id = [2, 9, 1][index];
            schema.columns.push(Column { fill: fill.clone(), ..column(id, &format!("cell {id}"), *ty) });
        }
        let rows = (0..count).map(|id| {
            let cell = |(_, fill, cells, repeats): &(Type, Value, Vec<Value>, bool)| match cells.len() {
                0 => fill.clone(),
                length if *repeats => cells[id as usize % length].clone(),
                _ => cells.get(id as usize).unwrap_or(fill).clone(),
            };
            let row: Vec<Value> =
                std::iter::once(Value::Integer(id * 3 - 50)).chain(columns.iter().map(cell)).collect();
            (Key::of_row(&schema, &row).expect("a key"), row)
        });
        let rows = rows.collect();
        (schema, rows)
    })
}

proptest! {
    #[test]
    fn a_value_reads_back_from_its_text(value in any_type().prop_flat_map(value)) {
        let ty = value.ty().expect("not null");
        if value != Value::Text(String::new()) {
            prop_assert_eq!(ty.parse(&value.to_string()), Ok(value));
        }
    }

    #[test]
    fn a_value_survives_serialisation(value in any_type().prop_flat_map(value)) {
        let text = serde_json::to_string(&value).expect("values can be written");
        prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("and read"), value);
    }

    #[test]
    fn t3_keys_sort_as_their_values_do(
        [a, b, c, d] in any_type()
            .prop_filter("ordered", |ty| ty.is_ordered())
            .prop_flat_map(|ty| [value(ty), value(ty), value(ty), value(ty)]),
        same in any::<bool>(),
    ) {
        let schema = pair_schema(a.ty().expect("not null"));
        let c = if same { a.clone() } else { c };
        let (one, two) = (vec![a.clone(), b.clone()], vec![c.clone(), d.clone()]);
        if let (Ok(left), Ok(right)) = (Key::of_row(&schema, &one), Key::of_row(&schema, &two)) {
            prop_assert_eq!(left.cmp(&right), compare(&a, &c).then(compare(&b, &d)));
            prop_assert_eq!(left.cmp(&right), one.cmp(&two), "the order of values is the order of keys");
        }
    }

    #[test]
    fn a_key_reads_back_from_its_text(
        [a, b] in any_type()
            .prop_filter("ordered", |ty| ty.is_ordered())
            .prop_flat_map(|ty| [value(ty), value(ty)]),
    ) {
        let schema = pair_schema(a.ty().expect("not null"));
        let row = vec![a, b];
        if let Ok(key) = Key::of_row(&schema, &row) {
            prop_assert_eq!(Key::from_text(&schema, &Key::to_text(&schema, &row)), Ok(key));
        }
    }

    /// Rule T2: what is stored reads back, and its bytes are a function of the values.
    #[test]
    fn t2_a_leaf_keeps_every_value((schema, rows) in table()) {
        let mut memory = Memory::default();
        let mut builder = TreeBuilder::new(&schema, &mut memory);
        for (key, row) in &rows {
            builder.push(key.clone(), row.clone()).expect("in order");
        }
        let tree = builder.finish().expect("memory takes all");
        prop_assert_eq!(memory.all(&schema, tree), rows);
        for bytes in memory.chunks.values() {
            prop_assert_eq!(&Object::decode(bytes).expect("an object").encode(), bytes);
        }
    }

    #[test]
    fn damaged_leaves_are_errors_or_rows(
        (schema, rows) in table(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut memory = Memory::default();
        memory.build(&schema, &rows.into_iter().collect());
        for bytes in memory.chunks.values() {
            let mut bytes = bytes.clone();
            for (place, byte) in &damage {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            if let Some(end) = &end {
                bytes.truncate(end.index(bytes.len()));
            }
            if let Ok(Object::Leaf(leaf)) = Object::decode(&bytes) {
                // Whatever stands there now is read under any schema, and written again.
                let read: Vec<_> = leaf.rows(&schema, 0..leaf.len()).collect();
                prop_assert_eq!(read.len(), leaf.len());
                let _ = leaf.row(&pair_schema(Type::Json), 0);
                let _ = Object::Leaf(leaf).encode();
            }
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0..5_usize) {
        let mut bytes = bytes;
        bytes.insert(0, b"LISRC"[kind]);
        if bytes.len() > 1 {
            bytes[1] = 1;
        }
        let _ = Object::decode(&bytes);
        #[cfg(feature = "codec")]
        let _ = versioning::frame::unpack(&bytes);
    }
}
