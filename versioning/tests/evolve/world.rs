//! A dataset with one table that operations are done to.

use std::collections::BTreeMap;

use versioning::{
    ChunkSink, ColumnId, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, Value,
    diff::{Diff, RowDelta, cell_changes},
    evolve::{EvolveError, Operation, apply},
};

use crate::common::{Memory, Writes};

pub const TABLE: TableId = TableId(1);

/// A dataset with the chunks of all its states.
pub struct World {
    pub memory: Memory,
    pub root: Root,
}

impl World {
    pub fn new(schema: &Schema, rows: &BTreeMap<Key, Row>) -> Self {
        let mut memory = Memory::default();
        let tree = memory.build(schema, rows);
        let mut world = Self { memory, root: Root::default() };
        let schema = world.store(schema);
        world.root.tables.insert(TABLE, TableEntry { name: "things".into(), schema, tree });
        world.memory.written.clear();
        world
    }

    pub fn store(&mut self, schema: &Schema) -> versioning::Hash {
        Object::Schema(schema.clone()).store(&mut self.memory).expect("memory takes all")
    }

    pub fn try_apply(&mut self, operation: &Operation) -> Result<(), EvolveError> {
        let text = serde_json::to_string(operation).expect("operations can be written");
        assert_eq!(serde_json::from_str::<Operation>(&text).expect("and read"), *operation);
        self.memory.written.clear();
        let mut writes = Writes(Vec::new());
        let root = apply(&self.memory, &mut writes, &self.root, operation)?;
        for (hash, bytes) in writes.0 {
            self.memory.put(hash, bytes).expect("memory takes all");
        }
        self.root = root;
        Ok(())
    }

    pub fn apply(&mut self, operation: &Operation) {
        self.try_apply(operation).unwrap_or_else(|error| panic!("{operation:?}: {error}"));
    }

    /// What the operation is refused with.
    pub fn refused(&mut self, operation: &Operation) -> String {
        let before = self.root.clone();
        let error = self.try_apply(operation).expect_err("the operation is refused");
        assert_eq!(self.root, before);
        error.to_string()
    }

    pub fn entry(&self) -> &TableEntry {
        &self.root.tables[&TABLE]
    }

    pub fn schema(&self) -> Schema {
        let source: &dyn ObjectSource = &self.memory;
        source.schema(self.entry().schema).expect("the schema is there")
    }

    pub fn rows(&self) -> Vec<(Key, Row)> {
        self.memory.all(&self.schema(), self.entry().tree)
    }

    /// Nodes of trees written by the last operation.
    pub fn nodes_written(&self) -> usize {
        let is_node = |hash: &versioning::Hash| matches!(self.memory.chunks[hash][0], b'L' | b'I');
        self.memory.written.iter().filter(|(hash, _)| is_node(hash)).count()
    }
}

/// The rows that differ and their cells that do, as rule D1 has them.
pub type CellChanges = Vec<(Key, Vec<(ColumnId, Value, Value)>)>;

pub fn listed(world: &World, before: (Tree, &Schema), after: (Tree, &Schema)) -> CellChanges {
    let deltas = Diff::new(&world.memory, before, after, None).expect("all chunks are there");
    deltas
        .map(|delta| match delta.expect("all chunks are there") {
            RowDelta { key, before: Some(old), after: Some(new) } => {
                let changes = cell_changes(before.1, &old, after.1, &new);
                (key, changes.map(|change| (change.column, change.before.clone(), change.after.clone())).collect())
            }
            RowDelta { key, .. } => (key, Vec::new()),
        })
        .collect()
}
