//! What a person does to the sheet.

use versioning::{ColumnId, Key};

use super::{Line, Sheet, Step};
use crate::{
    islands::grid::{
        outbox::Entry,
        selection::{Cell, Range},
    },
    wire::{CellEdit, Edit, Row},
};

/// What an undo or redo touched: the grid goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The row.
    pub key: Key,
    /// The column; none for the whole row.
    pub column: Option<ColumnId>,
}

impl Sheet {
    /// Sets cells to checked texts, as one step of undo. Cells that hold the text already are left alone; so are rows that
    /// are not loaded, on their way in or on their way out.
    ///
    /// # Errors
    /// A new key can't be one.
    pub fn set(&mut self, cells: &[(Cell, Option<String>)]) -> Result<(), String> {
        let mut step = Step::new();
        let mut rest = cells;
        while let Some((first, _)) = rest.first() {
            let end = rest.iter().position(|(cell, _)| cell.row != first.row).unwrap_or(rest.len());
            let (row, others) = rest.split_at(end);
            step.extend(self.update(first.row, row)?);
            rest = others;
        }
        self.push(step);
        Ok(())
    }

    /// Sets a cell that the person saw with other content than it may have by now. The row may have moved, or not be loaded
    /// any more.
    ///
    /// # Errors
    /// The new key can't be one, or can't be made because the row is not loaded.
    pub fn set_seen(
        &mut self,
        key: &Key,
        column: usize,
        seen: Option<String>,
        after: Option<String>,
    ) -> Result<(), String> {
        if seen == after {
            return Ok(());
        }
        let id = self.column(column).id;
        let cell = CellEdit { column: id, before: seen, after };
        let Some(row) = self.find(key) else {
            if self.schema.is_key(id) {
                return Err("The row is out of sight. Go back to it to change its key.".to_owned());
            }
            self.push(vec![(Edit::Update { key: key.clone(), cells: vec![cell] }, key.clone())]);
            return Ok(());
        };
        if let Some((Edit::Update { key, mut cells }, key_after)) =
            self.update(row, &[(Cell::new(row, column), cell.after.clone())])?
        {
            cells[0] = cell;
            self.push(vec![(Edit::Update { key, cells }, key_after)]);
        }
        Ok(())
    }

    /// Types into a row that is not loaded yet: the edit is made when it is. The text was checked.
    pub fn type_ahead(&mut self, cell: Cell, text: Option<String>) {
        self.ahead.push((cell, text));
        self.make_typed_ahead();
    }

    /// Makes the edits that waited for rows which are loaded now.
    pub(super) fn make_typed_ahead(&mut self) {
        for (cell, text) in std::mem::take(&mut self.ahead) {
            match self.line(cell.row) {
                Line::Loading => self.ahead.push((cell, text)),
                Line::Row(row, pending) if !pending.is_some_and(|pending| pending.deleted) => {
                    let key = row.key.clone();
                    if let Err(reason) = self.set(&[(cell, text.clone())]) {
                        let (column, name) = (self.column(cell.column).id, self.row_name(cell.row));
                        self.notice(Some(key), Some(column), &name, text, reason);
                    }
                }
                Line::Row(..) | Line::Inserted(_) | Line::Held(_) | Line::New | Line::None => {
                    let column = self.column(cell.column).id;
                    self.notice(None, Some(column), "that is gone", text, "The row is gone.".to_owned());
                }
            }
        }
    }

    /// Types into the blank row.
    pub fn type_new(&mut self, column: usize, text: Option<String>) {
        self.new_row[self.order[column]] = text;
    }

    /// What was typed into the blank row, by position in the schema.
    #[must_use]
    pub fn new_row(&self) -> &[Option<String>] {
        &self.new_row
    }

    /// What an earlier page had in its blank row.
    pub fn restore_new_row(&mut self, cells: Vec<Option<String>>) {
        if cells.len() == self.new_row.len() {
            self.new_row = cells;
        }
    }

    /// Makes the blank row a row, if its required cells are filled. A generated key is filled in with `uuid`.
    ///
    /// # Errors
    /// The column that is missing or wrong, and why.
    pub fn insert_new(&mut self, uuid: impl FnOnce() -> String) -> Result<Key, (usize, String)> {
        let cells = self.new_row.clone();
        let (edit, key) = self.insertion(cells, uuid)?;
        self.new_row.fill(None);
        self.push(vec![(edit, key.clone())]);
        Ok(key)
    }

    /// Changes cells of a new row that was not taken, and sends the row again unless its key is known to be taken.
    ///
    /// # Errors
    /// The new key can't be one.
    pub fn set_held(&mut self, id: u32, changes: Vec<(usize, Option<String>)>) -> Result<(), String> {
        let Some(place) = self.held.iter().position(|held| held.id == id) else { return Ok(()) };
        let held = &self.held[place];
        let text = |position| self.typed_text(&held.entry, position).map(str::to_owned);
        let mut cells: Vec<_> = (0..self.schema.columns.len()).map(text).collect();
        for (column, text) in changes {
            cells[self.order[column]] = text;
        }
        let (edit, key) = self.insertion(cells, String::new).map_err(|(_, reason)| reason)?;
        let is_taken = self.find(&key).is_some_and(|row| match self.line(row) {
            Line::Row(_, Some(pending)) => !pending.deleted && pending.key.is_none(),
            _ => true,
        });
        self.dismiss(id);
        if is_taken {
            self.hold(place, Entry { edit, key_after: key }, "There is a row with this key already.");
        } else {
            self.push(vec![(edit, key)]);
        }
        Ok(())
    }

    /// Whether anything was typed into the blank row.
    #[must_use]
    pub fn new_row_is_blank(&self) -> bool {
        self.new_row.iter().all(Option::is_none)
    }

    /// Empties the blank row.
    pub fn clear_new_row(&mut self) {
        self.new_row.fill(None);
    }

    /// Empties cells. The answer is how many could not be, because they must not be empty.
    ///
    /// # Errors
    /// See [`Sheet::set`].
    pub fn clear(&mut self, range: Range) -> Result<usize, String> {
        let mut kept = 0;
        let mut cells = Vec::new();
        for row in range.top..=range.bottom {
            for column in range.left..=range.right {
                if row == self.new_line() {
                    self.type_new(column, None);
                } else if self.check(column, "").is_ok() {
                    cells.push((Cell::new(row, column), None));
                } else {
                    kept += 1;
                }
            }
        }
        self.set(&cells)?;
        Ok(kept)
    }

    /// Puts a block of texts into the sheet, its first cell here; rows past the last one become new rows. Texts that are
    /// no values of their column, and rows that can't be added, become notices. The answer is what is covered.
    ///
    /// # Errors
    /// See [`Sheet::set`].
    pub fn paste(&mut self, at: Cell, block: &[Vec<String>], uuid: impl Fn() -> String) -> Result<Range, String> {
        let mut cells = Vec::new();
        let mut inserts = Step::new();
        let mut wrong = Vec::new();
        let mut held_rows = Vec::new();
        let mut right = at.column;
        for (row, texts) in (at.row..).zip(block) {
            let texts = &texts[..texts.len().min(self.width() - at.column)];
            right = right.max((at.column + texts.len()).saturating_sub(1));
            if let Line::Held(held) = self.line(row) {
                let texts = (at.column..).zip(texts);
                let cells = texts.map(|(column, text)| Ok((column, self.check(column, text)?)));
                held_rows.push((held.id, cells.collect::<Result<Vec<_>, String>>()?));
                continue;
            }
            if row >= self.total {
                match self.insertion_of(at.column, texts, &uuid) {
                    Ok(insert) => inserts.push(insert),
                    Err((column, reason)) => wrong.push((row, column, texts.join(" · "), reason)),
                }
                continue;
            }
            for (column, text) in (at.column..).zip(texts) {
                match self.check(column, text) {
                    Ok(text) => cells.push((Cell::new(row, column), text)),
                    Err(reason) => wrong.push((row, column, text.clone(), reason)),
                }
            }
        }
        let mut step = Step::new();
        for row in cells.chunk_by(|(a, _), (b, _)| a.row == b.row) {
            step.extend(self.update(row[0].0.row, row)?);
        }
        step.extend(inserts);
        self.push(step);
        for (id, cells) in held_rows {
            self.set_held(id, cells)?;
        }
        for (row, column, text, reason) in wrong {
            let id = self.column(column).id;
            match self.line(row) {
                Line::Row(loaded, _) => {
                    let (key, name) = (Some(loaded.key.clone()), self.row_name(row));
                    self.notice(key, Some(id), &name, Some(text), reason);
                }
                _ => {
                    self.notice(None, None, "that was pasted", Some(text), reason);
                }
            }
        }
        let bottom = at.row + (block.len() as u64).saturating_sub(1);
        Ok(Range { top: at.row, bottom, left: at.column, right })
    }

    /// Deletes rows, as one step of undo. The answer is how many.
    pub fn delete(&mut self, top: u64, bottom: u64) -> usize {
        let mut step = Step::new();
        for row in (top..=bottom).rev() {
            if let Line::Held(held) = self.line(row) {
                let id = held.id;
                self.dismiss(id);
            }
        }
        for row in top..=bottom {
            let Line::Row(loaded, pending) = self.line(row) else { continue };
            if pending.is_some_and(|pending| pending.deleted) {
                continue;
            }
            let key = pending.and_then(|pending| pending.key.clone()).unwrap_or_else(|| loaded.key.clone());
            let cells = (0..self.schema.columns.len())
                .filter_map(|position| {
                    let text = self.current(loaded, pending, position)?;
                    Some((self.schema.columns[position].id, text.to_owned()))
                })
                .collect();
            step.push((Edit::Delete { key: key.clone(), cells }, key));
        }
        let count = step.len();
        self.push(step);
        count
    }

    /// Takes the last step back.
    pub fn undo(&mut self) -> Option<Action> {
        let step = loop {
            let step = self.history.undo()?;
            if !step.is_empty() {
                break step;
            }
        };
        let inverse: Step = step.iter().rev().map(|(edit, after)| (edit.inverse(after), edit.key().clone())).collect();
        self.apply(inverse)
    }

    /// Does the last step again that was taken back.
    pub fn redo(&mut self) -> Option<Action> {
        let step = loop {
            let step = self.history.redo()?;
            if !step.is_empty() {
                break step;
            }
        };
        self.apply(step)
    }

    /// Sets one cell of a row whatever is known of it: what the person chose when somebody else had changed it.
    pub fn overrule(&mut self, key: Key, column: ColumnId, now: Option<String>, wanted: Option<String>) {
        let cells = vec![CellEdit { column, before: now, after: wanted }];
        self.push(vec![(Edit::Update { key: key.clone(), cells }, key)]);
    }

    /// How people call the row of this line.
    #[must_use]
    pub fn row_name(&self, row: u64) -> String {
        match self.line(row) {
            Line::Row(loaded, pending) => {
                self.name_of(|position| self.current(loaded, pending, position).map(str::to_owned))
            }
            Line::Inserted(entry) => self.name_of(|position| self.inserted_text(entry, position).map(str::to_owned)),
            Line::Held(held) => self.name_of(|position| self.typed_text(&held.entry, position).map(str::to_owned)),
            Line::New => "new row".to_owned(),
            Line::Loading | Line::None => String::new(),
        }
    }

    pub(super) fn push(&mut self, step: Step) {
        if !step.is_empty() {
            self.history.push(step.clone());
            self.outbox.extend(step);
        }
    }

    fn apply(&mut self, step: Step) -> Option<Action> {
        let action = step.first().map(|(edit, after)| Action {
            key: if self.find(edit.key()).is_some() { edit.key().clone() } else { after.clone() },
            column: match edit {
                Edit::Update { cells, .. } => cells.first().map(|cell| cell.column),
                Edit::Insert { .. } | Edit::Delete { .. } => None,
            },
        });
        self.outbox.extend(step);
        action
    }

    /// The edit that sets cells of one row; none if they are as wanted or the row can't be edited now.
    fn update(&self, row: u64, cells: &[(Cell, Option<String>)]) -> Result<Option<(Edit, Key)>, String> {
        let Line::Row(loaded, pending) = self.line(row) else { return Ok(None) };
        if pending.is_some_and(|pending| pending.deleted) {
            return Ok(None);
        }
        let mut edits: Vec<CellEdit> = Vec::new();
        let mut key_changes = false;
        for (cell, after) in cells {
            let position = self.order[cell.column];
            let before = self.current(loaded, pending, position);
            if before != after.as_deref() {
                let column = self.schema.columns[position].id;
                key_changes |= self.schema.is_key(column);
                edits.push(CellEdit { column, before: before.map(str::to_owned), after: after.clone() });
            }
        }
        if edits.is_empty() {
            return Ok(None);
        }
        let key = pending.and_then(|pending| pending.key.clone()).unwrap_or_else(|| loaded.key.clone());
        let after = if key_changes {
            self.key_of(|position| {
                let id = self.schema.columns[position].id;
                match edits.iter().find(|edit| edit.column == id) {
                    Some(edit) => edit.after.clone(),
                    None => self.current(loaded, pending, position).map(str::to_owned),
                }
            })?
        } else {
            key.clone()
        };
        Ok(Some((Edit::Update { key, cells: edits }, after)))
    }

    /// The edit that adds a row with texts from a column on.
    fn insertion_of(
        &self,
        left: usize,
        texts: &[String],
        uuid: &impl Fn() -> String,
    ) -> Result<(Edit, Key), (usize, String)> {
        let mut cells = vec![None; self.schema.columns.len()];
        for (column, text) in (left..).zip(texts) {
            if !text.is_empty() {
                cells[self.order[column]] = self.check(column, text).map_err(|reason| (column, reason))?;
            }
        }
        self.insertion(cells, uuid)
    }

    /// The edit that adds a row.
    fn insertion(
        &self,
        mut cells: Vec<Option<String>>,
        uuid: impl FnOnce() -> String,
    ) -> Result<(Edit, Key), (usize, String)> {
        if self.schema.generated_key
            && let Some(position) = self.schema.key_positions().first()
            && cells[*position].is_none()
        {
            cells[*position] = Some(uuid());
        }
        for (column, position) in self.order.iter().enumerate() {
            let text = cells[*position].as_deref().unwrap_or_default();
            if let Err(reason) = self.check_position(*position, text) {
                let name = &self.schema.columns[*position].name;
                return Err((column, [name, ": ", &reason].concat()));
            }
        }
        let key = self.key_of(|position| cells[position].clone()).map_err(|reason| (0, reason))?;
        let ids = self.schema.columns.iter().map(|column| column.id);
        let cells = ids.zip(cells).filter_map(|(id, text)| Some((id, text?))).collect();
        Ok((Edit::Insert { key: key.clone(), cells }, key))
    }
}

impl Row {
    /// The text of the cell at this position of the schema.
    #[must_use]
    pub fn text(&self, position: usize) -> Option<&str> {
        self.cells.get(position)?.as_deref()
    }
}
