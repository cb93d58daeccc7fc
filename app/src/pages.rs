//! The pages, one file for each kind. Every one is complete without scripts: real tables, links and forms.

pub mod account;
pub mod audit;
pub mod branches;
pub mod commit;
pub mod compare;
pub mod conflicts;
pub mod dataset;
pub mod datasets;
pub mod draft;
pub mod error;
pub mod fork;
pub mod history;
pub mod import;
pub mod import_job;
pub mod members;
pub mod new_dataset;
pub mod new_request;
pub mod people;
pub mod request;
pub mod request_changes;
pub mod requests;
pub mod row;
pub mod row_history;
pub mod sign_in;
pub mod system;
pub mod table;
