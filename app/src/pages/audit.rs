//! The audit log: of the whole server for those who run it, of a dataset for its owners.

use hub::{AuditKind, AuditView};
use leptos::prelude::*;

use crate::{
    components::{
        field::{self, Field},
        scroll, time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct View {
    /// Its address.
    pub address: String,
    /// The way to it.
    pub crumbs: Vec<Crumb>,
    /// The dataset whose log it is; none for the server's.
    pub dataset: Option<String>,
    /// The entries, the newest first.
    pub entries: Vec<AuditView>,
    /// The address of the next page.
    pub next: Option<String>,
    /// The address of the same entries as a file.
    pub file: String,
}

/// The page. `asked` is what was filled into the form.
#[must_use]
pub fn page(view: &View, asked: &Submitted) -> AnyView {
    let title = match &view.dataset {
        Some(dataset) => format!("Audit log of {dataset}"),
        None => "Audit log".to_owned(),
    };
    let kinds = std::iter::once((String::new(), "Everything".to_owned()));
    let kinds = kinds.chain(AuditKind::ALL.map(|kind| (kind.as_str().to_owned(), words(kind).to_owned()))).collect();
    let kind = asked.or("kind", "");
    let dataset = view.dataset.is_none().then(|| {
        Field::new("dataset", "Dataset")
            .note("optional")
            .hint("As OWNER/NAME, as it was called then.")
            .text(asked, "", false)
    });
    let entries = if view.entries.is_empty() {
        view! { <p class="quiet">"There is nothing of that in the log."</p> }.into_any()
    } else {
        list(&view.entries, view.dataset.is_none())
    };
    shell(
        PageInfo { title, crumbs: view.crumbs.clone(), ..PageInfo::default() },
        view! {
            {field::error_summary(asked)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.clone()}</p>
                    <h1>"Audit log"</h1>
                    <p class="head__lead">"Who changed access or data. Nothing here can be changed or deleted."</p>
                </div>
                <div class="head__actions"><a class="button" href=view.file.clone() download="audit.csv">"As CSV"</a></div>
            </header>
            <form class="form" method="get" action=view.address.clone()>
                {Field::new("person", "Person").note("optional").text(asked, "", false)}
                {dataset}
                {Field::new("kind", "What").view(asked, |wiring| field::select(wiring, "input", kinds, &kind))}
                <div class="actions"><button class="button" type="submit">"Look"</button></div>
            </form>
            <section class="section">
                <header class="section__head"><h2>"Entries"</h2></header>
                {entries}
                {view.next.clone().map(|next| view! { <p><a class="button" href=next>"Older entries"</a></p> })}
            </section>
        },
    )
}

const fn words(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::Account => "Accounts and invitations",
        AuditKind::SignIn => "Signing in and passwords",
        AuditKind::Token => "Tokens for programs",
        AuditKind::Organisation => "Organisations and teams",
        AuditKind::Role => "Roles in datasets",
        AuditKind::Visibility => "Who may read datasets",
        AuditKind::Dataset => "Datasets",
        AuditKind::Branch => "Branches and tags",
        AuditKind::Commit => "Commits",
        AuditKind::Merge => "Merges",
        AuditKind::Import => "Imports",
    }
}

fn list(entries: &[AuditView], with_dataset: bool) -> AnyView {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let person = if entry.person.is_empty() { "nobody known".to_owned() } else { entry.person.clone() };
            view! {
                <tr>
                    <td data-label="When">{time(entry.at)}</td>
                    <td data-label="Who">{person}</td>
                    <td data-label="From">{entry.address.clone()}</td>
                    {with_dataset.then(|| view! { <td data-label="Dataset">{entry.dataset.clone()}</td> })}
                    <th scope="row" class="data__grow">{entry.what.clone()}</th>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Entries"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"From"</th>
                        {with_dataset.then(|| view! { <th scope="col">"Dataset"</th> })}
                        <th scope="col">"What"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
    .into_any()
}
