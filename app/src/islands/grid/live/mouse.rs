//! The pointer: a click selects, dragging selects a range, a double click edits. A finger scrolls; a tap selects, a second
//! one edits.

use std::rc::Rc;

use web_sys::{HtmlElement, MouseEvent, PointerEvent};

use super::{Live, dom::on, editor::Start};
use crate::islands::grid::selection::{Cell, Selection};

/// A range being dragged: where the pointer is in the window.
#[derive(Clone, Copy, Debug)]
pub struct Drag {
    x: f64,
    y: f64,
}

impl Live {
    pub(super) fn listen_to_mouse(self: &Rc<Self>, table: &HtmlElement) {
        let (live, held) = (Rc::clone(self), table.clone());
        on(table, "pointerdown", move |event: PointerEvent| {
            if event.pointer_type() == "touch" || event.button() != 0 {
                return;
            }
            // Otherwise the browser selects text, and takes the keyboard away.
            event.prevent_default();
            if live.press(&event, event.shift_key()) {
                let _ = held.set_pointer_capture(event.pointer_id());
                live.drag.set(Some(Drag { x: f64::from(event.client_x()), y: f64::from(event.client_y()) }));
            }
        });
        let live = Rc::clone(self);
        on(table, "pointermove", move |event: PointerEvent| {
            if live.drag.get().is_some() {
                live.drag.set(Some(Drag { x: f64::from(event.client_x()), y: f64::from(event.client_y()) }));
                live.request_frame();
            }
        });
        for end in ["pointerup", "pointercancel", "lostpointercapture"] {
            let live = Rc::clone(self);
            on(table, end, move |_: PointerEvent| live.drag.set(None));
        }
        let live = Rc::clone(self);
        on(table, "click", move |event: PointerEvent| {
            if event.pointer_type() == "touch" {
                live.tap(&event);
            }
        });
        let live = Rc::clone(self);
        on(table, "dblclick", move |event: MouseEvent| {
            if !live.is_in_header(&event) {
                live.edit(Start::Content);
            }
        });
    }

    /// A tap selects; one on the cell that is selected already edits it.
    fn tap(self: &Rc<Self>, event: &MouseEvent) {
        let before = self.selection.get();
        self.editor.expect_touch();
        if self.press(event, false) && self.selection.get() == before {
            self.edit(Start::Content);
        }
    }

    /// Selects what was pressed. The answer is whether a range may be dragged from here.
    fn press(self: &Rc<Self>, event: &MouseEvent, extend: bool) -> bool {
        if !self.commit() {
            return false;
        }
        self.focus();
        let in_header = self.is_in_header(event);
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let cell = self.cell_at(x, y);
        let selection = self.selection.get();
        if in_header {
            let column = Cell::new(0, cell.column);
            let selection = if extend { selection.extended_to(column) } else { Selection::at(column) };
            self.select_silently(selection.whole_columns(self.extent()));
            return false;
        }
        self.select(if extend { selection.extended_to(cell) } else { Selection::at(cell) });
        true
    }

    /// Follows the pointer while a range is dragged, and scrolls where it has left the window.
    pub(super) fn drag_on(self: &Rc<Self>) {
        let Some(drag) = self.drag.get() else { return };
        let before = self.selection.get();
        let head = self.cell_at(drag.x, drag.y);
        if head != before.head {
            self.select(before.extended_to(head));
        }
    }

    /// The cell under a point of the window, or the nearest one; a point above or below the rows means one row further.
    fn cell_at(&self, x: f64, y: f64) -> Cell {
        let view = self.view.borrow();
        let bounds = view.layer.get_bounding_client_rect();
        let header = view.measure().1;
        let scroll = self.scroll.get();
        let half = scroll.row_height() / 2.0;
        // Not `f64::clamp`: see `Scroll::within`.
        let y = (y - bounds.top() - header).max(-half).min(view.height() - header + half);
        let row = ((y + scroll.position()) / scroll.row_height()).max(0.0) as u64;
        let left = view.scroller.get_bounding_client_rect().left() + f64::from(view.scroller.client_left());
        let last = self.sheet.borrow().lines().saturating_sub(1);
        Cell::new(row.min(last), view.column_at(x - left))
    }

    fn is_in_header(&self, event: &MouseEvent) -> bool {
        let view = self.view.borrow();
        let y = f64::from(event.client_y()) - view.layer.get_bounding_client_rect().top();
        (0.0..view.measure().1).contains(&y)
    }
}
