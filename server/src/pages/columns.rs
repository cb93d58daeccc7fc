//! The columns of a table, and its name: shown and changed. What one form changes is one commit.

mod wanted;

use app::{
    form::Submitted,
    pages::columns::{self, View},
};
use axum::{
    Form,
    extract::{Path, Query},
};
use hub::{Changes, Error, FieldError, Place, Reference};
use serde::Deserialize;
use versioning::Hash;

use super::answer::{Answer, At, authorise_edit, is_about_form, page, refused, see};
use crate::visit::Visit;
use wanted::Wanted;

#[derive(Deserialize)]
pub(super) struct TablePath {
    table: String,
}

/// The column whose form is open.
#[derive(Deserialize)]
pub(super) struct EditQuery {
    edit: Option<String>,
}

async fn load(state: &Visit, place: &Place, table: &str) -> Result<View, Error> {
    let actor = state.actor();
    let view = state.hub.table(&actor, place, table).await?;
    let tables = state.hub.dataset(&actor, place).await?.tables;
    Ok(View { table: view, tables: tables.into_iter().map(|table| (table.id, table.name)).collect() })
}

pub(super) async fn show(
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Query(EditQuery { edit }): Query<EditQuery>,
) -> Answer {
    let view = load(&state, &at.place, &table).await?;
    page(&state, || columns::page(&view, edit.as_deref(), &Submitted::default()))
}

pub(super) async fn change(
    state: Visit,
    at: At,
    Path(TablePath { table }): Path<TablePath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let form = Submitted::new(values);
    let view = load(&state, &at.place, &table).await?;
    authorise_edit(&state, &view.table.dataset, &view.table.viewed)?;
    let seen = seen(&state, &at, &table, &form).await;
    let error = match wanted::of(seen.as_ref().unwrap_or(&view), &at.address, &form) {
        Ok(wanted) => match apply(&state, &at, wanted).await {
            Ok(address) => return see(&address),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let edit = form.value("old").map(str::to_owned);
    refused(&state, &error, || columns::page(&view, edit.as_deref(), &form))
}

/// The table as it was when the form was filled in, so that what others changed since stays changed.
async fn seen(state: &Visit, at: &At, table: &str, form: &Submitted) -> Option<View> {
    let commit: Hash = form.value("seen")?.parse().ok()?;
    let place = Place { path: at.place.path.clone(), at: Reference::named(commit.to_string()) };
    load(state, &place, table).await.ok()
}

/// Commits what is wanted, unless that is nothing; the address that the form leads to.
async fn apply(state: &Visit, at: &At, wanted: Wanted) -> Result<String, Error> {
    let Wanted { message, steps, rest, leads_to } = wanted;
    let (changes, fields): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
    if !changes.is_empty() {
        let changes = Changes { parent: None, message, changes };
        let done = state.hub.apply_changes(&state.actor(), &at.place, changes).await;
        done.map_err(|error| of_the_form(error, &fields, rest))?;
    }
    Ok(leads_to)
}

/// The places that the hub names as fields of the form. `fields` has those of the operations, `rest` is that of the whole.
fn of_the_form(error: Error, fields: &[&'static str], rest: &'static str) -> Error {
    let Error::Invalid { fields: found } = error else { return error };
    let field_of = |place: &str| {
        let place = place.strip_prefix("/operations/")?;
        let (index, inner) = place.split_once('/').unwrap_or((place, ""));
        match inner.strip_prefix("column/") {
            // Of a new column the hub says which of its properties it is.
            Some(property) => wanted::FIELDS.into_iter().find(|field| *field == property),
            None => fields.get(index.parse::<usize>().ok()?).copied(),
        }
    };
    let tell = |FieldError { field, message }| {
        let field = field_of(&field).unwrap_or(rest).to_owned();
        FieldError { field, message }
    };
    let mut told: Vec<FieldError> = found.into_iter().map(tell).collect();
    // What follows a type that can't be had is read by the old one.
    if told.iter().any(|error| error.field == "type") {
        told.retain(|error| error.field == "type");
    }
    Error::Invalid { fields: told }
}
