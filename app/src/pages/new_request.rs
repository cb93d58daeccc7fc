//! The form for a merge request.

use hub::{Dataset, DatasetPath};
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
        request,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// What is known before anything is typed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The dataset that would get the changes.
    pub dataset: Dataset,
    /// Its branches.
    pub targets: Vec<String>,
    /// The dataset that offers, where it is another one.
    pub source: Option<DatasetPath>,
    /// The branches of the dataset that offers.
    pub sources: Vec<String>,
    /// The branch that offers; may be empty.
    pub from: String,
    /// The branch that gets the changes; may be empty.
    pub into: String,
}

/// The page.
#[must_use]
pub fn page(proposal: &Proposal, form: &Submitted) -> AnyView {
    let dataset = &proposal.dataset;
    let list = request::list_address(&dataset.path);
    let mut crumbs = dataset::crumbs(&dataset.path);
    crumbs.push(Crumb::link("Merge requests", list.clone()));
    crumbs.push(Crumb::here("New"));
    // Nothing is offered to what is archived.
    let content = dataset::archived_banner(dataset).unwrap_or_else(|| fields(proposal, &list, form));
    shell(
        PageInfo {
            title: field::title(form, &format!("New merge request · {}", dataset.path)),
            crumbs,
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{dataset.path.to_string()}</p>
                    <h1>"New merge request"</h1>
                    <p class="head__lead">
                        {format!("Offer the changes of a branch to {}. Nothing is merged yet: others can look at it first.", dataset.title)}
                    </p>
                </div>
            </header>
            {content}
        },
    )
}

fn fields(proposal: &Proposal, list: &str, form: &Submitted) -> AnyView {
    let Proposal { dataset, targets, source, sources, from, into } = proposal;
    let into = if into.is_empty() { dataset.default_branch.clone() } else { into.clone() };
    let target = form.or("target_branch", &into);
    let mut options: Vec<_> = targets.iter().map(|branch| (branch.clone(), branch.clone())).collect();
    if !targets.contains(&target) {
        options.push((target.clone(), target.clone()));
    }
    let compare = (source.is_none() && !from.is_empty()).then(|| {
        let address = dataset::address(&dataset.path);
        let href = url::with_query(&format!("{address}/compare"), &[("from", &into), ("to", from)]);
        view! { <p><a href=href>{format!("What is different in {from}")}</a></p> }
    });
    let first = source.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_draft = form.ticked("is_draft", false);
    view! {
        <form class="form" method="post" action=list.to_owned()>
            {Field::new("title", "Title").hint("What changes, in a line.").text(form, "", true)}
            {Field::new("text", "Description")
                .note("optional, Markdown")
                .hint("Why, where the values come from, and what to look at.")
                .lines(form, "", 5, false)}
            {Field::new("source_branch", "Branch with the changes")
                .view(form, |wiring| field::line_of(wiring, form.or("source_branch", from), sources.clone()))}
            {Field::new("target_branch", "Branch that gets them")
                .view(form, |wiring| field::select(wiring, "input", options, &target))}
            {Field::new("source", "Dataset with the changes")
                .note("optional")
                .hint("A fork, such as ada/prices. Leave it empty for a branch of this dataset.")
                .text(form, &first, false)}
            <label class="choice">
                <input type="checkbox" name="is_draft" value="1" checked=is_draft />
                "It is a draft"
                <span class="field__hint">"Others can look at it, but it can’t be merged until you say that it is ready."</span>
            </label>
            {compare}
            <div class="actions">
                <button class="button button--primary" type="submit">"Open the merge request"</button>
                <a class="button button--quiet" href=list.to_owned()>"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}
