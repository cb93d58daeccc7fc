//! A table: what its columns are and its rows, page by page, filtered and sorted as asked.

use hub::{BlameView, Found, RowPage, TableView, ViewedKind};
use leptos::prelude::*;
use versioning::Schema;

use crate::{
    components::{
        blame, dataset, field, popover,
        search::{self, Asked},
        time,
    },
    form::Submitted,
    islands::grid::server,
    shell::{Crumb, PageInfo, Viewer, Width, shell},
    text, url,
};

/// About how many cells a page has without scripts.
const PAGE_CELLS: usize = 5_000;

/// Rows on a page without scripts: fewer where there are many columns.
#[must_use]
pub fn page_rows(schema: &Schema) -> u32 {
    u32::try_from(PAGE_CELLS / schema.columns.len().max(1)).unwrap_or(u32::MAX).clamp(20, 100)
}

/// What a table's page shows.
#[derive(Debug)]
pub enum Content<'c> {
    /// Rows, to be edited.
    Rows(&'c Found),
    /// Rows with the commits that their cells come from.
    Blame(&'c Found, &'c BlameView),
    /// No rows: what was asked for can't be read.
    Refused(&'c Submitted),
}

/// The page with what was found of the table's rows.
#[must_use]
pub fn page(view: &TableView, asked: &Asked, content: &Content<'_>) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::place(&view.dataset, &view.viewed);
    let mut crumbs = dataset::crumbs_at(&view.dataset, &view.viewed);
    crumbs.push(Crumb::here(view.table.name.clone()));
    let commit = url::commit(&dataset::address(path), &view.commit.hash.to_string());
    let draft = view.draft.as_ref().map(|draft| dataset::draft_banner(&view.dataset, &view.viewed, draft));
    let new_row = view.viewed.branch().map(|_| {
        let href = url::below(&asked.here, "new-row");
        view! { <a class="button" href=href>"New row"</a> }
    });
    // Who may not edit it edits a fork, and offers that.
    let is_signed_in = use_context::<Viewer>().is_some_and(|viewer| viewer.name.is_some());
    let is_head = view.viewed.kind == ViewedKind::Branch && view.viewed.reference.is_none();
    let propose = (is_head && !view.viewed.may_edit && is_signed_in && view.dataset.archived_at.is_none()).then(|| {
        let action = url::below(&asked.here, "propose");
        view! {
            <form method="post" action=action>
                <button class="button button--primary" type="submit">"Propose changes"</button>
            </form>
        }
    });
    let (found, refused) = match content {
        Content::Rows(found) | Content::Blame(found, _) => (Some(*found), None),
        Content::Refused(form) => (None, Some(*form)),
    };
    let offset = found.map_or(0, |found| found.rows.offset);
    let blame_label = if asked.blame { "Hide blame" } else { "Blame" };
    let blame_link = asked.with_blame(!asked.blame, offset);
    let title = format!("{} · {path}", view.table.name);
    let schema = &view.table.schema;
    let checks = super::checks::address(&address, &view.table.name);
    let columns = super::columns::address(&address, &view.table.name);
    let checks_label = match schema.checks.len() {
        0 => String::from("Checks"),
        count => format!("Checks ({count})"),
    };
    let rows = match content {
        Content::Rows(found) => server::grid(&address, view, asked, found),
        Content::Blame(found, blamed) => blame::table(asked, view, found, blamed),
        Content::Refused(_) => ().into_any(),
    };
    shell(
        PageInfo {
            title: refused.map_or_else(|| title.clone(), |form| field::title(form, &title)),
            crumbs,
            width: Width::Wide,
            live: matches!(content, Content::Rows(_)),
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>{view.table.name.clone()}</h1>
                    <p class="head__eyebrow">
                        {count(view, asked, found)}", "{text::count(schema.columns.len() as u64, "column")}
                        ". Last commit: "<a href=commit>{text::first_line(&view.commit.message)}</a>
                        " by "{view.commit.author.clone()}", "{time(view.commit.time)}
                    </p>
                </div>
                <div class="head__actions">
                    {new_row}
                    {propose}
                    <a class="button" href=blame_link>{blame_label}</a>
                    <a class="button" href=checks>{checks_label}</a>
                    <a class="button" href=columns>"Columns"</a>
                    {as_of(&asked.here)}
                    {export(view, asked)}
                </div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {draft}
            {refused.map(|_| refusal())}
            {search::form(asked, schema, refused)}
            {rows}
            {found.map(|found| pager(asked, &found.rows, page_rows(schema)))}
        },
    )
}

/// “12 of 1,260 rows”, or all of them.
fn count(view: &TableView, asked: &Asked, found: Option<&Found>) -> String {
    match found {
        Some(found) if !asked.query.filter.trim().is_empty() => {
            format!("{} of {}", text::number(found.rows.total), text::count(found.all, "row"))
        }
        _ => text::count(view.table.rows, "row"),
    }
}

/// Says that there is something wrong with what was asked; the fields say what.
fn refusal() -> AnyView {
    view! {
        <div class="banner banner--bad" role="alert">
            <p><strong>"No rows are shown: this can’t be read."</strong>" Below is where and why."</p>
        </div>
    }
    .into_any()
}

/// A way to what the table held at another time.
fn as_of(here: &str) -> AnyView {
    let action = url::below(here, "as-of");
    popover(
        "as-of-form".to_owned(),
        "As of…",
        view! {
            <form method="get" action=action>
                <label for="as-of">"Show what was there on this day, at this time (UTC)"</label>
                <input class="input input--small" id="as-of" name="time" type="datetime-local" step="1" required />
                <button class="button button--small" type="submit">"Show"</button>
            </form>
        },
    )
}

/// The rows as files: what is committed of what is shown.
fn export(view: &TableView, asked: &Asked) -> AnyView {
    let path = &view.dataset.path;
    let address = url::below(&format!("/api/v1/datasets{}", dataset::address(path)), "exports");
    let file = |label: &'static str, format: &str| {
        let reference = view.viewed.reference.as_deref().unwrap_or_default();
        let parts = [
            ("table", view.table.name.as_str()),
            ("format", format),
            ("ref", reference),
            ("filter", asked.query.filter.trim()),
        ];
        let href = url::with_query(&address, &parts);
        view! { <a class="button button--small" href=href download="">{label}</a> }
    };
    let what = if asked.query.filter.trim().is_empty() { "All rows" } else { "The rows that the filter finds" };
    let draft = if view.draft.is_some() { " Your draft is not part of it: commit it first." } else { "" };
    popover(
        "export".to_owned(),
        "Export…",
        view! {
            <p>{what}", as committed, in the order of the key."{draft}</p>
            <div class="actions">{file("CSV", "csv")}{file("Newline-delimited JSON", "ndjson")}</div>
        },
    )
}

/// Links to the other pages of rows, and a way to any row.
fn pager(asked: &Asked, page: &RowPage, size: u32) -> AnyView {
    let size = u64::from(size);
    let shown = page.rows.len() as u64;
    let end = page.offset + shown;
    let range = match (shown, page.total) {
        (0, 0) if !asked.query.filter.trim().is_empty() => String::from("The filter finds no rows"),
        (0, total) => format!("{} in all", text::count(total, "row")),
        (_, total) => {
            format!("Rows {} to {} of {}", text::number(page.offset + 1), text::number(end), text::number(total))
        }
    };
    let last = page.total.saturating_sub(1) / size * size;
    let link = |label: &'static str, offset: u64, rel: Option<&'static str>, usable: bool| {
        let href = asked.at(offset);
        usable.then(|| view! { <a class="button button--small" href=href rel=rel>{label}</a> })
    };
    let (back, on) = (page.offset > 0, end < page.total);
    let go = (page.total > size).then(|| {
        let action = asked.here.clone();
        view! {
            <form method="get" action=action>
                {asked.hidden_fields()}
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
