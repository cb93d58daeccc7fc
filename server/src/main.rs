//! The program `anabranch`: the server, its service processes and the command line, in one file.
//!
//! It never decides what is allowed: pages, forms, server functions and the REST API all call `hub`. Start with
//! [`serve`], which puts the parts together, then `router.rs`, which reads as the table of all addresses.

mod api;
mod assets;
mod cli;
mod events;
mod observe;
mod pages;
mod problem;
mod router;
mod sample;
mod security;
mod serve;
mod state;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Command::parse_args() {
        // Before anything else: a worker gives up its rights before it reads its first byte.
        cli::Command::Service { name } => services::worker::run(&name),
        cli::Command::Serve(options) => report(serve::run(options)),
        cli::Command::Import(options) => report(cli::import::run(&options)),
        cli::Command::Verify { data } => report(cli::verify::run(data)),
    }
}

/// Says what went wrong, with its causes, and ends with 1.
fn report(result: Result<(), cli::Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("anabranch: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl cli::Command {
    fn parse_args() -> Self {
        cli::Arguments::parse().command
    }
}
