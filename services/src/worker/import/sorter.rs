//! Rows that don't come in the order of their keys: sorted in memory, run by run, and merged.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    io::{self, BufRead, BufReader, Read},
};

use super::records::Fields;

/// Bytes of rows that are sorted at once.
const RUN: usize = 32 << 20;
/// Bytes of sorted runs that are kept as they are; beyond, they are compressed.
const UNCOMPRESSED: usize = 128 << 20;
/// The fastest of Zstandard's usual levels.
const LEVEL: i32 = 1;

/// Collects rows in any order.
///
/// A row is kept as the text it had in the file: converting it a second time is cheaper than writing its values down and
/// reading them again.
pub(super) struct Sorter {
    run_size: usize,
    /// Rows one after the other: length of the key (32 bits), line (64 bits), number of fields (32 bits), length of the
    /// text (32 bits), the key, the ends of the fields (32 bits each), the text.
    rows: Vec<u8>,
    /// Where each begins, with the first bytes of its key, which decide most comparisons.
    index: Vec<(u64, u32)>,
    runs: Vec<Run>,
    kept: usize,
}

/// Sorted rows.
enum Run {
    Plain(Vec<u8>),
    Compressed(Vec<u8>),
}

/// Hands the rows out in the order of their keys, equal keys in the order of their lines.
pub(super) struct Sorted<'s> {
    heap: BinaryHeap<Cursor<'s>>,
    current: Option<Cursor<'s>>,
}

/// A run and its next row.
struct Cursor<'s> {
    rest: Box<dyn BufRead + 's>,
    row: SortedRow,
}

/// A row as it was put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SortedRow {
    pub(super) key: Vec<u8>,
    pub(super) line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

const HEADER: usize = 20;

impl Sorter {
    pub(super) fn new() -> Self {
        Self::with_run_size(RUN)
    }

    fn with_run_size(run_size: usize) -> Self {
        Self { run_size, rows: Vec::new(), index: Vec::new(), runs: Vec::new(), kept: 0 }
    }

    /// Takes a row. Lines come in increasing order.
    pub(super) fn push(&mut self, key: &[u8], line: u64, fields: Fields<'_>) -> io::Result<()> {
        let too_large = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&u32::try_from(key.len()).map_err(too_large)?.to_le_bytes());
        header[4..12].copy_from_slice(&line.to_le_bytes());
        header[12..16].copy_from_slice(&u32::try_from(fields.len()).map_err(too_large)?.to_le_bytes());
        header[16..].copy_from_slice(&u32::try_from(fields.text().len()).map_err(too_large)?.to_le_bytes());
        self.index.push((prefix(key), u32::try_from(self.rows.len()).map_err(too_large)?));
        self.rows.extend(header);
        self.rows.extend(key);
        let mut end = 0_u32;
        for field in fields.iter() {
            end += u32::try_from(field.len()).map_err(too_large)?;
            self.rows.extend(end.to_le_bytes());
        }
        self.rows.extend(fields.text().as_bytes());
        if self.rows.len() >= self.run_size { self.end_run() } else { Ok(()) }
    }

    fn end_run(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let key = |at: u32| {
            let at = at as usize;
            let length = number(&rows[at..]);
            &rows[at + HEADER..at + HEADER + length]
        };
        // Positions increase with lines, so equal keys stay in the order of their lines.
        self.index.sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| key(one.1).cmp(key(other.1))).then(one.1.cmp(&other.1))
        });
        let mut sorted = Vec::with_capacity(rows.len());
        for (_, at) in self.index.drain(..) {
            let at = at as usize;
            sorted.extend(&rows[at..at + row_length(&rows[at..])]);
        }
        self.kept += sorted.len();
        self.runs.push(Run::Plain(sorted));
        if self.kept > UNCOMPRESSED {
            for run in &mut self.runs {
                if let Run::Plain(plain) = run {
                    *run = Run::Compressed(zstd::stream::encode_all(plain.as_slice(), LEVEL)?);
                }
            }
        }
        // The next run takes the same memory again.
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }

    /// Sorts what was put in.
    pub(super) fn finish(&mut self) -> io::Result<Sorted<'_>> {
        if !self.rows.is_empty() {
            self.end_run()?;
        }
        self.rows = Vec::new();
        self.index = Vec::new();
        let mut heap = BinaryHeap::new();
        for run in &self.runs {
            let rest: Box<dyn BufRead> = match run {
                Run::Plain(rows) => Box::new(rows.as_slice()),
                Run::Compressed(rows) => Box::new(BufReader::new(zstd::stream::Decoder::new(rows.as_slice())?)),
            };
            let mut cursor = Cursor { rest, row: SortedRow::default() };
            if cursor.advance()? {
                heap.push(cursor);
            }
        }
        Ok(Sorted { heap, current: None })
    }
}

impl Sorted<'_> {
    /// The next row.
    pub(super) fn next(&mut self) -> io::Result<Option<&SortedRow>> {
        if let Some(mut cursor) = self.current.take()
            && cursor.advance()?
        {
            self.heap.push(cursor);
        }
        self.current = self.heap.pop();
        Ok(self.current.as_ref().map(|cursor| &cursor.row))
    }
}

impl SortedRow {
    /// Its fields as they were in the file; none only where the memory was damaged.
    pub(super) fn fields(&self) -> Option<Fields<'_>> {
        Fields::new(std::str::from_utf8(&self.text).ok()?, &self.ends)
    }
}

impl Cursor<'_> {
    fn advance(&mut self) -> io::Result<bool> {
        if self.rest.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut header = [0; HEADER];
        self.rest.read_exact(&mut header)?;
        let [key, fields, text] = [0, 12, 16].map(|at| number(&header[at..]));
        self.row.line = u64::from_le_bytes([4, 5, 6, 7, 8, 9, 10, 11].map(|at| header[at]));
        self.row.key.resize(key, 0);
        self.rest.read_exact(&mut self.row.key)?;
        self.row.ends.clear();
        for _ in 0..fields {
            let mut end = [0; 4];
            self.rest.read_exact(&mut end)?;
            self.row.ends.push(number(&end));
        }
        self.row.text.resize(text, 0);
        self.rest.read_exact(&mut self.row.text)?;
        Ok(true)
    }
}

/// The 32-bit number at the beginning.
fn number(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

fn row_length(row: &[u8]) -> usize {
    HEADER + number(row) + 4 * number(&row[12..]) + number(&row[16..])
}

/// The first bytes of a key as a number that orders as they do.
fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}

// The heap's greatest is the row that comes first.
impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (&other.row.key, other.row.line).cmp(&(&self.row.key, self.row.line))
    }
}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cursor<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_in_order(
            keys in proptest::collection::vec(proptest::collection::vec(0_u8..4, 0..12), 0..60),
            run_size in 1_usize..400,
        ) {
            let mut sorter = Sorter::with_run_size(run_size);
            for (line, key) in keys.iter().enumerate() {
                let text = format!("{line}ü");
                let ends = [text.len() - 2, text.len()];
                let fields = Fields::new(&text, &ends).expect("boundaries");
                sorter.push(key, line as u64, fields).expect("small");
                prop_assert_eq!(fields.len(), 2);
            }
            let mut expected: Vec<_> = keys.iter().enumerate().map(|(line, key)| (key.clone(), line as u64)).collect();
            expected.sort();
            let mut sorted = sorter.finish().expect("memory does not fail");
            for (key, line) in expected {
                let row = sorted.next().expect("memory does not fail").expect("there are more");
                prop_assert_eq!((&row.key, row.line), (&key, line));
                let fields: Vec<_> = row.fields().expect("it was text").iter().collect();
                prop_assert_eq!(fields.concat(), format!("{line}ü"));
                prop_assert_eq!(fields[1], "ü");
            }
            prop_assert!(sorted.next().expect("memory does not fail").is_none());
        }
    }

    #[test]
    fn many_rows_are_compressed_and_come_back() {
        let mut sorter = Sorter::with_run_size(8 << 20);
        let text = "x".repeat(1_000);
        let count = 150_000_u64;
        for line in 0..count {
            // 7 and the count have no common divisor, so each key comes once.
            let key = (line * 7 % count).to_be_bytes();
            sorter.push(&key, line, Fields::new(&text, &[1_000]).expect("boundaries")).expect("small");
        }
        let mut sorted = sorter.finish().expect("memory does not fail");
        for expected in 0..count {
            let row = sorted.next().expect("memory does not fail").expect("there are more");
            assert_eq!(row.key, expected.to_be_bytes());
        }
        drop(sorted);
        assert!(sorter.runs.iter().any(|run| matches!(run, Run::Compressed(_))));
    }
}
