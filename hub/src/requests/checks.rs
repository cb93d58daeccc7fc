//! What is found about a request: rows of the merged state that break rules or meet checks, and statuses.

use versioning::{
    Hash,
    merge::{Found, Resolutions},
    schema::Severity,
};

use super::RequestChecks;
use crate::{Actor, DatasetPath, Error, Finding, Findings, Hub, blocking, merges::inspect};

impl Hub {
    /// What is found about a request: the rows of what merging it would come to that break rules or meet checks, and what
    /// other systems found about the commit that is offered.
    ///
    /// # Errors
    /// There is no such request for the person, or the data can't be read.
    pub async fn request_checks(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<RequestChecks, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let head = loaded.kept.merged.map(|merged| merged.head).or(loaded.theirs);
        let statuses = match head {
            Some(head) => self.statuses_of(&loaded.dataset, head).await?,
            None => Vec::new(),
        };
        let merged = match loaded.heads() {
            Some(heads) => Some(self.merged(heads, self.decisions(&loaded).await?.0).await?),
            None => None,
        };
        let (findings, open_conflicts) = merged.unwrap_or_default();
        let protection = loaded.dataset.protection(&loaded.stored.target_branch).cloned();
        let (request, may) = (loaded.summary(), loaded.may(actor));
        Ok(RequestChecks {
            dataset: loaded.dataset,
            request,
            may,
            head,
            findings,
            open_conflicts,
            statuses,
            protection,
        })
    }

    /// What is found in the merged state.
    pub(super) async fn merged_findings(
        &self,
        heads: (Hash, Hash),
        resolutions: Resolutions,
    ) -> Result<Findings, Error> {
        Ok(self.merged(heads, resolutions).await?.0)
    }

    /// What is found in the merged state, and how many conflicts are open. While any is open, there is no merged state, and
    /// warnings are not known.
    async fn merged(&self, heads: (Hash, Hash), resolutions: Resolutions) -> Result<(Findings, u64), Error> {
        let objects = self.store().objects();
        blocking(move || {
            let mut violations = Vec::new();
            let mut findings = Findings::default();
            let found = inspect(&objects, heads, &resolutions, &mut |found| {
                if let Found::Violation(violation, None) = found {
                    findings.errors += 1;
                    if violations.len() < crate::findings::MAX_TOLD {
                        violations.push(violation);
                    }
                }
            })?;
            let Some((stats, three, warnings)) = found else { return Ok((Findings::default(), 0)) };
            findings.listed.extend(violations.into_iter().map(|violation| {
                let found = three.name_violation(&objects, violation);
                Finding {
                    severity: Severity::Error,
                    table: found.table,
                    keys: found.keys,
                    message: found.violation.message,
                }
            }));
            findings.warnings = warnings.warnings;
            findings.listed.extend(warnings.listed);
            Ok((findings, stats.open_conflicts))
        })
        .await
    }
}
