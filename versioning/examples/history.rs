//! Measures what the history and the blame of rows cost: a table of a million rows (or as many as the first argument
//! says) after a thousand commits (the second) that change one row each.
//!
//! `cargo run --release -p versioning --example history`

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::{Writes, column, entry};
use versioning::{
    ChunkSink, ColumnId, Commit, Hash, Key, Object, ObjectSource, ReadError, Root, Row, Schema, TableEntry, TableId,
    Tree, Type, Value, WriteError,
    history::{
        Clocks, Cursor, Filter, Paging, Reachable, ahead_behind, blame, blame_page, log, merge_bases, row_history,
    },
    tree::TreeBuilder,
};

const TABLE: TableId = TableId(1);
const PAGING: Paging = Paging { limit: usize::MAX, budget: usize::MAX, clocks: Clocks::Honest };

/// Chunks in memory. Cold, each read decodes the chunk; warm, each is decoded once.
#[derive(Default)]
struct Memory {
    chunks: HashMap<Hash, Vec<u8>>,
    decoded: Mutex<HashMap<Hash, Arc<Object>>>,
    keep: bool,
    reads: AtomicU64,
    /// Reads, and nanoseconds of decoding, by the first byte of the chunk.
    by_kind: Mutex<BTreeMap<char, (u64, u128)>>,
}

impl ObjectSource for Memory {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.keep
            && let Some(object) = self.decoded.lock().expect("one thread").get(&hash)
        {
            return Ok(Arc::clone(object));
        }
        let bytes = self.chunks.get(&hash).ok_or(ReadError::Missing { hash })?;
        let start = Instant::now();
        let damaged = |error: versioning::object::DecodeError| ReadError::Damaged { hash, reason: error.to_string() };
        let object = Arc::new(Object::decode(bytes).map_err(damaged)?);
        let mut by_kind = self.by_kind.lock().expect("one thread");
        let kind = by_kind.entry(char::from(bytes[0])).or_default();
        kind.0 += 1;
        kind.1 += start.elapsed().as_nanos();
        if self.keep {
            self.decoded.lock().expect("one thread").insert(hash, Arc::clone(&object));
        }
        Ok(object)
    }
}

impl ChunkSink for Memory {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.chunks.insert(hash, bytes);
        Ok(())
    }
}

fn schema() -> Schema {
    Schema {
        columns: vec![
            column(1, "id", Type::Integer),
            column(2, "name", Type::Text),
            column(3, "price", Type::Decimal),
            column(4, "stock", Type::Integer),
            column(5, "note", Type::Text),
            column(6, "weight", Type::Float),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn row(id: u64, version: u64) -> Row {
    vec![
        Value::Integer(id as i64),
        Value::Text(format!("product {id}")),
        Type::Decimal.parse(&format!("{}.{:02}", id % 900, version % 100)).unwrap_or_default(),
        Value::Integer((version % 1_000) as i64),
        Value::Text(format!("note {}", id % 40)),
        Value::Null,
    ]
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let count = arguments.next().unwrap_or(1_000_000);
    let commits = arguments.next().unwrap_or(1_000);
    let others = arguments.next().unwrap_or(0);
    println!("{count} rows, {commits} commits, {others} other tables");
    let schema = schema();
    let mut memory = Memory::default();
    let mut builder = TreeBuilder::new(&schema, &mut memory);
    for id in 0..count {
        let (key, row) = entry(&schema, row(id, 0));
        builder.push(key, row).expect("in order");
    }
    let mut tree = builder.finish().expect("memory takes all");
    let schema_hash = Object::Schema(schema.clone()).store(&mut memory).expect("memory takes all");
    let mut parents = Vec::new();
    let mut heads = Vec::new();
    // Every hundredth commit changes the row that is followed, the others rows all over the table.
    let followed = count / 2;
    for number in 0..commits {
        let id = if number % 100 == 50 { followed } else { (number * 7_919_993) % count };
        let (key, changed) = entry(&schema, row(id, number + 1));
        let mut writes = Writes(Vec::new());
        tree = tree.edit(&memory, &mut writes, &schema, vec![(key, Some(changed))]).expect("all is there");
        memory.chunks.extend(writes.0);
        let table = |name: &str, tree: Tree| TableEntry { name: name.into(), schema: schema_hash, tree };
        let tables = std::iter::once((TABLE, table("products", tree)))
            .chain((0..others).map(|id| (TableId(id + 2), table(&format!("table {id}"), tree))));
        let root = Object::Root(Root { tables: tables.collect() }).store(&mut memory).expect("memory takes all");
        let commit = Commit {
            root,
            parents: std::mem::take(&mut parents),
            author: "ada".into(),
            time: number as i64,
            message: "Correct a price after the supplier's list of March".into(),
        };
        let commit = Object::Commit(commit).store(&mut memory).expect("memory takes all");
        parents.push(commit);
        heads.push(commit);
    }
    let head = *heads.last().expect("at least one commit");
    let key = entry(&schema, row(followed, 0)).0;
    let page: Vec<Key> = (followed - 128..followed + 128).map(|id| entry(&schema, row(id, 0)).0).collect();
    let start = Cursor::new(head);

    for keep in [false, true] {
        memory.keep = keep;
        println!("{}", if keep { "warm" } else { "cold: each read decodes" });
        let source: &dyn ObjectSource = &memory;
        let measure = |name: &str, run: &mut dyn FnMut() -> usize| {
            if keep {
                run();
            }
            memory.reads.store(0, Ordering::Relaxed);
            memory.by_kind.lock().expect("one thread").clear();
            let mut best = Duration::MAX;
            let mut found = 0;
            for _ in 0..5 {
                let begun = Instant::now();
                found = run();
                best = best.min(begun.elapsed());
            }
            let reads = memory.reads.load(Ordering::Relaxed) as f64 / 5.0;
            println!(
                "  {name:<34} {found:>7} found {reads:>8} reads ({:.2} a commit) {:>10.3} ms",
                reads / commits as f64,
                best.as_secs_f64() * 1e3
            );
            for (kind, (times, nanos)) in memory.by_kind.lock().expect("one thread").iter() {
                println!(
                    "      {kind}: {:>6} decoded, {:>8.2} µs each, {:>8.3} ms",
                    times / 5,
                    *nanos as f64 / *times as f64 / 1e3,
                    *nanos as f64 / 5e6
                );
            }
        };
        measure("row history", &mut || {
            row_history(source, &start, TABLE, &key, PAGING).expect("all is there").entries.len()
        });
        measure("blame of a row", &mut || {
            let blame = blame(source, head, TABLE, &key, usize::MAX).expect("all is there");
            blame.rows()[0].commits.iter().flatten().count()
        });
        measure("blame of 256 rows", &mut || {
            let blame = blame_page(source, head, TABLE, &page, usize::MAX).expect("all is there");
            blame.rows().iter().flat_map(|row| &row.commits).flatten().count()
        });
        measure("log of a table, first 50", &mut || {
            let paging = Paging { limit: 50, ..PAGING };
            log(source, &start, &Filter::Table(TABLE), paging).expect("all is there").entries.len()
        });
        measure("log, all", &mut || log(source, &start, &Filter::All, PAGING).expect("all is there").entries.len());
        measure("log, all, in pages of 50", &mut || {
            let (mut next, mut found) = (Some(start.clone()), 0);
            while let Some(cursor) = next {
                let paging = Paging { limit: 50, ..PAGING };
                let page = log(source, &cursor, &Filter::All, paging).expect("all is there");
                found += page.entries.len();
                next = page.next;
            }
            found
        });
        measure("merge bases, 10 apart", &mut || {
            merge_bases(source, head, heads[heads.len().saturating_sub(11)]).expect("all is there").len()
        });
        measure("ahead and behind, all apart", &mut || {
            ahead_behind(source, head, heads[0], Clocks::Honest, usize::MAX).expect("all is there").ahead as usize
        });
        measure("mark all that is reachable", &mut || {
            let mut mark = Reachable::new([head]);
            mark.step(source, usize::MAX, |_, _| {}).expect("all is there");
            mark.len()
        });
    }
}
