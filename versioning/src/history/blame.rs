//! Blame: for each cell of some rows, the commit that last changed it (rule H2).

use std::{
    collections::{BTreeMap, BinaryHeap, HashMap},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::table::{Carried, Columns, CommitTable, Relation, TableReader};
use crate::{ColumnId, Hash, Key, ObjectSource, ReadError, Row, TableId};

/// The most rows that are blamed at once: a page of a table.
pub const MAX_BLAMED_ROWS: usize = 256;

/// Why rows could not be blamed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlameError {
    /// A commit, a root, a schema or a node can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Too many rows were asked for.
    #[error("at most {MAX_BLAMED_ROWS} rows can be blamed at once; these are {count}")]
    TooMany {
        /// How many.
        count: usize,
    },
}

/// A row with the commits that last changed its cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlamedRow {
    /// The row's key at the head.
    pub key: Key,
    /// Whether there is such a row at the head. If not, its cells are blamed on nothing.
    pub exists: bool,
    /// For each of [`Blame::columns`], the commit; none as long as it was not found.
    pub commits: Vec<Option<Hash>>,
}

/// Rows that are being blamed; owns all it knows, so that it can be kept, sent, and taken up again.
///
/// Each cell is handed from the head to the first parent that has the same value in the row of the same key, and so on;
/// it is blamed on the commit where no parent has it. So:
///
/// - A merge is blamed only for cells that no side had. Where several have a cell, the first parent's side is blamed.
/// - A column that was added is blamed, where the row has no more than its fill, on the commit that added the column.
///   Renamed or moved columns are not blamed, nor is a changed type where it only [converted](crate::Value::is_same) the
///   cell.
/// - A changed primary key carries rows on as in [`row_history`](super::row_history).
///
/// Right whatever the times of commits: they only decide which commit is looked at first.
///
/// The rows share the walk. A commit costs the commit, the root, and the nodes that differ on the way to the rows: most
/// often the root node alone. Leaves are compared, column by column, where they differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    table: TableId,
    columns: Vec<ColumnId>,
    rows: Vec<BlamedRow>,
    /// The cells not blamed yet, at the commits that have them.
    pending: BTreeMap<Hash, Vec<Pending>>,
    walked: u64,
}

/// Cells of a row, at a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    /// Which of the rows.
    row: u16,
    /// The row's key at the commit.
    key: Key,
    /// Which of the columns; ordered.
    columns: Vec<u16>,
}

impl Blame {
    /// Rows of a table as they are at a head; nothing is blamed yet. Unknown keys are allowed. If there is no such table
    /// there are no columns.
    ///
    /// # Errors
    /// More than [`MAX_BLAMED_ROWS`] keys, or something can't be read.
    pub fn new(source: &dyn ObjectSource, head: Hash, table: TableId, keys: &[Key]) -> Result<Self, BlameError> {
        if keys.len() > MAX_BLAMED_ROWS {
            return Err(BlameError::TooMany { count: keys.len() });
        }
        let reader = TableReader::new(source, Some(table));
        let at = reader.read(head, None)?;
        let columns = at.table.as_ref().map(|table| reader.columns(table.schema)).transpose()?;
        let columns: Vec<ColumnId> =
            columns.iter().flat_map(|columns| &columns.schema.columns).map(|column| column.id).collect();
        let mut rows = Vec::with_capacity(keys.len());
        let mut open = Vec::new();
        let count = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        for (row, key) in (0_u16..).zip(keys) {
            let exists = match &at.table {
                Some(table) => table.tree.rank(source, key)?.1,
                None => false,
            };
            if exists && count > 0 {
                open.push(Pending { row, key: key.clone(), columns: (0..count).collect() });
            }
            rows.push(BlamedRow { key: key.clone(), exists, commits: vec![None; columns.len()] });
        }
        open.sort_by(|a, b| a.key.cmp(&b.key));
        let pending = if open.is_empty() { BTreeMap::new() } else { BTreeMap::from([(head, open)]) };
        Ok(Self { table, columns, rows, pending, walked: 0 })
    }

    /// The columns at the head, in the order of its schema.
    #[must_use]
    pub fn columns(&self) -> &[ColumnId] {
        &self.columns
    }

    /// The rows, in the order in which they were asked for.
    #[must_use]
    pub fn rows(&self) -> &[BlamedRow] {
        &self.rows
    }

    /// Whether every cell has its commit.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pending.is_empty()
    }

    /// Where the walk stands: the commits that have, or handed on, the cells not blamed yet. Whoever takes a `Blame` from
    /// outside checks these as any commit named in an address (datasets share chunks).
    pub fn stopped_at(&self) -> impl Iterator<Item = Hash> {
        self.pending.keys().copied()
    }

    /// The commits looked at so far.
    #[must_use]
    pub fn walked(&self) -> u64 {
        self.walked
    }

    /// Goes on for at most `budget` commits; true when every cell has its commit. After an error it can go on from where
    /// it was.
    ///
    /// # Errors
    /// A commit, a root, a schema or a node can't be read.
    pub fn step(&mut self, source: &dyn ObjectSource, budget: usize) -> Result<bool, ReadError> {
        let reader = TableReader::new(source, Some(self.table));
        let mut tables: HashMap<Hash, Rc<CommitTable>> = HashMap::new();
        let mut queue = BinaryHeap::new();
        for hash in self.pending.keys() {
            let at = reader.read(*hash, None)?;
            queue.push((at.commit.time, *hash));
            tables.insert(*hash, at);
        }
        let end = self.walked.saturating_add(budget as u64);
        while self.walked < end {
            let Some((_, mut hash)) = queue.pop() else { break };
            let Some(mut at) = tables.remove(&hash) else { continue };
            // Most often one row is blamed, and most commits changed other leaves: these need no more than a look.
            if queue.is_empty()
                && let Some([cells]) = self.pending.get(&hash).map(Vec::as_slice)
            {
                let left = usize::try_from(end - self.walked - 1).unwrap_or(usize::MAX);
                let (passed, earlier) = reader.back_to_same_leaf(&at, &cells.key, left);
                if passed > 0 {
                    at = reader.read(earlier, None)?;
                    let cells = self.pending.remove(&hash).unwrap_or_default();
                    self.pending.insert(earlier, cells);
                    self.walked += passed as u64;
                    hash = earlier;
                }
            }
            let Some(pending) = self.pending.get_mut(&hash) else { continue };
            // With one parent nothing is taken before all is read, so only merges need a copy to go back to.
            let mut open = if at.commit.parents.len() > 1 { pending.clone() } else { std::mem::take(pending) };
            let handed = match split(&reader, &self.columns, &at, &mut open) {
                Ok(handed) => handed,
                Err(error) => {
                    if pending.is_empty() {
                        *pending = open;
                    }
                    return Err(error);
                }
            };
            self.pending.remove(&hash);
            self.walked += 1;
            for Pending { row, columns, .. } in open {
                let Some(row) = self.rows.get_mut(usize::from(row)) else { continue };
                for column in columns {
                    if let Some(commit) = row.commits.get_mut(usize::from(column)) {
                        *commit = Some(hash);
                    }
                }
            }
            for (parent, cells) in handed {
                let hash = parent.commit.hash;
                match self.pending.get_mut(&hash) {
                    Some(there) => merge(there, cells),
                    None => {
                        self.pending.insert(hash, cells);
                    }
                }
                tables.entry(hash).or_insert_with(|| {
                    queue.push((parent.commit.time, hash));
                    parent
                });
            }
        }
        Ok(self.is_complete())
    }
}

/// Adds cells to those that came to a commit by another way.
fn merge(there: &mut Vec<Pending>, cells: Vec<Pending>) {
    for mut new in cells {
        match there.iter_mut().find(|old| old.row == new.row && old.key == new.key) {
            Some(old) => {
                old.columns.append(&mut new.columns);
                old.columns.sort_unstable();
            }
            None => there.push(new),
        }
    }
    there.sort_by(|a, b| a.key.cmp(&b.key));
}

/// A parent and the cells that it has.
type Handed = (Rc<CommitTable>, Vec<Pending>);

/// Hands cells to the parents that have them; leaves those that none has.
fn split(
    reader: &TableReader<'_>,
    columns: &[ColumnId],
    at: &CommitTable,
    open: &mut Vec<Pending>,
) -> Result<Vec<Handed>, ReadError> {
    let mut handed = Vec::new();
    for parent in &at.commit.parents {
        if open.is_empty() {
            break;
        }
        let parent = reader.read(*parent, Some(at))?;
        let same = if at.commit.root == parent.commit.root {
            std::mem::take(open)
        } else if let (Some(here), Some(there)) = (&at.table, &parent.table) {
            let keys: Vec<&Key> = open.iter().map(|cells| &cells.key).collect();
            let relation = reader.relate(here, there, &keys)?;
            let (rest, same) = divide(columns, relation, std::mem::take(open));
            *open = rest;
            same
        } else {
            Vec::new()
        };
        if !same.is_empty() {
            handed.push((parent, same));
        }
    }
    Ok(handed)
}

/// The cells that the parent does not have, and those that it has.
fn divide(columns: &[ColumnId], relation: Relation, open: Vec<Pending>) -> (Vec<Pending>, Vec<Pending>) {
    let Some((schema, schema_before)) = relation.columns else { return (Vec::new(), open) };
    // Which of the columns both schemas have; none: all.
    let shared: Option<Vec<bool>> = (!Rc::ptr_eq(&schema, &schema_before))
        .then(|| columns.iter().map(|column| schema_before.column(*column).is_some()).collect());
    let mut rest = Vec::new();
    let mut same = Vec::with_capacity(open.len());
    let mut touched = relation.touched.into_iter().peekable();
    let mut moved = false;
    for (index, cells) in open.into_iter().enumerate() {
        let Some(touched) = touched.next_if(|touched| touched.index == index) else {
            match &shared {
                None => same.push(cells),
                Some(shared) => part(cells, &mut same, &mut rest, |column| shared.get(column) == Some(&true)),
            }
            continue;
        };
        let (Some(row), Some(before)) = (touched.row, touched.before) else {
            rest.push(cells);
            continue;
        };
        let has = |column: usize| {
            columns.get(column).is_some_and(|id| is_same_cell(*id, (&schema, &row), (&schema_before, &before)))
        };
        let from = same.len();
        part(cells, &mut same, &mut rest, has);
        if let Carried::To(key) = touched.carried {
            moved = true;
            same[from..].iter_mut().for_each(|cells| cells.key = key.clone());
        }
    }
    if moved {
        same.sort_by(|a, b| a.key.cmp(&b.key));
    }
    (rest, same)
}

fn is_same_cell(column: ColumnId, here: (&Columns, &Row), there: (&Columns, &Row)) -> bool {
    match (here.0.cell(here.1, column), there.0.cell(there.1, column)) {
        (Some(cell), Some(before)) => before.is_same(cell),
        _ => false,
    }
}

/// Divides the cells of a row.
fn part(cells: Pending, same: &mut Vec<Pending>, rest: &mut Vec<Pending>, has: impl Fn(usize) -> bool) {
    let Pending { row, key, columns } = cells;
    let (has, has_not): (Vec<u16>, Vec<u16>) = columns.into_iter().partition(|column| has(usize::from(*column)));
    if !has_not.is_empty() {
        rest.push(Pending { row, key: key.clone(), columns: has_not });
    }
    if !has.is_empty() {
        same.push(Pending { row, key, columns: has });
    }
}

/// Blames the cells of one row, looking at `budget` commits at the most; [`Blame::is_complete`] says whether that was
/// enough, [`Blame::step`] goes on.
///
/// # Errors
/// Something can't be read.
pub fn blame(
    source: &dyn ObjectSource,
    head: Hash,
    table: TableId,
    key: &Key,
    budget: usize,
) -> Result<Blame, BlameError> {
    blame_page(source, head, table, std::slice::from_ref(key), budget)
}

/// Blames the cells of up to [`MAX_BLAMED_ROWS`] rows in one walk, looking at `budget` commits at the most.
///
/// # Errors
/// There are more keys, or something can't be read.
pub fn blame_page(
    source: &dyn ObjectSource,
    head: Hash,
    table: TableId,
    keys: &[Key],
    budget: usize,
) -> Result<Blame, BlameError> {
    let mut blame = Blame::new(source, head, table, keys)?;
    blame.step(source, budget)?;
    Ok(blame)
}
