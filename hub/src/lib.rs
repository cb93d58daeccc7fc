//! The rules of the product: who may do what, datasets, drafts, commits, imports and their jobs.
//!
//! Every way in (page, server function, REST, command line) calls [`Hub`], and every entry point takes the acting
//! person and authorises before it looks at anything. The hub never speaks HTTP or HTML and never reads a file that
//! came from outside: service processes do. Start with [`Hub`], then `state.rs` for what a reader sees, `drafts.rs` for
//! how edits become commits, `imports.rs` for how files do.

mod access;
mod accounts;
mod ahead;
mod audit;
mod changes;
mod datasets;
mod differences;
mod drafts;
mod error;
mod events;
mod findings;
mod forks;
mod history;
mod imports;
mod invitations;
mod joining;
mod leaving;
mod mail;
mod members;
mod mentions;
mod merges;
mod model;
mod moves;
mod notices;
mod organisations;
mod profiles;
mod proposals;
mod protection;
mod queries;
mod reclaim;
mod refs;
mod requests;
mod retries;
mod rows;
mod rules;
mod search;
mod state;
mod statuses;
mod system;
mod write;

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use services::Supervisor;
use storage::Store;

pub use access::{Actor, Role, Scope};
pub use accounts::{
    Account, Arrival, Client, Departure, Entered, IdentityView, NewAccount, NewSecondFactor, NewToken, Newcomer,
    ProviderAddress, ProviderSetup, QrCode, SecondFactorView, SessionView, SignedIn, TokenView, WaysIn,
};
pub use audit::{AuditKind, AuditPage, AuditPlace, AuditQuery, AuditView};
pub use changes::{Change, Changes, NewColumn, Properties, value_of};
pub use datasets::{DatasetChanges, NewDataset};
pub use differences::{
    Against, ChangeKind, ChangesAsked, DiffPage, DiffSummary, DifferenceCounts, TableDifference, TwoStates,
};
pub use error::{Error, FieldError, Gone, Misfit, StaleCell};
pub use events::Event;
pub use findings::{Finding, Findings, RowFinding};
pub use forks::Upstream;
pub use invitations::{Joining, MembershipInvitation};
pub use joining::{InvitationView, SignUp};
pub use mail::{MailSender, MailServer, MailSetup};
pub use members::{Holder, Member};
pub use mentions::mentions;
pub use merges::{FoundConflict, FoundViolation, MergeOptions, MergeOutcome, MergeState};
pub use model::*;
pub use moves::{OfferView, Transferred};
pub use notices::{About, InboxPlace, InboxView, Mailed, NoticeReason, NoticeView, Watch};
pub use organisations::{
    NewOrganisation, OrganisationChanges, OrganisationInside, OrganisationMember, OrganisationRole, OrganisationView,
    Team,
};
pub use profiles::Profile;
pub use protection::Protection;
pub use queries::{ExportSource, Found, GroupTable, Query, QueryCursor, QueryPage, Search};
pub use reclaim::{ReclaimPhase, ReclaimProgress, ReclaimView};
pub use refs::{ParseReferenceError, Place, RefSummary, Reference, RefsView, Viewed, ViewedKind};
pub use requests::*;
pub use retries::{Begun, Doing, Retry};
pub use rows::{BlameView, PastRow, RowHistory};
pub use search::{Hit, HitKind, HitPlace, Hits};
pub use services::import::{Dialect, FoundColumn, Inspection, Problem};
pub use statuses::{NewStatus, StatusState, StatusView};
pub use storage::{ReclaimRecord, Reclaimed, Visibility};
pub use system::{Component, ComponentState, Fact, Metric, SystemView};

/// What the hub has to know of the world around it.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// How mail is sent; none: no mail is.
    pub mail: Option<MailSetup>,
    /// Where people on other machines reach the server: `https://NAME`, without a path.
    pub address: Option<String>,
    /// Who signs people in elsewhere; none: nobody does.
    pub provider: Option<ProviderSetup>,
}

/// The one way to the data. Cloning is cheap; clones share everything.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    accounts: accounts::Accounts,
    mail: mail::Mail,
    provider: Option<accounts::oidc::Provider>,
    /// What stands before the paths of addresses that are sent to people; none where nobody else reaches the server.
    address: Option<String>,
    supervisor: Supervisor,
    /// Uploaded files wait here until their import is done.
    uploads: PathBuf,
    events: events::Events,
    drafts: drafts::Drafts,
    imports: imports::Running,
    inboxes: notices::Inboxes,
    reclaiming: reclaim::Reclaiming,
    retries: retries::Retries,
    lists: queries::Lists,
    weighings: Weighings,
    searching: search::Searching,
    started: SystemTime,
}

impl Hub {
    /// Opens the hub over a store. Jobs that an earlier run left unfinished are ended with a clear message.
    ///
    /// # Errors
    /// The store failed, or the directory for uploads can't be made.
    pub async fn open(store: Store, supervisor: Supervisor, setup: Setup) -> Result<Self, Error> {
        let uploads = store.dir().join("uploads");
        std::fs::create_dir_all(&uploads)
            .map_err(|error| Error::Internal { reason: format!("{} can't be made: {error}", uploads.display()) })?;
        let shared = Shared {
            accounts: accounts::Accounts::new(store.has_people().await?),
            mail: mail::Mail::new(setup.mail),
            address: setup.address,
            provider: setup.provider.map(accounts::oidc::Provider::new).transpose()?,
            store,
            supervisor,
            uploads,
            events: events::Events::default(),
            drafts: drafts::Drafts::default(),
            imports: imports::Running::default(),
            inboxes: notices::Inboxes::default(),
            reclaiming: reclaim::Reclaiming::default(),
            retries: retries::Retries::default(),
            lists: queries::Lists::default(),
            weighings: Weighings::default(),
            searching: search::Searching::default(),
            started: SystemTime::now(),
        };
        let hub = Self { shared: Arc::new(shared) };
        hub.recover_imports().await?;
        Ok(hub)
    }

    /// Ends reclaiming and running imports, writes what is in memory and closes the store.
    ///
    /// # Errors
    /// The store could not be closed cleanly.
    pub async fn close(&self) -> Result<(), Error> {
        self.stop_reclaiming();
        self.stop_imports().await;
        let waiting = self.shared.mail.waiting();
        if waiting > 0 {
            tracing::warn!(waiting, "mails that wait are not sent any more");
        }
        Ok(self.shared.store.close().await?)
    }

    fn store(&self) -> &Store {
        &self.shared.store
    }
}

/// Now, in microseconds since 1970-01-01T00:00:00Z.
fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// The bits of a new table's, column's or check's stable id.
fn random_id() -> u64 {
    // A UUIDv4 has a fixed bit pattern in each half; folding one half over the other hides it.
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    high.rotate_left(17) ^ low
}

/// Runs work that reads chunks, and so may wait for the disk, off the threads that answer requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal { reason: format!("a reader ended early: {error}") })?
}
