//! Server functions: what the islands ask of the hub, and nothing else.

#![allow(missing_docs, reason = "the server macro makes public items without documentation")]

use leptos::{
    prelude::*,
    server_fn::{
        Bytes, ContentType, Decodes, Encodes, Format, FormatType,
        codec::Post,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use versioning::Key;

use crate::wire::{Edit, Edited, Fault, Rows, TablePath};

/// How questions and answers travel; see [`crate::wire`].
pub struct PackedEncoding;

type Packed = Post<PackedEncoding>;

impl ContentType for PackedEncoding {
    const CONTENT_TYPE: &'static str = "application/x-postcard";
}

impl FormatType for PackedEncoding {
    const FORMAT_TYPE: Format = Format::Binary;
}

impl<T: Serialize> Encodes<T> for PackedEncoding {
    type Error = postcard::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        postcard::to_allocvec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for PackedEncoding {
    type Error = postcard::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        postcard::from_bytes(&bytes)
    }
}

impl FromServerFnError for Fault {
    type Encoder = PackedEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Unreachable
            }
            other => Self::Refused { reason: other.to_string() },
        }
    }
}

/// Rows of a table as the acting person sees it: with what they have not committed.
#[server(prefix = "/api/functions", endpoint = "grid/rows", input = Packed, output = Packed)]
pub async fn load_rows(path: TablePath, offset: u64, limit: u32) -> Result<Rows, Fault> {
    let page = ssr::rows(&path, offset, limit).await?;
    Ok(page)
}

/// Where a row stands: the number of rows before it, whether or not it is there.
#[server(prefix = "/api/functions", endpoint = "grid/position", input = Packed, output = Packed)]
pub async fn find_position(path: TablePath, key: Key) -> Result<u64, Fault> {
    ssr::position(&path, &key).await
}

/// Saves edits to the acting person's draft: all of them or none.
#[server(prefix = "/api/functions", endpoint = "grid/edit", input = Packed, output = Packed)]
pub async fn save_edits(path: TablePath, edits: Vec<Edit>) -> Result<Edited, Fault> {
    ssr::edit(&path, edits).await
}

#[cfg(feature = "ssr")]
mod ssr {
    use std::collections::BTreeMap;

    use http::StatusCode;
    use hub::{Actor, DatasetPath, Hub, ParseReferenceError, Place};
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use versioning::{ColumnId, Key};

    use crate::{
        url,
        wire::{self, CellEdit, Edit, Edited, Fault, Findings, Mark, Row, Rows, StaleCell, TablePath},
    };

    /// The most rows of one answer.
    const MOST_ROWS: u32 = 1_024;

    pub async fn rows(path: &TablePath, offset: u64, limit: u32) -> Result<Rows, Fault> {
        let (hub, actor) = acting()?;
        let (place, search) = (place(&hub, &actor, path).await?, search(path)?);
        let found =
            hub.find(&actor, &place, &path.table, &search, offset, limit.min(MOST_ROWS)).await.map_err(fault)?;
        let page = found.rows;
        Ok(Rows {
            total: page.total,
            offset: page.offset,
            columns: page.schema.columns.iter().map(|column| column.id).collect(),
            rows: page.rows.into_iter().map(|row| to_wire(&page.schema, row)).collect(),
        })
    }

    pub async fn position(path: &TablePath, key: &Key) -> Result<u64, Fault> {
        let (hub, actor) = acting()?;
        let place = place(&hub, &actor, path).await?;
        hub.position_found(&actor, &place, &path.table, &search(path)?, key).await.map_err(fault)
    }

    pub async fn edit(path: &TablePath, edits: Vec<Edit>) -> Result<Edited, Fault> {
        let (hub, actor) = acting()?;
        let edits = edits.into_iter().map(to_hub).collect();
        let (place, search) = (place(&hub, &actor, path).await?, search(path)?);
        match hub.edit(&actor, &place, &path.table, edits).await {
            Ok(edited) => {
                let mut total = edited.rows;
                if !search.query.is_plain() {
                    // What is saved is saved, whatever becomes of the list.
                    let found = hub.find(&actor, &place, &path.table, &search, 0, 0).await;
                    total = found.map_or(total, |found| found.rows.total);
                }
                let findings = edited.findings.iter().map(|(key, found)| (key.clone(), findings(found)));
                Ok(Edited::Saved { revision: edited.revision, total, findings: findings.collect() })
            }
            Err(error @ (hub::Error::Invalid { .. } | hub::Error::Exists { .. })) => {
                Ok(Edited::Refused { reason: error.to_string() })
            }
            Err(hub::Error::Stale { message, cells, .. }) => {
                let cells =
                    cells.into_iter().map(|cell| StaleCell { key: cell.key, column: cell.column, now: cell.now });
                Ok(Edited::Stale { reason: message, cells: cells.collect() })
            }
            Err(error) => Err(fault(error)),
        }
    }

    fn acting() -> Result<(Hub, Actor), Fault> {
        use_context::<Hub>().zip(use_context::<Actor>()).ok_or_else(|| {
            tracing::error!("a server function was called without the hub in its context");
            status(StatusCode::INTERNAL_SERVER_ERROR);
            Fault::Unreachable
        })
    }

    /// A page that was opened before a dataset was renamed goes on to work.
    async fn place(hub: &Hub, actor: &Actor, path: &TablePath) -> Result<Place, Fault> {
        let at = path.at.parse().map_err(|error: ParseReferenceError| Fault::Refused { reason: error.to_string() })?;
        let path = DatasetPath { owner: path.owner.clone(), name: path.dataset.clone() };
        let moved = hub.moved_to(actor, &path).await.map_err(fault)?;
        Ok(Place { path: moved.unwrap_or(path), at })
    }

    /// What was asked for when the page was made.
    fn search(path: &TablePath) -> Result<hub::Search, Fault> {
        if path.search.is_empty() {
            return Ok(hub::Search::default());
        }
        let unreadable = || Fault::Refused { reason: String::from("Load the page again: it is out of date.") };
        let wire::Search { filter, sort, list } = wire::from_text(&path.search).ok_or_else(unreadable)?;
        Ok(hub::Search { query: hub::Query { filter, sort }, list: Some(list) })
    }

    fn status(status: StatusCode) {
        if let Some(options) = use_context::<ResponseOptions>() {
            options.set_status(status);
        }
    }

    /// What the person is told when there is no answer. A fault of ours may pass; a refusal does not.
    fn fault(error: hub::Error) -> Fault {
        let code = match &error {
            hub::Error::NotFound { .. } => StatusCode::NOT_FOUND,
            hub::Error::Forbidden { .. } => StatusCode::FORBIDDEN,
            hub::Error::SignIn => StatusCode::UNAUTHORIZED,
            hub::Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            hub::Error::Exists { .. } | hub::Error::Stale { .. } | hub::Error::State { .. } => StatusCode::CONFLICT,
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "a server function failed");
                status(StatusCode::INTERNAL_SERVER_ERROR);
                return Fault::Unreachable;
            }
        };
        status(code);
        Fault::Refused { reason: error.to_string() }
    }

    fn to_wire(schema: &versioning::Schema, row: hub::RowView) -> Row {
        let mark = match row.state {
            hub::RowState::Committed => Mark::Committed,
            hub::RowState::Inserted => Mark::Inserted,
            hub::RowState::Updated(columns) => {
                let before = row.before.as_ref();
                let cells = columns.into_iter().filter_map(|column| {
                    let position = schema.position(column)?;
                    Some((position, before.and_then(|before| before.get(position)?.to_text())))
                });
                Mark::Updated(cells.collect())
            }
        };
        Row {
            key: row.key,
            address: url::encode_key(&row.key_text),
            cells: row.cells.iter().map(versioning::Value::to_text).collect(),
            mark,
            findings: findings(&row.findings),
        }
    }

    /// What stands at each cell.
    fn findings(found: &[hub::RowFinding]) -> Findings {
        let mut told: BTreeMap<ColumnId, String> = BTreeMap::new();
        for finding in found {
            for column in &finding.columns {
                let text = told.entry(*column).or_default();
                if !text.is_empty() {
                    text.push(' ');
                }
                *text += &finding.to_string();
            }
        }
        told.into_iter().collect()
    }

    fn to_hub(edit: Edit) -> hub::Edit {
        match edit {
            Edit::Update { key, cells } => {
                let cells =
                    cells.into_iter().map(|CellEdit { column, before, after }| hub::CellEdit { column, before, after });
                hub::Edit::Update { key, cells: cells.collect() }
            }
            Edit::Insert { cells, .. } => {
                hub::Edit::Insert { cells: cells.into_iter().map(|(column, text)| (column, Some(text))).collect() }
            }
            Edit::Delete { key, .. } => hub::Edit::Delete { key },
        }
    }
}
