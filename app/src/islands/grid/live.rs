//! The grid in the browser: events in, elements out. What they mean is decided elsewhere.

mod clipboard;
mod commands;
mod editor;
mod frame;
mod keys;
mod mouse;
mod stash;
mod sync;
mod view;
mod widths;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::ResizeObserver;

use self::{
    editor::Editor,
    frame::{Frame, Status},
    mouse::Drag,
    sync::Network,
    view::View,
};
use super::{
    scroll::Scroll,
    selection::{self, Extent, Selection},
    sheet::{Line, Sheet},
};
use crate::{
    islands::dom::{self, on},
    wire::{self, GridSetup, TablePath},
};

/// A live grid. It lasts as long as its page.
pub struct Live {
    path: TablePath,
    address: String,
    frame: RefCell<Frame>,
    view: RefCell<View>,
    sheet: RefCell<Sheet>,
    scroll: Cell<Scroll>,
    selection: Cell<Selection>,
    editor: Editor,
    network: RefCell<Network>,
    drag: Cell<Option<Drag>>,
    /// Whether a picture was asked for.
    pending: Cell<bool>,
    /// The pages of rows that the last picture showed: what flies by is not loaded.
    seen: Cell<(u64, u64)>,
    /// Lines that the scrolled space was made for.
    fitted: Cell<u64>,
}

/// Takes the server's table over, once Leptos is done with the island around it.
pub fn wake() {
    // If the page is not as expected, its table stays as the server wrote it.
    request_animation_frame(|| {
        let _ = start();
    });
}

fn start() -> Option<()> {
    let page = document().body()?;
    let root = &dom::find(&page, ".grid:not(.is-live)")?;
    let setup: GridSetup = wire::from_text(&root.get_attribute("data-setup")?)?;
    let frame = Frame::take_over(root)?;
    let (stash, left_behind, new_row) = stash::Stash::open(&setup.path);
    let mut sheet = Sheet::new(setup.schema(), setup.total, setup.editable, left_behind);
    sheet.restore_new_row(new_row);
    let view = View::take_over(root, &sheet, &setup.path, setup.offset)?;
    let editor = Editor::create(&view.layer, &setup.path.table, setup.editable)?;
    let live = Rc::new(Live {
        path: setup.path,
        address: setup.address,
        frame: RefCell::new(frame),
        view: RefCell::new(view),
        sheet: RefCell::new(sheet),
        scroll: Cell::new(Scroll::new(0, 32.0, 0.0)),
        selection: Cell::new(Selection::at(selection::Cell::new(setup.offset, 0))),
        editor,
        network: RefCell::new(Network::new(stash)),
        drag: Cell::new(None),
        pending: Cell::new(false),
        seen: Cell::new((u64::MAX, u64::MAX)),
        fitted: Cell::new(0),
    });
    live.listen();
    live.listen_to_tools(root);
    live.fit();
    if setup.offset > 0 {
        live.place(|scroll| Some(scroll.go_to(setup.offset as f64 * scroll.row_height())));
    }
    live.load_seen();
    live.follow();
    live.send_soon();
    Some(())
}

impl Live {
    fn listen(self: &Rc<Self>) {
        let (scroller, table) = {
            let view = self.view.borrow();
            (view.scroller.clone(), view.table.clone())
        };
        let live = Rc::clone(self);
        on(&scroller, "scroll", move |_: web_sys::Event| live.scrolled());
        let live = Rc::clone(self);
        on(&scroller, "scrollend", move |_: web_sys::Event| live.place(|scroll| scroll.settled()));
        let live = Rc::clone(self);
        let resized = Closure::<dyn FnMut()>::new(move || {
            live.fit();
            live.request_frame();
        });
        if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            observer.observe(&scroller);
            observer.observe(&table);
        }
        resized.forget();
        self.listen_to_editor();
        self.listen_to_mouse(&table);
        self.listen_to_clipboard();
        self.listen_to_header();
    }

    /// How large the grid is.
    fn extent(&self) -> Extent {
        let sheet = self.sheet.borrow();
        Extent { rows: sheet.lines(), columns: sheet.width(), page: self.scroll.get().page() }
    }

    /// Moves the selection and shows where it went.
    fn select(self: &Rc<Self>, selection: Selection) {
        self.selection.set(selection.within(self.extent()));
        let selection = self.selection.get();
        if !selection.in_header {
            self.place(|scroll| scroll.reveal(selection.head.row));
            // The keyboard went there, so it will be looked at.
            let window = self.scroll.get().window();
            self.seen.set(pages(window.first, window.end));
        }
        self.view.borrow().reveal_column(selection.head.column);
        self.editor.follow();
        self.request_frame();
    }

    /// The keyboard is in the grid.
    fn focus(&self) {
        dom::focus(self.editor.field());
    }

    /// Something that is shown has changed.
    fn changed(self: &Rc<Self>) {
        if self.sheet.borrow().lines() != self.fitted.get() {
            self.fit();
            self.selection.set(self.selection.get().within(self.extent()));
        }
        self.frame.borrow_mut().set_steps(self.sheet.borrow().steps());
        self.show_notices();
        self.request_frame();
    }

    /// Tells the person something.
    fn say(&self, message: &str) {
        self.say_status(Status::Message(message.to_owned()));
    }

    /// Says how saving stands.
    fn say_status(&self, status: Status) {
        self.frame.borrow_mut().set_status(status);
    }

    /// Takes new measures of the elements.
    fn fit(self: &Rc<Self>) {
        let lines = self.sheet.borrow().lines();
        self.fitted.set(lines);
        let mut scroll = self.scroll.get();
        let view = self.view.borrow();
        let (row, header) = view.measure();
        let mut space = lines as f64 * row;
        for _ in 0..2 {
            // The space decides whether there are scroll bars, and they decide what is left of the window.
            view.set_space(space.min(super::scroll::MAX_SPACE) + header);
            let seen = view.height() - header;
            let top = scroll.resize(lines, row, seen);
            space = scroll.space();
            scroll.placed(view.scroll_to(top));
        }
        drop(view);
        self.scroll.set(scroll);
        self.request_frame();
    }

    fn scrolled(self: &Rc<Self>) {
        let top = self.view.borrow().top();
        let mut scroll = self.scroll.get();
        let correction = scroll.scrolled(top);
        self.scroll.set(scroll);
        if let Some(top) = correction {
            self.place(|_| Some(top));
        }
        self.request_frame();
    }

    /// Moves the content, and the scroll bar's thumb with it.
    fn place(self: &Rc<Self>, moved: impl FnOnce(&mut Scroll) -> Option<f64>) {
        let mut scroll = self.scroll.get();
        if let Some(top) = moved(&mut scroll) {
            scroll.placed(self.view.borrow().scroll_to(top));
            self.scroll.set(scroll);
            self.request_frame();
        }
    }

    /// Shows the current state before the next picture is made, once, however often it is asked for.
    fn request_frame(self: &Rc<Self>) {
        if self.pending.replace(true) {
            return;
        }
        let live = Rc::clone(self);
        request_animation_frame(move || {
            live.pending.set(false);
            live.show();
        });
    }

    fn show(self: &Rc<Self>) {
        self.drag_on();
        let window = self.scroll.get().window();
        let selection = self.selection.get();
        let sheet = self.sheet.borrow();
        let speaker = (!self.is_editing()).then(|| self.editor.field().unchecked_ref());
        self.view.borrow_mut().show(&sheet, window, selection, speaker);
        self.show_tools(&sheet, selection);
        drop(sheet);
        self.place_editor();
        let pages = pages(window.first, window.end);
        if self.seen.replace(pages) == pages {
            self.load_seen();
        } else {
            self.request_frame();
        }
    }

    fn show_tools(&self, sheet: &Sheet, selection: Selection) {
        let range = selection.range();
        let rows = if selection.in_header { 0 } else { sheet.total().saturating_sub(range.top).min(range.rows()) };
        let page = match sheet.line(selection.active.row) {
            Line::Row(row, _) if !selection.in_header => Some([&self.address, "/rows/", &row.address].concat()),
            _ => None,
        };
        let mut frame = self.frame.borrow_mut();
        frame.set_rows(rows);
        frame.set_row_page(page);
    }
}

/// The first and the last page of the rows from `first` to before `end`.
const fn pages(first: u64, end: u64) -> (u64, u64) {
    (first / super::cache::PAGE, end.saturating_sub(1) / super::cache::PAGE)
}
