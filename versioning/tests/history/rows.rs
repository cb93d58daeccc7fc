//! Histories of rows.
