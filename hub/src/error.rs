//! Why the hub refuses: every message says what was tried, what is wrong, and what to do.

use serde::{Deserialize, Serialize};
use versioning::{ColumnId, Hash, Key};

/// A field of a form or request that can't be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the form or request.
    pub field: String,
    /// What is wrong with it, as a sentence.
    pub message: String,
}

/// A cell that changed between being seen and being edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleCell {
    /// The row.
    pub key: Key,
    /// The row's key as text.
    pub key_text: String,
    /// The column; none when the whole row is gone or is new.
    pub column: Option<ColumnId>,
    /// The column's name.
    pub column_name: String,
    /// What the person saw.
    pub before: Option<String>,
    /// What they want.
    pub after: Option<String>,
    /// What is there now.
    pub now: Option<String>,
}

/// Why the hub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or the person may not know that it does.
    #[error("There is no {what} here.")]
    NotFound {
        /// What was looked for, with its name.
        what: String,
    },
    /// The person may not do this.
    #[error("You may not {action}.")]
    Forbidden {
        /// What was tried.
        action: String,
    },
    /// Only somebody with an account may do this, and nobody has signed in.
    #[error("Sign in to do this.")]
    SignIn,
    /// Too many tries that failed.
    #[error("Too many tries. Wait {} and try again.", seconds(*after))]
    TooMany {
        /// How long to wait.
        after: std::time::Duration,
    },
    /// The request can't be taken as it is.
    #[error("{}", summary(fields))]
    Invalid {
        /// Field by field.
        fields: Vec<FieldError>,
    },
    /// Something of that name exists already.
    #[error("{what} exists already.")]
    Exists {
        /// What exists, with its name.
        what: String,
    },
    /// Something changed meanwhile; nothing was overwritten.
    #[error("{message}")]
    Stale {
        /// What happened.
        message: String,
        /// The cells that changed meanwhile.
        cells: Vec<StaleCell>,
        /// The head of the branch that the draft and these cells were compared with; none where it can't be settled by
        /// choosing a side.
        head: Option<Hash>,
    },
    /// Something else was decided meanwhile than what the person saw; nothing was replaced.
    #[error(
        "{} decided this meanwhile, so nothing was changed. Look again, and decide again if yours is to stand.",
        names(others)
    )]
    Decided {
        /// What stands there now.
        others: Vec<crate::OtherDecision>,
    },
    /// The branch is not where the person thinks it is; nothing was committed.
    #[error("“{branch}” has moved meanwhile: {}. Nothing was committed.", moved_by(between))]
    Moved {
        /// The branch.
        branch: String,
        /// Its head.
        head: Option<Hash>,
        /// The commits that came since, the newest first; at most 100.
        between: Vec<crate::CommitSummary>,
    },
    /// The thing is not in a state in which this can be done.
    #[error("{message}")]
    State {
        /// What is in the way.
        message: String,
    },
    /// The data can't be read: damage or a fault of the store.
    #[error("the data could not be read")]
    Read(#[from] versioning::ReadError),
    /// There is no room on the server's disk.
    #[error("The server's disk is full. Nothing was saved: make room on it and try again.")]
    DiskFull,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[source] storage::StorageError),
    /// A service process failed.
    #[error("{0}")]
    Service(#[from] services::ServiceError),
    /// A fault of ours.
    #[error("an internal fault: {reason}")]
    Internal {
        /// For the log.
        reason: String,
    },
}

impl From<storage::StorageError> for Error {
    fn from(error: storage::StorageError) -> Self {
        if error.is_disk_full() { Self::DiskFull } else { Self::Storage(error) }
    }
}

impl Error {
    /// One invalid field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { fields: vec![FieldError { field: field.into(), message: message.into() }] }
    }

    /// Something that is not there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
}

fn seconds(wait: std::time::Duration) -> String {
    match wait.as_secs() + 1 {
        seconds @ 0..=119 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn names(others: &[crate::OtherDecision]) -> String {
    let names: std::collections::BTreeSet<&str> = others.iter().map(|other| other.by.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(" and ")
}

fn moved_by(between: &[crate::CommitSummary]) -> String {
    match between {
        [] => "it has another head".to_owned(),
        [only] => format!("{} committed to it", only.author),
        [newest, ..] => format!("{} commits came, the last by {}", between.len(), newest.author),
    }
}

fn summary(fields: &[FieldError]) -> String {
    fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join(" ")
}
