//! The rules of a table: what its columns ask for, and its checks.

use hub::TableView;
use leptos::prelude::*;
use versioning::{
    Schema,
    schema::{Check, Severity},
};

use crate::{
    components::{
        dataset,
        field::{self, Field},
        findings, rules, scroll,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    url,
};

/// The address of the page. `dataset` is the address of the dataset in a state.
#[must_use]
pub fn address(dataset: &str, table: &str) -> String {
    format!("{}/checks", url::table(dataset, table))
}

/// The page. `edit` names the check whose form is open.
#[must_use]
pub fn page(view: &TableView, edit: Option<&str>, form: &Submitted) -> AnyView {
    let place = dataset::place(&view.dataset, &view.viewed);
    let table = &view.table.name;
    let mut crumbs = dataset::crumbs_at(&view.dataset, &view.viewed);
    crumbs.push(Crumb::link(table.clone(), url::table(&place, table)));
    crumbs.push(Crumb::here("Checks"));
    let may = view.viewed.branch().is_some();
    let edited = edit.and_then(|name| view.table.schema.check_named(name));
    shell(
        PageInfo {
            title: field::title(form, &format!("Checks of {table} · {}", view.dataset.path)),
            crumbs,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{table.clone()}</p>
                    <h1>"Checks"</h1>
                    <p class="head__lead">
                        "A check is a filter that no row may meet. Errors stop a change that brings such a row; warnings are told."
                    </p>
                </div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {list(view, &place, may)}
            {may.then(|| set(view, &place, edited, form))}
            {columns(&view.table.schema)}
        },
    )
}

fn list(view: &TableView, place: &str, may: bool) -> AnyView {
    let schema = &view.table.schema;
    if schema.checks.is_empty() {
        return view! { <p class="quiet">"The table has no checks."</p> }.into_any();
    }
    let mut checks: Vec<&Check> = schema.checks.iter().collect();
    checks.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.name.cmp(&b.name)));
    let rows: Vec<_> = checks.into_iter().map(|check| row(view, place, check, may)).collect();
    scroll(
        String::from("Checks"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Check"</th>
                        <th scope="col">"Severity"</th>
                        <th scope="col">"No row may meet"</th>
                        <th scope="col">"Rows"</th>
                        {may.then(|| view! { <td></td> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}

fn row(view: &TableView, place: &str, check: &Check, may: bool) -> AnyView {
    let (table, here) = (&view.table.name, address(place, &view.table.name));
    let filter = check.shown(&view.table.schema);
    let found = url::with_query(&url::table(place, table), &[("filter", &filter)]);
    let find = format!("Rows that meet {}", check.name);
    let message = (!check.message.is_empty()).then(|| view! { <p class="quiet small">{check.message.clone()}</p> });
    let actions = may.then(|| {
        let edit = format!("{}#set", url::with_query(&here, &[("edit", &check.name)]));
        let (change, drop) = (format!("Change {}", check.name), format!("Drop {}", check.name));
        view! {
            <td>
                <form class="actions" method="post" action=here.clone()>
                    <a class="button button--small" href=edit aria-label=change>"Change"</a>
                    <input type="hidden" name="drop" value=check.name.clone() />
                    <button class="button button--small" type="submit" aria-label=drop>"Drop"</button>
                </form>
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row">{check.name.clone()}</th>
            <td data-label="Severity">{findings::severity(check.severity)}</td>
            <td class="data__grow" data-label="No row may meet"><code>{filter}</code>{message}</td>
            <td data-label="Rows"><a href=found aria-label=find>"Who meets this?"</a></td>
            {actions}
        </tr>
    }
    .into_any()
}

/// The form of a new check, or of one that is changed.
fn set(view: &TableView, place: &str, edited: Option<&Check>, form: &Submitted) -> AnyView {
    let here = address(place, &view.table.name);
    let first = |get: fn(&Check) -> &str| edited.map_or("", get).to_owned();
    let filter = edited.map(|check| check.shown(&view.table.schema)).unwrap_or_default();
    let severities = [
        (Severity::Error, "Error: no change may bring such a row"),
        (Severity::Warning, "Warning: such a row is told"),
    ]
    .map(|(severity, label)| (severity.name().to_owned(), label.to_owned()))
    .to_vec();
    let severity = form.or("severity", edited.map_or(Severity::Error, |check| check.severity).name());
    let old = edited.map(|check| view! { <input type="hidden" name="old" value=check.name.clone() /> });
    let heading = edited.map_or_else(|| String::from("New check"), |check| format!("Change “{}”", check.name));
    let leave = edited.map(|_| view! { <a class="button" href=here.clone()>"Leave it as it is"</a> });
    let word = if edited.is_some() { "Change the check" } else { "Add the check" };
    view! {
        <section class="section" aria-labelledby="set">
            <h2 id="set">{heading}</h2>
            <form class="form" method="post" action=here>
                {old}
                {Field::new("name", "Name").text(form, &first(|check| &check.name), true)}
                {Field::new("filter", "No row may meet")
                    .hint("A filter, as on the table’s page: price <= 0 or name is null")
                    .lines(form, &filter, 2, true)}
                {Field::new("severity", "What follows")
                    .view(form, |wiring| field::select(wiring, "input", severities, &severity))}
                {Field::new("message", "What is wrong with such a row")
                    .note("optional")
                    .hint("For those who meet the check: what to do about it.")
                    .text(form, &first(|check| &check.message), false)}
                {Field::new("why", "Message of the commit")
                    .note("optional")
                    .hint("Checks are part of the data and have a history as it has. One is made where you leave it empty.")
                    .text(form, "", false)}
                <div class="actions"><button class="button button--primary" type="submit">{word}</button>{leave}</div>
            </form>
        </section>
    }
    .into_any()
}

/// The rules of the columns, in words.
fn columns(schema: &Schema) -> Option<AnyView> {
    let rows: Vec<_> = schema
        .columns
        .iter()
        .filter_map(|column| {
            let rules = rules::of_column(column, schema.is_key(column.id));
            let lines: Vec<_> = rules.into_iter().map(|rule| view! { <li>{rule}</li> }).collect();
            (!lines.is_empty()).then(|| {
                view! {
                    <tr>
                        <th scope="row">{column.name.clone()}</th>
                        <td data-label="Severity">{findings::severity(Severity::Error)}</td>
                        <td class="data__grow" data-label="Rules"><ul class="plain-list">{lines}</ul></td>
                    </tr>
                }
            })
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let table = scroll(
        String::from("Rules by column"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Severity"</th>
                        <th scope="col">"Rules"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    let view = view! {
        <section class="section" aria-labelledby="columns">
            <h2 id="columns">"Rules of columns"</h2>
            {table}
        </section>
    };
    Some(view.into_any())
}
