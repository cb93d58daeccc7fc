//! A file as a tree: every value converted, every problem told, and no tree where there is one.

use std::{
    cmp::Ordering,
    io::{Read, Write},
};

use encoding_rs::Encoding;
use versioning::{
    Column, Key, Row, Schema, Tree, Type, Value,
    check::ColumnChecker,
    tree::{BuildError, TreeBuilder},
    value::{Decimal, ParseValueError},
};

use super::{
    Failure, Link, Problems, dialect,
    generated::Generated,
    records::{Fields, Records},
    sorter::Sorter,
    source::Source,
};
use crate::import::{ImportOutcome, ImportPlan, Progress};

/// Reads the file once and follows the plan.
///
/// # Errors
/// The input breaks off, the back end does not listen, or the plan does not fit.
pub(super) fn import<W: Write>(plan: &ImportPlan, input: impl Read, link: &Link<W>) -> Result<ImportOutcome, Failure> {
    let converter = Converter::new(plan)?;
    let encoding = Encoding::for_label(plan.dialect.encoding.as_bytes())
        .ok_or_else(|| plan_error(format!("there is no encoding named “{}”", plan.dialect.encoding)))?;
    if matches!(plan.dialect.delimiter, b'"' | b'\r' | b'\n' | 0x80..) {
        return Err(plan_error("the delimiter can't be told from what it divides"));
    }
    let mut source = Source::open(input).map_err(Failure::Input)?;
    source.decode_as(encoding);
    let records = Records::new(source, plan.dialect.delimiter);
    let mut problems = Problems::default();
    let is_ordered = plan.increasing || plan.schema.generated_key;
    let tree = if is_ordered {
        in_order(converter, records, &mut problems, link)?
    } else {
        in_any_order(converter, records, &mut problems, link)?
    };
    match tree {
        Some(tree) if problems.count == 0 => Ok(ImportOutcome::Imported { tree, rows: tree.rows }),
        _ => {
            problems.listed.sort_by_key(|problem| problem.line);
            Ok(ImportOutcome::Refused { problems: problems.listed, problem_count: problems.count })
        }
    }
}

fn plan_error(reason: impl Into<String>) -> Failure {
    Failure::Plan { reason: reason.into() }
}

/// Rows that come in the order of their keys go straight into the tree.
fn in_order<W: Write>(
    mut converter: Converter<'_>,
    mut records: Records<impl Read>,
    problems: &mut Problems,
    link: &Link<W>,
) -> Result<Option<Tree>, Failure> {
    let mut sink = link;
    let schema = converter.schema;
    let mut builder = Some(TreeBuilder::new(schema, &mut sink));
    let mut last = Vec::new();
    let mut last_line = 0;
    read_rows(&mut converter, &mut records, problems, link, |converter, problems, line, _, key, row| {
        match last.as_slice().cmp(key.as_bytes()) {
            Ordering::Less => {}
            Ordering::Equal => converter.add_duplicate(problems, line, &row, last_line),
            Ordering::Greater => return Err(Failure::Order { line, before: last_line }),
        }
        last.clear();
        last.extend(key.as_bytes());
        last_line = line;
        if problems.count > 0 {
            // There will be no tree; what is left to do is to find the other problems.
            builder = None;
        }
        match &mut builder {
            Some(builder) => builder.push(key, row).map_err(|error| build_error(error, line)),
            None => Ok(()),
        }
    })?;
    match builder {
        Some(builder) if problems.count == 0 => {
            builder.finish().map(Some).map_err(|error| build_error(error, last_line))
        }
        _ => Ok(None),
    }
}

/// Rows in any order are sorted first.
fn in_any_order<W: Write>(
    mut converter: Converter<'_>,
    mut records: Records<impl Read>,
    problems: &mut Problems,
    link: &Link<W>,
) -> Result<Option<Tree>, Failure> {
    let mut sorter = Sorter::new();
    let read = read_rows(&mut converter, &mut records, problems, link, |_, _, line, fields, key, _| {
        sorter.push(key.as_bytes(), line, fields).map_err(Failure::Sort)
    })?;
    converter.skip_rules();
    let mut sink = link;
    let schema = converter.schema;
    let mut builder = Some(TreeBuilder::new(schema, &mut sink));
    let mut sorted = sorter.finish().map_err(Failure::Sort)?;
    let mut last = Vec::new();
    let mut first_line = 0;
    let mut count = 0_u64;
    while let Some(sorted_row) = sorted.next().map_err(Failure::Sort)? {
        count += 1;
        if count.is_multiple_of(4_096) {
            // A sign of life; it also finds out when the back end has ended.
            link.progress(read)?;
        }
        let is_repeated = first_line > 0 && last == sorted_row.key;
        if problems.count > 0 && !is_repeated {
            builder = None;
            last.clone_from(&sorted_row.key);
            first_line = sorted_row.line;
            continue;
        }
        let fields = sorted_row.fields().ok_or_else(|| Failure::Sort(std::io::ErrorKind::InvalidData.into()))?;
        // It was converted once without a problem.
        let Some(row) = converter.convert(sorted_row.line, fields, problems) else { continue };
        if is_repeated {
            converter.add_duplicate(problems, sorted_row.line, &row, first_line);
            continue;
        }
        last.clone_from(&sorted_row.key);
        first_line = sorted_row.line;
        if let Some(builder) = &mut builder {
            let key = Key::from_bytes(sorted_row.key.as_slice());
            builder.push(key, row).map_err(|error| build_error(error, first_line))?;
        }
    }
    match builder {
        Some(builder) if problems.count == 0 => {
            builder.finish().map(Some).map_err(|error| build_error(error, first_line))
        }
        _ => Ok(None),
    }
}

fn build_error(error: BuildError, line: u64) -> Failure {
    match error {
        BuildError::Write(error) => Failure::Chunk(error),
        // Keys are compared before they are pushed.
        BuildError::Order { .. } => Failure::Order { line, before: line },
    }
}

/// Reads and converts all records; `take` gets line, fields, key and row of each that is sound. Returns what was read.
fn read_rows<'p, W: Write>(
    converter: &mut Converter<'p>,
    records: &mut Records<impl Read>,
    problems: &mut Problems,
    link: &Link<W>,
    mut take: impl FnMut(&Converter<'p>, &mut Problems, u64, Fields<'_>, Key, Row) -> Result<(), Failure>,
) -> Result<Progress, Failure> {
    let mut names = None;
    let mut progress = Progress::default();
    let mut count = 0_u64;
    while let Some(record) = records.next().map_err(Failure::Input)? {
        let line = record.line;
        count += 1;
        match record.fields() {
            Ok(fields) if names.is_none() => {
                let has_header = converter.plan.dialect.header;
                converter.begin(fields.len())?;
                names = Some(dialect::column_names(fields.iter().map(|name| if has_header { name } else { "" })));
                if !has_header {
                    progress.rows += 1;
                    if let Some((key, row)) = converter.row(line, fields, problems) {
                        take(converter, problems, line, fields, key, row)?;
                    }
                }
            }
            Ok(fields) => {
                progress.rows += 1;
                if let Some((key, row)) = converter.row(line, fields, problems) {
                    take(converter, problems, line, fields, key, row)?;
                }
            }
            Err(fault) => problems.add_fault(line, fault, names.as_deref().unwrap_or_default()),
        }
        let bytes = records.bytes();
        if bytes != progress.bytes || count.is_multiple_of(4_096) {
            progress.bytes = bytes;
            link.progress(progress)?;
        }
    }
    if names.is_none() && problems.count == 0 {
        problems.add(1, None, "", "the file is empty");
    }
    progress.bytes = records.bytes();
    link.finished(progress)?;
    Ok(progress)
}

/// Makes rows of records as the plan says.
struct Converter<'p> {
    plan: &'p ImportPlan,
    schema: &'p Schema,
    /// For each column of the schema whether it must have a value.
    required: Vec<bool>,
    /// For each column of the schema its rules, where it has any that parsing a value and `required` don't see to.
    rules: Vec<Option<ColumnChecker<'p>>>,
    generated: Generated,
    /// Fields of the first record.
    width: usize,
}

impl<'p> Converter<'p> {
    fn new(plan: &'p ImportPlan) -> Result<Self, Failure> {
        let schema = &plan.schema;
        schema.validate().map_err(|error| plan_error(error.to_string()))?;
        if plan.sources.len() != schema.columns.len() {
            return Err(plan_error("it does not say for each column where its values come from"));
        }
        for (column, source) in schema.columns.iter().zip(&plan.sources) {
            let is_generated = schema.generated_key && schema.is_key(column.id);
            if source.is_none() && !is_generated {
                return Err(plan_error(format!("it does not say where the values of “{}” come from", column.name)));
            }
        }
        let required = schema.columns.iter().map(|column| column.required || schema.is_key(column.id)).collect();
        let rules = schema.columns.iter().map(|column| {
            let is_key = schema.is_key(column.id);
            has_rules(column).then(|| ColumnChecker::new(column, is_key))
        });
        let rules = rules.collect();
        Ok(Self { plan, schema, required, rules, generated: Generated::new(), width: 0 })
    }

    /// All rows were checked: what follows converts them again.
    fn skip_rules(&mut self) {
        self.rules.iter_mut().for_each(|rules| *rules = None);
    }

    /// Takes the number of the file's columns.
    fn begin(&mut self, width: usize) -> Result<(), Failure> {
        self.width = width;
        match self.plan.sources.iter().flatten().find(|source| **source >= width) {
            Some(source) => Err(plan_error(format!("it wants column {} of a file with {width}", source + 1))),
            None => Ok(()),
        }
    }

    fn row(&mut self, line: u64, fields: Fields<'_>, problems: &mut Problems) -> Option<(Key, Row)> {
        if fields.len() != self.width {
            problems.add_ragged(line, fields, self.width);
            return None;
        }
        let row = self.convert(line, fields, problems)?;
        match Key::of_row(self.schema, &row) {
            Ok(key) => Some((key, row)),
            Err(error) => {
                problems.add(line, Some(&self.key_names()), &Key::to_text(self.schema, &row), error.to_string());
                None
            }
        }
    }

    /// The row of a record; none where a value does not fit, after all of its problems were added.
    fn convert(&mut self, line: u64, fields: Fields<'_>, problems: &mut Problems) -> Option<Row> {
        let mut row = Row::with_capacity(self.schema.columns.len());
        let before = problems.count;
        for (index, (column, source)) in self.schema.columns.iter().zip(&self.plan.sources).enumerate() {
            let Some(source) = *source else {
                row.push(Value::Uuid(self.generated.next()));
                continue;
            };
            let text = fields.get(source);
            let mut refuse = |reason: String| problems.add(line, Some(&column.name), text, reason);
            match parse(column.ty, text) {
                Ok(Value::Null) if self.required[index] => {
                    refuse("it is empty, but every row needs a value here".to_owned());
                }
                Ok(value) => match &self.rules[index] {
                    None => row.push(value),
                    Some(rules) => match rules.check(&value) {
                        Ok(()) => row.push(value),
                        Err(error) => refuse(error.to_string()),
                    },
                },
                Err(error) => refuse(error.to_string()),
            }
        }
        (problems.count == before).then_some(row)
    }

    fn add_duplicate(&self, problems: &mut Problems, line: u64, row: &Row, first: u64) {
        let key = Key::to_text(self.schema, row);
        problems.add(line, Some(&self.key_names()), &key, format!("the same key as line {first}"));
    }

    /// The names of the key's columns.
    fn key_names(&self) -> String {
        let names = self.schema.key_positions().into_iter().map(|position| self.schema.columns[position].name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a value of the column's type can break a rule.
fn has_rules(column: &Column) -> bool {
    !column.minimum.is_null() || !column.maximum.is_null() || !column.pattern.is_empty() || !column.options.is_empty()
}

/// As [`Type::parse`], faster for the numbers that tables are full of.
fn parse(ty: Type, text: &str) -> Result<Value, ParseValueError> {
    let quick = match ty {
        Type::Integer => {
            number(text.as_bytes()).filter(|(_, scale)| scale.is_none()).map(|(digits, _)| Value::Integer(digits))
        }
        Type::Decimal => number(text.as_bytes()).map(|(digits, scale)| {
            Value::Decimal(Decimal::new(rust_decimal::Decimal::new(digits, scale.unwrap_or(0))))
        }),
        _ => None,
    };
    quick.map_or_else(|| ty.parse(text), Ok)
}

/// The number that up to 18 digits make, and how many of them stand behind the point; none where the text is anything
/// else.
fn number(text: &[u8]) -> Option<(i64, Option<u32>)> {
    let (is_negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let mut number = 0_i64;
    let mut count = 0;
    let mut scale = None;
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                number = number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
                count += 1;
                scale = scale.map(|scale| scale + 1);
            }
            b'.' if scale.is_none() => scale = Some(0),
            _ => return None,
        }
    }
    // 18 digits never overflow.
    (1..=18).contains(&count).then_some((if is_negative { -number } else { number }, scale))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_is_the_same(text in "-?[0-9]{0,20}(\\.[0-9]{0,9})?|[-+.0-9e ]{0,5}") {
            for ty in [Type::Integer, Type::Decimal] {
                prop_assert_eq!(parse(ty, &text), ty.parse(&text));
            }
        }
    }
}
