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

/// A button that opens something small over the page: Escape and a click elsewhere close it, without a script. `id` is the
/// page's name for it.
#[must_use]
pub fn popover(id: String, button: impl IntoView + 'static, content: impl IntoView + 'static) -> AnyView {
    popover_with(id, "button", None, button, content)
}

/// The same with another look, and another name for those who don't see it.
#[must_use]
pub fn popover_with(
    id: String,
    class: &'static str,
    label: Option<String>,
    button: impl IntoView + 'static,
    content: impl IntoView + 'static,
) -> AnyView {
    view! {
        <button class=class type="button" popovertarget=id.clone() aria-label=label>{button}</button>
        <div class="popover" id=id popover="auto">{content}</div>
    }
    .into_any()
}

/// A part that scrolls by itself; its name is read to those who don't see it.
#[must_use]
pub fn scroll(label: String, content: impl IntoView + 'static) -> AnyView {
    view! { <div class="scroll" role="region" tabindex="0" aria-label=label>{content}</div> }.into_any()
}
