//! The grid as the server writes it: a table of the first rows that is complete without scripts. In the browser the live
//! grid takes the same elements over, row for row, so that nothing jumps.

use hub::{Found, RowState, RowView, TableView};
use leptos::{nonce::use_nonce, prelude::*};
use versioning::Schema;

use super::{Grid, layout, sheet::display_order};
use crate::{
    components::search::{self, Asked, SortLink},
    url,
    wire::{self, GridSetup, Search, TablePath},
};

/// The rows of a table, editable where scripts run. `place` is the address of the dataset in the state that is shown.
#[must_use]
pub fn grid(place: &str, view: &TableView, asked: &Asked, found: &Found) -> AnyView {
    let page = &found.rows;
    let (dataset, table) = (&view.dataset.path, view.table.name.as_str());
    let path = TablePath {
        owner: dataset.owner.clone(),
        dataset: dataset.name.clone(),
        at: view.viewed.reference.clone().unwrap_or_default(),
        table: table.to_owned(),
        search: search(asked, found),
    };
    let address = asked.here.clone();
    let label = format!("Rows of {table}");
    let draft = url::below(place, "draft");
    let schema = &page.schema;
    let order = display_order(schema);
    let widths: Vec<u32> = order.iter().map(|position| layout::default_width(&schema.columns[*position])).collect();
    let frozen = schema.primary_key.len();
    let columns: Vec<_> = widths.iter().map(|_| view! { <col /> }).collect();
    let heads: Vec<_> =
        order.iter().enumerate().map(|(column, position)| head(asked, found, frozen, column, *position)).collect();
    let rows: Vec<_> = page.rows.iter().map(|row| line(&address, schema, &order, frozen, row)).collect();
    let setup = GridSetup {
        path,
        columns: GridSetup::columns_of(schema),
        primary_key: schema.primary_key.clone(),
        generated_key: schema.generated_key,
        total: page.total,
        offset: page.offset,
        editable: view.viewed.branch().is_some(),
        address,
    };
    let name = table.to_owned();
    let tools = tools(draft, setup.editable);
    let setup = wire::to_text(&setup);
    view! {
        <Grid>
            <section class="grid" aria-label=name data-setup=setup>
            <style nonce=use_nonce()>{sheet(&widths, frozen)}</style>
            {tools}
            <div class="grid__view" role="region" aria-label=label tabindex="0">
                <div class="grid__space">
                    <div class="grid__layer">
                        <table class="grid__table">
                            <colgroup>{columns}</colgroup>
                            <thead>
                                <tr>{heads}</tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </div>
            </div>
            <div class="grid__notices"></div>
            </section>
        </Grid>
    }
    .into_any()
}

/// What the grid says when it asks for more of the same rows.
fn search(asked: &Asked, found: &Found) -> String {
    let hub::Query { filter, sort } = asked.query.clone();
    let search = Search { filter, sort, list: found.list.clone() };
    if asked.query.is_plain() { String::new() } else { wire::to_text(&search) }
}

/// What can be done with the table, and how saving stands.
fn tools(draft: String, editable: bool) -> AnyView {
    let button = |command: &'static str, label: &'static str, key: Option<&'static str>, usable: bool| {
        view! {
            <button type="button" class="button button--small" data-command=command title=key disabled=!usable hidden=!editable>
                {label}
            </button>
        }
    };
    view! {
        <div class="grid__bar" role="group" aria-label="Table tools">
            {button("undo", "Undo", Some("Ctrl+Z"), false)}
            {button("redo", "Redo", Some("Ctrl+Y"), false)}
            {button("add", "Add row", None, true)}
            {button("delete", "Delete row", Some("Ctrl+Delete"), false)}
            <a class="button button--small grid__open">"Open row"</a>
            <a class="button button--small grid__draft" href=draft hidden=true>"Review and commit"</a>
            <p class="grid__status" role="status" aria-live="polite" data-state="quiet"></p>
        </div>
    }
    .into_any()
}

/// How wide the columns are, and what keeps key columns in place while the others scroll. A sheet, because the policy for
/// the page's content takes no style attributes; scripts that set styles one by one come later and win.
fn sheet(widths: &[u32], frozen: usize) -> String {
    let mut sheet = format!(".grid__table{{inline-size:{}px", widths.iter().sum::<u32>());
    for (column, _) in widths.iter().enumerate().take(frozen) {
        sheet += &format!(";--left-{column}:{}px", widths[..column].iter().sum::<u32>());
    }
    sheet.push('}');
    for (column, width) in widths.iter().enumerate() {
        let nth = column + 1;
        sheet += &format!(".grid__table col:nth-child({nth}){{inline-size:{width}px}}");
        if column < frozen {
            sheet += &format!(".grid__table .is-frozen:nth-child({nth}){{inset-inline-start:var(--left-{column})}}");
        }
    }
    sheet
}

fn head(asked: &Asked, found: &Found, frozen: usize, column: usize, position: usize) -> AnyView {
    let schema = &found.rows.schema;
    let Some(this) = schema.columns.get(position) else { return ().into_any() };
    let mut class = String::new();
    if this.ty.is_number() {
        class.push_str("is-number");
    }
    if column < frozen {
        class.push_str(" is-frozen");
    }
    let key = if column < frozen { ", key" } else { "" };
    let description = (!this.description.is_empty()).then(|| this.description.clone());
    let SortLink { aria_sort, note, link } = search::sort_link(asked, schema, &found.sorts, this);
    let label = format!("{}, {}{key}{note}", this.name, this.ty.name());
    view! {
        <th scope="col" class=class title=description aria-sort=aria_sort aria-label=label>
            <span class="grid__name">{this.name.clone()}</span>
            <span class="grid__type">{this.ty.name()}{key}</span>
            {link}
        </th>
    }
    .into_any()
}

fn line(address: &str, schema: &Schema, order: &[usize], frozen: usize, row: &RowView) -> AnyView {
    let (class, changed) = match &row.state {
        RowState::Committed => (None, &[][..]),
        RowState::Inserted => (Some("is-inserted"), &[][..]),
        RowState::Updated(columns) => (None, columns.as_slice()),
    };
    let cells: Vec<_> = order
        .iter()
        .enumerate()
        .map(|(column, position)| {
            let (Some(found), Some(value)) = (schema.columns.get(*position), row.cells.get(*position)) else {
                return ().into_any();
            };
            let mut class = String::new();
            if found.ty.is_number() {
                class.push_str("is-number");
            }
            let is_changed = changed.contains(&found.id);
            if is_changed {
                class.push_str(" is-changed");
            }
            let note = is_changed.then(|| view! { <span class="hidden-label">" (not committed)"</span> });
            let wrong: Vec<_> = row.findings.iter().filter(|finding| finding.columns.contains(&found.id)).collect();
            let title = (!wrong.is_empty()).then(|| {
                class.push_str(" is-wrong");
                wrong.iter().map(|finding| finding.to_string()).collect::<Vec<_>>().join(" ")
            });
            let wrong = title.clone().map(|title| view! { <span class="hidden-label">{format!(" ({title})")}</span> });
            let text = value.to_string();
            if column < frozen {
                class.push_str(" is-frozen");
                let new = (column == 0 && row.state == RowState::Inserted)
                    .then(|| view! { <span class="hidden-label">" (new, not committed)"</span> });
                let content = if column == 0 {
                    let href = format!("{address}/rows/{}", url::encode_key(&row.key_text));
                    view! { <a href=href>{text}</a> }.into_any()
                } else {
                    text.into_any()
                };
                view! { <th scope="row" class=class title=title>{content}{note}{new}{wrong}</th> }.into_any()
            } else {
                view! { <td class=class title=title>{text}{note}{wrong}</td> }.into_any()
            }
        })
        .collect();
    view! { <tr class=class>{cells}</tr> }.into_any()
}
