//! Who has which role in a dataset.

use crate::{Actor, AuditKind, Dataset, DatasetPath, Error, Hub, Role, access::Action};

/// Somebody with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their name.
    pub name: String,
    /// What they are there.
    pub role: Role,
}

impl Hub {
    /// Who has a role in a dataset, by name.
    ///
    /// # Errors
    /// There is no such dataset for the person.
    pub async fn members(&self, actor: &Actor, path: &DatasetPath) -> Result<Vec<Member>, Error> {
        let dataset = self.find_stored(actor, Action::Manage, path).await?;
        let mut members = Vec::new();
        for (person, role) in self.store().roles_in(dataset.id).await? {
            let person = self.store().person_by_id(person).await?;
            if let (Some(person), Ok(role)) = (person, role.parse()) {
                members.push(Member { name: person.name.0, role });
            }
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(members)
    }

    /// Gives somebody a role in a dataset, or takes it from them.
    ///
    /// # Errors
    /// There is no such dataset for the person, they may not decide that, or there is no account of the name.
    pub async fn set_role(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        name: &str,
        role: Option<Role>,
    ) -> Result<(), Error> {
        let dataset = self.find_stored(actor, Action::Own, path).await?;
        let person = self.store().person(name.trim()).await?;
        let person = person.ok_or_else(|| Error::invalid("name", format!("There is no account “{}”.", name.trim())))?;
        if person.name == dataset.owner {
            return Err(Error::invalid("name", "The dataset is in their namespace: they own it."));
        }
        self.store().set_role(dataset.id, person.id, role.map(Role::as_str)).await?;
        let what = match role {
            Some(role) => format!("made {} {}", person.name, role.as_str()),
            None => format!("took the role from {}", person.name),
        };
        // What they see may be more or less.
        self.shared.inboxes.forget(person.id);
        let dataset = Dataset::from(dataset);
        self.note(actor, AuditKind::Role, dataset.about(), what).await;
        if let Some(role) = role {
            self.tell_of_role(actor, &dataset, person.id, role).await;
        }
        Ok(())
    }
}
