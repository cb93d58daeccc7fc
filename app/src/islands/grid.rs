//! The grid: a table's rows as a spreadsheet.
//!
//! The server writes a plain table ([`server`]). In the browser [`live`] takes it over: it shows any part of any number of
//! rows in a constant number of elements and turns what a person does into edits. What there is to decide is decided in
//! modules that know no browser and are tested without one: [`scroll`], [`selection`], [`sheet`] with [`cache`],
//! [`outbox`] and [`history`], [`layout`] and [`tsv`]. The island itself is the frame around the table: its tools, what it
//! says of saving, and what could not be saved.

#![allow(missing_docs, reason = "the island macro makes public items without documentation")]

use leptos::prelude::*;

use crate::{
    url,
    wire::{self, GridSetup},
};

pub mod cache;
pub mod history;
pub mod layout;
#[cfg(feature = "hydrate")]
mod live;
pub mod outbox;
pub mod scroll;
pub mod selection;
#[cfg(feature = "ssr")]
pub mod server;
pub mod sheet;
pub mod tsv;

use self::sheet::Notice;

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

/// What the frame shows of the grid.
#[derive(Clone, Copy)]
pub struct Board {
    /// How saving stands.
    pub status: RwSignal<Status>,
    /// What could not be saved.
    pub notices: RwSignal<Vec<Notice>>,
    /// Whether there is something to undo, and to redo.
    pub steps: RwSignal<(bool, bool)>,
    /// Where the selected row has its page.
    pub row_page: RwSignal<Option<String>>,
    /// Whether something was saved to the draft since the page was made.
    pub saved: RwSignal<bool>,
    /// How many rows are selected that can be deleted.
    pub rows: RwSignal<u64>,
}

/// What a person can ask of the grid with the frame's buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the last step back.
    Undo,
    /// Do it again.
    Redo,
    /// Delete the selected rows.
    Delete,
    /// Go to the blank row at the end.
    NewRow,
    /// Edit what was refused, with what was typed.
    EditAgain(u32),
    /// Write over what somebody else wrote.
    UseMine(u32),
    /// Leave it as it is.
    Dismiss(u32),
}

/// The frame of the grid; its children are the table. `setup` is a packed [`GridSetup`].
#[island]
pub fn Grid(setup: String, children: Children) -> impl IntoView {
    let board = Board {
        status: RwSignal::new(Status::Quiet),
        notices: RwSignal::new(Vec::new()),
        steps: RwSignal::new((false, false)),
        row_page: RwSignal::new(None),
        saved: RwSignal::new(false),
        rows: RwSignal::new(0),
    };
    let setup = wire::from_text::<GridSetup>(&setup);
    let path = setup.as_ref().map(|setup| setup.path.clone());
    let draft = path.as_ref().map(|path| [&url::dataset(&path.owner, &path.dataset), "/draft"].concat());
    let name = path.map(|path| path.table);
    let frame = NodeRef::<leptos::html::Section>::new();
    let grid = StoredValue::new_local(None::<Handle>);
    let command = move |command: Command| {
        grid.with_value(|grid| {
            if let Some(grid) = grid {
                grid.run(command);
            }
        });
    };
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let (Some(frame), Some(setup)) = (frame.get(), setup.clone()) {
            grid.set_value(live::start(&frame, setup, board));
        }
    });
    #[cfg(not(feature = "hydrate"))]
    drop(setup);
    let status = move || match board.status.get() {
        Status::Quiet => String::new(),
        Status::Saving => "Saving…".to_owned(),
        Status::Saved => "Saved to your draft".to_owned(),
        Status::Retrying => "Not saved: the server does not answer. Trying again…".to_owned(),
        Status::Message(message) => message,
    };
    let state = move || match board.status.get() {
        Status::Saving => "saving",
        Status::Saved => "saved",
        Status::Retrying => "retrying",
        Status::Quiet | Status::Message(_) => "quiet",
    };
    view! {
        <section class="grid" node_ref=frame aria-label=name>
            <div class="grid__bar" role="group" aria-label="Table tools">
                <button type="button" class="button button--small" disabled=move || !board.steps.get().0
                    title="Ctrl+Z" on:click=move |_| command(Command::Undo)>"Undo"</button>
                <button type="button" class="button button--small" disabled=move || !board.steps.get().1
                    title="Ctrl+Y" on:click=move |_| command(Command::Redo)>"Redo"</button>
                <button type="button" class="button button--small" on:click=move |_| command(Command::NewRow)>"Add row"</button>
                <button type="button" class="button button--small" disabled=move || board.rows.get() == 0
                    title="Ctrl+Delete" on:click=move |_| command(Command::Delete)>
                    {move || if board.rows.get() > 1 { "Delete rows" } else { "Delete row" }}
                </button>
                <a class="button button--small" href=move || board.row_page.get()>"Open row"</a>
                <a class="button button--small grid__draft" href=draft hidden=move || !board.saved.get()>"Review and commit"</a>
                <p class="grid__status" role="status" aria-live="polite" data-state=state>{status}</p>
            </div>
            {children()}
            <div class="grid__notices">
                <For each=move || board.notices.get() key=|notice| notice.id let:notice>
                    {notice_view(notice, command)}
                </For>
            </div>
        </section>
    }
}

fn notice_view(notice: Notice, command: impl Fn(Command) + Copy + 'static) -> impl IntoView {
    let Notice { id, key, column, place, typed, reason, now } = notice;
    let again = typed.is_some() && key.is_some() && column.is_some();
    let theirs =
        now.map(|now| now.map_or_else(|| "It is empty now.".to_owned(), |now| ["It is now “", &now, "”."].concat()));
    let changed = theirs.is_some();
    view! {
        <div class="grid__notice" role="alert">
            <p>
                <strong>{place}</strong>": "{reason}" "{theirs}
                {typed.map(|typed| view! { " You typed “"<span class="grid__typed">{typed}</span>"”." })}
            </p>
            <p class="grid__choices">
                {changed.then(|| view! {
                    <button type="button" class="button button--small" on:click=move |_| command(Command::UseMine(id))>"Use mine"</button>
                })}
                {again.then(|| view! {
                    <button type="button" class="button button--small" on:click=move |_| command(Command::EditAgain(id))>"Edit again"</button>
                })}
                <button type="button" class="button button--small" on:click=move |_| command(Command::Dismiss(id))>
                    {if changed { "Keep theirs" } else { "Dismiss" }}
                </button>
            </p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
type Handle = std::rc::Rc<live::Live>;

/// On the server there is nothing behind the frame.
#[cfg(not(feature = "hydrate"))]
#[derive(Debug)]
struct Handle;

#[cfg(not(feature = "hydrate"))]
impl Handle {
    fn run(&self, _: Command) {}
}
