//! Who asks: found out from the session's cookie or the token of each request, once.

use app::shell::SiteFiles;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use hub::{Actor, Client, Hub};
use tokio_util::sync::CancellationToken;

use crate::{problem::Problem, state::AppState};

/// The cookie's name where the connection is not encrypted: on one's own machine.
const COOKIE: &str = "anabranch";
/// The cookie's name everywhere else: browsers take it from this very host only, and only encrypted.
const SECURE_COOKIE: &str = "__Host-anabranch";

/// The back end, as somebody who asks meets it.
pub(crate) struct Visit {
    /// The way to the data.
    pub(crate) hub: Hub,
    /// The names of the site's files.
    pub(crate) site: SiteFiles,
    /// Ends streams that would otherwise never end, when the server stops.
    pub(crate) stopping: CancellationToken,
    /// Where they come from.
    pub(crate) client: Client,
    /// The secret of the session, where one was sent.
    pub(crate) secret: Option<String>,
    /// Whether the browser reaches the server encrypted.
    pub(crate) secure: bool,
    actor: Actor,
}

impl Visit {
    /// The acting person.
    pub(crate) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// The header that makes the browser keep a session, or forget it.
    pub(crate) fn cookie(&self, secret: Option<&str>) -> HeaderValue {
        /// In seconds; the server ends a session that is not used for thirty days.
        const YEAR: u32 = 365 * 24 * 3600;
        let name = if self.secure { SECURE_COOKIE } else { COOKIE };
        let secure = if self.secure { "; Secure" } else { "" };
        let (value, age) = secret.map_or(("", 0), |secret| (secret, YEAR));
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
        HeaderValue::try_from(text).expect("a secret is hexadecimal digits")
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = Client { agent: text(&parts.headers, header::USER_AGENT), address: address(parts) };
        let secret = secret(&parts.headers, if state.secure { SECURE_COOKIE } else { COOKIE });
        let token = parts.headers.get(header::AUTHORIZATION).map(bearer);
        let found = match (&token, &secret) {
            _ if !state.hub.has_accounts() => Ok(Some(Actor::local())),
            (Some(Some(token)), _) => state.hub.actor_of_token(token).await,
            (Some(None), _) => Ok(None),
            (None, Some(secret)) => {
                let found = state.hub.actor_of_session(secret, &client.address).await;
                // A session that has ended is no session.
                found.map(|found| found.or_else(|| Some(Actor::stranger())))
            }
            (None, None) => Ok(Some(Actor::stranger())),
        };
        let actor = found?.ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "The token is not valid (any more). Make a new one on your account's page.",
            )
        })?;
        Ok(Self {
            hub: state.hub.clone(),
            site: state.site.clone(),
            stopping: state.stopping.clone(),
            secure: state.secure,
            client,
            secret,
            actor,
        })
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn address(parts: &Parts) -> String {
    use axum::extract::ConnectInfo;
    let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default()
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The cookie's value (RFC 6265, 4.2).
fn secret(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}
