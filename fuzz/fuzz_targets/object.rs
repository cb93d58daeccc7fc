//! Canonical bytes of objects: leaves, inner nodes, schemas, roots, commits.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use versioning::{Column, ColumnId, Object, Schema, Type};

/// A schema with the ids that small leaves have, of whatever types.
fn schema() -> Schema {
    let types = Type::ALL.into_iter().zip(1..);
    Schema {
        columns: types.map(|(ty, id)| Column::new(ColumnId(id), ty.name(), ty)).collect(),
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(object) = Object::decode(bytes) else { return Corpus::Reject };
    // What could be read can be used, and written again as something that can be read.
    let _ = (object.weight(), object.children());
    assert!(Object::decode(&object.encode()).is_ok());
    if let Object::Leaf(leaf) = &object {
        let keys: Vec<&[u8]> = (0..leaf.len()).map(|row| leaf.key(row)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!(leaf.rows(&schema(), 0..leaf.len()).count(), leaf.len());
    }
    if let Object::Schema(schema) = &object {
        let _ = schema.validate();
    }
    Corpus::Keep
});
