//! The columns of a table: what they hold and ask for, and forms that change them and the table itself.

pub mod form;

use hub::TableView;
use leptos::prelude::*;
use versioning::{Column, TableId};

use crate::{
    components::{
        dataset,
        field::{self, Field},
        rules, scroll,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The table.
    pub table: TableView,
    /// The tables of the dataset, by name: links can lead to them.
    pub tables: Vec<(TableId, String)>,
}

impl View {
    /// The name of a table, while it is there.
    #[must_use]
    pub fn name_of(&self, table: TableId) -> Option<&str> {
        self.tables.iter().find(|(id, _)| *id == table).map(|(_, name)| name.as_str())
    }
}

/// The address of the page. `dataset` is the address of the dataset in a state.
#[must_use]
pub fn address(dataset: &str, table: &str) -> String {
    format!("{}/columns", url::table(dataset, table))
}

/// The page. `edit` names the column whose form is open.
#[must_use]
pub fn page(view: &View, edit: Option<&str>, form: &Submitted) -> AnyView {
    let shown = &view.table;
    let place = dataset::place(&shown.dataset, &shown.viewed);
    let table = &shown.table.name;
    let mut crumbs = dataset::crumbs_at(&shown.dataset, &shown.viewed);
    crumbs.push(Crumb::link(table.clone(), url::table(&place, table)));
    crumbs.push(Crumb::here("Columns"));
    let may = shown.viewed.branch().is_some();
    let edited = edit.and_then(|name| shown.table.schema.column_named(name));
    let description = (!shown.table.schema.description.trim().is_empty())
        .then(|| view! { <p class="head__lead">{shown.table.schema.description.clone()}</p> });
    let draft = shown.draft.as_ref().map(|draft| dataset::draft_banner(&shown.dataset, &shown.viewed, draft));
    // What was typed belongs to the one form that was sent.
    let fresh = Submitted::default();
    let sent = form.value("what").unwrap_or_default();
    let of = |forms: &[&str]| if forms.contains(&sent) { form } else { &fresh };
    let forms = may.then(|| {
        let here = address(&place, table);
        view! {
            {form::section(view, &here, edited, of(&["add", "change"]))}
            {edited.map(|column| drop_column(view, &here, column, of(&["drop"])))}
            {describe(view, &here, of(&["table"]))}
            {drop_table(view, here.clone(), of(&["drop-table"]))}
        }
    });
    shell(
        PageInfo {
            title: field::title(form, &format!("Columns of {table} · {}", shown.dataset.path)),
            crumbs,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{table.clone()}</p>
                    <h1>"Columns"</h1>
                    {description}
                </div>
            </header>
            {dataset::viewed_banner(&shown.dataset, &shown.viewed)}
            {draft}
            {list(view, &place, may)}
            {forms}
        },
    )
}

fn list(view: &View, place: &str, may: bool) -> AnyView {
    let rows: Vec<_> = view.table.table.schema.columns.iter().map(|column| row(view, place, column, may)).collect();
    scroll(
        String::from("Columns"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Rules"</th>
                        <th scope="col">"Description"</th>
                        {may.then(|| view! { <td></td> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}

fn row(view: &View, place: &str, column: &Column, may: bool) -> AnyView {
    let table = &view.table.table;
    let is_key = table.schema.is_key(column.id);
    let target = column.target.and_then(|target| view.name_of(target)).map(|name| {
        let href = address(place, name);
        view! { " to "<a href=href>{name.to_owned()}</a> }
    });
    let mut asked = rules::of_column(column, is_key);
    if !column.default.is_null() {
        asked.push(format!("New rows get {}", column.default));
    }
    let asked_label = (!asked.is_empty()).then_some("Rules");
    let description_label = (!column.description.is_empty()).then_some("Description");
    let asked: Vec<_> = asked.into_iter().map(|rule| view! { <li>{rule}</li> }).collect();
    let asked = (!asked.is_empty()).then(|| view! { <ul class="plain-list">{asked}</ul> });
    let key = if is_key { "Yes" } else { "No" };
    let change = may.then(|| {
        let here = address(place, &table.name);
        let href = format!("{}#set", url::with_query(&here, &[("edit", &column.name)]));
        let label = format!("Change {}", column.name);
        view! { <td><a class="button button--small" href=href aria-label=label>"Change"</a></td> }
    });
    view! {
        <tr>
            <th scope="row">{column.name.clone()}</th>
            <td data-label="Type">{column.ty.name()}{target}</td>
            <td data-label="Key">{key}</td>
            <td class="data__grow" data-label=asked_label>{asked}</td>
            <td data-label=description_label>{column.description.clone()}</td>
            {change}
        </tr>
    }
    .into_any()
}

/// How to be rid of the column whose form is open.
fn drop_column(view: &View, here: &str, column: &Column, form: &Submitted) -> AnyView {
    let table = &view.table.table;
    if table.schema.is_key(column.id) {
        return view! { <p class="quiet section">"It is part of the primary key, and can’t be dropped."</p> }
            .into_any();
    }
    let cells = match table.rows {
        0 => String::from("It has no cells yet."),
        rows => format!("It takes {} with it. What was committed before keeps them.", text::count(rows, "cell")),
    };
    let draft = view.table.draft.is_some().then(|| {
        view! { <p>"Your draft is not part of it: commit it first if it has cells of the column."</p> }
    });
    let error = form.error("drop").map(|error| view! { <p class="field__error">{error.to_owned()}</p> });
    view! {
        <details class="confirm section" id=field::id("drop") open=form.is_refused()>
            <summary class="button button--danger">"Drop the column…"</summary>
            <form method="post" action=here.to_owned()>
                <input type="hidden" name="what" value="drop" />
                <input type="hidden" name="old" value=column.name.clone() />
                <p>{cells}</p>
                {draft}
                {error}
                <button class="button button--danger" type="submit">"Drop the column"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The table's own name and description.
fn describe(view: &View, here: &str, form: &Submitted) -> AnyView {
    let table = &view.table.table;
    view! {
        <section class="section" aria-labelledby="table">
            <h2 id="table">"The table"</h2>
            <form class="form" method="post" action=here.to_owned()>
                <input type="hidden" name="what" value="table" />
                <input type="hidden" name="seen" value=seen(view, form) />
                {Field::new("table-name", "Name of the table").text(form, &table.name, true)}
                {Field::new("table-description", "What its rows are")
                    .note("optional")
                    .lines(form, &table.schema.description, 2, false)}
                {Field::new("table-why", "Message of the commit")
                    .note("optional")
                    .hint("One is made where you leave it empty.")
                    .text(form, "", false)}
                <div class="actions"><button class="button" type="submit">"Save"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn drop_table(view: &View, here: String, form: &Submitted) -> AnyView {
    let table = &view.table.table;
    let rows = format!("It takes {} with it. What was committed before keeps them.", text::count(table.rows, "row"));
    let draft = view.table.draft.is_some().then(|| {
        view! { <p>"Your draft is not part of it: commit it first if it has rows of the table."</p> }
    });
    view! {
        <details class="confirm section" open=form.is_refused()>
            <summary class="button button--danger">"Drop the table…"</summary>
            <form method="post" action=here>
                <input type="hidden" name="what" value="drop-table" />
                <p>{rows}</p>
                {draft}
                {Field::new("confirm", "The table’s name, to be sure")
                    .hint(format!("Type {}", table.name))
                    .text(form, "", true)}
                <button class="button button--danger" type="submit">"Drop the table"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The commit with which the form was filled in: what was changed in it is what differs from that.
fn seen(view: &View, form: &Submitted) -> String {
    form.or("seen", &view.table.commit.hash.to_string())
}
