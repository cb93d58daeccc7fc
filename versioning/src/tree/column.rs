//! The cells of one column within a leaf: typed vectors in memory, compact canonical bytes outside.

mod splice;

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
};

use rust_decimal::Decimal as Number;
use uuid::Uuid;

pub(crate) use self::splice::Splice;

use super::bytes::{Reader, put_varint, unzigzag, varint_size, zigzag};
use crate::{
    key,
    object::DecodeError,
    value::{Date, Decimal, Float, Timestamp, Type, Value},
};

/// The most different texts a dictionary holds, so that an index is one byte.
pub(crate) const DICTIONARY: usize = 256;

/// One column of a leaf. `data` has an entry for each cell that is not null.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    pub(crate) ty: Type,
    /// For each row, the index of its cell in `data`, or [`NULL`]; empty when no cell is null.
    index: Vec<u16>,
    data: Data,
}

const NULL: u16 = u16::MAX;

#[derive(Clone, Debug)]
enum Data {
    /// Integer, date (days), timestamp (µs), boolean (0 or 1).
    Whole(Vec<i64>),
    /// Types whose values are texts, one after the other, with the end of each.
    Text {
        ends: Vec<u32>,
        text: String,
    },
    Decimal(Vec<Decimal>),
    Float(Vec<Float>),
    Uuid(Vec<Uuid>),
}

impl Cells {
    /// Collects a column's cells, which are null or of the type.
    pub(crate) fn collect<'v>(ty: Type, cells: &mut (impl Iterator<Item = &'v Value> + Clone)) -> Self {
        let mut index = Vec::new();
        let mut present = 0_u16;
        if cells.clone().any(Value::is_null) {
            for value in cells.clone() {
                index.push(if value.is_null() { NULL } else { present });
                present += u16::from(!value.is_null());
            }
        }
        let values = cells.filter(|value| !value.is_null());
        let data = match ty {
            Type::Text | Type::Json | Type::Choice | Type::Tags | Type::Link | Type::File => {
                let mut ends = Vec::new();
                let mut text = String::new();
                for value in values {
                    match value {
                        Value::Text(cell) | Value::Choice(cell) => text.push_str(cell),
                        Value::Json(cell) => text.push_str(cell.as_str()),
                        Value::Link(cell) => text.push_str(cell.as_str()),
                        other => text.push_str(&other.to_string()),
                    }
                    ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
                }
                Data::Text { ends, text }
            }
            Type::Integer | Type::Date | Type::Timestamp | Type::Boolean => Data::Whole(
                values
                    .map(|value| match value {
                        Value::Integer(number) => *number,
                        Value::Date(date) => i64::from(date.days()),
                        Value::Timestamp(timestamp) => timestamp.micros(),
                        Value::Boolean(value) => i64::from(*value),
                        _ => 0,
                    })
                    .collect(),
            ),
            Type::Decimal => Data::Decimal(
                values
                    .map(|value| if let Value::Decimal(number) = value { *number } else { Decimal::new(Number::ZERO) })
                    .collect(),
            ),
            Type::Float => Data::Float(
                values.map(|value| if let Value::Float(number) = value { *number } else { Float::default() }).collect(),
            ),
            Type::Uuid => Data::Uuid(
                values.map(|value| if let Value::Uuid(uuid) = value { *uuid } else { Uuid::nil() }).collect(),
            ),
        };
        Self { ty, index, data }
    }

    fn position(&self, row: usize) -> Option<usize> {
        if self.index.is_empty() {
            Some(row)
        } else {
            Some(self.index[row]).filter(|position| *position != NULL).map(usize::from)
        }
    }

    /// The cell of a row.
    pub(crate) fn value(&self, row: usize) -> Value {
        let Some(position) = self.position(row) else { return Value::Null };
        match &self.data {
            Data::Text { ends, text } => of_text(self.ty, slice(ends, text, position)),
            Data::Whole(numbers) => of_whole(self.ty, numbers[position]),
            Data::Decimal(numbers) => Value::Decimal(numbers[position]),
            Data::Float(numbers) => Value::Float(numbers[position]),
            Data::Uuid(uuids) => Value::Uuid(uuids[position]),
        }
    }

    /// The text of a row's cell, where cells are stored as texts; none when it is null.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match &self.data {
            Data::Text { ends, text } => self.position(row).map(|position| slice(ends, text, position)),
            _ => None,
        }
    }

    /// Appends the row's part of its key; false when the cell is null.
    pub(crate) fn encode_key(&self, row: usize, bytes: &mut Vec<u8>) -> bool {
        let Some(position) = self.position(row) else { return false };
        match (&self.data, self.ty) {
            (Data::Whole(numbers), Type::Integer | Type::Timestamp) => key::encode_i64(numbers[position], bytes),
            (Data::Text { ends, text }, _) => key::encode_text(slice(ends, text, position).as_bytes(), bytes),
            _ => key::encode(&self.value(row), bytes),
        }
        true
    }

    pub(crate) fn weight(&self) -> usize {
        self.index.len() * 2
            + match &self.data {
                Data::Whole(numbers) => numbers.len() * 8,
                Data::Text { ends, text } => ends.len() * 4 + text.len(),
                Data::Decimal(numbers) => numbers.len() * 16,
                Data::Float(numbers) => numbers.len() * 8,
                Data::Uuid(uuids) => uuids.len() * 16,
            }
    }

    /// Appends: type, which cells are null, the values.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(type_code(self.ty));
        bytes.push(u8::from(!self.index.is_empty()));
        let mut bits = vec![0_u8; self.index.len().div_ceil(8)];
        for (row, _) in self.index.iter().enumerate().filter(|(_, position)| **position != NULL) {
            bits[row / 8] |= 1 << (row % 8);
        }
        bytes.extend(bits);
        match &self.data {
            Data::Whole(numbers) => encode_whole(numbers, bytes),
            Data::Text { ends, text } => encode_text(ends, text, bytes),
            Data::Decimal(numbers) => encode_decimals(numbers, bytes),
            Data::Float(numbers) => {
                numbers.iter().for_each(|number| bytes.extend(number.number().to_bits().to_le_bytes()));
            }
            Data::Uuid(uuids) => uuids.iter().for_each(|uuid| bytes.extend(uuid.as_bytes())),
        }
    }

    /// Reads what [`Cells::encode`] wrote for this many rows.
    pub(crate) fn decode(reader: &mut Reader<'_>, rows: usize) -> Result<Self, DecodeError> {
        let code = reader.byte()?;
        let ty = Type::ALL.into_iter().find(|ty| type_code(*ty) == code);
        let ty = ty.ok_or_else(|| reader.error("no type has this number"))?;
        let (index, present) = match reader.byte()? {
            0 => (Vec::new(), rows),
            1 => {
                let bits = reader.take(rows.div_ceil(8))?;
                let mut present = 0_u16;
                let index = (0..rows)
                    .map(|row| {
                        let set = bits[row / 8] >> (row % 8) & 1 == 1;
                        let position = if set { present } else { NULL };
                        present += u16::from(set);
                        position
                    })
                    .collect();
                (index, usize::from(present))
            }
            _ => return Err(reader.error("the mark for empty cells is neither 0 nor 1")),
        };
        let data = match ty {
            Type::Integer | Type::Date | Type::Timestamp | Type::Boolean => Data::Whole(decode_whole(reader, present)?),
            Type::Text | Type::Json | Type::Choice | Type::Tags | Type::Link | Type::File => {
                decode_text(reader, present)?
            }
            Type::Decimal => Data::Decimal(decode_decimals(reader, present)?),
            Type::Float => Data::Float(
                (0..present)
                    .map(|_| {
                        let number = f64::from_bits(u64::from_le_bytes(reader.array()?));
                        Float::new(number).ok_or_else(|| reader.error("a float is not finite"))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Type::Uuid => {
                Data::Uuid((0..present).map(|_| reader.array().map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { ty, index, data })
    }
}

/// The value of a type that is stored as a whole number.
pub(crate) fn of_whole(ty: Type, number: i64) -> Value {
    match ty {
        Type::Boolean => Value::Boolean(number != 0),
        Type::Date => i32::try_from(number).ok().and_then(Date::from_days).map_or(Value::Null, Value::Date),
        Type::Timestamp => Timestamp::from_micros(number).map_or(Value::Null, Value::Timestamp),
        _ => Value::Integer(number),
    }
}

/// The value of a type that is stored as text. What is stored is canonical; damage would have shown in the hash.
pub(crate) fn of_text(ty: Type, text: &str) -> Value {
    match ty {
        Type::Json => text.parse().map_or(Value::Null, Value::Json),
        Type::Tags => text.parse().map_or(Value::Null, Value::Tags),
        Type::Link => text.parse().map_or(Value::Null, Value::Link),
        Type::File => text.parse().map_or(Value::Null, |file| Value::File(Box::new(file))),
        Type::Choice => Value::Choice(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn slice<'t>(ends: &[u32], text: &'t str, position: usize) -> &'t str {
    let start = if position == 0 { 0 } else { ends[position - 1] as usize };
    &text[start..ends[position] as usize]
}

/// Part of the format: never renumber.
pub(crate) const fn type_code(ty: Type) -> u8 {
    match ty {
        Type::Text => 1,
        Type::Integer => 2,
        Type::Decimal => 3,
        Type::Float => 4,
        Type::Boolean => 5,
        Type::Date => 6,
        Type::Timestamp => 7,
        Type::Uuid => 8,
        Type::Json => 9,
        Type::Choice => 10,
        Type::Tags => 11,
        Type::Link => 12,
        Type::File => 13,
    }
}

/// Whole numbers are stored as distances, from the smallest (0) or from the one before (1), whichever takes less.
fn encode_whole(numbers: &[i64], bytes: &mut Vec<u8>) {
    let smallest = numbers.iter().copied().min().unwrap_or(0);
    let from_smallest = || numbers.iter().map(|number| number.wrapping_sub(smallest) as u64);
    let steps = || {
        let others = numbers.windows(2).map(|pair| zigzag(pair[1].wrapping_sub(pair[0])));
        numbers.first().map(|first| zigzag(*first)).into_iter().chain(others)
    };
    let size = varint_size(zigzag(smallest)) + from_smallest().map(varint_size).sum::<usize>();
    let steps_size = steps().map(varint_size).sum::<usize>();
    bytes.reserve(1 + size.min(steps_size));
    if steps_size < size {
        bytes.push(1);
        steps().for_each(|step| put_varint(bytes, step));
    } else {
        bytes.push(0);
        put_varint(bytes, zigzag(smallest));
        from_smallest().for_each(|distance| put_varint(bytes, distance));
    }
}

pub(crate) fn decode_whole(reader: &mut Reader<'_>, count: usize) -> Result<Vec<i64>, DecodeError> {
    let mut numbers = Vec::with_capacity(count);
    match reader.byte()? {
        0 => {
            let smallest = reader.signed()?;
            reader.varints(count, |distance| numbers.push(smallest.wrapping_add(distance as i64)))?;
        }
        1 => {
            let mut before = 0_i64;
            reader.varints(count, |step| {
                before = before.wrapping_add(unzigzag(step));
                numbers.push(before);
            })?;
        }
        _ => return Err(reader.error("no encoding of whole numbers has this number")),
    }
    Ok(numbers)
}

/// Texts are stored one after the other (0), or once each in order with an index byte per cell (1) where that is less.
fn encode_text(ends: &[u32], text: &str, bytes: &mut Vec<u8>) {
    let cells = || (0..ends.len()).map(|position| slice(ends, text, position));
    let plain = cells().map(|cell| varint_size(cell.len() as u64) + cell.len()).sum::<usize>();
    if let Some((dictionary, places)) = dictionary(cells()) {
        let entries = dictionary.iter().map(|cell| varint_size(cell.len() as u64) + cell.len()).sum::<usize>();
        if varint_size(dictionary.len() as u64) + entries + ends.len() < plain {
            bytes.push(1);
            put_varint(bytes, dictionary.len() as u64);
            dictionary.iter().for_each(|cell| put_varint(bytes, cell.len() as u64));
            dictionary.iter().for_each(|cell| bytes.extend(cell.as_bytes()));
            bytes.extend(places);
            return;
        }
    }
    bytes.push(0);
    cells().for_each(|cell| put_varint(bytes, cell.len() as u64));
    bytes.extend(text.as_bytes());
}

/// The different texts in order, and the place of each cell's text among them; none when there are more than
/// [`DICTIONARY`].
fn dictionary<'t>(cells: impl Iterator<Item = &'t str>) -> Option<(Vec<&'t str>, Vec<u8>)> {
    let mut numbers: HashMap<&str, u8, BuildHasherDefault<TextHasher>> = HashMap::default();
    numbers.reserve(DICTIONARY);
    let mut seen: Vec<(&str, usize)> = Vec::with_capacity(DICTIONARY);
    let mut places = Vec::new();
    for cell in cells {
        let number = match numbers.entry(cell) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let number = *entry.insert(u8::try_from(seen.len()).ok()?);
                seen.push((cell, seen.len()));
                number
            }
        };
        places.push(number);
    }
    seen.sort_unstable();
    let mut order = vec![0_u8; seen.len()];
    for (place, (_, number)) in seen.iter().enumerate() {
        order[*number] = u8::try_from(place).expect("a dictionary has at most 256 entries");
    }
    places.iter_mut().for_each(|place| *place = order[usize::from(*place)]);
    Some((seen.into_iter().map(|(cell, _)| cell).collect(), places))
}

/// A multiplicative hash, eight bytes at a time. Texts that were made to collide cost a search through the texts of one
/// leaf.
#[derive(Default)]
struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            // An odd number without structure: 2⁶⁴ divided by the golden ratio.
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

fn decode_text(reader: &mut Reader<'_>, count: usize) -> Result<Data, DecodeError> {
    match reader.byte()? {
        0 => {
            let (ends, text) = decode_texts(reader, count)?;
            Ok(Data::Text { ends, text: text.to_owned() })
        }
        1 => {
            let entries = reader.count(DICTIONARY)?;
            let (entry_ends, entry_text) = decode_texts(reader, entries)?;
            let mut ends = Vec::with_capacity(count);
            let mut text = String::new();
            for index in reader.take(count)? {
                let index = usize::from(*index);
                if index >= entries {
                    return Err(reader.error("a cell is not in the dictionary"));
                }
                text.push_str(slice(&entry_ends, entry_text, index));
                ends.push(u32::try_from(text.len()).map_err(|_| reader.error("the texts are too long"))?);
            }
            Ok(Data::Text { ends, text })
        }
        _ => Err(reader.error("no encoding of texts has this number")),
    }
}

fn decode_texts<'a>(reader: &mut Reader<'a>, count: usize) -> Result<(Vec<u32>, &'a str), DecodeError> {
    let mut ends = Vec::with_capacity(count);
    let mut end = 0_u32;
    for _ in 0..count {
        let length = u32::try_from(reader.varint()?).ok();
        end = length.and_then(|length| end.checked_add(length)).ok_or_else(|| reader.error("a text is too long"))?;
        ends.push(end);
    }
    let bytes = reader.take(end as usize)?;
    let text = std::str::from_utf8(bytes).map_err(|_| reader.error("a text is not UTF-8"))?;
    if ends.iter().all(|end| text.is_char_boundary(*end as usize)) {
        Ok((ends, text))
    } else {
        Err(reader.error("a text ends within a character"))
    }
}

/// Decimals of one scale are stored as whole numbers (0) when 64 bits hold them, else each with its scale (1).
fn encode_decimals(numbers: &[Decimal], bytes: &mut Vec<u8>) {
    let scale = numbers.iter().map(|number| number.number().scale()).max().unwrap_or(0);
    let whole: Option<Vec<i64>> = numbers
        .iter()
        .map(|number| {
            let number = number.number();
            let factor = 10_i128.checked_pow(scale - number.scale())?;
            i64::try_from(number.mantissa().checked_mul(factor)?).ok()
        })
        .collect();
    if let Some(whole) = whole {
        bytes.push(0);
        put_varint(bytes, u64::from(scale));
        encode_whole(&whole, bytes);
    } else {
        bytes.push(1);
        for number in numbers {
            put_varint(bytes, u64::from(number.number().scale()));
            bytes.extend(number.number().mantissa().to_le_bytes());
        }
    }
}

fn decode_decimals(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Decimal>, DecodeError> {
    let number = |reader: &Reader<'_>, mantissa: i128, scale: u64| {
        u32::try_from(scale)
            .ok()
            .and_then(|scale| Number::try_from_i128_with_scale(mantissa, scale).ok())
            .map(Decimal::new)
            .ok_or_else(|| reader.error("a decimal has too many digits"))
    };
    match reader.byte()? {
        0 => {
            let scale = reader.varint()?;
            let whole = decode_whole(reader, count)?;
            whole.into_iter().map(|mantissa| number(reader, i128::from(mantissa), scale)).collect()
        }
        1 => (0..count)
            .map(|_| {
                let scale = reader.varint()?;
                let mantissa = i128::from_le_bytes(reader.array()?);
                number(reader, mantissa, scale)
            })
            .collect(),
        _ => Err(reader.error("no encoding of decimals has this number")),
    }
}
