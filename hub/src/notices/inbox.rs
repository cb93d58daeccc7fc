//! What somebody was told, as they read it: without what they may not read any more.

use std::{
    collections::{HashMap, HashSet},
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
/// Notices that are counted; of more it is said that there are more.
const COUNTED: usize = 100;
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

/// What waits for somebody.
#[derive(Debug, Default, PartialEq, Eq)]
struct Waiting {
    /// Names of unread notices, [`COUNTED`] at most.
    notices: HashSet<(DatasetId, String)>,
    /// Datasets that are offered to them, and organisations that they are invited to: until they say yes or no.
    asked: usize,
}

impl Waiting {
    fn count(&self) -> usize {
        self.notices.len() + self.asked
    }

    /// Whether that may not be all.
    fn is_full(&self) -> bool {
        self.notices.len() >= COUNTED
    }
}

type Unread = Arc<Waiting>;

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

/// Where datasets are that an actor may read, as far as that was asked.
#[derive(Default)]
struct Places {
    known: HashMap<DatasetId, Option<DatasetPath>>,
}

impl Places {
    async fn path(&mut self, hub: &Hub, actor: &Actor, id: DatasetId) -> Result<Option<DatasetPath>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let path = match hub.store().dataset_by_id(id).await? {
            Some(dataset) => hub.role(actor, &dataset).await?.map(|_| Dataset::from(dataset).path),
            None => None,
        };
        self.known.insert(id, path.clone());
        Ok(path)
    }
}

impl Hub {
    /// Those of a person's notices that the actor may read, with where they are.
    async fn readable_notices(&self, actor: &Actor, notices: Vec<Notice>) -> Result<Vec<(Notice, DatasetPath)>, Error> {
        let mut places = Places::default();
        let mut readable = Vec::new();
        for notice in notices {
            let path = places.path(self, actor, notice.dataset).await?;
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
            None => self.store().unread_notices(person, MANY).await?,
        };
        self.store().read_notices(person, &about, now()).await?;
        self.shared.inboxes.forget(person);
        Ok(())
    }

    /// What waits for the person; nothing for who has no account, or has only a token. What it costs does not grow with what
    /// they were told and have read: of what is unread the names are read, as far as they are counted.
    async fn unread_of(&self, actor: &Actor) -> Result<Option<(PersonId, Unread)>, Error> {
        let Ok(person) = actor.account("count notices") else { return Ok(None) };
        let asked = match self.shared.inboxes.unread(person) {
            Ok(known) => return Ok(Some((person, known))),
            Err(asked) => asked,
        };
        let offers = self.store().offers_to(person).await?.len();
        let mut waiting =
            Waiting { asked: offers + self.store().invitations_of(person).await?.len(), ..Waiting::default() };
        let mut places = Places::default();
        for (dataset, about) in self.store().unread_notices(person, MANY).await? {
            if waiting.is_full() {
                break;
            }
            if places.path(self, actor, dataset).await?.is_some() {
                waiting.notices.insert((dataset, about));
            }
        }
        let waiting = Arc::new(waiting);
        self.shared.inboxes.note(asked, person, &waiting);
        Ok(Some((person, waiting)))
    }

    /// How many notices, offers and invitations wait for the person; of more than 99 notices no more than that. It stands on
    /// every page, so what goes wrong is for the server's own log.
    pub async fn unread(&self, actor: &Actor) -> usize {
        match self.unread_of(actor).await {
            Ok(unread) => unread.map_or(0, |(_, unread)| unread.count()),
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
        let waits =
            unread.notices.contains(&about) || (unread.is_full() && self.store().is_unread(person, &about).await?);
        if !waits {
            return Ok(unread.count());
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
