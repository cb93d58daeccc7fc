//! The frame of every page: head, top bar with the way back, main part, foot.

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::{config::LeptosOptions, nonce::Nonce, prelude::*};

use crate::{components::logo, url};

/// What the site's files are called; their names carry a hash of what is in them.
#[derive(Clone, Debug)]
pub struct SiteFiles {
    /// The name of the JavaScript and WebAssembly files without their endings.
    pub output_name: Arc<str>,
    /// The name of the style sheet.
    pub css: Arc<str>,
}

/// Who looks at a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    /// The name of their account; none for a stranger, and where there are no accounts.
    pub name: Option<String>,
    /// Whether there are accounts to sign in with.
    pub can_sign_in: bool,
    /// Whether they run the server.
    pub is_admin: bool,
    /// How many notices wait for them.
    pub unread: usize,
    /// The page that they look at, where one can come back to it.
    pub here: Option<String>,
}

/// A step of the way from the start to a page.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// What it is called.
    pub label: String,
    /// Where it is; none for the page itself and for what has no page.
    pub href: Option<String>,
}

impl Crumb {
    /// A step with a page.
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: Some(href.into()) }
    }

    /// A step without a page, or the page itself.
    pub fn here(label: impl Into<String>) -> Self {
        Self { label: label.into(), href: None }
    }
}

/// How much room a page's main part takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// Lists and diffs.
    #[default]
    Normal,
    /// Forms and prose.
    Narrow,
    /// Tables of data: all there is.
    Wide,
}

/// What a page says about itself.
#[derive(Clone, Debug, Default)]
pub struct PageInfo {
    /// What it is, without the product's name.
    pub title: String,
    /// The way to it.
    pub crumbs: Vec<Crumb>,
    /// How much room it takes.
    pub width: Width,
    /// What it was searched for, if it shows what was found.
    pub searched: String,
    /// Whether it has islands and so needs the scripts.
    pub live: bool,
    /// Whether it loads itself again every two seconds where there are no scripts.
    pub reload: bool,
}

/// Renders a page to the text of its document. The nonce marks the scripts and styles that stand in it as ours; another
/// one each time.
#[must_use]
pub fn render(site: &SiteFiles, viewer: Viewer, nonce: Nonce, page: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        provide_context(site.clone());
        provide_context(viewer);
        provide_context(nonce);
        page().to_html()
    });
    format!("<!DOCTYPE html>{html}")
}

/// Puts the main part of a page into the frame.
#[must_use]
pub fn shell(info: PageInfo, main: impl IntoView + 'static) -> AnyView {
    // Each part is its own type, or the type of a whole page would grow past what the compiler takes.
    let main = main.into_any();
    let PageInfo { title, crumbs, width, searched, live, reload } = info;
    let site = use_context::<SiteFiles>();
    let css = site.as_ref().map(|site| format!("/pkg/{}", site.css));
    let scripts = site.filter(|_| live).map(|site| {
        let options = LeptosOptions::builder().output_name(site.output_name).site_pkg_dir("pkg").build();
        view! { <HydrationScripts options=options islands=true /> }.into_any()
    });
    let class = match width {
        Width::Normal => "page",
        Width::Narrow => "page page--narrow",
        Width::Wide => "page page--wide",
    };
    let at_start = crumbs.is_empty();
    let at_system = title == "System";
    view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("{title} · Anabranch")}</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="preload" href="/fonts/geist-latin.woff2" r#as="font" type="font/woff2" crossorigin="" />
                <link rel="stylesheet" href=css />
                {reload.then(|| view! { <noscript><meta http-equiv="refresh" content="2" /></noscript> })}
                {scripts}
            </head>
            <body>
                <a class="skip" href="#main">"Skip to content"</a>
                <header class="top">
                    <a class="brand" href="/">{logo::mark()}"Anabranch"</a>
                    {(!crumbs.is_empty()).then(|| breadcrumb(crumbs))}
                    {search(searched)}
                    <nav class="top__nav" aria-label="Main">
                        <a href="/" aria-current=at_start.then_some("page")>"Datasets"</a>
                        <a href="/system" aria-current=at_system.then_some("page")>"System"</a>
                        {person(use_context::<Viewer>().unwrap_or_default())}
                    </nav>
                </header>
                <main id="main" tabindex="-1" class=class>{main}</main>
                <footer class="foot">
                    <p>"Anabranch keeps every state of your tables."</p>
                    <p>{concat!("Version ", env!("CARGO_PKG_VERSION"))}</p>
                </footer>
            </body>
        </html>
    }
    .into_any()
}

/// The way to one's account, or to it.
fn person(viewer: Viewer) -> Option<AnyView> {
    match viewer.name {
        Some(name) => Some(view! { {inbox(viewer.unread)}<a href="/account">{name}</a> }.into_any()),
        None => viewer.can_sign_in.then(|| {
            let href = url::sign_in(viewer.here.as_deref());
            view! { <a href=href>"Sign in"</a> }.into_any()
        }),
    }
}

/// The way to what has some words.
fn search(searched: String) -> AnyView {
    view! {
        <form class="top__search" role="search" method="get" action=crate::pages::search::ADDRESS>
            <label class="hidden-label" for="site-search">"Search everything"</label>
            <input
                class="input input--small"
                id="site-search"
                type="search"
                name=crate::pages::search::FIELD
                value=searched
                maxlength="200"
                placeholder="Search"
                autocomplete="off"
            />
            <button class="button button--small" type="submit">"Search"</button>
        </form>
    }
    .into_any()
}

/// The way to what the reader was told, with how much of it waits.
fn inbox(unread: usize) -> AnyView {
    let words = if unread > 99 { String::from("99+") } else { unread.to_string() };
    let label = (unread > 0).then(|| format!("Inbox, {words} unread"));
    let count = (unread > 0).then(|| view! { " "<span class="count">{words}</span> });
    view! { <a href=crate::pages::inbox::ADDRESS aria-label=label>"Inbox"{count}</a> }.into_any()
}

fn breadcrumb(crumbs: Vec<Crumb>) -> AnyView {
    let last = crumbs.len() - 1;
    let steps: Vec<_> = crumbs
        .into_iter()
        .enumerate()
        .map(|(index, Crumb { label, href })| {
            let current = (index == last).then_some("page");
            let step = match href {
                Some(href) => view! { <a href=href aria-current=current>{label}</a> }.into_any(),
                None => view! { <span aria-current=current>{label}</span> }.into_any(),
            };
            view! { <li>{step}</li> }
        })
        .collect();
    view! { <nav class="crumbs" aria-label="Breadcrumb"><ol>{steps}</ol></nav> }.into_any()
}
