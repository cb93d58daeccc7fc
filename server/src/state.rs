//! What every handler is given.

use app::shell::SiteFiles;
use hub::Hub;
use tokio_util::sync::CancellationToken;

/// The back end, as handlers see it.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The way to the data.
    pub(crate) hub: Hub,
    /// The names of the site's files.
    pub(crate) site: SiteFiles,
    /// Whether browsers reach the server encrypted.
    pub(crate) secure: bool,
    /// Ends streams that would otherwise never end, when the server stops.
    pub(crate) stopping: CancellationToken,
}
