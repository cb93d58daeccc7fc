//! Committing a draft: its patches are folded into the trees of the commit under it in one batch. Where the branch has
//! moved on since, that state is merged with the branch's by the rules of every merge.

use std::sync::Arc;

use storage::{DatasetId, RefKind};
use versioning::{
    Hash, Key, ObjectSource, Root, Row,
    merge::{self, Choice, Conflict, Found, Options, Resolutions, RowCells, Scope, ScopeRule, Sides},
};

use super::{LoadedDraft, draft_id, stale_draft};
use crate::{
    Actor, Error, Event, FieldError, Hub, NewRequest, Place, Settle, Side, StaleCell,
    access::Action,
    rules,
    write::{Desk, Intent, Made, Parent, Way, internal, message},
};

/// The most cells that are told when both sides changed them.
const MAX_STALE: usize = 1_000;

impl Hub {
    /// Makes the person's draft, as it was at `revision`, a commit on its branch, and returns its hash. Where the branch
    /// has moved on, both are merged; what both changed differently is settled as the person says, if the branch is
    /// still where it was when they decided.
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
        self.commit_onto(actor, place, revision, text, settle, None).await
    }

    /// Makes the draft a commit on a branch of its own, which begins where the draft did, and offers that to be merged
    /// into the branch that was edited. The first line of the text is the request's title. Returns its number.
    ///
    /// # Errors
    /// As [`Hub::commit`] and [`Hub::propose`].
    pub async fn propose_draft(&self, actor: &Actor, place: &Place, revision: u64, text: &str) -> Result<u64, Error> {
        let text = message(text)?;
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let target_branch = self.resolve(&dataset, &place.at).await?.editable()?.to_owned();
        let taken = self.store().refs(DatasetId(dataset.id), None).await?;
        let name = |turn: usize| format!("{}-{turn}", actor.name());
        let mut names = (1..).map(name).filter(|name| taken.iter().all(|found| found.name != *name));
        let source_branch = names.next().ok_or_else(|| internal("no name is free"))?;
        self.commit_onto(actor, place, revision, &text, None, Some(&source_branch)).await?;
        let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let title = title.chars().take(200).collect();
        let new =
            NewRequest { title, text: rest.trim().to_owned(), source_branch, target_branch, ..NewRequest::default() };
        self.propose(actor, &place.path, new).await
    }

    /// `onto`: the name of a branch that is made for it, where the draft began.
    pub(crate) async fn commit_onto(
        &self,
        actor: &Actor,
        place: &Place,
        revision: u64,
        text: &str,
        settle: Option<Settle>,
        onto: Option<&str>,
    ) -> Result<Hash, Error> {
        let text = message(text)?;
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        let lease = self.store().lease();
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
        let (target, head) = match onto {
            None => (branch, viewed.commit),
            Some(new) => {
                let name = new.to_owned();
                let made =
                    storage::Ref { dataset: DatasetId(dataset.id), kind: RefKind::Branch, name, head: draft.base };
                self.store().create_ref(&lease, &made).await?;
                (new, Some(draft.base))
            }
        };
        let intent = Intent {
            lease,
            actor,
            author: None,
            dataset: &dataset,
            branch: target,
            head,
            parent: Parent::Head,
            message: text,
            way: Way::Direct,
            draft: Some((id.clone(), revision)),
            job: None,
        };
        let written = self
            .write(intent, move |desk, head, root| {
                let head = head.ok_or_else(|| Error::not_found("branch"))?;
                let made = put_together(desk, &draft, head, &root, settle)?;
                rules::check(desk, &root, &made)?;
                Ok(Made::Commit(made, Vec::new()))
            })
            .await;
        if let (Err(_), Some(branch)) = (&written, onto) {
            self.store().delete_ref(DatasetId(dataset.id), RefKind::Branch, branch).await?;
        }
        let new = match written {
            Ok(new) => new.ok_or_else(|| internal("a draft came to nothing"))?,
            Err(Error::Storage(error)) => return Err(stale_draft(error)),
            Err(error) => return Err(error),
        };
        slot.set(None);
        let person = actor.name().to_owned();
        self.shared
            .events
            .send(dataset.id, Event::Draft { person, branch: branch.to_owned(), table: None, revision: 0 });
        Ok(new)
    }
}

/// The head's state with the draft's patches.
fn put_together(
    desk: &Desk<'_>,
    draft: &Arc<LoadedDraft>,
    head: Hash,
    root: &Root,
    settle: Option<Settle>,
) -> Result<Root, Error> {
    let objects: &dyn ObjectSource = desk;
    let base = if head == draft.base { root.clone() } else { objects.root(objects.commit(draft.base)?.root)? };
    let edited = fold(desk, draft, &base)?;
    if head == draft.base {
        return Ok(edited);
    }
    let choice = settle.filter(|settle| settle.head == head).map(|settle| match settle.keep {
        Side::Draft => Choice::Theirs,
        Side::Branch => Choice::Ours,
    });
    let rules = choice.into_iter().map(|choice| ScopeRule { scope: Scope::default(), choice }).collect();
    let resolutions = Resolutions { rules, ..Resolutions::default() };
    let (mut stale, mut others, mut broken) = (Vec::new(), 0, Vec::new());
    let mut sink = desk;
    let sides = Sides { base: &base, ours: root, theirs: &edited };
    let merged = merge::merge(desk, &mut sink, sides, &Options::default(), &resolutions, &mut |found| match found {
        Found::Conflict(conflict, None) if stale.len() < MAX_STALE => match cell(desk, root, &edited, &conflict) {
            Some(cell) => stale.push(cell),
            None => others += 1,
        },
        Found::Violation(violation, None) if broken.len() < MAX_STALE => {
            broken.push(FieldError { field: "message".to_owned(), message: violation.message });
        }
        _ => {}
    })?;
    match merged.root {
        Some(root) => Ok(root),
        None if stale.is_empty() && others == 0 => Err(Error::Invalid { fields: broken }),
        None => Err(Error::Stale {
            message: if stale.is_empty() {
                "The branch has moved on: a table that your draft edits has been changed or dropped there. Nothing was \
                 committed."
                    .to_owned()
            } else {
                "The branch has moved on, and your draft and a newer commit changed the same cells. Nothing was \
                 committed or overwritten: choose which values to keep."
                    .to_owned()
            },
            cells: stale,
            head: Some(head),
        }),
    }
}

/// The state under the draft with its patches.
pub(super) fn fold(desk: &Desk<'_>, draft: &LoadedDraft, base: &Root) -> Result<Root, Error> {
    let objects: &dyn ObjectSource = desk;
    let mut root = base.clone();
    for (id, overlay) in &draft.tables {
        let Some(entry) = root.tables.get_mut(id) else { continue };
        let schema = objects.schema(entry.schema)?;
        let edits: Vec<(Key, Option<Row>)> =
            overlay.patches().iter().map(|(key, patch)| (key.clone(), patch.after.clone())).collect();
        let mut sink = desk;
        entry.tree = entry.tree.edit(desk, &mut sink, &schema, edits).map_err(internal)?;
    }
    Ok(root)
}

/// A conflict of a cell or row as the draft's page shows it; none for what is not about rows.
fn cell(objects: &dyn ObjectSource, ours: &Root, theirs: &Root, conflict: &Conflict) -> Option<StaleCell> {
    let entry = ours.tables.get(&conflict.table()).or_else(|| theirs.tables.get(&conflict.table()))?;
    let schema = objects.schema(entry.schema).ok()?;
    let key = conflict.key()?.clone();
    let row = [ours, theirs].into_iter().find_map(|root| {
        let entry = root.tables.get(&conflict.table())?;
        entry.tree.get(objects, &schema, &key).ok()?
    });
    let key_text = row.map(|row| Key::to_text(&schema, &row)).unwrap_or_default();
    let text = |cells: &RowCells| {
        let row: Row = schema
            .columns
            .iter()
            .map(|column| cells.get(&column.id).cloned().unwrap_or_else(|| column.fill.clone()))
            .collect();
        Some(Key::to_text(&schema, &row))
    };
    Some(match conflict {
        Conflict::Cell { column, base, ours, theirs, .. } => {
            let shown = |value: &Option<versioning::Value>| value.as_ref().and_then(versioning::Value::to_text);
            StaleCell {
                key,
                key_text,
                column: Some(*column),
                column_name: schema.column(*column).map(|column| column.name.clone()).unwrap_or_default(),
                before: shown(base),
                after: shown(theirs),
                now: shown(ours),
            }
        }
        Conflict::Row { deleted_by, base, edited, .. } => {
            let edited = text(edited);
            let (after, now) = match deleted_by {
                merge::Side::Ours => (edited, None),
                merge::Side::Theirs => (None, edited),
            };
            StaleCell {
                key,
                key_text,
                column: None,
                column_name: String::new(),
                before: base.as_ref().and_then(text),
                after,
                now,
            }
        }
        _ => return None,
    })
}
