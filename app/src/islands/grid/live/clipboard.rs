//! Copy, cut and paste by the browser's own events, so that nobody is asked for permission.

use std::rc::Rc;

use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen_futures::JsFuture;
use web_sys::ClipboardEvent;

use super::{Live, dom::on};
use crate::islands::grid::{
    selection::{Cell, Range},
    tsv,
};

/// Rows of texts.
pub type Block = Vec<Vec<String>>;

impl Live {
    pub(super) fn listen_to_clipboard(self: &Rc<Self>) {
        for (name, answer) in [
            ("copy", Live::copy as fn(&Rc<Self>, &ClipboardEvent)),
            ("cut", |live, event| {
                live.copy(event);
                live.clear();
            }),
            ("paste", |live, event| {
                let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok());
                live.paste(tsv::parse(&text.unwrap_or_default()));
            }),
        ] {
            let live = Rc::clone(self);
            on(self.editor.field(), name, move |event: ClipboardEvent| {
                // In an edit, the browser copies and pastes text as in any field.
                if !live.is_editing() {
                    event.prevent_default();
                    answer(&live, &event);
                }
            });
        }
    }

    fn copy(self: &Rc<Self>, event: &ClipboardEvent) {
        let mut range = self.selection.get().range();
        let new_line = self.sheet.borrow().new_line();
        // The blank row is not part of a larger range.
        range.bottom = range.bottom.min(new_line.saturating_sub(1).max(range.top));
        if let Some(text) = self.text_of(range) {
            if let Some(data) = event.clipboard_data() {
                let _ = data.set_data("text/plain", &text);
            }
            return;
        }
        // The event is over before the rows are here; then only this way is left.
        self.with_rows(range.top, range.bottom, move |live| {
            let Some(text) = live.text_of(range) else { return };
            let live = Rc::clone(live);
            spawn_local(async move {
                let clipboard = window().navigator().clipboard();
                let said = match JsFuture::from(clipboard.write_text(&text)).await {
                    Ok(_) => [&range.rows().to_string(), " rows copied."].concat(),
                    Err(_) => "Not copied yet: the rows are loaded now. Copy again.".to_owned(),
                };
                live.say(&said);
            });
        });
    }

    /// The cells as a spreadsheet takes them; none if they are not all loaded.
    fn text_of(&self, range: Range) -> Option<String> {
        let sheet = self.sheet.borrow();
        let text = |row, column| Some(sheet.text(Cell::new(row, column))?.unwrap_or_default());
        if range.is_single() {
            return text(range.top, range.left).map(str::to_owned);
        }
        let mut rows = Vec::new();
        for row in range.top..=range.bottom {
            rows.push((range.left..=range.right).map(|column| text(row, column)).collect::<Option<Vec<_>>>()?);
        }
        Some(tsv::print(rows.into_iter()))
    }
}
