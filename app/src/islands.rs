//! Islands: the parts of a page that come to life in the browser.

#[cfg(feature = "hydrate")]
mod dom;
pub mod grid;
pub mod import_progress;
pub mod resolver;
