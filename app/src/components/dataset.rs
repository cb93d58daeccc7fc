//! What the pages of a dataset share: the way to them, their tabs, and the word about what is not committed.

use hub::{Dataset, DatasetPath, DraftSummary, Viewed, ViewedKind, Visibility};
use leptos::prelude::*;

use crate::{
    components::time,
    shell::{Crumb, Viewer},
    text, url,
};

/// The address of a dataset's page.
#[must_use]
pub fn address(path: &DatasetPath) -> String {
    url::dataset(&path.owner, &path.name)
}

/// The address of a dataset's page in the state that is looked at.
#[must_use]
pub fn place(dataset: &Dataset, viewed: &Viewed) -> String {
    url::place(&dataset.path.owner, &dataset.path.name, viewed.reference.as_deref())
}

/// The way to a dataset's page, which is not the last step.
#[must_use]
pub fn crumbs(path: &DatasetPath) -> Vec<Crumb> {
    vec![Crumb::link(path.owner.clone(), url::namespace(&path.owner)), Crumb::link(path.name.clone(), address(path))]
}

/// The way to a dataset's page in a state that is not the default branch.
#[must_use]
pub fn crumbs_to_state(dataset: &Dataset, viewed: &Viewed) -> Vec<Crumb> {
    let mut crumbs = crumbs(&dataset.path);
    crumbs.push(Crumb::here(viewed.name.clone()));
    crumbs
}

/// The way to a dataset's page in the state that is looked at, which is not the last step.
#[must_use]
pub fn crumbs_at(dataset: &Dataset, viewed: &Viewed) -> Vec<Crumb> {
    let mut crumbs = crumbs(&dataset.path);
    if viewed.reference.is_some() {
        crumbs.push(Crumb::link(viewed.name.clone(), place(dataset, viewed)));
    }
    crumbs
}

/// The way to a page of a dataset in the state that is looked at.
#[must_use]
pub fn crumbs_to(dataset: &Dataset, viewed: &Viewed, here: impl Into<String>) -> Vec<Crumb> {
    let mut crumbs = crumbs_at(dataset, viewed);
    crumbs.push(Crumb::here(here));
    crumbs
}

/// The pages between which the tabs switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Tables and last commits.
    Tables,
    /// All commits.
    History,
    /// What is not committed.
    Draft,
    /// Branches and tags.
    Branches,
    /// What is offered to be merged.
    Requests,
}

/// The tabs of a dataset's pages, with the state that is looked at and a way to another.
#[must_use]
pub fn tabs(dataset: &Dataset, viewed: &Viewed, draft: Option<&DraftSummary>, current: Tab) -> AnyView {
    let here = place(dataset, viewed);
    let draft = draft.map_or_else(|| String::from("Draft"), |draft| format!("Draft ({})", text::number(draft.rows)));
    let tab = |tab: Tab, label: String, href: String| {
        view! { <li><a href=href aria-current=(tab == current).then_some("page")>{label}</a></li> }
    };
    let draft = viewed.branch().is_some().then(|| tab(Tab::Draft, draft, format!("{here}/draft")));
    let branches = format!("{}/branches", address(&dataset.path));
    let requests = format!("{}/requests", address(&dataset.path));
    view! {
        <nav class="tabs" aria-label="Dataset">
            <ul>
                {tab(Tab::Tables, String::from("Tables"), here.clone())}
                {tab(Tab::History, String::from("History"), format!("{here}/history"))}
                {draft}
                {tab(Tab::Branches, String::from("Branches and tags"), branches)}
                {tab(Tab::Requests, String::from("Merge requests"), requests)}
            </ul>
        </nav>
    }
    .into_any()
}

/// The tabs of pages that are about no state in particular.
#[must_use]
pub fn tabs_of_all(dataset: &Dataset, current: Tab) -> AnyView {
    let viewed = Viewed {
        kind: ViewedKind::Branch,
        name: dataset.default_branch.clone(),
        reference: None,
        commit: None,
        may_edit: false,
    };
    view! {
        {tabs(dataset, &viewed, None, current)}
        {archived_banner(dataset)}
    }
    .into_any()
}

/// The words beside its name in a list: that it is not for everybody to read, and that it is archived. Where there are no
/// accounts, nobody else reads anything.
#[must_use]
pub fn labels(visibility: Visibility, is_archived: bool) -> AnyView {
    let has_accounts = use_context::<Viewer>().is_some_and(|viewer| viewer.can_sign_in);
    let is_private = visibility == Visibility::Private && has_accounts;
    let words = [(is_private, "private"), (is_archived, "archived")];
    let labels = words.into_iter().filter(|(is_so, _)| *is_so);
    labels.map(|(_, word)| view! { " "<span class="badge">{word}</span> }).collect::<Vec<_>>().into_any()
}

/// Says that it is archived.
#[must_use]
pub fn archived_banner(dataset: &Dataset) -> Option<AnyView> {
    let since = time(dataset.archived_at?);
    let view = view! {
        <section class="banner" aria-label="Archived">
            <p><strong>"Archived: read only"</strong>" since "{since}". It can be forked and exported."</p>
        </section>
    };
    Some(view.into_any())
}

/// Says that the dataset is archived, and which state is looked at, unless it is the default branch as it is now.
#[must_use]
pub fn viewed_banner(dataset: &Dataset, viewed: &Viewed) -> AnyView {
    view! {
        {archived_banner(dataset)}
        {state_banner(dataset, viewed)}
    }
    .into_any()
}

fn state_banner(dataset: &Dataset, viewed: &Viewed) -> Option<AnyView> {
    viewed.reference.as_ref()?;
    let (word, note) = match viewed.kind {
        ViewedKind::Branch => ("Branch", (!viewed.may_edit).then_some("You may read it, not edit it.")),
        ViewedKind::Tag => ("Tag", Some("It stays as it is: it can be read, not edited.")),
        ViewedKind::Commit => ("Commit", Some("It stays as it is: it can be read, not edited.")),
        ViewedKind::Past => ("As of", Some("This is what was then: it can be read, not edited.")),
    };
    let home = address(&dataset.path);
    // What was then brings nothing to what is now: the two are held against each other.
    let direct = if viewed.kind == ViewedKind::Branch { "" } else { "1" };
    let compare = viewed.reference.as_ref().map(|reference| {
        let sides = [("from", dataset.default_branch.as_str()), ("to", reference.as_str()), ("direct", direct)];
        url::with_query(&format!("{home}/compare"), &sides)
    });
    let main = dataset.default_branch.clone();
    let view = view! {
        <section class="banner" aria-label="State">
            <p>{word}" "<strong>{viewed.name.clone()}</strong>". "{note}</p>
            <div class="actions">
                <a class="button button--small" href=compare>"Compare with "{main.clone()}</a>
                <a class="button button--small" href=home>"To "{main}</a>
            </div>
        </section>
    };
    Some(view.into_any())
}

/// Says that there are uncommitted changes, and leads to them.
#[must_use]
pub fn draft_banner(dataset: &Dataset, viewed: &Viewed, draft: &DraftSummary) -> AnyView {
    let href = format!("{}/draft", place(dataset, viewed));
    let saved = time(draft.updated_at);
    let behind = draft.behind.then(|| {
        view! { <p class="small">"Others have committed since you began; your changes will be laid over theirs."</p> }
    });
    view! {
        <section class="banner banner--draft" aria-label="Draft">
            <div>
                <p>
                    <strong>{text::count(draft.rows, "changed row")}</strong>
                    " in your draft, not committed yet. Last saved "{saved}"."
                </p>
                {behind}
            </div>
            <a class="button" href=href>
                {if viewed.branch().is_some() { "Review and commit" } else { "Look at it" }}
            </a>
        </section>
    }
    .into_any()
}
