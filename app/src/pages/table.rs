//! A table: what its columns are and its rows, page by page.

use hub::{RowPage, TableView};
use leptos::prelude::*;

use crate::{
    components::{dataset, time},
    islands::grid::server,
    shell::{Crumb, PageInfo, Width, shell},
    text, url,
};

/// Rows on a page without scripts.
pub const PAGE_ROWS: u32 = 100;

/// The page with some of the table's rows.
#[must_use]
pub fn page(view: &TableView, rows: &RowPage) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::place(&view.dataset, &view.viewed);
    let here = url::table(&address, &view.table.name);
    let mut crumbs = dataset::crumbs_at(&view.dataset, &view.viewed);
    crumbs.push(Crumb::here(view.table.name.clone()));
    let commit = url::commit(&dataset::address(path), &view.commit.hash.to_string());
    let draft = view.draft.as_ref().map(|draft| dataset::draft_banner(&view.dataset, &view.viewed, draft));
    let new_row = view.viewed.branch().map(|_| {
        let href = format!("{here}/new-row");
        view! { <a class="button" href=href>"New row"</a> }
    });
    let as_of = as_of(&here);
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
                <div class="head__actions">{new_row}{as_of}</div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {draft}
            {server::grid(&address, view, rows)}
            {pager(&here, rows)}
        },
    )
}

/// A way to what the table held at another time.
fn as_of(here: &str) -> AnyView {
    let action = format!("{here}/as-of");
    view! {
        <details class="popover">
            <summary class="button">"As of…"</summary>
            <form class="popover__body" method="get" action=action>
                <label for="as-of">"Show what was there on this day, at this time (UTC)"</label>
                <input class="input input--small" id="as-of" name="time" type="datetime-local" step="1" required />
                <button class="button button--small" type="submit">"Show"</button>
            </form>
        </details>
    }
    .into_any()
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
