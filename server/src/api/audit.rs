//! `/audit`

use axum::{Json, http::StatusCode};
use hub::{AuditKind, AuditQuery, AuditView, DatasetPath};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Parameters, cursor, limit, time};
use crate::{problem::Problem, visit::Visit};

/// An entry of the audit log.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditBody {
    /// When.
    time: Option<String>,
    /// The name of who did it; empty where nobody was known.
    person: String,
    /// From which address of the network; empty for what the server does by itself, and for what others did unless the
    /// caller runs the server.
    address: String,
    /// `account`, `sign-in`, `token`, `organisation`, `role`, `visibility`, `dataset`, `branch`, `commit`, `merge` or
    /// `import`.
    kind: String,
    /// What the dataset was called then, `OWNER/NAME`; empty where it is about none.
    dataset: String,
    /// What was done, in words for people.
    what: String,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// By this person.
    person: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// In this dataset, `OWNER/NAME`. Its owners may ask for it, whatever it was called then; others who run the server
    /// ask for what it was called then.
    dataset: Option<String>,
    /// How many, 1 to 1,000; 100 without it.
    limit: Option<usize>,
    /// From `next_cursor`.
    cursor: Option<String>,
}

impl From<AuditView> for AuditBody {
    fn from(entry: AuditView) -> Self {
        let AuditView { at, person, address, kind, dataset, what } = entry;
        Self { time: time(at), person, address, kind, dataset, what }
    }
}

/// Who changed access or data, the newest first. All of it is for those who run the server, with a token of the scope
/// `admin`; that of a dataset for its owners. Entries are never changed or deleted.
#[utoipa::path(
    get, path = "/audit", tag = "people",
    params(Asked),
    responses((status = 200, description = "The entries.", body = List<AuditBody>)),
)]
pub(crate) async fn list(state: Visit, Parameters(asked): Parameters<Asked>) -> Result<Json<List<AuditBody>>, Problem> {
    const NAME: [&str; 1] = ["audit"];
    let wrong = |pointer: &str, detail: &str| Problem::field(StatusCode::BAD_REQUEST, pointer, detail);
    let kind = asked.kind.filter(|kind| !kind.is_empty()).map(|word| {
        let kind = AuditKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        kind.ok_or_else(|| wrong("/kind", "There is no such kind."))
    });
    let dataset = asked.dataset.filter(|path| !path.is_empty()).map(|path| match path.split_once('/') {
        Some((owner, name)) => Ok(DatasetPath { owner: owner.to_owned(), name: name.to_owned() }),
        None => Err(wrong("/dataset", "Write it as OWNER/NAME.")),
    });
    let query =
        AuditQuery { person: asked.person.unwrap_or_default(), kind: kind.transpose()?, dataset: dataset.transpose()? };
    let before = asked.cursor.map(|text| cursor::read(&NAME, &text)).transpose()?;
    let page = state.hub.audit(&state.actor(), &query, before, limit(asked.limit)?).await?;
    let next_cursor = page.next.and_then(|next| cursor::write(&NAME, next));
    Ok(Json(List { items: page.entries.into_iter().map(AuditBody::from).collect(), next_cursor }))
}
