//! Measures edits, diffs and merges of a table with a million rows: `cargo run --release -p versioning --example merge`.
//!
//! With an argument, only what has it in its name is measured. Chunks are in memory and decoded once, as in the back
//! end's cache; what is written is hashed and thrown away.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::{Decoded, column};
use versioning::{
    ColumnId, Key, Object, Root, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    diff::Diff,
    merge::{Nowhere, Options, Resolutions, Sides, conflicts, merge},
    tree::TreeBuilder,
};

const ROWS: i64 = 1_000_000;

fn schema() -> Schema {
    Schema {
        columns: vec![
            column(1, "id", Type::Integer),
            column(2, "name", Type::Text),
            column(3, "price", Type::Decimal),
            column(4, "stock", Type::Integer),
            column(5, "category", Type::Text),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn row(id: i64) -> Row {
    vec![
        Value::Integer(id),
        Value::Text(format!("product {id}")),
        Type::Decimal.parse(&format!("{}.{:02}", id * 7 % 1_000, id % 100)).expect("a decimal"),
        Value::Integer(id * 31 % 5_000),
        Value::Text(format!("category {}", id % 40)),
    ]
}

fn key(id: i64) -> Key {
    Key::of_row(&schema(), &row(id)).expect("a key")
}

/// Changes one column of these rows.
fn edit(
    store: &Decoded,
    tree: Tree,
    ids: impl IntoIterator<Item = i64>,
    column: usize,
    value: &dyn Fn(i64) -> Value,
) -> Tree {
    let edits: BTreeMap<Key, Option<Row>> = ids
        .into_iter()
        .map(|id| {
            let mut changed = row(id);
            changed[column] = value(id);
            (key(id), Some(changed))
        })
        .collect();
    tree.edit(store, &mut &*store, &schema(), edits.into_iter().collect()).expect("all chunks are there")
}

fn is_wanted(name: &str) -> bool {
    std::env::args().nth(1).is_none_or(|wanted| name.contains(&wanted))
}

/// The median of some runs.
fn time<T>(name: &str, mut run: impl FnMut() -> T) -> T {
    if !is_wanted(name) {
        return run();
    }
    let mut times = Vec::new();
    let mut last = None;
    let begin = Instant::now();
    while times.len() < 3 || (times.len() < 41 && begin.elapsed() < Duration::from_secs(2)) {
        let start = Instant::now();
        last = Some(run());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!("{name:<64} {:>9.3} ms", times[times.len() / 2].as_secs_f64() * 1e3);
    last.expect("it ran")
}

fn main() {
    let store = Decoded::default();
    let schema = schema();
    let schema_hash = Object::Schema(schema.clone()).store(&mut &store).expect("memory takes all");
    let start = Instant::now();
    let mut sink = &store;
    let mut builder = TreeBuilder::new(&schema, &mut sink);
    for id in 0..ROWS {
        builder.push(key(id), row(id)).expect("in order");
    }
    let base = builder.finish().expect("memory takes all");
    println!("{:<64} {:>9.3} ms", "build 1,000,000 rows", start.elapsed().as_secs_f64() * 1e3);
    let root =
        |tree: Tree| Root { tables: [(TableId(1), TableEntry { name: "t".into(), schema: schema_hash, tree })].into() };
    let number = |value: i64| move |id: i64| Value::Integer(id + value);
    let base_root = root(base);
    let spread = |count: i64, offset: i64| (0..count).map(move |n| (n * (ROWS / count) + offset) % ROWS);
    let run = |name: &str, ours: Tree, theirs: Tree, count_all: bool| {
        if !is_wanted(name) {
            return;
        }
        let (ours, theirs) = (root(ours), root(theirs));
        let sides = Sides { base: &base_root, ours: &ours, theirs: &theirs };
        let options = Options { count_all, ..Options::default() };
        let mut found = 0_u64;
        let merged = time(name, || {
            found = 0;
            merge(&store, &mut Nowhere, sides, &options, &Resolutions::default(), &mut |_| found += 1)
                .expect("all chunks are there")
        });
        println!("    {:?}", merged.stats);
    };
    let one = edit(&store, base, [ROWS / 2], 3, &number(1));
    time("diff of one changed row", || {
        Diff::new(&store, (base, &schema), (one, &schema), None).expect("all chunks are there").count()
    });
    let text = |id: i64| Value::Text(format!("changed {id}"));
    let scattered: Vec<(Key, Option<Row>)> = spread(10_000, 3)
        .map(|id| {
            let mut changed = row(id);
            changed[3] = Value::Integer(id % 7);
            (key(id), Some(changed))
        })
        .collect();
    let edited = time("edit, 10,000 rows spread", || {
        base.edit(&store, &mut Nowhere, &schema, scattered.clone()).expect("all chunks are there")
    });
    assert_eq!(base.edit(&store, &mut &store, &schema, scattered).expect("all chunks are there"), edited);
    let diff = || Diff::new(&store, (base, &schema), (edited, &schema), None).expect("all chunks are there");
    time("diff, 10,000 changed rows spread", || diff().count());
    time("summary of that diff", || diff().counts().expect("all chunks are there"));
    for (name, common, only) in [("in one place", 1_000, 1), ("spread", 1_000, 0)] {
        let place = |count: i64, offset: i64| -> Vec<i64> {
            if only == 1 {
                (ROWS / 2 + offset * 10..ROWS / 2 + offset * 10 + count).collect()
            } else {
                spread(count, offset).collect()
            }
        };
        let ours = edit(&store, edit(&store, base, place(common, 0), 3, &number(1)), place(1_000, 100), 3, &number(1));
        let theirs = edit(&store, edit(&store, base, place(common, 0), 1, &text), place(1_000, 300), 1, &text);
        time(&format!("diff, 2,000 changed rows {name}"), || {
            Diff::new(&store, (base, &schema), (ours, &schema), None).expect("all chunks are there").count()
        });
        run(&format!("merge, 2,000 edits a side {name}"), ours, theirs, false);
        run(&format!("merge, 2,000 edits a side {name}, counting all"), ours, theirs, true);
    }
    let ours = edit(&store, base, spread(60_000, 0), 3, &number(1));
    let few = edit(&store, base, spread(10, 7), 1, &text);
    run("merge, 60,000 edits of ours, 10 of theirs", ours, few, false);
    run("merge, 10 edits of ours, 60,000 of theirs", few, ours, false);
    let theirs = edit(&store, base, spread(60_000, 0), 1, &text);
    run("merge, 60,000 edits a side, same rows, other column", ours, theirs, false);
    let other = edit(&store, base, spread(60_000, 8), 3, &number(2));
    run("merge, 60,000 edits a side, other rows, same column", ours, other, false);
    let clash = edit(&store, base, spread(60_000, 0), 3, &number(2));
    run("merge, 60,000 conflicts", ours, clash, false);
    let (ours_root, clash_root) = (root(ours), root(clash));
    let sides = Sides { base: &base_root, ours: &ours_root, theirs: &clash_root };
    time("the first 100 of 60,000 conflicts", || {
        conflicts(&store, sides, &Options::default(), &Resolutions::default(), None, 100).expect("all chunks are there")
    });
    let inserts: Vec<(Key, Option<Row>)> = (0..2_000).map(|n| (key(ROWS + n), Some(row(ROWS + n)))).collect();
    let appended = base.edit(&store, &mut &store, &schema, inserts).expect("all chunks are there");
    let deletes: Vec<(Key, Option<Row>)> = spread(2_000, 3).map(|id| (key(id), None)).collect();
    let deleted = base.edit(&store, &mut &store, &schema, deletes).expect("all chunks are there");
    run("merge, 2,000 rows appended, 2,000 deleted", appended, deleted, false);
    let all = edit(&store, base, 0..ROWS, 3, &number(1));
    let clash = edit(&store, base, 0..ROWS, 3, &number(2));
    run("merge, 1,000,000 conflicts", all, clash, false);
}
