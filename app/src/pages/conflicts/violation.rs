//! Rules of the data that the merged state would break, with the rows that break them as forms.

use hub::ViolationItem;
use leptos::prelude::*;
use versioning::{
    Column, ColumnId, Type, Value,
    merge::{RowCells, Rule},
};

use super::{Page, cell_field};
use crate::{
    components::field::{self, Field},
    text,
};

/// The section with all of them.
pub(super) fn section(page: &Page<'_>) -> Option<AnyView> {
    let violations = &page.view.violations;
    if violations.is_empty() {
        return None;
    }
    let items: Vec<_> = violations.iter().map(|item| one(page, item)).collect();
    let shown = violations.iter().filter(|item| !item.is_fixed).count() as u64;
    let more = (page.view.stats.open_violations > shown)
        .then(|| view! { <p class="quiet">{format!("The first {} are shown.", text::number(shown))}</p> });
    let view = view! {
        <section class="section" aria-labelledby="broken">
            <h2 id="broken">"Rules of the data that would be broken"</h2>
            <p class="quiet small">
                "Each side keeps them, both together do not. Change or delete one of their rows; all are checked again then."
            </p>
            {items}
            {more}
        </section>
    };
    Some(view.into_any())
}

fn one(page: &Page<'_>, item: &ViolationItem) -> AnyView {
    let found = &item.found;
    let id = found.id.to_string();
    let heading = format!("violation-{id}");
    let keys = match found.keys.as_slice() {
        [] => format!("Table {}", found.table),
        [key] => format!("Row {key} in {}", found.table),
        keys => format!("Rows {} in {}", keys.join(", "), found.table),
    };
    let about = format!("violation:{id}");
    let by = item.fixed_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    // Somebody changed its rows while the reader did.
    let is_overtaken = item.is_fixed && page.is_refused("violation", &id);
    let overtaken = is_overtaken.then(|| {
        let words = format!(
            "Its rows were changed{by} meanwhile. What you typed was not saved: save it again to add it to that."
        );
        view! { <p class="banner banner--bad">{words}</p> }
    });
    // What its rows break as they are now is listed by itself.
    let fixed = item.is_fixed.then(|| {
        view! {
            <div class="conflict__decided">
                <p><span class="badge badge--good">"Mended"</span>{format!(" Its rows were changed{by}.")}</p>
                {page.take_back(&about, &item.revision, None, heading.clone())}
            </div>
        }
    });
    let rows: Vec<_> = found
        .violation
        .rows
        .iter()
        .enumerate()
        .filter(|_| !item.is_fixed || is_overtaken)
        .map(|(index, (_, cells))| {
            let key = found.keys.get(index).cloned().unwrap_or_default();
            row(page, item, index, key, cells)
        })
        .collect();
    view! {
        <section class="conflict" aria-labelledby=heading.clone()>
            <h3 id=heading.clone()>{keys}</h3>
            <p>{found.violation.message.clone()}</p>
            {overtaken}
            {fixed}
            {rows}
        </section>
    }
    .into_any()
}

/// Whether the rule is about the column, so that its cell is what is to be changed.
fn is_meant(page: &Page<'_>, item: &ViolationItem, id: ColumnId) -> bool {
    let violation = &item.found.violation;
    match &violation.rule {
        Rule::Cell { column } | Rule::Unique { column } | Rule::Link { column, .. } => *column == id,
        Rule::Check { .. } => violation.rows.iter().any(|(_, cells)| cells.contains_key(&id)),
        Rule::Key => page.names.is_key(violation.table, id),
        Rule::Schema => false,
    }
}

/// A row as a form: the cells that the rule is about, the others behind a fold.
fn row(page: &Page<'_>, item: &ViolationItem, index: usize, key: String, cells: &RowCells) -> AnyView {
    let table = item.found.violation.table;
    let known = page.names.columns(table);
    let unknown = cells.keys().filter(|id| known.iter().all(|column| column.id != **id));
    // A column that neither side has as it is now goes by its id.
    let unknown: Vec<Column> = unknown.map(|id| Column::new(*id, id.to_string(), Type::Text)).collect();
    let is_key_rule = item.found.violation.rule == Rule::Key;
    let (mut meant, mut others) = (Vec::new(), Vec::new());
    for column in known.iter().chain(&unknown) {
        let is_meant = is_meant(page, item, column.id);
        // Of most rows no more is told than the cells in question; of one that moved to another key, all.
        if !(is_meant || is_key_rule || cells.contains_key(&column.id)) {
            continue;
        }
        let value = cells.get(&column.id).unwrap_or(&column.fill);
        let is_fixed = page.names.is_key(table, column.id) && !is_key_rule;
        let cell = cell(page, item, index, column, value, is_fixed);
        if is_meant { meant.push(cell) } else { others.push(cell) }
    }
    if !page.may_decide() {
        return view! { <fieldset class="plain" disabled=true><legend>{format!("Row {key}")}</legend>{meant}</fieldset> }.into_any();
    }
    let id = item.found.id.to_string();
    let has_error = page.form.value("violation") == Some(id.as_str()) && !page.form.errors.is_empty();
    let others = (!others.is_empty()).then(|| {
        view! { <details class="fold" open=has_error><summary>"Its other cells"</summary><div class="stack">{others}</div></details> }
    });
    let delete = format!("Delete row {key}");
    let legend = format!("Row {key}");
    view! {
        <form class="conflict__row" method="post" action=page.here.clone()>
            {page.way_back(None)}
            {Page::seen(&item.revision)}
            <input type="hidden" name="violation" value=id />
            <input type="hidden" name="row" value=index.to_string() />
            <fieldset class="plain"><legend>{legend}</legend>{meant}{others}</fieldset>
            <div class="actions">
                <button class="button button--small" type="submit" name="fix" value="set">"Save the row"</button>
                <button class="button button--small button--danger" type="submit" name="fix" value="delete" aria-label=delete>
                    "Delete row"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// A cell; one of the key says which row it is and stays.
fn cell(page: &Page<'_>, item: &ViolationItem, row: usize, column: &Column, value: &Value, is_fixed: bool) -> AnyView {
    let name = cell_field(&item.found.id.to_string(), &row.to_string(), &column.id.to_string());
    let text = value.to_text();
    if is_fixed {
        let shown = crate::components::cell::in_table(value);
        return view! { <p><span class="field__label">{column.name.clone()}</span>{shown}</p> }.into_any();
    }
    let typed = page.form.or(&name, text.as_deref().unwrap_or_default());
    let before = serde_json::to_string(&text).unwrap_or_default();
    let before_name = format!("before.{name}");
    let ty = column.ty;
    let field = Field::new(name, column.name.clone()).note(ty.name()).view(page.form, |wiring| match ty {
        Type::Text | Type::Json => field::textarea(wiring, "input input--small", &typed, 1, false),
        _ => field::line(wiring, "input input--small", typed, false),
    });
    view! { {field}<input type="hidden" name=before_name value=before /> }.into_any()
}
