//! What the server's answers do to the sheet.

use versioning::Key;

use super::{Held, Sheet};
use crate::{
    islands::grid::outbox::Entry,
    wire::{Edit, Findings, Mark, Rows, StaleCell},
};

/// What has to be loaded again after edits were saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// Nothing: the loaded rows were brought up to date.
    Nothing,
    /// All that is shown: rows came, went or moved.
    Rows,
}

impl Sheet {
    /// A page of rows was loaded. The answer is whether the table still has the grid's columns.
    pub fn loaded(&mut self, page: u64, rows: Rows) -> bool {
        if !rows.columns.iter().copied().eq(self.column_ids()) {
            self.cache.failed(page);
            return false;
        }
        self.resized(rows.total);
        self.cache.arrived(page, rows.rows);
        self.make_typed_ahead();
        true
    }

    /// A page of rows was loaded for something other than to be seen.
    pub fn loaded_aside(&mut self, page: u64, rows: Rows) {
        if rows.columns.iter().copied().eq(self.column_ids()) {
            self.resized(rows.total);
            self.cache.put(page, rows.rows);
            self.make_typed_ahead();
        }
    }

    /// All that was sent is in the draft; `total` is the number of rows now, `findings` what is wrong with edited rows.
    pub fn saved(&mut self, total: u64, findings: &[(Key, Findings)]) -> Reload {
        let entries = self.outbox.saved();
        let mut reload = Reload::Nothing;
        for entry in &entries {
            if !self.fold_in(entry, findings) {
                reload = Reload::Rows;
            }
        }
        self.resized(total);
        if reload == Reload::Rows {
            self.cache.invalidate();
        }
        reload
    }

    /// An edit was not taken.
    pub fn refused(&mut self, entry: &Entry, reason: &str) {
        self.history.each(|step| step.retain(|(edit, _)| *edit != entry.edit));
        let name = self.name_of_entry(entry);
        match &entry.edit {
            Edit::Update { key, cells } => {
                for cell in cells {
                    self.notice(Some(key.clone()), Some(cell.column), &name, cell.after.clone(), reason.to_owned());
                }
            }
            Edit::Insert { .. } => self.hold(self.held.len(), entry.clone(), reason),
            Edit::Delete { key, .. } => {
                self.notice(Some(key.clone()), None, &name, None, reason.to_owned());
            }
        }
    }

    /// Shows a new row that was not taken, at this place among those.
    pub(super) fn hold(&mut self, place: usize, entry: Entry, reason: &str) {
        let name = self.name_of_entry(&entry);
        let (Edit::Insert { cells, .. } | Edit::Delete { cells, .. }) = &entry.edit else { return };
        let typed = cells.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" · ");
        // The row that has this key is another one.
        let id = self.notice(None, None, &name, Some(typed), reason.to_owned()).id;
        self.held.insert(place, Held { id, entry, reason: reason.to_owned() });
    }

    /// An edit met cells that somebody else had changed.
    pub fn stale(&mut self, entry: &Entry, reason: &str, cells: &[StaleCell]) {
        self.cache.invalidate();
        let (key, edits) = match &entry.edit {
            // A row to delete that is gone is as wanted.
            Edit::Delete { .. } => return,
            Edit::Update { key, cells: edits } if cells.iter().all(|cell| cell.column.is_some()) => (key, edits),
            Edit::Update { .. } | Edit::Insert { .. } => return self.refused(entry, reason),
        };
        self.history.each(|step| step.retain(|(edit, _)| *edit != entry.edit));
        let name = self.name_of_entry(entry);
        let mut others = Vec::new();
        for edit in edits {
            match cells.iter().find(|stale| stale.column == Some(edit.column)) {
                Some(stale) => {
                    self.set_loaded(key, edit.column, stale.now.clone());
                    if stale.now != edit.after {
                        let notice = self.notice(
                            Some(key.clone()),
                            Some(edit.column),
                            &name,
                            edit.after.clone(),
                            reason.to_owned(),
                        );
                        notice.now = Some(stale.now.clone());
                    }
                }
                None => others.push(edit.clone()),
            }
        }
        // The other cells of the edit were not in anybody's way.
        if !others.is_empty() && entry.key_after == *key {
            self.push(vec![(Edit::Update { key: key.clone(), cells: others }, key.clone())]);
        }
    }

    /// The table has this many rows.
    fn resized(&mut self, total: u64) {
        if total != self.total {
            self.total = total;
            self.cache.truncate(total);
        }
    }

    /// Brings loaded rows up to date with a saved edit. The answer is false if that takes loading them again.
    fn fold_in(&mut self, entry: &Entry, findings: &[(Key, Findings)]) -> bool {
        let Edit::Update { key, cells } = &entry.edit else { return false };
        for cell in cells {
            self.set_loaded(key, cell.column, cell.after.clone());
        }
        if let Some((_, row)) = self.cache.rows_mut().find(|(_, row)| row.key == *key) {
            row.key = entry.key_after.clone();
            let found = findings.iter().find(|(key, _)| *key == row.key);
            row.findings = found.map(|(_, found)| found.clone()).unwrap_or_default();
        }
        entry.key_after == *key
    }

    fn set_loaded(&mut self, key: &Key, column: versioning::ColumnId, text: Option<String>) {
        let Some(position) = self.schema.position(column) else { return };
        let Some((_, row)) = self.cache.rows_mut().find(|(_, row)| row.key == *key) else { return };
        let Some(cell) = row.cells.get_mut(position) else { return };
        let before = std::mem::replace(cell, text.clone());
        match &mut row.mark {
            Mark::Inserted => {}
            Mark::Committed if before == text => {}
            Mark::Committed => row.mark = Mark::Updated(vec![(position, before)]),
            Mark::Updated(changed) => match changed.iter().position(|(changed, _)| *changed == position) {
                Some(index) if changed[index].1 == text => {
                    changed.remove(index);
                    if changed.is_empty() {
                        row.mark = Mark::Committed;
                    }
                }
                Some(_) => {}
                None if before == text => {}
                None => changed.push((position, before)),
            },
        }
    }

    fn name_of_entry(&self, entry: &Entry) -> String {
        match &entry.edit {
            Edit::Insert { cells, .. } | Edit::Delete { cells, .. } => self.name_of(|position| {
                let id = self.schema.columns[position].id;
                cells.iter().find(|(column, _)| *column == id).map(|(_, text)| text.clone())
            }),
            Edit::Update { key, .. } => self.find(key).map_or("that is gone".to_owned(), |row| self.row_name(row)),
        }
    }
}
