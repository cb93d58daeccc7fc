//! Islands: the parts of a page that come to life in the browser.

pub mod grid;
pub mod import_progress;
