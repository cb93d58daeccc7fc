//! What a file holds: dialect, columns with their types, rows, and what is wrong with it.

use std::io::{Read, Write};

use versioning::{key, schema};

use super::{
    Failure, Link, Problems, dialect,
    infer::Evidence,
    records::{Fields, Records},
    shown,
    source::Source,
};
use crate::import::{Dialect, FoundColumn, Inspection, Progress};

/// Records of the preview, and the bytes they may have together, so that a thousand wide columns fit into an answer.
const PREVIEW_ROWS: usize = 20;
const PREVIEW_BYTES: usize = 1 << 20;
/// Values over all columns whose hashes are remembered to find out which columns are unique: 8 bytes each, and twice as
/// much for a moment when their table grows.
const REMEMBERED: usize = 32 << 20;

/// Reads the file once.
///
/// # Errors
/// The input breaks off, or the back end does not listen.
pub(super) fn inspect<W: Write>(input: impl Read, link: &Link<W>) -> Result<Inspection, Failure> {
    let mut source = Source::open(input).map_err(Failure::Input)?;
    let encoding = source.detect();
    source.decode_as(encoding);
    source.advance().map_err(Failure::Input)?;
    let (delimiter, sample) = dialect::delimiter(source.block(), source.is_whole());
    let header = dialect::has_header(&sample);
    let dialect = Dialect { encoding: encoding.name().to_owned(), delimiter, header };
    let mut records = Records::new(source, delimiter);
    let mut table = Table {
        problems: Problems::default(),
        names: Vec::new(),
        columns: Vec::new(),
        memory: REMEMBERED,
        rows: 0,
        preview: Vec::new(),
        preview_bytes: 0,
    };
    let mut is_first = true;
    let mut told = 0;
    while let Some(record) = records.next().map_err(Failure::Input)? {
        let line = record.line;
        match record.fields() {
            Ok(fields) if std::mem::take(&mut is_first) => table.begin(line, fields, header),
            Ok(fields) => table.see(line, fields),
            Err(fault) => table.problems.add_fault(line, fault, &table.names),
        }
        // Told whenever some input has come, and within large blocks every some thousand rows.
        let bytes = records.bytes();
        if bytes != told || table.rows.is_multiple_of(4_096) {
            told = bytes;
            link.progress(Progress { rows: table.rows, bytes })?;
        }
    }
    if is_first && table.problems.count == 0 {
        table.problems.add(1, None, "", "the file is empty");
    }
    link.finished(Progress { rows: table.rows, bytes: records.bytes() })?;
    Ok(table.finish(dialect, records.bytes()))
}

/// What is known so far.
struct Table {
    problems: Problems,
    names: Vec<String>,
    columns: Vec<Evidence>,
    memory: usize,
    rows: u64,
    preview: Vec<Vec<String>>,
    preview_bytes: usize,
}

impl Table {
    /// Takes the first record, which tells how many columns there are.
    fn begin(&mut self, line: u64, fields: Fields<'_>, header: bool) {
        let names = fields.iter().map(|name| if header { name } else { "" }).take(schema::MAX_COLUMNS);
        self.names = dialect::column_names(names);
        self.columns.resize_with(self.names.len(), Evidence::default);
        if fields.len() > schema::MAX_COLUMNS {
            let reason = format!("the file has {} columns; a table has at most {}", fields.len(), schema::MAX_COLUMNS);
            self.problems.add(line, None, "", reason);
        }
        if !header {
            self.see(line, fields);
        }
    }

    fn see(&mut self, line: u64, fields: Fields<'_>) {
        self.rows += 1;
        // What lies beyond the most columns was told once.
        let is_ragged = fields.len().min(schema::MAX_COLUMNS) != self.columns.len();
        if is_ragged {
            self.problems.add_ragged(line, fields, self.columns.len());
        }
        if self.preview.len() < PREVIEW_ROWS && self.preview_bytes < PREVIEW_BYTES {
            let row: Vec<_> = fields.iter().take(self.columns.len()).map(shown).collect();
            self.preview_bytes += row.iter().map(String::len).sum::<usize>();
            self.preview.push(row);
        }
        if !is_ragged {
            for (column, value) in self.columns.iter_mut().zip(fields.iter()) {
                column.see(value, &mut self.memory);
            }
        }
    }

    fn finish(self, dialect: Dialect, bytes: u64) -> Inspection {
        let mut suggested_key = None;
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, (name, column)) in self.names.into_iter().zip(self.columns).enumerate() {
            let found = column.finish();
            // A text takes two bytes more in a key than it has.
            let can_be_key = found.unique && found.complete && found.longest + 2 <= key::MAX_KEY;
            if can_be_key && suggested_key.is_none() {
                suggested_key = Some(index);
            }
            columns.push(FoundColumn {
                name,
                ty: found.ty,
                complete: found.complete,
                unique: found.unique,
                increasing: found.increasing,
                samples: found.samples,
            });
        }
        Inspection {
            dialect,
            columns,
            rows: self.rows,
            bytes,
            preview: self.preview,
            suggested_key,
            problems: self.problems.listed,
            problem_count: self.problems.count,
        }
    }
}
