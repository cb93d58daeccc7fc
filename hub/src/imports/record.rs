//! What a job's document holds of an import.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use services::import::{Inspection, Problem};
use versioning::Hash;

use crate::{Error, ImportChoice, ImportPhase};

/// How far an import has come, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) phase: ImportPhase,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) inspection: Option<Inspection>,
    pub(super) choice: Option<ImportChoice>,
    pub(super) problems: Vec<Problem>,
    pub(super) problem_count: u64,
    pub(super) commit: Option<Hash>,
    pub(super) imported_rows: u64,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            phase: ImportPhase::Inspecting,
            rows: 0,
            bytes: 0,
            inspection: None,
            choice: None,
            problems: Vec::new(),
            problem_count: 0,
            commit: None,
            imported_rows: 0,
        }
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Internal { reason: format!("a job can't be written: {error}") })
}

pub(super) fn from_json<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, Error> {
    T::deserialize(value).map_err(|error| Error::Internal { reason: format!("a stored job can't be read: {error}") })
}
