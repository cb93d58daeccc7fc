//! The form of a new column, or of one that is changed.

use leptos::prelude::*;
use versioning::{Column, Type};

use super::{View, seen};
use crate::{
    components::field::{self, Field},
    form::Submitted,
};

/// What a field of the form holds at first for a column that is changed, as text.
#[must_use]
pub fn shown(column: &Column, field: &str) -> String {
    match field {
        "name" => column.name.clone(),
        "description" => column.description.clone(),
        "default" => column.default.to_string(),
        "minimum" => column.minimum.to_string(),
        "maximum" => column.maximum.to_string(),
        "pattern" => column.pattern.clone(),
        "options" => column.options.join("\n"),
        _ => String::new(),
    }
}

/// The form, filled with the column that is edited.
pub(super) fn section(view: &View, here: &str, edited: Option<&Column>, form: &Submitted) -> AnyView {
    let first = |field: &str| edited.map(|column| shown(column, field)).unwrap_or_default();
    let what = if edited.is_some() { "change" } else { "add" };
    let old = edited.map(|column| view! { <input type="hidden" name="old" value=column.name.clone() /> });
    let heading = edited.map_or_else(|| String::from("Add a column"), |column| format!("Change “{}”", column.name));
    let leave = edited.map(|_| view! { <a class="button" href=here.to_owned()>"Leave it as it is"</a> });
    let word = if edited.is_some() { "Change the column" } else { "Add the column" };
    let type_hint = if edited.is_some() {
        "Cells are converted. Where some can’t be, their rows are named and nothing is changed."
    } else {
        "What its cells hold."
    };
    let types = Type::ALL.map(|ty| (ty.name().to_owned(), ty.name().to_owned())).to_vec();
    let ty = form.or("type", edited.map_or(Type::Text, |column| column.ty).name());
    view! {
        <section class="section" aria-labelledby="set">
            <h2 id="set">{heading}</h2>
            <form class="form" method="post" action=here.to_owned()>
                <input type="hidden" name="what" value=what />
                <input type="hidden" name="seen" value=seen(view, form) />
                {old}
                {Field::new("name", "Name").text(form, &first("name"), true)}
                {Field::new("type", "Type")
                    .hint(type_hint)
                    .view(form, |wiring| field::select(wiring, "input", types, &ty))}
                {target(view, edited, form)}
                {Field::new("options", "Options")
                    .note("for choice and tags")
                    .hint("What a cell may be, one on each line.")
                    .lines(form, &first("options"), 2, false)}
                {Field::new("description", "Description").note("optional").lines(form, &first("description"), 2, false)}
                {rules(view, edited, form)}
                {Field::new("why", "Message of the commit")
                    .note("optional")
                    .hint("Columns are part of the data and have a history as it has. One is made where you leave it empty.")
                    .text(form, "", false)}
                <div class="actions"><button class="button button--primary" type="submit">{word}</button>{leave}</div>
            </form>
        </section>
    }
    .into_any()
}

fn target(view: &View, edited: Option<&Column>, form: &Submitted) -> AnyView {
    let first = edited.and_then(|column| column.target).and_then(|target| view.name_of(target)).unwrap_or_default();
    let chosen = form.or("target", first);
    let mut tables = vec![(String::new(), String::from("No table"))];
    tables.extend(view.tables.iter().map(|(_, name)| (name.clone(), name.clone())));
    Field::new("target", "Leads to")
        .note("for link")
        .hint("The table whose rows are linked to.")
        .view(form, |wiring| field::select(wiring, "input", tables, &chosen))
}

/// What few columns need, folded away for a new one.
fn rules(view: &View, edited: Option<&Column>, form: &Submitted) -> AnyView {
    let schema = &view.table.table.schema;
    let is_key = edited.is_some_and(|column| schema.is_key(column.id));
    let required = (!is_key).then(|| {
        let first = edited.is_some_and(|column| column.required);
        tick(form, "required", "Every row must have a value", first)
    });
    let value = |name: &'static str, label: &'static str, hint: &'static str| {
        let first = edited.map(|column| shown(column, name)).unwrap_or_default();
        let field = Field::new(name, label).note("optional").hint(hint);
        // A line would lose the ends of lines.
        if first.contains('\n') { field.lines(form, &first, 2, false) } else { field.text(form, &first, false) }
    };
    let default_hint = if edited.is_some() {
        "What new rows get where nothing is given."
    } else {
        "What rows that are there get, and new ones where nothing is given."
    };
    view! {
        <details class="fold" open={edited.is_some() || form.is_refused()}>
            <summary>"Rules, default and place"</summary>
            <div class="form">
                {required}
                {tick(form, "unique", "No two rows may have the same value", edited.is_some_and(|column| column.unique))}
                {value("default", "Default", default_hint)}
                {value("minimum", "Smallest value", "For types with an order: numbers, dates, texts.")}
                {value("maximum", "Largest value", "As for the smallest.")}
                {value("pattern", "Pattern", "A regular expression that the whole of each text matches. For text only.")}
                {place(view, edited, form)}
            </div>
        </details>
    }
    .into_any()
}

/// Where the column stands among the others.
fn place(view: &View, edited: Option<&Column>, form: &Submitted) -> AnyView {
    let schema = &view.table.table.schema;
    let others: Vec<&Column> =
        schema.columns.iter().filter(|column| edited.is_none_or(|edited| edited.id != column.id)).collect();
    let first = edited.and_then(|column| schema.position(column.id)).unwrap_or(others.len());
    let chosen = form.or("place", &first.to_string());
    let mut places = vec![(String::from("0"), String::from("First"))];
    places.extend(
        others.iter().enumerate().map(|(index, column)| ((index + 1).to_string(), format!("After {}", column.name))),
    );
    Field::new("place", "Place").view(form, |wiring| field::select(wiring, "input", places, &chosen))
}

fn tick(form: &Submitted, name: &'static str, label: &'static str, first: bool) -> AnyView {
    let id = field::id(name);
    let error_id = format!("{id}-error");
    let error = form.error(name).map(str::to_owned);
    let described = error.is_some().then(|| error_id.clone());
    let invalid = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label class="choice">
                <input
                    type="checkbox"
                    id=id
                    name=name
                    value="true"
                    checked=form.ticked(name, first)
                    aria-describedby=described
                    aria-invalid=invalid
                />
                {label}
            </label>
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </div>
    }
    .into_any()
}
