//! Open requests of which a branch is gone, and bringing it back.

use storage::{DatasetId, MergeRequest};
use versioning::Hash;

use super::{Entry, EntryKind, GoneBranch, Loaded, MAX_OPEN, RequestState, entry};
use crate::{Actor, Dataset, DatasetPath, Error, Hub, Place, Reference};

impl Loaded {
    /// The branch that an open request misses, as a sentence.
    pub(super) fn missing_branch(&self) -> Option<String> {
        let MergeRequest { source_branch, target_branch, .. } = &self.stored;
        if self.state != RequestState::Open {
            return None;
        }
        match (&self.source, self.theirs, self.ours) {
            (None, ..) => Some(format!("The dataset with the branch “{source_branch}” is gone.")),
            (_, None, _) => Some(format!("The branch “{source_branch}” is gone.")),
            (.., None) => Some(format!("The branch “{target_branch}”, which would get the changes, is gone.")),
            _ => None,
        }
    }
}

impl Hub {
    /// The branch that an open request misses, and whether it can be brought back.
    pub(super) async fn gone(&self, loaded: &Loaded, entries: &[Entry]) -> Result<Option<GoneBranch>, Error> {
        let Some(words) = loaded.missing_branch() else { return Ok(None) };
        let withdrawn = entries.iter().rev().find_map(|entry| match entry.kind {
            EntryKind::Changed { withdrawn, .. } => withdrawn,
            _ => None,
        });
        let withdrawn = withdrawn.filter(|_| loaded.theirs.is_none() && loaded.source_is_writable);
        let back_at = match (withdrawn, &loaded.source) {
            // What nothing leads to is there for a while.
            (Some(head), Some(source)) if self.store().commit_exists(DatasetId(source.id), head).await? => Some(head),
            _ => None,
        };
        Ok(Some(GoneBranch { words, back_at }))
    }

    /// Notes in the open requests that offer a branch that it was deleted, and what it offered. It has happened, so what goes
    /// wrong here is for the server's own log.
    pub(crate) async fn note_withdrawn(&self, actor: &Actor, dataset: &Dataset, branch: &str, head: Hash) {
        if let Err(error) = self.withdraw(actor, dataset, branch, head).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, branch, "merge requests do not know that their branch was deleted");
        }
    }

    async fn withdraw(&self, actor: &Actor, dataset: &Dataset, branch: &str, head: Hash) -> Result<(), Error> {
        let what = format!("deleted the branch {branch}, which was at {}", head.short());
        // A branch is offered to its own dataset, or to the one that this was forked from.
        for into in std::iter::once(dataset.id).chain(dataset.origin) {
            let open = Some(RequestState::Open.as_str());
            for request in self.store().requests(DatasetId(into), open, None, MAX_OPEN).await? {
                if request.source.0 == dataset.id && request.source_branch == branch {
                    let kind = EntryKind::Changed { what: what.clone(), withdrawn: Some(head) };
                    self.add_entry(request, entry(actor, &kind)?).await?;
                }
            }
        }
        Ok(())
    }

    /// Brings back the branch that an open request offers, as it was when it was deleted.
    ///
    /// # Errors
    /// There is no such request for the person, they may not write to what is offered, the branch is there, or it is not
    /// known any more where it was.
    pub async fn bring_branch_back(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<(), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).apply, "bring back the branch of merge request")?;
        let entries = self.entries(&loaded).await?;
        let back_at = self.gone(&loaded, &entries).await?.and_then(|gone| gone.back_at);
        let (Some(head), Some(source)) = (back_at, &loaded.source) else {
            return Err(Error::State { message: "There is no branch to bring back.".to_owned() });
        };
        let branch = &loaded.stored.source_branch;
        let place = Place { path: source.path.clone(), at: Reference::named(head.to_string()) };
        self.create_branch(actor, &place, branch).await?;
        let kind = EntryKind::Changed { what: format!("brought the branch {branch} back"), withdrawn: None };
        self.add_entry(loaded.stored, entry(actor, &kind)?).await?;
        Ok(())
    }
}
