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
    let address = dataset::place(&view.dataset, &view.viewed);
    let list = if view.commits.is_empty() {
        view! { <p class="quiet">"Nothing has been committed yet."</p> }.into_any()
    } else {
        commits::river(&dataset::address(&view.dataset.path), &view.commits)
    };
    let older = view.next.map(|next| {
        let href = format!("{address}/history?from={next}");
        view! { <nav class="pager" aria-label="Pages"><a class="button" href=href rel="next">"Older commits"</a></nav> }
    });
    shell(
        PageInfo {
            title: format!("History of {}", view.dataset.title),
            crumbs: dataset::crumbs_to(&view.dataset, &view.viewed, "History"),
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"History"</h1>
                </div>
            </header>
            {dataset::tabs(&view.dataset, &view.viewed, None, Tab::History)}
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {list}
            {older}
        },
    )
}
