//! What a person is told when their draft and its branch can't both be had.

use versioning::{
    Column, ColumnId, Hash, Key, ObjectSource, Root, Row, Schema, TableId, Value,
    merge::{self, Conflict, RowCells, Sides},
    overlay::Patch,
};

use super::LoadedDraft;
use crate::{Error, Gone, Misfit, StaleCell};

/// The most cells, and the most values without a place, that are told.
const MAX_STALE: usize = 1_000;

/// The cells that both changed, and what has no place on the branch any more.
#[derive(Default)]
pub(super) struct Told {
    cells: Vec<StaleCell>,
    misfits: Vec<Misfit>,
    more: u64,
}

impl Told {
    pub(super) fn add(
        &mut self,
        objects: &dyn ObjectSource,
        draft: &LoadedDraft,
        sides: Sides<'_>,
        conflict: &Conflict,
    ) -> Result<(), Error> {
        match conflict {
            Conflict::Table { table, .. } => self.without_place(objects, draft, sides.base, *table, None),
            Conflict::Column { table, column, .. } => {
                self.without_place(objects, draft, sides.base, *table, Some(*column))
            }
            Conflict::Cell { table, key, column, theirs: Some(value), convert_to: Some(ty), .. }
                if value.cast(*ty).is_err() =>
            {
                let Some(entry) = sides.base.tables.get(table) else { return Ok(()) };
                let schema = objects.schema(entry.schema)?;
                let row = key_text_of(objects, sides.theirs, *table, key)?;
                self.misfit(|| Misfit {
                    table: entry.name.clone(),
                    key_text: row.unwrap_or_default(),
                    column: schema.column(*column).map(|column| column.name.clone()),
                    value: value.to_text(),
                    gone: Gone::Type { ty: *ty },
                });
                Ok(())
            }
            _ => {
                if self.cells.len() >= MAX_STALE {
                    self.more += 1;
                } else if let Some(cell) = stale(objects, sides, conflict)? {
                    self.cells.push(cell);
                }
                Ok(())
            }
        }
    }

    /// All that the draft has typed into a table that was dropped, or into one column of it.
    fn without_place(
        &mut self,
        objects: &dyn ObjectSource,
        draft: &LoadedDraft,
        base: &Root,
        table: TableId,
        column: Option<ColumnId>,
    ) -> Result<(), Error> {
        let (Some(entry), Some(overlay)) = (base.tables.get(&table), draft.table(table)) else { return Ok(()) };
        let schema = objects.schema(entry.schema)?;
        let gone = if column.is_some() { Gone::Column } else { Gone::Table };
        for patch in overlay.patches().values() {
            let Some(row) = patch.after.as_ref().or(patch.before.as_ref()) else { continue };
            let misfit = |column: Option<String>, value: Option<String>| Misfit {
                table: entry.name.clone(),
                key_text: Key::to_text(&schema, row),
                column,
                value,
                gone,
            };
            let Some(after) = &patch.after else {
                if gone == Gone::Table {
                    self.misfit(|| misfit(None, None));
                }
                continue;
            };
            for (position, at) in schema.columns.iter().enumerate() {
                if column.is_none_or(|column| column == at.id) && is_typed(patch, position, at) {
                    self.misfit(|| misfit(Some(at.name.clone()), after[position].to_text()));
                }
            }
        }
        Ok(())
    }

    fn misfit(&mut self, misfit: impl FnOnce() -> Misfit) {
        if self.misfits.len() < MAX_STALE {
            self.misfits.push(misfit());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_error(self, head: Hash) -> Error {
        let message = match (self.misfits.is_empty(), self.cells.is_empty()) {
            (true, _) => {
                "The branch has moved on, and your draft and a newer commit changed the same cells. Nothing was \
                 committed or overwritten: choose which values to keep."
            }
            (false, true) => {
                "The branch has moved on, and some of what your draft holds has no place there any more. Nothing was \
                 committed or overwritten: see below what it is."
            }
            (false, false) => {
                "The branch has moved on: your draft and a newer commit changed the same cells, and some of what your \
                 draft holds has no place there any more. Nothing was committed or overwritten: see below what it is."
            }
        };
        let Self { cells, misfits, more } = self;
        Error::Stale { message: message.to_owned(), cells, misfits, more, head: Some(head) }
    }
}

/// Whether the draft says something else in a cell than what is there anyway: in a new row, its default.
fn is_typed(patch: &Patch, position: usize, column: &Column) -> bool {
    match (&patch.before, &patch.after) {
        (Some(before), Some(after)) => !before[position].is_same(&after[position]),
        (None, Some(after)) => after[position] != column.fill && after[position] != column.default,
        (_, None) => false,
    }
}

/// The key of a row as text, in the state that has it.
fn key_text_of(objects: &dyn ObjectSource, root: &Root, table: TableId, key: &Key) -> Result<Option<String>, Error> {
    let Some(entry) = root.tables.get(&table) else { return Ok(None) };
    let schema = objects.schema(entry.schema)?;
    let row = entry.tree.get(objects, &schema, key)?;
    Ok(row.map(|row| Key::to_text(&schema, &row)))
}

/// A conflict of a cell or row; none for what is not about rows.
fn stale(objects: &dyn ObjectSource, sides: Sides<'_>, conflict: &Conflict) -> Result<Option<StaleCell>, Error> {
    let table = conflict.table();
    let (Some(entry), Some(key)) = (sides.ours.tables.get(&table), conflict.key()) else { return Ok(None) };
    let schema = objects.schema(entry.schema)?;
    let key_text = match key_text_of(objects, sides.ours, table, key)? {
        Some(text) => text,
        None => key_text_of(objects, sides.theirs, table, key)?.unwrap_or_default(),
    };
    let key = key.clone();
    Ok(match conflict {
        Conflict::Cell { column, base, ours, theirs, .. } => {
            let shown = |value: &Option<Value>| value.as_ref().and_then(Value::to_text);
            Some(StaleCell {
                key,
                key_text,
                column: Some(*column),
                column_name: schema.column(*column).map(|column| column.name.clone()).unwrap_or_default(),
                before: shown(base),
                after: shown(theirs),
                now: shown(ours),
            })
        }
        Conflict::Row { deleted_by, base, edited, .. } => {
            let edited = Some(text_of(&schema, edited));
            let (after, now) = match deleted_by {
                merge::Side::Ours => (edited, None),
                merge::Side::Theirs => (None, edited),
            };
            let before = base.as_ref().map(|base| text_of(&schema, base));
            Some(StaleCell { key, key_text, column: None, column_name: String::new(), before, after, now })
        }
        _ => None,
    })
}

fn text_of(schema: &Schema, cells: &RowCells) -> String {
    let columns = schema.columns.iter();
    let row: Row = columns.map(|column| cells.get(&column.id).unwrap_or(&column.fill).clone()).collect();
    Key::to_text(schema, &row)
}
