//! Follows a running import: shows how far it is, and loads the page again when it runs no more.
//!
//! The server writes the figures; the browser only puts new ones in their places, so nothing here is reactive.

#![allow(missing_docs, reason = "the island and component macros make public items without documentation")]

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use serde::Serialize;

use crate::text;

/// How far an import is.
#[cfg_attr(feature = "ssr", derive(Serialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFigures {
    /// Whether it still runs.
    pub running: bool,
    /// Whether it writes the table; before that the file is read to find its columns.
    pub importing: bool,
    /// Rows read in this phase.
    pub rows: u64,
    /// Bytes read in this phase.
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total_bytes: Option<u64>,
    /// Rows per second in this phase.
    pub rate: u64,
}

impl ImportFigures {
    fn phase(&self) -> &'static str {
        if self.importing { "Writing the table" } else { "Reading the file" }
    }

    fn read(&self) -> String {
        match self.total_bytes {
            Some(total) => [text::bytes(self.bytes).as_str(), " of ", &text::bytes(total)].concat(),
            None => text::bytes(self.bytes),
        }
    }
}

/// The figures of a running import.
#[cfg(feature = "ssr")]
#[component]
pub fn ImportProgress(
    /// The address of its page.
    address: String,
    /// How far it is at first.
    figures: ImportFigures,
) -> impl IntoView {
    // A progress element without a value says that nobody knows how far it is.
    let max = figures.total_bytes.map(|total| total.max(1).to_string());
    let value = figures.total_bytes.map(|total| figures.bytes.min(total).to_string());
    view! {
        <ImportWatch>
            <div class="progress" data-address=address>
                <p id="import-phase"><strong data-figure="phase">{figures.phase()}</strong></p>
                <progress aria-labelledby="import-phase" max=max value=value></progress>
                <dl class="facts">
                    <div><dt>"Rows"</dt><dd data-figure="rows">{text::number(figures.rows)}</dd></div>
                    <div><dt>"Read"</dt><dd data-figure="read">{figures.read()}</dd></div>
                    <div><dt>"Rows per second"</dt><dd data-figure="rate">{text::number(figures.rate)}</dd></div>
                </dl>
            </div>
        </ImportWatch>
    }
}

/// Keeps the figures within up to date. The address is an attribute of theirs: see [`crate::islands`].
#[island]
pub fn ImportWatch(children: Children) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    follow::start();
    children()
}

#[cfg(feature = "hydrate")]
mod follow {
    use std::time::Duration;

    use js_sys::{JSON, Reflect};
    use leptos::{
        prelude::{document, set_timeout, window},
        task::spawn_local,
    };
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::Element;

    use super::ImportFigures;
    use crate::text;

    const PAUSE: Duration = Duration::from_millis(400);

    pub fn start() {
        let address = find(".progress").and_then(|progress| progress.get_attribute("data-address"));
        if let Some(address) = address {
            follow([&address, "/progress"].concat());
        }
    }

    /// Asks again and again, each time after the last answer.
    fn follow(address: String) {
        spawn_local(async move {
            match ask(&address).await {
                Ok(now) if now.running => {
                    show(&now);
                    set_timeout(move || follow(address), PAUSE);
                }
                // It is over: the page has more to say than these figures.
                Ok(_) => drop(window().location().reload()),
                // The server may be starting again.
                Err(_) => set_timeout(move || follow(address), 5 * PAUSE),
            }
        });
    }

    async fn ask(address: &str) -> Result<ImportFigures, JsValue> {
        let response: web_sys::Response = JsFuture::from(window().fetch_with_str(address)).await?.dyn_into()?;
        if !response.ok() {
            return Err(JsValue::from(response.status()));
        }
        let text = JsFuture::from(response.text()?).await?;
        let answer = JSON::parse(&text.as_string().unwrap_or_default())?;
        let part = |name: &str| Reflect::get(&answer, &name.into()).unwrap_or_default();
        let number = |name: &str| part(name).as_f64().map(|number| number as u64);
        Ok(ImportFigures {
            running: part("running").is_truthy(),
            importing: part("importing").is_truthy(),
            rows: number("rows").unwrap_or(0),
            bytes: number("bytes").unwrap_or(0),
            total_bytes: number("total_bytes"),
            rate: number("rate").unwrap_or(0),
        })
    }

    fn show(figures: &ImportFigures) {
        put("phase", figures.phase());
        put("rows", &text::number(figures.rows));
        put("read", &figures.read());
        put("rate", &text::number(figures.rate));
        if let (Some(total), Some(bar)) = (figures.total_bytes, find(".progress progress")) {
            let _ = bar.set_attribute("max", &total.max(1).to_string());
            let _ = bar.set_attribute("value", &figures.bytes.min(total).to_string());
        }
    }

    fn put(name: &str, text: &str) {
        if let Some(element) = find(&["[data-figure=", name, "]"].concat()) {
            element.set_text_content(Some(text));
        }
    }

    fn find(selector: &str) -> Option<Element> {
        document().query_selector(selector).ok()?
    }
}
