//! What every handler is given.

use app::shell::SiteFiles;
use hub::{Actor, Hub};
use tokio_util::sync::CancellationToken;

/// The back end, as handlers see it.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The way to the data.
    pub(crate) hub: Hub,
    /// The names of the site's files.
    pub(crate) site: SiteFiles,
    /// Ends streams that would otherwise never end, when the server stops.
    pub(crate) stopping: CancellationToken,
}

impl AppState {
    /// The acting person: until there are accounts the one local owner, which is why the server listens on this
    /// machine only.
    pub(crate) fn actor(&self) -> Actor {
        Actor::local()
    }
}
