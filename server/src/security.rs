//! What protects the server, and those who use it, from the web pages that they visit: the names it answers to, and what
//! browsers are told about its pages.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::nonce::Nonce;
use tracing::Instrument;

use crate::{problem::Problem, state::AppState};

/// The policy for a page's content: all comes from here, and what stands in the page itself has to carry its nonce.
fn policy(nonce: Option<&Nonce>) -> String {
    let ours = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{ours}; style-src 'self'{ours}; \
         img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Answers only to names of this machine and to the public one: a foreign name that resolves to it (DNS rebinding) is
/// somebody else's page.
pub(crate) async fn only_known_names(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the name in the address.
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let is_known =
        host.is_some_and(|host| is_local(host) || state.public.as_ref().is_some_and(|public| public.is_host(host)));
    if is_known {
        return next.run(request).await;
    }
    let known = match &state.public {
        Some(public) => format!("This server answers to {public}, localhost, 127.0.0.1 and [::1] only."),
        None => {
            "This server answers to localhost, 127.0.0.1 and [::1] only. To reach it by another name, start it with \
                 --public-url."
                .to_owned()
        }
    };
    Problem::new(StatusCode::MISDIRECTED_REQUEST, known).into_response()
}

fn is_local(host: &str) -> bool {
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

/// Whoever reaches a server that others reach as well gets nothing but the page that makes the first account, until there
/// is one. The name in a request does not tell who is on this machine: a proxy may write a local one.
pub(crate) async fn set_up_first(State(state): State<AppState>, request: Request, next: Next) -> Response {
    const OPEN: [&str; 6] = ["/set-up", "/favicon.svg", "/robots.txt", "/healthz", "/readyz", "/metrics"];
    let path = request.uri().path();
    let is_open = OPEN.contains(&path) || path.starts_with("/pkg/") || path.starts_with("/fonts/");
    if state.public.is_none() || state.hub.has_accounts() || is_open {
        return next.run(request).await;
    }
    if request.method() == Method::GET && !path.starts_with("/api/") {
        return Redirect::to("/set-up").into_response();
    }
    Problem::new(StatusCode::UNAUTHORIZED, "There are no accounts yet: make the first one at /set-up.").into_response()
}

/// Where somebody comes back from a provider: the one address that changes something when it is only read.
const RETURN: &str = "/sign-in/return";

/// What changes something is done to its end, also where whoever asked has gone meanwhile: a deed and its entry in the audit
/// log belong together.
pub(crate) async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() && request.uri().path() != RETURN {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The server stops.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// Gives up on a request that takes longer than `most`: what it changes is done to its end all the same. Files come and go as
/// slowly as they may, as long as they do.
pub(crate) async fn in_time(most: Duration, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_upload = request.method() == Method::POST && (path.ends_with("/import") || path.ends_with("/imports"));
    if is_upload {
        return next.run(request).await;
    }
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let told = "The server has worked on this for too long and does not wait for it any more. What it was to change may \
                        still be done: look before you send it again.";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, told).into_response()
        }
    }
}

/// Headers that every answer carries.
pub(crate) async fn headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = policy(response.extensions().get::<Nonce>());
    let headers = response.headers_mut();
    // A nonce is letters, digits, `-` and `_`.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    let mut set = |name, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    // Pages show what is true now; files with a hash in their names say otherwise themselves.
    set(header::CACHE_CONTROL, "no-cache");
    if state.public.is_some() {
        // A year; browsers heed it only where they came encrypted.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{
        Router,
        body::Body,
        extract::Request,
        http::StatusCode,
        middleware,
        routing::{get, post},
    };
    use tower::ServiceExt;

    use super::{in_time, is_local};

    #[tokio::test]
    async fn what_never_ends_is_given_up() {
        let app = Router::new()
            .route("/", get(std::future::pending::<()>))
            .route("/a/b/import", post(async || tokio::time::sleep(Duration::from_millis(50)).await))
            .layer(middleware::from_fn(|request, next| in_time(Duration::from_millis(10), request, next)));
        let asked = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
            app.clone().oneshot(request)
        };
        assert_eq!(asked("GET", "/").await.expect("an answer").status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(asked("POST", "/a/b/import").await.expect("an answer").status(), StatusCode::OK);
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "localhost:3000", "LOCALHOST", "127.0.0.1:1", "[::1]:3000", "[::1]"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org", "127.0.0.1.example.org:3000", "[::2]", "0.0.0.0"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
