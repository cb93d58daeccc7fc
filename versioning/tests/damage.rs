//! Damaged chunks and texts: whatever bytes a decoder gets, it answers with an error or with something that can be used.
//! `fuzz/` at the top level looks longer and deeper.

mod common;

use std::{collections::BTreeMap, sync::LazyLock};

use common::{Memory, column, entry, products, rows};
use proptest::prelude::*;
use versioning::{
    ColumnId, Commit, Hash, Key, Object, Root, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    evolve::Operation,
    history::{Blame, Cursor},
    merge::{Choice, Resolutions, Scope, ScopeRule},
    query::Filter,
};

/// A column of each type, some without values.
fn schema() -> Schema {
    let columns = Type::ALL.into_iter().zip(1..).map(|(ty, id)| column(id, ty.name(), ty)).collect();
    Schema {
        columns,
        primary_key: vec![ColumnId(2)],
        generated_key: false,
        description: "all types".into(),
        checks: Vec::new(),
    }
}

fn row(id: i64) -> Row {
    let text = |ty: Type| match ty {
        Type::Text => format!("text æ {id}"),
        Type::Integer => id.to_string(),
        Type::Decimal => format!("{id}.25"),
        Type::Float => format!("{id}.5e-3"),
        Type::Boolean => (id % 2 == 0).to_string(),
        Type::Date => format!("2026-11-{:02}", id % 28 + 1),
        Type::Timestamp => format!("2026-11-22T10:{:02}:00Z", id % 60),
        Type::Uuid => format!("{id:032x}"),
        Type::Json => format!("{{\"id\":{id}}}"),
        Type::Choice => format!("choice {}", id % 3),
        Type::Tags => format!("a,b{}", id % 5),
        Type::Link => format!("{},x", id % 9),
        Type::File => format!("{id:064x} 9 text/plain name"),
    };
    let cell = |ty: Type| {
        let is_empty = ty != Type::Integer && (id + ty as i64) % 11 == 0;
        if is_empty { Value::Null } else { ty.parse(&text(ty)).expect("a value") }
    };
    Type::ALL.map(cell).into()
}

/// Real chunks: leaves of all types and of a large table, inner nodes of two levels, a schema, a root, a commit.
static CHUNKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut memory = Memory::default();
    let schema = schema();
    let tree = memory.build(&schema, &(0..300).map(|id| entry(&schema, row(id))).collect());
    memory.build(&products(), &rows(&products(), 0..30_000));
    let mut store = |object: Object| object.store(&mut memory).expect("memory takes all");
    let table = TableEntry { name: "all".into(), schema: store(Object::Schema(schema)), tree };
    let root = store(Object::Root(Root { tables: BTreeMap::from([(TableId(1), table)]) }));
    let commit = Commit { root, parents: vec![root], author: "ada".into(), time: 7, message: "All types".into() };
    store(Object::Commit(commit));
    let mut chunks: Vec<Vec<u8>> = memory.chunks.into_values().collect();
    // Of the large table's leaves, three are enough.
    chunks.sort_by_key(|chunk| (chunk[0], chunk.len()));
    let (leaves, mut others): (Vec<_>, Vec<_>) = chunks.into_iter().partition(|chunk| chunk[0] == b'L');
    others.extend(leaves.iter().rev().take(3).cloned());
    others
});

/// What happens to bytes on a bad disk, or in bad hands.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Set(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let part = |place: &prop::sample::Index, count: usize| {
            let start = place.index(length);
            start..(start + count).min(length)
        };
        match self {
            Self::Flip(place, bit) => bytes[place.index(length)] ^= 1 << (bit % 8),
            Self::Set(place, byte) => bytes[place.index(length)] = *byte,
            Self::Truncate(place) => bytes.truncate(place.index(length)),
            Self::Remove(place, count) => drop(bytes.drain(part(place, *count))),
            Self::Repeat(place, count) => {
                let again = bytes[part(place, *count)].to_vec();
                let at = place.index(length);
                bytes.splice(at..at, again);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<prop::sample::Index>;
    let one = prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, bit)| Damage::Flip(place, bit)),
        4 => (place(), prop_oneof![any::<u8>(), Just(0xFF), Just(0x80), Just(0)])
            .prop_map(|(place, byte)| Damage::Set(place, byte)),
        1 => place().prop_map(Damage::Truncate),
        1 => (place(), 1..9_usize).prop_map(|(place, count)| Damage::Remove(place, count)),
        1 => (place(), 1..99_usize).prop_map(|(place, count)| Damage::Repeat(place, count)),
    ];
    prop::collection::vec(one, 1..4)
}

/// Uses all that could be read.
fn exercise(bytes: &[u8]) {
    let Ok(object) = Object::decode(bytes) else { return };
    let _ = (object.weight(), object.children());
    Object::decode(&object.encode()).expect("what is written can be read");
    if let Object::Leaf(leaf) = &object {
        let keys: Vec<&[u8]> = (0..leaf.len()).map(|row| leaf.key(row)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!(leaf.rows(&schema(), 0..leaf.len()).count(), leaf.len());
    }
    if let Object::Schema(schema) = &object {
        let _ = schema.validate();
    }
    read_tree(object);
}

/// A tree whose root is the damaged node, over chunks that are not there.
fn read_tree(object: Object) {
    let mut memory = Memory::default();
    let rows = match &object {
        Object::Leaf(leaf) => leaf.len() as u64,
        Object::Inner(inner) => inner.children().iter().map(|child| child.rows).sum(),
        _ => return,
    };
    let root = object.store(&mut memory).expect("memory takes all");
    let tree = Tree { root: Some(root), rows };
    let _ = tree.rows(&memory, &schema(), 0, 10);
    let _ = tree.rows(&memory, &schema(), u64::MAX, 10);
    let _ = tree.rank(&memory, &Key::from_bytes([9, 9]));
    let _ = tree.edit(&memory, &mut Memory::default(), &schema(), vec![(Key::from_bytes([9, 9]), None)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_chunks_are_errors_or_readable(chunk in any::<prop::sample::Index>(), damage in damage()) {
        let mut bytes = CHUNKS[chunk.index(CHUNKS.len())].clone();
        damage.iter().for_each(|damage| damage.apply(&mut bytes));
        exercise(&bytes);
    }

    #[cfg(feature = "codec")]
    #[test]
    fn damaged_frames_are_errors_or_something_else(chunk in any::<prop::sample::Index>(), damage in damage()) {
        use versioning::frame;
        let chunk = &CHUNKS[chunk.index(CHUNKS.len())];
        let mut frame = frame::pack(chunk);
        damage.iter().for_each(|damage| damage.apply(&mut frame));
        if let Ok(content) = frame::unpack(&frame) {
            let is_whole = content == *chunk;
            prop_assert_eq!(frame::verify(Hash::of(chunk), &frame).is_ok(), is_whole);
        }
    }

    #[cfg(feature = "codec")]
    #[test]
    fn damaged_deltas_are_errors_or_something_else(
        chunks in any::<[prop::sample::Index; 2]>(),
        edit in damage(),
        damage in damage(),
    ) {
        use versioning::frame;
        let [base, other] = chunks.map(|chunk| &CHUNKS[chunk.index(CHUNKS.len())]);
        // Much like the base, or like anything.
        let mut edited = base.clone();
        edit.iter().for_each(|edit| edit.apply(&mut edited));
        for chunk in [&edited, other] {
            let mut frame = frame::pack_near(chunk, Hash::of(base), base);
            prop_assert_eq!(frame::unpack_near(&frame, base).ok(), Some(chunk.clone()));
            damage.iter().for_each(|damage| damage.apply(&mut frame));
            let _ = frame::base(&frame);
            if let Ok(content) = frame::unpack_near(&frame, base) {
                prop_assert_eq!(frame::open_near(Hash::of(chunk), &frame, base).is_ok(), content == *chunk && Object::decode(chunk).is_ok());
            }
            let _ = frame::unpack_near(&frame, other);
        }
    }

    #[test]
    fn damaged_texts_are_errors_or_values(which in 0..5_usize, damage in damage()) {
        let text = [
            r#"{"1":{"text":"a"},"2":{"integer":7},"3":null}"#.to_owned(),
            serde_json::to_string(&Operation::AddColumn { table: TableId(1), column: column(3, "a", Type::Json), position: None }).expect("json"),
            serde_json::to_string(&Resolutions {
                rules: vec![ScopeRule { scope: Scope::default(), choice: Choice::Value(Value::Integer(1)) }],
                ..Resolutions::default()
            }).expect("json"),
            Cursor::new(Hash::of(b"commit")).to_string(),
            "name contains \"77\" and not (price >= -1.5 or city in (\"Oslo\", \"Bodø\"))".to_owned(),
        ];
        let mut bytes = text[which].clone().into_bytes();
        damage.iter().for_each(|damage| damage.apply(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        let _ = serde_json::from_str::<BTreeMap<ColumnId, Value>>(&text);
        let _ = serde_json::from_str::<Operation>(&text);
        let _ = serde_json::from_str::<Resolutions>(&text);
        let _ = serde_json::from_str::<Blame>(&text);
        let _ = text.parse::<Cursor>();
        let _ = Key::from_text(&schema(), &text);
        let _ = Filter::parse(&text).map(|filter| filter.bind(&text, &schema()).is_ok());
        for ty in Type::ALL {
            if let Ok(value) = ty.parse(&text) {
                Type::ALL.into_iter().for_each(|other| drop(value.cast(other)));
            }
        }
    }
}

#[test]
fn a_truncated_chunk_is_never_whole() {
    for chunk in CHUNKS.iter() {
        for end in 0..chunk.len() {
            assert!(Object::decode(&chunk[..end]).is_err(), "{end} of {} bytes", chunk.len());
        }
    }
}

#[cfg(feature = "codec")]
#[test]
fn a_delta_needs_its_base() {
    use versioning::frame;
    let leaf = CHUNKS.iter().find(|chunk| chunk[0] == b'L').expect("trees have leaves");
    let mut changed = leaf.clone();
    changed[500] ^= 1;
    changed.splice(700..700, *b"put in between");
    let (base, name) = (Hash::of(leaf), Hash::of(&changed));
    let delta = frame::pack_near(&changed, base, leaf);
    assert!(delta.len() < 100, "{} bytes", delta.len());
    assert_eq!(frame::base(&delta).ok().flatten(), Some(base));
    assert_eq!(frame::unpack_near(&delta, leaf).ok(), Some(changed));
    for error in [frame::unpack(&delta).err(), frame::verify(name, &delta).err()] {
        assert!(error.is_some_and(|error| error.to_string().contains(&base.to_string())));
    }
    // Of another base, something else comes out, or nothing.
    let other = CHUNKS.iter().rfind(|chunk| chunk.len() > 1_000 && *chunk != leaf).expect("there are more");
    assert!(frame::open_near(name, &delta, other).is_err());
    for end in 0..delta.len() {
        assert!(frame::open_near(name, &delta[..end], leaf).is_err(), "{end} of {} bytes", delta.len());
    }
    // A delta is no base, and there is none within another.
    let nested = [&delta[..33], &delta[..]].concat();
    assert!(frame::unpack_near(&nested, leaf).is_err());
    // What has nothing in common is stored whole.
    let noise: Vec<u8> = (0..400_u64).flat_map(|number| *Hash::of(&number.to_le_bytes()).as_bytes()).collect();
    assert_eq!(frame::base(&frame::pack_near(&noise, base, leaf)).ok(), Some(None));
}

#[test]
fn few_bytes_do_not_claim_much_memory() {
    // An inner node: a long first key, then children whose keys share it.
    let mut bytes = vec![b'I', 1, 1];
    let count = 20_000_u64;
    varint(count, &mut bytes);
    varint(0, &mut bytes);
    varint(100_000, &mut bytes);
    bytes.extend(vec![1; 100_000]);
    for _ in 1..count {
        varint(100_000, &mut bytes);
        bytes.extend([1, 7]);
    }
    let error = Object::decode(&bytes).expect_err("keys are not that long");
    assert!(error.to_string().contains("a count is too large"), "{error}");
    // A compressed frame that claims a gigabyte: single segment, eight bytes of size, an empty last block.
    #[cfg(feature = "codec")]
    {
        let mut frame = vec![1, 0x28, 0xB5, 0x2F, 0xFD, 0xE0];
        frame.extend((1_u64 << 30).to_le_bytes());
        frame.extend([1, 0, 0]);
        let error = versioning::frame::unpack(&frame).expect_err("it can't have so much");
        assert!(error.to_string().contains("it does not state a possible size"), "{error}");
        // Deltas that keep or put in more than there is.
        for number in [u64::MAX, 1 << 62, 1 << 30] {
            for place in 0..3 {
                let mut frame = vec![2; 33];
                frame.push(0);
                (0..3).for_each(|at| varint(if at == place { number } else { 0 }, &mut frame));
                let error = versioning::frame::unpack_near(&frame, b"base").expect_err("it is not there");
                assert!(error.to_string().contains("it is no delta of the other chunk"), "{error}");
            }
        }
    }
}

/// Seven bits a byte, lowest first.
fn varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
