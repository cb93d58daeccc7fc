//! What the store promises, against a real database in a temporary directory.

mod chunks;
mod commits;
mod datasets;
mod deltas;
mod drafts;
mod forks;
mod jobs;
#[path = "../leaves/mod.rs"]
mod leaves;
mod measure;
mod opening;
mod reclaim;
mod verify;
mod world;
