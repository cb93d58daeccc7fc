//! What a person does to many cells or rows at a time, and what they decide about what could not be saved.

use std::rc::Rc;

use leptos::task::spawn_local;
use versioning::{ColumnId, Key};

use super::{Live, clipboard::Block, editor::Start};
use crate::{
    api,
    islands::grid::{
        cache::PAGE,
        selection::{Cell, Range, Selection},
        sheet::{Action, Line},
    },
};

/// The most rows that are copied, changed or deleted at a time.
const MOST_ROWS: u64 = 10_000;

impl Live {
    pub(super) fn undo(self: &Rc<Self>) {
        let action = self.sheet.borrow_mut().undo();
        self.after_step(action, "There is nothing to undo.");
    }

    pub(super) fn redo(self: &Rc<Self>) {
        let action = self.sheet.borrow_mut().redo();
        self.after_step(action, "There is nothing to redo.");
    }

    fn after_step(self: &Rc<Self>, action: Option<Action>, nothing: &str) {
        match action {
            Some(action) => {
                self.send_soon();
                self.changed();
                self.go_to(action.key, action.column, |_| {});
            }
            None => self.say(nothing),
        }
    }

    /// Selects a cell of a row wherever that is, and then does something there.
    fn go_to(self: &Rc<Self>, key: Key, column: Option<ColumnId>, then: impl FnOnce(&Rc<Self>) + 'static) {
        let column = {
            let sheet = self.sheet.borrow();
            column.and_then(|column| sheet.find_column(column)).unwrap_or(self.selection.get().active.column)
        };
        let found = self.sheet.borrow().find(&key);
        if let Some(row) = found {
            self.select(Selection::at(Cell::new(row, column)));
            return then(self);
        }
        let live = Rc::clone(self);
        spawn_local(async move {
            // Without an answer the selection stays where it is; the edit itself is on its way.
            let Ok(row) = api::find_position(live.path.clone(), key).await else { return };
            live.select(Selection::at(Cell::new(row, column)));
            live.with_rows(row, row, move |live| then(live));
        });
    }

    /// Stays with a row that has moved because its key was changed.
    pub(super) fn follow_row(self: &Rc<Self>, key: Key) {
        let from = self.selection.get();
        let live = Rc::clone(self);
        spawn_local(async move {
            // If the person has gone elsewhere meanwhile, that is where they want to be.
            if let Ok(row) = api::find_position(live.path.clone(), key).await
                && live.selection.get() == from
            {
                live.select(Selection::at(Cell::new(row, from.active.column)));
            }
        });
    }

    pub(super) fn delete_rows(self: &Rc<Self>) {
        let range = self.selection.get().range();
        if self.selection.get().in_header || !self.sheet.borrow().editable() {
            return;
        }
        if range.top == self.sheet.borrow().new_line() {
            self.sheet.borrow_mut().clear_new_row();
            self.keep();
            return self.changed();
        }
        self.with_rows(range.top, range.bottom, move |live| {
            let count = live.sheet.borrow_mut().delete(range.top, range.bottom);
            live.select(Selection::at(Cell::new(range.top, range.left)));
            live.send_soon();
            live.changed();
            if count > 1 {
                live.say(&["Deleting ", &count.to_string(), " rows. Undo brings them back."].concat());
            }
        });
    }

    /// Empties the selected cells.
    pub(super) fn clear(self: &Rc<Self>) {
        let range = self.selection.get().range();
        if !self.sheet.borrow().editable() {
            return;
        }
        self.with_rows(range.top, range.bottom, move |live| {
            let cleared = live.sheet.borrow_mut().clear(range);
            if let Some(kept) = live.tell(cleared) {
                if kept > 0 {
                    live.say(&["Cells that must not be empty stay as they are: ", &kept.to_string()].concat());
                }
                live.send_soon();
            }
            live.keep();
            live.changed();
        });
    }

    /// Puts a block into the sheet from the selection on. A single text fills the selection.
    pub(super) fn paste(self: &Rc<Self>, mut block: Block) {
        let range = self.selection.get().range();
        if self.selection.get().in_header || block.is_empty() || !self.sheet.borrow().editable() {
            return;
        }
        if block.len() == 1 && block[0].len() == 1 && !range.is_single() {
            if range.rows() > MOST_ROWS {
                return self.say_too_many();
            }
            let row = vec![block[0][0].clone(); range.columns()];
            block = vec![row; usize::try_from(range.rows()).unwrap_or(0)];
        }
        if block.len() as u64 > MOST_ROWS {
            return self.say_too_many();
        }
        let at = Cell::new(range.top, range.left);
        let bottom = at.row + block.len() as u64 - 1;
        self.with_rows(at.row, bottom, move |live| {
            let pasted = live.sheet.borrow_mut().paste(at, &block, super::dom::uuid);
            if let Some(Range { top, bottom, left, right }) = live.tell(pasted) {
                let selection = Selection::at(Cell::new(top, left)).extended_to(Cell::new(bottom, right));
                live.select_silently(selection);
                live.send_soon();
            }
            live.changed();
        });
    }

    /// Does something with rows once they are loaded.
    pub(super) fn with_rows(self: &Rc<Self>, top: u64, bottom: u64, then: impl FnOnce(&Rc<Self>) + 'static) {
        let missing = {
            let sheet = self.sheet.borrow();
            let bottom = bottom.min(sheet.total().saturating_sub(1));
            if bottom.saturating_sub(top) >= MOST_ROWS {
                return self.say_too_many();
            }
            let pages = if top > bottom { 0..0 } else { top / PAGE..bottom / PAGE + 1 };
            let first_missing = |page: &u64| {
                let rows = (page * PAGE).max(top)..=((page + 1) * PAGE - 1).min(bottom);
                rows.into_iter().any(|row| matches!(sheet.line(row), Line::Loading))
            };
            pages.filter(first_missing).collect::<Vec<_>>()
        };
        if missing.is_empty() {
            return then(self);
        }
        let live = Rc::clone(self);
        spawn_local(async move {
            for page in missing {
                match api::load_rows(live.path.clone(), page * PAGE, PAGE as u32).await {
                    Ok(rows) => live.sheet.borrow_mut().loaded_aside(page, rows),
                    Err(fault) => return live.say(&fault.to_string()),
                }
            }
            live.changed();
            then(&live);
        });
    }

    /// Tells what went wrong, if something did.
    pub(super) fn tell<T>(&self, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            Err(reason) => {
                self.say(&reason);
                None
            }
        }
    }

    pub(super) fn go_to_new_row(self: &Rc<Self>) {
        let line = self.sheet.borrow().new_line();
        self.focus();
        self.select(Selection::at(Cell::new(line, 0)));
    }

    pub(super) fn dismiss(self: &Rc<Self>, id: u32) {
        self.sheet.borrow_mut().dismiss(id);
        self.focus();
        self.changed();
    }

    pub(super) fn edit_again(self: &Rc<Self>, id: u32) {
        let held = self.sheet.borrow().line_of_held(id);
        if let Some(line) = held {
            self.focus();
            self.select(Selection::at(Cell::new(line, 0)));
            return self.edit(Start::Content);
        }
        let notice = self.sheet.borrow_mut().dismiss(id);
        if let Some(notice) = notice
            && let Some(key) = notice.key
        {
            self.focus();
            self.go_to(key, notice.column, move |live| {
                live.edit(notice.typed.as_deref().map_or(Start::Content, Start::Text));
            });
        }
        self.changed();
    }

    pub(super) fn use_mine(self: &Rc<Self>, id: u32) {
        let notice = self.sheet.borrow_mut().dismiss(id);
        if let Some(notice) = notice
            && let (Some(key), Some(column), Some(now)) = (notice.key, notice.column, notice.now)
        {
            self.sheet.borrow_mut().overrule(key, column, now, notice.typed);
            self.send_soon();
        }
        self.focus();
        self.changed();
    }

    fn say_too_many(&self) {
        self.say("At most 10,000 rows can be worked on at a time.");
    }
}
