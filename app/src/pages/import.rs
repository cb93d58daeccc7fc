//! The form that brings a file in.

use hub::DatasetView;
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
    },
    form::Submitted,
    shell::{PageInfo, Width, shell},
};

/// What a file can be to a table: value, words, and what it means.
const MODES: [(&str, &str, &str); 4] = [
    ("create", "A new table", "There must be no table of this name yet."),
    (
        "replace",
        "The new state of a table",
        "The commit will show how it differs: rows that are not in the file are removed.",
    ),
    ("append", "More rows for a table", "None of their keys may be in the table already."),
    (
        "upsert",
        "Rows to add or to change",
        "Rows with keys that are in the table change; all other rows stay as they are.",
    ),
];

/// The page. The file comes last in the form, so that the server knows all else before the first of its bytes.
#[must_use]
pub fn page(view: &DatasetView, form: &Submitted) -> AnyView {
    let address = dataset::place(&view.dataset, &view.viewed);
    let action = format!("{address}/import");
    let mode = form.or("mode", "create");
    let choices: Vec<_> = MODES
        .iter()
        .map(|(value, label, hint)| {
            view! {
                <label class="choice">
                    <input type="radio" name="mode" value=*value checked=mode == *value />
                    {*label}
                    <span class="field__hint">{*hint}</span>
                </label>
            }
        })
        .collect();
    shell(
        PageInfo {
            title: field::title(form, &format!("Import a file into {}", view.dataset.title)),
            crumbs: dataset::crumbs_to(&view.dataset, &view.viewed, "Import"),
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"Import a file"</h1>
                    <p class="head__lead">
                        "A table as CSV or another delimited text. Delimiter, encoding, columns and types are found and \
                         shown to you; nothing is saved before you have agreed."
                    </p>
                </div>
            </header>
            <form class="form" method="post" action=action enctype="multipart/form-data">
                {Field::new("table", "Table").hint("The name of the table the rows go to.").text(form, "", true)}
                <fieldset class="choices">
                    <legend>"What the file is"</legend>
                    {choices}
                </fieldset>
                {Field::new("file", "File").view(form, |wiring| {
                    view! {
                        <input
                            class="input"
                            type="file"
                            id=wiring.id
                            name=wiring.name
                            accept=".csv,.tsv,.tab,.txt,text/csv,text/tab-separated-values,text/plain"
                            required
                            aria-describedby=wiring.described_by
                            aria-invalid=wiring.invalid
                        />
                    }
                    .into_any()
                })}
                <div class="actions">
                    <button class="button button--primary" type="submit">"Upload and inspect"</button>
                    <a class="button button--quiet" href=address>"Cancel"</a>
                </div>
            </form>
        },
    )
}
