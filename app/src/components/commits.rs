//! Commits, newest first, strung along their stream.

use hub::CommitSummary;
use leptos::prelude::*;

use crate::{components::time, text, url};

/// A list of commits of the dataset with this address.
#[must_use]
pub fn river(dataset: &str, commits: &[CommitSummary]) -> AnyView {
    let stops: Vec<_> = commits
        .iter()
        .map(|commit| {
            let hash = commit.hash.to_string();
            let href = url::commit(dataset, &hash);
            let author = commit.author.clone();
            let when = time(commit.time);
            view! {
                <li class="river__stop">
                    <a class="river__message" href=href>{text::first_line(&commit.message)}</a>
                    <span class="river__hash hash" title=hash>{text::short(&commit.hash)}</span>
                    <p class="river__meta">{author}", "{when}</p>
                </li>
            }
        })
        .collect();
    view! { <ol class="river">{stops}</ol> }.into_any()
}
