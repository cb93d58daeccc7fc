//! `cargo xtask …`: everything done to this repository that is not editing it. It sets up what is
//! missing on the machine, builds both halves, serves, tests, measures and makes the release.
//! It never is part of the product. Start reading at `Task` below; each task has a file of its own.

mod bench;
mod dist;
mod process;
mod serve;
mod setup;
mod site;
mod test;
mod wasm;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use workspace::Workspace;

/// Set up, build, serve, test and release Anabranch.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what this machine lacks to build, serve and test. The other tasks do so by themselves.
    Setup,
    /// Build the browser's half into target/site: WebAssembly, styles, static files, all compressed.
    Site,
    /// Build both halves.
    Build,
    /// Build, then serve on http://127.0.0.1:3000.
    Serve(serve::Options),
    /// Run every check and test; the last line counts them.
    Test(test::Options),
    /// Measure what the product promises, and print it beside the limits.
    Bench(bench::Options),
    /// Make the release: target/dist/anabranch, one file that needs nothing beside it.
    Dist,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::find().and_then(|workspace| match arguments.task {
        Task::Setup => setup::everything(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Site => serve::site(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Build => serve::build(&workspace).map(|_| ExitCode::SUCCESS),
        Task::Serve(options) => serve::run(&workspace, &options),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Dist => dist::run(&workspace).map(|_| ExitCode::SUCCESS),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
