//! What the machine must have, looked for in milliseconds, installed where that is possible and
//! named exactly where it is not.

mod debian;
mod npm;
mod system;

use crate::process::{answer, find_program, run, say};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compilation target of the browser's half.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// All that any task needs.
pub fn everything(workspace: &Workspace) -> Result<()> {
    for_lints()?;
    for_browser(workspace)?;
    say("everything is there");
    Ok(())
}

/// What building both halves needs.
pub fn for_build(workspace: &Workspace) -> Result<()> {
    system::install(&[&system::NATIVE])?;
    for_site(workspace)
}

/// What building the browser's half needs.
pub fn for_site(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    npm::install(workspace, "frontend", "wasm-opt, which makes the WebAssembly small")
}

/// What running WebAssembly in Node needs.
pub fn for_wasm_tests(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    if find_program("node").is_none() {
        bail!("Node.js is missing (it runs WebAssembly): install it from https://nodejs.org, version 20 or later");
    }
    Ok(())
}

/// What the checks of the source text need.
pub fn for_lints() -> Result<()> {
    let mut missing = Vec::new();
    for (component, program) in [("rustfmt", "rustfmt"), ("clippy", "clippy-driver")] {
        // rustup has a stand-in for a program that is not installed, so it must be run.
        if answer(Command::new(program).arg("--version")).is_err() {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing {} (the format and lint checks)", missing.join(" and ")));
    run(Command::new("rustup").args(["component", "add"]).args(missing))
        .context("install them as your Rust distribution has it")
}

/// What building both halves and driving a browser need.
pub fn for_browser(workspace: &Workspace) -> Result<()> {
    // In one call, so that a person who must install them is told all of them.
    system::install(&[&system::NATIVE, &system::BROWSER])?;
    for_site(workspace)?;
    npm::install(workspace, "end2end", "Playwright and axe, which drive the browser tests")
}

/// The browser that tests are run in.
pub fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ANABRANCH_CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .into_iter()
        .find_map(find_program)
        .or_else(|| mac.exists().then(|| mac.to_owned()))
}

/// Cargo with a toolchain that has the WebAssembly target: the user's own, or Debian's.
pub fn wasm_cargo(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    if !has_wasm_target(None) && has_wasm_target(Some(debian::TOOLCHAIN)) {
        cargo.env("RUSTUP_TOOLCHAIN", debian::TOOLCHAIN);
    }
    cargo
}

fn wasm_target(workspace: &Workspace) -> Result<()> {
    if has_wasm_target(None) || has_wasm_target(Some(debian::TOOLCHAIN)) {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        bail!(
            "the Rust target {WASM_TARGET} is missing (the browser's half is compiled for it), \
             and there is no rustup to add it: install it as your Rust distribution has it, \
             or Rust itself from https://rustup.rs"
        );
    }
    say(&format!("installing the Rust target {WASM_TARGET} (the browser's half)"));
    let added = run(Command::new("rustup").args(["target", "add", WASM_TARGET]));
    let Err(error) = added.and_then(|()| {
        // rustup goes by its records; a folder that someone removed is still in them.
        has_wasm_target(None).then_some(()).context("rustup holds it for installed, but it is not there")
    }) else {
        return Ok(());
    };
    say(&format!("{error:#}; trying Debian's Rust, which can make the target"));
    debian::install_rust(workspace).with_context(|| {
        format!(
            "the Rust target {WASM_TARGET} could not be had from the Rust distribution server \
             nor made with Debian's packages; once the network allows: \
             rustup target add {WASM_TARGET}"
        )
    })
}

/// Whether a toolchain (of rustup; none: the one in use) has the standard library for the target.
fn has_wasm_target(toolchain: Option<&str>) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    if let Some(toolchain) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    let Ok(folder) = answer(&mut rustc) else { return false };
    Path::new(&folder).read_dir().is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-")))
    })
}
