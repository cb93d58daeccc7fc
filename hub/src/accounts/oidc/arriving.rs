//! What the hub does about people who come from a provider: signing in, signing up, linking.

use storage::{Admission, Identity, LinkKind, PersonId, StorageError, Unlinking};

use super::{
    Arrival, Departure, IdentityView, Known, MAX_INVITATION, MAX_NEXT, Newcomer, PATIENCE, Provider, Visit, WaysIn,
    Why, lost,
};
use crate::{
    Actor, AuditKind, Client, Error, Hub, NewAccount, SignUp, SignedIn,
    accounts::{hash_of, name_taken},
    joining::ended,
};

/// What counts how often somebody sets out for the provider.
fn begun(client: &Client) -> String {
    format!("provider begun from {}", client.network())
}

impl Hub {
    /// What people call the provider that signs them in; none where there is none.
    #[must_use]
    pub fn provider_name(&self) -> Option<&str> {
        self.shared.provider.as_ref().map(|provider| provider.setup.name.as_str())
    }

    fn provider(&self) -> Result<&Provider, Error> {
        self.shared.provider.as_ref().ok_or_else(|| Error::not_found("provider that signs people in"))
    }

    /// Sends somebody to the provider to sign in; `next` is where they go on to, `invitation` the secret of a link.
    ///
    /// # Errors
    /// There is no provider, it can't be asked, or somebody sets out from there again and again.
    pub async fn sign_in_elsewhere(&self, next: &str, invitation: &str, client: &Client) -> Result<Departure, Error> {
        let provider = self.provider()?;
        self.shared.accounts.begin_try(&[begun(client)])?;
        // It is kept until they are back, and nothing of ours is so long.
        let kept = |text: &str, most: usize| if text.len() > most { String::new() } else { text.to_owned() };
        let (next, invitation) = (kept(next, MAX_NEXT), kept(invitation, MAX_INVITATION));
        provider.depart(Why::SignIn { next, invitation }).await
    }

    /// Sends the person to the provider, so that it may sign them in from then on.
    ///
    /// # Errors
    /// The password is another, there is no provider, or it can't be asked.
    pub async fn link_elsewhere(&self, actor: &Actor, password: &str) -> Result<Departure, Error> {
        let person = self.confirmed(actor, "link the account", password, "link-password").await?;
        self.provider()?.depart(Why::Link(person.id)).await
    }

    /// Takes somebody in who comes back from the provider. `secret`: of their browser; `state` and `code`: what the provider
    /// says.
    ///
    /// # Errors
    /// They did not set out from this browser, the provider does not vouch for them, or they may not have an account.
    pub async fn arrive(
        &self,
        actor: &Actor,
        secret: &str,
        state: &str,
        code: &str,
        client: Client,
    ) -> Result<Arrival, Error> {
        let provider = self.provider()?;
        let keys = [format!("provider from {}", client.network()), begun(&client)];
        self.shared.accounts.begin_try(&keys[..1])?;
        let Visit::Away { why, state: expected, nonce, verifier } = provider.take(secret)? else { return Err(lost()) };
        if hash_of(state) != expected {
            return Err(lost());
        }
        if code.is_empty() {
            let message = format!("{} did not sign you in.", provider.setup.name);
            return Err(Error::State { message });
        }
        let who = provider.identify(code, &nonce, verifier).await?;
        self.shared.accounts.succeeded(&keys);
        match why {
            Why::Link(person) => self.link(actor, person, &who).await,
            Why::SignIn { next, invitation } => match self.store().identity(&who.issuer, &who.subject).await? {
                Some(identity) => {
                    let person = self.store().person_by_id(identity.person).await?.ok_or_else(lost)?;
                    self.refuse_blocked(&person, &client).await?;
                    let what = format!("signed in through {}", provider.setup.name);
                    self.note_from(person.name.as_str(), &client.address, AuditKind::SignIn, None, what).await;
                    Ok(Arrival::SignedIn(self.begin_session(&person, client).await?, next))
                }
                None => {
                    self.may_join(&invitation).await?;
                    provider.keep(secret, Visit::New { who, invitation, next });
                    Ok(Arrival::New)
                }
            },
        }
    }

    async fn link(&self, actor: &Actor, person: PersonId, who: &Known) -> Result<Arrival, Error> {
        // Who set out may have signed out meanwhile, or somebody else in.
        if actor.account("link the account")? != person {
            return Err(lost());
        }
        if !self.store().link_identity(&who.identity(person)).await? {
            let message = format!("{} is linked to an account here already.", who.label);
            return Err(Error::State { message });
        }
        self.note(actor, AuditKind::SignIn, None, format!("linked the account to {} at {}", who.label, who.issuer))
            .await;
        Ok(Arrival::Linked)
    }

    /// By what right somebody new makes an account.
    async fn may_join(&self, invitation: &str) -> Result<Admission<'static>, Error> {
        let rule = self.sign_up_rule().await?;
        if rule == SignUp::Closed || !self.has_accounts() {
            return Err(Error::Forbidden {
                action: "make an account here: ask whoever runs the server. If you have an account, sign in with its \
                         password and link it on your account's page"
                    .to_owned(),
            });
        }
        if !invitation.is_empty() {
            return Ok(Admission::Link(self.valid_link(invitation, LinkKind::Invitation).await?.secret));
        }
        if rule == SignUp::Open {
            return Ok(Admission::Free);
        }
        Err(Error::Forbidden {
            action: "make an account here without an invitation: open its link and go on from there".to_owned(),
        })
    }

    /// What somebody might want to be called who has come back from the provider and has no account.
    ///
    /// # Errors
    /// Nobody has, from this browser.
    pub fn newcomer(&self, secret: &str) -> Result<Newcomer, Error> {
        match self.provider()?.visits().get(&hash_of(secret)) {
            Some((Visit::New { who, .. }, since)) if since.elapsed() < PATIENCE => {
                Ok(Newcomer { name: who.name.clone(), display: who.display.clone() })
            }
            _ => Err(lost()),
        }
    }

    /// Makes an account for somebody who has come back from the provider, and signs it in; where they go on to.
    ///
    /// # Errors
    /// Nobody has come back, from this browser; they may not have an account, a field is not valid, or the name is taken.
    pub async fn join_from_elsewhere(
        &self,
        secret: &str,
        name: &str,
        display: &str,
        client: Client,
    ) -> Result<(SignedIn, String), Error> {
        let provider = self.provider()?;
        let new = NewAccount { name: name.trim().to_owned(), display: display.to_owned(), password: String::new() };
        let fields = new.check_names(false);
        if !fields.is_empty() {
            return Err(Error::Invalid { fields });
        }
        let keys = [format!("sign-up from {}", client.network())];
        self.shared.accounts.begin_try(&keys)?;
        let Visit::New { who, invitation, next } = provider.take(secret)? else { return Err(lost()) };
        let admission = self.may_join(&invitation).await?;
        let mut person = new.into_person(None, false);
        person.email.clone_from(&who.email);
        match self.store().create_person(&person, admission, Some(&who.identity(person.id))).await {
            Ok(()) => {}
            Err(StorageError::AlreadyExists { what: "account", name }) => {
                // Another name may do.
                provider.keep(secret, Visit::New { who, invitation, next });
                return Err(name_taken(&name));
            }
            Err(StorageError::AlreadyExists { .. }) => return Err(lost()),
            Err(StorageError::NotFound { .. }) => return Err(ended()),
            Err(error) => return Err(error.into()),
        }
        if !invitation.is_empty() {
            self.shared.accounts.succeeded(&keys);
        }
        let what = format!("signed up through {}", provider.setup.name);
        self.note_from(person.name.as_str(), &client.address, AuditKind::Account, None, what).await;
        Ok((self.begin_session(&person, client).await?, next))
    }

    /// What signs the person in.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn ways_in(&self, actor: &Actor) -> Result<WaysIn, Error> {
        let id = actor.account("look at your account")?;
        let person = self.store().person_by_id(id).await?.ok_or(Error::SignIn)?;
        let view = |identity: Identity| {
            let Identity { issuer, subject, label, created_at, .. } = identity;
            IdentityView { issuer, subject, label, created_at }
        };
        let identities = self.store().identities_of(id).await?.into_iter().map(view).collect();
        Ok(WaysIn { has_password: person.password.is_some(), identities })
    }

    /// Lets a provider no longer sign the person in.
    ///
    /// # Errors
    /// There is no account, it is not linked, or nothing else would sign them in.
    pub async fn unlink(&self, actor: &Actor, issuer: &str, subject: &str) -> Result<(), Error> {
        let person = actor.account("unlink the account")?;
        match self.store().unlink_identity(person, issuer, subject).await? {
            Unlinking::Done => {
                self.note(actor, AuditKind::SignIn, None, format!("unlinked the account from {issuer}")).await;
                Ok(())
            }
            Unlinking::Missing => Err(Error::not_found("such link to your account")),
            Unlinking::Last => {
                let message = "Nothing else signs you in: choose a password first.".to_owned();
                Err(Error::State { message })
            }
        }
    }
}
