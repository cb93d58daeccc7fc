//! Deciding many conflicts at once, by rules that can be taken back.

use hub::{OPEN, RuleView};
use leptos::prelude::*;
use versioning::merge::{Choice, Scope};

use super::{Page, wording};
use crate::{components::scroll, text};

/// Whether there is something to decide for the reader.
fn can_decide(page: &Page<'_>) -> bool {
    page.may_decide() && (page.view.stats.open_conflicts > 0 || page.form.value("rule").is_some())
}

/// The rules in force that decide all that one for this scope would.
fn covering<'v>(page: &Page<'v>, scope: &Scope) -> Vec<&'v RuleView> {
    page.view.rules.iter().filter(|rule| rule.scope.covers(scope)).collect()
}

/// What a rule is for.
fn subject(rule: &RuleView) -> String {
    match (&rule.table, &rule.column) {
        (Some(table), Some(column)) => format!("column {column} of {table}"),
        (Some(table), None) => format!("all of {table}"),
        (None, _) => String::from("everything"),
    }
}

/// How a rule decides.
fn decides(page: &Page<'_>, rule: &RuleView) -> String {
    match &rule.choice {
        // Typed for one conflict, a value is no rule; a program may make one.
        Choice::Value(value) => format!("“{value}”"),
        choice => wording::choice(choice, page.target()),
    }
}

/// A table or one of its columns, with what is in conflict there.
struct Part<'a> {
    name: &'a str,
    scope: Scope,
    open: u64,
    total: Option<u64>,
    /// What is decided by its buttons.
    what: String,
}

/// The tables and columns with what is open in each, and the ways to decide all of it.
pub(super) fn tables(page: &Page<'_>) -> Option<AnyView> {
    if page.view.tables.is_empty() {
        return None;
    }
    let may = can_decide(page);
    let mut rows = Vec::new();
    for table in &page.view.tables {
        let scope = Scope { table: Some(table.table), ..Scope::default() };
        rows.push(row(
            page,
            &Part {
                name: &table.name,
                scope: scope.clone(),
                open: table.open,
                total: Some(table.total),
                what: format!("all of {}", table.name),
            },
        ));
        for (column, name, open) in &table.columns {
            let part = Part {
                name,
                scope: Scope { column: Some(*column), ..scope.clone() },
                open: *open,
                total: None,
                what: format!("column {name} of {}", table.name),
            };
            if *open > 0 || is_refused(page, &part.scope) {
                rows.push(row(page, &part));
            }
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

/// Whether a rule for this scope was sent and refused.
fn is_refused(page: &Page<'_>, scope: &Scope) -> bool {
    let sent = |field: &str| page.form.value(field).map(str::to_owned);
    page.form.message.is_some()
        && sent("rule").is_some()
        && sent("scope_table") == scope.table.map(|table| table.to_string())
        && sent("scope_column") == scope.column.map(|column| column.to_string())
}

fn row(page: &Page<'_>, part: &Part<'_>) -> AnyView {
    let decide = can_decide(page).then(|| {
        let is_refused = is_refused(page, &part.scope);
        view! {
            <td>
                {is_refused.then(|| overtaken(page, part))}
                {(part.open > 0 || is_refused).then(|| buttons(page, part))}
            </td>
        }
    });
    let class = if part.scope.column.is_some() { "data__grow data__part" } else { "data__grow" };
    view! {
        <tr>
            <th scope="row" class=class>{part.name.to_owned()}</th>
            <td class="data__number" data-label="Open">{text::number(part.open)}</td>
            <td class="data__number" data-label="All">{part.total.map(text::number)}</td>
            {decide}
        </tr>
    }
    .into_any()
}

fn buttons(page: &Page<'_>, part: &Part<'_>) -> AnyView {
    let ours = format!("As on {}", page.target());
    let (label_ours, label_theirs) = (format!("{ours}: {}", part.what), format!("As offered: {}", part.what));
    let Scope { table, column, .. } = part.scope;
    let hidden = [("scope_table", table.map(|id| id.to_string())), ("scope_column", column.map(|id| id.to_string()))]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <input type="hidden" name=name value=value /> }))
        .collect::<Vec<_>>();
    let seen: Vec<&str> = covering(page, &part.scope).into_iter().map(|rule| rule.revision.as_str()).collect();
    let seen = if seen.is_empty() { OPEN.to_owned() } else { seen.join(" ") };
    view! {
        <form class="actions" method="post" action=page.here.clone()>
            {page.way_back(None)}
            {Page::seen(&seen)}
            {hidden}
            <button class="button button--small" type="submit" name="rule" value="ours" aria-label=label_ours>{ours}</button>
            <button class="button button--small" type="submit" name="rule" value="theirs" aria-label=label_theirs>"As offered"</button>
        </form>
    }
    .into_any()
}

/// What was decided while the reader looked at something else.
fn overtaken(page: &Page<'_>, part: &Part<'_>) -> Option<AnyView> {
    let rules = covering(page, &part.scope);
    let rule = rules.last()?;
    let words = format!(
        "{} has chosen “{}” for {} meanwhile. Choose again to put yours in its place.",
        rule.by,
        decides(page, rule),
        subject(rule)
    );
    Some(view! { <p class="small">{words}</p> }.into_any())
}

/// Takes everything back that was decided, once that is confirmed.
pub(super) fn undo(page: &Page<'_>) -> Option<AnyView> {
    let stats = &page.view.stats;
    let fixed = page.view.violations.iter().any(|item| item.is_fixed);
    let has_some = stats.resolved_conflicts > 0 || !page.view.rules.is_empty() || fixed;
    (page.may_decide() && has_some).then(|| {
        view! {
            <details class="confirm section" aria-labelledby="take-back">
                <summary class="button button--danger" id="take-back">"Take back all decisions…"</summary>
                <form method="post" action=page.here.clone()>
                    {page.way_back(None)}
                    {Page::seen(&page.view.revision)}
                    <p>
                        "What everybody decided about these conflicts, the rules and the changed rows are forgotten. The \
                         branches stay as they are."
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
            let id = format!("rule-{index}");
            let words = format!("{}: {}, says {}", wording::capital(&subject(rule)), decides(page, rule), rule.by);
            view! { <li class="rule"><span id=id.clone()>{words}</span>{page.take_back(&rule.about, &rule.revision, None, id)}</li> }
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
