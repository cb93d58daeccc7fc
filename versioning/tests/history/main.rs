//! Rules H1 to H3 and what merging asks of the graph, against definitions written down naively.

#[path = "../common/mod.rs"]
mod common;
mod graph;
mod reach;
mod rows;
mod world;
