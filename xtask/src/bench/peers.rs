//! The engine in the process of the back end, beside DoltLite at the same work on the same rows.

use super::{Bench, Bound, DATASET, ROWS, Row, TABLE, data, figure, row};
use crate::dist;
use crate::process::{answer, run, say};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

/// The version of DoltLite that is measured.
const DOLTLITE: &str = "doltlite==0.51.3";

/// What is compared: its name in both programs' answers, in words, and the share of the peer's time to reach.
const COMPARED: [(&str, &str, f64); 14] = [
    ("commit_10000", "commit of 10,000 scattered rows", 1.0),
    ("diff_one", "diff after one changed row, read whole", 1.0),
    ("diff_10000", "diff after 10,000 changed rows, read whole", 1.0),
    ("merge_2000_together", "merge, 2,000 neighbouring rows a side, 1,000 common", 1.0),
    ("merge_2000_apart", "merge, 2,000 scattered rows a side, 1,000 common", 1.0),
    ("merge_60000", "merge, 60,000 scattered rows a side", 0.5),
    ("merge_60000_conflicts", "merge, 60,000 conflicts", 0.5),
    ("group_by", "group a million rows by city: sum, average", 0.15),
    ("filter", "filter a million rows: name contains \"77\"", 0.5),
    ("sort", "sort a million rows by price, first 100", 0.5),
    ("row_history", "history of a row after 1,000 commits", 1.0),
    ("blame", "blame of a row after 1,000 commits", 1.0),
    ("import", "import of a million rows (peer: rows parsed before)", 1.0),
    ("stored", "stored for them", 0.25),
];

/// Measures both.
pub fn doltlite(bench: &mut Bench) -> Result<Vec<Row>> {
    let (import, stored) = import_anew(bench)?;
    bench.server.stop()?;
    let ours = ours(bench);
    bench.server.restart()?;
    let mut ours = ours?;
    ours["import"] = import.into();
    ours["stored"] = stored.into();
    let theirs = match theirs(bench) {
        Ok(theirs) => Some(theirs),
        Err(error) => {
            say(&format!("DoltLite is left out: {error:#}"));
            None
        }
    };
    let read = |figures: &Value, name: &str| figures[name].as_f64().with_context(|| format!("no {name}"));
    let mut rows = vec![
        row("commit of one row, p50, engine", read(&ours, "commit_one")?, "ms", 3.0),
        row("new chunks of such a commit, engine", read(&ours, "commit_one_bytes")? / 1e3, "kB", 12.0),
        row("new branch", read(&ours, "branch")?, "ms", 2.0),
        row("new fork of the million rows", read(&ours, "fork")?, "ms", 2.0),
    ];
    if let Some(theirs) = &theirs {
        rows.push(figure("  DoltLite: commit of one row, p50 (2 × fdatasync)", read(theirs, "commit_one")?, "ms"));
        rows.push(figure("  DoltLite: new bytes of such a commit", read(theirs, "commit_one_bytes")? / 1e3, "kB"));
        rows.push(figure("  DoltLite: new branch (1 × fdatasync)", read(theirs, "branch")?, "ms"));
    }
    for (name, what, share) in COMPARED {
        let (scale, unit) = if name == "stored" { (1e6, "MB") } else { (1.0, "ms") };
        let bound = match &theirs {
            Some(theirs) => Bound::Peer { figure: read(theirs, name)? / scale, share },
            None => Bound::None,
        };
        rows.push(Row { what: what.to_owned(), figure: read(&ours, name)? / scale, unit, bound });
    }
    for (name, what, unit) in [
        ("leaf_bytes_mean", "size of leaves, mean", "B"),
        ("leaf_bytes_variation", "size of leaves, coefficient of variation", ""),
        ("leaf_bytes_max", "size of leaves, largest", "B"),
        ("nodes_per_removal", "nodes written when any row comes or goes", ""),
    ] {
        rows.push(figure(what, read(&ours, name)?, unit));
    }
    Ok(rows)
}

/// The table in a store that has nothing else: milliseconds, and bytes of chunks.
fn import_anew(bench: &mut Bench) -> Result<(f64, f64)> {
    bench.server.stop()?;
    fs::remove_dir_all(&bench.data)?;
    fs::create_dir_all(&bench.data)?;
    bench.server.restart()?;
    let file = data::products(&bench.workspace.target, ROWS)?;
    let begun = Instant::now();
    bench.server.command(&["import"], |command| {
        command.arg(&file).args(["--into", DATASET, "--table", TABLE]);
    })?;
    let taken = super::milliseconds(begun.elapsed());
    Ok((taken, bench.server.metric("anabranch_chunk_bytes")?))
}

/// The engine's figures; the store must not be open elsewhere.
fn ours(bench: &Bench) -> Result<Value> {
    let workspace = bench.workspace;
    {
        let _ours = workspace.claim_target()?;
        run(dist::optimised(workspace).args(["build", "--bin", "anabranch-bench"]))?;
    }
    let mut command = Command::new(workspace.program("anabranch-bench"));
    command.arg(&bench.data).args([DATASET, TABLE]);
    Ok(serde_json::from_str(&answer(&mut command)?)?)
}

/// DoltLite's figures.
fn theirs(bench: &Bench) -> Result<Value> {
    let python = python(bench)?;
    let folder = bench.workspace.output("bench-peer");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut command = Command::new(python);
    command.arg(bench.workspace.root.join("bench/peer.py"));
    command.arg(data::products(&bench.workspace.target, ROWS)?).arg(&folder);
    let figures = answer(&mut command)?;
    fs::remove_dir_all(&folder)?;
    Ok(serde_json::from_str(&figures)?)
}

/// A Python that has DoltLite, set up where it is missing.
fn python(bench: &Bench) -> Result<PathBuf> {
    let folder = bench.workspace.output("doltlite");
    let python = folder.join("bin/python");
    let installed = folder.join(DOLTLITE);
    if !installed.exists() {
        say(&format!("{DOLTLITE} goes into {}, to compare with", folder.display()));
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", DOLTLITE]))?;
        fs::write(installed, "")?;
    }
    Ok(python)
}
