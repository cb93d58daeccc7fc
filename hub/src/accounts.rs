//! Accounts: the first one, others, signing in and out.
//!
//! A server has no accounts until somebody makes the first, with a code that only whoever started it can read. Until then
//! it listens on its own machine only, and everything on it is one person's.
//!
//! A session or token is known by a random text of 244 bits that only its owner has; what is stored is its hash. Passwords
//! are stored as Argon2id hashes (RFC 9106) with the parameters that OWASP recommends.

mod email;
pub(crate) mod oidc;
mod sessions;
mod tokens;
mod totp;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use storage::{Admission, Person, PersonChanges, PersonId, PersonName, StorageError};
use tokio::sync::Semaphore;
use uuid::Uuid;
use versioning::Hash;

use crate::{
    Actor, AuditKind, Error, FieldError, Hub, Scope,
    access::{LOCAL, authorise_operator},
    ahead::PROCESSORS,
    blocking,
    datasets::{RESERVED, is_address},
    now,
};

pub use oidc::{Arrival, Departure, IdentityView, Newcomer, ProviderAddress, ProviderSetup, WaysIn};
pub use sessions::SessionView;
pub use tokens::{NewToken, TokenView};
pub use totp::{NewSecondFactor, QrCode, SecondFactorView};

/// Its use is noted this often, in µs.
const TOUCH: i64 = 5 * 60 * 1_000_000;
/// For so long it is believed without asking the store.
const BELIEVED: Duration = Duration::from_secs(10);
/// Sessions and tokens in memory.
const MANY: usize = 10_000;
/// Characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 10..=1_000;
/// Characters of what somebody is called.
const MAX_DISPLAY: usize = 100;
/// Characters of what is typed to sign in: a name or an e-mail address.
const MAX_TYPED: usize = 254;
/// Tries that are free before one has to wait.
const FREE_TRIES: u32 = 5;
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// What the hub keeps of accounts in memory.
pub(crate) struct Accounts {
    /// Whether there is any account; never becomes false again.
    exist: AtomicBool,
    /// Makes the first account, once.
    code: String,
    believed: Mutex<Believed>,
    /// Each holds 19 MiB for some ten milliseconds: those who try many passwords at once wait for each other.
    hashing: Semaphore,
    tries: Mutex<HashMap<String, Tries>>,
}

/// Whom the hub believes to be who they were a moment ago.
#[derive(Default)]
struct Believed {
    actors: HashMap<Hash, (Actor, Instant)>,
    /// How often all was forgotten: what was read before that is not noted after it.
    forgotten: u64,
}

/// Passwords that were wrong.
#[derive(Clone, Copy)]
struct Tries {
    failed: u32,
    /// Nothing is tried before.
    wait_until: Instant,
}

/// An account to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAccount {
    /// As in addresses; valid as a dataset's name.
    pub name: String,
    /// What they are called; may be empty. Up to 100 characters.
    pub display: String,
    /// 10 to 1,000 characters.
    pub password: String,
}

/// Where somebody comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// What the browser calls itself.
    pub agent: String,
    /// The address of the network.
    pub address: String,
}

impl Client {
    /// What tries are counted by: the address, of IPv6 (RFC 4291) its first 64 bits, as whoever has one has all of these.
    #[must_use]
    pub fn network(&self) -> String {
        match self.address.parse() {
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            _ => self.address.clone(),
        }
    }
}

/// Somebody who has just signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session's secret, for the browser.
    pub secret: String,
    /// Who.
    pub actor: Actor,
}

/// What became of a name and a password that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// They are signed in.
    SignedIn(SignedIn),
    /// They are asked for their second factor; the secret says that they have given the password.
    SecondStep(String),
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// As in addresses.
    pub name: String,
    /// What they are called; the name where they said nothing.
    pub display: String,
    /// Whether they run the server.
    pub is_admin: bool,
    /// When it was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// Since when nobody may use it, in µs since 1970 UTC.
    pub blocked_at: Option<i64>,
}

impl Accounts {
    pub(crate) fn new(exist: bool) -> Self {
        Self {
            exist: AtomicBool::new(exist),
            code: secret()[..16].to_owned(),
            believed: Mutex::default(),
            hashing: Semaphore::new(*PROCESSORS),
            tries: Mutex::default(),
        }
    }

    fn believed(&self) -> MutexGuard<'_, Believed> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tries(&self) -> MutexGuard<'_, HashMap<String, Tries>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever is asked for by this secret, if that was found out a moment ago; else when it is now, for
    /// [`Accounts::believe`].
    fn recall(&self, token: Hash) -> Result<Actor, u64> {
        let believed = self.believed();
        let known = believed.actors.get(&token).filter(|(_, since)| since.elapsed() < BELIEVED);
        known.map(|(actor, _)| actor.clone()).ok_or(believed.forgotten)
    }

    /// `asked`: when the store was asked. What it said before something was ended may not be true any more.
    fn believe(&self, asked: u64, token: Hash, actor: &Actor) {
        let mut believed = self.believed();
        if believed.forgotten != asked {
            return;
        }
        if believed.actors.len() >= MANY {
            believed.actors.clear();
        }
        believed.actors.insert(token, (actor.clone(), Instant::now()));
    }

    /// Forgets whom it believed: somebody has signed out, or may do something else now.
    pub(crate) fn forget(&self) {
        let mut believed = self.believed();
        believed.actors.clear();
        believed.forgotten += 1;
    }

    /// Counts a try, as one that failed until [`Accounts::succeeded`]: many at once are as many as one after the other.
    pub(crate) fn begin_try(&self, keys: &[String]) -> Result<(), Error> {
        let mut tries = self.tries();
        let waits = keys.iter().filter_map(|key| tries.get(key)?.wait_until.checked_duration_since(Instant::now()));
        if let Some(after) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(Error::TooMany { after });
        }
        if tries.len() >= MANY {
            // Who tries many names or comes from many places does not make forget who has tried too often.
            let now = Instant::now();
            tries.retain(|_, tries| {
                let remembered = if tries.failed < FREE_TRIES { Duration::ZERO } else { LONGEST_WAIT };
                tries.wait_until + remembered > now
            });
        }
        for key in keys {
            let entry = tries.entry(key.clone()).or_insert(Tries { failed: 0, wait_until: Instant::now() });
            entry.failed = entry.failed.saturating_add(1);
            let doubled = entry.failed.saturating_sub(FREE_TRIES).min(16);
            let wait = if entry.failed < FREE_TRIES { Duration::ZERO } else { Duration::from_secs(1 << doubled) };
            entry.wait_until = Instant::now() + wait.min(LONGEST_WAIT);
        }
        Ok(())
    }

    pub(crate) fn succeeded(&self, keys: &[String]) {
        let mut tries = self.tries();
        for key in keys {
            tries.remove(key);
        }
    }
}

/// A random text of 244 bits.
pub(crate) fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

pub(crate) fn hash_of(secret: &str) -> Hash {
    Hash::of(secret.as_bytes())
}

pub(crate) fn hashed(password: &str) -> Result<String, Error> {
    let salt = SaltString::encode_b64(Uuid::new_v4().as_bytes());
    let hash =
        salt.and_then(|salt| Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()));
    hash.map_err(|error| Error::Internal { reason: format!("a password can't be hashed: {error}") })
}

/// Whether the password is the one of the hash. Takes as long when there is no hash, so that nobody learns from the time
/// which accounts there are.
fn verified(password: &str, hash: Option<&str>) -> Result<bool, Error> {
    /// Of a password that nobody has.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$YW5hYnJhbmNoLW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY))
        .map_err(|error| Error::Internal { reason: format!("a stored password can't be read: {error}") })?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

pub(crate) fn check_password(password: &str, name: &str) -> Option<FieldError> {
    let wrong = |message: &str| Some(FieldError { field: "password".to_owned(), message: message.to_owned() });
    if !PASSWORD.contains(&password.chars().count()) {
        return wrong("A password has 10 to 1,000 characters. A few words that belong together only for you are best.");
    }
    if password.eq_ignore_ascii_case(name) {
        return wrong("The password must not be the name.");
    }
    None
}

/// What is wrong with a name of somebody or something that owns datasets.
pub(crate) fn check_namespace(name: &str, is_first: bool) -> Option<FieldError> {
    // Under that name stands what was done before there were accounts, which is the first one's.
    let is_somebody = name == LOCAL && !is_first;
    let is_right = is_address(name) && !RESERVED.contains(&name) && !is_somebody;
    (!is_right).then(|| FieldError {
        field: "name".to_owned(),
        message:
            "A name has 1 to 64 lower-case letters, digits, “-”, “_” or “.”, begins with a letter or digit, and is \
                  no word that addresses need."
                .to_owned(),
    })
}

/// What is wrong with what people call somebody or something.
pub(crate) fn check_display(display: &str) -> Option<FieldError> {
    let is_wrong = display.chars().count() > MAX_DISPLAY || display.chars().any(char::is_control);
    is_wrong.then(|| FieldError {
        field: "display".to_owned(),
        message: "The full name has at most 100 characters on one line.".to_owned(),
    })
}

/// A name is somebody's, or an organisation's.
pub(crate) fn name_taken(name: &str) -> Error {
    Error::invalid("name", format!("The name “{name}” is taken."))
}

impl NewAccount {
    pub(crate) fn check(&self, is_first: bool) -> Result<(), Error> {
        let mut fields = self.check_names(is_first);
        fields.extend(check_password(&self.password, &self.name));
        if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
    }

    /// What is wrong with all but the password.
    fn check_names(&self, is_first: bool) -> Vec<FieldError> {
        let mut fields = Vec::new();
        fields.extend(check_namespace(&self.name, is_first));
        fields.extend(check_display(&self.display));
        fields
    }

    /// `password`: its hash.
    pub(crate) fn into_person(self, password: Option<String>, is_admin: bool) -> Person {
        Person {
            id: PersonId::generate(),
            name: PersonName::from(self.name),
            display: self.display.trim().to_owned(),
            password,
            email: None,
            is_admin,
            created_at: now(),
            blocked_at: None,
        }
    }
}

impl From<Person> for Account {
    fn from(person: Person) -> Self {
        let display = if person.display.is_empty() { person.name.as_str().to_owned() } else { person.display };
        let Person { is_admin, created_at, blocked_at, .. } = person;
        Self { display, name: person.name.0, is_admin, created_at, blocked_at }
    }
}

impl Hub {
    /// Whether anybody has an account. Before that everything is one person's.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        self.shared.accounts.exist.load(Ordering::Acquire)
    }

    /// The code that makes the first account; none when there is one.
    #[must_use]
    pub fn set_up_code(&self) -> Option<&str> {
        (!self.has_accounts()).then_some(self.shared.accounts.code.as_str())
    }

    /// Makes the first account, which runs the server and owns what is there, and signs it in.
    ///
    /// # Errors
    /// The code is another, a field is not valid, there is an account, or there are changes that are not committed.
    pub async fn set_up(&self, code: &str, new: NewAccount, client: Client) -> Result<SignedIn, Error> {
        let keys = [format!("set-up from {}", client.network())];
        self.shared.accounts.begin_try(&keys)?;
        if self.set_up_code().is_none_or(|right| hash_of(right) != hash_of(code.trim())) {
            return Err(Error::invalid("code", "That is not the code. The server wrote it where it was started."));
        }
        self.shared.accounts.succeeded(&keys);
        new.check(true)?;
        let local = PersonName::from(LOCAL);
        if new.name != LOCAL && !self.store().drafts_of(&local).await?.is_empty() {
            return Err(Error::State {
                message: "There are changes that are not committed. Commit or discard them first, or call the \
                          account “local”."
                    .to_owned(),
            });
        }
        let password = self.hashing(new.password.clone(), |password| hashed(&password)).await?;
        let person = new.into_person(Some(password), true);
        match self.store().create_person(&person, Admission::First(&local), None).await {
            Ok(()) => {}
            Err(StorageError::AlreadyExists { .. }) => {
                return Err(Error::State { message: "There is an account already: sign in.".to_owned() });
            }
            Err(error) => return Err(error.into()),
        }
        self.shared.accounts.exist.store(true, Ordering::Release);
        let (name, what) = (person.name.as_str(), "made the first account, which owns what was there");
        self.note_from(name, &client.address, AuditKind::Account, None, what).await;
        self.begin_session(&person, client).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// The person does not run this server, a field is not valid, or the name is taken.
    pub async fn create_account(&self, actor: &Actor, new: NewAccount) -> Result<Account, Error> {
        authorise_operator(actor, Scope::Admin, "make accounts")?;
        if !self.has_accounts() {
            return Err(Error::State { message: "Make your own account first, on the set-up page.".to_owned() });
        }
        new.check(false)?;
        let password = self.hashing(new.password.clone(), |password| hashed(&password)).await?;
        let person = new.into_person(Some(password), false);
        match self.store().create_person(&person, Admission::Free, None).await {
            Ok(()) => {
                self.note(actor, AuditKind::Account, None, format!("made the account {}", person.name)).await;
                Ok(person.into())
            }
            Err(StorageError::AlreadyExists { name, .. }) => Err(name_taken(&name)),
            Err(error) => Err(error.into()),
        }
    }

    /// All accounts, by name: at most `limit`, from after this name on.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn accounts(&self, actor: &Actor, after: &str, limit: usize) -> Result<Vec<Account>, Error> {
        authorise_operator(actor, Scope::Read, "list the accounts")?;
        Ok(self.store().people(after, limit).await?.into_iter().map(Account::from).collect())
    }

    /// Signs somebody in, or asks for their second factor. `name`: of the account, or the e-mail address that is its alone.
    ///
    /// # Errors
    /// Name and password do not belong together ([`Error::Invalid`], without saying which is wrong), or too many wrong
    /// ones were tried.
    pub async fn sign_in(&self, name: &str, password: &str, client: Client) -> Result<Entered, Error> {
        let name = name.trim();
        let wrong = || Error::invalid("password", "There is no account with this name and password.");
        let mut keys = vec![format!("from {}", client.network())];
        if name.chars().count() > MAX_TYPED {
            // Nobody's, and nothing to be kept in memory.
            self.shared.accounts.begin_try(&keys)?;
            return Err(wrong());
        }
        let person = self.account_of(name).await?;
        // By its name and by its address, it is tried as often.
        keys.push(format!("account {}", person.as_ref().map_or(name, |person| person.name.as_str())));
        self.shared.accounts.begin_try(&keys)?;
        let hash = person.as_ref().and_then(|person| person.password.clone());
        let has_password = hash.is_some();
        let work = move |password: String| verified(&password, hash.as_deref());
        let is_right = self.hashing(password.to_owned(), work).await? && has_password;
        let Some(person) = person.filter(|_| is_right) else {
            let tried: String = name.chars().take(MAX_DISPLAY).collect();
            self.note_from("", &client.address, AuditKind::SignIn, None, format!("failed to sign in as {tried}")).await;
            return Err(wrong());
        };
        self.shared.accounts.succeeded(&keys);
        // Only who knows the password learns it.
        self.refuse_blocked(&person, &client).await?;
        if self.is_asked_for_second_factor(person.id).await? {
            return Ok(Entered::SecondStep(self.begin_second_step(&person).await?));
        }
        self.note_from(person.name.as_str(), &client.address, AuditKind::SignIn, None, "signed in").await;
        Ok(Entered::SignedIn(self.begin_session(&person, client).await?))
    }

    /// The account of this name, or of this e-mail address where no other has it.
    async fn account_of(&self, typed: &str) -> Result<Option<Person>, Error> {
        if !typed.contains('@') {
            return Ok(self.store().person(typed).await?);
        }
        let mut found = self.store().people_at(&typed.to_lowercase()).await?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    async fn refuse_blocked(&self, person: &Person, client: &Client) -> Result<(), Error> {
        if person.blocked_at.is_none() {
            return Ok(());
        }
        let (name, what) = (person.name.as_str(), "was refused: the account is blocked");
        self.note_from(name, &client.address, AuditKind::SignIn, None, what).await;
        Err(Error::State { message: "This account is blocked. Ask whoever runs the server.".to_owned() })
    }

    /// Whoever acts, once they have given their password again, in this field. `action`: what is tried, as in the log.
    pub(crate) async fn confirmed(
        &self,
        actor: &Actor,
        action: &str,
        password: &str,
        field: &str,
    ) -> Result<Person, Error> {
        let id = actor.account(action)?;
        let person = self.store().person_by_id(id).await?.ok_or(Error::SignIn)?;
        let Some(hash) = person.password.clone() else {
            let message = "Your account has no password yet, which this takes. A link to choose one comes by mail \
                           (“Forgot your password?” where one signs in), or from whoever runs the server.";
            return Err(Error::State { message: message.to_owned() });
        };
        let keys = [format!("account {}", person.name)];
        self.shared.accounts.begin_try(&keys)?;
        if !self.hashing(password.to_owned(), move |password| verified(&password, Some(&hash))).await? {
            self.note(actor, AuditKind::SignIn, None, format!("failed to {action}")).await;
            return Err(Error::invalid(field, "That is not your password."));
        }
        self.shared.accounts.succeeded(&keys);
        Ok(person)
    }

    /// Works on a password, off the threads that answer requests.
    pub(crate) async fn hashing<T: Send + 'static>(
        &self,
        password: String,
        work: impl FnOnce(String) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.shared.accounts.hashing.acquire().await.expect("it is never closed");
        blocking(move || work(password)).await
    }

    /// Changes the person's password, and ends all sessions but the one with this secret.
    ///
    /// # Errors
    /// The old password is another, or the new one is not valid.
    pub async fn change_password(&self, actor: &Actor, secret: &str, old: &str, new: &str) -> Result<(), Error> {
        let person = self.confirmed(actor, "change the password", old, "old").await?;
        if let Some(wrong) = check_password(new, person.name.as_str()) {
            return Err(Error::Invalid { fields: vec![wrong] });
        }
        let password = Some(self.hashing(new.to_owned(), |password| hashed(&password)).await?);
        self.store().update_person(person.id, &PersonChanges { password, ..PersonChanges::default() }).await?;
        self.note(actor, AuditKind::SignIn, None, "changed the password").await;
        self.end_session(actor, secret, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_count_by_network_and_are_not_forgotten_for_others() {
        let from = |address: &str| Client { address: address.to_owned(), ..Client::default() }.network();
        assert_eq!(from("2001:db8:1:2::7"), from("2001:db8:1:2:a:b:c:d"));
        assert_ne!(from("2001:db8:1:2::7"), from("2001:db8:1:3::7"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));

        let accounts = Accounts::new(true);
        let guessed = [String::from("account ada")];
        for _ in 0..FREE_TRIES {
            accounts.begin_try(&guessed).expect("these are free");
        }
        accounts.tries().entry(guessed[0].clone()).and_modify(|tries| tries.wait_until = Instant::now());
        for other in 0..=MANY {
            accounts.begin_try(&[format!("account {other}")]).expect("the first of each");
        }
        accounts.begin_try(&guessed).expect("the wait is over");
        assert!(accounts.begin_try(&guessed).is_err(), "it was tried before");
    }

    #[test]
    fn what_was_read_before_something_ended_is_not_believed_after_it() {
        let accounts = Accounts::new(true);
        let token = hash_of("secret");
        let asked = accounts.recall(token).expect_err("nothing is known yet");
        accounts.believe(asked, token, &Actor::local());
        assert_eq!(accounts.recall(token), Ok(Actor::local()));
        accounts.forget();
        let asked = accounts.recall(token).expect_err("it was forgotten");
        // The session ends while the store is asked.
        accounts.forget();
        accounts.believe(asked, token, &Actor::local());
        assert!(accounts.recall(token).is_err());
    }
}
