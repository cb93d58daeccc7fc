//! Patches as they are stored: cells by the stable ids of their columns, so that they outlive a changed schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use versioning::{ColumnId, Row, Schema, Value, overlay::Patch};

use crate::Error;

#[derive(Serialize, Deserialize)]
struct Stored {
    before: Option<BTreeMap<ColumnId, Value>>,
    after: Option<BTreeMap<ColumnId, Value>>,
}

pub(crate) fn encode(schema: &Schema, patch: &Patch) -> Result<Vec<u8>, Error> {
    let cells = |row: &Row| {
        let cells = schema.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
        cells.map(|(column, value)| (column.id, value.clone())).collect()
    };
    let stored = Stored { before: patch.before.as_ref().map(cells), after: patch.after.as_ref().map(cells) };
    serde_json::to_vec(&stored)
        .map_err(|error| Error::Internal { reason: format!("a patch can't be written: {error}") })
}

pub(crate) fn decode(schema: &Schema, bytes: &[u8]) -> Result<Patch, Error> {
    let stored: Stored = serde_json::from_slice(bytes)
        .map_err(|error| Error::Internal { reason: format!("a stored patch can't be read: {error}") })?;
    let row = |mut cells: BTreeMap<ColumnId, Value>| {
        schema.columns.iter().map(|column| cells.remove(&column.id).unwrap_or(Value::Null)).collect()
    };
    Ok(Patch { before: stored.before.map(row), after: stored.after.map(row) })
}
