//! Who acts, and what they may do. The rules stand here and nowhere else, as a table that can be read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use storage::{DatasetId, PersonId, Visibility};

use crate::{Error, Hub, OrganisationRole};

/// The person for whom something is done, and by what right they are believed to be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    /// What may be done in their name.
    scope: Scope,
    /// The only dataset in which something may be done in their name.
    dataset: Option<DatasetId>,
    /// From which address of the network they come; empty where it is not known.
    address: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// The one person of a server without accounts, which listens on its own machine only.
    Local,
    /// Somebody with an account.
    Person { id: PersonId, name: String, is_admin: bool },
    /// Anybody.
    Stranger,
}

/// The owner of everything until there are accounts.
pub(crate) const LOCAL: &str = "local";

/// What may be done in somebody's name. Each scope includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look.
    Read,
    /// Change data.
    Write,
    /// Change who may do what as well.
    Admin,
}

/// What somebody is in a dataset. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything.
    Reader,
    /// Takes part in discussions.
    Commenter,
    /// Edits, commits, makes branches and tags, merges.
    Writer,
    /// Describes the dataset and decides which branch is read first.
    Maintainer,
    /// Renames and deletes it, and decides who may do what.
    Owner,
}

/// What can be done to a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See its data, history, branches and forks.
    Read,
    /// Offer changes from a fork.
    Propose,
    /// Edit, commit, branch, tag, merge, import.
    Write,
    /// See its settings, and who may do what.
    Oversee,
    /// Describe it, choose the default branch.
    Manage,
    /// Rename, delete, decide who may do what.
    Own,
}

/// What each action takes: the least role, the least scope of a token, and a dataset that is not archived.
const RULES: [(Action, Role, Scope, Archived); 6] = [
    (Action::Read, Role::Reader, Scope::Read, Archived::Too),
    (Action::Propose, Role::Reader, Scope::Write, Archived::Not),
    (Action::Write, Role::Writer, Scope::Write, Archived::Not),
    (Action::Oversee, Role::Maintainer, Scope::Write, Archived::Too),
    (Action::Manage, Role::Maintainer, Scope::Write, Archived::Not),
    (Action::Own, Role::Owner, Scope::Admin, Archived::Too),
];

/// Whether something is done to an archived dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Archived {
    Too,
    Not,
}

impl Action {
    fn rule(self) -> (Role, Scope, Archived) {
        let rule = RULES.iter().find(|(action, ..)| *action == self);
        rule.map(|(_, role, scope, archived)| (*role, *scope, *archived)).expect("there is a rule for every action")
    }

    /// Completes “You may not … this dataset”.
    fn words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Propose => "propose changes to",
            Self::Write => "change",
            Self::Oversee => "see the settings of",
            Self::Manage => "manage",
            Self::Own => "decide over",
        }
    }
}

impl Scope {
    /// As in forms and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];
}

impl Role {
    /// As in forms and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Commenter => "commenter",
            Self::Writer => "writer",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
        }
    }

    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Reader, Self::Commenter, Self::Writer, Self::Maintainer, Self::Owner];
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            Error::invalid("role", format!("“{text}” is no role: reader, commenter, writer, maintainer, owner."))
        })
    }
}

impl Actor {
    fn new(who: Who, scope: Scope) -> Self {
        Self { who, scope, dataset: None, address: Arc::default() }
    }

    /// The same, coming from this address of the network.
    #[must_use]
    pub fn at(self, address: &str) -> Self {
        Self { address: address.into(), ..self }
    }

    /// From which address of the network they come.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The one person of a server without accounts.
    #[must_use]
    pub fn local() -> Self {
        Self::new(Who::Local, Scope::Admin)
    }

    /// Somebody of whom nothing is known.
    #[must_use]
    pub fn stranger() -> Self {
        Self::new(Who::Stranger, Scope::Read)
    }

    /// Somebody who has shown that the account is theirs.
    pub(crate) fn person(person: &storage::Person) -> Self {
        let who = Who::Person { id: person.id, name: person.name.as_str().to_owned(), is_admin: person.is_admin };
        Self::new(who, Scope::Admin)
    }

    /// The same with no more than this may be done.
    pub(crate) fn limited(self, scope: Scope, dataset: Option<DatasetId>) -> Self {
        Self { scope, dataset, ..self }
    }

    /// The person's name, as in addresses and commits; empty for a stranger, whom no account is named after.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.who {
            Who::Local => LOCAL,
            Who::Person { name, .. } => name,
            Who::Stranger => "",
        }
    }

    /// Whether nothing is known of them.
    #[must_use]
    pub fn is_stranger(&self) -> bool {
        self.who == Who::Stranger
    }

    /// Whether they run the server.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        match &self.who {
            Who::Local => true,
            Who::Person { is_admin, .. } => *is_admin,
            Who::Stranger => false,
        }
    }

    /// Whether their token is for one dataset only.
    pub(crate) fn is_confined(&self) -> bool {
        self.dataset.is_some()
    }

    /// Whether anything may be changed in their name in a dataset, as far as that does not depend on their role.
    pub(crate) fn writes_in(&self, dataset: DatasetId) -> bool {
        !self.is_stranger() && self.scope >= Scope::Write && self.dataset.is_none_or(|only| only == dataset)
    }

    /// What limits them, in bytes: whoever is limited otherwise has other ones.
    pub(crate) fn limits(&self) -> Vec<u8> {
        let only = self.dataset.map(|dataset| dataset.to_string()).unwrap_or_default();
        [self.scope.as_str().as_bytes(), b" ", only.as_bytes()].concat()
    }

    /// What may be done in their name.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The account, where there is one.
    pub(crate) fn person_id(&self) -> Option<PersonId> {
        match &self.who {
            Who::Person { id, .. } => Some(*id),
            Who::Local | Who::Stranger => None,
        }
    }

    /// The account; an error where there is none, or where a token does not reach so far.
    pub(crate) fn account(&self, action: &str) -> Result<PersonId, Error> {
        match &self.who {
            Who::Person { id, .. } if self.scope == Scope::Admin && self.dataset.is_none() => Ok(*id),
            Who::Stranger => Err(Error::SignIn),
            Who::Local => Err(Error::State {
                message: "There are no accounts yet: make the first one on the set-up page.".to_owned(),
            }),
            Who::Person { .. } => Err(Error::Forbidden { action: format!("{action} with this token") }),
        }
    }
}

/// The rule for the server itself: its administrators, with no less than this scope. `action` completes “You may not …”.
pub(crate) fn authorise_operator(actor: &Actor, scope: Scope, action: &str) -> Result<(), Error> {
    match actor.who {
        Who::Stranger => Err(Error::SignIn),
        _ if actor.is_admin() && actor.scope >= scope && actor.dataset.is_none() => Ok(()),
        _ => Err(Error::Forbidden { action: action.to_owned() }),
    }
}

/// Why nothing of a dataset is changed.
pub(crate) fn archived(address: &str) -> Error {
    Error::State {
        message: format!(
            "“{address}” is archived: it is read, not changed. Its owners can unarchive it in its settings."
        ),
    }
}

impl Hub {
    /// The rule for new datasets: everybody has a namespace of their own, and owners of an organisation that of it.
    pub(crate) async fn authorise_creation(&self, actor: &Actor, owner: &str) -> Result<(), Error> {
        if actor.is_stranger() {
            return Err(Error::SignIn);
        }
        let reaches = actor.scope >= Scope::Write && actor.dataset.is_none();
        if reaches && (actor.name() == owner || self.leads(actor, owner).await?) {
            return Ok(());
        }
        Err(Error::Forbidden { action: format!("create datasets for “{owner}”") })
    }

    /// Whether the person is an owner of an organisation.
    pub(crate) async fn leads(&self, actor: &Actor, organisation: &str) -> Result<bool, Error> {
        Ok(self.standing_in(actor, organisation).await? == Some(OrganisationRole::Owner))
    }

    /// What the person is in an organisation.
    pub(crate) async fn standing_in(
        &self,
        actor: &Actor,
        organisation: &str,
    ) -> Result<Option<OrganisationRole>, Error> {
        let Some(person) = actor.person_id().filter(|_| actor.dataset.is_none()) else { return Ok(None) };
        let role = self.store().membership(&organisation.into(), person).await?;
        Ok(role.as_deref().and_then(OrganisationRole::named))
    }

    /// The namespaces in which the person makes datasets: their own, then those of organisations.
    ///
    /// # Errors
    /// There is none.
    pub async fn namespaces(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        self.authorise_creation(actor, actor.name()).await?;
        let mut names = vec![actor.name().to_owned()];
        if let Some(person) = actor.person_id() {
            let organisations = self.store().memberships_of(person).await?;
            let led = organisations
                .into_iter()
                .filter(|(_, role)| OrganisationRole::named(role) == Some(OrganisationRole::Owner));
            names.extend(led.map(|(organisation, _)| organisation.name.0));
        }
        Ok(names)
    }

    /// What the person is in a dataset; none: for them it does not exist.
    ///
    /// The owner of the namespace owns it: a person, or the owners of an organisation. Others are the most of what they
    /// were given: by themselves, by a team, as a member of the organisation, as anybody.
    pub(crate) async fn role(&self, actor: &Actor, dataset: &storage::Dataset) -> Result<Option<Role>, Error> {
        let public = (dataset.visibility == Visibility::Public).then_some(Role::Reader);
        let Who::Person { id, name, .. } = &actor.who else {
            return Ok(if actor.who == Who::Local { Some(Role::Owner) } else { public });
        };
        if actor.dataset.is_some_and(|only| only != dataset.id) {
            return Ok(public);
        }
        if *name == dataset.owner.as_str() {
            return Ok(Some(Role::Owner));
        }
        let rights = self.store().rights(dataset.id, &dataset.owner, *id).await?;
        if rights.membership.as_deref().and_then(OrganisationRole::named) == Some(OrganisationRole::Owner) {
            return Ok(Some(Role::Owner));
        }
        let given = rights.roles.iter().filter_map(|role| role.parse().ok()).max();
        Ok(given.max(public))
    }

    /// The rule for datasets; what the person is there.
    pub(crate) async fn authorise(
        &self,
        actor: &Actor,
        action: Action,
        dataset: &storage::Dataset,
    ) -> Result<Role, Error> {
        let address = dataset.address();
        let Some(role) = self.role(actor, dataset).await? else {
            // A stranger does not even learn that it exists.
            return Err(Error::not_found(format!("dataset “{address}”")));
        };
        // What is public it reads as anybody does; it does nothing there, not even what anybody may who is signed in.
        if action != Action::Read && actor.dataset.is_some_and(|only| only != dataset.id) {
            return Err(Error::Forbidden { action: format!("{} “{address}” with this token", action.words()) });
        }
        let (least, scope, is_done_to) = action.rule();
        if role >= least && actor.scope >= scope {
            let is_closed = dataset.archived_at.is_some() && is_done_to == Archived::Not;
            return if is_closed { Err(archived(&address)) } else { Ok(role) };
        }
        if actor.is_stranger() {
            return Err(Error::SignIn);
        }
        Err(Error::Forbidden {
            action: if role >= least {
                format!("{} “{address}” with this token", action.words())
            } else {
                format!(
                    "{} “{address}”: you are {} there, and that takes a {}",
                    action.words(),
                    role.as_str(),
                    least.as_str()
                )
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_may_what_lesser_ones_may() {
        let order = RULES.map(|(_, role, ..)| role);
        assert!(order.is_sorted(), "the table goes from the least to the most: {order:?}");
        for action in [Action::Read, Action::Propose, Action::Write, Action::Oversee, Action::Manage, Action::Own] {
            assert!(RULES.iter().filter(|(each, ..)| *each == action).count() == 1);
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().expect("a role"), role);
        }
    }
}
