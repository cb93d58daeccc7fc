//! The audit log as a page, and as a file.

use app::{form::Submitted, pages, shell::Crumb, url};
use axum::{
    body::Body,
    extract::{Path, Query},
    http::header,
    response::IntoResponse,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use hub::{AuditKind, AuditPlace, AuditQuery, AuditView, DatasetPath, Error};
use serde::Deserialize;

use super::{
    answer::{Answer, page},
    errors::Failure,
};
use crate::{
    api::{cursor, time},
    visit::Visit,
};

/// Entries on a page.
const MANY: usize = 100;
/// Entries that are read at once for a file.
const AT_ONCE: usize = 1_000;
/// Names the log in the places where pages begin.
const LIST: [&str; 1] = ["audit"];

#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    person: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    dataset: String,
    #[serde(default)]
    before: String,
}

/// A dataset by its address.
type Of = Option<Path<(String, String)>>;

impl Asked {
    /// What is asked of the hub, with what can't be understood.
    fn query(&self, of: &Of) -> (AuditQuery, Submitted) {
        let values = [("person", &self.person), ("kind", &self.kind), ("dataset", &self.dataset)];
        let mut form = Submitted::new(values.map(|(name, value)| (name.to_owned(), value.clone())));
        let kind = AuditKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        if kind.is_none() && !self.kind.is_empty() {
            form = form.with_error("kind", "Choose one of the kinds.");
        }
        let named = self.dataset.trim();
        let dataset = match (of, named.split_once('/')) {
            (Some(Path((owner, name))), _) => Some((owner.clone(), name.clone())),
            (None, Some((owner, name))) => Some((owner.to_owned(), name.to_owned())),
            (None, None) if named.is_empty() => None,
            (None, None) => {
                form = form.with_error("dataset", "Write the dataset as OWNER/NAME.");
                None
            }
        };
        let dataset = dataset.map(|(owner, name)| DatasetPath { owner, name });
        (AuditQuery { person: self.person.clone(), kind, dataset }, form)
    }

    fn address(&self, address: &str, before: &str) -> String {
        let Self { person, kind, dataset, .. } = self;
        url::with_query(address, &[("person", person), ("kind", kind), ("dataset", dataset), ("before", before)])
    }
}

async fn shown(visit: &Visit, of: Of, asked: &Asked) -> Answer {
    let before = match asked.before.as_str() {
        "" => None,
        text => Some(cursor::read(&LIST, text).map_err(|_| Failure::not_found("such page of the log"))?),
    };
    let (query, form) = asked.query(&of);
    let found = if form.is_refused() {
        Default::default()
    } else {
        visit.hub.audit(&visit.actor(), &query, before, MANY).await?
    };
    let (address, dataset, crumbs) = match &of {
        None => {
            ("/account/audit".to_owned(), None, vec![Crumb::link("Your account", "/account"), Crumb::here("Audit log")])
        }
        Some(Path((owner, name))) => {
            let place = url::dataset(owner, name);
            let crumbs =
                vec![Crumb::here(owner.clone()), Crumb::link(name.clone(), place.clone()), Crumb::here("Audit log")];
            (format!("{place}/audit"), Some(format!("{owner}/{name}")), crumbs)
        }
    };
    let next = found.next.and_then(|next| cursor::write(&LIST, next));
    let view = pages::audit::View {
        next: next.map(|next| asked.address(&address, &next)),
        file: asked.address(&format!("{address}.csv"), ""),
        entries: found.entries,
        address,
        crumbs,
        dataset,
    };
    page(visit, || pages::audit::page(&view, &form))
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    shown(&visit, None, &asked).await
}

pub(super) async fn of_dataset(visit: Visit, of: Path<(String, String)>, Query(asked): Query<Asked>) -> Answer {
    shown(&visit, Some(of), &asked).await
}

/// All entries that are asked for, as CSV, a part at a time.
async fn file(visit: Visit, of: Of, asked: Asked) -> Answer {
    let (query, form) = asked.query(&of);
    if form.is_refused() {
        return Err(Error::Invalid { fields: form.errors }.into());
    }
    // The first part says whether there is an answer at all.
    let first = visit.hub.audit(&visit.actor(), &query, None, AT_ONCE).await?;
    let head = stream::iter([Ok::<_, Error>(Bytes::from_static(b"time,person,address,kind,dataset,what\r\n"))]);
    let begun = Ok((bytes_of(&first.entries), first.next));
    let rest = stream::unfold(Some((begun, visit, query)), async |state| {
        let (found, visit, query): (Result<(Bytes, Option<AuditPlace>), Error>, _, _) = state?;
        let (bytes, next) = match found {
            Ok(found) => found,
            Err(error) => return Some((Err(error), None)),
        };
        let following = match next {
            None => None,
            Some(next) => {
                let page = visit.hub.audit(&visit.actor(), &query, Some(next), AT_ONCE).await;
                Some((page.map(|page| (bytes_of(&page.entries), page.next)), visit, query))
            }
        };
        Some((Ok(bytes), following))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, Body::from_stream(head.chain(rest))).into_response())
}

fn bytes_of(entries: &[AuditView]) -> Bytes {
    entries.iter().map(line).collect::<String>().into()
}

/// A line of the file (RFC 4180). What people have named begins no field that a spreadsheet would calculate.
fn line(entry: &AuditView) -> String {
    let time = time(entry.at).unwrap_or_default();
    let fields = [&time, &entry.person, &entry.address, &entry.kind, &entry.dataset, &entry.what];
    let quoted = fields.map(|field| {
        let calculates = field.starts_with(['=', '+', '-', '@']);
        format!("\"{}{}\"", if calculates { "'" } else { "" }, field.replace('"', "\"\""))
    });
    quoted.join(",") + "\r\n"
}

pub(super) async fn show_file(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    file(visit, None, asked).await
}

pub(super) async fn file_of_dataset(visit: Visit, of: Path<(String, String)>, Query(asked): Query<Asked>) -> Answer {
    file(visit, Some(of), asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_calculates_nothing() {
        let entry = AuditView {
            at: 0,
            person: "=1+1".to_owned(),
            address: String::new(),
            kind: "commit".to_owned(),
            dataset: "ada/places".to_owned(),
            what: "said \"x, y\"".to_owned(),
        };
        assert_eq!(
            line(&entry),
            "\"1970-01-01T00:00:00Z\",\"'=1+1\",\"\",\"commit\",\"ada/places\",\"said \"\"x, y\"\"\"\r\n"
        );
    }
}
