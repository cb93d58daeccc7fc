//! Follows a running import: shows how far it is, and loads the page again when it runs no more.

#![allow(missing_docs, reason = "the island macro makes public items without documentation")]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::text;

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The figures of a running import.
#[island]
pub fn ImportProgress(
    /// The address of its page.
    address: String,
    /// How far it is at first.
    figures: ImportFigures,
) -> impl IntoView {
    let figures = RwSignal::new(figures);
    #[cfg(feature = "hydrate")]
    follow::start(format!("{address}/progress"), figures);
    #[cfg(not(feature = "hydrate"))]
    drop(address);
    let phase = move || if figures.get().importing { "Writing the table" } else { "Reading the file" };
    let read = move || {
        let figures = figures.get();
        match figures.total_bytes {
            Some(total) => format!("{} of {}", text::bytes(figures.bytes), text::bytes(total)),
            None => text::bytes(figures.bytes),
        }
    };
    // A progress element without a value says that nobody knows how far it is.
    let max = move || figures.get().total_bytes.map(|total| total.max(1).to_string());
    let value = move || {
        let figures = figures.get();
        figures.total_bytes.map(|total| figures.bytes.min(total).to_string())
    };
    view! {
        <div class="progress">
            <p id="import-phase"><strong>{phase}</strong></p>
            <progress aria-labelledby="import-phase" max=max value=value></progress>
            <dl class="facts">
                <div><dt>"Rows"</dt><dd>{move || text::number(figures.get().rows)}</dd></div>
                <div><dt>"Read"</dt><dd>{read}</dd></div>
                <div><dt>"Rows per second"</dt><dd>{move || text::number(figures.get().rate)}</dd></div>
            </dl>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod follow {
    use std::time::Duration;

    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    use super::ImportFigures;

    const PAUSE: Duration = Duration::from_millis(400);

    /// Asks again and again, each time after the last answer.
    pub fn start(address: String, figures: RwSignal<ImportFigures>) {
        spawn_local(async move {
            match ask(&address).await {
                Ok(now) if now.running => {
                    figures.set(now);
                    set_timeout(move || start(address, figures), PAUSE);
                }
                // It is over: the page has more to say than these figures.
                Ok(_) => drop(window().location().reload()),
                // The server may be starting again.
                Err(_) => set_timeout(move || start(address, figures), 5 * PAUSE),
            }
        });
    }

    async fn ask(address: &str) -> Result<ImportFigures, JsValue> {
        let response: web_sys::Response = JsFuture::from(window().fetch_with_str(address)).await?.dyn_into()?;
        if !response.ok() {
            return Err(JsValue::from(response.status()));
        }
        let text = JsFuture::from(response.text()?).await?;
        let text = text.as_string().unwrap_or_default();
        serde_json::from_str(&text).map_err(|error| JsValue::from(error.to_string()))
    }
}
