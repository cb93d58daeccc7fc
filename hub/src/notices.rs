//! Notices: whom something concerns, and telling them.
//!
//! People are told once a thing has happened, in one statement, and whoever did it does not wait for a large audience. A
//! notice says nothing that its reader may not see: what they read is authorised when they read it (`inbox.rs`), and who
//! is mentioned is told only if they may read the dataset then.

mod inbox;
mod mailed;

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use storage::{Audience, DatasetId, Notice, PersonId, PersonName};

use crate::{
    Actor, Dataset, DatasetPath, Error, Hub, OrganisationRole, Role, access::Action, mentions::mentioned, now,
    requests::read_kept,
};

pub(crate) use inbox::Inboxes;
pub use inbox::{About, InboxPlace, InboxView, NoticeView};
pub use mailed::Mailed;

/// For so long whoever did something waits until others are told; the rest is done without them.
const PATIENCE: Duration = Duration::from_millis(250);
/// People that are told in one statement.
const AT_ONCE: usize = 500;
/// Characters of what was said.
const MAX_TEXT: usize = 300;

/// What somebody wants to be told of in a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Watch {
    /// All that happens to its merge requests. So it is for the owners of its namespace, unless they say otherwise.
    All,
    /// What they take part in, are asked for or mentioned in. So it is for everybody else.
    Mine,
    /// Nothing.
    Nothing,
}

impl Watch {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Mine, Self::Nothing];

    /// As in forms and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mine => "mine",
            Self::Nothing => "nothing",
        }
    }
}

impl FromStr for Watch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|level| level.as_str() == text);
        known.ok_or_else(|| Error::invalid("level", format!("“{text}” is none of: all, mine, nothing.")))
    }
}

/// Why somebody is told; of several reasons the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeReason {
    /// Somebody wrote their name.
    Mentioned,
    /// They are asked for a review.
    ReviewAsked,
    /// They opened it, said something about it, or were asked to review it.
    TakesPart,
    /// They want to be told of everything there.
    Watching,
    /// It is about what they may do.
    Access,
}

impl NoticeReason {
    const ALL: [Self; 5] = [Self::Mentioned, Self::ReviewAsked, Self::TakesPart, Self::Watching, Self::Access];

    fn number(self) -> i64 {
        Self::ALL.into_iter().zip(0..).find(|(reason, _)| *reason == self).map_or(0, |(_, number)| number)
    }

    pub(crate) fn of_number(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number)).copied().unwrap_or(Self::Watching)
    }

    /// As in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mentioned => "mentioned",
            Self::ReviewAsked => "review-asked",
            Self::TakesPart => "takes-part",
            Self::Watching => "watching",
            Self::Access => "access",
        }
    }
}

/// Something that happened to a merge request.
#[derive(Debug)]
pub(crate) struct Happening {
    /// Completes “NAME …”.
    what: &'static str,
    /// What was said, as Markdown.
    text: String,
    /// Whose names stand in it.
    mentioned: Vec<String>,
    /// Who is asked for a review by it.
    asked: Vec<String>,
    /// Whether it concerns all who take part, and not only those above.
    is_for_all: bool,
}

impl Happening {
    /// Something that all who take part are told, and those who are mentioned.
    pub(crate) fn said(what: &'static str, text: &str) -> Self {
        let mentioned = mentioned(text);
        Self { what, text: text.to_owned(), mentioned, asked: Vec::new(), is_for_all: true }
    }

    /// A request was opened, and people are asked for a review of it.
    pub(crate) fn opened(text: &str, asked: Vec<String>) -> Self {
        Self { asked, ..Self::said("opened it", text) }
    }

    /// People are asked for a review.
    pub(crate) fn asked(asked: Vec<String>) -> Self {
        Self { what: "asked for a review", text: String::new(), mentioned: Vec::new(), asked, is_for_all: false }
    }

    /// A text was changed: those are told whom it did not mention before.
    pub(crate) fn rewritten(before: &str, after: &str) -> Self {
        let known = mentioned(before);
        let mentioned = mentioned(after).into_iter().filter(|name| !known.contains(name)).collect();
        Self { what: "changed the text", text: after.to_owned(), mentioned, asked: Vec::new(), is_for_all: false }
    }

    fn concerns_nobody(&self) -> bool {
        !self.is_for_all && self.mentioned.is_empty() && self.asked.is_empty()
    }
}

/// The beginning of what was said, on one line.
fn excerpt(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > MAX_TEXT {
            return line.chars().take(MAX_TEXT).chain(['…']).collect();
        }
    }
    line
}

impl Hub {
    /// Tells people what happened to a request. It has happened, so what goes wrong here is for the server's own log.
    pub(crate) async fn tell_of_request(&self, actor: &Actor, request: (DatasetId, u64), happening: Happening) {
        if !self.has_accounts() || happening.concerns_nobody() {
            return;
        }
        let (hub, actor) = (self.clone(), actor.clone());
        let telling = tokio::spawn(async move {
            if let Err(error) = hub.tell_all(&actor, request, &happening).await {
                tracing::error!(error = &error as &dyn std::error::Error, ?request, "people could not be told");
            }
        });
        let _ = tokio::time::timeout(PATIENCE, telling).await;
    }

    async fn tell_all(&self, actor: &Actor, (id, number): (DatasetId, u64), what: &Happening) -> Result<(), Error> {
        let Some(dataset) = self.store().dataset_by_id(id).await? else { return Ok(()) };
        let Some(request) = self.store().request(id, number).await? else { return Ok(()) };
        let (kept, _) = read_kept(&request)?;
        let owners = self.owners(&dataset.owner).await?;
        let mut part = Vec::new();
        if what.is_for_all {
            part = self.store().request_voices(id, number).await?;
            part.push(request.author.as_str().to_owned());
            part.extend(kept.reviewers);
        }
        let mut names: Vec<String> = [&part, &what.mentioned, &what.asked].into_iter().flatten().cloned().collect();
        names.extend(owners.iter().cloned());
        names.sort();
        names.dedup();
        let Audience { named, watches } = self.store().audience(id, &names).await?;
        let watches: BTreeMap<PersonId, Watch> =
            watches.into_iter().filter_map(|(person, level)| Some((person, level.parse().ok()?))).collect();

        let mut told: BTreeMap<PersonId, NoticeReason> = BTreeMap::new();
        for (name, person) in &named {
            let level =
                watches.get(person).copied().unwrap_or(if owners.contains(name) { Watch::All } else { Watch::Mine });
            let reason = if level == Watch::Nothing {
                None
            } else if what.mentioned.contains(name) && self.may_read_now(*person, &dataset).await? {
                Some(NoticeReason::Mentioned)
            } else if what.asked.contains(name) {
                Some(NoticeReason::ReviewAsked)
            } else if part.contains(name) {
                Some(NoticeReason::TakesPart)
            } else {
                (what.is_for_all && level == Watch::All).then_some(NoticeReason::Watching)
            };
            told.extend(reason.map(|reason| (*person, reason)));
        }
        for (person, _) in watches.iter().filter(|(_, level)| what.is_for_all && **level == Watch::All) {
            told.entry(*person).or_insert(NoticeReason::Watching);
        }
        let at = now();
        let notice = |(person, reason): (PersonId, NoticeReason)| Notice {
            person,
            dataset: id,
            about: About::Request(number).to_string(),
            reason: reason.number(),
            author: actor.name().to_owned(),
            what: what.what.to_owned(),
            title: kept.title.clone(),
            text: excerpt(&what.text),
            at,
            times: 1,
            unread: true,
        };
        // Nobody has to be told what they did themselves.
        let told = told.into_iter().filter(|(person, _)| Some(*person) != actor.person_id());
        self.keep_notices(told.map(notice).collect()).await
    }

    /// Whose a namespace is: a person's own, or the owners' of an organisation.
    async fn owners(&self, namespace: &PersonName) -> Result<Vec<String>, Error> {
        let members = self.store().memberships_in(namespace).await?.into_iter();
        let led = members.filter(|(_, role)| OrganisationRole::named(role) == Some(OrganisationRole::Owner));
        let ids: Vec<PersonId> = led.map(|(person, _)| person).collect();
        if ids.is_empty() {
            return Ok(vec![namespace.as_str().to_owned()]);
        }
        let people = self.store().people_by_id(&ids).await?;
        Ok(people.into_iter().map(|person| person.name.0).collect())
    }

    /// Tells somebody what they are in a dataset from now on.
    pub(crate) async fn tell_of_role(&self, actor: &Actor, dataset: &Dataset, person: PersonId, role: Role) {
        if Some(person) == actor.person_id() {
            return;
        }
        let notice = Notice {
            person,
            dataset: DatasetId(dataset.id),
            about: About::Role.to_string(),
            reason: NoticeReason::Access.number(),
            author: actor.name().to_owned(),
            what: format!("made you {}", role.as_str()),
            title: dataset.title.clone(),
            text: String::new(),
            at: now(),
            times: 1,
            unread: true,
        };
        if let Err(error) = self.keep_notices(vec![notice]).await {
            tracing::error!(error = &error as &dyn std::error::Error, "somebody could not be told of their role");
        }
    }

    async fn keep_notices(&self, notices: Vec<Notice>) -> Result<(), Error> {
        for part in notices.chunks(AT_ONCE) {
            self.store().add_notices(part).await?;
            for notice in part {
                self.tell(notice).await;
            }
        }
        Ok(())
    }

    /// What is done for each who is told, once the notice stands in their inbox.
    async fn tell(&self, notice: &Notice) {
        self.shared.inboxes.forget(notice.person);
        if let Err(error) = self.mail_notice(notice).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a notice was not mailed");
        }
    }

    async fn may_read_now(&self, person: PersonId, dataset: &storage::Dataset) -> Result<bool, Error> {
        let person = self.store().person_by_id(person).await?.filter(|person| person.blocked_at.is_none());
        match person {
            Some(person) => Ok(self.role(&Actor::person(&person), dataset).await?.is_some()),
            None => Ok(false),
        }
    }

    /// What the person is told of in a dataset; none for who has no account.
    pub(crate) async fn watch_of(&self, actor: &Actor, dataset: &Dataset) -> Result<Option<Watch>, Error> {
        let Some(person) = actor.person_id() else { return Ok(None) };
        let kept = self.store().watch(DatasetId(dataset.id), person).await?;
        let is_own = dataset.path.owner == actor.name() || self.leads(actor, &dataset.path.owner).await?;
        let usual = if is_own { Watch::All } else { Watch::Mine };
        Ok(Some(kept.and_then(|level| level.parse().ok()).unwrap_or(usual)))
    }

    /// What the person is told of in a dataset.
    ///
    /// # Errors
    /// There is no such dataset for the person, or they have no account.
    pub async fn watch(&self, actor: &Actor, path: &DatasetPath) -> Result<Watch, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        self.watch_of(actor, &dataset).await?.ok_or_else(|| inbox::nobody(actor))
    }

    /// Keeps what the person wants to be told of in a dataset.
    ///
    /// # Errors
    /// There is no such dataset for the person, or they have no account.
    pub async fn set_watch(&self, actor: &Actor, path: &DatasetPath, level: Watch) -> Result<(), Error> {
        // It changes nothing in the dataset, which may be archived.
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let person = actor.person_id().ok_or_else(|| inbox::nobody(actor))?;
        if !actor.writes_in(DatasetId(dataset.id)) {
            return Err(Error::Forbidden {
                action: format!("change what you are told of “{path}” with this token")
            });
        }
        Ok(self.store().set_watch(DatasetId(dataset.id), person, level.as_str()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_the_least() {
        for reason in NoticeReason::ALL {
            assert_eq!(NoticeReason::of_number(reason.number()), reason);
        }
        assert!(NoticeReason::Mentioned.number() < NoticeReason::Watching.number());
    }

    #[test]
    fn an_excerpt_is_one_line() {
        assert_eq!(excerpt(" a\n\nb  c "), "a b c");
        assert_eq!(excerpt(&"x".repeat(1_000)).chars().count(), MAX_TEXT + 1);
    }
}
