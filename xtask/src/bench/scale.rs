//! How costs grow with the table: the same work on tables of ten thousand to ten million rows.

use super::{Bench, REQUESTS, Row, data, figure, milliseconds, percentile, row};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Instant;

const SIZES: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const DATASET: &str = "local/scale";
const TURNS: usize = 10;

/// Import, pages, a diff and a merge at each size.
pub fn rows(bench: &mut Bench) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for rows in SIZES {
        let table = format!("t{rows}");
        let file = data::products(&bench.workspace.target, rows)?;
        let begun = Instant::now();
        bench.server.command(&["import"], |command| {
            command.arg(&file).args(["--into", DATASET, "--table", &table]);
        })?;
        let per_row = begun.elapsed().as_secs_f64() / f64::from(rows) * 1e6;
        found.push(figure(format!("{rows} rows: import, a row"), per_row, "µs"));

        let mut pages = Vec::new();
        for number in 0..REQUESTS as u64 {
            let offset = number * 7_919_317 % u64::from(rows);
            let path = format!("/api/v1/datasets/{DATASET}/tables/{table}/rows?limit=256&offset={offset}");
            let begun = Instant::now();
            bench.server.get(&path)?;
            pages.push(begun.elapsed());
        }
        pages.sort();
        found.push(figure(format!("{rows} rows: any page, p50"), milliseconds(percentile(&pages, 50)), "ms"));

        let (mut diffs, mut merges) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let branch = format!("b{rows}-{turn}");
            let api = format!("/api/v1/datasets/{DATASET}");
            bench.server.post(&format!("{api}/branches"), &json!({ "name": branch, "from": "main" }))?;
            let middle = rows / 2;
            commit(bench, "main", &table, (0..2_000).map(|n| (middle + n, "quantity", turn)))?;
            commit(bench, &branch, &table, (1_000..3_000).map(|n| (middle + n, "price", turn)))?;

            let begun = Instant::now();
            bench.server.get(&format!("{api}/diff/summary?from=main&to={branch}"))?;
            diffs.push(begun.elapsed());

            let begun = Instant::now();
            let merged = bench.server.post(&format!("{api}/merges"), &json!({ "into": "main", "from": branch }))?;
            merges.push(begun.elapsed());
            ensure!(merged["commit"].is_string(), "not merged: {merged}");
        }
        diffs.sort();
        merges.sort();
        let half = |times: &[_]| milliseconds(percentile(times, 50));
        found.push(figure(format!("{rows} rows: diff of 3,000 rows counted"), half(&diffs), "ms"));
        found.push(figure(format!("{rows} rows: merge of 2,000 rows a side"), half(&merges), "ms"));
    }
    let path = format!("/api/v1/datasets/{DATASET}/tables/t10000000/aggregate?by=city&compute=average(price)");
    let groups = bench.server.get(&path)?;
    ensure!(groups["items"].is_array(), "no groups: {groups}");
    let peak = bench.server.peak_memory()? as f64 / 1e6;
    found.push(row("back end's most memory after all of it", peak, "MB", 400.0));
    Ok(found)
}

fn commit(
    bench: &Bench,
    branch: &str,
    table: &str,
    edits: impl Iterator<Item = (u32, &'static str, usize)>,
) -> Result<()> {
    let operations: Vec<Value> = edits
        .map(|(key, column, value)| {
            json!({ "op": "update", "table": table, "key": key, "values": { column: 500_000 + value } })
        })
        .collect();
    let body = json!({ "branch": branch, "message": "Change cells", "operations": operations });
    let made = bench.server.post(&format!("/api/v1/datasets/{DATASET}/commits"), &body)?;
    made["commit"].as_str().context("nothing was committed").map(drop)
}
