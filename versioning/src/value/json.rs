//! JSON documents.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde_json::{Number, Value as Tree, value::RawValue};

use super::{MAX_CELL, ParseValueError};

/// A JSON document in its one text: keys sorted, no space between tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Json(String);

impl Json {
    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document, with numbers exactly as the text has them.
    #[must_use]
    pub fn tree(&self) -> Tree {
        read(&self.0).unwrap_or_default()
    }
}

impl FromStr for Json {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let text = read(text).ok_or(ParseValueError::Json)?.to_string();
        if text.len() > MAX_CELL { Err(ParseValueError::TooLarge) } else { Ok(Self(text)) }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a document; none where it is none or is nested more than 128 deep. Maps are ordered by key.
///
/// As it is built here, `serde_json` reads a fraction of many digits as a neighbour of the nearest number: the text of
/// what it read would be read as yet another one. So documents with fractions are read once more.
fn read(text: &str) -> Option<Tree> {
    let tree: Tree = serde_json::from_str(text).ok()?;
    if has_fraction(&tree) { read_exactly(text) } else { Some(tree) }
}

fn has_fraction(tree: &Tree) -> bool {
    match tree {
        Tree::Number(number) => number.is_f64(),
        Tree::Array(items) => items.iter().any(has_fraction),
        Tree::Object(members) => members.values().any(has_fraction),
        Tree::Null | Tree::Bool(_) | Tree::String(_) => false,
    }
}

/// Reads a document that is known to be one; fractions by the standard library, which takes the nearest number.
fn read_exactly(text: &str) -> Option<Tree> {
    match text.trim_ascii_start().bytes().next()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let member = |(name, raw): (String, &RawValue)| Some((name, read_exactly(raw.get())?));
            members.into_iter().map(member).collect::<Option<_>>().map(Tree::Object)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items.into_iter().map(|raw| read_exactly(raw.get())).collect::<Option<_>>().map(Tree::Array)
        }
        _ => match serde_json::from_str(text).ok()? {
            Tree::Number(number) if number.is_f64() => {
                Number::from_f64(text.trim_ascii().parse().ok()?).map(Tree::Number)
            }
            other => Some(other),
        },
    }
}
