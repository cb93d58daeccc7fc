//! The child's side: what a service process does from its first instruction on.

use std::process::ExitCode;

/// Runs a service over the standard streams until its one piece of work is done. To be called before any thread is
/// started: the sandbox binds the thread that asks for it.
#[must_use]
pub fn run(service: &str) -> ExitCode {
    let _ = service;
    ExitCode::FAILURE
}
