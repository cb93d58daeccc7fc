//! What a dataset is called, and its end.

use hub::{Dataset, Role};
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page.
#[must_use]
pub fn page(shown: &Dataset, form: &Submitted) -> AnyView {
    let path = &shown.path;
    let address = dataset::address(path);
    let mut crumbs = dataset::crumbs(path);
    crumbs.push(Crumb::here("Settings"));
    let owns = shown.role >= Some(Role::Owner);
    let name = owns.then(|| {
        Field::new("name", "Name")
            .hint("Part of its address: links to the old one will lead nowhere.")
            .text(form, &path.name, true)
    });
    let action = format!("{address}/settings");
    let delete = owns.then(|| delete(shown, form));
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
            {delete}
        },
    )
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
