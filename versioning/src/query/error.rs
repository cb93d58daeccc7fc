//! What is wrong with a filter, and where.

use std::{fmt, ops::Range};

use crate::value::{ParseValueError, Type};

/// The most characters of a filter that a picture shows.
const PICTURE: usize = 76;

/// Why a filter can't be read or does not fit a table. Its text is a plain sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Where, in bytes of the filter. Empty at its end.
    pub span: Range<usize>,
    /// Where it begins, in characters, counted from 1.
    pub character: usize,
    /// What is wrong there.
    pub kind: FilterErrorKind,
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterErrorKind {
    /// The filter is longer than [`super::MAX_LENGTH`].
    #[error("a filter has at most {} characters", super::MAX_LENGTH)]
    TooLong,
    /// More than [`super::MAX_DEPTH`] parentheses or `not` within each other.
    #[error("parentheses and “not” stand in each other more than {} deep", super::MAX_DEPTH)]
    TooDeep,
    /// Something else should stand here.
    #[error("expected {expected}, but found {found}")]
    Unexpected {
        /// What stands here, ready to read: `“)”`, `the end`.
        found: String,
        /// What should, ready to read: `a value, such as 12, "text" or true`.
        expected: &'static str,
    },
    /// A string, or a name in brackets, has no end.
    #[error("{opened} is never closed by {close}")]
    Unclosed {
        /// What began here.
        opened: &'static str,
        /// What would end it.
        close: char,
    },
    /// A backslash in a string is not followed by an escape.
    #[error("“\\” in a string goes before \\, \", ', n, r, t or u{{…}}")]
    Escape,
    /// `= null`.
    #[error("nothing equals null; write “is null” or “is not null”")]
    Null,
    /// `like`.
    #[error("there is no “like”; write “contains”, “starts with” or “ends with”")]
    Like,
    /// The table has no column of this name.
    #[error("there is no column “{name}”{}", Hint(.suggestion))]
    Column {
        /// The name.
        name: String,
        /// The column that may be meant.
        suggestion: Option<String>,
    },
    /// The text is no value of the column's type.
    #[error("“{text}” is no value of “{column}”: {reason}")]
    Value {
        /// The text.
        text: String,
        /// The column's name.
        column: String,
        /// What is wrong with the text.
        reason: ParseValueError,
    },
    /// The value is of a kind that the column's type does not have.
    #[error("“{column}” is a column of type {ty}: write {expected}, not {found}")]
    Kind {
        /// The column's name.
        column: String,
        /// Its type.
        ty: Type,
        /// How its values are written.
        expected: &'static str,
        /// What was written.
        found: String,
    },
    /// The condition does not exist for the column's type.
    #[error("“{condition}” is for columns of text; “{column}” is of type {ty}")]
    NotText {
        /// The condition.
        condition: &'static str,
        /// The column's name.
        column: String,
        /// Its type.
        ty: Type,
    },
    /// Values of the column's type have no order.
    #[error("values of type {ty} have no order, so “{column}” can't be compared by “{condition}”")]
    NoOrder {
        /// The condition.
        condition: &'static str,
        /// The column's name.
        column: String,
        /// Its type.
        ty: Type,
    },
}

struct Hint<'a>(&'a Option<String>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(f, "; perhaps “{name}” is meant"))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At character {}: {}.", self.character, self.kind)
    }
}

impl std::error::Error for FilterError {}

impl FilterError {
    pub(super) fn new(source: &str, span: Range<usize>, kind: FilterErrorKind) -> Self {
        let before = source.get(..span.start).unwrap_or(source);
        Self { character: before.chars().count() + 1, span, kind }
    }

    /// The filter and, in a second line, `^` under what is wrong with it; for a fixed-width font. Line breaks and other
    /// control characters become spaces; of a long filter only the surroundings are shown.
    #[must_use]
    pub fn picture(&self, source: &str) -> String {
        let characters: Vec<char> = source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let at = (self.character - 1).min(characters.len());
        let marked = source.get(self.span.clone()).map_or(1, |text| text.chars().count());
        // A third of what is shown stands before the mark.
        let start = if characters.len() <= PICTURE { 0 } else { at.saturating_sub(PICTURE / 3) };
        let end = (start + PICTURE).min(characters.len());
        let (before, after) = (if start > 0 { "…" } else { "" }, if end < characters.len() { "…" } else { "" });
        let shown: String = characters[start..end].iter().collect();
        let space = " ".repeat(before.chars().count() + at - start);
        let marks = "^".repeat(marked.min(end.saturating_sub(at)).max(1));
        format!("{before}{shown}{after}\n{space}{marks}")
    }
}

/// The name that is nearest to what was written, if it is near: the same but for case, or with few characters inserted,
/// left out, replaced or swapped with their neighbours.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let fold = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let folded = fold(written);
    let near = folded.len().div_ceil(3).min(3);
    names
        .map(|name| (distance(&folded, &fold(name)), name))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The optimal string alignment distance: edits of single characters and swaps of neighbours, none edited twice.
fn distance(a: &[char], b: &[char]) -> usize {
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
