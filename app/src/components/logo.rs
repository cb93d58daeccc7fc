//! A stream that parts and rejoins: what an anabranch is.

use leptos::prelude::*;

/// The mark beside the name.
#[must_use]
pub fn mark() -> AnyView {
    view! {
        <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true">
            <path stroke-width="2.6" d="M2.2 18.5C9.5 18.5 9.5 6 21.8 5.5" />
            <path stroke-width="1.5" d="M5.6 17.6c8.2 2.6 12.6-3.6 11.4-11.2" />
        </svg>
    }
    .into_any()
}

/// The larger picture of a page that has nothing to show yet.
#[must_use]
pub fn stream() -> AnyView {
    view! {
        <svg viewBox="0 0 240 72" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true">
            <path stroke-width="5" d="M4 44c44 0 50-18 92-18s62 20 140 14" />
            <path stroke-width="2.5" opacity=".75" d="M46 38c22 16 40 26 72 26s50-8 68-23" />
            <path stroke-width="1.5" opacity=".5" d="M86 27c16-12 32-19 52-19s30 10 42 29" />
        </svg>
    }
    .into_any()
}
