//! Edits: checked against what the person saw and what the schema allows, then saved together or not at all.

use std::{collections::BTreeMap, sync::Arc};

use storage::{DraftRow, SaveDraft};
use uuid::Uuid;
use versioning::{
    ColumnId, Key, ObjectSource, Row, Schema, Tree, Value,
    overlay::{Overlay, Patch},
};

use super::{LoadedDraft, draft_id, patch, stale_draft};
use crate::{
    Actor, CellEdit, Edit, Edited, Error, Event, FieldError, Hub, Place, RowFinding, StaleCell,
    access::Action,
    findings::RowRules,
    now,
    state::{Opened, Working},
};

/// The most edits in one request.
const MAX_EDITS: usize = 20_000;
/// The most rows that a draft changes in one table: more is an import's work.
const MAX_PATCHES: usize = 200_000;

impl Hub {
    /// Puts edits into the person's draft: all of them, or none. Durable when this returns.
    ///
    /// An edit that has been made already is done again without effect, so that a request can be repeated.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the cells with values that can't be; [`Error::Stale`] those that hold something else
    /// than the person saw.
    pub async fn edit(&self, actor: &Actor, place: &Place, table: &str, edits: Vec<Edit>) -> Result<Edited, Error> {
        if edits.len() > MAX_EDITS {
            return Err(Error::invalid("edits", format!("At most {MAX_EDITS} rows can be edited at once.")));
        }
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let lease = self.store().lease();
        let viewed = self.resolve(&dataset, &place.at).await?;
        let id = draft_id(actor, &dataset, viewed.editable()?);
        let slot = self.shared.drafts.slot(&id);
        let _editing = slot.editing.lock().await;
        let Opened { working, id: table_id, entry, schema, .. } =
            self.open_table(actor, Action::Write, place, table).await?;
        let Working { base, draft, .. } = working;
        let base = base.ok_or_else(|| Error::not_found(format!("table “{table}”")))?;
        let before = draft.clone();
        let tree = entry.tree;
        let done = self
            .read(move |objects| {
                let empty = Overlay::empty(tree);
                let overlay = before.as_ref().and_then(|draft| draft.table(table_id)).unwrap_or(&empty);
                let mut desk = Desk { objects, schema: &schema, tree, overlay, rows: BTreeMap::new() };
                let keys = desk.apply_all(edits)?;
                let touched = desk.patches()?;
                let (mut puts, mut removals) = (Vec::new(), Vec::new());
                for (key, patch) in &touched {
                    match patch {
                        Some(patch) => {
                            let bytes = patch::encode(&schema, patch)?;
                            puts.push(DraftRow { table: table_id, key: key.as_bytes().to_vec(), patch: bytes });
                        }
                        None => removals.push((table_id, key.as_bytes().to_vec())),
                    }
                }
                let rules = RowRules::new(&schema);
                let findings = touched.iter().filter_map(|(key, patch)| Some((key.clone(), rules.of(patch.as_ref()?))));
                let findings = findings.filter(|(_, found)| !found.is_empty()).collect();
                let overlay = overlay.apply(objects, touched)?;
                if overlay.patches().len() > MAX_PATCHES {
                    return Err(Error::State {
                        message: format!(
                            "A draft changes at most {MAX_PATCHES} rows of a table. Commit what you have, or import a file."
                        ),
                    });
                }
                Ok(Done { keys, overlay, puts, removals, findings })
            })
            .await?;
        let Done { keys, overlay, puts, removals, findings } = done;
        let rows = overlay.len();
        let mut tables = draft.as_ref().map(|draft| draft.tables.clone()).unwrap_or_default();
        if overlay.patches().is_empty() {
            tables.remove(&table_id);
        } else {
            tables.insert(table_id, overlay);
        }
        let expected = draft.as_ref().map(|draft| draft.revision);
        let revision = match (expected, tables.is_empty()) {
            (None, true) => 0,
            (Some(expected), true) => {
                self.store().discard_draft(&id, expected).await.map_err(stale_draft)?;
                slot.set(None);
                0
            }
            (expected, false) => {
                let at = now();
                let save = SaveDraft { id: id.clone(), expected_revision: expected, base, puts, removals, at };
                let revision = self.store().save_draft(&lease, save).await.map_err(stale_draft)?;
                slot.set(Some(Arc::new(LoadedDraft { revision, base, updated_at: at, tables })));
                revision
            }
        };
        self.shared.events.send(
            dataset.id,
            Event::Draft {
                person: actor.name().to_owned(),
                branch: id.branch.clone(),
                table: Some(table.to_owned()),
                revision,
            },
        );
        Ok(Edited { revision, keys, rows, findings })
    }
}

struct Done {
    keys: Vec<Option<Key>>,
    overlay: Overlay,
    puts: Vec<DraftRow>,
    removals: Vec<(versioning::TableId, Vec<u8>)>,
    findings: Vec<(Key, Vec<RowFinding>)>,
}

/// The rows that edits have touched so far; everything else is read through the draft from the tree.
struct Desk<'a> {
    objects: &'a dyn ObjectSource,
    schema: &'a Schema,
    tree: Tree,
    overlay: &'a Overlay,
    rows: BTreeMap<Key, Option<Row>>,
}

impl Desk<'_> {
    fn row(&self, key: &Key) -> Result<Option<Row>, Error> {
        match self.rows.get(key) {
            Some(row) => Ok(row.clone()),
            None => Ok(self.overlay.get(self.objects, self.schema, key)?),
        }
    }

    /// All problems of all edits are collected; the keys that rows have afterwards come back in the edits' order.
    fn apply_all(&mut self, edits: Vec<Edit>) -> Result<Vec<Option<Key>>, Error> {
        let (mut invalid, mut stale) = (Vec::new(), Vec::new());
        let mut keys = Vec::with_capacity(edits.len());
        for edit in edits {
            let key = match edit {
                Edit::Update { key, cells } => self.update(key, &cells, &mut invalid, &mut stale)?,
                Edit::Insert { cells } => self.insert(&cells, &mut invalid)?,
                Edit::Delete { key } => {
                    if self.row(&key)?.is_some() {
                        self.rows.insert(key, None);
                    }
                    None
                }
            };
            keys.push(key);
        }
        if !invalid.is_empty() {
            return Err(Error::Invalid { fields: invalid });
        }
        if !stale.is_empty() {
            let message = "Something else is there by now; nothing was overwritten.".to_owned();
            return Err(Error::Stale { message, cells: stale, misfits: Vec::new(), more: 0, head: None });
        }
        Ok(keys)
    }

    fn update(
        &mut self,
        key: Key,
        cells: &[CellEdit],
        invalid: &mut Vec<FieldError>,
        stale: &mut Vec<StaleCell>,
    ) -> Result<Option<Key>, Error> {
        let Some(current) = self.row(&key)? else {
            // A replayed edit that changed the key finds its row under the new one.
            if let Some(moved) = self.moved(cells)? {
                return Ok(Some(moved));
            }
            stale.extend(cells.iter().map(|cell| StaleCell {
                key: key.clone(),
                key_text: String::new(),
                column: None,
                column_name: self.schema.column(cell.column).map(|column| column.name.clone()).unwrap_or_default(),
                before: cell.before.clone(),
                after: cell.after.clone(),
                now: None,
            }));
            return Ok(None);
        };
        let mut row = current.clone();
        for cell in cells {
            let Some((position, after)) = self.parse(cell.column, cell.after.as_deref(), invalid) else { continue };
            let column = &self.schema.columns[position];
            let now = &current[position];
            let seen = column.ty.parse(cell.before.as_deref().unwrap_or_default()).ok();
            if seen.as_ref() != Some(now) && after != *now {
                stale.push(StaleCell {
                    key: key.clone(),
                    key_text: Key::to_text(self.schema, &current),
                    column: Some(column.id),
                    column_name: column.name.clone(),
                    before: cell.before.clone(),
                    after: cell.after.clone(),
                    now: now.to_text(),
                });
            }
            row[position] = after;
        }
        let new_key = match Key::of_row(self.schema, &row) {
            Ok(new_key) => new_key,
            Err(error) => {
                invalid.push(self.key_error(error.to_string()));
                return Ok(None);
            }
        };
        if new_key != key {
            if self.row(&new_key)?.is_some() {
                invalid.push(self.taken(&row));
                return Ok(None);
            }
            self.rows.insert(key, None);
        }
        self.rows.insert(new_key.clone(), Some(row));
        Ok(Some(new_key))
    }

    /// Where a row is that an earlier, identical edit gave another key: its key cells say so.
    fn moved(&self, cells: &[CellEdit]) -> Result<Option<Key>, Error> {
        let mut row: Row = vec![Value::Null; self.schema.columns.len()];
        for cell in cells {
            if let Some((position, value)) = self.parse(cell.column, cell.after.as_deref(), &mut Vec::new()) {
                row[position] = value;
            }
        }
        let Ok(key) = Key::of_row(self.schema, &row) else { return Ok(None) };
        let same = self.row(&key)?.is_some_and(|current| {
            cells.iter().all(|cell| {
                self.schema.position(cell.column).is_some_and(|position| current[position] == row[position])
            })
        });
        Ok(same.then_some(key))
    }

    fn insert(
        &mut self,
        cells: &[(ColumnId, Option<String>)],
        invalid: &mut Vec<FieldError>,
    ) -> Result<Option<Key>, Error> {
        let before = invalid.len();
        let mut row: Row = vec![Value::Null; self.schema.columns.len()];
        for (column, text) in cells {
            if let Some((position, value)) = self.parse(*column, text.as_deref(), invalid) {
                row[position] = value;
            }
        }
        if self.schema.generated_key {
            let position = self.schema.key_positions()[0];
            if row[position].is_null() {
                row[position] = Value::Uuid(Uuid::now_v7());
            }
        }
        for (column, value) in self.schema.columns.iter().zip(&row) {
            let reported = invalid[before..].iter().any(|field| field.field == column.id.to_string());
            if let (false, Err(error)) = (reported, self.schema.check_cell(column, value)) {
                invalid.push(field(column.id, error.to_string()));
            }
        }
        if invalid.len() > before {
            return Ok(None);
        }
        let key = match Key::of_row(self.schema, &row) {
            Ok(key) => key,
            Err(error) => {
                invalid.push(self.key_error(error.to_string()));
                return Ok(None);
            }
        };
        match self.row(&key)? {
            None => {}
            // The same insert once more.
            Some(current) if current == row => return Ok(Some(key)),
            Some(_) => {
                invalid.push(self.taken(&row));
                return Ok(None);
            }
        }
        self.rows.insert(key.clone(), Some(row));
        Ok(Some(key))
    }

    fn parse(&self, column: ColumnId, text: Option<&str>, invalid: &mut Vec<FieldError>) -> Option<(usize, Value)> {
        let Some(position) = self.schema.position(column) else {
            invalid.push(field(column, "The table has no such column any more.".to_owned()));
            return None;
        };
        let column = &self.schema.columns[position];
        let value = match column.ty.parse(text.unwrap_or_default()) {
            Ok(value) => value,
            Err(reason) => {
                invalid.push(field(column.id, format!("“{}” can't stand in “{}”: {reason}", shown(text), column.name)));
                return None;
            }
        };
        if let Err(error) = self.schema.check_cell(column, &value) {
            invalid.push(field(column.id, error.to_string()));
            return None;
        }
        Some((position, value))
    }

    fn key_error(&self, message: String) -> FieldError {
        field(self.schema.primary_key[0], message)
    }

    fn taken(&self, row: &Row) -> FieldError {
        let text = Key::to_text(self.schema, row);
        self.key_error(format!("There is a row with the key “{text}” already."))
    }

    /// What the touched rows are against the tree; none where they are as committed.
    fn patches(&self) -> Result<Vec<(Key, Option<Patch>)>, Error> {
        let mut patches = Vec::with_capacity(self.rows.len());
        for (key, after) in &self.rows {
            let before = self.tree.get(self.objects, self.schema, key)?;
            let patch = (before != *after).then(|| Patch { before, after: after.clone() });
            patches.push((key.clone(), patch));
        }
        Ok(patches)
    }
}

fn field(column: ColumnId, message: String) -> FieldError {
    FieldError { field: column.to_string(), message }
}

fn shown(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.chars().count() > 80 { text.chars().take(80).chain(['…']).collect() } else { text.to_owned() }
}
