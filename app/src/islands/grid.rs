//! The grid: a table's rows as a spreadsheet.
//!
//! The server writes a plain table with its tools ([`server`]). In the browser [`live`] takes it over: it shows any part
//! of any number of rows in a constant number of elements and turns what a person does into edits. What there is to
//! decide is decided in modules that know no browser and are tested without one: [`scroll`], [`selection`], [`sheet`]
//! with [`cache`], [`outbox`] and [`history`], [`layout`] and [`tsv`].
//!
//! The island itself is a door: behind it nothing is reactive, because a picture of a million rows is made once a frame
//! from one state, and the code for signals would be a sixth of what a browser loads.

#![allow(missing_docs, reason = "the island macro makes public items without documentation")]

use leptos::prelude::*;

pub mod cache;
pub mod history;
pub mod layout;
#[cfg(feature = "hydrate")]
mod live;
pub mod outbox;
pub mod scroll;
pub mod selection;
#[cfg(feature = "ssr")]
pub mod server;
pub mod sheet;
pub mod tsv;
mod typed;

/// Brings the table within to life. What it has to know is a packed [`crate::wire::GridSetup`], an attribute of the grid:
/// see [`crate::islands`].
#[island]
pub fn Grid(children: Children) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    live::wake();
    children()
}
