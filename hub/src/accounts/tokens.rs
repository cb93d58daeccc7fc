//! Tokens: what programs act by, in somebody's name.

use storage::{StorageError, Token, TokenId};
use uuid::Uuid;

use super::{MAX_DISPLAY, TOUCH, hash_of, secret};
use crate::{Actor, AuditKind, DatasetPath, Error, Hub, Scope, access::Action, now};

/// Days after which a token ends.
const TOKEN_DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;
/// What a token begins with, so that it is recognised where it was left by mistake.
const PREFIX: &str = "anb_";

/// A token in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What may be done with it.
    pub scope: Scope,
    /// The only dataset that it may be used for; none: all.
    pub dataset: Option<Uuid>,
    /// When it was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it ends, in µs since 1970 UTC.
    pub expires_at: Option<i64>,
    /// When it was last used, in µs since 1970 UTC.
    pub seen_at: Option<i64>,
}

/// A token that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Its text, which nobody can find out later.
    pub text: String,
    /// The token.
    pub view: TokenView,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scope: scope_of(&token.scope),
            dataset: token.dataset.map(|dataset| dataset.0),
            created_at: token.created_at,
            expires_at: token.expires_at,
            seen_at: token.seen_at,
        }
    }
}

impl Hub {
    /// For whom a token acts; none where it has ended or never was.
    ///
    /// # Errors
    /// The store failed.
    pub async fn actor_of_token(&self, text: &str) -> Result<Option<Actor>, Error> {
        let hash = hash_of(text);
        let asked = match self.shared.accounts.recall(hash) {
            Ok(actor) => return Ok(Some(actor)),
            Err(asked) => asked,
        };
        let at = now();
        let token = self.store().token(hash).await?.filter(|token| token.expires_at.is_none_or(|end| end > at));
        let Some(token) = token else { return Ok(None) };
        let Some(person) = self.usable(token.person).await? else { return Ok(None) };
        if token.seen_at.is_none_or(|seen| at - seen > TOUCH) {
            self.store().touch_token(token.id, at).await?;
        }
        let actor = Actor::person(&person).limited(scope_of(&token.scope), token.dataset);
        self.shared.accounts.believe(asked, hash, &actor);
        Ok(Some(actor))
    }

    /// The person's tokens, the newest first.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<TokenView>, Error> {
        let person = actor.account("list tokens")?;
        Ok(self.store().tokens_of(person).await?.into_iter().map(TokenView::from).collect())
    }

    /// Makes a token for programs. `days`: when it ends, up to ten years; none: never. `only`: the only dataset that it may
    /// be used for; what is public it reads as anybody does.
    ///
    /// # Errors
    /// There is no account, a field is not valid, or the person may not read that dataset.
    pub async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scope: Scope,
        days: Option<u32>,
        only: Option<&DatasetPath>,
    ) -> Result<NewToken, Error> {
        let person = actor.account("make tokens")?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_DISPLAY || name.chars().any(char::is_control) {
            return Err(Error::invalid("name", "Say in 1 to 100 characters what the token is for."));
        }
        if days.is_some_and(|days| !TOKEN_DAYS.contains(&days)) {
            return Err(Error::invalid("expires_in_days", "A token ends in 1 to 3,650 days, or never."));
        }
        let dataset = match only {
            None => None,
            Some(path) => match self.find_stored(actor, Action::Read, path).await {
                Ok(dataset) => Some(dataset.id),
                Err(Error::NotFound { what }) => {
                    return Err(Error::invalid("dataset", format!("There is no {what} here.")));
                }
                Err(error) => return Err(error),
            },
        };
        let (text, at) = (format!("{PREFIX}{}", secret()), now());
        let token = Token {
            id: TokenId::generate(),
            token: hash_of(&text),
            person,
            name: name.to_owned(),
            scope: scope.as_str().to_owned(),
            dataset,
            created_at: at,
            expires_at: days.map(|days| at + i64::from(days) * 24 * 3600 * 1_000_000),
            seen_at: None,
        };
        self.store().create_token(&token).await?;
        let within = only.map(|path| format!(" in {path}")).unwrap_or_default();
        let what = format!("made a token to {}{within}: {}", token.scope, token.name);
        self.note(actor, AuditKind::Token, None, what).await;
        Ok(NewToken { text, view: token.into() })
    }

    /// Ends a token.
    ///
    /// # Errors
    /// There is no account, or no such token of theirs.
    pub async fn delete_token(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let person = actor.account("end tokens")?;
        match self.store().delete_token(person, TokenId(id)).await {
            Ok(()) => {
                self.shared.accounts.forget();
                self.note(actor, AuditKind::Token, None, "ended a token").await;
                Ok(())
            }
            Err(StorageError::NotFound { .. }) => Err(Error::not_found("token")),
            Err(error) => Err(error.into()),
        }
    }
}

/// A scope as it was stored.
fn scope_of(text: &str) -> Scope {
    // What is not known may do the least.
    Scope::ALL.into_iter().find(|scope| scope.as_str() == text).unwrap_or(Scope::Read)
}
