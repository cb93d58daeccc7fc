//! Errors as pages: whatever goes wrong behind a page is shown in the same frame, with the right status.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use hub::Error;

use super::answer::document;
use crate::{problem::status, visit::Visit};

/// Why there is no page.
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::from(Error::not_found(what))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = status(&error);
        if status.is_server_error() {
            // Once, whole, at the boundary; the reader is told no more than that.
            tracing::error!(error = &error as &dyn std::error::Error, "a page failed");
            let told = match error {
                Error::DiskFull => error.to_string(),
                _ => "The page could not be made. The server's log has the details.".to_owned(),
            };
            return Self::new(status, told);
        }
        Self::new(status, error.to_string())
    }
}

/// What went wrong, for [`as_page`] to put into words.
#[derive(Clone)]
struct Message(String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Message(self.message));
        response
    }
}

/// Makes a page of every error that is none yet: ours, and those of the framework (a form that can't be read, say).
pub(super) async fn as_page(state: Visit, request: Request, next: Next) -> Response {
    let wanted = (request.method() == Method::GET).then(|| request.uri().path_and_query().map(ToString::to_string));
    let response = next.run(request).await;
    let status = response.status();
    // Whoever has not signed in may be allowed to once they have.
    if status == StatusCode::UNAUTHORIZED && state.actor().is_stranger() {
        return Redirect::to(&app::url::sign_in(wanted.flatten().as_deref())).into_response();
    }
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let message =
        response.extensions().get::<Message>().map_or_else(|| default_message(status), |Message(text)| text.clone());
    let mut page = document(&state, status, || app::pages::error::page(status.as_u16(), &message));
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        page.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    page
}

/// Nothing is at the address.
pub(super) async fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "There is no page at this address.")
}

/// The address is right, the method is not.
pub(super) async fn not_possible(method: Method) -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("This address does not take {method} requests."))
}

fn default_message(status: StatusCode) -> String {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => String::from("More was sent than a form takes."),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            String::from("What was sent could not be read.")
        }
        status => format!("{}.", status.canonical_reason().unwrap_or("An error")),
    }
}
