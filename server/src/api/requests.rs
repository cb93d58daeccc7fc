//! `…/{dataset}/merge-requests`: offers to merge a branch of this dataset or of a fork.

pub(crate) mod checks;
pub(crate) mod deciding;
pub(crate) mod discussion;

use axum::{Json, http::StatusCode};
use hub::{
    DatasetPath, MergeHow, NewRequest, RequestChange, RequestState, RequestSummary, RequestView, RequestsAsked, Review,
    Standing,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use versioning::Hash;

use super::{Address, Body, List, Parameters, cursor, merges::StatsBody, time, word};
use crate::{problem::Problem, visit::Visit};

/// A merge request in a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MergeRequest)]
pub(crate) struct RequestBody {
    /// Counts the dataset's requests from 1.
    number: u64,
    /// What it is about, in a line.
    title: String,
    /// Who offers.
    author: String,
    /// open, merged or closed.
    state: String,
    /// Whether it is not ready to be merged yet.
    draft: bool,
    /// The dataset that is offered from, as owner/name; null where it is gone or the caller may not know of it.
    source: Option<String>,
    /// The branch that is offered.
    source_branch: String,
    /// The branch that gets the changes.
    target_branch: String,
    /// Words to find it by.
    labels: Vec<String>,
    /// Who is asked for a review.
    reviewers: Vec<String>,
    /// When it was opened.
    created_at: Option<String>,
    /// When it last changed.
    updated_at: Option<String>,
}

impl From<RequestSummary> for RequestBody {
    fn from(request: RequestSummary) -> Self {
        Self {
            number: request.number,
            title: request.title,
            author: request.author,
            state: request.state.as_str().to_owned(),
            draft: request.is_draft,
            source: request.source.path.map(|path| path.to_string()),
            source_branch: request.source.branch,
            target_branch: request.target,
            labels: request.labels,
            reviewers: request.reviewers,
            created_at: time(request.created_at),
            updated_at: time(request.updated_at),
        }
    }
}

/// Somebody's last verdict.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct ReviewBody {
    /// Who.
    author: String,
    /// comment, approve or changes.
    verdict: String,
    /// When.
    at: Option<String>,
    /// Whether something else is offered by now.
    lapsed: bool,
}

impl From<Review> for ReviewBody {
    fn from(review: Review) -> Self {
        let verdict = word(review.verdict);
        Self { author: review.author, verdict, at: time(review.at), lapsed: review.has_lapsed }
    }
}

/// A merge request with how it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MergeRequestView)]
pub(crate) struct RequestViewBody {
    /// The request.
    #[serde(flatten)]
    request: RequestBody,
    /// What it is about, as Markdown.
    text: String,
    /// The commit that is offered; null where the branch is gone.
    head: Option<String>,
    /// What merging would come to: clean, undecided, up_to_date, gone (a branch is), or done (it is merged or closed).
    standing: String,
    /// How much would be merged, and is left to decide; null where there is nothing to merge.
    stats: Option<StatsBody>,
    /// What is in the way of merging besides what is to be decided.
    blocks: Vec<String>,
    /// The last verdict of each reviewer.
    reviews: Vec<ReviewBody>,
    /// The commit that it was merged in.
    merged: Option<String>,
}

impl From<RequestView> for RequestViewBody {
    fn from(view: RequestView) -> Self {
        let (standing, stats) = match view.standing {
            Standing::Gone => ("gone", None),
            Standing::UpToDate => ("up_to_date", None),
            Standing::Clean(stats) => ("clean", Some(stats.into())),
            Standing::Undecided(stats) => ("undecided", Some(stats.into())),
            Standing::Done => ("done", None),
        };
        Self {
            request: view.request.into(),
            text: view.text,
            head: view.head.map(|hash| hash.to_string()),
            standing: standing.to_owned(),
            stats,
            blocks: view.overview.gone.map(|gone| gone.words).into_iter().chain(view.blocks).collect(),
            reviews: view.reviews.into_iter().map(ReviewBody::from).collect(),
            merged: view.merged.map(|hash| hash.to_string()),
        }
    }
}

/// What is offered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMergeRequest)]
pub(crate) struct NewRequestBody {
    /// What it is about: 1 to 200 characters.
    title: String,
    /// More about it, as Markdown; up to 100,000 characters.
    #[serde(default)]
    text: String,
    /// The dataset that is offered from, as owner/name; this one without it.
    source: Option<String>,
    /// The branch that is offered.
    source_branch: String,
    /// The branch that gets the changes; the default branch without it.
    #[serde(default)]
    target_branch: String,
    /// Whether it is not ready to be merged yet.
    #[serde(default)]
    draft: bool,
    /// Words to find it by, at most 20.
    #[serde(default)]
    labels: Vec<String>,
    /// Who is asked for a review, at most 20.
    #[serde(default)]
    reviewers: Vec<String>,
}

/// What to change; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MergeRequestChange)]
pub(crate) struct ChangeBody {
    /// The title.
    title: Option<String>,
    /// The text.
    text: Option<String>,
    /// Whether it is not ready to be merged yet.
    draft: Option<bool>,
    /// open or closed.
    state: Option<String>,
    /// All labels, at most 20.
    labels: Option<Vec<String>>,
    /// Everybody who is asked for a review, at most 20.
    reviewers: Option<Vec<String>>,
}

/// How to merge.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = MergeRequestMerge)]
pub(crate) struct MergeBody {
    /// The commit's message; one is made without it.
    message: String,
    /// One commit without the offered ones behind it.
    squash: bool,
    /// The offered commit that the caller saw; whatever it is without it.
    head: Option<String>,
}

/// What merging made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MergeRequestMerged)]
pub(crate) struct MergedBody {
    /// The commit; null where the branch had all of it already.
    commit: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Listed {
    state: Option<String>,
    #[serde(default)]
    label: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    reviewer: String,
    cursor: Option<String>,
}

pub(super) fn path_of((owner, name): (String, String)) -> DatasetPath {
    DatasetPath { owner, name }
}

pub(super) fn hash(field: &str, text: &str) -> Result<Hash, Problem> {
    let refused = |error| Problem::field(StatusCode::UNPROCESSABLE_ENTITY, field, format!("{error}."));
    text.parse().map_err(refused)
}

/// The merge requests of a dataset, the newest first, 50 at a time.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/merge-requests", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("state" = Option<String>, Query, description = "open, merged or closed; all without it."),
        ("label" = Option<String>, Query, description = "Those with this label."),
        ("author" = Option<String>, Query, description = "Those that this person opened."),
        ("reviewer" = Option<String>, Query, description = "Those that this person is asked to review."),
        ("cursor" = Option<String>, Query, description = "Where the page begins: `next_cursor` of the one before."),
    ),
    responses((status = 200, description = "The requests.", body = List<RequestBody>)),
)]
pub(crate) async fn list(
    visit: Visit,
    Address(path): Address<(String, String)>,
    Parameters(Listed { state, label, author, reviewer, cursor: after }): Parameters<Listed>,
) -> Result<Json<List<RequestBody>>, Problem> {
    let path = path_of(path);
    let name = path.to_string();
    let list = ["merge-requests", &name, state.as_deref().unwrap_or_default(), &label, &author, &reviewer];
    let before = after.map(|text| cursor::read::<u64>(&list, &text)).transpose()?;
    let wanted = state.as_deref().map(str::parse::<RequestState>).transpose()?;
    let asked =
        RequestsAsked { state: wanted, label: label.clone(), author: author.clone(), reviewer: reviewer.clone() };
    let view = visit.hub.requests(&visit.actor(), &path, asked, before).await?;
    let next_cursor = view.next.and_then(|next| cursor::write(&list, next));
    Ok(Json(List { items: view.requests.into_iter().map(RequestBody::from).collect(), next_cursor }))
}

/// Offers a branch of this dataset or of a fork to be merged.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests", tag = "merge requests",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = NewRequestBody,
    responses((status = 201, description = "The request.", body = RequestViewBody)),
)]
pub(crate) async fn create(
    visit: Visit,
    Address(path): Address<(String, String)>,
    Body(new): Body<NewRequestBody>,
) -> Result<(StatusCode, Json<RequestViewBody>), Problem> {
    let (path, actor) = (path_of(path), visit.actor());
    let NewRequestBody { title, text, source, source_branch, target_branch, draft: is_draft, labels, reviewers } = new;
    let source = source.map(|text| {
        let named = text.split_once('/').map(|(owner, name)| path_of((owner.to_owned(), name.to_owned())));
        let refused = || Problem::field(StatusCode::UNPROCESSABLE_ENTITY, "/source", "Name it as owner/name.");
        named.ok_or_else(refused)
    });
    let source = source.transpose()?;
    let new = NewRequest { title, text, source, source_branch, target_branch, is_draft, labels, reviewers };
    let number = visit.hub.propose(&actor, &path, new).await?;
    let view = visit.hub.request(&actor, &path, number).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// A merge request, with what merging would come to now.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/merge-requests/{number}", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    responses((status = 200, description = "The request.", body = RequestViewBody)),
)]
pub(crate) async fn show(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
) -> Result<Json<RequestViewBody>, Problem> {
    Ok(Json(visit.hub.request(&visit.actor(), &path_of((owner, name)), number).await?.into()))
}

/// Changes a merge request's title, text, labels, reviewers or state.
#[utoipa::path(
    patch, path = "/datasets/{owner}/{dataset}/merge-requests/{number}", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    request_body = ChangeBody,
    responses((status = 200, description = "The request as it is now.", body = RequestViewBody)),
)]
pub(crate) async fn change(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Body(change): Body<ChangeBody>,
) -> Result<Json<RequestViewBody>, Problem> {
    let (path, actor) = (path_of((owner, name)), visit.actor());
    let ChangeBody { title, text, draft: is_draft, state, labels, reviewers } = change;
    let state = state.as_deref().map(str::parse).transpose()?;
    let change = RequestChange { title, text, is_draft, state, labels, reviewers };
    visit.hub.change_request(&actor, &path, number, change).await?;
    Ok(Json(visit.hub.request(&actor, &path, number).await?.into()))
}

/// Merges a merge request. 409 where something is in the way, with what it is.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/merge", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    request_body = MergeBody,
    responses((status = 200, description = "It is merged.", body = MergedBody)),
)]
pub(crate) async fn merge(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Body(MergeBody { message, squash, head }): Body<MergeBody>,
) -> Result<Json<MergedBody>, Problem> {
    let head = head.as_deref().map(|text| hash("/head", text)).transpose()?;
    let how = MergeHow { message, squash, head };
    let commit = visit.hub.merge_request(&visit.actor(), &path_of((owner, name)), number, how).await?;
    Ok(Json(MergedBody { commit: commit.map(|hash| hash.to_string()) }))
}

/// Opens a merge request that undoes a merged one.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/revert", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    responses((status = 201, description = "The new request.", body = RequestViewBody)),
)]
pub(crate) async fn revert(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
) -> Result<(StatusCode, Json<RequestViewBody>), Problem> {
    let (path, actor) = (path_of((owner, name)), visit.actor());
    let new = visit.hub.revert_request(&actor, &path, number).await?;
    Ok((StatusCode::CREATED, Json(visit.hub.request(&actor, &path, new).await?.into())))
}
