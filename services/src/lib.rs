//! Service processes: work that the back end should not do itself, above all reading what comes from outside.
//!
//! The back end starts them through [`Supervisor`], feeds them and listens to them over their standard streams; the
//! child's side begins in [`worker`]. A worker never opens a file, a socket or the store: it gets its input over its
//! pipe and nothing else, and whatever happens to it, the back end goes on. Start with [`import`], the types that both
//! sides share, then [`protocol`] and [`supervisor`].

mod error;
pub mod frames;
pub mod import;
pub mod protocol;
pub mod supervisor;
pub mod worker;

pub use error::{Exit, LimitKind, ServiceError};
pub use supervisor::{Limits, ProcessInfo, Supervisor};
