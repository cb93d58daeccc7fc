//! Forks: datasets that begin as another one is, and share what is stored with it.

use storage::{Ancestor, DatasetId, StorageError};

use crate::{
    Actor, Dataset, DatasetPath, Error, Hub, NewDataset,
    access::Action,
    datasets::{namespace, taken, valid_description, valid_name, valid_title},
    now,
};

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
        let owner = namespace(actor, &new.owner)?;
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
        };
        let lease = self.store().lease();
        match self.store().fork_dataset(&lease, &fork).await {
            Ok(()) => Ok(fork.into()),
            Err(StorageError::NotFound { .. }) => Err(Error::not_found(format!("dataset “{path}”"))),
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
    pub(crate) async fn origin(&self, actor: &Actor, dataset: &Dataset) -> Result<Option<DatasetPath>, Error> {
        let Some(origin) = dataset.origin else { return Ok(None) };
        let Some(origin) = self.store().dataset_by_id(DatasetId(origin)).await? else { return Ok(None) };
        let is_readable = self.role(actor, &origin).await?.is_some();
        Ok(is_readable.then(|| Dataset::from(origin).path))
    }
}
