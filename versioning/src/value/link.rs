//! References to rows.

use std::{fmt, str::FromStr};

use super::{MAX_CELL, ParseValueError, Row};
use crate::{
    Schema,
    key::{self, Key, KeyError},
};

/// The key of a row of another table, as the text that [`Key::to_text`] writes: its values separated by commas, with `\`
/// before a comma or `\` within a value and `\e` for the empty text.
///
/// The text of a link has one way to escape. That its values are written in one way too can't be seen without the
/// target's schema: whoever takes links in makes them with [`Link::to_row`], or brings them into that form with
/// [`Link::canonical`]. Links order by the code points of their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(String);

impl Link {
    /// The link to a row of a table with this schema.
    #[must_use]
    pub fn to_row(target: &Schema, row: &Row) -> Self {
        Self(Key::to_text(target, row))
    }

    /// The key of the row that the link names.
    ///
    /// # Errors
    /// The text names no row of a table with this schema.
    pub fn key(&self, target: &Schema) -> Result<Key, KeyError> {
        Key::from_text(target, &self.0)
    }

    /// The link to the same row whose values are written as they are in [`Link::to_row`].
    ///
    /// # Errors
    /// The text names no row of a table with this schema.
    pub fn canonical(&self, target: &Schema) -> Result<Self, KeyError> {
        let values = key::values_of_text(target, &self.0)?;
        Ok(Self(key::join(values.iter().map(ToString::to_string))))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Link {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        if text.is_empty() {
            return Err(ParseValueError::Link);
        }
        let text = key::join(key::split(text));
        if text.len() > MAX_CELL { Err(ParseValueError::TooLarge) } else { Ok(Self(text)) }
    }
}
