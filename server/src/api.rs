//! The REST API, version 1: JSON over HTTP under `/api/v1`. A handler reads the request, calls the hub, and writes the
//! answer; errors are problem details.
//!
//! Each handler carries its description, from which the OpenAPI document is made ([`document`]); the table of all
//! addresses is in `router.rs`. Start with [`request`] for what a request may say and [`reading`] for how reads of a state
//! are answered.
#![allow(unused_qualifications, reason = "utoipa's macros spell out the types they are given")]

pub(crate) mod accounts;
pub(crate) mod aggregates;
pub(crate) mod audit;
pub(crate) mod commits;
pub(crate) mod cursor;
pub(crate) mod datasets;
pub(crate) mod diffs;
pub(crate) mod docs;
pub(crate) mod document;
pub(crate) mod exports;
pub(crate) mod forks;
pub(crate) mod idempotency;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod merges;
pub(crate) mod notices;
pub(crate) mod offers;
pub(crate) mod organisations;
pub(crate) mod people;
pub(crate) mod protections;
pub(crate) mod reading;
pub(crate) mod reclaim;
pub(crate) mod refs;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod resolutions;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod statuses;
pub(crate) mod tables;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;
use versioning::{Row, Schema, Value};

pub(crate) use self::{
    reading::Reading,
    request::{Address, Body, OptionalBody, Parameters, limit},
};

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct List<T> {
    /// The things.
    pub(crate) items: Vec<T>,
    /// Goes back as `cursor` to ask for the next page; null where there is none.
    pub(crate) next_cursor: Option<String>,
}

/// A time in microseconds since the epoch as RFC 3339 in UTC.
pub(crate) fn time(micros: i64) -> Option<String> {
    versioning::value::Timestamp::from_micros(micros).map(|time| time.to_string())
}

/// A cell as JSON: what JSON holds exactly as it is, tags as an array, the others as text.
pub(crate) fn cell(value: &Value) -> Json {
    /// Beyond this, programs that read numbers as binary64 lose digits.
    const SAFE: u64 = 1 << 53;
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(number) if number.unsigned_abs() <= SAFE => (*number).into(),
        Value::Float(number) => number.number().into(),
        Value::Json(json) => json.tree(),
        Value::Tags(tags) => tags.iter().collect(),
        other => other.to_string().into(),
    }
}

/// The cells of a row by the names of their columns.
pub(crate) fn object(schema: &Schema, row: &Row) -> Map<String, Json> {
    schema.columns.iter().zip(row).map(|(column, value)| (column.name.clone(), cell(value))).collect()
}

/// The word that serde has for a unit variant.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => word,
        _ => String::new(),
    }
}
