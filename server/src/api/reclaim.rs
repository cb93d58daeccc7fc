//! `/reclaim`: deleting what is not needed any more.

use axum::{Json, http::StatusCode};
use hub::{ReclaimPhase, ReclaimView, Reclaimed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::{problem::Problem, visit::Visit};

/// How reclaiming stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Reclaiming)]
pub(crate) struct ReclaimBody {
    /// The run that goes on.
    pub(crate) running: Option<RunningBody>,
    /// The last run that has ended.
    pub(crate) last: Option<LastBody>,
    /// For how many days commits are kept that nothing leads to.
    pub(crate) kept_days: u64,
}

/// A run that goes on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReclaimingNow)]
pub(crate) struct RunningBody {
    /// waiting (for writes to end), marking (what is needed) or sweeping (what is not).
    pub(crate) phase: String,
    /// What it has done so far.
    pub(crate) done: ReclaimedBody,
}

/// A run that has ended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = LastReclaiming)]
pub(crate) struct LastBody {
    /// When it ended.
    pub(crate) ended_at: Option<String>,
    /// What it has done.
    pub(crate) done: ReclaimedBody,
    /// Why it did not come to its end.
    pub(crate) error: Option<String>,
}

/// What was found and deleted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Reclaimed)]
pub(crate) struct ReclaimedBody {
    /// Chunks that are needed.
    pub(crate) needed_chunks: u64,
    /// Commits that can't be named any more.
    pub(crate) commits: u64,
    /// Chunks that were deleted.
    pub(crate) chunks: u64,
    /// Bytes of the chunks that were deleted. The files shrink when the database rewrites them.
    pub(crate) bytes: u64,
}

impl From<Reclaimed> for ReclaimedBody {
    fn from(Reclaimed { reachable, commits, chunks, bytes }: Reclaimed) -> Self {
        Self { needed_chunks: reachable, commits, chunks, bytes }
    }
}

impl From<ReclaimView> for ReclaimBody {
    fn from(view: ReclaimView) -> Self {
        let phase = |phase| match phase {
            ReclaimPhase::Waiting => "waiting",
            ReclaimPhase::Marking => "marking",
            ReclaimPhase::Sweeping => "sweeping",
        };
        Self {
            running: view
                .running
                .map(|running| RunningBody { phase: phase(running.phase).to_owned(), done: running.reclaimed.into() }),
            last: view.last.map(|last| LastBody {
                ended_at: time(last.ended_at),
                done: last.reclaimed.into(),
                error: last.error,
            }),
            kept_days: view.kept.as_secs() / (24 * 3600),
        }
    }
}

/// How reclaiming stands: the run that goes on, and what the last one has done.
#[utoipa::path(
    get, path = "/reclaim", tag = "maintenance",
    responses((status = 200, description = "How it stands.", body = ReclaimBody)),
)]
pub(crate) async fn show(state: Visit) -> Result<Json<ReclaimBody>, Problem> {
    Ok(Json(state.hub.reclaiming(&state.actor()).await?.into()))
}

/// Begins to delete what no branch, tag or draft leads to any more, unless that goes on already. The server does so by
/// itself from time to time.
#[utoipa::path(
    post, path = "/reclaim", tag = "maintenance",
    responses((status = 202, description = "It goes on.", body = ReclaimBody)),
)]
pub(crate) async fn start(state: Visit) -> Result<(StatusCode, Json<ReclaimBody>), Problem> {
    let view = state.hub.start_reclaiming(&state.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(view.into())))
}
