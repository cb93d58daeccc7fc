//! Merging: what it would come to, what is in the way, and doing it.

use hub::{RequestState, RequestView, Role, Standing};
use leptos::prelude::*;

use crate::{
    components::{dataset, field::Field, request},
    form::Submitted,
    text, url,
};

/// The section.
pub(super) fn section(view: &RequestView, form: &Submitted) -> AnyView {
    let content = match view.request.state {
        RequestState::Merged => merged(view),
        RequestState::Closed => view! { <p>"It is closed: nothing is merged."</p> }.into_any(),
        RequestState::Open => open(view, form),
    };
    view! { <section class="card" aria-labelledby="merging"><h2 id="merging">"Merging"</h2>{content}</section> }
        .into_any()
}

fn merged(view: &RequestView) -> AnyView {
    let here = request::address(&view.dataset.path, view.request.number);
    let commit = view.merged.map(|hash| {
        let href = url::commit(&dataset::address(&view.dataset.path), &hash.to_string());
        view! { " in commit "<a class="hash" href=href>{text::short(&hash)}</a> }
    });
    let may_revert = view.dataset.role >= Some(Role::Writer) && view.dataset.archived_at.is_none();
    let revert = may_revert.then(|| {
        let action = format!("{here}/revert");
        view! {
            <form method="post" action=action>
                <p class="quiet small">"Undoing it is a request as well: you will see what it changes before it is merged."</p>
                <div class="actions"><button class="button" type="submit">"Revert…"</button></div>
            </form>
        }
    });
    let delete = view.may_delete_source.then(|| {
        let action = format!("{}/branches/delete", dataset::address(&view.dataset.path));
        let branch = view.request.source.branch.clone();
        view! {
            <form method="post" action=action>
                <p class="quiet small">{format!("The branch {branch} is there still.")}</p>
                <div class="actions">
                    <button class="button" type="submit" name="branch" value=branch.clone()>{format!("Delete {branch}")}</button>
                </div>
            </form>
        }
    });
    view! { <p>{format!("Its changes are in {}", view.request.target)}{commit}"."</p>{revert}{delete} }.into_any()
}

fn open(view: &RequestView, form: &Submitted) -> AnyView {
    let target = &view.request.target;
    let standing = match &view.standing {
        Standing::Gone => {
            let words = view.overview.gone.as_ref().map(|gone| gone.words.clone()).unwrap_or_default();
            line("badge badge--bad", "Can’t be merged", words)
        }
        Standing::UpToDate => line("badge", "Nothing to merge", format!("{target} has all of it already.")),
        Standing::Clean(_) if view.blocks.is_empty() => {
            line("badge badge--good", "Can be merged", "Nothing is in the way.")
        }
        Standing::Clean(_) => line("badge badge--wait", "Not yet", "Nothing is in conflict, but:"),
        Standing::Undecided(stats) => {
            let open = stats.open_conflicts + stats.open_violations;
            let href = format!("{}/conflicts", request::address(&view.dataset.path, view.request.number));
            let words = format!("{} to decide", text::count(open, "thing"));
            let why = if stats.open_conflicts > 0 {
                format!("{target} and the offer changed the same things differently.")
            } else {
                format!("Together, {target} and the offer would break rules of the data.")
            };
            view! {
                <p><span class="badge badge--wait">"Not yet"</span>" "<a href=href>{words}</a></p>
                <p class="quiet small">{why}</p>
            }
            .into_any()
        }
        Standing::Done => ().into_any(),
    };
    let blocks: Vec<_> = view.blocks.iter().map(|block| view! { <li>{block.clone()}</li> }).collect();
    let blocks = (!blocks.is_empty()).then(|| view! { <ul class="blocks">{blocks}</ul> });
    let is_ready = matches!(view.standing, Standing::Clean(_)) && view.blocks.is_empty();
    let merge = match (is_ready, view.may.merge) {
        _ if view.dataset.archived_at.is_some() => None,
        (true, true) => Some(merge(view, form)),
        (true, false) => {
            let role = view.protection.as_ref().map_or(Role::Writer, |protection| protection.merge_role);
            let words = format!("Merging into {target} takes the role of a {} or more.", role.as_str());
            Some(view! { <p class="quiet small">{words}</p> }.into_any())
        }
        (false, _) => None,
    };
    view! { {standing}{blocks}{merge} }.into_any()
}

fn line(class: &'static str, word: &'static str, rest: impl Into<String>) -> AnyView {
    view! { <p><span class=class>{word}</span>" "{rest.into()}</p> }.into_any()
}

fn merge(view: &RequestView, form: &Submitted) -> AnyView {
    let action = format!("{}/merge", request::address(&view.dataset.path, view.request.number));
    let head = view.head.map(|head| view! { <input type="hidden" name="head" value=head.to_string() /> });
    let squash = form.value("merging").is_some() && form.ticked("squash", false);
    view! {
        <form class="form" method="post" action=action>
            {head}
            <input type="hidden" name="merging" value="1" />
            {Field::new("message", "Message of the commit")
                .note("optional")
                .hint("The request’s title and number where you leave it empty.")
                .lines(form, "", 2, false)}
            <label class="choice">
                <input type="checkbox" name="squash" value="1" checked=squash />
                "As one commit"
                <span class="field__hint">"Without the single commits that led there."</span>
            </label>
            <div class="actions">
                <button class="button button--primary" type="submit">{format!("Merge into {}", view.request.target)}</button>
            </div>
        </form>
    }
    .into_any()
}
