//! The filter language.
#![no_main]

use libfuzzer_sys::fuzz_target;
use versioning::{Column, ColumnId, Schema, Type, query::Filter};

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    // A filter has one text, which reads back as the filter.
    let again = filter.to_string();
    let parsed = Filter::parse(&again).expect("the text of a filter is a filter");
    assert_eq!(parsed.to_string(), again);
    let columns = Type::ALL.into_iter().zip(1..).map(|(ty, id)| Column::new(ColumnId(id), ty.name(), ty)).collect();
    let schema = Schema { columns, primary_key: vec![ColumnId(1)], generated_key: false, description: String::new(), checks: Vec::new() };
    if let Ok(predicate) = filter.bind(text, &schema) {
        let _ = predicate.matches(&vec![versioning::Value::Null; schema.columns.len()]);
    }
});
