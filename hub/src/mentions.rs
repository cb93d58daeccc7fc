//! Mentions: `@NAME` in what people write.

use std::ops::Range;

use crate::datasets::{RESERVED, is_address};

/// The most people that one text mentions; those who are named later are not told.
const MAX_MENTIONED: usize = 20;

/// Where a text without markup mentions somebody: from the `@` to the end of the name. Whether there is such an account is
/// not asked.
#[must_use]
pub fn mentions(text: &str) -> Vec<Range<usize>> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let mut found = Vec::new();
    for (start, _) in text.match_indices('@') {
        // `ada@example.org` mentions nobody.
        let before = text[..start].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '@' | '/' | '.' | '_' | '-')) {
            continue;
        }
        let rest = &text[start + 1..];
        let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        // A sentence may end with a name.
        let name = rest[..end].trim_end_matches(['.', '-', '_']);
        let follows_at = rest[name.len()..].starts_with('@');
        if is_address(name) && !RESERVED.contains(&name) && !follows_at {
            found.push(start..start + 1 + name.len());
        }
    }
    found
}

/// Who is mentioned in what somebody wrote as Markdown, each once; not where it is code.
pub(crate) fn mentioned(markdown: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in outside_code(markdown) {
        for place in mentions(part) {
            let name = part[place].trim_start_matches('@').to_owned();
            if names.len() < MAX_MENTIONED && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The parts of a text between those that stand between equally many backticks.
fn outside_code(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence = &rest[start..start + rest[start..].bytes().take_while(|byte| *byte == b'`').count()];
        let inside = &rest[start + fence.len()..];
        match closing(inside, fence.len()) {
            Some(end) => {
                parts.push(&rest[..start]);
                rest = &inside[end..];
            }
            // Backticks that are alone are text.
            None => {
                parts.push(&rest[..start]);
                rest = inside;
            }
        }
    }
    parts.push(rest);
    parts
}

/// Where the run of exactly so many backticks ends.
fn closing(text: &str, many: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = text[at..].find('`') {
        let run = text[at + start..].bytes().take_while(|byte| *byte == b'`').count();
        at += start + run;
        if run == many {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_after_an_at_sign_are_mentions() {
        for (text, names) in [
            ("@ada, see @bob-2 and @ada.", &["ada", "bob-2"][..]),
            ("(@ada) “@bob”\n@c_d: **@e**", &["ada", "bob", "c_d", "e"]),
            ("ada@example.org, a/@ada, @@ada, @ada@example.org", &[]),
            ("@Ada @.ada @ @account @sign-in é@ada", &[]),
            ("`@ada` ``a ` @bob`` @carol\n```\n@dan\n```\n@eve", &["carol", "eve"]),
            ("a ` @ada", &["ada"]),
            ("@a..b", &[]),
        ] {
            assert_eq!(mentioned(text), names, "{text}");
        }
        let many: String = (0..50).map(|number| format!("@p{number} ")).collect();
        assert_eq!(mentioned(&many).len(), MAX_MENTIONED);
        let long = format!("@{}", "a".repeat(65));
        assert!(mentioned(&long).is_empty());
    }
}
