//! The audit log: who changed access or data, when, from where, and what. Entry points of the hub write to it here once
//! they have done what was asked (a commit with its entry, in one transaction), and nothing changes or deletes what stands
//! in it.

use serde::{Deserialize, Serialize};
use storage::{AuditFilter, DatasetId};
use uuid::Uuid;

use crate::{
    Actor, Dataset, DatasetPath, Error, Hub, Scope,
    access::{Action, authorise_operator},
    now,
};

/// Characters of what was done.
const MAX_WHAT: usize = 300;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditKind {
    /// Accounts: made, invited, blocked, who runs the server.
    Account,
    /// Signing in and out, also where it was refused; passwords.
    SignIn,
    /// Tokens for programs.
    Token,
    /// Organisations: founded, described, who belongs to them and their teams.
    Organisation,
    /// Who may do what in a dataset.
    Role,
    /// Who may read a dataset without a role.
    Visibility,
    /// Datasets: made, forked, renamed, deleted.
    Dataset,
    /// Branches and tags.
    Branch,
    /// Commits.
    Commit,
    /// Merges.
    Merge,
    /// Files that became a commit.
    Import,
}

impl AuditKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Account,
        Self::SignIn,
        Self::Token,
        Self::Organisation,
        Self::Role,
        Self::Visibility,
        Self::Dataset,
        Self::Branch,
        Self::Commit,
        Self::Merge,
        Self::Import,
    ];

    /// As in the log, forms and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::SignIn => "sign-in",
            Self::Token => "token",
            Self::Organisation => "organisation",
            Self::Role => "role",
            Self::Visibility => "visibility",
            Self::Dataset => "dataset",
            Self::Branch => "branch",
            Self::Commit => "commit",
            Self::Merge => "merge",
            Self::Import => "import",
        }
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditView {
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// Who; empty where nobody was known.
    pub person: String,
    /// From which address of the network; empty where it is not for the person to see.
    pub address: String,
    /// One of [`AuditKind`].
    pub kind: String,
    /// What the dataset was called then, `OWNER/NAME`; empty where it is about none.
    pub dataset: String,
    /// What was done.
    pub what: String,
}

/// Which entries of the log; what is empty is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// By this person.
    pub person: String,
    /// Of this kind.
    pub kind: Option<AuditKind>,
    /// In this dataset.
    pub dataset: Option<DatasetPath>,
}

/// The place of an entry in the log, behind which a page begins.
pub type AuditPlace = (i64, Uuid);

/// A page of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The newest first.
    pub entries: Vec<AuditView>,
    /// Where the next page begins; none where there is no more.
    pub next: Option<AuditPlace>,
}

/// What an entry says of a dataset.
pub(crate) type About = Option<(DatasetId, String)>;

impl Dataset {
    /// What entries say of it.
    pub(crate) fn about(&self) -> About {
        Some((DatasetId(self.id), self.path.to_string()))
    }
}

/// An entry of what is done now.
pub(crate) fn entry(
    person: &str,
    address: &str,
    kind: AuditKind,
    about: About,
    what: impl Into<String>,
) -> storage::AuditEntry {
    let (dataset, place) = about.unzip();
    // What people wrote may be long, and have line ends.
    let what = what.into().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WHAT).collect();
    storage::AuditEntry {
        at: now(),
        id: Uuid::now_v7(),
        person: person.to_owned(),
        address: address.to_owned(),
        kind: kind.as_str().to_owned(),
        dataset,
        place: place.unwrap_or_default(),
        what,
    }
}

impl Hub {
    /// Writes what somebody has done. It is done already, so a log that can't be written is for the server's own log.
    pub(crate) async fn note(&self, actor: &Actor, kind: AuditKind, about: About, what: impl Into<String>) {
        self.note_from(actor.name(), actor.address(), kind, about, what).await;
    }

    /// The same where nobody has signed in.
    pub(crate) async fn note_from(
        &self,
        person: &str,
        address: &str,
        kind: AuditKind,
        about: About,
        what: impl Into<String>,
    ) {
        let entry = entry(person, address, kind, about, what);
        if let Err(error) = self.store().add_audit(&entry).await {
            tracing::error!(error = &error as &dyn std::error::Error, ?entry, "the audit log could not be written");
        }
    }

    /// The audit log, the newest first: all of it for those who run the server, that of a dataset for its owners. From where
    /// others came is for those who run the server.
    ///
    /// # Errors
    /// The person may not see it, or there is no such dataset for them.
    pub async fn audit(
        &self,
        actor: &Actor,
        query: &AuditQuery,
        before: Option<AuditPlace>,
        limit: usize,
    ) -> Result<AuditPage, Error> {
        let mut filter = AuditFilter {
            person: Some(query.person.trim().to_owned()).filter(|person| !person.is_empty()),
            kind: query.kind.map(|kind| kind.as_str().to_owned()),
            ..AuditFilter::default()
        };
        let operates = authorise_operator(actor, Scope::Admin, "see the server's audit log");
        let sees_addresses = operates.is_ok();
        match &query.dataset {
            Some(path) => match self.find_stored(actor, Action::Own, path).await {
                Ok(dataset) => filter.dataset = Some(dataset.id),
                // What was deleted, has another name now or is not theirs is found by what it was called.
                Err(_) if operates.is_ok() => filter.place = Some(path.to_string()),
                Err(error) => return Err(error),
            },
            None => operates?,
        }
        let mut found = self.store().audit(&filter, before, limit + 1).await?;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| goes_on).map(|entry| (entry.at, entry.id));
        let view = |entry: storage::AuditEntry| AuditView {
            at: entry.at,
            address: if sees_addresses || entry.person == actor.name() { entry.address } else { String::new() },
            person: entry.person,
            kind: entry.kind,
            dataset: entry.place,
            what: entry.what,
        };
        Ok(AuditPage { entries: found.into_iter().map(view).collect(), next })
    }
}
