//! The past of rows: every state of one, and the commit that each cell comes from.

use std::collections::BTreeMap;

use storage::DatasetId;
use versioning::{
    ColumnId, Hash, Key,
    history::{self, Blame, BlameError, Clocks, Cursor, Filter, Page, Paging},
    merge::restored_row,
};

use crate::{
    Actor, CellEdit, CommitSummary, Dataset, Edit, Edited, Error, Hub, Place, RowChange, TableView,
    access::Action,
    state::{Opened, summary},
};

/// States of a row on a page.
const PAGE: usize = 50;
/// The most commits that are looked at for one page: a long history must not hold an answer up.
const BUDGET: usize = 20_000;

/// A page of a row's states, the newest first.
#[derive(Clone, Debug)]
pub struct RowHistory {
    /// The table.
    pub table: TableView,
    /// The row's key as it stands in addresses.
    pub key_text: String,
    /// The commits that changed the row, each with the row before and after and the columns that changed.
    pub states: Vec<PastRow>,
    /// Where the next page begins, as text; there may be a next page without states where the history is long.
    pub next: Option<String>,
}

/// A commit that changed a row.
#[derive(Clone, Debug)]
pub struct PastRow {
    /// The commit.
    pub commit: CommitSummary,
    /// Where the row can be seen as the commit left it, or as it was before the commit removed it: a commit, and the
    /// table's name there.
    pub seen_at: Option<(Hash, String)>,
    /// The schema that the cells before follow.
    pub schema_before: Option<versioning::Schema>,
    /// The schema that the cells after follow.
    pub schema_after: Option<versioning::Schema>,
    /// What the commit did to the row.
    pub change: RowChange,
    /// The columns whose cells changed.
    pub columns: Vec<ColumnId>,
}

/// The commits that cells come from.
#[derive(Clone, Debug)]
pub struct BlameView {
    /// The columns, in the order of the schema.
    pub columns: Vec<ColumnId>,
    /// For each row, in the order in which they were asked for: the commit of each cell; none where the search ended
    /// before it was found.
    pub rows: Vec<Vec<Option<Hash>>>,
    /// The commits.
    pub commits: BTreeMap<Hash, CommitSummary>,
    /// Whether every cell was found.
    pub complete: bool,
}

impl Hub {
    /// Every state of a row on the way to what a place shows. Drafts have no part in it.
    ///
    /// # Errors
    /// There is no such table for the person, the key is none of its, or the cursor is none of this list.
    pub async fn row_history(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        key_text: &str,
        cursor: Option<&str>,
    ) -> Result<RowHistory, Error> {
        let opened = self.open_table(actor, Action::Read, place, table).await?;
        let missing = || Error::not_found(format!("row “{key_text}” in “{table}”"));
        let key = Key::from_text(&opened.schema, key_text).map_err(|_| missing())?;
        let head = opened.working.viewed.commit.ok_or_else(missing)?;
        let cursor = self.cursor(&opened.dataset, head, cursor).await?;
        let id = opened.id;
        let (states, next) = self
            .read(move |objects| {
                let paging = Paging { limit: PAGE, budget: BUDGET, clocks: Clocks::Honest };
                let Page { entries, next, .. } = history::row_history(objects, &cursor, id, &key, paging)?;
                let mut states = Vec::new();
                for change in entries {
                    let schema = |version: &Option<history::RowVersion>| {
                        version.as_ref().map(|version| objects.schema(version.schema)).transpose()
                    };
                    let (schema_before, schema_after) = (schema(&change.before)?, schema(&change.after)?);
                    let shown = change.after.as_ref().zip(schema_after.as_ref());
                    let shown = shown.or(change.before.as_ref().zip(schema_before.as_ref()));
                    let key_text = shown.map(|(version, schema)| Key::to_text(schema, &version.row));
                    let commit = objects.commit(change.commit)?;
                    let removed = change.after.is_none();
                    let at = if removed { commit.parents.first().copied() } else { Some(change.commit) };
                    let seen_at = match at {
                        Some(at) => {
                            let root = objects.root(objects.commit(at)?.root)?;
                            root.tables.get(&id).map(|entry| (at, entry.name.clone()))
                        }
                        None => None,
                    };
                    states.push(PastRow {
                        commit: summary(change.commit, commit),
                        seen_at,
                        schema_before,
                        schema_after,
                        change: RowChange {
                            key: change.key,
                            key_text: key_text.unwrap_or_default(),
                            before: change.before.map(|version| version.row),
                            after: change.after.map(|version| version.row),
                        },
                        columns: change.cells,
                    });
                }
                Ok((states, next.map(|next| next.to_string())))
            })
            .await?;
        if states.is_empty() && next.is_none() {
            return Err(missing());
        }
        let key_text = key_text.to_owned();
        Ok(RowHistory { table: self.table_view(opened).await?, key_text, states, next })
    }

    /// Puts a row into the person's draft as it was at a commit, under the key that it had there: cells that differ are
    /// changed back, and a row that is gone is added again. Columns that are newer than the commit keep what they hold.
    ///
    /// # Errors
    /// The commit has no such row; or a value does not fit its column any more, as with [`Hub::edit`].
    pub async fn restore_row(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        key_text: &str,
        commit: &str,
    ) -> Result<Edited, Error> {
        let Opened { dataset, working, id, entry, schema } =
            self.open_table(actor, Action::Write, place, table).await?;
        let commit = self.own_commit(&dataset, commit).await?;
        let missing = format!("row “{key_text}” in “{table}” at that commit");
        let key_text = key_text.to_owned();
        let edit = self
            .read(move |objects| {
                let missing = || Error::not_found(missing.clone());
                let root = objects.root(objects.commit(commit)?.root)?;
                let then = root.tables.get(&id).ok_or_else(missing)?;
                let schema_then = objects.schema(then.schema)?;
                let key = Key::from_text(&schema_then, &key_text).map_err(|_| missing())?;
                let row_then = then.tree.get(objects, &schema_then, &key)?.ok_or_else(missing)?;
                let refused = |error| Error::State { message: format!("The row was not restored: {error}.") };
                let row = restored_row(&schema, &schema_then, &row_then).map_err(refused)?;
                let key = Key::of_row(&schema, &row).map_err(|error| refused(error.into()))?;
                let row_now = match working.draft.as_ref().and_then(|draft| draft.table(id)) {
                    Some(overlay) => overlay.get(objects, &schema, &key)?,
                    None => entry.tree.get(objects, &schema, &key)?,
                };
                let cells = schema.columns.iter().zip(&row);
                Ok(match row_now {
                    None => Edit::Insert { cells: cells.map(|(column, value)| (column.id, value.to_text())).collect() },
                    Some(now) => {
                        let differs = cells
                            .zip(&now)
                            .filter(|((column, value), now)| schema_then.column(column.id).is_some() && value != now);
                        let edits = differs.map(|((column, value), now)| CellEdit {
                            column: column.id,
                            before: now.to_text(),
                            after: value.to_text(),
                        });
                        Edit::Update { key, cells: edits.collect() }
                    }
                })
            })
            .await?;
        self.edit(actor, place, table, vec![edit]).await
    }

    /// The commits that the cells of rows come from, at most 256 rows at once.
    ///
    /// # Errors
    /// There is no such table for the person, or there are too many keys.
    pub async fn blame(&self, actor: &Actor, place: &Place, table: &str, keys: Vec<Key>) -> Result<BlameView, Error> {
        let Opened { working, id, .. } = self.open_table(actor, Action::Read, place, table).await?;
        // Under a draft, the rows are those of the commit at which it began.
        let head = working.base.ok_or_else(|| Error::not_found("commit"))?;
        self.read(move |objects| {
            let mut blame = Blame::new(objects, head, id, &keys).map_err(|error| match error {
                BlameError::Read(error) => Error::from(error),
                error @ BlameError::TooMany { .. } => Error::invalid("keys", format!("{error}.")),
            })?;
            let complete = blame.step(objects, BUDGET)?;
            let rows: Vec<Vec<Option<Hash>>> = blame.rows().iter().map(|row| row.commits.clone()).collect();
            let mut commits = BTreeMap::new();
            for hash in rows.iter().flatten().flatten() {
                if !commits.contains_key(hash) {
                    commits.insert(*hash, summary(*hash, objects.commit(*hash)?));
                }
            }
            Ok(BlameView { columns: blame.columns().to_vec(), rows, commits, complete })
        })
        .await
    }

    /// The commits that changed a table, or one row of it, the newest first, with the cursor of the next page.
    ///
    /// # Errors
    /// There is no such table or state for the person, or the cursor is none of this list.
    pub async fn log_of(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<CommitSummary>, Option<String>), Error> {
        let Opened { dataset, working, id, .. } = self.open_table(actor, Action::Read, place, table).await?;
        let Some(head) = working.viewed.commit else { return Ok((Vec::new(), None)) };
        let cursor = self.cursor(&dataset, head, cursor).await?;
        self.filtered_log(cursor, Filter::Table(id), limit).await
    }

    /// The commits that a state follows, the newest first, all parents of merges among them, with the cursor of the next
    /// page.
    ///
    /// # Errors
    /// There is no such state for the person, or the cursor is none of this list.
    pub async fn full_log(
        &self,
        actor: &Actor,
        place: &Place,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<CommitSummary>, Option<String>), Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let Some(head) = self.resolve(&dataset, &place.at).await?.commit else { return Ok((Vec::new(), None)) };
        let cursor = self.cursor(&dataset, head, cursor).await?;
        self.filtered_log(cursor, Filter::All, limit).await
    }

    async fn filtered_log(
        &self,
        cursor: Cursor,
        filter: Filter,
        limit: usize,
    ) -> Result<(Vec<CommitSummary>, Option<String>), Error> {
        self.read(move |objects| {
            let paging = Paging { limit: limit.clamp(1, 1_000), budget: BUDGET, clocks: Clocks::Honest };
            let page = history::log(objects, &cursor, &filter, paging)?;
            let commits = page.entries.into_iter().map(|hash| Ok(summary(hash, objects.commit(hash)?)));
            Ok((commits.collect::<Result<_, Error>>()?, page.next.map(|next| next.to_string())))
        })
        .await
    }

    /// Where a walk goes on. A cursor names commits, and comes from outside: those of other datasets are not for it.
    async fn cursor(&self, dataset: &Dataset, head: Hash, text: Option<&str>) -> Result<Cursor, Error> {
        let Some(text) = text else { return Ok(Cursor::new(head)) };
        let foreign = || Error::invalid("cursor", "The cursor is not one of this list.");
        let cursor: Cursor = text.parse().map_err(|_| foreign())?;
        for commit in cursor.commits() {
            if !self.store().commit_exists(DatasetId(dataset.id), commit).await? {
                return Err(foreign());
            }
        }
        Ok(cursor)
    }
}
