//! Somebody's datasets, and for themselves those that they deleted and can bring back.

use hub::{DeletedDataset, NamespaceView};
use leptos::prelude::*;

use crate::{
    components::{dataset, scroll, time},
    pages::datasets,
    shell::{Crumb, PageInfo, shell},
};

/// The page.
#[must_use]
pub fn page(view: &NamespaceView) -> AnyView {
    let list = if view.datasets.is_empty() {
        view! { <p class="section quiet">"No datasets yet."</p> }.into_any()
    } else {
        datasets::list(&view.datasets)
    };
    let new = view.is_own.then(|| view! { <a class="button button--primary" href="/new">"New dataset"</a> });
    let deleted = (!view.deleted.is_empty()).then(|| deleted(&view.deleted));
    shell(
        PageInfo {
            title: format!("Datasets of {}", view.owner),
            crumbs: vec![Crumb::here(view.owner.clone())],
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text"><h1>{view.owner.clone()}</h1></div>
                <div class="head__actions">{new}</div>
            </header>
            {list}
            {deleted}
        },
    )
}

fn deleted(datasets: &[DeletedDataset]) -> AnyView {
    let rows: Vec<_> = datasets
        .iter()
        .map(|deleted| {
            let path = &deleted.dataset.path;
            let action = format!("{}/restore", dataset::address(path));
            let (restore, erase) = (format!("Bring back {path}"), format!("Delete {path} for good"));
            view! {
                <tr>
                    <th scope="row" class="data__grow">{deleted.dataset.title.clone()}" ("{path.to_string()}")"</th>
                    <td data-label="Can be brought back until">{time(deleted.until)}</td>
                    <td>
                        <form class="actions" method="post" action=action>
                            <button class="button button--small" type="submit" aria-label=restore>"Bring back"</button>
                            <button
                                class="button button--danger button--small"
                                type="submit"
                                name="forever"
                                value="yes"
                                aria-label=erase
                            >
                                "Delete for good"
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let table = scroll(
        String::from("Deleted datasets"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Dataset"</th>
                        <th scope="col">"Can be brought back until"</th>
                        <th scope="col">"Actions"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    );
    view! {
        <section class="section" aria-labelledby="deleted">
            <h2 id="deleted">"Deleted"</h2>
            {table}
        </section>
    }
    .into_any()
}
