//! The resolver: decisions about what both sides changed differently.

use app::{
    form::Submitted,
    pages::conflicts::{self, LIST, Names, address, anchor, cell_field, value_field},
};
use axum::{Form, extract::Query};
use hub::{ConflictsAsked, ConflictsView, Error, Place, Reference, RowFixText, Seen};
use serde::Deserialize;
use versioning::{
    ColumnId, Hash,
    merge::{Choice, Conflict, Resolutions, Scope, ScopeRule},
};

use super::{
    super::{
        answer::{Answer, page, refused, see},
        errors::Failure,
        row::typed,
    },
    One, Values, can_be_shown,
};
use crate::visit::Visit;

/// Conflicts on a page.
const PAGE: usize = 25;

/// Which part of the list is shown.
#[derive(Default, Deserialize)]
pub(in crate::pages) struct ListQuery {
    #[serde(default)]
    table: String,
    #[serde(default)]
    all: String,
    #[serde(default)]
    offset: String,
    /// A conflict that is shown besides: a reader is in it.
    #[serde(default)]
    besides: String,
}

impl ListQuery {
    fn of(form: &Submitted) -> Self {
        let [table, all, offset, besides] = ["table", "all", "offset", "besides"].map(|name| form.or(name, ""));
        Self { table, all, offset, besides }
    }

    fn asked(&self) -> ConflictsAsked {
        ConflictsAsked {
            table: self.table.parse().ok(),
            all: self.all == "1",
            offset: self.offset.parse().unwrap_or(0),
            limit: PAGE,
            besides: self.besides.parse().ok(),
        }
    }
}

pub(in crate::pages) async fn show(visit: Visit, one: One, Query(query): Query<ListQuery>) -> Answer {
    let (view, names) = load(&visit, &one, query.asked()).await?;
    page(&visit, || conflicts::page(&view, &names, &Submitted::default()))
}

/// The part of the list, or its beginning where what was there is decided by now.
async fn load(visit: &Visit, one: &One, asked: ConflictsAsked) -> Result<(ConflictsView, Names), Error> {
    let (actor, path) = (visit.actor(), &one.path);
    let mut view = visit.hub.conflicts(&actor, path, one.number, asked).await?;
    let is_behind = view.conflicts.iter().all(|item| Some(item.found.id) == asked.besides);
    if is_behind && asked.offset > 0 {
        view = visit.hub.conflicts(&actor, path, one.number, ConflictsAsked { offset: 0, ..asked }).await?;
    }
    let names = names(visit, &view).await;
    Ok((view, names))
}

/// The names of what the conflicts speak of by ids, as far as the reader may see both sides.
async fn names(visit: &Visit, view: &ConflictsView) -> Names {
    let mut names = Names::default();
    // Cells come with their names.
    let is_cell = |conflict: &Conflict| matches!(conflict, Conflict::Cell { .. });
    if view.violations.is_empty() && view.conflicts.iter().all(|item| is_cell(&item.found.conflict)) {
        return names;
    }
    let request = &view.request;
    let target = (Some(view.dataset.path.clone()), &request.target);
    for (path, branch) in [target, (request.source.path.clone(), &request.source.branch)] {
        let Some(path) = path else { continue };
        let place = Place { path, at: Reference::named(branch.clone()) };
        // Without a name, an id is shown.
        if let Ok(found) = visit.hub.dataset(&visit.actor(), &place).await {
            names.add(&found.tables);
        }
    }
    names
}

fn unreadable(what: &str) -> Failure {
    Failure::not_found(&format!("{what} of that name"))
}

/// Whichever button was pressed: one that takes something back, decides one conflict or many, or changes a row.
pub(in crate::pages) async fn decide(visit: Visit, one: One, Form(values): Values) -> Answer {
    let form = Submitted::new(values.clone());
    let next = form.value("next").map_or_else(|| LIST.to_owned(), anchor);
    let (done, next) = if let Some(about) = form.value("take_back") {
        (take_back(&visit, &one, &form, about).await, next)
    } else if let Some(conflict) = form.value("conflict") {
        let id = conflict.parse().map_err(|_| unreadable("conflict"))?;
        (decide_one(&visit, &one, &form, id).await?, next)
    } else if let Some(rule) = form.value("rule") {
        let rule = choice(rule).ok_or_else(|| unreadable("choice"))?;
        (decide_many(&visit, &one, &form, rule).await, String::from("tables"))
    } else {
        let id = form.or("violation", "").parse().map_err(|_| unreadable("rule"))?;
        (fix(&visit, &one, &form, &values, id).await?, String::from("broken"))
    };
    match done {
        Ok(()) => {
            let list = format!("{}/conflicts", one.address);
            see(&format!("{}#{next}", address(&list, &ListQuery::of(&form).asked())))
        }
        Err(error) => again(&visit, &one, form, error).await,
    }
}

/// What the page said that was decided, where it said so.
fn seen(form: &Submitted, add: impl FnOnce(Seen, &str) -> Seen) -> Seen {
    match form.value("seen") {
        Some(revision) => add(Seen::on_page(), revision),
        None => Seen::default(),
    }
}

async fn take_back(visit: &Visit, one: &One, form: &Submitted, about: &str) -> Result<(), Error> {
    let (named, seen) = match about {
        "all" => (None, seen(form, |seen, revision| seen.all(revision))),
        about => (Some(vec![about.to_owned()]), seen(form, |seen, revision| seen.about(about, revision))),
    };
    visit.hub.undecide(&visit.actor(), &one.path, one.number, named, &seen).await
}

/// A choice other than a value.
fn choice(text: &str) -> Option<Choice> {
    Some(match text {
        "ours" => Choice::Ours,
        "theirs" => Choice::Theirs,
        "base" => Choice::Base,
        "combine" => Choice::Combine,
        "keep" => Choice::Keep,
        "delete" => Choice::Delete,
        _ => return None,
    })
}

async fn decide_one(visit: &Visit, one: &One, form: &Submitted, id: Hash) -> Result<Result<(), Error>, Failure> {
    let (actor, sent) = (visit.actor(), form.or("choice", ""));
    let seen = seen(form, |seen, revision| seen.conflict(id, revision));
    if sent == "value" {
        let value = typed(form, &value_field(&id.to_string()), None);
        let done = visit.hub.decide_value(&actor, &one.path, one.number, id, value.as_deref(), &seen).await;
        return Ok(done.map_err(|error| error.renamed(|name| (name == "value").then(|| value_field(&id.to_string())))));
    }
    let choice = choice(&sent).ok_or_else(|| unreadable("choice"))?;
    let resolutions = Resolutions { conflicts: [(id, choice)].into(), ..Resolutions::default() };
    Ok(visit.hub.decide(&actor, &one.path, one.number, resolutions, &seen).await)
}

async fn decide_many(visit: &Visit, one: &One, form: &Submitted, choice: Choice) -> Result<(), Error> {
    let scope = Scope {
        table: form.value("scope_table").and_then(|table| table.parse().ok()),
        column: form.value("scope_column").and_then(|column| column.parse().ok()),
        kind: None,
    };
    let seen = seen(form, |seen, revisions| seen.rules(scope.clone(), revisions));
    let resolutions = Resolutions { rules: vec![ScopeRule { scope, choice }], ..Resolutions::default() };
    visit.hub.decide(&visit.actor(), &one.path, one.number, resolutions, &seen).await
}

/// Changes or deletes a row that breaks a rule.
async fn fix(
    visit: &Visit,
    one: &One,
    form: &Submitted,
    values: &[(String, String)],
    id: Hash,
) -> Result<Result<(), Error>, Failure> {
    let place = form.or("row", "");
    let row = place.parse().map_err(|_| unreadable("row"))?;
    let fix = if form.value("fix") == Some("delete") {
        RowFixText::Delete
    } else {
        let cells = changed(form, values, &cell_field(&id.to_string(), &place, ""));
        if cells.is_empty() {
            let message = String::from("Nothing was changed in the row: change a cell, or delete the row.");
            return Ok(Err(Error::State { message }));
        }
        RowFixText::Set(cells)
    };
    let seen = seen(form, |seen, revision| seen.violation(id, revision));
    let done = visit.hub.fix_violation(&visit.actor(), &one.path, one.number, (id, row), fix, &seen).await;
    Ok(done.map_err(|error| {
        let name = |name: &str| {
            let column = name.strip_prefix("cell-").unwrap_or(name);
            Some(cell_field(&id.to_string(), &place, column))
        };
        error.renamed(name)
    }))
}

/// The cells whose fields begin with this and hold something else than before.
fn changed(form: &Submitted, values: &[(String, String)], prefix: &str) -> Vec<(ColumnId, Option<String>)> {
    values
        .iter()
        .filter_map(|(name, _)| {
            let column = name.strip_prefix(prefix)?.parse().ok()?;
            let before: Option<String> = serde_json::from_str(form.value(&format!("before.{name}"))?).ok()?;
            let after = typed(form, name, before.as_deref());
            (after != before).then_some((column, after))
        })
        .collect()
}

/// The page with what was typed.
async fn again(visit: &Visit, one: &One, form: Submitted, error: Error) -> Answer {
    if !can_be_shown(&error) {
        return Err(error.into());
    }
    let mut asked = ListQuery::of(&form).asked();
    if let Error::Decided { others } = &error {
        // Decided by now, it would not be on the list of what is open.
        asked.besides = others.iter().find_map(|other| other.conflict);
    }
    let (view, names) = load(visit, one, asked).await?;
    let form = form.refused(&error);
    refused(visit, &error, || conflicts::page(&view, &names, &form))
}
