//! What a merge request brings: its commits, and what merging them changes, with room to say something about a cell.

use std::collections::{BTreeMap, BTreeSet};

use hub::{ChangesAsked, RequestChanges, RequestState, RowChange, TableChange};
use leptos::prelude::*;
use versioning::{Key, Schema, TableId};

use super::request::thread::{self, Talk, Thread};
use crate::{
    components::{
        commits, diff,
        field::{self, Field},
        request::{self, About, Tab},
    },
    form::Submitted,
    shell::shell,
    text, url,
};

/// The name of a field of the form about a table's rows. `what`: `key`, `column`, `text` or `suggestion`.
#[must_use]
pub fn about_field(what: &str, table: &str) -> String {
    format!("{what}-{table}")
}

/// What the page with the changes is called in addresses.
pub const NAME: &str = "changes";

/// An address with the part of the changes that is asked for.
#[must_use]
pub fn with_asked(address: &str, asked: &ChangesAsked) -> String {
    let filtered = diff::filtered(address, asked);
    match &asked.after {
        Some((table, key)) => {
            url::with_query(&filtered, &[("table", &table.to_string()), ("after", &format!("{key:?}"))])
        }
        None => filtered,
    }
}

fn about(view: &RequestChanges) -> About<'_> {
    About { dataset: &view.dataset, request: &view.request, overview: &view.overview, may: view.may }
}

/// The page with the commits.
#[must_use]
pub fn commits_page(view: &RequestChanges) -> AnyView {
    let source = &view.request.source;
    let is_ours = source.is_same || view.request.state == RequestState::Merged;
    let path = if is_ours { Some(&view.dataset.path) } else { source.path.as_ref() };
    let list = match path {
        _ if view.overview.gone.is_some() => about(view).nothing().into_any(),
        _ if view.commits.is_empty() => {
            view! { <p class="quiet">"There are no commits that the branch has not got."</p> }.into_any()
        }
        Some(path) => commits::river(&url::dataset(&path.owner, &path.name), &view.commits),
        None => commits::river_without_links(&view.commits),
    };
    let more = view
        .overview
        .has_more_commits
        .then(|| view! { <p class="quiet">{format!("The newest {} are shown.", view.commits.len())}</p> });
    let form = Submitted::default();
    shell(
        request::info(&view.dataset, &view.request, Some("Commits"), &form),
        view! {
            {request::head(about(view), Tab::Commits)}
            <h2 class="hidden-label">"Commits"</h2>
            {list}
            {more}
        },
    )
}

/// The page with the changes that were asked for. `said` is the entry of a comment that was just made.
#[must_use]
pub fn changes_page(view: &RequestChanges, form: &Submitted, asked: &ChangesAsked, said: Option<&str>) -> AnyView {
    let address = request::address(&view.dataset.path, view.request.number);
    let here = format!("{address}/{NAME}");
    let told = said.map(|entry| {
        let href = format!("{address}#{}", super::request::entry_anchor(&url::encode(entry)));
        view! {
            <p class="banner banner--good" role="status">
                <span>"Your comment is in the "<a href=href>"conversation"</a>"."</span>
            </p>
        }
    });
    let filtered = diff::filtered(&here, asked);
    let back = asked
        .after
        .as_ref()
        .map(|_| view! { <p class="pager"><a class="button" href=filtered.clone()>"First changes"</a></p> });
    let rows = rows(view);
    let may_comment = may_comment(view);
    // The page that is looked at, to stay on it.
    let this = with_asked(&here, asked);
    let comment = |change: &TableChange, row: &RowChange, column: Option<&str>| {
        row.after.as_ref().filter(|_| may_comment)?;
        let table = change.table.id.to_string();
        let parts = [("about", table.as_str()), ("key", &row.key_text), ("cell", column.unwrap_or_default())];
        Some(format!("{}#{}", url::with_query(&this, &parts), about_field("about", &table)))
    };
    let talk = Talk {
        dataset: &view.dataset,
        request: &view.request,
        may: view.may,
        head: view.head,
        form,
        changes: Some(asked),
    };
    let threads = thread::by_row(&view.entries);
    let said =
        |change: &TableChange, row: &RowChange| Some(said_of_row(&talk, threads.get(&(change.table.id, &row.key))?));
    let place = diff::Place {
        dataset: &rows,
        here: &filtered,
        comment: Some(&comment),
        said: Some(&said),
        is_filtered: asked.is_filtered(),
    };
    let tables = if view.changes.tables.is_empty() {
        let none = || view! { <p class="section quiet">"It changes nothing."</p> }.into_any();
        about(view).nothing().unwrap_or_else(none)
    } else {
        diff::each(&place, &view.changes, |change| {
            let schema = change.table.after.as_ref().filter(|_| may_comment)?;
            Some(comment_form(change, schema, &talk))
        })
    };
    let others = others(view, &threads);
    let filter = (!view.changes.tables.is_empty()).then(|| diff::filter(&here, &[], asked, &view.changes));
    let paged = asked.after.is_some();
    let list: Vec<_> = view.changes.tables.iter().map(|change| view! { <li>{summary(change)}</li> }).collect();
    let list = (!list.is_empty() && !paged).then(|| view! { <ul class="plain-list">{list}</ul> });
    shell(
        request::info(&view.dataset, &view.request, Some("Changes"), form),
        view! {
            {field::error_summary(form)}
            {told}
            {request::head(about(view), Tab::Changes)}
            {list}
            {filter}
            {back}
            {tables}
            {others}
        },
    )
}

/// What was said about a row of the changes.
fn said_of_row(talk: &Talk<'_>, threads: &[Thread<'_>]) -> diff::Said {
    let mut open = BTreeMap::new();
    for thread in threads.iter().filter(|thread| thread.is_open()) {
        let (_, count) = open.entry(thread.column()).or_insert_with(|| (format!("#{}", thread.anchor()), 0));
        *count += 1;
    }
    let threads: Vec<_> = threads.iter().map(|thread| thread::item(talk, thread)).collect();
    diff::Said { threads: threads.into_any(), open }
}

/// How many open threads are about rows that are not on the page.
fn others<'v>(view: &'v RequestChanges, threads: &BTreeMap<(TableId, &'v Key), Vec<Thread<'_>>>) -> Option<AnyView> {
    let rows = |change: &'v TableChange| change.changes.iter().map(move |row| (change.table.id, &row.key));
    let shown: BTreeSet<(TableId, &Key)> = view.changes.tables.iter().flat_map(rows).collect();
    let elsewhere = threads.iter().filter(|(row, _)| !shown.contains(row)).flat_map(|(_, threads)| threads);
    let count = elsewhere.filter(|thread| thread.is_open()).count() as u64;
    let is = if count == 1 { "is" } else { "are" };
    let words = format!("{} {is} about rows that are not on this page: see the ", text::count(count, "open thread"));
    let href = request::address(&view.dataset.path, view.request.number);
    (count > 0).then(|| view! { <p class="section quiet">{words}<a href=href>"conversation"</a>"."</p> }.into_any())
}

/// Where the rows can be looked at: on the branch that is offered, or where they were merged.
fn rows(view: &RequestChanges) -> String {
    let offered = request::source_place(&view.dataset, &view.request.source);
    let target = request::target_place(&view.dataset, &view.request);
    if view.request.state == RequestState::Open { offered.unwrap_or(target) } else { target }
}

/// How much changes in a table, as far as it is on the page.
fn summary(change: &TableChange) -> String {
    let count = |is: fn(bool, bool) -> bool| {
        change.changes.iter().filter(|row| is(row.before.is_some(), row.after.is_some())).count() as u64
    };
    let parts = [
        (count(|before, _| !before), "added"),
        (count(|before, after| before && after), "changed"),
        (count(|_, after| !after), "removed"),
    ];
    let mut words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", text::count(count, "row")))
        .collect();
    let columns = change.table.schema.len() as u64;
    if columns > 0 {
        words.push(text::count(columns, "change") + " of its columns");
    }
    if words.is_empty() {
        words.push(String::from("no rows"));
    }
    let more = if change.next.is_some() { " on this page, and more" } else { "" };
    format!("{}: {}{more}", change.table.name(), words.join(", "))
}

fn may_comment(view: &RequestChanges) -> bool {
    view.may.discuss && view.request.state == RequestState::Open
}

/// The form to say something about a row or a cell of a table.
fn comment_form(change: &TableChange, schema: &Schema, talk: &Talk<'_>) -> AnyView {
    let form = talk.form;
    let id = change.table.id.to_string();
    let name = |what: &str| about_field(what, &id);
    let action = talk.action("comments");
    let is_open = form.value("about") == Some(id.as_str());
    let keys: Vec<String> =
        change.changes.iter().filter(|row| row.after.is_some()).map(|row| row.key_text.clone()).collect();
    let mut columns = vec![(String::new(), String::from("the whole row"))];
    columns.extend(schema.columns.iter().map(|column| (column.name.clone(), column.name.clone())));
    let column = form.or(&name("column"), "");
    let empties = is_open && form.ticked("empty", false);
    let summary = format!("Comment on a row or cell of {}…", change.table.name());
    view! {
        <details class="fold" open=is_open id=name("about")>
            <summary class="button button--small">{summary}</summary>
            <form class="form" method="post" action=action>
                <input type="hidden" name="about" value=id.clone() />
                <input type="hidden" name="table" value=change.table.name().to_owned() />
                {Field::new(name("key"), "Row")
                    .hint("Its key, as in the first columns.")
                    .view(form, |wiring| field::line_of(wiring, form.or(&name("key"), ""), keys))}
                {Field::new(name("column"), "Column")
                    .view(form, |wiring| field::select(wiring, "input", columns, &column))}
                {Field::new(name("text"), "Comment").note("Markdown").lines(form, "", 3, false)}
                {Field::new(name("suggestion"), "Suggested value")
                    .note("optional")
                    .hint("For the cell. Whoever may change the branch can apply it with a click.")
                    .lines(form, "", 1, false)}
                <label class="choice">
                    <input type="checkbox" name="empty" value="1" checked=empties />
                    "Suggest that the cell be empty"
                </label>
                <div class="actions"><button class="button" type="submit">"Comment"</button></div>
            </form>
        </details>
    }
    .into_any()
}
