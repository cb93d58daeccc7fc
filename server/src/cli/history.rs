//! `anabranch log`, `diff`, `blame`: what was, and what differs.

use serde_json::Value as Json;

use super::{
    BlameOptions, DiffOptions, Failure, LogOptions,
    client::{Client, path},
    text::{Colour, align, cell, clean, colour, count, line, print, print_json, short},
};
use crate::api::{
    List,
    commits::CommitBody,
    diffs::{DiffBody, SchemaChangeBody, SummaryBody, TableCounts, TableDiff},
    rows::Blame,
};

pub(crate) fn log(options: &LogOptions) -> Result<(), Failure> {
    let client = Client::new(&options.connection);
    let limit = options.limit.to_string();
    let query =
        [("ref", options.reference.as_deref()), ("table", options.table.as_deref()), ("limit", Some(limit.as_str()))];
    let json = client.get(&path(&options.dataset, &["commits"]), &query)?;
    if options.connection.json {
        return print_json(&json);
    }
    let list: List<CommitBody> = client.understand(json)?;
    let row = |commit: &CommitBody| {
        let time = commit.time.as_deref().unwrap_or_default();
        // To the second: that is what people read.
        let time = time.split('.').next().unwrap_or_default().trim_end_matches('Z').replace('T', " ");
        vec![short(&commit.hash).to_owned(), time, clean(&commit.author), line(&commit.message)]
    };
    let mut text = align(&list.items.iter().map(row).collect::<Vec<_>>());
    if list.next_cursor.is_some() {
        text.push_str("… and earlier ones: see --limit\n");
    }
    print(&text)
}

pub(crate) fn diff(options: &DiffOptions) -> Result<(), Failure> {
    let client = Client::new(&options.connection);
    let sides = [
        ("from", Some(options.from.as_str())),
        ("to", options.to.as_deref()),
        ("table", options.table.as_deref()),
        ("merge_base", options.merge_base.then_some("true")),
    ];
    if options.summary {
        let json = client.get(&path(&options.dataset, &["diff", "summary"]), &sides)?;
        if options.connection.json {
            return print_json(&json);
        }
        let summary: SummaryBody = client.understand(json)?;
        return print(&summarise(&summary.tables));
    }
    let limit = options.limit.to_string();
    let query = [&sides[..], &[("limit", Some(limit.as_str()))]].concat();
    let json = client.get(&path(&options.dataset, &["diff"]), &query)?;
    if options.connection.json {
        return print_json(&json);
    }
    let diff: DiffBody = client.understand(json)?;
    print(&describe(&diff))
}

fn summarise(tables: &[TableCounts]) -> String {
    if tables.is_empty() {
        return "nothing differs\n".to_owned();
    }
    let row = |counts: &TableCounts| {
        vec![
            clean(&counts.table.name),
            counts.table.change.clone(),
            format!("+{}", counts.added),
            format!("-{}", counts.removed),
            format!("~{}", counts.changed),
            counts
                .cells
                .iter()
                .map(|(column, count)| format!("{}: {count}", clean(column)))
                .collect::<Vec<_>>()
                .join(", "),
        ]
    };
    let mut rows = vec![["table", "", "added", "removed", "changed", "cells"].map(str::to_owned).to_vec()];
    rows.extend(tables.iter().map(row));
    align(&rows)
}

fn describe(diff: &DiffBody) -> String {
    if diff.tables.is_empty() {
        return "nothing differs\n".to_owned();
    }
    let mut text = String::new();
    for table in &diff.tables {
        text.push_str(&heading(table));
        for change in &table.schema {
            text.push_str(&format!("  ! {}\n", schema_change(change)));
        }
        for row in diff.items.iter().filter(|row| row.table == table.name) {
            let cells = |side: &Option<serde_json::Map<String, Json>>| {
                let cells = side.iter().flatten().map(|(name, value)| format!("{}={}", clean(name), cell(value)));
                cells.collect::<Vec<_>>().join("  ")
            };
            let line = match row.change.as_str() {
                "added" => colour(Colour::Green, &format!("  + {}", cells(&row.after))),
                "removed" => colour(Colour::Red, &format!("  - {}", cells(&row.before))),
                _ => {
                    let value = |side: &Option<serde_json::Map<String, Json>>, name: &str| {
                        side.as_ref().and_then(|cells| cells.get(name)).map_or_else(|| "∅".to_owned(), cell)
                    };
                    let change = |name: &String| {
                        let (before, after) = (value(&row.before, name), value(&row.after, name));
                        format!("{}: {} → {}", clean(name), colour(Colour::Red, &before), colour(Colour::Green, &after))
                    };
                    let changes: Vec<String> = row.cells.iter().map(change).collect();
                    format!("  ~ {}  {}", clean(&row.key), changes.join("  "))
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
    }
    if diff.next_cursor.is_some() {
        text.push_str("… and more: see --limit and --table\n");
    }
    text
}

fn heading(table: &TableDiff) -> String {
    let renamed = table.renamed_from.as_deref().map(|name| format!(", renamed from {}", clean(name)));
    format!(
        "table {} {}{} ({} → {})\n",
        clean(&table.name),
        table.change,
        renamed.unwrap_or_default(),
        table.rows_before,
        count(table.rows_after, "row")
    )
}

fn schema_change(change: &SchemaChangeBody) -> String {
    let column = change.column.as_deref().map(clean).unwrap_or_default();
    match change.change.as_str() {
        "column_added" => format!("column {column} added"),
        "column_removed" => format!("column {column} removed"),
        "column_renamed" => format!("column {} renamed to {column}", cell(&change.before)),
        "check_added" => format!("check {} added", check_name(&change.after)),
        "check_removed" => format!("check {} removed", check_name(&change.before)),
        "columns_reordered" => "columns stand in another order".to_owned(),
        word => {
            let of = if column.is_empty() { String::new() } else { format!(" of {column}") };
            format!("{}{of}: {} → {}", word.replace('_', " "), cell(&change.before), cell(&change.after))
        }
    }
}

/// The name of a check as the API tells it.
fn check_name(check: &serde_json::Value) -> String {
    clean(check.get("name").and_then(serde_json::Value::as_str).unwrap_or_default())
}

pub(crate) fn blame(options: &BlameOptions) -> Result<(), Failure> {
    let client = Client::new(&options.connection);
    let address = path(&options.dataset, &["tables", &options.table, "rows", &options.key, "blame"]);
    let json = client.get(&address, &[("ref", options.reference.as_deref())])?;
    if options.connection.json {
        return print_json(&json);
    }
    let blame: Blame = client.understand(json)?;
    let row = |blamed: &crate::api::rows::BlamedCell| {
        let commit = blamed.commit.as_ref();
        vec![
            clean(&blamed.column),
            cell(&blamed.value),
            commit.map(|commit| short(&commit.hash).to_owned()).unwrap_or_else(|| "?".to_owned()),
            commit.map(|commit| clean(&commit.author)).unwrap_or_default(),
            commit.map(|commit| line(&commit.message)).unwrap_or_default(),
        ]
    };
    print(&align(&blame.cells.iter().map(row).collect::<Vec<_>>()))
}
