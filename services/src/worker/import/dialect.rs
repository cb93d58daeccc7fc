//! How a file writes its records: delimiter and header, found in its beginning.

use std::collections::BTreeSet;

use csv_core::{ReadRecordResult, ReaderBuilder};
use versioning::{Type, schema};

use super::infer;

/// Bytes and records that are looked at.
const SAMPLE_BYTES: usize = 256 << 10;
const SAMPLE_RECORDS: usize = 200;

/// The delimiters that are looked for. Where the fields don't tell, the first one it could be: text and decimal numbers
/// have commas more often than tabs or semicolons.
const DELIMITERS: [u8; 4] = [b'\t', b';', b',', b'|'];

/// The first records of a file.
pub(super) type Sample = Vec<Vec<String>>;

/// Finds the delimiter by how evenly it divides the first records; a comma where there is none. Returns the first
/// records too.
pub(super) fn delimiter(beginning: &[u8], is_whole: bool) -> (u8, Sample) {
    let sample = |delimiter| sample(beginning, delimiter, is_whole);
    let mut best = (b',', sample(b','), (0, 0));
    for delimiter in DELIMITERS {
        let records = sample(delimiter);
        let score = evenness(&records);
        if score > best.2 {
            best = (delimiter, records, score);
        }
    }
    (best.0, best.1)
}

/// How many of 1,000 records have the number of fields that most of them have, and, where that are not all, the number
/// of fields; nothing where most have one field.
fn evenness(records: &Sample) -> (usize, usize) {
    let count = |fields: usize| records.iter().filter(|record| record.len() == fields).count();
    let Some(most) = records.iter().map(Vec::len).max_by_key(|fields| (count(*fields), *fields)) else { return (0, 0) };
    if most < 2 {
        return (0, 0);
    }
    let share = count(most) * 1_000 / records.len();
    (share, if share == 1_000 { 0 } else { most })
}

fn sample(beginning: &[u8], delimiter: u8, is_whole: bool) -> Sample {
    let mut input = &beginning[..beginning.len().min(SAMPLE_BYTES)];
    let is_whole = is_whole && beginning.len() <= SAMPLE_BYTES;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    // Fields are never longer together than what they are read from.
    let (mut text, mut ends) = (vec![0; input.len() + 1], vec![0; input.len() + 1]);
    let mut records = Sample::new();
    while records.len() < SAMPLE_RECORDS {
        let (mut length, mut count) = (0, 0);
        loop {
            if input.is_empty() && !is_whole {
                // The beginning ends within this record, unless it is the only one.
                if records.is_empty() && length > 0 {
                    ends[count] = length;
                    records.push(fields(&text, &ends[..=count]));
                }
                return records;
            }
            let (result, read, written, ended) = reader.read_record(input, &mut text[length..], &mut ends[count..]);
            input = &input[read..];
            (length, count) = (length + written, count + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull | ReadRecordResult::End => {
                    return records;
                }
            }
        }
        records.push(fields(&text, &ends[..count]));
    }
    records
}

fn fields(text: &[u8], ends: &[usize]) -> Vec<String> {
    let mut start = 0;
    ends.iter()
        .map(|end| String::from_utf8_lossy(&text[std::mem::replace(&mut start, *end)..*end]).into_owned())
        .collect()
}

/// Whether the first record names the columns: it is all text, without gaps and repetitions; or it has those, but names
/// a column whose values are of another type.
pub(super) fn has_header(sample: &Sample) -> bool {
    let Some((first, rest)) = sample.split_first() else { return false };
    // Digits without a letter are a value even where they are no number to us, such as 1,5 or 007.
    let is_value = |field: &String| {
        infer::classify(field) != Type::Text
            || field.chars().any(char::is_numeric) && !field.chars().any(char::is_alphabetic)
    };
    if first.iter().any(|field| !field.is_empty() && is_value(field)) {
        return false;
    }
    let names: BTreeSet<_> = first.iter().filter(|name| !name.trim().is_empty()).collect();
    if names.len() == first.len() {
        return true;
    }
    let is_typed = |index: usize| {
        let mut values =
            rest.iter().filter_map(|record| record.get(index)).filter(|value| !value.is_empty()).peekable();
        values.peek().is_some() && values.all(|value| infer::classify(value) != Type::Text)
    };
    first.iter().enumerate().any(|(index, name)| !name.trim().is_empty() && is_typed(index))
}

/// Names for columns: valid, unique, and as near as possible to what stands in the file.
pub(super) fn column_names<'a>(found: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for (index, found) in found.enumerate() {
        let clean: String = found.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let clean: String = clean.trim().chars().take(schema::MAX_NAME).collect();
        let clean = clean.trim_end();
        let base = if clean.is_empty() { format!("column {}", index + 1) } else { clean.to_owned() };
        let mut name = base.clone();
        let mut number = 2;
        while taken.contains(&name) {
            let suffix = format!(" {number}");
            let room = schema::MAX_NAME - suffix.len();
            name = base.chars().take(room).collect::<String>().trim_end().to_owned() + &suffix;
            number += 1;
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: (char, bool)) {
        let (delimiter, sample) = delimiter(text.as_bytes(), true);
        assert_eq!((char::from(delimiter), has_header(&sample)), expected, "{text:?}");
    }

    #[test]
    fn delimiters_and_headers_are_found() {
        check("", (',', false));
        check("name\n", (',', true));
        check("id,name\n1,a\n2,b\n", (',', true));
        check("id;name\n1;a\n2;b\n", (';', true));
        check("id\tname\n1\ta\n", ('\t', true));
        check("id|name\n1|a\n", ('|', true));
        check("1,a\n2,b\n", (',', false));
        check("name,note\na,\"x;y;z\"\nb,\"x;y;z\"\n", (',', true));
        check("price;weight\n1,5;2,5\n1,7;2,7\n", (';', true));
        check("1,5;2,5\n1,7;2,7\n", (';', false));
        check("name;text\na;one, two, three\nb;one\nc;one, two\n", (';', true));
        check("\"a;b\";\"c\nd\"\n\"e\";\"f\"\n", (';', true));
    }

    #[test]
    fn gaps_and_repetitions_make_no_header_unless_the_types_do() {
        check(",name\n0,a\n1,b\n", (',', false));
        check(",name,price\n0,a,1.5\n1,b,2.5\n", (',', true));
        check("a,a\nb,c\n", (',', false));
        check("a,a\nb,1\n", (',', true));
    }

    #[test]
    fn a_record_cut_by_the_end_of_the_sample_does_not_count() {
        let (delimiter, sample) = delimiter(b"a,b\n1,2\n3", false);
        assert_eq!((delimiter, sample.len()), (b',', 2));
    }

    #[test]
    fn names_become_valid_and_unique() {
        let long = "x".repeat(300);
        let found = ["name", "", "name", " name ", "a\nb", "name 2", &long, &long];
        let names = column_names(found.into_iter());
        let expected = ["name", "column 2", "name 2", "name 3", "a b", "name 2 2", &long[..200]];
        assert_eq!(names[..7], expected);
        assert!(names.iter().all(|name| schema::is_name(name)));
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
