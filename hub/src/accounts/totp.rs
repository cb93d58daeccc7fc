//! The second factor: one-time passwords by the clock (RFC 6238), and recovery codes for when the device that makes them is
//! lost.
//!
//! It is asked for after the password, and for nothing else: tokens act without it. What has been tried counts for the
//! account, however often somebody begins anew with the password.

use qrcodegen::{QrCode as Drawn, QrCodeEcc};
use storage::{LinkKind, Person, PersonId, SecondFactor};
use totp_rs::{Algorithm, Secret, TOTP};

use super::{Client, hash_of, secret};
use crate::{Actor, AuditKind, Error, Hub, Scope, SignedIn, access::authorise_operator, joining::ended, now};

/// Seconds of a one-time password.
const STEP: i64 = 30;
/// The second step ends after so long, in µs.
const SECOND_STEP: i64 = 10 * 60 * 1_000_000;
/// Recovery codes.
const CODES: usize = 10;
/// Bytes of a secret, as the RFC recommends for HMAC-SHA-1.
const SECRET: usize = 20;

/// How a person's second factor stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactorView {
    /// Since when it is asked for, in µs since 1970 UTC; none: it is not.
    pub since: Option<i64>,
    /// Recovery codes that are left.
    pub codes: usize,
}

/// A second factor that waits for its first one-time password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecondFactor {
    /// What one-time passwords are made from, to be typed: base 32.
    pub secret: String,
    /// The same, to be photographed.
    pub picture: QrCode,
}

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    /// Squares from side to side, without a margin.
    pub size: i32,
    /// The dark ones: how many to the right and how many down.
    pub dark: Vec<(i32, i32)>,
}

/// What makes one-time passwords for an account.
fn totp(name: &str, secret: &str) -> Result<TOTP, Error> {
    let fault = |reason: String| Error::Internal { reason: format!("a second factor can't be read: {reason}") };
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes().map_err(|error| fault(format!("{error:?}")))?;
    let (issuer, step) = (Some("Anabranch".to_owned()), STEP.unsigned_abs());
    TOTP::new(Algorithm::SHA1, 6, 1, step, bytes, issuer, name.to_owned()).map_err(|error| fault(error.to_string()))
}

/// The time step whose password this is: now, or one before or after, as clocks differ.
fn step_of(totp: &TOTP, code: &str, seconds: i64) -> Option<i64> {
    let now = seconds / STEP;
    // Compared as hashes: how long that takes tells nothing.
    let is = |step: &i64| u64::try_from(step * STEP).is_ok_and(|at| hash_of(&totp.generate(at)) == hash_of(code));
    [now, now - 1, now + 1].into_iter().find(is)
}

/// A recovery code as it is kept, however it was typed.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A new recovery code: 60 bits, in groups that can be read.
fn recovery_code() -> String {
    let text = secret();
    format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..16])
}

fn is_wrong(field: &str) -> Error {
    Error::invalid(field, "That is not the code. A code of the app works for half a minute, and once.")
}

impl NewSecondFactor {
    fn new(name: &str, secret: &str) -> Result<Self, Error> {
        let address = totp(name, secret)?.get_url();
        let drawn = Drawn::encode_text(&address, QrCodeEcc::Medium)
            .map_err(|error| Error::Internal { reason: format!("no QR code: {error}") })?;
        let size = drawn.size();
        let all = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
        let picture = QrCode { size, dark: all.filter(|(x, y)| drawn.get_module(*x, *y)).collect() };
        Ok(Self { secret: secret.to_owned(), picture })
    }
}

impl Hub {
    /// How the person's second factor stands.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn second_factor(&self, actor: &Actor) -> Result<SecondFactorView, Error> {
        let id = actor.account("look at your second factor")?;
        let factor = self.store().second_factor(id).await?.filter(|factor| factor.confirmed_at.is_some());
        Ok(factor.map_or_else(SecondFactorView::default, |factor| SecondFactorView {
            since: factor.confirmed_at,
            codes: factor.codes.len(),
        }))
    }

    /// Whether whoever acts is asked for a second factor where they sign in.
    ///
    /// # Errors
    /// The store failed.
    pub async fn has_second_factor(&self, actor: &Actor) -> Result<bool, Error> {
        match actor.person_id() {
            Some(id) => self.is_asked_for_second_factor(id).await,
            None => Ok(false),
        }
    }

    pub(crate) async fn is_asked_for_second_factor(&self, person: PersonId) -> Result<bool, Error> {
        Ok(self.store().second_factor(person).await?.is_some_and(|factor| factor.confirmed_at.is_some()))
    }

    /// Makes a secret for one-time passwords. It is asked for once a password made from it has confirmed it.
    ///
    /// # Errors
    /// There is one already, or the password is another.
    pub async fn begin_second_factor(&self, actor: &Actor, password: &str) -> Result<NewSecondFactor, Error> {
        let person = self.confirmed(actor, "set up a second factor", password, "password").await?;
        let random = hash_of(&secret());
        let secret = Secret::Raw(random.as_bytes()[..SECRET].to_vec()).to_encoded().to_string();
        if !self.store().begin_second_factor(person.id, &secret).await? {
            return Err(Error::State { message: "Your second factor is on already. Turn it off first.".to_owned() });
        }
        NewSecondFactor::new(person.name.as_str(), &secret)
    }

    /// The person's second factor that waits to be confirmed.
    ///
    /// # Errors
    /// There is no account, or none waits.
    pub async fn waiting_second_factor(&self, actor: &Actor) -> Result<NewSecondFactor, Error> {
        let id = actor.account("set up a second factor")?;
        let factor = self.store().second_factor(id).await?.filter(|factor| factor.confirmed_at.is_none());
        let factor = factor.ok_or_else(|| Error::State { message: "Begin to set it up first.".to_owned() })?;
        NewSecondFactor::new(actor.name(), &factor.secret)
    }

    /// Turns the second factor on that waits for it; its recovery codes, which nobody can find out later.
    ///
    /// # Errors
    /// None waits, or the code is another.
    pub async fn confirm_second_factor(&self, actor: &Actor, code: &str) -> Result<Vec<String>, Error> {
        let id = actor.account("set up a second factor")?;
        let keys = [format!("second factor of {}", actor.name())];
        self.shared.accounts.begin_try(&keys)?;
        let secret = self.waiting_second_factor(actor).await?.secret;
        let at = now();
        let step = step_of(&totp(actor.name(), &secret)?, &plain(code), at / 1_000_000);
        let step = step.ok_or_else(|| is_wrong("code"))?;
        let codes: Vec<String> = (0..CODES).map(|_| recovery_code()).collect();
        let hashes: Vec<_> = codes.iter().map(|code| hash_of(&plain(code))).collect();
        if !self.store().confirm_second_factor(id, &secret, at, step, &hashes).await? {
            return Err(Error::State { message: "It was set up anew meanwhile, in another window.".to_owned() });
        }
        self.shared.accounts.succeeded(&keys);
        self.note(actor, AuditKind::SignIn, None, "turned the second factor on").await;
        Ok(codes)
    }

    /// Turns the person's second factor off.
    ///
    /// # Errors
    /// It is not on, or the password or the code is another.
    pub async fn end_second_factor(&self, actor: &Actor, password: &str, code: &str) -> Result<(), Error> {
        let person = self.confirmed(actor, "turn the second factor off", password, "password").await?;
        let factor = self.store().second_factor(person.id).await?.filter(|factor| factor.confirmed_at.is_some());
        let factor = factor.ok_or_else(|| Error::State { message: "Your second factor is off.".to_owned() })?;
        let keys = [format!("second factor of {}", person.name)];
        self.shared.accounts.begin_try(&keys)?;
        if self.use_code(&person, &factor, code).await?.is_none() {
            self.note(actor, AuditKind::SignIn, None, "failed to turn the second factor off").await;
            return Err(is_wrong("code"));
        }
        self.shared.accounts.succeeded(&keys);
        self.store().delete_second_factor(person.id).await?;
        self.note(actor, AuditKind::SignIn, None, "turned the second factor off").await;
        Ok(())
    }

    /// Uses a code up: in which way it was right, if it was.
    async fn use_code(
        &self,
        person: &Person,
        factor: &SecondFactor,
        code: &str,
    ) -> Result<Option<&'static str>, Error> {
        let code = plain(code);
        let totp = totp(person.name.as_str(), &factor.secret)?;
        if let Some(step) = step_of(&totp, &code, now() / 1_000_000) {
            return Ok(self.store().use_step(person.id, step).await?.then_some("signed in with a second factor"));
        }
        let is_used = self.store().use_recovery_code(person.id, hash_of(&code)).await?;
        Ok(is_used.then_some("signed in with a recovery code"))
    }

    /// Keeps for some minutes that somebody has given the password; the secret by which their browser shows it.
    pub(crate) async fn begin_second_step(&self, person: &Person) -> Result<String, Error> {
        self.make_link(person.name.as_str(), LinkKind::SecondStep, Some(person), "", SECOND_STEP).await
    }

    /// Signs somebody in who has given the password, as `pending` shows, by a code of their app or a recovery code.
    ///
    /// # Errors
    /// The password was given too long ago ([`Error::State`]), or the code is another, or too many were tried.
    pub async fn second_step(&self, pending: &str, code: &str, client: Client) -> Result<SignedIn, Error> {
        let late = || Error::State { message: "That took too long: begin again with your password.".to_owned() };
        let link = self.valid_link(pending, LinkKind::SecondStep).await.map_err(|error| match error {
            Error::State { .. } => late(),
            error => error,
        })?;
        let person = self.store().person_by_id(link.person.ok_or_else(ended)?).await?.ok_or_else(late)?;
        self.refuse_blocked(&person, &client).await?;
        let keys = [format!("second factor of {}", person.name)];
        self.shared.accounts.begin_try(&keys)?;
        let what = match self.store().second_factor(person.id).await?.filter(|factor| factor.confirmed_at.is_some()) {
            Some(factor) => self.use_code(&person, &factor, code).await?,
            // It was turned off meanwhile, in another browser.
            None => return Err(late()),
        };
        let Some(what) = what else {
            let tried = "failed to sign in with a second factor";
            self.note_from(person.name.as_str(), &client.address, AuditKind::SignIn, None, tried).await;
            return Err(is_wrong("code"));
        };
        self.shared.accounts.succeeded(&keys);
        if !self.store().delete_link(link.secret).await? {
            return Err(late());
        }
        self.note_from(person.name.as_str(), &client.address, AuditKind::SignIn, None, what).await;
        self.begin_session(&person, client).await
    }

    /// Whether an account is asked for a second factor, for those who run the server.
    ///
    /// # Errors
    /// The person does not run this server, or there is no such account.
    pub async fn second_factor_of(&self, actor: &Actor, name: &str) -> Result<bool, Error> {
        authorise_operator(actor, Scope::Read, "look at accounts")?;
        self.is_asked_for_second_factor(self.person_named(name).await?.id).await
    }

    /// Takes an account's second factor away, for somebody who has lost it and the recovery codes.
    ///
    /// # Errors
    /// The person does not run this server, there is no such account, or it has none.
    pub async fn reset_second_factor(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        authorise_operator(actor, Scope::Admin, "take second factors away")?;
        let person = self.person_named(name).await?;
        if !self.store().delete_second_factor(person.id).await? {
            return Err(Error::State { message: format!("“{name}” has no second factor.") });
        }
        self.note(actor, AuditKind::Account, None, format!("took the second factor of {name} away")).await;
        let text = format!(
            "{} has taken the second factor of your account “{name}” away: the password alone signs you in. Set it up anew \
             on your account's page. If you did not ask for that, ask them why.\n",
            actor.name(),
        );
        self.post_to(person.id, "Your second factor was taken away", &text).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_passwords_are_those_of_the_standard() {
        // RFC 6238, appendix B, for HMAC-SHA-1, the last six digits.
        let secret = Secret::Raw(b"12345678901234567890".to_vec()).to_encoded().to_string();
        let totp = totp("ada", &secret).expect("a secret");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = Some(seconds / STEP);
            for later in [-STEP, 0, STEP] {
                assert_eq!(step_of(&totp, code, seconds + later), step, "{seconds} {later}");
            }
            assert_eq!(step_of(&totp, code, seconds + 3 * STEP), None);
        }
        assert_eq!(step_of(&totp, "", 59), None);
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let code = recovery_code();
        assert_eq!(code.len(), 19);
        assert_eq!(plain(&code.to_uppercase().replace('-', " ")), plain(&code));
        assert_ne!(code, recovery_code());
    }

    #[test]
    fn the_picture_says_what_the_text_says() {
        let new = NewSecondFactor::new("ada", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("a picture");
        assert!(new.picture.size > 20 && new.picture.dark.contains(&(0, 0)), "three corners are dark");
    }
}
