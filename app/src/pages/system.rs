//! The System page: processes, APIs and data stores, with how they are.

use hub::{Component, ComponentState, SystemView};
use leptos::prelude::*;

use crate::shell::{Crumb, PageInfo, shell};

/// The page.
#[must_use]
pub fn page(view: &SystemView) -> AnyView {
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
                {group("Processes", &view.processes)}
                {group("APIs", &view.apis)}
                {group("Data stores", &view.stores)}
            </div>
        },
    )
}

fn group(title: &'static str, components: &[Component]) -> AnyView {
    let components: Vec<_> = components.iter().map(component).collect();
    view! { <section class="part"><h2>{title}</h2><ul>{components}</ul></section> }.into_any()
}

fn component(component: &Component) -> AnyView {
    let (class, state) = match component.state {
        ComponentState::Healthy => ("badge badge--good", "Healthy"),
        ComponentState::Idle => ("badge", "Idle"),
        ComponentState::Failing => ("badge badge--bad", "Failing"),
    };
    let facts: Vec<_> = component
        .facts
        .iter()
        .map(|fact| view! { <div><dt>{fact.label}</dt><dd>{fact.value.clone()}</dd></div> })
        .collect();
    let facts = (!facts.is_empty()).then(|| view! { <dl>{facts}</dl> });
    view! {
        <li>
            <div><h3>{component.name.clone()}</h3><p class="quiet small">{component.role.clone()}</p></div>
            <span class=class>{state}</span>
            {facts}
        </li>
    }
    .into_any()
}
