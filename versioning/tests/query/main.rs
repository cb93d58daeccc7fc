//! Scans: what they find is what a look at every row finds, however the table is stored, divided or edited.

mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod laws;
mod model;
mod world;
