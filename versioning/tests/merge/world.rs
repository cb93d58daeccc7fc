//! A dataset with one table, and merges of its states.

use std::collections::BTreeMap;

use versioning::{
    ColumnId, Hash, Key, Object, Root, Row, Schema, TableEntry, TableId, Type, Value,
    merge::{Choice, Conflict, Found, Merged, Options, Resolutions, Scope, ScopeRule, Sides, Violation, merge},
};

use crate::common::{self, Memory, Writes, column};

pub const TABLE: TableId = TableId(1);

/// id, a, b, and c, which is unique.
pub fn schema() -> Schema {
    let mut schema = Schema {
        columns: vec![
            column(4, "id", Type::Integer),
            column(2, "a", Type::Integer),
            column(3, "b", Type::Text),
            column(1, "c", Type::Integer),
        ],
        primary_key: vec![ColumnId(4)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    };
    schema.columns[3].unique = true;
    schema
}

pub type Rows = BTreeMap<i64, [Option<i64>; 3]>;

pub fn row(id: i64, [a, b, c]: [Option<i64>; 3]) -> (Key, Row) {
    let number = |value: Option<i64>| value.map_or(Value::Null, Value::Integer);
    let text = b.map_or(Value::Null, |b| Value::Text(format!("text {b}")));
    common::entry(&schema(), vec![Value::Integer(id), number(a), text, number(c)])
}

pub fn key(id: i64) -> Key {
    row(id, [None; 3]).0
}

#[derive(Default)]
pub struct World {
    pub memory: Memory,
}

impl World {
    pub fn put_schema(&mut self, schema: &Schema) -> Hash {
        let bytes = Object::Schema(schema.clone()).encode();
        let hash = Hash::of(&bytes);
        self.memory.chunks.insert(hash, bytes);
        hash
    }

    pub fn root(&mut self, rows: &Rows) -> Root {
        let rows = rows.iter().map(|(id, cells)| row(*id, *cells)).collect();
        self.table(&schema(), &rows)
    }

    pub fn table(&mut self, schema: &Schema, rows: &BTreeMap<Key, Row>) -> Root {
        let tree = self.memory.build(schema, rows);
        let entry = TableEntry { name: "t".into(), schema: self.put_schema(schema), tree };
        Root { tables: [(TABLE, entry)].into() }
    }

    pub fn merge(&mut self, sides: Sides<'_>, options: &Options, resolutions: &Resolutions) -> Outcome {
        let mut outcome = Outcome::default();
        let mut writes = Writes(Vec::new());
        let merged = merge(&self.memory, &mut writes, sides, options, resolutions, &mut |found| match found {
            Found::Conflict(conflict, None) => outcome.conflicts.push(conflict),
            Found::Conflict(conflict, Some(choice)) => outcome.decided.push((conflict, choice.clone())),
            Found::Violation(violation, None) => outcome.violations.push(violation),
            Found::Violation(..) => {}
        })
        .expect("all chunks are there");
        self.memory.chunks.extend(writes.0);
        outcome.merged = Some(merged);
        outcome
    }

    pub fn plain(&mut self, base: &Root, ours: &Root, theirs: &Root) -> Outcome {
        self.merge(Sides { base, ours, theirs }, &Options::default(), &Resolutions::default())
    }
}

#[derive(Default)]
pub struct Outcome {
    pub conflicts: Vec<Conflict>,
    pub decided: Vec<(Conflict, Choice)>,
    pub violations: Vec<Violation>,
    pub merged: Option<Merged>,
}

impl Outcome {
    pub fn root(&self) -> Option<&Root> {
        self.merged.as_ref().and_then(|merged| merged.root.as_ref())
    }
}

pub fn all(choice: Choice) -> Resolutions {
    Resolutions { rules: vec![ScopeRule { scope: Scope::default(), choice }], ..Resolutions::default() }
}

pub fn base_rows(count: i64) -> Rows {
    (0..count).map(|id| (id, [Some(id % 3), Some(id % 7), (id % 5 == 0).then_some(id + 1)])).collect()
}

pub fn small(world: &mut World, rows: &[(i64, [Option<i64>; 3])]) -> Root {
    world.root(&rows.iter().copied().collect())
}
