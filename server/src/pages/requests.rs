//! Merge requests: their list, new ones, and what is done to one.

pub(super) mod conflicts;
pub(super) mod talk;

use app::{
    components::request,
    form::Submitted,
    pages::{
        self,
        new_request::Proposal,
        request::entry_anchor,
        request_changes::{self, about_field},
    },
};
use axum::{
    Form,
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
};
use hub::{About, ChangesAsked, DatasetPath, Error, MergeHow, NewRequest, RequestChange, RequestState, RequestsAsked};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    answer::{Answer, At, ChangesQuery, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

pub(super) type Values = Form<Vec<(String, String)>>;

/// The merge request that an address speaks of: `/OWNER/DATASET/requests/NUMBER…`.
pub(super) struct One {
    path: DatasetPath,
    number: u64,
    /// The address of its page.
    address: String,
}

#[derive(Deserialize)]
struct Segments {
    number: String,
}

impl<S: Send + Sync> FromRequestParts<S> for One {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let path = At::from_request_parts(parts, state).await?.place.path;
        let Path(Segments { number }) =
            Path::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let unreadable = |_| Failure::not_found("merge request of that number").into_response();
        let number = number.parse().map_err(unreadable)?;
        let address = request::address(&path, number);
        Ok(Self { path, number, address })
    }
}

/// The page on which a form stood, to which it leads back: the changes that are asked for, or the conversation.
pub(super) struct Stood(Option<ChangesAsked>);

#[derive(Deserialize)]
struct StoodQuery {
    #[serde(default)]
    on: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Stood {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Query(StoodQuery { on }) =
            Query::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        if on != request_changes::NAME {
            return Ok(Self(None));
        }
        let Query(changes) =
            Query::<ChangesQuery>::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self(Some(changes.asked().map_err(IntoResponse::into_response)?)))
    }
}

impl Stood {
    /// The address of an entry on the page; `said` where it was made just now.
    fn entry(&self, one: &One, id: Uuid, is_new: bool) -> String {
        let id = id.to_string();
        let page = match &self.0 {
            None => one.address.clone(),
            Some(asked) => {
                let page = request_changes::with_asked(&format!("{}/{}", one.address, request_changes::NAME), asked);
                if is_new { app::url::with_query(&page, &[("said", &id)]) } else { page }
            }
        };
        format!("{page}#{}", entry_anchor(&id))
    }
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    state: Option<String>,
    before: Option<String>,
    #[serde(default)]
    label: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    reviewer: String,
}

pub(super) async fn list(visit: Visit, at: At, Query(query): Query<ListQuery>) -> Answer {
    let state = match query.state.as_deref() {
        None => Some(RequestState::Open),
        Some(pages::requests::ALL) => None,
        Some(state) => Some(state.parse().map_err(|_| Failure::not_found("list of that name"))?),
    };
    let before = query.before.and_then(|before| before.parse().ok());
    let [label, author, reviewer] = [query.label, query.author, query.reviewer].map(|text| text.trim().to_owned());
    let asked = RequestsAsked { state, label, author, reviewer };
    let view = visit.hub.requests(&visit.actor(), &at.place.path, asked, before).await?;
    page(&visit, || pages::requests::page(&view))
}

#[derive(Deserialize)]
pub(super) struct NewQuery {
    #[serde(default)]
    source: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    into: String,
}

pub(super) async fn new(visit: Visit, at: At, Query(query): Query<NewQuery>) -> Answer {
    let proposal = proposal(&visit, &at, query).await?;
    // Whoever has not signed in is asked to, once it is known that there is something.
    visit.hub.namespaces(&visit.actor()).await?;
    page(&visit, || pages::new_request::page(&proposal, &Submitted::default()))
}

/// `owner/name`.
fn dataset_path(text: &str) -> Option<DatasetPath> {
    let (owner, name) = text.trim().split_once('/')?;
    Some(DatasetPath { owner: owner.to_owned(), name: name.to_owned() })
}

/// What there is to choose from.
async fn proposal(visit: &Visit, at: &At, asked: NewQuery) -> Result<Proposal, Failure> {
    let actor = visit.actor();
    let view = visit.hub.refs(&actor, &at.place.path).await?;
    let names = |view: &hub::RefsView| view.branches.iter().map(|branch| branch.name.clone()).collect::<Vec<_>>();
    let targets = names(&view);
    let source = dataset_path(&asked.source).filter(|source| *source != at.place.path);
    let sources = match &source {
        // What can't be read has no branches to choose from; sending the form tells why.
        Some(source) => visit.hub.refs(&actor, source).await.map(|view| names(&view)).unwrap_or_default(),
        None => targets.clone(),
    };
    Ok(Proposal { dataset: view.dataset, targets, source, sources, from: asked.from, into: asked.into })
}

pub(super) async fn create(visit: Visit, at: At, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let source = form.or("source", "");
    let wanted = match dataset_path(&source) {
        None if !source.trim().is_empty() => {
            Err(Error::invalid("source", "A dataset is named by its owner and its name, such as ada/prices."))
        }
        source => Ok(NewRequest {
            title: form.or("title", ""),
            text: form.or("text", ""),
            source,
            source_branch: form.or("source_branch", ""),
            target_branch: form.or("target_branch", ""),
            is_draft: form.ticked("is_draft", false),
            labels: words(&form, "labels").unwrap_or_default(),
            reviewers: words(&form, "reviewers").unwrap_or_default(),
        }),
    };
    let made = match wanted {
        Ok(wanted) => visit.hub.propose(&visit.actor(), &at.place.path, wanted).await,
        Err(error) => Err(error),
    };
    let error = match made {
        Ok(number) => return see(&request::address(&at.place.path, number)),
        // Where the dataset itself is not there, showing the form again says so.
        Err(Error::NotFound { what }) if !source.is_empty() => {
            Error::invalid("source", format!("There is no {what} here."))
        }
        Err(error) => error,
    };
    if !can_be_shown(&error) {
        return Err(error.into());
    }
    let asked = NewQuery { source, from: String::new(), into: String::new() };
    let proposal = proposal(&visit, &at, asked).await?;
    let form = form.refused(&error);
    refused(&visit, &error, || pages::new_request::page(&proposal, &form))
}

pub(super) async fn show(mut visit: Visit, one: One, headers: HeaderMap) -> Answer {
    let actor = visit.actor();
    let view = visit.hub.request(&actor, &one.path, one.number).await?;
    // Browsers fetch pages that nobody looks at yet.
    if !headers.contains_key("sec-purpose") {
        visit.unread = visit.hub.seen(&actor, view.dataset.id, About::Request(one.number)).await;
    }
    page(&visit, || pages::request::page(&view, &Submitted::default()))
}

pub(super) async fn commits(visit: Visit, one: One) -> Answer {
    let view = visit.hub.request_changes(&visit.actor(), &one.path, one.number, ChangesAsked::default()).await?;
    page(&visit, || request_changes::commits_page(&view))
}

/// A comment that was just made, or is to be made: on a row of a table, or on its cell in a column.
#[derive(Deserialize)]
pub(super) struct SaidQuery {
    said: Option<String>,
    about: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    cell: String,
}

impl SaidQuery {
    /// The form with what is known of the comment.
    fn form(&self) -> Submitted {
        let Some(table) = &self.about else { return Submitted::default() };
        Submitted::new([
            ("about".to_owned(), table.clone()),
            (about_field("key", table), self.key.clone()),
            (about_field("column", table), self.cell.clone()),
        ])
    }
}

pub(super) async fn changes(
    visit: Visit,
    one: One,
    Query(said): Query<SaidQuery>,
    Query(changes): Query<ChangesQuery>,
) -> Answer {
    let asked = changes.asked()?;
    let view = visit.hub.request_changes(&visit.actor(), &one.path, one.number, asked.clone()).await?;
    page(&visit, || request_changes::changes_page(&view, &said.form(), &asked, said.said.as_deref()))
}

pub(super) async fn checks(visit: Visit, one: One) -> Answer {
    let view = visit.hub.request_checks(&visit.actor(), &one.path, one.number).await?;
    page(&visit, || pages::request_checks::page(&view))
}

/// Labels or names, separated by commas.
fn words(form: &Submitted, field: &str) -> Option<Vec<String>> {
    form.value(field).map(|text| text.split(',').map(|word| word.trim().to_owned()).collect())
}

/// Title, text, labels and reviewers; or a button that closes, opens, or says that it is ready.
pub(super) async fn change(visit: Visit, one: One, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let change = match (form.value("state").map(str::parse), form.value("draft")) {
        (Some(Ok(state)), _) => RequestChange { state: Some(state), ..RequestChange::default() },
        (Some(Err(error)), _) => return again(&visit, &one, form, error).await,
        (None, Some(draft)) => RequestChange { is_draft: Some(draft == "true"), ..RequestChange::default() },
        (None, None) => RequestChange {
            title: form.value("title").map(str::to_owned),
            text: form.value("text").map(str::to_owned),
            labels: words(&form, "labels"),
            reviewers: words(&form, "reviewers"),
            ..RequestChange::default()
        },
    };
    match visit.hub.change_request(&visit.actor(), &one.path, one.number, change).await {
        Ok(()) => see(&one.address),
        Err(error) => again(&visit, &one, form, error).await,
    }
}

pub(super) async fn merge(visit: Visit, one: One, Form(values): Values) -> Answer {
    let form = Submitted::new(values);
    let how = MergeHow {
        message: form.or("message", ""),
        squash: form.ticked("squash", false),
        head: form.value("head").and_then(|head| head.parse().ok()),
    };
    match visit.hub.merge_request(&visit.actor(), &one.path, one.number, how).await {
        Ok(_) => see(&one.address),
        Err(error) => again(&visit, &one, form, error).await,
    }
}

/// Brings back the branch that was offered.
pub(super) async fn branch(visit: Visit, one: One) -> Answer {
    match visit.hub.bring_branch_back(&visit.actor(), &one.path, one.number).await {
        Ok(()) => see(&one.address),
        Err(error) => again(&visit, &one, Submitted::default(), error).await,
    }
}

/// Opens a request that undoes this one.
pub(super) async fn revert(visit: Visit, one: One) -> Answer {
    match visit.hub.revert_request(&visit.actor(), &one.path, one.number).await {
        Ok(number) => see(&request::address(&one.path, number)),
        Err(error) => again(&visit, &one, Submitted::default(), error).await,
    }
}

/// Whether the page with the form says best what went wrong. Whoever may not do something still may have typed a lot.
fn can_be_shown(error: &Error) -> bool {
    is_about_form(error) || matches!(error, Error::Forbidden { .. } | Error::Moved { .. })
}

/// The page on which a form stood, as the request is now, with what was typed.
async fn again_on(visit: &Visit, one: &One, stood: &Stood, form: Submitted, error: Error) -> Answer {
    let Some(asked) = &stood.0 else { return again(visit, one, form, error).await };
    if !can_be_shown(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = visit.hub.request_changes(&visit.actor(), &one.path, one.number, asked.clone()).await?;
    refused(visit, &error, || request_changes::changes_page(&view, &form, asked, None))
}

/// The page with the request as it is now, and with what was typed.
async fn again(visit: &Visit, one: &One, form: Submitted, error: Error) -> Answer {
    if !can_be_shown(&error) {
        return Err(error.into());
    }
    let form = form.refused(&error);
    let view = visit.hub.request(&visit.actor(), &one.path, one.number).await?;
    refused(visit, &error, || pages::request::page(&view, &form))
}
