//! Two states of a dataset side by side: what is different in one against the other.

use hub::{ChangesAsked, CompareView, Role, Viewed, ViewedKind};
use leptos::prelude::*;

use crate::{
    components::{dataset, diff},
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The page with the changes that were asked for.
#[must_use]
pub fn page(view: &CompareView, asked: &ChangesAsked) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::address(path);
    let reference = |viewed: &Viewed| viewed.reference.clone().unwrap_or_else(|| viewed.name.clone());
    let (from, to) = (reference(&view.from), reference(&view.to));
    let here = format!("{address}/compare?from={}&to={}", url::encode(&from), url::encode(&to));
    let swapped = format!("{address}/compare?from={}&to={}", url::encode(&to), url::encode(&from));
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::link("Branches and tags", format!("{address}/branches")));
    crumbs.push(Crumb::here("Compare"));
    let place = dataset::place(&view.dataset, &view.to);
    let filtered = diff::filtered(&here, asked);
    let sides = [("from", from.clone()), ("to", to.clone())];
    let filter = (!view.changes.tables.is_empty())
        .then(|| diff::filter(&format!("{address}/compare"), &sides, asked, &view.changes));
    let tables = if view.changes.tables.is_empty() {
        view! { <p class="section quiet">"Both hold the same."</p> }.into_any()
    } else {
        let here = diff::Place {
            dataset: &place,
            here: &filtered,
            comment: None,
            said: None,
            is_filtered: asked.is_filtered(),
        };
        diff::each(&here, &view.changes, |_| None)
    };
    let apart = view.apart.map(|(ahead, behind)| {
        let words = format!(
            "{} has {} that {} has not, and lacks {}.",
            view.to.name,
            text::count(ahead, "commit"),
            view.from.name,
            text::count(behind, "commit")
        );
        view! { <p class="head__eyebrow">{words}</p> }
    });
    let back = asked
        .after
        .as_ref()
        .map(|_| view! { <p class="pager"><a class="button" href=filtered.clone()>"First changes"</a></p> });
    let action = format!("{address}/compare");
    let are_branches = [&view.from, &view.to].iter().all(|viewed| viewed.kind == ViewedKind::Branch);
    let is_ahead = view.apart.is_some_and(|(ahead, _)| ahead > 0);
    let propose = (are_branches && is_ahead && view.dataset.role >= Some(Role::Writer)).then(|| {
        let parts = [("from", view.to.name.as_str()), ("into", view.from.name.as_str())];
        let href = url::with_query(&format!("{address}/requests/new"), &parts);
        view! { <a class="button button--primary" href=href>{format!("Propose {}", view.to.name)}</a> }
    });
    shell(
        PageInfo {
            title: format!("{} against {} · {path}", view.to.name, view.from.name),
            crumbs,
            ..PageInfo::default()
        },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>{format!("{} → {}", view.from.name, view.to.name)}</h1>
                    {apart}
                </div>
                <div class="head__actions">{propose}<a class="button" href=swapped>"The other way round"</a></div>
            </header>
            <form class="pager" method="get" action=action>
                <label for="compare-from">"From"</label>
                <input class="input input--small" id="compare-from" name="from" value=from required />
                <label for="compare-to">"To"</label>
                <input class="input input--small" id="compare-to" name="to" value=to required />
                <button class="button button--small" type="submit">"Compare"</button>
            </form>
            {filter}
            {back}
            {tables}
        },
    )
}
