//! What changed, cell by cell. Signs, words and edges tell the kinds of change apart, not colour alone.

use std::collections::BTreeMap;

use hub::{ChangeSet, RowChange, TableChange};
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

/// The changes of all tables; none where nothing changed. `here` is the page that shows them, for later pages of a table's
/// changes; `dataset` is the address of the dataset in a state where the rows can be looked at.
#[must_use]
pub fn tables(dataset: &str, here: &str, changes: &ChangeSet) -> Option<AnyView> {
    if changes.tables.is_empty() {
        return None;
    }
    let table = |change| table(dataset, change, &changes.names, url::more_changes(here, change));
    Some(changes.tables.iter().map(table).collect::<Vec<_>>().into_any())
}

/// The changes of one table: a section with its heading. `more` is the address of the next page of its changes.
fn table(dataset: &str, change: &TableChange, names: &BTreeMap<TableId, String>, more: Option<String>) -> AnyView {
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
    let lines: Vec<_> = change.changes.iter().map(|row| line(dataset, change, &columns, row)).collect();
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

fn line(dataset: &str, change: &TableChange, columns: &[DiffColumn], row: &RowChange) -> AnyView {
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
            match (&row.before, &row.after) {
                (Some(_), Some(_)) if before != after => {
                    let was = before.map(|value| view! { <del class="was">{cell::in_diff(value)}</del> });
                    let is = after.map(|value| view! { <ins class="is">{cell::in_diff(value)}</ins> });
                    let number = column.ty.is_number();
                    view! {
                        <td class="is-changed" class:data__number=number data-column=column.id.to_string()>{was}{is}</td>
                    }
                    .into_any()
                }
                (_, after_row) => {
                    let shown = if after_row.is_some() { after } else { before };
                    let shown = shown.map(cell::in_table);
                    if index == 0 {
                        view! { <th scope="row" class=column.class()>{shown}</th> }.into_any()
                    } else {
                        view! { <td class=column.class()>{shown}</td> }.into_any()
                    }
                }
            }
        })
        .collect();
    view! { <tr class=class><td>{word}</td>{cells}</tr> }.into_any()
}

fn value(row: Option<&Row>, position: Option<usize>) -> Option<&Value> {
    row.and_then(|row| row.get(position?))
}
