//! What people read on a terminal: aligned columns, no colour unless it is one, nothing that could steer it.

use std::io::{self, IsTerminal, Write};

use serde_json::Value as Json;

use super::Failure;

/// Writes to standard output. Whoever closes it early has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::because("can't write to standard output", error)),
    }
}

/// Writes JSON for programs.
pub(super) fn print_json(json: &Json) -> Result<(), Failure> {
    print(&format!("{json:#}\n"))
}

/// The first ten digits of a hash.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..10).unwrap_or(hash)
}

/// The first line of a text, without characters that steer a terminal.
pub(super) fn line(text: &str) -> String {
    clean(text.lines().next().unwrap_or_default())
}

/// A text on one line, without characters that steer a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped = character.is_control().then(|| character.escape_default());
            let plain = (!character.is_control()).then_some(character);
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// A cell: texts as they are, null as ∅, so that it is not taken for the empty text.
pub(super) fn cell(value: &Json) -> String {
    match value {
        Json::Null => "∅".to_owned(),
        Json::String(text) => clean(text),
        other => clean(&other.to_string()),
    }
}

/// Rows with their columns aligned, two spaces between them.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let missing = width - cell.chars().count() + 2;
            line.extend(std::iter::repeat_n(' ', missing));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The colours of a diff: green for what is new, red for what is gone.
#[derive(Clone, Copy)]
pub(super) enum Colour {
    Green,
    Red,
}

/// Colours a text, if standard output is a terminal that wants it (<https://no-color.org>).
pub(super) fn colour(colour: Colour, text: &str) -> String {
    if !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Red => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::{align, clean};

    #[test]
    fn columns_are_aligned_and_terminals_are_not_steered() {
        let rows = [["a", "b"], ["långt", "c"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(align(&rows), "a      b\nlångt  c\n");
        assert_eq!(clean("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }
}
