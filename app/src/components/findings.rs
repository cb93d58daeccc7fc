//! Rows that break rules or meet checks, and what other systems found about a commit.

use std::collections::BTreeSet;

use hub::{Findings, StatusState, StatusView};
use leptos::prelude::*;
use versioning::schema::Severity;

use super::{scroll, time};
use crate::{pages::checks, text, url};

/// A severity as a word.
#[must_use]
pub fn severity(severity: Severity) -> AnyView {
    match severity {
        Severity::Error => view! { <span class="badge badge--bad">"Error"</span> }.into_any(),
        Severity::Warning => view! { <span class="badge badge--wait">"Warning"</span> }.into_any(),
    }
}

/// “2 errors, 1 warning”.
#[must_use]
pub fn count(findings: &Findings) -> String {
    let parts = [(findings.errors, "error"), (findings.warnings, "warning")];
    let words: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| text::count(count, word)).collect();
    words.join(", ")
}

/// The list of rows. `dataset` is the address of the dataset in the state that has them.
#[must_use]
pub fn list(dataset: &str, findings: &Findings) -> AnyView {
    let rows: Vec<_> = findings
        .listed
        .iter()
        .map(|finding| {
            let keys = finding.keys.iter().enumerate().map(|(index, key)| {
                let href = url::row(dataset, &finding.table, key);
                view! { {(index > 0).then_some(", ")}<a href=href>{key.clone()}</a> }
            });
            let row: Vec<_> = keys.collect();
            view! {
                <tr>
                    <td data-label="Severity">{severity(finding.severity)}</td>
                    <td data-label="Table">{finding.table.clone()}</td>
                    <td data-label="Row">{row}</td>
                    <td class="data__grow" data-label="What is wrong">{finding.message.clone()}</td>
                </tr>
            }
        })
        .collect();
    let shown = findings.listed.len() as u64;
    let more = (findings.count() > shown).then(|| {
        let tables: BTreeSet<&str> = findings.listed.iter().map(|finding| finding.table.as_str()).collect();
        let checks = tables.into_iter().enumerate().map(|(index, table)| {
            let href = checks::address(dataset, table);
            view! { {(index > 0).then_some(", ")}<a href=href>{table.to_owned()}</a> }
        });
        let checks: Vec<_> = checks.collect();
        view! {
            <p>
                {format!("And {} more. ", text::number(findings.count() - shown))}
                "Checks lead to all rows that meet them: "{checks}"."
            </p>
        }
    });
    let table = scroll(
        String::from("What was found"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Severity"</th>
                        <th scope="col">"Table"</th>
                        <th scope="col">"Row"</th>
                        <th scope="col">"What is wrong"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    view! { {table}{more} }.into_any()
}

/// What other systems found, with the contexts of which nothing was said although a rule asks for them.
#[must_use]
pub fn statuses(statuses: &[StatusView], required: &[String]) -> AnyView {
    let missing = required.iter().filter(|context| statuses.iter().all(|status| status.context != **context));
    let missing: Vec<_> = missing
        .map(|context| {
            view! {
                <tr>
                    <th scope="row">{context.clone()}</th>
                    <td data-label="State"><span class="badge badge--wait">"Missing"</span></td>
                    <td class="data__grow" data-label="Description">"Nothing was said about it yet. It must succeed."</td>
                    <td></td>
                </tr>
            }
        })
        .collect();
    let found: Vec<_> = statuses
        .iter()
        .map(|status| {
            let (class, word) = match status.state {
                StatusState::Pending => ("badge badge--busy", "Pending"),
                StatusState::Success => ("badge badge--good", "Success"),
                StatusState::Failure => ("badge badge--bad", "Failure"),
                StatusState::Error => ("badge badge--bad", "Error"),
            };
            let must = required.contains(&status.context).then_some(" It must succeed.");
            let link = status.url.clone().map(|href| {
                let label = format!("Details of {}", status.context);
                view! { " "<a href=href rel="nofollow noopener" aria-label=label>"Details"</a> }
            });
            view! {
                <tr>
                    <th scope="row">{status.context.clone()}</th>
                    <td data-label="State"><span class=class>{word}</span></td>
                    <td class="data__grow" data-label="Description">{status.description.clone()}{must}{link}</td>
                    <td data-label="Said by">{status.author.clone()}", "{time(status.at)}</td>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Statuses by context"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Context"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Description"</th>
                        <th scope="col">"Said by"</th>
                    </tr>
                </thead>
                <tbody>{missing}{found}</tbody>
            </table>
        },
    )
}
