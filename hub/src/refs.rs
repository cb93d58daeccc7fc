//! Branches, tags, and how people name a state of a dataset.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use storage::{DatasetId, DraftId, RefKind, StorageError};
use versioning::{
    Hash,
    history::{self, At, Clocks},
    value::Timestamp,
};

use crate::{Actor, AuditKind, CommitSummary, Dataset, DatasetPath, Error, Hub, Role, access::Action};

/// The longest name of a branch or tag, in characters.
const MAX_NAME: usize = 100;
/// The most commits that are looked at between a branch and the default branch.
pub(crate) const MAX_APART: usize = 1_000;

/// A state of a dataset as people name it: `NAME`, `NAME@TIME` or `@TIME`. The name is a branch, a tag, or a commit's
/// hash or its first digits, looked for in this order, and the default branch where it is missing. The time
/// (`Type::Timestamp` or a date) asks for what the branch held then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reference {
    name: Option<String>,
    time: Option<i64>,
}

impl Reference {
    /// The default branch as it is now.
    #[must_use]
    pub fn default_branch() -> Self {
        Self::default()
    }

    /// What has this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), time: None }
    }
}

impl Reference {
    /// The same name at a time, as it stands behind the `@`.
    ///
    /// # Errors
    /// The text is no time.
    pub fn at_time(&self, time: &str) -> Result<Self, ParseReferenceError> {
        format!("{}@{time}", self.name.as_deref().unwrap_or_default()).parse()
    }
}

/// The text names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” names no state of a dataset: a branch, tag or commit, then perhaps “@” and a time in UTC")]
pub struct ParseReferenceError {
    text: String,
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let (name, time) = match text.split_once('@') {
            Some((name, time)) => (name, Some(time)),
            None => (text, None),
        };
        let failed = || ParseReferenceError { text: text.to_owned() };
        let time = match time {
            // A day stands for its beginning.
            Some(time) if time.len() == 10 => {
                Some(format!("{time}T00:00:00Z").parse::<Timestamp>().map_err(|_| failed())?.micros())
            }
            Some(time) => Some(time.parse::<Timestamp>().map_err(|_| failed())?.micros()),
            None => None,
        };
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()).map(str::to_owned), time })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        match self.time.and_then(Timestamp::from_micros) {
            Some(time) => write!(f, "@{time}"),
            None => Ok(()),
        }
    }
}

/// A dataset in one of its states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The dataset.
    pub path: DatasetPath,
    /// The state.
    pub at: Reference,
}

impl From<DatasetPath> for Place {
    fn from(path: DatasetPath) -> Self {
        Self { path, at: Reference::default_branch() }
    }
}

/// What a [`Reference`] turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewedKind {
    /// A branch as it is now: it can be edited.
    Branch,
    /// A tag.
    Tag,
    /// A commit.
    Commit,
    /// What a branch held at a time.
    Past,
}

/// The state of a dataset that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewed {
    /// What it is.
    pub kind: ViewedKind,
    /// What people call it.
    pub name: String,
    /// How addresses name it; none for the default branch as it is now.
    pub reference: Option<String>,
    /// The commit; none where nothing has been committed to the default branch yet.
    pub commit: Option<Hash>,
    /// Whether the acting person may edit branches here.
    pub may_edit: bool,
}

impl Viewed {
    /// The branch, if it is one that the acting person can edit.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        (self.kind == ViewedKind::Branch && self.may_edit).then_some(self.name.as_str())
    }

    pub(crate) fn editable(&self) -> Result<&str, Error> {
        self.branch().ok_or_else(|| Error::State {
            message: format!("“{}” is what was, and stays: only branches can be edited.", self.name),
        })
    }
}

/// A branch or tag in a list.
#[derive(Clone, Debug)]
pub struct RefSummary {
    /// Its name.
    pub name: String,
    /// Whether it is the branch that is shown first.
    pub is_default: bool,
    /// The commit it names.
    pub head: CommitSummary,
    /// Commits that it has and the default branch does not, and the other way round; together at most 1,000.
    pub apart: Option<(u64, u64)>,
}

/// The page of branches and tags.
#[derive(Clone, Debug)]
pub struct RefsView {
    /// The dataset.
    pub dataset: Dataset,
    /// Its branches: the default branch, then the others by name.
    pub branches: Vec<RefSummary>,
    /// Its tags, by name.
    pub tags: Vec<RefSummary>,
}

/// Whether the text can name a branch or tag: 1 to 100 letters, digits, `-`, `_`, `.` and `/`, with a letter or digit
/// at either end of each part between slashes, and not the form of a commit's hash.
fn is_ref_name(name: &str) -> bool {
    let part = |part: &str| {
        part.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '_' | '.'))
            && part.starts_with(char::is_alphanumeric)
            && part.ends_with(char::is_alphanumeric)
            && !part.contains("..")
    };
    name.chars().count() <= MAX_NAME && name.split('/').all(part) && name.parse::<Hash>().is_err()
}

impl Hub {
    /// What the reference means in the dataset.
    pub(crate) async fn resolve(&self, dataset: &Dataset, at: &Reference) -> Result<Viewed, Error> {
        let id = DatasetId(dataset.id);
        let name = at.name.as_deref().unwrap_or(&dataset.default_branch);
        let is_default = name == dataset.default_branch;
        let may_edit = dataset.role >= Some(Role::Writer) && dataset.archived_at.is_none();
        let commit = |hash: Hash| {
            let name = hash.to_string()[..10].to_owned();
            Viewed { kind: ViewedKind::Commit, name, reference: None, commit: Some(hash), may_edit }
        };
        let missing = |_| Error::not_found(format!("branch, tag or commit “{name}”"));
        // No branch or tag is named like a commit.
        let mut viewed = if !is_default && name.parse::<Hash>().is_ok() {
            commit(self.own_commit(dataset, name).await.map_err(missing)?)
        } else if let Some(head) = self.store().head(id, RefKind::Branch, name).await? {
            Viewed { kind: ViewedKind::Branch, name: name.to_owned(), reference: None, commit: Some(head), may_edit }
        } else if is_default {
            Viewed { kind: ViewedKind::Branch, name: name.to_owned(), reference: None, commit: None, may_edit }
        } else if let Some(head) = self.store().head(id, RefKind::Tag, name).await? {
            Viewed { kind: ViewedKind::Tag, name: name.to_owned(), reference: None, commit: Some(head), may_edit }
        } else {
            commit(self.own_commit(dataset, name).await.map_err(missing)?)
        };
        if let Some(time) = at.time {
            let then = match viewed.commit {
                Some(head) => self.read(move |objects| Ok(history::at(objects, head, time, usize::MAX)?)).await?,
                None => At::Before,
            };
            let At::Commit(commit) = then else {
                return Err(Error::not_found(format!("commit in “{name}” at that time")));
            };
            viewed = Viewed {
                kind: ViewedKind::Past,
                name: at.to_string(),
                reference: None,
                commit: Some(commit),
                may_edit,
            };
        }
        let plain = is_default && viewed.kind == ViewedKind::Branch;
        viewed.reference = (!plain).then(|| at.to_string());
        Ok(viewed)
    }

    /// The branches and tags of a dataset.
    ///
    /// # Errors
    /// There is no such dataset for the person, or its commits can't be read.
    pub async fn refs(&self, actor: &Actor, path: &DatasetPath) -> Result<RefsView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let refs = self.store().refs(DatasetId(dataset.id), None).await?;
        let main = self.head(&dataset).await?;
        let (mut branches, mut tags) = (Vec::new(), Vec::new());
        for found in refs {
            let (head, kind) = (found.head, found.kind);
            let is_default = kind == RefKind::Branch && found.name == dataset.default_branch;
            let summary = self
                .read(move |objects| {
                    let apart = match main.filter(|_| kind == RefKind::Branch && !is_default) {
                        Some(main) => {
                            let apart = history::ahead_behind(objects, head, main, Clocks::Honest, MAX_APART)?;
                            Some((apart.ahead, apart.behind))
                        }
                        None => None,
                    };
                    let head = crate::state::summary(head, objects.commit(head)?);
                    Ok(RefSummary { name: found.name, is_default, head, apart })
                })
                .await?;
            if kind == RefKind::Branch { branches.push(summary) } else { tags.push(summary) }
        }
        branches.sort_by(|a, b| b.is_default.cmp(&a.is_default).then_with(|| a.name.cmp(&b.name)));
        Ok(RefsView { dataset, branches, tags })
    }

    /// Makes a branch of the state at a place. Nothing is copied.
    ///
    /// # Errors
    /// The name is not valid or taken, or there is nothing to begin from.
    pub async fn create_branch(&self, actor: &Actor, from: &Place, name: &str) -> Result<Viewed, Error> {
        self.create_ref(actor, from, name, RefKind::Branch).await
    }

    /// Gives the commit at a place a name that stays.
    ///
    /// # Errors
    /// The name is not valid or taken, or there is nothing to name.
    pub async fn create_tag(&self, actor: &Actor, from: &Place, name: &str) -> Result<Viewed, Error> {
        self.create_ref(actor, from, name, RefKind::Tag).await
    }

    async fn create_ref(&self, actor: &Actor, from: &Place, name: &str, kind: RefKind) -> Result<Viewed, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &from.path).await?;
        let lease = self.store().lease();
        let name = name.trim();
        if !is_ref_name(name) {
            return Err(Error::invalid(
                "name",
                "A name has 1 to 100 letters, digits, “-”, “_”, “.” or “/”, and a letter or digit at its ends.",
            ));
        }
        let commit = self.resolve(&dataset, &from.at).await?.commit;
        let head = commit.ok_or_else(|| Error::State {
            message: "Nothing has been committed yet: there is nothing to begin from.".to_owned(),
        })?;
        let id = DatasetId(dataset.id);
        // One name means one thing: a branch would hide a tag of the same name.
        let other = if kind == RefKind::Branch { RefKind::Tag } else { RefKind::Branch };
        let taken = || Error::invalid("name", format!("There is a branch or tag “{name}” already."));
        if name == dataset.default_branch || self.store().head(id, other, name).await?.is_some() {
            return Err(taken());
        }
        let new = storage::Ref { dataset: id, kind, name: name.to_owned(), head };
        match self.store().create_ref(&lease, &new).await {
            Ok(()) => {
                let what = format!("made the {} {name} at {}", kind.as_str(), head.short());
                self.note(actor, AuditKind::Branch, dataset.about(), what).await;
                self.resolve(&dataset, &Reference::named(name)).await
            }
            Err(StorageError::AlreadyExists { .. }) => Err(taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a branch. Its commits stay as long as something else leads to them; what nothing leads to can be brought
    /// back by its hash for a while ([`storage::Config::keep_unreachable`]).
    ///
    /// # Errors
    /// It is the default branch, there is none of the name, or somebody has a draft on it.
    pub async fn delete_branch(&self, actor: &Actor, path: &DatasetPath, name: &str) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Write, path).await?;
        if name == dataset.default_branch {
            return Err(Error::State { message: format!("“{name}” is the default branch: it can't be deleted.") });
        }
        dataset.authorise_direct_change(name)?;
        let head = self.delete_ref(actor, &dataset, RefKind::Branch, name).await?;
        self.note_withdrawn(actor, &dataset, name, head).await;
        Ok(())
    }

    /// Deletes a tag.
    ///
    /// # Errors
    /// There is none of the name.
    pub async fn delete_tag(&self, actor: &Actor, path: &DatasetPath, name: &str) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Write, path).await?;
        self.delete_ref(actor, &dataset, RefKind::Tag, name).await?;
        Ok(())
    }

    /// Discards the draft of somebody on a branch if they can't write there any more, and so can't end it themselves.
    async fn discard_left_draft(&self, dataset: &Dataset, branch: &str, person: &str) -> Result<bool, Error> {
        let stored = self.store().dataset_by_id(DatasetId(dataset.id)).await?;
        let account = self.store().person(person).await?.filter(|account| account.blocked_at.is_none());
        if let (Some(stored), Some(account)) = (stored, account)
            && self.role(&Actor::person(&account), &stored).await? >= Some(Role::Writer)
        {
            return Ok(false);
        }
        let id = DraftId { dataset: DatasetId(dataset.id), branch: branch.to_owned(), person: person.into() };
        if let Some(draft) = self.store().draft(&id).await? {
            self.store().discard_draft(&id, draft.revision).await?;
        }
        Ok(true)
    }

    /// Deletes a ref, and returns the commit that it named.
    async fn delete_ref(&self, actor: &Actor, dataset: &Dataset, kind: RefKind, name: &str) -> Result<Hash, Error> {
        let mut deleted = self.store().delete_ref(DatasetId(dataset.id), kind, name).await;
        while let Err(StorageError::InUse { by }) = &deleted
            && self.has_accounts()
            && self.discard_left_draft(dataset, name, by).await?
        {
            deleted = self.store().delete_ref(DatasetId(dataset.id), kind, name).await;
        }
        match deleted {
            Ok(head) => {
                let what = format!("deleted the {} {name}", kind.as_str());
                self.note(actor, AuditKind::Branch, dataset.about(), what).await;
                Ok(head)
            }
            Err(StorageError::NotFound { .. }) => Err(Error::not_found(format!("{} “{name}”", kind.as_str()))),
            Err(StorageError::InUse { by }) => Err(Error::State {
                message: format!("{by} has changes on “{name}” that are not committed. Commit or discard them first."),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        for (text, name, time) in [
            ("", None, None),
            ("main", Some("main"), None),
            ("@1970-01-01T00:00:01Z", None, Some(1_000_000)),
            ("feature/x@1970-01-02", Some("feature/x"), Some(86_400_000_000)),
        ] {
            let reference: Reference = text.parse().expect("a reference");
            assert_eq!((reference.name.as_deref(), reference.time), (name, time), "{text}");
            assert_eq!(reference.to_string().parse(), Ok(reference), "{text}");
        }
        for text in ["main@", "@yesterday", "a@b@c"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_refs_stay_within_addresses() {
        for name in ["a", "fix-1", "feature/prices_2026", "v1.0", "größe"] {
            assert!(is_ref_name(name), "{name}");
        }
        let hash = Hash::of(b"").to_string();
        for name in ["", ".", "..", "-a", "a-", "a//b", "/a", "a/", "a/../b", "a..b", "a b", "a@b", "<b>", &hash] {
            assert!(!is_ref_name(name), "{name}");
        }
    }
}
