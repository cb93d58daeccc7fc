//! Datasets: names, lists, creation, and a dataset's page.

use serde::{Deserialize, Serialize};
use storage::{DatasetId, PersonName, StorageError, Visibility};

use crate::{
    Actor, AuditKind, Dataset, DatasetPath, DatasetSummary, DatasetView, DeletedDataset, Error, Hub, NamespaceView,
    OrganisationRole, Place, Role, TableSummary, access::Action, now,
};

/// The longest name of an owner or a dataset, in characters.
const MAX_NAME: usize = 64;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 10_000;
/// The branch that a new dataset begins with.
const DEFAULT_BRANCH: &str = "main";
/// Datasets on the list.
const LIST: usize = 200;
/// Commits on a dataset's page.
const RECENT: usize = 10;

/// A dataset to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDataset {
    /// The namespace; the acting person's where empty.
    #[serde(default)]
    pub owner: String,
    /// Lower-case letters, digits, `-`, `_` and `.`, 1 to 64 characters, beginning with a letter or digit.
    #[serde(default)]
    pub name: String,
    /// What people call it; the name where empty. Up to 200 characters.
    #[serde(default)]
    pub title: String,
    /// What it is about. Up to 10,000 characters.
    #[serde(default)]
    pub description: String,
}

/// What to change in a dataset; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetChanges {
    /// The new name, valid as [`NewDataset::name`].
    pub name: Option<String>,
    /// The new title; empty: the name.
    pub title: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The branch that is read where none is named.
    pub default_branch: Option<String>,
    /// Who may read it without a role in it.
    pub visibility: Option<Visibility>,
    /// Whether it is read and not changed.
    pub archived: Option<bool>,
}

impl DatasetChanges {
    /// Whether that is for its owners.
    fn decides(&self) -> bool {
        self.name.is_some() || self.visibility.is_some() || self.archived.is_some()
    }

    /// Whether something of it is changed that stays in an archived one.
    fn describes(&self) -> bool {
        self.title.is_some() || self.description.is_some() || self.default_branch.is_some()
    }
}

pub(crate) fn is_address(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let first = name.bytes().next();
    name.len() <= MAX_NAME
        && name.bytes().all(allowed)
        && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !name.contains("..")
}

/// For so long a deleted dataset can be brought back, in µs.
const KEEP_DELETED: i64 = 7 * 24 * 3600 * 1_000_000;

/// What the log says of it.
const FOREVER: &str = "deleted the dataset for good";

/// First segments of addresses that mean something else.
pub(crate) const RESERVED: [&str; 22] = [
    "account",
    "admin",
    "api",
    "assets",
    "favicon.svg",
    "fonts",
    "healthz",
    "login",
    "logout",
    "metrics",
    "new",
    "pkg",
    "readyz",
    "reset-password",
    "robots.txt",
    "search",
    "set-up",
    "sign-in",
    "sign-out",
    "sign-up",
    "static",
    "system",
];

pub(crate) fn valid_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::invalid("name", "Give the dataset a name."));
    }
    if !is_address(name) || RESERVED.contains(&name) {
        return Err(Error::invalid(
            "name",
            "A name has 1 to 64 lower-case letters, digits, “-”, “_” or “.”, and begins with a letter or digit.",
        ));
    }
    Ok(name.to_owned())
}

pub(crate) fn valid_title(title: &str, name: &str) -> Result<String, Error> {
    let title = if title.trim().is_empty() { name } else { title.trim() };
    if title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", "A title has at most 200 characters on one line."));
    }
    Ok(title.to_owned())
}

pub(crate) fn valid_description(text: &str) -> Result<String, Error> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Error::invalid("description", "A description has at most 10,000 characters."));
    }
    Ok(text.trim().to_owned())
}

pub(crate) fn taken(error: StorageError) -> Error {
    match error {
        StorageError::AlreadyExists { name, .. } => {
            Error::invalid("name", format!("There is a dataset “{name}” already, perhaps a deleted one."))
        }
        StorageError::NotFound { what: "namespace", name } => {
            Error::not_found(format!("account or organisation “{name}” any more"))
        }
        error => error.into(),
    }
}

impl Hub {
    /// The datasets that the person may read, the last changed first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn datasets(&self, actor: &Actor) -> Result<Vec<DatasetSummary>, Error> {
        let datasets = self.readable(actor, None).await?;
        self.summaries(datasets).await
    }

    /// The datasets of a namespace that the person may read.
    pub(crate) async fn datasets_within(&self, actor: &Actor, owner: &str) -> Result<Vec<storage::Dataset>, Error> {
        self.readable(actor, Some(&PersonName::from(owner))).await
    }

    /// Whose datasets, and which others, the person may read at most, besides public ones.
    pub(crate) async fn reach(&self, actor: &Actor) -> Result<(Vec<PersonName>, Vec<DatasetId>), Error> {
        let mut owners = vec![PersonName::from(actor.name())];
        let mut also = Vec::new();
        if let Some(person) = actor.person_id() {
            also = self.store().datasets_with_role(person).await?;
            for (organisation, role) in self.store().memberships_of(person).await? {
                also.extend(self.store().datasets_by_team(&organisation.name, person).await?);
                let owns = OrganisationRole::named(&role) == Some(OrganisationRole::Owner);
                if owns || organisation.base.parse::<Role>().is_ok() {
                    owners.push(organisation.name);
                }
            }
        }
        Ok((owners, also))
    }

    /// The datasets that the person may read, all or those within a namespace, the last changed first.
    async fn readable(&self, actor: &Actor, within: Option<&PersonName>) -> Result<Vec<storage::Dataset>, Error> {
        let (owners, also) = self.reach(actor).await?;
        let mut readable = Vec::new();
        for dataset in self.store().datasets_for(&owners, &also, within, LIST).await? {
            // A token may reach less far than its person.
            if self.role(actor, &dataset).await?.is_some() {
                readable.push(dataset);
            }
        }
        Ok(readable)
    }

    async fn summaries(&self, datasets: Vec<storage::Dataset>) -> Result<Vec<DatasetSummary>, Error> {
        let mut summaries = Vec::new();
        for dataset in datasets {
            let dataset = Dataset::from(dataset);
            let head = self.head(&dataset).await?;
            let root = match head {
                Some(head) => Some(self.commit_and_root(head).await?),
                None => None,
            };
            summaries.push(DatasetSummary {
                dataset,
                tables: root.as_ref().map_or(0, |(_, root)| root.tables.len()),
                rows: root.as_ref().map_or(0, |(_, root)| root.tables.values().map(|entry| entry.tree.rows).sum()),
                head: root.map(|(commit, _)| commit),
            });
        }
        Ok(summaries)
    }

    /// The namespace of a new dataset: the one that is named, or the person's own.
    pub(crate) async fn namespace_for(&self, actor: &Actor, named: &str) -> Result<String, Error> {
        let owner = if named.trim().is_empty() { actor.name() } else { named.trim() };
        self.authorise_creation(actor, owner).await?;
        Ok(owner.to_owned())
    }

    /// Creates a dataset without tables.
    ///
    /// # Errors
    /// A field is not valid, the person may not create datasets there, or the name is taken.
    pub async fn create_dataset(&self, actor: &Actor, new: NewDataset) -> Result<Dataset, Error> {
        let owner = self.namespace_for(actor, &new.owner).await?;
        let name = valid_name(&new.name)?;
        let title = valid_title(&new.title, &name)?;
        let description = valid_description(&new.description)?;
        let at = now();
        let dataset = storage::Dataset {
            id: DatasetId::generate(),
            owner: owner.into(),
            name,
            title,
            description,
            default_branch: DEFAULT_BRANCH.to_owned(),
            created_at: at,
            updated_at: at,
            lineage: Vec::new(),
            visibility: Visibility::Private,
            protection: None,
            deleted_at: None,
            archived_at: None,
        };
        match self.store().create_dataset(&dataset).await {
            Ok(()) => {
                let dataset = Dataset::from(dataset);
                self.note(actor, AuditKind::Dataset, dataset.about(), "made the dataset").await;
                Ok(dataset)
            }
            Err(error) => Err(taken(error)),
        }
    }

    /// A dataset whose settings the person may see.
    ///
    /// # Errors
    /// There is no such dataset for the person, or its settings are not theirs to see.
    pub async fn overseen(&self, actor: &Actor, path: &DatasetPath) -> Result<Dataset, Error> {
        self.find_dataset(actor, Action::Oversee, path).await
    }

    /// Changes what a dataset is called, which branch is read where none is named, who may read it, and whether it is
    /// archived.
    ///
    /// # Errors
    /// There is no such dataset for the person, a field is not valid, the name is taken, there is no such branch, or it is
    /// archived, or would be while an import into it is not finished.
    pub async fn update_dataset(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        changes: DatasetChanges,
    ) -> Result<Dataset, Error> {
        let action = if changes.decides() { Action::Own } else { Action::Manage };
        let dataset = self.find_dataset(actor, action, path).await?;
        if changes.describes() && changes.decides() && changes.archived != Some(false) {
            self.find_dataset(actor, Action::Manage, path).await?;
        }
        let archived = changes.archived.filter(|archived| *archived != dataset.archived_at.is_some());
        if archived == Some(true) {
            self.demand_no_imports(DatasetId(dataset.id)).await?;
        }
        // A name that stays may be one that is not given any more.
        let name = changes.name.filter(|name| name.trim() != dataset.path.name);
        let name = name.map(|name| valid_name(&name)).transpose()?;
        let called = name.as_ref().unwrap_or(&dataset.path.name);
        let title = changes.title.map(|title| valid_title(&title, called)).transpose()?;
        let description = changes.description.map(|text| valid_description(&text)).transpose()?;
        if let Some(branch) = changes.default_branch.as_ref().filter(|branch| **branch != dataset.default_branch)
            && self.branch_head(&dataset, branch).await?.is_none()
        {
            return Err(Error::invalid("default_branch", format!("There is no branch “{branch}”.")));
        }
        let changes = storage::DatasetChanges {
            name,
            title,
            description,
            default_branch: changes.default_branch,
            visibility: changes.visibility,
            archived_at: archived.map(|archived| archived.then(now)),
            ..storage::DatasetChanges::default()
        };
        let changed = self.store().update_dataset(DatasetId(dataset.id), &changes, now()).await;
        let changed = changed.map(Dataset::from).map_err(taken)?;
        self.note_changes(actor, &dataset, &changed).await;
        Ok(changed)
    }

    /// Notes what of a dataset has other people see or find it.
    async fn note_changes(&self, actor: &Actor, before: &Dataset, after: &Dataset) {
        let about = || after.about();
        if before.visibility != after.visibility {
            let what = format!("made it {}", after.visibility.as_str());
            self.note(actor, AuditKind::Visibility, about(), what).await;
        }
        if before.path != after.path {
            self.note(actor, AuditKind::Dataset, about(), format!("renamed {}", before.path)).await;
        }
        if before.archived_at.is_some() != after.archived_at.is_some() {
            let what = if after.archived_at.is_some() { "archived the dataset" } else { "unarchived the dataset" };
            self.note(actor, AuditKind::Dataset, about(), what).await;
        }
        if before.default_branch != after.default_branch {
            let what = format!("made {} the default branch", after.default_branch);
            self.note(actor, AuditKind::Dataset, about(), what).await;
        }
        if (&before.title, &before.description) != (&after.title, &after.description) {
            self.note(actor, AuditKind::Dataset, about(), "described it anew").await;
        }
    }

    /// Deletes a dataset with its branches, tags, drafts and merge requests. For seven days its owner can bring it back;
    /// then, or at once with `forever`, it goes for good, and what it shares with nothing else is freed.
    ///
    /// # Errors
    /// There is no such dataset for the person, or an import into it runs.
    pub async fn delete_dataset(&self, actor: &Actor, path: &DatasetPath, forever: bool) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Own, path).await?;
        let id = DatasetId(dataset.id);
        self.demand_no_imports(id).await?;
        if forever {
            self.store().delete_dataset(id).await?;
        } else {
            self.set_deleted(id, Some(now())).await?;
        }
        self.note(actor, AuditKind::Dataset, dataset.about(), if forever { FOREVER } else { "deleted the dataset" })
            .await;
        Ok(())
    }

    /// Refuses as long as an import into a dataset runs or waits.
    pub(crate) async fn demand_no_imports(&self, dataset: DatasetId) -> Result<(), Error> {
        if self.has_unfinished_imports(dataset).await? {
            return Err(Error::State {
                message: "An import into this dataset is not finished: cancel it first.".to_owned(),
            });
        }
        Ok(())
    }

    async fn set_deleted(&self, id: DatasetId, deleted_at: Option<i64>) -> Result<(), Error> {
        let changes = storage::DatasetChanges { deleted_at: Some(deleted_at), ..storage::DatasetChanges::default() };
        self.store().update_dataset(id, &changes, now()).await.map(|_| ()).map_err(taken)
    }

    /// The deleted datasets that the person can bring back, the last deleted first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn deleted_datasets(&self, actor: &Actor) -> Result<Vec<DeletedDataset>, Error> {
        let Ok(namespaces) = self.namespaces(actor).await else { return Ok(Vec::new()) };
        let owners: Vec<PersonName> = namespaces.into_iter().map(PersonName::from).collect();
        let mut deleted = Vec::new();
        for dataset in self.store().deleted_datasets(Some(&owners)).await? {
            if self.authorise(actor, Action::Own, &dataset).await.is_ok() {
                let until = dataset.deleted_at.unwrap_or_default() + KEEP_DELETED;
                deleted.push(DeletedDataset { dataset: dataset.into(), until });
            }
        }
        Ok(deleted)
    }

    /// Brings a deleted dataset back as it was, or with `forever` deletes it for good.
    ///
    /// # Errors
    /// No such dataset of the person's can be brought back.
    pub async fn settle_deleted(&self, actor: &Actor, path: &DatasetPath, forever: bool) -> Result<(), Error> {
        let deleted = self.deleted_datasets(actor).await?;
        let found = deleted.into_iter().find(|deleted| deleted.dataset.path == *path);
        let found = found.ok_or_else(|| Error::not_found(format!("deleted dataset “{path}”")))?;
        let id = DatasetId(found.dataset.id);
        if forever {
            self.store().delete_dataset(id).await?;
        } else {
            self.set_deleted(id, None).await?;
        }
        let what = if forever { FOREVER } else { "brought the dataset back" };
        self.note(actor, AuditKind::Dataset, found.dataset.about(), what).await;
        Ok(())
    }

    /// Deletes for good what was deleted long enough ago.
    pub(crate) async fn clear_deleted(&self) -> Result<(), Error> {
        for dataset in self.store().deleted_datasets(None).await? {
            if dataset.deleted_at.is_some_and(|at| at + KEEP_DELETED < now()) {
                self.store().delete_dataset(dataset.id).await?;
            }
        }
        Ok(())
    }

    /// The page of a namespace: its datasets that the person may read, whose it is, and what is the person's alone to see.
    ///
    /// # Errors
    /// There is nothing that the person may know of.
    pub async fn namespace(&self, actor: &Actor, owner: &str) -> Result<NamespaceView, Error> {
        let datasets = self.datasets_within(actor, owner).await?;
        let is_own = actor.name() == owner;
        let (mut profile, mut organisation) = (None, None);
        let mut is_known = is_own || !datasets.is_empty();
        if let Some((found, own_role)) = self.known_organisation(actor, owner).await? {
            is_known |= own_role.is_some();
            organisation = Some(self.organisation_view(found, own_role).await?);
        } else {
            profile = self.known_profile(actor, owner).await?;
            is_known |= profile.as_ref().is_some_and(|profile| !profile.organisations.is_empty());
        }
        if !is_known {
            return Err(Error::not_found(format!("dataset of “{owner}”")));
        }
        let may_create = self.authorise_creation(actor, owner).await.is_ok();
        let mut deleted = if may_create { self.deleted_datasets(actor).await? } else { Vec::new() };
        deleted.retain(|deleted| deleted.dataset.path.owner == owner);
        let offers = if is_own { self.offers(actor).await? } else { Vec::new() };
        let invitations = if is_own { self.own_invitations(actor).await? } else { Vec::new() };
        let datasets = self.summaries(datasets).await?;
        Ok(NamespaceView {
            owner: owner.to_owned(),
            is_own,
            may_create,
            profile,
            organisation,
            datasets,
            deleted,
            offers,
            invitations,
        })
    }

    /// A dataset's page: its tables as the person sees them, its newest commits, the person's draft.
    ///
    /// # Errors
    /// There is no such dataset for the person, or its data can't be read.
    pub async fn dataset(&self, actor: &Actor, place: &Place) -> Result<DatasetView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let working = self.working(actor, &dataset, &place.at).await?;
        let mut tables = Vec::new();
        for (id, entry) in working.root.iter().flat_map(|root| &root.tables) {
            let rows = working.draft.as_ref().map_or(entry.tree.rows, |draft| draft.rows(*id, entry));
            tables.push(TableSummary {
                id: *id,
                name: entry.name.clone(),
                rows,
                schema: self.schema(entry.schema).await?,
            });
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let commits = match working.viewed.commit {
            Some(head) => self.walk(head, RECENT).await?.0,
            None => Vec::new(),
        };
        let origin = self.upstream(actor, &dataset, &working.viewed).await?;
        let (draft, has_accounts) = (working.summary(), self.has_accounts());
        let watch = self.watch_of(actor, &dataset).await?;
        Ok(DatasetView { draft, viewed: working.viewed, has_accounts, watch, origin, tables, commits, dataset })
    }

    pub(crate) async fn find_dataset(
        &self,
        actor: &Actor,
        action: Action,
        path: &DatasetPath,
    ) -> Result<Dataset, Error> {
        let (dataset, role) = self.lookup(actor, action, path).await?;
        Ok(Dataset { role: Some(role), ..dataset.into() })
    }

    pub(crate) async fn find_stored(
        &self,
        actor: &Actor,
        action: Action,
        path: &DatasetPath,
    ) -> Result<storage::Dataset, Error> {
        self.lookup(actor, action, path).await.map(|(dataset, _)| dataset)
    }

    /// The one way to a dataset by its address, with what the person is there.
    async fn lookup(
        &self,
        actor: &Actor,
        action: Action,
        path: &DatasetPath,
    ) -> Result<(storage::Dataset, Role), Error> {
        let found = self.store().dataset(&PersonName::from(path.owner.as_str()), &path.name).await?;
        let dataset = found.ok_or_else(|| Error::not_found(format!("dataset “{path}”")))?;
        let role = self.authorise(actor, action, &dataset).await?;
        Ok((dataset, role))
    }
}

impl From<storage::Dataset> for Dataset {
    fn from(dataset: storage::Dataset) -> Self {
        let rules = crate::protection::read(&dataset);
        Self {
            id: dataset.id.0,
            path: DatasetPath { owner: dataset.owner.0, name: dataset.name },
            title: dataset.title,
            description: dataset.description,
            default_branch: dataset.default_branch,
            created_at: dataset.created_at,
            updated_at: dataset.updated_at,
            origin: dataset.lineage.first().map(|origin| origin.dataset.0),
            visibility: dataset.visibility,
            archived_at: dataset.archived_at,
            has_unknown_rules: rules.is_none(),
            protections: rules.unwrap_or_default(),
            role: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn names_stay_within_addresses() {
        for name in ["a", "cities", "price-list.2026", "0_1"] {
            assert!(is_address(name), "{name}");
        }
        for name in ["", "..", ".a", "-a", "a/b", "A", "a b", "a..b", "<script>", "é", &"a".repeat(65)] {
            assert!(!is_address(name), "{name}");
        }
    }
}
