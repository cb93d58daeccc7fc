//! The rules that one row can be checked against by itself (rule M16): required, type, size, options, range, pattern.
//!
//! What a table's own [checks](crate::schema::Check) look for is told by [`Checks`]. Whether values are unique and links lead somewhere takes other rows to see: see [`crate::rules`].

mod filters;

use std::collections::BTreeSet;

pub use self::filters::{Checks, met};
use crate::{
    Column, ColumnId, Schema, Type, Value,
    schema::RowError,
    value::{MAX_CELL, Row},
};

/// The longest pattern in bytes.
pub const MAX_PATTERN: usize = 1_000;

/// The rules of a table's columns, ready to check many rows.
#[derive(Clone, Debug)]
pub struct Checker<'s> {
    schema: &'s Schema,
    columns: Vec<ColumnChecker<'s>>,
}

impl<'s> Checker<'s> {
    /// The rules of a schema that is [valid](Schema::validate).
    #[must_use]
    pub fn new(schema: &'s Schema) -> Self {
        let columns = schema.columns.iter().map(|column| ColumnChecker::new(column, schema.is_key(column.id)));
        Self { schema, columns: columns.collect() }
    }

    /// Everything about a row that breaks a rule, in the order of the columns; each with its column.
    ///
    /// # Errors
    /// The row has another number of cells than the table has columns, so that no cell can be told from another.
    pub fn breaches(&self, row: &Row) -> Result<Vec<(ColumnId, RowError)>, RowError> {
        if row.len() != self.columns.len() {
            return Err(RowError::CellCount { found: row.len(), expected: self.columns.len() });
        }
        let cells = self.schema.columns.iter().zip(&self.columns).zip(row);
        Ok(cells.filter_map(|((column, rules), value)| Some((column.id, rules.check(value).err()?))).collect())
    }

    /// Checks a row.
    ///
    /// # Errors
    /// The first cell that breaks a rule.
    pub fn check(&self, row: &Row) -> Result<(), RowError> {
        if row.len() != self.columns.len() {
            return Err(RowError::CellCount { found: row.len(), expected: self.columns.len() });
        }
        self.columns.iter().zip(row).try_for_each(|(rules, value)| rules.check(value))
    }
}

/// The rules of one column, ready to check many cells.
#[derive(Clone, Debug)]
pub struct ColumnChecker<'s> {
    column: &'s Column,
    required: bool,
    options: BTreeSet<&'s str>,
    /// None when there is none; an error when it can't be read, which then nothing matches.
    pattern: Option<Result<Pattern, PatternError>>,
}

impl<'s> ColumnChecker<'s> {
    /// The rules of a column that is part of a valid schema, and maybe of its primary key.
    #[must_use]
    pub fn new(column: &'s Column, is_key: bool) -> Self {
        Self {
            column,
            required: column.required || is_key,
            options: column.options.iter().map(String::as_str).collect(),
            pattern: (!column.pattern.is_empty()).then(|| Pattern::new(&column.pattern)),
        }
    }

    /// Checks a cell.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, value: &Value) -> Result<(), RowError> {
        let column = || self.column.name.clone();
        match value.ty() {
            None if self.required => return Err(RowError::Required { column: column() }),
            None => return Ok(()),
            Some(ty) if ty != self.column.ty => {
                return Err(RowError::WrongType { column: column(), expected: self.column.ty });
            }
            Some(_) if value.size() > MAX_CELL => {
                return Err(RowError::TooLarge { column: column(), limit: MAX_CELL });
            }
            Some(_) => {}
        }
        self.check_options(value)?;
        let (minimum, maximum) = (&self.column.minimum, &self.column.maximum);
        if !minimum.is_null() && value < minimum {
            return Err(RowError::BelowMinimum { column: column(), minimum: minimum.to_string() });
        }
        if !maximum.is_null() && value > maximum {
            return Err(RowError::AboveMaximum { column: column(), maximum: maximum.to_string() });
        }
        if let (Some(pattern), Value::Text(text)) = (&self.pattern, value)
            && !pattern.as_ref().is_ok_and(|pattern| pattern.matches(text))
        {
            return Err(RowError::Pattern { column: column(), pattern: self.column.pattern.clone() });
        }
        Ok(())
    }

    /// A column that declares no options takes all values: a valid choice declares some, and whoever shows a table need
    /// not know them.
    fn check_options(&self, value: &Value) -> Result<(), RowError> {
        if self.options.is_empty() {
            return Ok(());
        }
        let unknown = match value {
            Value::Choice(choice) => Some(choice.as_str()).filter(|choice| !self.options.contains(choice)),
            Value::Tags(tags) => tags.iter().find(|tag| !self.options.contains(tag)),
            _ => None,
        };
        match unknown {
            None => Ok(()),
            Some(option) => Err(RowError::NotAnOption { column: self.column.name.clone(), option: option.to_owned() }),
        }
    }
}

/// Whether columns of a type can have a pattern.
pub(crate) const fn has_pattern(ty: Type) -> bool {
    matches!(ty, Type::Text)
}

/// A regular expression that the whole of a text matches, in the syntax of the crate `regex`
/// (<https://docs.rs/regex/latest/regex/#syntax>): time grows linearly with the text, whatever the pattern.
///
/// Without the feature `pattern`, every pattern is good and matches every text: a browser leaves this to the server.
#[derive(Clone, Debug)]
pub struct Pattern {
    #[cfg(feature = "pattern")]
    expression: regex::Regex,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is too long.
    #[error("it has more than {MAX_PATTERN} bytes")]
    TooLong,
    /// It is no regular expression, or one that takes too much memory.
    #[error("{reason}")]
    Syntax {
        /// What is wrong with it.
        reason: String,
    },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The text is no pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PatternError::TooLong);
        }
        #[cfg(feature = "pattern")]
        {
            // By itself first, because within the parentheses `a)(b` would be one. Neither may leave a comment open.
            expression(text)?;
            Ok(Self { expression: expression(&format!("^(?:{text})$"))? })
        }
        #[cfg(not(feature = "pattern"))]
        Ok(Self {})
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        #[cfg(feature = "pattern")]
        return self.expression.is_match(text);
        #[cfg(not(feature = "pattern"))]
        {
            let _ = text;
            true
        }
    }
}

#[cfg(feature = "pattern")]
fn expression(text: &str) -> Result<regex::Regex, PatternError> {
    /// Of the compiled expression, in bytes.
    const SIZE: usize = 1 << 20;
    regex::RegexBuilder::new(text).size_limit(SIZE).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it takes too much memory".to_owned(),
            // The last line says what is wrong; those before point at it.
            other => {
                let text = other.to_string();
                let line = text.lines().last().unwrap_or_default();
                line.strip_prefix("error: ").unwrap_or(line).to_owned()
            }
        };
        PatternError::Syntax { reason }
    })
}
