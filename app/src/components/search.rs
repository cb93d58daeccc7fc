//! Asking a table: the form that filters and sorts it, and the links in the heads of its columns.

use hub::Query;
use leptos::prelude::*;
use versioning::{
    Column, Schema, Type,
    query::{Direction, Name, Sort, print_sorts},
};

use crate::{components::field, form::Submitted, text, url};

/// The most columns that the help lists.
const MAX_LISTED: usize = 60;

/// What is asked of a table, as its page's address has it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The table's page.
    pub here: String,
    /// The filter and the order.
    pub query: Query,
    /// Whether each cell tells where it comes from.
    pub blame: bool,
}

impl Asked {
    /// The page of the same rows from a position on.
    #[must_use]
    pub fn at(&self, offset: u64) -> String {
        let offset = if offset == 0 { String::new() } else { offset.to_string() };
        url::with_query(&self.address(&self.query.sort, self.blame), &[("offset", &offset)])
    }

    /// The same rows, with or without where each cell comes from.
    #[must_use]
    pub fn with_blame(&self, blame: bool, offset: u64) -> String {
        Self { blame, ..self.clone() }.at(offset)
    }

    /// The first page in another order.
    fn sorted(&self, sorts: &[Sort], schema: &Schema) -> String {
        self.address(&print_sorts(sorts, schema), self.blame)
    }

    fn address(&self, sort: &str, blame: bool) -> String {
        let blame = if blame { "1" } else { "" };
        url::with_query(&self.here, &[("filter", &self.query.filter), ("sort", sort), ("blame", blame)])
    }

    /// What a form on the page sends along, besides what it is about.
    #[must_use]
    pub fn hidden_fields(&self) -> AnyView {
        let field = |name: &'static str, value: &str| {
            (!value.is_empty()).then(|| view! { <input type="hidden" name=name value=value.to_owned() /> })
        };
        view! { {field("filter", &self.query.filter)}{field("sort", &self.query.sort)}{self.blame_field()} }.into_any()
    }

    fn blame_field(&self) -> Option<AnyView> {
        self.blame.then(|| view! { <input type="hidden" name="blame" value="1" /> }.into_any())
    }
}

/// The form. What was refused is shown as it was typed, with what is wrong and where.
#[must_use]
pub fn form(asked: &Asked, schema: &Schema, refused: Option<&Submitted>) -> AnyView {
    let Asked { here, query, blame } = asked;
    let clear = (!query.is_plain()).then(|| {
        let href = Asked { query: Query::default(), ..asked.clone() }.with_blame(*blame, 0);
        view! { <a class="button button--quiet" href=href>"Show all rows"</a> }
    });
    // Where nothing is asked, the table is what people came for.
    let open = refused.is_some() || !query.is_plain();
    view! {
        <details class="search" open=open>
            <summary class="button button--small">"Filter and sort"</summary>
            <search>
                <form class="search__form" method="get" action=here.clone()>
                    {line("filter", "Filter", &query.filter, "price < 10 and name contains \"loaf\"", refused)}
                    {line("sort", "Sort by", &query.sort, "city, -price", refused)}
                    {asked.blame_field()}
                    <div class="actions">
                        <button class="button" type="submit">"Apply"</button>
                        {clear}
                    </div>
                </form>
                {help(schema)}
            </search>
        </details>
    }
    .into_any()
}

fn line(
    name: &'static str,
    label: &'static str,
    value: &str,
    placeholder: &'static str,
    refused: Option<&Submitted>,
) -> AnyView {
    let error = refused.and_then(|form| form.error(name)).map(|error| {
        let (message, picture) = error.split_once('\n').unwrap_or((error, ""));
        let picture = (!picture.is_empty()).then(|| view! { <pre class="search__place">{picture.to_owned()}</pre> });
        view! {
            <div id=format!("f-{name}-error")>
                <p class="field__error">{message.to_owned()}</p>
                {picture}
            </div>
        }
    });
    let (described, invalid) = error.is_some().then(|| (format!("f-{name}-error"), "true")).unzip();
    view! {
        <div class=format!("field search__{name}")>
            <label class="field__label" for=field::id(name)>{label}</label>
            <input
                class="input input--mono"
                type="text"
                id=field::id(name)
                name=name
                value=value.to_owned()
                placeholder=placeholder
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                aria-describedby=described
                aria-invalid=invalid
            />
            {error}
        </div>
    }
    .into_any()
}

/// How filters are written, with the table's columns.
fn help(schema: &Schema) -> AnyView {
    let conditions = [
        ("= != < <= > >=", "compares: price < 10"),
        ("between … and …", "both ends included: price between 1 and 2.5"),
        ("in ( … )", "one of several: city in (\"Oslo\", \"Bergen\")"),
        ("contains, starts with, ends with", "part of a text: name contains \"loaf\" ignoring case"),
        ("is null, is not null", "whether the cell is empty"),
        ("and, or, not, ( )", "puts conditions together: not (price < 10 or city = \"Oslo\")"),
    ];
    let conditions: Vec<_> = conditions
        .into_iter()
        .map(|(sign, meaning)| view! { <div><dt><code>{sign}</code></dt><dd>{meaning}</dd></div> })
        .collect();
    let columns: Vec<_> = schema
        .columns
        .iter()
        .take(MAX_LISTED)
        .map(|column| view! { <li><code>{example(column)}</code>" "<span class="type">{column.ty.name()}</span></li> })
        .collect();
    let more = schema.columns.len().saturating_sub(MAX_LISTED);
    let more =
        (more > 0).then(|| view! { <p class="quiet small">{format!("and {} more", text::number(more as u64))}</p> });
    view! {
        <details class="search__help">
            <summary>"How to filter and sort"</summary>
            <div class="search__lists">
                <dl>{conditions}</dl>
                <div>
                    <p>"A condition for each column:"</p>
                    <ul>{columns}</ul>
                    {more}
                    <p>
                        "Texts and dates stand in quotes; a column whose name is not one word stands in brackets. Sort by \
                         one column or several, with commas between them; " <code>"-"</code> " before a column turns its order \
                         round."
                    </p>
                </div>
            </div>
        </details>
    }
    .into_any()
}

/// A condition that fits the column.
fn example(column: &Column) -> String {
    let condition = match column.ty {
        Type::Text => "contains \"x\"",
        Type::Integer | Type::Decimal | Type::Float => "< 10",
        Type::Boolean => "= true",
        Type::Date => ">= \"2026-01-31\"",
        Type::Timestamp => ">= \"2026-01-31T12:00:00Z\"",
        Type::Choice => "in (\"a\", \"b\")",
        Type::Tags => "contains \"new\"",
        Type::Link => "= \"7\"",
        Type::File => "ends with \".png\"",
        Type::Uuid | Type::Json => "is not null",
    };
    let name = Name { text: column.name.clone(), span: 0..0 };
    format!("{name} {condition}")
}

/// How a column stands in the order, and the link that changes it.
pub struct SortLink {
    /// For the first column of the order: `ascending` or `descending`.
    pub aria_sort: Option<&'static str>,
    /// What is to be heard of it behind the column's name.
    pub note: String,
    /// The link; none where values of the column have no order.
    pub link: Option<AnyView>,
}

/// The link in a column's head: not sorted by, ascending, descending, and round again. A column that is not sorted by
/// takes the place of those that are.
#[must_use]
pub fn sort_link(asked: &Asked, schema: &Schema, sorts: &[Sort], column: &Column) -> SortLink {
    if !column.ty.is_ordered() {
        return SortLink { aria_sort: None, note: String::new(), link: None };
    }
    let place = sorts.iter().position(|sort| sort.column == column.id);
    let direction = place.map(|place| sorts[place].direction);
    let mut next = sorts.to_vec();
    let (sign, word, action) = match (place, direction) {
        (Some(place), Some(Direction::Ascending)) => {
            next[place].direction = Direction::Descending;
            ("↑", "ascending", format!("Sort by {}, descending", column.name))
        }
        (Some(place), Some(Direction::Descending)) => {
            next.remove(place);
            ("↓", "descending", format!("Don’t sort by {}", column.name))
        }
        _ => {
            next = vec![Sort { column: column.id, direction: Direction::Ascending }];
            ("↕", "", format!("Sort by {}", column.name))
        }
    };
    let (mut sign, mut note) = (sign.to_owned(), String::new());
    if let Some(place) = place {
        note = format!(", sorted {word}");
        if sorts.len() > 1 {
            let number = (place + 1).to_string();
            sign += &number;
            note = format!("{note}, number {number}");
        }
    }
    let class = if place.is_some() { "sort is-sorted" } else { "sort" };
    let href = asked.sorted(&next, schema);
    let link = view! { <a class=class href=href rel="nofollow" title=action.clone() aria-label=action>{sign}</a> };
    SortLink { aria_sort: (place == Some(0)).then_some(word), note, link: Some(link.into_any()) }
}
