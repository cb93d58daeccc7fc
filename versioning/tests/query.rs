//! Scans: what they find is what a look at every row finds, however the table is stored, divided or edited.

mod common;

use std::{cmp::Ordering, collections::BTreeMap};

use common::{Memory, column};
use proptest::prelude::*;
use versioning::{
    ColumnId, Key, Row, Schema, Tree, Type, Value,
    overlay::{Overlay, Patch},
    query::{
        Aggregate, Comparison, Condition, Direction, Expression, Filter, Found, GroupRow, KeyRange, Literal,
        LiteralKind, MAX_TOP, Name, Node, Place, Predicate, ScanError, Sort, Table, TextMatch, Top,
    },
};

const TYPES: [(&str, Type); 15] = [
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
fn fill(place: usize) -> Value {
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

fn file(name: &str) -> Value {
    Type::File.parse(&format!("{} 3 text/plain {name}", "0a".repeat(32))).expect("a file")
}

/// The key is the id and the part, or the part and the id.
fn schema(part_first: bool) -> Schema {
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
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

/// Values that meet and miss each other often. `plain` ones are stored without dictionaries and decimals of one scale.
fn cell(ty: Type, random: &mut Random, plain: bool) -> Value {
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

fn row(id: i64, random: &mut Random) -> Row {
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

struct World {
    schema: Schema,
    memory: Memory,
    tree: Tree,
    draft: Overlay,
    /// What is there with the draft.
    rows: BTreeMap<Key, Row>,
}

impl World {
    fn new(seed: u64, rows: i64, edits: u64, part_first: bool) -> Self {
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

    fn table(&self) -> Table<'_> {
        Table::new(&self.memory, &self.schema, self.tree).with_patches(self.draft.patches())
    }

    fn id(&self, name: &str) -> ColumnId {
        self.schema.column_named(name).expect("the column").id
    }

    fn bind(&self, text: &str) -> Predicate {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        filter.bind(text, &self.schema).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn found(&self, filter: &Filter) -> Vec<(Key, Row)> {
        let satisfies = |row: &Row| holds(&filter.root, row);
        self.rows.iter().filter(|(_, row)| satisfies(row)).map(|(key, row)| (key.clone(), row.clone())).collect()
    }
}

/// The order that the rules give (T3), written down apart from the code under test.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) | (Value::Choice(a), Value::Choice(b)) => a.chars().cmp(b.chars()),
        (Value::Link(a), Value::Link(b)) => a.as_str().chars().cmp(b.as_str().chars()),
        // Groups of values without an order are in the order of their texts.
        (Value::Tags(_), Value::Tags(_)) | (Value::File(_), Value::File(_)) => a.to_string().cmp(&b.to_string()),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Integer(a), Value::Decimal(b)) => rust_decimal::Decimal::from(*a).cmp(&b.number()),
        (Value::Decimal(a), Value::Decimal(b)) => a.number().cmp(&b.number()),
        (Value::Float(a), Value::Float(b)) => a.number().partial_cmp(&b.number()).expect("no NaN"),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Json(a), Value::Json(b)) => a.as_str().cmp(b.as_str()),
        (Value::Uuid(a), Value::Uuid(b)) => a.as_u128().cmp(&b.as_u128()),
        _ => panic!("{a:?} and {b:?} are never compared"),
    }
}

/// Whether a row satisfies an expression, by the words of the language's description.
fn holds(expression: &Expression, row: &Row) -> bool {
    let (column, condition) = match &expression.node {
        Node::Or(parts) => return parts.iter().any(|part| holds(part, row)),
        Node::And(parts) => return parts.iter().all(|part| holds(part, row)),
        Node::Not(part) => return !holds(part, row),
        Node::Condition { column, condition } => (column, condition),
    };
    let place = TYPES.iter().position(|(name, _)| *name == column.text).expect("the column");
    let (cell, ty) = (&row[place], TYPES[place].1);
    let value = |literal: &Literal| match &literal.kind {
        LiteralKind::Text(text) if ty == Type::Text => Value::Text(text.clone()),
        LiteralKind::Text(text) if ty == Type::File => file(text),
        LiteralKind::Text(text) | LiteralKind::Number(text) => {
            ty.parse(text).or_else(|_| Type::Decimal.parse(text)).expect("a value")
        }
        LiteralKind::Boolean(value) => Value::Boolean(*value),
    };
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    let same = |literal: &Literal, ignoring_case: bool| match (cell, value(literal)) {
        (Value::File(cell), Value::File(file)) if ignoring_case => lower(cell.name()) == lower(file.name()),
        (Value::File(cell), Value::File(file)) => cell.name() == file.name(),
        (cell, value) if ignoring_case => lower(&cell.to_string()) == lower(&value.to_string()),
        (cell, value) => order(cell, &value).is_eq(),
    };
    let exists = !cell.is_null();
    match condition {
        Condition::Null { negated } => exists == *negated,
        Condition::Compare { comparison, literal, ignoring_case } => match comparison {
            Comparison::Equal => exists && same(literal, *ignoring_case),
            Comparison::NotEqual => !(exists && same(literal, *ignoring_case)),
            Comparison::Less => exists && order(cell, &value(literal)).is_lt(),
            Comparison::LessOrEqual => exists && order(cell, &value(literal)).is_le(),
            Comparison::Greater => exists && order(cell, &value(literal)).is_gt(),
            Comparison::GreaterOrEqual => exists && order(cell, &value(literal)).is_ge(),
        },
        Condition::In { negated, literals, ignoring_case } => {
            (exists && literals.iter().any(|literal| same(literal, *ignoring_case))) != *negated
        }
        Condition::Between { negated, low, high } => {
            (exists && order(cell, &value(low)).is_ge() && order(cell, &value(high)).is_le()) != *negated
        }
        Condition::Text { negated, matching, literal, ignoring_case } => {
            let (LiteralKind::Text(text) | LiteralKind::Number(text)) = &literal.kind else { panic!("a text") };
            let fold = |text: &str| if *ignoring_case { lower(text) } else { text.to_owned() };
            let cell = match cell {
                Value::Null => return *negated,
                Value::Tags(tags) => return tags.iter().any(|tag| fold(tag) == fold(text.trim())) != *negated,
                Value::File(file) => file.name().to_owned(),
                other => other.to_string(),
            };
            let (cell, text) = (fold(&cell), fold(text));
            let matches = match matching {
                TextMatch::Contains => cell.contains(&text),
                TextMatch::StartsWith => cell.starts_with(&text),
                TextMatch::EndsWith => cell.ends_with(&text),
            };
            matches != *negated
        }
    }
}

fn literal(ty: Type) -> BoxedStrategy<Literal> {
    let number = |pattern: &'static str| pattern.prop_map(LiteralKind::Number).boxed();
    let text = |pattern: &'static str| pattern.prop_map(LiteralKind::Text).boxed();
    let kind = match ty {
        Type::Integer => number("-?[0-9]{1,3}|[0-9]{1,3}\\.5|-?99999999999999999999"),
        Type::Decimal => number("-?[0-9]{1,2}(\\.[0-9]{1,3})?|1234567890\\.5|-0\\.123456789012"),
        Type::Float => number("-?[0-3](\\.25|\\.5)?|1e300"),
        Type::Boolean => any::<bool>().prop_map(LiteralKind::Boolean).boxed(),
        Type::Date => text("2026-01-(0[1-9]|1[0-9])"),
        Type::Timestamp => text("2026-01-0[1-9]T0[0-9]:00:00Z|2026-01-0[1-9]"),
        Type::Uuid => text("000000[0-9]000000000000000000000000[01]"),
        Type::Json => text("1|\\[1,2\\]|\"x\"|\\{\"a\":\"x\"\\}"),
        Type::Choice => text("open|Open|done|ÆB?| a b|c1"),
        Type::Tags => text("a|a,b|b,a|a\\\\,b|Æ|x,ab|a\\\\\\\\,b"),
        Type::Link => prop_oneof![number("7|8|-1\\.5"), text("7|07|A,7|a|A|b|\\\\e")].boxed(),
        Type::File => text("a|AB|A b\\.txt|æ|text|1 x\\.txt"),
        _ => text("(a|b|B|Æ|æ|x){0,2}|Ab1|b\0|7"),
    };
    kind.prop_map(|kind| Literal { kind, span: 0..0 }).boxed()
}

fn condition(ty: Type) -> BoxedStrategy<Condition> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let comparisons = if !ty.is_ordered() {
        vec![Equal, NotEqual]
    } else {
        vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]
    };
    let is_text = matches!(ty, Type::Text | Type::Choice | Type::Link | Type::File);
    let compare = (proptest::sample::select(comparisons), literal(ty), any::<bool>()).prop_map(
        move |(comparison, literal, ignoring)| Condition::Compare {
            comparison,
            literal,
            ignoring_case: is_text && ignoring && matches!(comparison, Equal | NotEqual),
        },
    );
    let null = any::<bool>().prop_map(|negated| Condition::Null { negated });
    let set = (proptest::collection::vec(literal(ty), 1..5), any::<bool>(), any::<bool>()).prop_map(
        move |(literals, negated, ignoring)| Condition::In { negated, literals, ignoring_case: is_text && ignoring },
    );
    let between = (any::<bool>(), literal(ty), literal(ty)).prop_map(|(negated, low, high)| Condition::Between {
        negated,
        low,
        high,
    });
    let matching = if ty == Type::Tags {
        vec![TextMatch::Contains]
    } else {
        vec![TextMatch::Contains, TextMatch::StartsWith, TextMatch::EndsWith]
    };
    let part = match ty {
        Type::Tags => "a| b|B|ab|Æ|æ|a,b|a\\\\|x|t[0-9]",
        _ => "(a|b|B|Æ|æ|x|,|\\.|o){0,2}|7",
    };
    let part = part.prop_map(|text| Literal { kind: LiteralKind::Text(text), span: 0..0 });
    let text =
        (proptest::sample::select(matching), prop_oneof![literal(ty), part], any::<bool>(), any::<bool>()).prop_map(
            |(matching, literal, negated, ignoring_case)| Condition::Text { negated, matching, literal, ignoring_case },
        );
    match ty {
        Type::Text | Type::Choice | Type::Link => {
            prop_oneof![2 => compare, 1 => null, 1 => set, 1 => between, 4 => text].boxed()
        }
        Type::Tags | Type::File => prop_oneof![3 => compare, 1 => null, 2 => set, 3 => text].boxed(),
        Type::Json => prop_oneof![3 => compare, 1 => null, 2 => set].boxed(),
        _ => prop_oneof![4 => compare, 1 => null, 2 => set, 2 => between].boxed(),
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = proptest::sample::select(TYPES.to_vec()).prop_flat_map(|(name, ty)| {
        condition(ty).prop_map(move |condition| {
            let column = Name { text: name.to_owned(), span: 0..0 };
            Expression { node: Node::Condition { column, condition }, span: 0..0 }
        })
    });
    let root = leaf.prop_recursive(3, 8, 3, |inner| {
        let parts = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(Node::Or),
            parts().prop_map(Node::And),
            inner.clone().prop_map(|part| Node::Not(Box::new(part))),
        ]
        .prop_map(|node| Expression { node, span: 0..0 })
    });
    root.prop_map(|root| Filter { root })
}

fn world() -> impl Strategy<Value = World> {
    let edits = prop_oneof![Just(0_u64), 1_u64..8, 100_u64..200];
    (any::<u64>(), prop_oneof![0_i64..20, 600_i64..2_400], edits, any::<bool>())
        .prop_map(|(seed, rows, edits, part_first)| World::new(seed, rows, edits, part_first))
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows, {} patches, key {:?}", self.rows.len(), self.draft.patches().len(), self.schema.primary_key)
    }
}

fn sorts(schema: &Schema) -> impl Strategy<Value = Vec<Sort>> + use<> {
    let columns: Vec<ColumnId> =
        schema.columns.iter().filter(|column| column.ty.is_ordered()).map(|column| column.id).collect();
    let direction = proptest::sample::select(vec![Direction::Ascending, Direction::Descending]);
    proptest::collection::vec((proptest::sample::select(columns), direction), 0..4)
        .prop_map(|sorts| sorts.into_iter().map(|(column, direction)| Sort { column, direction }).collect())
}

fn sorted(schema: &Schema, mut rows: Vec<(Key, Row)>, sorts: &[Sort]) -> Vec<(Key, Row)> {
    rows.sort_by(|(a_key, a), (b_key, b)| {
        let by_columns = sorts.iter().map(|sort| {
            let place = schema.position(sort.column).expect("the column");
            match (&a[place], &b[place]) {
                (Value::Null, Value::Null) => Ordering::Equal,
                (Value::Null, _) => Ordering::Greater,
                (_, Value::Null) => Ordering::Less,
                (a, b) if sort.direction == Direction::Ascending => order(a, b),
                (a, b) => order(b, a),
            }
        });
        by_columns.fold(Ordering::Equal, Ordering::then).then_with(|| a_key.cmp(b_key))
    });
    rows
}

/// Aggregates of rows, written down apart from the code under test; sums of floats come in any order, so they are left out.
fn grouped(schema: &Schema, rows: &[(Key, Row)], by: &[ColumnId], aggregates: &[Aggregate]) -> Vec<GroupRow> {
    use rust_decimal::Decimal as Number;
    let place = |id: &ColumnId| schema.position(*id).expect("the column");
    let mut groups: Vec<(Vec<Value>, Vec<&Row>)> = Vec::new();
    if by.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    for (_, row) in rows {
        let key: Vec<Value> = by.iter().map(|id| row[place(id)].clone()).collect();
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.sort_by(|(a, _), (b, _)| {
        let orders = a.iter().zip(b).map(|(a, b)| match (a, b) {
            (Value::Null, _) | (_, Value::Null) => a.is_null().cmp(&b.is_null()),
            _ => order(a, b),
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    let value = |rows: &[&Row], aggregate: &Aggregate| {
        let cells = |id: &ColumnId| -> Vec<Value> {
            rows.iter().map(|row| row[place(id)].clone()).filter(|value| !value.is_null()).collect()
        };
        let number = |value: &Value| match value {
            Value::Integer(number) => Number::from(*number),
            Value::Decimal(number) => number.number(),
            _ => panic!("no number"),
        };
        let sum = |id| cells(id).iter().map(number).sum::<Number>();
        let decimal = |number| Value::Decimal(versioning::value::Decimal::new(number));
        match aggregate {
            Aggregate::Count => Value::Integer(rows.len() as i64),
            Aggregate::Present(id) => Value::Integer(cells(id).len() as i64),
            Aggregate::Sum(id) | Aggregate::Average(id) if cells(id).is_empty() => {
                assert!(schema.column(*id).is_some());
                Value::Null
            }
            Aggregate::Average(id) => decimal(sum(id) / Number::from(cells(id).len() as u64)),
            Aggregate::Sum(id) => match cells(id)[0] {
                Value::Integer(_) => Value::Integer(i64::try_from(sum(id)).expect("a small sum")),
                _ => decimal(sum(id)),
            },
            Aggregate::Minimum(id) => cells(id).into_iter().min_by(order).unwrap_or_default(),
            Aggregate::Maximum(id) => cells(id).into_iter().max_by(order).unwrap_or_default(),
        }
    };
    let row = |(key, rows): (Vec<Value>, Vec<&Row>)| {
        let values = aggregates.iter().map(|aggregate| value(&rows, aggregate)).collect();
        GroupRow { key, values }
    };
    groups.into_iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_filter_finds_what_a_look_at_every_row_finds(
        world in world(), filters in proptest::collection::vec(filter(), 12), parts in 1_usize..7, limit in 1_usize..300,
    ) {
        let table = world.table();
        let ranges = table.split(parts).expect("all is there");
        for filter in filters {
            let text = filter.to_string();
            let predicate = world.bind(&text);
            let expected = world.found(&filter);
            prop_assert_eq!(table.count(&predicate, &KeyRange::all()).expect("read"), expected.len() as u64, "{}", text);
            let parts: u64 = ranges.iter().map(|range| table.count(&predicate, range).expect("read")).sum();
            prop_assert_eq!(parts, expected.len() as u64, "{} in {:?}", &text, ranges);
            for (key, row) in &world.rows {
                prop_assert_eq!(predicate.matches(row), expected.binary_search_by(|(k, _)| k.cmp(key)).is_ok());
            }
            let (mut range, mut found) = (KeyRange::all(), Vec::new());
            loop {
                let page = table.rows(&predicate, None, &range, limit).expect("read");
                prop_assert!(page.rows.len() <= limit);
                found.extend(page.rows);
                let Some(last) = page.next else { break };
                range = KeyRange::after(&last);
            }
            prop_assert!(found == expected, "{}: {} rows, not {}", text, found.len(), expected.len());
        }
    }

    #[test]
    fn sorted_pages_make_the_sorted_table(
        world in world(), sorts in sorts(&schema(false)), filter in filter(),
        limit in 1_usize..700, parts in 1_usize..5, skip in 0_usize..50,
    ) {
        let table = world.table();
        let ranges = table.split(parts).expect("all is there");
        let predicate = world.bind(&filter.to_string());
        let expected = sorted(&world.schema, world.found(&filter), &sorts);
        let ask = |behind: Option<&Place>, limit: usize, skip: usize| {
            let part = |range| table.top(&predicate, &sorts, behind, range, limit).expect("read");
            let top = ranges.iter().map(part).reduce(Top::merge).expect("a range");
            table.page(top, None, skip).expect("read")
        };
        let (mut found, mut behind) = (Vec::new(), None);
        loop {
            let page = ask(behind.as_ref(), limit, 0);
            found.extend(page.rows);
            behind = page.next;
            if behind.is_none() {
                break;
            }
        }
        prop_assert!(found == expected, "{:?} limit {}: {} rows, not {}", sorts, limit, found.len(), expected.len());
        let page: Vec<_> = expected.iter().skip(skip).take(limit).cloned().collect();
        prop_assert!(ask(None, limit + skip, skip).rows == page);
        let mut all = Found::default();
        for (index, range) in ranges.iter().enumerate() {
            let part = table.matches(&predicate, &sorts, range).expect("read");
            all = if index == 0 { part } else { all.merge(&part).expect("few rows") };
        }
        let all = all.finish();
        let keys: Vec<Key> = (0..all.len()).filter_map(|place| all.get(place)).collect();
        prop_assert!(keys.iter().eq(expected.iter().map(|(key, _)| key)), "{} keys", keys.len());
        prop_assert_eq!(all.get(keys.len()), None);
        if let Some(key) = keys.last() {
            prop_assert_eq!(all.places(|bytes| bytes == key.as_bytes()).collect::<Vec<_>>(), vec![keys.len() - 1]);
        }
    }

    #[test]
    fn aggregates_are_those_of_every_row(
        world in world(), filter in filter(), parts in 1_usize..5,
        by in proptest::sample::subsequence(vec!["city", "name", "active", "born", "extra", "part"], 0..=3),
    ) {
        let table = world.table();
        let predicate = world.bind(&filter.to_string());
        let id = |name: &str| world.id(name);
        let by: Vec<ColumnId> = by.into_iter().map(id).collect();
        let aggregates = [
            Aggregate::Count,
            Aggregate::Present(id("city")),
            Aggregate::Sum(id("price")),
            Aggregate::Average(id("price")),
            Aggregate::Sum(id("id")),
            Aggregate::Average(id("id")),
            Aggregate::Minimum(id("name")),
            Aggregate::Maximum(id("seen")),
            Aggregate::Minimum(id("weight")),
            Aggregate::Maximum(id("price")),
            Aggregate::Minimum(id("active")),
        ];
        let part = |range| table.aggregate(&predicate, &by, &aggregates, &range, 5_000);
        let ranges = table.split(parts).expect("read").into_iter();
        let groups = ranges.map(|range| part(range).expect("few groups")).reduce(|a, b| a.merge(&b).expect("few groups"));
        let found = groups.expect("a range").finish().expect("small sums");
        prop_assert_eq!(found, grouped(&world.schema, &world.found(&filter), &by, &aggregates));
    }

    #[test]
    fn ranges_of_a_split_have_every_key_once(world in world(), parts in 1_usize..40) {
        let ranges = world.table().split(parts).expect("read");
        prop_assert!(ranges.len() <= parts);
        for key in world.rows.keys() {
            prop_assert_eq!(ranges.iter().filter(|range| range.contains(key)).count(), 1);
        }
    }
}

/// A table of this many products.
fn products(count: i64) -> World {
    let schema = common::products();
    let rows = common::rows(&schema, 0..count);
    let mut memory = Memory::default();
    let tree = memory.build(&schema, &rows);
    World { schema, memory, tree, draft: Overlay::empty(tree), rows }
}

#[test]
fn bounds_of_the_key_prune_subtrees() {
    let world = products(50_000);
    let reads = |text: &str| {
        world.memory.reads();
        let count = world.table().count(&world.bind(text), &KeyRange::all()).expect("read");
        (count, world.memory.reads())
    };
    for (text, count, most) in [
        ("id = 30000", 1, 4),
        ("id >= 30000 and id < 30100", 100, 5),
        ("id in (5, 30000, 49999, 60000)", 3, 12),
        ("id = 5 or id = 30000 and name is not null", 2, 8),
        ("id < 100 or id > 49900.5", 199, 7),
        ("id between 10 and 5", 0, 4),
        ("id is null", 0, 1),
        ("id < -1", 0, 3),
        ("id = 7.5", 0, 1),
        ("id > 99999999999999999999999", 0, 2),
    ] {
        let (found, reads) = reads(text);
        assert_eq!(found, count, "{text}");
        assert!(reads <= most, "{text}: {reads} reads");
    }
    // What is negated or not about the key has no bounds.
    let (_, all) = reads("name contains \"77\"");
    assert_eq!(reads("not id = 5"), (49_999, all));
}

#[test]
fn a_count_of_all_reads_nothing() {
    let world = products(5_000);
    world.memory.reads();
    let all = Predicate::everything(&world.schema);
    assert_eq!(world.table().count(&all, &KeyRange::all()).expect("read"), 5_000);
    assert_eq!(world.memory.reads(), 0);
}

#[test]
fn pages_and_orders_along_the_key_end_early() {
    let world = products(50_000);
    let all = Predicate::everything(&world.schema);
    world.memory.reads();
    let page = world.table().rows(&all, Some(&[world.id("name")]), &KeyRange::all(), 10).expect("read");
    assert_eq!(page.rows[9].1, [Value::Text("product 9".into())]);
    assert!(world.memory.reads() <= 4);
    for (direction, first) in [(Direction::Ascending, 0), (Direction::Descending, 49_999)] {
        let sorts = [Sort { column: world.id("id"), direction }];
        let top = world.table().top(&all, &sorts, None, &KeyRange::all(), 10).expect("read");
        assert_eq!(top.len(), 10);
        assert!(world.memory.reads() <= 6);
        let page = world.table().page(top, None, 0).expect("read");
        assert_eq!(page.rows[0].1[0], Value::Integer(first));
        world.memory.reads();
    }
}

#[test]
fn parts_of_a_split_are_about_equal() {
    let world = products(50_000);
    let all = Predicate::everything(&world.schema);
    for parts in [1, 2, 3, 8, 16] {
        world.memory.reads();
        let ranges = world.table().split(parts).expect("read");
        assert!(world.memory.reads() <= 10, "only inner nodes are read");
        assert_eq!(ranges.len(), parts);
        let sizes: Vec<u64> = ranges.iter().map(|range| world.table().count(&all, range).expect("read")).collect();
        assert_eq!(sizes.iter().sum::<u64>(), 50_000);
        let share = 50_000 / parts as u64;
        assert!(sizes.iter().all(|size| size.abs_diff(share) <= share / 4), "{sizes:?}");
    }
}

#[test]
fn sums_are_exact_or_an_error() {
    let schema = Schema {
        columns: vec![
            column(1, "id", Type::Integer),
            column(2, "whole", Type::Integer),
            column(3, "exact", Type::Decimal),
            column(4, "float", Type::Float),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
    };
    let sum = |rows: &[[&str; 3]], aggregate: Aggregate| {
        let parse = |ty: Type, text: &str| ty.parse(text).expect("a value");
        let rows = rows.iter().enumerate().map(|(id, [whole, exact, float])| {
            let cells = [parse(Type::Integer, whole), parse(Type::Decimal, exact), parse(Type::Float, float)];
            common::entry(&schema, std::iter::once(Value::Integer(id as i64)).chain(cells).collect())
        });
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &rows.collect());
        let table = Table::new(&memory, &schema, tree);
        let groups = table.aggregate(&Predicate::everything(&schema), &[], &[aggregate], &KeyRange::all(), 1);
        groups.expect("read").finish().map(|rows| rows[0].values[0].to_string()).map_err(|error| error.to_string())
    };
    let max = "9223372036854775807";
    assert_eq!(sum(&[[max, "", ""], ["1", "", ""], ["-1", "", ""]], Aggregate::Sum(ColumnId(2))), Ok(max.into()));
    assert_eq!(sum(&[[max, "", ""]; 3], Aggregate::Sum(ColumnId(2))), Ok("27670116110564327421".into()));
    assert_eq!(sum(&[[max, "", ""]; 3], Aggregate::Average(ColumnId(2))), Ok(max.into()));
    assert_eq!(sum(&[["", "0.1", ""], ["", "0.2", ""]], Aggregate::Sum(ColumnId(3))), Ok("0.3".into()));
    assert_eq!(
        sum(&[["1", "", ""], ["2", "", ""], ["2", "", ""]], Aggregate::Average(ColumnId(2))),
        Ok("1.6666666666666666666666666667".into())
    );
    let large = "9999999999999999999999999999";
    assert_eq!(sum(&[["", large, ""], ["", "-1", ""], ["", "1", ""]], Aggregate::Sum(ColumnId(3))), Ok(large.into()));
    let error = "the sum of “exact” is too large or has too many digits";
    assert_eq!(sum(&[["", large, ""], ["", "0.1", ""]], Aggregate::Sum(ColumnId(3))), Err(error.into()));
    assert_eq!(sum(&[["", large, ""]; 20], Aggregate::Sum(ColumnId(3))), Err(error.into()));
    // Added one after the other without compensation these make 0.
    let floats = [["", "", "1"], ["", "", "1e100"], ["", "", "1"], ["", "", "-1e100"]];
    assert_eq!(sum(&floats, Aggregate::Sum(ColumnId(4))), Ok("2".into()));
    assert_eq!(sum(&floats, Aggregate::Average(ColumnId(4))), Ok("0.5".into()));
    let error = "the sum of “float” is too large or has too many digits";
    assert_eq!(sum(&[["", "", "1.5e308"]; 2], Aggregate::Sum(ColumnId(4))), Err(error.into()));
    assert_eq!(sum(&[["", "", ""]; 2], Aggregate::Sum(ColumnId(4))), Ok(String::new()));
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let world = World::new(1, 700, 0, false);
    let table = world.table();
    let all = Predicate::everything(&world.schema);
    let group = |by: &str, limit| table.aggregate(&all, &[world.id(by)], &[Aggregate::Count], &KeyRange::all(), limit);
    let text = |result: Result<(), ScanError>| result.expect_err("it can't be asked").to_string();
    assert_eq!(
        text(group("id", 699).map(|_| ())),
        "there are more than 699 groups; group by columns with fewer values, or filter"
    );
    assert_eq!(group("id", 700).expect("just enough").finish().expect("counts").len(), 700);
    let pair = table.aggregate(&all, &[world.id("name"), world.id("born")], &[], &KeyRange::all(), 50);
    assert!(matches!(pair, Err(ScanError::TooManyGroups { limit: 50 })));
    for (aggregate, message) in [
        (Aggregate::Sum(world.id("name")), "there is no sum of “name”, a column of type text"),
        (Aggregate::Average(world.id("born")), "there is no average of “born”, a column of type date"),
        (Aggregate::Minimum(world.id("extra")), "there is no minimum of “extra”, a column of type json"),
        (Aggregate::Maximum(world.id("labels")), "there is no maximum of “labels”, a column of type tags"),
        (Aggregate::Sum(ColumnId(99)), "the table has no column with the id 0000000000000063"),
    ] {
        assert_eq!(text(table.aggregate(&all, &[], &[aggregate], &KeyRange::all(), 1).map(|_| ())), message);
    }
    let sort = |name| [Sort { column: world.id(name), direction: Direction::Ascending }];
    let top = |sorts: &[Sort], behind, limit| table.top(&all, sorts, behind, &KeyRange::all(), limit).map(|_| ());
    assert_eq!(text(top(&sort("extra"), None, 1)), "“extra” can't be sorted by: values of type json have no order");
    assert_eq!(
        text(top(&sort("name"), None, MAX_TOP + 1)),
        "at most 10000 sorted rows can be asked for at once, not 10001; go on behind the last row instead"
    );
    let place = Place { values: Vec::new(), key: world.rows.keys().next().expect("a row").clone() };
    assert_eq!(
        text(top(&sort("name"), Some(&place), 1)),
        "the page goes on behind 0 values, but 1 columns are sorted by"
    );
    assert!(top(&sort("name"), None, 0).is_ok());
}

#[test]
fn a_row_of_the_draft_that_does_not_fit_is_an_error() {
    let mut world = products(1_000);
    let (key, row) = common::entry(&world.schema, common::product(5, "new", 100));
    let all = Predicate::everything(&world.schema);
    for (after, message) in [
        (
            vec![Value::Integer(5)],
            "a row of the draft does not fit the table: the row has 1 cells, the table 3 columns",
        ),
        (
            vec![row[0].clone(), Value::Integer(1), Value::Null],
            "a row of the draft does not fit the table: “name” holds values of type text",
        ),
        (
            vec![Value::Null, Value::Null, Value::Null],
            "a row of the draft does not fit the table: “id” must not be empty",
        ),
    ] {
        let patches = BTreeMap::from([(key.clone(), Patch { before: None, after: Some(after) })]);
        world.draft = Overlay::new(&world.memory, world.tree, patches).expect("a sound tree");
        let error = world.table().count(&all, &KeyRange::all()).expect_err("it does not fit");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn rows_of_another_schema_are_an_error() {
    let mut world = products(1_000);
    world.schema.columns[1].ty = Type::Date;
    let error = world.table().count(&world.bind("name = '2026-01-01'"), &KeyRange::all()).expect_err("other types");
    assert_eq!(error.to_string(), "“name” is a column of type date, but its cells are of type text");
}

#[test]
fn t6_a_column_that_leaves_do_not_have_is_filled() {
    let mut world = products(1_000);
    world.schema.columns.push(column(9, "stock", Type::Integer));
    world.schema.columns[3].fill = Value::Integer(4);
    let count = |text: &str| world.table().count(&world.bind(text), &KeyRange::all()).expect("read");
    assert_eq!([count("stock = 4"), count("stock > 4"), count("stock is null")], [1_000, 0, 0]);
    let all = Predicate::everything(&world.schema);
    let stock = world.id("stock");
    let groups = world.table().aggregate(&all, &[stock], &[Aggregate::Sum(stock)], &KeyRange::all(), 9).expect("read");
    let expected = GroupRow { key: vec![Value::Integer(4)], values: vec![Value::Integer(4_000)] };
    assert_eq!(groups.finish().expect("a sum"), [expected]);
}
