//! Primary keys as bytes whose order is the order people expect (rule T3), and as text for addresses.

use std::fmt;

use rust_decimal::Decimal as Number;
use serde::{Deserialize, Serialize};

use crate::{
    schema::Schema,
    value::{Row, Type, Value},
};

/// The longest key in bytes. Keys stand in every node of a tree's path, so they stay small.
pub const MAX_KEY: usize = 1_024;

/// A row's primary key, encoded so that comparing bytes compares keys: column by column, numbers by value, text by
/// Unicode code point, dates by time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(Box<[u8]>);

/// Why a value or text can't name a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key column is empty.
    #[error("“{column}” is part of the primary key and must not be empty")]
    Empty {
        /// The column's name.
        column: String,
    },
    /// The key is longer than [`MAX_KEY`].
    #[error("the primary key takes {size} bytes; at most {MAX_KEY} are possible")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// The text has another number of parts than the key has columns.
    #[error("the key “{text}” has {found} parts; the primary key has {expected}")]
    Parts {
        /// The text.
        text: String,
        /// Parts of the text.
        found: usize,
        /// Columns of the primary key.
        expected: usize,
    },
    /// A part is no value of its column's type.
    #[error("“{text}” is no value of “{column}”: {reason}")]
    Value {
        /// The part.
        text: String,
        /// The column's name.
        column: String,
        /// What is wrong.
        reason: crate::value::ParseValueError,
    },
}

impl Key {
    /// The key with these bytes, as [`Key::as_bytes`] gave them.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key of a row that fits the schema.
    ///
    /// # Errors
    /// A key column is empty, or the key is too long.
    pub fn of_row(schema: &Schema, row: &Row) -> Result<Self, KeyError> {
        let mut bytes = Vec::with_capacity(16);
        for position in schema.key_positions() {
            let value = &row[position];
            if value.is_null() {
                return Err(KeyError::Empty { column: schema.columns[position].name.clone() });
            }
            encode(value, &mut bytes);
        }
        if bytes.len() > MAX_KEY {
            return Err(KeyError::TooLong { size: bytes.len() });
        }
        Ok(Self::from_bytes(bytes))
    }

    /// The key as text, for addresses and messages: its values separated by commas; `\` goes before a comma or `\`
    /// within a value, and `\e` is the empty text.
    #[must_use]
    pub fn to_text(schema: &Schema, row: &Row) -> String {
        join(schema.key_positions().into_iter().map(|position| row[position].to_string()))
    }

    /// Reads what [`Key::to_text`] wrote.
    ///
    /// # Errors
    /// The number of parts is wrong, or a part is no value of its column.
    pub fn from_text(schema: &Schema, text: &str) -> Result<Self, KeyError> {
        let mut bytes = Vec::with_capacity(16);
        for value in values_of_text(schema, text)? {
            encode(&value, &mut bytes);
        }
        if bytes.len() > MAX_KEY {
            return Err(KeyError::TooLong { size: bytes.len() });
        }
        Ok(Self::from_bytes(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The values of the key columns that a key's text has.
pub(crate) fn values_of_text(schema: &Schema, text: &str) -> Result<Vec<Value>, KeyError> {
    let parts = split(text);
    let positions = schema.key_positions();
    if parts.len() != positions.len() {
        return Err(KeyError::Parts { text: text.to_owned(), found: parts.len(), expected: positions.len() });
    }
    let value = |(part, position): (String, usize)| {
        let column = &schema.columns[position];
        let value = if column.ty == Type::Text { Ok(Value::Text(part.clone())) } else { column.ty.parse(&part) };
        match value {
            Ok(Value::Null) => Err(KeyError::Empty { column: column.name.clone() }),
            Ok(value) => Ok(value),
            Err(reason) => Err(KeyError::Value { text: part, column: column.name.clone(), reason }),
        }
    };
    parts.into_iter().zip(positions).map(value).collect()
}

/// The text of a key whose values have these texts.
pub(crate) fn join(parts: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if part.is_empty() {
            text.push_str("\\e");
        }
        for character in part.chars() {
            if matches!(character, ',' | '\\') {
                text.push('\\');
            }
            text.push(character);
        }
    }
    text
}

/// The texts that [`join`] joined.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => parts.push(String::new()),
            '\\' => match characters.next() {
                Some('e') | None => {}
                Some(escaped) => parts.iter_mut().last().expect("there is always a part").push(escaped),
            },
            _ => parts.iter_mut().last().expect("there is always a part").push(character),
        }
    }
    parts
}

/// Appends the value so that the bytes of a sequence of values compare as the values do. Null must not come here.
pub(crate) fn encode(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Text(text) | Value::Choice(text) => encode_text(text.as_bytes(), bytes),
        Value::Link(link) => encode_text(link.as_str().as_bytes(), bytes),
        // These never name rows: schemas refuse them in a primary key.
        Value::Json(json) => encode_text(json.as_str().as_bytes(), bytes),
        Value::Tags(tags) => encode_text(tags.to_string().as_bytes(), bytes),
        Value::File(file) => encode_text(file.to_string().as_bytes(), bytes),
        Value::Integer(number) => encode_i64(*number, bytes),
        Value::Timestamp(timestamp) => encode_i64(timestamp.micros(), bytes),
        Value::Date(date) => bytes.extend(((date.days() as u32) ^ (1 << 31)).to_be_bytes()),
        Value::Boolean(value) => bytes.push(u8::from(*value)),
        Value::Uuid(uuid) => bytes.extend(uuid.as_bytes()),
        Value::Float(number) => {
            let bits = number.number().to_bits();
            let ordered = if bits >> 63 == 1 { !bits } else { bits | (1 << 63) };
            bytes.extend(ordered.to_be_bytes());
        }
        Value::Decimal(number) => encode_decimal(number.number(), bytes),
    }
}

pub(crate) fn encode_i64(number: i64, bytes: &mut Vec<u8>) {
    bytes.extend(((number as u64) ^ (1 << 63)).to_be_bytes());
}

/// A zero byte becomes `00 FF`, and `00 00` ends the text: a prefix sorts before what it begins.
pub(crate) fn encode_text(text: &[u8], bytes: &mut Vec<u8>) {
    for byte in text {
        bytes.push(*byte);
        if *byte == 0 {
            bytes.push(0xFF);
        }
    }
    bytes.extend([0, 0]);
}

/// A sign byte (0 negative, 1 zero, 2 positive), the decimal exponent, then digits plus one, ended by 0; the parts after
/// the sign are complemented in negative numbers.
fn encode_decimal(number: Number, bytes: &mut Vec<u8>) {
    if number.is_zero() {
        bytes.push(1);
        return;
    }
    let negative = number.is_sign_negative();
    let digits = number.mantissa().unsigned_abs().to_string();
    let exponent = digits.len() as i32 - number.scale() as i32;
    let start = bytes.len();
    bytes.push(if negative { 0 } else { 2 });
    bytes.push(u8::try_from(exponent + 128).expect("28 digits and a scale of 28 at the most"));
    bytes.extend(digits.trim_end_matches('0').bytes().map(|digit| digit - b'0' + 1));
    bytes.push(0);
    if negative {
        bytes[start + 1..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}
