//! What the acting person has not committed: to look at, to commit, or to throw away.

use hub::{DraftSummary, DraftView, Gone};
use leptos::prelude::*;

use crate::{
    components::{
        dataset::{self, Tab},
        diff,
        field::{self, Field},
        findings, logo,
    },
    form::Submitted,
    shell::{PageInfo, shell},
    text,
};

/// The id of the form that commits: buttons elsewhere on the page belong to it too.
const COMMIT_FORM: &str = "commit";

/// What the button sends that proposes to what was forked from.
pub const UPSTREAM: &str = "upstream";

/// The page. `paged` says that it shows a later page of one table's changes.
#[must_use]
pub fn page(view: &DraftView, form: &Submitted, paged: bool) -> AnyView {
    let address = dataset::place(&view.dataset, &view.viewed);
    let content = match &view.summary {
        None => empty(&address),
        Some(draft) if view.viewed.branch().is_some() => changes(view, draft, &address, form, paged),
        // It stays until the dataset can be changed again.
        Some(_) => diff::tables(&address, &format!("{address}/draft"), &view.changes).into_any(),
    };
    shell(
        PageInfo {
            title: field::title(form, &format!("Draft of {}", view.dataset.title)),
            crumbs: dataset::crumbs_to(&view.dataset, &view.viewed, "Draft"),
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{view.dataset.title.clone()}</p>
                    <h1>"Draft"</h1>
                </div>
            </header>
            {dataset::tabs(&view.dataset, &view.viewed, view.summary.as_ref(), Tab::Draft)}
            {dataset::viewed_banner(&view.dataset, &view.viewed)}
            {content}
        },
    )
}

fn empty(address: &str) -> AnyView {
    let address = address.to_owned();
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>"Nothing to commit"</h2>
            <p>"What you change in a table is saved to your draft at once. You will see it here before you commit it."</p>
            <a class="button" href=address>"To the tables"</a>
        </section>
    }
    .into_any()
}

/// What can't simply be committed because the branch has moved on, and the ways out.
fn unsettled(form: &Submitted) -> Option<AnyView> {
    if form.stale.is_empty() && form.misfits.is_empty() {
        return None;
    }
    let more = (form.more > 0).then(|| {
        view! { <p>{format!("And {} more of them, which are not listed here.", text::number(form.more))}</p> }
    });
    Some(view! { {stale(form)} {misfits(form)} {more} {choices(form)} }.into_any())
}

/// The buttons that commit all the same.
fn choices(form: &Submitted) -> Option<AnyView> {
    let head = form.head?;
    let choice = |keep: &str, label: String| {
        let without = if form.misfits.is_empty() { "" } else { ":without" };
        let value = format!("{keep}:{head}{without}");
        view! { <button class="button" type="submit" form=COMMIT_FORM name="settle" value=value>{label}</button> }
    };
    let left_out = match form.more {
        0 => text::count(form.misfits.len() as u64, "value"),
        _ => "all that has no place".to_owned(),
    };
    let choices = if form.stale.is_empty() {
        vec![choice("branch", format!("Leave {left_out} out and commit"))]
    } else {
        let without = if form.misfits.is_empty() { String::new() } else { format!(", without {left_out}") };
        vec![
            choice("draft", format!("Commit with my values{without}")),
            choice("branch", format!("Commit with the branch’s values{without}")),
        ]
    };
    Some(view! { <div class="actions">{choices}</div> }.into_any())
}

/// The cells that the draft and a newer commit both changed: what was there, what either side made of it.
fn stale(form: &Submitted) -> Option<AnyView> {
    if form.stale.is_empty() {
        return None;
    }
    let rows: Vec<_> = form
        .stale
        .iter()
        .map(|cell| {
            let column = if cell.column.is_some() { cell.column_name.clone() } else { String::from("the whole row") };
            view! {
                <tr>
                    <th scope="row">{cell.key_text.clone()}</th>
                    <td>{column}</td>
                    <td>{shown(&cell.before)}</td>
                    <td>{shown(&cell.after)}</td>
                    <td>{shown(&cell.now)}</td>
                </tr>
            }
        })
        .collect();
    let view = view! {
        <section class="section" aria-labelledby="stale">
            <h2 id="stale">"Changed on both sides"</h2>
            <p>"Nothing was committed. Choose whose values stand, for all of these cells, and commit."</p>
            <div class="scroll" role="region" tabindex="0" aria-label="Changed on both sides">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Row"</th>
                            <th scope="col">"Column"</th>
                            <th scope="col">"When you began"</th>
                            <th scope="col">"In your draft"</th>
                            <th scope="col">"On the branch now"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    };
    Some(view.into_any())
}

/// What was typed into a column or table that was dropped meanwhile, or does not fit the type that its column has now.
fn misfits(form: &Submitted) -> Option<AnyView> {
    if form.misfits.is_empty() {
        return None;
    }
    let rows: Vec<_> = form
        .misfits
        .iter()
        .map(|misfit| {
            let why = match misfit.gone {
                Gone::Table => "The table was dropped.".to_owned(),
                Gone::Column => "The column was dropped.".to_owned(),
                Gone::Type { ty } => format!("The column is of the type {ty} now, which the value does not fit."),
            };
            let (column, value) = match &misfit.column {
                Some(column) => (column.clone(), shown(&misfit.value)),
                None => ("the whole row".to_owned(), "(taken out)".to_owned()),
            };
            view! {
                <tr>
                    <th scope="row">{misfit.key_text.clone()}</th>
                    <td>{misfit.table.clone()}</td>
                    <td>{column}</td>
                    <td>{value}</td>
                    <td>{why}</td>
                </tr>
            }
        })
        .collect();
    let view = view! {
        <section class="section" aria-labelledby="misfits">
            <h2 id="misfits">"Without a place on the branch"</h2>
            <p>
                "Others have changed tables or columns since you began, and these values have no place there any more. \
                 You can commit all the rest: they are left out then and are not kept anywhere. A value that does not fit \
                 a new type can be changed in its table first. Or propose the draft as a merge request: it stays whole, \
                 and each of them is decided there."
            </p>
            <div class="scroll" role="region" tabindex="0" aria-label="Without a place on the branch">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Row"</th>
                            <th scope="col">"Table"</th>
                            <th scope="col">"Column"</th>
                            <th scope="col">"In your draft"</th>
                            <th scope="col">"Why"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    };
    Some(view.into_any())
}

fn shown(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| String::from("(empty)"))
}

/// The rules that its rows break and the checks that they meet.
fn found(view: &DraftView, address: &str) -> Option<AnyView> {
    if view.findings.is_empty() {
        return None;
    }
    let words = if view.findings.errors > 0 {
        "Errors must be mended before the draft can be committed. Warnings are told and stop nobody."
    } else {
        "Warnings are told and stop nobody."
    };
    let view = view! {
        <section class="section" aria-labelledby="found">
            <h2 id="found">{findings::count(&view.findings)}</h2>
            <p class="quiet small">{words}</p>
            {findings::list(address, &view.findings)}
        </section>
    };
    Some(view.into_any())
}

fn changes(view: &DraftView, draft: &DraftSummary, address: &str, form: &Submitted, paged: bool) -> AnyView {
    let here = format!("{address}/draft");
    let action = format!("{address}/draft/commit");
    let discard = format!("{address}/draft/discard");
    let revision = draft.revision.to_string();
    let tables = diff::tables(address, &here, &view.changes);
    let back = paged.then(|| {
        view! { <p class="pager"><a class="button" href=here.clone()>"All changes of this draft"</a></p> }
    });
    let upstream = view.origin.as_ref().map(|origin| {
        let label = format!("Propose to {origin}");
        view! { <button class="button button--primary" type="submit" name="propose" value=UPSTREAM>{label}</button> }
    });
    let branch = view.viewed.branch().unwrap_or_default();
    let is_protected = view.dataset.protection(branch).is_some_and(|protection| protection.request_required);
    let propose = format!("Propose to merge into {branch}");
    let primary = |is_first: bool| if is_first { "button button--primary" } else { "button" };
    let commit = (!is_protected).then(|| {
        view! {
            <button class=primary(view.origin.is_none()) type="submit">
                {format!("Commit {}", text::count(draft.rows, "changed row"))}
            </button>
        }
    });
    let protected = is_protected.then(|| {
        view! { <p class="banner">{format!("“{branch}” is protected: only merge requests change it. Propose what you changed.")}</p> }
    });
    let propose_class = primary(is_protected && view.origin.is_none());
    let behind = draft.behind.then(|| {
        view! {
            <p class="banner">
                "Others have committed since you began. Your changes are laid over what they committed; cells that they \
                 did not touch stay as they made them."
            </p>
        }
    });
    view! {
        {behind}
        {protected}
        {unsettled(form)}
        {found(view, address)}
        <form class="form" id=COMMIT_FORM method="post" action=action>
            <input type="hidden" name="revision" value=revision.clone() />
            {Field::new("message", "Message")
                .hint("What you changed and why, for those who read the history.")
                .lines(form, "", 2, true)}
            <div class="actions">
                {upstream}
                {commit}
                <button class=propose_class type="submit" name="propose" value="yes">{propose}</button>
            </div>
        </form>
        {back}
        {tables}
        <details class="confirm section">
            <summary class="button button--danger">"Discard the draft…"</summary>
            <form method="post" action=discard>
                <input type="hidden" name="revision" value=revision />
                <p>
                    {format!("{} will be lost for good. What is committed stays as it is.", text::count(draft.rows, "changed row"))}
                </p>
                <button class="button button--danger" type="submit">"Discard all my changes"</button>
            </form>
        </details>
    }
    .into_any()
}
