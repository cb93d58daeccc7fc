//! The rules of branches: what it takes to change them.

use serde::{Deserialize, Serialize};
use storage::DatasetId;

use crate::{Actor, AuditKind, Dataset, DatasetPath, Error, Hub, Role, access::Action, now, statuses::context};

/// The most approvals that a rule asks for.
const MAX_APPROVALS: u8 = 20;

/// The most statuses that a rule asks for.
const MAX_CHECKS: usize = 20;

/// What it takes to change a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// The branch.
    pub branch: String,
    /// Whether only merge requests change it: no commits, imports or merges of other kinds, and it can't be deleted.
    pub request_required: bool,
    /// How many people must approve of a request, and nobody ask for changes. 0 to 20.
    pub approvals: u8,
    /// Whether an approval counts only as long as what is offered is what was approved.
    pub approvals_lapse: bool,
    /// What one must be to merge.
    pub merge_role: Role,
    /// The contexts of statuses that must have succeeded for what a request offers.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Whether a request can't be merged that would bring rows which meet checks of severity warning.
    #[serde(default)]
    pub warnings_block: bool,
}

/// The rules as they are kept with the dataset; none where they can't be read.
pub(crate) fn read(dataset: &storage::Dataset) -> Option<Vec<Protection>> {
    let Some(text) = &dataset.protection else { return Some(Vec::new()) };
    let read = serde_json::from_str(text);
    read.inspect_err(|error| {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, dataset = %dataset.id, "the rules of its branches can't be read");
    })
    .ok()
}

/// Why no branch of a dataset is changed whose rules can't be read.
fn unknown(path: impl std::fmt::Display) -> Error {
    Error::State {
        message: format!(
            "The rules of the branches of “{path}” can't be read, perhaps as a newer server wrote them: no branch is \
             changed until they can be. Ask whoever runs the server."
        ),
    }
}

impl Dataset {
    /// The rules of a branch, where it has some.
    #[must_use]
    pub fn protection(&self, branch: &str) -> Option<&Protection> {
        self.protections.iter().find(|protection| protection.branch == branch)
    }

    /// Refuses what would change any branch where it is not known what that takes.
    pub(crate) fn demand_known_rules(&self) -> Result<(), Error> {
        if self.has_unknown_rules { Err(unknown(&self.path)) } else { Ok(()) }
    }

    /// Refuses what would change a branch that only merge requests change.
    pub(crate) fn authorise_direct_change(&self, branch: &str) -> Result<(), Error> {
        self.demand_known_rules()?;
        if self.protection(branch).is_some_and(|protection| protection.request_required) {
            return Err(Error::State {
                message: format!(
                    "“{branch}” is protected: only merge requests change it. Work on a branch and propose it."
                ),
            });
        }
        Ok(())
    }
}

impl Hub {
    /// Sets the rules of a branch.
    ///
    /// # Errors
    /// There is no such dataset for the person, they may not decide that, or a field is not valid.
    pub async fn protect(&self, actor: &Actor, path: &DatasetPath, mut protection: Protection) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Manage, path).await?;
        if self.branch_head(&dataset, &protection.branch).await?.is_none()
            && protection.branch != dataset.default_branch
        {
            return Err(Error::invalid("branch", format!("There is no branch “{}”.", protection.branch)));
        }
        if protection.approvals > MAX_APPROVALS {
            return Err(Error::invalid("approvals", "At most 20 approvals can be asked for."));
        }
        if protection.merge_role < Role::Writer {
            return Err(Error::invalid("merge_role", "Who merges must be a writer at least."));
        }
        let mut checks: Vec<String> = Vec::new();
        for check in &protection.checks {
            let check = context("checks", check)?;
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
        if checks.len() > MAX_CHECKS {
            return Err(Error::invalid("checks", "At most 20 statuses can be asked for."));
        }
        protection.checks = checks;
        let branch = protection.branch.clone();
        self.set_protection(DatasetId(dataset.id), &branch, Some(&protection)).await?;
        self.note(actor, AuditKind::Branch, dataset.about(), format!("set the rules of {branch}")).await;
        Ok(())
    }

    /// Lifts the rules of a branch.
    ///
    /// # Errors
    /// There is no such dataset for the person, or they may not decide that.
    pub async fn unprotect(&self, actor: &Actor, path: &DatasetPath, branch: &str) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Manage, path).await?;
        self.set_protection(DatasetId(dataset.id), branch, None).await?;
        self.note(actor, AuditKind::Branch, dataset.about(), format!("lifted the rules of {branch}")).await;
        Ok(())
    }

    /// Sets the rules of one branch, and again where somebody sets those of another meanwhile.
    async fn set_protection(&self, id: DatasetId, branch: &str, new: Option<&Protection>) -> Result<(), Error> {
        loop {
            let kept = self.store().dataset_by_id(id).await?.ok_or_else(|| Error::not_found("dataset any more"))?;
            let mut protections = read(&kept).ok_or_else(|| unknown(kept.address()))?;
            protections.retain(|protection| protection.branch != branch);
            protections.extend(new.cloned());
            protections.sort_by(|a, b| a.branch.cmp(&b.branch));
            let text = serde_json::to_string(&protections).map_err(crate::write::internal)?;
            if self.store().set_protection(id, kept.protection.as_deref(), &text, now()).await? {
                return Ok(());
            }
        }
    }
}
