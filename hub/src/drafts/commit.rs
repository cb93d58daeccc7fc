//! Committing a draft: its patches are folded into the trees of the branch's head in one batch.

use std::collections::BTreeMap;

use storage::{Chunk, CommitWrite, DatasetId};
use versioning::{
    ChunkSink, Commit, Hash, Key, Object, ObjectSource, Root, Row, Schema, WriteError, frame, overlay::Patch,
};

use super::{LoadedDraft, draft_id, stale_draft};
use crate::{Actor, Error, Event, Hub, Place, Settle, Side, StaleCell, access::Action, now};

/// The longest commit message in characters.
const MAX_MESSAGE: usize = 10_000;
/// How often a commit is tried again when others move the branch meanwhile.
const ATTEMPTS: usize = 8;

/// New chunks, packed, until they are written together.
#[derive(Default)]
pub(crate) struct Frames(pub(crate) Vec<(Hash, Vec<u8>)>);

impl ChunkSink for Frames {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.0.push((hash, frame::pack(&bytes)));
        Ok(())
    }
}

/// A commit's message as it is kept: without space at its ends, not empty, not too long.
pub(crate) fn message(text: &str) -> Result<String, Error> {
    let text = text.trim().replace("\r\n", "\n");
    if text.is_empty() {
        return Err(Error::invalid("message", "Say in a few words what you changed and why."));
    }
    if text.chars().count() > MAX_MESSAGE {
        return Err(Error::invalid("message", "A message has at most 10,000 characters."));
    }
    Ok(text)
}

impl Hub {
    /// Makes the person's draft, as it was at `revision`, a commit on its branch, and returns its hash. Where
    /// the branch has moved on, rows and cells that only one side changed are put together; what both changed is
    /// settled as the person says, if the branch is still where it was when they decided.
    ///
    /// # Errors
    /// [`Error::Stale`] when the draft has another revision by now, or names the cells that both the draft and the
    /// branch changed; the draft stays as it is.
    pub async fn commit(
        &self,
        actor: &Actor,
        place: &Place,
        revision: u64,
        text: &str,
        settle: Option<Settle>,
    ) -> Result<Hash, Error> {
        let text = message(text)?;
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let viewed = self.resolve(&dataset, &place.at).await?;
        let branch = viewed.editable()?;
        let id = draft_id(actor, &dataset, branch);
        let slot = self.shared.drafts.slot(&id);
        let _editing = slot.editing.lock().await;
        let draft = self.load_draft(&id).await?.filter(|draft| draft.revision == revision);
        let Some(draft) = draft else {
            return Err(Error::Stale {
                message: "Your draft has changed since this page was shown, perhaps in another window. Nothing was \
                          committed: look at it as it is now and try again."
                    .to_owned(),
                cells: Vec::new(),
                head: None,
            });
        };
        for _ in 0..ATTEMPTS {
            let head = self.branch_head(&dataset, branch).await?.ok_or_else(|| Error::not_found("branch"))?;
            let at = now();
            let (folded, author, text) = (std::sync::Arc::clone(&draft), actor.name().to_owned(), text.clone());
            let (new, frames) = self
                .read(move |objects| {
                    let mut frames = Frames::default();
                    let keep = settle.filter(|settle| settle.head == head).map(|settle| settle.keep);
                    let root = fold(objects, &mut frames, &folded, head, keep)?;
                    let root = store(&Object::Root(root), &mut frames)?;
                    let commit = Commit { root, parents: vec![head], author, time: at, message: text };
                    Ok((store(&Object::Commit(commit), &mut frames)?, frames.0))
                })
                .await?;
            let write = CommitWrite {
                chunks: self.put_all_but_last(frames).await?,
                dataset: DatasetId(dataset.id),
                branch: branch.to_owned(),
                expected: Some(head),
                new,
                parents: vec![head],
                at,
                draft: Some((id.clone(), revision)),
                job: None,
            };
            match self.store().commit(write).await {
                Ok(()) => {
                    slot.set(None);
                    let person = actor.name().to_owned();
                    self.shared
                        .events
                        .send(dataset.id, Event::Draft { person, branch: branch.to_owned(), table: None, revision: 0 });
                    self.shared.events.send(dataset.id, Event::Head { branch: branch.to_owned(), commit: new });
                    return Ok(new);
                }
                Err(storage::StorageError::StaleHead { .. }) => {}
                Err(error) => return Err(stale_draft(error)),
            }
        }
        Err(Error::State {
            message: "Others keep committing to this branch. Your draft is safe; try again.".to_owned(),
        })
    }

    /// Writes chunks in batches that the store takes.
    pub(crate) async fn put_frames(&self, frames: Vec<(Hash, Vec<u8>)>) -> Result<(), Error> {
        let last = self.put_all_but_last(frames).await?;
        Ok(self.store().put_chunks(last).await?)
    }

    /// Writes chunks in batches that the store takes, and returns the last batch: it goes with the commit, in one wait
    /// for the disk.
    pub(crate) async fn put_all_but_last(&self, frames: Vec<(Hash, Vec<u8>)>) -> Result<Vec<Chunk>, Error> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (hash, frame) in frames {
            if bytes + frame.len() > storage::MAX_BATCH_BYTES {
                self.store().put_chunks(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += frame.len();
            batch.push((hash, frame));
        }
        Ok(batch)
    }
}

pub(crate) fn store(object: &Object, frames: &mut Frames) -> Result<Hash, Error> {
    object.store(frames).map_err(|error| Error::Internal { reason: error.to_string() })
}

/// The head's state with the draft's patches.
fn fold(
    objects: &dyn ObjectSource,
    frames: &mut Frames,
    draft: &LoadedDraft,
    head: Hash,
    keep: Option<Side>,
) -> Result<Root, Error> {
    let base = objects.root(objects.commit(draft.base)?.root)?;
    let mut root = objects.root(objects.commit(head)?.root)?;
    let mut stale = Vec::new();
    for (id, overlay) in &draft.tables {
        let base_schema = match base.tables.get(id) {
            Some(entry) => objects.schema(entry.schema)?,
            None => continue,
        };
        let Some(entry) = root.tables.get_mut(id) else {
            return Err(Error::Stale {
                message: "A table that your draft edits is not on the branch any more. Nothing was committed."
                    .to_owned(),
                cells: Vec::new(),
                head: None,
            });
        };
        let schema = objects.schema(entry.schema)?;
        let mut edits: BTreeMap<Key, Option<Row>> = BTreeMap::new();
        if head == draft.base {
            edits.extend(overlay.patches().iter().map(|(key, patch)| (key.clone(), patch.after.clone())));
        } else {
            let moved = Moved { objects, base_schema: &base_schema, schema: &schema, tree: entry.tree, keep };
            for patch in overlay.patches().values() {
                moved.apply(patch, &mut edits, &mut stale)?;
            }
        }
        entry.tree = entry
            .tree
            .edit(objects, frames, &schema, edits.into_iter().collect())
            .map_err(|error| Error::Internal { reason: error.to_string() })?;
    }
    if stale.is_empty() {
        Ok(root)
    } else {
        Err(Error::Stale {
            message: "The branch has moved on, and your draft and a newer commit changed the same cells. Nothing was \
                      committed or overwritten: choose which values to keep."
                .to_owned(),
            cells: stale,
            head: Some(head),
        })
    }
}

/// A table that has changed since the draft began.
struct Moved<'a> {
    objects: &'a dyn ObjectSource,
    base_schema: &'a Schema,
    schema: &'a Schema,
    tree: versioning::Tree,
    keep: Option<Side>,
}

impl Moved<'_> {
    /// Puts one row together, cell by cell: a cell that one side left alone takes the other side's value.
    fn apply(
        &self,
        patch: &Patch,
        edits: &mut BTreeMap<Key, Option<Row>>,
        stale: &mut Vec<StaleCell>,
    ) -> Result<(), Error> {
        let before = patch.before.as_ref().map(|row| self.carry(row));
        let after = patch.after.as_ref().map(|row| self.carry(row));
        let Some(any) = before.as_ref().or(after.as_ref()) else { return Ok(()) };
        let key = Key::of_row(self.schema, any).map_err(|error| Error::State { message: format!("{error}.") })?;
        let theirs = self.tree.get(self.objects, self.schema, &key)?;
        if theirs == after {
            return Ok(());
        }
        if theirs == before {
            edits.insert(key, after);
            return Ok(());
        }
        match (before, after, theirs) {
            (Some(before), Some(after), Some(theirs)) => {
                let mut merged = theirs.clone();
                for (position, column) in self.schema.columns.iter().enumerate() {
                    let (old, mine, now) = (&before[position], &after[position], &theirs[position]);
                    if mine == old || mine == now {
                        continue;
                    }
                    if now == old || self.keep == Some(Side::Draft) {
                        merged[position] = mine.clone();
                        continue;
                    }
                    if self.keep == Some(Side::Branch) {
                        continue;
                    }
                    stale.push(StaleCell {
                        key: key.clone(),
                        key_text: Key::to_text(self.schema, &theirs),
                        column: Some(column.id),
                        column_name: column.name.clone(),
                        before: old.to_text(),
                        after: mine.to_text(),
                        now: now.to_text(),
                    });
                }
                edits.insert(key, Some(merged));
            }
            (_, after, _) if self.keep == Some(Side::Draft) => {
                edits.insert(key, after);
            }
            _ if self.keep == Some(Side::Branch) => {}
            (before, after, theirs) => {
                let text = |row: &Option<Row>| row.as_ref().map(|row| Key::to_text(self.schema, row));
                let key_text = text(&before).or_else(|| text(&after)).unwrap_or_default();
                stale.push(StaleCell {
                    key,
                    key_text,
                    column: None,
                    column_name: String::new(),
                    before: text(&before),
                    after: text(&after),
                    now: text(&theirs),
                });
            }
        }
        Ok(())
    }

    /// A row of the draft under the schema of the branch's head.
    fn carry(&self, row: &Row) -> Row {
        let cell = |id| self.base_schema.position(id).map_or(versioning::Value::Null, |position| row[position].clone());
        self.schema.columns.iter().map(|column| cell(column.id)).collect()
    }
}
