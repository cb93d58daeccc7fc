//! What the hub answers: plain data, ready to be shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use services::import::{Inspection, Problem};
use uuid::Uuid;
use versioning::{ColumnId, Hash, Key, Row, Schema, TableId};

use crate::{Against, RowFinding, TableDifference, Viewed};

/// The address of a dataset: `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DatasetPath {
    /// The namespace.
    pub owner: String,
    /// The name within it.
    pub name: String,
}

impl std::fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A dataset as its owner describes it. Times are in microseconds since 1970-01-01T00:00:00Z, here and below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Stable, whatever the name.
    pub id: Uuid,
    /// The address.
    pub path: DatasetPath,
    /// What people call it; the name where none is given.
    pub title: String,
    /// What it is about; may be empty.
    pub description: String,
    /// The branch that is shown first.
    pub default_branch: String,
    /// When it was created.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// What it was forked from; it may be gone.
    pub origin: Option<Uuid>,
    /// Who may read it without a role in it.
    pub visibility: crate::Visibility,
    /// Since when it is read and not changed.
    pub archived_at: Option<i64>,
    /// The rules of its branches, by branch.
    pub protections: Vec<crate::Protection>,
    /// Whether its branches have rules that this server can't read: then none of them is changed.
    pub has_unknown_rules: bool,
    /// What the acting person is there; none where that was not asked.
    pub role: Option<crate::Role>,
}

/// A deleted dataset that can be brought back.
#[derive(Clone, Debug)]
pub struct DeletedDataset {
    /// The dataset.
    pub dataset: Dataset,
    /// Until when.
    pub until: i64,
}

/// The page of a namespace.
#[derive(Clone, Debug)]
pub struct NamespaceView {
    /// Whose it is.
    pub owner: String,
    /// Whether it is the acting person's.
    pub is_own: bool,
    /// Whether the acting person makes datasets in it.
    pub may_create: bool,
    /// The person whose it is; none without an account.
    pub profile: Option<crate::Profile>,
    /// The organisation whose it is.
    pub organisation: Option<crate::OrganisationView>,
    /// Its datasets, the last changed first.
    pub datasets: Vec<DatasetSummary>,
    /// Those that were deleted and can be brought back.
    pub deleted: Vec<DeletedDataset>,
    /// Those that others offer to the acting person, whose namespace it is.
    pub offers: Vec<crate::OfferView>,
    /// The organisations that the acting person is invited to, whose namespace it is.
    pub invitations: Vec<crate::MembershipInvitation>,
}

/// A dataset in a list.
#[derive(Clone, Debug)]
pub struct DatasetSummary {
    /// The dataset.
    pub dataset: Dataset,
    /// Its tables at the head of the default branch.
    pub tables: usize,
    /// Rows of all those tables.
    pub rows: u64,
    /// The newest commit.
    pub head: Option<CommitSummary>,
}

/// A table in a list.
#[derive(Clone, Debug)]
pub struct TableSummary {
    /// Stable, whatever the name.
    pub id: TableId,
    /// The name within the dataset.
    pub name: String,
    /// Rows, the acting person's draft included.
    pub rows: u64,
    /// The columns and the primary key.
    pub schema: Schema,
}

/// A commit in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitSummary {
    /// Its name.
    pub hash: Hash,
    /// The commits it follows.
    pub parents: Vec<Hash>,
    /// Who made it.
    pub author: String,
    /// When.
    pub time: i64,
    /// What and why.
    pub message: String,
}

/// A dataset's page.
#[derive(Clone, Debug)]
pub struct DatasetView {
    /// The dataset.
    pub dataset: Dataset,
    /// The state that is shown.
    pub viewed: Viewed,
    /// Whether there are accounts, and so people who may do more than others.
    pub has_accounts: bool,
    /// What the acting person is told of there; none for who has no account.
    pub watch: Option<crate::Watch>,
    /// What it was forked from, if the acting person may know.
    pub origin: Option<crate::Upstream>,
    /// Its tables, by name.
    pub tables: Vec<TableSummary>,
    /// The newest commits, at most ten.
    pub commits: Vec<CommitSummary>,
    /// What the acting person has not committed.
    pub draft: Option<DraftSummary>,
}

/// How much a draft holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftSummary {
    /// Counts the draft's saves; a discard or commit names the one it means.
    pub revision: u64,
    /// Rows changed.
    pub rows: u64,
    /// When it was last saved.
    pub updated_at: i64,
    /// Whether the branch has moved on since the draft began.
    pub behind: bool,
}

/// A table's page without its rows.
#[derive(Clone, Debug)]
pub struct TableView {
    /// The dataset.
    pub dataset: Dataset,
    /// The state that is shown.
    pub viewed: Viewed,
    /// The table.
    pub table: TableSummary,
    /// The commit that is shown.
    pub commit: CommitSummary,
    /// What the acting person has not committed, in all tables.
    pub draft: Option<DraftSummary>,
}

/// How a row of the working state relates to the commit under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// As committed.
    Committed,
    /// New in the draft.
    Inserted,
    /// These cells differ from the commit.
    Updated(Vec<ColumnId>),
}

/// A row of the working state.
#[derive(Clone, Debug)]
pub struct RowView {
    /// Its primary key.
    pub key: Key,
    /// The key as it stands in addresses (not percent-encoded).
    pub key_text: String,
    /// Its cells, in the order of the schema's columns.
    pub cells: Row,
    /// How it relates to the commit.
    pub state: RowState,
    /// The row as committed, where that differs.
    pub before: Option<Row>,
    /// What the draft has it break or meet.
    pub findings: Vec<RowFinding>,
}

/// Rows next to each other, in the order of their keys.
#[derive(Clone, Debug)]
pub struct RowPage {
    /// The schema that the cells follow.
    pub schema: Schema,
    /// Rows of the whole table.
    pub total: u64,
    /// The position of the first row here, counted from 0.
    pub offset: u64,
    /// The rows.
    pub rows: Vec<RowView>,
    /// The draft's revision that was read; 0 without a draft.
    pub revision: u64,
}

/// One edit. Values are as typed; the hub reads them by the column's type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// Change cells of a row.
    Update {
        /// The row.
        key: Key,
        /// The cells.
        cells: Vec<CellEdit>,
    },
    /// Add a row. Columns not named are empty; a generated key is filled in.
    Insert {
        /// Column and text; none is null.
        cells: Vec<(ColumnId, Option<String>)>,
    },
    /// Take a row out.
    Delete {
        /// The row.
        key: Key,
    },
}

/// One cell's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellEdit {
    /// The column.
    pub column: ColumnId,
    /// What the person saw before; none is null. If something else is there now, the edit is answered with that.
    pub before: Option<String>,
    /// What they typed; none is null.
    pub after: Option<String>,
}

/// The edits are in the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The draft's new revision; 0 when the edits undid all there was and the draft is gone.
    pub revision: u64,
    /// For each edit, the key its row has now; none when it was deleted.
    pub keys: Vec<Option<Key>>,
    /// Rows of the table now.
    pub rows: u64,
    /// The edited rows that break rules or meet checks now, by key.
    pub findings: Vec<(Key, Vec<RowFinding>)>,
}

/// What a draft or a commit changes, table by table.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// Tables that differ, by name.
    pub tables: Vec<TableChange>,
    /// The names of all tables of both sides, for links that lead to them.
    pub names: BTreeMap<TableId, String>,
}

/// What changed in a table.
#[derive(Clone, Debug)]
pub struct TableChange {
    /// The table before and after, and what differs between its schemas.
    pub table: TableDifference,
    /// The rows that differ: one page of them.
    pub changes: Vec<RowChange>,
    /// Where the next page begins, if there is more: pass it back as the cursor.
    pub next: Option<Key>,
}

/// A row that differs. Cells follow the schema of their side.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// Its primary key.
    pub key: Key,
    /// The key as it stands in addresses.
    pub key_text: String,
    /// Before; none when the row is new.
    pub before: Option<Row>,
    /// After; none when the row is gone.
    pub after: Option<Row>,
}

/// A commit's page.
#[derive(Clone, Debug)]
pub struct CommitView {
    /// The dataset.
    pub dataset: Dataset,
    /// The commit.
    pub commit: CommitSummary,
    /// What it changes against its first parent.
    pub changes: ChangeSet,
    /// The rows that it brought to meet checks that warn.
    pub warnings: crate::Findings,
    /// What other systems found about it, by context.
    pub statuses: Vec<crate::StatusView>,
}

/// Two states of a dataset side by side.
#[derive(Clone, Debug)]
pub struct CompareView {
    /// The dataset.
    pub dataset: Dataset,
    /// The state before.
    pub from: Viewed,
    /// The state after.
    pub to: Viewed,
    /// The commit from which the two went apart; none where they have no history in common.
    pub base: Option<Hash>,
    /// Against what `to` is held. Without a base it is the other as it is, whatever was asked for.
    pub against: Against,
    /// Commits that only `to` has, and commits that only `from` has; together at most 1,000. None where either has none.
    pub apart: Option<(u64, u64)>,
    /// What is different in `to`.
    pub changes: ChangeSet,
}

/// A draft's page.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// The dataset.
    pub dataset: Dataset,
    /// The branch it is on.
    pub viewed: Viewed,
    /// How much it holds; none when there is nothing.
    pub summary: Option<DraftSummary>,
    /// What the dataset was forked from, if the acting person may know: changes can be proposed there.
    pub origin: Option<DatasetPath>,
    /// What it changes.
    pub changes: ChangeSet,
    /// The rules that its rows break and the checks that they meet.
    pub findings: crate::Findings,
}

/// One of the two sides that changed the same cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The person's draft.
    Draft,
    /// The commits that the branch has got since the draft began.
    Branch,
}

/// What a person decided about the cells that their draft and the branch both changed, and about what has no place on the
/// branch any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Whose values stand.
    pub keep: Side,
    /// Whether what has no place any more is left out.
    pub leaves_out: bool,
    /// The head of the branch that they saw.
    pub head: Hash,
}

/// A page of a branch's history, newest first.
#[derive(Clone, Debug)]
pub struct LogView {
    /// The dataset.
    pub dataset: Dataset,
    /// The state from which the history goes back.
    pub viewed: Viewed,
    /// The commits.
    pub commits: Vec<CommitSummary>,
    /// Where the next page begins, if there is more.
    pub next: Option<Hash>,
}

/// What an import does with a table that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// The table must not exist.
    #[default]
    Create,
    /// The file is the table's new state.
    Replace,
    /// The file's rows are added; none of their keys may be in the table.
    Append,
    /// The file's rows are added, or change the rows that have their keys; cells of columns that the file does not have
    /// stay, and so do rows that it does not have.
    Upsert,
}

impl ImportMode {
    /// Whether rows go into a table that stays as it is otherwise.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Append | Self::Upsert)
    }
}

/// What a person wants imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The name of the table.
    pub table: String,
    /// The branch it goes to; the hub fills it in.
    #[serde(default)]
    pub branch: String,
    /// What to do if it exists.
    pub mode: ImportMode,
    /// The file's name, for messages only.
    pub file_name: String,
    /// The file's size in bytes where it is known beforehand.
    pub size: Option<u64>,
    /// Apply what is found without asking: for programs.
    pub unattended: bool,
    /// Names of the primary key's columns; the inspection's suggestion where empty.
    pub key: Vec<String>,
    /// The commit's message; one is made where empty.
    pub message: String,
}

/// What the person decided after seeing what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportChoice {
    /// Whether the first record names the columns.
    pub header: bool,
    /// For each column of the file, in its order.
    pub columns: Vec<ColumnChoice>,
    /// The commit's message.
    pub message: String,
}

/// One column of a file as the person wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnChoice {
    /// The column's name.
    pub name: String,
    /// The column's type.
    pub ty: versioning::Type,
    /// Whether it is part of the primary key. With none, a key is generated.
    pub key: bool,
    /// Leave the column out.
    pub skip: bool,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It works: reading what is uploaded, or writing the table.
    Running,
    /// It waits for a person's decision.
    Waiting,
    /// It is done.
    Succeeded,
    /// It could not be done.
    Failed,
    /// A person stopped it.
    Cancelled,
}

impl JobState {
    /// Whether the job will change no more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a running import is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportPhase {
    /// Receiving the file and finding its columns.
    Inspecting,
    /// Reading the file again and writing the table.
    Importing,
}

/// An import's page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportView {
    /// The job's id.
    pub id: Uuid,
    /// The dataset.
    pub dataset: DatasetPath,
    /// What was asked for.
    pub request: ImportRequest,
    /// How it stands.
    pub state: JobState,
    /// What it is doing or was doing last.
    pub phase: ImportPhase,
    /// Rows read in this phase.
    pub rows: u64,
    /// Bytes read in this phase.
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total_bytes: Option<u64>,
    /// Rows per second in this phase.
    pub rate: u64,
    /// What was found, once the file has been read.
    pub inspection: Option<Inspection>,
    /// While it waits, the table that the file goes into, where there is one.
    pub existing: Option<Schema>,
    /// While it waits, what the person begins with.
    pub beginning: Option<ImportChoice>,
    /// What the person chose, once they did.
    pub choice: Option<ImportChoice>,
    /// Bad values, the first thousand.
    pub problems: Vec<Problem>,
    /// How many bad values there are.
    pub problem_count: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// The commit it made; none where nothing differed.
    pub commit: Option<Hash>,
    /// Rows of the table it wrote.
    pub imported_rows: u64,
    /// When it began.
    pub created_at: i64,
}
