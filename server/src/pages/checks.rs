//! The checks of a table: shown, set, dropped. Each change is a commit.

use app::{form::Submitted, pages};
use axum::{
    Form,
    extract::{Path, Query},
};
use hub::{Change, Changes, Error, FieldError};
use serde::Deserialize;

use super::answer::{Answer, At, is_about_form, page, refused, see};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(super) struct TablePath {
    table: String,
}

/// The check whose form is open.
#[derive(Deserialize)]
pub(super) struct EditQuery {
    edit: Option<String>,
}

pub(super) async fn show(
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Query(EditQuery { edit }): Query<EditQuery>,
) -> Answer {
    let view = state.hub.table(&state.actor(), &at.place, &table).await?;
    page(&state, || pages::checks::page(&view, edit.as_deref(), &Submitted::default()))
}

pub(super) async fn change(
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let form = Submitted::new(values);
    let done = match wanted(&table, &form) {
        // A check of the name would be changed, which is not what who adds one wants.
        Ok((_, Change::SetCheck { check, name: None, .. })) if has_check(&state, &at, &table, &check).await? => {
            Err(Error::invalid("name", format!("There is a check “{check}” already.")))
        }
        Ok((message, change)) => {
            let changes = Changes { parent: None, message, changes: vec![change] };
            state.hub.apply_changes(&state.actor(), &at.place, changes).await
        }
        Err(error) => Err(error),
    };
    let error = match done {
        Ok(_) => return see(&pages::checks::address(&at.address, &table)),
        Err(error) => of_the_form(error),
    };
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = state.hub.table(&state.actor(), &at.place, &table).await?;
    let edit = form.value("old").filter(|old| !old.is_empty()).map(str::to_owned);
    refused(&state, &error, || pages::checks::page(&view, edit.as_deref(), &form))
}

async fn has_check(state: &Visit, at: &At, table: &str, check: &str) -> Result<bool, Error> {
    let view = state.hub.table(&state.actor(), &at.place, table).await?;
    Ok(view.table.schema.checks.iter().any(|found| found.name == check))
}

/// What the form asks for, with the message of its commit.
fn wanted(table: &str, form: &Submitted) -> Result<(String, Change), Error> {
    let table = table.to_owned();
    if let Some(check) = form.value("drop") {
        let message = format!("Drop the check “{check}” of “{table}”");
        return Ok((message, Change::DropCheck { table, check: check.to_owned() }));
    }
    let name = form.or("name", "").trim().to_owned();
    let old = form.or("old", "");
    let severity = form.or("severity", "").parse();
    let change = Change::SetCheck {
        table: table.clone(),
        check: if old.is_empty() { name.clone() } else { old.clone() },
        name: (!old.is_empty()).then(|| name.clone()),
        filter: Some(form.or("filter", "").trim().to_owned()),
        severity: Some(severity.map_err(|()| Error::invalid("severity", "Choose what follows."))?),
        message: Some(form.or("message", "").trim().to_owned()),
    };
    let message = match form.or("why", "").trim() {
        "" if old.is_empty() => format!("Add the check “{name}” to “{table}”"),
        "" => format!("Change the check “{name}” of “{table}”"),
        why => why.to_owned(),
    };
    Ok((message, change))
}

/// The places that the hub names as fields of the form.
fn of_the_form(error: Error) -> Error {
    let Error::Invalid { fields } = error else { return error };
    let field = |found: FieldError| {
        let field = match found.field.strip_prefix("/operations/0").map(|rest| rest.trim_start_matches('/')) {
            Some("check") => "name",
            // What stands against the whole are rows that meet it.
            Some("") => "filter",
            Some(field) => field,
            None if found.field == "message" => "why",
            None => &found.field,
        };
        FieldError { field: field.to_owned(), message: found.message }
    };
    Error::Invalid { fields: fields.into_iter().map(field).collect() }
}
