//! The records of a CSV file (RFC 4180), with the physical lines they begin on.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, ReaderBuilder};
use versioning::value::MAX_CELL;

use super::source::Source;

/// Bytes of a record that are kept. A larger one is told and skipped, so that a quotation mark left open at the top of a
/// large file does not fill the memory with the rest of it.
const MAX_RECORD: usize = 16 << 20;
/// Fields of a record that are kept; more than any table can have.
const MAX_FIELDS: usize = 1 << 16;

/// Reads a file record by record. Empty lines are no records.
pub(super) struct Records<R> {
    source: Source<R>,
    csv: csv_core::Reader,
    /// Bytes of the source's block that have been used.
    used: usize,
    /// The fields of the current record one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The line of the next byte.
    line: u64,
    /// The last byte was a carriage return: a line feed that follows ends the same line.
    after_return: bool,
}

/// The fields of one record as they stand in the file, quotation marks taken off.
#[derive(Clone, Copy)]
pub(super) struct Record<'r> {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    content: Content<'r>,
}

#[derive(Clone, Copy)]
enum Content<'r> {
    Read { text: &'r [u8], ends: &'r [usize] },
    Unclosed { line: u64 },
    TooLarge,
}

/// The fields of a record that is sound.
#[derive(Clone, Copy)]
pub(super) struct Fields<'r> {
    text: &'r str,
    /// Each lies on a character's boundary.
    ends: &'r [usize],
}

/// What makes a record unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The position of the field, where it is about one.
    pub(super) field: Option<usize>,
    /// What the field holds, as far as it can be shown.
    pub(super) value: String,
    /// What is wrong.
    pub(super) reason: String,
}

impl<R: Read> Records<R> {
    /// The records of a source whose encoding has been set.
    pub(super) fn new(source: Source<R>, delimiter: u8) -> Self {
        Self {
            source,
            csv: ReaderBuilder::new().delimiter(delimiter).build(),
            used: 0,
            text: vec![0; 64 << 10],
            ends: vec![0; 64],
            line: 1,
            after_return: false,
        }
    }

    /// Bytes of the file that have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.source.bytes()
    }

    /// The next record.
    pub(super) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let line = self.line;
        let (mut length, mut count) = (0, 0);
        let (mut is_too_large, mut is_complete, mut is_unclosed) = (false, false, false);
        while !is_complete {
            let mut input = &self.source.block()[self.used..];
            let mut is_end = false;
            if input.is_empty() && !is_unclosed {
                self.used = 0;
                if self.source.advance()? {
                    continue;
                }
                // A line end completes the last record, unless a quotation mark is open.
                is_end = true;
                input = b"\n";
            }
            let (result, read, written, ended) =
                self.csv.read_record(input, &mut self.text[length..], &mut self.ends[count..]);
            if !is_end {
                self.used += read;
            }
            (length, count) = (length + written, count + ended);
            match result {
                ReadRecordResult::InputEmpty => is_unclosed |= is_end,
                ReadRecordResult::Record => {
                    is_complete = true;
                    self.line += line_ends(&self.text[..length]);
                    if !is_end && !is_unclosed {
                        self.line += 1;
                        self.after_return = self.used > 0 && self.source.block()[self.used - 1] == b'\r';
                    }
                }
                ReadRecordResult::End => is_complete = true,
                ReadRecordResult::OutputFull if self.text.len() < MAX_RECORD => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_FIELDS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    is_too_large = true;
                    self.line += line_ends(&self.text[..length]);
                    (length, count) = (0, 0);
                }
            }
        }
        let content = if is_unclosed {
            // The open field is the last one; the lines before it are those of the fields that are complete.
            let start = self.ends[..count].iter().rev().nth(1).copied().unwrap_or(0);
            Content::Unclosed { line: if is_too_large { line } else { line + line_ends(&self.text[..start]) } }
        } else if is_too_large {
            Content::TooLarge
        } else {
            Content::Read { text: &self.text[..length], ends: &self.ends[..count] }
        };
        Ok(Some(Record { line, content }))
    }

    /// Goes to the next byte that is no line end; false where there is none.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            for byte in &self.source.block()[self.used..] {
                match byte {
                    b'\n' if self.after_return => self.after_return = false,
                    b'\n' => self.line += 1,
                    b'\r' => {
                        self.line += 1;
                        self.after_return = true;
                    }
                    _ => {
                        self.after_return = false;
                        return Ok(true);
                    }
                }
                self.used += 1;
            }
            self.used = 0;
            if !self.source.advance()? {
                return Ok(false);
            }
        }
    }
}

/// Line feeds, carriage returns, and both together, each as one.
fn line_ends(text: &[u8]) -> u64 {
    let mut count = 0;
    for at in memchr::memchr2_iter(b'\n', b'\r', text) {
        count += u64::from(text[at] == b'\n' || text.get(at + 1) != Some(&b'\n'));
    }
    count
}

impl<'r> Record<'r> {
    /// The fields, or why they can't be used.
    pub(super) fn fields(&self) -> Result<Fields<'r>, Fault> {
        let whole = |reason: String| Fault { field: None, value: String::new(), reason };
        match self.content {
            Content::Read { text, ends } => read_fields(text, ends),
            Content::Unclosed { line } => {
                Err(whole(format!("the quotation mark that opens a field on line {line} is never closed")))
            }
            Content::TooLarge => Err(whole(format!(
                "the record has more than {} MiB; a quotation mark may be missing or too many",
                MAX_RECORD >> 20
            ))),
        }
    }
}

fn read_fields<'r>(text: &'r [u8], ends: &'r [usize]) -> Result<Fields<'r>, Fault> {
    // Most records pass these checks as a whole; the field that does not is looked for afterwards.
    if let Ok(text) = std::str::from_utf8(text)
        && text.len() <= MAX_CELL
        && memchr::memchr(0, text.as_bytes()).is_none()
        && ends.iter().all(|end| text.is_char_boundary(*end))
    {
        return Ok(Fields { text, ends });
    }
    let mut start = 0;
    for (index, end) in ends.iter().enumerate() {
        let field = &text[start..*end];
        start = *end;
        let fault = |reason: &str| {
            let shown = String::from_utf8_lossy(&field[..field.len().min(4 * crate::import::MAX_SHOWN)]);
            Err(Fault { field: Some(index), value: shown.replace('\0', "\u{2400}"), reason: reason.to_owned() })
        };
        if std::str::from_utf8(field).is_err() {
            return fault("it has bytes that are no text in the file's encoding");
        }
        if field.len() > MAX_CELL {
            return fault("more than 1 MiB, which is the most that a cell holds");
        }
        if memchr::memchr(0, field).is_some() {
            return fault("it has a NUL character, which is no text");
        }
    }
    match std::str::from_utf8(text) {
        // Every field is sound, so all their ends are boundaries.
        Ok(text) => Ok(Fields { text, ends }),
        Err(error) => Err(Fault { field: None, value: String::new(), reason: error.to_string() }),
    }
}

impl<'r> Fields<'r> {
    /// Fields that lie one after the other in the text; none where an end is no character's boundary.
    pub(super) fn new(text: &'r str, ends: &'r [usize]) -> Option<Self> {
        ends.iter().all(|end| text.is_char_boundary(*end)).then_some(Self { text, ends })
    }

    /// How many there are; at least one.
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// The field at this position; empty where there is none.
    pub(super) fn get(self, index: usize) -> &'r str {
        let Some(end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..*end]
    }

    /// All of them.
    pub(super) fn iter(self) -> impl Iterator<Item = &'r str> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.text[std::mem::replace(&mut start, *end)..*end])
    }

    /// Their text one after the other.
    pub(super) fn text(self) -> &'r str {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, so that everything lies across blocks somewhere.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(bytes: &[u8]) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut source = Source::open(Slowly(bytes, 7)).expect("memory does not fail");
        source.decode_as(encoding_rs::UTF_8);
        let mut records = Records::new(source, b',');
        let mut found = Vec::new();
        while let Some(record) = records.next().expect("memory does not fail") {
            let fields = record.fields().map(|fields| fields.iter().map(str::to_owned).collect());
            found.push((record.line, fields.map_err(|fault| fault.reason)));
        }
        found
    }

    fn check(bytes: &[u8], expected: &[(u64, &[&str])]) {
        let found = read(bytes);
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, fields)| (*line, Ok(fields.iter().map(|field| (*field).to_owned()).collect())))
            .collect();
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn records_know_their_lines() {
        check(b"", &[]);
        check(b"\n\r\n\r", &[]);
        check(b"a,b\nc,d", &[(1, &["a", "b"]), (2, &["c", "d"])]);
        check(b"a\r\nb\r\n\r\nc\r\n", &[(1, &["a"]), (2, &["b"]), (4, &["c"])]);
        check(b"a\rb\r\rc\r", &[(1, &["a"]), (2, &["b"]), (4, &["c"])]);
        check(b"\n\na\n\n\nb", &[(3, &["a"]), (6, &["b"])]);
        check(b"\"a\nb\",c\n\"d\r\ne\rf\"\ng", &[(1, &["a\nb", "c"]), (3, &["d\r\ne\rf"]), (6, &["g"])]);
    }

    #[test]
    fn quotation_follows_the_standard() {
        check(b"\"a\"\"b\",\"\"\n", &[(1, &["a\"b", ""])]);
        check(b"\"a,b\",c", &[(1, &["a,b", "c"])]);
        check(b"\"\"", &[(1, &[""])]);
        check(b"a,", &[(1, &["a", ""])]);
        check(b",", &[(1, &["", ""])]);
        check(b"a\"b,c", &[(1, &["a\"b", "c"])]);
    }

    #[test]
    fn a_quotation_mark_left_open_is_told_with_its_line() {
        let reason = |line| Err(format!("the quotation mark that opens a field on line {line} is never closed"));
        assert_eq!(read(b"a\n\"b\nc\nd\n"), [(1, Ok(vec!["a".to_owned()])), (2, reason(2))]);
        assert_eq!(read(b"a\n\"b\nb\",\"c\nd"), [(1, Ok(vec!["a".to_owned()])), (2, reason(3))]);
        assert_eq!(read(b"\""), [(1, reason(1))]);
        let large = [b"a\n\"".as_slice(), &b"line\n".repeat(MAX_RECORD / 4)].concat();
        assert_eq!(read(&large), [(1, Ok(vec!["a".to_owned()])), (2, reason(2))]);
    }

    #[test]
    fn unusable_fields_are_told() {
        let reasons = |bytes: &[u8]| read(bytes).into_iter().filter_map(|(_, fields)| fields.err()).collect::<Vec<_>>();
        assert_eq!(reasons(b"a,\xFF\nb,c"), ["it has bytes that are no text in the file's encoding"]);
        // Two halves in neighbouring fields are no character.
        assert_eq!(reasons(b"a\xC3,\xBC\n"), ["it has bytes that are no text in the file's encoding"]);
        assert_eq!(reasons(b"a,\0\n"), ["it has a NUL character, which is no text"]);
        let large = "x".repeat(MAX_CELL);
        assert!(reasons(format!("{large},{large}").as_bytes()).is_empty());
        assert_eq!(reasons(format!("{large}x").as_bytes()), ["more than 1 MiB, which is the most that a cell holds"]);
        let reasons = reasons(format!("{}\nok", "x".repeat(MAX_RECORD + 1)).as_bytes());
        assert_eq!(reasons, ["the record has more than 16 MiB; a quotation mark may be missing or too many"]);
    }

    #[test]
    fn what_follows_a_skipped_record_is_read() {
        let text = format!("a\n\"{}\"\nb", "x\n".repeat(MAX_RECORD));
        let lines: Vec<_> = read(text.as_bytes()).iter().map(|(line, fields)| (*line, fields.is_ok())).collect();
        assert_eq!(lines, [(1, true), (2, false), (2 + MAX_RECORD as u64 + 1, true)]);
    }
}
