//! Texts of values, keys and links, as people and files write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use versioning::{Column, ColumnId, Key, Schema, Type, Value};

fuzz_target!(|text: &str| {
    for ty in Type::ALL {
        if let Ok(value) = ty.parse(text) {
            // A value has one text, which reads back as the value.
            if !value.is_null() {
                assert_eq!(ty.parse(&value.to_string()), Ok(value.clone()));
            }
            for other in Type::ALL {
                let _ = value.cast(other);
            }
        }
        for types in [vec![ty], vec![Type::Text, ty]] {
            read_key(&types, text);
        }
    }
});

fn read_key(types: &[Type], text: &str) {
    let columns: Vec<Column> =
        types.iter().zip(1..).map(|(ty, id)| Column::new(ColumnId(id), &id.to_string(), *ty)).collect();
    let primary_key = columns.iter().map(|column| column.id).collect();
    let schema = Schema { columns, primary_key, generated_key: false, description: String::new(), checks: Vec::new() };
    let _ = Key::from_text(&schema, text);
    if let Ok(Value::Link(link)) = Type::Link.parse(text)
        && let Ok(canonical) = link.canonical(&schema)
    {
        assert_eq!(canonical.key(&schema), link.key(&schema));
    }
}
