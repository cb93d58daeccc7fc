//! Changes by those who may only read: made in a fork of their own, and offered from there.

use storage::{CommitRecord, DatasetId, PersonName, Ref, RefKind, StorageError, Visibility};
use versioning::Hash;

use crate::{
    Actor, AuditKind, Dataset, DatasetPath, Error, Hub, NewDataset, NewRequest, Place, Reference, RequestState, Role,
    ViewedKind,
    access::Action,
    now,
    write::{brought, internal, message},
};

/// Datasets of a person among which their fork is looked for.
const OWN: usize = 1_000;
/// Names that are tried for a fork.
const NAMES: usize = 20;
/// Characters of a fork's name before its number.
const NAME: usize = 60;

impl Hub {
    /// Where the person can edit what a dataset's default branch holds now: there, if they may; else in a fork of their
    /// own, which is made unless there is one, on a branch that begins there. A draft that they have on such a branch is
    /// gone on with.
    ///
    /// # Errors
    /// There is no such dataset for the person, they can have no fork, or it is not the default branch.
    pub async fn edit_in_fork(&self, actor: &Actor, place: &Place) -> Result<Place, Error> {
        let origin = self.find_dataset(actor, Action::Propose, &place.path).await?;
        if origin.role >= Some(Role::Writer) {
            return Ok(place.clone());
        }
        self.authorise_creation(actor, actor.name()).await?;
        let lease = self.store().lease();
        let viewed = self.resolve(&origin, &place.at).await?;
        if viewed.kind != ViewedKind::Branch || viewed.name != origin.default_branch {
            return Err(Error::State {
                message: format!("Changes are proposed to “{}”: look at that first.", origin.default_branch),
            });
        }
        let head = viewed.commit.ok_or_else(|| Error::State {
            message: "Nothing has been committed yet: there is nothing to change.".to_owned(),
        })?;
        let fork = match self.own_fork(actor, &origin).await? {
            Some(fork) => fork,
            None => self.fork_by_any_name(actor, &origin).await?,
        };
        let id = DatasetId(fork.id);
        let begin = format!("{}-", actor.name());
        let at = |branch: String| Place { path: fork.path.clone(), at: Reference::named(branch) };
        let drafts = self.store().drafts_of(&PersonName::from(actor.name())).await?;
        if let Some(draft) =
            drafts.into_iter().find(|draft| draft.id.dataset == id && draft.id.branch.starts_with(&begin))
        {
            return Ok(at(draft.id.branch));
        }
        let refs = self.store().refs(id, None).await?;
        let is_ready =
            |found: &&Ref| found.kind == RefKind::Branch && found.head == head && found.name.starts_with(&begin);
        if let Some(ready) = refs.iter().find(is_ready) {
            return Ok(at(ready.name.clone()));
        }
        let names =
            (1..).map(|turn| format!("{begin}{turn}")).filter(|name| refs.iter().all(|found| found.name != *name));
        let brought = self.commits_to_bring(&fork, head).await?;
        for name in names.take(NAMES) {
            let branch = Ref { dataset: id, kind: RefKind::Branch, name: name.clone(), head };
            match self.store().bring_branch(&lease, &branch, &brought).await {
                Ok(()) => {
                    let what = format!("made the branch {name} at {} of {}", head.short(), origin.path);
                    self.note(actor, AuditKind::Branch, fork.about(), what).await;
                    return Ok(at(name));
                }
                // They have asked twice at once, and the other made it: it is theirs just as well.
                Err(StorageError::AlreadyExists { .. }) => {
                    if self.store().head(id, RefKind::Branch, &name).await? == Some(head) {
                        return Ok(at(name));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(internal("no name is free"))
    }

    /// The commits behind this one that a fork may not have yet, and it.
    async fn commits_to_bring(&self, fork: &Dataset, head: Hash) -> Result<Vec<CommitRecord>, Error> {
        let ours = self.head(fork).await?;
        self.read(move |objects| {
            let at = now();
            let mut commits = brought(objects, ours, &[head], at)?;
            if commits.iter().all(|commit| commit.hash != head) {
                commits.push(CommitRecord { hash: head, parents: objects.commit(head)?.parents, at });
            }
            Ok(commits)
        })
        .await
    }

    /// The person's own fork of a dataset that can be changed; of several the one that changed last. Not one that more people
    /// may read than the dataset: its commits go there.
    async fn own_fork(&self, actor: &Actor, origin: &Dataset) -> Result<Option<Dataset>, Error> {
        let own = self.store().datasets(Some(&PersonName::from(actor.name())), None, OWN).await?;
        let mut own = own.into_iter().map(Dataset::from);
        Ok(own.find(|dataset| {
            dataset.origin == Some(origin.id)
                && dataset.archived_at.is_none()
                && (dataset.visibility == Visibility::Private || origin.visibility == Visibility::Public)
        }))
    }

    /// Forks a dataset under its own name, or where the person has another dataset of that name, with a number behind it.
    async fn fork_by_any_name(&self, actor: &Actor, origin: &Dataset) -> Result<Dataset, Error> {
        let base: String = origin.path.name.chars().take(NAME).collect();
        let numbered = (2..=NAMES).map(|turn| format!("{}-{turn}", base.trim_end_matches('.')));
        let mut refused = None;
        for name in std::iter::once(origin.path.name.clone()).chain(numbered) {
            let new = NewDataset { owner: actor.name().to_owned(), name, ..NewDataset::default() };
            match self.fork(actor, &origin.path, new).await {
                Err(error @ Error::Invalid { .. }) => {
                    // They have asked twice at once, and the other made it.
                    if let Some(fork) = self.own_fork(actor, origin).await? {
                        return Ok(fork);
                    }
                    refused = Some(error);
                }
                done => return done,
            }
        }
        Err(refused.unwrap_or_else(|| internal("no name is free")))
    }

    /// Commits the person's draft in a fork, and offers its branch to the default branch of what was forked from, where
    /// that is not offered already. The first line of the text is the request's title. Returns the request.
    ///
    /// # Errors
    /// As [`Hub::commit`] and [`Hub::propose`]; or the dataset is no fork of something that the person may read.
    pub async fn propose_upstream(
        &self,
        actor: &Actor,
        place: &Place,
        revision: u64,
        text: &str,
    ) -> Result<(DatasetPath, u64), Error> {
        let text = message(text)?;
        let fork = self.find_dataset(actor, Action::Write, &place.path).await?;
        let source_branch = self.resolve(&fork, &place.at).await?.editable()?.to_owned();
        let origin = self.origin(actor, &fork).await?;
        let origin = origin.ok_or_else(|| Error::not_found("dataset that this one was forked from"))?;
        let origin = self.find_dataset(actor, Action::Propose, &origin.path).await?;
        self.commit_onto(actor, place, revision, &text, None, None).await?;
        let open = self.store().requests(DatasetId(origin.id), Some(RequestState::Open.as_str()), None, OWN).await?;
        let is_same = |request: &&storage::MergeRequest| {
            request.source.0 == fork.id
                && request.source_branch == source_branch
                && request.target_branch == origin.default_branch
        };
        if let Some(request) = open.iter().find(is_same) {
            return Ok((origin.path, request.number));
        }
        let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let new = NewRequest {
            title: title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect(),
            text: rest.trim().to_owned(),
            source: Some(fork.path),
            source_branch,
            ..NewRequest::default()
        };
        let number = self.propose(actor, &origin.path, new).await?;
        Ok((origin.path, number))
    }
}
