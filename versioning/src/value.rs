//! Values of cells: one representation and one text each (rule T2 of the canonical encoding).

mod cast;
mod file;
mod json;
mod link;
mod order;
mod tags;

use std::{fmt, str::FromStr};

use rust_decimal::Decimal as Number;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    cast::CastError,
    file::{FileRef, MAX_FILE_NAME},
    json::Json,
    link::Link,
    tags::Tags,
};
use crate::calendar;

macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// The largest cell in bytes: 1 MiB.
pub const MAX_CELL: usize = 1 << 20;

/// The cells of one row, in the order of its schema's columns.
pub type Row = Vec<Value>;

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Unicode text.
    Text,
    /// A whole number of 64 bits with a sign.
    Integer,
    /// An exact decimal number of up to 28 digits.
    Decimal,
    /// A binary floating-point number (IEEE 754 binary64), not NaN, not infinite.
    Float,
    /// True or false.
    Boolean,
    /// A day of the proleptic Gregorian calendar, years 1 to 9999 (ISO 8601).
    Date,
    /// A moment in UTC, to the microsecond (RFC 3339).
    Timestamp,
    /// A UUID (RFC 9562).
    Uuid,
    /// A JSON document (RFC 8259).
    Json,
    /// One of the texts that the column declares.
    Choice,
    /// A set of texts.
    Tags,
    /// The key of a row of the table that the column names.
    Link,
    /// A file: its hash, name, media type and size.
    File,
}

impl Type {
    /// Every type. Places in this list are part of protocols: new types come last.
    pub const ALL: [Self; 13] = [
        Self::Text,
        Self::Integer,
        Self::Decimal,
        Self::Float,
        Self::Boolean,
        Self::Date,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
        Self::Choice,
        Self::Tags,
        Self::Link,
        Self::File,
    ];

    /// The types that a column of a file can be read as when no more than the type is known, in the order in which people
    /// are offered them.
    pub const IMPORTABLE: [Self; 10] = [
        Self::Text,
        Self::Integer,
        Self::Decimal,
        Self::Float,
        Self::Boolean,
        Self::Date,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
        Self::Tags,
    ];

    /// The type's name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Choice => "choice",
            Self::Tags => "tags",
            Self::Link => "link",
            Self::File => "file",
        }
    }

    /// Whether values of the type have an order, so that they can name rows.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        !matches!(self, Self::Json | Self::Tags | Self::File)
    }

    /// Whether values of the type are numbers, shown aligned to the right.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Float)
    }

    /// Reads a value of this type from text as people and files write it. Empty text is null.
    ///
    /// Space around anything but texts and links is ignored. Booleans are `true`/`false`, `t`/`f`, `yes`/`no`, `1`/`0` in any
    /// case; a timestamp without an offset is UTC.
    ///
    /// # Errors
    /// What such a value looks like.
    pub fn parse(self, text: &str) -> Result<Value, ParseValueError> {
        self.parse_lean(text).unwrap_or_else(|| match self {
            Self::Float => Float::from_str(text.trim()).map(Value::Float),
            Self::Tags => Tags::from_str(text).map(Value::Tags),
            Self::File => FileRef::from_str(text.trim()).map(|file| Value::File(Box::new(file))),
            _ => Json::from_str(text.trim()).map(Value::Json),
        })
    }

    /// As [`Type::parse`], for every type but float, json, tags and file: reading the first two takes code and tables that
    /// every browser has already, so what is compiled for one asks it instead; the others it leaves to the server. Of them
    /// only the empty text is read here.
    pub fn parse_lean(self, text: &str) -> Option<Result<Value, ParseValueError>> {
        if text.is_empty() {
            return Some(Ok(Value::Null));
        }
        let trimmed = text.trim();
        Some(match self {
            Self::Text | Self::Choice if text.len() > MAX_CELL => Err(ParseValueError::TooLarge),
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Choice if trimmed.is_empty() => Err(ParseValueError::Choice),
            Self::Choice => Ok(Value::Choice(trimmed.to_owned())),
            Self::Link => Link::from_str(text).map(Value::Link),
            Self::Integer => parse_integer(trimmed),
            Self::Decimal => parse_decimal(trimmed),
            Self::Boolean => parse_boolean(trimmed),
            Self::Date => Date::from_str(trimmed).map(Value::Date),
            Self::Timestamp => Timestamp::from_str(trimmed).map(Value::Timestamp),
            Self::Uuid => Uuid::try_parse(trimmed).map(Value::Uuid).map_err(|_| ParseValueError::Uuid),
            Self::Float | Self::Json | Self::Tags | Self::File => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Type {
    type Err = ParseTypeError;

    fn from_str(text: &str) -> Result<Self, ParseTypeError> {
        Self::ALL.into_iter().find(|ty| ty.name() == text).ok_or_else(|| ParseTypeError { text: text.to_owned() })
    }
}

/// The text names no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no type “{text}”")]
pub struct ParseTypeError {
    /// The text.
    pub text: String,
}

/// Why a text is no value of a type. The message completes “… is no valid value: ”.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseValueError {
    /// Not an integer.
    #[error("not a whole number, such as 42 or -7")]
    Integer,
    /// An integer outside of 64 bits.
    #[error("outside of -9223372036854775808 to 9223372036854775807")]
    IntegerRange,
    /// Not a decimal number.
    #[error("not a decimal number, such as 12.50")]
    Decimal,
    /// A decimal number with too many digits.
    #[error("more than 28 digits")]
    DecimalRange,
    /// Not a finite floating-point number.
    #[error("not a number, such as 0.5 or 6.02e23")]
    Float,
    /// Not a boolean.
    #[error("not a boolean: true or false")]
    Boolean,
    /// Not a date.
    #[error("not a date: year-month-day, such as 2026-02-28")]
    Date,
    /// Not a timestamp.
    #[error("not a timestamp, such as 2026-02-28T13:45:00Z")]
    Timestamp,
    /// Not a UUID.
    #[error("not a UUID: 32 hexadecimal digits")]
    Uuid,
    /// Not JSON.
    #[error("not a JSON document")]
    Json,
    /// Nothing but space.
    #[error("not one of the column's choices")]
    Choice,
    /// No tag.
    #[error("no tags: texts separated by commas")]
    Tags,
    /// Nothing at all.
    #[error("not the key of a row")]
    Link,
    /// Not a reference to a file.
    #[error("not a file: hash, size, media type and name, separated by a space")]
    File,
    /// More than a cell holds.
    #[error("more than 1 MiB")]
    TooLarge,
}

/// The content of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Nothing; not the same as the empty text.
    #[default]
    Null,
    /// See [`Type::Text`].
    Text(String),
    /// See [`Type::Integer`].
    Integer(i64),
    /// See [`Type::Decimal`].
    Decimal(Decimal),
    /// See [`Type::Float`].
    Float(Float),
    /// See [`Type::Boolean`].
    Boolean(bool),
    /// See [`Type::Date`].
    Date(Date),
    /// See [`Type::Timestamp`].
    Timestamp(Timestamp),
    /// See [`Type::Uuid`].
    Uuid(Uuid),
    /// See [`Type::Json`].
    Json(Json),
    /// See [`Type::Choice`]: not empty, no space at either end.
    Choice(String),
    /// See [`Type::Tags`].
    Tags(Tags),
    /// See [`Type::Link`].
    Link(Link),
    /// See [`Type::File`].
    File(Box<FileRef>),
}

impl Value {
    /// The value's type; null has none.
    #[must_use]
    pub const fn ty(&self) -> Option<Type> {
        Some(match self {
            Self::Null => return None,
            Self::Text(_) => Type::Text,
            Self::Integer(_) => Type::Integer,
            Self::Decimal(_) => Type::Decimal,
            Self::Float(_) => Type::Float,
            Self::Boolean(_) => Type::Boolean,
            Self::Date(_) => Type::Date,
            Self::Timestamp(_) => Type::Timestamp,
            Self::Uuid(_) => Type::Uuid,
            Self::Json(_) => Type::Json,
            Self::Choice(_) => Type::Choice,
            Self::Tags(_) => Type::Tags,
            Self::Link(_) => Type::Link,
            Self::File(_) => Type::File,
        })
    }

    /// Whether this is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The bytes the value takes, for limits.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Text(text) | Self::Choice(text) => text.len(),
            Self::Json(json) => json.as_str().len(),
            Self::Tags(tags) => tags.size(),
            Self::Link(link) => link.as_str().len(),
            Self::File(file) => 32 + 8 + file.media_type().len() + file.name().len(),
            Self::Boolean(_) => 1,
            Self::Date(_) => 4,
            Self::Integer(_) | Self::Float(_) | Self::Timestamp(_) => 8,
            Self::Decimal(_) | Self::Uuid(_) => 16,
        }
    }

    /// The value as text that [`Type::parse`] reads back; none for null.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            value => Some(value.to_string()),
        }
    }
}

/// The value as [`Type::parse`] reads it back; null is empty.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Text(text) | Self::Choice(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Timestamp(timestamp) => timestamp.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Json(json) => f.write_str(json.as_str()),
            Self::Tags(tags) => tags.fmt(f),
            Self::Link(link) => link.fmt(f),
            Self::File(file) => file.fmt(f),
        }
    }
}

fn parse_integer(text: &str) -> Result<Value, ParseValueError> {
    text.parse().map(Value::Integer).map_err(|error: std::num::ParseIntError| match error.kind() {
        std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => ParseValueError::IntegerRange,
        _ => ParseValueError::Integer,
    })
}

fn parse_boolean(text: &str) -> Result<Value, ParseValueError> {
    let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "t", "yes", "1"]) {
        Ok(Value::Boolean(true))
    } else if is(["false", "f", "no", "0"]) {
        Ok(Value::Boolean(false))
    } else {
        Err(ParseValueError::Boolean)
    }
}

fn parse_decimal(text: &str) -> Result<Value, ParseValueError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_decimal = unsigned.bytes().any(|byte| byte.is_ascii_digit())
        && unsigned.bytes().filter(|byte| *byte == b'.').count() <= 1
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_decimal {
        return Err(ParseValueError::Decimal);
    }
    // Zeros at either end carry no value; without them `from_str_exact` refuses just what would lose digits.
    let digits = unsigned.trim_start_matches('0');
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let digits = if digits.is_empty() { "0" } else { digits };
    let mut number = if digits.starts_with('.') {
        Number::from_str_exact(&format!("0{digits}"))
    } else {
        Number::from_str_exact(digits)
    }
    .map_err(|_| ParseValueError::DecimalRange)?;
    if digits.bytes().filter(u8::is_ascii_digit).count() > 28 {
        return Err(ParseValueError::DecimalRange);
    }
    number.set_sign_negative(text.starts_with('-') && !number.is_zero());
    Ok(Value::Decimal(Decimal::new(number)))
}

/// An exact decimal number in its one normal form: no zeros at the end, one zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(Number);

impl Decimal {
    /// The normal form of the number.
    #[must_use]
    pub fn new(number: Number) -> Self {
        Self(number.normalize())
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> Number {
        self.0
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A finite floating-point number with one zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Float(f64);

impl Float {
    /// The number, if it is finite; a negative zero becomes zero.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> f64 {
        self.0
    }
}

// Without NaN and with one zero, equality of bits is equality of numbers.
impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl std::hash::Hash for Float {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) { write!(f, "{:e}", self.0) } else { self.0.fmt(f) }
    }
}

impl FromStr for Float {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        text.parse().ok().and_then(Self::new).ok_or(ParseValueError::Float)
    }
}

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// 0001-01-01 and 9999-12-31 in days since 1970-01-01.
const DATE_RANGE: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

impl Date {
    /// The day this many days after 1970-01-01, if it is in the years 1 to 9999.
    #[must_use]
    pub fn from_days(days: i32) -> Option<Self> {
        DATE_RANGE.contains(&days).then_some(Self(days))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calendar::write_date(self.0, f)
    }
}

impl FromStr for Date {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        calendar::read_date(text).and_then(Self::from_days).ok_or(ParseValueError::Date)
    }
}

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z in µs: the range in which every moment has a date in every time zone.
const TIMESTAMP_RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_207_200_000_000;

impl Timestamp {
    /// The moment this many microseconds after the epoch, if it is in the years 1 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        TIMESTAMP_RANGE.contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calendar::write_timestamp(self.0, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        calendar::read_timestamp(text).and_then(Self::from_micros).ok_or(ParseValueError::Timestamp)
    }
}

impl FromStr for Decimal {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        match parse_decimal(text)? {
            Value::Decimal(number) => Ok(number),
            _ => Err(ParseValueError::Decimal),
        }
    }
}

serde_as_text!(Decimal, Float, Date, Timestamp, Json, Tags, Link, FileRef);
