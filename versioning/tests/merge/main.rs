//! Laws of merge, against plain models, and what the file of cases can't say: ids, pages, costs, other commits.

mod checks;
mod columns;
mod commits;
#[path = "../common/mod.rs"]
mod common;
mod costs;
mod resolutions;
mod rows;
mod world;
