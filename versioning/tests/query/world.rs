//! A table with a column of every type, its rows in plain maps beside it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use versioning::{
    ColumnId, Key, Row, Schema, Tree, Type, Value,
    overlay::{Overlay, Patch},
    query::{Filter, Predicate, Table},
};

use crate::{
    common::{self, Memory, column},
    model::holds,
};

pub const TYPES: [(&str, Type); 15] = [
    ("id", Type::Integer),
    ("part", Type::Text),
    ("name", Type::Text),
    ("city", Type::Text),
    ("price", Type::Decimal),
    ("weight", Type::Float),
    ("active", Type::Boolean),
    ("born", Type::Date),
    ("seen", Type::Timestamp),
    ("extra", Type::Json),
    ("uid", Type::Uuid),
    ("state", Type::Choice),
    ("labels", Type::Tags),
    ("owner", Type::Link),
    ("photo", Type::File),
];

/// What leaves do not store.
pub fn fill(place: usize) -> Value {
    let text = match place {
        3 => return Value::Text("ab".into()),
        11 => "open",
        12 => "a,b",
        13 => "7",
        14 => return file("ab"),
        _ => return Value::Null,
    };
    TYPES[place].1.parse(text).expect("a value")
}

pub fn file(name: &str) -> Value {
    Type::File.parse(&format!("{} 3 text/plain {name}", "0a".repeat(32))).expect("a file")
}

/// The key is the id and the part, or the part and the id.
pub fn schema(part_first: bool) -> Schema {
    // Ids out of order, so that nothing depends on their order.
    let column = |(place, (name, ty)): (usize, &(&str, Type))| {
        let mut column = column(place as u64 * 7 % 17 + 1, name, *ty);
        column.fill = fill(place);
        column
    };
    let columns: Vec<_> = TYPES.iter().enumerate().map(column).collect();
    let (id, part) = (columns[0].id, columns[1].id);
    Schema {
        primary_key: if part_first { vec![part, id] } else { vec![id, part] },
        columns,
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

pub struct Random(u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    pub fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

/// Values that meet and miss each other often. `plain` ones are stored without dictionaries and decimals of one scale.
pub fn cell(ty: Type, random: &mut Random, plain: bool) -> Value {
    let text = match ty {
        Type::Integer => random.below(40).to_string(),
        Type::Decimal if plain => random.pick(&["1234567890.5", "-0.123456789012", "7", "2.50"]).to_owned(),
        Type::Decimal => format!("{}.{}", random.below(20) as i64 - 5, random.below(100)),
        Type::Float => random.pick(&["-1.5", "0", "2.25", "1e300", "3", "-0.0"]).to_owned(),
        Type::Boolean => random.pick(&["true", "false"]).to_owned(),
        Type::Date => format!("2026-01-{:02}", random.below(28) + 1),
        Type::Timestamp => format!("2026-01-0{}T0{}:00:00Z", random.below(9) + 1, random.below(9)),
        Type::Uuid => format!("{:032x}", u128::from(random.below(9)) << 100 | u128::from(random.below(2))),
        Type::Json => random.pick(&["1", "[1, 2]", "{\"a\": \"x\"}", "\"x\""]).to_owned(),
        Type::Choice if plain => format!("c{}", random.below(1_000)),
        Type::Choice => random.pick(&["open", "Open", "done", "a b", "æ,b"]).to_owned(),
        Type::Tags if plain => format!("t{},a{},b", random.below(50), random.below(50)),
        Type::Tags => random.pick(&["a", "B", "a,b", "a\\,b", "a\\\\,b", "ab,x", "Æ,a\\\\\\,b"]).to_owned(),
        Type::Link => random.pick(&["7", "8", "07", "A,7", "a", "a\\,b", "\\e"]).to_owned(),
        Type::File if plain => return file(&format!("{} x.txt", random.below(1_000))),
        Type::File => return file(random.pick(&["a", "ab", "A b.txt", "æ", "text"])),
        Type::Text if plain => format!("Ab{}bÆ{}", random.below(1_000), random.below(1_000)),
        _ => random.pick(&["", "a", "ab", "aB", "Æb", "æb", "xab", "b\0", "ba"]).to_owned(),
    };
    if ty == Type::Text { Value::Text(text) } else { ty.parse(&text).expect("a value") }
}

pub fn row(id: i64, random: &mut Random) -> Row {
    let plain = id / 500 % 2 == 1;
    TYPES
        .iter()
        .enumerate()
        .map(|(place, (_, ty))| match place {
            0 => Value::Integer(id),
            1 => Value::Text(random.pick(&["a", "b", "ab", "", "c\0"]).to_owned()),
            // Some leaves do not have the column, and in some it is empty.
            3 | 11.. if (id / 400 + place as i64) % 4 == 1 => fill(place),
            3 | 11.. if (id / 400 + place as i64) % 4 == 2 => Value::Null,
            // And some have every cell of it.
            4 if id > 700 => cell(*ty, random, plain),
            _ if random.below(6) == 0 => Value::Null,
            _ => cell(*ty, random, plain),
        })
        .collect()
}

pub struct World {
    pub schema: Schema,
    pub memory: Memory,
    pub tree: Tree,
    pub draft: Overlay,
    /// What is there with the draft.
    pub rows: BTreeMap<Key, Row>,
}

impl World {
    pub fn new(seed: u64, rows: i64, edits: u64, part_first: bool) -> Self {
        let schema = schema(part_first);
        let mut random = Random(seed);
        let key = |row: &Row| Key::of_row(&schema, row).expect("a key");
        let mut all: BTreeMap<Key, Row> =
            (0..rows).map(|id| row(id * 2, &mut random)).map(|row| (key(&row), row)).collect();
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &all);
        let mut patches = BTreeMap::new();
        for _ in 0..edits {
            let new = row(random.below(rows.unsigned_abs() * 2 + 10) as i64, &mut random);
            let at = if random.below(2) == 0 {
                key(&new)
            } else {
                all.keys().next_back().map_or_else(|| key(&new), Key::clone)
            };
            let before = all.get(&at).cloned();
            let after = (at == key(&new) && random.below(3) > 0).then_some(new);
            match &after {
                Some(after) => all.insert(at.clone(), after.clone()),
                None => all.remove(&at),
            };
            patches.insert(at, Patch { before, after });
        }
        let draft = Overlay::new(&memory, tree, patches).expect("a sound tree");
        Self { schema, memory, tree, draft, rows: all }
    }

    pub fn table(&self) -> Table<'_> {
        Table::new(&self.memory, &self.schema, self.tree).with_patches(self.draft.patches())
    }

    pub fn id(&self, name: &str) -> ColumnId {
        self.schema.column_named(name).expect("the column").id
    }

    pub fn bind(&self, text: &str) -> Predicate {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        filter.bind(text, &self.schema).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    pub fn found(&self, filter: &Filter) -> Vec<(Key, Row)> {
        let satisfies = |row: &Row| holds(&filter.root, row);
        self.rows.iter().filter(|(_, row)| satisfies(row)).map(|(key, row)| (key.clone(), row.clone())).collect()
    }
}

pub fn world() -> impl Strategy<Value = World> {
    let edits = prop_oneof![Just(0_u64), 1_u64..8, 100_u64..200];
    (any::<u64>(), prop_oneof![0_i64..20, 600_i64..2_400], edits, any::<bool>())
        .prop_map(|(seed, rows, edits, part_first)| World::new(seed, rows, edits, part_first))
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows, {} patches, key {:?}", self.rows.len(), self.draft.patches().len(), self.schema.primary_key)
    }
}

/// A table of this many products.
pub fn products(count: i64) -> World {
    let schema = common::products();
    let rows = common::rows(&schema, 0..count);
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows);
    World { schema, memory, tree, draft: Overlay::empty(tree), rows }
}
