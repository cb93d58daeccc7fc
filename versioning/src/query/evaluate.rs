//! Which rows of a leaf satisfy a predicate, column by column.

use std::{borrow::Cow, cell::OnceCell, collections::BTreeSet, ops::Bound};

use rust_decimal::Decimal as Number;

use super::bind::{Matching, Part, Predicate, Test};
use crate::{
    Row, Schema,
    bits::Bits,
    tree::{
        Leaf,
        vector::{Data, Texts, Vector},
    },
    value::{Type, Value},
};

/// The columns of a leaf, each read when it is first asked for.
pub(super) struct Columns<'l> {
    pub(super) leaf: &'l Leaf,
    pub(super) schema: &'l Schema,
    columns: Vec<OnceCell<Column<'l>>>,
}

/// A column of a leaf.
pub(super) enum Column<'l> {
    /// Its cells.
    Vector(Vector<'l>),
    /// The leaf does not have the column: every cell is this value.
    Constant(&'l Value),
}

impl Column<'_> {
    pub(super) fn value(&self, row: usize) -> Value {
        match self {
            Self::Vector(vector) => vector.value(row),
            Self::Constant(value) => (*value).clone(),
        }
    }
}

impl<'l> Columns<'l> {
    pub(super) fn new(leaf: &'l Leaf, schema: &'l Schema) -> Self {
        Self { leaf, schema, columns: schema.columns.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The column at this place of the schema.
    pub(super) fn get(&self, position: usize) -> &Column<'l> {
        self.columns[position].get_or_init(|| {
            let column = &self.schema.columns[position];
            self.leaf.vector(column.id).map_or(Column::Constant(&column.fill), Column::Vector)
        })
    }
}

/// Each character's lower case.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}

impl Predicate {
    /// Whether a row of the schema satisfies the predicate.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.root.matches(row)
    }

    /// Whether a row satisfies the predicate whose cells are given by their places in the schema.
    pub(crate) fn matches_cells(&self, cell: &dyn Fn(usize) -> Value) -> bool {
        self.root.matches_cells(cell)
    }

    /// The places in the schema of the columns that it asks for.
    pub(crate) fn positions(&self) -> BTreeSet<usize> {
        let mut positions = BTreeSet::new();
        self.root.collect_positions(&mut positions);
        positions
    }

    pub(super) fn evaluate(&self, columns: &Columns<'_>) -> Bits {
        self.root.evaluate(columns)
    }
}

impl Part {
    fn matches(&self, row: &Row) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::All(parts) => parts.iter().all(|part| part.matches(row)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(row)),
            Self::Not(part) => !part.matches(row),
            Self::Test { position, test, .. } => row.get(*position).is_some_and(|value| test.matches(value)),
        }
    }

    fn matches_cells(&self, cell: &dyn Fn(usize) -> Value) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::All(parts) => parts.iter().all(|part| part.matches_cells(cell)),
            Self::Any(parts) => parts.iter().any(|part| part.matches_cells(cell)),
            Self::Not(part) => !part.matches_cells(cell),
            Self::Test { position, test, .. } => test.matches(&cell(*position)),
        }
    }

    fn collect_positions(&self, positions: &mut BTreeSet<usize>) {
        match self {
            Self::Constant(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_positions(positions)),
            Self::Not(part) => part.collect_positions(positions),
            Self::Test { position, .. } => drop(positions.insert(*position)),
        }
    }

    fn evaluate(&self, columns: &Columns<'_>) -> Bits {
        let rows = columns.leaf.len();
        match self {
            Self::Constant(value) => Bits::constant(rows, *value),
            Self::Not(part) => part.evaluate(columns).complement(),
            Self::All(parts) => parts.iter().fold(Bits::all(rows), |bits, part| {
                if bits.is_empty() { bits } else { bits.and(&part.evaluate(columns)) }
            }),
            Self::Any(parts) => parts.iter().fold(Bits::none(rows), |bits, part| bits.or(&part.evaluate(columns))),
            Self::Test { position, test, .. } => test.evaluate(columns.get(*position), rows),
        }
    }
}

impl Test {
    pub(super) fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, value) => value.is_null(),
            (_, Value::Null) => false,
            (Self::Range(low, high), value) => {
                (match low {
                    Bound::Unbounded => true,
                    Bound::Included(low) => value.cmp(low).is_ge(),
                    Bound::Excluded(low) => value.cmp(low).is_gt(),
                }) && match high {
                    Bound::Unbounded => true,
                    Bound::Included(high) => value.cmp(high).is_le(),
                    Bound::Excluded(high) => value.cmp(high).is_lt(),
                }
            }
            (Self::In(values), value) => values.binary_search(value).is_ok(),
            (Self::Text { matching, fold: folds }, value) => {
                let text = text(value);
                let text = if *folds { Cow::Owned(fold(&text)) } else { text };
                let view = value.ty().map_or(View::Whole, View::of);
                view.any(text.as_bytes(), |text| matching.matches(text))
            }
        }
    }

    pub(super) fn evaluate(&self, column: &Column<'_>, rows: usize) -> Bits {
        let vector = match column {
            Column::Constant(value) => return Bits::constant(rows, self.matches(value)),
            Column::Vector(vector) => vector,
        };
        let values = match (self, &vector.data) {
            (Self::Null, _) => {
                return vector.present.clone().map_or_else(|| Bits::none(rows), Bits::complement);
            }
            (_, Data::Values(values)) => Bits::of(values, |value| self.matches(value)),
            (Self::Text { matching, fold }, Data::Text(texts)) => matching.evaluate(View::of(vector.ty), *fold, texts),
            (_, Data::Text(texts)) => self.of_texts(texts),
            (_, Data::Dictionary { entries, index }) => {
                let known = match self {
                    Self::Text { matching, fold } => matching.evaluate(View::of(vector.ty), *fold, entries),
                    _ => self.of_texts(entries),
                };
                match known.count() {
                    0 => Bits::none(rows),
                    all if all == known.len() => Bits::all(rows),
                    _ => Bits::of(index, |entry| known.has(usize::from(*entry))),
                }
            }
            (Self::Range(low, high), Data::Float(numbers)) => {
                let (low, high) = (low.as_ref().map(float), high.as_ref().map(float));
                Bits::of(numbers, |number| within(&low, &high, number))
            }
            (Self::In(values), Data::Float(numbers)) => {
                Bits::of(numbers, |number| values.iter().any(|value| float(value) == *number))
            }
            (Self::Range(low, high), Data::Uuid(uuids)) => {
                let (low, high) = (low.as_ref().map(uuid), high.as_ref().map(uuid));
                Bits::of(uuids, |bytes| within(&low, &high, bytes))
            }
            (Self::In(values), Data::Uuid(uuids)) => {
                let known: Vec<[u8; 16]> = values.iter().map(uuid).collect();
                Bits::of(uuids, |bytes| known.binary_search(bytes).is_ok())
            }
            (Self::Range(low, high), Data::Whole(numbers)) => {
                in_range(numbers, low, high, |value| (whole(value), true))
            }
            (Self::In(values), Data::Whole(numbers)) => in_set(numbers, values.iter().map(whole).collect()),
            (Self::Range(low, high), Data::Scaled { scale, numbers }) => {
                in_range(numbers, low, high, |value| scaled(value, *scale))
            }
            (Self::In(values), Data::Scaled { scale, numbers }) => {
                let exact = |value| Some(scaled(value, *scale)).filter(|(_, is_exact)| *is_exact);
                in_set(numbers, values.iter().filter_map(exact).map(|(number, _)| number).collect())
            }
            (Self::Text { .. }, _) => Bits::none(rows),
        };
        match &vector.present {
            Some(present) => values.and(present),
            None => values,
        }
    }

    /// The texts that are in the range or the set.
    fn of_texts(&self, texts: &Texts<'_>) -> Bits {
        match self {
            Self::Range(low, high) => {
                let (low, high) = (low.as_ref().map(text), high.as_ref().map(text));
                let (low, high) = (low.as_ref().map(|text| text.as_bytes()), high.as_ref().map(|text| text.as_bytes()));
                of_texts(texts, |text| within(&low, &high, &text))
            }
            Self::In(values) => {
                let known: Vec<Cow<'_, str>> = values.iter().map(text).collect();
                of_texts(texts, |text| known.binary_search_by(|known| known.as_bytes().cmp(text)).is_ok())
            }
            Self::Null | Self::Text { .. } => Bits::none(texts.len()),
        }
    }
}

fn within<T: PartialOrd>(low: &Bound<T>, high: &Bound<T>, value: &T) -> bool {
    (match low {
        Bound::Unbounded => true,
        Bound::Included(low) => value >= low,
        Bound::Excluded(low) => value > low,
    }) && match high {
        Bound::Unbounded => true,
        Bound::Included(high) => value <= high,
        Bound::Excluded(high) => value < high,
    }
}

fn of_texts<'b>(texts: &Texts<'b>, test: impl Fn(&'b [u8]) -> bool) -> Bits {
    let mut bits = Bits::none(texts.len());
    (0..texts.len()).filter(|row| test(texts.get(*row))).for_each(|row| bits.insert(row));
    bits
}

/// The numbers in a range whose ends `at` gives as whole numbers: the largest not above, and whether it is the end itself.
fn in_range(numbers: &[i64], low: &Bound<Value>, high: &Bound<Value>, at: impl Fn(&Value) -> (i128, bool)) -> Bits {
    let low = match low {
        Bound::Unbounded => i128::MIN,
        Bound::Included(value) => {
            let (number, is_exact) = at(value);
            number.saturating_add(i128::from(!is_exact))
        }
        Bound::Excluded(value) => at(value).0.saturating_add(1),
    };
    let high = match high {
        Bound::Unbounded => i128::MAX,
        Bound::Included(value) => at(value).0,
        Bound::Excluded(value) => {
            let (number, is_exact) = at(value);
            number.saturating_sub(i128::from(is_exact))
        }
    };
    let (min, max) = (i128::from(i64::MIN), i128::from(i64::MAX));
    if low > high || low > max || high < min {
        return Bits::none(numbers.len());
    }
    let (low, high) = (low.clamp(min, max) as i64, high.clamp(min, max) as i64);
    Bits::of(numbers, |number| low <= *number && *number <= high)
}

fn in_set(numbers: &[i64], mut known: Vec<i128>) -> Bits {
    known.sort_unstable();
    match known[..] {
        [] => Bits::none(numbers.len()),
        [one] => Bits::of(numbers, |number| i128::from(*number) == one),
        _ => Bits::of(numbers, |number| known.binary_search(&i128::from(*number)).is_ok()),
    }
}

/// A value as its column stores it, for types that are stored as texts. They order as their texts do.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) | Value::Choice(text) => Cow::Borrowed(text),
        Value::Json(json) => Cow::Borrowed(json.as_str()),
        Value::Link(link) => Cow::Borrowed(link.as_str()),
        other => Cow::Owned(other.to_string()),
    }
}

/// A value as its column stores it.
fn whole(value: &Value) -> i128 {
    match value {
        Value::Integer(number) => i128::from(*number),
        Value::Timestamp(timestamp) => i128::from(timestamp.micros()),
        Value::Date(date) => i128::from(date.days()),
        Value::Boolean(value) => i128::from(*value),
        _ => 0,
    }
}

/// value × 10^scale, rounded down, and whether it is exact. Saturates beyond what 64 bits hold.
fn scaled(value: &Value, scale: u32) -> (i128, bool) {
    let Value::Decimal(number) = value else { return (0, false) };
    let number: Number = number.number();
    let mantissa = number.mantissa();
    let power = |exponent| 10_i128.pow(exponent);
    if number.scale() <= scale {
        // A decimal's scale is at most 28, and 10^28 fits.
        let beyond = if mantissa < 0 { i128::MIN } else { i128::MAX };
        return (mantissa.checked_mul(power(scale - number.scale())).unwrap_or(beyond), true);
    }
    let divisor = power(number.scale() - scale);
    (mantissa.div_euclid(divisor), mantissa.rem_euclid(divisor) == 0)
}

fn float(value: &Value) -> f64 {
    if let Value::Float(number) = value { number.number() } else { f64::NAN }
}

fn uuid(value: &Value) -> [u8; 16] {
    if let Value::Uuid(uuid) = value { uuid.into_bytes() } else { [0; 16] }
}

/// What of a stored text a condition on text looks at.
#[derive(Clone, Copy)]
enum View {
    Whole,
    /// The name of a file, which comes last, behind three spaces.
    Name,
    /// Each tag, between commas that no `\\` goes before. Tags are looked for as they are stored.
    Tags,
}

impl View {
    const fn of(ty: Type) -> Self {
        match ty {
            Type::File => Self::Name,
            Type::Tags => Self::Tags,
            _ => Self::Whole,
        }
    }

    /// Whether what it looks at, or any of it, passes the test.
    fn any(self, text: &[u8], test: impl Fn(&[u8]) -> bool) -> bool {
        match self {
            Self::Whole => test(text),
            Self::Name => text.splitn(4, |byte| *byte == b' ').nth(3).is_some_and(test),
            Self::Tags => {
                let mut is_escaped = false;
                let mut tags = text.split(|byte| {
                    let ends = *byte == b',' && !is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    ends
                });
                tags.any(test)
            }
        }
    }
}

impl Matching {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Equals(known) => known.binary_search_by(|known| known.as_slice().cmp(text)).is_ok(),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::StartsWith(start) => text.starts_with(start),
            Self::EndsWith(end) => text.ends_with(end),
        }
    }

    fn evaluate(&self, view: View, fold_case: bool, texts: &Texts<'_>) -> Bits {
        if !fold_case {
            return self.of_texts(view, texts);
        }
        if texts.bytes.is_ascii() {
            let bytes = texts.bytes.to_ascii_lowercase();
            return self.of_texts(view, &Texts { ends: texts.ends.clone(), bytes: &bytes });
        }
        let mut bytes = Vec::with_capacity(texts.bytes.len());
        let mut ends = Vec::with_capacity(texts.len());
        for row in 0..texts.len() {
            bytes.extend(fold(&String::from_utf8_lossy(texts.get(row))).as_bytes());
            // A lower-case mapping takes at most three times the bytes, and a leaf's texts are far from 1 GiB.
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        self.of_texts(view, &Texts { ends, bytes: &bytes })
    }

    fn of_texts(&self, view: View, texts: &Texts<'_>) -> Bits {
        match (self, view) {
            (Self::Contains(finder), View::Whole) if !finder.needle().is_empty() => find(finder, texts),
            (_, View::Whole) => of_texts(texts, |text| self.matches(text)),
            (_, View::Name | View::Tags) => of_texts(texts, |text| view.any(text, |text| self.matches(text))),
        }
    }
}

/// Searches all texts at once; a match across the end of one is none.
fn find(finder: &memchr::memmem::Finder<'_>, texts: &Texts<'_>) -> Bits {
    let mut bits = Bits::none(texts.len());
    let (mut at, mut row) = (0, 0);
    while let Some(found) = finder.find(&texts.bytes[at..]) {
        let start = at + found;
        row += texts.ends[row..].partition_point(|end| *end as usize <= start);
        let Some(end) = texts.ends.get(row).map(|end| *end as usize) else { break };
        if start + finder.needle().len() <= end {
            bits.insert(row);
            at = end;
        } else {
            at = start + 1;
        }
    }
    bits
}
