//! Values of cells as text on a page.

use leptos::prelude::*;
use versioning::Value;

/// The most characters of a cell that a table shows; the row's page has the rest.
const SHOWN_IN_TABLE: usize = 300;
/// The most characters of a cell that a diff shows.
const SHOWN_IN_DIFF: usize = 4_000;

/// A cell of a table.
#[must_use]
pub fn in_table(value: &Value) -> AnyView {
    match value {
        Value::Null => view! { <span class="null" aria-label="empty">"–"</span> }.into_any(),
        value => cut(value.to_string(), SHOWN_IN_TABLE).into_any(),
    }
}

/// A cell of a diff, where nothing at all would be no answer.
#[must_use]
pub fn in_diff(value: &Value) -> AnyView {
    match value {
        Value::Null => view! { <span class="null">"empty"</span> }.into_any(),
        Value::Text(text) if text.is_empty() => view! { <span class="null">"empty text"</span> }.into_any(),
        value => cut(value.to_string(), SHOWN_IN_DIFF).into_any(),
    }
}

/// The text, or its beginning and how much there is.
fn cut(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text,
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}… ({} more)", &text[..end], crate::text::count(left as u64, "character"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut(String::from("añb"), 3), "añb");
        assert_eq!(cut(String::from("ñññ"), 2), "ññ… (1 character more)");
    }
}
