//! What the pages of a merge request share: its head, its tabs, and the addresses that it speaks of.

use hub::{Dataset, DatasetPath, May, RequestOverview, RequestState, RequestSummary, Source};
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Viewer},
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

/// A request as the head of its pages shows it.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// Its dataset.
    pub dataset: &'a Dataset,
    /// The request.
    pub request: &'a RequestSummary,
    /// What all its pages say of it.
    pub overview: &'a RequestOverview,
    /// What the acting person may do.
    pub may: May,
}

impl About<'_> {
    fn here(&self) -> String {
        address(&self.dataset.path, self.request.number)
    }

    /// What stands in place of what can't be found out while a branch is gone.
    #[must_use]
    pub fn nothing(&self) -> Option<AnyView> {
        self.overview.gone.as_ref()?;
        Some(view! { <p class="section quiet">"A branch is gone, so there is nothing to show here."</p> }.into_any())
    }
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
fn sentence(About { dataset, request, overview, .. }: About<'_>) -> AnyView {
    let is_there = request.state == RequestState::Open && overview.gone.is_none();
    let name = source_name(&request.source);
    let source = match source_place(dataset, &request.source).filter(|_| is_there) {
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
pub fn head(about: About<'_>, current: Tab) -> AnyView {
    let About { dataset, request, .. } = about;
    view! {
        <header class="head">
            <div class="head__text">
                <p class="head__eyebrow">{format!("Merge request #{} of {}", request.number, dataset.path)}</p>
                <h1>{request.title.clone()}</h1>
                <p>{badge(request)}" "{sentence(about)}</p>
                {labels(request)}
            </div>
        </header>
        {gone(about)}
        {tabs(about, current)}
        {dataset::archived_banner(about.dataset)}
    }
    .into_any()
}

/// Says that a branch is gone, with what can be done about it.
fn gone(about: About<'_>) -> Option<AnyView> {
    let branch = about.overview.gone.as_ref()?;
    let back = branch.back_at.map(|head| {
        let action = format!("{}/branch", about.here());
        let label = format!("Bring {} back", about.request.source.branch);
        let hint = format!("As it was when it was deleted: {}", text::short(&head));
        view! { <form method="post" action=action><button class="button" type="submit" title=hint>{label}</button></form> }
    });
    let close = about.may.edit.then(|| {
        view! {
            <form method="post" action=about.here()>
                <button class="button" type="submit" name="state" value="closed">"Close the request"</button>
            </form>
        }
    });
    let words = if about.may.edit {
        "Until there is one of that name again, nothing can be merged."
    } else {
        "Until there is one of that name again, nothing can be merged. Who opened the request, and whoever may write \
         here, can close it."
    };
    let view = view! {
        <section class="banner banner--bad" aria-label="A branch is gone">
            <div><p><strong>{branch.words.clone()}</strong></p><p>{words}</p></div>
            <div class="actions">{back}{close}</div>
        </section>
    };
    Some(view.into_any())
}

fn tabs(about: About<'_>, current: Tab) -> AnyView {
    let About { request, overview, .. } = about;
    let here = about.here();
    let more = if overview.has_more_commits { "+" } else { "" };
    let commits = overview.commits.map(|commits| format!("{}{more}", text::number(commits)));
    let conflicts = (request.state == RequestState::Open || current == Tab::Conflicts).then_some((
        Tab::Conflicts,
        "Conflicts",
        "/conflicts",
        overview.undecided.map(text::number),
    ));
    let tabs: Vec<_> = [
        (Tab::Conversation, "Conversation", "", Some(text::number(overview.said))),
        (Tab::Commits, "Commits", "/commits", commits),
        (Tab::Changes, "Changes", "/changes", overview.tables.map(text::number)),
    ]
    .into_iter()
    .chain(conflicts)
    .chain([(Tab::Checks, "Checks", "/checks", overview.checks.map(text::number))])
    .map(|(tab, label, rest, count)| {
        let href = format!("{here}{rest}");
        // What waits for somebody stands out.
        let waits = matches!(tab, Tab::Conflicts | Tab::Checks) && count.as_deref().is_some_and(|count| count != "0");
        let class = if waits { "tabs__count tabs__count--waits" } else { "tabs__count" };
        let count = count.map(|count| view! { " "<span class=class>{count}</span> });
        view! { <li><a href=href aria-current=(tab == current).then_some("page")>{label}{count}</a></li> }
    })
    .collect();
    view! { <nav class="tabs" aria-label="Merge request"><ul>{tabs}</ul></nav> }.into_any()
}

/// The field with a request's labels.
#[must_use]
pub fn labels_field(form: &Submitted, first: &[String]) -> AnyView {
    Field::new("labels", "Labels").note("optional").hint("Words to find it by, separated by commas.").text(
        form,
        &first.join(", "),
        false,
    )
}

/// The field with those who are asked for a review; nothing where nobody has an account.
#[must_use]
pub fn reviewers_field(form: &Submitted, first: &[String]) -> Option<AnyView> {
    use_context::<Viewer>().filter(|viewer| viewer.can_sign_in)?;
    let field = Field::new("reviewers", "Reviewers")
        .note("optional")
        .hint("Accounts of those who should look at it, separated by commas.");
    Some(field.text(form, &first.join(", "), false))
}

/// A cell's value as it is kept for people: nothing where it is empty.
#[must_use]
pub fn value(value: Option<&str>) -> AnyView {
    match value {
        None => view! { <span class="null">"empty"</span> }.into_any(),
        Some(text) => text.to_owned().into_any(),
    }
}
