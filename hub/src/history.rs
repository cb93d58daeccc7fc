//! History: the log of a branch, a commit and what it changed.

use storage::DatasetId;
use versioning::{
    Hash, Key, ObjectSource, Root, Row, Schema, TableId, Tree,
    diff::{Diff, RowDelta},
    history::{self, Clocks},
};

use crate::{
    Actor, ChangeSet, CommitSummary, CommitView, CompareView, Dataset, DatasetPath, Error, Hub, LogView, Place,
    Reference, RowChange, TableChange, access::Action, refs::MAX_APART, state::summary,
};

/// Changed rows of a table on one page.
pub(crate) const PAGE: usize = 200;
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
        let (commit, changes) = self
            .read(move |objects| {
                let commit = objects.commit(hash)?;
                let new = objects.root(commit.root)?;
                let old = match commit.parents.first() {
                    Some(parent) => objects.root(objects.commit(*parent)?.root)?,
                    None => Root::default(),
                };
                Ok((summary(hash, commit), compare(objects, &old, &new, after.as_ref())?))
            })
            .await?;
        Ok(CommitView { dataset, commit, changes })
    }

    /// What is different in one state of a dataset against another. The changes of each table come in pages of 200
    /// rows; `after` asks for a later page of one table.
    ///
    /// # Errors
    /// There is no such dataset or state for the person, or the data can't be read.
    pub async fn compare(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        (from, to): (&Reference, &Reference),
        after: Option<(TableId, Key)>,
    ) -> Result<CompareView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let (from, to) = (self.resolve(&dataset, from).await?, self.resolve(&dataset, to).await?);
        let (old, new) = (from.commit, to.commit);
        let (apart, changes) = self
            .read(move |objects| {
                let root = |commit: Option<Hash>| match commit {
                    Some(commit) => Ok(objects.root(objects.commit(commit)?.root)?),
                    None => Ok::<_, Error>(Root::default()),
                };
                let apart = match (new, old) {
                    (Some(new), Some(old)) => {
                        let apart = history::ahead_behind(objects, new, old, Clocks::Honest, MAX_APART)?;
                        Some((apart.ahead, apart.behind))
                    }
                    _ => None,
                };
                Ok((apart, compare(objects, &root(old)?, &root(new)?, after.as_ref())?))
            })
            .await?;
        Ok(CompareView { dataset, from, to, apart, changes })
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

/// What differs between two states of a dataset.
fn compare(
    objects: &dyn ObjectSource,
    old: &Root,
    new: &Root,
    after: Option<&(TableId, Key)>,
) -> Result<ChangeSet, Error> {
    let mut tables = Vec::new();
    let ids: std::collections::BTreeSet<_> = old.tables.keys().chain(new.tables.keys()).collect();
    for id in ids {
        let (before, now) = (old.tables.get(id), new.tables.get(id));
        let Some(entry) = now.or(before) else { continue };
        if before == now {
            continue;
        }
        let schema = |hash: Option<Hash>| hash.map(|hash| objects.schema(hash)).transpose();
        let (before_schema, after_schema) =
            (schema(before.map(|entry| entry.schema))?, schema(now.map(|entry| entry.schema))?);
        let tree = |entry: Option<&versioning::TableEntry>| entry.map(|entry| entry.tree).unwrap_or_default();
        let from = after.filter(|(table, _)| table == id).map(|(_, key)| key);
        let (changes, next) =
            row_changes(objects, (tree(before), before_schema.as_ref()), (tree(now), after_schema.as_ref()), from)?;
        tables.push(TableChange {
            id: *id,
            name: entry.name.clone(),
            rows: (tree(before).rows, tree(now).rows),
            before: before_schema,
            after: after_schema,
            changes,
            next,
        });
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ChangeSet { tables })
}

fn row_changes(
    objects: &dyn ObjectSource,
    before: (Tree, Option<&Schema>),
    after: (Tree, Option<&Schema>),
    from: Option<&Key>,
) -> Result<(Vec<RowChange>, Option<Key>), Error> {
    // Where a table is new or gone, the other side has no rows and the schema is never asked.
    let Some(any) = after.1.or(before.1) else { return Ok((Vec::new(), None)) };
    let (old, new) = (before.1.unwrap_or(any), after.1.unwrap_or(any));
    let mut diff = Diff::new(objects, (before.0, old), (after.0, new), from)?.without_gone_columns();
    let mut changes = Vec::new();
    for delta in diff.by_ref().take(PAGE) {
        let RowDelta { key, before, after } = delta?;
        let text = |row: &Row, schema| Key::to_text(schema, row);
        let key_text = after.as_ref().map(|row| text(row, new)).or(before.as_ref().map(|row| text(row, old)));
        changes.push(RowChange { key, key_text: key_text.unwrap_or_default(), before, after });
    }
    let more = diff.next().transpose()?.is_some();
    let next = changes.last().filter(|_| more).map(|last| last.key.clone());
    Ok((changes, next))
}
