//! What is found about a merge request: rows that break rules or meet checks, and what other systems say.

use hub::{RequestChecks, RequestState};
use leptos::prelude::*;

use crate::{
    components::{
        findings,
        request::{self, About, Tab},
    },
    form::Submitted,
    shell::shell,
    text,
};

/// The page.
#[must_use]
pub fn page(view: &RequestChecks) -> AnyView {
    let form = Submitted::default();
    let about = About { dataset: &view.dataset, request: &view.request, overview: &view.overview, may: view.may };
    let found = about.nothing().unwrap_or_else(|| view! { {rows(view)}{statuses(view)} }.into_any());
    shell(
        request::info(&view.dataset, &view.request, Some("Checks"), &form),
        view! {
            {request::head(about, Tab::Checks)}
            {found}
        },
    )
}

/// The rows of the merged state.
fn rows(view: &RequestChecks) -> AnyView {
    let findings = &view.findings;
    let here = request::address(&view.dataset.path, view.request.number);
    let content = if view.request.state != RequestState::Open {
        view! { <p class="quiet">"It is not open any more: nothing would be merged."</p> }.into_any()
    } else if findings.is_empty() {
        let words = if view.open_conflicts > 0 {
            "No rule would be broken. Warnings are told once all conflicts are decided."
        } else {
            "No rule would be broken, and no row comes to meet a check."
        };
        view! { <p>{words}</p> }.into_any()
    } else {
        let offered = request::source_place(&view.dataset, &view.request.source);
        let place = offered.unwrap_or_else(|| request::target_place(&view.dataset, &view.request));
        let decide = (findings.errors > 0).then(|| {
            let href = format!("{here}/conflicts");
            view! { <p><a href=href>"Mend the rows that break rules"</a>" before it can be merged."</p> }
        });
        let later = (view.open_conflicts > 0)
            .then(|| view! { <p class="quiet small">"Warnings are told once all conflicts are decided."</p> });
        view! { <p>{findings::count(findings)}</p>{decide}{findings::list(&place, findings)}{later} }.into_any()
    };
    view! {
        <section class="section" aria-labelledby="rows">
            <h2 id="rows">"Rows of the merged state"</h2>
            {content}
        </section>
    }
    .into_any()
}

fn statuses(view: &RequestChecks) -> AnyView {
    let required = view.protection.as_ref().map(|rule| rule.checks.as_slice()).unwrap_or_default();
    let head = view.head.map(|head| {
        let hash = head.to_string();
        view! { <p class="quiet small">"About what is offered: "<code class="hash" title=hash>{text::short(&head)}</code></p> }
    });
    let content = if view.statuses.is_empty() && required.is_empty() {
        view! { <p class="quiet">"No other system has said anything about it."</p> }.into_any()
    } else {
        findings::statuses(&view.statuses, required)
    };
    view! {
        <section class="section" aria-labelledby="statuses">
            <h2 id="statuses">"Statuses"</h2>
            {head}
            {content}
        </section>
    }
    .into_any()
}
