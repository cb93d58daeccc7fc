//! What was typed and is not acknowledged, kept by the browser: a closed window or a crash loses nothing.
//!
//! Each window keeps its own. A window that opens takes over what windows left behind that are gone; a window that
//! waits for the server says so by keeping its stash young. Taking over too early does no harm: every edit says what it
//! found, and finding its own work done is success.

use js_sys::Date;
use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use web_sys::Storage;

use crate::{
    islands::grid::outbox::Entry,
    wire::{self, TablePath},
};

/// A stash is left behind when nobody touched it for this many milliseconds.
const LEFT_BEHIND: u64 = 30_000;

/// The place of one window's stash.
pub struct Stash {
    storage: Option<Storage>,
    name: String,
    empty: bool,
}

#[derive(Serialize, Deserialize)]
struct Kept<E> {
    /// Milliseconds since 1970.
    touched: u64,
    entries: E,
    new_row: Vec<Option<String>>,
}

impl Stash {
    /// This window's stash, and what it and windows that are gone have left behind: edits, and what was typed into the
    /// blank row.
    pub fn open(path: &TablePath) -> (Self, Vec<Entry>, Vec<Option<String>>) {
        let storage = window().local_storage().ok().flatten();
        let prefix = ["anabranch.outbox/", &path.owner, "/", &path.dataset, "/", &path.table, "/"].concat();
        let mut stash = Self { storage, name: prefix.clone() + &window_id(), empty: true };
        let (mut entries, mut new_row) = (Vec::new(), Vec::new());
        for name in stash.names(&prefix) {
            let Some(kept) = stash.read(&name) else { continue };
            let own = name == stash.name;
            if !own && now().saturating_sub(kept.touched) < LEFT_BEHIND {
                continue;
            }
            entries.extend(kept.entries);
            if own || new_row.is_empty() {
                new_row = kept.new_row;
            }
            stash.remove(&name);
        }
        stash.write(&entries, &new_row);
        (stash, entries, new_row)
    }

    /// Keeps this until the next time.
    pub fn write<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>, new_row: &[Option<String>]) {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        if entries.is_empty() && new_row.iter().all(Option::is_none) {
            if !self.empty {
                self.remove(&self.name);
                self.empty = true;
            }
            return;
        }
        self.empty = false;
        let kept = Kept { touched: now(), entries, new_row: new_row.to_vec() };
        if let Some(storage) = &self.storage {
            // A full or forbidden storage costs the safety net, not the edit: that is on its way to the server.
            let _ = storage.set_item(&self.name, &wire::to_text(&kept));
        }
    }

    fn names(&self, prefix: &str) -> Vec<String> {
        let Some(storage) = &self.storage else { return Vec::new() };
        let names = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok()?);
        names.filter(|name| name.strip_prefix(prefix).is_some_and(|id| !id.contains('/'))).collect()
    }

    fn read(&self, name: &str) -> Option<Kept<Vec<Entry>>> {
        let text = self.storage.as_ref()?.get_item(name).ok()??;
        wire::from_text(&text)
    }

    fn remove(&self, name: &str) {
        if let Some(storage) = &self.storage {
            let _ = storage.remove_item(name);
        }
    }
}

/// Tells windows apart; the same after a reload.
fn window_id() -> String {
    const NAME: &str = "anabranch.window";
    let storage = window().session_storage().ok().flatten();
    let known = storage.as_ref().and_then(|storage| storage.get_item(NAME).ok()?);
    known.unwrap_or_else(|| {
        let id = super::dom::uuid();
        if let Some(storage) = storage {
            let _ = storage.set_item(NAME, &id);
        }
        id
    })
}

fn now() -> u64 {
    Date::now() as u64
}
