//! The keyboard of a spreadsheet. Tab leaves the grid, as it leaves any control, unless a cell is being edited.

use std::rc::Rc;

use web_sys::KeyboardEvent;

use super::{Live, editor::Start};
use crate::islands::grid::selection::{Cell, Selection, Step};

/// How much a key changes a column's width, in CSS pixels.
const WIDTH_STEP: f64 = 16.0;

impl Live {
    /// The answer is whether the key was ours.
    pub(super) fn key(self: &Rc<Self>, event: &KeyboardEvent) -> bool {
        let key = event.key();
        let control = event.ctrl_key() || event.meta_key();
        let shift = event.shift_key();
        if self.selection.get().in_header && self.header_key(&key, shift) {
            return true;
        }
        let step = match (key.as_str(), control) {
            ("ArrowUp", false) => Step::Up,
            ("ArrowDown", false) => Step::Down,
            ("ArrowLeft", false) => Step::Left,
            ("ArrowRight", false) => Step::Right,
            ("ArrowUp", true) => Step::ColumnStart,
            ("ArrowDown", true) => Step::ColumnEnd,
            ("ArrowLeft", true) | ("Home", false) => Step::RowStart,
            ("ArrowRight", true) | ("End", false) => Step::RowEnd,
            ("PageUp", false) => Step::PageUp,
            ("PageDown", false) => Step::PageDown,
            ("Home", true) => Step::First,
            // The last cell of the table, not of the blank row after it.
            ("End", true) => return self.go_to_last(shift),
            _ => return self.other_key(&key, control, shift),
        };
        if event.alt_key() {
            return false;
        }
        self.select(self.selection.get().moved(step, shift, self.extent()));
        true
    }

    fn go_to_last(self: &Rc<Self>, extend: bool) -> bool {
        let mut extent = self.extent();
        extent.rows = self.sheet.borrow().new_line().max(1).min(extent.rows);
        self.select(self.selection.get().moved(Step::Last, extend, extent));
        true
    }

    fn other_key(self: &Rc<Self>, key: &str, control: bool, shift: bool) -> bool {
        let selection = self.selection.get();
        match (key, control) {
            ("a" | "A", true) => self.select_silently(selection.all(self.rows_only())),
            (" ", true) => self.select_silently(selection.whole_columns(self.rows_only())),
            (" ", false) if shift => self.select_silently(selection.whole_rows(self.extent())),
            (" ", false) if self.toggle() => {}
            ("z" | "Z", true) if !shift => self.undo(),
            ("y" | "Y", true) | ("z" | "Z", true) => self.redo(),
            ("Delete" | "Backspace", true) => self.delete_rows(),
            ("Delete" | "Backspace", false) => self.clear(),
            ("F2", false) => self.edit(Start::Content),
            ("Enter", false) => self.enter(shift),
            ("Escape", false) => self.select(Selection::at(selection.active)),
            // Text is for the field, and so are the keys that make it.
            _ => return false,
        }
        true
    }

    /// In the header, Shift and arrow keys change the width of the column, and Enter fits it.
    fn header_key(self: &Rc<Self>, key: &str, shift: bool) -> bool {
        let column = self.selection.get().active.column;
        let width = f64::from(self.view.borrow().widths()[column]);
        match key {
            "ArrowLeft" if shift => self.set_width(column, width - WIDTH_STEP),
            "ArrowRight" if shift => self.set_width(column, width + WIDTH_STEP),
            "Enter" => self.fit_width(column),
            "Delete" | "Backspace" | "F2" => return true,
            _ => return false,
        }
        self.say_width(column);
        true
    }

    /// The rows of the table, without the blank one.
    fn rows_only(&self) -> crate::islands::grid::selection::Extent {
        let mut extent = self.extent();
        extent.rows = self.sheet.borrow().new_line().max(1).min(extent.rows);
        extent
    }

    /// Selects without going anywhere.
    pub(super) fn select_silently(self: &Rc<Self>, selection: Selection) {
        self.selection.set(selection.within(self.extent()));
        self.request_frame();
    }

    /// Space turns a boolean around. The answer is whether the active cell is one.
    fn toggle(self: &Rc<Self>) -> bool {
        let cell = self.selection.get().active;
        let is_boolean = {
            let sheet = self.sheet.borrow();
            sheet.editable() && sheet.is_boolean(cell.column)
        };
        if is_boolean {
            self.with_rows(cell.row, cell.row, move |live| live.toggle_loaded(cell));
        }
        is_boolean
    }

    fn toggle_loaded(self: &Rc<Self>, cell: Cell) {
        let text = match self.sheet.borrow().text(cell) {
            Some(Some("true")) => "false".to_owned(),
            Some(_) => "true".to_owned(),
            None => return,
        };
        if cell.row == self.sheet.borrow().new_line() {
            self.sheet.borrow_mut().type_new(cell.column, Some(text));
        } else {
            let set = self.sheet.borrow_mut().set(&[(cell, Some(text))]);
            self.tell(set);
        }
        self.send_soon();
        self.changed();
    }
}
