//! The way on from where a dataset was before it was renamed or given away: for whoever may read it, as long as no other
//! one is there. Pages, forms, the API and event streams are led on alike, with method and body (308).

use axum::{
    extract::{FromRequestParts, Request, State},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use hub::DatasetPath;

use crate::{state::AppState, visit::Visit};

/// What stands before a dataset's address in the API.
const API: &str = "/api/v1/datasets/";

/// An address that speaks of a dataset: what stands before its two segments, and behind them.
struct Address {
    before: &'static str,
    path: DatasetPath,
    behind: String,
}

impl Address {
    fn of(uri: &Uri) -> Option<Self> {
        let path = uri.path();
        let (before, rest) = match path.strip_prefix(API) {
            Some(rest) => (API.trim_end_matches('/'), rest),
            // What else begins so has no dataset in this place.
            None if path.starts_with("/api/") || path.starts_with("/account/") => return None,
            None => ("", path.strip_prefix('/')?),
        };
        let (owner, rest) = rest.split_once('/')?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        // Names need no percent-encoding: what has it is nobody's address.
        let path = DatasetPath { owner: owner.to_owned(), name: name.to_owned() };
        Some(Self { before, path, behind: format!("{behind}{query}") })
    }

    fn at(&self, path: &DatasetPath) -> String {
        format!("{}{}{}", self.before, app::url::dataset(&path.owner, &path.name), self.behind)
    }
}

/// Leads on where there is nothing.
pub(crate) async fn lead_on(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(address) = Address::of(request.uri()) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let mut copy = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let Ok(visit) = Visit::from_request_parts(&mut copy, &state).await else { return response };
    match visit.hub.moved_to(&visit.actor(), &address.path).await {
        Ok(Some(path)) => Redirect::permanent(&address.at(&path)).into_response(),
        Ok(None) => response,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "it could not be looked up where a dataset went");
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_stands_around_the_dataset() {
        let to = DatasetPath { owner: "acme".to_owned(), name: "towns".to_owned() };
        let led = |from: &'static str| Address::of(&Uri::from_static(from)).map(|address| address.at(&to));
        for (from, expected) in [
            ("/ada/cities", Some("/acme/towns")),
            ("/ada/cities/tables/a%2Fb?sort=x", Some("/acme/towns/tables/a%2Fb?sort=x")),
            ("/api/v1/datasets/ada/cities/rows?limit=1", Some("/api/v1/datasets/acme/towns/rows?limit=1")),
            ("/ada", None),
            ("/api/v1/me", None),
            ("/account/people/ada", None),
        ] {
            assert_eq!(led(from).as_deref(), expected, "{from}");
        }
    }
}
