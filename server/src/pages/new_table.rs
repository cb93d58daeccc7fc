//! New tables.

use std::collections::BTreeSet;

use app::{
    form::Submitted,
    pages::{
        import_job::found::column_field,
        new_table::{self, COLUMNS, columns},
    },
};
use axum::Form;
use hub::{Change, Changes, Error, FieldError, NewColumn, Properties};
use versioning::{Type, schema::is_name};

use super::answer::{Answer, At, authorise_edit, is_about_form, page, refused, see};
use crate::visit::Visit;

const NO_NAME: &str = "A name has 1 to 200 characters and no control characters.";

pub(super) async fn form(state: Visit, at: At) -> Answer {
    let view = state.hub.dataset(&state.actor(), &at.place).await?;
    authorise_edit(&state, &view.dataset, &view.viewed)?;
    page(&state, || new_table::page(&view, &Submitted::default()))
}

pub(super) async fn create(state: Visit, at: At, Form(mut values): Form<Vec<(String, String)>>) -> Answer {
    let actor = state.actor();
    let view = state.hub.dataset(&actor, &at.place).await?;
    authorise_edit(&state, &view.dataset, &view.viewed)?;
    let form = Submitted::new(values.iter().cloned());
    if form.value("more").is_some() {
        values.push(("columns".to_owned(), (columns(&form) + COLUMNS).to_string()));
        let form = Submitted::new(values);
        return page(&state, || new_table::page(&view, &form));
    }
    let error = match wanted(&form) {
        Ok(Wanted { name, message, change, rows }) => {
            let changes = Changes { parent: None, message, changes: vec![change] };
            match state.hub.apply_changes(&actor, &at.place, changes).await {
                Ok(_) => return see(&app::url::table(&at.address, &name)),
                Err(error) => of_the_form(error, &rows),
            }
        }
        Err(error) => error,
    };
    if !is_about_form(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    refused(&state, &error, || new_table::page(&view, &form))
}

/// The table that a form asks for.
struct Wanted {
    name: String,
    message: String,
    change: Change,
    /// The rows of the form in which its columns stand.
    rows: Vec<usize>,
}

fn wanted(form: &Submitted) -> Result<Wanted, Error> {
    let mut wrong = Vec::new();
    let mut tell = |field: String, message: String| wrong.push(FieldError { field, message });
    let name = form.or("name", "").trim().to_owned();
    if !is_name(&name) {
        tell("name".to_owned(), NO_NAME.to_owned());
    }
    let (mut made, mut rows, mut primary_key) = (Vec::new(), Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for index in 0..columns(form) {
        let field = |part| column_field(index, part);
        let name = form.or(&field("name"), "").trim().to_owned();
        let (is_key, is_required) = (form.ticked(&field("key"), false), form.ticked(&field("required"), false));
        if name.is_empty() && !is_key && !is_required {
            continue;
        }
        if !is_name(&name) {
            tell(field("name"), NO_NAME.to_owned());
        } else if !names.insert(name.clone()) {
            tell(field("name"), format!("There is a column “{name}” already."));
        }
        let ty = form.or(&field("type"), "");
        match ty.parse::<Type>() {
            Ok(ty) if is_key && !ty.is_ordered() => {
                tell(field("key"), format!("Values of type {ty} have no order: they can’t be a key."));
            }
            Ok(_) => {}
            Err(_) => tell(field("type"), "Choose a type.".to_owned()),
        }
        if is_key {
            primary_key.push(name.clone());
        }
        let properties = Properties { required: Some(is_required), ..Properties::default() };
        made.push(NewColumn { name, ty, target: None, properties });
        rows.push(index);
    }
    if made.is_empty() {
        tell(column_field(0, "name"), "Name at least one column.".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid { fields: wrong });
    }
    let message = match form.or("why", "").trim() {
        "" => format!("Create the table “{name}”"),
        why => why.to_owned(),
    };
    let description = form.or("description", "").replace("\r\n", "\n");
    let change = Change::CreateTable { name: name.clone(), columns: made, primary_key, description };
    Ok(Wanted { name, message, change, rows })
}

/// The places that the hub names as fields of the form. `rows` says in which row of it each column stands.
fn of_the_form(error: Error, rows: &[usize]) -> Error {
    let Error::Invalid { fields } = error else { return error };
    let field_of = |place: &str| {
        if place == "message" {
            return "why".to_owned();
        }
        let column = place.strip_prefix("/operations/0/columns/").and_then(|rest| rest.split_once('/'));
        let row = column.and_then(|(index, part)| Some((rows.get(index.parse::<usize>().ok()?)?, part)));
        row.map_or_else(|| "name".to_owned(), |(row, part)| column_field(*row, part))
    };
    let fields =
        fields.into_iter().map(|FieldError { field, message }| FieldError { field: field_of(&field), message });
    Error::Invalid { fields: fields.collect() }
}
