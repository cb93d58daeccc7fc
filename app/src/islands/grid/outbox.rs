//! Edits that the server has not acknowledged: shown as if they were saved, sent in order, kept until the answer.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use versioning::{ColumnId, Key};

use crate::wire::Edit;

/// The most edits of one request.
const LIMIT: usize = 1_000;

/// An edit on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The edit.
    pub edit: Edit,
    /// The key that its row has afterwards.
    pub key_after: Key,
}

/// What is not acknowledged of one row.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// The latest content of cells.
    pub cells: Vec<(ColumnId, Option<String>)>,
    /// The key that the row will have; none while it stays.
    pub key: Option<Key>,
    /// Whether the row will be gone.
    pub deleted: bool,
}

/// The queue.
#[derive(Debug)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    /// How many of the first entries are being sent.
    sending: usize,
    limit: usize,
    /// By the key under which the row was loaded.
    pending: HashMap<Key, Pending>,
    /// New rows: positions of their entries.
    inserted: Vec<usize>,
}

impl Outbox {
    /// With entries that an earlier page left behind.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut outbox =
            Self { entries: entries.into(), sending: 0, limit: LIMIT, pending: HashMap::new(), inserted: Vec::new() };
        outbox.project();
        outbox
    }

    /// Everything that is not acknowledged, in order.
    #[must_use]
    pub const fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Whether all is acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds edits at the end.
    pub fn extend(&mut self, edits: impl IntoIterator<Item = (Edit, Key)>) {
        let entries = edits.into_iter().map(|(edit, key_after)| Entry { edit, key_after });
        self.entries.extend(entries);
        self.project();
    }

    /// What is to be sent now; none while an answer is awaited.
    pub fn batch(&mut self) -> Option<Vec<Edit>> {
        if self.sending > 0 || self.entries.is_empty() {
            return None;
        }
        self.sending = self.entries.len().min(self.limit);
        Some(self.entries.iter().take(self.sending).map(|entry| entry.edit.clone()).collect())
    }

    /// All that was sent is acknowledged.
    pub fn saved(&mut self) -> Vec<Entry> {
        let entries = self.entries.drain(..self.sending).collect();
        self.sending = 0;
        self.limit = (self.limit * 2).min(LIMIT);
        self.project();
        entries
    }

    /// There was no answer: the same edits will be sent again.
    pub fn unanswered(&mut self) {
        self.sending = 0;
    }

    /// Not all that was sent can be done. If it was one edit, it is taken out and given back; otherwise fewer will be sent
    /// together, until the one is found.
    pub fn refused(&mut self) -> Option<Entry> {
        let sent = std::mem::take(&mut self.sending);
        if sent != 1 {
            self.limit = (sent / 2).max(1);
            return None;
        }
        let entry = self.entries.pop_front()?;
        self.forget(&entry);
        self.project();
        Some(entry)
    }

    /// What is not acknowledged of the row that was loaded under this key.
    #[must_use]
    pub fn pending(&self, key: &Key) -> Option<&Pending> {
        self.pending.get(key)
    }

    /// The key by which to speak of the row that was loaded under this key.
    #[must_use]
    pub fn latest_key<'a>(&'a self, key: &'a Key) -> &'a Key {
        self.pending(key).and_then(|pending| pending.key.as_ref()).unwrap_or(key)
    }

    /// New rows that are not acknowledged.
    pub fn inserted(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.inserted.iter().map(|position| &self.entries[*position])
    }

    /// Later edits that build on this one go on from what was there before it.
    fn forget(&mut self, refused: &Entry) {
        match &refused.edit {
            Edit::Insert { key, .. } | Edit::Delete { key, .. } => self.entries.retain(|entry| entry.edit.key() != key),
            Edit::Update { key, cells } => {
                for entry in &mut self.entries {
                    if entry.edit.key() != &refused.key_after {
                        continue;
                    }
                    if entry.key_after == refused.key_after {
                        entry.key_after = key.clone();
                    }
                    entry.edit.set_key(key.clone());
                    if let Edit::Update { cells: later, .. } = &mut entry.edit {
                        for cell in later {
                            let earlier = cells.iter().find(|earlier| earlier.column == cell.column);
                            if let Some(earlier) = earlier.filter(|earlier| earlier.after == cell.before) {
                                cell.before.clone_from(&earlier.before);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Works out how rows look once all is done.
    fn project(&mut self) {
        self.pending.clear();
        self.inserted.clear();
        let mut loaded_as: HashMap<&Key, &Key> = HashMap::new();
        for (position, entry) in self.entries.iter().enumerate() {
            let key = entry.edit.key();
            let origin = loaded_as.get(key).copied().unwrap_or(key);
            match &entry.edit {
                Edit::Update { cells, .. } => {
                    let pending = self.pending.entry(origin.clone()).or_default();
                    for cell in cells {
                        pending.cells.retain(|(column, _)| *column != cell.column);
                        pending.cells.push((cell.column, cell.after.clone()));
                    }
                    if &entry.key_after != key {
                        loaded_as.insert(&entry.key_after, origin);
                        pending.key = Some(entry.key_after.clone());
                    }
                }
                Edit::Insert { .. } => match self.pending.get_mut(origin) {
                    Some(pending) if pending.deleted => pending.deleted = false,
                    _ => self.inserted.push(position),
                },
                Edit::Delete { .. } => {
                    let entries = &self.entries;
                    let new = self.inserted.iter().position(|inserted| entries[*inserted].edit.key() == key);
                    match new {
                        Some(new) => drop(self.inserted.remove(new)),
                        None => self.pending.entry(origin.clone()).or_default().deleted = true,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CellEdit;

    const NAME: ColumnId = ColumnId(1);

    fn key(name: &str) -> Key {
        Key::from_bytes(name.as_bytes())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn update(name: &str, before: &str, after: &str) -> (Edit, Key) {
        rekey(name, before, after, name)
    }

    fn rekey(name: &str, before: &str, after: &str, key_after: &str) -> (Edit, Key) {
        let cells = vec![CellEdit { column: NAME, before: some(before), after: some(after) }];
        (Edit::Update { key: key(name), cells }, key(key_after))
    }

    fn insert(name: &str) -> (Edit, Key) {
        (Edit::Insert { key: key(name), cells: vec![] }, key(name))
    }

    fn delete(name: &str) -> (Edit, Key) {
        (Edit::Delete { key: key(name), cells: vec![] }, key(name))
    }

    fn outbox(edits: impl IntoIterator<Item = (Edit, Key)>) -> Outbox {
        let mut outbox = Outbox::new(Vec::new());
        outbox.extend(edits);
        outbox
    }

    #[test]
    fn one_request_at_a_time_in_order() {
        let mut outbox = outbox([update("a", "1", "2")]);
        assert_eq!(outbox.batch().map(|batch| batch.len()), Some(1));
        outbox.extend([update("a", "2", "3")]);
        assert_eq!(outbox.batch(), None, "an answer is awaited");
        assert_eq!(outbox.saved().len(), 1);
        assert_eq!(outbox.batch(), Some(vec![update("a", "2", "3").0]));
        outbox.unanswered();
        assert_eq!(outbox.batch().map(|batch| batch.len()), Some(1), "it is sent again");
        outbox.saved();
        assert!(outbox.is_empty());
    }

    #[test]
    fn the_latest_content_is_shown() {
        let outbox = outbox([update("a", "1", "2"), update("a", "2", "3"), delete("b")]);
        assert_eq!(outbox.pending(&key("a")).map(|pending| pending.cells.clone()), Some(vec![(NAME, some("3"))]));
        assert!(outbox.pending(&key("b")).is_some_and(|pending| pending.deleted));
        assert_eq!(outbox.pending(&key("c")), None);
    }

    #[test]
    fn a_row_is_followed_to_its_new_key() {
        let outbox = outbox([rekey("a", "1", "2", "b"), update("b", "2", "3")]);
        let pending = outbox.pending(&key("a")).expect("it was loaded under this key");
        assert_eq!((pending.key.as_ref(), &pending.cells), (Some(&key("b")), &vec![(NAME, some("3"))]));
    }

    #[test]
    fn new_rows_until_they_are_taken_back() {
        let mut outbox = outbox([insert("a"), insert("b"), delete("a"), delete("c"), insert("c")]);
        assert_eq!(outbox.inserted().map(|entry| entry.edit.key().clone()).collect::<Vec<_>>(), [key("b")]);
        assert!(outbox.pending(&key("c")).is_some_and(|pending| !pending.deleted));
        outbox.batch();
        outbox.saved();
        assert_eq!(outbox.inserted().len(), 0);
    }

    #[test]
    fn the_refused_edit_is_found_among_many_and_the_others_are_sent() {
        let mut outbox = outbox((0..5).map(|row| update(&row.to_string(), "1", if row == 3 { "bad" } else { "2" })));
        let mut refused = Vec::new();
        let mut saved = 0;
        while let Some(batch) = outbox.batch() {
            if batch.contains(&update("3", "1", "bad").0) {
                refused.extend(outbox.refused());
            } else {
                saved += outbox.saved().len();
            }
        }
        assert_eq!((saved, refused.len()), (4, 1));
        assert_eq!(refused[0].edit.key(), &key("3"));
    }

    #[test]
    fn later_edits_go_on_from_what_was_there_before_a_refused_one() {
        let mut outbox = outbox([rekey("a", "1", "bad", "b"), update("b", "bad", "3")]);
        outbox.batch();
        assert_eq!(outbox.refused(), None, "first it must be found");
        assert_eq!(outbox.batch().map(|batch| batch.len()), Some(1));
        assert!(outbox.refused().is_some());
        assert_eq!(outbox.batch(), Some(vec![update("a", "1", "3").0]));
        assert_eq!(outbox.entries()[0].key_after, key("a"));
    }
}
