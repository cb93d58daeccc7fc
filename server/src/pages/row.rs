//! Rows as forms: shown, changed, taken out, added.

use app::{
    form::Submitted,
    pages::{
        row::{self, before_field, cell_field},
        row_history,
    },
};
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
};
use hub::{CellEdit, Edit, Error, Place, TableView};
use serde::Deserialize;
use uuid::Uuid;
use versioning::{Key, Row, Schema, Value};

use super::{
    answer::{Answer, At, authorise_edit, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(super) struct TablePath {
    table: String,
}

#[derive(Deserialize)]
pub(super) struct RowPath {
    table: String,
    key: String,
}

#[derive(Deserialize)]
pub(super) struct RowQuery {
    saved: Option<String>,
}

pub(super) async fn show(
    state: Visit,
    at: At,
    Path(RowPath { table, key }): Path<RowPath>,
    Query(query): Query<RowQuery>,
) -> Answer {
    let (view, found) = state.hub.row(&state.actor(), &at.place, &table, &key).await?;
    page(&state, || row::page(&view, &found, &Submitted::default(), query.saved.is_some()))
}

/// Where a later page of a row's history begins.
#[derive(Deserialize)]
pub(super) struct HistoryQuery {
    cursor: Option<String>,
}

pub(super) async fn history(
    state: Visit,
    at: At,
    Path(RowPath { table, key }): Path<RowPath>,
    Query(HistoryQuery { cursor }): Query<HistoryQuery>,
) -> Answer {
    let cursor = cursor.as_deref();
    let view = state.hub.row_history(&state.actor(), &at.place, &table, &key, cursor).await?;
    page(&state, || row_history::page(&view, cursor, &Submitted::default()))
}

/// Brings a row back into the draft as it was at a commit.
pub(super) async fn restore(
    state: Visit,
    at: At,
    Path(RowPath { table, key }): Path<RowPath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let form = Submitted::new(values);
    let (actor, then) = (state.actor(), form.or("key", &key));
    match state.hub.restore_row(&actor, &at.place, &table, &then, &form.or("commit", "")).await {
        Ok(_) => see(&format!("{}?saved=1", app::url::row(&at.address, &table, &then))),
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            let view = state.hub.row_history(&actor, &at.place, &table, &key, None).await?;
            refused(&state, &error, || row_history::page(&view, None, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn new(state: Visit, at: At, Path(TablePath { table }): Path<TablePath>) -> Answer {
    let view = state.hub.table(&state.actor(), &at.place, &table).await?;
    authorise_edit(&state, &view.dataset, &view.viewed)?;
    page(&state, || row::new_page(&view, &Submitted::default()))
}

pub(super) async fn insert(
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let actor = state.actor();
    let view = state.hub.table(&actor, &at.place, &table).await?;
    let form = Submitted::new(values);
    let schema = &view.table.schema;
    let cells: Vec<_> =
        schema.columns.iter().map(|column| (column.id, typed(&form, &cell_field(column), None))).collect();
    let texts: Vec<_> = cells.iter().map(|(_, text)| text.clone()).collect();
    match state.hub.edit(&actor, &at.place, &table, vec![Edit::Insert { cells }]).await {
        Ok(edited) => {
            let key = edited.keys.first().and_then(Option::as_ref);
            saved(&at, &view, key_text(schema, &texts, key))
        }
        Err(error) if is_about_form(&error) => {
            let form = form.refused(&error);
            refused(&state, &error, || row::new_page(&view, &form))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn change(
    state: Visit,
    at: At,
    Path(RowPath { table, key }): Path<RowPath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let form = Submitted::new(values);
    if form.value("action") == Some("delete") {
        delete(&state, &at, &table, &key).await
    } else {
        update(&state, &at, &table, &key, &form).await
    }
}

async fn delete(state: &Visit, at: &At, table: &str, key: &str) -> Answer {
    let actor = state.actor();
    let (_, found) = state.hub.row(&actor, &at.place, table, key).await?;
    state.hub.edit(&actor, &at.place, table, vec![Edit::Delete { key: found.key }]).await?;
    see(&app::url::table(&at.address, table))
}

async fn update(state: &Visit, at: &At, table: &str, key: &str, form: &Submitted) -> Answer {
    let actor = state.actor();
    let view = state.hub.table(&actor, &at.place, table).await?;
    let schema = &view.table.schema;
    let row_key = Key::from_text(schema, key).map_err(|_| Failure::not_found("row of that key"))?;
    let sent = Sent::read(schema, form)?;
    if sent.edits.is_empty() {
        return see(&app::url::row(&at.address, table, key));
    }
    let edit = Edit::Update { key: row_key, cells: sent.edits.clone() };
    match state.hub.edit(&actor, &at.place, table, vec![edit]).await {
        Ok(_) => saved(at, &view, key_text(schema, &sent.texts, None)),
        Err(error) if is_about_form(&error) => again(state, &actor, &at.place, table, key, &sent, error).await,
        Err(error) => Err(error.into()),
    }
}

/// The form once more: the row as it is now, with what the person changed. A cell that somebody else changed meanwhile
/// is taken as seen now, so that saving again means it; cells that the person left alone are not theirs to repeat.
async fn again(
    state: &Visit,
    actor: &hub::Actor,
    place: &Place,
    table: &str,
    key: &str,
    sent: &Sent,
    error: Error,
) -> Answer {
    let (view, found) = match state.hub.row(actor, place, table, key).await {
        Err(Error::NotFound { .. }) if matches!(error, Error::Stale { .. }) => {
            let gone = Error::State {
                message: String::from(
                    "This row was deleted, or has another key, since you opened it. Nothing was saved.",
                ),
            };
            return Err(gone.into());
        }
        found => found?,
    };
    let stale = match &error {
        Error::Stale { cells, .. } => cells.as_slice(),
        _ => &[],
    };
    let mut values = Vec::new();
    for column in &view.table.schema.columns {
        let Some(edit) = sent.edits.iter().find(|edit| edit.column == column.id) else { continue };
        values.push((cell_field(column), edit.after.clone().unwrap_or_default()));
        if !stale.iter().any(|cell| cell.column == Some(column.id)) {
            values.push((before_field(column), serde_json::to_string(&edit.before).unwrap_or_default()));
        }
    }
    let form = Submitted::new(values).refused(&error);
    refused(state, &error, || row::page(&view, &found, &form, false))
}

/// What a row's form says.
struct Sent {
    /// The cells that the person changed.
    edits: Vec<CellEdit>,
    /// The text of every column.
    texts: Vec<Option<String>>,
}

impl Sent {
    fn read(schema: &Schema, form: &Submitted) -> Result<Self, Failure> {
        let (mut edits, mut texts) = (Vec::new(), Vec::new());
        for column in &schema.columns {
            let field = cell_field(column);
            // The table's shape has changed, or the form is somebody's own.
            let Some(before) = form.value(&before_field(column)) else {
                let gone = "The table's columns have changed since you opened this row. Nothing was saved.";
                return Err(Error::State { message: String::from(gone) }.into());
            };
            let before: Option<String> = serde_json::from_str(before).map_err(|_| {
                Failure::new(StatusCode::BAD_REQUEST, "What was sent is not what this page's form sends.")
            })?;
            let after = typed(form, &field, before.as_deref());
            if after != before {
                edits.push(CellEdit { column: column.id, before, after: after.clone() });
            }
            texts.push(after);
        }
        Ok(Self { edits, texts })
    }
}

/// What was typed. Forms send every line break as CR LF, whatever it was; here it becomes again what it was before, and
/// LF in what is new. Nothing is null.
pub(super) fn typed(form: &Submitted, field: &str, before: Option<&str>) -> Option<String> {
    let text = form.value(field)?.replace("\r\n", "\n");
    match before {
        Some(before) if before.replace("\r\n", "\n").replace('\r', "\n") == text => Some(before.to_owned()),
        _ => (!text.is_empty()).then_some(text),
    }
}

/// The key of the row with these texts, as it stands in addresses. A generated key comes from the edit's answer.
fn key_text(schema: &Schema, texts: &[Option<String>], key: Option<&Key>) -> Option<String> {
    let mut row: Row = schema
        .columns
        .iter()
        .zip(texts)
        .map(|(column, text)| column.ty.parse(text.as_deref().unwrap_or_default()).unwrap_or(Value::Null))
        .collect();
    if schema.generated_key
        && let Some(key) = key
    {
        let position = schema.key_positions().first().copied()?;
        *row.get_mut(position)? = Value::Uuid(Uuid::from_slice(key.as_bytes()).ok()?);
    }
    (row.len() == schema.columns.len()).then(|| Key::to_text(schema, &row))
}

/// Where a saved row is.
fn saved(at: &At, view: &TableView, key_text: Option<String>) -> Answer {
    match key_text {
        Some(key_text) => see(&format!("{}?saved=1", app::url::row(&at.address, &view.table.name, &key_text))),
        None => see(&app::url::table(&at.address, &view.table.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Submitted {
        Submitted::new([(String::from("x"), text.to_owned())])
    }

    #[test]
    fn line_breaks_stay_what_they_were() {
        let check = |sent: &str, before: Option<&str>, expected: Option<&str>| {
            assert_eq!(typed(&form(sent), "x", before).as_deref(), expected, "{sent:?} {before:?}");
        };
        check("a\r\nb", Some("a\nb"), Some("a\nb"));
        check("a\r\nb", Some("a\r\nb"), Some("a\r\nb"));
        check("a\r\nb", Some("a\rb"), Some("a\rb"));
        check("a\r\nc", Some("a\nb"), Some("a\nc"));
        check("", None, None);
        check("", Some(""), Some(""));
        check("", Some("a"), None);
    }
}
