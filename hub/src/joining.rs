//! How people come to have accounts, come back to them, and lose them: signing up, invitations, new passwords, and what
//! those who run the server decide about accounts.
//!
//! A link that invites or resets is known by a random text of 244 bits that only its reader has; what is stored is its
//! hash. It is used up in the transaction that does what it is for.

use serde::{Deserialize, Serialize};
use storage::{Admission, Link, LinkKind, Person, Standing, StorageError};
use versioning::Hash;

use crate::{
    Account, Actor, AuditKind, Client, Error, Hub, NewAccount, Scope, SignedIn,
    access::authorise_operator,
    accounts::{check_password, hash_of, hashed, name_taken, secret},
    now,
};

/// An invitation ends after so long, in µs.
const INVITATION: i64 = 7 * 24 * 3600 * 1_000_000;
/// A link that sets a password ends after so long, in µs.
pub(crate) const RESET: i64 = 24 * 3600 * 1_000_000;
/// Characters of what an invitation is for.
const MAX_NOTE: usize = 200;

/// Who may make an account of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Nobody: those who run the server make accounts.
    #[default]
    Closed,
    /// Whoever has an invitation.
    Invitation,
    /// Everybody.
    Open,
}

/// An invitation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationView {
    /// Names it; not the secret.
    pub id: String,
    /// Whom it is for.
    pub note: String,
    /// Who made it.
    pub made_by: String,
    /// When it ends, in µs since 1970 UTC.
    pub expires_at: i64,
}

impl SignUp {
    /// As in forms.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Invitation => "invitation",
            Self::Open => "open",
        }
    }

    /// All of them, the strictest first.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Invitation, Self::Open];
}

impl std::str::FromStr for SignUp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or_else(|| Error::invalid("sign-up", "Choose closed, invitation or open."))
    }
}

pub(crate) fn ended() -> Error {
    Error::State {
        message:
            "This link was used already, was withdrawn, or is too old. Ask whoever runs the server for another one."
                .to_owned(),
    }
}

impl Hub {
    /// Who may make an account of their own. What is not known is closed.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_up_rule(&self) -> Result<SignUp, Error> {
        Ok(self.store().sign_up_rule().await?.and_then(|rule| rule.parse().ok()).unwrap_or_default())
    }

    /// The same, for those who decide it.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn sign_up_setting(&self, actor: &Actor) -> Result<SignUp, Error> {
        authorise_operator(actor, Scope::Read, "see who signs up")?;
        self.sign_up_rule().await
    }

    /// Says who may make an account of their own.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn set_sign_up_rule(&self, actor: &Actor, rule: SignUp) -> Result<(), Error> {
        authorise_operator(actor, Scope::Admin, "decide who signs up")?;
        self.store().set_sign_up_rule(rule.as_str()).await?;
        self.note(actor, AuditKind::Account, None, format!("set signing up to {}", rule.as_str())).await;
        Ok(())
    }

    /// Makes an account for whoever asks, where that is allowed, and signs it in. `invitation`: the secret of a link.
    ///
    /// # Errors
    /// Signing up is closed, the link has ended, a field is not valid, or the name is taken.
    pub async fn sign_up(&self, new: NewAccount, invitation: Option<&str>, client: Client) -> Result<SignedIn, Error> {
        let rule = self.sign_up_rule().await?;
        if rule == SignUp::Closed || !self.has_accounts() {
            return Err(Error::Forbidden { action: "make an account here: ask whoever runs the server".to_owned() });
        }
        new.check(false)?;
        // Each account counts, so that nobody makes them by the thousand.
        let keys = [format!("sign-up from {}", client.network())];
        self.shared.accounts.begin_try(&keys)?;
        let admission = match invitation {
            Some(secret) => Admission::Link(self.valid_link(secret, LinkKind::Invitation).await?.secret),
            None if rule == SignUp::Open => Admission::Free,
            None => return Err(ended()),
        };
        let password = self.hashing(new.password.clone(), |password| hashed(&password)).await?;
        let person = new.into_person(Some(password), false);
        match self.store().create_person(&person, admission, None).await {
            Ok(()) => {}
            Err(StorageError::AlreadyExists { name, .. }) => return Err(name_taken(&name)),
            Err(StorageError::NotFound { .. }) => return Err(ended()),
            Err(error) => return Err(error.into()),
        }
        if invitation.is_some() {
            self.shared.accounts.succeeded(&keys);
        }
        let how = if invitation.is_some() { "signed up by an invitation" } else { "signed up" };
        self.note_from(person.name.as_str(), &client.address, AuditKind::Account, None, how).await;
        self.begin_session(&person, client).await
    }

    pub(crate) async fn valid_link(&self, secret: &str, kind: LinkKind) -> Result<Link, Error> {
        let link = self.store().link(hash_of(secret)).await?;
        link.filter(|link| link.kind == kind && link.expires_at > now()).ok_or_else(ended)
    }

    /// Makes an invitation for one account; the secret of its link, which nobody can find out later.
    ///
    /// # Errors
    /// The person does not run this server, signing up is closed, or the note is not valid.
    pub async fn invite(&self, actor: &Actor, note: &str) -> Result<String, Error> {
        self.invite_noting(actor, note, &format!("made an invitation: {}", note.trim())).await
    }

    /// The same; `what` is for the audit log, from which nothing is deleted.
    pub(crate) async fn invite_noting(&self, actor: &Actor, note: &str, what: &str) -> Result<String, Error> {
        authorise_operator(actor, Scope::Admin, "invite people")?;
        if self.sign_up_rule().await? == SignUp::Closed {
            return Err(Error::State { message: "Signing up is closed: allow it by invitation first.".to_owned() });
        }
        let note = note.trim();
        if note.chars().count() > MAX_NOTE || note.chars().any(char::is_control) {
            return Err(Error::invalid("note", "Say in at most 200 characters on one line whom it is for."));
        }
        let link = self.make_link(actor.name(), LinkKind::Invitation, None, note, INVITATION).await?;
        self.note(actor, AuditKind::Account, None, what).await;
        Ok(link)
    }

    /// Makes a link; its secret. `lasts`: in µs.
    pub(crate) async fn make_link(
        &self,
        made_by: &str,
        kind: LinkKind,
        person: Option<&Person>,
        note: &str,
        lasts: i64,
    ) -> Result<String, Error> {
        let (text, at) = (secret(), now());
        self.store().clear_links(at).await?;
        let link = Link {
            secret: hash_of(&text),
            kind,
            person: person.map(|person| person.id),
            note: note.to_owned(),
            made_by: made_by.to_owned(),
            created_at: at,
            expires_at: at + lasts,
        };
        self.store().create_link(&link).await?;
        Ok(text)
    }

    /// The invitations that nobody has used yet, the newest first.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn invitations(&self, actor: &Actor) -> Result<Vec<InvitationView>, Error> {
        authorise_operator(actor, Scope::Read, "list invitations")?;
        let at = now();
        let links = self.store().links(LinkKind::Invitation).await?.into_iter().filter(|link| link.expires_at > at);
        let view = |link: Link| InvitationView {
            id: link.secret.to_string(),
            note: link.note,
            made_by: link.made_by,
            expires_at: link.expires_at,
        };
        Ok(links.map(view).collect())
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// The person does not run this server, or there is no such invitation.
    pub async fn withdraw_invitation(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        authorise_operator(actor, Scope::Admin, "withdraw invitations")?;
        let gone = || Error::not_found("invitation");
        let id: Hash = id.parse().map_err(|_| gone())?;
        let link = self.store().link(id).await?.filter(|link| link.kind == LinkKind::Invitation).ok_or_else(gone)?;
        if !self.store().delete_link(link.secret).await? {
            return Err(gone());
        }
        // Whom it was for may be an e-mail address: that does not go into the log.
        self.note(actor, AuditKind::Account, None, format!("withdrew an invitation made by {}", link.made_by)).await;
        Ok(())
    }

    /// An account, for those who run the server.
    ///
    /// # Errors
    /// The person does not run this server, or there is no such account.
    pub async fn account(&self, actor: &Actor, name: &str) -> Result<Account, Error> {
        authorise_operator(actor, Scope::Read, "look at accounts")?;
        Ok(self.person_named(name).await?.into())
    }

    pub(crate) async fn person_named(&self, name: &str) -> Result<Person, Error> {
        self.store().person(name).await?.ok_or_else(|| Error::not_found(format!("account “{name}”")))
    }

    /// Makes a link that sets an account's password; its secret, which nobody can find out later.
    ///
    /// # Errors
    /// The person does not run this server, or there is no such account.
    pub async fn make_reset(&self, actor: &Actor, name: &str) -> Result<String, Error> {
        authorise_operator(actor, Scope::Admin, "reset passwords")?;
        let person = self.person_named(name).await?;
        if person.blocked_at.is_some() {
            return Err(Error::State { message: format!("“{name}” is blocked: unblock the account first.") });
        }
        let link = self.make_link(actor.name(), LinkKind::Reset, Some(&person), "", RESET).await?;
        self.note(actor, AuditKind::Account, None, format!("made a link for a new password of {name}")).await;
        Ok(link)
    }

    /// Sets a password by a link, and ends all sessions of the account; its name.
    ///
    /// # Errors
    /// The link has ended, or the password is not valid.
    pub async fn reset_password(&self, secret: &str, password: &str, client: &Client) -> Result<String, Error> {
        let keys = [format!("reset from {}", client.network())];
        self.shared.accounts.begin_try(&keys)?;
        let link = self.valid_link(secret, LinkKind::Reset).await?;
        self.shared.accounts.succeeded(&keys);
        let id = link.person.ok_or_else(ended)?;
        let person = self.store().person_by_id(id).await?.filter(|person| person.blocked_at.is_none());
        let person = person.ok_or_else(ended)?;
        if let Some(wrong) = check_password(password, person.name.as_str()) {
            return Err(Error::Invalid { fields: vec![wrong] });
        }
        let hash = self.hashing(password.to_owned(), |password| hashed(&password)).await?;
        if !self.store().reset_password(link.secret, id, &hash).await? {
            return Err(ended());
        }
        self.shared.accounts.forget();
        self.shared.accounts.succeeded(&[format!("forgot {}", person.name)]);
        let what = "set a new password by a link";
        self.note_from(person.name.as_str(), &client.address, AuditKind::SignIn, None, what).await;
        Ok(person.name.0)
    }

    /// Lets an account run the server, or no longer.
    ///
    /// # Errors
    /// The person does not run this server, there is no such account, or nobody else runs the server.
    pub async fn set_admin(&self, actor: &Actor, name: &str, is_admin: bool) -> Result<(), Error> {
        authorise_operator(actor, Scope::Admin, "decide who runs the server")?;
        self.set_standing(actor, name, if is_admin { Standing::Admin } else { Standing::Ordinary }).await
    }

    /// Blocks an account, which ends its sessions and tokens, or lets it be used again.
    ///
    /// # Errors
    /// The person does not run this server, there is no such account, it is their own, or nobody else runs the server.
    pub async fn set_blocked(&self, actor: &Actor, name: &str, blocked: bool) -> Result<(), Error> {
        authorise_operator(actor, Scope::Admin, "block accounts")?;
        if actor.name() == name {
            return Err(Error::State { message: "You can't block the account that you use.".to_owned() });
        }
        self.set_standing(actor, name, if blocked { Standing::Blocked(now()) } else { Standing::Usable }).await
    }

    async fn set_standing(&self, actor: &Actor, name: &str, standing: Standing) -> Result<(), Error> {
        let person = self.person_named(name).await?;
        let is_done = self.store().set_standing(person.id, standing).await?;
        self.shared.accounts.forget();
        if !is_done {
            let message = format!("Nobody but “{name}” runs this server: let somebody else run it first.");
            return Err(Error::State { message });
        }
        let what = match standing {
            Standing::Admin => format!("let {name} run the server"),
            Standing::Ordinary => format!("no longer let {name} run the server"),
            Standing::Blocked(_) => format!("blocked {name}"),
            Standing::Usable => format!("unblocked {name}"),
        };
        self.note(actor, AuditKind::Account, None, what).await;
        Ok(())
    }
}
