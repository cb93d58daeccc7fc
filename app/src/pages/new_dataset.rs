//! The form for a new dataset.

use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
};

/// The page, with the namespaces in which the acting person makes datasets.
#[must_use]
pub fn page(namespaces: &[String], form: &Submitted) -> AnyView {
    let title = field::title(form, "New dataset");
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("New dataset")], width: Width::Narrow, ..PageInfo::default() },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <h1>"New dataset"</h1>
                    <p class="head__lead">"A set of tables with one history."</p>
                </div>
            </header>
            <form class="form" method="post" action="/new">
                {field::namespace(form, namespaces)}
                {Field::new("name", "Name").hint(field::address_hint(namespaces)).text(form, "", true)}
                {Field::new("title", "Title").note("optional").hint("What people call it.").text(form, "", false)}
                {Field::new("description", "Description")
                    .note("optional")
                    .hint("What it is about, where it comes from, who looks after it.")
                    .lines(form, "", 3, false)}
                <div class="actions">
                    <button class="button button--primary" type="submit">"Create dataset"</button>
                    <a class="button button--quiet" href="/">"Cancel"</a>
                </div>
            </form>
        },
    )
}
