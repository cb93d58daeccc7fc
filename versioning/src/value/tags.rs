//! Sets of short texts.

use std::{collections::BTreeSet, fmt, str::FromStr};

use super::{MAX_CELL, ParseValueError};

/// A set of texts, at least one: a cell without tags is null, so that nothing has two representations.
///
/// A tag is not empty and has no space at either end. As text, tags stand in the order of their code points, separated
/// by commas; `\` goes before a comma or `\` within a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// The set of these texts. Space around them is cut off, then those that are empty are left out; none when nothing is
    /// left.
    #[must_use]
    pub fn new<T: AsRef<str>>(tags: impl IntoIterator<Item = T>) -> Option<Self> {
        let tags = tags.into_iter().map(|tag| tag.as_ref().trim().to_owned()).filter(|tag| !tag.is_empty());
        let tags: BTreeSet<String> = tags.collect();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// The tags in the order of their code points.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(String::as_str)
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.0.contains(tag)
    }

    /// The bytes of the text.
    pub(super) fn size(&self) -> usize {
        let escapes = |tag: &String| tag.bytes().filter(|byte| matches!(byte, b',' | b'\\')).count();
        self.0.iter().map(|tag| tag.len() + escapes(tag) + 1).sum::<usize>() - 1
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, tag) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for part in tag.split_inclusive([',', '\\']) {
                match part.strip_suffix([',', '\\']) {
                    Some(plain) => write!(f, "{plain}\\{}", &part[plain.len()..])?,
                    None => f.write_str(part)?,
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Tags {
    type Err = ParseValueError;

    /// A `\` before anything but a comma or `\` is itself.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let mut tags = vec![String::new()];
        let mut tag = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                ',' => tags.push(std::mem::take(&mut tag)),
                '\\' => tag.push(characters.next_if(|next| matches!(next, ',' | '\\')).unwrap_or('\\')),
                _ => tag.push(character),
            }
        }
        tags.push(tag);
        let tags = Self::new(tags).ok_or(ParseValueError::Tags)?;
        if tags.size() > MAX_CELL { Err(ParseValueError::TooLarge) } else { Ok(tags) }
    }
}
