//! Server-sent events (WHATWG HTML, 9.2) of a dataset: hints to look again.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::Path,
    response::{
        IntoResponse, Response,
        sse::{Event as Sent, KeepAlive, Sse},
    },
};
use futures::StreamExt;
use hub::{DatasetPath, Event};
use serde_json::json;

use crate::{problem::Problem, visit::Visit};

/// Often enough that a proxy keeps the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// `event: draft` with branch, table and revision, `event: head` with branch and commit, `event: decided` with the merge
/// request, who decided about its conflicts, and whether that is who watches; `event: missed` when some were lost.
pub(crate) async fn stream(state: Visit, Path((owner, name)): Path<(String, String)>) -> Response {
    let events = match state.hub.events(&state.actor(), &DatasetPath { owner, name }).await {
        Ok(events) => events,
        Err(error) => return Problem::from(&error).into_response(),
    };
    let stopping = state.stopping.clone().cancelled_owned();
    let session = state.secret.clone().filter(|_| !state.actor().is_stranger());
    let (hub, address) = (state.hub.clone(), state.client.address.clone());
    let events = events.take_while(move |_| {
        let (hub, session, address) = (hub.clone(), session.clone(), address.clone());
        async move {
            // Who has signed out is told nothing more.
            let Some(session) = session else { return true };
            hub.actor_of_session(&session, &address).await.is_ok_and(|actor| actor.is_some())
        }
    });
    let actor = state.actor();
    let sent = events.map(move |event| Ok::<_, Infallible>(encode(event, actor.name()))).take_until(stopping);
    Sse::new(sent).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn encode(event: Option<Event>, watcher: &str) -> Sent {
    let (name, data) = match event {
        Some(Event::Draft { branch, table, revision, .. }) => {
            ("draft", json!({ "branch": branch, "table": table, "revision": revision }))
        }
        Some(Event::Head { branch, commit }) => ("head", json!({ "branch": branch, "commit": commit })),
        Some(Event::Decided { request, by }) => {
            ("decided", json!({ "request": request.to_string(), "by": by, "own": by == watcher }))
        }
        None => ("missed", json!({})),
    };
    Sent::default().event(name).data(data.to_string())
}
