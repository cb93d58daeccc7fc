//! The figures the product promises, measured on the release build and printed beside their limits or beside what peers
//! need for the same work.
//!
//! A measurement is a function in `MEASUREMENTS` that answers rows; adding one is adding a function.

mod data;
mod engine;
mod peers;
mod releases;
mod requests;
mod scale;
mod server;

use crate::dist;
use crate::site::File;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::Args;
use server::Server;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many rows the imported table has.
const ROWS: u32 = 1_000_000;
/// How often a page is asked for.
const REQUESTS: usize = 200;
/// Where the table is imported.
const DATASET: &str = "local/bench";
const TABLE: &str = "products";

/// What to measure with.
#[derive(Args)]
pub struct Options {
    /// Measure this program instead of building one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Leave out the comparison with peers, and tables of up to ten million rows.
    #[arg(long)]
    brief: bool,
}

/// What the measurements have in common.
struct Bench<'a> {
    workspace: &'a Workspace,
    /// The folder of the store; the first measurement fills it.
    data: PathBuf,
    server: Server,
}

/// One line of the result.
struct Row {
    what: String,
    figure: f64,
    unit: &'static str,
    bound: Bound,
}

/// What a figure is held against.
enum Bound {
    None,
    /// The most it may be.
    Limit(f64),
    /// What a peer needs in the same run, and the share of it that is to be reached.
    Peer {
        figure: f64,
        share: f64,
    },
}

impl Row {
    /// The figure by what it is held against, and the most that this may be.
    fn ratio(&self) -> Option<(f64, f64)> {
        match self.bound {
            Bound::None => None,
            Bound::Limit(limit) => Some((self.figure / limit, 1.0)),
            Bound::Peer { figure, share } => Some((self.figure / figure, share)),
        }
    }
}

type Measurement = fn(&mut Bench) -> Result<Vec<Row>>;

/// In order: the first imports what the others look at.
const MEASUREMENTS: [Measurement; 10] = [
    import,
    engine::stored,
    pages,
    engine::row_pages,
    engine::commits,
    engine::grid,
    requests::forks,
    requests::conflicts,
    start,
    download_sizes,
];

/// What is left out of a brief run.
const LONG_MEASUREMENTS: [Measurement; 3] = [peers::doltlite, releases::git, scale::rows];

/// Builds, measures, and prints the table; a figure over its limit makes the exit code non-zero.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.canonicalize().context("there is no such program")?,
        None => dist::run(workspace)?,
    };
    let data = workspace.output("bench");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    let mut bench = Bench { workspace, server: Server::start(&program, &data)?, data };
    let mut rows = Vec::new();
    let mut broken = false;
    let more: &[Measurement] = if options.brief { &[] } else { &LONG_MEASUREMENTS };
    for measure in MEASUREMENTS.iter().chain(more) {
        match measure(&mut bench) {
            Ok(measured) => rows.extend(measured),
            Err(error) => {
                eprintln!("error: {error:#}");
                broken = true;
            }
        }
    }
    bench.server.stop()?;
    fs::remove_dir_all(&bench.data)?;
    print(&rows);
    let missed = rows.iter().any(|row| row.ratio().is_some_and(|(ratio, reach)| ratio > reach));
    Ok(if broken || missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A million rows from a file through the forked service to a commit.
fn import(bench: &mut Bench) -> Result<Vec<Row>> {
    let file = data::products(&bench.workspace.target, ROWS)?;
    let begun = Instant::now();
    bench.server.command(&["import"], |command| {
        command.arg(&file).args(["--into", DATASET, "--table", TABLE]);
    })?;
    let taken = begun.elapsed();
    let peak = bench.server.peak_memory()?;
    Ok(vec![
        row(format!("import of {ROWS} rows, upload to commit"), taken.as_secs_f64(), "s", 3.0),
        row("back end's most memory meanwhile", peak as f64 / 1e6, "MB", 300.0),
    ])
}

/// The table page, asked for one at a time over one connection, to the last byte.
fn pages(bench: &mut Bench) -> Result<Vec<Row>> {
    let address = bench.server.url(&format!("/{DATASET}/tables/{TABLE}"));
    let agent = ureq::agent();
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let mut answer = agent.get(&address).call().with_context(|| format!("GET {address}"))?;
        answer.body_mut().read_to_vec().with_context(|| format!("reading {address}"))?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(vec![
        figure("table page, p50", milliseconds(percentile(&times, 50)), "ms"),
        row("table page, p95", milliseconds(percentile(&times, 95)), "ms", 20.0),
    ])
}

/// From the start of the program, the store being there, to the first answer.
fn start(bench: &mut Bench) -> Result<Vec<Row>> {
    bench.server.stop()?;
    let begun = Instant::now();
    bench.server.restart()?;
    Ok(vec![row("start with this store to the first answer", milliseconds(begun.elapsed()), "ms", 500.0)])
}

/// What a first visit downloads.
fn download_sizes(bench: &mut Bench) -> Result<Vec<Row>> {
    let files = File::read_folder(&bench.workspace.output("site/pkg"))?;
    let size = |extensions: &[&str]| {
        let wanted = files.iter().filter(|file| extensions.iter().any(|end| file.name.ends_with(end)));
        wanted.map(|file| file.content.len()).sum::<usize>() as f64 / 1e3
    };
    Ok(vec![
        row("WebAssembly and JavaScript, brotli", size(&[".wasm.br", ".js.br"]), "kB", 150.0),
        row("CSS, brotli", size(&[".css.br"]), "kB", 12.0),
    ])
}

fn row(what: impl Into<String>, figure: f64, unit: &'static str, limit: f64) -> Row {
    Row { what: what.into(), figure, unit, bound: Bound::Limit(limit) }
}

/// A row that is held against nothing.
fn figure(what: impl Into<String>, figure: f64, unit: &'static str) -> Row {
    Row { what: what.into(), figure, unit, bound: Bound::None }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The smallest of the sorted times that at least so many in a hundred do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn print(rows: &[Row]) {
    println!("{:<56} {:>12} {:>18} {:>6} {:>7}", "what", "figure", "limit or peer", "ratio", "reach");
    for row in rows {
        let Row { what, figure, unit, bound } = row;
        let bound = match bound {
            Bound::None => String::new(),
            Bound::Limit(limit) => format!("{limit:.0} {unit}"),
            Bound::Peer { figure, .. } => format!("peer: {figure:.1} {unit}"),
        };
        let (ratio, reach) = match row.ratio() {
            Some((ratio, reach)) => (format!("{ratio:.2}"), format!("≤ {reach:.2}")),
            None => Default::default(),
        };
        println!("{what:<56} {:>12} {bound:>18} {ratio:>6} {reach:>7}", format!("{figure:.1} {unit}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 95), Duration::from_millis(190));
        assert_eq!(percentile(&[], 95), Duration::ZERO);
    }
}
