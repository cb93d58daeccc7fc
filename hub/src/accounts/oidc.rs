//! Signing in through a provider of identities (OpenID Connect 1.0): the authorization code flow with PKCE, a state and a
//! nonce, of which nothing but a short-lived cookie's secret leaves this server.
//!
//! Who comes is found by the provider and the subject it names, never by an e-mail address: anybody may have that. Where an
//! account is asked for a second factor here, the provider's word stands for both: it asks for what it wants.

mod arriving;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenClaims, CoreProviderMetadata,
        CoreUserInfoClaims,
    },
    reqwest,
};
use storage::{Identity, PersonId};
use versioning::Hash;

use super::{MANY, hash_of, secret};
use crate::{Error, SignedIn, mail, now};

/// How long somebody may take at the provider, and then to choose a name.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long what the provider says of itself is believed, with its keys.
const BELIEVED: Duration = Duration::from_secs(3_600);
/// Not asked for more often, also where a signature is of a key that is not known.
const ASKED: Duration = Duration::from_secs(10);
/// How long the provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of the address on which somebody goes on to afterwards.
const MAX_NEXT: usize = 2_000;
/// Bytes of an invitation's secret; it has fewer.
const MAX_INVITATION: usize = 100;
/// Characters of what the provider says of somebody.
const MAX_TOLD: usize = 200;

/// A provider of identities, and what it knows this server by.
#[derive(Clone)]
pub struct ProviderSetup {
    /// Its address, as it names itself.
    pub issuer: ProviderAddress,
    /// What it calls this server.
    pub client_id: String,
    /// What this server shows it.
    pub client_secret: String,
    /// What people call it.
    pub name: String,
    /// Where it sends people back to.
    pub return_to: String,
}

impl std::fmt::Debug for ProviderSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSetup").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The address of a provider: `https://…`, or `http://` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAddress(IssuerUrl);

impl std::str::FromStr for ProviderAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as https://…, as the provider names itself".to_owned();
        let url: reqwest::Url = text.parse().map_err(|_| wrong())?;
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err(wrong());
        }
        IssuerUrl::new(text.to_owned()).map(Self).map_err(|_| wrong())
    }
}

/// What the hub keeps of the provider.
pub(crate) struct Provider {
    setup: ProviderSetup,
    http: reqwest::Client,
    metadata: tokio::sync::Mutex<Option<(CoreProviderMetadata, Instant)>>,
    /// Who has gone to the provider, and who came back without an account, by the hash of their browser's secret.
    visits: Mutex<HashMap<Hash, (Visit, Instant)>>,
}

enum Visit {
    Away { why: Why, state: Hash, nonce: Nonce, verifier: PkceCodeVerifier },
    New { who: Known, invitation: String, next: String },
}

/// Why somebody goes to the provider.
enum Why {
    SignIn { next: String, invitation: String },
    Link(PersonId),
}

/// What the provider says of somebody.
struct Known {
    issuer: String,
    subject: String,
    /// How they recognise it.
    label: String,
    /// What they might want to be called here.
    name: String,
    display: String,
    /// Where mail reaches them, where the provider has found that out.
    email: Option<String>,
}

/// Somebody who is about to go to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Where to: an address of the provider's.
    pub address: String,
    /// For their browser, until they are back.
    pub secret: String,
}

/// Somebody who has come back from the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// They are signed in, and go on to this page.
    SignedIn(SignedIn, String),
    /// They have no account yet, and may choose a name for one.
    New,
    /// Their account is linked.
    Linked,
}

/// What a new account might be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// As in addresses.
    pub name: String,
    /// The full name.
    pub display: String,
}

/// What signs somebody in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether they have a password.
    pub has_password: bool,
    /// Who they are at providers.
    pub identities: Vec<IdentityView>,
}

/// Somebody at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityView {
    /// The provider.
    pub issuer: String,
    /// What it calls them.
    pub subject: String,
    /// How they recognise it.
    pub label: String,
    /// Since when, in µs since 1970 UTC.
    pub created_at: i64,
}

impl Provider {
    pub(crate) fn new(setup: ProviderSetup) -> Result<Self, Error> {
        // Where the provider redirects to is not looked at: a provider answers itself.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build();
        let http = http.map_err(|error| Error::Internal { reason: format!("no client for the provider: {error}") })?;
        Ok(Self { setup, http, metadata: tokio::sync::Mutex::default(), visits: Mutex::default() })
    }

    fn visits(&self) -> MutexGuard<'_, HashMap<Hash, (Visit, Instant)>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a visit for as long as it may take. Where there are too many the oldest goes: nobody keeps others from signing
    /// in by setting out again and again.
    fn keep(&self, secret: &str, visit: Visit) {
        let mut visits = self.visits();
        visits.retain(|_, (_, since)| since.elapsed() < PATIENCE);
        if visits.len() >= MANY {
            let oldest = visits.iter().min_by_key(|(_, (_, since))| *since).map(|(secret, _)| *secret);
            if let Some(oldest) = oldest {
                visits.remove(&oldest);
            }
        }
        visits.insert(hash_of(secret), (visit, Instant::now()));
    }

    fn take(&self, secret: &str) -> Result<Visit, Error> {
        let taken = self.visits().remove(&hash_of(secret));
        taken.filter(|(_, since)| since.elapsed() < PATIENCE).map(|(visit, _)| visit).ok_or_else(lost)
    }

    /// What is wrong with the provider, for the log; people are told no more than that.
    fn fault(&self, what: &str, error: &(dyn std::error::Error + 'static)) -> Error {
        tracing::error!(error, "{what}");
        Error::State { message: format!("{} could not sign you in. Try again in a moment.", self.setup.name) }
    }

    /// What the provider says of itself; not older than a few seconds where `anew`.
    async fn metadata(&self, anew: bool) -> Result<CoreProviderMetadata, Error> {
        let mut known = self.metadata.lock().await;
        let believed = if anew { ASKED } else { BELIEVED };
        if let Some((metadata, _)) = known.as_ref().filter(|(_, since)| since.elapsed() < believed) {
            return Ok(metadata.clone());
        }
        let ProviderAddress(issuer) = self.setup.issuer.clone();
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let metadata = metadata.map_err(|error| self.fault("the provider of identities can't be asked", &error))?;
        *known = Some((metadata.clone(), Instant::now()));
        Ok(metadata)
    }

    fn return_to(&self) -> Result<RedirectUrl, Error> {
        RedirectUrl::new(self.setup.return_to.clone())
            .map_err(|error| Error::Internal { reason: format!("no address to return to: {error}") })
    }

    async fn depart(&self, why: Why) -> Result<Departure, Error> {
        let client_id = ClientId::new(self.setup.client_id.clone());
        let client = CoreClient::from_provider_metadata(self.metadata(false).await?, client_id, None)
            .set_redirect_uri(self.return_to()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(openidconnect::Scope::new("profile".to_owned()))
            .add_scope(openidconnect::Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let secret = secret();
        self.keep(&secret, Visit::Away { why, state: hash_of(state.secret()), nonce, verifier });
        Ok(Departure { address: address.to_string(), secret })
    }

    /// Who it is that the provider has given this code for.
    async fn identify(&self, code: &str, nonce: &Nonce, verifier: PkceCodeVerifier) -> Result<Known, Error> {
        let metadata = self.metadata(false).await?;
        // Both are offered by nearly all; what every provider has to offer is the first.
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client_id = || ClientId::new(self.setup.client_id.clone());
        let client_secret = || Some(ClientSecret::new(self.setup.client_secret.clone()));
        let client = CoreClient::from_provider_metadata(metadata, client_id(), client_secret())
            .set_redirect_uri(self.return_to()?)
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
        let exchange = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| self.fault("the provider has no place for codes", &error))?;
        let answer = exchange.set_pkce_verifier(verifier).request_async(&self.http).await;
        let answer = answer.map_err(|error| self.fault("the provider takes no code", &error))?;
        let token = answer
            .id_token()
            .ok_or_else(|| Error::State { message: format!("{} does not say who you are.", self.setup.name) })?;
        let claims = match token.claims(&client.id_token_verifier(), nonce) {
            Ok(claims) => claims,
            // It signs with a key that it did not have a while ago.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let metadata = self.metadata(true).await?;
                let client = CoreClient::from_provider_metadata(metadata, client_id(), client_secret());
                let claims = token.claims(&client.id_token_verifier(), nonce);
                claims.map_err(|error| self.fault("the provider's word is not its own", &error))?
            }
            Err(error) => return Err(self.fault("the provider's word is not good", &error)),
        };
        // More than the subject is a help for people, and may be told apart from it.
        let asked = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()));
        let more: Option<CoreUserInfoClaims> = match asked {
            Ok(asked) => asked.request_async(&self.http).await.ok(),
            Err(_) => None,
        };
        Ok(Known::new(claims, more.as_ref()))
    }
}

impl Known {
    fn new(claims: &CoreIdTokenClaims, more: Option<&CoreUserInfoClaims>) -> Self {
        let told = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(MAX_TOLD).collect() };
        let first = |a: Option<&str>, b: Option<&str>| a.or(b).map(told).unwrap_or_default();
        let user = first(
            claims.preferred_username().map(|name| name.as_str()),
            more.and_then(|more| more.preferred_username()).map(|name| name.as_str()),
        );
        let display = first(
            claims.name().and_then(|name| name.get(None)).map(|name| name.as_str()),
            more.and_then(|more| more.name()).and_then(|name| name.get(None)).map(|name| name.as_str()),
        );
        let (email, is_verified) = match claims.email() {
            Some(email) => (Some(email), claims.email_verified()),
            None => (more.and_then(|more| more.email()), more.and_then(|more| more.email_verified())),
        };
        let email = email.map(|email| told(email.as_str())).unwrap_or_default();
        let subject = claims.subject().as_str().to_owned();
        let label = [&email, &user, &subject].into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
        let wanted = if user.is_empty() { email.split('@').next().unwrap_or_default() } else { &user };
        Self {
            issuer: claims.issuer().as_str().to_owned(),
            label: told(&label),
            name: wanted.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect(),
            display,
            email: mail::address(&email).ok().filter(|_| is_verified == Some(true)),
            subject,
        }
    }

    fn identity(&self, person: PersonId) -> Identity {
        let Self { issuer, subject, label, .. } = self;
        let (issuer, subject, label) = (issuer.clone(), subject.clone(), label.clone());
        Identity { issuer, subject, person, label, created_at: now() }
    }
}

fn lost() -> Error {
    Error::State {
        message: "This was begun in another browser, or too long ago. Begin again on the page to sign in.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_speaks_tls_or_is_on_this_machine() {
        for text in ["https://id.example", "https://id.example/realms/a", "http://localhost:4000", "http://127.0.0.1:1"]
        {
            assert!(text.parse::<ProviderAddress>().is_ok(), "{text}");
        }
        for text in ["", "id.example", "http://id.example", "http://localhost.example", "ftp://id.example"] {
            assert!(text.parse::<ProviderAddress>().is_err(), "{text}");
        }
    }
}
