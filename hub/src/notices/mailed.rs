//! Notices by mail, where the server sends mail and people have said where it reaches them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use storage::{Notice, PersonChanges};

use super::{About, NoticeReason};
use crate::{Actor, Dataset, Error, Hub};

/// Which notices go to somebody by mail as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mailed {
    /// All that stands in their inbox.
    #[default]
    All,
    /// Where somebody writes their name or asks them for a review, and what they may do.
    Direct,
    /// None.
    Nothing,
}

impl Mailed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Direct, Self::Nothing];

    /// As in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Direct => "direct",
            Self::Nothing => "nothing",
        }
    }

    const fn takes(self, reason: NoticeReason) -> bool {
        match self {
            Self::All => true,
            Self::Direct => !matches!(reason, NoticeReason::TakesPart | NoticeReason::Watching),
            Self::Nothing => false,
        }
    }
}

impl FromStr for Mailed {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|level| level.as_str() == text);
        known.ok_or_else(|| Error::invalid("mailed", format!("“{text}” is none of: all, direct, nothing.")))
    }
}

/// Completes “You are told because …”.
const fn because(reason: NoticeReason) -> &'static str {
    match reason {
        NoticeReason::Mentioned => "somebody wrote your name",
        NoticeReason::ReviewAsked => "you are asked for a review",
        NoticeReason::TakesPart => "you take part in it",
        NoticeReason::Watching => "you watch the dataset",
        NoticeReason::Access => "it is about what you may do",
    }
}

impl Hub {
    /// Which notices go to the person by mail.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn mailed(&self, actor: &Actor) -> Result<Mailed, Error> {
        let id = actor.account("look at your account")?;
        Ok(self.store().mailed(id).await?.and_then(|level| level.parse().ok()).unwrap_or_default())
    }

    /// Keeps which notices go to the person by mail.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn set_mailed(&self, actor: &Actor, level: Mailed) -> Result<(), Error> {
        let id = actor.account("change your account")?;
        let changes = PersonChanges { mailed: Some(level.as_str().to_owned()), ..PersonChanges::default() };
        Ok(self.store().update_person(id, &changes).await?)
    }

    /// Mails a notice, if who is told may read what it is about and wants that.
    pub(super) async fn mail_notice(&self, notice: &Notice) -> Result<(), Error> {
        let Some(base) = self.link_base() else { return Ok(()) };
        let reason = NoticeReason::of_number(notice.reason);
        let person = self.store().person_by_id(notice.person).await?;
        let Some(person) = person.filter(|person| person.blocked_at.is_none()) else { return Ok(()) };
        let Some(email) = &person.email else { return Ok(()) };
        let level: Mailed =
            self.store().mailed(person.id).await?.and_then(|level| level.parse().ok()).unwrap_or_default();
        let Ok(about) = notice.about.parse::<About>() else { return Ok(()) };
        let Some(dataset) = self.store().dataset_by_id(notice.dataset).await? else { return Ok(()) };
        if !level.takes(reason) || self.role(&Actor::person(&person), &dataset).await?.is_none() {
            return Ok(());
        }
        let path = Dataset::from(dataset).path;
        let Notice { author, what, title, text, .. } = notice;
        let (subject, thing, place) = match about {
            About::Request(number) => (
                format!("[{path}] {title} (merge request {number})"),
                format!("merge request {number} of {path}, “{title}”"),
                format!("/requests/{number}"),
            ),
            About::Role => (format!("[{path}] {author} {what}"), format!("the dataset {path}"), String::new()),
        };
        let said = if text.is_empty() { String::new() } else { format!("    {text}\n\n") };
        let because = because(reason);
        let text = format!(
            "{author} {what}: {thing}.\n\n{said}{base}/{path}{place}\n\nYou are told because {because}. What you are told of \
             a dataset is said on its page, and what of it is mailed at {base}/account.\n",
        );
        self.post(email, &subject, &text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_somebody_is_direct() {
        for reason in [NoticeReason::Mentioned, NoticeReason::ReviewAsked, NoticeReason::Access] {
            assert!(Mailed::Direct.takes(reason) && !Mailed::Nothing.takes(reason));
        }
        assert!(!Mailed::Direct.takes(NoticeReason::Watching) && Mailed::All.takes(NoticeReason::Watching));
        for level in Mailed::ALL {
            assert_eq!(level.as_str().parse::<Mailed>().ok(), Some(level));
        }
        assert!("everything".parse::<Mailed>().is_err());
    }
}
