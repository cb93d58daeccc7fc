//! What the pages of a merge request share: its head, its tabs, and the addresses that it speaks of.

use hub::{Dataset, DatasetPath, RequestState, RequestSummary, Source};
use leptos::prelude::*;

use crate::{
    components::{dataset, field},
    form::Submitted,
    shell::{Crumb, PageInfo},
    text, url,
};

/// The address of a dataset's merge requests.
#[must_use]
pub fn list_address(path: &DatasetPath) -> String {
    format!("{}/requests", dataset::address(path))
}

/// The address of a merge request's page.
#[must_use]
pub fn address(path: &DatasetPath, number: u64) -> String {
    format!("{}/{number}", list_address(path))
}

/// The pages between which a request's tabs switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What was said and what happened, and merging.
    Conversation,
    /// What was committed.
    Commits,
    /// What merging would change.
    Changes,
    /// What both sides changed differently.
    Conflicts,
    /// Rows that break rules or meet checks, and what other systems found.
    Checks,
}

/// How much there is behind each tab, where that is known.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Things said.
    pub conversation: Option<u64>,
    /// Commits.
    pub commits: Option<String>,
    /// Tables that change.
    pub changes: Option<u64>,
    /// Things to decide.
    pub conflicts: Option<u64>,
    /// Rows that break rules or meet checks.
    pub checks: Option<u64>,
}

/// What a page of a request says about itself. `here` is what the page is besides the conversation.
#[must_use]
pub fn info(dataset: &Dataset, request: &RequestSummary, here: Option<&str>, form: &Submitted) -> PageInfo {
    let number = format!("#{}", request.number);
    let mut crumbs = dataset::crumbs(&dataset.path);
    crumbs.push(Crumb::link("Merge requests", list_address(&dataset.path)));
    let title = format!("{} {number} · {}", request.title, dataset.path);
    let title = match here {
        None => {
            crumbs.push(Crumb::here(number));
            title
        }
        Some(here) => {
            crumbs.push(Crumb::link(number, address(&dataset.path, request.number)));
            crumbs.push(Crumb::here(here));
            format!("{here} · {title}")
        }
    };
    PageInfo { title: field::title(form, &title), crumbs, ..PageInfo::default() }
}

/// How a request stands, in a word.
#[must_use]
pub fn badge(request: &RequestSummary) -> AnyView {
    let (class, word) = match request.state {
        RequestState::Open if request.is_draft => ("badge badge--wait", "Draft"),
        RequestState::Open => ("badge badge--open", "Open"),
        RequestState::Merged => ("badge badge--good", "Merged"),
        RequestState::Closed => ("badge badge--bad", "Closed"),
    };
    view! { <span class=class>{word}</span> }.into_any()
}

/// Labels of a request.
#[must_use]
pub fn labels(request: &RequestSummary) -> Option<AnyView> {
    let labels: Vec<_> = request.labels.iter().map(|label| view! { <li class="label">{label.clone()}</li> }).collect();
    (!labels.is_empty()).then(|| view! { <ul class="labels" aria-label="Labels">{labels}</ul> }.into_any())
}

/// What people call the branch that is offered.
#[must_use]
pub fn source_name(source: &Source) -> String {
    match &source.path {
        _ if source.is_same => source.branch.clone(),
        Some(path) => format!("{path}:{}", source.branch),
        None => format!("{} of a dataset that you can’t see", source.branch),
    }
}

/// Where what is offered can be looked at, while its branch is there.
#[must_use]
pub fn source_place(dataset: &Dataset, source: &Source) -> Option<String> {
    let path = if source.is_same { Some(&dataset.path) } else { source.path.as_ref() }?;
    Some(url::place(&path.owner, &path.name, Some(&source.branch)))
}

/// Where the branch that gets the changes can be looked at.
#[must_use]
pub fn target_place(dataset: &Dataset, request: &RequestSummary) -> String {
    let reference = (request.target != dataset.default_branch).then_some(request.target.as_str());
    url::place(&dataset.path.owner, &dataset.path.name, reference)
}

/// “ADA wants to merge BRANCH into MAIN”. The branch of a request that is done may be gone, so nothing leads to it.
#[must_use]
pub fn sentence(dataset: &Dataset, request: &RequestSummary) -> AnyView {
    let is_open = request.state == RequestState::Open;
    let name = source_name(&request.source);
    let source = match source_place(dataset, &request.source).filter(|_| is_open) {
        Some(href) => view! { <a href=href>{name}</a> }.into_any(),
        None => view! { <strong>{name}</strong> }.into_any(),
    };
    let target = target_place(dataset, request);
    let target = view! { <a href=target>{request.target.clone()}</a> };
    let (does, to, end) = match request.state {
        RequestState::Open => (" wants to merge ", " into ", ""),
        RequestState::Merged => (" offered ", " for ", ", and it was merged"),
        RequestState::Closed => (" wanted to merge ", " into ", ""),
    };
    view! { <strong>{request.author.clone()}</strong>{does}{source}{to}{target}{end} }.into_any()
}

/// The head of a request's pages with its tabs.
#[must_use]
pub fn head(dataset: &Dataset, request: &RequestSummary, current: Tab, counts: &Counts) -> AnyView {
    view! {
        <header class="head">
            <div class="head__text">
                <p class="head__eyebrow">{format!("Merge request #{} of {}", request.number, dataset.path)}</p>
                <h1>{request.title.clone()}</h1>
                <p>{badge(request)}" "{sentence(dataset, request)}</p>
                {labels(request)}
            </div>
        </header>
        {tabs(dataset, request, current, counts)}
        {dataset::archived_banner(dataset)}
    }
    .into_any()
}

fn tabs(dataset: &Dataset, request: &RequestSummary, current: Tab, counts: &Counts) -> AnyView {
    let here = address(&dataset.path, request.number);
    let number = |count: Option<u64>| count.map(text::number);
    let conflicts = (request.state == RequestState::Open || current == Tab::Conflicts).then_some((
        Tab::Conflicts,
        "Conflicts",
        "/conflicts",
        number(counts.conflicts),
    ));
    let tabs: Vec<_> = [
        (Tab::Conversation, "Conversation", "", number(counts.conversation)),
        (Tab::Commits, "Commits", "/commits", counts.commits.clone()),
        (Tab::Changes, "Changes", "/changes", number(counts.changes)),
    ]
    .into_iter()
    .chain(conflicts)
    .chain([(Tab::Checks, "Checks", "/checks", number(counts.checks))])
    .map(|(tab, label, rest, count)| {
        let href = format!("{here}{rest}");
        let label = count.map_or_else(|| label.to_owned(), |count| format!("{label} ({count})"));
        view! { <li><a href=href aria-current=(tab == current).then_some("page")>{label}</a></li> }
    })
    .collect();
    view! { <nav class="tabs" aria-label="Merge request"><ul>{tabs}</ul></nav> }.into_any()
}

/// A cell's value as it is kept for people: nothing where it is empty.
#[must_use]
pub fn value(value: Option<&str>) -> AnyView {
    match value {
        None => view! { <span class="null">"empty"</span> }.into_any(),
        Some(text) => text.to_owned().into_any(),
    }
}
