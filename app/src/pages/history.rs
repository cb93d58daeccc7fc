//! A branch's commits, newest first.

use hub::LogView;
use leptos::prelude::*;

use crate::{
    components::{
        commits,
        dataset::{self, Tab},
    },
    shell::{PageInfo, shell},
};

/// The page.
#[must_use]
pub fn page(view: &LogView) -> AnyView {
    let address = dataset::address(&view.dataset.path);
    let list = if view.commits.is_empty() {
        view! { <p class="quiet">"Nothing has been committed yet."</p> }.into_any()
    } else {
        commits::river(&address, &view.commits)
    };
    let older = view.next.map(|next| {
        let href = format!("{address}/history?from={next}");
        view! { <nav class="pager" aria-label="Pages"><a class="button" href=href rel="next">"Older commits"</a></nav> }
    });
    shell(
        PageInfo {
            title: format!("History of {}", view.dataset.title),
            crumbs: dataset::crumbs_to(&view.dataset.path, "History"),
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"History"</h1>
                </div>
            </header>
            {dataset::tabs(&view.dataset, None, Tab::History)}
            {list}
            {older}
        },
    )
}
