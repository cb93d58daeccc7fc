//! A dataset: its tables, its last commits, and what is under way.

use hub::{DatasetView, ImportView, JobState, Role, TableSummary, Upstream, Watch};
use leptos::prelude::*;

use crate::{
    components::{
        commits,
        dataset::{self, Tab},
        logo, scroll,
    },
    pages::import_job,
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The page. `imports` are the dataset's jobs; those that are done are not shown.
#[must_use]
pub fn page(view: &DatasetView, imports: &[ImportView]) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::place(&view.dataset, &view.viewed);
    let rows: u64 = view.tables.iter().map(|table| table.rows).sum();
    let facts = format!("{}, {}", text::count(view.tables.len() as u64, "table"), text::count(rows, "row"));
    let description = (!view.dataset.description.trim().is_empty())
        .then(|| view! { <p class="head__lead">{view.dataset.description.clone()}</p> });
    let draft = view.draft.as_ref().map(|draft| dataset::draft_banner(&view.dataset, &view.viewed, draft));
    let tables = if view.tables.is_empty() { empty(view, &address) } else { tables(&address, &view.tables) };
    let commits = (!view.commits.is_empty()).then(|| {
        let all = format!("{address}/history");
        view! {
            <section class="section">
                <header class="section__head"><h2>"Last commits"</h2><a href=all>"All commits"</a></header>
                {commits::river(&dataset::address(path), &view.commits)}
            </section>
        }
    });
    let import = view.viewed.branch().map(|_| {
        let (href, new_table) = (format!("{address}/import"), super::new_table::address(&address));
        view! {
            <a class="button button--primary" href=href>"Import a file"</a>
            <a class="button" href=new_table>"New table"</a>
        }
    });
    let people = (view.has_accounts && view.dataset.role >= Some(Role::Maintainer)).then(|| {
        let href = format!("{}/people", dataset::address(path));
        view! { <a class="button" href=href>"People"</a> }
    });
    let settings = (view.dataset.role >= Some(Role::Maintainer)).then(|| {
        let href = format!("{}/settings", dataset::address(path));
        view! { <a class="button" href=href>"Settings"</a> }
    });
    let fork = format!("{}/fork", dataset::address(path));
    let upstream = view.origin.as_ref().map(|upstream| forked(view, upstream));
    let has_changes = view.viewed.branch().is_some() && !view.commits.is_empty();
    let offer = view.origin.as_ref().filter(|upstream| upstream.takes_offers && has_changes).map(|upstream| {
        let origin = &upstream.path;
        let parts = [("source", path.to_string()), ("from", view.viewed.name.clone())];
        let parts = parts.each_ref().map(|(name, value)| (*name, value.as_str()));
        let href = url::with_query(&format!("{}/requests/new", dataset::address(origin)), &parts);
        view! { <a class="button" href=href>{format!("Offer changes to {origin}")}</a> }
    });
    let crumbs = match &view.viewed.reference {
        None => {
            vec![Crumb::link(path.owner.clone(), url::namespace(&path.owner)), Crumb::here(path.name.clone())]
        }
        Some(_) => dataset::crumbs_to_state(&view.dataset, &view.viewed),
    };
    shell(
        PageInfo { title: view.dataset.title.clone(), crumbs, ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{path.to_string()}</p>
                    <h1>{view.dataset.title.clone()}</h1>
                    {upstream}
                    {description}
                    <p class="head__eyebrow">{facts}</p>
                </div>
                <div class="head__actions">
                    {import}{offer}<a class="button" href=fork>"Fork"</a>{watch(view)}{people}{settings}
                </div>
            </header>
            {dataset::tabs(&view.dataset, &view.viewed, view.draft.as_ref(), Tab::Tables)}
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {draft}
            {running(imports)}
            {tables}
            {commits}
        },
    )
}

/// What the reader is told of it, and how to say otherwise.
fn watch(view: &DatasetView) -> Option<AnyView> {
    let current = view.watch?;
    let action = format!("{}/watch", dataset::place(&view.dataset, &view.viewed));
    let choices: Vec<_> = [
        (Watch::All, "Everything", "All that happens to its merge requests."),
        (Watch::Mine, "What concerns me", "What I take part in, am asked to review or mentioned in."),
        (Watch::Nothing, "Nothing", "Not even where my name stands."),
    ]
    .into_iter()
    .map(|(level, label, hint)| {
        view! {
            <label class="choice">
                <input type="radio" name="level" value=level.as_str() checked={level == current} />
                {label}
                <span class="field__hint">{hint}</span>
            </label>
        }
    })
    .collect();
    let word = match current {
        Watch::All => "Watching",
        Watch::Mine => "Watch…",
        Watch::Nothing => "Muted",
    };
    let view = view! {
        <details class="popover">
            <summary class="button">{word}</summary>
            <form class="popover__body" method="post" action=action>
                <fieldset class="choices"><legend>"What to tell you in your inbox"</legend>{choices}</fieldset>
                <button class="button button--small" type="submit">"Save"</button>
            </form>
        </details>
    };
    Some(view.into_any())
}

/// What it was forked from, how far apart the two are, and how to take over what came there since.
fn forked(view: &DatasetView, upstream: &Upstream) -> AnyView {
    let href = dataset::address(&upstream.path);
    let update = match upstream.apart {
        Some((_, behind)) if behind > 0 && view.viewed.branch().is_some() => {
            let action = format!("{}/update-fork", dataset::place(&view.dataset, &view.viewed));
            let label = format!("Take over {}", text::count(behind, "commit"));
            Some(view! {
                <form method="post" action=action>
                    <button class="button button--small" type="submit">{label}</button>
                </form>
            })
        }
        _ => None,
    };
    let apart = upstream.apart.map(|(ahead, behind)| match (ahead, behind) {
        (0, 0) => String::from(": both hold the same"),
        (ahead, 0) => format!(": {} ahead of {}", text::count(ahead, "commit"), upstream.branch),
        (0, behind) => format!(": {} behind {}", text::count(behind, "commit"), upstream.branch),
        (ahead, behind) => format!(": {} ahead of {}, {behind} behind", text::count(ahead, "commit"), upstream.branch),
    });
    view! {
        <p class="head__eyebrow">"Forked from "<a href=href>{upstream.path.to_string()}</a>{apart}</p>
        {update}
    }
    .into_any()
}

fn empty(view: &DatasetView, address: &str) -> AnyView {
    let begin = view.viewed.branch().map(|_| {
        let import = format!("{address}/import");
        view! {
            <p>"Bring in a CSV file: its columns and their types are found and shown to you before anything is saved."</p>
            <a class="button button--primary" href=import>"Import a file"</a>
        }
    });
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>"No tables yet"</h2>
            {begin}
        </section>
    }
    .into_any()
}

fn tables(address: &str, tables: &[TableSummary]) -> AnyView {
    let rows: Vec<_> = tables
        .iter()
        .map(|table| {
            let href = url::table(address, &table.name);
            let key: Vec<_> = table
                .schema
                .primary_key
                .iter()
                .filter_map(|id| table.schema.column(*id))
                .map(|column| column.name.clone())
                .collect();
            let columns = table.schema.columns.len() as u64;
            view! {
                <tr>
                    <th scope="row" class="data__grow"><a href=href>{table.name.clone()}</a></th>
                    <td class="data__number" data-label="Rows">{text::number(table.rows)}</td>
                    <td class="data__number" data-label="Columns">{text::number(columns)}</td>
                    <td data-label="Key">{key.join(", ")}</td>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Tables"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Table"</th>
                        <th scope="col" class="data__number">"Rows"</th>
                        <th scope="col" class="data__number">"Columns"</th>
                        <th scope="col">"Key"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}

/// Imports that are not over: they are running, or wait for the person.
fn running(imports: &[ImportView]) -> Option<AnyView> {
    let jobs: Vec<_> = imports
        .iter()
        .filter(|import| !import.state.is_final())
        .map(|import| {
            let href = url::import(&dataset::address(&import.dataset), &import.id.to_string());
            let action = if import.state == JobState::Waiting { "Look at what was found" } else { "Watch" };
            let label = format!("{action}: {}", import.request.table);
            view! {
                <div class="banner">
                    <p>
                        "Import of " <strong>{import.request.table.clone()}</strong> " "
                        {import_job::badge(import.state)}
                    </p>
                    <a class="button" href=href aria-label=label>{action}</a>
                </div>
            }
        })
        .collect();
    (!jobs.is_empty()).then(|| jobs.into_any())
}
