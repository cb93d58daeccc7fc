//! The start: every dataset that the acting person may read.

use hub::DatasetSummary;
use leptos::prelude::*;

use crate::{
    components::{dataset, logo, scroll, time},
    shell::{PageInfo, shell},
    text, url,
};

/// The page.
#[must_use]
pub fn page(datasets: &[DatasetSummary]) -> AnyView {
    let content = if datasets.is_empty() { empty() } else { list(datasets) };
    let new = (!datasets.is_empty()).then(|| view! { <a class="button button--primary" href="/new">"New dataset"</a> });
    shell(
        PageInfo { title: String::from("Datasets"), ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text"><h1>"Datasets"</h1></div>
                <div class="head__actions">{new}</div>
            </header>
            {content}
        },
    )
}

fn empty() -> AnyView {
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>"No dataset yet"</h2>
            <p>
                "A dataset is a set of tables with one history. Every state you commit stays, and you can always see \
                 who changed which cell, when and why."
            </p>
            <a class="button button--primary" href="/new">"Create the first dataset"</a>
        </section>
    }
    .into_any()
}

/// Datasets in a table.
pub(super) fn list(datasets: &[DatasetSummary]) -> AnyView {
    let rows: Vec<_> = datasets
        .iter()
        .map(|summary| {
            let address = dataset::address(&summary.dataset.path);
            let description = text::first_line(&summary.dataset.description);
            let description = (!summary.dataset.description.trim().is_empty())
                .then(|| view! { <span class="data__quiet">{description}</span> });
            let head = match &summary.head {
                None => view! { <span class="quiet">"no commits yet"</span> }.into_any(),
                Some(commit) => {
                    let href = url::commit(&address, &commit.hash.to_string());
                    let when = time(commit.time);
                    view! {
                        <a href=href>{text::first_line(&commit.message)}</a>
                        <br />
                        <span class="data__quiet">{commit.author.clone()}", "{when}</span>
                    }
                    .into_any()
                }
            };
            view! {
                <tr>
                    <th scope="row">
                        <a href=address>{summary.dataset.title.clone()}</a>
                        {dataset::labels(summary.dataset.visibility, summary.dataset.archived_at.is_some())}
                        <br />
                        <span class="data__quiet">{summary.dataset.path.to_string()}</span>
                        {description.map(|description| view! { <br />{description} })}
                    </th>
                    <td class="data__number" data-label="Tables">{text::number(summary.tables as u64)}</td>
                    <td class="data__number" data-label="Rows">{text::number(summary.rows)}</td>
                    <td data-label="Last commit">{head}</td>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Datasets"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Dataset"</th>
                        <th scope="col" class="data__number">"Tables"</th>
                        <th scope="col" class="data__number">"Rows"</th>
                        <th scope="col">"Last commit"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}
