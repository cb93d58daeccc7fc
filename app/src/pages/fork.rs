//! The form for a fork.

use hub::Dataset;
use leptos::prelude::*;

use crate::{
    components::{
        dataset,
        field::{self, Field},
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page, for a fork of the dataset into one of the namespaces in which the acting person makes datasets.
#[must_use]
pub fn page(origin: &Dataset, namespaces: &[String], form: &Submitted) -> AnyView {
    let address = dataset::address(&origin.path);
    let action = format!("{address}/fork");
    let mut crumbs = dataset::crumbs(&origin.path);
    crumbs.push(Crumb::here("Fork"));
    // In its own namespace the origin's name is taken.
    let name = if namespaces.first() == Some(&origin.path.owner) {
        format!("{}-fork", origin.path.name)
    } else {
        origin.path.name.clone()
    };
    let title = field::title(form, &format!("Fork {}", origin.title));
    shell(
        PageInfo { title, crumbs, width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{origin.path.to_string()}</p>
                    <h1>"Fork this dataset"</h1>
                    <p class="head__lead">
                        "A fork is a dataset of your own that begins as this one is, with its whole history. It is there at \
                         once, whatever the size; what you change in it does not change the original."
                    </p>
                </div>
            </header>
            <form class="form" method="post" action=action>
                {field::namespace(form, namespaces)}
                {Field::new("name", "Name").hint(field::address_hint(namespaces)).text(form, &name, true)}
                {Field::new("title", "Title").note("optional").hint("What people call it.").text(form, &origin.title, false)}
                {Field::new("description", "Description").note("optional").lines(form, &origin.description, 3, false)}
                <div class="actions">
                    <button class="button button--primary" type="submit">"Fork"</button>
                    <a class="button button--quiet" href=address>"Cancel"</a>
                </div>
            </form>
        },
    )
}
