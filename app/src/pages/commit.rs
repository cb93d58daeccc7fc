//! A commit: who, when, why, and what it changed.

use hub::CommitView;
use leptos::prelude::*;

use crate::{
    components::{dataset, diff, findings, time},
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The page. `paged` says that it shows a later page of one table's changes.
#[must_use]
pub fn page(view: &CommitView, paged: bool) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::address(path);
    let commit = &view.commit;
    let hash = commit.hash.to_string();
    let here = url::commit(&address, &hash);
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::link("History", format!("{address}/history")));
    crumbs.push(Crumb::here(text::short(&commit.hash)));
    let subject = text::first_line(&commit.message);
    let body = commit.message.trim_start().split_once('\n').map(|(_, rest)| rest.trim().to_owned());
    let body = body.filter(|rest| !rest.is_empty()).map(|rest| view! { <p class="head__lead">{rest}</p> });
    let parents: Vec<_> = commit
        .parents
        .iter()
        .map(|parent| {
            let href = url::commit(&address, &parent.to_string());
            view! { <a class="hash" href=href>{text::short(parent)}</a>" " }
        })
        .collect();
    let parents = if parents.is_empty() { "none: the first commit".into_any() } else { parents.into_any() };
    let back = paged.then(|| {
        view! { <p class="pager"><a class="button" href=here.clone()>"All changes of this commit"</a></p> }
    });
    let tables = diff::tables(&address, &here, &view.changes)
        .unwrap_or_else(|| view! { <p class="section quiet">"This commit changed no table."</p> }.into_any());
    shell(
        PageInfo { title: format!("{subject} · {path}"), crumbs, ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">"Commit"</p>
                    <h1>{subject}</h1>
                    {body}
                </div>
            </header>
            {dataset::archived_banner(&view.dataset)}
            <dl class="facts">
                <div><dt>"Author"</dt><dd>{commit.author.clone()}</dd></div>
                <div><dt>"Time"</dt><dd>{time(commit.time)}</dd></div>
                <div><dt>"Follows"</dt><dd>{parents}</dd></div>
                <div><dt>"Name"</dt><dd><code class="hash" title=hash.clone()>{text::short(&commit.hash)}</code></dd></div>
            </dl>
            {warnings(view)}
            {statuses(view)}
            {back}
            {tables}
        },
    )
}

/// The rows that it brought to meet checks that warn, as they are in it.
fn warnings(view: &CommitView) -> Option<AnyView> {
    if view.warnings.is_empty() {
        return None;
    }
    let path = &view.dataset.path;
    let place = url::place(&path.owner, &path.name, Some(&view.commit.hash.to_string()));
    let view = view! {
        <section class="section" aria-labelledby="warnings">
            <h2 id="warnings">{text::count(view.warnings.warnings, "warning")}</h2>
            {findings::list(&place, &view.warnings)}
        </section>
    };
    Some(view.into_any())
}

fn statuses(view: &CommitView) -> Option<AnyView> {
    if view.statuses.is_empty() {
        return None;
    }
    let view = view! {
        <section class="section" aria-labelledby="statuses">
            <h2 id="statuses">"Statuses"</h2>
            {findings::statuses(&view.statuses, &[])}
        </section>
    };
    Some(view.into_any())
}
