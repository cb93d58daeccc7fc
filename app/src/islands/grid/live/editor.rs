//! The editor: a field over the cell. It belongs to a row and column, not to a place, so rows may be loaded, scrolled and
//! moved beneath it.

use std::rc::Rc;

use leptos::prelude::{document, event_target_value};
use versioning::{Key, Type};
use wasm_bindgen::JsCast;
use web_sys::{Event, FocusEvent, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::{
    Live,
    dom::{create, focus, on, px, set, style},
};
use crate::islands::grid::{
    selection::{Cell, Selection, Step},
    sheet::Line,
};

/// An open editor.
#[derive(Clone)]
pub struct Editor {
    frame: HtmlElement,
    field: HtmlTextAreaElement,
    error: HtmlElement,
    column: usize,
    target: Target,
    /// Opened by typing: then arrow keys leave it, as they do in spreadsheets.
    typed: bool,
}

/// What is edited.
#[derive(Clone)]
enum Target {
    /// A row of the table, and what was seen in the cell.
    Row(Key, Option<String>),
    /// The blank row.
    New,
}

impl Live {
    /// Opens the editor on the active cell: with its text, or with what is being typed instead.
    pub(super) fn edit(self: &Rc<Self>, instead: Option<&str>, typed: bool) {
        let selection = self.selection.get();
        if selection.in_header || self.editor.borrow().is_some() {
            return;
        }
        let cell = selection.active;
        let sheet = self.sheet.borrow();
        if !sheet.editable() {
            return;
        }
        let target = match sheet.line(cell.row) {
            Line::Row(_, Some(pending)) if pending.deleted => return,
            Line::Row(row, _) => Target::Row(row.key.clone(), sheet.text(cell).flatten().map(str::to_owned)),
            Line::New => Target::New,
            Line::Loading | Line::Inserted(_) | Line::None => return,
        };
        let text = instead.or_else(|| sheet.text(cell).flatten()).unwrap_or_default().to_owned();
        let name = [sheet.column(cell.column).name.as_str(), ", ", &sheet.row_name(cell.row)].concat();
        let ty = sheet.column(cell.column).ty;
        drop(sheet);
        self.select(selection.collapsed());
        let Some(editor) = Editor::create(cell.column, target, typed, &name, ty) else { return };
        editor.field.set_value(&text);
        let _ = self.view.borrow().layer.append_child(&editor.frame);
        self.listen_to_editor(&editor);
        let field = editor.field.clone();
        *self.editor.borrow_mut() = Some(editor);
        self.place_editor();
        focus(&field);
        let end = text.encode_utf16().count() as u32;
        let _ = field.set_selection_range(end, end);
    }

    fn listen_to_editor(self: &Rc<Self>, editor: &Editor) {
        let live = Rc::clone(self);
        on(&editor.field, "keydown", move |event: KeyboardEvent| live.editor_key(&event));
        let live = Rc::clone(self);
        on(&editor.field, "input", move |event: Event| {
            if let Some(editor) = live.editor.borrow().as_ref() {
                let text = event_target_value(&event);
                // A reason that was shown is looked at again while the person corrects the text.
                if !editor.error.hidden() {
                    let checked = live.sheet.borrow().check(editor.column, &text);
                    editor.show_error(checked.err().as_deref());
                }
            }
        });
        let live = Rc::clone(self);
        on(&editor.field, "blur", move |_: FocusEvent| {
            // Another window or tab came to the front: the person will be back.
            if document().has_focus().unwrap_or(false) && live.editor.borrow().is_some() {
                live.commit();
            }
        });
    }

    fn editor_key(self: &Rc<Self>, event: &KeyboardEvent) {
        event.stop_propagation();
        if event.is_composing() {
            return;
        }
        let typed = self.editor.borrow().as_ref().is_some_and(|editor| editor.typed);
        let back = event.shift_key();
        let step = match event.key().as_str() {
            "Escape" => {
                event.prevent_default();
                self.close_editor();
                return self.request_frame();
            }
            "Enter" if event.alt_key() => {
                event.prevent_default();
                return self.break_line();
            }
            "Enter" => {
                event.prevent_default();
                if self.commit() {
                    self.entered(back);
                }
                return;
            }
            "Tab" => {
                event.prevent_default();
                if self.commit() {
                    self.select(self.selection.get().tabbed(back, self.extent()));
                }
                return;
            }
            "F2" => {
                if let Some(editor) = self.editor.borrow_mut().as_mut() {
                    editor.typed = false;
                }
                return;
            }
            "ArrowUp" if typed => Step::Up,
            "ArrowDown" if typed => Step::Down,
            "ArrowLeft" if typed => Step::Left,
            "ArrowRight" if typed => Step::Right,
            _ => return,
        };
        event.prevent_default();
        if self.commit() {
            self.select(self.selection.get().moved(step, false, self.extent()));
        }
    }

    /// After Enter: the blank row becomes a row if it can, otherwise the selection goes on.
    pub(super) fn entered(self: &Rc<Self>, back: bool) {
        let line = self.selection.get().active.row;
        let at_new = matches!(self.sheet.borrow().line(line), Line::New);
        if at_new && !back && !self.sheet.borrow().new_row_is_blank() {
            self.insert_new();
        } else {
            self.select(self.selection.get().entered(back, self.extent()));
        }
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

    /// Takes over what was typed. The answer is whether the editor is closed now.
    pub(super) fn commit(self: &Rc<Self>) -> bool {
        let Some(editor) = self.editor.borrow().clone() else { return true };
        let text = editor.field.value();
        let checked = match (&editor.target, text.is_empty()) {
            // What the blank row lacks is told when it is to become a row.
            (Target::New, true) => Ok(None),
            _ => self.sheet.borrow().check(editor.column, &text),
        };
        let done = checked.and_then(|after| {
            let mut sheet = self.sheet.borrow_mut();
            match &editor.target {
                Target::New => {
                    sheet.type_new(editor.column, after);
                    Ok(())
                }
                Target::Row(key, seen) => sheet.set_seen(key, editor.column, seen.clone(), after),
            }
        });
        if let Err(reason) = done {
            editor.show_error(Some(&reason));
            focus(&editor.field);
            return false;
        }
        self.close_editor();
        self.send_soon();
        self.keep();
        self.changed();
        true
    }

    /// Closes the editor without taking over what was typed.
    pub(super) fn close_editor(&self) {
        let editor = self.editor.borrow_mut().take();
        if let Some(editor) = editor {
            let had_focus = document().active_element().is_some_and(|active| active == *editor.field.unchecked_ref());
            editor.frame.remove();
            if had_focus {
                self.focus();
            }
        }
    }

    /// Keeps the editor over its cell.
    pub(super) fn place_editor(&self) {
        let editor = self.editor.borrow();
        let Some(editor) = editor.as_ref() else { return };
        let row = match &editor.target {
            Target::Row(key, _) => self.sheet.borrow().find(key),
            Target::New => Some(self.sheet.borrow().new_line()),
        };
        let view = self.view.borrow();
        match row.and_then(|row| view.place_of(Cell::new(row, editor.column))) {
            Some([left, top, width, height]) => {
                style(&editor.frame, "inset-inline-start", &px(left));
                style(&editor.frame, "inset-block-start", &px(top));
                style(&editor.frame, "--cell-width", &px(width));
                style(&editor.frame, "--cell-height", &px(height));
                let _ = editor.frame.class_list().remove_1("is-away");
            }
            None => drop(editor.frame.class_list().add_1("is-away")),
        }
    }

    fn break_line(&self) {
        if let Some(editor) = self.editor.borrow().as_ref() {
            let start = editor.field.selection_start().ok().flatten().unwrap_or(0);
            let end = editor.field.selection_end().ok().flatten().unwrap_or(start);
            let _ = editor.field.set_range_text_with_start_and_end("\n", start, end);
            let _ = editor.field.set_selection_range(start + 1, start + 1);
        }
    }
}

impl Editor {
    fn create(column: usize, target: Target, typed: bool, name: &str, ty: Type) -> Option<Self> {
        let frame = create("div", "grid__editor")?;
        let field: HtmlTextAreaElement =
            create("textarea", if ty.is_number() { "is-number" } else { "" })?.dyn_into().ok()?;
        let error = create("p", "grid__error")?;
        for (attribute, value) in [
            ("aria-label", name),
            ("rows", "1"),
            ("autocomplete", "off"),
            ("spellcheck", "false"),
            ("autocapitalize", "off"),
        ] {
            set(&field, attribute, value);
        }
        let keyboard = match ty {
            Type::Decimal | Type::Float => "decimal",
            _ => "text",
        };
        set(&field, "inputmode", keyboard);
        set(&error, "id", "grid-error");
        set(&error, "role", "alert");
        error.set_hidden(true);
        frame.append_child(&field).ok()?;
        frame.append_child(&error).ok()?;
        Some(Self { frame, field, error, column, target, typed })
    }

    fn show_error(&self, reason: Option<&str>) {
        self.error.set_hidden(reason.is_none());
        self.error.set_text_content(reason);
        super::dom::set_or_remove(&self.field, "aria-invalid", reason.map(|_| "true"));
        super::dom::set_or_remove(&self.field, "aria-describedby", reason.map(|_| "grid-error"));
    }
}
