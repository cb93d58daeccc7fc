//! The rules that a change is held to as a whole: unique values, links that lead somewhere, and the checks of tables.

use versioning::{Root, rules::Breaches};

use crate::{Error, FieldError, write::Desk};

/// The most breaches that are told.
pub(crate) const MAX_TOLD: usize = 20;

/// Refuses a state that breaks rules which the state before it kept.
pub(crate) fn check(desk: &Desk<'_>, before: &Root, after: &Root) -> Result<(), Error> {
    let found = versioning::rules::breaches(desk, before, after, MAX_TOLD)?;
    if found.count == 0 { Ok(()) } else { Err(refusal(found)) }
}

/// Says what is broken: the first ones, and how many more there are.
pub(crate) fn refusal(found: Breaches) -> Error {
    let more = found.count.saturating_sub(found.listed.len() as u64);
    let mut fields: Vec<FieldError> = found
        .listed
        .into_iter()
        .map(|violation| FieldError { field: "message".to_owned(), message: violation.message })
        .collect();
    if more > 0 {
        fields.push(FieldError { field: "message".to_owned(), message: format!("And {more} more of the kind.") });
    }
    Error::Invalid { fields }
}
