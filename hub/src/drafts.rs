//! Drafts: edits that are durable at once and become a commit when their person says so.

mod commit;
mod edit;
mod patch;
mod told;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex},
};

use storage::{Draft, DraftId, PersonName};
use versioning::{Column, Hash, Key, ObjectSource, Root, TableEntry, TableId, overlay::Overlay};

use crate::{
    Actor, ChangeSet, Dataset, DraftView, Error, Event, Findings, Hub, Place, RowChange, TableChange, TableDifference,
    access::Action,
    blocking,
    differences::PAGE,
    findings::{self, RowRules},
    write::Desk,
};

/// A draft with its patches laid over the commit under it.
#[derive(Debug)]
pub(crate) struct LoadedDraft {
    pub(crate) revision: u64,
    pub(crate) base: Hash,
    pub(crate) updated_at: i64,
    tables: BTreeMap<TableId, Overlay>,
}

impl LoadedDraft {
    pub(crate) fn table(&self, id: TableId) -> Option<&Overlay> {
        self.tables.get(&id)
    }

    pub(crate) fn rows(&self, id: TableId, entry: &TableEntry) -> u64 {
        self.table(id).map_or(entry.tree.rows, Overlay::len)
    }

    pub(crate) fn changed_rows(&self) -> u64 {
        self.tables.values().map(|overlay| overlay.patches().len() as u64).sum()
    }
}

/// Drafts in memory. The store has the truth; what is here is used only at the revision that the store names.
#[derive(Default)]
pub(crate) struct Drafts {
    slots: Mutex<HashMap<DraftId, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    loaded: Mutex<Option<Arc<LoadedDraft>>>,
    /// Held while a draft is changed, so that two windows queue instead of failing on each other's revision.
    editing: tokio::sync::Mutex<()>,
}

impl Drafts {
    fn slot(&self, id: &DraftId) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(slots.entry(id.clone()).or_default())
    }
}

impl Slot {
    fn get(&self, revision: u64) -> Option<Arc<LoadedDraft>> {
        let loaded = self.loaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loaded.clone().filter(|draft| draft.revision == revision)
    }

    fn set(&self, draft: Option<Arc<LoadedDraft>>) {
        *self.loaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = draft;
    }
}

pub(crate) fn draft_id(actor: &Actor, dataset: &Dataset, branch: &str) -> DraftId {
    DraftId {
        dataset: storage::DatasetId(dataset.id),
        branch: branch.to_owned(),
        person: PersonName::from(actor.name()),
    }
}

impl Hub {
    /// The draft, if there is one.
    pub(crate) async fn load_draft(&self, id: &DraftId) -> Result<Option<Arc<LoadedDraft>>, Error> {
        let slot = self.shared.drafts.slot(id);
        let Some(Draft { base, revision, updated_at, .. }) = self.store().draft(id).await? else {
            slot.set(None);
            return Ok(None);
        };
        if let Some(loaded) = slot.get(revision) {
            return Ok(Some(loaded));
        }
        let stored = self.store().draft_rows(id, None).await?;
        let tables = self
            .read(move |objects| {
                let root = objects.root(objects.commit(base)?.root)?;
                let mut patches: BTreeMap<TableId, BTreeMap<Key, _>> = BTreeMap::new();
                for row in stored {
                    let Some(entry) = root.tables.get(&row.table) else { continue };
                    let schema = objects.schema(entry.schema)?;
                    let patch = patch::decode(&schema, &row.patch)?;
                    patches.entry(row.table).or_default().insert(Key::from_bytes(row.key), patch);
                }
                let mut tables = BTreeMap::new();
                for (table, patches) in patches {
                    let tree = root.tables.get(&table).map(|entry| entry.tree).unwrap_or_default();
                    tables.insert(table, Overlay::new(objects, tree, patches)?);
                }
                Ok(tables)
            })
            .await?;
        let loaded = Arc::new(LoadedDraft { revision, base, updated_at, tables });
        slot.set(Some(Arc::clone(&loaded)));
        Ok(Some(loaded))
    }

    /// A draft's page: what is not committed. The changes of each table come in pages of 200 rows; `after` asks for a
    /// later page of one table.
    ///
    /// # Errors
    /// There is no such dataset for the person, or it can't be read.
    pub async fn draft(&self, actor: &Actor, place: &Place, after: Option<(TableId, Key)>) -> Result<DraftView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let working = self.working(actor, &dataset, &place.at).await?;
        let summary = working.summary();
        let mut tables = Vec::new();
        let mut findings = Findings::default();
        if let (Some(draft), Some(root)) = (&working.draft, &working.root) {
            findings = self.draft_findings(draft, root).await?;
            for (id, overlay) in &draft.tables {
                let Some(entry) = root.tables.get(id) else { continue };
                let schema = self.schema(entry.schema).await?;
                let from = match &after {
                    Some((table, key)) if table == id => Bound::Excluded(key),
                    _ => Bound::Unbounded,
                };
                let mut patches = overlay.patches().range((from, Bound::Unbounded));
                let changes: Vec<RowChange> = patches
                    .by_ref()
                    .take(PAGE)
                    .map(|(key, patch)| {
                        let row = patch.after.as_ref().or(patch.before.as_ref());
                        RowChange {
                            key_text: row.map(|row| Key::to_text(&schema, row)).unwrap_or_default(),
                            key: key.clone(),
                            before: patch.before.clone(),
                            after: patch.after.clone(),
                        }
                    })
                    .collect();
                let next = patches.next().and_then(|_| changes.last()).map(|last| last.key.clone());
                let table = TableDifference {
                    id: *id,
                    name_before: Some(entry.name.clone()),
                    name_after: Some(entry.name.clone()),
                    before: Some(schema.clone()),
                    after: Some(schema),
                    rows: (entry.tree.rows, overlay.len()),
                    schema: Vec::new(),
                };
                tables.push(TableChange { table, changes, next });
            }
        }
        tables.sort_by(|a, b| a.table.name().cmp(b.table.name()));
        findings.listed.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.table.cmp(&b.table)));
        let changes = ChangeSet { tables, names: BTreeMap::new() };
        let origin = self.origin(actor, &dataset).await?.filter(|origin| origin.archived_at.is_none());
        let origin = origin.map(|origin| origin.path);
        Ok(DraftView { dataset, viewed: working.viewed, summary, origin, changes, findings })
    }

    /// What committing a draft onto the state under it would be refused for, and the warnings that it would bring.
    async fn draft_findings(&self, draft: &Arc<LoadedDraft>, root: &Root) -> Result<Findings, Error> {
        let (objects, draft, root) = (self.store().objects(), Arc::clone(draft), root.clone());
        blocking(move || {
            let source: &dyn ObjectSource = &objects;
            let mut findings = Findings::default();
            let mut is_asked_more = false;
            for (id, entry) in &root.tables {
                let schema = source.schema(entry.schema)?;
                if let Some(overlay) = draft.tables.get(id) {
                    let rules = RowRules::new(&schema);
                    overlay.patches().values().for_each(|patch| rules.add(&entry.name, patch, &mut findings));
                }
                let takes_others = |column: &Column| column.unique || column.target.is_some();
                is_asked_more |= !schema.checks.is_empty() || schema.columns.iter().any(takes_others);
            }
            if is_asked_more {
                let desk = Desk::new(&objects);
                let edited = commit::fold(&desk, &draft, &root)?;
                findings.extend(findings::between(&desk, &root, &edited)?);
            }
            Ok(findings)
        })
        .await
    }

    /// Throws the draft away.
    ///
    /// # Errors
    /// The draft has another revision by now; nothing is thrown away then.
    pub async fn discard(&self, actor: &Actor, place: &Place, revision: u64) -> Result<(), Error> {
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let viewed = self.resolve(&dataset, &place.at).await?;
        let id = draft_id(actor, &dataset, viewed.editable()?);
        let slot = self.shared.drafts.slot(&id);
        let _editing = slot.editing.lock().await;
        self.store().discard_draft(&id, revision).await.map_err(stale_draft)?;
        slot.set(None);
        self.shared.events.send(
            dataset.id,
            Event::Draft { person: actor.name().to_owned(), branch: id.branch.clone(), table: None, revision: 0 },
        );
        Ok(())
    }
}

fn stale_draft(error: storage::StorageError) -> Error {
    if error.is_stale() {
        Error::Stale {
            message: "Your draft has changed since this page was shown, perhaps in another window. Nothing was done: \
                      look at it as it is now and try again."
                .to_owned(),
            cells: Vec::new(),
            misfits: Vec::new(),
            more: 0,
            head: None,
        }
    } else {
        error.into()
    }
}
