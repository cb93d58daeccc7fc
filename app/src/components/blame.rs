//! Rows whose cells tell which commit last changed them.

use std::collections::BTreeMap;

use hub::{BlameView, CommitSummary, Found, RowState, RowView, TableView};
use leptos::prelude::*;
use versioning::{Column, ColumnId, Hash, Schema};

use crate::{
    components::{
        cell, commits, dataset, scroll,
        search::{self, Asked, SortLink},
    },
    islands::grid::sheet::display_order,
    text, url,
};

/// The rows with their commits, to be read and not edited, and a list of those commits.
#[must_use]
pub fn table(asked: &Asked, view: &TableView, found: &Found, blame: &BlameView) -> AnyView {
    let schema = &found.rows.schema;
    let order: Vec<&Column> = display_order(schema).into_iter().map(|position| &schema.columns[position]).collect();
    let heads: Vec<_> = order.iter().map(|column| head(asked, schema, found, column)).collect();
    let place = dataset::place(&view.dataset, &view.viewed);
    let blamed = Blamed { dataset: dataset::address(&view.dataset.path), draft: url::below(&place, "draft"), blame };
    let rows: Vec<_> = found
        .rows
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let href = url::row(&place, &view.table.name, &row.key_text);
            blamed.line(schema, &order, index, row, href)
        })
        .collect();
    let incomplete = (!blame.complete).then(|| {
        view! { <p class="quiet small">"Some cells are older than what was searched: they have no commit here."</p> }
    });
    view! {
        {scroll(
            format!("Rows of {}, with the commits of their cells", view.table.name),
            view! {
                <table class="data data--rows data--blame">
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )}
        {incomplete}
        {list(&blamed.dataset, &blame.commits)}
    }
    .into_any()
}

fn head(asked: &Asked, schema: &Schema, found: &Found, column: &Column) -> AnyView {
    let SortLink { aria_sort, note, link } = search::sort_link(asked, schema, &found.sorts, column);
    let class = column.ty.is_number().then_some("data__number");
    let label = format!("{}, {}{note}", column.name, column.ty.name());
    view! {
        <th scope="col" class=class aria-sort=aria_sort aria-label=label>
            {column.name.clone()}" "{link}<span class="data__type type">{column.ty.name()}</span>
        </th>
    }
    .into_any()
}

/// The commits, the newest first.
fn list(dataset: &str, found: &BTreeMap<Hash, CommitSummary>) -> Option<AnyView> {
    if found.is_empty() {
        return None;
    }
    let mut all: Vec<CommitSummary> = found.values().cloned().collect();
    all.sort_by(|a, b| b.time.cmp(&a.time).then(a.hash.cmp(&b.hash)));
    Some(
        view! {
            <section class="section" aria-labelledby="blamed">
                <h2 id="blamed">"Where these cells come from"</h2>
                {commits::river(dataset, &all)}
            </section>
        }
        .into_any(),
    )
}

struct Blamed<'b> {
    dataset: String,
    draft: String,
    blame: &'b BlameView,
}

impl Blamed<'_> {
    fn line(&self, schema: &Schema, order: &[&Column], index: usize, row: &RowView, href: String) -> AnyView {
        let first = order.first().and_then(|column| self.commit(index, column.id));
        let cells: Vec<_> = order
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let value = schema.position(column.id).and_then(|position| row.cells.get(position)).map(cell::in_table);
                let origin = self.origin(index, row, column.id, first);
                let class = column.ty.is_number().then_some("data__number");
                if place == 0 {
                    let href = href.clone();
                    view! { <th scope="row" class=class><a href=href>{value}</a>{origin}</th> }.into_any()
                } else {
                    view! { <td class=class>{value}{origin}</td> }.into_any()
                }
            })
            .collect();
        view! { <tr>{cells}</tr> }.into_any()
    }

    /// Who changed a cell last, when and why. `first` is where the row's key comes from.
    fn origin(&self, index: usize, row: &RowView, column: ColumnId, first: Option<Hash>) -> AnyView {
        let in_draft = match &row.state {
            RowState::Committed => false,
            RowState::Inserted => true,
            RowState::Updated(columns) => columns.contains(&column),
        };
        if in_draft {
            let href = self.draft.clone();
            return view! { <a class="blame is-changed" href=href>"in your draft"</a> }.into_any();
        }
        let hash = self.commit(index, column);
        let Some(commit) = hash.and_then(|hash| self.blame.commits.get(&hash)) else {
            return view! { <span class="blame">"not found"</span> }.into_any();
        };
        let href = url::commit(&self.dataset, &commit.hash.to_string());
        let origin = format!("{} · {} · {}", text::first_line(&commit.message), commit.author, text::day(commit.time));
        // A cell stands out where it comes from elsewhere than the key of its row.
        let is_other = first.is_some() && first != hash;
        let title = origin.clone();
        view! { <a class="blame" class:is-other=is_other href=href title=title>{origin}</a> }.into_any()
    }

    /// The commit that last changed a cell, if it was found.
    fn commit(&self, index: usize, column: ColumnId) -> Option<Hash> {
        let position = self.blame.columns.iter().position(|blamed| *blamed == column)?;
        *self.blame.rows.get(index)?.get(position)?
    }
}
