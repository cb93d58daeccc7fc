//! The field that has the keyboard. It lies over the active cell, unseen, so that text reaches the cell by every way there
//! is: keys, dead keys, input methods, emoji pickers, dictation, the keyboards of phones. The first text begins an edit,
//! in this same field: to hand a composition over to another one would end it.
//!
//! While nothing is edited, the field speaks for the grid: it controls the grid and its active descendant is the active
//! cell (WAI-ARIA 1.2, `aria-activedescendant` on a textbox). An edit belongs to a row and column, not to a place, so rows
//! may be loaded, scrolled and moved beneath it.

use std::{
    cell::{Cell as Slot, RefCell},
    rc::Rc,
};

use leptos::prelude::{document, window};
use versioning::{Key, Type};
use wasm_bindgen::JsCast;
use web_sys::{Event, FocusEvent, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::{
    Live,
    dom::{create, focus, on, px, set, set_or_remove, style},
};
use crate::islands::grid::{
    selection::{Cell, Selection, Step},
    sheet::Line,
};

/// What browsers call a key whose meaning an input method or a phone's keyboard keeps to itself.
const KEPT_BY_INPUT_METHOD: u32 = 229;

/// The field, and what is being edited in it.
pub struct Editor {
    frame: HtmlElement,
    field: HtmlTextAreaElement,
    error: HtmlElement,
    /// Whether the page is to be scrolled to the field.
    reveal: Slot<bool>,
    /// What it is called while it speaks for the grid.
    name: String,
    edit: RefCell<Option<Edit>>,
    /// Whether an input method is at work.
    composing: Slot<bool>,
    /// Whether what comes into the field is what an input method had to let go of.
    emptying: Slot<bool>,
}

/// An edit under way.
#[derive(Clone)]
struct Edit {
    column: usize,
    target: Target,
    /// Begun by typing: then arrow keys end it, as they do in spreadsheets.
    typed: bool,
}

/// What is edited.
#[derive(Clone)]
enum Target {
    /// A row of the table, and what was seen in the cell.
    Row(Key, Option<String>),
    /// The row of this line, which is not loaded yet.
    Line(u64),
    /// The new row that this notice speaks of.
    Held(u32),
    /// The blank row.
    New,
}

/// What an edit begins with.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// The content of the cell.
    Content,
    /// This text.
    Text(&'a str),
    /// What is being typed, which is in the field already.
    Typing,
}

impl Live {
    /// Begins to edit the active cell.
    pub(super) fn edit(self: &Rc<Self>, start: Start<'_>) {
        let selection = self.selection.get();
        if selection.in_header || self.is_editing() {
            return;
        }
        let typed = matches!(start, Start::Typing);
        let cell = selection.active;
        let (target, text, name, ty) = {
            let sheet = self.sheet.borrow();
            if !sheet.editable() {
                return self.say("This can only be read.");
            }
            let content = || sheet.text(cell).flatten().map(str::to_owned);
            let target = match sheet.line(cell.row) {
                Line::Row(_, Some(pending)) if pending.deleted => return,
                Line::Row(row, _) => Target::Row(row.key.clone(), content()),
                Line::Inserted(entry) => Target::Row(sheet.outbox.latest_key(entry.edit.key()).clone(), content()),
                Line::Held(held) => Target::Held(held.id()),
                Line::New => Target::New,
                Line::Loading if typed => Target::Line(cell.row),
                Line::Loading => {
                    drop(sheet);
                    return self.edit_when_loaded(selection);
                }
                Line::None => return,
            };
            let column = sheet.column(cell.column);
            let name = [column.name.as_str(), ", ", &sheet.row_name(cell.row)].concat();
            let text = match start {
                Start::Content => Some(content().unwrap_or_default()),
                Start::Text(text) => Some(text.to_owned()),
                Start::Typing => None,
            };
            (target, text, name, column.ty)
        };
        self.select(selection.collapsed());
        self.editor.open(text.as_deref(), &name, ty);
        *self.editor.edit.borrow_mut() = Some(Edit { column: cell.column, target, typed });
        self.place_editor();
    }

    fn edit_when_loaded(self: &Rc<Self>, selection: Selection) {
        let row = selection.active.row;
        self.with_rows(row, row, move |live| {
            let there = !matches!(live.sheet.borrow().line(row), Line::Loading);
            if there && live.selection.get() == selection {
                live.edit(Start::Content);
            }
        });
    }

    /// Whether a cell is being edited.
    pub(super) fn is_editing(&self) -> bool {
        self.editor.edit.borrow().is_some()
    }

    pub(super) fn listen_to_editor(self: &Rc<Self>) {
        let field = self.editor.field.clone();
        let live = Rc::clone(self);
        on(&field, "keydown", move |event: KeyboardEvent| {
            if event.is_composing() || event.key_code() == KEPT_BY_INPUT_METHOD {
                return;
            }
            let ours = if live.is_editing() { live.editor_key(&event) } else { live.key(&event) };
            if ours {
                event.prevent_default();
            }
        });
        let live = Rc::clone(self);
        on(&field, "compositionstart", move |_: Event| {
            live.editor.composing.set(true);
            live.typed();
        });
        let live = Rc::clone(self);
        on(&field, "compositionend", move |_: Event| live.editor.composing.set(false));
        let live = Rc::clone(self);
        on(&field, "input", move |_: Event| live.typed());
        let live = Rc::clone(self);
        on(&field, "beforeinput", move |event: Event| {
            // Enter of a keyboard that does not name its keys.
            let kind = js_sys::Reflect::get(&event, &"inputType".into()).ok().and_then(|kind| kind.as_string());
            if kind.as_deref() == Some("insertLineBreak") {
                event.prevent_default();
                live.enter(false);
            }
        });
        let live = Rc::clone(self);
        on(&field, "blur", move |_: FocusEvent| {
            // Another window or tab came to the front: the person will be back.
            if document().has_focus().unwrap_or(false) {
                live.commit();
            }
        });
    }

    /// Text has come into the field, or an input method is about to bring some.
    fn typed(self: &Rc<Self>) {
        if self.editor.emptying.get() {
            return;
        }
        if !self.is_editing() {
            self.edit(Start::Typing);
        }
        let column = self.editor.edit.borrow().as_ref().map(|edit| edit.column);
        match column {
            // A reason that was shown is looked at again while the person corrects the text.
            Some(column) if !self.editor.error.hidden() => {
                let checked = self.sheet.borrow().check(column, &self.editor.field.value());
                self.editor.show_error(checked.err().as_deref());
            }
            Some(_) => {}
            None => self.editor.empty(),
        }
    }

    /// The answer is whether the key was ours.
    fn editor_key(self: &Rc<Self>, event: &KeyboardEvent) -> bool {
        let typed = self.editor.edit.borrow().as_ref().is_some_and(|edit| edit.typed);
        let back = event.shift_key();
        let step = match event.key().as_str() {
            "Escape" => {
                self.close_editor();
                self.request_frame();
                return true;
            }
            "Enter" if event.alt_key() => {
                self.editor.break_line();
                return true;
            }
            "Enter" => {
                self.enter(back);
                return true;
            }
            "Tab" => {
                if self.commit() {
                    self.select(self.selection.get().tabbed(back, self.extent()));
                }
                return true;
            }
            "F2" => {
                if let Some(edit) = self.editor.edit.borrow_mut().as_mut() {
                    edit.typed = false;
                }
                return false;
            }
            "ArrowUp" if typed => Step::Up,
            "ArrowDown" if typed => Step::Down,
            "ArrowLeft" if typed => Step::Left,
            "ArrowRight" if typed => Step::Right,
            _ => return false,
        };
        if self.commit() {
            self.select(self.selection.get().moved(step, false, self.extent()));
        }
        true
    }

    /// Enter ends an edit and goes on, or begins one.
    pub(super) fn enter(self: &Rc<Self>, back: bool) {
        if !self.is_editing() && !self.is_at_filled_new_row() {
            self.edit(Start::Content);
        } else if self.commit() {
            self.entered(back);
        }
    }

    /// After Enter: the blank row becomes a row if it can, otherwise the selection goes on.
    fn entered(self: &Rc<Self>, back: bool) {
        if self.is_at_filled_new_row() && !back {
            self.insert_new();
        } else {
            self.select(self.selection.get().entered(back, self.extent()));
        }
    }

    fn is_at_filled_new_row(&self) -> bool {
        let sheet = self.sheet.borrow();
        matches!(sheet.line(self.selection.get().active.row), Line::New) && !sheet.new_row_is_blank()
    }

    fn insert_new(self: &Rc<Self>) {
        let inserted = self.sheet.borrow_mut().insert_new(super::dom::uuid);
        match inserted {
            Ok(_) => {
                let entered = self.selection.get().entered(false, self.extent());
                self.send_soon();
                self.changed();
                let line = self.sheet.borrow().new_line();
                self.select(Selection::at(Cell::new(line, entered.active.column)));
            }
            Err((column, reason)) => {
                self.say(&reason);
                let line = self.selection.get().active.row;
                self.select(Selection::at(Cell::new(line, column)));
            }
        }
    }

    /// Takes over what was typed. The answer is whether nothing is edited now.
    pub(super) fn commit(self: &Rc<Self>) -> bool {
        let Some(edit) = self.editor.edit.borrow().clone() else { return true };
        let text = self.editor.field.value();
        let checked = match (&edit.target, text.is_empty()) {
            // What the blank row lacks is told when it is to become a row.
            (Target::New, true) => Ok(None),
            _ => self.sheet.borrow().check(edit.column, &text),
        };
        let done = checked.and_then(|after| {
            let mut sheet = self.sheet.borrow_mut();
            match &edit.target {
                Target::New => {
                    sheet.type_new(edit.column, after);
                    Ok(())
                }
                Target::Line(line) => {
                    sheet.type_ahead(Cell::new(*line, edit.column), after);
                    Ok(())
                }
                Target::Held(id) => sheet.set_held(*id, vec![(edit.column, after)]),
                Target::Row(key, seen) => sheet.set_seen(key, edit.column, seen.clone(), after),
            }
        });
        if let Err(reason) = done {
            self.editor.show_error(Some(&reason));
            self.focus();
            return false;
        }
        self.close_editor();
        if let Target::Line(line) = edit.target {
            self.load_typed_ahead(line);
        }
        self.send_soon();
        self.keep();
        self.changed();
        true
    }

    /// Ends an edit without taking over what was typed.
    pub(super) fn close_editor(&self) {
        if self.editor.edit.take().is_some() {
            self.editor.close();
        }
    }

    /// Keeps the field over its cell, where an input method shows what it offers.
    pub(super) fn place_editor(&self) {
        self.find_row_of_edit();
        let cell = match &*self.editor.edit.borrow() {
            None => Some(self.selection.get().active),
            Some(Edit { column, target, .. }) => {
                let sheet = self.sheet.borrow();
                let row = match target {
                    Target::Row(key, _) => sheet.line_of(key),
                    Target::Line(line) => Some(*line),
                    Target::Held(id) => sheet.line_of_held(*id),
                    Target::New => Some(sheet.new_line()),
                };
                row.map(|row| Cell::new(row, *column))
            }
        };
        let view = self.view.borrow();
        let place = cell.and_then(|cell| view.place_of(cell, &self.scroll.get()));
        self.editor.place(place, view.left());
    }

    /// When the row that is edited has been loaded, the edit is of that row, wherever it goes.
    fn find_row_of_edit(&self) {
        let sheet = self.sheet.borrow();
        if let Some(Edit { column, target, .. }) = self.editor.edit.borrow_mut().as_mut()
            && let Target::Line(line) = *target
            && let Line::Row(row, _) = sheet.line(line)
        {
            let seen = sheet.text(Cell::new(line, *column)).flatten().map(str::to_owned);
            *target = Target::Row(row.key.clone(), seen);
        }
    }
}

impl Editor {
    /// A field for the table with this name, as the last thing in this element.
    pub fn create(layer: &HtmlElement, name: &str, editable: bool) -> Option<Self> {
        let frame = create("div", "grid__editor")?;
        let field: HtmlTextAreaElement = create("textarea", "")?.dyn_into().ok()?;
        let error = create("p", "grid__error")?;
        for (attribute, value) in
            [("rows", "1"), ("autocomplete", "off"), ("spellcheck", "false"), ("autocapitalize", "off")]
        {
            set(&field, attribute, value);
        }
        field.set_read_only(!editable);
        set(&error, "id", "grid-error");
        set(&error, "role", "alert");
        frame.append_child(&field).ok()?;
        frame.append_child(&error).ok()?;
        layer.append_child(&frame).ok()?;
        let editor = Self {
            frame,
            field,
            error,
            reveal: Slot::new(false),
            name: name.to_owned(),
            edit: RefCell::new(None),
            composing: Slot::new(false),
            emptying: Slot::new(false),
        };
        editor.close();
        Some(editor)
    }

    /// The element that has the keyboard.
    pub const fn field(&self) -> &HtmlTextAreaElement {
        &self.field
    }

    /// A finger selects without calling a keyboard.
    pub fn expect_touch(&self) {
        set(&self.field, "inputmode", "none");
    }

    /// The keyboard has gone elsewhere: the page follows it when the field is there.
    pub fn follow(&self) {
        self.reveal.set(true);
    }

    fn open(&self, text: Option<&str>, name: &str, ty: Type) {
        let number = ty.is_number();
        let _ = self.frame.class_list().add_1("is-open");
        let _ = self.field.class_list().toggle_with_force("is-number", number);
        set(&self.field, "aria-label", name);
        for of_the_grid in ["aria-controls", "aria-activedescendant"] {
            set_or_remove(&self.field, of_the_grid, None);
        }
        let silent = self.field.get_attribute("inputmode").as_deref() == Some("none");
        set(&self.field, "inputmode", if matches!(ty, Type::Decimal | Type::Float) { "decimal" } else { "text" });
        if silent && text.is_some() {
            // A phone looks at this when a field gets the keyboard.
            let _ = self.field.blur();
        }
        focus(&self.field);
        if let Some(text) = text {
            self.field.set_value(text);
            let end = text.encode_utf16().count() as u32;
            let _ = self.field.set_selection_range(end, end);
        }
    }

    fn close(&self) {
        let _ = self.frame.class_list().remove_1("is-open");
        self.show_error(None);
        set(&self.field, "aria-label", &self.name);
        set(&self.field, "aria-controls", "grid");
        self.empty();
    }

    /// Forgets what was typed.
    fn empty(&self) {
        if self.composing.take() {
            // An input method goes on with its text unless the field loses the keyboard.
            self.emptying.set(true);
            let _ = self.field.blur();
            focus(&self.field);
            self.emptying.set(false);
        }
        self.field.set_value("");
    }

    /// Puts the field over a cell: left, top, width, height. Without one it waits, unseen, at the edge of what is seen.
    fn place(&self, cell: Option<[f64; 4]>, edge: f64) {
        let [left, top, width, height] = cell.unwrap_or([edge, 0.0, 0.0, 0.0]);
        style(&self.frame, "inset-inline-start", &px(left));
        style(&self.frame, "inset-block-start", &px(top));
        style(&self.frame, "--cell-width", &px(width));
        style(&self.frame, "--cell-height", &px(height));
        let _ = self.frame.class_list().toggle_with_force("is-away", cell.is_none());
        if self.reveal.take() {
            // Where the window is lower than the grid, the grid's own scrolling is not enough.
            let seen = self.field.get_bounding_client_rect();
            let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(seen.bottom());
            let hidden = if seen.top() < 0.0 { seen.top() } else { (seen.bottom() - height).max(0.0) };
            if hidden != 0.0 {
                window().scroll_by_with_x_and_y(0.0, hidden);
            }
        }
    }

    fn break_line(&self) {
        let start = self.field.selection_start().ok().flatten().unwrap_or(0);
        let end = self.field.selection_end().ok().flatten().unwrap_or(start);
        let _ = self.field.set_range_text_with_start_and_end("\n", start, end);
        let _ = self.field.set_selection_range(start + 1, start + 1);
    }

    fn show_error(&self, reason: Option<&str>) {
        self.error.set_hidden(reason.is_none());
        self.error.set_text_content(reason);
        set_or_remove(&self.field, "aria-invalid", reason.map(|_| "true"));
        set_or_remove(&self.field, "aria-describedby", reason.map(|_| "grid-error"));
    }
}
