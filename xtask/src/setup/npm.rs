//! The npm packages of a folder, exactly as its lock file has them.

use crate::process::{find_program, run, say};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// Installs the packages of `folder` unless they are there as the lock file wants them.
pub fn install(workspace: &Workspace, folder: &str, why: &str) -> Result<()> {
    let folder = workspace.root.join(folder);
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("could not read {}", lock.display()))?;
    let wanted = blake3::hash(&wanted).to_hex();
    // Inside node_modules, so that deleting the folder deletes the claim.
    let stamp = folder.join("node_modules/.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted.as_bytes()) {
        return Ok(());
    }
    if find_program("npm").is_none() || find_program("node").is_none() {
        bail!("Node.js with npm is missing ({why}): install it from https://nodejs.org, version 20 or later");
    }
    say(&format!("installing npm packages in {} ({why})", folder.display()));
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
    fs::write(&stamp, wanted.as_bytes()).with_context(|| format!("could not write {}", stamp.display()))
}
