//! The rules of branches: what it takes to change them.

use hub::{Protection, RefsView, Role};
use leptos::prelude::*;

use crate::{
    components::{
        field::{self, Field},
        scroll,
    },
    form::Submitted,
};

/// The section: the rules for everybody, the form for those who make them. None where there is neither.
pub(super) fn section(address: &str, view: &RefsView, form: &Submitted) -> Option<AnyView> {
    let is_archived = view.dataset.archived_at.is_some();
    let may = view.dataset.role >= Some(Role::Maintainer) && !view.branches.is_empty() && !is_archived;
    let protections = &view.dataset.protections;
    if !may && protections.is_empty() {
        return None;
    }
    let list = if protections.is_empty() {
        view! { <p class="quiet">"No branch has rules: whoever may write may change all of them."</p> }.into_any()
    } else {
        list(address, protections, may)
    };
    let view = view! {
        <section class="section" aria-labelledby="rules">
            <h2 id="rules">"Branch rules"</h2>
            {list}
            {may.then(|| add(address, view, form))}
        </section>
    };
    Some(view.into_any())
}

/// What a rule asks for, in words.
fn words(protection: &Protection) -> String {
    let mut parts = Vec::new();
    if protection.request_required {
        parts.push(String::from("only merge requests change it"));
    }
    if protection.approvals > 0 {
        let approvals = crate::text::count(protection.approvals.into(), "approval");
        let lapse = if protection.approvals_lapse { ", of what is offered in the end" } else { "" };
        parts.push(format!("{approvals} needed{lapse}"));
    }
    if !protection.checks.is_empty() {
        parts.push(format!("must have succeeded: {}", protection.checks.join(", ")));
    }
    if protection.warnings_block {
        parts.push(String::from("no warnings"));
    }
    parts.push(format!("merged by a {} or more", protection.merge_role.as_str()));
    parts.join("; ")
}

fn list(address: &str, protections: &[Protection], may: bool) -> AnyView {
    let rows: Vec<_> = protections
        .iter()
        .map(|protection| {
            let lift = may.then(|| {
                let action = format!("{address}/protection");
                let label = format!("Lift the rules of {}", protection.branch);
                view! {
                    <td>
                        <form method="post" action=action>
                            <input type="hidden" name="unprotect" value=protection.branch.clone() />
                            <button class="button button--small" type="submit" aria-label=label>"Lift"</button>
                        </form>
                    </td>
                }
            });
            view! {
                <tr>
                    <th scope="row">{protection.branch.clone()}</th>
                    <td class="data__grow" data-label="Rules">{words(protection)}</td>
                    {lift}
                </tr>
            }
        })
        .collect();
    let actions = may.then(|| view! { <td></td> });
    scroll(
        String::from("Rules by branch"),
        view! {
            <table class="data data--stack">
                <thead><tr><th scope="col">"Branch"</th><th scope="col">"Rules"</th>{actions}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
}

fn add(address: &str, view: &RefsView, form: &Submitted) -> AnyView {
    let action = format!("{address}/protection");
    // Another form of this page may be what was sent.
    let is_sent = form.value("merge_role").is_some();
    let is_open = is_sent && form.is_refused();
    let ticked = |name: &str, first: bool| if is_sent { form.ticked(name, first) } else { first };
    let (required, lapse) = (ticked("request_required", true), ticked("approvals_lapse", true));
    let warnings_block = ticked("warnings_block", false);
    let branches = view.branches.iter().map(|branch| (branch.name.clone(), branch.name.clone())).collect();
    let branch = if is_sent { form.or("branch", "") } else { view.dataset.default_branch.clone() };
    let roles = [Role::Writer, Role::Maintainer, Role::Owner]
        .map(|role| (role.as_str().to_owned(), format!("{} or more", role.as_str())))
        .to_vec();
    let role = form.or("merge_role", Role::Writer.as_str());
    view! {
        <details class="fold" open=is_open>
            <summary class="button">"Set rules for a branch…"</summary>
            <form class="form" method="post" action=action>
                {Field::new("branch", "Branch").view(form, |wiring| field::select(wiring, "input", branches, &branch))}
                <label class="choice">
                    <input type="checkbox" name="request_required" value="1" checked=required />
                    "Only merge requests change it"
                    <span class="field__hint">"No commits, imports or other merges; and it can’t be deleted."</span>
                </label>
                {Field::new("approvals", "Approvals that a request needs")
                    .hint("0 to 20. They count from those who may write here; nobody may be asking for changes.")
                    .text(form, "0", true)}
                <label class="choice">
                    <input type="checkbox" name="approvals_lapse" value="1" checked=lapse />
                    "An approval lapses when what is offered changes"
                </label>
                {Field::new("checks", "Statuses that must have succeeded")
                    .note("optional")
                    .hint("One on each line: the contexts that other systems give them, such as ci/totals. At most 20.")
                    .lines(form, "", 2, false)}
                <label class="choice">
                    <input type="checkbox" name="warnings_block" value="1" checked=warnings_block />
                    "Warnings of checks stop a request as well"
                </label>
                {Field::new("merge_role", "Who may merge").view(form, |wiring| field::select(wiring, "input", roles, &role))}
                <div class="actions"><button class="button button--primary" type="submit">"Set the rules"</button></div>
            </form>
        </details>
    }
    .into_any()
}
