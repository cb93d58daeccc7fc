//! Building both halves, and serving.

use crate::process::{run as run_command, shown};
use crate::workspace::Workspace;
use crate::{setup, site as browser_half};
use anyhow::{Context, Result};
use clap::Args;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What is handed to `anabranch serve`.
#[derive(Args)]
pub struct Options {
    /// Leave out the sample dataset that a first run makes.
    #[arg(long)]
    no_sample: bool,
    /// Keep the data here.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Serve on this address.
    #[arg(long, value_name = "HOST:PORT")]
    addr: Option<String>,
    /// Any other options of `anabranch serve`.
    #[arg(last = true)]
    others: Vec<String>,
}

/// Sets up, builds, and becomes the server, so that signals reach it and its exit code is ours.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let mut server = Command::new(build(workspace)?);
    server.arg("serve");
    if options.no_sample {
        server.arg("--no-sample");
    }
    if let Some(data) = &options.data {
        server.arg("--data").arg(data);
    }
    if let Some(addr) = &options.addr {
        server.arg("--addr").arg(addr);
    }
    server.args(&options.others);
    let error = server.exec();
    Err(error).with_context(|| format!("could not start `{}`", shown(&server)))
}

/// Sets up, and brings the browser's half up to date.
pub fn site(workspace: &Workspace) -> Result<()> {
    setup::for_site(workspace)?;
    let _ours = workspace.claim_target()?;
    browser_half::build(workspace)
}

/// Sets up, and builds both halves; the answer is the server's program.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    setup::for_build(workspace)?;
    let _ours = workspace.claim_target()?;
    browser_half::build(workspace)?;
    server(workspace, &mut workspace.cargo())
}

/// Builds the server, the browser's half being there, with cargo as it is given.
pub fn server(workspace: &Workspace, cargo: &mut Command) -> Result<PathBuf> {
    run_command(cargo.args(["build", "--bin", "anabranch"]))?;
    // Taken out of the shared target directory, where another checkout's build would replace it.
    let program = workspace.output("anabranch");
    copy_program(&workspace.program("anabranch"), &program)?;
    Ok(program)
}

/// Copies a program; one of that name that is running goes on running.
pub fn copy_program(from: &Path, to: &Path) -> Result<()> {
    let fresh = to.with_extension("new");
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, &fresh)
        .and_then(|_| fs::rename(&fresh, to))
        .with_context(|| format!("could not copy {} to {}", from.display(), to.display()))
}
