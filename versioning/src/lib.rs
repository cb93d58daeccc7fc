//! Versioned tables: values, schemas and their evolution, trees of chunks, commits, diff, merge.
//!
//! This crate is the engine. It never does I/O, never asks the time and never learns of the database or of HTTP: it
//! reads through [`ObjectSource`] and writes through [`ChunkSink`], so that the same code runs in the back end, in a
//! service process and in the browser. Start with [`schema::Schema`] and [`value::Value`], then [`tree::Tree`] for how
//! rows become chunks, [`evolve`] for how schemas change under them, [`diff`] for how two states are compared, and
//! [`mod@merge`] for how two become one.

mod bits;
mod calendar;
pub mod check;
pub mod commit;
#[cfg(feature = "codec")]
mod delta;
pub mod diff;
pub mod evolve;
#[cfg(feature = "codec")]
pub mod frame;
pub mod hash;
pub mod history;
pub mod id;
pub mod key;
pub mod merge;
pub mod object;
pub mod overlay;
pub mod query;
pub mod rules;
pub mod schema;
pub mod tree;
pub mod value;

pub use commit::{Commit, Root, TableEntry};
pub use hash::Hash;
pub use id::{CheckId, ColumnId, TableId};
pub use key::Key;
pub use object::{ChunkSink, Object, ObjectSource, ReadError, WriteError};
pub use schema::{Column, Schema};
pub use tree::Tree;
pub use value::{Row, Type, Value};

/// Bare WebAssembly has no standard error: what a failed test says goes to the console.
#[cfg(all(test, target_family = "wasm"))]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
fn show_panics() {
    console_error_panic_hook::set_once();
}
