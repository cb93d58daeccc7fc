//! What a person sent with a form that could not be accepted: nothing they typed is lost.

use std::collections::BTreeMap;

use hub::{Error, FieldError, Misfit, StaleCell};
use versioning::Hash;

/// A form as it was sent, with what is wrong with it. Empty for a form that is shown the first time.
#[derive(Clone, Debug, Default)]
pub struct Submitted {
    values: BTreeMap<String, String>,
    sent: bool,
    /// What is wrong, field by field.
    pub errors: Vec<FieldError>,
    /// What is wrong with the whole.
    pub message: Option<String>,
    /// Cells that changed meanwhile.
    pub stale: Vec<StaleCell>,
    /// What has no place on the branch any more.
    pub misfits: Vec<Misfit>,
    /// How many of both there are besides those that are here.
    pub more: u64,
    /// The head of the branch with which they were compared.
    pub head: Option<Hash>,
}

impl Submitted {
    /// The form with these values; of two with the same name the later counts.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect(), sent: true, ..Self::default() }
    }

    /// A form that is shown the first time, with what is in it at first.
    #[must_use]
    pub fn first(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect(), ..Self::default() }
    }

    /// Adds why the hub refused it.
    #[must_use]
    pub fn refused(mut self, error: &Error) -> Self {
        match error {
            Error::Invalid { fields } => self.errors.extend(fields.iter().cloned()),
            Error::Stale { message, cells, misfits, more, head } => {
                self.message = Some(message.clone());
                self.head = *head;
                self.stale.extend(cells.iter().cloned());
                self.misfits.extend(misfits.iter().cloned());
                self.more = *more;
            }
            error => self.message = Some(error.to_string()),
        }
        self
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// What was typed into the field.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    /// What was typed into the field, or what it holds at first.
    #[must_use]
    pub fn or(&self, field: &str, first: &str) -> String {
        self.value(field).unwrap_or(first).to_owned()
    }

    /// Whether the box was ticked; what it is at first where nothing was sent. An unticked box is not sent at all.
    #[must_use]
    pub fn ticked(&self, field: &str, first: bool) -> bool {
        if self.sent { self.values.contains_key(field) } else { first }
    }

    /// What is wrong with the field.
    #[must_use]
    pub fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty() || self.message.is_some()
    }
}
