//! The past of a row: every commit that changed it, with the cells before and after.

use hub::{PastRow, RowHistory};
use leptos::prelude::*;
use versioning::{Column, ColumnId, Value};

use crate::{
    components::{cell, dataset, field, scroll, time},
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The page. `cursor` is where it begins; none for the newest commits.
#[must_use]
pub fn page(history: &RowHistory, cursor: Option<&str>, form: &Submitted) -> AnyView {
    let view = &history.table;
    let place = dataset::place(&view.dataset, &view.viewed);
    let row = url::row(&place, &view.table.name, &history.key_text);
    let here = url::below(&row, "history");
    let mut crumbs = dataset::crumbs_at(&view.dataset, &view.viewed);
    crumbs.push(Crumb::link(view.table.name.clone(), url::table(&place, &view.table.name)));
    // A row that is gone has no page any more.
    let is_there = cursor.is_some() || history.states.first().is_some_and(|state| state.change.after.is_some());
    let name = format!("Row {}", history.key_text);
    crumbs.push(if is_there { Crumb::link(name, row.clone()) } else { Crumb::here(name) });
    crumbs.push(Crumb::here("History"));
    let restore = view.viewed.branch().is_some().then(|| url::below(&row, "restore"));
    let states: Vec<_> = history
        .states
        .iter()
        .enumerate()
        .map(|(index, state)| {
            // What is there already need not be brought back.
            let is_current = index == 0 && cursor.is_none() && state.change.after.is_some();
            let restore = restore.as_deref().filter(|_| !is_current);
            stop(&dataset::address(&view.dataset.path), &view.dataset.path, state, restore)
        })
        .collect();
    let states = if states.is_empty() {
        view! { <p class="quiet">"Nothing was found in this part of the history, which is long. Look further back."</p> }
            .into_any()
    } else {
        view! { <ol class="river">{states}</ol> }.into_any()
    };
    let newest = cursor.map(|_| view! { <a class="button" href=here.clone()>"Newest"</a> });
    let older = history.next.as_ref().map(|next| {
        let href = url::with_query(&here, &[("cursor", next)]);
        view! { <a class="button" href=href rel="next">"Older changes"</a> }
    });
    let pager = (newest.is_some() || older.is_some())
        .then(|| view! { <nav class="pager" aria-label="Pages">{newest}{older}</nav> });
    let draft = view.draft.as_ref().map(|draft| dataset::draft_banner(&view.dataset, &view.viewed, draft));
    shell(
        PageInfo {
            title: field::title(form, &format!("History of row {} · {}", history.key_text, view.table.name)),
            crumbs,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.table.name.clone()}</p>
                    <h1>{format!("History of row {}", history.key_text)}</h1>
                </div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {draft}
            {states}
            {pager}
        },
    )
}

/// A commit that changed the row.
fn stop(dataset: &str, path: &hub::DatasetPath, state: &PastRow, restore: Option<&str>) -> AnyView {
    let commit = &state.commit;
    let hash = commit.hash.to_string();
    let href = url::commit(dataset, &hash);
    let (word, class) = match (&state.change.before, &state.change.after) {
        (None, _) => ("Row added", "sign is-added"),
        (_, None) => ("Row removed", "sign is-removed"),
        _ => ("Row changed", "sign is-changed"),
    };
    let seen = state.seen_at.as_ref().map(|(hash, table)| {
        let place = url::place(&path.owner, &path.name, Some(&hash.to_string()));
        let href = url::row(&place, table, &state.change.key_text);
        let label = if state.change.after.is_some() { "As it was then" } else { "As it was before" };
        view! { <a class="button button--small" href=href>{label}</a> }
    });
    let restore = restore.zip(state.seen_at.as_ref()).map(|(action, (hash, _))| {
        view! {
            <form method="post" action=action.to_owned()>
                <input type="hidden" name="commit" value=hash.to_string() />
                <input type="hidden" name="key" value=state.change.key_text.clone() />
                <button class="button button--small" type="submit">"Restore to your draft"</button>
            </form>
        }
    });
    view! {
        <li class="river__stop">
            <a class="river__message" href=href>{text::first_line(&commit.message)}</a>
            <span class="river__hash hash" title=hash>{text::short(&commit.hash)}</span>
            <p class="river__meta"><span class=class>{word}</span>" by "{commit.author.clone()}", "{time(commit.time)}</p>
            <div class="river__more">
                {cells(state)}
                <div class="actions">{seen}{restore}</div>
            </div>
        </li>
    }
    .into_any()
}

/// The cells that the commit changed, one below the other.
fn cells(state: &PastRow) -> AnyView {
    let (before, after) = (state.change.before.as_ref(), state.change.after.as_ref());
    let lines: Vec<_> = columns(state)
        .into_iter()
        .map(|column| {
            let value = |schema: Option<&versioning::Schema>, row: Option<&versioning::Row>| {
                row?.get(schema?.position(column.id)?).cloned()
            };
            let was = value(state.schema_before.as_ref(), before);
            let is = value(state.schema_after.as_ref(), after);
            let was = before.map(|_| {
                view! { <td>{was.as_ref().map(|was| view! { <del class="was">{cell::in_diff(was)}</del> })}</td> }
            });
            let is = after.map(|_| {
                view! { <td>{is.as_ref().map(|is| view! { <ins class="is">{cell::in_diff(is)}</ins> })}</td> }
            });
            view! { <tr><th scope="row">{column.name.clone()}</th>{was}{is}</tr> }
        })
        .collect();
    if lines.is_empty() {
        return view! { <p class="quiet small">"No cell has another value: the row got another key."</p> }.into_any();
    }
    let head = |word: &'static str| view! { <th scope="col">{word}</th> };
    let (head_before, head_after) = (before.map(|_| head("Before")), after.map(|_| head("After")));
    scroll(
        format!("Cells at {}", text::short(&state.commit.hash)),
        view! {
            <table class="data">
                <thead><tr><th scope="col">"Column"</th>{head_before}{head_after}</tr></thead>
                <tbody>{lines}</tbody>
            </table>
        },
    )
}

/// The columns to show: those whose cells changed, or of a row that came or went those that have a value.
fn columns(state: &PastRow) -> Vec<&Column> {
    let removed = state.change.before.as_ref().filter(|_| state.change.after.is_none());
    if let (Some(row), Some(schema)) = (removed, &state.schema_before) {
        let filled = schema.columns.iter().zip(row).filter(|(_, value)| **value != Value::Null);
        return filled.map(|(column, _)| column).collect();
    }
    let schemas = [&state.schema_after, &state.schema_before];
    let column = |id: &ColumnId| schemas.iter().find_map(|schema| schema.as_ref()?.column(*id));
    state.columns.iter().filter_map(column).collect()
}
