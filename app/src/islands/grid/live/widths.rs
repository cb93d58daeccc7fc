//! The widths of columns: dragged, set by the keyboard, fitted, kept by the browser.

use std::rc::Rc;

use leptos::prelude::window;
use web_sys::{MouseEvent, PointerEvent};

use super::{Live, dom::on};
use crate::{islands::grid::layout, wire::TablePath};

/// The name under which the browser keeps a table's widths.
pub fn name(path: &TablePath) -> String {
    ["anabranch.widths/", &path.owner, "/", &path.dataset, "/", &path.table].concat()
}

/// What the browser kept.
pub fn kept(path: &TablePath) -> String {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(&name(path)).ok()?).unwrap_or_default()
}

impl Live {
    /// Gives a column another width, and keeps it.
    pub(super) fn set_width(self: &Rc<Self>, column: usize, width: f64) {
        self.view.borrow_mut().set_width(column, layout::within_limits(width));
        let view = self.view.borrow();
        let sheet = self.sheet.borrow();
        let widths = view.widths().iter().enumerate().map(|(column, width)| (sheet.column(column), *width));
        if let Ok(Some(storage)) = window().local_storage() {
            // Without storage, or with a full one, the widths last as long as the page.
            let _ = storage.set_item(&name(&self.path), &layout::print(widths));
        }
        drop((view, sheet));
        self.request_frame();
    }

    /// Makes a column as wide as what is seen of it.
    pub(super) fn fit_width(self: &Rc<Self>, column: usize) {
        let width = self.view.borrow_mut().content_width(column);
        self.set_width(column, width);
    }

    /// The width of a column, to be told.
    pub(super) fn say_width(&self, column: usize) {
        let width = self.view.borrow().widths()[column].to_string();
        let sheet = self.sheet.borrow();
        self.say(&["Width of ", &sheet.column(column).name, ": ", &width, " pixels"].concat());
    }

    pub(super) fn listen_to_header(self: &Rc<Self>) {
        let handles = self.view.borrow().handles.clone();
        for (column, handle) in handles.into_iter().enumerate() {
            // Where the pointer went down, and how wide the column was then.
            let from = Rc::new(std::cell::Cell::new(None::<(f64, f64)>));
            let (live, start, held) = (Rc::clone(self), Rc::clone(&from), handle.clone());
            on(&handle, "pointerdown", move |event: PointerEvent| {
                event.prevent_default();
                event.stop_propagation();
                let _ = held.set_pointer_capture(event.pointer_id());
                let width = f64::from(live.view.borrow().widths()[column]);
                start.set(Some((f64::from(event.client_x()), width)));
            });
            let (live, moved) = (Rc::clone(self), Rc::clone(&from));
            on(&handle, "pointermove", move |event: PointerEvent| {
                if let Some((x, width)) = moved.get() {
                    live.set_width(column, width + f64::from(event.client_x()) - x);
                }
            });
            for end in ["pointerup", "pointercancel"] {
                let from = Rc::clone(&from);
                on(&handle, end, move |_: PointerEvent| from.set(None));
            }
            let live = Rc::clone(self);
            on(&handle, "dblclick", move |event: MouseEvent| {
                event.stop_propagation();
                live.fit_width(column);
            });
            on(&handle, "click", |event: MouseEvent| event.stop_propagation());
        }
    }
}
