//! Where mail reaches people, and what comes to them by it: links that confirm the address, that set a new password, and
//! that invite.
//!
//! A link in a mail begins with the public name that the server was started with, never with what a request says.

use storage::{LinkKind, PersonChanges};

use crate::{
    Actor, AuditKind, Client, Error, Hub,
    joining::{RESET, ended},
    mail,
};

/// A link that confirms an address ends after so long, in µs.
const CONFIRMATION: i64 = 24 * 3600 * 1_000_000;
/// Characters of what is asked for.
const MAX_ASKED: usize = 300;
/// Accounts that one address may have.
const MANY: usize = 10;

impl Hub {
    /// Whether links reach people by mail: it is set up, and there is a public name for them to begin with.
    #[must_use]
    pub fn mails_links(&self) -> bool {
        self.link_base().is_some()
    }

    /// The public name with which links in mails begin; none where no mail is sent.
    pub(crate) fn link_base(&self) -> Option<&str> {
        self.shared.address.as_deref().filter(|_| self.shared.mail.is_set_up())
    }

    fn needs_mail(&self) -> Result<&str, Error> {
        self.link_base()
            .ok_or_else(|| Error::State { message: "This server sends no mail. Ask whoever runs it.".to_owned() })
    }

    /// Where mail reaches the person; none: nowhere.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn email(&self, actor: &Actor) -> Result<Option<String>, Error> {
        let id = actor.account("look at your account")?;
        Ok(self.store().person_by_id(id).await?.and_then(|person| person.email))
    }

    /// Sends a link to the address, which has mail go there from when it is opened on. Without an address no mail goes
    /// anywhere, from now on.
    ///
    /// # Errors
    /// No mail is sent from here, it is no address, the password is another, or it was tried too often.
    pub async fn set_email(&self, actor: &Actor, email: &str, password: &str) -> Result<(), Error> {
        let is_none = email.trim().is_empty();
        // To have none takes no mail.
        let base = if is_none { "" } else { self.needs_mail()? };
        let person = self.confirmed(actor, "change the e-mail address", password, "email-password").await?;
        if is_none {
            let changes = PersonChanges { email: Some(None), ..PersonChanges::default() };
            self.store().update_person(person.id, &changes).await?;
            self.note(actor, AuditKind::Account, None, "removed the e-mail address").await;
            return Ok(());
        }
        let email = mail::address(email)?;
        // Each mail counts, so that nobody fills somebody else's box.
        self.shared.accounts.begin_try(&[format!("e-mail of {}", person.name)])?;
        let code = self.make_link(actor.name(), LinkKind::Email, Some(&person), &email, CONFIRMATION).await?;
        let text = format!(
            "Somebody wants mail of the account “{}” at {base} to come to this address. If that was you, confirm it within \
             24 hours:\n\n{base}/account/email/confirm?code={code}\n\nIf it was not, there is nothing to do.\n",
            person.name,
        );
        self.post(&email, "Confirm your e-mail address", &text);
        Ok(())
    }

    /// Confirms an address by its link; the address.
    ///
    /// # Errors
    /// The link has ended, or the store failed.
    pub async fn confirm_email(&self, secret: &str, client: &Client) -> Result<String, Error> {
        let keys = [format!("e-mail from {}", client.network())];
        self.shared.accounts.begin_try(&keys)?;
        let link = self.valid_link(secret, LinkKind::Email).await?;
        self.shared.accounts.succeeded(&keys);
        let person = self.usable(link.person.ok_or_else(ended)?).await?.ok_or_else(ended)?;
        if !self.store().confirm_email(link.secret, person.id, &link.note).await? {
            return Err(ended());
        }
        self.shared.accounts.succeeded(&[format!("e-mail of {}", person.name)]);
        let (name, what) = (person.name.as_str(), "confirmed an e-mail address");
        self.note_from(name, &client.address, AuditKind::Account, None, what).await;
        if let Some(before) = person.email.filter(|before| *before != link.note) {
            let text = format!(
                "Mail of the account “{name}” goes to another address from now on. If that was not you, change its password \
                 and ask whoever runs the server for help.\n",
            );
            self.post(&before, "Your e-mail address was changed", &text);
        }
        Ok(link.note)
    }

    /// Sends a link for a new password to whom the account of this name, or with this e-mail address, belongs. Answers the
    /// same and as fast whether or not there is one.
    ///
    /// # Errors
    /// No mail is sent from here, or it was asked too often.
    pub async fn forgot_password(&self, who: &str, client: &Client) -> Result<(), Error> {
        self.needs_mail()?;
        let who: String = who.trim().chars().take(MAX_ASKED).collect::<String>().to_lowercase();
        self.shared.accounts.begin_try(&[format!("forgot {who}"), format!("forgot from {}", client.network())])?;
        let (hub, client) = (self.clone(), client.clone());
        tokio::spawn(async move {
            if let Err(error) = hub.send_resets(&who, &client).await {
                tracing::error!(error = &error as &dyn std::error::Error, "a link for a new password was not sent");
            }
        });
        Ok(())
    }

    async fn send_resets(&self, who: &str, client: &Client) -> Result<(), Error> {
        let base = self.needs_mail()?;
        let people = match self.store().person(who).await? {
            Some(person) => vec![person],
            None => self.store().people_at(who).await?,
        };
        let people = people.into_iter().filter(|person| person.blocked_at.is_none()).take(MANY);
        for person in people {
            let Some(email) = &person.email else { continue };
            let name = person.name.as_str();
            let code = self.make_link(name, LinkKind::Reset, Some(&person), "", RESET).await?;
            let text = format!(
                "Somebody has asked for a new password of the account “{name}” at {base}. If that was you, choose one within \
                 24 hours:\n\n{base}/reset-password?code={code}\n\nIf it was not, there is nothing to do.\n",
            );
            self.post(email, "Choose a new password", &text);
            self.note_from(name, &client.address, AuditKind::SignIn, None, "asked for a link for a new password").await;
        }
        Ok(())
    }

    /// Makes an invitation for one account, and sends its link to this address.
    ///
    /// # Errors
    /// As [`Hub::invite`], or no mail is sent from here, or it is no address.
    pub async fn invite_by_mail(&self, actor: &Actor, email: &str, note: &str) -> Result<(), Error> {
        let base = self.needs_mail()?;
        let email = mail::address(email)?;
        let secret = if note.trim().is_empty() {
            self.invite_noting(actor, &email, "made an invitation by mail").await?
        } else {
            self.invite(actor, note).await?
        };
        let text = format!(
            "{} invites you to {base}, where people keep tables together. Make your account within 7 days:\n\n\
             {base}/sign-up?invitation={secret}\n",
            actor.name(),
        );
        self.post(&email, "You are invited", &text);
        Ok(())
    }
}
