//! Forks: datasets that begin as another one is, and share what is stored with it.

use storage::{Ancestor, DatasetId, StorageError, Visibility};

use versioning::{
    Hash,
    history::{self, Clocks},
};

use crate::{
    Actor, AuditKind, Dataset, DatasetPath, Error, Hub, MergeOptions, MergeState, NewDataset, Place, Viewed,
    ViewedKind,
    access::Action,
    datasets::{taken, valid_description, valid_name, valid_title},
    merges::Work,
    now,
    refs::MAX_APART,
};

/// What a dataset was forked from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is.
    pub path: DatasetPath,
    /// Its branch that the branch which is looked at stands beside: the one of the same name, else the default branch.
    pub branch: String,
    /// Commits that the fork's branch has and this one has not, and the other way round; together at most 1,000. None
    /// where no branch is looked at, or nothing is committed.
    pub apart: Option<(u64, u64)>,
    /// Whether changes can be offered to it: it is not archived.
    pub takes_offers: bool,
}

/// Forks on a list.
const LIST: usize = 200;

impl Hub {
    /// Makes a dataset with the branches and tags that this one has now, and all commits so far. Its tables are not
    /// copied: both lead to the same chunks, whatever their size. What is committed to one later does not show in the
    /// other. Name, title and description are the origin's where they are empty.
    ///
    /// # Errors
    /// There is no such dataset for the person, a field is not valid, the person may not create datasets there, or the
    /// name is taken.
    pub async fn fork(&self, actor: &Actor, path: &DatasetPath, new: NewDataset) -> Result<Dataset, Error> {
        let origin = self.find_stored(actor, Action::Read, path).await?;
        let owner = self.namespace_for(actor, &new.owner).await?;
        let or = |given: String, first: &str| if given.trim().is_empty() { first.to_owned() } else { given };
        let name = valid_name(&or(new.name, &origin.name))?;
        let title = valid_title(&or(new.title, &origin.title), &name)?;
        let description = valid_description(&or(new.description, &origin.description))?;
        let at = now();
        // A commit is never dated before its parents, so a clock that was set back may have left some in the future.
        let until = at.max(origin.updated_at);
        let nearest = Ancestor { dataset: origin.id, until };
        let fork = storage::Dataset {
            id: DatasetId::generate(),
            owner: owner.into(),
            name,
            title,
            description,
            default_branch: origin.default_branch,
            created_at: at,
            updated_at: at,
            lineage: std::iter::once(nearest).chain(origin.lineage).collect(),
            // What is not for everybody does not become so by being forked, nor the other way round without asking.
            visibility: origin.visibility,
            // Whoever forks works alone at first.
            protection: None,
            deleted_at: None,
            archived_at: None,
        };
        let lease = self.store().lease();
        match self.store().fork_dataset(&lease, &fork).await {
            Ok(()) => {
                let fork = Dataset::from(fork);
                self.note(actor, AuditKind::Dataset, fork.about(), format!("forked {path}")).await;
                Ok(fork)
            }
            Err(StorageError::NotFound { what: "dataset", .. }) => Err(Error::not_found(format!("dataset “{path}”"))),
            Err(error) => Err(taken(error)),
        }
    }

    /// The datasets that were forked from this one and that the person may read, the last changed first; at most 200.
    ///
    /// # Errors
    /// There is no such dataset for the person.
    pub async fn forks(&self, actor: &Actor, path: &DatasetPath) -> Result<Vec<Dataset>, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let forks = self.store().forks_of(DatasetId(dataset.id), LIST).await?;
        let mut readable = Vec::new();
        for fork in forks {
            if self.role(actor, &fork).await?.is_some() {
                readable.push(fork.into());
            }
        }
        Ok(readable)
    }

    /// Where a fork's origin is; none where it is gone, or not for the person to know.
    pub(crate) async fn origin(&self, actor: &Actor, dataset: &Dataset) -> Result<Option<Dataset>, Error> {
        let Some(origin) = dataset.origin else { return Ok(None) };
        let Some(origin) = self.store().dataset_by_id(DatasetId(origin)).await? else { return Ok(None) };
        let role = self.role(actor, &origin).await?;
        Ok(role.map(|role| Dataset { role: Some(role), ..origin.into() }))
    }

    /// How a branch of a fork stands to what it was forked from; none where it is no fork, or the person may not know.
    pub(crate) async fn upstream(
        &self,
        actor: &Actor,
        dataset: &Dataset,
        viewed: &Viewed,
    ) -> Result<Option<Upstream>, Error> {
        let Some(origin) = self.origin(actor, dataset).await? else { return Ok(None) };
        let is_branch = viewed.kind == ViewedKind::Branch;
        let same = if is_branch { self.branch_head(&origin, &viewed.name).await? } else { None };
        let branch = if same.is_some() { viewed.name.clone() } else { origin.default_branch.clone() };
        let theirs = match same {
            Some(head) => Some(head),
            None => self.head(&origin).await?,
        };
        let apart = match viewed.commit.zip(theirs).filter(|_| is_branch) {
            None => None,
            Some((ours, theirs)) => {
                self.read(move |objects| {
                    let apart = history::ahead_behind(objects, ours, theirs, Clocks::Honest, MAX_APART)?;
                    Ok(Some((apart.ahead, apart.behind)))
                })
                .await?
            }
        };
        let takes_offers = origin.archived_at.is_none();
        Ok(Some(Upstream { path: origin.path, branch, apart, takes_offers }))
    }

    /// Brings a branch of a fork up to date with what it was forked from, and returns its new head.
    ///
    /// # Errors
    /// There is no such fork for the person, they may not write to it, more people may read it than what it was forked from,
    /// or both changed the same ([`Error::State`] says what to do).
    pub async fn update_fork(&self, actor: &Actor, place: &Place) -> Result<Option<Hash>, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let lease = self.store().lease();
        let viewed = self.resolve(&dataset, &place.at).await?;
        let branch = viewed.editable()?;
        dataset.authorise_direct_change(branch)?;
        let missing = || Error::not_found("dataset that this one was forked from");
        let upstream = self.upstream(actor, &dataset, &viewed).await?.ok_or_else(missing)?;
        let origin = self.find_dataset(actor, Action::Read, &upstream.path).await?;
        if dataset.visibility == Visibility::Public && origin.visibility == Visibility::Private {
            return Err(Error::State {
                message: format!("“{}” is private and this fork is public: make it private first.", origin.path),
            });
        }
        let theirs = self.branch_head(&origin, &upstream.branch).await?;
        let theirs = theirs.ok_or_else(|| Error::not_found(format!("branch “{}” there", upstream.branch)))?;
        let message = format!("Bring {branch} up to date with {}", upstream.path);
        // Without commits of its own the branch moves to theirs, which become the fork's as well.
        let options = MergeOptions { message, ..MergeOptions::default() };
        let work = (Work::Merge(theirs), true);
        let outcome = self.work_by_request((lease, actor), &dataset, place, work, options).await?;
        if outcome.state == MergeState::Open {
            return Err(Error::State {
                message: format!(
                    "Both changed the same: open a merge request from {} ({}) into {branch}, and decide there.",
                    upstream.path, upstream.branch
                ),
            });
        }
        Ok(outcome.commit)
    }
}
