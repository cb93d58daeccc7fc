//! What a person sees of a dataset: the branch's head, or the commit under their draft with the draft laid over it.

use std::sync::Arc;

use storage::{DatasetId, RefKind};
use versioning::{
    Commit, Hash, Key, ObjectSource, Root, Schema, TableEntry, TableId, diff::cell_changes, overlay::Patch,
};

use crate::{
    Actor, CommitSummary, Dataset, DraftSummary, Error, Hub, Place, Reference, RowPage, RowState, RowView,
    TableSummary, TableView, Viewed,
    access::Action,
    blocking,
    drafts::{LoadedDraft, draft_id},
    findings::RowRules,
};

/// The most rows that can be asked for at once.
pub(crate) const MAX_ROWS: u32 = 1_000;

/// The state that a person reads and edits.
pub(crate) struct Working {
    /// What is looked at.
    pub(crate) viewed: Viewed,
    /// The commit that is shown: under the draft where there is one, else the head.
    pub(crate) base: Option<Hash>,
    /// Its tables.
    pub(crate) root: Option<Root>,
    /// The person's draft.
    pub(crate) draft: Option<Arc<LoadedDraft>>,
}

impl Working {
    pub(crate) fn summary(&self) -> Option<DraftSummary> {
        let draft = self.draft.as_ref()?;
        Some(DraftSummary {
            revision: draft.revision,
            rows: draft.changed_rows(),
            updated_at: draft.updated_at,
            behind: Some(draft.base) != self.viewed.commit,
        })
    }

    pub(crate) fn table(&self, name: &str) -> Result<(TableId, TableEntry), Error> {
        let table = self.root.as_ref().and_then(|root| root.table_named(name));
        table.map(|(id, entry)| (id, entry.clone())).ok_or_else(|| Error::not_found(format!("table “{name}”")))
    }
}

/// A table of the working state, ready to be read.
pub(crate) struct Opened {
    pub(crate) dataset: Dataset,
    pub(crate) working: Working,
    pub(crate) id: TableId,
    pub(crate) entry: TableEntry,
    pub(crate) schema: Schema,
}

impl Hub {
    /// The head of the default branch.
    pub(crate) async fn head(&self, dataset: &Dataset) -> Result<Option<Hash>, Error> {
        self.branch_head(dataset, &dataset.default_branch).await
    }

    pub(crate) async fn branch_head(&self, dataset: &Dataset, branch: &str) -> Result<Option<Hash>, Error> {
        Ok(self.store().head(DatasetId(dataset.id), RefKind::Branch, branch).await?)
    }

    /// Reads objects; cached ones without leaving the thread would not be worth a second way.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn ObjectSource) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let objects = self.store().objects();
        blocking(move || work(&objects)).await
    }

    pub(crate) async fn schema(&self, hash: Hash) -> Result<Schema, Error> {
        self.read(move |objects| Ok(objects.schema(hash)?)).await
    }

    pub(crate) async fn commit_and_root(&self, hash: Hash) -> Result<(CommitSummary, Root), Error> {
        self.read(move |objects| {
            let commit = objects.commit(hash)?;
            let root = objects.root(commit.root)?;
            Ok((summary(hash, commit), root))
        })
        .await
    }

    pub(crate) async fn working(&self, actor: &Actor, dataset: &Dataset, at: &Reference) -> Result<Working, Error> {
        let viewed = self.resolve(dataset, at).await?;
        let draft = match viewed.branch() {
            Some(branch) => self.load_draft(&draft_id(actor, dataset, branch)).await?,
            None => None,
        };
        let base = draft.as_ref().map(|draft| draft.base).or(viewed.commit);
        let root = match base {
            Some(base) => Some(self.read(move |objects| Ok(objects.root(objects.commit(base)?.root)?)).await?),
            None => None,
        };
        Ok(Working { viewed, base, root, draft })
    }

    pub(crate) async fn open_table(
        &self,
        actor: &Actor,
        action: Action,
        place: &Place,
        table: &str,
    ) -> Result<Opened, Error> {
        let dataset = self.find_dataset(actor, action, &place.path).await?;
        let working = self.working(actor, &dataset, &place.at).await?;
        let (id, entry) = working.table(table)?;
        let schema = self.schema(entry.schema).await?;
        Ok(Opened { dataset, working, id, entry, schema })
    }

    /// A table's page without its rows.
    ///
    /// # Errors
    /// There is no such table for the person, or it can't be read.
    pub async fn table(&self, actor: &Actor, place: &Place, table: &str) -> Result<TableView, Error> {
        let opened = self.open_table(actor, Action::Read, place, table).await?;
        self.table_view(opened).await
    }

    pub(crate) async fn table_view(&self, opened: Opened) -> Result<TableView, Error> {
        let Opened { dataset, working, id, entry, schema } = opened;
        let base = working.base.ok_or_else(|| Error::not_found("commit"))?;
        let (commit, _) = self.commit_and_root(base).await?;
        let rows = working.draft.as_ref().map_or(entry.tree.rows, |draft| draft.rows(id, &entry));
        let table = TableSummary { id, name: entry.name, rows, schema };
        Ok(TableView { draft: working.summary(), viewed: working.viewed, dataset, table, commit })
    }

    /// Up to `limit` (at most 1,000) rows of a table from position `offset` on, the person's draft laid over the commit.
    ///
    /// # Errors
    /// There is no such table for the person, or it can't be read.
    pub async fn rows(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        offset: u64,
        limit: u32,
    ) -> Result<RowPage, Error> {
        let Opened { working, id, entry, schema, .. } = self.open_table(actor, Action::Read, place, table).await?;
        let limit = limit.min(MAX_ROWS) as usize;
        self.read(move |objects| {
            let overlay = working.draft.as_ref().and_then(|draft| draft.table(id));
            let (rows, total) = match overlay {
                Some(overlay) => (overlay.rows(objects, &schema, offset, limit)?, overlay.len()),
                None => (entry.tree.rows(objects, &schema, offset, limit)?, entry.tree.rows),
            };
            let rules = RowRules::new(&schema);
            let rows = rows
                .into_iter()
                .map(|(key, cells)| {
                    let patch = overlay.and_then(|overlay| overlay.patches().get(&key));
                    row_view(&schema, &rules, key, cells, patch)
                })
                .collect();
            drop(rules);
            let revision = working.draft.as_ref().map_or(0, |draft| draft.revision);
            Ok(RowPage { schema, total, offset, rows, revision })
        })
        .await
    }

    /// One row of a table, named by its key as it stands in addresses.
    ///
    /// # Errors
    /// There is no such table or row for the person, or it can't be read.
    pub async fn row(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        key_text: &str,
    ) -> Result<(TableView, RowView), Error> {
        let opened = self.open_table(actor, Action::Read, place, table).await?;
        let missing = || Error::not_found(format!("row “{key_text}” in “{table}”"));
        let key = Key::from_text(&opened.schema, key_text).map_err(|_| missing())?;
        let (id, tree, schema, draft) =
            (opened.id, opened.entry.tree, opened.schema.clone(), opened.working.draft.clone());
        let row = self
            .read(move |objects| {
                let overlay = draft.as_ref().and_then(|draft| draft.table(id));
                let cells = match overlay {
                    Some(overlay) => overlay.get(objects, &schema, &key)?,
                    None => tree.get(objects, &schema, &key)?,
                };
                let patch = overlay.and_then(|overlay| overlay.patches().get(&key)).cloned();
                Ok(cells.map(|cells| row_view(&schema, &RowRules::new(&schema), key, cells, patch.as_ref())))
            })
            .await?
            .ok_or_else(missing)?;
        Ok((self.table_view(opened).await?, row))
    }

    /// The position of a row among the rows of its table, or where a row with that key would stand.
    ///
    /// # Errors
    /// There is no such table for the person, or it can't be read.
    pub async fn position(&self, actor: &Actor, place: &Place, table: &str, key: &Key) -> Result<u64, Error> {
        let Opened { working, id, entry, .. } = self.open_table(actor, Action::Read, place, table).await?;
        let key = key.clone();
        self.read(move |objects| match working.draft.as_ref().and_then(|draft| draft.table(id)) {
            Some(overlay) => Ok(overlay.rank(objects, &key)?),
            None => Ok(entry.tree.rank(objects, &key)?.0),
        })
        .await
    }
}

pub(crate) fn summary(hash: Hash, commit: Commit) -> CommitSummary {
    let Commit { parents, author, time, message, .. } = commit;
    CommitSummary { hash, parents, author, time, message }
}

pub(crate) fn row_view(
    schema: &Schema,
    rules: &RowRules<'_>,
    key: Key,
    cells: versioning::Row,
    patch: Option<&Patch>,
) -> RowView {
    let state = match patch {
        None => RowState::Committed,
        Some(Patch { before: None, .. }) => RowState::Inserted,
        Some(Patch { before: Some(before), .. }) => {
            RowState::Updated(cell_changes(schema, before, schema, &cells).map(|change| change.column).collect())
        }
    };
    let before = patch.and_then(|patch| patch.before.clone());
    let findings = patch.map(|patch| rules.of(patch)).unwrap_or_default();
    RowView { key_text: Key::to_text(schema, &cells), key, cells, state, before, findings }
}
