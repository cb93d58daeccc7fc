//! What people say of themselves, and who may see it: those who may read one of their datasets, and those who belong to an
//! organisation with them.

use std::collections::BTreeSet;

use storage::{PersonChanges, PersonName};

use crate::{Account, Actor, AuditKind, Error, Hub, accounts::check_display};

/// Characters of what somebody says of themselves.
const MAX_ABOUT: usize = 1_000;

/// Somebody, as the acting person may see them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What they are called; the name where they said nothing.
    pub display: String,
    /// What they say of themselves.
    pub about: String,
    /// When the account was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// The organisations that both belong to.
    pub organisations: Vec<String>,
}

impl Hub {
    /// Somebody with an account, whether or not the person may know of them.
    pub(crate) async fn known_profile(&self, actor: &Actor, name: &str) -> Result<Option<Profile>, Error> {
        let Some(person) = self.store().person(name).await? else { return Ok(None) };
        let about = self.store().about(person.id).await?.unwrap_or_default();
        let theirs = match actor.person_id().filter(|_| !actor.is_confined()) {
            Some(own) => {
                let of = |memberships: Vec<(storage::Organisation, String)>| {
                    memberships.into_iter().map(|(organisation, _)| organisation.name).collect::<BTreeSet<PersonName>>()
                };
                let own = of(self.store().memberships_of(own).await?);
                let theirs = of(self.store().memberships_of(person.id).await?);
                own.intersection(&theirs).map(|name| name.0.clone()).collect()
            }
            None => Vec::new(),
        };
        let Account { display, created_at, .. } = person.into();
        Ok(Some(Profile { display, about, created_at, organisations: theirs }))
    }

    /// What the person says of themselves: what they are called, which may be empty, and more.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn own_profile(&self, actor: &Actor) -> Result<(String, String), Error> {
        let id = actor.account("look at your account")?;
        let person = self.store().person_by_id(id).await?.ok_or(Error::SignIn)?;
        Ok((person.display, self.store().about(id).await?.unwrap_or_default()))
    }

    /// Changes what the person says of themselves.
    ///
    /// # Errors
    /// There is no account, or a field is not valid.
    pub async fn set_profile(&self, actor: &Actor, display: &str, about: &str) -> Result<(), Error> {
        let id = actor.account("change your account")?;
        if let Some(wrong) = check_display(display) {
            return Err(Error::Invalid { fields: vec![wrong] });
        }
        if about.chars().count() > MAX_ABOUT {
            return Err(Error::invalid("about", "What you say of yourself has at most 1,000 characters."));
        }
        let changes = PersonChanges {
            display: Some(display.trim().to_owned()),
            about: Some(about.trim().to_owned()),
            ..PersonChanges::default()
        };
        self.store().update_person(id, &changes).await?;
        self.note(actor, AuditKind::Account, None, "described themselves anew").await;
        Ok(())
    }
}
