//! From a filter to a predicate: names become columns, literals become values of their types.

use std::ops::Bound;

use memchr::memmem::Finder;
use rust_decimal::prelude::ToPrimitive;

use super::{
    error::{FilterError, FilterErrorKind, nearest},
    evaluate::fold,
    filter::{Comparison, Condition, Expression, Filter, Literal, LiteralKind, Name, Node, TextMatch},
};
use crate::{
    ColumnId,
    schema::{Column, Schema},
    value::{Decimal, ParseValueError, Tags, Type, Value},
};

/// A filter that fits a schema: what can be asked of rows.
#[derive(Clone, Debug)]
pub struct Predicate {
    pub(super) root: Part,
    /// The first column of the primary key.
    pub(super) first_key: Option<ColumnId>,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Constant(bool),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test {
        column: ColumnId,
        /// The place of the column in the schema.
        position: usize,
        test: Test,
    },
}

/// What is asked of a cell. Values are of the column's type. Null cells fail all but the first.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Null,
    Range(Bound<Value>, Bound<Value>),
    /// Sorted, each once.
    In(Vec<Value>),
    Text {
        matching: Matching,
        /// Whether cells are lowered before they are matched; what is looked for already is.
        fold: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Matching {
    /// Sorted.
    Equals(Vec<Vec<u8>>),
    Contains(Box<Finder<'static>>),
    StartsWith(Vec<u8>),
    EndsWith(Vec<u8>),
}

impl Predicate {
    /// What every row of the schema satisfies.
    #[must_use]
    pub fn everything(schema: &Schema) -> Self {
        Self { root: Part::Constant(true), first_key: schema.primary_key.first().copied() }
    }
}

impl Filter {
    /// Finds the columns and reads the values; `source` is the text that was parsed, for the places of errors.
    ///
    /// # Errors
    /// A column does not exist, or a value or condition does not fit its column.
    pub fn bind(&self, source: &str, schema: &Schema) -> Result<Predicate, FilterError> {
        let root = Binder { source, schema }.part(&self.root)?;
        Ok(Predicate { root, first_key: schema.primary_key.first().copied() })
    }
}

struct Binder<'a> {
    source: &'a str,
    schema: &'a Schema,
}

impl Binder<'_> {
    fn part(&self, expression: &Expression) -> Result<Part, FilterError> {
        let parts = |parts: &[Expression]| parts.iter().map(|part| self.part(part)).collect::<Result<Vec<_>, _>>();
        match &expression.node {
            Node::Or(any) => Ok(Part::Any(parts(any)?)),
            Node::And(all) => Ok(Part::All(parts(all)?)),
            Node::Not(part) => Ok(Part::Not(Box::new(self.part(part)?))),
            Node::Condition { column, condition } => self.condition(column, condition),
        }
    }

    fn error(&self, span: &std::ops::Range<usize>, kind: FilterErrorKind) -> FilterError {
        FilterError::new(self.source, span.clone(), kind)
    }

    fn condition(&self, name: &Name, condition: &Condition) -> Result<Part, FilterError> {
        let position = self.schema.columns.iter().position(|column| column.name == name.text);
        let position = position.ok_or_else(|| {
            let suggestion = nearest(&name.text, self.schema.columns.iter().map(|column| column.name.as_str()));
            let kind = FilterErrorKind::Column { name: name.text.clone(), suggestion: suggestion.map(str::to_owned) };
            self.error(&name.span, kind)
        })?;
        let column = &self.schema.columns[position];
        let (test, negated) = match condition {
            Condition::Null { negated } => (Test::Null, *negated),
            Condition::Text { negated, matching, literal, ignoring_case } => {
                (self.text(column, name, *matching, literal, *ignoring_case)?, *negated)
            }
            Condition::In { negated, literals, ignoring_case } => {
                (self.set(column, name, literals, *ignoring_case)?, *negated)
            }
            Condition::Between { negated, low, high } => {
                self.ordered(column, name, "between")?;
                let (low, high) = (self.value(column, low)?, self.value(column, high)?);
                let (from, _) = range(column.ty, Comparison::GreaterOrEqual, low);
                let (_, to) = range(column.ty, Comparison::LessOrEqual, high);
                (Test::Range(from, to), *negated)
            }
            Condition::Compare { comparison, literal, ignoring_case } => {
                let negated = *comparison == Comparison::NotEqual;
                if negated || *comparison == Comparison::Equal {
                    (self.set(column, name, std::slice::from_ref(literal), *ignoring_case)?, negated)
                } else {
                    self.ordered(column, name, comparison.symbol())?;
                    let (from, to) = range(column.ty, *comparison, self.value(column, literal)?);
                    (Test::Range(from, to), false)
                }
            }
        };
        let part = Part::Test { column: column.id, position, test };
        Ok(if negated { Part::Not(Box::new(part)) } else { part })
    }

    fn ordered(&self, column: &Column, name: &Name, condition: &'static str) -> Result<(), FilterError> {
        if column.ty.is_ordered() {
            return Ok(());
        }
        let kind = FilterErrorKind::NoOrder { condition, column: column.name.clone(), ty: column.ty };
        Err(self.error(&name.span, kind))
    }

    fn text(
        &self,
        column: &Column,
        name: &Name,
        matching: TextMatch,
        literal: &Literal,
        ignoring_case: bool,
    ) -> Result<Test, FilterError> {
        if !(is_text(column.ty) || column.ty == Type::Tags && matching == TextMatch::Contains) {
            let condition = matching.words();
            let kind = FilterErrorKind::NotText { condition, column: column.name.clone(), ty: column.ty };
            return Err(self.error(&name.span, kind));
        }
        let text = match (&literal.kind, column.ty) {
            (LiteralKind::Text(text), Type::Tags) => {
                Tags::new([text]).ok_or_else(|| self.invalid(column, literal, text, ParseValueError::Tags))?.to_string()
            }
            (LiteralKind::Text(text), _) | (LiteralKind::Number(text), Type::Link) => text.clone(),
            _ => return Err(self.kind(column, literal)),
        };
        let bytes = if ignoring_case { fold(&text) } else { text }.into_bytes();
        let matching = match matching {
            TextMatch::Contains if column.ty == Type::Tags => Matching::Equals(vec![bytes]),
            TextMatch::Contains => Matching::Contains(Box::new(Finder::new(&bytes).into_owned())),
            TextMatch::StartsWith => Matching::StartsWith(bytes),
            TextMatch::EndsWith => Matching::EndsWith(bytes),
        };
        Ok(Test::Text { matching, fold: ignoring_case })
    }

    fn set(
        &self,
        column: &Column,
        name: &Name,
        literals: &[Literal],
        ignoring_case: bool,
    ) -> Result<Test, FilterError> {
        if ignoring_case && !is_text(column.ty) {
            let condition = "ignoring case";
            let kind = FilterErrorKind::NotText { condition, column: column.name.clone(), ty: column.ty };
            return Err(self.error(&name.span, kind));
        }
        if column.ty == Type::File {
            return self.names(column, literals, ignoring_case);
        }
        let mut values = literals.iter().map(|literal| self.value(column, literal)).collect::<Result<Vec<_>, _>>()?;
        // No whole number equals a decimal that is none.
        values.retain(|value| value.ty() == Some(column.ty));
        if ignoring_case {
            let text = |value: &Value| fold(&value.to_string()).into_bytes();
            let mut texts: Vec<Vec<u8>> = values.iter().map(text).collect();
            texts.sort_unstable();
            return Ok(Test::Text { matching: Matching::Equals(texts), fold: true });
        }
        values.sort_unstable();
        values.dedup();
        Ok(Test::In(values))
    }

    /// Files are told apart by their names.
    fn names(&self, column: &Column, literals: &[Literal], ignoring_case: bool) -> Result<Test, FilterError> {
        let name = |literal: &Literal| match &literal.kind {
            LiteralKind::Text(name) if ignoring_case => Ok(fold(name).into_bytes()),
            LiteralKind::Text(name) => Ok(name.clone().into_bytes()),
            _ => Err(self.kind(column, literal)),
        };
        let mut names: Vec<Vec<u8>> = literals.iter().map(name).collect::<Result<_, _>>()?;
        names.sort_unstable();
        Ok(Test::Text { matching: Matching::Equals(names), fold: ignoring_case })
    }

    /// The value that a literal is for a column. For a column of whole numbers it may be a decimal.
    fn value(&self, column: &Column, literal: &Literal) -> Result<Value, FilterError> {
        let invalid = |text: &str, reason| self.invalid(column, literal, text, reason);
        match (&literal.kind, column.ty) {
            (LiteralKind::Text(text), Type::Text) => return Ok(Value::Text(text.clone())),
            (LiteralKind::Boolean(value), Type::Boolean) => return Ok(Value::Boolean(*value)),
            (LiteralKind::Number(digits), Type::Integer) => {
                return Type::Integer
                    .parse(digits)
                    .or_else(|reason| Type::Decimal.parse(digits).map_err(|_| reason))
                    .map_err(|reason| invalid(digits, reason));
            }
            (LiteralKind::Number(digits), Type::Decimal | Type::Float) => {
                return column.ty.parse(digits).map_err(|reason| invalid(digits, reason));
            }
            // Tables are often keyed by numbers.
            (LiteralKind::Text(text) | LiteralKind::Number(text), Type::Link) => {
                return text.parse().map(Value::Link).map_err(|reason| invalid(text, reason));
            }
            (LiteralKind::Text(text), ty) if !ty.is_number() && ty != Type::Boolean => {
                // Space is trimmed and, unlike the empty text, not null.
                let value = ty.parse(if text.is_empty() { " " } else { text });
                return value.map_err(|reason| invalid(text, reason));
            }
            _ => {}
        }
        Err(self.kind(column, literal))
    }

    fn invalid(&self, column: &Column, literal: &Literal, text: &str, reason: ParseValueError) -> FilterError {
        let (text, column) = (text.to_owned(), column.name.clone());
        self.error(&literal.span, FilterErrorKind::Value { text, column, reason })
    }

    /// The literal is of a kind that the column's type does not have.
    fn kind(&self, column: &Column, literal: &Literal) -> FilterError {
        let expected = match column.ty {
            Type::Text => "text in quotes, such as \"Oslo\"",
            Type::Integer | Type::Decimal | Type::Float => "a number without quotes, such as 12",
            Type::Boolean => "true or false without quotes",
            Type::Date => "a date in quotes, such as \"2026-02-28\"",
            Type::Timestamp => "a moment in quotes, such as \"2026-02-28T13:45:00Z\"",
            Type::Uuid => "a UUID in quotes",
            Type::Choice => "a choice in quotes",
            Type::Tags => "tags in quotes, such as \"new,sale\"",
            Type::Link => "the key of a row, such as \"A-7\"",
            Type::File => "a file's name in quotes",
            _ => "a value in quotes",
        };
        let found = self.source.get(literal.span.clone()).map_or_else(|| literal.to_string(), super::token::quoted);
        let kind = FilterErrorKind::Kind { column: column.name.clone(), ty: column.ty, expected, found };
        self.error(&literal.span, kind)
    }
}

/// Whether conditions on text are for columns of this type: those whose values are read as one text.
const fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Text | Type::Choice | Type::Link | Type::File)
}

/// The values that compare so with one value.
fn range(ty: Type, comparison: Comparison, value: Value) -> (Bound<Value>, Bound<Value>) {
    use Bound::{Excluded, Included, Unbounded};
    if let (Type::Integer, Value::Decimal(number)) = (ty, &value) {
        return whole_range(comparison, *number);
    }
    match comparison {
        Comparison::Less => (Unbounded, Excluded(value)),
        Comparison::LessOrEqual => (Unbounded, Included(value)),
        Comparison::Greater => (Excluded(value), Unbounded),
        Comparison::GreaterOrEqual => (Included(value), Unbounded),
        Comparison::Equal | Comparison::NotEqual => (Included(value.clone()), Included(value)),
    }
}

/// The whole numbers that compare so with a number that is no `i64`: it has a fraction, or is out of range.
fn whole_range(comparison: Comparison, number: Decimal) -> (Bound<Value>, Bound<Value>) {
    use Bound::{Excluded, Included, Unbounded};
    let below = number.number().floor().to_i128().unwrap_or(0);
    let clamped = below.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
    let is_inside = i128::from(clamped) == below;
    match comparison {
        Comparison::Less | Comparison::LessOrEqual if is_inside => (Unbounded, Included(Value::Integer(clamped))),
        Comparison::Less | Comparison::LessOrEqual if below > 0 => (Unbounded, Unbounded),
        Comparison::Less | Comparison::LessOrEqual => (Unbounded, Excluded(Value::Integer(i64::MIN))),
        Comparison::Greater | Comparison::GreaterOrEqual if is_inside => (Excluded(Value::Integer(clamped)), Unbounded),
        Comparison::Greater | Comparison::GreaterOrEqual if below < 0 => (Unbounded, Unbounded),
        // Equality is a set's matter: no whole number is that number.
        _ => (Excluded(Value::Integer(i64::MAX)), Unbounded),
    }
}
