//! What the store promises, against a real database in a temporary directory.

mod chunks;
mod commits;
mod datasets;
mod drafts;
mod forks;
mod jobs;
mod measure;
mod opening;
mod reclaim;
mod verify;
mod world;
