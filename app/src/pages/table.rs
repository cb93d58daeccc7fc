//! A table: what its columns are and its rows, page by page.

use hub::{RowPage, RowState, RowView, TableView};
use leptos::prelude::*;
use versioning::Schema;

use crate::{
    components::{cell, dataset, scroll, time},
    shell::{Crumb, PageInfo, Width, shell},
    text, url,
};

/// Rows on a page without scripts.
pub const PAGE_ROWS: u32 = 100;

/// The page with some of the table's rows.
#[must_use]
pub fn page(view: &TableView, rows: &RowPage) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::address(path);
    let here = url::table(&address, &view.table.name);
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::here(view.table.name.clone()));
    let commit = url::commit(&address, &view.commit.hash.to_string());
    let draft = view.draft.as_ref().map(|draft| dataset::draft_banner(&view.dataset, draft));
    let new_row = format!("{here}/new-row");
    let count = text::count(rows.total, "row");
    shell(
        PageInfo {
            title: format!("{} · {path}", view.table.name),
            crumbs,
            width: Width::Wide,
            live: true,
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>{view.table.name.clone()}</h1>
                    <p class="head__eyebrow">
                        {count}", "{text::count(rows.schema.columns.len() as u64, "column")}
                        ". Last commit: "<a href=commit>{text::first_line(&view.commit.message)}</a>
                        " by "{view.commit.author.clone()}", "{time(view.commit.time)}
                    </p>
                </div>
                <div class="head__actions"><a class="button" href=new_row>"New row"</a></div>
            </header>
            {draft}
            {table(&address, &view.table.name, rows)}
            {pager(&here, rows)}
        },
    )
}

/// The rows as a table whose rows lead to their forms.
fn table(address: &str, name: &str, page: &RowPage) -> AnyView {
    let schema = &page.schema;
    let first_key = schema.key_positions().first().copied();
    // The key names the row, so it comes first.
    let mut order: Vec<usize> = (0..schema.columns.len()).collect();
    order.sort_by_key(|position| Some(*position) != first_key);
    let heads: Vec<_> = order.iter().map(|position| head(schema, *position)).collect();
    let rows: Vec<_> = page.rows.iter().map(|row| line(address, name, schema, &order, row)).collect();
    let none = page.rows.is_empty().then(|| {
        let columns = schema.columns.len().to_string();
        view! { <tr><td colspan=columns class="quiet">"There are no rows here."</td></tr> }
    });
    scroll(
        format!("Rows of {name}"),
        view! {
            <table class="data data--rows">
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}{none}</tbody>
            </table>
        },
    )
}

fn head(schema: &Schema, position: usize) -> AnyView {
    let column = &schema.columns[position];
    let class = column.ty.is_number().then_some("data__number");
    let key = if schema.is_key(column.id) { ", key" } else { "" };
    let description = (!column.description.is_empty()).then(|| column.description.clone());
    view! {
        <th scope="col" class=class title=description>
            {column.name.clone()}
            <span class="data__type type">{column.ty.name()}{key}</span>
        </th>
    }
    .into_any()
}

fn line(address: &str, name: &str, schema: &Schema, order: &[usize], row: &RowView) -> AnyView {
    let (state, changed) = match &row.state {
        RowState::Committed => (None, &[][..]),
        RowState::Inserted => (Some("inserted"), &[][..]),
        RowState::Updated(columns) => (Some("updated"), columns.as_slice()),
    };
    let cells: Vec<_> = order
        .iter()
        .enumerate()
        .filter_map(|(index, position)| {
            let column = &schema.columns[*position];
            let value = row.cells.get(*position)?;
            let class = column.ty.is_number().then_some("data__number");
            if index == 0 {
                let href = url::row(address, name, &row.key_text);
                let new = (state == Some("inserted")).then(|| view! { <span class="hidden-label">" (new in your draft)"</span> });
                return Some(view! { <th scope="row" class=class><a href=href>{cell::in_table(value)}</a>{new}</th> }.into_any());
            }
            let is_changed = changed.contains(&column.id);
            let mark = is_changed.then(|| view! { <span class="hidden-label">" (changed in your draft)"</span> });
            Some(
                view! {
                    <td class=class data-state=is_changed.then_some("changed")>{cell::in_table(value)}{mark}</td>
                }
                .into_any(),
            )
        })
        .collect();
    view! { <tr data-state=state>{cells}</tr> }.into_any()
}

/// Links to the other pages of rows, and a way to any row.
fn pager(here: &str, page: &RowPage) -> AnyView {
    let size = u64::from(PAGE_ROWS);
    let shown = page.rows.len() as u64;
    let end = page.offset + shown;
    let range = if shown == 0 {
        format!("{} in all", text::count(page.total, "row"))
    } else {
        format!("Rows {} to {} of {}", text::number(page.offset + 1), text::number(end), text::number(page.total))
    };
    let last = page.total.saturating_sub(1) / size * size;
    let link = |label: &'static str, offset: u64, rel: Option<&'static str>, usable: bool| {
        let href = if offset == 0 { here.to_owned() } else { format!("{here}?offset={offset}") };
        usable.then(|| view! { <a class="button button--small" href=href rel=rel>{label}</a> })
    };
    let (back, on) = (page.offset > 0, end < page.total);
    let go = (page.total > size).then(|| {
        let action = here.to_owned();
        view! {
            <form method="get" action=action>
                <label for="go-row">"Go to row"</label>
                <input class="input input--small" id="go-row" name="row" type="number" min="1" max=page.total.to_string() required />
                <button class="button button--small" type="submit">"Go"</button>
            </form>
        }
    });
    view! {
        <nav class="pager" aria-label="Pages of rows">
            <p class="quiet small">{range}</p>
            <div class="actions">
                {link("First", 0, None, back)}
                {link("Previous", page.offset.saturating_sub(size), Some("prev"), back)}
                {link("Next", end, Some("next"), on)}
                {link("Last", last, None, on)}
            </div>
            {go}
        </nav>
    }
    .into_any()
}
