//! Merging branches, and undoing or repeating commits: three-way merges whose conflicts are answered as data.

use serde::{Deserialize, Serialize};
use storage::{Lease, Objects};
use versioning::{
    Hash, Key, ObjectSource, Root, Row, Schema, TableId, history,
    merge::{
        self, Base, Conflict, Found, MergeError, Options, Resolutions, RowCells, Scratch, Sides, Stats, Violation,
        combine_bases,
    },
};

use crate::{
    Actor, Dataset, Error, Hub, Place, Reference,
    access::Action,
    ahead,
    findings::{self, Findings},
    write::{Desk, Intent, Made, Parent, Way, internal, message},
};

/// The most conflicts and violations in one answer.
const MAX_FOUND: usize = 1_000;

/// What is merged, and how.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// The commit's message; one is made where empty.
    pub message: String,
    /// What was decided about conflicts and violations.
    pub resolutions: Resolutions,
    /// Only find out what would happen.
    pub dry_run: bool,
    /// The head of the branch that the decisions were made for. None: whatever the head is.
    pub parent: Option<Hash>,
    /// Make a commit also where the branch could simply move forward.
    pub no_fast_forward: bool,
}

/// What a merge came to.
#[derive(Clone, Debug)]
pub struct MergeOutcome {
    /// The branch's head now; none on a dry run, and while something is open.
    pub commit: Option<Hash>,
    /// What became of it.
    pub state: MergeState,
    /// How much was merged.
    pub stats: Stats,
    /// What both sides changed differently and nobody has decided yet: the first 1,000.
    pub conflicts: Vec<FoundConflict>,
    /// The rules that the merged state would break: the first 1,000.
    pub violations: Vec<FoundViolation>,
}

/// What became of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// The branch has everything already.
    UpToDate,
    /// The branch moved forward, without a commit of its own.
    FastForward,
    /// There is a new commit; on a dry run, there would be.
    Merged,
    /// Something is left to decide; nothing was committed.
    Open,
}

/// A conflict with the names of what it speaks of.
#[derive(Clone, Debug)]
pub struct FoundConflict {
    /// Stays the same as long as what is in conflict does.
    pub id: Hash,
    /// The table's name.
    pub table: String,
    /// The column's name, where it is about one.
    pub column: Option<String>,
    /// The row's key as it stands in addresses, where it is about one.
    pub key: Option<String>,
    /// The conflict.
    pub conflict: Conflict,
}

/// A violation with the names of what it speaks of.
#[derive(Clone, Debug)]
pub struct FoundViolation {
    /// Stays the same as long as the rule and the cells do.
    pub id: Hash,
    /// The table's name.
    pub table: String,
    /// The keys of its rows as they stand in addresses.
    pub keys: Vec<String>,
    /// The violation.
    pub violation: Violation,
}

/// Three states that are merged, read whole.
pub(crate) struct Three {
    pub(crate) base: Base,
    pub(crate) ours: Root,
    pub(crate) theirs: Root,
}

impl Three {
    fn sides(&self) -> Sides<'_> {
        Sides { base: &self.base.root, ours: &self.ours, theirs: &self.theirs }
    }

    fn options(&self) -> Options {
        Options { unknown: self.base.unknown.clone(), ..Options::default() }
    }

    /// The schema and name of a table on any side, ours first.
    pub(crate) fn table(&self, objects: &dyn ObjectSource, id: TableId) -> Option<(String, Schema)> {
        let entry = [&self.ours, &self.theirs, &self.base.root].into_iter().find_map(|root| root.tables.get(&id))?;
        Some((entry.name.clone(), objects.schema(entry.schema).ok()?))
    }

    pub(crate) fn name_conflict(&self, objects: &dyn ObjectSource, conflict: Conflict) -> FoundConflict {
        let table = self.table(objects, conflict.table());
        let column = conflict.column().and_then(|id| {
            let mine = table.as_ref().and_then(|(_, schema)| schema.column(id).map(|column| column.name.clone()));
            mine.or_else(|| {
                let entry = self.theirs.tables.get(&conflict.table())?;
                objects.schema(entry.schema).ok()?.column(id).map(|column| column.name.clone())
            })
        });
        let key = conflict.key().map(|key| self.key_text(objects, conflict.table(), key));
        let name = table.map(|(name, _)| name).unwrap_or_default();
        FoundConflict { id: conflict.id(), table: name, column, key, conflict }
    }

    /// A key as text: from the row, wherever it is.
    fn key_text(&self, objects: &dyn ObjectSource, table: TableId, key: &Key) -> String {
        for root in [&self.ours, &self.theirs, &self.base.root] {
            let Some(entry) = root.tables.get(&table) else { continue };
            let Ok(side) = objects.schema(entry.schema) else { continue };
            if let Ok(Some(row)) = entry.tree.get(objects, &side, key) {
                return Key::to_text(&side, &row);
            }
        }
        String::new()
    }

    pub(crate) fn name_violation(&self, objects: &dyn ObjectSource, violation: Violation) -> FoundViolation {
        let table = self.table(objects, violation.table);
        let keys = match &table {
            Some((_, schema)) => {
                let text = |(key, cells): &(Key, RowCells)| {
                    // The cells in question are not the whole row, but where it moved to another key: then it is new.
                    let found = self.key_text(objects, violation.table, key);
                    if found.is_empty() { text_of(schema, cells) } else { found }
                };
                violation.rows.iter().map(text).collect()
            }
            None => Vec::new(),
        };
        let name = table.map(|(name, _)| name).unwrap_or_default();
        FoundViolation { id: violation.id(), table: name, keys, violation }
    }
}

/// The key of a row that is given cell by cell.
fn text_of(schema: &Schema, cells: &RowCells) -> String {
    let row: Row = schema
        .columns
        .iter()
        .map(|column| cells.get(&column.id).cloned().unwrap_or_else(|| column.fill.clone()))
        .collect();
    Key::to_text(schema, &row)
}

fn root_of(objects: &dyn ObjectSource, commit: Hash) -> Result<Root, Error> {
    Ok(objects.root(objects.commit(commit)?.root)?)
}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Read(error) => error.into(),
            error => internal(error),
        }
    }
}

/// What the search for a base found.
enum Relation {
    UpToDate,
    Forward,
    Apart(Base),
}

/// How `theirs` stands to `ours`, with the base of a merge where there is something to merge.
fn relate(scratch: &Scratch<'_>, ours: Hash, theirs: Hash) -> Result<Relation, Error> {
    let objects: &dyn ObjectSource = scratch;
    let bases = history::merge_bases(objects, ours, theirs)?;
    if bases.contains(&theirs) {
        return Ok(Relation::UpToDate);
    }
    if bases.contains(&ours) {
        return Ok(Relation::Forward);
    }
    if let [only] = bases.as_slice() {
        return Ok(Relation::Apart(Base { root: root_of(objects, *only)?, ..Base::default() }));
    }
    // Histories that crossed: the bases are merged first, over what they have in common.
    let mut ancestor = bases.first().copied();
    for base in bases.iter().skip(1) {
        ancestor = match ancestor {
            Some(ancestor) => history::merge_bases(objects, ancestor, *base)?.first().copied(),
            None => None,
        };
    }
    let ancestor = ancestor.map(|commit| root_of(objects, commit)).transpose()?.unwrap_or_default();
    let roots = bases.iter().map(|base| root_of(objects, *base)).collect::<Result<Vec<_>, _>>()?;
    Ok(Relation::Apart(combine_bases(scratch, &ancestor, &roots.iter().collect::<Vec<_>>())?))
}

/// Merges three states that are read through `scratch`; what is new goes to the desk. The conflicts and violations that
/// are open come back when there are some.
fn merge_on(
    desk: &Desk<'_>,
    scratch: &Scratch<'_>,
    three: &Three,
    resolutions: &Resolutions,
) -> Result<(Option<Root>, MergeOutcome), Error> {
    let (mut conflicts, mut violations) = (Vec::new(), Vec::new());
    let mut sink = desk;
    let merged =
        merge::merge(scratch, &mut sink, three.sides(), &three.options(), resolutions, &mut |found| match found {
            Found::Conflict(conflict, None) if conflicts.len() < MAX_FOUND => conflicts.push(conflict),
            Found::Violation(violation, None) if violations.len() < MAX_FOUND => violations.push(violation),
            _ => {}
        })?;
    let outcome = MergeOutcome {
        commit: None,
        state: if merged.root.is_some() { MergeState::Merged } else { MergeState::Open },
        stats: merged.stats,
        conflicts: conflicts.into_iter().map(|conflict| three.name_conflict(scratch, conflict)).collect(),
        violations: violations.into_iter().map(|violation| three.name_violation(scratch, violation)).collect(),
    };
    Ok((merged.root, outcome))
}

/// Merges a commit into another without writing anything: tells each conflict and violation with what was decided about
/// it. None where the branch has all of it already.
pub(crate) fn survey(
    objects: &Objects,
    heads: (Hash, Hash),
    resolutions: &Resolutions,
    tell: &mut dyn FnMut(Found<'_>),
) -> Result<Option<(Stats, Three)>, Error> {
    let look = |_: &dyn ObjectSource, _: &Three, _: Option<Root>| Ok(());
    Ok(survey_and(objects, heads, resolutions, tell, look)?.map(|(stats, three, ())| (stats, three)))
}

/// The same, with the warnings that the merged state brings; none while something is open, as there is no such state.
pub(crate) fn inspect(
    objects: &Objects,
    heads: (Hash, Hash),
    resolutions: &Resolutions,
    tell: &mut dyn FnMut(Found<'_>),
) -> Result<Option<(Stats, Three, Findings)>, Error> {
    let look = |read: &dyn ObjectSource, three: &Three, root: Option<Root>| match root {
        Some(root) => findings::warnings(read, &three.ours, &root),
        None => Ok(Findings::default()),
    };
    survey_and(objects, heads, resolutions, tell, look)
}

/// Merges in memory, and looks at what that comes to.
fn survey_and<T: Send>(
    objects: &Objects,
    (ours, theirs): (Hash, Hash),
    resolutions: &Resolutions,
    tell: &mut dyn FnMut(Found<'_>),
    look: impl FnOnce(&dyn ObjectSource, &Three, Option<Root>) -> Result<T, Error>,
) -> Result<Option<(Stats, Three, T)>, Error> {
    let desk = Desk::new(objects);
    ahead::reading(&desk, |source| {
        let scratch = Scratch::new(source);
        let read: &dyn ObjectSource = &scratch;
        let root = root_of(read, ours)?;
        let base = match relate(&scratch, ours, theirs)? {
            Relation::UpToDate => return Ok(None),
            Relation::Forward => Base { root: root.clone(), ..Base::default() },
            Relation::Apart(base) => base,
        };
        let three = Three { base, ours: root, theirs: root_of(read, theirs)? };
        let mut sink = &desk;
        let merged = merge::merge(&scratch, &mut sink, three.sides(), &three.options(), resolutions, tell)?;
        let found = look(read, &three, merged.root)?;
        Ok(Some((merged.stats, three, found)))
    })
}

/// What is merged into a branch.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// All that a commit has and the branch has not.
    Merge(Hash),
    /// The same, as a commit of its own without that one behind it, which is somebody's work.
    Squash(Hash, String),
    /// What a commit did, once more.
    Pick(Hash),
    /// What a commit did, the other way round.
    Revert(Hash),
}

impl Hub {
    /// Merges a state into a branch.
    ///
    /// # Errors
    /// The branch has moved from the parent that was given, a state does not exist, or it can't be read. Conflicts are
    /// no error: they are in the outcome.
    pub async fn merge(
        &self,
        actor: &Actor,
        into: &Place,
        from: &Reference,
        request: MergeOptions,
    ) -> Result<MergeOutcome, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &into.path).await?;
        let lease = self.store().lease();
        let theirs = self.resolve(&dataset, from).await?;
        let commit = theirs.commit.ok_or_else(|| Error::not_found("commit to merge"))?;
        let words = format!("Merge {} into {}", theirs.name, self.resolve(&dataset, &into.at).await?.name);
        self.work((lease, actor, Way::Direct), &dataset, into, Work::Merge(commit), request, words).await
    }

    /// Does what a commit did once more on a branch.
    ///
    /// # Errors
    /// As [`Hub::merge`].
    pub async fn cherry_pick(
        &self,
        actor: &Actor,
        into: &Place,
        commit: &str,
        request: MergeOptions,
    ) -> Result<MergeOutcome, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &into.path).await?;
        let lease = self.store().lease();
        let hash = self.own_commit(&dataset, commit).await?;
        let words = self.read(move |objects| Ok(objects.commit(hash)?.message)).await?;
        self.work((lease, actor, Way::Direct), &dataset, into, Work::Pick(hash), request, words).await
    }

    /// Undoes what a commit did, on a branch that has it.
    ///
    /// # Errors
    /// As [`Hub::merge`].
    pub async fn revert(
        &self,
        actor: &Actor,
        into: &Place,
        commit: &str,
        request: MergeOptions,
    ) -> Result<MergeOutcome, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &into.path).await?;
        let lease = self.store().lease();
        let hash = self.own_commit(&dataset, commit).await?;
        let message = self.read(move |objects| Ok(objects.commit(hash)?.message)).await?;
        let words = format!("Revert “{}”\n\nUndoes commit {hash}.", message.lines().next().unwrap_or_default());
        self.work((lease, actor, Way::Direct), &dataset, into, Work::Revert(hash), request, words).await
    }

    /// Merges what a request offers, after the request was found good.
    pub(crate) async fn work_by_request(
        &self,
        (lease, actor): (Lease, &Actor),
        dataset: &Dataset,
        into: &Place,
        (work, brings): (Work, bool),
        options: MergeOptions,
    ) -> Result<MergeOutcome, Error> {
        let words = options.message.clone();
        self.work((lease, actor, Way::Request { brings }), dataset, into, work, options, words).await
    }

    async fn work(
        &self,
        (lease, actor, way): (Lease, &Actor, Way),
        dataset: &Dataset,
        into: &Place,
        work: Work,
        request: MergeOptions,
        words: String,
    ) -> Result<MergeOutcome, Error> {
        let viewed = self.resolve(dataset, &into.at).await?;
        let branch = viewed.editable()?;
        let MergeOptions { message: text, resolutions, dry_run, parent, no_fast_forward } = request;
        let text = if text.trim().is_empty() { words } else { text };
        // Looking needs no right to change.
        let way = if dry_run { Way::Request { brings: false } } else { way };
        let author = match &work {
            Work::Squash(_, author) => Some(author.clone()),
            _ => None,
        };
        let intent = Intent {
            lease,
            actor,
            author,
            dataset,
            branch,
            head: viewed.commit,
            parent: parent.map_or(Parent::Head, Parent::Exactly),
            message: message(&text)?,
            way,
            draft: None,
            job: None,
        };
        // What the closure finds out besides the state: of its last run.
        let outcome = std::sync::Arc::new(std::sync::Mutex::new(None));
        let told = std::sync::Arc::clone(&outcome);
        let commit = self
            .write(intent, move |desk, head, ours| {
                let (made, found) = prepare(desk, head, ours, &work, &resolutions, no_fast_forward)?;
                let is_open = found.state == MergeState::Open;
                *told.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(found);
                Ok(if dry_run || is_open { Made::Nothing } else { made })
            })
            .await?;
        let found = outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let found = found.ok_or_else(|| internal("a merge ended without an outcome"))?;
        let head = if found.state == MergeState::UpToDate { viewed.commit } else { commit };
        Ok(MergeOutcome { commit: head, ..found })
    }
}

/// Finds the base and merges, without a word about commits.
fn prepare(
    desk: &Desk<'_>,
    head: Option<Hash>,
    ours: Root,
    work: &Work,
    resolutions: &Resolutions,
    no_fast_forward: bool,
) -> Result<(Made, MergeOutcome), Error> {
    let settled = |state| MergeOutcome {
        commit: None,
        state,
        stats: Stats::default(),
        conflicts: Vec::new(),
        violations: Vec::new(),
    };
    ahead::reading(desk, |source| {
        let scratch = Scratch::new(source);
        let objects: &dyn ObjectSource = &scratch;
        let (base, theirs, parents) = match work {
            Work::Merge(commit) | Work::Squash(commit, _) => {
                let parents = if matches!(work, Work::Squash(..)) { Vec::new() } else { vec![*commit] };
                let Some(head) = head else { return Ok((Made::Forward(*commit), settled(MergeState::FastForward))) };
                match relate(&scratch, head, *commit)? {
                    Relation::UpToDate => return Ok((Made::Nothing, settled(MergeState::UpToDate))),
                    Relation::Forward if !no_fast_forward => {
                        return Ok((Made::Forward(*commit), settled(MergeState::FastForward)));
                    }
                    Relation::Forward => (Base { root: ours.clone(), ..Base::default() }, *commit, parents),
                    Relation::Apart(base) => (base, *commit, parents),
                }
            }
            Work::Pick(commit) | Work::Revert(commit) => {
                let parent = objects.commit(*commit)?.parents.first().copied();
                let before = parent.map(|parent| root_of(objects, parent)).transpose()?.unwrap_or_default();
                let after = root_of(objects, *commit)?;
                let (base, theirs) = if matches!(work, Work::Pick(_)) { (before, after) } else { (after, before) };
                let three = Three { base: Base { root: base, ..Base::default() }, ours, theirs };
                return finish(desk, &scratch, &three, resolutions, Vec::new());
            }
        };
        let three = Three { base, ours, theirs: root_of(objects, theirs)? };
        finish(desk, &scratch, &three, resolutions, parents)
    })
}

fn finish(
    desk: &Desk<'_>,
    scratch: &Scratch<'_>,
    three: &Three,
    resolutions: &Resolutions,
    parents: Vec<Hash>,
) -> Result<(Made, MergeOutcome), Error> {
    let (root, found) = merge_on(desk, scratch, three, resolutions)?;
    let made = match root {
        Some(root) if parents.is_empty() && root == three.ours => Made::Nothing,
        Some(root) => Made::Commit(root, parents),
        None => Made::Nothing,
    };
    let state = if matches!(made, Made::Nothing) && found.state == MergeState::Merged {
        MergeState::UpToDate
    } else {
        found.state
    };
    Ok((made, MergeOutcome { state, ..found }))
}
