//! Two states of a dataset side by side: what is different in one against the other.

use hub::{Against, ChangesAsked, CompareView, Role, Viewed, ViewedKind};
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
    let action = format!("{address}/compare");
    let is_direct = view.against == Against::Other;
    let direct = |is_direct: bool| if is_direct { "1" } else { "" };
    let compare = |from: &str, to: &str, is_direct: bool| {
        url::with_query(&action, &[("from", from), ("to", to), ("direct", direct(is_direct))])
    };
    let here = compare(&from, &to, is_direct);
    let (swapped, other) = (compare(&to, &from, is_direct), compare(&from, &to, !is_direct));
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::link("Branches and tags", format!("{address}/branches")));
    crumbs.push(Crumb::here("Compare"));
    let place = dataset::place(&view.dataset, &view.to);
    let filtered = diff::filtered(&here, asked);
    let mut sides = vec![("from", from.clone()), ("to", to.clone())];
    sides.extend(is_direct.then(|| ("direct", String::from("1"))));
    let filter = (!view.changes.tables.is_empty()).then(|| diff::filter(&action, &sides, asked, &view.changes));
    let tables = if view.changes.tables.is_empty() {
        let words = match view.base {
            Some(_) if !is_direct => format!("{} has nothing that {} has not.", view.to.name, view.from.name),
            _ => String::from("Both hold the same."),
        };
        view! { <p class="section quiet">{words}</p> }.into_any()
    } else {
        let here = diff::Place { dataset: &place, here: &filtered, comment: None, is_filtered: asked.is_filtered() };
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
            {seen(view, &address, other)}
            <form class="pager" method="get" action=action>
                {is_direct.then(|| view! { <input type="hidden" name="direct" value="1" /> })}
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

/// Says against what the second state is held, and leads to the other way to compare; `other` is its address.
fn seen(view: &CompareView, address: &str, other: String) -> AnyView {
    let (from, to) = (&view.from.name, &view.to.name);
    let Some(base) = view.base else {
        let words = format!("{from} and {to} have no history in common: they are compared as they are now.");
        return view! { <p class="quiet">{words}</p> }.into_any();
    };
    if view.against == Against::Other {
        let words =
            format!("How {to} differs from {from}, both as they are now: what only {from} changed shows as undone. ");
        return view! { <p class="quiet">{words}<a href=other>"Show only what merging would bring"</a></p> }.into_any();
    }
    let words = format!("What merging {to} would bring to {from}: what it changed since the two parted at ");
    let commit = format!("{address}/commits/{base}");
    view! {
        <p class="quiet">
            {words}<a href=commit>{base.short()}</a>". "<a href=other>"Compare the two as they are now"</a>
        </p>
    }
    .into_any()
}
