//! Which words of a text are new, and which are gone.

use leptos::prelude::*;

/// The most pairs of words that are compared; in longer texts, all between the first and the last difference is marked.
const MAX_PAIRS: usize = 250_000;
/// The longest text that is looked at, in bytes.
const MAX_TEXT: usize = 4_000;

/// A part of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Same,
    Gone,
    New,
}

/// The later text with the words that are gone and those that are new; none where the two have too little in common.
#[must_use]
pub fn marked(before: &str, after: &str) -> Option<AnyView> {
    let parts: Vec<_> = compare(before, after)?
        .into_iter()
        .map(|(part, text)| match part {
            Part::Same => text.into_any(),
            Part::Gone => view! { <del>{text}</del> }.into_any(),
            Part::New => view! { <ins>{text}</ins> }.into_any(),
        })
        .collect();
    Some(view! { <span class="words">{parts}</span> }.into_any())
}

/// Words, runs of spaces, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |character: char| (character.is_alphanumeric(), character.is_whitespace());
    let mut tokens: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (index, character) in text.char_indices() {
        let this = kind(character);
        if last.is_some_and(|last| last != this || this == (false, false)) {
            tokens.push(&text[start..index]);
            start = index;
        }
        last = Some(this);
    }
    if start < text.len() {
        tokens.push(&text[start..]);
    }
    tokens
}

/// The parts of both texts in their order.
fn compare(before: &str, after: &str) -> Option<Vec<(Part, String)>> {
    if before.len().max(after.len()) > MAX_TEXT {
        return None;
    }
    let (old, new) = (tokens(before), tokens(after));
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);

    let mut parts: Vec<(Part, String)> = Vec::new();
    let mut has_word = false;
    let mut add = |part: Part, token: &str| {
        has_word |= part == Part::Same && token.chars().any(char::is_alphanumeric);
        match parts.last_mut() {
            Some((last, text)) if *last == part => text.push_str(token),
            _ => parts.push((part, token.to_owned())),
        }
    };
    old[..start].iter().for_each(|token| add(Part::Same, token));
    for (part, token) in middle(old_middle, new_middle) {
        add(part, token);
    }
    old[old.len() - end..].iter().for_each(|token| add(Part::Same, token));
    has_word.then_some(parts)
}

/// The longest common subsequence of both, with what lies between.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Part, &'a str)> {
    let all = |part: Part, tokens: &[&'a str]| tokens.iter().map(|token| (part, *token)).collect::<Vec<_>>();
    if old.len() * new.len() > MAX_PAIRS {
        return [all(Part::Gone, old), all(Part::New, new)].concat();
    }
    // `lengths[i * width + j]`: how much `old[i..]` and `new[j..]` have in common.
    let width = new.len() + 1;
    let mut lengths = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut parts = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            parts.push((Part::Same, old[i]));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            parts.push((Part::Gone, old[i]));
            i += 1;
        } else {
            parts.push((Part::New, new[j]));
            j += 1;
        }
    }
    parts.extend(all(Part::Gone, &old[i..]));
    parts.extend(all(Part::New, &new[j..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> Option<String> {
        let part = |(part, text): &(Part, String)| match part {
            Part::Same => text.clone(),
            Part::Gone => format!("[-{text}]"),
            Part::New => format!("[+{text}]"),
        };
        Some(compare(before, after)?.iter().map(part).collect())
    }

    #[test]
    fn words_that_differ_are_marked() {
        let check = |before: &str, after: &str, expected: Option<&str>| {
            assert_eq!(shown(before, after).as_deref(), expected, "{before} → {after}");
        };
        check("a rye loaf", "a wheat loaf", Some("a [-rye][+wheat] loaf"));
        check("old mill, north", "old mill", Some("old mill[-, north]"));
        check("", "new", None);
        check("one", "two", None);
        check("ä ö ü", "ä ü", Some("ä [-ö ]ü"));
        check("same", "same", Some("same"));
    }

    #[test]
    fn both_texts_can_be_read_off() {
        let texts = ["the quick brown fox", "a quick, brown-ish fox!", "the fox the fox the", "🏳️‍🌈 fox\n\tthe"];
        for before in texts {
            for after in texts {
                let Some(parts) = compare(before, after) else { continue };
                let read = |skip: Part| {
                    let kept = parts.iter().filter(|(part, _)| *part != skip);
                    kept.map(|(_, text)| text.as_str()).collect::<String>()
                };
                assert_eq!((read(Part::New).as_str(), read(Part::Gone).as_str()), (before, after));
            }
        }
    }

    #[test]
    fn long_texts_cost_little() {
        let before: String = (0..900).map(|number| format!("{number} ")).collect();
        let after: String = (0..900).map(|number| format!("{} ", number * 7 % 900)).collect();
        assert!(compare(&before, &after).is_some());
        assert!(compare(&"x".repeat(MAX_TEXT + 1), "x").is_none());
    }
}
