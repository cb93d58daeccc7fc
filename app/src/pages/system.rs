//! The System page: processes, APIs and data stores, with how they are.

use hub::{Component, ComponentState, ReclaimPhase, ReclaimRecord, ReclaimView, Reclaimed, SystemView};
use leptos::prelude::*;

use crate::{
    shell::{Crumb, PageInfo, shell},
    text,
};

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
                {view.reclaiming.as_ref().map(maintenance)}
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
    let facts = facts(component.facts.iter().map(|fact| (fact.label, fact.value.clone())).collect());
    view! {
        <li>
            <div><h3>{component.name.clone()}</h3><p class="quiet small">{component.role.clone()}</p></div>
            <span class=class>{state}</span>
            {facts}
        </li>
    }
    .into_any()
}

fn facts(facts: Vec<(&'static str, String)>) -> Option<AnyView> {
    let facts: Vec<_> =
        facts.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect();
    (!facts.is_empty()).then(|| view! { <dl>{facts}</dl> }.into_any())
}

fn maintenance(view: &ReclaimView) -> AnyView {
    let failed = view.last.as_ref().is_some_and(|last| last.error.is_some());
    let (class, state) = match view.running {
        Some(_) => ("badge badge--good", "Running"),
        None if failed => ("badge badge--bad", "Failing"),
        None => ("badge", "Idle"),
    };
    let kept = text::count(view.kept.as_secs() / (24 * 3600), "day");
    let mut told = match &view.running {
        Some(running) => {
            let phase = match running.phase {
                ReclaimPhase::Waiting => "waiting for writes to end",
                ReclaimPhase::Marking => "finding what is needed",
                ReclaimPhase::Sweeping => "deleting what is not needed",
            };
            [vec![("Doing", String::from(phase))], outcome(&running.reclaimed)].concat()
        }
        None => view.last.as_ref().map_or_else(|| vec![("Last run", String::from("none yet"))], last_run),
    };
    told.push(("Keeps deleted branches for", kept));
    view! {
        <section class="part">
            <h2>"Maintenance"</h2>
            <ul>
                <li>
                    <div>
                        <h3>"Reclaiming space"</h3>
                        <p class="quiet small">
                            "deletes what no branch, tag or draft leads to any more; happens by itself when there is something to delete"
                        </p>
                    </div>
                    <span class=class>{state}</span>
                    {facts(told)}
                    <form method="post" action="/system/reclaim">
                        <button class="button button--small" type="submit">"Reclaim space now"</button>
                    </form>
                </li>
            </ul>
        </section>
    }
    .into_any()
}

fn last_run(last: &ReclaimRecord) -> Vec<(&'static str, String)> {
    let ended = vec![("Last run", text::time(last.ended_at).0)];
    match &last.error {
        Some(error) => [ended, vec![("Fault", error.clone())]].concat(),
        None => [ended, outcome(&last.reclaimed)].concat(),
    }
}

fn outcome(reclaimed: &Reclaimed) -> Vec<(&'static str, String)> {
    let Reclaimed { reachable, commits, chunks, bytes } = *reclaimed;
    vec![
        ("Needed chunks", text::number(reachable)),
        ("Deleted chunks", text::number(chunks)),
        ("Freed", text::bytes(bytes)),
        ("Expired commits", text::number(commits)),
    ]
}
