//! What every part needs of the browser.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi};
use web_sys::{Element, EventTarget, FocusOptions, HtmlElement};

/// Listens for as long as the page lasts.
pub fn on<E: FromWasmAbi + 'static>(target: &EventTarget, event: &str, listener: impl FnMut(E) + 'static) {
    let listener = Closure::<dyn FnMut(E)>::new(listener);
    // This fails only for a callback that is no function.
    let _ = target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// A new element.
pub fn create(tag: &str, class: &str) -> Option<HtmlElement> {
    let element = document().create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    element.dyn_into().ok()
}

/// The first element within that fits.
pub fn find(within: &Element, selector: &str) -> Option<HtmlElement> {
    within.query_selector(selector).ok()??.dyn_into().ok()
}

/// All elements within that fit.
pub fn find_all(within: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = within.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// Sets an attribute.
pub fn set(element: &Element, name: &str, value: &str) {
    // This fails only for a name that can't be one.
    let _ = element.set_attribute(name, value);
}

/// Sets an attribute, or takes it away.
pub fn set_or_remove(element: &Element, name: &str, value: Option<&str>) {
    match value {
        Some(value) => set(element, name, value),
        None => drop(element.remove_attribute(name)),
    }
}

/// Sets a property of the style.
pub fn style(element: &HtmlElement, name: &str, value: &str) {
    // This fails only for a read-only style.
    let _ = element.style().set_property(name, value);
}

/// A length in CSS pixels. The browser writes numbers; that code need not be loaded twice.
pub fn px(length: f64) -> String {
    let number = js_sys::Number::from(length).to_string_with_radix(10).map(String::from).unwrap_or_default();
    number + "px"
}

/// Gives an element the keyboard without scrolling to it.
pub fn focus(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    // An element that can't have the keyboard does not get it.
    let _ = element.focus_with_options(&options);
}

/// A new UUIDv7: rows with generated keys stand in the order in which they were made.
pub fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}
