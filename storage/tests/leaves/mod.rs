//! Leaves that differ in a few cells, and commits of them as deltas.

use std::sync::Arc;

use storage::{Chunk, Objects};
use versioning::{
    ChunkSink, Column, ColumnId, Hash, Key, Object, ObjectSource, Schema, Tree, Type, Value, WriteError, frame,
    tree::TreeBuilder,
};

const ROWS: i64 = 250;

struct Written(Vec<(Hash, Vec<u8>)>);

impl ChunkSink for Written {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.0.push((hash, bytes));
        Ok(())
    }
}

/// A tree of one leaf, and the leaf's canonical bytes: two versions differ in two cells.
pub fn leaf(version: u64) -> (Tree, Vec<u8>) {
    let columns = vec![Column::new(ColumnId(1), "id", Type::Integer), Column::new(ColumnId(2), "name", Type::Text)];
    let schema = Schema {
        columns,
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    };
    let changed = i64::try_from(version).expect("few versions") % ROWS;
    let mut written = Written(Vec::new());
    let mut builder = TreeBuilder::new(&schema, &mut written);
    for id in 0..ROWS {
        let name = if id == changed { format!("version {version}") } else { Hash::of(&id.to_le_bytes()).short() };
        let row = vec![Value::Integer(id), Value::Text(name)];
        builder.push(Key::of_row(&schema, &row).expect("it has a key"), row).expect("in order");
    }
    let tree = builder.finish().expect("a vector takes all");
    let (_, bytes) = written.0.pop().expect("one leaf");
    (tree, bytes)
}

/// The leaf at the head of a branch, if it has one.
pub fn leaf_of(objects: &Objects, commit: Hash) -> Option<Hash> {
    let source: &dyn ObjectSource = objects;
    let root = source.root(source.commit(commit).ok()?.root).ok()?;
    root.tables.values().next()?.tree.root
}

/// Packs the leaves among chunks as deltas of what is stored of `near`.
pub fn pack_near(objects: &Objects, near: Hash, chunks: Vec<Chunk>) -> Vec<Chunk> {
    let base: Option<(Hash, Arc<Object>)> = objects.bases_for(&[near]).into_iter().next().flatten();
    let (base, object) = base.expect("a commit reaches it");
    let pack = |(hash, packed): Chunk| {
        let bytes = frame::unpack(&packed).expect("it is whole");
        let is_other_leaf = bytes[0] == b'L' && hash != base;
        (hash, if is_other_leaf { frame::pack_near(&bytes, base, &object.canonical()) } else { packed })
    };
    chunks.into_iter().map(pack).collect()
}
