//! References to files.

use std::{fmt, str::FromStr};

use super::ParseValueError;
use crate::Hash;

/// The longest name of a file, in bytes, as on common file systems.
pub const MAX_FILE_NAME: usize = 255;
/// The longest media type in bytes: two names of 127 (RFC 6838, section 4.2) and the slash.
const MAX_MEDIA_TYPE: usize = 255;

/// What a cell says of a file; its content lies elsewhere, under its hash.
///
/// As text: hash, size, media type and name, with one space between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef {
    hash: Hash,
    size: u64,
    media_type: String,
    name: String,
}

impl FileRef {
    /// A file of `size` bytes. The name is 1 to [`MAX_FILE_NAME`] bytes without slashes, backslashes, control characters
    /// and space at either end, and not `.` or `..`. The media type is `type/subtype` (RFC 6838) without parameters and
    /// is kept in lower case.
    ///
    /// # Errors
    /// The name or media type is none.
    pub fn new(hash: Hash, name: &str, media_type: &str, size: u64) -> Result<Self, ParseValueError> {
        if is_file_name(name) && is_media_type(media_type) {
            let (media_type, name) = (media_type.to_ascii_lowercase(), name.to_owned());
            Ok(Self { hash, size, media_type, name })
        } else {
            Err(ParseValueError::File)
        }
    }

    /// The hash of the content.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The name under which people know it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The media type, such as `image/png`.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The size of the content in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

fn is_file_name(name: &str) -> bool {
    let is_plain = |character: char| !character.is_control() && !matches!(character, '/' | '\\');
    (1..=MAX_FILE_NAME).contains(&name.len())
        && name.trim() == name
        && name.chars().all(is_plain)
        && !matches!(name, "." | "..")
}

/// `restricted-name "/" restricted-name` of RFC 6838, section 4.2.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= MAX_MEDIA_TYPE && text.split_once('/').is_some_and(|(ty, subtype)| is_name(ty) && is_name(subtype))
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.hash, self.size, self.media_type, self.name)
    }
}

impl FromStr for FileRef {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let mut parts = text.splitn(4, ' ');
        let mut part = || parts.next().ok_or(ParseValueError::File);
        let hash = part()?.parse().map_err(|_| ParseValueError::File)?;
        let size = part()?.parse().map_err(|_| ParseValueError::File)?;
        let media_type = part()?;
        Self::new(hash, part()?, media_type, size)
    }
}
