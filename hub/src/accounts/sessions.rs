//! Sessions: the browsers that people are signed in with.

use storage::{Person, PersonId, Session};
use versioning::Hash;

use super::{TOUCH, hash_of, secret};
use crate::{Actor, AuditKind, Client, Error, Hub, SignedIn, now};

/// A session ends when it was not used for so long, in µs.
const SESSION: i64 = 30 * 24 * 3600 * 1_000_000;

/// A browser that somebody is signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Names it among theirs; not the secret.
    pub id: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it was last seen.
    pub address: String,
    /// When they signed in, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it was last used, in µs since 1970 UTC.
    pub seen_at: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Hub {
    pub(crate) async fn begin_session(&self, person: &Person, client: Client) -> Result<SignedIn, Error> {
        let (secret, at) = (secret(), now());
        let session = Session {
            token: hash_of(&secret),
            person: person.id,
            created_at: at,
            seen_at: at,
            expires_at: at + SESSION,
            agent: client.agent.chars().take(300).collect(),
            address: client.address,
        };
        self.store().create_session(&session).await?;
        Ok(SignedIn { secret, actor: Actor::person(person) })
    }

    /// Ends the person's session with this secret.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_out(&self, actor: &Actor, secret: &str) -> Result<(), Error> {
        self.store().end_sessions(&[hash_of(secret)]).await?;
        self.shared.accounts.forget();
        if !actor.is_stranger() {
            self.note(actor, AuditKind::SignIn, None, "signed out").await;
        }
        Ok(())
    }

    /// Whoever has this session's secret; none where it has ended or never was.
    ///
    /// # Errors
    /// The store failed.
    pub async fn actor_of_session(&self, secret: &str, address: &str) -> Result<Option<Actor>, Error> {
        let token = hash_of(secret);
        let asked = match self.shared.accounts.recall(token) {
            Ok(actor) => return Ok(Some(actor)),
            Err(asked) => asked,
        };
        let at = now();
        let session = self.store().session(token).await?.filter(|session| session.expires_at > at);
        let Some(session) = session else { return Ok(None) };
        let Some(person) = self.usable(session.person).await? else { return Ok(None) };
        if at - session.seen_at > TOUCH {
            self.store().touch_session(token, at, at + SESSION, address).await?;
        }
        let actor = Actor::person(&person);
        self.shared.accounts.believe(asked, token, &actor);
        Ok(Some(actor))
    }

    /// The account, unless it is blocked.
    pub(crate) async fn usable(&self, id: PersonId) -> Result<Option<Person>, Error> {
        Ok(self.store().person_by_id(id).await?.filter(|person| person.blocked_at.is_none()))
    }

    /// The browsers that the person is signed in with, the last used first; `secret` is that of the one who asks.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn sessions(&self, actor: &Actor, secret: &str) -> Result<Vec<SessionView>, Error> {
        let person = actor.account("list sessions")?;
        let this = hash_of(secret);
        let at = now();
        let sessions = self.store().sessions_of(person).await?;
        let view = |session: Session| SessionView {
            id: session.token.to_string(),
            agent: session.agent,
            address: session.address,
            created_at: session.created_at,
            seen_at: session.seen_at,
            is_this: session.token == this,
        };
        Ok(sessions.into_iter().filter(|session| session.expires_at > at).map(view).collect())
    }

    /// Ends one of the person's sessions, or with no id all but the one with this secret.
    ///
    /// # Errors
    /// There is no account, or no such session.
    pub async fn end_session(&self, actor: &Actor, secret: &str, id: Option<&str>) -> Result<(), Error> {
        let person = actor.account("end sessions")?;
        let this = hash_of(secret);
        let sessions = self.store().sessions_of(person).await?.into_iter().map(|session| session.token);
        let ended: Vec<Hash> = match id {
            Some(id) => sessions.filter(|token| token.to_string() == id).collect(),
            None => sessions.filter(|token| *token != this).collect(),
        };
        if ended.is_empty() && id.is_some() {
            return Err(Error::not_found("session"));
        }
        self.store().end_sessions(&ended).await?;
        self.shared.accounts.forget();
        self.note(actor, AuditKind::SignIn, None, format!("ended {} sessions", ended.len())).await;
        Ok(())
    }
}
