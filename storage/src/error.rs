//! What can go wrong at the boundary of this crate.

use std::path::PathBuf;

use versioning::{Hash, ReadError};

use crate::{DraftId, JobId, JobState};

/// What another crate reports; kept as a source so that its type does not show here.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another Anabranch has the data directory {} open; stop it first, or choose another directory", dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// A newer version has written to it.
    #[error(
        "the data directory {} was written by a newer Anabranch (migration {found}, this one knows {known}); \
         use that version",
        dir.display()
    )]
    Newer {
        /// The data directory.
        dir: PathBuf,
        /// The last migration that was applied to it.
        found: u32,
        /// The last migration of this program.
        known: u32,
    },
    /// The directory's path can't be given to the database.
    #[error("the data directory {} can't be used: its path must be UTF-8 and without “?”", dir.display())]
    Path {
        /// The data directory.
        dir: PathBuf,
    },
    /// A file or folder could not be made or opened.
    #[error("{} could not be opened", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database did not start.
    #[error("the database in {} did not start while trying to {attempted}", dir.display())]
    Engine {
        /// The data directory.
        dir: PathBuf,
        /// The step that failed.
        attempted: &'static str,
        /// Why.
        source: Cause,
    },
}

/// Something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A compare-and-swap of a branch was lost: its head is not what the caller expected.
    #[error("branch “{branch}” has moved meanwhile: expected {}, found {}", or_nothing(expected), or_nothing(current))]
    StaleHead {
        /// The branch.
        branch: String,
        /// What the caller expected.
        expected: Option<Hash>,
        /// What is there.
        current: Option<Hash>,
    },
    /// A compare-and-swap of a draft was lost: its revision is not what the caller expected.
    #[error(
        "the draft on “{}” has changed meanwhile: expected revision {}, found {}",
        draft.branch, or_nothing(expected), or_nothing(current)
    )]
    StaleDraft {
        /// The draft.
        draft: DraftId,
        /// What the caller expected.
        expected: Option<u64>,
        /// What is there.
        current: Option<u64>,
    },
    /// A compare-and-swap of a job was lost: its state is not one the caller expected.
    #[error("job {job} is {current} already")]
    StaleJob {
        /// The job.
        job: JobId,
        /// Its state.
        current: JobState,
    },
    /// There is one of this name already.
    #[error("{what} “{name}” exists already")]
    AlreadyExists {
        /// The kind of document.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is none of this name.
    #[error("{what} “{name}” does not exist")]
    NotFound {
        /// The kind of document.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It can't be deleted: somebody works on it.
    #[error("{by} works on it")]
    InUse {
        /// Who.
        by: String,
    },
    /// Too many bytes in one call.
    #[error("a batch of {bytes} bytes is too large: at most {limit} at once")]
    TooLarge {
        /// Size of the batch in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Others wrote the same documents each time it was tried.
    #[error("could not {attempted}: others kept changing the same documents ({attempts} attempts)")]
    Contended {
        /// What was tried.
        attempted: &'static str,
        /// How often.
        attempts: u32,
    },
    /// A stored document is not of the form this version writes.
    #[error("could not {attempted}: a stored document is malformed: {reason}")]
    Malformed {
        /// What was tried.
        attempted: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The database reported an error.
    #[error("could not {attempted}")]
    Database {
        /// What was tried.
        attempted: &'static str,
        /// What it says.
        source: Cause,
    },
    /// An object that has to be read is missing or damaged.
    #[error("could not {attempted}")]
    Unreadable {
        /// What was tried.
        attempted: &'static str,
        /// Which object, and what is wrong with it.
        source: ReadError,
    },
    /// The store has been closed.
    #[error("could not {attempted}: the store is closed")]
    Closed {
        /// What was tried.
        attempted: &'static str,
    },
}

impl StorageError {
    /// Whether a compare-and-swap was lost: the caller has to look at what is there now before it tries again.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::StaleHead { .. } | Self::StaleDraft { .. } | Self::StaleJob { .. })
    }
}

impl StorageError {
    /// Whether there was no room on the disk. What was tried did not happen; reading goes on, and so does writing once
    /// there is room.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        // The engine reports errors of its files as text, which ends with the system's own.
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            if error.to_string().contains("No space left on device") {
                return true;
            }
            source = error.source();
        }
        false
    }
}

fn or_nothing(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
}
