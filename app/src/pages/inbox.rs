//! What the reader was told, and is still to read.

use hub::{About, InboxView, MembershipInvitation, NoticeReason, NoticeView, OfferView};
use leptos::prelude::*;

use crate::{
    components::{dataset, field, logo, request, time},
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    text, url,
};

/// The address of the page.
pub const ADDRESS: &str = "/account/inbox";

/// What the list is called in addresses where it shows all.
pub const ALL: &str = "all";

/// What waits for the reader to say yes or no.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Datasets that others want to give to them.
    pub offers: Vec<OfferView>,
    /// Organisations that they are invited to.
    pub invitations: Vec<MembershipInvitation>,
}

/// The page. `all`: what was read as well; `next`: the address of the next page; `form`: the answer to an offer, where it
/// was refused.
#[must_use]
pub fn page(view: &InboxView, waiting: &Waiting, all: bool, next: Option<String>, form: &Submitted) -> AnyView {
    let has_unread = view.notices.iter().any(|notice| notice.unread);
    let read_all = has_unread.then(|| {
        view! {
            <form method="post" action=format!("{ADDRESS}/read")>
                <input type="hidden" name="all" value="1" />
                <button class="button" type="submit">"Mark all as read"</button>
            </form>
        }
    });
    let list = if view.notices.is_empty() { empty(all) } else { list(view) };
    let next = next.map(|href| {
        view! { <nav class="pager" aria-label="Pages"><a class="button" href=href rel="next">"Older notices"</a></nav> }
    });
    shell(
        PageInfo {
            title: field::title(form, "Inbox"),
            crumbs: vec![Crumb::link("Your account", "/account"), Crumb::here("Inbox")],
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            <header class="head">
                <div class="head__text"><h1>"Inbox"</h1></div>
                <div class="head__actions">{read_all}</div>
            </header>
            {super::namespace::waiting(&waiting.offers, &waiting.invitations, form)}
            {which(all)}
            {list}
            {next}
        },
    )
}

/// The ways to the two lists.
fn which(all: bool) -> AnyView {
    let lists = [("Unread", false), ("All", true)].map(|(label, is_all)| {
        let href = url::with_query(ADDRESS, &[("show", if is_all { ALL } else { "" })]);
        view! { <li><a href=href aria-current=(is_all == all).then_some("page")>{label}</a></li> }
    });
    view! { <nav class="filters" aria-label="Which notices"><ul>{lists.to_vec()}</ul></nav> }.into_any()
}

fn empty(all: bool) -> AnyView {
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>{if all { "Nothing has come yet" } else { "Nothing is unread" }}</h2>
            <p>
                "You hear of merge requests that you open, comment on or are asked to review, and where somebody writes \
                 your name. Each dataset’s page says what else you want to hear of it."
            </p>
        </section>
    }
    .into_any()
}

fn list(view: &InboxView) -> AnyView {
    let items: Vec<_> = view.notices.iter().map(line).collect();
    view! { <ol class="requests">{items}</ol> }.into_any()
}

/// Why the reader is told, in a word.
fn reason(reason: NoticeReason) -> &'static str {
    match reason {
        NoticeReason::Mentioned => "You are mentioned",
        NoticeReason::ReviewAsked => "Your review is asked for",
        NoticeReason::TakesPart => "You take part",
        NoticeReason::Watching => "You watch the dataset",
        NoticeReason::Access => "Your role",
    }
}

fn line(notice: &NoticeView) -> AnyView {
    let (href, place) = match notice.about {
        About::Request(number) => (request::address(&notice.dataset, number), format!("{} #{number}", notice.dataset)),
        About::Role => (dataset::address(&notice.dataset), notice.dataset.to_string()),
    };
    let unread = notice.unread.then(|| view! { <span class="badge badge--open">"Unread"</span> });
    let before = (notice.times > 1).then(|| format!(", after {}", text::count(notice.times - 1, "other change")));
    let said =
        (!notice.text.is_empty()).then(|| view! { <p class="notice__text" dir="auto">{notice.text.clone()}</p> });
    let read = notice.unread.then(|| {
        let label = format!("Mark as read: {}", notice.title);
        view! {
            <form method="post" action=format!("{ADDRESS}/read")>
                <input type="hidden" name="notice" value=notice.id.clone() />
                <button class="button button--small" type="submit" aria-label=label>"Mark as read"</button>
            </form>
        }
    });
    view! {
        <li class="requests__item notice">
            <div class="notice__main">
                <div class="requests__line">
                    <a class="requests__title" href=href>{notice.title.clone()}</a>
                    {unread}
                    <span class="label">{reason(notice.reason)}</span>
                </div>
                <p class="river__meta">
                    {place}": "<strong>{notice.author.clone()}</strong>{format!(" {}", notice.what)}{before}", "
                    {time(notice.at)}
                </p>
                {said}
            </div>
            {read}
        </li>
    }
    .into_any()
}
