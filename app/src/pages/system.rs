//! The System page: processes, APIs and data stores, with how they are.

use leptos::prelude::*;

use crate::shell::{Crumb, PageInfo, shell};

/// How a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does its work.
    Good,
    /// It works at something right now.
    Busy,
    /// It does not.
    Bad,
}

/// A process, an API or a data store.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// How it is.
    pub health: Health,
    /// A word for that.
    pub state: String,
    /// What can be counted: name and figure.
    pub figures: Vec<(String, String)>,
}

/// The page.
#[must_use]
pub fn page(processes: Vec<Part>, apis: Vec<Part>, stores: Vec<Part>) -> AnyView {
    shell(
        PageInfo { title: String::from("System"), crumbs: vec![Crumb::here("System")], ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>"System"</h1>
                    <p class="head__lead">"What this server is made of, and how it is right now."</p>
                </div>
            </header>
            <div class="parts">
                {group("Processes", processes)}
                {group("APIs", apis)}
                {group("Data stores", stores)}
            </div>
        },
    )
}

fn group(title: &'static str, parts: Vec<Part>) -> AnyView {
    let parts: Vec<_> = parts.into_iter().map(part).collect();
    view! { <section class="part"><h2>{title}</h2><ul>{parts}</ul></section> }.into_any()
}

fn part(part: Part) -> AnyView {
    let class = match part.health {
        Health::Good => "badge badge--good",
        Health::Busy => "badge badge--busy",
        Health::Bad => "badge badge--bad",
    };
    let figures: Vec<_> = part
        .figures
        .into_iter()
        .map(|(name, figure)| view! { <div><dt>{name}</dt><dd>{figure}</dd></div> })
        .collect();
    let figures = (!figures.is_empty()).then(|| view! { <dl>{figures}</dl> });
    view! {
        <li>
            <div><h3>{part.name}</h3><p class="quiet small">{part.about}</p></div>
            <span class=class>{part.state}</span>
            {figures}
        </li>
    }
    .into_any()
}
