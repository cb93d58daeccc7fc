//! Checks: filters that no row of a table may meet.
//!
//! A check keeps its filter with the ids of columns in the place of their names, so that renaming a column changes no
//! check, and two branches of which one renames a column and the other adds a check about it merge. People see and write
//! names: [`Check::stored`] reads what they write, [`Check::shown`] is what they see.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Schema;
use crate::{
    CheckId, ColumnId,
    query::{Filter, FilterError, Predicate},
};

/// The most checks of a table.
pub const MAX_CHECKS: usize = 100;
/// The longest filter of a check as people write it, in characters.
pub const MAX_CHECK_FILTER: usize = 2_000;
/// The longest message of a check, in characters.
pub const MAX_CHECK_MESSAGE: usize = 1_000;

/// What follows from a row that meets a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No change may bring such a row.
    Error,
    /// It is told, and refused by nobody.
    Warning,
}

impl Severity {
    /// Its name: `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Error, Self::Warning].into_iter().find(|severity| severity.name() == name).ok_or(())
    }
}

/// A filter that no row of a table may meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable: a rename keeps it.
    pub id: CheckId,
    /// Unique among the table's checks, as a column's name is among its columns.
    pub name: String,
    /// What it looks for: a filter in its canonical text, with the ids of columns for their names.
    pub filter: String,
    /// What follows.
    pub severity: Severity,
    /// What is wrong with such a row, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A check as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckShown {
    /// Its name.
    pub name: String,
    /// Its filter with the names of columns.
    pub filter: String,
    /// What follows.
    pub severity: Severity,
    /// What is wrong with a row that meets it.
    pub message: String,
}

/// Why the filter of a check can't be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It names a column that the table does not have.
    #[error("it asks for a column that the table does not have")]
    Column,
    /// It can't be read, or does not fit its columns.
    #[error("{}", .0.kind)]
    Filter(FilterError),
    /// It is too long.
    #[error("a check’s filter has at most {MAX_CHECK_FILTER} characters")]
    TooLong,
}

impl From<FilterError> for CheckError {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

impl Check {
    /// A filter as people write it, in the form in which checks keep it.
    ///
    /// # Errors
    /// It is too long, can't be read, or does not fit the schema.
    pub fn stored(text: &str, schema: &Schema) -> Result<String, CheckError> {
        if text.chars().count() > MAX_CHECK_FILTER {
            return Err(CheckError::TooLong);
        }
        let mut filter = Filter::parse(text)?;
        filter.bind(text, schema)?;
        filter.rename(&mut |name| schema.column_named(name).map(|column| column.id.to_string()));
        Ok(filter.to_string())
    }

    /// The filter as people read and write it, with the names that columns have in the schema. A column that is not there
    /// goes by its id.
    #[must_use]
    pub fn shown(&self, schema: &Schema) -> String {
        match Filter::parse(&self.filter) {
            Ok(mut filter) => {
                filter.rename(&mut |id| Some(schema.column(id.parse().ok()?)?.name.clone()));
                filter.to_string()
            }
            Err(_) => self.filter.clone(),
        }
    }

    /// All of it as people see it.
    #[must_use]
    pub fn shown_whole(&self, schema: &Schema) -> CheckShown {
        let (name, message) = (self.name.clone(), self.message.clone());
        CheckShown { name, filter: self.shown(schema), severity: self.severity, message }
    }

    /// What is asked of rows of the schema.
    ///
    /// # Errors
    /// The filter does not fit it.
    pub fn predicate(&self, schema: &Schema) -> Result<Predicate, CheckError> {
        let mut filter = Filter::parse(&self.filter)?;
        let mut is_whole = true;
        filter.rename(&mut |id| {
            let name = id.parse().ok().and_then(|id| schema.column(id)).map(|column| column.name.clone());
            is_whole &= name.is_some();
            name
        });
        if !is_whole {
            return Err(CheckError::Column);
        }
        Ok(filter.bind(&self.filter, schema)?)
    }

    /// The columns that it asks for.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<ColumnId> {
        let mut columns = BTreeSet::new();
        if let Ok(mut filter) = Filter::parse(&self.filter) {
            filter.rename(&mut |id| {
                columns.extend(id.parse::<ColumnId>());
                None
            });
        }
        columns
    }

    /// The check with other ids of columns.
    pub(crate) fn with_columns(&self, new: impl Fn(ColumnId) -> ColumnId) -> Self {
        let filter = Filter::parse(&self.filter).map(|mut filter| {
            filter.rename(&mut |id| Some(new(id.parse().ok()?).to_string()));
            filter.to_string()
        });
        Self { filter: filter.unwrap_or_else(|_| self.filter.clone()), ..self.clone() }
    }
}
