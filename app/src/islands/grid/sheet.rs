//! The sheet: what each cell shows, and what edits do to it. It knows loaded rows, edits on their way, and the row being
//! made at the end; it does not know the browser.

mod answers;
mod edits;

use versioning::{Column, ColumnId, Key, Row as Values, Schema, Type, Value, value::MAX_CELL};

pub use self::{answers::Reload, edits::Action};
use super::{
    cache::Cache,
    history::History,
    outbox::{Entry, Outbox, Pending},
    selection::Cell,
    typed,
};
use crate::wire::{Edit, Mark, Row};

/// One step of undo: edits, each with the key its row has afterwards.
type Step = Vec<(Edit, Key)>;

/// A table and a person's work on it.
#[derive(Debug)]
pub struct Sheet {
    schema: Schema,
    /// The columns as they are shown: key columns first.
    order: Vec<usize>,
    frozen: usize,
    editable: bool,
    total: u64,
    /// Loaded rows.
    pub cache: Cache<Row>,
    /// Edits that are not acknowledged.
    pub outbox: Outbox,
    history: History<Step>,
    /// What was typed into the row at the end, by position in the schema.
    new_row: Vec<Option<String>>,
    /// What was typed into rows that are not loaded yet.
    ahead: Vec<(Cell, Option<String>)>,
    /// New rows that the server did not take: they stay to be changed.
    held: Vec<Held>,
    notices: Vec<Notice>,
    next_notice: u32,
}

/// A new row that the server did not take.
#[derive(Debug)]
pub struct Held {
    /// Its notice.
    id: u32,
    entry: Entry,
    /// Why it was not taken.
    reason: String,
}

/// What a line of the grid is.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// A row of the table and what is on its way for it.
    Row(&'a Row, Option<&'a Pending>),
    /// A row of the table that is not loaded.
    Loading,
    /// A new row that is not acknowledged.
    Inserted(&'a Entry),
    /// A new row that was not taken.
    Held(&'a Held),
    /// The blank row at the end.
    New,
    /// Past the end.
    None,
}

/// How a cell is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its text.
    pub text: String,
    /// It differs from the commit.
    pub changed: bool,
    /// What is committed, where that is known.
    pub committed: Option<String>,
    /// It is on its way to the server.
    pub unsaved: bool,
    /// The server did not take what was typed.
    pub refused: bool,
    /// What is wrong with it.
    pub finding: Option<String>,
}

/// Something the person has to know of a cell or row that could not be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells notices apart.
    pub id: u32,
    /// The row; none if it never was one.
    pub key: Option<Key>,
    /// The column; none for the whole row.
    pub column: Option<ColumnId>,
    /// Where, as people call it.
    pub place: String,
    /// What they typed.
    pub typed: Option<String>,
    /// Why it was not taken.
    pub reason: String,
    /// What is there instead, if somebody else changed it.
    pub now: Option<Option<String>>,
}

impl Held {
    /// Its notice.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }
}

impl Sheet {
    /// An empty view of a table; `left_behind` is what an earlier page could not save.
    #[must_use]
    pub fn new(schema: Schema, total: u64, editable: bool, left_behind: Vec<Entry>) -> Self {
        let order = display_order(&schema);
        let new_row = vec![None; schema.columns.len()];
        Self {
            frozen: schema.primary_key.len(),
            order,
            editable,
            total,
            cache: Cache::default(),
            outbox: Outbox::new(left_behind),
            history: History::default(),
            new_row,
            ahead: Vec::new(),
            held: Vec::new(),
            notices: Vec::new(),
            next_notice: 0,
            schema,
        }
    }

    /// Lines of the grid: rows, new rows, and the blank one.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.new_line() + u64::from(self.editable)
    }

    /// Where the blank row is, or would be.
    #[must_use]
    pub fn new_line(&self) -> u64 {
        self.held_from() + self.held.len() as u64
    }

    /// Where new rows begin that were not taken.
    fn held_from(&self) -> u64 {
        self.total + self.outbox.inserted().len() as u64
    }

    /// Rows of the table.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.order.len()
    }

    /// How many of the first columns are the key's.
    #[must_use]
    pub const fn frozen(&self) -> usize {
        self.frozen
    }

    /// Whether cells may be edited.
    #[must_use]
    pub const fn editable(&self) -> bool {
        self.editable
    }

    /// A column, by where it is shown.
    #[must_use]
    pub fn column(&self, column: usize) -> &Column {
        &self.schema.columns[self.order[column]]
    }

    /// The columns' ids, in the schema's order.
    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> {
        self.schema.columns.iter().map(|column| column.id)
    }

    /// Whether there is something to undo, and to redo.
    #[must_use]
    pub fn steps(&self) -> (bool, bool) {
        (self.history.can_undo(), self.history.can_redo())
    }

    /// What could not be saved.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// A line of the grid.
    #[must_use]
    pub fn line(&self, row: u64) -> Line<'_> {
        if row < self.total {
            match self.cache.row(row) {
                Some(loaded) => Line::Row(loaded, self.outbox.pending(&loaded.key)),
                None => Line::Loading,
            }
        } else if row < self.new_line() {
            let new = (row - self.total) as usize;
            let mut inserted = self.outbox.inserted();
            match self.held.get(new.wrapping_sub(inserted.len())) {
                Some(held) => Line::Held(held),
                None => inserted.nth(new).map_or(Line::None, Line::Inserted),
            }
        } else if row == self.new_line() && self.editable {
            Line::New
        } else {
            Line::None
        }
    }

    /// The text of a cell as the person sees it; none while its row is not loaded.
    #[must_use]
    pub fn text(&self, cell: Cell) -> Option<Option<&str>> {
        let position = *self.order.get(cell.column)?;
        match self.line(cell.row) {
            Line::Row(row, pending) => Some(self.current(row, pending, position)),
            Line::Inserted(entry) => Some(self.inserted_text(entry, position)),
            Line::Held(held) => Some(self.typed_text(&held.entry, position)),
            Line::New => Some(self.new_row[position].as_deref()),
            Line::Loading => {
                let typed = self.ahead.iter().rfind(|(typed, _)| *typed == cell)?;
                Some(typed.1.as_deref())
            }
            Line::None => None,
        }
    }

    /// How a cell is shown; none while its row is not loaded.
    #[must_use]
    pub fn shown(&self, cell: Cell) -> Option<Shown> {
        let text = self.text(cell)?.unwrap_or_default().to_owned();
        let position = self.order[cell.column];
        let column = self.schema.columns[position].id;
        let mut shown = Shown { text, ..Shown::default() };
        if let Line::Row(row, pending) = self.line(cell.row) {
            shown.unsaved = pending.is_some_and(|pending| pending.cells.iter().any(|(id, _)| *id == column));
            shown.changed = shown.unsaved;
            if let Mark::Updated(cells) = &row.mark
                && let Some((_, committed)) = cells.iter().find(|(changed, _)| *changed == position)
            {
                shown.changed = true;
                shown.committed = Some(committed.clone().unwrap_or_default());
            }
            let finding = row.findings.iter().find(|(about, _)| *about == column);
            shown.finding = finding.filter(|_| !shown.unsaved).map(|(_, finding)| finding.clone());
            shown.refused = self
                .notices
                .iter()
                .any(|notice| notice.key.as_ref() == Some(&row.key) && notice.column == Some(column));
        }
        if let Line::Held(held) = self.line(cell.row)
            && cell.column < self.frozen
        {
            shown.refused = true;
            shown.finding = Some(held.reason.clone());
        }
        Some(shown)
    }

    /// Checks a text for a column. The answer is the text as it will be stored; none is null.
    ///
    /// # Errors
    /// The reason, for the person.
    pub fn check(&self, column: usize, text: &str) -> Result<Option<String>, String> {
        self.check_position(self.order[column], text)
    }

    /// Whether a column takes nothing but true and false.
    #[must_use]
    pub fn is_boolean(&self, column: usize) -> bool {
        self.column(column).ty == Type::Boolean
    }

    /// Takes a notice off the list, and the row that was held for it.
    pub fn dismiss(&mut self, id: u32) -> Option<Notice> {
        self.held.retain(|held| held.id != id);
        let position = self.notices.iter().position(|notice| notice.id == id)?;
        Some(self.notices.remove(position))
    }

    /// Where a row is shown, if it is loaded.
    #[must_use]
    pub fn find(&self, key: &Key) -> Option<u64> {
        self.cache.rows().find(|(_, row)| row.key == *key).map(|(position, _)| position)
    }

    /// The line of a row that is loaded or on its way in.
    #[must_use]
    pub fn line_of(&self, key: &Key) -> Option<u64> {
        self.find(key).or_else(|| {
            let new = self.outbox.inserted().position(|entry| self.outbox.latest_key(entry.edit.key()) == key)?;
            Some(self.total + new as u64)
        })
    }

    /// The line of the new row that this notice speaks of.
    #[must_use]
    pub fn line_of_held(&self, id: u32) -> Option<u64> {
        let place = self.held.iter().position(|held| held.id == id)?;
        Some(self.held_from() + place as u64)
    }

    /// All that is not acknowledged.
    pub fn unsaved(&self) -> impl Iterator<Item = &Entry> {
        self.outbox.entries().iter().chain(self.held.iter().map(|held| &held.entry))
    }

    /// Where a column is shown.
    #[must_use]
    pub fn find_column(&self, id: ColumnId) -> Option<usize> {
        self.order.iter().position(|position| self.schema.columns[*position].id == id)
    }

    fn check_position(&self, position: usize, text: &str) -> Result<Option<String>, String> {
        let column = &self.schema.columns[position];
        let stored = typed::read(column.ty, text).map_err(|error| sentence("This is ", &error.to_string()))?;
        match &stored {
            None if column.required || self.schema.is_key(column.id) => Err("This must not be empty.".to_owned()),
            Some(text) if text.len() > MAX_CELL => Err("This is more than 1 MiB.".to_owned()),
            _ => Ok(stored),
        }
    }

    fn current<'a>(&self, row: &'a Row, pending: Option<&'a Pending>, position: usize) -> Option<&'a str> {
        let id = self.schema.columns[position].id;
        match pending.and_then(|pending| pending.cells.iter().find(|(column, _)| *column == id)) {
            Some((_, text)) => text.as_deref(),
            None => row.cells.get(position)?.as_deref(),
        }
    }

    /// The text of a cell of a new row.
    fn inserted_text<'a>(&'a self, entry: &'a Entry, position: usize) -> Option<&'a str> {
        let id = self.schema.columns[position].id;
        let later = self.outbox.pending(entry.edit.key());
        if let Some((_, text)) = later.and_then(|later| later.cells.iter().find(|(column, _)| *column == id)) {
            return text.as_deref();
        }
        self.typed_text(entry, position)
    }

    /// The text of a cell of a new row as it was sent.
    fn typed_text<'a>(&self, entry: &'a Entry, position: usize) -> Option<&'a str> {
        let id = self.schema.columns[position].id;
        match &entry.edit {
            Edit::Insert { cells, .. } => cells.iter().find(|(column, _)| *column == id).map(|(_, text)| text.as_str()),
            Edit::Update { .. } | Edit::Delete { .. } => None,
        }
    }

    /// The key of a row with these texts.
    fn key_of(&self, text: impl Fn(usize) -> Option<String>) -> Result<Key, String> {
        let mut values: Values = self.schema.columns.iter().map(|_| Value::Null).collect();
        for position in self.schema.key_positions() {
            let text = text(position).unwrap_or_default();
            values[position] = typed::value(self.schema.columns[position].ty, &text)
                .map_err(|error| sentence("This is ", &error.to_string()))?;
        }
        Key::of_row(&self.schema, &values).map_err(|error| sentence("", &error.to_string()))
    }

    /// How people call a row: the values of its key.
    fn name_of(&self, text: impl Fn(usize) -> Option<String>) -> String {
        let parts = self.schema.key_positions().into_iter().map(|position| text(position).unwrap_or_default());
        parts.collect::<Vec<_>>().join(", ")
    }

    fn notice(
        &mut self,
        key: Option<Key>,
        column: Option<ColumnId>,
        row_name: &str,
        typed: Option<String>,
        reason: String,
    ) -> &mut Notice {
        let place = match column.and_then(|id| self.schema.column(id)) {
            Some(column) => [&column.name, ", row ", row_name].concat(),
            None => ["row ", row_name].concat(),
        };
        self.notices.retain(|notice| key.is_none() || notice.key != key || notice.column != column);
        self.next_notice += 1;
        let notice = Notice { id: self.next_notice, key, column, place, typed, reason, now: None };
        self.notices.push(notice);
        let last = self.notices.len() - 1;
        &mut self.notices[last]
    }
}

/// Key columns first, in the key's order, then the others.
#[must_use]
pub fn display_order(schema: &Schema) -> Vec<usize> {
    let mut order = schema.key_positions();
    order.extend((0..schema.columns.len()).filter(|position| !schema.is_key(schema.columns[*position].id)));
    order
}

/// An error as a sentence of its own.
fn sentence(start: &str, error: &str) -> String {
    let mut text = [start, error].concat();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests;
