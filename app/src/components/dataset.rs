//! What the pages of a dataset share: the way to them, their tabs, and the word about what is not committed.

use hub::{Dataset, DatasetPath, DraftSummary};
use leptos::prelude::*;

use crate::{components::time, shell::Crumb, text, url};

/// The address of a dataset's page.
#[must_use]
pub fn address(path: &DatasetPath) -> String {
    url::dataset(&path.owner, &path.name)
}

/// The way to a dataset's page, which is not the last step.
#[must_use]
pub fn crumbs(path: &DatasetPath) -> Vec<Crumb> {
    vec![Crumb::here(path.owner.clone()), Crumb::link(path.name.clone(), address(path))]
}

/// The way to a page of a dataset.
#[must_use]
pub fn crumbs_to(path: &DatasetPath, here: impl Into<String>) -> Vec<Crumb> {
    let mut crumbs = crumbs(path);
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
}

/// The tabs of a dataset's pages.
#[must_use]
pub fn tabs(dataset: &Dataset, draft: Option<&DraftSummary>, current: Tab) -> AnyView {
    let address = address(&dataset.path);
    let draft = draft.map_or_else(|| String::from("Draft"), |draft| format!("Draft ({})", text::number(draft.rows)));
    let tab = |tab: Tab, label: String, href: String| {
        view! { <li><a href=href aria-current=(tab == current).then_some("page")>{label}</a></li> }
    };
    view! {
        <nav class="tabs" aria-label="Dataset">
            <ul>
                {tab(Tab::Tables, String::from("Tables"), address.clone())}
                {tab(Tab::History, String::from("History"), format!("{address}/history"))}
                {tab(Tab::Draft, draft, format!("{address}/draft"))}
            </ul>
        </nav>
    }
    .into_any()
}

/// Says that there are uncommitted changes, and leads to them.
#[must_use]
pub fn draft_banner(dataset: &Dataset, draft: &DraftSummary) -> AnyView {
    let href = format!("{}/draft", address(&dataset.path));
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
            <a class="button" href=href>"Review and commit"</a>
        </section>
    }
    .into_any()
}
