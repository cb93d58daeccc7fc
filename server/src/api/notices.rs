//! `/me/notices` and `…/{dataset}/watch`: what people are told, and what they want to be told of.

use axum::{Json, http::StatusCode};
use hub::{About, NoticeView, Watch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Address, Body, List, Parameters, cursor, limit, requests::path_of, time};
use crate::{problem::Problem, visit::Visit};

/// Something that the caller was told.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeBody {
    /// Names it among theirs.
    id: String,
    /// Where it happened: OWNER/NAME.
    dataset: String,
    /// The merge request that it is about; null where it is about the caller's role.
    number: Option<u64>,
    /// Why they are told: mentioned, review-asked, takes-part, watching or access (their role changed).
    reason: String,
    /// Who did it last.
    author: String,
    /// What they did: completes “NAME …”.
    what: String,
    /// What it is about, in a line.
    title: String,
    /// The beginning of what was said; may be empty.
    text: String,
    /// When.
    at: Option<String>,
    /// How much has happened since it was read last.
    times: u64,
    /// Whether it waits to be read.
    unread: bool,
}

impl From<NoticeView> for NoticeBody {
    fn from(notice: NoticeView) -> Self {
        Self {
            id: notice.id,
            dataset: notice.dataset.to_string(),
            number: match notice.about {
                About::Request(number) => Some(number),
                About::Role => None,
            },
            reason: notice.reason.as_str().to_owned(),
            author: notice.author,
            what: notice.what,
            title: notice.title,
            text: notice.text,
            at: time(notice.at),
            times: notice.times,
            unread: notice.unread,
        }
    }
}

/// Which notices.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Those that were read as well.
    #[serde(default)]
    all: bool,
    /// How many, 1 to 1,000; 100 without it.
    limit: Option<usize>,
    /// From `next_cursor`.
    cursor: Option<String>,
}

/// Which notices were read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticesRead)]
pub(crate) struct ReadBody {
    /// Their ids; all without it.
    ids: Option<Vec<String>>,
}

/// What the caller wants to be told of in a dataset.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Watch)]
pub(crate) struct WatchBody {
    /// `all` that happens to its merge requests, `mine`: what concerns the caller, or `nothing`.
    #[schema(value_type = String, example = "mine")]
    level: Watch,
}

/// What the caller was told, the newest first; without what they may not read any more.
#[utoipa::path(
    get, path = "/me/notices", tag = "people", params(Asked),
    responses((status = 200, description = "The notices.", body = List<NoticeBody>)),
)]
pub(crate) async fn list(
    visit: Visit,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<List<NoticeBody>>, Problem> {
    let name = ["notices", if asked.all { "all" } else { "unread" }];
    let before = asked.cursor.map(|text| cursor::read(&name, &text)).transpose()?;
    let view = visit.hub.inbox(&visit.actor(), !asked.all, before.as_ref(), limit(asked.limit)?).await?;
    let next_cursor = view.next.and_then(|next| cursor::write(&name, next));
    Ok(Json(List { items: view.notices.into_iter().map(NoticeBody::from).collect(), next_cursor }))
}

/// Says that the caller has read notices.
#[utoipa::path(
    post, path = "/me/notices/read", tag = "people", request_body = ReadBody,
    responses((status = 204, description = "It is noted.")),
)]
pub(crate) async fn read(visit: Visit, Body(ReadBody { ids }): Body<ReadBody>) -> Result<StatusCode, Problem> {
    visit.hub.mark_read(&visit.actor(), ids.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the caller is told of in a dataset.
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/watch", tag = "people",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    responses((status = 200, description = "What they are told of.", body = WatchBody)),
)]
pub(crate) async fn watch(visit: Visit, Address(path): Address<(String, String)>) -> Result<Json<WatchBody>, Problem> {
    Ok(Json(WatchBody { level: visit.hub.watch(&visit.actor(), &path_of(path)).await? }))
}

/// Says what the caller wants to be told of in a dataset.
#[utoipa::path(
    put, path = "/datasets/{owner}/{dataset}/watch", tag = "people",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name.")),
    request_body = WatchBody,
    responses((status = 204, description = "It is kept.")),
)]
pub(crate) async fn set_watch(
    visit: Visit,
    Address(path): Address<(String, String)>,
    Body(WatchBody { level }): Body<WatchBody>,
) -> Result<StatusCode, Problem> {
    visit.hub.set_watch(&visit.actor(), &path_of(path), level).await?;
    Ok(StatusCode::NO_CONTENT)
}
