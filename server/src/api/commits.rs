//! `…/commits`: the log, one commit, and commits made of operations.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use hub::{Against, Change, Changes, CommitSummary, DatasetPath, Place, Reference, TwoStates};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Address, Body, List, Parameters, Reading, cursor,
    diffs::{TableCounts, counts},
    limit,
    request::{parent, place},
    time,
};
use crate::{problem::Problem, visit::Visit};

/// A commit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Commit)]
pub(crate) struct CommitBody {
    /// Its name: 64 hexadecimal digits.
    pub(crate) hash: String,
    /// The commits it follows.
    pub(crate) parents: Vec<String>,
    /// Who made it.
    pub(crate) author: String,
    /// When.
    pub(crate) time: Option<String>,
    /// What and why.
    pub(crate) message: String,
}

impl From<CommitSummary> for CommitBody {
    fn from(commit: CommitSummary) -> Self {
        let CommitSummary { hash, parents, author, time: at, message } = commit;
        let parents = parents.iter().map(ToString::to_string).collect();
        Self { hash: hash.to_string(), parents, author, time: time(at), message }
    }
}

/// Which commits are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "ref and at are read by Reading; here they are described")]
pub(crate) struct Page {
    /// The state whose history it is: a branch, tag or commit, perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
    /// Only commits that changed this table.
    table: Option<String>,
    /// How many: 1 to 1,000, 100 without it.
    limit: Option<usize>,
    /// Where the last page ended.
    cursor: Option<String>,
}

/// The commits that a state follows, the newest first, all parents of merges among them. A page may have fewer commits
/// than asked for, even none, and still a next page, where few of many commits changed the table.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/commits", tag = "commits",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Page),
    responses((status = 200, description = "The commits.", body = List<CommitBody>)),
)]
pub(crate) async fn list(
    state: Visit,
    reading: Reading,
    Address((owner, dataset)): Address<(String, String)>,
    Parameters(page): Parameters<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let table = page.table.as_deref();
    let list = ["commits", &owner, &dataset, table.unwrap_or_default()];
    let begin = page.cursor.map(|text| cursor::read::<(String, String)>(&list, &text)).transpose()?;
    // A walk goes on from the commit at which it began, wherever the branch is now.
    let start = begin.as_ref().and_then(|(start, _)| start.parse().ok());
    let reading = reading.back_to(start);
    let (actor, at, next) = (state.actor(), &reading.place, begin.as_ref().map(|(_, at)| at.as_str()));
    let (commits, next) = match table {
        Some(table) => state.hub.log_of(&actor, at, table, next, limit).await?,
        None => state.hub.full_log(&actor, at, next, limit).await?,
    };
    let start = reading.commit().map(|hash| hash.to_string()).unwrap_or_default();
    let next_cursor = next.and_then(|next| cursor::write(&list, (start, next)));
    Ok(reading.answer(List { items: commits.into_iter().map(CommitBody::from).collect(), next_cursor }))
}

/// A commit with how much it changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CommitWithSummary {
    #[serde(flatten)]
    commit: CommitBody,
    /// What it changed against its first parent, table by table.
    summary: Vec<TableCounts>,
}

/// One commit, named by its hash or its first digits, with how much it changed.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/commits/{commit}", tag = "commits",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("commit", description = "The commit's hash, or at least four of its first digits."),
    ),
    responses((status = 200, description = "The commit.", body = CommitWithSummary)),
)]
pub(crate) async fn show(
    state: Visit,
    Address((owner, name, commit)): Address<(String, String, String)>,
) -> Result<Json<CommitWithSummary>, Problem> {
    let (actor, path) = (state.actor(), DatasetPath { owner, name });
    let commit = state.hub.commit_summary(&actor, &path, &commit).await?;
    let to = Reference::named(commit.hash.to_string());
    let summary = match commit.parents.first() {
        Some(parent) => {
            let from = Reference::named(parent.to_string());
            let sides = TwoStates { from: &from, to: &to, against: Against::Other };
            counts(&state.hub.diff_summary(&actor, &path, sides, None).await?)
        }
        None => {
            let view = state.hub.dataset(&actor, &Place { path, at: to }).await?;
            view.tables.iter().map(|table| TableCounts::added(&table.name, table.rows)).collect()
        }
    };
    Ok(Json(CommitWithSummary { commit: commit.into(), summary }))
}

/// Operations that become one commit, all of them or nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCommit {
    /// The branch; the default branch where none is named.
    branch: Option<String>,
    /// The head that the operations were made for: where the branch has another by now, nothing is committed, and 409
    /// answers with the commits in between. Without it (and without If-Match), whatever the head is.
    parent: Option<String>,
    /// What and why. Up to 10,000 characters.
    #[serde(default)]
    message: String,
    /// What is done, in order: 1 to 100,000.
    operations: Vec<Change>,
}

/// What became of operations.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CommitMade {
    /// The branch.
    pub(crate) branch: String,
    /// Its head now; null where it has none.
    pub(crate) commit: Option<String>,
    /// Whether a commit was made; false where nothing was different in the end.
    pub(crate) changed: bool,
}

/// Makes one commit of operations on rows, columns and tables.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/commits", tag = "commits",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe: the same request with the same key \
            is answered as the first was, for 24 hours or until the server is started again."),
        ("If-Match" = Option<String>, Header, description = "The head that the operations were made for, as `parent`."),
    ),
    request_body = NewCommit,
    responses(
        (status = 200, description = "Nothing was different in the end: no commit was made.", body = CommitMade),
        (status = 201, description = "The commit.", body = CommitMade),
    ),
)]
pub(crate) async fn create(
    state: Visit,
    Address(path): Address<(String, String)>,
    headers: HeaderMap,
    Body(new): Body<NewCommit>,
) -> Result<(StatusCode, Json<CommitMade>), Problem> {
    let place = place(path, new.branch.as_deref())?;
    commit(&state, &headers, place, new.parent.as_deref(), new.message, new.operations).await
}

/// Makes a commit of changes; the answer of everything that does.
pub(crate) async fn commit(
    state: &Visit,
    headers: &HeaderMap,
    place: Place,
    stated: Option<&str>,
    message: String,
    changes: Vec<Change>,
) -> Result<(StatusCode, Json<CommitMade>), Problem> {
    let actor = state.actor();
    let changes = Changes { parent: parent(stated, headers)?, message, changes };
    let made = state.hub.apply_changes(&actor, &place, changes).await?;
    let viewed = state.hub.viewed(&actor, &place).await?;
    let commit = made.or(viewed.commit).map(|hash| hash.to_string());
    let status = if made.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(CommitMade { branch: viewed.name, commit, changed: made.is_some() })))
}
