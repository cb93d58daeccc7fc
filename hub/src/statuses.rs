//! What other systems found about commits: one status for each context, the newest.

use std::str::FromStr;

use storage::{CommitStatus, DatasetId, PersonName};
use versioning::Hash;

use crate::{Actor, Dataset, DatasetPath, Error, Hub, RequestState, access::Action, now, write::internal};

/// The longest name of a context, in characters.
pub(crate) const MAX_CONTEXT: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 500;
/// The longest address, in characters.
const MAX_URL: usize = 2_000;
/// The most contexts of a commit.
const MAX_STATUSES: usize = 100;
/// The open requests among whose heads a commit is looked for.
const MAX_REQUESTS: usize = 1_000;

/// How something that looked at a commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusState {
    /// It is still looking.
    Pending,
    /// All is well.
    Success,
    /// Something is wrong with the commit.
    Failure,
    /// It could not look.
    Error,
}

impl StatusState {
    /// As in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

impl FromStr for StatusState {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Pending, Self::Success, Self::Failure, Self::Error]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| Error::invalid("state", "A status is pending, success, failure or error."))
    }
}

/// What another system found about a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// What looked at it.
    pub context: String,
    /// How it stands.
    pub state: StatusState,
    /// In words; may be empty.
    pub description: String,
    /// Where more of it can be read: an address of http or https.
    pub url: Option<String>,
    /// Who said so.
    pub author: String,
    /// When, in µs since 1970 UTC.
    pub at: i64,
}

/// A status to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatus {
    /// What looked at the commit: 1 to 100 characters.
    pub context: String,
    /// How it stands.
    pub state: StatusState,
    /// In words: up to 500 characters on one line.
    pub description: String,
    /// Where more of it can be read: an address of http or https.
    pub url: Option<String>,
}

/// The name of a context as it is kept.
pub(crate) fn context(field: &str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > MAX_CONTEXT || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "A context has 1 to 100 characters on one line."));
    }
    Ok(text.to_owned())
}

/// An address that a page may link to.
fn address(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_host = |rest: &str| rest.chars().next().is_some_and(|first| first.is_alphanumeric() || first == '[');
    let is_one_word = !text.chars().any(|character| character.is_control() || character.is_whitespace());
    if !rest.is_some_and(is_host) || !is_one_word || text.chars().count() > MAX_URL {
        return Err(Error::invalid("url", "Give an address that begins with https:// or http://."));
    }
    Ok(text.to_owned())
}

impl Hub {
    /// Keeps what another system found about a commit of the dataset, or about one that an open merge request offers to
    /// it. It takes the place of what was said in its context before.
    ///
    /// # Errors
    /// There is no such dataset or commit for the person, they may not write, or a field is not valid.
    pub async fn set_status(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        commit: &str,
        new: NewStatus,
    ) -> Result<(Hash, StatusView), Error> {
        let dataset = self.find_dataset(actor, Action::Write, path).await?;
        let commit = self.own_or_offered(&dataset, commit).await?;
        if new.description.chars().count() > MAX_DESCRIPTION || new.description.chars().any(char::is_control) {
            return Err(Error::invalid("description", "A description has at most 500 characters on one line."));
        }
        let status = CommitStatus {
            context: context("context", &new.context)?,
            state: new.state.as_str().to_owned(),
            description: new.description.trim().to_owned(),
            url: new.url.as_deref().filter(|url| !url.trim().is_empty()).map(address).transpose()?,
            author: PersonName::from(actor.name()),
            at: now(),
        };
        if !self.store().set_status(DatasetId(dataset.id), commit, &status, MAX_STATUSES).await? {
            return Err(Error::State { message: "A commit has statuses of 100 contexts at most.".to_owned() });
        }
        Ok((commit, view(status)?))
    }

    /// What other systems found about a commit, by context.
    ///
    /// # Errors
    /// There is no such dataset or commit for the person.
    pub async fn statuses(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        commit: &str,
    ) -> Result<(Hash, Vec<StatusView>), Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let commit = self.own_or_offered(&dataset, commit).await?;
        Ok((commit, self.statuses_of(&dataset, commit).await?))
    }

    pub(crate) async fn statuses_of(&self, dataset: &Dataset, commit: Hash) -> Result<Vec<StatusView>, Error> {
        self.store().statuses(DatasetId(dataset.id), commit).await?.into_iter().map(view).collect()
    }

    /// A commit of the dataset, or the newest one that an open request offers from a fork: only the dataset's own writers
    /// say what is found about it here.
    async fn own_or_offered(&self, dataset: &Dataset, name: &str) -> Result<Hash, Error> {
        let missing = match self.own_commit(dataset, name).await {
            Err(missing @ Error::NotFound { .. }) => missing,
            found => return found,
        };
        let Ok(hash) = name.parse::<Hash>() else { return Err(missing) };
        let id = DatasetId(dataset.id);
        // What was said about it once is known, whatever became of the offer.
        if !self.store().statuses(id, hash).await?.is_empty()
            || self.store().is_offered(id, RequestState::Open.as_str(), hash, MAX_REQUESTS).await?
        {
            return Ok(hash);
        }
        Err(missing)
    }
}

fn view(status: CommitStatus) -> Result<StatusView, Error> {
    let CommitStatus { context, state, description, url, author, at } = status;
    let state = state.parse().map_err(internal)?;
    Ok(StatusView { context, state, description, url, author: author.as_str().to_owned(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_the_web() {
        for good in ["https://example.org", "http://[::1]:8080/x?y=1#z", " https://ci.example/ä "] {
            assert_eq!(address(good).ok().as_deref(), Some(good.trim()), "{good}");
        }
        for bad in ["", "javascript:alert(1)", "https://", "https:///x", "ftp://x", "https://a b", "//x", "HTTPS://x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
