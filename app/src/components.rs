//! Parts that several pages share. Each is a function from plain data to a view.

pub mod blame;
pub mod cell;
pub mod commits;
pub mod dataset;
pub mod diff;
pub mod field;
pub mod findings;
pub mod logo;
pub mod markdown;
pub mod request;
pub mod rules;
pub mod search;
pub mod words;

use leptos::prelude::*;

/// A moment, readable by people and by programs.
#[must_use]
pub fn time(micros: i64) -> AnyView {
    let (text, machine) = crate::text::time(micros);
    view! { <time datetime=machine>{text}</time> }.into_any()
}

/// A part that scrolls by itself; its name is read to those who don't see it.
#[must_use]
pub fn scroll(label: String, content: impl IntoView + 'static) -> AnyView {
    view! { <div class="scroll" role="region" tabindex="0" aria-label=label>{content}</div> }.into_any()
}
