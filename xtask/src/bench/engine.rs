//! What the engine costs, asked of the back end itself: `Server-Timing` says how long it took, `/metrics` what it stored.

use super::{Bench, DATASET, REQUESTS, ROWS, Row, TABLE, percentile, row};
use crate::process::answer;
use crate::setup;
use anyhow::{Context, Result};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use ureq::{Agent, Body, http::Response};

/// How many commits of one row are made.
const COMMITS: usize = 40;

/// Bytes of the chunks that the import left.
pub fn stored(bench: &mut Bench) -> Result<Vec<Row>> {
    Ok(vec![row("chunks stored for it", bench.server.metric("anabranch_chunk_bytes")? / 1e6, "MB", 15.0)])
}

/// Pages of 256 rows from anywhere in the table.
pub fn row_pages(bench: &mut Bench) -> Result<Vec<Row>> {
    let agent = ureq::agent();
    let mut times = Vec::with_capacity(REQUESTS);
    for number in 0..REQUESTS as u64 {
        let offset = number * 7_919_317 % u64::from(ROWS);
        let path = format!("/api/v1/datasets/{DATASET}/tables/{TABLE}/rows?limit=256&offset={offset}");
        let begun = Instant::now();
        let mut response = agent.get(bench.server.url(&path)).call()?;
        response.body_mut().read_to_vec()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(vec![row("any page of 256 rows, p95", super::milliseconds(percentile(&times, 95)), "ms", 10.0)])
}

/// Commits of one changed row each, and the diff that each one's page shows.
pub fn commits(bench: &mut Bench) -> Result<Vec<Row>> {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let before = bench.server.metric("anabranch_chunk_bytes")?;
    let (mut commits, mut diffs) = (Vec::new(), Vec::new());
    for number in 0..COMMITS {
        let key = (number as u32 * 24_989 + 17) % ROWS + 1;
        edit(bench, &agent, key, number)?;
        let page = text(agent.get(bench.server.url(&format!("/{DATASET}/draft"))).call()?)?;
        let revision = revision_of(&page).context("the draft's page has no revision")?;
        let form = format!("revision={revision}&message=Change+row+{key}");
        let committed = post(&agent, &bench.server.url(&format!("/{DATASET}/draft/commit")), &form)?;
        anyhow::ensure!(committed.status() == 303, "the commit was answered {}", committed.status());
        commits.push(timing(&committed)?);
        let location = header(&committed, "location")?;
        let shown = agent.get(bench.server.url(&location)).call()?;
        diffs.push(timing(&shown)?);
        text(shown)?;
    }
    commits.sort();
    diffs.sort();
    let added = (bench.server.metric("anabranch_chunk_bytes")? - before) / COMMITS as f64;
    Ok(vec![
        row("commit of one changed row, p50 in the back end", super::milliseconds(percentile(&commits, 50)), "ms", 5.0),
        row("new chunks of such a commit", added / 1e3, "kB", 20.0),
        row("page with the diff of it, p50 in the back end", super::milliseconds(percentile(&diffs, 50)), "ms", 3.0),
    ])
}

/// From the key to the picture, in a real Chromium.
pub fn grid(bench: &mut Bench) -> Result<Vec<Row>> {
    let folder = bench.workspace.root.join("end2end");
    let mut node = Command::new("node");
    node.arg(folder.join("bench-grid.mjs"))
        .arg(bench.server.url(&format!("/{DATASET}/tables/{TABLE}")))
        .arg(setup::chromium().context("Chromium is not found")?)
        .current_dir(&folder);
    let measured: Value = serde_json::from_str(&answer(&mut node)?)?;
    let jump = measured["grid_jump_ms"].as_f64().context("no grid_jump_ms")?;
    Ok(vec![row("grid, jump to the last row, to pixels", jump, "ms", 150.0)])
}

/// Saves a changed quantity through the row's form, which wants every cell as the person saw it.
fn edit(bench: &Bench, agent: &Agent, key: u32, number: usize) -> Result<()> {
    let dataset: Value =
        serde_json::from_str(&text(agent.get(bench.server.url(&format!("/api/v1/datasets/{DATASET}"))).call()?)?)?;
    let path = format!("/api/v1/datasets/{DATASET}/tables/{TABLE}/rows?limit=1&offset={}", key - 1);
    let rows: Value = serde_json::from_str(&text(agent.get(bench.server.url(&path)).call()?)?)?;
    let cells = &rows["items"][0];
    let columns = dataset["tables"][0]["columns"].as_array().context("the table has no columns")?;
    let mut form = Vec::new();
    for column in columns {
        let (id, name) = (column["id"].as_str().unwrap_or_default(), column["name"].as_str().unwrap_or_default());
        let seen = match &cells[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let wanted = if name == "quantity" { (100_000 + number).to_string() } else { seen.clone() };
        form.push(format!("{id}={}", encode(&wanted)));
        form.push(format!("before.{id}={}", encode(&Value::String(seen).to_string())));
    }
    let address = bench.server.url(&format!("/{DATASET}/tables/{TABLE}/rows/{key}"));
    let saved = post(agent, &address, &form.join("&"))?;
    anyhow::ensure!(saved.status() == 303, "the edit of row {key} was answered {}", saved.status());
    Ok(())
}

fn post(agent: &Agent, address: &str, form: &str) -> Result<Response<Body>> {
    let request = agent.post(address).header("content-type", "application/x-www-form-urlencoded");
    Ok(request.send(form.as_bytes())?)
}

fn timing(response: &Response<Body>) -> Result<Duration> {
    let value = header(response, "server-timing")?;
    let milliseconds: f64 = value.rsplit("dur=").next().unwrap_or_default().parse()?;
    Ok(Duration::from_secs_f64(milliseconds / 1e3))
}

fn header(response: &Response<Body>, name: &str) -> Result<String> {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).with_context(|| format!("the answer has no {name}"))
}

fn text(mut response: Response<Body>) -> Result<String> {
    Ok(response.body_mut().read_to_string()?)
}

fn revision_of(page: &str) -> Option<String> {
    let at = page.find("name=\"revision\"")?;
    let tag = &page[page[..at].rfind('<')?..];
    between(&tag[..tag.find('>')?], "value=\"", "\"")
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let rest = text.split_once(start)?.1;
    rest.split_once(end).map(|(found, _)| found.to_owned())
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
