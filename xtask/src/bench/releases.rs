//! What ten releases of one table take, each replacing the one before, beside git.

use super::{Bench, Bound, Row, data};
use crate::process::run;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const RELEASES: u32 = 10;
const DATASET: &str = "local/releases";

/// Imports each release over the last one, and commits the same files to git.
pub fn git(bench: &mut Bench) -> Result<Vec<Row>> {
    let folder = bench.workspace.output("bench-releases");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let file = folder.join("airports.csv");
    let in_git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(&folder).stdout(Stdio::null());
        command.args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"]).args(arguments);
        run(&mut command)
    };
    in_git(&["init", "--quiet"])?;
    let before = bench.server.metric("anabranch_chunk_bytes")?;
    let mut airports = data::Airports::first();
    for release in 1..=RELEASES {
        fs::write(&file, airports.csv())?;
        bench.server.command(&["import"], |command| {
            command.arg(&file).args(["--into", DATASET, "--table", "airports", "--key", "id", "--mode", "replace"]);
            command.args(["--message", &format!("Release {release}")]);
        })?;
        in_git(&["add", "airports.csv"])?;
        in_git(&["commit", "--quiet", "--message", &format!("Release {release}")])?;
        airports.change();
    }
    in_git(&["gc", "--quiet", "--aggressive"])?;
    let stored = bench.server.metric("anabranch_chunk_bytes")? - before;
    let packed = size(&folder.join(".git/objects"))?;
    fs::remove_dir_all(&folder)?;
    let bound = Bound::Peer { figure: packed as f64 / 1e6, share: 2.0 };
    let what = format!("{RELEASES} releases of 28,000 airports (peer: git, packed)");
    Ok(vec![Row { what, figure: stored / 1e6, unit: "MB", bound }])
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
