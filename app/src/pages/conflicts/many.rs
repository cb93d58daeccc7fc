//! Deciding many conflicts at once, by rules that can be taken back.

use leptos::prelude::*;
use versioning::merge::Choice;

use super::{Page, wording};
use crate::{components::scroll, text};

/// Whether there is something to decide for the reader.
fn can_decide(page: &Page<'_>) -> bool {
    page.may_decide() && page.view.stats.open_conflicts > 0
}

/// The tables and columns with what is open in each, and the ways to decide all of it.
pub(super) fn tables(page: &Page<'_>) -> Option<AnyView> {
    if page.view.tables.is_empty() {
        return None;
    }
    let may = can_decide(page);
    let mut rows = Vec::new();
    for table in &page.view.tables {
        let id = table.table.to_string();
        let what = format!("all of {}", table.name);
        rows.push(row(page, table.name.clone(), false, table.open, Some(table.total), (id.clone(), None), &what));
        // One column of one table is all there is to it.
        for (column, name, open) in table.columns.iter().filter(|(.., open)| *open > 0) {
            let what = format!("column {name} of {}", table.name);
            let scope = (id.clone(), Some(column.to_string()));
            rows.push(row(page, name.clone(), true, *open, None, scope, &what));
        }
    }
    let decide = may.then(|| view! { <th scope="col">"Decide all that are open"</th> });
    let hint = may.then(|| {
        view! {
            <p class="quiet small">
                "Deciding all of a table or column makes a rule. It holds for what comes up later as well, until you take it \
                 back; what is decided one by one stays as it is."
            </p>
        }
    });
    let view = view! {
        <section class="section" aria-labelledby="tables">
            <h2 id="tables">"Tables"</h2>
            {hint}
            {scroll(
                String::from("Tables with conflicts"),
                view! {
                    <table class="data data--stack">
                        <thead>
                            <tr>
                                <th scope="col">"Table or column"</th>
                                <th scope="col" class="data__number">"Open"</th>
                                <th scope="col" class="data__number">"All"</th>
                                {decide}
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
        </section>
    };
    Some(view.into_any())
}

fn row(
    page: &Page<'_>,
    name: String,
    is_column: bool,
    open: u64,
    total: Option<u64>,
    (table, column): (String, Option<String>),
    what: &str,
) -> AnyView {
    let decide = can_decide(page).then(|| {
        let buttons = (open > 0).then(|| {
            let ours = format!("As on {}", page.target());
            let (label_ours, label_theirs) = (format!("{ours}: {what}"), format!("As offered: {what}"));
            view! {
                <form class="actions" method="post" action=page.here.clone()>
                    {page.way_back(None)}
                    <input type="hidden" name="scope_table" value=table />
                    {column.map(|column| view! { <input type="hidden" name="scope_column" value=column /> })}
                    <button class="button button--small" type="submit" name="rule" value="ours" aria-label=label_ours>{ours}</button>
                    <button class="button button--small" type="submit" name="rule" value="theirs" aria-label=label_theirs>"As offered"</button>
                </form>
            }
        });
        view! { <td>{buttons}</td> }
    });
    let class = if is_column { "data__grow data__part" } else { "data__grow" };
    view! {
        <tr>
            <th scope="row" class=class>{name}</th>
            <td class="data__number" data-label="Open">{text::number(open)}</td>
            <td class="data__number" data-label="All">{total.map(text::number)}</td>
            {decide}
        </tr>
    }
    .into_any()
}

/// Takes everything back that was decided, once that is confirmed.
pub(super) fn undo(page: &Page<'_>) -> Option<AnyView> {
    let stats = &page.view.stats;
    let fixed = page.view.violations.iter().any(|item| item.is_fixed);
    let has_some = stats.resolved_conflicts > 0 || !page.view.rules.is_empty() || fixed;
    (page.may_decide() && has_some).then(|| {
        view! {
            <details class="confirm section">
                <summary class="button button--danger">"Take back all decisions…"</summary>
                <form method="post" action=page.here.clone()>
                    {page.way_back(None)}
                    <p>
                        "What everybody decided about these conflicts, the rules and the changed rows are forgotten. The                          branches stay as they are."
                    </p>
                    <button class="button button--danger" type="submit" name="take_back" value="all">
                        "Take back all decisions"
                    </button>
                </form>
            </details>
        }
        .into_any()
    })
}

/// The rules in force.
pub(super) fn rules(page: &Page<'_>) -> Option<AnyView> {
    let rules: Vec<_> = page
        .view
        .rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let what = match (&rule.table, &rule.column) {
                (Some(table), Some(column)) => format!("Column {column} of {table}"),
                (Some(table), None) => format!("All of {table}"),
                (None, _) => String::from("Everything"),
            };
            let how = match &rule.choice {
                // Typed for one conflict, a value is no rule; a program may make one.
                Choice::Value(value) => format!("“{value}”"),
                choice => wording::choice(choice, page.target()),
            };
            let id = format!("rule-{index}");
            let words = format!("{what}: {how}, says {}", rule.by);
            view! { <li class="rule"><span id=id.clone()>{words}</span>{page.take_back(&rule.about, None, id)}</li> }
        })
        .collect();
    (!rules.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="rules">
                <h2 id="rules">"Rules in force"</h2>
                <ul class="plain-list">{rules}</ul>
            </section>
        }
        .into_any()
    })
}
