//! The work that is measured. Every change is the same in `peer.py`: rows and values follow from the numbers.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hub::{Against, Change, Changes, MergeOptions, MergeState, NewDataset, Place, Query, Reference, TwoStates};
use serde_json::{Map, json};
use versioning::{Hash, Key};

use crate::{Bench, milliseconds};

/// Rows of the table.
pub(crate) const ROWS: u64 = 1_000_000;
/// How often what takes milliseconds is done.
const TURNS: u64 = 20;
/// How often what takes long is done.
const FEW: u64 = 3;
/// Commits before a row's history is asked for; each tenth changes the row.
const HISTORY: u64 = 1_000;
/// The row whose history is asked for.
const OLD_ROW: u64 = 500_000;

/// A row to change: its key, the column, the new value.
type Edit = (u64, &'static str, u64);

/// The n-th of some keys that are spread over the table.
fn scattered(number: u64) -> u64 {
    number * 24_989 % ROWS + 1
}

impl Bench {
    /// Commits changes of cells to a branch; the time it takes in milliseconds, and the commit.
    async fn commit(&self, place: &Place, edits: impl IntoIterator<Item = Edit>) -> Result<(f64, Hash)> {
        let changes = edits
            .into_iter()
            .map(|(key, column, value)| Change::Update {
                table: self.table.clone(),
                key: json!(key),
                values: Map::from_iter([(column.to_owned(), json!(value))]),
            })
            .collect();
        let changes = Changes { parent: None, message: "Change cells".to_owned(), changes };
        let begun = Instant::now();
        let made = self.hub.apply_changes(&self.actor, place, changes).await?;
        Ok((milliseconds(begun), made.context("the commit changed nothing")?))
    }

    /// Reads all that differs between two states, and counts the rows.
    async fn diff(&self, from: Hash, to: Hash) -> Result<(f64, usize)> {
        let (from, to) = (Reference::named(from.to_string()), Reference::named(to.to_string()));
        let sides = TwoStates { from: &from, to: &to, against: Against::Other };
        let begun = Instant::now();
        let (mut rows, mut after) = (0, None);
        loop {
            let page = self.hub.diff_page(&self.actor, &self.path, sides, None, after, 1_000).await?;
            rows += page.rows.len();
            after = page.next;
            if after.is_none() {
                return Ok((milliseconds(begun), rows));
            }
        }
    }

    async fn head(&self) -> Result<Hash> {
        self.hub.viewed(&self.actor, &self.main()).await?.commit.context("the branch has no commit")
    }
}

/// Questions to all rows.
pub(crate) async fn scans(bench: &mut Bench) -> Result<()> {
    let (actor, place, table) = (bench.actor.clone(), bench.main(), bench.table.clone());
    let compute = [("sum".to_owned(), Some("price".to_owned())), ("average".to_owned(), Some("price".to_owned()))];
    let (mut groups, mut filters, mut sorts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..FEW {
        let begun = Instant::now();
        let found = bench.hub.aggregate(&actor, &place, &table, "", &["city".to_owned()], &compute).await?;
        groups.push(milliseconds(begun));
        ensure!(found.groups.len() == 12, "{} cities", found.groups.len());

        let begun = Instant::now();
        let count = [("count".to_owned(), None)];
        bench.hub.aggregate(&actor, &place, &table, "name contains \"77\"", &[], &count).await?;
        filters.push(milliseconds(begun));

        let query = Query { sort: "price".to_owned(), ..Query::default() };
        let begun = Instant::now();
        bench.hub.query(&actor, &place, &table, &query, None, 100).await?;
        sorts.push(milliseconds(begun));
    }
    bench.note_median("group_by", groups);
    bench.note_median("filter", filters);
    bench.note_median("sort", sorts);
    Ok(())
}

/// Commits of one row and of ten thousand, and what they differ in.
pub(crate) async fn commits(bench: &mut Bench) -> Result<()> {
    let main = bench.main();
    let (mut commits, mut diffs) = (Vec::new(), Vec::new());
    let before = bench.chunk_bytes().await?;
    let mut head = bench.head().await?;
    for turn in 0..TURNS {
        let (time, new) = bench.commit(&main, [(scattered(turn), "quantity", 100_000 + turn)]).await?;
        commits.push(time);
        let (time, rows) = bench.diff(head, new).await?;
        ensure!(rows == 1, "{rows} rows differ");
        diffs.push(time);
        head = new;
    }
    let added = (bench.chunk_bytes().await? - before) as f64 / TURNS as f64;
    bench.note_median("commit_one", commits);
    bench.note("commit_one_bytes", added);
    bench.note_median("diff_one", diffs);

    let (mut commits, mut diffs) = (Vec::new(), Vec::new());
    for turn in 0..FEW {
        let edits = (0..10_000).map(|number| (number * 97 + 1, "quantity", 200_000 + turn));
        let (time, new) = bench.commit(&main, edits).await?;
        commits.push(time);
        let (time, rows) = bench.diff(head, new).await?;
        ensure!(rows == 10_000, "{rows} rows differ");
        diffs.push(time);
        head = new;
    }
    bench.note_median("commit_10000", commits);
    bench.note_median("diff_10000", diffs);
    Ok(())
}

/// New branches.
pub(crate) async fn branches(bench: &mut Bench) -> Result<()> {
    let mut times = Vec::new();
    for turn in 0..TURNS {
        let begun = Instant::now();
        bench.hub.create_branch(&bench.actor, &bench.main(), &format!("branch-{turn}")).await?;
        times.push(milliseconds(begun));
    }
    bench.note_median("branch", times);
    let mut times = Vec::new();
    for turn in 0..TURNS {
        let fork = NewDataset { name: format!("fork-{turn}"), ..NewDataset::default() };
        let begun = Instant::now();
        bench.hub.fork(&bench.actor, &bench.path, fork).await?;
        times.push(milliseconds(begun));
    }
    bench.note_median("fork", times);
    Ok(())
}

/// Two branches that changed rows, merged.
pub(crate) async fn merges(bench: &mut Bench) -> Result<()> {
    let together = |first: u64| move |number: u64| first + number;
    let apart = |number: u64| number * 331 + 1;
    merge(
        bench,
        "merge_2000_together",
        (0..2_000).map(together(500_000)).map(|key| (key, "price", 1)),
        (1_000..3_000).map(together(500_000)).map(|key| (key, "quantity", 300_001)),
        MergeState::Merged,
    )
    .await?;
    merge(
        bench,
        "merge_2000_apart",
        (0..2_000).map(apart).map(|key| (key, "price", 2)),
        (1_000..3_000).map(apart).map(|key| (key, "quantity", 300_002)),
        MergeState::Merged,
    )
    .await?;
    merge(
        bench,
        "merge_60000",
        (0..60_000).map(|number| (number * 16 + 1, "price", 3)),
        (0..60_000).map(|number| (number * 16 + 9, "quantity", 300_003)),
        MergeState::Merged,
    )
    .await?;
    merge(
        bench,
        "merge_60000_conflicts",
        (0..60_000).map(|number| (number * 16 + 1, "price", 4)),
        (0..60_000).map(|number| (number * 16 + 1, "price", 5)),
        MergeState::Open,
    )
    .await
}

async fn merge(
    bench: &mut Bench,
    name: &str,
    ours: impl Iterator<Item = Edit> + Clone,
    theirs: impl Iterator<Item = Edit> + Clone,
    expected: MergeState,
) -> Result<()> {
    let mut times = Vec::new();
    for turn in 0..FEW {
        let [left, right] = ["ours", "theirs"].map(|side| format!("{name}-{side}-{turn}"));
        for branch in [&left, &right] {
            bench.hub.create_branch(&bench.actor, &bench.main(), branch).await?;
        }
        let value = |edit: Edit| (edit.0, edit.1, edit.2 * 10 + turn);
        bench.commit(&bench.at(&left), ours.clone().map(value)).await?;
        bench.commit(&bench.at(&right), theirs.clone().map(value)).await?;
        let (into, from) = (bench.at(&left), Reference::named(&right));
        let begun = Instant::now();
        let outcome = bench.hub.merge(&bench.actor, &into, &from, MergeOptions::default()).await?;
        times.push(milliseconds(begun));
        ensure!(outcome.state == expected, "{name}: {:?}", outcome.state);
    }
    bench.note_median(name, times);
    Ok(())
}

/// One row after many commits.
pub(crate) async fn histories(bench: &mut Bench) -> Result<()> {
    bench.hub.create_branch(&bench.actor, &bench.main(), "history").await?;
    let place = bench.at("history");
    for turn in 0..HISTORY {
        let key = if turn % 10 == 0 { OLD_ROW } else { scattered(turn) };
        bench.commit(&place, [(key, "quantity", 400_000 + turn)]).await?;
    }
    let (mut histories, mut blames) = (Vec::new(), Vec::new());
    for _ in 0..FEW {
        let begun = Instant::now();
        let (mut states, mut cursor) = (0, None);
        loop {
            let text = OLD_ROW.to_string();
            let page = bench.hub.row_history(&bench.actor, &place, &bench.table, &text, cursor.as_deref()).await?;
            states += page.states.len();
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        histories.push(milliseconds(begun));
        ensure!(states as u64 > HISTORY / 10, "{states} states");

        let schema = bench.hub.table(&bench.actor, &place, &bench.table).await?.table.schema;
        let key = Key::from_text(&schema, &OLD_ROW.to_string())?;
        let begun = Instant::now();
        let blame = bench.hub.blame(&bench.actor, &place, &bench.table, vec![key]).await?;
        blames.push(milliseconds(begun));
        ensure!(blame.complete, "the search for the cells' commits ended early");
    }
    bench.note_median("row_history", histories);
    bench.note_median("blame", blames);
    Ok(())
}
