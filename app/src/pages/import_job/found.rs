//! What was found in a file, as a form: the person corrects it and confirms.

use hub::{ColumnChoice, ImportMode, ImportView};
use leptos::prelude::*;
use services::import::{FoundColumn, Inspection};
use versioning::Type;

use crate::{
    components::{
        field::{self, Field},
        scroll,
    },
    form::Submitted,
    text, url,
};

/// The name of the field with a part (`name`, `type`, `key`, `skip`) of what is chosen for a column, counted from 0; as
/// the hub names it too when it refuses the choice.
#[must_use]
pub fn column_field(index: usize, part: &str) -> String {
    format!("column-{index}-{part}")
}

/// The form, with a preview of the file's first rows.
pub fn section(view: &ImportView, address: &str, form: &Submitted) -> AnyView {
    let Some(found) = &view.inspection else {
        return view! { <p>"The file has been read, but what was found is gone. Import it again."</p> }.into_any();
    };
    let here = url::import(address, &view.id.to_string());
    let cancel = format!("{here}/cancel");
    let message = match view.request.mode {
        ImportMode::Create => format!("Import {} from {}", view.request.table, view.request.file_name),
        ImportMode::Replace => format!("Replace {} with {}", view.request.table, view.request.file_name),
        ImportMode::Append => format!("Append {} to {}", view.request.file_name, view.request.table),
        ImportMode::Upsert => format!("Update {} from {}", view.request.table, view.request.file_name),
    };
    let message = if view.request.message.is_empty() { message } else { view.request.message.clone() };
    let header = form.ticked("header", found.dialect.header);
    let rows: Vec<_> =
        found.columns.iter().enumerate().map(|(index, column)| column_row(index, column, view, form)).collect();
    let adds = is_added_to(view);
    let no_key = (found.suggested_key.is_none() && view.existing.is_none()).then(|| {
        view! {
            <p class="quiet">
                "No column is complete and has a different value in every row, so rows would get a generated key."
            </p>
        }
    });
    view! {
        {facts(found)}
        {super::problems(&found.problems, found.problem_count)}
        <form class="section stack" method="post" action=here>
            <label class="choice">
                <input type="checkbox" name="header" value="true" checked=header />
                "The first line names the columns"
            </label>
            <h2 id=field::id("columns") tabindex="-1">"Columns"</h2>
            {no_key}
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
                                <th scope="col">"Leave out"</th>
                                <th scope="col">"Found in it"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
            <p class="quiet small">
                {if adds {
                    "Names say which columns of the table the values are for. Its types and its key stay as they are; \
                     values that do not fit are named, and nothing is committed then."
                } else {
                    "The key names a row: its columns must be filled in and differ from row to row. Without one, each \
                     row gets a generated key."
                }}
            </p>
            {view.existing.as_ref().filter(|_| !adds).map(|_| view! {
                <p class="quiet small">"Types and key are those of the table; what has the same name stays the same column."</p>
            })}
            <div class="form">
                {Field::new("message", "Message").hint("For those who read the history.").text(form, &message, true)}
            </div>
            <div class="actions">
                <button class="button button--primary" type="submit">
                    {format!("Import {}", text::count(found.rows, "row"))}
                </button>
                <button class="button button--quiet" type="submit" form="cancel">"Cancel the import"</button>
            </div>
        </form>
        <form id="cancel" method="post" action=cancel></form>
        {preview(found)}
    }
    .into_any()
}

fn facts(found: &Inspection) -> AnyView {
    let delimiter = match found.dialect.delimiter {
        b'\t' => String::from("tab"),
        b',' => String::from("comma"),
        b';' => String::from("semicolon"),
        b'|' => String::from("vertical bar"),
        other => format!("“{}”", char::from(other)),
    };
    view! {
        <dl class="facts">
            <div><dt>"Rows"</dt><dd>{text::number(found.rows)}</dd></div>
            <div><dt>"Size"</dt><dd>{text::bytes(found.bytes)}</dd></div>
            <div><dt>"Encoding"</dt><dd>{found.dialect.encoding.clone()}</dd></div>
            <div><dt>"Delimiter"</dt><dd>{delimiter}</dd></div>
        </dl>
    }
    .into_any()
}

/// Whether the file's rows go into a table that keeps its columns.
fn is_added_to(view: &ImportView) -> bool {
    view.request.mode.adds() && view.existing.is_some()
}

/// What the person begins with in a column: what the hub suggests, else what was found.
#[must_use]
pub fn beginning(view: &ImportView, index: usize, found: &FoundColumn) -> ColumnChoice {
    let suggested = view.beginning.as_ref().and_then(|beginning| beginning.columns.get(index));
    suggested.cloned().unwrap_or_else(|| ColumnChoice {
        name: found.name.clone(),
        ty: found.ty,
        key: view.inspection.as_ref().and_then(|inspection| inspection.suggested_key) == Some(index),
        skip: false,
    })
}

fn column_row(index: usize, column: &FoundColumn, view: &ImportView, form: &Submitted) -> AnyView {
    let [name, ty, key, skip] = ["name", "type", "key", "skip"].map(|part| column_field(index, part));
    let place = index + 1;
    let begin = beginning(view, index, column);
    let is_key = form.ticked(&key, begin.key);
    let is_suggested = begin.key && view.existing.is_none();
    let is_skipped = form.ticked(&skip, begin.skip);
    let name_value = form.or(&name, &begin.name);
    let chosen = form.or(&ty, begin.ty.name());
    // A column keeps a type that no file is found to have.
    let own = (!Type::IMPORTABLE.contains(&begin.ty)).then_some(begin.ty);
    let types: Vec<_> = Type::IMPORTABLE
        .into_iter()
        .chain(own)
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
    let target = view.existing.as_ref().filter(|_| is_added_to(view));
    // What is chosen is named by its element.
    let label = |label: &'static str| target.map(|_| label);
    let (type_choice, key_choice) = match target {
        Some(target) => {
            let at = target.column_named(name_value.trim());
            let of_key = at.is_some_and(|column| target.is_key(column.id));
            (
                view! { {at.map_or("not in the table", |column| column.ty.name())} }.into_any(),
                view! { {if of_key { "Key" } else { "" }} }.into_any(),
            )
        }
        None => (
            view! {
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
            }
            .into_any(),
            view! {
                <label class="choice">
                    <input type="checkbox" id=field::id(&key) name=key.clone() value="true" checked=is_key
                        aria-label=format!("Key: column {place}") />
                    <span aria-hidden="true">"Key"</span>
                    {is_suggested.then(|| view! { <span class="field__hint">"suggested"</span> })}
                </label>
            }
            .into_any(),
        ),
    };
    let about = match (column.complete, column.unique) {
        (true, true) => "complete, all different",
        (true, false) => "complete",
        (false, _) => "some empty",
    };
    let samples = column.samples.iter().map(|sample| shorten(sample)).collect::<Vec<_>>().join(" · ");
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
                    value=name_value
                    name=name.clone()
                    required
                />
                {error(&name)}
            </td>
            <td data-label=label("Type")>{type_choice}{error(&ty)}</td>
            <td data-label=label("Key")>{key_choice}{error(&key)}</td>
            <td>
                <label class="choice">
                    <input type="checkbox" id=field::id(&skip) name=skip.clone() value="true" checked=is_skipped
                        aria-label=format!("Leave out column {place}") />
                    <span aria-hidden="true">"Leave out"</span>
                </label>
            </td>
            <td class="data__quiet">{samples}<br />{about}</td>
        </tr>
    }
    .into_any()
}

fn shorten(sample: &str) -> String {
    const LONGEST: usize = 32;
    match sample.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &sample[..end]),
        None => sample.to_owned(),
    }
}

fn preview(found: &Inspection) -> Option<AnyView> {
    if found.preview.is_empty() {
        return None;
    }
    let heads: Vec<_> = found
        .columns
        .iter()
        .map(|column| {
            let class = column.ty.is_number().then_some("data__number");
            view! { <th scope="col" class=class>{column.name.clone()}<span class="data__type type">{column.ty.name()}</span></th> }
        })
        .collect();
    let rows: Vec<_> = found
        .preview
        .iter()
        .map(|cells| {
            let cells: Vec<_> = cells
                .iter()
                .zip(found.columns.iter().map(|column| column.ty.is_number()).chain(std::iter::repeat(false)))
                .map(|(cell, number)| {
                    view! { <td class=number.then_some("data__number")>{shorten_cell(cell)}</td> }
                })
                .collect();
            view! { <tr>{cells}</tr> }
        })
        .collect();
    Some(
        view! {
            <section class="section">
                <h2>"First rows of the file"</h2>
                {scroll(
                    String::from("First rows of the file"),
                    view! {
                        <table class="data data--rows">
                            <thead><tr>{heads}</tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
            </section>
        }
        .into_any(),
    )
}

fn shorten_cell(cell: &str) -> String {
    cell.chars().take(300).collect()
}
