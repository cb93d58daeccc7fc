//! The import service: reads CSV files as people have them. `inspect` finds out what a file holds, `table` makes a
//! tree of it, both in one pass and with bounded memory.

mod dialect;
mod generated;
mod infer;
mod inspect;
mod order;
mod records;
mod sorter;
mod source;
mod table;

use std::io::{self, Read, Write};

use versioning::WriteError;

use super::Link;
use crate::{
    frames::FrameError,
    import::{MAX_PROBLEMS, MAX_SHOWN, Problem},
    protocol::{Reply, Request},
};

/// The work can't be done, whatever the file holds. The message has no full stop.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The input broke off.
    #[error("the file could not be read to its end: {0}")]
    Input(#[source] io::Error),
    /// The back end does not listen.
    #[error("the back end does not listen: {0}")]
    Output(#[from] FrameError),
    /// A chunk could not be sent.
    #[error(transparent)]
    Chunk(#[from] WriteError),
    /// The plan does not fit the file or itself.
    #[error("the plan can't be followed: {reason}")]
    Plan {
        /// What does not fit.
        reason: String,
    },
    /// The rows were promised in the order of their keys and are not.
    #[error(
        "line {line} comes before line {before} in the order of the keys, although the file was found to be in order; it has changed since it was inspected"
    )]
    Order {
        /// The line whose key is too small.
        line: u64,
        /// The line before it.
        before: u64,
    },
    /// The memory for sorting failed.
    #[error("the rows could not be sorted: {0}")]
    Sort(#[source] io::Error),
}

/// Does what is asked with the input.
///
/// # Errors
/// See [`Failure`]. What is wrong with the file's content is no failure but part of the reply.
pub fn answer<W: Write>(request: Request, input: impl Read, link: &Link<W>) -> Result<Reply, Failure> {
    match request {
        Request::Inspect => inspect::inspect(input, link).map(Reply::Inspection),
        Request::Import(plan) => table::import(&plan, input, link).map(Reply::Outcome),
    }
}

/// The problems of a file: all are counted, the first ones listed.
#[derive(Default)]
struct Problems {
    listed: Vec<Problem>,
    count: u64,
}

impl Problems {
    fn add(&mut self, line: u64, column: Option<&str>, value: &str, reason: impl Into<String>) {
        self.count += 1;
        if self.listed.len() < MAX_PROBLEMS {
            let column = column.map(str::to_owned);
            self.listed.push(Problem { line, column, value: shown(value), reason: reason.into() });
        }
    }

    /// A record with another number of fields than the first one.
    fn add_ragged(&mut self, line: u64, fields: records::Fields<'_>, expected: usize) {
        let found = fields.len();
        let noun = if found == 1 { "field" } else { "fields" };
        let value = fields.iter().take(50).collect::<Vec<_>>().join(" | ");
        self.add(line, None, &value, format!("the record has {found} {noun}, but the first one has {expected}"));
    }

    /// A record that can't be used. The names are those of the file's columns.
    fn add_fault(&mut self, line: u64, fault: records::Fault, names: &[String]) {
        let column = fault.field.and_then(|index| names.get(index)).map(String::as_str);
        self.add(line, column, &fault.value, fault.reason);
    }
}

/// As much of a value as is shown to people.
fn shown(value: &str) -> String {
    value.char_indices().nth(MAX_SHOWN).map_or(value, |(end, _)| &value[..end]).to_owned()
}
