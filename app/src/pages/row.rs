//! A row as a form: to change it, to take it out, or to add a new one.

use hub::{RowState, RowView, TableView};
use leptos::prelude::*;
use versioning::{Column, Schema, Type, Value};

use crate::{
    components::{
        cell, dataset,
        field::{self, Field, Wiring},
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// The name of the field with a column's value, as the hub names it too when it refuses the value.
#[must_use]
pub fn cell_field(column: &Column) -> String {
    column.id.to_string()
}

/// The name of the field with what the person saw before; its value is JSON, because forms change line breaks.
#[must_use]
pub fn before_field(column: &Column) -> String {
    format!("before.{}", column.id)
}

/// The page of a row. `saved` says that it comes right after the row was saved.
#[must_use]
pub fn page(view: &TableView, row: &RowView, form: &Submitted, saved: bool) -> AnyView {
    let schema = &view.table.schema;
    let table = url::table(&dataset::place(&view.dataset, &view.viewed), &view.table.name);
    let here = url::row(&dataset::place(&view.dataset, &view.viewed), &view.table.name, &row.key_text);
    let title = format!("Row {}", row.key_text);
    let state = match &row.state {
        RowState::Committed => None,
        RowState::Inserted => Some("New in your draft"),
        RowState::Updated(_) => Some("Changed in your draft"),
    };
    let state = state.map(|state| view! { <span class="badge badge--wait">{state}</span> });
    // What was never committed has no past.
    let history = (row.state != RowState::Inserted).then(|| {
        let href = url::below(&here, "history");
        view! { <a class="button" href=href>"History"</a> }
    });
    let fields: Vec<_> = schema
        .columns
        .iter()
        .zip(&row.cells)
        .enumerate()
        .map(|(position, (column, value))| {
            let committed = committed(row, column, position);
            let before = serde_json::to_string(&value.to_text()).unwrap_or_default();
            view! {
                {input(schema, column, value.to_text().as_deref(), committed, form)}
                <input type="hidden" name=before_field(column) value=form.or(&before_field(column), &before) />
            }
        })
        .collect();
    let back = table.clone();
    let saved = saved.then(|| {
        let table = table.clone();
        view! {
            <p class="banner banner--good" role="status"><span>"Saved to your draft. "<a href=table>"Back to the table"</a></span></p>
        }
    });
    let wrong = (!row.findings.is_empty()).then(|| {
        let found: Vec<_> = row.findings.iter().map(|found| view! { <li>{found.to_string()}</li> }).collect();
        view! { <div class="banner"><ul class="plain">{found}</ul></div> }
    });
    let editable = view.viewed.branch().is_some();
    let save = editable.then(|| {
        view! {
            <button class="button button--primary" type="submit" name="action" value="update">"Save to your draft"</button>
        }
    });
    let delete = editable.then(|| {
        let here = here.clone();
        view! {
            <details class="confirm section">
                <summary class="button button--danger">"Delete the row…"</summary>
                <form method="post" action=here>
                    <p>"The row goes from your draft at once, and from the table when you commit. Its past stays in the history."</p>
                    <button class="button button--danger" type="submit" name="action" value="delete">"Delete the row"</button>
                </form>
            </details>
        }
    });
    shell(
        PageInfo {
            title: field::title(form, &format!("{title} · {}", view.table.name)),
            crumbs: crumbs(view, &table, &title),
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            {saved}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.table.name.clone()}</p>
                    <h1>{title}</h1>
                </div>
                <div class="head__actions">{state}{history}</div>
            </header>
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {wrong}
            <form class="form" method="post" action=here.clone()>
                <fieldset class="plain" disabled=!editable>{fields}</fieldset>
                <div class="actions">
                    {save}
                    <a class="button button--quiet" href=back>"Back to the table"</a>
                </div>
            </form>
            {delete}
        },
    )
}

/// The page for a new row.
#[must_use]
pub fn new_page(view: &TableView, form: &Submitted) -> AnyView {
    let schema = &view.table.schema;
    let table = url::table(&dataset::place(&view.dataset, &view.viewed), &view.table.name);
    let action = format!("{table}/new-row");
    let fields: Vec<_> = schema.columns.iter().map(|column| input(schema, column, None, None, form)).collect();
    shell(
        PageInfo {
            title: field::title(form, &format!("New row · {}", view.table.name)),
            crumbs: crumbs(view, &table, "New row"),
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.table.name.clone()}</p>
                    <h1>"New row"</h1>
                </div>
            </header>
            <form class="form" method="post" action=action>
                {fields}
                <div class="actions">
                    <button class="button button--primary" type="submit">"Add to your draft"</button>
                    <a class="button button--quiet" href=table>"Back to the table"</a>
                </div>
            </form>
        },
    )
}

fn crumbs(view: &TableView, table: &str, here: &str) -> Vec<Crumb> {
    let mut crumbs = dataset::crumbs_at(&view.dataset, &view.viewed);
    crumbs.push(Crumb::link(view.table.name.clone(), table));
    crumbs.push(Crumb::here(here));
    crumbs
}

/// What is committed in the cell, where the draft says otherwise.
fn committed(row: &RowView, column: &Column, position: usize) -> Option<Value> {
    match &row.state {
        RowState::Updated(columns) if columns.contains(&column.id) => row.before.as_ref()?.get(position).cloned(),
        _ => None,
    }
}

/// The field of one column: a control that fits the type, and beside it what else is known of the cell.
fn input(schema: &Schema, column: &Column, value: Option<&str>, committed: Option<Value>, form: &Submitted) -> AnyView {
    let name = cell_field(column);
    let key = schema.is_key(column.id);
    let generated = key && schema.generated_key && value.is_none();
    let required = (key && !generated) || column.required;
    let typed = form.or(&name, value.unwrap_or_default());
    let mut note = column.ty.name().to_owned();
    if key {
        note.push_str(", key");
    } else if !required {
        note.push_str(", may be empty");
    }
    let mut hint = column.description.clone();
    if generated {
        hint.push_str(" Made for you if you leave it empty.");
    } else if hint.is_empty() {
        type_hint(column.ty).clone_into(&mut hint);
    }
    let ty = column.ty;
    let field = Field::new(name, column.name.clone())
        .note(note)
        .hint(hint.trim())
        .view(form, |wiring| control(wiring, ty, typed, required));
    let committed = committed.map(|value| {
        view! { <p class="field__hint"><span class="is-changed sign">"Committed: "</span>{cell::in_diff(&value)}</p> }
    });
    let stale = form.stale.iter().find(|cell| cell.column == Some(column.id)).map(|cell| {
        let now = cell.now.clone().map_or_else(
            || view! { <span class="null">"empty"</span> }.into_any(),
            |now| view! { <strong>{now}</strong> }.into_any(),
        );
        view! { <p class="stale"><span>"Meanwhile this cell became: "{now}</span></p> }
    });
    view! { <div class="field">{field}{committed}{stale}</div> }.into_any()
}

const fn type_hint(ty: Type) -> &'static str {
    match ty {
        Type::Timestamp => "In UTC, such as 2026-02-28T13:45:00Z.",
        Type::Uuid => "32 hexadecimal digits, with or without hyphens.",
        Type::Tags => "Separated by commas.",
        _ => "",
    }
}

fn control(wiring: Wiring, ty: Type, value: String, required: bool) -> AnyView {
    match ty {
        Type::Text => field::textarea(wiring, "input", &value, 1, required),
        Type::Json => field::textarea(wiring, "input input--mono", &value, 2, required),
        Type::Boolean if matches!(value.as_str(), "" | "true" | "false") => {
            let mut options =
                vec![(String::from("true"), String::from("true")), (String::from("false"), String::from("false"))];
            if !required || value.is_empty() {
                options.insert(0, (String::new(), String::from("empty")));
            }
            field::select(wiring, "input", options, &value)
        }
        // A browser shows nothing in a date field whose text is no date; what was typed must not vanish.
        Type::Date if value.is_empty() || ty.parse(&value).is_ok() => {
            typed_input(wiring, "date", None, value, required)
        }
        Type::Integer => typed_input(wiring, "text", Some("numeric"), value, required),
        Type::Decimal | Type::Float => typed_input(wiring, "text", Some("decimal"), value, required),
        Type::Uuid => field::line(wiring, "input input--mono", value, required),
        Type::Boolean | Type::Date | Type::Timestamp => field::line(wiring, "input input--number", value, required),
        Type::Choice | Type::Tags | Type::Link | Type::File => field::line(wiring, "input", value, required),
    }
}

fn typed_input(
    wiring: Wiring,
    kind: &'static str,
    inputmode: Option<&'static str>,
    value: String,
    required: bool,
) -> AnyView {
    let Wiring { id, name, described_by, invalid } = wiring;
    view! {
        <input
            class="input input--number"
            type=kind
            inputmode=inputmode
            id=id
            name=name
            value=value
            required=required
            autocomplete="off"
            aria-describedby=described_by
            aria-invalid=invalid
        />
    }
    .into_any()
}
