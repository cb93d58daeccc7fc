//! What people see: the pages as views of plain data, and the islands that make some of them live.
//!
//! A page is a function of what `hub` answered and never asks for anything itself; only `api` calls `hub`, for the
//! islands. Start with `shell`, the frame of every page, then read any file of `pages`.

pub mod api;
pub mod islands;
pub mod text;
pub mod url;
pub mod wire;

#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod shell;
