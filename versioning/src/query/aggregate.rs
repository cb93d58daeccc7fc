//! Counts, sums, averages and extremes, group by group.

use std::{cmp::Ordering, collections::HashMap, ops::ControlFlow};

use rust_decimal::Decimal as Number;

use super::{
    bind::Predicate,
    evaluate::{Column, Columns},
    range::KeyRange,
    table::{ScanError, Table, Walk},
};
use crate::{
    ColumnId,
    tree::vector::{Data, Vector},
    value::{Decimal, Float, Type, Value},
};

/// The most groups that can be asked for.
pub const MAX_GROUPS: usize = 100_000;

/// What is asked of the rows of a group. Nulls take no part but in the count of rows; of no values there is no sum,
/// average, smallest or largest: it is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The number of rows: an integer.
    Count,
    /// The number of cells that are not null: an integer.
    Present(ColumnId),
    /// The sum. Exact for integers (an integer, or a decimal where 64 bits do not hold it) and decimals; for floats
    /// compensated, so that its last digits may depend on how the table was divided.
    ///
    /// Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, Zeitschrift für
    /// Angewandte Mathematik und Mechanik 54 (1974), pages 39 to 51.
    Sum(ColumnId),
    /// The sum divided by the number of values: for integers and decimals a decimal of 28 digits, for floats a float.
    Average(ColumnId),
    /// The smallest value.
    Minimum(ColumnId),
    /// The largest value.
    Maximum(ColumnId),
}

impl Aggregate {
    const fn name(self) -> &'static str {
        match self {
            Self::Count | Self::Present(_) => "count",
            Self::Sum(_) => "sum",
            Self::Average(_) => "average",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
        }
    }
}

/// A group and what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The values of the columns grouped by.
    pub key: Vec<Value>,
    /// A value for each aggregate.
    pub values: Vec<Value>,
}

/// The groups within a range of keys: a partial answer, to be merged with those about other ranges of the same table,
/// columns and aggregates.
#[derive(Clone, Debug)]
pub struct Groups {
    limit: usize,
    by: Vec<Interner>,
    /// For each column but the first: from the group of the columns before it and the value's number to the group.
    joins: Vec<HashMap<(u32, u32), u32>>,
    /// For each group, the numbers of its values.
    keys: Vec<Vec<u32>>,
    sums: Vec<Summary>,
}

/// The different values of a column, numbered.
#[derive(Clone, Debug, Default)]
struct Interner {
    numbers: HashMap<Value, u32>,
    values: Vec<Value>,
}

impl Interner {
    fn number(&mut self, value: Value, limit: usize) -> Result<u32, ScanError> {
        let next = self.values.len();
        match self.numbers.get(&value) {
            Some(number) => Ok(*number),
            // Each value of a column is in a group of its own.
            None if next >= limit => Err(ScanError::TooManyGroups { limit }),
            None => {
                let number = u32::try_from(next).map_err(|_| ScanError::TooManyGroups { limit })?;
                self.values.push(value.clone());
                self.numbers.insert(value, number);
                Ok(number)
            }
        }
    }

    /// The number of each row's value.
    fn rows(&mut self, column: &Column<'_>, rows: &[usize], limit: usize) -> Result<Vec<u32>, ScanError> {
        match column {
            Column::Constant(value) if !rows.is_empty() => Ok(vec![self.number((*value).clone(), limit)?; rows.len()]),
            Column::Vector(Vector { data: Data::Dictionary { index, .. }, present: None, .. }) => {
                let mut known: Vec<Option<u32>> = vec![None; 256];
                rows.iter()
                    .map(|row| {
                        let slot = &mut known[usize::from(index[*row])];
                        match slot {
                            Some(number) => Ok(*number),
                            None => Ok(*slot.insert(self.number(column.value(*row), limit)?)),
                        }
                    })
                    .collect()
            }
            _ => rows.iter().map(|row| self.number(column.value(*row), limit)).collect(),
        }
    }
}

/// One aggregate of all groups, by their numbers.
#[derive(Clone, Debug)]
struct Summary {
    aggregate: Aggregate,
    /// The column's place in the schema and its name; none for the count of rows.
    column: Option<(usize, String)>,
    states: States,
}

#[derive(Clone, Debug)]
enum States {
    Count(Vec<u64>),
    Integer(Vec<(i128, u64)>),
    Decimal(Vec<DecimalSum>),
    Float(Vec<FloatSum>),
    /// The value that is this way from the others.
    Extreme(Ordering, Vec<Option<Value>>),
}

/// An exact sum: numbers of one scale are added as whole numbers.
#[derive(Clone, Debug, Default)]
struct DecimalSum {
    count: u64,
    scale: u32,
    sum: i128,
    /// The sums at other scales.
    others: Vec<(u32, i128)>,
    /// 128 bits did not hold the sum at one scale.
    overflown: bool,
}

impl DecimalSum {
    fn add(&mut self, scale: u32, number: i128, count: u64) {
        if self.count == 0 {
            self.scale = scale;
        }
        self.count += count;
        let sum = if scale == self.scale {
            &mut self.sum
        } else {
            let found = self.others.iter().position(|(known, _)| *known == scale).unwrap_or_else(|| {
                self.others.push((scale, 0));
                self.others.len() - 1
            });
            &mut self.others[found].1
        };
        match sum.checked_add(number) {
            Some(new) => *sum = new,
            None => self.overflown = true,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.add(other.scale, other.sum, other.count);
        other.others.iter().for_each(|(scale, sum)| self.add(*scale, *sum, 0));
        self.overflown |= other.overflown;
    }

    /// None where it has more digits than a decimal.
    fn total(&self) -> Option<Number> {
        let sums = || std::iter::once((self.scale, self.sum)).chain(self.others.iter().copied());
        // Zeros at the end need no place.
        let trimmed = |(mut scale, mut sum): (u32, i128)| {
            while scale > 0 && sum % 10 == 0 {
                scale -= 1;
                sum /= 10;
            }
            (scale, sum)
        };
        let scale = sums().map(|sum| trimmed(sum).0).max()?;
        let total = sums().map(trimmed).try_fold(0_i128, |total, (own, sum)| {
            total.checked_add(sum.checked_mul(10_i128.checked_pow(scale - own)?)?)
        })?;
        let (scale, total) = trimmed((scale, total));
        Number::try_from_i128_with_scale(total, scale).ok().filter(|_| !self.overflown)
    }
}

/// Neumaier's sum.
#[derive(Clone, Copy, Debug, Default)]
struct FloatSum {
    count: u64,
    sum: f64,
    /// What rounding has lost.
    lost: f64,
}

impl FloatSum {
    fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += if self.sum.abs() >= number.abs() { (self.sum - sum) + number } else { (number - sum) + self.sum };
        self.sum = sum;
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.add(other.sum);
        self.lost += other.lost;
    }

    fn total(self) -> Option<f64> {
        Some(self.sum + self.lost).filter(|total| total.is_finite())
    }
}

impl Summary {
    fn new(aggregate: Aggregate, table: &Table<'_>) -> Result<Self, ScanError> {
        let id = match aggregate {
            Aggregate::Count => return Ok(Self { aggregate, column: None, states: States::Count(Vec::new()) }),
            Aggregate::Present(id)
            | Aggregate::Sum(id)
            | Aggregate::Average(id)
            | Aggregate::Minimum(id)
            | Aggregate::Maximum(id) => id,
        };
        let position = table.position(id)?;
        let column = &table.schema.columns[position];
        let states = match (aggregate, column.ty) {
            (Aggregate::Count | Aggregate::Present(_), _) => States::Count(Vec::new()),
            (Aggregate::Sum(_) | Aggregate::Average(_), Type::Integer) => States::Integer(Vec::new()),
            (Aggregate::Sum(_) | Aggregate::Average(_), Type::Decimal) => States::Decimal(Vec::new()),
            (Aggregate::Sum(_) | Aggregate::Average(_), Type::Float) => States::Float(Vec::new()),
            (Aggregate::Minimum(_), ty) if ty.is_ordered() => States::Extreme(Ordering::Less, Vec::new()),
            (Aggregate::Maximum(_), ty) if ty.is_ordered() => States::Extreme(Ordering::Greater, Vec::new()),
            (_, ty) => {
                return Err(ScanError::Aggregate { aggregate: aggregate.name(), column: column.name.clone(), ty });
            }
        };
        Ok(Self { aggregate, column: Some((position, column.name.clone())), states })
    }

    fn resize(&mut self, groups: usize) {
        match &mut self.states {
            States::Count(states) => states.resize(groups, 0),
            States::Integer(states) => states.resize(groups, (0, 0)),
            States::Decimal(states) => states.resize(groups, DecimalSum::default()),
            States::Float(states) => states.resize(groups, FloatSum::default()),
            States::Extreme(_, states) => states.resize(groups, None),
        }
    }

    /// Takes in rows of a leaf; `groups` has the group of each.
    fn add(&mut self, leaf: &Columns<'_>, rows: &[usize], groups: &[u32]) {
        let rows = || rows.iter().copied().zip(groups.iter().map(|group| *group as usize));
        let column = self.column.as_ref().map(|(position, _)| leaf.get(*position));
        match (&mut self.states, column) {
            (States::Count(states), None) => rows().for_each(|(_, group)| states[group] += 1),
            (States::Count(states), Some(Column::Vector(vector))) => {
                rows().filter(|(row, _)| vector.has(*row)).for_each(|(_, group)| states[group] += 1);
            }
            (States::Integer(states), Some(Column::Vector(vector @ Vector { data: Data::Whole(numbers), .. }))) => {
                for (row, group) in rows().filter(|(row, _)| vector.has(*row)) {
                    let (sum, count) = &mut states[group];
                    *sum += i128::from(numbers[row]);
                    *count += 1;
                }
            }
            (
                States::Decimal(states),
                Some(Column::Vector(vector @ Vector { data: Data::Scaled { scale, numbers }, .. })),
            ) => {
                for (row, group) in rows().filter(|(row, _)| vector.has(*row)) {
                    states[group].add(*scale, i128::from(numbers[row]), 1);
                }
            }
            (States::Float(states), Some(Column::Vector(vector @ Vector { data: Data::Float(numbers), .. }))) => {
                for (row, group) in rows().filter(|(row, _)| vector.has(*row)) {
                    states[group].add(numbers[row]);
                    states[group].count += 1;
                }
            }
            (states, Some(column)) => rows().for_each(|(row, group)| states.add(group, column.value(row))),
            (_, None) => {}
        }
    }

    fn merge(&mut self, other: &Self, groups: &[u32]) {
        let groups = groups.iter().map(|group| *group as usize);
        match (&mut self.states, &other.states) {
            (States::Count(states), States::Count(others)) => {
                groups.zip(others).for_each(|(group, other)| states[group] += other);
            }
            (States::Integer(states), States::Integer(others)) => groups.zip(others).for_each(|(group, other)| {
                states[group].0 += other.0;
                states[group].1 += other.1;
            }),
            (States::Decimal(states), States::Decimal(others)) => {
                groups.zip(others).for_each(|(group, other)| states[group].merge(other));
            }
            (States::Float(states), States::Float(others)) => {
                groups.zip(others).for_each(|(group, other)| states[group].merge(*other));
            }
            (states @ States::Extreme(..), States::Extreme(_, others)) => {
                groups.zip(others).for_each(|(group, other)| states.add(group, other.clone().unwrap_or_default()));
            }
            // Partial answers to different questions.
            _ => {}
        }
    }

    fn result(&self, group: usize) -> Result<Value, ScanError> {
        let overflow =
            || ScanError::Overflow { column: self.column.as_ref().map(|(_, name)| name.clone()).unwrap_or_default() };
        let is_average = matches!(self.aggregate, Aggregate::Average(_));
        let divided = |sum: Number, count: u64| {
            sum.checked_div(Number::from(count)).map(|number| Value::Decimal(Decimal::new(number))).ok_or_else(overflow)
        };
        match &self.states {
            States::Count(counts) => i64::try_from(counts[group]).map(Value::Integer).map_err(|_| overflow()),
            States::Integer(sums) => {
                let (sum, count) = sums[group];
                let decimal = || Number::try_from_i128_with_scale(sum, 0).map_err(|_| overflow());
                match i64::try_from(sum) {
                    _ if count == 0 => Ok(Value::Null),
                    _ if is_average => divided(decimal()?, count),
                    Ok(sum) => Ok(Value::Integer(sum)),
                    Err(_) => Ok(Value::Decimal(Decimal::new(decimal()?))),
                }
            }
            States::Decimal(sums) => match &sums[group] {
                sum if sum.count == 0 => Ok(Value::Null),
                sum if is_average => divided(sum.total().ok_or_else(overflow)?, sum.count),
                sum => Ok(Value::Decimal(Decimal::new(sum.total().ok_or_else(overflow)?))),
            },
            States::Float(sums) => {
                let sum = sums[group];
                if sum.count == 0 {
                    return Ok(Value::Null);
                }
                let total = sum.total().ok_or_else(overflow)?;
                let value = if is_average { total / sum.count as f64 } else { total };
                Float::new(value).map(Value::Float).ok_or_else(overflow)
            }
            States::Extreme(_, values) => Ok(values[group].clone().unwrap_or_default()),
        }
    }
}

impl States {
    /// Takes in one value.
    fn add(&mut self, group: usize, value: Value) {
        match (self, value) {
            (_, Value::Null) => {}
            (Self::Count(states), _) => states[group] += 1,
            (Self::Integer(states), Value::Integer(number)) => {
                states[group].0 += i128::from(number);
                states[group].1 += 1;
            }
            (Self::Decimal(states), Value::Decimal(number)) => {
                states[group].add(number.number().scale(), number.number().mantissa(), 1);
            }
            (Self::Float(states), Value::Float(number)) => {
                states[group].add(number.number());
                states[group].count += 1;
            }
            (Self::Extreme(wanted, states), value) => {
                if states[group].as_ref().is_none_or(|known| value.cmp(known) == *wanted) {
                    states[group] = Some(value);
                }
            }
            // A value of another type than its column's.
            (Self::Integer(_) | Self::Decimal(_) | Self::Float(_), _) => {}
        }
    }
}

impl Groups {
    fn add(&mut self, leaf: &Columns<'_>, by: &[usize], rows: &[usize]) -> Result<(), ScanError> {
        let mut groups = vec![0_u32; rows.len()];
        let numbers = by.iter().zip(&mut self.by).map(|(position, by)| by.rows(leaf.get(*position), rows, self.limit));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        if by.is_empty() {
            // One group of all.
        } else if by.len() == 1 {
            groups.clone_from(&numbers[0]);
            self.keys.extend((self.keys.len()..self.by[0].values.len()).map(|number| vec![number as u32]));
        } else {
            for (index, group) in groups.iter_mut().enumerate() {
                *group = self.join(|column| numbers[column][index])?;
            }
        }
        for sum in &mut self.sums {
            sum.resize(self.keys.len());
            sum.add(leaf, rows, &groups);
        }
        Ok(())
    }

    /// The group of a row with these numbers of values in two or more columns.
    fn join(&mut self, number: impl Fn(usize) -> u32) -> Result<u32, ScanError> {
        let mut group = number(0);
        let last = self.joins.len() - 1;
        for column in 0..=last {
            let known = &mut self.joins[column];
            let next = if column == last { self.keys.len() } else { known.len() };
            group = match known.get(&(group, number(column + 1))) {
                Some(group) => *group,
                None if next >= self.limit => return Err(ScanError::TooManyGroups { limit: self.limit }),
                None => {
                    let new = next as u32;
                    known.insert((group, number(column + 1)), new);
                    if column == last {
                        self.keys.push((0..self.by.len()).map(&number).collect());
                    }
                    new
                }
            };
        }
        Ok(group)
    }

    /// The groups of both.
    ///
    /// # Errors
    /// Together there are too many.
    pub fn merge(mut self, other: &Self) -> Result<Self, ScanError> {
        let mut groups = Vec::with_capacity(other.keys.len());
        for key in &other.keys {
            let mut numbers = Vec::with_capacity(key.len());
            for ((mine, theirs), number) in self.by.iter_mut().zip(&other.by).zip(key) {
                numbers.push(mine.number(theirs.values[*number as usize].clone(), self.limit)?);
            }
            groups.push(match numbers[..] {
                [] => 0,
                [number] => {
                    if number as usize == self.keys.len() {
                        self.keys.push(numbers);
                    }
                    number
                }
                _ => self.join(|column| numbers[column])?,
            });
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            mine.resize(self.keys.len());
            mine.merge(theirs, &groups);
        }
        Ok(self)
    }

    /// The groups in the order of their values, nulls last. Without columns to group by there is one group, of all rows,
    /// even of none.
    ///
    /// # Errors
    /// A sum is too large.
    pub fn finish(&self) -> Result<Vec<GroupRow>, ScanError> {
        let mut rows = Vec::with_capacity(self.keys.len());
        for (group, key) in self.keys.iter().enumerate() {
            let key = key.iter().zip(&self.by).map(|(number, by)| by.values[*number as usize].clone()).collect();
            let values = self.sums.iter().map(|sum| sum.result(group)).collect::<Result<_, _>>()?;
            rows.push(GroupRow { key, values });
        }
        let order = |a: &Value, b: &Value| a.is_null().cmp(&b.is_null()).then_with(|| a.cmp(b));
        rows.sort_by(|a, b| {
            let columns = a.key.iter().zip(&b.key).map(|(a, b)| order(a, b));
            columns.fold(Ordering::Equal, Ordering::then)
        });
        Ok(rows)
    }
}

impl Table<'_> {
    /// Aggregates of the rows in the range that satisfy the predicate, grouped by columns; at most `limit` groups, and at
    /// most [`MAX_GROUPS`].
    ///
    /// # Errors
    /// A node can't be read, a column does not exist or its type does not fit the aggregate, or there are too many groups.
    pub fn aggregate(
        &self,
        predicate: &Predicate,
        by: &[ColumnId],
        aggregates: &[Aggregate],
        range: &KeyRange,
        limit: usize,
    ) -> Result<Groups, ScanError> {
        let by = self.positions(Some(by))?;
        let sums = aggregates.iter().map(|aggregate| Summary::new(*aggregate, self)).collect::<Result<_, _>>()?;
        let mut groups = Groups {
            limit: limit.min(MAX_GROUPS),
            by: vec![Interner::default(); by.len()],
            joins: vec![HashMap::new(); by.len().saturating_sub(1)],
            keys: if by.is_empty() { vec![Vec::new()] } else { Vec::new() },
            sums,
        };
        groups.sums.iter_mut().for_each(|sum| sum.resize(groups.keys.len()));
        self.scan(predicate, range, Walk::Forward, &mut |leaf, rows| {
            let rows: Vec<usize> = rows.iter().collect();
            if !rows.is_empty() {
                groups.add(leaf, &by, &rows)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(groups)
    }
}
