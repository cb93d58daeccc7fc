//! Merge requests: the offer to merge a branch, of the same dataset or of a fork, into another.
//!
//! A request says which two branches it is about, never which commits: what it changes, and whether it can be merged, is
//! found out whenever it is looked at, so that it is right however the branches have moved. What was decided about its
//! conflicts is kept by what the conflicts are (see `conflicts.rs`), and so holds as long as their cells stay the same.

mod checks;
mod conflicts;
mod deciding;
mod discussion;
mod gone;
mod merging;
mod model;
mod overview;
mod seen;

use serde::{Deserialize, Serialize};
use storage::{DatasetId, MergeRequest, PersonName, RefKind, RequestEntry};
use uuid::Uuid;
use versioning::{Hash, history};

use crate::{
    Actor, ChangeSet, ChangesAsked, Dataset, DatasetPath, Error, Hub, Role,
    access::{Action, archived},
    ahead,
    differences::change_set,
    notices::Happening,
    now,
    write::internal,
};

pub use deciding::RowFixText;
pub use model::*;
pub(crate) use overview::Weighings;
use overview::{Sides, Weighed};
pub use seen::{OPEN, OtherDecision, Seen};

/// Requests on a page of the list.
const LIST: usize = 50;
/// Requests that are read at once when some are looked for.
const AT_ONCE: usize = 200;
/// Open requests of a dataset that are looked through for those that offer a branch.
const MAX_OPEN: usize = 1_000;
/// Commits on a request's page.
const COMMITS: usize = 250;
const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 100_000;
/// Labels and reviewers of one request.
const MAX_WORDS: usize = 20;

/// What is kept of a request besides what it is found by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    is_draft: bool,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    #[serde(default)]
    pub(crate) reviewers: Vec<String>,
    #[serde(default)]
    merged: Option<Merged>,
}

/// How a request was merged.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Merged {
    /// What the branch held before.
    before: Option<Hash>,
    /// What was offered.
    head: Hash,
    /// What the branch held then.
    commit: Hash,
}

/// A request with its dataset and its branches as they are now.
pub(crate) struct Loaded {
    pub(crate) dataset: Dataset,
    pub(crate) stored: MergeRequest,
    kept: Kept,
    state: RequestState,
    /// The dataset that offers, where it is still there.
    pub(crate) source: Option<Dataset>,
    /// Whether the acting person may know of it, and write to it.
    source_is_readable: bool,
    source_is_writable: bool,
    /// The heads of the branches.
    pub(crate) ours: Option<Hash>,
    pub(crate) theirs: Option<Hash>,
}

impl Loaded {
    fn id(&self) -> DatasetId {
        self.stored.dataset
    }

    /// Both heads, while there is something to merge them for.
    pub(crate) fn heads(&self) -> Option<(Hash, Hash)> {
        (self.state == RequestState::Open).then(|| self.ours.zip(self.theirs)).flatten()
    }

    /// What is offered, or was merged.
    fn head(&self) -> Option<Hash> {
        self.kept.merged.map(|merged| merged.head).or(self.theirs)
    }

    /// The states that it is about; none where one of its branches is gone.
    fn sides(&self) -> Option<Sides> {
        match self.kept.merged {
            Some(Merged { before, head, commit }) => Some(Sides { ours: before, head, after: commit, is_merged: true }),
            None => {
                let (ours, head) = self.ours.zip(self.theirs)?;
                Some(Sides { ours: Some(ours), head, after: head, is_merged: false })
            }
        }
    }

    pub(crate) fn summary(&self) -> RequestSummary {
        let is_same = self.stored.source == self.stored.dataset;
        let path = self.source.as_ref().filter(|_| self.source_is_readable).map(|source| source.path.clone());
        summary(
            &self.stored,
            &self.kept,
            self.state,
            Source { path, branch: self.stored.source_branch.clone(), is_same },
        )
    }

    pub(crate) fn may(&self, actor: &Actor) -> May {
        if !actor.writes_in(self.id()) || self.dataset.archived_at.is_some() {
            return May::default();
        }
        let is_author = actor.name() == self.stored.author.as_str();
        let is_open = self.state == RequestState::Open;
        let role = self.dataset.role;
        let merger = self.dataset.protection(&self.stored.target_branch).map_or(Role::Writer, |rule| rule.merge_role);
        May {
            discuss: is_author || role >= Some(Role::Commenter),
            edit: is_author || role >= Some(Role::Writer),
            decide: is_open && (is_author || role >= Some(Role::Writer)),
            merge: is_open && role >= Some(merger),
            apply: is_open && self.source_is_writable,
        }
    }

    /// Refuses what the person may not do. `action` completes “You may not …”.
    fn demand(&self, actor: &Actor, allowed: bool, action: &str) -> Result<(), Error> {
        if allowed {
            return Ok(());
        }
        if actor.is_stranger() {
            return Err(Error::SignIn);
        }
        if self.dataset.archived_at.is_some() {
            return Err(archived(&self.dataset.path.to_string()));
        }
        Err(Error::Forbidden { action: format!("{action} #{} of {}", self.stored.number, self.dataset.path) })
    }
}

fn summary(stored: &MergeRequest, kept: &Kept, state: RequestState, source: Source) -> RequestSummary {
    RequestSummary {
        number: stored.number,
        title: kept.title.clone(),
        author: stored.author.as_str().to_owned(),
        state,
        is_draft: kept.is_draft,
        source,
        target: stored.target_branch.clone(),
        labels: kept.labels.clone(),
        reviewers: kept.reviewers.clone(),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}

pub(crate) fn read_kept(stored: &MergeRequest) -> Result<(Kept, RequestState), Error> {
    let kept = serde_json::from_str(&stored.data).map_err(internal)?;
    Ok((kept, stored.state.parse()?))
}

fn valid_title(title: &str) -> Result<String, Error> {
    let title = title.trim();
    let count = title.chars().count();
    if count == 0 || count > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", "Say in one line of at most 200 characters what it changes."));
    }
    Ok(title.to_owned())
}

/// Markdown as somebody wrote it.
fn valid_text(field: &str, text: &str) -> Result<String, Error> {
    if text.chars().count() > MAX_TEXT {
        return Err(Error::invalid(field, "A text has at most 100,000 characters."));
    }
    Ok(text.trim_end().replace("\r\n", "\n"))
}

/// Labels or names: without space around them, each once.
fn valid_words(field: &str, words: Vec<String>) -> Result<Vec<String>, Error> {
    let mut valid: Vec<String> = Vec::new();
    for word in words {
        let word = word.trim().to_owned();
        if word.chars().count() > 64 || word.chars().any(char::is_control) {
            return Err(Error::invalid(field, "Each has at most 64 characters on one line."));
        }
        if !word.is_empty() && !valid.contains(&word) {
            valid.push(word);
        }
    }
    if valid.len() > MAX_WORDS { Err(Error::invalid(field, "There can be 20 at most.")) } else { Ok(valid) }
}

impl Hub {
    /// Offers a branch to be merged into another, and returns the request's number.
    ///
    /// # Errors
    /// There is no such dataset or branch for the person, they may not write to what they offer, the two have no history
    /// in common, there is nothing to merge, or a field is not valid.
    pub async fn propose(&self, actor: &Actor, path: &DatasetPath, new: NewRequest) -> Result<u64, Error> {
        let dataset = self.find_dataset(actor, Action::Propose, path).await?;
        let title = valid_title(&new.title)?;
        let text = valid_text("text", &new.text)?;
        let labels = valid_words("labels", new.labels)?;
        let reviewers = valid_words("reviewers", new.reviewers)?;
        for name in &reviewers {
            self.check_reviewer(DatasetId(dataset.id), name).await?;
        }
        let source_path = new.source.as_ref().unwrap_or(path);
        // Who may write here may bring in whatever they may read; others offer what is theirs to change.
        let takes = dataset.role >= Some(Role::Writer) && source_path != path;
        let source = self.find_dataset(actor, if takes { Action::Read } else { Action::Write }, source_path).await?;
        let source_branch = new.source_branch.trim().to_owned();
        let target_branch = match new.target_branch.trim() {
            "" => dataset.default_branch.clone(),
            branch => branch.to_owned(),
        };
        let no_branch = |field: &str, name: &str| Error::invalid(field, format!("There is no branch “{name}”."));
        let theirs = self.branch_head(&source, &source_branch).await?;
        let theirs = theirs.ok_or_else(|| no_branch("source_branch", &source_branch))?;
        let ours = self.branch_head(&dataset, &target_branch).await?;
        let ours = ours.ok_or_else(|| no_branch("target_branch", &target_branch))?;
        if source.id == dataset.id && source_branch == target_branch {
            return Err(Error::invalid("source_branch", "Choose another branch: it would be merged into itself."));
        }
        let bases = self.read(move |objects| Ok(history::merge_bases(objects, ours, theirs)?)).await?;
        if bases.contains(&theirs) {
            return Err(Error::invalid("source_branch", format!("“{target_branch}” has all of it already.")));
        }
        if bases.is_empty() {
            return Err(Error::invalid("source_branch", "The two have no history in common: they can't be merged."));
        }
        for open in
            self.store().requests(DatasetId(dataset.id), Some(RequestState::Open.as_str()), None, MAX_OPEN).await?
        {
            let is_same = open.source.0 == source.id && open.source_branch == source_branch;
            if is_same && open.target_branch == target_branch {
                return Err(Error::State { message: format!("#{} offers this already.", open.number) });
            }
        }
        let kept = Kept { title, text, is_draft: new.is_draft, labels, reviewers: reviewers.clone(), merged: None };
        let at = now();
        let request = MergeRequest {
            dataset: DatasetId(dataset.id),
            number: 0,
            author: PersonName::from(actor.name()),
            state: RequestState::Open.as_str().to_owned(),
            source: DatasetId(source.id),
            source_branch,
            target_branch,
            created_at: at,
            updated_at: at,
            revision: 1,
            data: serde_json::to_string(&kept).map_err(internal)?,
        };
        let number = self.store().create_request(&request).await?;
        let happening = Happening::opened(&kept.text, reviewers);
        self.tell_of_request(actor, (request.dataset, number), happening).await;
        Ok(number)
    }

    /// The requests of a dataset that are asked for, the newest first, from before a number on, 50 at a time. Labels and
    /// people are looked for in all that come before.
    ///
    /// # Errors
    /// There is no such dataset for the person.
    pub async fn requests(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        asked: RequestsAsked,
        before: Option<u64>,
    ) -> Result<RequestsView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let mut found = self.requests_asked(DatasetId(dataset.id), &asked, before).await?;
        let has_more = found.len() > LIST;
        found.truncate(LIST);
        let next = found.last().filter(|_| has_more).map(|(last, ..)| last.number);
        let mut requests = Vec::new();
        for (stored, kept, state) in found {
            let is_same = stored.source == stored.dataset;
            let path = self.readable_path(actor, &stored, &dataset).await?;
            let source = Source { path, branch: stored.source_branch.clone(), is_same };
            requests.push(summary(&stored, &kept, state, source));
        }
        let may_propose = actor.writes_in(DatasetId(dataset.id)) && dataset.archived_at.is_none();
        Ok(RequestsView { dataset, asked, requests, next, may_propose })
    }

    /// Requests that are asked for, one more than a list has where there are so many.
    async fn requests_asked(
        &self,
        dataset: DatasetId,
        asked: &RequestsAsked,
        mut before: Option<u64>,
    ) -> Result<Vec<(MergeRequest, Kept, RequestState)>, Error> {
        let state_name = asked.state.map(RequestState::as_str);
        let is_in = |wanted: &str, words: &[String]| wanted.is_empty() || words.iter().any(|word| word == wanted);
        let mut found = Vec::new();
        loop {
            let part = self.store().requests(dataset, state_name, before, AT_ONCE).await?;
            let is_last = part.len() < AT_ONCE;
            for stored in part {
                before = Some(stored.number);
                let (kept, state) = read_kept(&stored)?;
                let is_by = asked.author.is_empty() || asked.author == stored.author.as_str();
                if is_by && is_in(&asked.label, &kept.labels) && is_in(&asked.reviewer, &kept.reviewers) {
                    found.push((stored, kept, state));
                    if found.len() > LIST {
                        return Ok(found);
                    }
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    async fn readable_path(
        &self,
        actor: &Actor,
        stored: &MergeRequest,
        dataset: &Dataset,
    ) -> Result<Option<DatasetPath>, Error> {
        if stored.source == stored.dataset {
            return Ok(Some(dataset.path.clone()));
        }
        let Some(source) = self.store().dataset_by_id(stored.source).await? else { return Ok(None) };
        let role = self.role(actor, &source).await?;
        Ok(role.map(|_| Dataset::from(source).path))
    }

    /// A request, with its branches as they are now.
    pub(crate) async fn load_request(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<Loaded, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let stored = self.store().request(DatasetId(dataset.id), number).await?;
        let stored = stored.ok_or_else(|| Error::not_found(format!("merge request #{number}")))?;
        let (kept, state) = read_kept(&stored)?;
        let (source, role) = if stored.source == stored.dataset {
            (Some(dataset.clone()), dataset.role)
        } else {
            match self.store().dataset_by_id(stored.source).await? {
                None => (None, None),
                Some(source) => {
                    let role = self.role(actor, &source).await?;
                    (Some(Dataset { role, ..source.into() }), role)
                }
            }
        };
        let theirs = match &source {
            Some(source) => self.branch_head(source, &stored.source_branch).await?,
            None => None,
        };
        let ours = self.store().head(stored.dataset, RefKind::Branch, &stored.target_branch).await?;
        let is_open = source.as_ref().is_some_and(|source| source.archived_at.is_none());
        let source_is_writable = is_open && role >= Some(Role::Writer) && actor.writes_in(stored.source);
        Ok(Loaded {
            source_is_readable: role.is_some(),
            source_is_writable,
            dataset,
            stored,
            kept,
            state,
            source,
            ours,
            theirs,
        })
    }

    /// A request's page: what was said, and what merging would come to now.
    ///
    /// # Errors
    /// There is no such dataset or request for the person, or the data can't be read.
    pub async fn request(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<RequestView, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let entries = self.entries(&loaded).await?;
        let reviews = discussion::reviews(&entries, loaded.theirs);
        let weighed = self.weighed(&loaded).await?;
        let standing = standing(loaded.state, weighed.as_deref());
        let overview = self.overview(&loaded, &entries, weighed.as_deref()).await?;
        let blocks =
            if loaded.state == RequestState::Open { self.blocks(&loaded, &reviews).await? } else { Vec::new() };
        let branch = &loaded.stored.source_branch;
        let is_here = loaded.stored.source == loaded.stored.dataset && loaded.theirs.is_some();
        let may_delete_source = is_here
            && loaded.dataset.role >= Some(Role::Writer)
            && loaded.dataset.archived_at.is_none()
            && *branch != loaded.dataset.default_branch
            && loaded.dataset.authorise_direct_change(branch).is_ok();
        Ok(RequestView {
            may_delete_source,
            request: loaded.summary(),
            overview,
            text: loaded.kept.text.clone(),
            protection: loaded.dataset.protection(&loaded.stored.target_branch).cloned(),
            may: loaded.may(actor),
            head: loaded.head(),
            merged: loaded.kept.merged.map(|merged| merged.commit),
            entries,
            reviews,
            standing,
            blocks,
            dataset: loaded.dataset,
        })
    }

    /// The commits that a request brings, and what they change: against what both branches have in common, and once it is
    /// merged, against what was there before.
    ///
    /// # Errors
    /// There is no such dataset or request for the person, or the data can't be read.
    pub async fn request_changes(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        asked: ChangesAsked,
    ) -> Result<RequestChanges, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let entries = self.entries(&loaded).await?;
        let overview = self.overview(&loaded, &entries, self.weighed(&loaded).await?.as_deref()).await?;
        let (commits, changes) = match loaded.sides() {
            None => (Vec::new(), ChangeSet::default()),
            Some(sides) => {
                self.read(move |objects| {
                    ahead::reading(objects, |objects| {
                        let commits = sides.brought(objects)?.0.into_iter();
                        let commits = commits.map(|hash| Ok(crate::state::summary(hash, objects.commit(hash)?)));
                        let commits = commits.collect::<Result<_, Error>>()?;
                        Ok((commits, change_set(objects, sides.before(objects)?, Some(sides.after), &asked)?))
                    })
                })
                .await?
            }
        };
        let (request, may, head) = (loaded.summary(), loaded.may(actor), loaded.head());
        Ok(RequestChanges { dataset: loaded.dataset, request, overview, may, head, entries, commits, changes })
    }

    /// Changes a request's title, text, labels, reviewers or state.
    ///
    /// # Errors
    /// There is no such request for the person, they may not change it, or a field is not valid.
    pub async fn change_request(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        change: RequestChange,
    ) -> Result<(), Error> {
        loop {
            let loaded = self.load_request(actor, path, number).await?;
            loaded.demand(actor, loaded.may(actor).edit, "change merge request")?;
            let mut kept = loaded.kept.clone();
            let mut done: Vec<String> = Vec::new();
            if let Some(title) = change.title.as_ref().map(|title| valid_title(title)).transpose()?
                && title != kept.title
            {
                done.push(format!("changed the title from “{}”", kept.title));
                kept.title = title;
            }
            if let Some(text) = &change.text {
                kept.text = valid_text("text", text)?;
            }
            if let Some(is_draft) = change.is_draft.filter(|is_draft| *is_draft != kept.is_draft) {
                done.push(if is_draft { "marked it as a draft" } else { "said that it is ready" }.to_owned());
                kept.is_draft = is_draft;
            }
            if let Some(labels) = change.labels.clone() {
                kept.labels = valid_words("labels", labels)?;
            }
            if let Some(reviewers) = change.reviewers.clone() {
                let reviewers = valid_words("reviewers", reviewers)?;
                for name in reviewers.iter().filter(|name| !kept.reviewers.contains(name)) {
                    self.check_reviewer(loaded.id(), name).await?;
                    done.push(format!("asked {name} for a review"));
                }
                kept.reviewers = reviewers;
            }
            let mut state = loaded.state;
            let mut kind = None;
            if let Some(wanted) = change.state.filter(|wanted| *wanted != loaded.state) {
                if wanted == RequestState::Merged || loaded.state == RequestState::Merged {
                    return Err(Error::State {
                        message: "What is merged stays merged, and only merging merges.".to_owned(),
                    });
                }
                state = wanted;
                kind = Some(EntryKind::State { state, commit: None });
            }
            let kind = kind
                .or_else(|| (!done.is_empty()).then(|| EntryKind::Changed { what: done.join(", "), withdrawn: None }));
            let asked = kept.reviewers.iter().filter(|name| !loaded.kept.reviewers.contains(name)).cloned().collect();
            let rewritten = Happening::rewritten(&loaded.kept.text, &kept.text);
            if self.keep_request(actor, &loaded, (kept, state), kind).await? {
                let request = (loaded.id(), number);
                if state != loaded.state {
                    let what = if state == RequestState::Open { "opened it again" } else { "closed it" };
                    self.tell_of_request(actor, request, Happening::said(what, "")).await;
                }
                self.tell_of_request(actor, request, Happening::asked(asked)).await;
                self.tell_of_request(actor, request, rewritten).await;
                return Ok(());
            }
        }
    }

    /// Somebody can review who has an account and may read the dataset.
    async fn check_reviewer(&self, dataset: DatasetId, name: &str) -> Result<(), Error> {
        let unknown =
            || Error::invalid("reviewers", format!("“{name}” has no account here, or may not read this dataset."));
        if !self.has_accounts() {
            return Err(unknown());
        }
        let person = self.store().person(name).await?.filter(|person| person.blocked_at.is_none());
        let person = person.ok_or_else(unknown)?;
        let dataset = self.store().dataset_by_id(dataset).await?.ok_or_else(unknown)?;
        self.role(&Actor::person(&person), &dataset).await?.map(|_| ()).ok_or_else(unknown)
    }

    /// Keeps a request as it was changed, with a word about it. Not where somebody changed it meanwhile.
    async fn keep_request(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        (kept, state): (Kept, RequestState),
        kind: Option<EntryKind>,
    ) -> Result<bool, Error> {
        let request = MergeRequest {
            state: state.as_str().to_owned(),
            updated_at: now(),
            data: serde_json::to_string(&kept).map_err(internal)?,
            ..loaded.stored.clone()
        };
        let entry = kind.map(|kind| entry(actor, &kind)).transpose()?;
        Ok(self.store().update_request(&request, entry.as_ref()).await?)
    }
}

/// How a request stands: whether it can be merged as far as the data goes.
fn standing(state: RequestState, weighed: Option<&Weighed>) -> Standing {
    if state != RequestState::Open {
        return Standing::Done;
    }
    match weighed.map(|weighed| weighed.stats) {
        None => Standing::Gone,
        Some(None) => Standing::UpToDate,
        Some(Some(stats)) if stats.open_conflicts + stats.open_violations > 0 => Standing::Undecided(stats),
        Some(Some(stats)) => Standing::Clean(stats),
    }
}

/// An entry that somebody makes now.
fn entry(actor: &Actor, kind: &EntryKind) -> Result<RequestEntry, Error> {
    Ok(RequestEntry {
        id: Uuid::now_v7(),
        author: PersonName::from(actor.name()),
        at: now(),
        data: serde_json::to_string(kind).map_err(internal)?,
    })
}
