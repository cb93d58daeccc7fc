//! Every check and test, one stage after the other, and the line that counts them.

mod node;

use crate::process::{run as run_command, run_reading, say};
use crate::workspace::Workspace;
use crate::{serve, setup, site};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::ops::AddAssign;
use std::process::{Command, ExitCode};

/// What to run.
#[derive(Args)]
pub struct Options {
    /// Run one stage only.
    #[arg(long)]
    only: Option<Stage>,
    /// Run only tests whose name contains this.
    filter: Option<String>,
    /// Handed to the test runner as it is.
    #[arg(last = true)]
    others: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The format of the source text.
    Fmt,
    /// Lints; a warning is an error.
    Clippy,
    /// Unit, property, storage, crash and HTTP tests.
    Unit,
    /// The engine's unit and property tests as WebAssembly, in Node.
    Wasm,
    /// What a person does, in Chromium.
    Browser,
}

/// How many checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Runs the stages; each goes ahead although an earlier one failed.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let stages = match options.only {
        Some(stage) => vec![stage],
        None => vec![Stage::Fmt, Stage::Clippy, Stage::Unit, Stage::Wasm, Stage::Browser],
    };
    let mut report = Report::default();
    let ready = set_up(workspace, &stages).and_then(|()| workspace.claim_target());
    match ready {
        Ok(_ours) => {
            if !matches!(stages[..], [Stage::Fmt | Stage::Wasm]) {
                // The server has the site compiled in. An older site will do for the stages after a failure.
                report.add("the browser's half", site::build(workspace).map(|()| Tally::default()));
            }
            for stage in stages {
                say(stage.title());
                report.add(stage.title(), stage.run(workspace, options));
            }
        }
        Err(error) => report.add("set-up", Err(error)),
    }
    Ok(report.close())
}

/// What has been counted so far.
#[derive(Default)]
struct Report {
    total: Tally,
    failures: Vec<String>,
}

impl Report {
    /// Counts a part; one that could not be run is one failure.
    fn add(&mut self, title: &str, outcome: Result<Tally>) {
        let tally = outcome.unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally::FAILED
        });
        if tally.failed > 0 {
            self.failures.push(format!("{title}: {tally}"));
        }
        self.total += tally;
    }

    /// Prints the closing line.
    fn close(self) -> ExitCode {
        for failure in &self.failures {
            eprintln!("failed in {failure}");
        }
        println!("{}", self.total);
        if self.total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn set_up(workspace: &Workspace, stages: &[Stage]) -> Result<()> {
    if stages.contains(&Stage::Fmt) || stages.contains(&Stage::Clippy) {
        setup::for_lints()?;
    }
    if stages.contains(&Stage::Browser) {
        setup::for_browser(workspace)
    } else if stages == [Stage::Wasm] {
        setup::for_wasm_tests(workspace)
    } else if stages != [Stage::Fmt] {
        setup::for_build(workspace)
    } else {
        Ok(())
    }
}

impl Stage {
    fn title(self) -> &'static str {
        match self {
            Stage::Fmt => "format",
            Stage::Clippy => "lints",
            Stage::Unit => "unit, property, storage, crash and HTTP tests",
            Stage::Wasm => "the engine's tests as WebAssembly",
            Stage::Browser => "browser tests",
        }
    }

    fn run(self, workspace: &Workspace, options: &Options) -> Result<Tally> {
        match self {
            Stage::Fmt => Ok(Tally::of(run_command(workspace.cargo().args(["fmt", "--all", "--check"])))),
            Stage::Clippy => Ok(lint(workspace)),
            Stage::Unit => unit_tests(workspace, options),
            Stage::Wasm => node::run_tests(workspace, options),
            Stage::Browser => browser_tests(workspace, options),
        }
    }
}

fn lint(workspace: &Workspace) -> Tally {
    let strict = ["--", "-D", "warnings"];
    let mut tally = Tally::default();
    let mut native = workspace.cargo();
    tally += Tally::of(run_command(native.args(["clippy", "--all-targets"]).args(strict)));
    let mut tool = workspace.cargo();
    let tool = tool.args(["clippy", "--package", "xtask", "--all-targets"]).args(strict);
    tally += Tally::of(run_command(tool));
    let mut browser = setup::wasm_cargo(workspace);
    browser.args(["clippy", "--package", "app", "--package", "frontend"]);
    browser.args(["--target", setup::WASM_TARGET]).args(strict);
    tally += Tally::of(run_command(&mut browser));
    tally
}

fn unit_tests(workspace: &Workspace, options: &Options) -> Result<Tally> {
    // All crates in one call: their dependencies are then compiled once, with the same features.
    let mut tally = cargo_test(workspace, &[], options)?;
    tally += cargo_test(workspace, &["--package", "xtask"], options)?;
    Ok(tally)
}

fn cargo_test(workspace: &Workspace, packages: &[&str], options: &Options) -> Result<Tally> {
    let mut command = workspace.cargo();
    command.args(["test", "--no-fail-fast"]).args(packages).arg("--");
    command.args(&options.filter).args(&options.others);
    let mut tally = Tally::default();
    let status = run_reading(&mut command, |line| {
        if let Some(found) = Tally::of_cargo_line(line) {
            tally += found;
        }
    })?;
    if !status.success() && tally.failed == 0 {
        // It did not compile, or a test program died before it could count.
        tally.failed = 1;
    }
    Ok(tally)
}

fn browser_tests(workspace: &Workspace, options: &Options) -> Result<Tally> {
    let folder = workspace.root.join("end2end");
    if !has_tests(&folder)? {
        say("there are no browser tests (end2end/**/*.spec.ts)");
        return Ok(Tally::default());
    }
    let program = serve::server(workspace, &mut workspace.cargo())?;
    let chromium = setup::chromium().context("Chromium is not found")?;
    let report = workspace.output("browser-tests.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut playwright = Command::new(folder.join("node_modules/.bin/playwright"));
    playwright
        .args(["test", "--reporter=list,json"])
        .args(&options.filter)
        .args(&options.others)
        .env("ANABRANCH_BIN", program)
        .env("ANABRANCH_CHROMIUM", chromium)
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report)
        .current_dir(&folder);
    let outcome = run_command(&mut playwright);
    let text = fs::read_to_string(&report).with_context(|| format!("Playwright left no {}", report.display()))?;
    let mut tally = Tally::of_playwright(&text)?;
    if let Err(error) = outcome {
        eprintln!("{error:#}");
        // Errors outside any test (in the configuration, in loading a file) are in no count.
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

fn has_tests(folder: &std::path::Path) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_test = path.to_string_lossy().ends_with(".spec.ts");
        let modules = path.file_name() == Some(OsStr::new("node_modules"));
        if is_test || path.is_dir() && !modules && has_tests(&path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Tally {
    const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// A check that is one whole.
    fn of(outcome: Result<()>) -> Self {
        match outcome {
            Ok(()) => Self::PASSED,
            Err(error) => {
                eprintln!("{error:#}");
                Self::FAILED
            }
        }
    }

    /// The counts of `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn of_cargo_line(line: &str) -> Option<Self> {
        let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what: &str| {
            let part = counts.split("; ").find_map(|part| part.strip_suffix(what))?;
            part.trim().parse().ok()
        };
        Some(Self { passed: count("passed")?, failed: count("failed")?, skipped: count("ignored")? })
    }

    /// The counts of Playwright's JSON report. A test that passed only when tried again failed.
    fn of_playwright(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("Playwright's report is not JSON")?;
        let count = |what: &str| {
            report["stats"][what].as_u64().with_context(|| format!("Playwright's report has no stats.{what}"))
        };
        Ok(Self {
            passed: count("expected")?,
            failed: count("unexpected")? + count("flaky")?,
            skipped: count("skipped")?,
        })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_counts_are_read_from_its_summary_lines() {
        let check = |line: &str, passed, failed, skipped| {
            let expected = Tally { passed, failed, skipped };
            assert_eq!(Tally::of_cargo_line(line), Some(expected), "{line}");
        };
        let tail = "0 measured; 7 filtered out; finished in 0.10s";
        check(&format!("test result: ok. 12 passed; 0 failed; 3 ignored; {tail}"), 12, 0, 3);
        check(&format!("test result: FAILED. 1 passed; 2 failed; 0 ignored; {tail}"), 1, 2, 0);
        for line in ["running 3 tests", "test result: ok", "test x ... ok", ""] {
            assert_eq!(Tally::of_cargo_line(line), None, "{line}");
        }
    }

    #[test]
    fn playwright_counts_a_flaky_test_as_failed() {
        let report = r#"{"stats":{"expected":4,"skipped":1,"unexpected":2,"flaky":1}}"#;
        let tally = Tally::of_playwright(report).expect("the report has all counts");
        assert_eq!(tally, Tally { passed: 4, failed: 3, skipped: 1 });
        assert!(Tally::of_playwright("{}").is_err());
    }

    #[test]
    fn the_closing_line_mentions_skipped_tests_only_if_any() {
        let tally = Tally { passed: 3, failed: 0, skipped: 0 };
        assert_eq!(tally.to_string(), "3 passed, 0 failed");
        assert_eq!(Tally { skipped: 2, ..tally }.to_string(), "3 passed, 0 failed, 2 skipped");
    }
}
