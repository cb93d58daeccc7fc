//! Why a service did not do its work, in words a person can act on.

use std::{fmt, io, path::PathBuf, process::ExitStatus, time::Duration};

/// A service did not do its work. None of this harms the back end, and nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The process could not be started.
    #[error("The {service} process could not be started from {}: {source}. Nothing was committed.", exe.display())]
    Spawn {
        /// The service.
        service: &'static str,
        /// The program.
        exe: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The process ended before its work was done.
    #[error("The {service} process ended unexpectedly ({exit}); nothing was committed. Try again.")]
    Died {
        /// The service.
        service: &'static str,
        /// How it ended.
        exit: Exit,
        /// The end of what it wrote to its standard error, for the log.
        stderr: String,
    },
    /// The process sent something that makes no sense.
    #[error("The {service} process sent an invalid answer ({reason}); it was stopped, and nothing was committed.")]
    Protocol {
        /// The service.
        service: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// The process reached a limit.
    #[error("The {service} process was stopped because it {which}; nothing was committed.")]
    Limit {
        /// The service.
        service: &'static str,
        /// Which limit.
        which: LimitKind,
    },
    /// Somebody stopped the work.
    #[error("The {service} was cancelled; nothing was committed.")]
    Cancelled {
        /// The service.
        service: &'static str,
    },
    /// The input could not be read to its end.
    #[error("The input of the {service} could not be read ({source}); nothing was committed.")]
    Input {
        /// The service.
        service: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody takes the results any more.
    #[error("The results of the {service} were not taken; nothing was committed.")]
    Output {
        /// The service.
        service: &'static str,
    },
    /// The process says that it can't do the work.
    #[error("The {service} failed: {reason}. Nothing was committed.")]
    Failed {
        /// The service.
        service: &'static str,
        /// Why, without a full stop.
        reason: String,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this status.
    Status(i32),
    /// It was ended by this signal.
    Signal(i32),
    /// It is not known.
    Unknown,
}

/// A limit on a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Bytes of memory.
    Memory(u64),
    /// Time on a processor.
    CpuTime(Duration),
    /// Time on the clock.
    WallTime(Duration),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        status.code().map_or(Self::Unknown, Self::Status)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
            Self::Unknown => f.write_str("cause unknown"),
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "needed more than {} MiB of memory", bytes >> 20),
            Self::CpuTime(time) => write!(f, "took more than {} s of processor time", time.as_secs()),
            Self::WallTime(time) => write!(f, "took more than {} s", time.as_secs()),
        }
    }
}
