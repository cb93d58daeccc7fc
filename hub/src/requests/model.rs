//! Merge requests as they are shown, and as they are kept.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use versioning::{
    ColumnId, Hash, Key, TableId, Type, Value,
    merge::{Choice, Scope, Stats},
};

use crate::{
    ChangeSet, CommitSummary, Dataset, DatasetPath, Error, Findings, FoundConflict, FoundViolation, Protection,
    StatusView,
};

/// How a merge request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// It waits for a decision.
    Open,
    /// Its changes are in the branch.
    Merged,
    /// It was withdrawn or turned down. It can be opened again.
    Closed,
}

impl RequestState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Merged, Self::Closed];

    /// As in addresses and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for RequestState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| Error::invalid("state", format!("“{text}” is no state: open, merged, closed.")))
    }
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Neither for nor against.
    Comment,
    /// It can be merged.
    Approve,
    /// Something has to change first.
    Changes,
}

impl FromStr for Verdict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "comment" => Ok(Self::Comment),
            "approve" => Ok(Self::Approve),
            "changes" => Ok(Self::Changes),
            _ => Err(Error::invalid("verdict", format!("“{text}” is no verdict: comment, approve, changes."))),
        }
    }
}

/// A branch whose changes are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its dataset; none where that is gone, or where the reader may not know of it.
    pub path: Option<DatasetPath>,
    /// The branch.
    pub branch: String,
    /// Whether it is a branch of the very dataset that gets the changes.
    pub is_same: bool,
}

/// A merge request in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSummary {
    /// Counts the dataset's requests from 1.
    pub number: u64,
    /// What it is about, in a line.
    pub title: String,
    /// Who offers.
    pub author: String,
    /// How it stands.
    pub state: RequestState,
    /// Whether it is not ready to be merged yet.
    pub is_draft: bool,
    /// What is offered.
    pub source: Source,
    /// The branch that gets it.
    pub target: String,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// Who is asked to review it.
    pub reviewers: Vec<String>,
    /// When it was opened, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it last changed, in µs since 1970 UTC.
    pub updated_at: i64,
}

/// Which merge requests; what is none or empty is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestsAsked {
    /// Of this state.
    pub state: Option<RequestState>,
    /// With this label.
    pub label: String,
    /// Opened by this person.
    pub author: String,
    /// To be reviewed by this person.
    pub reviewer: String,
}

/// A page of merge requests, the newest first.
#[derive(Clone, Debug)]
pub struct RequestsView {
    /// The dataset.
    pub dataset: Dataset,
    /// Which are listed.
    pub asked: RequestsAsked,
    /// The requests.
    pub requests: Vec<RequestSummary>,
    /// Before which number the next page begins, if there is more.
    pub next: Option<u64>,
    /// Whether the acting person may open one.
    pub may_propose: bool,
}

/// Where in the data a comment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The table.
    pub table: TableId,
    /// Its name then.
    pub table_name: String,
    /// The row.
    pub key: Key,
    /// The row's key as it stands in addresses.
    pub key_text: String,
    /// The column; none where it is about the row.
    pub column: Option<(ColumnId, String)>,
    /// What the cell held in what was offered then, as people write it; none where it was empty or there was no row.
    pub value: Option<String>,
    /// The commit that was offered then; none where it was not kept yet.
    #[serde(default)]
    pub commit: Option<Hash>,
}

/// A value for a cell that somebody suggests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// As typed; none empties the cell.
    pub value: Option<String>,
    /// The commit in which it was taken over.
    pub applied: Option<Hash>,
}

/// Something that was said about a request or happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "most entries are comments")]
pub enum EntryKind {
    /// Somebody said something.
    Comment {
        /// What.
        text: String,
        /// About which row or cell.
        #[serde(default)]
        anchor: Option<Anchor>,
        /// The comment that it answers.
        #[serde(default)]
        reply_to: Option<Uuid>,
        /// Who found that the matter is settled.
        #[serde(default)]
        resolved_by: Option<String>,
        /// What the cell should hold.
        #[serde(default)]
        suggestion: Option<Suggestion>,
        /// When its author changed the text last, in µs since 1970 UTC.
        #[serde(default)]
        edited_at: Option<i64>,
    },
    /// Somebody reviewed it.
    Review {
        /// What they found.
        verdict: Verdict,
        /// Why.
        text: String,
        /// What was offered then.
        head: Hash,
    },
    /// It was closed, opened again or merged.
    State {
        /// How it stands since.
        state: RequestState,
        /// The commit that it was merged in.
        #[serde(default)]
        commit: Option<Hash>,
    },
    /// Its title, labels or reviewers were changed.
    Changed {
        /// Completes “NAME …”.
        what: String,
        /// The commit that was offered, where its branch was deleted.
        #[serde(default)]
        withdrawn: Option<Hash>,
    },
}

/// A cell that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// The column's name.
    pub column: String,
    /// What it held then, as people write it.
    pub then: Option<String>,
    /// What it holds now.
    pub now: Option<String>,
}

/// Why a comment is about something that is not so any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// The row is gone.
    Gone,
    /// The cell, or these cells of the row, hold something else.
    Changed(Vec<CellDifference>),
}

/// An entry of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub author: String,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// What.
    pub kind: EntryKind,
    /// Whether the row or cell that it is about is something else by now.
    pub outdated: Option<Outdated>,
}

/// The last verdict of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub author: String,
    /// What they found.
    pub verdict: Verdict,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// Whether it was about something else than what is offered now, and so does not count where approvals lapse.
    pub has_lapsed: bool,
}

/// What merging would come to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One of the branches is gone.
    Gone,
    /// The branch has everything already.
    UpToDate,
    /// It can be merged.
    Clean(Stats),
    /// Something is left to decide.
    Undecided(Stats),
    /// It is merged or closed.
    Done,
}

/// A branch of an open request that is not there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneBranch {
    /// Which one, as a sentence.
    pub words: String,
    /// The commit that was offered last, where it is known and the acting person may bring the branch back with it.
    pub back_at: Option<Hash>,
}

/// What every page of a merge request says of it: how much there is on each, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOverview {
    /// Comments and reviews.
    pub said: u64,
    /// Commits that it brings; at most 250.
    pub commits: Option<u64>,
    /// Whether there are more commits.
    pub has_more_commits: bool,
    /// Tables that it changes.
    pub tables: Option<u64>,
    /// What is left to decide.
    pub undecided: Option<u64>,
    /// What stands in the way of merging or warns: rows that break rules or meet checks, and statuses that failed or that
    /// the rules of the branch wait for.
    pub checks: Option<u64>,
    /// The branch that is gone.
    pub gone: Option<GoneBranch>,
}

/// What the acting person may do with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Say something and review.
    pub discuss: bool,
    /// Change title, text and state.
    pub edit: bool,
    /// Decide about conflicts.
    pub decide: bool,
    /// Merge it, once nothing is in the way.
    pub merge: bool,
    /// Take suggestions over.
    pub apply: bool,
}

/// A merge request's page.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The dataset.
    pub dataset: Dataset,
    /// The request.
    pub request: RequestSummary,
    /// What all its pages say.
    pub overview: RequestOverview,
    /// What it is about, as Markdown.
    pub text: String,
    /// What was said and what happened, the oldest first.
    pub entries: Vec<Entry>,
    /// Each reviewer's last verdict.
    pub reviews: Vec<Review>,
    /// What merging would come to.
    pub standing: Standing,
    /// What is in the way of merging besides what is to be decided, as sentences.
    pub blocks: Vec<String>,
    /// The rules of the branch that gets the changes.
    pub protection: Option<Protection>,
    /// What the acting person may do.
    pub may: May,
    /// What is offered: the newest commit.
    pub head: Option<Hash>,
    /// The commit that it was merged in.
    pub merged: Option<Hash>,
    /// Whether the branch that was offered is there, and may be deleted by the acting person.
    pub may_delete_source: bool,
}

/// What a merge request changes.
#[derive(Clone, Debug)]
pub struct RequestChanges {
    /// The dataset.
    pub dataset: Dataset,
    /// The request.
    pub request: RequestSummary,
    /// What all its pages say.
    pub overview: RequestOverview,
    /// What the acting person may do.
    pub may: May,
    /// What is offered: the newest commit.
    pub head: Option<Hash>,
    /// What was said and what happened, the oldest first.
    pub entries: Vec<Entry>,
    /// The commits that it brings, the newest first; at most 250.
    pub commits: Vec<CommitSummary>,
    /// What it changes.
    pub changes: ChangeSet,
}

/// What is found about a merge request.
#[derive(Clone, Debug)]
pub struct RequestChecks {
    /// The dataset.
    pub dataset: Dataset,
    /// The request.
    pub request: RequestSummary,
    /// What all its pages say.
    pub overview: RequestOverview,
    /// What the acting person may do.
    pub may: May,
    /// What is offered: the newest commit.
    pub head: Option<Hash>,
    /// The rows of the merged state that break rules or meet checks. Warnings are known only when nothing is left to
    /// decide.
    pub findings: Findings,
    /// How many conflicts nobody has decided.
    pub open_conflicts: u64,
    /// What other systems found about the offered commit, by context.
    pub statuses: Vec<StatusView>,
    /// The rules of the branch that gets the changes.
    pub protection: Option<Protection>,
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub choice: Choice,
    /// Who, or whose rule; none where that is not known any more.
    pub by: Option<String>,
    /// Whether it was decided for many at once.
    pub by_rule: bool,
}

/// A conflict in the resolver.
#[derive(Clone, Debug)]
pub struct ConflictItem {
    /// The conflict.
    pub found: FoundConflict,
    /// What was decided; none while it is open.
    pub decided: Option<Decided>,
    /// The type that a value typed instead is read by, where one can be.
    pub value_type: Option<Type>,
    /// Other cells of the row, to know it by: names and values.
    pub context: Vec<(String, Value)>,
    /// Names what is decided, to say that it was seen; [`OPEN`](crate::OPEN) where nothing is.
    pub revision: String,
}

/// A violation in the resolver.
#[derive(Clone, Debug)]
pub struct ViolationItem {
    /// The violation.
    pub found: FoundViolation,
    /// Whether somebody has changed its rows; it is checked again then.
    pub is_fixed: bool,
    /// Who has, where that is known.
    pub fixed_by: Option<String>,
    /// Names what its rows were changed to, to say that it was seen; [`OPEN`](crate::OPEN) where they were not.
    pub revision: String,
}

/// Conflicts of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictCount {
    /// The table.
    pub table: TableId,
    /// Its name.
    pub name: String,
    /// The columns in which cells are in conflict, with their names and how many of each are undecided.
    pub columns: Vec<(ColumnId, String, u64)>,
    /// Undecided ones.
    pub open: u64,
    /// All of them.
    pub total: u64,
}

/// A rule that decides many conflicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleView {
    /// Names it, to take it back.
    pub about: String,
    /// Names it as it is, to say that it was seen.
    pub revision: String,
    /// What it is for.
    pub scope: Scope,
    /// The table; none: all.
    pub table: Option<String>,
    /// The column; none: all.
    pub column: Option<String>,
    /// How it decides.
    pub choice: Choice,
    /// Who made it.
    pub by: String,
}

/// Which conflicts are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConflictsAsked {
    /// Those of one table.
    pub table: Option<TableId>,
    /// Those that are decided as well.
    pub all: bool,
    /// How many to leave out.
    pub offset: usize,
    /// How many to answer, at most 200.
    pub limit: usize,
    /// One that is answered besides them, whether it is decided or not.
    pub besides: Option<Hash>,
}

/// The resolver.
#[derive(Clone, Debug)]
pub struct ConflictsView {
    /// The dataset.
    pub dataset: Dataset,
    /// The request.
    pub request: RequestSummary,
    /// What all its pages say.
    pub overview: RequestOverview,
    /// What the acting person may do.
    pub may: May,
    /// What was asked for.
    pub asked: ConflictsAsked,
    /// How much is decided and how much is open, in all.
    pub stats: Stats,
    /// By table, those with conflicts.
    pub tables: Vec<ConflictCount>,
    /// The rules in force, the latest last.
    pub rules: Vec<RuleView>,
    /// The conflicts asked for.
    pub conflicts: Vec<ConflictItem>,
    /// Whether there are more behind them.
    pub has_more: bool,
    /// Rules of the data that the merged state would break: the first 100.
    pub violations: Vec<ViolationItem>,
    /// Names all that is decided, to say that it was seen.
    pub revision: String,
}

/// A request to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRequest {
    /// 1 to 200 characters.
    pub title: String,
    /// Markdown; up to 100,000 characters.
    pub text: String,
    /// The dataset whose branch is offered; none: the same.
    pub source: Option<DatasetPath>,
    /// The branch that is offered.
    pub source_branch: String,
    /// The branch that gets the changes; the default branch where empty.
    pub target_branch: String,
    /// Whether it is not ready to be merged yet.
    pub is_draft: bool,
    /// Words to find it by, at most 20.
    pub labels: Vec<String>,
    /// Who is asked for a review, at most 20.
    pub reviewers: Vec<String>,
}

/// What to change in a request; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestChange {
    /// The title.
    pub title: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// Whether it is not ready yet.
    pub is_draft: Option<bool>,
    /// Close it, or open it again.
    pub state: Option<RequestState>,
    /// All labels.
    pub labels: Option<Vec<String>>,
    /// Everybody who is asked for a review.
    pub reviewers: Option<Vec<String>>,
}

/// A comment to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewComment {
    /// Markdown; up to 100,000 characters. May be empty with a suggestion.
    pub text: String,
    /// The comment that it answers.
    pub reply_to: Option<Uuid>,
    /// The table whose row it is about, by name.
    pub table: Option<String>,
    /// The row's key as it stands in addresses.
    pub key: Option<String>,
    /// The column whose cell it is about, by name.
    pub column: Option<String>,
    /// What the cell should hold; some nothing empties it.
    pub suggestion: Option<Option<String>>,
}

/// How a request is merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeHow {
    /// The commit's message; one is made where empty.
    pub message: String,
    /// One new commit on the branch, without the offered commits behind it.
    pub squash: bool,
    /// The offered commit that the person saw; none: whatever it is.
    pub head: Option<Hash>,
}
