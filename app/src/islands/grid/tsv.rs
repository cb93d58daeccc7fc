//! What spreadsheets put on the clipboard: rows on lines, cells between tabs. A cell with a tab, a line break or a quote
//! at its beginning stands in quotes, and quotes within it are doubled.

/// Reads a block of cells. A line break at the very end belongs to the last row.
#[must_use]
pub fn parse(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    while !rest.is_empty() || !row.is_empty() {
        let (cell, after) = quoted(rest).unwrap_or_else(|| {
            let end = rest.find(['\t', '\n', '\r']).unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        });
        row.push(cell);
        if let Some(next) = after.strip_prefix('\t') {
            rest = next;
            continue;
        }
        rows.push(std::mem::take(&mut row));
        rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r'])).unwrap_or(after);
    }
    rows
}

/// Writes a block of cells, as [`parse`] reads it. Several rows end with a line break, so that an empty last one counts;
/// a single one does not, so that it can be pasted into a line of text.
#[must_use]
pub fn print<'a>(rows: impl ExactSizeIterator<Item = Vec<&'a str>>) -> String {
    let mut text = String::new();
    let several = rows.len() > 1;
    for row in rows {
        for (index, cell) in row.into_iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            if cell.starts_with('"') || cell.contains(['\t', '\n', '\r']) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(cell);
            }
        }
        if several {
            text.push('\n');
        }
    }
    text
}

/// A cell in quotes and what follows it. None if the quotes do not enclose the whole cell: then they are part of it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let end = rest.find('"')?;
        cell.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None if rest.is_empty() || rest.starts_with(['\t', '\n', '\r']) => return Some((cell, rest)),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(parse(text), expected, "{text:?}");
    }

    #[test]
    fn blocks_as_spreadsheets_write_them() {
        check("", &[]);
        check("a", &[&["a"]]);
        check("a\tb\r\nc\td\r\n", &[&["a", "b"], &["c", "d"]]);
        check("a\n\nb\n", &[&["a"], &[""], &["b"]]);
        check("\t\n", &[&["", ""]]);
        check("\"two\nlines\"\tx", &[&["two\nlines", "x"]]);
        check("\"say \"\"hi\"\"\"", &[&["say \"hi\""]]);
        check("old\rmac", &[&["old"], &["mac"]]);
    }

    #[test]
    fn a_quote_that_encloses_nothing_is_text() {
        check("\"open", &[&["\"open"]]);
        check("\"a\"b\tc", &[&["\"a\"b", "c"]]);
        check("5\" pipe", &[&["5\" pipe"]]);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(rows in prop::collection::vec(prop::collection::vec("[a\"\t\n\r ]{0,5}", 1..4), 2..5)) {
            let text = print(rows.iter().map(|row| row.iter().map(String::as_str).collect()));
            prop_assert_eq!(parse(&text), rows);
        }
    }
}
