//! `…/merge-requests/{number}/comments` and `…/reviews`: what people say.

use axum::{Json, http::StatusCode};
use hub::{Entry, EntryKind, NewComment, Verdict};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{hash, path_of};
use crate::{
    api::{Address, Body, List, time, word},
    problem::Problem,
    visit::Visit,
};

/// Something that was said about a request or happened to it.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestEntry)]
pub(crate) struct EntryBody {
    /// Its id.
    id: String,
    /// Who.
    author: String,
    /// When.
    at: Option<String>,
    /// comment, review, state or changed.
    kind: String,
    /// What was said, as Markdown; at `changed`, what was done.
    text: String,
    /// The table whose row a comment is about.
    table: Option<String>,
    /// The row's key as it stands in addresses.
    key: Option<String>,
    /// The column, where it is about a cell.
    column: Option<String>,
    /// What the cell held then, as text.
    value: Option<String>,
    /// Whether the cell or row is something else by now.
    outdated: bool,
    /// The comment that this one answers.
    reply_to: Option<String>,
    /// Who found that the matter is settled.
    settled_by: Option<String>,
    /// When its author changed the text last.
    edited_at: Option<String>,
    /// Whether a value is suggested for the cell.
    suggests: bool,
    /// The value, as text; null empties the cell.
    suggestion: Option<String>,
    /// comment, approve or changes.
    verdict: Option<String>,
    /// The state since then: open, merged or closed.
    state: Option<String>,
    /// What a review was about, the commit in which a suggestion was taken over, or the commit of the merge.
    commit: Option<String>,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        let body = Self {
            id: entry.id.to_string(),
            author: entry.author,
            at: time(entry.at),
            outdated: entry.outdated.is_some(),
            ..Self::default()
        };
        match entry.kind {
            EntryKind::Comment { text, anchor, reply_to, resolved_by, suggestion, edited_at } => {
                let commit = suggestion.as_ref().and_then(|suggestion| suggestion.applied).map(|hash| hash.to_string());
                Self {
                    kind: "comment".to_owned(),
                    text,
                    table: anchor.as_ref().map(|anchor| anchor.table_name.clone()),
                    key: anchor.as_ref().map(|anchor| anchor.key_text.clone()),
                    column: anchor.as_ref().and_then(|anchor| anchor.column.as_ref()).map(|(_, name)| name.clone()),
                    value: anchor.and_then(|anchor| anchor.value),
                    reply_to: reply_to.map(|id| id.to_string()),
                    settled_by: resolved_by,
                    edited_at: edited_at.and_then(time),
                    suggests: suggestion.is_some(),
                    suggestion: suggestion.and_then(|suggestion| suggestion.value),
                    commit,
                    ..body
                }
            }
            EntryKind::Review { verdict, text, head } => Self {
                kind: "review".to_owned(),
                text,
                verdict: Some(word(verdict)),
                commit: Some(head.to_string()),
                ..body
            },
            EntryKind::State { state, commit } => Self {
                kind: "state".to_owned(),
                state: Some(state.as_str().to_owned()),
                commit: commit.map(|hash| hash.to_string()),
                ..body
            },
            EntryKind::Changed { what, .. } => Self { kind: "changed".to_owned(), text: what, ..body },
        }
    }
}

/// What is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewComment)]
pub(crate) struct CommentBody {
    /// Markdown; up to 100,000 characters. May be missing where a value is suggested.
    #[serde(default)]
    text: String,
    /// The comment that it answers.
    #[schema(value_type = Option<String>)]
    reply_to: Option<Uuid>,
    /// The table whose row it is about.
    table: Option<String>,
    /// The row's key as it stands in addresses.
    key: Option<String>,
    /// The column, where it is about a cell.
    column: Option<String>,
    /// What the cell should hold, as text; null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    suggestion: Option<Option<String>>,
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(reader).map(Some)
}

/// What somebody finds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReview)]
pub(crate) struct NewReviewBody {
    /// comment, approve or changes.
    verdict: String,
    /// Why, as Markdown; may be missing where it is approved.
    #[serde(default)]
    text: String,
    /// The offered commit that the caller saw.
    head: Option<String>,
}

/// What becomes of a comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommentChange)]
pub(crate) struct CommentChangeBody {
    /// Whether what it asks for is settled.
    settled: Option<bool>,
    /// Its new text, of one's own comment.
    text: Option<String>,
}

/// The conversation, the oldest first.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/comments", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    responses((status = 200, description = "What was said and what happened.", body = List<EntryBody>)),
)]
pub(crate) async fn list(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
) -> Result<Json<List<EntryBody>>, Problem> {
    let view = visit.hub.request(&visit.actor(), &path_of((owner, name)), number).await?;
    Ok(Json(List { items: view.entries.into_iter().map(EntryBody::from).collect(), next_cursor: None }))
}

/// Says something about a request, one of its rows or a cell.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/comments", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    request_body = CommentBody,
    responses((status = 201, description = "The comment.", body = EntryBody)),
)]
pub(crate) async fn comment(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Body(new): Body<CommentBody>,
) -> Result<(StatusCode, Json<EntryBody>), Problem> {
    let (path, actor) = (path_of((owner, name)), visit.actor());
    let CommentBody { text, reply_to, table, key, column, suggestion } = new;
    let new = NewComment { text, reply_to, table, key, column, suggestion };
    let id = visit.hub.comment(&actor, &path, number, new).await?;
    let view = visit.hub.request(&actor, &path, number).await?;
    let entry = view.entries.into_iter().find(|entry| entry.id == id);
    let entry = entry.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "The comment is gone."))?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Says that what a comment asks for is settled, or that it is not; or changes the text of one's own.
#[utoipa::path(
    patch, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/comments/{comment}", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
        ("comment" = String, Path, description = "The comment's id."),
    ),
    request_body = CommentChangeBody,
    responses((status = 204, description = "It is noted.")),
)]
pub(crate) async fn change(
    visit: Visit,
    Address((owner, name, number, id)): Address<(String, String, u64, Uuid)>,
    Body(CommentChangeBody { settled, text }): Body<CommentChangeBody>,
) -> Result<StatusCode, Problem> {
    let (actor, path) = (visit.actor(), path_of((owner, name)));
    if let Some(text) = text {
        visit.hub.edit_comment(&actor, &path, number, id, &text).await?;
    }
    if let Some(settled) = settled {
        visit.hub.settle_thread(&actor, &path, number, id, settled).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes over a suggested value: a commit on the branch that is offered.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/comments/{comment}/apply", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
        ("comment" = String, Path, description = "The comment's id."),
    ),
    responses((status = 204, description = "It is committed.")),
)]
pub(crate) async fn apply(
    visit: Visit,
    Address((owner, name, number, id)): Address<(String, String, u64, Uuid)>,
) -> Result<StatusCode, Problem> {
    visit.hub.apply_suggestion(&visit.actor(), &path_of((owner, name)), number, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what the caller finds of what is offered.
#[utoipa::path(
    post, path = "/datasets/{owner}/{dataset}/merge-requests/{number}/reviews", tag = "merge requests",
    params(
        ("owner", description = "The namespace."), ("dataset", description = "The dataset's name."),
        ("number" = u64, Path, description = "The request's number."),
    ),
    request_body = NewReviewBody,
    responses((status = 204, description = "It is noted.")),
)]
pub(crate) async fn review(
    visit: Visit,
    Address((owner, name, number)): Address<(String, String, u64)>,
    Body(NewReviewBody { verdict, text, head }): Body<NewReviewBody>,
) -> Result<StatusCode, Problem> {
    let verdict: Verdict = verdict.parse()?;
    let head = head.as_deref().map(|text| hash("/head", text)).transpose()?;
    visit.hub.review(&visit.actor(), &path_of((owner, name)), number, verdict, &text, head).await?;
    Ok(StatusCode::NO_CONTENT)
}
