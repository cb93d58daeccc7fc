//! What a dataset is called, whose it is, and its end.

use hub::{Dataset, OfferView, Role};
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// What the page of a dataset's settings shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The dataset.
    pub dataset: Dataset,
    /// To whom it is offered.
    pub offer: Option<OfferView>,
    /// The namespaces in which the acting person makes datasets.
    pub namespaces: Vec<String>,
}

/// The page.
#[must_use]
pub fn page(view: &View, form: &Submitted) -> AnyView {
    let shown = &view.dataset;
    let path = &shown.path;
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::here("Settings"));
    let owns = shown.role >= Some(Role::Owner);
    let gives = owns && view.namespaces.contains(&path.owner);
    let transfer = gives.then(|| transfer(view, form));
    let archive = owns.then(|| archive(shown));
    let delete = owns.then(|| delete(shown, form));
    // What it is called is not what it holds: that may change in an archived one.
    let describe = match shown.archived_at {
        None => Some(describe(shown, owns, form)),
        Some(_) => owns.then(|| rename(shown, form)),
    };
    shell(
        PageInfo {
            title: field::title(form, &format!("Settings of {}", shown.title)),
            crumbs,
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{path.to_string()}</p>
                    <h1>"Settings"</h1>
                </div>
            </header>
            {dataset::archived_banner(shown)}
            {describe}
            {transfer}
            {archive}
            {delete}
        },
    )
}

fn describe(shown: &Dataset, owns: bool, form: &Submitted) -> AnyView {
    let address = dataset::address(&shown.path);
    let action = format!("{address}/settings");
    let name = owns.then(|| name(shown, form));
    view! {
        <form class="form" method="post" action=action>
            {name}
            {Field::new("title", "Title").note("optional").hint("What people call it.").text(form, &shown.title, false)}
            {Field::new("description", "Description")
                .note("optional")
                .hint("What it is about, where it comes from, who looks after it.")
                .lines(form, &shown.description, 3, false)}
            {Field::new("default_branch", "Default branch")
                .hint("What people see who name no branch.")
                .text(form, &shown.default_branch, true)}
            <div class="actions">
                <button class="button button--primary" type="submit">"Save"</button>
                <a class="button button--quiet" href=address>"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}

fn name(shown: &Dataset, form: &Submitted) -> AnyView {
    Field::new("name", "Name")
        .hint("Part of its address. The old address leads to the new one, until another dataset is made there.")
        .text(form, &shown.path.name, true)
        .into_any()
}

/// All that can be changed of an archived one.
fn rename(shown: &Dataset, form: &Submitted) -> AnyView {
    view! {
        <form class="form" method="post" action=format!("{}/settings", dataset::address(&shown.path))>
            {name(shown, form)}
            <div class="actions"><button class="button button--primary" type="submit">"Rename"</button></div>
        </form>
    }
    .into_any()
}

fn transfer(view: &View, form: &Submitted) -> AnyView {
    let path = &view.dataset.path;
    let address = dataset::address(path);
    let offer = view.offer.as_ref().map(|offer| {
        view! {
            <form class="actions" method="post" action=format!("{address}/offer")>
                <p>"It is offered to "<strong>{offer.to.clone()}</strong>", who has not taken it yet."</p>
                <button class="button button--small" type="submit" name="what" value="end">"Withdraw the offer"</button>
            </form>
        }
    });
    let known = view.namespaces.iter().filter(|name| **name != path.owner).cloned().collect();
    let owner = form.or("owner", "");
    view! {
        <section class="section" aria-labelledby="transfer">
            <h2 id="transfer">"Give it to somebody else"</h2>
            <p>
                "To an organisation that you own, or to yourself, it goes at once. Anybody else finds the offer on the page of \
                 their datasets, and has it once they take it; you stay a maintainer. The old address leads to the new one.                  Roles of people stay, those of teams end."
            </p>
            {offer}
            <form class="form" method="post" action=format!("{address}/transfer")>
                {Field::new("owner", "Who is to have it")
                    .hint("The name of a person or an organisation.")
                    .view(form, |wiring| field::line_of(wiring, owner, known))}
                {Field::new("confirm-transfer", "The dataset’s name, to be sure")
                    .hint(format!("Type {}", path.name))
                    .text(form, "", true)}
                <div class="actions"><button class="button button--danger" type="submit">"Give it away"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn archive(shown: &Dataset) -> AnyView {
    let action = format!("{}/archive", dataset::address(&shown.path));
    let (text, to, label) = if shown.archived_at.is_some() {
        ("It is read, not changed, until it is unarchived.", "no", "Unarchive")
    } else {
        (
            "Nobody changes an archived dataset, or says anything about it. It can be read, forked and exported.",
            "yes",
            "Archive",
        )
    };
    view! {
        <section class="section" aria-labelledby="archive">
            <h2 id="archive">"Archive"</h2>
            <p>{text}</p>
            <form class="actions" method="post" action=action>
                <button class="button" type="submit" name="to" value=to>{label}</button>
            </form>
        </section>
    }
    .into_any()
}

fn delete(shown: &Dataset, form: &Submitted) -> AnyView {
    let action = format!("{}/delete", dataset::address(&shown.path));
    view! {
        <section class="section" aria-labelledby="delete">
            <h2 id="delete">"Delete the dataset"</h2>
            <p>
                "It goes with its tables, branches, drafts and merge requests, and nobody finds it any more. For seven days "
                "you can bring it back from the page of your datasets. Forks keep what they have."
            </p>
            <form class="form" method="post" action=action>
                {Field::new("confirm", "Its name, to be sure")
                    .hint(format!("Type {}", shown.path.name))
                    .text(form, "", true)}
                <div class="actions"><button class="button button--danger" type="submit">"Delete"</button></div>
            </form>
        </section>
    }
    .into_any()
}
