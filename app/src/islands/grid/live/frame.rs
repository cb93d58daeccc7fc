//! The frame of the table: its tools, what it says of saving, and what could not be saved.

use std::rc::Rc;

use web_sys::{Event, HtmlElement};

use super::{
    Live,
    dom::{create, find, on, set, set_or_remove},
};
use crate::islands::grid::sheet::Notice;

/// How saving stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing was done yet.
    #[default]
    Quiet,
    /// Edits are on their way.
    Saving,
    /// All is in the draft.
    Saved,
    /// The server does not answer.
    Retrying,
    /// Something else the person should know.
    Message(String),
}

/// The elements, and what they show.
pub struct Frame {
    status_line: HtmlElement,
    notice_list: HtmlElement,
    undo: HtmlElement,
    redo: HtmlElement,
    delete: HtmlElement,
    open: HtmlElement,
    draft: HtmlElement,
    status: Status,
    steps: (bool, bool),
    rows: u64,
    row_page: Option<String>,
    notices: Vec<(Notice, HtmlElement)>,
}

impl Frame {
    /// The frame that the server wrote; none if it is not there.
    pub fn take_over(root: &HtmlElement) -> Option<Self> {
        Some(Self {
            status_line: find(root, ".grid__status")?,
            notice_list: find(root, ".grid__notices")?,
            undo: find(root, "[data-command=undo]")?,
            redo: find(root, "[data-command=redo]")?,
            delete: find(root, "[data-command=delete]")?,
            open: find(root, ".grid__open")?,
            draft: find(root, ".grid__draft")?,
            status: Status::Quiet,
            steps: (false, false),
            rows: 0,
            row_page: None,
            notices: Vec::new(),
        })
    }

    /// How saving stands.
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Says how saving stands.
    pub fn set_status(&mut self, status: Status) {
        if self.status == status {
            return;
        }
        let (state, text) = match &status {
            Status::Quiet => ("quiet", ""),
            Status::Saving => ("saving", "Saving…"),
            Status::Saved => ("saved", "Saved to your draft"),
            Status::Retrying => ("retrying", "Not saved: the server does not answer. Trying again…"),
            Status::Message(message) => ("quiet", message.as_str()),
        };
        set(&self.status_line, "data-state", state);
        self.status_line.set_text_content(Some(text));
        if status == Status::Saved {
            self.draft.set_hidden(false);
        }
        self.status = status;
    }

    /// Offers what can be undone and redone.
    pub fn set_steps(&mut self, steps: (bool, bool)) {
        if self.steps != steps {
            self.steps = steps;
            set_or_remove(&self.undo, "disabled", (!steps.0).then_some(""));
            set_or_remove(&self.redo, "disabled", (!steps.1).then_some(""));
        }
    }

    /// Offers to delete this many rows.
    pub fn set_rows(&mut self, rows: u64) {
        if self.rows != rows {
            self.rows = rows;
            set_or_remove(&self.delete, "disabled", (rows == 0).then_some(""));
            self.delete.set_text_content(Some(if rows > 1 { "Delete rows" } else { "Delete row" }));
        }
    }

    /// Leads to the page of the selected row.
    pub fn set_row_page(&mut self, page: Option<String>) {
        if self.row_page != page {
            set_or_remove(&self.open, "href", page.as_deref());
            self.row_page = page;
        }
    }
}

impl Live {
    pub(super) fn listen_to_tools(self: &Rc<Self>, root: &HtmlElement) {
        for (name, run) in [
            ("undo", Live::undo as fn(&Rc<Self>)),
            ("redo", Live::redo),
            ("delete", |live: &Rc<Self>| {
                live.delete_rows();
                // The button is of no more use; the next key may well be for undo.
                live.focus();
            }),
            ("add", Live::go_to_new_row),
        ] {
            let Some(button) = find(root, &["[data-command=", name, "]"].concat()) else { continue };
            let live = Rc::clone(self);
            on(&button, "click", move |_: Event| run(&live));
        }
    }

    /// Shows what could not be saved.
    pub(super) fn show_notices(self: &Rc<Self>) {
        let sheet = self.sheet.borrow();
        let mut frame = self.frame.borrow_mut();
        frame.notices.retain(|(shown, element)| {
            let stays = sheet.notices().contains(shown);
            if !stays {
                element.remove();
            }
            stays
        });
        let missing = |notice: &&Notice| frame.notices.iter().all(|(shown, _)| shown != *notice);
        let new: Vec<Notice> = sheet.notices().iter().filter(missing).cloned().collect();
        drop(sheet);
        for notice in new {
            if let Some(element) = self.notice(&notice) {
                let _ = frame.notice_list.append_child(&element);
                frame.notices.push((notice, element));
            }
        }
    }

    fn notice(self: &Rc<Self>, notice: &Notice) -> Option<HtmlElement> {
        let element = create("div", "grid__notice")?;
        set(&element, "role", "alert");
        let mut text = [&notice.place, ": ", notice.reason.trim_end_matches('.'), "."].concat();
        if let Some(now) = &notice.now {
            match now {
                Some(now) => text += &[" It is now “", now, "”."].concat(),
                None => text += " It is empty now.",
            }
        }
        if let Some(typed) = &notice.typed {
            text += &[" You typed “", typed, "”."].concat();
        }
        let paragraph = create("p", "")?;
        paragraph.set_text_content(Some(&text));
        element.append_child(&paragraph).ok()?;
        let choices = create("p", "grid__choices")?;
        let id = notice.id;
        let choice = |label: &str, run: fn(&Rc<Self>, u32)| {
            let button = create("button", "button button--small")?;
            set(&button, "type", "button");
            button.set_text_content(Some(label));
            let live = Rc::clone(self);
            on(&button, "click", move |_: Event| run(&live, id));
            choices.append_child(&button).ok()
        };
        if notice.now.is_some() {
            choice("Use mine", Live::use_mine)?;
        }
        let held = self.sheet.borrow().line_of_held(id).is_some();
        if held || notice.typed.is_some() && notice.key.is_some() && notice.column.is_some() {
            choice("Edit again", Live::edit_again)?;
        }
        choice(if notice.now.is_some() { "Keep theirs" } else { "Dismiss" }, Live::dismiss)?;
        element.append_child(&choices).ok()?;
        Some(element)
    }
}
