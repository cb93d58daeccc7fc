//! What is found about a request: rows of the merged state that break rules or meet checks, and statuses.

use super::RequestChecks;
use crate::{Actor, DatasetPath, Error, Hub};

impl Hub {
    /// What is found about a request: the rows of what merging it would come to that break rules or meet checks, and what
    /// other systems found about the commit that is offered.
    ///
    /// # Errors
    /// There is no such request for the person, or the data can't be read.
    pub async fn request_checks(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<RequestChecks, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let (entries, weighed) = (self.entries(&loaded).await?, self.weighed(&loaded).await?);
        let overview = self.overview(&loaded, &entries, weighed.as_deref()).await?;
        let head = loaded.head();
        let statuses = match head {
            Some(head) => self.statuses_of(&loaded.dataset, head).await?,
            None => Vec::new(),
        };
        let stats = weighed.as_ref().and_then(|weighed| weighed.stats);
        let protection = loaded.dataset.protection(&loaded.stored.target_branch).cloned();
        let (request, may) = (loaded.summary(), loaded.may(actor));
        Ok(RequestChecks {
            dataset: loaded.dataset,
            request,
            overview,
            may,
            head,
            findings: weighed.map(|weighed| weighed.findings.clone()).unwrap_or_default(),
            open_conflicts: stats.map_or(0, |stats| stats.open_conflicts),
            statuses,
            protection,
        })
    }
}
