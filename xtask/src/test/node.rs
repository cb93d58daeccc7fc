//! The engine's own tests once more, as the WebAssembly that the browser runs, in Node.
//!
//! Bare WebAssembly has neither arguments nor output: a test program runs all its tests, and stops at the first that
//! fails. So a program counts as one test here. What the failed one says, the programs send to the console themselves.

use super::{Options, Tally};
use crate::process::{answer, run, say};
use crate::setup::{WASM_TARGET, wasm_cargo};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// The module that wasm-bindgen makes of a test program.
const NAME: &str = "tests";

/// Builds the test programs and runs each, where all tests are wanted.
pub fn run_tests(workspace: &Workspace, options: &Options) -> Result<Tally> {
    if options.filter.is_some() || !options.others.is_empty() {
        say("left out: these programs take no filter and no arguments");
        return Ok(Tally::default());
    }
    let mut cargo = wasm_cargo(workspace);
    cargo.args(["test", "--package", "versioning", "--lib", "--tests", "--no-default-features"]);
    cargo.args(["--target", WASM_TARGET, "--no-run"]);
    // First for a person to see, then for what was built.
    run(&mut cargo)?;
    let programs = programs(&answer(cargo.args(["--message-format", "json"]))?)?;
    if programs.is_empty() {
        bail!("cargo built no test program");
    }
    let mut tally = Tally::default();
    for (name, file) in programs {
        tally += Tally::of(run_program(&file, &workspace.output("wasm-tests").join(name)));
    }
    Ok(tally)
}

/// The name and file of each program in cargo's messages.
fn programs(messages: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's message is not JSON")?;
        if let (Some(name), Some(file)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            found.push((name.to_owned(), PathBuf::from(file)));
        }
    }
    Ok(found)
}

fn run_program(file: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Bindgen::new()
        .input_path(file)
        .out_name(NAME)
        .nodejs(true)?
        .export_wasm(true)
        .typescript(false)
        .generate(folder)
        .with_context(|| format!("wasm-bindgen could not read {}", file.display()))?;
    let main = format!("process.exitCode = require('./{NAME}.js').__wasm.main(0, 0)");
    let script = folder.join("run.cjs");
    fs::write(&script, main)?;
    run(Command::new("node").arg(script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_cargo_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"diff"},"executable":"/t/diff-1f.wasm"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = programs(messages).expect("the messages are JSON");
        assert_eq!(found, [("diff".to_owned(), PathBuf::from("/t/diff-1f.wasm"))]);
        assert!(programs("warning: …").is_err());
    }
}
