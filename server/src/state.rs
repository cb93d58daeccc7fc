//! What every handler is given.

use app::shell::SiteFiles;
use hub::Hub;
use tokio_util::sync::CancellationToken;

use crate::{public::PublicUrl, rate::Rate};

/// The back end, as handlers see it.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The way to the data.
    pub(crate) hub: Hub,
    /// The names of the site's files.
    pub(crate) site: SiteFiles,
    /// Where people on other machines reach it, always encrypted; none: nobody else does.
    pub(crate) public: Option<PublicUrl>,
    /// How often one place may ask.
    pub(crate) rate: Rate,
    /// Ends streams that would otherwise never end, when the server stops.
    pub(crate) stopping: CancellationToken,
}
