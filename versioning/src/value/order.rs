//! The order of values.

use std::cmp::Ordering;

use super::{Float, Value};

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without NaN and with one zero, this is the order of the numbers.
        self.number().total_cmp(&other.number())
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Null comes first. Values of one type order as in keys: numbers by value, dates and timestamps by time, texts, choices
/// and links by Unicode code point. JSON, tags and files, which can't name rows, order by their text. Values of
/// different types order by [`super::Type`].
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) | (Self::Choice(one), Self::Choice(other)) => one.cmp(other),
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::Decimal(one), Self::Decimal(other)) => one.cmp(other),
            (Self::Float(one), Self::Float(other)) => one.cmp(other),
            (Self::Boolean(one), Self::Boolean(other)) => one.cmp(other),
            (Self::Date(one), Self::Date(other)) => one.cmp(other),
            (Self::Timestamp(one), Self::Timestamp(other)) => one.cmp(other),
            (Self::Uuid(one), Self::Uuid(other)) => one.cmp(other),
            (Self::Json(one), Self::Json(other)) => one.as_str().cmp(other.as_str()),
            (Self::Link(one), Self::Link(other)) => one.cmp(other),
            (Self::Tags(_), Self::Tags(_)) | (Self::File(_), Self::File(_)) => self.to_string().cmp(&other.to_string()),
            (one, other) => one.ty().cmp(&other.ty()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
