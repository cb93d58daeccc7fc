//! Who asks: found out from the session's cookie or the token of each request, once.

use std::net::{IpAddr, SocketAddr};

use app::shell::SiteFiles;
use axum::{
    extract::{ConnectInfo, FromRequestParts, OriginalUri},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
};
use hub::{Actor, Client, Hub};
use tokio_util::sync::CancellationToken;

use crate::{problem::Problem, public::PublicUrl, state::AppState};

/// A secret that a browser keeps for us.
#[derive(Clone, Copy)]
pub(crate) enum Cookie {
    /// Of a session.
    Session,
    /// Of somebody who has given the password and is asked for the second factor.
    SecondStep,
    /// Of somebody who has gone to a provider that signs them in.
    Provider,
}

impl Cookie {
    /// Its name. Where the connection is encrypted, which it is everywhere but on one's own machine, browsers take it from
    /// this very host only, and only encrypted.
    fn name(self, is_public: bool) -> &'static str {
        match (self, is_public) {
            (Self::Session, false) => "anabranch",
            (Self::Session, true) => "__Host-anabranch",
            (Self::SecondStep, false) => "anabranch-step",
            (Self::SecondStep, true) => "__Host-anabranch-step",
            (Self::Provider, false) => "anabranch-provider",
            (Self::Provider, true) => "__Host-anabranch-provider",
        }
    }

    /// For how many seconds it is kept. The server ends a session that is not used for thirty days.
    fn age(self) -> u32 {
        match self {
            Self::Session => 365 * 24 * 3600,
            Self::SecondStep | Self::Provider => 10 * 60,
        }
    }
}

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
    /// What shows that they have given the password, where it was sent.
    pub(crate) second_step: Option<String>,
    /// What shows that they have gone to a provider from this browser, where it was sent.
    pub(crate) departure: Option<String>,
    /// Where people on other machines reach the server, always encrypted.
    pub(crate) public: Option<PublicUrl>,
    /// The page that is asked for, where one can come back to it.
    pub(crate) here: Option<String>,
    /// How many notices wait for them; counted where it is shown, on pages for people.
    pub(crate) unread: usize,
    /// What stands before the paths of links that people send each other.
    origin: String,
    actor: Actor,
}

impl Visit {
    /// The acting person.
    pub(crate) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// The beginning of whole addresses on this server.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The header that makes the browser keep a secret, or forget it.
    pub(crate) fn cookie(&self, cookie: Cookie, secret: Option<&str>) -> HeaderValue {
        let is_public = self.public.is_some();
        let (name, secure) = (cookie.name(is_public), if is_public { "; Secure" } else { "" });
        let (value, age) = secret.map_or(("", 0), |secret| (secret, cookie.age()));
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
        HeaderValue::try_from(text).expect("a secret is hexadecimal digits")
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let is_public = state.public.is_some();
        let client = Client {
            agent: text(&parts.headers, header::USER_AGENT),
            address: address(&parts.extensions, &parts.headers, is_public),
        };
        let kept = |cookie: Cookie| secret(&parts.headers, cookie.name(is_public));
        let (secret, second_step) = (kept(Cookie::Session), kept(Cookie::SecondStep));
        let departure = kept(Cookie::Provider);
        let token = parts.headers.get(header::AUTHORIZATION).map(bearer);
        let found = match (&token, &secret) {
            _ if !state.hub.has_accounts() => {
                // Where others reach the server, whoever asks is not known to be its one person.
                Ok(Some(if is_public { Actor::stranger() } else { Actor::local() }))
            }
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
        // The name was found to be one of ours before.
        let origin = match &state.public {
            Some(public) => public.to_string(),
            None => format!("http://{}", text(&parts.headers, header::HOST)),
        };
        let actor = actor.at(&client.address);
        let asked = parts.extensions.get::<OriginalUri>().filter(|_| parts.method == Method::GET);
        let here = asked.and_then(|asked| asked.path_and_query()).map(ToString::to_string);
        let here = here.filter(|here| here != "/" && !here.starts_with("/sign"));
        let is_page = secret.is_some() && !parts.uri.path().starts_with("/api/");
        let unread = if is_page { state.hub.unread(&actor).await } else { 0 };
        Ok(Self {
            origin,
            hub: state.hub.clone(),
            site: state.site.clone(),
            stopping: state.stopping.clone(),
            public: state.public.clone(),
            client,
            secret,
            here,
            unread,
            second_step,
            departure,
            actor,
        })
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Where a request comes from. A proxy on this machine says for whom it asks, in `X-Forwarded-For`: the last address there
/// is what it saw itself, those before it are what it was told. Nobody else is believed.
pub(crate) fn address(extensions: &Extensions, headers: &HeaderMap, is_public: bool) -> String {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else { return String::new() };
    let peer = peer.ip().to_canonical();
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let told = last.and_then(|text| text.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    told.filter(|_| is_public && peer.is_loopback()).unwrap_or(peer).to_string()
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
