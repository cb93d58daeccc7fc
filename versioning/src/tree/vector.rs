//! A leaf's columns as a scan reads them: straight from the canonical bytes, dictionaries and scaled numbers kept as they
//! are stored, one entry a row.
//!
//! [`skim`] checks a column without building anything: what it lets pass, [`Cells::decode`] and [`decode`] read.

use rust_decimal::Decimal as Number;
use uuid::Uuid;

use super::{
    bytes::Reader,
    column::{Cells, DICTIONARY, decode_whole, of_text, of_whole, type_code},
};
use crate::{
    bits::Bits,
    object::DecodeError,
    value::{Decimal, Float, Type, Value},
};

/// The largest scale of a decimal.
const MAX_SCALE: u64 = 28;

/// The cells of a column. Entries of rows without a value are there and mean nothing.
#[derive(Debug)]
pub(crate) struct Vector<'b> {
    /// What the cells hold.
    pub(crate) ty: Type,
    /// The rows that have a value; none: all have.
    pub(crate) present: Option<Bits>,
    /// An entry for each row.
    pub(crate) data: Data<'b>,
}

/// The entries of a [`Vector`].
#[derive(Debug)]
pub(crate) enum Data<'b> {
    /// Integer, date (days), timestamp (µs), boolean (0 or 1).
    Whole(Vec<i64>),
    /// Decimals: number / 10^scale.
    Scaled {
        scale: u32,
        numbers: Vec<i64>,
    },
    Float(Vec<f64>),
    Uuid(Vec<[u8; 16]>),
    /// Types whose values are stored as texts.
    Text(Texts<'b>),
    /// The same: for each row an entry of the dictionary.
    Dictionary {
        entries: Texts<'b>,
        index: Vec<u8>,
    },
    /// Whatever has no faster form.
    Values(Vec<Value>),
}

/// UTF-8 texts one after the other. They compare by code point as their bytes do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Texts<'b> {
    pub(crate) ends: Vec<u32>,
    pub(crate) bytes: &'b [u8],
}

impl<'b> Texts<'b> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn start(&self, position: usize) -> usize {
        if position == 0 { 0 } else { self.ends[position - 1] as usize }
    }

    pub(crate) fn get(&self, position: usize) -> &'b [u8] {
        &self.bytes[self.start(position)..self.ends[position] as usize]
    }
}

impl Vector<'_> {
    /// Whether the row has a value.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|present| present.has(row))
    }

    /// The cell of a row.
    pub(crate) fn value(&self, row: usize) -> Value {
        if !self.has(row) {
            return Value::Null;
        }
        match &self.data {
            Data::Whole(numbers) => of_whole(self.ty, numbers[row]),
            Data::Scaled { scale, numbers } => Number::try_from_i128_with_scale(i128::from(numbers[row]), *scale)
                .map(Decimal::new)
                .map_or(Value::Null, Value::Decimal),
            Data::Float(numbers) => Float::new(numbers[row]).map_or(Value::Null, Value::Float),
            Data::Uuid(uuids) => Value::Uuid(Uuid::from_bytes(uuids[row])),
            Data::Text(texts) => self.text(texts.get(row)),
            Data::Dictionary { entries, index } => self.text(entries.get(usize::from(index[row]))),
            Data::Values(values) => values[row].clone(),
        }
    }

    fn text(&self, bytes: &[u8]) -> Value {
        of_text(self.ty, &String::from_utf8_lossy(bytes))
    }
}

/// How a type's cells are stored.
enum Layout {
    Whole,
    Text,
    Decimal,
    Float,
    Uuid,
}

const fn layout(ty: Type) -> Layout {
    match ty {
        Type::Integer | Type::Date | Type::Timestamp | Type::Boolean => Layout::Whole,
        Type::Text | Type::Json | Type::Choice | Type::Tags | Type::Link | Type::File => Layout::Text,
        Type::Decimal => Layout::Decimal,
        Type::Float => Layout::Float,
        Type::Uuid => Layout::Uuid,
    }
}

/// A column as [`skim`] leaves it.
pub(crate) struct Skimmed {
    pub(crate) ty: Type,
    /// The bytes that its [`Cells`] take in memory.
    pub(crate) weight: usize,
    /// The cells, where checking took decoding.
    pub(crate) cells: Option<Cells>,
}

/// Passes what [`Cells::encode`] wrote for this many rows, and refuses all that [`Cells::decode`] refuses.
pub(crate) fn skim(reader: &mut Reader<'_>, rows: usize) -> Result<Skimmed, DecodeError> {
    let mut whole = reader.clone();
    let header = Header::read(reader, rows)?;
    let data = match layout(header.ty) {
        Layout::Whole => skim_whole(reader, header.present).map(|()| header.present * 8),
        Layout::Text => skim_text(reader, header.present),
        Layout::Float => {
            for _ in 0..header.present {
                if !f64::from_bits(u64::from_le_bytes(reader.array()?)).is_finite() {
                    return Err(reader.error("a float is not finite"));
                }
            }
            Ok(header.present * 8)
        }
        Layout::Uuid => reader.take(header.present * 16).map(|bytes| bytes.len()),
        Layout::Decimal => match reader.byte()? {
            0 if reader.varint()? <= MAX_SCALE => skim_whole(reader, header.present).map(|()| header.present * 16),
            0 => return Err(reader.error("a decimal has too many digits")),
            _ => {
                let cells = Cells::decode(&mut whole, rows)?;
                *reader = whole;
                return Ok(Skimmed { ty: header.ty, weight: cells.weight(), cells: Some(cells) });
            }
        },
    };
    let nulls = if header.nulls.is_some() { rows * 2 } else { 0 };
    Ok(Skimmed { ty: header.ty, weight: data? + nulls, cells: None })
}

/// Reads the bytes that [`skim`] has passed.
pub(crate) fn decode<'b>(reader: &mut Reader<'b>, rows: usize) -> Result<Vector<'b>, DecodeError> {
    let mut whole = reader.clone();
    let header = Header::read(reader, rows)?;
    let present = header.nulls.map(|bytes| Bits::from_bytes(bytes, rows));
    let data = match layout(header.ty) {
        Layout::Whole => Data::Whole(decode_whole(reader, header.present)?),
        Layout::Text => decode_text(reader, header.present)?,
        Layout::Float => {
            let mut numbers = Vec::with_capacity(header.present);
            for _ in 0..header.present {
                // As in `Float::new`, there is one zero.
                numbers.push(f64::from_bits(u64::from_le_bytes(reader.array()?)) + 0.0);
            }
            Data::Float(numbers)
        }
        Layout::Uuid => Data::Uuid(reader.take(header.present * 16)?.as_chunks().0.to_vec()),
        Layout::Decimal if reader.byte()? == 0 => {
            let scale = u32::try_from(reader.varint()?).map_err(|_| reader.error("a decimal has too many digits"))?;
            Data::Scaled { scale, numbers: decode_whole(reader, header.present)? }
        }
        Layout::Decimal => {
            let cells = Cells::decode(&mut whole, rows)?;
            let data = Data::Values((0..rows).map(|row| cells.value(row)).collect());
            return Ok(Vector { ty: header.ty, present, data });
        }
    };
    let data = match &present {
        Some(present) => data.spread(present),
        None => data,
    };
    Ok(Vector { ty: header.ty, present, data })
}

impl Data<'_> {
    /// From an entry for each value to an entry for each row.
    fn spread(self, present: &Bits) -> Self {
        fn spread<T: Copy>(values: &[T], present: &Bits, nothing: T) -> Vec<T> {
            let mut cells = vec![nothing; present.len()];
            present.iter().zip(values).for_each(|(row, value)| cells[row] = *value);
            cells
        }
        match self {
            Self::Whole(numbers) => Self::Whole(spread(&numbers, present, 0)),
            Self::Scaled { scale, numbers } => Self::Scaled { scale, numbers: spread(&numbers, present, 0) },
            Self::Float(numbers) => Self::Float(spread(&numbers, present, 0.0)),
            Self::Uuid(uuids) => Self::Uuid(spread(&uuids, present, [0; 16])),
            Self::Dictionary { entries, index } => Self::Dictionary { entries, index: spread(&index, present, 0) },
            Self::Text(texts) => {
                let mut ends = Vec::with_capacity(present.len());
                let mut values = texts.ends.iter();
                let mut end = 0;
                for row in 0..present.len() {
                    if present.has(row) {
                        end = values.next().copied().unwrap_or(end);
                    }
                    ends.push(end);
                }
                Self::Text(Texts { ends, bytes: texts.bytes })
            }
            Self::Values(values) => Self::Values(values),
        }
    }
}

/// What stands before a column's values.
struct Header<'b> {
    ty: Type,
    /// A bit for each row, set where it has a value; none when all have.
    nulls: Option<&'b [u8]>,
    /// The number of values.
    present: usize,
}

impl<'b> Header<'b> {
    fn read(reader: &mut Reader<'b>, rows: usize) -> Result<Self, DecodeError> {
        let code = reader.byte()?;
        let ty = Type::ALL.into_iter().find(|ty| type_code(*ty) == code);
        let ty = ty.ok_or_else(|| reader.error("no type has this number"))?;
        match reader.byte()? {
            0 => Ok(Self { ty, nulls: None, present: rows }),
            1 => {
                let nulls = reader.take(rows.div_ceil(8))?;
                Ok(Self { ty, nulls: Some(nulls), present: Bits::from_bytes(nulls, rows).count() })
            }
            _ => Err(reader.error("the mark for empty cells is neither 0 nor 1")),
        }
    }
}

fn skim_whole(reader: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
    match reader.byte()? {
        0 => reader.skip_varints(count + 1),
        1 => reader.skip_varints(count),
        _ => Err(reader.error("no encoding of whole numbers has this number")),
    }
}

/// Returns the bytes that the texts take in memory.
fn skim_text(reader: &mut Reader<'_>, count: usize) -> Result<usize, DecodeError> {
    match reader.byte()? {
        0 => skim_texts(reader, count).map(|bytes| bytes + count * 4),
        1 => {
            let entries = reader.count(DICTIONARY)?;
            let texts = decode_texts(&mut reader.clone(), entries)?;
            skim_texts(reader, entries)?;
            let mut size = 0_u64;
            for index in reader.take(count)? {
                let index = usize::from(*index);
                if index >= entries {
                    return Err(reader.error("a cell is not in the dictionary"));
                }
                size += texts.get(index).len() as u64;
            }
            let size = u32::try_from(size).map_err(|_| reader.error("the texts are too long"))?;
            Ok(size as usize + count * 4)
        }
        _ => Err(reader.error("no encoding of texts has this number")),
    }
}

/// Returns the size of the texts.
fn skim_texts(reader: &mut Reader<'_>, count: usize) -> Result<usize, DecodeError> {
    let mut start = reader.clone();
    let mut size = 0_u64;
    reader.varints(count, |length| size = size.saturating_add(length))?;
    let size = u32::try_from(size).map_err(|_| reader.error("a text is too long"))? as usize;
    let bytes = reader.take(size)?;
    if bytes.is_ascii() {
        return Ok(size);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| reader.error("a text is not UTF-8"))?;
    let texts = decode_texts(&mut start, count)?;
    if texts.ends.iter().all(|end| text.is_char_boundary(*end as usize)) {
        Ok(size)
    } else {
        Err(reader.error("a text ends within a character"))
    }
}

fn decode_text<'b>(reader: &mut Reader<'b>, count: usize) -> Result<Data<'b>, DecodeError> {
    match reader.byte()? {
        0 => Ok(Data::Text(decode_texts(reader, count)?)),
        1 => {
            let entries = reader.count(DICTIONARY)?;
            let entries = decode_texts(reader, entries)?;
            let index = reader.take(count)?;
            if index.iter().any(|index| usize::from(*index) >= entries.len()) {
                return Err(reader.error("a cell is not in the dictionary"));
            }
            // No row has a value: an entry that the entries of such rows can name.
            if entries.len() == 0 {
                return Ok(Data::Text(entries));
            }
            Ok(Data::Dictionary { entries, index: index.to_vec() })
        }
        _ => Err(reader.error("no encoding of texts has this number")),
    }
}

fn decode_texts<'b>(reader: &mut Reader<'b>, count: usize) -> Result<Texts<'b>, DecodeError> {
    let mut ends = Vec::with_capacity(count);
    let mut end = 0_u64;
    reader.varints(count, |length| {
        end = end.saturating_add(length);
        ends.push(end as u32);
    })?;
    let end = u32::try_from(end).map_err(|_| reader.error("a text is too long"))?;
    Ok(Texts { ends, bytes: reader.take(end as usize)? })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any value of a type, null among them.
    pub(in crate::tree) fn values(ty: Type) -> BoxedStrategy<Value> {
        let text = match ty {
            Type::Text => "[a-c]{0,3}|[a-zæøåπ]{1,6}",
            Type::Integer => "-?[0-9]{1,2}|-?[1-8][0-9]{1,17}",
            Type::Decimal => "-?[0-9]{1,3}\\.[0-9]{1,2}|-?[1-9][0-9]{1,14}\\.[0-9]{1,12}",
            Type::Float => "-?[0-9]{1,3}\\.[0-9]{1,2}e-?[1-9]",
            Type::Boolean => "true|false",
            Type::Date => "20[0-9][0-9]-0[1-9]-[12][0-8]",
            Type::Timestamp => "20[0-9][0-9]-0[1-9]-[12][0-8]T[01][0-9]:[0-5][0-9]:00Z",
            Type::Uuid => "[0-9a-f]{32}",
            Type::Json => "\\[[1-9]{1,3}\\]|\"[a-zæ]{0,3}\"",
            Type::Choice => "[a-cæ]{1,2}",
            Type::Tags => "[a-cæ]{1,2}(,[a-c]{1,2}){0,2}",
            Type::Link => "[a-c]{1,2}|[1-9][0-9]{0,3},[a-zæ]{1,3}",
            Type::File => "[0-9a-f]{64} [1-9][0-9]{0,3} text/[a-c]{1,2} [a-cæ]{1,3}",
        };
        let value = text.prop_map(move |text: String| ty.parse(&text).expect("the pattern makes values"));
        prop_oneof![6 => value, 1 => Just(Value::Null)].boxed()
    }

    fn column() -> impl Strategy<Value = (Type, Vec<Value>)> {
        proptest::sample::select(Type::ALL.to_vec())
            .prop_flat_map(|ty| (Just(ty), proptest::collection::vec(values(ty), 1..40)))
    }

    fn encode(ty: Type, values: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Cells::collect(ty, &mut values.iter()).encode(&mut bytes);
        bytes
    }

    fn check(bytes: &[u8], rows: usize) {
        let mut reader = Reader::new("leaf", bytes);
        let skimmed = skim(&mut reader, rows);
        let mut eager = Reader::new("leaf", bytes);
        let cells = Cells::decode(&mut eager, rows);
        let Ok(skimmed) = skimmed else { return };
        let cells = cells.expect("what is skimmed can be decoded");
        assert_eq!(reader.offset(), eager.offset());
        assert!(skimmed.weight >= cells.weight());
        let vector = decode(&mut Reader::new("leaf", bytes), rows).expect("what is skimmed can be read");
        for row in 0..rows {
            // Damaged days and moments are null to a reader of rows.
            let value = cells.value(row);
            if !(value.is_null() && matches!(vector.ty, Type::Date | Type::Timestamp | Type::Json)) {
                assert_eq!(vector.value(row), value);
            }
        }
    }

    proptest! {
        #[test]
        fn a_vector_has_the_cells_of_its_column((ty, values) in column()) {
            let bytes = encode(ty, &values);
            let mut reader = Reader::new("leaf", &bytes);
            skim(&mut reader, values.len()).expect("what is encoded can be skimmed");
            reader.finish().expect("all was passed");
            let vector = decode(&mut Reader::new("leaf", &bytes), values.len()).expect("it can be read");
            prop_assert_eq!((0..values.len()).map(|row| vector.value(row)).collect::<Vec<_>>(), values);
        }

        #[test]
        fn damage_is_an_error_or_readable(
            (ty, values) in column(),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
            cut in proptest::option::of(any::<proptest::sample::Index>()),
            rows in 0_usize..50,
        ) {
            let mut bytes = encode(ty, &values);
            for (index, byte) in damage {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            check(&bytes, values.len());
            check(&bytes, rows);
        }

        #[test]
        fn varints_are_passed_as_they_are_read(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x80_u8..], 0..80), count in 0_usize..30,
        ) {
            let mut one = Reader::new("test", &bytes);
            let single: Result<Vec<u64>, _> = (0..count).map(|_| one.varint()).collect();
            let mut many = Reader::new("test", &bytes);
            let mut numbers = Vec::new();
            let read = many.varints(count, |number| numbers.push(number));
            let mut passed = Reader::new("test", &bytes);
            let skipped = passed.skip_varints(count);
            prop_assert_eq!(single.is_ok(), read.is_ok());
            prop_assert_eq!(single.is_ok(), skipped.is_ok());
            if let Ok(single) = single {
                prop_assert_eq!(single, numbers);
                prop_assert_eq!(one.offset(), many.offset());
                prop_assert_eq!(one.offset(), passed.offset());
            }
        }
    }
}
