//! To and from the server: rows, edits, and what others do meanwhile.

use std::{collections::HashMap, rc::Rc, time::Duration};

use futures::future::{AbortHandle, abortable};
use leptos::{
    prelude::{set_timeout, window},
    task::spawn_local,
};
use web_sys::{Event, EventSource, MessageEvent};

use super::{Live, dom::on, frame::Status, stash::Stash};
use crate::{
    api,
    islands::grid::{cache::PAGE, sheet::Reload},
    url,
    wire::{Edited, Fault},
};

/// The first pause after the server did not answer, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));

/// What is under way.
pub struct Network {
    stash: Stash,
    loading: HashMap<u64, AbortHandle>,
    /// Whether edits will be sent as soon as the current event is over.
    send_soon: bool,
    /// The pause before the next attempt to send, and to load.
    pauses: (Duration, Duration),
    /// Revisions of the draft that this grid has made: nothing of them is news.
    own: Vec<u64>,
    /// Whether somebody else has changed something while an answer was awaited.
    news: Vec<u64>,
    /// Whether a request with edits is under way.
    sending: bool,
}

impl Network {
    pub fn new(stash: Stash) -> Self {
        Self {
            stash,
            loading: HashMap::new(),
            send_soon: false,
            pauses: (PAUSE.0, PAUSE.0),
            own: Vec::new(),
            news: Vec::new(),
            sending: false,
        }
    }
}

impl Live {
    /// Loads the rows that are seen, and then those around them.
    pub(super) fn load_seen(self: &Rc<Self>) {
        let window = self.scroll.get().window();
        let total = self.sheet.borrow().total();
        let page = self.scroll.get().page();
        let mut plan = self.sheet.borrow_mut().cache.plan(window.first.min(total), window.end.min(total));
        if plan.fetch.is_empty() && self.network.borrow().loading.is_empty() {
            let (first, end) = (window.first.saturating_sub(2 * page), (window.end + 2 * page).min(total));
            plan = self.sheet.borrow_mut().cache.plan(first.min(total), end);
        }
        for page in plan.abort {
            if let Some(request) = self.network.borrow_mut().loading.remove(&page) {
                request.abort();
            }
        }
        for page in plan.fetch {
            self.load(page);
        }
    }

    fn load(self: &Rc<Self>, page: u64) {
        let request = api::load_rows(self.path.clone(), page * PAGE, PAGE as u32);
        let (request, handle) = abortable(request);
        self.network.borrow_mut().loading.insert(page, handle);
        let live = Rc::clone(self);
        spawn_local(async move {
            let Ok(answer) = request.await else { return };
            live.network.borrow_mut().loading.remove(&page);
            match answer {
                Ok(rows) => {
                    live.network.borrow_mut().pauses.1 = PAUSE.0;
                    let fits = live.sheet.borrow_mut().loaded(page, rows);
                    if !fits {
                        return live.say("The columns of this table have changed. Load the page again to see them.");
                    }
                    if !live.sheet.borrow().outbox.is_empty() {
                        live.send_soon();
                    }
                    live.changed();
                }
                Err(fault) => live.not_loaded(page, &fault),
            }
        });
    }

    /// Loads the row that something was typed into before it was there, wherever the person has gone since.
    pub(super) fn load_typed_ahead(self: &Rc<Self>, row: u64) {
        let live = Rc::clone(self);
        spawn_local(async move {
            let page = row / PAGE;
            match api::load_rows(live.path.clone(), page * PAGE, PAGE as u32).await {
                Ok(rows) => {
                    live.sheet.borrow_mut().loaded_aside(page, rows);
                    live.send_soon();
                    live.changed();
                }
                Err(Fault::Refused { reason }) => live.say(&reason),
                Err(Fault::Unreachable) => {
                    live.say_status(Status::Retrying);
                    set_timeout(move || live.load_typed_ahead(row), PAUSE.0);
                }
            }
        });
    }

    fn not_loaded(self: &Rc<Self>, page: u64, fault: &Fault) {
        if let Fault::Refused { reason } = fault {
            // Asking again would be answered in the same way, so the page stays marked as under way.
            return self.say(reason);
        }
        self.say_status(Status::Retrying);
        let pause = self.network.borrow().pauses.1;
        self.network.borrow_mut().pauses.1 = (pause * 2).min(PAUSE.1);
        let live = Rc::clone(self);
        set_timeout(
            move || {
                live.sheet.borrow_mut().cache.failed(page);
                live.request_frame();
            },
            pause,
        );
    }

    /// Keeps what is not acknowledged.
    pub(super) fn keep(&self) {
        let sheet = self.sheet.borrow();
        self.network.borrow_mut().stash.write(sheet.unsaved(), sheet.new_row());
    }

    /// Sends edits once the current event is over, so that what belongs together goes together.
    pub(super) fn send_soon(self: &Rc<Self>) {
        self.keep();
        if self.sheet.borrow().outbox.is_empty() {
            return;
        }
        if std::mem::replace(&mut self.network.borrow_mut().send_soon, true) {
            return;
        }
        let live = Rc::clone(self);
        spawn_local(async move {
            live.network.borrow_mut().send_soon = false;
            live.send();
        });
    }

    fn send(self: &Rc<Self>) {
        let Some(batch) = self.sheet.borrow_mut().outbox.batch() else { return };
        if *self.frame.borrow().status() != Status::Retrying {
            self.say_status(Status::Saving);
        }
        self.network.borrow_mut().sending = true;
        let live = Rc::clone(self);
        spawn_local(async move {
            let answer = api::save_edits(live.path.clone(), batch).await;
            live.network.borrow_mut().sending = false;
            live.answered(answer);
            live.keep();
            live.look_at_news();
            live.changed();
        });
    }

    fn answered(self: &Rc<Self>, answer: Result<Edited, Fault>) {
        if !matches!(answer, Err(Fault::Unreachable)) {
            self.network.borrow_mut().pauses.0 = PAUSE.0;
        }
        match answer {
            Ok(Edited::Saved { revision, total, findings }) => {
                let follow = self.key_to_follow();
                let reload = self.sheet.borrow_mut().saved(total, &findings);
                {
                    let mut network = self.network.borrow_mut();
                    network.own.push(revision);
                    let excess = network.own.len().saturating_sub(64);
                    network.own.drain(..excess);
                }
                let done = self.sheet.borrow().outbox.is_empty();
                if reload == Reload::Rows {
                    self.load_seen();
                    if let Some(key) = follow {
                        self.follow_row(key);
                    }
                }
                if done {
                    self.say_status(Status::Saved);
                }
                if let Some((_, finding)) = findings.first().and_then(|(_, findings)| findings.first()) {
                    self.say(&["Saved to your draft. ", finding].concat());
                }
            }
            Ok(Edited::Refused { reason }) | Err(Fault::Refused { reason }) => {
                let mut sheet = self.sheet.borrow_mut();
                if let Some(entry) = sheet.outbox.refused() {
                    sheet.refused(&entry, &reason);
                    drop(sheet);
                    self.say("Not saved: see below.");
                }
            }
            Ok(Edited::Stale { reason, cells }) => {
                let mut sheet = self.sheet.borrow_mut();
                if let Some(entry) = sheet.outbox.refused() {
                    sheet.stale(&entry, &reason, &cells);
                    let told = !sheet.notices().is_empty();
                    drop(sheet);
                    if told {
                        self.say("Not saved: it was changed meanwhile. See below.");
                    }
                    self.load_seen();
                }
            }
            Err(Fault::Unreachable) => {
                self.sheet.borrow_mut().outbox.unanswered();
                self.say_status(Status::Retrying);
                let pause = self.network.borrow().pauses.0;
                self.network.borrow_mut().pauses.0 = (pause * 2).min(PAUSE.1);
                let live = Rc::clone(self);
                return set_timeout(move || live.send_soon(), pause);
            }
        }
        self.send_soon();
    }

    /// The key that the active row is about to get, if its key is being changed.
    fn key_to_follow(&self) -> Option<versioning::Key> {
        let sheet = self.sheet.borrow();
        let super::Line::Row(_, Some(pending)) = sheet.line(self.selection.get().active.row) else { return None };
        pending.key.clone()
    }

    /// Hears of what others do, and of what this person does in other windows.
    pub(super) fn follow(self: &Rc<Self>) {
        let address = [&url::dataset(&self.path.owner, &self.path.dataset), "/events"].concat();
        let Ok(events) = EventSource::new(&address) else { return };
        let live = Rc::clone(self);
        on(&events, "draft", move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            let Ok(draft) = js_sys::JSON::parse(&text) else { return };
            let part = |name: &str| js_sys::Reflect::get(&draft, &name.into()).ok();
            let table = part("table").and_then(|table| table.as_string());
            if table.is_none_or(|table| table == live.path.table) {
                let revision = part("revision").and_then(|revision| revision.as_f64()).unwrap_or_default();
                live.network.borrow_mut().news.push(revision as u64);
                live.look_at_news();
            }
        });
        for everything in ["head", "missed"] {
            let live = Rc::clone(self);
            on(&events, everything, move |_: MessageEvent| live.refresh());
        }
        // What happened while the connection was down is not told again.
        let (live, mut first) = (Rc::clone(self), true);
        on(&events, "open", move |_: Event| {
            if !std::mem::take(&mut first) {
                live.refresh();
                live.send_soon();
            }
        });
        let closing = events.clone();
        on(&window(), "pagehide", move |_: Event| closing.close());
        let live = Rc::clone(self);
        on(&window(), "online", move |_: Event| live.send_soon());
        let live = Rc::clone(self);
        on(&window(), "pageshow", move |event: web_sys::PageTransitionEvent| {
            if event.persisted() {
                live.refresh();
            }
        });
        std::mem::forget(events);
    }

    /// Loads again what is shown if somebody else has changed the draft.
    fn look_at_news(self: &Rc<Self>) {
        let mut network = self.network.borrow_mut();
        // While an answer is awaited, nobody knows whether the news is our own doing.
        if network.sending || network.news.is_empty() {
            return;
        }
        let news = std::mem::take(&mut network.news);
        let others = news.iter().any(|revision| !network.own.contains(revision));
        drop(network);
        if others {
            self.refresh();
        }
    }

    fn refresh(self: &Rc<Self>) {
        self.sheet.borrow_mut().cache.invalidate();
        self.load_seen();
    }
}
