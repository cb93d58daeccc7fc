//! The program `anabranch`: the server, its service processes and the command line, in one file.
//!
//! It never decides what is allowed: pages, forms, server functions and the REST API all call `hub`. Start with
//! [`serve`], which puts the parts together, then `router.rs`, which reads as the table of all addresses.

mod api;
mod assets;
mod cli;
mod connections;
mod events;
mod moved;
mod observe;
mod pages;
mod problem;
mod public;
mod rate;
mod router;
mod sample;
mod security;
mod serve;
mod state;
mod visit;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Command::parse_args() {
        // Before anything else: a worker gives up its rights before it reads its first byte.
        cli::Command::Service { name } => services::worker::run(&name),
        cli::Command::Serve(options) => report(serve::run(*options)),
        cli::Command::Import(options) => report(cli::import::run(&options)),
        cli::Command::Export(options) => report(cli::export::run(&options)),
        cli::Command::Log(options) => report(cli::history::log(&options)),
        cli::Command::Diff(options) => report(cli::history::diff(&options)),
        cli::Command::Blame(options) => report(cli::history::blame(&options)),
        cli::Command::Branch(command) => report(cli::refs::run(cli::refs::Kind::Branches, &command)),
        cli::Command::Tag(command) => report(cli::refs::run(cli::refs::Kind::Tags, &command)),
        cli::Command::Merge(options) => report(cli::merge::merge(&options)),
        cli::Command::Revert(options) => report(cli::merge::revert(&options)),
        cli::Command::Fork { dataset, name, connection } => report(cli::fork::run(&dataset, &name, &connection)),
        cli::Command::Reclaim { connection } => report(cli::reclaim::run(&connection)),
        cli::Command::Verify { data } => report(cli::verify::run(data)),
    }
}

/// Says what went wrong, with its causes, and ends with what that means to scripts.
fn report(result: Result<(), cli::Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("anabranch: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

impl cli::Command {
    fn parse_args() -> Self {
        cli::Arguments::parse().command
    }
}
