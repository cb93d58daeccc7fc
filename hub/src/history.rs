//! History: the log of a branch, a commit and what it changed.

use storage::DatasetId;
use versioning::{
    Hash, Key, TableId,
    history::{self, Clocks},
};

use crate::{
    Actor, Against, ChangesAsked, CommitSummary, CommitView, CompareView, Dataset, DatasetPath, Error, Hub, LogView,
    Place, TwoStates, access::Action, differences::change_set, findings, refs::MAX_APART, state::summary,
};

/// The most commits on a page of the log.
const MAX_LOG: usize = 200;
/// The shortest prefix by which a commit can be named.
const MIN_PREFIX: usize = 4;

impl Hub {
    /// Up to `limit` (at most 200) commits of a state, newest first, from `from` on, or else from its commit.
    ///
    /// # Errors
    /// There is no such dataset or commit for the person, or the data can't be read.
    pub async fn log(&self, actor: &Actor, place: &Place, from: Option<Hash>, limit: usize) -> Result<LogView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let viewed = self.resolve(&dataset, &place.at).await?;
        let start = match from {
            Some(from) => Some(self.own_commit(&dataset, &from.to_string()).await?),
            None => viewed.commit,
        };
        let (commits, next) = match start {
            Some(start) => self.walk(start, limit.clamp(1, MAX_LOG)).await?,
            None => (Vec::new(), None),
        };
        Ok(LogView { dataset, viewed, commits, next })
    }

    /// The commits from one on, along first parents.
    pub(crate) async fn walk(&self, start: Hash, limit: usize) -> Result<(Vec<CommitSummary>, Option<Hash>), Error> {
        self.read(move |objects| {
            let mut commits = Vec::new();
            let mut next = Some(start);
            while let (Some(hash), true) = (next, commits.len() < limit) {
                let commit = objects.commit(hash)?;
                next = commit.parents.first().copied();
                commits.push(summary(hash, commit));
            }
            Ok((commits, next))
        })
        .await
    }

    /// A commit, named by its hash or the first digits of it, without what it changed.
    ///
    /// # Errors
    /// There is no such commit in the dataset, or the digits name several.
    pub async fn commit_summary(&self, actor: &Actor, path: &DatasetPath, name: &str) -> Result<CommitSummary, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let hash = self.own_commit(&dataset, name).await?;
        self.read(move |objects| Ok(summary(hash, objects.commit(hash)?))).await
    }

    /// A commit, named by its hash or the first digits of it, and what it changed against its first parent. The
    /// changes of each table come in pages of 200 rows; `after` asks for a later page of one table.
    ///
    /// # Errors
    /// There is no such commit in the dataset, or the digits name several.
    pub async fn commit_view(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        name: &str,
        after: Option<(TableId, Key)>,
    ) -> Result<CommitView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let hash = self.own_commit(&dataset, name).await?;
        let (commit, changes, warnings) = self
            .read(move |objects| {
                let commit = objects.commit(hash)?;
                let changes =
                    change_set(objects, commit.parents.first().copied(), Some(hash), &ChangesAsked::after(after))?;
                Ok((summary(hash, commit), changes, findings::warnings_of(objects, hash)?))
            })
            .await?;
        let statuses = self.statuses_of(&dataset, hash).await?;
        Ok(CommitView { dataset, commit, changes, warnings, statuses })
    }

    /// What is different in one state of a dataset against another, or against what both have in common, where they have.
    /// The changes of each table come in pages of 200 rows.
    ///
    /// # Errors
    /// There is no such dataset or state for the person, or the data can't be read.
    pub async fn compare(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        sides: TwoStates<'_>,
        asked: ChangesAsked,
    ) -> Result<CompareView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let (from, to) = (self.resolve(&dataset, sides.from).await?, self.resolve(&dataset, sides.to).await?);
        let base = self.common(&from, &to).await?;
        let (old, new) = (from.commit, to.commit);
        let before = base.filter(|_| sides.against == Against::Base).or(old);
        let (apart, changes) = self
            .read(move |objects| {
                let apart = match (new, old) {
                    (Some(new), Some(old)) => {
                        let apart = history::ahead_behind(objects, new, old, Clocks::Honest, MAX_APART)?;
                        Some((apart.ahead, apart.behind))
                    }
                    _ => None,
                };
                Ok((apart, change_set(objects, before, new, &asked)?))
            })
            .await?;
        Ok(CompareView { dataset, from, to, base, against: sides.against, apart, changes })
    }

    /// The commit of this dataset that is named by its hash or its first digits.
    pub(crate) async fn own_commit(&self, dataset: &Dataset, name: &str) -> Result<Hash, Error> {
        let missing = || Error::not_found(format!("commit “{name}”"));
        let id = DatasetId(dataset.id);
        if let Ok(hash) = name.parse::<Hash>() {
            return if self.store().commit_exists(id, hash).await? { Ok(hash) } else { Err(missing()) };
        }
        if name.len() < MIN_PREFIX || name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let found = self.store().find_commits_by_prefix(id, &name.to_ascii_lowercase(), 2).await?;
        match found.as_slice() {
            [commit] => Ok(commit.hash),
            [] => Err(missing()),
            _ => Err(Error::State { message: format!("Several commits begin with “{name}”. Give more digits.") }),
        }
    }
}
