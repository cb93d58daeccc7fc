//! What was found by words: datasets, tables, columns and merge requests.

use hub::{Hit, HitKind, HitPlace, Hits};
use leptos::prelude::*;

use crate::{
    components::{dataset, logo, request},
    form::Submitted,
    shell::{Crumb, PageInfo, shell},
    url,
};

/// The address of the page.
pub const ADDRESS: &str = "/search";

/// The name of the field with the words, and its id in the page.
pub const FIELD: &str = "q";

/// What was asked and found.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The words.
    pub query: String,
    /// The only kind that is looked for.
    pub kind: Option<HitKind>,
    /// How many come before those that are shown.
    pub offset: usize,
    /// What was found.
    pub found: Vec<Hits>,
    /// How many of a kind are on a page.
    pub page: usize,
    /// Whether all was looked through.
    pub is_complete: bool,
}

/// The address of a part of what is found.
fn address(view: &View, kind: Option<HitKind>, offset: usize) -> String {
    let offset = if offset > 0 { offset.to_string() } else { String::new() };
    let kind = kind.map_or("", HitKind::as_str);
    url::with_query(ADDRESS, &[(FIELD, &view.query), ("in", kind), ("offset", &offset)])
}

/// What a kind is called.
fn label(kind: HitKind) -> &'static str {
    match kind {
        HitKind::Datasets => "Datasets",
        HitKind::Tables => "Tables",
        HitKind::Columns => "Columns",
        HitKind::Requests => "Merge requests",
    }
}

/// The page.
#[must_use]
pub fn page(view: &View, form: &Submitted) -> AnyView {
    let asked = view.query.trim();
    let title = if asked.is_empty() { String::from("Search") } else { format!("{asked} · Search") };
    let groups: Vec<_> = view.found.iter().filter(|hits| !hits.hits.is_empty()).map(|hits| group(view, hits)).collect();
    let content = match (asked.is_empty(), groups.is_empty()) {
        _ if form.is_refused() => ().into_any(),
        (true, _) => hint("What are you looking for?"),
        (false, true) => hint("Nothing is found"),
        (false, false) => groups.into_any(),
    };
    let partial = (!view.is_complete).then(|| {
        view! { <p class="banner">"The server has just been started and has not looked through everything yet: try again soon."</p> }
    });
    let wrong = form.error(FIELD).map(|error| view! { <p class="field__error" role="alert">{error.to_owned()}</p> });
    shell(
        PageInfo { title, crumbs: vec![Crumb::here("Search")], searched: view.query.clone(), ..PageInfo::default() },
        view! {
            <header class="head">
                <div class="head__text">
                    <h1>{if asked.is_empty() { String::from("Search") } else { format!("Found for “{asked}”") }}</h1>
                    {wrong}
                </div>
            </header>
            {(!asked.is_empty()).then(|| kinds(view))}
            {partial}
            {content}
        },
    )
}

fn hint(words: &'static str) -> AnyView {
    view! {
        <section class="empty">
            {logo::stream()}
            <h2>{words}</h2>
            <p>
                "Names and descriptions of datasets, tables and columns, and merge requests, are searched for all of the words. \
                 To find rows, open a table and filter it."
            </p>
        </section>
    }
    .into_any()
}

/// The ways to what was found of one kind.
fn kinds(view: &View) -> AnyView {
    let every = [(None, "All")];
    let kinds: Vec<_> = every
        .into_iter()
        .chain(HitKind::ALL.map(|kind| (Some(kind), label(kind))))
        .map(|(kind, label)| {
            let href = address(view, kind, 0);
            view! { <li><a href=href aria-current=(kind == view.kind).then_some("page")>{label}</a></li> }
        })
        .collect();
    view! { <nav class="filters" aria-label="What to find"><ul>{kinds}</ul></nav> }.into_any()
}

fn group(view: &View, hits: &Hits) -> AnyView {
    let id = hits.kind.as_str();
    let items: Vec<_> = hits.hits.iter().map(|hit| line(view, hit)).collect();
    let pager = match view.kind {
        None => hits.has_more.then(|| {
            let href = address(view, Some(hits.kind), 0);
            let words = format!("More {}", label(hits.kind).to_lowercase());
            view! { <p class="pager"><a class="button button--small" href=href>{words}</a></p> }.into_any()
        }),
        Some(kind) => {
            let before = (view.offset > 0).then(|| {
                let href = address(view, Some(kind), view.offset.saturating_sub(view.page));
                view! { <a class="button" href=href rel="prev">"Earlier results"</a> }
            });
            let after = hits.has_more.then(|| {
                let href = address(view, Some(kind), view.offset + view.page);
                view! { <a class="button" href=href rel="next">"More results"</a> }
            });
            (before.is_some() || after.is_some())
                .then(|| view! { <nav class="pager" aria-label="Pages">{before}{after}</nav> }.into_any())
        }
    };
    view! {
        <section class="section" aria-labelledby=id>
            <h2 id=id>{label(hits.kind)}</h2>
            <ol class="requests">{items}</ol>
            {pager}
        </section>
    }
    .into_any()
}

fn line(view: &View, hit: &Hit) -> AnyView {
    let home = dataset::address(&hit.dataset);
    let (href, name, place) = match &hit.place {
        HitPlace::Dataset => (home, hit.dataset_title.clone(), hit.dataset.to_string()),
        HitPlace::Table { table } => (url::table(&home, table), table.clone(), format!("in {}", hit.dataset)),
        HitPlace::Column { table, column } => {
            (url::table(&home, table), column.clone(), format!("in {table} of {}", hit.dataset))
        }
        HitPlace::Request { number, title, state, author } => {
            let place = format!("#{number} of {}, {} · by {author}", hit.dataset, state.as_str());
            (request::address(&hit.dataset, *number), title.clone(), place)
        }
    };
    let text = (!hit.text.trim().is_empty())
        .then(|| view! { <p class="notice__text" dir="auto">{marked(&hit.text, &view.query)}</p> });
    let labels = matches!(hit.place, HitPlace::Dataset).then(|| dataset::labels(hit.visibility, hit.is_archived));
    view! {
        <li class="requests__item">
            <div class="requests__line">
                <a class="requests__title" href=href>{marked(&name, &view.query)}</a>
                {labels}
            </div>
            <p class="river__meta">{marked(&place, &view.query)}</p>
            {text}
        </li>
    }
    .into_any()
}

/// The text with the words of the query marked.
fn marked(text: &str, query: &str) -> AnyView {
    let folded = text.to_lowercase();
    // Where folding changes lengths, places in one are none in the other.
    if folded.len() != text.len() {
        return text.to_owned().into_any();
    }
    let mut places: Vec<(usize, usize)> = query
        .to_lowercase()
        .split_whitespace()
        .flat_map(|word| folded.match_indices(word).map(|(at, word)| (at, at + word.len())).collect::<Vec<_>>())
        .filter(|(start, end)| text.is_char_boundary(*start) && text.is_char_boundary(*end))
        .collect();
    places.sort_unstable();
    let mut parts: Vec<AnyView> = Vec::new();
    let mut written = 0;
    for (start, end) in places {
        if start < written {
            continue;
        }
        parts.push(text[written..start].to_owned().into_any());
        let word = text[start..end].to_owned();
        parts.push(view! { <mark>{word}</mark> }.into_any());
        written = end;
    }
    parts.push(text[written..].to_owned().into_any());
    parts.into_any()
}
