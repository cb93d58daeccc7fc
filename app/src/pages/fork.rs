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

/// The page, for a fork of the dataset into the acting person's own namespace.
#[must_use]
pub fn page(origin: &Dataset, owner: &str, form: &Submitted) -> AnyView {
    let address = dataset::address(&origin.path);
    let action = format!("{address}/fork");
    let mut crumbs =
        vec![Crumb::here(origin.path.owner.clone()), Crumb::link(origin.path.name.clone(), address.clone())];
    crumbs.push(Crumb::here("Fork"));
    // In one's own namespace the origin's name is taken.
    let name = if origin.path.owner == owner { format!("{}-fork", origin.path.name) } else { origin.path.name.clone() };
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
                {Field::new("name", "Name")
                    .hint(format!("Its address will be /{owner}/name. Lower-case letters, digits, hyphens and underscores."))
                    .text(form, &name, true)}
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
