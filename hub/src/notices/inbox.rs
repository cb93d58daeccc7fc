//! What somebody was told, as they read it: without what they may not read any more.

use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use storage::{DatasetId, Notice, PersonId};
use uuid::Uuid;

use super::NoticeReason;
use crate::{Actor, Dataset, DatasetPath, Error, Hub, Scope, now};

/// The newest notices of a person that are looked at; older ones are not found.
const MANY: usize = 2_000;
/// What was read is kept for so long, in µs.
const KEEP_READ: i64 = 90 * 24 * 3600 * 1_000_000;
/// For so long it is believed without asking the store that somebody may read what they were told of.
const BELIEVED: Duration = Duration::from_secs(10);
/// What is offered waits as well, until it is taken or declined. No notice is about this.
const OFFER: &str = "offer";
/// People whose unread notices are in memory.
const PEOPLE: usize = 10_000;

/// What a notice is about within its dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The merge request of this number.
    Request(u64),
    /// What the person is there.
    Role,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(number) => write!(f, "request-{number}"),
            Self::Role => f.write_str("role"),
        }
    }
}

impl FromStr for About {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix("request-") {
            Some(number) => number.parse().map(Self::Request).map_err(|_| ()),
            None if text == "role" => Ok(Self::Role),
            None => Err(()),
        }
    }
}

/// A notice, for whom it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeView {
    /// Names it among theirs.
    pub id: String,
    /// Where it happened.
    pub dataset: DatasetPath,
    /// To what.
    pub about: About,
    /// Why they are told.
    pub reason: NoticeReason,
    /// Who did it last.
    pub author: String,
    /// What they did: completes “NAME …”.
    pub what: String,
    /// What it is about, in a line.
    pub title: String,
    /// The beginning of what was said; may be empty.
    pub text: String,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// How much has happened since they read it last.
    pub times: u64,
    /// Whether it waits to be read.
    pub unread: bool,
}

/// The place of a notice in the list, behind which a page begins.
pub type InboxPlace = (i64, String);

/// A page of what somebody was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxView {
    /// The newest first.
    pub notices: Vec<NoticeView>,
    /// Where the next page begins; none where there is no more.
    pub next: Option<InboxPlace>,
}

/// What people have not read yet, as far as they may read it, as it was found a moment ago.
#[derive(Default)]
pub(crate) struct Inboxes {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    unread: HashMap<PersonId, (Unread, Instant)>,
    /// How often something was forgotten: what was read before that is not noted after it.
    forgotten: u64,
}

/// Names of unread notices.
type Unread = Arc<Vec<(DatasetId, String)>>;

impl Inboxes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known; else when it is now, for [`Inboxes::note`].
    fn unread(&self, person: PersonId) -> Result<Unread, u64> {
        let inner = self.inner();
        let known = inner.unread.get(&person).filter(|(_, since)| since.elapsed() < BELIEVED);
        known.map(|(unread, _)| Arc::clone(unread)).ok_or(inner.forgotten)
    }

    fn note(&self, asked: u64, person: PersonId, unread: &Unread) {
        let mut inner = self.inner();
        if inner.forgotten != asked {
            return;
        }
        if inner.unread.len() >= PEOPLE {
            inner.unread.clear();
        }
        inner.unread.insert(person, (Arc::clone(unread), Instant::now()));
    }

    pub(crate) fn forget(&self, person: PersonId) {
        let mut inner = self.inner();
        inner.unread.remove(&person);
        inner.forgotten += 1;
    }
}

/// Why who has no account has no inbox.
pub(super) fn nobody(actor: &Actor) -> Error {
    if actor.is_stranger() {
        return Error::SignIn;
    }
    Error::State { message: "There are no accounts yet, and nobody else to tell of anything.".to_owned() }
}

fn id_of(notice: &Notice) -> String {
    format!("{}:{}", notice.dataset, notice.about)
}

fn parse_id(id: &str) -> Option<(DatasetId, String)> {
    let (dataset, about) = id.split_once(':')?;
    Some((dataset.parse().ok()?, about.parse::<About>().ok()?.to_string()))
}

impl Hub {
    /// Those of a person's notices that the actor may read, with where they are.
    async fn readable_notices(&self, actor: &Actor, notices: Vec<Notice>) -> Result<Vec<(Notice, DatasetPath)>, Error> {
        let mut paths: HashMap<DatasetId, Option<DatasetPath>> = HashMap::new();
        let mut readable = Vec::new();
        for notice in notices {
            let path = match paths.get(&notice.dataset) {
                Some(path) => path.clone(),
                None => {
                    let path = match self.store().dataset_by_id(notice.dataset).await? {
                        Some(dataset) => self.role(actor, &dataset).await?.map(|_| Dataset::from(dataset).path),
                        None => None,
                    };
                    paths.insert(notice.dataset, path.clone());
                    path
                }
            };
            readable.extend(path.map(|path| (notice, path)));
        }
        Ok(readable)
    }

    /// What the person was told, the newest first: the unread or all, at most `limit`, from before a place on.
    ///
    /// # Errors
    /// They have no account, or the token is for one dataset.
    pub async fn inbox(
        &self,
        actor: &Actor,
        unread_only: bool,
        before: Option<&InboxPlace>,
        limit: usize,
    ) -> Result<InboxView, Error> {
        let person = actor.person_id().ok_or_else(|| nobody(actor))?;
        if actor.is_confined() {
            return Err(Error::Forbidden { action: "read notices with this token: it is for one dataset".to_owned() });
        }
        let mut kept = self.store().notices_of(person, unread_only, MANY).await?;
        kept.sort_by_cached_key(|notice| std::cmp::Reverse((notice.at, id_of(notice))));
        if let Some(before) = before {
            kept.retain(|notice| (notice.at, id_of(notice)) < *before);
        }
        let mut found = self.readable_notices(actor, kept).await?;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| goes_on).map(|(last, _)| (last.at, id_of(last)));
        let view = |(notice, dataset): (Notice, DatasetPath)| {
            Some(NoticeView {
                id: id_of(&notice),
                dataset,
                about: notice.about.parse().ok()?,
                reason: NoticeReason::of_number(notice.reason),
                author: notice.author,
                what: notice.what,
                title: notice.title,
                text: notice.text,
                at: notice.at,
                times: u64::try_from(notice.times).unwrap_or(1),
                unread: notice.unread,
            })
        };
        Ok(InboxView { notices: found.into_iter().filter_map(view).collect(), next })
    }

    /// Notes that the person has read these notices, or all.
    ///
    /// # Errors
    /// They have no account, or the token only reads or is for one dataset.
    pub async fn mark_read(&self, actor: &Actor, ids: Option<&[String]>) -> Result<(), Error> {
        let person = actor.person_id().ok_or_else(|| nobody(actor))?;
        if actor.scope() < Scope::Write || actor.is_confined() {
            return Err(Error::Forbidden { action: "mark notices as read with this token".to_owned() });
        }
        let about: Vec<(DatasetId, String)> = match ids {
            Some(ids) => ids.iter().filter_map(|id| parse_id(id)).collect(),
            None => {
                let unread = self.store().notices_of(person, true, MANY).await?;
                unread.into_iter().map(|notice| (notice.dataset, notice.about)).collect()
            }
        };
        self.store().read_notices(person, &about, now()).await?;
        self.shared.inboxes.forget(person);
        Ok(())
    }

    /// What the person has not read; nothing for who has no account, or has only a token.
    async fn unread_of(&self, actor: &Actor) -> Result<Option<(PersonId, Unread)>, Error> {
        let Ok(person) = actor.account("count notices") else { return Ok(None) };
        let asked = match self.shared.inboxes.unread(person) {
            Ok(known) => return Ok(Some((person, known))),
            Err(asked) => asked,
        };
        let unread = self.store().notices_of(person, true, MANY).await?;
        let unread = self.readable_notices(actor, unread).await?.into_iter();
        let offered = self.store().offers_to(person).await?.into_iter().map(|offer| (offer.dataset, OFFER.to_owned()));
        let unread: Unread =
            Arc::new(unread.map(|(notice, _)| (notice.dataset, notice.about)).chain(offered).collect());
        self.shared.inboxes.note(asked, person, &unread);
        Ok(Some((person, unread)))
    }

    /// How many notices wait for the person. It stands on every page, so what goes wrong is for the server's own log.
    pub async fn unread(&self, actor: &Actor) -> usize {
        match self.unread_of(actor).await {
            Ok(unread) => unread.map_or(0, |(_, unread)| unread.len()),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "unread notices could not be counted");
                0
            }
        }
    }

    /// Notes that the person looks at what they may have been told of; how many notices still wait for them.
    pub async fn seen(&self, actor: &Actor, dataset: Uuid, about: About) -> usize {
        match self.try_seen(actor, (DatasetId(dataset), about.to_string())).await {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "what was read could not be noted");
                0
            }
        }
    }

    async fn try_seen(&self, actor: &Actor, about: (DatasetId, String)) -> Result<usize, Error> {
        let Some((person, unread)) = self.unread_of(actor).await? else { return Ok(0) };
        if !unread.contains(&about) {
            return Ok(unread.len());
        }
        self.store().read_notices(person, &[about], now()).await?;
        self.shared.inboxes.forget(person);
        Ok(self.unread(actor).await)
    }

    /// Deletes what was read long ago.
    pub(crate) async fn clear_notices(&self) -> Result<(), Error> {
        Ok(self.store().clear_notices(now() - KEEP_READ).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_named_by_what_they_are_about() {
        let dataset = DatasetId::generate();
        for about in [About::Request(7), About::Role] {
            assert_eq!(about.to_string().parse(), Ok(about));
            assert_eq!(parse_id(&format!("{dataset}:{about}")), Some((dataset, about.to_string())));
        }
        for text in ["", "7", "request-", "request-x", ":role", "x:role"] {
            assert_eq!(parse_id(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_counted_before_something_happened_is_not_believed_after_it() {
        let (inboxes, person) = (Inboxes::default(), PersonId::generate());
        let asked = inboxes.unread(person).expect_err("nothing is known yet");
        inboxes.note(asked, person, &Unread::default());
        assert!(inboxes.unread(person).is_ok());
        inboxes.forget(person);
        inboxes.note(asked, person, &Unread::default());
        assert!(inboxes.unread(person).is_err());
    }
}
