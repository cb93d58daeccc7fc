//! The release: the server with the browser's half in it, optimised, without symbols.

use crate::process::{find_program, run as run_command, say};
use crate::workspace::{CRATES, Workspace};
use crate::{serve, setup, site};
use anyhow::Result;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Makes `target/dist/anabranch`; the answer is that file.
pub fn run(workspace: &Workspace) -> Result<PathBuf> {
    let built = build_optimised(workspace)?;
    let release = workspace.output("dist/anabranch");
    serve::copy_program(&built, &release)?;
    if find_program("strip").is_some() {
        run_command(Command::new("strip").arg(&release))?;
    }
    let size = fs::metadata(&release)?.len() as f64 / 1e6;
    say(&format!("{} ({size:.0} MB)", release.display()));
    Ok(release)
}

/// Builds both halves with our crates optimised; the answer is the server's program.
pub fn build_optimised(workspace: &Workspace) -> Result<PathBuf> {
    setup::for_build(workspace)?;
    let _ours = workspace.claim_target()?;
    site::build(workspace)?;
    serve::server(workspace, &mut optimised(workspace))
}

/// Cargo, told to optimise our crates.
///
/// The profile is still the daily one, in which dependencies are optimised already: a profile of
/// its own would compile the database again.
pub fn optimised(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env("CARGO_INCREMENTAL", "0");
    for name in CRATES {
        for setting in
            ["opt-level=3", "codegen-units=4", "overflow-checks=false", "debug-assertions=false", "debug=false"]
        {
            cargo.args(["--config", &format!("profile.dev.package.{name}.{setting}")]);
        }
    }
    cargo
}
