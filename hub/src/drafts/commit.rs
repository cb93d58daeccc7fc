//! Committing a draft: its patches are folded into the trees of the commit under it in one batch. Where the branch has
//! moved on since, that state is merged with the branch's by the rules of every merge.

use std::sync::Arc;

use storage::{DatasetId, RefKind};
use versioning::{
    Hash, Key, ObjectSource, Root, Row,
    merge::{self, Choice, ConflictKind, Found, Options, Resolutions, Scope, ScopeRule, Sides},
    rules::Breaches,
};

use super::{LoadedDraft, draft_id, stale_draft, told::Told};
use crate::{
    Actor, Error, Event, Hub, NewRequest, Place, Settle, Side,
    access::Action,
    rules,
    write::{Desk, Intent, Made, Parent, Way, internal, message},
};

impl Hub {
    /// Makes the person's draft, as it was at `revision`, a commit on its branch, and returns its hash. Where the branch
    /// has moved on, both are merged; what both changed differently, and what has no place on the branch any more, is
    /// settled as the person says, if the branch is still where it was when they decided.
    ///
    /// # Errors
    /// [`Error::Stale`] when the draft has another revision by now, or names the cells that both the draft and the
    /// branch changed and what has no place there any more; the draft stays as it is.
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
                misfits: Vec::new(),
                more: 0,
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
    let rules = settle.filter(|settle| settle.head == head).map(settled).unwrap_or_default();
    let resolutions = Resolutions { rules, ..Resolutions::default() };
    let (mut told, mut broken, mut failed) = (Told::default(), Breaches::default(), None);
    let mut sink = desk;
    let sides = Sides { base: &base, ours: root, theirs: &edited };
    // What was settled is told again where something is left: the next answer is about all of it.
    let merged = merge::merge(desk, &mut sink, sides, &Options::default(), &resolutions, &mut |found| match found {
        Found::Conflict(conflict, _) => {
            if let Err(error) = told.add(desk, draft, sides, &conflict) {
                failed = Some(error);
            }
        }
        Found::Violation(violation, _) => {
            broken.count += 1;
            if broken.listed.len() < rules::MAX_TOLD {
                broken.listed.push(violation);
            }
        }
    })?;
    match (merged.root, failed) {
        (Some(root), _) => Ok(root),
        (None, Some(error)) => Err(error),
        (None, None) if merged.stats.open_conflicts == 0 => Err(rules::refusal(broken)),
        (None, None) => Err(told.into_error(head)),
    }
}

/// What a person's answer decides. Of the choices for one kind the last that a conflict can follow counts, so what is left
/// out gives way to the branch's value, and to an empty cell where the branch has none.
fn settled(settle: Settle) -> Vec<ScopeRule> {
    let keep = match settle.keep {
        Side::Draft => Choice::Theirs,
        Side::Branch => Choice::Ours,
    };
    let mut rules = Vec::new();
    let mut decide =
        |kind, choice| rules.push(ScopeRule { scope: Scope { kind: Some(kind), ..Scope::default() }, choice });
    if settle.leaves_out {
        decide(ConflictKind::Table, Choice::Delete);
        decide(ConflictKind::Column, Choice::Delete);
        decide(ConflictKind::Cell, Choice::Base);
        decide(ConflictKind::Cell, Choice::Ours);
    }
    decide(ConflictKind::Cell, keep.clone());
    decide(ConflictKind::Row, keep);
    rules
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
