//! Who has which role in a dataset: people, and teams of the organisation that owns it.

use std::fmt;

use storage::{PersonName, StorageError};

use crate::{Actor, AuditKind, Dataset, DatasetPath, Error, Hub, Role, access::Action};

/// Whoever can have a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Somebody, by their name.
    Person(String),
    /// Everybody in a team of the organisation that owns the dataset, by its name.
    Team(String),
}

/// Somebody with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub holder: Holder,
    /// What they are there.
    pub role: Role,
}

impl Holder {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Team(name) => name,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::Team(name) => write!(f, "team {name}"),
        }
    }
}

impl Hub {
    /// Who has a role in a dataset: people by name, then teams.
    ///
    /// # Errors
    /// There is no such dataset for the person.
    pub async fn members(&self, actor: &Actor, path: &DatasetPath) -> Result<Vec<Member>, Error> {
        let dataset = self.find_stored(actor, Action::Oversee, path).await?;
        let mut members = Vec::new();
        for (person, role) in self.store().roles_in(dataset.id).await? {
            let person = self.store().person_by_id(person).await?;
            if let (Some(person), Ok(role)) = (person, role.parse()) {
                members.push(Member { holder: Holder::Person(person.name.0), role });
            }
        }
        for (team, role) in self.store().team_roles_in(dataset.id).await? {
            if let Ok(role) = role.parse() {
                members.push(Member { holder: Holder::Team(team), role });
            }
        }
        members.sort_by(|a, b| a.holder.cmp(&b.holder));
        Ok(members)
    }

    /// The teams that can have a role in a dataset, by name; none where it is not an organisation's.
    ///
    /// # Errors
    /// There is no such dataset for the person, or that is not theirs to see.
    pub async fn teams_for(&self, actor: &Actor, path: &DatasetPath) -> Result<Option<Vec<String>>, Error> {
        let dataset = self.find_stored(actor, Action::Oversee, path).await?;
        if self.store().organisation(&dataset.owner).await?.is_none() {
            return Ok(None);
        }
        let teams = self.store().teams_in(&dataset.owner).await?;
        Ok(Some(teams.into_iter().map(|team| team.name).collect()))
    }

    /// Gives somebody a role in a dataset, or takes it from them.
    ///
    /// # Errors
    /// There is no such dataset for the person, they may not decide that, or there is no account or team of the name.
    pub async fn set_role(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        holder: &Holder,
        role: Option<Role>,
    ) -> Result<(), Error> {
        let dataset = self.find_stored(actor, Action::Own, path).await?;
        let name = holder.name().trim();
        let stored = role.map(Role::as_str);
        let person = match holder {
            Holder::Person(_) => {
                let person = self.store().person(name).await?;
                let person = person.ok_or_else(|| Error::invalid("name", format!("There is no account “{name}”.")))?;
                if person.name == dataset.owner {
                    return Err(Error::invalid("name", "The dataset is in their namespace: they own it."));
                }
                self.store().set_role(dataset.id, person.id, stored).await?;
                Some(person.id)
            }
            Holder::Team(_) => {
                self.set_team_role(&dataset.owner, dataset.id, name, stored).await?;
                None
            }
        };
        let what = match role {
            Some(role) => format!("made {holder} {}", role.as_str()),
            None => format!("took the role from {holder}"),
        };
        let dataset = Dataset::from(dataset);
        self.note(actor, AuditKind::Role, dataset.about(), what).await;
        if let Some(person) = person {
            // What they see may be more or less.
            self.shared.inboxes.forget(person);
            if let Some(role) = role {
                self.tell_of_role(actor, &dataset, person, role).await;
            }
        }
        Ok(())
    }

    async fn set_team_role(
        &self,
        owner: &PersonName,
        dataset: storage::DatasetId,
        team: &str,
        role: Option<&str>,
    ) -> Result<(), Error> {
        match self.store().set_team_role(dataset, owner, team, role).await {
            Ok(()) => Ok(()),
            Err(StorageError::NotFound { .. }) => {
                Err(Error::invalid("team", format!("“{owner}” has no team “{team}”.")))
            }
            Err(error) => Err(error.into()),
        }
    }
}
