//! Islands: the parts of a page that come to life in the browser.
//!
//! No island has properties: Leptos has the browser read them as JSON, and code that reads any JSON is a thirteenth of what
//! is loaded. What an island has to know stands in an attribute of an element within.

#[cfg(feature = "hydrate")]
mod dom;
pub mod grid;
pub mod import_progress;
pub mod resolver;
