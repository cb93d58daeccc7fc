//! One conflict: what was there before, what either side made of it, and the ways to decide.

use hub::ConflictItem;
use leptos::prelude::*;
use versioning::{
    Hash, TableId, Type, Value,
    merge::{Choice, Conflict, Property, RowCells, Side},
};

use super::{Page, anchor, value_field, wording};
use crate::components::{
    cell,
    field::{self, Field},
    scroll, words,
};

/// The conflict with its forms. `next` is the one to go on with.
pub(super) fn section(page: &Page<'_>, item: &ConflictItem, next: Option<&Hash>) -> AnyView {
    let found = &item.found;
    let id = found.id.to_string();
    let heading = format!("{}-head", anchor(&id));
    let story = wording::story(found, page.names, page.target()).map(|story| view! { <p>{story}</p> });
    let decided = item.decided.as_ref().map(|decided| {
        let how = wording::decided(&decided.choice, &found.conflict, page.target());
        let by = match (&decided.by, decided.by_rule) {
            (Some(by), true) => format!(", by a rule of {by}"),
            (None, true) => String::from(", by a rule"),
            (Some(by), false) => format!(", by {by}"),
            (None, false) => String::new(),
        };
        let about = format!("conflict:{id}");
        let back = (!decided.by_rule).then(|| page.take_back(&about, &item.revision, Some(&found.id), heading.clone()));
        view! {
            <div class="conflict__decided">
                <p><span class="badge badge--good">"Decided"</span>{format!(" {how}{by}")}</p>
                {back}
            </div>
        }
    });
    let forms = page.may_decide().then(|| forms(page, item, next, &heading));
    view! {
        <section class="conflict" id=anchor(&id) tabindex="-1" aria-labelledby=heading.clone()>
            <h3 id=heading.clone()>{wording::subject(found)}</h3>
            {context(item)}
            {story}
            {body(page, item)}
            {overtaken(page, item)}
            {decided}
            {forms}
        </section>
    }
    .into_any()
}

/// What was decided while the reader looked at something else, and what they wanted.
fn overtaken(page: &Page<'_>, item: &ConflictItem) -> Option<AnyView> {
    let id = item.found.id.to_string();
    let decided = item.decided.as_ref()?;
    let offers = wording::offers(&item.found.conflict, item.value_type, page.target());
    let label = |word: &str| offers.iter().find(|(value, _)| *value == word).map(|(_, label)| label.clone());
    let not_done = if page.is_refused("conflict", &id) {
        let mine = match page.form.value("choice")? {
            "value" => page.form.or(&value_field(&id), ""),
            word => label(word)?,
        };
        format!("You chose “{mine}”, which was not saved: choose it again to put it in place of that.")
    } else if page.is_refused("take_back", &format!("conflict:{id}")) {
        String::from("It was not taken back.")
    } else {
        return None;
    };
    let theirs = match label(sent(&decided.choice)) {
        Some(label) => format!("“{label}”"),
        None => wording::decided(&decided.choice, &item.found.conflict, page.target()),
    };
    let by = decided.by.as_deref().unwrap_or("Somebody");
    let many = if decided.by_rule { ", for many at once" } else { "" };
    Some(
        view! { <p class="banner banner--bad">{format!("{by} has chosen {theirs} meanwhile{many}. {not_done}")}</p> }
            .into_any(),
    )
}

/// Other cells of the row, to know it by.
fn context(item: &ConflictItem) -> Option<AnyView> {
    let cells: Vec<_> = item
        .context
        .iter()
        .map(|(name, value)| view! { <div><dt>{name.clone()}</dt><dd>{cell::in_table(value)}</dd></div> })
        .collect();
    (!cells.is_empty()).then(|| view! { <dl class="context">{cells}</dl> }.into_any())
}

fn body(page: &Page<'_>, item: &ConflictItem) -> AnyView {
    match &item.found.conflict {
        Conflict::Cell { base, ours, theirs, .. } => sides(page, base.as_ref(), ours.as_ref(), theirs.as_ref()),
        Conflict::Property { property, base, ours, theirs, .. } => {
            let named = |value: &Value| property_value(page, *property, value);
            sides(page, base.as_ref().map(named).as_ref(), Some(&named(ours)), Some(&named(theirs)))
        }
        Conflict::Check { base, ours, theirs, .. } => {
            let [base, ours, theirs] = [base, ours, theirs].map(|text| text.clone().map(Value::Text));
            sides(page, base.as_ref(), ours.as_ref(), theirs.as_ref())
        }
        Conflict::TableProperty { base, ours, theirs, .. } => {
            let text = |text: &String| Value::Text(text.clone());
            sides(page, base.as_ref().map(text).as_ref(), Some(&text(ours)), Some(&text(theirs)))
        }
        Conflict::PrimaryKey { table, base, ours, theirs } => {
            let list = |key: &Vec<versioning::ColumnId>| {
                let names: Vec<_> = key.iter().map(|id| page.names.column(*table, *id)).collect();
                Value::Text(names.join(", "))
            };
            sides(page, base.as_ref().map(list).as_ref(), Some(&list(ours)), Some(&list(theirs)))
        }
        Conflict::Row { table, deleted_by, base, edited, .. } => {
            let label = format!("{} as it was changed", wording::subject(&item.found));
            row(page, (*table, *deleted_by), label, base.as_ref(), edited)
        }
        Conflict::Column { .. }
        | Conflict::ColumnNames { .. }
        | Conflict::Table { .. }
        | Conflict::TableNames { .. } => ().into_any(),
    }
}

/// A property's value as people say it.
fn property_value(page: &Page<'_>, property: Property, value: &Value) -> Value {
    match (property, value) {
        (Property::Required | Property::Unique, Value::Boolean(is)) => {
            Value::Text(String::from(if *is { "yes" } else { "no" }))
        }
        (Property::Target, value) => {
            let name = value.to_string().parse::<TableId>().map(|id| page.names.table(id));
            name.map_or_else(|_| value.clone(), Value::Text)
        }
        (_, value) => value.clone(),
    }
}

/// The three values next to each other.
fn sides(page: &Page<'_>, base: Option<&Value>, ours: Option<&Value>, theirs: Option<&Value>) -> AnyView {
    let side = |name: String, value: AnyView| view! { <div><dt>{name}</dt><dd class="cell">{value}</dd></div> };
    view! {
        <dl class="sides">
            {side(String::from("Before"), plain(base))}
            {side(format!("On {}", page.target()), changed(base, ours))}
            {side(String::from("Offered"), changed(base, theirs))}
        </dl>
    }
    .into_any()
}

fn plain(value: Option<&Value>) -> AnyView {
    match value {
        None => view! { <span class="null">"not there"</span> }.into_any(),
        Some(value) => cell::in_diff(value),
    }
}

/// A value with what is different from before, where both are texts.
fn changed(before: Option<&Value>, value: Option<&Value>) -> AnyView {
    match (before, value) {
        (Some(Value::Text(before)), Some(Value::Text(text))) if before != text => {
            words::marked(before, text).unwrap_or_else(|| plain(value))
        }
        _ => plain(value),
    }
}

/// A row that one side deleted and the other changed.
fn row(
    page: &Page<'_>,
    (table, deleted_by): (TableId, Side),
    label: String,
    base: Option<&RowCells>,
    edited: &RowCells,
) -> AnyView {
    let cell_of = |cells: Option<&RowCells>, id| cells.and_then(|cells| cells.get(&id)).cloned().unwrap_or(Value::Null);
    let mut columns: Vec<_> = edited.keys().chain(base.into_iter().flat_map(RowCells::keys)).copied().collect();
    columns.sort_unstable();
    columns.dedup();
    // As the table has them.
    let order = |id| page.names.columns(table).iter().position(|column| column.id == id).unwrap_or(usize::MAX);
    columns.sort_by_key(|id| order(*id));
    let lines: Vec<_> = columns
        .into_iter()
        .map(|id| {
            let (before, after) = (cell_of(base, id), cell_of(Some(edited), id));
            let differs = base.is_some() && before != after;
            let was = base.map(|_| view! { <td>{cell::in_table(&before)}</td> });
            view! {
                <tr>
                    <th scope="row">{page.names.column(table, id)}</th>
                    {was}
                    <td class=differs.then_some("is-changed")>
                        {if differs { view! { <ins class="is">{cell::in_diff(&after)}</ins> }.into_any() } else { cell::in_table(&after) }}
                    </td>
                </tr>
            }
        })
        .collect();
    let edited_on = match deleted_by {
        Side::Ours => String::from("Offered"),
        Side::Theirs => format!("On {}", page.target()),
    };
    let was = base.map(|_| view! { <th scope="col">"Before"</th> });
    scroll(
        label,
        view! {
            <table class="data">
                <thead><tr><th scope="col">"Column"</th>{was}<th scope="col">{edited_on}</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        },
    )
}

/// The buttons, and the field for a value.
fn forms(page: &Page<'_>, item: &ConflictItem, next: Option<&Hash>, heading: &str) -> AnyView {
    let found = &item.found;
    let id = found.id.to_string();
    let hidden = || {
        view! {
            <input type="hidden" name="conflict" value=id.clone() />
            {Page::seen(&item.revision)}
            {page.way_back(next)}
        }
    };
    let chosen = item.decided.as_ref().map(|decided| sent(&decided.choice));
    let buttons: Vec<_> = wording::offers(&found.conflict, item.value_type, page.target())
        .into_iter()
        .map(|(value, label)| {
            let pressed = (chosen == Some(value)).then_some("true");
            let described = heading.to_owned();
            view! {
                <button
                    class="button button--small"
                    type="submit"
                    name="choice"
                    value=value
                    data-key=key(value)
                    aria-describedby=described
                    aria-current=pressed
                >{label}</button>
            }
        })
        .collect();
    let buttons = (!buttons.is_empty())
        .then(|| view! { <form class="actions" method="post" action=page.here.clone()>{hidden()}{buttons}</form> });
    // In a form of its own, so that the Enter key presses the right button.
    let value = item.value_type.map(|ty| {
        view! {
            <form class="conflict__value" method="post" action=page.here.clone()>
                {hidden()}
                {value(page, item, ty)}
                <button
                    class="button button--small"
                    type="submit"
                    name="choice"
                    value="value"
                    aria-describedby=heading.to_owned()
                >"Take this value"</button>
            </form>
        }
    });
    view! { {buttons}{value} }.into_any()
}

fn value(page: &Page<'_>, item: &ConflictItem, ty: Type) -> AnyView {
    let name = value_field(&item.found.id.to_string());
    let first = match item.decided.as_ref().map(|decided| &decided.choice) {
        Some(Choice::Value(value)) => value.to_text().unwrap_or_default(),
        _ => String::new(),
    };
    let typed = page.form.or(&name, &first);
    Field::new(name, wording::value_label(&item.found.conflict)).note(ty.name()).view(page.form, |wiring| match ty {
        Type::Text | Type::Json => field::textarea(wiring, "input input--small", &typed, 1, false),
        _ => field::line(wiring, "input input--small", typed, false),
    })
}

/// The key of a choice.
fn key(choice: &str) -> Option<&str> {
    // “Combine” is said as “both”, but B is for what was there before.
    choice.get(..1)
}

/// How a choice is sent.
fn sent(choice: &Choice) -> &'static str {
    match choice {
        Choice::Ours => "ours",
        Choice::Theirs => "theirs",
        Choice::Base => "base",
        Choice::Value(_) => "value",
        Choice::Combine => "combine",
        Choice::Keep => "keep",
        Choice::Delete => "delete",
    }
}
