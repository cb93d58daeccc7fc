//! The child's side: what a service process does from its first instruction on.
//!
//! A worker gives up what it does not need ([`sandbox`]), says hello, reads one request and its input, and answers. It
//! has one thread: the sandbox leaves no way to start another, and the back end has work for the other processors.

pub mod import;
mod link;
pub mod sandbox;

use std::{fs::File, io, os::fd::AsFd, process::ExitCode, time::Duration};

pub use self::link::{Input, Link};
use crate::{
    frames::{self, FrameError},
    protocol::{Hello, LIMITS_VARIABLE, Reply, Request, WorkerLimits, to_worker},
};

/// What a worker may use when nobody says, as when it is started by hand.
const DEFAULT_LIMITS: WorkerLimits = WorkerLimits { memory: 2 << 30, cpu_time: Duration::from_secs(30 * 60) };

/// A worker can't go on. What can be told to the back end goes there in a [`Reply`]; this is for the standard error.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// There is no such service.
    #[error("there is no service “{service}”")]
    Service {
        /// The name.
        service: String,
    },
    /// The limits could not be set.
    #[error("the limits could not be set: {source}")]
    Limits {
        /// What the system says.
        source: io::Error,
    },
    /// The back end did not speak as it should, or ended.
    #[error("the back end can't be understood: {source}")]
    Frame {
        /// What was wrong.
        #[from]
        source: FrameError,
    },
    /// The first message is no request.
    #[error("the first message is no request: {reason}")]
    Request {
        /// What was wrong.
        reason: String,
    },
}

/// Runs a service over the standard streams until its one piece of work is done. To be called before any thread is
/// started: the sandbox binds the thread that asks for it.
#[must_use]
pub fn run(service: &str) -> ExitCode {
    match serve(service) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anabranch service {service}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(service: &str) -> Result<(), WorkerError> {
    if service != "import" {
        return Err(WorkerError::Service { service: service.to_owned() });
    }
    let limits = std::env::var(LIMITS_VARIABLE).ok().and_then(|text| serde_json::from_str(&text).ok());
    // As files, because the standard library's streams have buffers and line ends of their own.
    let limit_error = |source| WorkerError::Limits { source };
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(limit_error)?);
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(limit_error)?);
    let sandbox = sandbox::confine(limits.unwrap_or(DEFAULT_LIMITS)).map_err(limit_error)?;
    let link = Link::new(stdout);
    link.hello(Hello { sandbox })?;
    let Some(frame) = frames::read_blocking(&mut stdin)? else {
        // The back end had nothing to do for us.
        return Ok(());
    };
    if frame.kind != to_worker::REQUEST {
        return Err(WorkerError::Request { reason: format!("it has the number {}", frame.kind) });
    }
    let request: Request =
        serde_json::from_slice(&frame.payload).map_err(|error| WorkerError::Request { reason: error.to_string() })?;
    let reply = import::answer(request, Input::new(stdin), &link);
    Ok(link.reply(&reply.unwrap_or_else(|failure| Reply::Failed(failure.to_string())))?)
}
