//! Mail to people: queued in memory, sent by tasks of their own, tried again for a while. Nothing waits for it and nothing
//! fails because of it. What could not be sent is counted and logged, without whom it was for and what it said.

use std::{
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp,
};
use reqwest::Url;
use storage::PersonId;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    Error, Hub,
    system::{Component, ComponentState, fact},
};

/// Connections to the mail server at a time.
const CONNECTIONS: usize = 2;
/// Mails that wait, at most.
const MANY: u64 = 1_000;
/// How long the mail server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to rest before it is tried once more.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(15),
    Duration::from_secs(2 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
];

/// The server that takes our mail: `smtps://NAME:PASSWORD@HOST:PORT`, or `smtp://…`, which is encrypted from its first
/// commands on (STARTTLS) where there is a password, and where the server offers it.
#[derive(Clone, Debug)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    host: String,
}

/// From whom our mail is: `Name <name@host>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSender(Mailbox);

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailSetup {
    /// The server that takes it.
    pub server: MailServer,
    /// From whom it is.
    pub from: MailSender,
}

impl FromStr for MailServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as smtps://NAME:PASSWORD@HOST:PORT or smtp://…".to_owned();
        let mut url: Url = text.parse().map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
        if !matches!(url.scheme(), "smtp" | "smtps") || !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(wrong());
        }
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        if url.scheme() == "smtp" && !is_here {
            // A password never goes unencrypted over a network.
            url.set_query(Some(if url.password().is_some() { "tls=required" } else { "tls=opportunistic" }));
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()).map_err(|_| wrong())?;
        Ok(Self { transport: builder.timeout(Some(PATIENCE)).build(), host })
    }
}

impl FromStr for MailSender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "write it as “Name <name@host>”".to_owned())
    }
}

/// What the hub keeps of mail.
pub(crate) struct Mail {
    setup: Option<MailSetup>,
    turn: Semaphore,
    waiting: AtomicU64,
    sent: AtomicU64,
    failed: AtomicU64,
    /// Why the last try failed; none where it did not.
    fault: Mutex<Option<String>>,
}

impl Mail {
    pub(crate) fn new(setup: Option<MailSetup>) -> Self {
        Self {
            setup,
            turn: Semaphore::new(CONNECTIONS),
            waiting: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            fault: Mutex::default(),
        }
    }

    pub(crate) fn is_set_up(&self) -> bool {
        self.setup.is_some()
    }

    /// Mails that were neither sent nor given up.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    fn note(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn give_up(&self, reason: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(reason, "a mail was not sent");
    }

    /// How it is; none where no mail is sent.
    pub(crate) fn component(&self) -> Option<Component> {
        let setup = self.setup.as_ref()?;
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut facts = vec![
            fact("Server", &setup.server.host),
            fact("Sent", count(&self.sent)),
            fact("Waiting", self.waiting()),
            fact("Given up", count(&self.failed)),
        ];
        let state = match (&fault, count(&self.sent)) {
            (Some(_), _) => ComponentState::Failing,
            (None, 0) => ComponentState::Idle,
            (None, _) => ComponentState::Healthy,
        };
        facts.extend(fault.map(|fault| fact("Fault", fault)));
        Some(Component {
            name: "Mail".to_owned(),
            role: "what is sent to people by mail, through another server".to_owned(),
            state,
            facts,
        })
    }
}

/// The address as it is kept, in lower case; an error where it is none.
pub(crate) fn address(text: &str) -> Result<String, Error> {
    let text = text.trim();
    match text.parse::<Address>() {
        Ok(_) if text.len() <= 254 => Ok(text.to_lowercase()),
        _ => Err(Error::invalid("email", "That is no e-mail address.")),
    }
}

/// What went wrong, without what the mail server says: it repeats addresses.
fn fault_of(error: &smtp::Error) -> String {
    if let Some(code) = error.status() {
        format!("the mail server answered {code}")
    } else if error.is_timeout() {
        "the mail server took too long".to_owned()
    } else if error.is_tls() {
        "no encrypted connection to the mail server".to_owned()
    } else if error.is_client() || error.is_response() {
        "the mail server was not understood".to_owned()
    } else {
        "the mail server could not be reached".to_owned()
    }
}

fn message(setup: &MailSetup, to: &str, subject: &str, text: &str) -> Option<Message> {
    let MailSender(from) = &setup.from;
    let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Programs that answer mail do not answer this.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.parse().ok()?))
        .subject(subject)
        .message_id(Some(format!("<{}@{}>", Uuid::new_v4(), from.email.domain())))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(text.to_owned())
        .ok()
}

impl Hub {
    /// Sends a mail to an address, where mail is set up. It is only queued here: nothing waits for it, and what becomes of it
    /// is told on the System page.
    pub(crate) fn post(&self, to: &str, subject: &str, text: &str) {
        let mail = &self.shared.mail;
        let Some(setup) = mail.setup.clone() else { return };
        let Some(message) = message(&setup, to, subject, text) else { return mail.give_up("it could not be written") };
        if mail.waiting.fetch_add(1, Ordering::Relaxed) >= MANY {
            mail.waiting.fetch_sub(1, Ordering::Relaxed);
            return mail.give_up("too many others wait");
        }
        let hub = self.clone();
        tokio::spawn(async move {
            hub.deliver(&setup, message).await;
            hub.shared.mail.waiting.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Sends a mail to somebody with an account, where mail is set up and reaches them.
    pub(crate) async fn post_to(&self, person: PersonId, subject: &str, text: &str) {
        if !self.shared.mail.is_set_up() {
            return;
        }
        match self.store().person_by_id(person).await {
            Ok(person) => {
                if let Some(email) = person.filter(|person| person.blocked_at.is_none()).and_then(|person| person.email)
                {
                    self.post(&email, subject, text);
                }
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a mail was not sent"),
        }
    }

    async fn deliver(&self, setup: &MailSetup, message: Message) {
        let mail = &self.shared.mail;
        let mut pauses = PAUSES.into_iter();
        loop {
            let sent = {
                let _turn = mail.turn.acquire().await.expect("it is never closed");
                setup.server.transport.send(message.clone()).await
            };
            let error = match sent {
                Ok(_) => {
                    mail.note(None);
                    mail.sent.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Err(error) => error,
            };
            let fault = fault_of(&error);
            mail.note(Some(fault.clone()));
            match pauses.next().filter(|_| !error.is_permanent()) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return mail.give_up(&fault),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_one_address() {
        for text in ["smtp://localhost:25", "smtps://a:b@mail.example", "smtp://a%40b:c@mail.example:587"] {
            assert!(text.parse::<MailServer>().is_ok(), "{text}");
        }
        for text in ["", "mail.example", "http://mail.example", "smtp://", "smtp://a/b", "smtps://a?tls=none"] {
            assert!(text.parse::<MailServer>().is_err(), "{text}");
        }
        assert!("Anabranch <data@example.org>".parse::<MailSender>().is_ok());
        assert!("data".parse::<MailSender>().is_err());
    }

    #[test]
    fn a_subject_stays_one_line() {
        let setup = MailSetup {
            server: "smtp://localhost".parse().expect("a server"),
            from: "Anabranch <data@example.org>".parse().expect("a sender"),
        };
        let sent =
            message(&setup, "ada@example.org", "Hello\r\nBcc: eve@example.org", "Text\n.\nmore").expect("a mail");
        let sent = String::from_utf8(sent.formatted()).expect("text");
        assert!(sent.contains("Subject: Hello  Bcc: eve@example.org\r\n"), "{sent}");
        assert!(message(&setup, "no address", "s", "t").is_none());
        assert_eq!(address(" Ada@Example.org ").expect("an address"), "ada@example.org");
        for text in ["", "ada", "a@b\r\nBcc: c@d", "a@b, c@d"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
