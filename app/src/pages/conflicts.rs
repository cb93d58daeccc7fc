//! The resolver of a merge request: what both sides changed differently, to be decided one by one or many at once.

mod item;
mod many;
mod violation;
mod wording;

use std::collections::BTreeMap;

use hub::{ConflictsAsked, ConflictsView, RequestState, TableSummary};
use leptos::prelude::*;
use versioning::{Column, ColumnId, Hash, TableId};

use crate::{
    components::{
        field,
        request::{self, About, Tab},
    },
    form::Submitted,
    islands::resolver::Resolver,
    shell::{PageInfo, shell},
    text, url,
};

/// What is known of a table whose rows are shown.
#[derive(Clone, Debug)]
struct KnownTable {
    name: String,
    columns: Vec<Column>,
    key: Vec<ColumnId>,
}

/// The tables and columns that conflicts speak of by their ids.
#[derive(Clone, Debug, Default)]
pub struct Names {
    tables: BTreeMap<TableId, KnownTable>,
}

impl Names {
    /// Adds the tables of one side; what is known already stays.
    pub fn add(&mut self, tables: &[TableSummary]) {
        for table in tables {
            let known = self.tables.entry(table.id).or_insert_with(|| KnownTable {
                name: table.name.clone(),
                columns: Vec::new(),
                key: table.schema.primary_key.clone(),
            });
            for column in &table.schema.columns {
                if known.columns.iter().all(|known| known.id != column.id) {
                    known.columns.push(column.clone());
                }
            }
        }
    }

    fn columns(&self, table: TableId) -> &[Column] {
        self.tables.get(&table).map_or(&[], |known| &known.columns)
    }

    fn column(&self, table: TableId, id: ColumnId) -> String {
        let found = self.columns(table).iter().find(|column| column.id == id);
        found.map_or_else(|| id.to_string(), |column| column.name.clone())
    }

    fn is_key(&self, table: TableId, id: ColumnId) -> bool {
        self.tables.get(&table).is_some_and(|known| known.key.contains(&id))
    }

    fn table(&self, id: TableId) -> String {
        self.tables.get(&id).map_or_else(|| id.to_string(), |known| known.name.clone())
    }
}

/// The name of the field with a value for a conflict.
#[must_use]
pub fn value_field(conflict: &str) -> String {
    format!("value-{conflict}")
}

/// The name of the field with a cell of a row that breaks a rule; `column` may be empty, for what they all begin with.
#[must_use]
pub fn cell_field(violation: &str, row: &str, column: &str) -> String {
    format!("cell-{violation}-{row}-{column}")
}

/// The anchor of a conflict.
#[must_use]
pub fn anchor(conflict: &str) -> String {
    format!("conflict-{conflict}")
}

/// The anchor of the list.
pub const LIST: &str = "decide";

/// The address of a part of the list.
#[must_use]
pub fn address(conflicts: &str, asked: &ConflictsAsked) -> String {
    let table = asked.table.map(|table| table.to_string()).unwrap_or_default();
    let offset = if asked.offset > 0 { asked.offset.to_string() } else { String::new() };
    let all = if asked.all { "1" } else { "" };
    url::with_query(conflicts, &[("table", &table), ("all", all), ("offset", &offset)])
}

/// What the parts of the page are made from.
struct Page<'a> {
    view: &'a ConflictsView,
    names: &'a Names,
    form: &'a Submitted,
    /// The address that forms are sent to.
    here: String,
}

impl Page<'_> {
    fn may_decide(&self) -> bool {
        self.view.may.decide && self.view.request.state == RequestState::Open
    }

    /// The branch that gets the changes, by its name.
    fn target(&self) -> &str {
        &self.view.request.target
    }

    /// The fields with which a form leads back to where it stands. `next` is the conflict to go on with.
    fn way_back(&self, next: Option<&Hash>) -> AnyView {
        let asked = self.view.asked;
        let table = asked.table.map(|table| table.to_string());
        let next = next.map(ToString::to_string);
        [
            ("table", table),
            ("all", asked.all.then(|| String::from("1"))),
            ("offset", (asked.offset > 0).then(|| asked.offset.to_string())),
            ("next", next),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <input type="hidden" name=name value=value /> }))
        .collect::<Vec<_>>()
        .into_any()
    }

    /// The field that says what is decided as the page shows it, so that nothing else is replaced.
    fn seen(revision: &str) -> AnyView {
        view! { <input type="hidden" name="seen" value=revision.to_owned() /> }.into_any()
    }

    /// Whether the form was refused, and this is what it was about.
    fn is_refused(&self, field: &str, value: &str) -> bool {
        self.form.message.is_some() && self.form.value(field) == Some(value)
    }

    /// The form that takes a decision back, if it is still the one with this revision. What it is about is said by the
    /// element with the id `described`.
    fn take_back(&self, about: &str, revision: &str, next: Option<&Hash>, described: String) -> Option<AnyView> {
        self.may_decide().then(|| {
            view! {
                <form method="post" action=self.here.clone()>
                    {self.way_back(next)}
                    {Self::seen(revision)}
                    <button
                        class="button button--small"
                        type="submit"
                        name="take_back"
                        value=about.to_owned()
                        aria-describedby=described
                    >"Take back"</button>
                </form>
            }
            .into_any()
        })
    }
}

/// The page.
#[must_use]
pub fn page(view: &ConflictsView, names: &Names, form: &Submitted) -> AnyView {
    let here = format!("{}/conflicts", request::address(&view.dataset.path, view.request.number));
    let open = view.stats.open_conflicts + view.stats.open_violations;
    let is_open = view.request.state == RequestState::Open;
    let about = About { dataset: &view.dataset, request: &view.request, overview: &view.overview, may: view.may };
    let page = Page { view, names, form, here };
    let total = view.stats.open_conflicts + view.stats.resolved_conflicts;
    let content = if !is_open {
        view! { <p class="quiet">{format!("It is {}: nothing is left to decide.", view.request.state.as_str())}</p> }
            .into_any()
    } else if let Some(nothing) = about.nothing() {
        nothing
    } else if total + view.stats.open_violations == 0 && view.violations.is_empty() {
        view! { <p class="quiet">"Nothing is in conflict: there is nothing to decide."</p> }.into_any()
    } else {
        view! {
            {progress(&page, open, total)}
            {many::tables(&page)}
            {many::rules(&page)}
            {keys(&page)}
            {conflicts(&page, total)}
            {violation::section(&page)}
            {many::undo(&page)}
        }
        .into_any()
    };
    let info = request::info(&view.dataset, &view.request, Some("Conflicts"), form);
    let main = view! {
        {field::error_summary(form)}
        {request::head(about, Tab::Conflicts)}
        {content}
    };
    if page.may_decide() {
        shell(PageInfo { live: true, ..info }, view! { <Resolver>{main}</Resolver> })
    } else {
        shell(info, main)
    }
}

/// How much is decided.
fn progress(page: &Page<'_>, open: u64, total: u64) -> AnyView {
    let stats = &page.view.stats;
    let words = format!("{} of {} decided", text::number(stats.resolved_conflicts), text::count(total, "conflict"));
    let broken = (stats.open_violations > 0)
        .then(|| format!("{} of the data would be broken.", text::count(stats.open_violations, "rule")))
        .map(|words| view! { <p>{words}</p> });
    let bar = (total > 0).then(|| {
        view! {
            <div class="progress">
                <label for="decided">{words}</label>
                <progress id="decided" max=total.to_string() value=stats.resolved_conflicts.to_string()></progress>
            </div>
        }
    });
    let done = (open == 0).then(|| {
        let href = request::address(&page.view.dataset.path, page.view.request.number);
        view! {
            <p class="banner banner--good">
                <span>"Everything is decided. "<a href=href>"Back to the request, to merge it"</a>"."</span>
            </p>
        }
    });
    let may_not = (!page.may_decide())
        .then(|| view! { <p class="quiet small">"You can look at them; deciding takes somebody who may change one of the branches."</p> });
    view! { {done}<div class="stack">{bar}{broken}{may_not}</div> }.into_any()
}

/// What the keys do, where there are scripts; hidden until then.
fn keys(page: &Page<'_>) -> Option<AnyView> {
    if !page.may_decide() || page.view.conflicts.is_empty() {
        return None;
    }
    let key = |key: &'static str, does: String| view! { <li><kbd>{key}</kbd>{format!(" {does}")}</li> };
    let list = [
        ("N", String::from("next")),
        ("P", String::from("previous")),
        ("O", format!("as on {}", page.target())),
        ("T", String::from("as offered")),
        ("B", String::from("as before")),
        ("C", String::from("both")),
        ("K", String::from("keep")),
        ("D", String::from("delete")),
        ("V", String::from("another value")),
        ("U", String::from("undo")),
    ]
    .map(|(name, does)| key(name, does))
    .to_vec();
    let view = view! {
        <div class="keys" id="keys" role="group" aria-labelledby="use-keys" hidden>
            <button class="button button--small" type="button" id="use-keys">"Decide by keys"</button>
            <ul class="plain-list" aria-label="Keys, while a conflict has the focus">{list}</ul>
        </div>
    };
    Some(view.into_any())
}

/// The conflicts that were asked for.
fn conflicts(page: &Page<'_>, total: u64) -> Option<AnyView> {
    if total == 0 {
        return None;
    }
    let view = page.view;
    let items: Vec<_> = view
        .conflicts
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let next = view.conflicts.get(index + 1).map(|next| &next.found.id);
            item::section(page, item, next)
        })
        .collect();
    let items = if items.is_empty() {
        view! { <p class="quiet">"None here is open."</p> }.into_any()
    } else {
        items.into_any()
    };
    let view = view! {
        <section class="section" aria-labelledby=LIST>
            <h2 id=LIST>{if view.asked.all { "Conflicts" } else { "Open conflicts" }}</h2>
            {filters(page)}
            {items}
            {pager(page)}
        </section>
    };
    Some(view.into_any())
}

/// Which of them are shown.
fn filters(page: &Page<'_>) -> AnyView {
    let asked = page.view.asked;
    let link = |label: String, to: ConflictsAsked| {
        let is_here = (to.table, to.all) == (asked.table, asked.all);
        let href = format!("{}#{LIST}", address(&page.here, &to));
        view! { <li><a href=href aria-current=is_here.then_some("true")>{label}</a></li> }
    };
    let states = [("Open only", false), ("All", true)]
        .map(|(label, all)| link(label.to_owned(), ConflictsAsked { all, offset: 0, ..asked }))
        .to_vec();
    let tables = (page.view.tables.len() > 1).then(|| {
        let every = link(String::from("All tables"), ConflictsAsked { table: None, offset: 0, ..asked });
        let each: Vec<_> = page
            .view
            .tables
            .iter()
            .map(|count| {
                let label =
                    format!("{} ({})", count.name, text::number(if asked.all { count.total } else { count.open }));
                link(label, ConflictsAsked { table: Some(count.table), offset: 0, ..asked })
            })
            .collect();
        view! { <nav class="filters" aria-label="Tables"><ul>{every}{each}</ul></nav> }
    });
    view! { <nav class="filters" aria-label="Which conflicts"><ul>{states}</ul></nav>{tables} }.into_any()
}

fn pager(page: &Page<'_>) -> Option<AnyView> {
    let asked = page.view.asked;
    let to = |offset: usize| format!("{}#{LIST}", address(&page.here, &ConflictsAsked { offset, ..asked }));
    let before = (asked.offset > 0).then(|| {
        let href = to(asked.offset.saturating_sub(asked.limit));
        view! { <a class="button" href=href rel="prev">"Earlier conflicts"</a> }
    });
    let after = page.view.has_more.then(|| {
        let href = to(asked.offset + asked.limit);
        view! { <a class="button" href=href rel="next">"More conflicts"</a> }
    });
    (before.is_some() || after.is_some())
        .then(|| view! { <nav class="pager" aria-label="Pages">{before}{after}</nav> }.into_any())
}
