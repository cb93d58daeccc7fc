//! Merge requests between forks of the large table, and many conflicts, as pages show them.

use super::{Bench, DATASET, ROWS, Row, TABLE, milliseconds, percentile, row};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Requests that are opened, shown and merged.
const MERGED: usize = 5;
/// Rows that each of them changes, anywhere in the table.
const CHANGED: u32 = 100;
/// Conflicts of the one that is not.
const CONFLICTS: u32 = 10_000;
/// How often a page is asked for.
const ASKED: usize = 9;

/// From forks: what the page takes that shows a request for the first time, and what merging takes.
pub fn forks(bench: &mut Bench) -> Result<Vec<Row>> {
    let api = format!("/api/v1/datasets/{DATASET}");
    let (mut shown, mut merged) = (Vec::new(), Vec::new());
    for turn in 0..MERGED as u32 {
        let name = format!("fork-{turn}");
        bench.server.post(&format!("{api}/forks"), &json!({ "name": name }))?;
        let fork = format!("local/{name}");
        commit(bench, &fork, "main", "quantity", turn + 1, CHANGED)?;
        // Both have moved, so that there is something to merge.
        commit(bench, DATASET, "main", "city", turn + 50_000, 1)?;
        let offer = json!({ "title": "Quantities", "source": fork, "source_branch": "main" });
        let number = number(&bench.server.post(&format!("{api}/merge-requests"), &offer)?)?;
        shown.push(timed(bench, &format!("/{DATASET}/requests/{number}"))?);
        let begun = Instant::now();
        bench.server.post(&format!("{api}/merge-requests/{number}/merge"), &json!({}))?;
        merged.push(begun.elapsed());
    }
    shown.sort();
    merged.sort();
    Ok(vec![
        row("page of a request from a fork, first time, p50", milliseconds(percentile(&shown, 50)), "ms", 100.0),
        row("merge of it, 100 scattered rows, p50", milliseconds(percentile(&merged, 50)), "ms", 200.0),
    ])
}

/// Ten thousand cells that both sides changed: the page that decides them, and one decision with the page after it.
pub fn conflicts(bench: &mut Bench) -> Result<Vec<Row>> {
    let api = format!("/api/v1/datasets/{DATASET}");
    bench.server.post(&format!("{api}/branches"), &json!({ "name": "both" }))?;
    commit(bench, DATASET, "both", "price", 7, CONFLICTS)?;
    commit(bench, DATASET, "main", "price", 8, CONFLICTS)?;
    let offer = json!({ "title": "Prices", "source_branch": "both" });
    let number = number(&bench.server.post(&format!("{api}/merge-requests"), &offer)?)?;
    let page = format!("/{DATASET}/requests/{number}/conflicts");
    let mut shown = (0..ASKED).map(|_| timed(bench, &page)).collect::<Result<Vec<_>>>()?;
    shown.sort();
    let open = bench.server.get(&format!("{api}/merge-requests/{number}/conflicts?limit={ASKED}"))?;
    let mut decided = Vec::new();
    for conflict in open["items"].as_array().context("no conflicts")? {
        let id = conflict["id"].as_str().context("a conflict without an id")?;
        let begun = Instant::now();
        let request = ureq::post(bench.server.url(&page)).header("content-type", "application/x-www-form-urlencoded");
        let mut answer = request.send(format!("conflict={id}&choice=ours"))?;
        answer.body_mut().read_to_vec()?;
        decided.push(begun.elapsed());
    }
    decided.sort();
    Ok(vec![
        row("resolver with 10,000 conflicts, p50", milliseconds(percentile(&shown, 50)), "ms", 300.0),
        row("one decision among them, with its page, p50", milliseconds(percentile(&decided, 50)), "ms", 500.0),
    ])
}

/// Gives `count` rows from anywhere another value in a column.
fn commit(bench: &Bench, dataset: &str, branch: &str, column: &str, salt: u32, count: u32) -> Result<()> {
    let rows = (0..count).map(|row| {
        let key = (row * 97 + 11) % ROWS + 1;
        let value = match column {
            "city" => json!(format!("City {salt}")),
            _ => json!(row + salt),
        };
        json!({ "op": "update", "table": TABLE, "key": key, "values": { column: value } })
    });
    let rows: Vec<Value> = rows.collect();
    let body = json!({ "branch": branch, "message": "Change rows", "operations": rows });
    bench.server.post(&format!("/api/v1/datasets/{dataset}/commits"), &body)?;
    Ok(())
}

fn number(request: &Value) -> Result<u64> {
    request["number"].as_u64().context("a request without a number")
}

/// How long a page takes to its last byte.
fn timed(bench: &Bench, path: &str) -> Result<Duration> {
    let begun = Instant::now();
    let mut answer = ureq::get(bench.server.url(path)).call().with_context(|| format!("GET {path}"))?;
    answer.body_mut().read_to_vec()?;
    Ok(begun.elapsed())
}
