//! What changed, cell by cell. Signs, words and edges tell the kinds of change apart, not colour alone.

use std::collections::BTreeMap;

use hub::{ChangeKind, ChangeSet, ChangesAsked, RowChange, TableChange};
use leptos::prelude::*;
use versioning::{Column, ColumnId, Row, Schema, TableId, Type, Value, diff::SchemaChange, schema::CheckShown};

use crate::{
    components::{cell, scroll},
    text, url,
};

/// A column of a diff's table: the columns after, then those that are gone.
struct DiffColumn {
    id: ColumnId,
    name: String,
    ty: Type,
    key: bool,
    before: Option<usize>,
    after: Option<usize>,
}

impl DiffColumn {
    /// The columns of both sides, by stable id.
    fn union(before: Option<&Schema>, after: Option<&Schema>) -> Vec<Self> {
        let position = |schema: Option<&Schema>, id| schema.and_then(|schema| schema.position(id));
        let mut columns = Vec::new();
        for (schema, gone) in [(after, false), (before, true)] {
            let Some(schema) = schema else { continue };
            for column in &schema.columns {
                if gone && position(after, column.id).is_some() {
                    continue;
                }
                columns.push(Self {
                    id: column.id,
                    name: column.name.clone(),
                    ty: column.ty,
                    key: schema.is_key(column.id),
                    before: position(before, column.id),
                    after: position(after, column.id),
                });
            }
        }
        // The key names the row, so it comes first.
        columns.sort_by_key(|column| !column.key);
        columns
    }

    fn class(&self) -> Option<&'static str> {
        self.ty.is_number().then_some("data__number")
    }
}

/// Leads to where something can be said about a row, or about its cell in a column.
type Comment<'a> = &'a dyn Fn(&TableChange, &RowChange, Option<&str>) -> Option<String>;

/// What was said about a row.
pub struct Said {
    /// The threads, below the row.
    pub threads: AnyView,
    /// By column, none for the row as a whole: the address of the first open thread and how many there are.
    pub open: BTreeMap<Option<ColumnId>, (String, u64)>,
}

/// What was said about a row; none where nothing was.
type SaidOf<'a> = &'a dyn Fn(&TableChange, &RowChange) -> Option<Said>;

/// Where changes are shown.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The address of the dataset in a state where the rows can be looked at.
    pub dataset: &'a str,
    /// The page that shows them, for later pages of a table's changes.
    pub here: &'a str,
    /// How to say something about them.
    pub comment: Option<Comment<'a>>,
    /// What was said about them.
    pub said: Option<SaidOf<'a>>,
    /// Whether some are left out: tables without any of the others are not shown then.
    pub is_filtered: bool,
}

/// The changes of all tables; none where nothing changed. `here` is the page that shows them, for later pages of a table's
/// changes; `dataset` is the address of the dataset in a state where the rows can be looked at.
#[must_use]
pub fn tables(dataset: &str, here: &str, changes: &ChangeSet) -> Option<AnyView> {
    let place = Place { dataset, here, comment: None, said: None, is_filtered: false };
    (!changes.tables.is_empty()).then(|| each(&place, changes, |_| None))
}

/// The changes of all tables, each followed by what belongs to it. The rows are numbered through all tables, so that one
/// leads to the next.
#[must_use]
pub fn each(place: &Place<'_>, changes: &ChangeSet, then: impl Fn(&TableChange) -> Option<AnyView>) -> AnyView {
    let total = changes.tables.iter().map(|change| change.changes.len()).sum();
    let mut first = 1;
    let tables: Vec<_> = changes
        .tables
        .iter()
        .filter(|change| !(place.is_filtered && change.changes.is_empty()))
        .map(|change| {
            let shown = table(place, change, &changes.names, (first, total));
            first += change.changes.len();
            view! { {shown}{then(change)} }
        })
        .collect();
    if tables.is_empty() {
        return view! { <p class="section quiet">"No row is changed like that."</p> }.into_any();
    }
    tables.into_any()
}

/// The form that leaves only some changes: those of a kind, or in a column. `here`: the address of the page, `kept`: what
/// else is in its query.
#[must_use]
pub fn filter(here: &str, kept: &[(&'static str, String)], asked: &ChangesAsked, changes: &ChangeSet) -> AnyView {
    let mut names: Vec<String> = changes
        .tables
        .iter()
        .flat_map(|change| [&change.table.after, &change.table.before])
        .flatten()
        .flat_map(|schema| schema.columns.iter().map(|column| column.name.clone()))
        .collect();
    names.sort();
    names.dedup();
    let options: Vec<_> = names.into_iter().map(|name| view! { <option value=name></option> }).collect();
    let kinds: Vec<_> = std::iter::once(("", "All"))
        .chain(ChangeKind::ALL.map(|kind| (kind.as_str(), kind.as_str())))
        .map(|(value, label)| {
            let selected = value == asked.kind.map_or("", ChangeKind::as_str);
            view! { <option value=value selected=selected>{label}</option> }
        })
        .collect();
    let hidden: Vec<_> =
        kept.iter().map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone() /> }).collect();
    let all = asked.is_filtered().then(|| {
        let parts: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let href = url::with_query(here, &parts);
        view! { <a class="button button--small" href=href>"All changes"</a> }
    });
    view! {
        <form class="asked" method="get" action=here.to_owned()>
            {hidden}
            <div class="asked__field">
                <label for="change-kind">"Rows"</label>
                <select class="input input--small" id="change-kind" name="kind">{kinds}</select>
            </div>
            <div class="asked__field">
                <label for="change-column">"Changed in column"</label>
                <input
                    class="input input--small"
                    id="change-column"
                    name="column"
                    value=asked.column.clone()
                    list="change-columns"
                    autocomplete="off"
                />
                <datalist id="change-columns">{options}</datalist>
            </div>
            <button class="button button--small" type="submit">"Filter"</button>
            {all}
        </form>
    }
    .into_any()
}

/// The query that asks for the same changes from the first on.
#[must_use]
pub fn filtered(here: &str, asked: &ChangesAsked) -> String {
    url::with_query(here, &[("kind", asked.kind.map_or("", ChangeKind::as_str)), ("column", &asked.column)])
}

/// The changes of one table: a section with its heading. `first` and `total` number its rows.
fn table(
    place: &Place<'_>,
    change: &TableChange,
    names: &BTreeMap<TableId, String>,
    (first, total): (usize, usize),
) -> AnyView {
    let (dataset, more) = (place.dataset, url::more_changes(place.here, change));
    let difference = &change.table;
    let columns = DiffColumn::union(difference.before.as_ref(), difference.after.as_ref());
    let (kind, class) = match (&difference.before, &difference.after) {
        (None, _) => ("New table", "sign is-added"),
        (_, None) => ("Table removed", "sign is-removed"),
        _ => ("Changed table", "sign is-changed"),
    };
    let rows = match difference.rows {
        (before, after) if before == after => text::count(after, "row"),
        (before, after) => format!("{} → {}", text::number(before), text::count(after, "row")),
    };
    let name = difference.name().to_owned();
    let label = format!("Changes of {name}");
    let renamed = difference.name_before.as_ref().filter(|before| difference.after.is_some() && **before != name);
    let renamed = renamed.map(|before| view! { <span class="diff__count">{format!("named “{before}” before")}</span> });
    let name = if difference.after.is_some() {
        let href = url::table(dataset, &name);
        view! { <a href=href>{name}</a> }.into_any()
    } else {
        name.into_any()
    };
    let rest = more.map(|href| view! { <p class="pager"><a class="button" href=href>"Next changes"</a></p> });
    let heads: Vec<_> = columns
        .iter()
        .map(|column| {
            view! {
                <th scope="col" class=column.class()>{column.name.clone()}<span class="data__type type">{column.ty.name()}</span></th>
            }
        })
        .collect();
    let lines =
        change.changes.iter().zip(first..).map(|(row, number)| line(place, change, &columns, row, (number, total)));
    let lines: Vec<_> = lines.collect();
    let table = (!lines.is_empty()).then(|| {
        scroll(
            label,
            view! {
                <table class="data data--rows data--diff">
                    <thead><tr><th scope="col">"Change"</th>{heads}</tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            },
        )
    });
    view! {
        <section class="diff">
            <header class="diff__head">
                <h2>{name}</h2>
                <span class=class>{kind}</span>
                {renamed}
                <span class="diff__count">{rows}</span>
            </header>
            {schema_changes(change, names)}
            {table}
            {rest}
        </section>
    }
    .into_any()
}

/// What changed in the table's schema, in words.
fn schema_changes(change: &TableChange, names: &BTreeMap<TableId, String>) -> Option<AnyView> {
    if change.table.schema.is_empty() {
        return None;
    }
    let lines: Vec<_> = change
        .table
        .schema
        .iter()
        .map(|change| {
            let (class, line) = schema_change(change, names);
            view! { <li class=class>{line}</li> }
        })
        .collect();
    Some(view! { <ul class="diff__schema">{lines}</ul> }.into_any())
}

/// The class of a change of a schema, and the change in words.
fn schema_change(change: &SchemaChange, names: &BTreeMap<TableId, String>) -> (&'static str, String) {
    let became = |column: &str, what: &str, before: String, after: String| {
        format!("Column “{column}”: {what} {before} became {after}")
    };
    let value = |value: &Value| match value {
        Value::Null => String::from("none"),
        value => format!("“{value}”"),
    };
    let text = |text: &str| if text.is_empty() { String::from("none") } else { format!("“{text}”") };
    let list = |list: &[String]| match list {
        [] => String::from("none"),
        list => list.iter().map(|one| format!("“{one}”")).collect::<Vec<_>>().join(", "),
    };
    let table = |id: &Option<TableId>| match id {
        None => String::from("none"),
        Some(id) => names.get(id).map_or_else(|| id.to_string(), |name| format!("“{name}”")),
    };
    let line = match change {
        SchemaChange::ColumnAdded(column) => return ("is-added", format!("Column {} added", described(column, names))),
        SchemaChange::ColumnRemoved(column) => {
            return ("is-removed", format!("Column “{}” ({}) removed", column.name, column.ty));
        }
        SchemaChange::ColumnRenamed { before, after, .. } => format!("Column “{before}” renamed to “{after}”"),
        SchemaChange::TypeChanged { column, before, after } => {
            became(column, "type", before.to_string(), after.to_string())
        }
        SchemaChange::RequiredChanged { column, required } => {
            let now = if *required { "must now be filled in" } else { "may now be empty" };
            format!("Column “{column}” {now}")
        }
        SchemaChange::UniqueChanged { column, unique } => {
            let now = if *unique { "must now differ from row to row" } else { "may now have a value more than once" };
            format!("Column “{column}” {now}")
        }
        SchemaChange::FillChanged { column, before, after } => {
            became(column, "the value of rows older than the column", value(before), value(after))
        }
        SchemaChange::DefaultChanged { column, before, after } => {
            became(column, "default", value(before), value(after))
        }
        SchemaChange::MinimumChanged { column, before, after } => {
            became(column, "minimum", value(before), value(after))
        }
        SchemaChange::MaximumChanged { column, before, after } => {
            became(column, "maximum", value(before), value(after))
        }
        SchemaChange::PatternChanged { column, before, after } => became(column, "pattern", text(before), text(after)),
        SchemaChange::OptionsChanged { column, before, after } => became(column, "options", list(before), list(after)),
        SchemaChange::TargetChanged { column, before, after } => {
            became(column, "the table that it links to,", table(before), table(after))
        }
        SchemaChange::DescriptionChanged { column, before, after } => {
            became(column, "description", text(before), text(after))
        }
        SchemaChange::ColumnsReordered => String::from("The columns stand in another order"),
        SchemaChange::PrimaryKeyChanged { before, after } => {
            format!("The primary key {} became {}", list(before), list(after))
        }
        SchemaChange::TableDescriptionChanged { before, after } => {
            format!("The table’s description {} became {}", text(before), text(after))
        }
        SchemaChange::GeneratedKeyChanged { generated: true } => String::from("Keys are now made for new rows"),
        SchemaChange::GeneratedKeyChanged { generated: false } => String::from("Keys are no longer made for new rows"),
        SchemaChange::CheckAdded(check) => return ("is-added", format!("Check {} added", check_in_words(check))),
        SchemaChange::CheckRemoved(check) => {
            return ("is-removed", format!("Check “{}” (no row with {}) removed", check.name, check.filter));
        }
        SchemaChange::CheckChanged { before, after } => {
            let mut parts = Vec::new();
            if before.name != after.name {
                parts.push(format!("renamed to “{}”", after.name));
            }
            if before.filter != after.filter {
                parts.push(format!("filter “{}” became “{}”", before.filter, after.filter));
            }
            if before.severity != after.severity {
                parts.push(format!("{} became {}", before.severity.name(), after.severity.name()));
            }
            if before.message != after.message {
                parts.push(format!("message {} became {}", text(&before.message), text(&after.message)));
            }
            format!("Check “{}”: {}", before.name, parts.join("; "))
        }
    };
    ("is-changed", line)
}

/// A check with all that is said of it.
fn check_in_words(check: &CheckShown) -> String {
    let message = if check.message.is_empty() { String::new() } else { format!(", message “{}”", check.message) };
    format!("“{}” ({}, no row with {}{message})", check.name, check.severity.name(), check.filter)
}

/// A column with all that is said of it.
fn described(column: &Column, names: &BTreeMap<TableId, String>) -> String {
    let mut parts = vec![column.ty.to_string()];
    if column.required {
        parts.push(String::from("required"));
    }
    if column.unique {
        parts.push(String::from("unique"));
    }
    let values = [("default", &column.default), ("minimum", &column.minimum), ("maximum", &column.maximum)];
    parts.extend(values.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| format!("{name} “{value}”")));
    if !column.fill.is_null() {
        parts.push(format!("“{}” in rows that were there before", column.fill));
    }
    if !column.pattern.is_empty() {
        parts.push(format!("pattern “{}”", column.pattern));
    }
    if !column.options.is_empty() {
        parts.push(format!("options “{}”", column.options.join("”, “")));
    }
    if let Some(target) = column.target {
        parts.push(format!("links to “{}”", names.get(&target).cloned().unwrap_or_else(|| target.to_string())));
    }
    if !column.description.is_empty() {
        parts.push(format!("description “{}”", column.description));
    }
    format!("“{}” ({})", column.name, parts.join(", "))
}

/// The ways to the change before and after this one.
fn steps((number, total): (usize, usize)) -> Option<AnyView> {
    let step = |to: usize, label: &'static str, sign: &'static str| {
        let href = format!("#change-{to}");
        view! { <a class="diff__step" href=href aria-label=label>{sign}</a> }
    };
    let previous = (number > 1).then(|| step(number - 1, "Previous change", "↑"));
    let next = (number < total).then(|| step(number + 1, "Next change", "↓"));
    (total > 1).then(|| view! { <span class="diff__steps">{previous}{next}</span> }.into_any())
}

/// The way to the form about a row, or about its cell in a column.
fn say(place: &Place<'_>, change: &TableChange, row: &RowChange, column: Option<&str>) -> Option<AnyView> {
    let href = place.comment?(change, row, column)?;
    let label = match column {
        Some(column) => format!("Comment on {column} of row {}", row.key_text),
        None => format!("Comment on row {}", row.key_text),
    };
    Some(view! { <a class="diff__say" href=href aria-label=label>"Comment"</a> }.into_any())
}

/// The way to what was said about a row or one of its cells and is not settled yet.
fn talk(said: Option<&Said>, row: &RowChange, column: Option<(ColumnId, &str)>) -> Option<AnyView> {
    let (href, count) = said?.open.get(&column.map(|(id, _)| id))?.clone();
    let words = text::count(count, "open thread");
    let label = match column {
        Some((_, column)) => format!("{words} on {column} of row {}", row.key_text),
        None => format!("{words} on row {}", row.key_text),
    };
    Some(view! { <a class="diff__say diff__talk" href=href aria-label=label>{words}</a> }.into_any())
}

fn line(
    place: &Place<'_>,
    change: &TableChange,
    columns: &[DiffColumn],
    row: &RowChange,
    (number, total): (usize, usize),
) -> AnyView {
    let dataset = place.dataset;
    let said = place.said.and_then(|said| said(change, row));
    let (class, word) = match (&row.before, &row.after) {
        (None, _) => ("is-added", "added"),
        (_, None) => ("is-removed", "removed"),
        _ => ("is-changed", "changed"),
    };
    let sign = format!("sign {class}");
    let word = if change.table.after.is_some() {
        let page = url::row(dataset, change.table.name(), &row.key_text);
        // A row that is gone has a past only.
        let (href, label) = match row.after {
            Some(_) => (page, format!("{word}: row {}", row.key_text)),
            None => (url::below(&page, "history"), format!("{word}: history of row {}", row.key_text)),
        };
        view! { <a class=sign href=href aria-label=label>{word}</a> }.into_any()
    } else {
        view! { <span class=sign>{word}</span> }.into_any()
    };
    let cells: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let before = value(row.before.as_ref(), column.before);
            let after = value(row.after.as_ref(), column.after);
            let talk = talk(said.as_ref(), row, Some((column.id, &column.name)));
            match (&row.before, &row.after) {
                (Some(_), Some(_)) if before != after => {
                    let was = before.map(|value| view! { <del class="was">{cell::in_diff(value)}</del> });
                    let is = after.map(|value| view! { <ins class="is">{cell::in_diff(value)}</ins> });
                    let number = column.ty.is_number();
                    view! {
                        <td class="is-changed" class:data__number=number data-column=column.id.to_string()>
                            {was}{is}{say(place, change, row, Some(&column.name))}{talk}
                        </td>
                    }
                    .into_any()
                }
                (_, after_row) => {
                    let shown = if after_row.is_some() { after } else { before };
                    let shown = shown.map(cell::in_table);
                    if index == 0 {
                        view! { <th scope="row" class=column.class()>{shown}{talk}</th> }.into_any()
                    } else {
                        view! { <td class=column.class()>{shown}{talk}</td> }.into_any()
                    }
                }
            }
        })
        .collect();
    let id = format!("change-{number}");
    let talk = talk(said.as_ref(), row, None);
    let below = said.map(|said| {
        let width = (columns.len() + 1).to_string();
        let label = format!("What was said about row {}", row.key_text);
        view! {
            <tr class="diff__below">
                <td colspan=width><ul class="diff__threads" aria-label=label>{said.threads}</ul></td>
            </tr>
        }
    });
    view! {
        <tr class=class id=id tabindex="-1">
            <td>{word}{steps((number, total))}{say(place, change, row, None)}{talk}</td>
            {cells}
        </tr>
        {below}
    }
    .into_any()
}

fn value(row: Option<&Row>, position: Option<usize>) -> Option<&Value> {
    row.and_then(|row| row.get(position?))
}
