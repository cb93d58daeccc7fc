//! The form of a new table: its name and its columns.

use hub::DatasetView;
use leptos::prelude::*;
use versioning::Type;

use super::import_job::found::column_field;
use crate::{
    components::{
        dataset,
        field::{self, Field},
        scroll,
    },
    form::Submitted,
    shell::{PageInfo, shell},
};

/// How many rows for columns the form has at first, and how many more it gets.
pub const COLUMNS: usize = 5;
/// The types that need nothing else to be said about them.
pub const TYPES: [Type; 11] = [
    Type::Text,
    Type::Integer,
    Type::Decimal,
    Type::Float,
    Type::Boolean,
    Type::Date,
    Type::Timestamp,
    Type::Uuid,
    Type::Json,
    Type::Tags,
    Type::File,
];

/// The address of the page. `dataset` is the address of the dataset in a state.
#[must_use]
pub fn address(dataset: &str) -> String {
    format!("{dataset}/new-table")
}

/// How many rows for columns the form has.
#[must_use]
pub fn columns(form: &Submitted) -> usize {
    let asked = form.value("columns").and_then(|text| text.parse().ok()).unwrap_or(COLUMNS);
    asked.clamp(COLUMNS, versioning::schema::MAX_COLUMNS)
}

/// The page.
#[must_use]
pub fn page(view: &DatasetView, form: &Submitted) -> AnyView {
    let here = address(&dataset::place(&view.dataset, &view.viewed));
    let count = columns(form);
    let rows: Vec<_> = (0..count).map(|index| row(index, form)).collect();
    // The browser goes on to the first of the new ones.
    let more = format!("{here}#{}", field::id(&column_field(count, "name")));
    shell(
        PageInfo {
            title: field::title(form, &format!("New table · {}", view.dataset.path)),
            crumbs: dataset::crumbs_to(&view.dataset, &view.viewed, "New table"),
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"New table"</h1>
                </div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            <form class="stack" method="post" action=here>
                <input type="hidden" name="columns" value=count.to_string() />
                <div class="form">
                    {Field::new("name", "Name").text(form, "", true)}
                    {Field::new("description", "What its rows are").note("optional").lines(form, "", 2, false)}
                </div>
                <h2 id="columns">"Columns"</h2>
                <p class="quiet">
                    "Rows without a name are left out. The key names a row: its columns must be filled in and differ from \
                     row to row; without one, each row gets a generated key. Links, choices, rules and descriptions come \
                     afterwards, on the table’s page “Columns”."
                </p>
                {scroll(
                    String::from("Columns"),
                    view! {
                        <table class="data data--stack">
                            <thead>
                                <tr>
                                    <th scope="col" class="data__number">"No."</th>
                                    <th scope="col">"Name"</th>
                                    <th scope="col">"Type"</th>
                                    <th scope="col">"Key"</th>
                                    <th scope="col">"Required"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
                <div class="form">
                    {Field::new("why", "Message of the commit")
                        .note("optional")
                        .hint("One is made where you leave it empty.")
                        .text(form, "", false)}
                </div>
                <div class="actions">
                    <button class="button button--primary" type="submit">"Create the table"</button>
                    <button class="button" type="submit" name="more" value="yes" formaction=more formnovalidate=true>
                        "More columns"
                    </button>
                </div>
            </form>
        },
    )
}

fn row(index: usize, form: &Submitted) -> AnyView {
    let [name, ty, key, required] = ["name", "type", "key", "required"].map(|part| column_field(index, part));
    let place = index + 1;
    let chosen = form.or(&ty, Type::Text.name());
    let types: Vec<_> = TYPES
        .into_iter()
        .map(|ty| view! { <option value=ty.name() selected=ty.name() == chosen>{ty.name()}</option> })
        .collect();
    let error = |field: &str| {
        form.error(field).map(|error| {
            let id = format!("{}-error", field::id(field));
            view! { <p class="field__error" id=id>{error.to_owned()}</p> }
        })
    };
    let invalid = |field: &str| form.error(field).is_some().then_some("true");
    let described = |field: &str| form.error(field).is_some().then(|| format!("{}-error", field::id(field)));
    let tick = |field: &str, word: &'static str| {
        let label = format!("{word}: column {place}");
        view! {
            <label class="choice">
                <input
                    type="checkbox"
                    id=field::id(field)
                    name=field.to_owned()
                    value="true"
                    checked=form.ticked(field, false)
                    aria-label=label
                    aria-invalid=invalid(field)
                    aria-describedby=described(field)
                />
                <span aria-hidden="true">{word}</span>
            </label>
            {error(field)}
        }
    };
    view! {
        <tr>
            <td class="data__number" data-label="Column">{place}</td>
            <td>
                <input
                    class="input input--small"
                    type="text"
                    id=field::id(&name)
                    aria-label=format!("Name of column {place}")
                    aria-invalid=invalid(&name)
                    aria-describedby=described(&name)
                    value=form.or(&name, "")
                    name=name.clone()
                    autocomplete="off"
                />
                {error(&name)}
            </td>
            <td>
                <select
                    class="input input--small"
                    id=field::id(&ty)
                    aria-label=format!("Type of column {place}")
                    aria-invalid=invalid(&ty)
                    aria-describedby=described(&ty)
                    name=ty.clone()
                >
                    {types}
                </select>
                {error(&ty)}
            </td>
            <td>{tick(&key, "Key")}</td>
            <td>{tick(&required, "Required")}</td>
        </tr>
    }
    .into_any()
}
