//! The WebAssembly library that brings the islands to life in the browser. It holds nothing of its own: the islands live
//! in `app`, and Leptos calls them by name.

#![cfg(target_arch = "wasm32")]

// Mentioned so that the linker keeps the islands, which nothing here calls.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's script before it wakes the islands.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
