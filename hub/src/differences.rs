//! Two states of a dataset side by side: what differs, page by page, and how much differs without the rows.

pub use versioning::diff::Counts as DifferenceCounts;
use versioning::{
    Hash, Key, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree,
    diff::{Diff, RowDelta, SchemaChange, schema_changes},
    history,
};

use crate::{
    Actor, ChangeSet, DatasetPath, Error, Hub, Reference, RowChange, TableChange, Viewed, access::Action, ahead,
};

/// The most changed rows on a page.
const MAX_ROWS: usize = 1_000;
/// Changed rows of each table on a page for people.
pub(crate) const PAGE: usize = 200;

/// Against what a state is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    /// What both have in common: shows what merging it would bring.
    #[default]
    Base,
    /// The other as it is: shows how the two differ.
    Other,
}

/// Two states to be compared.
#[derive(Clone, Copy, Debug)]
pub struct TwoStates<'a> {
    /// The one before.
    pub from: &'a Reference,
    /// The one after.
    pub to: &'a Reference,
    /// Against what that is held.
    pub against: Against,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Cells of it differ.
    Changed,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    /// As in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    fn of(delta: &RowDelta) -> Self {
        match (&delta.before, &delta.after) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ => Self::Changed,
        }
    }
}

impl std::str::FromStr for ChangeKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| Error::invalid("kind", format!("“{text}” is none of: added, removed, changed.")))
    }
}

/// Which changed rows are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesAsked {
    /// Those of one kind.
    pub kind: Option<ChangeKind>,
    /// Those that differ in the column of this name; all where it is empty.
    pub column: String,
    /// Of one table, those behind the row with this key; of all others, from the first on.
    pub after: Option<(TableId, Key)>,
}

impl ChangesAsked {
    /// All of them, from a place on.
    pub(crate) fn after(after: Option<(TableId, Key)>) -> Self {
        Self { after, ..Self::default() }
    }

    /// Whether some are left out.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.kind.is_some() || !self.column.is_empty()
    }
}

/// Where a column stands in the rows of either side; none where it does not.
type Positions = (Option<usize>, Option<usize>);

/// Whether a row is asked for. `column`: the positions of the one in which it must differ.
fn is_asked(kind: Option<ChangeKind>, column: Option<Positions>, delta: &RowDelta) -> bool {
    let cell = |row: &Option<Row>, position: Option<usize>| {
        let cell = row.as_ref().and_then(|row| row.get(position?)).cloned();
        // A row that is not there has nothing in the column.
        cell.unwrap_or(versioning::Value::Null)
    };
    kind.is_none_or(|kind| kind == ChangeKind::of(delta))
        && column.is_none_or(|(before, after)| cell(&delta.before, before) != cell(&delta.after, after))
}

/// A table that is not the same in two states.
#[derive(Clone, Debug)]
pub struct TableDifference {
    /// The table.
    pub id: TableId,
    /// Its name before; none where it is new.
    pub name_before: Option<String>,
    /// Its name after; none where it is gone.
    pub name_after: Option<String>,
    /// The schema before; none where it is new.
    pub before: Option<Schema>,
    /// The schema after; none where it is gone.
    pub after: Option<Schema>,
    /// Rows before and after.
    pub rows: (u64, u64),
    /// What differs between the schemas, where there are two.
    pub schema: Vec<SchemaChange>,
}

impl TableDifference {
    /// What people call it: its name after, or before where it is gone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name_after.as_deref().or(self.name_before.as_deref()).unwrap_or_default()
    }
}

/// A page of what differs between two states.
#[derive(Clone, Debug)]
pub struct DiffPage {
    /// The state before.
    pub from: Viewed,
    /// The state after.
    pub to: Viewed,
    /// All tables that differ, by name; only the one that was asked for where one was.
    pub tables: Vec<TableDifference>,
    /// Rows that differ: for each the position of its table in `tables`.
    pub rows: Vec<(usize, RowChange)>,
    /// Behind which row the next page begins, if there is more.
    pub next: Option<(TableId, Key)>,
}

/// How much differs between two states.
#[derive(Clone, Debug)]
pub struct DiffSummary {
    /// The state before.
    pub from: Viewed,
    /// The state after.
    pub to: Viewed,
    /// The tables that differ, by name, each with its counts.
    pub tables: Vec<(TableDifference, DifferenceCounts)>,
}

/// A table of two states, ready to be compared.
struct Compared {
    difference: TableDifference,
    before: Tree,
    after: Tree,
}

impl Compared {
    fn diff<'a>(&'a self, objects: &'a dyn ObjectSource, after: Option<&Key>) -> Result<Option<Diff<'a>>, Error> {
        // Where a table is new or gone, the other side has no rows and the schema is never asked.
        let (old, new) = (self.difference.before.as_ref(), self.difference.after.as_ref());
        let Some(any) = new.or(old) else { return Ok(None) };
        let sides = ((self.before, old.unwrap_or(any)), (self.after, new.unwrap_or(any)));
        Ok(Some(Diff::new(objects, sides.0, sides.1, after)?.without_gone_columns()))
    }

    /// The positions of the column of this name, by what it is called after, or before where it is gone.
    fn positions(&self, column: &str) -> Option<Positions> {
        let TableDifference { before, after, .. } = &self.difference;
        let named = |schema: &Option<Schema>| Some(schema.as_ref()?.column_named(column)?.id);
        let id = named(after).or_else(|| named(before))?;
        let position = |schema: &Option<Schema>| schema.as_ref()?.position(id);
        Some((position(before), position(after)))
    }

    /// The table with a page of the rows that differ and are asked for.
    fn page(self, objects: &dyn ObjectSource, asked: &ChangesAsked) -> Result<TableChange, Error> {
        let after = asked.after.as_ref().filter(|(table, _)| *table == self.difference.id).map(|(_, key)| key);
        let column = match asked.column.as_str() {
            "" => None,
            name => match self.positions(name) {
                Some(positions) => Some(positions),
                None => return Ok(TableChange { table: self.difference, changes: Vec::new(), next: None }),
            },
        };
        let is_wanted = |delta: &Result<RowDelta, _>| match delta {
            Ok(delta) => is_asked(asked.kind, column, delta),
            Err(_) => true,
        };
        let mut diff = self.diff(objects, after)?.into_iter().flatten().filter(is_wanted);
        let changes = diff.by_ref().take(PAGE).map(|delta| Ok(row_change(&self.difference, delta?)));
        let changes: Vec<RowChange> = changes.collect::<Result<_, Error>>()?;
        let more = diff.next().transpose()?.is_some();
        let next = changes.last().filter(|_| more).map(|last| last.key.clone());
        drop(diff);
        Ok(TableChange { table: self.difference, changes, next })
    }
}

impl Hub {
    /// Up to `limit` (at most 1,000) rows that differ between two states, table by table in the order of their names, of
    /// all tables or of one.
    ///
    /// # Errors
    /// There is no such dataset, state or table for the person, or the data can't be read.
    pub async fn diff_page(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        sides: TwoStates<'_>,
        table: Option<&str>,
        after: Option<(TableId, Key)>,
        limit: usize,
    ) -> Result<DiffPage, Error> {
        let (from, to) = self.two(actor, path, sides).await?;
        let (old, new, table) = (from.commit, to.commit, table.map(str::to_owned));
        let limit = limit.clamp(1, MAX_ROWS);
        let (tables, rows, next) = self
            .read(move |objects| {
                ahead::reading(objects, |objects| {
                    let compared = compare(objects, &root(objects, old)?, &root(objects, new)?, table.as_deref())?;
                    let begin = match &after {
                        None => 0,
                        Some((id, _)) => compared
                            .iter()
                            .position(|compared| compared.difference.id == *id)
                            .ok_or_else(|| Error::invalid("cursor", "The cursor is not one of this list."))?,
                    };
                    let (mut rows, mut next) = (Vec::new(), None);
                    for (position, compared) in compared.iter().enumerate().skip(begin) {
                        let from = after.as_ref().filter(|(id, _)| *id == compared.difference.id).map(|(_, key)| key);
                        let Some(diff) = compared.diff(objects, from)? else { continue };
                        for delta in diff {
                            let delta = delta?;
                            if rows.len() == limit {
                                let last: Option<&(usize, RowChange)> = rows.last();
                                next = last.map(|(position, row)| (*position, row.key.clone()));
                                break;
                            }
                            rows.push((position, row_change(&compared.difference, delta)));
                        }
                        if next.is_some() {
                            break;
                        }
                    }
                    let tables: Vec<_> = compared.into_iter().map(|compared| compared.difference).collect();
                    let next = next.map(|(position, key)| (tables[position].id, key));
                    Ok((tables, rows, next))
                })
            })
            .await?;
        Ok(DiffPage { from, to, tables, rows, next })
    }

    /// How much differs between two states. Its cost follows the number of differences.
    ///
    /// # Errors
    /// As [`Hub::diff_page`].
    pub async fn diff_summary(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        sides: TwoStates<'_>,
        table: Option<&str>,
    ) -> Result<DiffSummary, Error> {
        let (from, to) = self.two(actor, path, sides).await?;
        let (old, new, table) = (from.commit, to.commit, table.map(str::to_owned));
        let tables = self
            .read(move |objects| {
                let compared = compare(objects, &root(objects, old)?, &root(objects, new)?, table.as_deref())?;
                compared
                    .into_iter()
                    .map(|compared| {
                        let counts = count(objects, &compared)?;
                        Ok((compared.difference, counts))
                    })
                    .collect()
            })
            .await?;
        Ok(DiffSummary { from, to, tables })
    }

    async fn two(&self, actor: &Actor, path: &DatasetPath, sides: TwoStates<'_>) -> Result<(Viewed, Viewed), Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let (from, to) = tokio::try_join!(self.resolve(&dataset, sides.from), self.resolve(&dataset, sides.to))?;
        if sides.against == Against::Other {
            return Ok((from, to));
        }
        let base = self.common(&from, &to).await?.ok_or_else(|| Error::State {
            message: format!("“{}” and “{}” have no history in common: compare them as they are.", from.name, to.name),
        })?;
        Ok((self.resolve(&dataset, &Reference::named(base.to_string())).await?, to))
    }

    /// The commit from which two states went apart, the latest where there are several.
    pub(crate) async fn common(&self, from: &Viewed, to: &Viewed) -> Result<Option<Hash>, Error> {
        let Some((from, to)) = from.commit.zip(to.commit) else { return Ok(None) };
        self.read(move |objects| Ok(history::merge_bases(objects, from, to)?.first().copied())).await
    }
}

/// What differs between the states of two commits, with a page of the rows of each table that are asked for. Without a
/// commit there are no tables.
pub(crate) fn change_set(
    objects: &dyn ObjectSource,
    old: Option<Hash>,
    new: Option<Hash>,
    asked: &ChangesAsked,
) -> Result<ChangeSet, Error> {
    let (old, new) = (root(objects, old)?, root(objects, new)?);
    let names = [&old, &new].into_iter().flat_map(|root| &root.tables);
    let names = names.map(|(id, entry)| (*id, entry.name.clone())).collect();
    let page = |compared: Compared| compared.page(objects, asked);
    let tables = compare(objects, &old, &new, None)?.into_iter().map(page).collect::<Result<_, Error>>()?;
    Ok(ChangeSet { tables, names })
}

fn root(objects: &dyn ObjectSource, commit: Option<Hash>) -> Result<Root, Error> {
    match commit {
        Some(commit) => Ok(objects.root(objects.commit(commit)?.root)?),
        None => Ok(Root::default()),
    }
}

fn compare(objects: &dyn ObjectSource, old: &Root, new: &Root, only: Option<&str>) -> Result<Vec<Compared>, Error> {
    let only = match only {
        None => None,
        Some(name) => {
            let found = new.table_named(name).or_else(|| old.table_named(name));
            Some(found.ok_or_else(|| Error::not_found(format!("table “{name}”")))?.0)
        }
    };
    let ids: std::collections::BTreeSet<_> = old.tables.keys().chain(new.tables.keys()).copied().collect();
    let mut compared = Vec::new();
    for id in ids.into_iter().filter(|id| only.is_none_or(|only| only == *id)) {
        let (before, after) = (old.tables.get(&id), new.tables.get(&id));
        if before == after {
            continue;
        }
        let schema = |entry: Option<&TableEntry>| entry.map(|entry| objects.schema(entry.schema)).transpose();
        let tree = |entry: Option<&TableEntry>| entry.map(|entry| entry.tree).unwrap_or_default();
        let name = |entry: Option<&TableEntry>| entry.map(|entry| entry.name.clone());
        let (before_schema, after_schema) = (schema(before)?, schema(after)?);
        let changes = match (&before_schema, &after_schema) {
            (Some(before), Some(after)) => schema_changes(before, after),
            _ => Vec::new(),
        };
        compared.push(Compared {
            difference: TableDifference {
                id,
                name_before: name(before),
                name_after: name(after),
                before: before_schema,
                after: after_schema,
                rows: (tree(before).rows, tree(after).rows),
                schema: changes,
            },
            before: tree(before),
            after: tree(after),
        });
    }
    compared.sort_by(|a, b| a.difference.name().cmp(b.difference.name()));
    Ok(compared)
}

fn count(objects: &dyn ObjectSource, compared: &Compared) -> Result<DifferenceCounts, Error> {
    let TableDifference { before: Some(_), after: Some(_), .. } = &compared.difference else {
        // Not a row needs to be looked at.
        let (removed, added) = compared.difference.rows;
        return Ok(DifferenceCounts { added, removed, ..DifferenceCounts::default() });
    };
    let counts = compared.diff(objects, None)?.map(Diff::counts).transpose()?;
    Ok(counts.unwrap_or_default())
}

fn row_change(table: &TableDifference, RowDelta { key, before, after }: RowDelta) -> RowChange {
    let text = |row: &Option<Row>, schema: &Option<Schema>| {
        row.as_ref().zip(schema.as_ref()).map(|(row, schema)| Key::to_text(schema, row))
    };
    let key_text = text(&after, &table.after).or_else(|| text(&before, &table.before)).unwrap_or_default();
    RowChange { key, key_text, before, after }
}

impl Hub {
    /// What a reference means in a dataset now, so that several reads can be of one state.
    ///
    /// # Errors
    /// There is no such dataset or state for the person.
    pub async fn viewed(&self, actor: &Actor, place: &crate::Place) -> Result<Viewed, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        self.resolve(&dataset, &place.at).await
    }
}
