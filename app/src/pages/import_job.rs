//! An import: how far it is, what was found and is to be confirmed, what is wrong with the file, or what it made.

pub mod found;

use hub::{ImportPhase, ImportView, JobState};
use leptos::prelude::*;
use services::import::Problem;

use crate::{
    components::{dataset, field, scroll},
    form::Submitted,
    islands::import_progress::{ImportFigures, ImportProgress},
    shell::{PageInfo, Width, shell},
    text, url,
};

/// The page.
#[must_use]
pub fn page(view: &ImportView, form: &Submitted) -> AnyView {
    let address = dataset::address(&view.dataset);
    let running = view.state == JobState::Running;
    let mut crumbs = dataset::crumbs(&view.dataset);
    crumbs.push(crate::shell::Crumb::link("Import", format!("{address}/import")));
    crumbs.push(crate::shell::Crumb::here(view.request.table.clone()));
    let content = match view.state {
        JobState::Running => progress(view, &address),
        JobState::Waiting => found::section(view, &address, form),
        JobState::Succeeded => done(view, &address),
        JobState::Failed => failed(view, &address),
        JobState::Cancelled => again(&address, "The import was cancelled. Nothing was saved."),
    };
    let width = if view.state == JobState::Running { Width::Narrow } else { Width::Normal };
    shell(
        PageInfo {
            title: field::title(form, &format!("{}: import of {}", state_word(view.state), view.request.table)),
            crumbs,
            width,
            live: running,
            reload: running,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.request.file_name.clone()}</p>
                    <h1>"Import of “"{view.request.table.clone()}"”"</h1>
                </div>
                {badge(view.state)}
            </header>
            {content}
        },
    )
}

/// A job's state as a word with a sign.
#[must_use]
pub fn badge(state: JobState) -> AnyView {
    let class = match state {
        JobState::Running => "badge badge--busy",
        JobState::Waiting => "badge badge--wait",
        JobState::Succeeded => "badge badge--good",
        JobState::Failed => "badge badge--bad",
        JobState::Cancelled => "badge",
    };
    view! { <span class=class>{state_word(state)}</span> }.into_any()
}

const fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Running => "Running",
        JobState::Waiting => "Waiting for you",
        JobState::Succeeded => "Done",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
    }
}

/// How far a job is, for the page and for the island that follows it.
#[must_use]
pub fn figures(view: &ImportView) -> ImportFigures {
    ImportFigures {
        running: view.state == JobState::Running,
        importing: view.phase == ImportPhase::Importing,
        rows: view.rows,
        bytes: view.bytes,
        total_bytes: view.total_bytes,
        rate: view.rate,
    }
}

fn progress(view: &ImportView, address: &str) -> AnyView {
    let here = url::import(address, &view.id.to_string());
    let cancel = format!("{here}/cancel");
    view! {
        <div class="stack">
            <ImportProgress address=here figures=figures(view) />
            <p class="quiet">"You may leave this page; the import goes on."</p>
            <form method="post" action=cancel><button class="button" type="submit">"Cancel the import"</button></form>
        </div>
    }
    .into_any()
}

fn done(view: &ImportView, address: &str) -> AnyView {
    let table = url::table(address, &view.request.table);
    let commit = match view.commit {
        Some(hash) => {
            let href = url::commit(address, &hash.to_string());
            view! { <a class="button" href=href>"See what changed"</a> }.into_any()
        }
        None => view! { <span class="quiet">"Nothing differed, so there is no new commit."</span> }.into_any(),
    };
    view! {
        <div class="banner banner--good">
            <p><strong>{text::count(view.imported_rows, "row")}</strong>" imported and committed."</p>
        </div>
        <div class="actions">
            <a class="button button--primary" href=table>"Open the table"</a>
            {commit}
        </div>
    }
    .into_any()
}

fn failed(view: &ImportView, address: &str) -> AnyView {
    let reason = view.error.clone().unwrap_or_else(|| String::from("The import failed."));
    view! {
        <div class="banner banner--bad" role="alert">
            <div><p><strong>"Nothing was imported"</strong></p><p>{reason}</p></div>
        </div>
        {problems(&view.problems, view.problem_count)}
        {again(address, "Correct the file and import it again, or choose types that its values fit.")}
    }
    .into_any()
}

fn again(address: &str, advice: &'static str) -> AnyView {
    let href = format!("{address}/import");
    let dataset = address.to_owned();
    view! {
        <div class="section stack">
            <p>{advice}</p>
            <div class="actions">
                <a class="button button--primary" href=href>"Import a file"</a>
                <a class="button button--quiet" href=dataset>"To the dataset"</a>
            </div>
        </div>
    }
    .into_any()
}

/// What is wrong with the file, place by place.
fn problems(problems: &[Problem], count: u64) -> Option<AnyView> {
    if problems.is_empty() {
        return None;
    }
    let shown = problems.len() as u64;
    let more = (count > shown).then(|| {
        view! { <p class="quiet small">{format!("The first {} of {}.", text::number(shown), text::number(count))}</p> }
    });
    let rows: Vec<_> = problems
        .iter()
        .map(|problem| {
            view! {
                <tr>
                    <td class="data__number">{text::number(problem.line)}</td>
                    <td>{problem.column.clone().unwrap_or_default()}</td>
                    <td><code>{problem.value.clone()}</code></td>
                    <td>{problem.reason.clone()}</td>
                </tr>
            }
        })
        .collect();
    Some(
        view! {
            <section class="section">
                <h2>{text::count(count, "problem")}</h2>
                {scroll(
                    String::from("Problems"),
                    view! {
                        <table class="data">
                            <thead>
                                <tr>
                                    <th scope="col" class="data__number">"Line"</th>
                                    <th scope="col">"Column"</th>
                                    <th scope="col">"Value"</th>
                                    <th scope="col">"What is wrong"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
                {more}
            </section>
        }
        .into_any(),
    )
}
