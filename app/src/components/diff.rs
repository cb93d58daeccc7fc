//! What changed, cell by cell. Signs, words and edges tell the kinds of change apart, not colour alone.

use hub::{RowChange, TableChange};
use leptos::prelude::*;
use versioning::{ColumnId, Row, Schema, Type, Value};

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

/// The changes of one table: a section with its heading. `more` is the address of the next page of its changes.
#[must_use]
pub fn table(dataset: &str, change: &TableChange, more: Option<String>) -> AnyView {
    let columns = DiffColumn::union(change.before.as_ref(), change.after.as_ref());
    let (kind, class) = match (&change.before, &change.after) {
        (None, _) => ("New table", "sign is-added"),
        (_, None) => ("Table removed", "sign is-removed"),
        _ => ("Changed table", "sign is-changed"),
    };
    let rows = match change.rows {
        (before, after) if before == after => text::count(after, "row"),
        (before, after) => format!("{} → {}", text::number(before), text::count(after, "row")),
    };
    let name = if change.after.is_some() {
        let href = url::table(dataset, &change.name);
        view! { <a href=href>{change.name.clone()}</a> }.into_any()
    } else {
        change.name.clone().into_any()
    };
    let rest = match more {
        Some(href) => Some(view! { <p class="pager"><a class="button" href=href>"Next changes"</a></p> }.into_any()),
        None if change.next.is_some() => {
            Some(view! { <p class="pager quiet small">"More rows have changed than are shown here."</p> }.into_any())
        }
        None => None,
    };
    let label = format!("Changes of {}", change.name);
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
                <span class="diff__count">{rows}</span>
            </header>
            {schema_changes(change)}
            {table}
            {rest}
        </section>
    }
    .into_any()
}

/// What changed in the columns.
fn schema_changes(change: &TableChange) -> Option<AnyView> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return None };
    let mut lines = Vec::new();
    for column in &after.columns {
        match before.column(column.id) {
            None => lines.push(("is-added", format!("Column “{}” ({}) added", column.name, column.ty))),
            Some(old) => {
                if old.name != column.name {
                    let line = format!("Column “{}” renamed to “{}”", old.name, column.name);
                    lines.push(("is-changed", line));
                }
                if old.ty != column.ty {
                    let line = format!("Column “{}”: type {} became {}", column.name, old.ty, column.ty);
                    lines.push(("is-changed", line));
                }
                if old.required != column.required {
                    let now = if column.required { "must now be filled in" } else { "may now be empty" };
                    lines.push(("is-changed", format!("Column “{}” {now}", column.name)));
                }
            }
        }
    }
    for column in before.columns.iter().filter(|column| after.column(column.id).is_none()) {
        lines.push(("is-removed", format!("Column “{}” ({}) removed", column.name, column.ty)));
    }
    if before.primary_key != after.primary_key {
        lines.push(("is-changed", String::from("The primary key is made of other columns")));
    }
    if lines.is_empty() {
        return None;
    }
    let lines: Vec<_> = lines.into_iter().map(|(class, line)| view! { <li class=class>{line}</li> }).collect();
    Some(view! { <ul class="diff__schema">{lines}</ul> }.into_any())
}

fn line(dataset: &str, change: &TableChange, columns: &[DiffColumn], row: &RowChange) -> AnyView {
    let (class, word) = match (&row.before, &row.after) {
        (None, _) => ("is-added", "added"),
        (_, None) => ("is-removed", "removed"),
        _ => ("is-changed", "changed"),
    };
    let sign = format!("sign {class}");
    let word = if row.after.is_some() && change.after.is_some() {
        let href = url::row(dataset, &change.name, &row.key_text);
        let label = format!("{word}: row {}", row.key_text);
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
