//! What can be wrong with schemas, columns and rows.

use super::{
    CheckError, MAX_CHECK_MESSAGE, MAX_CHECKS, MAX_COLUMNS, MAX_DESCRIPTION, MAX_NAME, MAX_OPTIONS, MAX_PROPERTY,
};
use crate::{check::PatternError, id::ColumnId, value::Type};

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// There is no column, or there are too many.
    #[error("a table has 1 to {MAX_COLUMNS} columns; this one has {count}")]
    ColumnCount {
        /// How many there are.
        count: usize,
    },
    /// A name is empty or too long, or has a control character.
    #[error("column {position}: a name has 1 to {MAX_NAME} characters and no control characters")]
    Name {
        /// Counted from 1.
        position: usize,
    },
    /// Two columns share a name.
    #[error("two columns are named “{name}”")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Two columns share an id.
    #[error("two columns have the id {id}")]
    DuplicateId {
        /// The id.
        id: ColumnId,
    },
    /// There is no primary key, a column of it does not exist or stands twice.
    #[error("the primary key must name one or more different columns of the table")]
    PrimaryKey,
    /// A column of the primary key has a type that can't name rows.
    #[error("“{name}” can't be part of the primary key: values of type {ty} have no order")]
    KeyType {
        /// The column's name.
        name: String,
        /// Its type.
        ty: Type,
    },
    /// A generated key must be a single uuid column.
    #[error("a generated primary key is one column of type uuid")]
    GeneratedKey,
    /// The description is too long.
    #[error("the table's description has more than {MAX_DESCRIPTION} bytes")]
    Description,
    /// The properties of a column don't fit it.
    #[error("“{column}”: {error}")]
    Column {
        /// The column's name.
        column: String,
        /// What is wrong with it.
        error: ColumnError,
    },
    /// There are too many checks.
    #[error("there are {count} checks; a table has at most {MAX_CHECKS}")]
    CheckCount {
        /// How many there are.
        count: usize,
    },
    /// The name of a check is empty or too long, or has a control character.
    #[error("a check’s name has 1 to {MAX_NAME} characters and no control characters")]
    CheckName,
    /// Two checks share a name or an id.
    #[error("there is another check “{name}”")]
    DuplicateCheck {
        /// The name.
        name: String,
    },
    /// The message of a check is too long.
    #[error("the message of the check “{name}” has more than {MAX_CHECK_MESSAGE} characters")]
    CheckMessage {
        /// The check's name.
        name: String,
    },
    /// The filter of a check does not fit the columns.
    #[error("the check “{name}” does not fit the columns: {error}")]
    Check {
        /// The check's name.
        name: String,
        /// What is wrong with it.
        error: CheckError,
    },
}

/// A property of a column that is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueProperty {
    /// See [`super::Column::fill`].
    Fill,
    /// See [`super::Column::default`].
    Default,
    /// See [`super::Column::minimum`].
    Minimum,
    /// See [`super::Column::maximum`].
    Maximum,
}

impl std::fmt::Display for ValueProperty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fill => "value of earlier rows",
            Self::Default => "default",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
        })
    }
}

/// Which property of a column does not fit it, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A property has a value of another type than the column.
    #[error("the {property} is no value of type {expected}")]
    WrongType {
        /// The property.
        property: ValueProperty,
        /// The column's type.
        expected: Type,
    },
    /// A property is too long.
    #[error("the {property} has more than {MAX_PROPERTY} bytes")]
    TooLarge {
        /// The property.
        property: ValueProperty,
    },
    /// Values without an order have no range.
    #[error("values of type {ty} have no order, so there is no {property}")]
    NoOrder {
        /// The property.
        property: ValueProperty,
        /// The column's type.
        ty: Type,
    },
    /// No value is in the range.
    #[error("the minimum {minimum} is above the maximum {maximum}")]
    EmptyRange {
        /// The smallest value.
        minimum: String,
        /// The largest value.
        maximum: String,
    },
    /// A pattern stands where none can.
    #[error("only texts can have a pattern; values here are of type {ty}")]
    NoPattern {
        /// The column's type.
        ty: Type,
    },
    /// The pattern can't be read.
    #[error("the pattern can't be read: {0}")]
    Pattern(PatternError),
    /// A choice without options.
    #[error("a choice needs options")]
    MissingOptions,
    /// Options stand where none can.
    #[error("only choices and tags have options; values here are of type {ty}")]
    NoOptions {
        /// The column's type.
        ty: Type,
    },
    /// There are too many options.
    #[error("there are {count} options; at most {MAX_OPTIONS} are possible")]
    OptionCount {
        /// How many there are.
        count: usize,
    },
    /// An option is empty or too long, begins or ends with space, or has a control character.
    #[error("option {position}: an option has 1 to {MAX_NAME} characters and no control characters")]
    Option {
        /// Counted from 1.
        position: usize,
    },
    /// An option stands twice.
    #[error("the option “{option}” stands twice")]
    DuplicateOption {
        /// The option.
        option: String,
    },
    /// A link without a target.
    #[error("a link needs a table to lead to")]
    MissingTarget,
    /// A target stands where none can.
    #[error("only links lead to a table; values here are of type {ty}")]
    NoTarget {
        /// The column's type.
        ty: Type,
    },
    /// New rows would begin with a value that the column refuses.
    #[error("the default breaks a rule: {0}")]
    Default(Box<RowError>),
    /// The description is too long.
    #[error("the description has more than {MAX_DESCRIPTION} bytes")]
    Description,
}

/// Why a row does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The number of cells differs from the number of columns.
    #[error("the row has {found} cells, the table {expected} columns")]
    CellCount {
        /// Cells of the row.
        found: usize,
        /// Columns of the table.
        expected: usize,
    },
    /// A required cell is empty.
    #[error("“{column}” must not be empty")]
    Required {
        /// The column's name.
        column: String,
    },
    /// A cell has a value of another type.
    #[error("“{column}” holds values of type {expected}")]
    WrongType {
        /// The column's name.
        column: String,
        /// The column's type.
        expected: Type,
    },
    /// A choice or a tag that the column does not declare.
    #[error("“{option}” is not among the options of “{column}”")]
    NotAnOption {
        /// The column's name.
        column: String,
        /// The choice or tag.
        option: String,
    },
    /// A value is smaller than the smallest.
    #[error("“{column}” must not be below {minimum}")]
    BelowMinimum {
        /// The column's name.
        column: String,
        /// The smallest value.
        minimum: String,
    },
    /// A value is larger than the largest.
    #[error("“{column}” must not be above {maximum}")]
    AboveMaximum {
        /// The column's name.
        column: String,
        /// The largest value.
        maximum: String,
    },
    /// A text does not match the pattern.
    #[error("“{column}” must match the pattern {pattern}")]
    Pattern {
        /// The column's name.
        column: String,
        /// The pattern.
        pattern: String,
    },
    /// A cell is larger than a cell may be.
    #[error("“{column}”: a cell holds at most {limit} bytes")]
    TooLarge {
        /// The column's name.
        column: String,
        /// The limit in bytes.
        limit: usize,
    },
}
