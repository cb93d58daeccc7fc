//! Where a page ends, as opaque text: the place, with a mark of the list it belongs to, so that a cursor of another list
//! is refused instead of answered with rows that nobody asked for.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use versioning::Hash;

use crate::problem::Problem;

#[derive(Serialize, Deserialize)]
struct Marked<T> {
    /// The beginning of the hash of what the list is of.
    list: String,
    at: T,
}

fn mark(list: &[&str]) -> String {
    Hash::of(list.join("\u{1f}").as_bytes()).short()
}

/// The text of a place in the list that is named by what was asked for.
pub(crate) fn write<T: Serialize>(list: &[&str], at: T) -> Option<String> {
    let json = serde_json::to_vec(&Marked { list: mark(list), at }).ok()?;
    Some(json.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The place that a text names in this list.
pub(crate) fn read<T: DeserializeOwned>(list: &[&str], text: &str) -> Result<T, Problem> {
    let marked = bytes(text).and_then(|json| serde_json::from_slice::<Marked<T>>(&json).ok());
    match marked {
        Some(marked) if marked.list == mark(list) => Ok(marked.at),
        _ => Err(Problem::field(StatusCode::BAD_REQUEST, "/cursor", "The cursor is not one of this list.")),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn a_cursor_is_read_in_its_own_list_only() {
        let text = write(&["rows", "cities"], 7_u64).expect("numbers are JSON");
        assert_eq!(read::<u64>(&["rows", "cities"], &text).ok(), Some(7));
        assert!(read::<u64>(&["rows", "towns"], &text).is_err());
        for text in ["", "7", "zz", "é", "7b7d", &text[1..]] {
            assert!(read::<u64>(&["rows", "cities"], text).is_err(), "{text}");
        }
    }
}
