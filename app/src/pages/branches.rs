//! Branches and tags: to go to, to compare, to propose, to make and to delete; and the rules of branches.

mod rules;

use hub::{RefSummary, RefsView, Role};
use leptos::prelude::*;

use crate::{
    components::{
        dataset::{self, Tab},
        field::{self, Field},
        popover_with, scroll, time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The page. The forms for new branches and tags share their fields: `kind` says which was sent.
#[must_use]
pub fn page(view: &RefsView, form: &Submitted) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::address(path);
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::here("Branches and tags"));
    let branches = if view.branches.is_empty() {
        view! { <p class="quiet">"There is nothing to branch from yet."</p> }.into_any()
    } else {
        list(&address, "Branches", &view.branches, view, Kind::Branch)
    };
    let tags = if view.tags.is_empty() {
        view! { <p class="quiet">"No tags yet. A tag is a name that stays with one commit: a release, say."</p> }
            .into_any()
    } else {
        list(&address, "Tags", &view.tags, view, Kind::Tag)
    };
    shell(
        PageInfo {
            title: field::title(form, &format!("Branches and tags of {}", view.dataset.title)),
            crumbs,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"Branches and tags"</h1>
                </div>
            </header>
            {dataset::tabs_of_all(&view.dataset, Tab::Branches)}
            <section class="section">
                <h2>"Branches"</h2>
                {branches}
            </section>
            <section class="section">
                <h2>"Tags"</h2>
                {tags}
            </section>
            {rules::section(&address, view, form)}
            {(!view.branches.is_empty() && may_write(view)).then(|| create(&address, &view.dataset.default_branch, form))}
        },
    )
}

fn may_write(view: &RefsView) -> bool {
    view.dataset.role >= Some(Role::Writer) && view.dataset.archived_at.is_none()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Branch,
    Tag,
}

fn list(address: &str, label: &'static str, refs: &[RefSummary], view: &RefsView, kind: Kind) -> AnyView {
    let main = &view.dataset.default_branch;
    let rows: Vec<_> =
        refs.iter().enumerate().map(|(index, found)| line(address, (index, found), view, kind)).collect();
    let apart = (kind == Kind::Branch).then(|| view! { <th scope="col">{format!("Against {main}")}</th> });
    scroll(
        label.to_owned(),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Last commit"</th>
                        {apart}
                        <th scope="col">"Actions"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}

fn line(address: &str, (index, found): (usize, &RefSummary), view: &RefsView, kind: Kind) -> AnyView {
    let (name, main) = (found.name.clone(), &view.dataset.default_branch);
    let href = if found.is_default { address.to_owned() } else { format!("{address}/at/{}", url::encode(&name)) };
    let commit = url::commit(address, &found.head.hash.to_string());
    let badge = found.is_default.then(|| view! { " "<span class="badge">"default"</span> });
    let apart = (kind == Kind::Branch).then(|| {
        let words = match found.apart {
            None => String::from("—"),
            Some((0, 0)) => String::from("the same"),
            Some((ahead, behind)) => format!("{ahead} ahead, {behind} behind"),
        };
        view! { <td data-label="Apart">{words}</td> }
    });
    let compare = (!found.is_default).then(|| {
        let href = format!("{address}/compare?from={}&to={}", url::encode(main), url::encode(&name));
        let label = format!("Compare {name} with {main}");
        view! { <a class="button button--small" href=href aria-label=label>"Compare"</a> }
    });
    let is_protected = kind == Kind::Branch && view.dataset.protection(&name).is_some();
    let protected = is_protected.then(|| view! { " "<span class="badge">"has rules"</span> });
    let propose = (kind == Kind::Branch && !found.is_default && may_write(view)).then(|| {
        let href = url::with_query(&format!("{address}/requests/new"), &[("from", &name)]);
        let label = format!("Propose {name}");
        view! { <a class="button button--small" href=href aria-label=label>"Propose"</a> }
    });
    let delete = (!found.is_default && may_write(view)).then(|| {
        let action = format!("{address}/branches/delete");
        let field = if kind == Kind::Branch { "branch" } else { "tag" };
        let label = format!("Delete {field} {name}");
        let question = format!(
            "Delete {field} “{name}”? Its commits stay as long as something else leads to them, and can be found by their \
             hash for a while after that."
        );
        popover_with(
            format!("delete-{field}-{index}"),
            "button button--small",
            Some(format!("{label}…")),
            "Delete…",
            view! {
                <form method="post" action=action>
                    <p>{question}</p>
                    <input type="hidden" name=field value=name.clone() />
                    <button class="button button--danger button--small" type="submit">{label}</button>
                </form>
            },
        )
    });
    view! {
        <tr>
            <th scope="row"><a href=href>{found.name.clone()}</a>{badge}{protected}</th>
            <td class="data__grow" data-label="Last commit">
                <a href=commit>{text::first_line(&found.head.message)}</a>", "{time(found.head.time)}
            </td>
            {apart}
            <td><div class="actions">{propose}{compare}{delete}</div></td>
        </tr>
    }
    .into_any()
}

fn create(address: &str, main: &str, form: &Submitted) -> AnyView {
    let action = format!("{address}/branches");
    let tag = form.value("kind") == Some("tag");
    view! {
        <section class="section" aria-labelledby="new-ref">
            <h2 id="new-ref">"New branch or tag"</h2>
            <form class="form" method="post" action=action>
                <fieldset class="choices">
                    <legend>"What to make"</legend>
                    <label class="choice">
                        <input type="radio" name="kind" value="branch" checked=!tag />
                        "A branch"
                        <span class="field__hint">"A line of work of its own: edit and commit without touching the others."</span>
                    </label>
                    <label class="choice">
                        <input type="radio" name="kind" value="tag" checked=tag />
                        "A tag"
                        <span class="field__hint">"A name that stays with one commit."</span>
                    </label>
                </fieldset>
                {Field::new("name", "Name").hint("Letters, digits, “-”, “_”, “.” and “/”.").text(form, "", true)}
                {Field::new("from", "From").hint("A branch, tag or commit.").text(form, main, true)}
                <div class="actions"><button class="button button--primary" type="submit">"Create"</button></div>
            </form>
        </section>
    }
    .into_any()
}
