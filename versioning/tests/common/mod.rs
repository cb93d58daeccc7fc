//! A small world for tests and examples: stores in memory, a table of products, and rows for it.
#![allow(dead_code, reason = "each test and example uses a part of it")]

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, RwLock},
};

use versioning::{
    ChunkSink, Column, ColumnId, Hash, Key, Object, ObjectSource, ReadError, Row, Schema, Tree, Type, Value,
    WriteError, tree::TreeBuilder,
};

/// Bare WebAssembly has no standard error: what a failed test says goes to the console.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
fn show_panics() {
    console_error_panic_hook::set_once();
}

/// Chunks in memory; counts reads and writes.
#[derive(Default)]
pub struct Memory {
    pub chunks: HashMap<Hash, Vec<u8>>,
    pub reads: Mutex<u64>,
    pub written: Vec<(Hash, usize)>,
}

impl ObjectSource for Memory {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        *self.reads.lock().expect("no test panics while counting") += 1;
        let bytes = self.chunks.get(&hash).ok_or(ReadError::Missing { hash })?;
        assert_eq!(Hash::of(bytes), hash);
        Object::decode(bytes).map(Arc::new).map_err(|error| ReadError::Damaged { hash, reason: error.to_string() })
    }
}

impl ChunkSink for Memory {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        if !self.chunks.contains_key(&hash) {
            self.written.push((hash, bytes.len()));
            self.chunks.insert(hash, bytes);
        }
        Ok(())
    }
}

/// Objects in memory, each decoded once, as in the back end's cache.
#[derive(Default)]
pub struct Decoded(RwLock<HashMap<Hash, Arc<Object>>>);

impl ObjectSource for Decoded {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        let objects = self.0.read().expect("nobody panics with the lock");
        objects.get(&hash).cloned().ok_or(ReadError::Missing { hash })
    }
}

impl ChunkSink for &Decoded {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        let object = Object::from_bytes(bytes).map_err(|error| WriteError { hash, reason: error.to_string() })?;
        self.0.write().expect("nobody panics with the lock").insert(hash, Arc::new(object));
        Ok(())
    }
}

/// Reads through one store and writes to another, as the engine does.
pub struct Writes(pub Vec<(Hash, Vec<u8>)>);

impl ChunkSink for Writes {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.0.push((hash, bytes));
        Ok(())
    }
}

impl Memory {
    pub fn reads(&self) -> u64 {
        std::mem::take(&mut *self.reads.lock().expect("no test panics while counting"))
    }

    pub fn build(&mut self, schema: &Schema, rows: &BTreeMap<Key, Row>) -> Tree {
        let mut builder = TreeBuilder::new(schema, self);
        for (key, row) in rows {
            builder.push(key.clone(), row.clone()).expect("the map is in order");
        }
        builder.finish().expect("memory takes all")
    }

    pub fn edit(&mut self, schema: &Schema, tree: Tree, edits: Vec<(Key, Option<Row>)>) -> Tree {
        let mut writes = Writes(Vec::new());
        let edited = tree.edit(self, &mut writes, schema, edits).expect("all chunks are there");
        for (hash, bytes) in writes.0 {
            self.put(hash, bytes).expect("memory takes all");
        }
        edited
    }

    pub fn all(&self, schema: &Schema, tree: Tree) -> Vec<(Key, Row)> {
        tree.rows(self, schema, 0, usize::MAX).expect("all chunks are there")
    }
}

pub fn column(id: u64, name: &str, ty: Type) -> Column {
    Column::new(ColumnId(id), name, ty)
}

/// id, name, price; ids out of order, so that nothing depends on their order.
pub fn products() -> Schema {
    Schema {
        columns: vec![column(7, "id", Type::Integer), column(3, "name", Type::Text), column(5, "price", Type::Decimal)],
        primary_key: vec![ColumnId(7)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

pub fn product(id: i64, name: &str, cents: i64) -> Row {
    vec![
        Value::Integer(id),
        if name.is_empty() { Value::Null } else { Value::Text(name.into()) },
        Type::Decimal.parse(&format!("{}.{:02}", cents / 100, cents % 100)).expect("a decimal"),
    ]
}

pub fn entry(schema: &Schema, row: Row) -> (Key, Row) {
    (Key::of_row(schema, &row).expect("a key"), row)
}

pub fn rows(schema: &Schema, ids: impl IntoIterator<Item = i64>) -> BTreeMap<Key, Row> {
    ids.into_iter()
        .map(|id| entry(schema, product(id, &format!("product {id}"), id.wrapping_mul(7).rem_euclid(10_000))))
        .collect()
}
