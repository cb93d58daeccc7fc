//! All imports of a person.

use storage::JobFilter;

use super::KIND;
use crate::{Actor, Error, Hub, ImportView, access::Action};

impl Hub {
    /// The newest imports into datasets that the person may read, at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn jobs(&self, actor: &Actor, limit: usize) -> Result<Vec<ImportView>, Error> {
        let mut views = Vec::new();
        for job in self.store().jobs(&JobFilter::default(), limit).await?.into_iter().filter(|job| job.kind == KIND) {
            let Some(id) = job.dataset else { continue };
            let Some(dataset) = self.store().dataset_by_id(id).await? else { continue };
            match self.authorise(actor, Action::Read, &dataset).await {
                Ok(_) => views.push(self.import_view(job, crate::Dataset::from(dataset).path)?),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(views)
    }
}
