//! Commits, newest first, strung along their stream.

use hub::CommitSummary;
use leptos::prelude::*;

use crate::{components::time, text, url};

/// A list of commits of the dataset with this address.
#[must_use]
pub fn river(dataset: &str, commits: &[CommitSummary]) -> AnyView {
    stops(Some(dataset), commits)
}

/// A list of commits that the reader can't look at.
#[must_use]
pub fn river_without_links(commits: &[CommitSummary]) -> AnyView {
    stops(None, commits)
}

fn stops(dataset: Option<&str>, commits: &[CommitSummary]) -> AnyView {
    let stops: Vec<_> = commits
        .iter()
        .map(|commit| {
            let hash = commit.hash.to_string();
            let message = text::first_line(&commit.message);
            let message = match dataset.map(|dataset| url::commit(dataset, &hash)) {
                Some(href) => view! { <a class="river__message" href=href>{message}</a> }.into_any(),
                None => view! { <span class="river__message">{message}</span> }.into_any(),
            };
            let author = commit.author.clone();
            let when = time(commit.time);
            view! {
                <li class="river__stop">
                    {message}
                    <span class="river__hash hash" title=hash>{text::short(&commit.hash)}</span>
                    <p class="river__meta">{author}", "{when}</p>
                </li>
            }
        })
        .collect();
    view! { <ol class="river">{stops}</ol> }.into_any()
}
