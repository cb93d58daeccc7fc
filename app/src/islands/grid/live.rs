//! The grid in the browser: events in, elements out. What they mean is decided elsewhere.

mod clipboard;
mod commands;
mod dom;
mod editor;
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

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};

use self::{dom::on, editor::Editor, mouse::Drag, sync::Network, view::View};
use super::{
    Board, Command, Status,
    scroll::Scroll,
    selection::{self, Extent, Selection},
    sheet::{Line, Sheet},
};
use crate::wire::{GridSetup, TablePath};

/// A live grid. It lasts as long as its page.
pub struct Live {
    path: TablePath,
    address: String,
    board: Board,
    view: RefCell<View>,
    sheet: RefCell<Sheet>,
    scroll: Cell<Scroll>,
    selection: Cell<Selection>,
    editor: RefCell<Option<Editor>>,
    network: RefCell<Network>,
    drag: Cell<Option<Drag>>,
    /// Whether a frame was asked for.
    frame: Cell<bool>,
    /// The pages of rows that the last frame showed: what flies by is not loaded.
    seen: Cell<(u64, u64)>,
    /// Lines that the scrolled space was made for.
    fitted: Cell<u64>,
}

/// Takes the server's table over. None if the page is not as expected: then it stays as it is.
pub fn start(frame: &HtmlElement, setup: GridSetup, board: Board) -> Option<Rc<Live>> {
    let (stash, left_behind, new_row) = stash::Stash::open(&setup.path);
    let mut sheet = Sheet::new(setup.schema(), setup.total, setup.editable, left_behind);
    sheet.restore_new_row(new_row);
    let view = View::take_over(frame, &sheet, &setup.path, setup.offset)?;
    let live = Rc::new(Live {
        path: setup.path,
        address: setup.address,
        board,
        view: RefCell::new(view),
        sheet: RefCell::new(sheet),
        scroll: Cell::new(Scroll::new(0, 32.0, 0.0)),
        selection: Cell::new(Selection::at(selection::Cell::new(setup.offset, 0))),
        editor: RefCell::new(None),
        network: RefCell::new(Network::new(stash)),
        drag: Cell::new(None),
        frame: Cell::new(false),
        seen: Cell::new((u64::MAX, u64::MAX)),
        fitted: Cell::new(0),
    });
    live.listen();
    live.fit();
    if setup.offset > 0 {
        live.place(|scroll| Some(scroll.go_to(setup.offset as f64 * scroll.row_height())));
    }
    live.load_seen();
    live.follow();
    live.send_soon();
    Some(live)
}

impl Live {
    /// Does what a button of the frame asks for.
    pub fn run(self: &Rc<Self>, command: Command) {
        match command {
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Delete => {
                self.delete_rows();
                // The button is of no more use; the next key may well be for undo.
                self.focus();
            }
            Command::NewRow => {
                let line = self.sheet.borrow().new_line();
                self.select(Selection::at(selection::Cell::new(line, 0)));
                self.focus();
            }
            Command::EditAgain(id) => self.edit_again(id),
            Command::UseMine(id) => self.use_mine(id),
            Command::Dismiss(id) => {
                self.sheet.borrow_mut().dismiss(id);
                self.focus();
            }
        }
        self.changed();
    }

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
        self.listen_to_keys(&table);
        self.listen_to_mouse(&table, &scroller);
        self.listen_to_clipboard(&table);
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
        self.request_frame();
    }

    /// The keyboard is in the grid.
    fn focus(&self) {
        dom::focus(&self.view.borrow().table);
    }

    /// Something that is shown has changed.
    fn changed(self: &Rc<Self>) {
        if self.sheet.borrow().lines() != self.fitted.get() {
            self.fit();
            self.selection.set(self.selection.get().within(self.extent()));
        }
        let sheet = self.sheet.borrow();
        let steps = sheet.steps();
        if self.board.steps.get_untracked() != steps {
            self.board.steps.set(steps);
        }
        if self.board.notices.with_untracked(|notices| notices != sheet.notices()) {
            self.board.notices.set(sheet.notices().to_vec());
        }
        drop(sheet);
        self.request_frame();
    }

    /// Tells the person something.
    fn say(&self, message: &str) {
        self.board.status.set(Status::Message(message.to_owned()));
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
        if self.frame.replace(true) {
            return;
        }
        let live = Rc::clone(self);
        request_animation_frame(move || {
            live.frame.set(false);
            live.show();
        });
    }

    fn show(self: &Rc<Self>) {
        self.drag_on();
        let window = self.scroll.get().window();
        let selection = self.selection.get();
        let sheet = self.sheet.borrow();
        self.view.borrow_mut().show(&sheet, window, selection);
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
        if self.board.rows.get_untracked() != rows {
            self.board.rows.set(rows);
        }
        let page = match sheet.line(selection.active.row) {
            Line::Row(row, _) if !selection.in_header => Some([&self.address, "/rows/", &row.address].concat()),
            _ => None,
        };
        if self.board.row_page.with_untracked(|shown| *shown != page) {
            self.board.row_page.set(page);
        }
    }
}

/// The first and the last page of the rows from `first` to before `end`.
const fn pages(first: u64, end: u64) -> (u64, u64) {
    (first / super::cache::PAGE, end.saturating_sub(1) / super::cache::PAGE)
}
