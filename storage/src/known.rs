//! What is known of datasets, refs and drafts without asking the database.
//!
//! Every page and every commit begins with the same lookups: the dataset of an address, the head of a branch, whether the
//! person has a draft on it. The store is open in one process and changes them only in its own transactions, so what one
//! has read, others need not read again until one of these has run.
//!
//! A transaction that changes a dataset or a draft holds a [`Forgetting`] from before it begins until it has ended, whether
//! or not its caller has waited; as long as somebody does, nothing is known of the dataset, or of the draft. For others see
//! what it wrote before it has ended, and must not be told what was there before by those who remember it. Who has read
//! before that and notes what it read after it is found out by the number of times that something was forgotten: it notes
//! nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use versioning::Hash;

use crate::{Dataset, DatasetId, Draft, DraftId, PersonName, RefKind};

/// The most datasets and drafts that are known, and the most refs of each dataset.
const MANY: usize = 4096;
/// The most that is told one by one to have changed.
const CHANGES: usize = 100_000;

/// What has changed since it was asked for the last time; perhaps more than that, never less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Too much to tell one by one.
    pub everything: bool,
    /// Datasets that were made, changed or deleted, or whose refs were.
    pub datasets: HashSet<DatasetId>,
    /// Merge requests.
    pub requests: HashSet<(DatasetId, u64)>,
}

impl Changed {
    fn bound(&mut self) {
        if self.datasets.len() + self.requests.len() > CHANGES {
            *self = Self { everything: true, ..Self::default() };
        }
    }
}

/// Datasets by address, and heads by ref.
#[derive(Default)]
pub(crate) struct Known {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// How often something was forgotten.
    forgotten: u64,
    datasets: HashMap<(PersonName, String), Dataset>,
    heads: HashMap<DatasetId, HashMap<(RefKind, String), Option<Hash>>>,
    drafts: HashMap<DraftId, Option<Draft>>,
    /// What transactions change just now, and how many of them do.
    changing: HashMap<What, usize>,
    /// What has been changed, for those who keep something made of it.
    changed: Changed,
}

impl Inner {
    fn forget(&mut self, what: &What) {
        self.forgotten += 1;
        match what {
            What::Everything => {
                self.datasets.clear();
                self.heads.clear();
                self.drafts.clear();
            }
            What::Dataset(id) => {
                self.heads.remove(id);
                self.datasets.retain(|_, dataset| dataset.id != *id);
                self.drafts.retain(|draft, _| draft.dataset != *id);
            }
            What::Draft(id) => {
                self.drafts.remove(id);
            }
        }
    }

    /// Whether what was read since then can be noted.
    fn takes(&self, since: Since, what: &What) -> bool {
        let larger = match what {
            What::Everything | What::Dataset(_) => What::Everything,
            What::Draft(draft) => What::Dataset(draft.dataset),
        };
        let is_changing = |what: &What| self.changing.contains_key(what);
        self.forgotten == since.0 && ![what, &larger, &What::Everything].into_iter().any(is_changing)
    }
}

/// A point in time, from before something is read.
#[derive(Clone, Copy)]
pub(crate) struct Since(u64);

/// Keeps a dataset or a draft forgotten until it is dropped.
pub(crate) struct Forgetting {
    known: Arc<Known>,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    Everything,
    /// With its refs and drafts.
    Dataset(DatasetId),
    Draft(DraftId),
}

impl Known {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, to be taken before reading what will be noted.
    pub(crate) fn now(&self) -> Since {
        Since(self.inner().forgotten)
    }

    pub(crate) fn dataset(&self, owner: &PersonName, name: &str) -> Option<Dataset> {
        self.inner().datasets.get(&(owner.clone(), name.to_owned())).cloned()
    }

    pub(crate) fn note_dataset(&self, since: Since, dataset: &Dataset) {
        let mut inner = self.inner();
        if !inner.takes(since, &What::Dataset(dataset.id)) {
            return;
        }
        make_room(&mut inner.datasets);
        inner.datasets.insert((dataset.owner.clone(), dataset.name.clone()), dataset.clone());
    }

    /// The head of a ref, or that there is no such ref; none when it is not known.
    pub(crate) fn head(&self, dataset: DatasetId, kind: RefKind, name: &str) -> Option<Option<Hash>> {
        self.inner().heads.get(&dataset)?.get(&(kind, name.to_owned())).copied()
    }

    pub(crate) fn note_head(&self, since: Since, dataset: DatasetId, kind: RefKind, name: &str, head: Option<Hash>) {
        let mut inner = self.inner();
        if !inner.takes(since, &What::Dataset(dataset)) {
            return;
        }
        make_room(&mut inner.heads);
        let heads = inner.heads.entry(dataset).or_default();
        make_room(heads);
        heads.insert((kind, name.to_owned()), head);
    }

    /// A draft, or that there is no such draft; none when it is not known.
    pub(crate) fn draft(&self, id: &DraftId) -> Option<Option<Draft>> {
        self.inner().drafts.get(id).cloned()
    }

    pub(crate) fn note_draft(&self, since: Since, id: &DraftId, draft: Option<&Draft>) {
        let mut inner = self.inner();
        if inner.takes(since, &What::Draft(id.clone())) {
            make_room(&mut inner.drafts);
            inner.drafts.insert(id.clone(), draft.cloned());
        }
    }

    /// To be held by a transaction that changes a dataset, its refs or more than one of its drafts, to its end.
    pub(crate) fn forgetting(self: &Arc<Self>, dataset: DatasetId) -> Forgetting {
        self.begin(What::Dataset(dataset))
    }

    /// To be held by a transaction that changes many datasets, to its end.
    pub(crate) fn forgetting_everything(self: &Arc<Self>) -> Forgetting {
        self.begin(What::Everything)
    }

    /// To be held by a transaction that changes a draft, to its end.
    pub(crate) fn forgetting_draft(self: &Arc<Self>, draft: &DraftId) -> Forgetting {
        self.begin(What::Draft(draft.clone()))
    }

    /// To be held by a transaction that changes a merge request, to its end.
    pub(crate) fn changing_request(self: &Arc<Self>, dataset: DatasetId, number: u64) -> ChangingRequest {
        ChangingRequest { known: Arc::clone(self), request: (dataset, number) }
    }

    /// What has changed since the last call.
    pub(crate) fn take_changed(&self) -> Changed {
        std::mem::take(&mut self.inner().changed)
    }

    fn begin(self: &Arc<Self>, what: What) -> Forgetting {
        let mut inner = self.inner();
        inner.forget(&what);
        *inner.changing.entry(what.clone()).or_default() += 1;
        Forgetting { known: Arc::clone(self), what }
    }
}

/// Begins anew when there is too much: what is still asked for is soon known again.
fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= MANY {
        map.clear();
    }
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        let mut inner = self.known.inner();
        inner.forget(&self.what);
        match &self.what {
            What::Everything => inner.changed.everything = true,
            What::Dataset(id) => {
                inner.changed.datasets.insert(*id);
                inner.changed.bound();
            }
            What::Draft(_) => {}
        }
        if let Some(count) = inner.changing.get_mut(&self.what) {
            *count -= 1;
            if *count == 0 {
                inner.changing.remove(&self.what);
            }
        }
    }
}

/// Tells that a merge request has changed, once it is dropped.
pub(crate) struct ChangingRequest {
    known: Arc<Known>,
    request: (DatasetId, u64),
}

impl Drop for ChangingRequest {
    fn drop(&mut self) {
        let mut inner = self.known.inner();
        inner.changed.requests.insert(self.request);
        inner.changed.bound();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_noted_after_it() {
        let known = Arc::new(Known::default());
        let dataset = DatasetId(Uuid::from_u128(1));
        let head = |known: &Known| known.head(dataset, RefKind::Branch, "main");
        let (old, new) = (Some(Hash::of(b"old")), Some(Hash::of(b"new")));
        let before = known.now();
        known.note_head(before, dataset, RefKind::Branch, "main", old);
        assert_eq!(head(&known), Some(old));

        drop(known.forgetting(dataset));
        assert_eq!(head(&known), None);
        known.note_head(before, dataset, RefKind::Branch, "main", old);
        assert_eq!(head(&known), None, "it was read before the change");
        known.note_head(known.now(), dataset, RefKind::Branch, "main", new);
        assert_eq!(head(&known), Some(new));

        // Others see what a transaction wrote before it has ended.
        let (one, another) = (known.forgetting(dataset), known.forgetting(dataset));
        for changing in [one, another] {
            assert_eq!(head(&known), None);
            known.note_head(known.now(), dataset, RefKind::Branch, "main", old);
            assert_eq!(head(&known), None, "one of them has not ended");
            drop(changing);
        }
        known.note_head(known.now(), dataset, RefKind::Branch, "main", new);
        assert_eq!(head(&known), Some(new));

        drop(known.changing_request(dataset, 7));
        let changed = known.take_changed();
        assert_eq!((changed.datasets, changed.requests), ([dataset].into(), [(dataset, 7)].into()));
        assert_eq!(known.take_changed(), Changed::default());
        drop(known.forgetting_everything());
        assert!(known.take_changed().everything);

        known.note_head(known.now(), dataset, RefKind::Branch, "main", new);
        let draft = DraftId { dataset, branch: "main".to_owned(), person: "ada".into() };
        known.note_draft(known.now(), &draft, None);
        assert_eq!(known.draft(&draft), Some(None), "that there is none is known too");
        drop(known.forgetting_draft(&draft));
        assert_eq!((known.draft(&draft), head(&known)), (None, Some(new)));
    }
}
