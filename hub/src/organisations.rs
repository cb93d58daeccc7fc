//! Organisations: names that several people share. Their owners decide; what that means for a dataset stands in `access.rs`.
//!
//! Who does not belong to an organisation learns no more of it than that it has datasets which they may read.

use std::collections::HashMap;

use storage::{MembershipChange, PersonId, PersonName, StorageError};

use crate::{
    Actor, AuditKind, Error, Hub, Joining, MembershipInvitation, Role, Scope,
    accounts::{check_display, check_namespace, name_taken},
    datasets::{is_address, valid_description},
    now,
};

/// The role in a dataset that stands for none.
const NONE: &str = "none";

/// What somebody is in an organisation. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrganisationRole {
    /// Belongs to it.
    Member,
    /// Decides about it, and owns its datasets.
    Owner,
}

/// An organisation to be founded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOrganisation {
    /// As in addresses; valid as an account's name.
    pub name: String,
    /// What it is called; may be empty. Up to 100 characters.
    pub display: String,
    /// What it is about. Up to 10,000 characters.
    pub description: String,
}

/// What to change in an organisation; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganisationChanges {
    /// What it is called; empty: the name.
    pub display: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What its members are in all its datasets: `none`, `reader` or `writer`.
    pub base_role: Option<String>,
}

/// An organisation, as the acting person may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationView {
    /// As in addresses.
    pub name: String,
    /// What it is called; the name where nobody said anything.
    pub display: String,
    /// What it is about.
    pub description: String,
    /// When it was founded, in µs since 1970 UTC.
    pub created_at: i64,
    /// What its members see; none for others.
    pub inside: Option<OrganisationInside>,
}

/// What the members of an organisation see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationInside {
    /// What the acting person is there.
    pub own_role: OrganisationRole,
    /// What members are in all its datasets; none: nothing.
    pub base_role: Option<Role>,
    /// Who belongs to it, by name.
    pub members: Vec<OrganisationMember>,
    /// Its teams, by name.
    pub teams: Vec<Team>,
    /// Who is invited, the newest first; nobody for members, who do not decide that.
    pub invitations: Vec<MembershipInvitation>,
}

/// Somebody who belongs to an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationMember {
    /// Their name.
    pub name: String,
    /// What they are called; the name where they said nothing.
    pub display: String,
    /// What they are there.
    pub role: OrganisationRole,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// The names of who is in it.
    pub members: Vec<String>,
}

impl OrganisationRole {
    /// All of them, the least first.
    pub const ALL: [Self; 2] = [Self::Member, Self::Owner];

    /// As in forms and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// The role that is called so.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl std::str::FromStr for OrganisationRole {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::named(text).ok_or_else(|| Error::invalid("role", format!("“{text}” is no role: member or owner.")))
    }
}

fn missing(name: &str) -> Error {
    Error::not_found(format!("organisation “{name}”"))
}

fn missing_team(name: &str) -> impl Fn(StorageError) -> Error + '_ {
    move |error| match error {
        StorageError::NotFound { .. } => Error::not_found(format!("team “{name}”")),
        error => error.into(),
    }
}

fn valid_base(text: &str) -> Result<&str, Error> {
    match text {
        NONE | "reader" | "writer" => Ok(text),
        _ => Err(Error::invalid("base_role", "Members are none, reader or writer in all datasets.")),
    }
}

fn valid_display(text: &str) -> Result<String, Error> {
    match check_display(text) {
        Some(wrong) => Err(Error::Invalid { fields: vec![wrong] }),
        None => Ok(text.trim().to_owned()),
    }
}

/// What an organisation is called.
pub(crate) fn called(organisation: &storage::Organisation) -> String {
    let name = if organisation.display.is_empty() { organisation.name.as_str() } else { &organisation.display };
    name.to_owned()
}

impl Hub {
    /// An organisation, for those who are no less than this in it. `action` completes “You may not …”.
    async fn organisation_for(
        &self,
        actor: &Actor,
        name: &str,
        (least, scope): (OrganisationRole, Scope),
        action: &str,
    ) -> Result<(storage::Organisation, OrganisationRole), Error> {
        let role = self.standing_in(actor, name).await?.ok_or_else(|| missing(name))?;
        let organisation = self.store().organisation(&name.into()).await?.ok_or_else(|| missing(name))?;
        if role < least {
            let action = format!("{action} “{name}”: that takes one of its owners");
            return Err(Error::Forbidden { action });
        }
        if actor.scope() < scope {
            return Err(Error::Forbidden { action: format!("{action} “{name}” with this token") });
        }
        Ok((organisation, role))
    }

    /// The same for what its owners decide.
    pub(crate) async fn owned_organisation(&self, actor: &Actor, name: &str) -> Result<PersonName, Error> {
        let least = (OrganisationRole::Owner, Scope::Admin);
        let (organisation, _) = self.organisation_for(actor, name, least, "decide about").await?;
        Ok(organisation.name)
    }

    /// Founds an organisation, whose owner the person is.
    ///
    /// # Errors
    /// There is no account, a field is not valid, or the name is taken.
    pub async fn found_organisation(&self, actor: &Actor, new: NewOrganisation) -> Result<OrganisationView, Error> {
        let founder = actor.account("found organisations")?;
        let mut fields = Vec::new();
        let name = new.name.trim();
        fields.extend(check_namespace(name, false));
        fields.extend(check_display(&new.display));
        if !fields.is_empty() {
            return Err(Error::Invalid { fields });
        }
        let organisation = storage::Organisation {
            name: name.into(),
            display: new.display.trim().to_owned(),
            description: valid_description(&new.description)?,
            base: Role::Reader.as_str().to_owned(),
            created_at: now(),
        };
        let role = OrganisationRole::Owner.as_str();
        match self.store().create_organisation(&organisation, founder, role).await {
            Ok(()) => {}
            Err(StorageError::AlreadyExists { name, .. }) => return Err(name_taken(&name)),
            Err(error) => return Err(error.into()),
        }
        self.note(actor, AuditKind::Organisation, None, format!("founded the organisation {name}")).await;
        self.organisation(actor, name).await
    }

    /// The organisations that the person belongs to, by name, with what they are there.
    ///
    /// # Errors
    /// Nobody has signed in, or the store failed.
    pub async fn organisations(&self, actor: &Actor) -> Result<Vec<(OrganisationView, OrganisationRole)>, Error> {
        if actor.is_stranger() {
            return Err(Error::SignIn);
        }
        let Some(person) = actor.person_id().filter(|_| !actor.is_confined()) else { return Ok(Vec::new()) };
        let found = self.store().memberships_of(person).await?;
        let view = |(organisation, role): (storage::Organisation, String)| {
            Some((outside(organisation), OrganisationRole::named(&role)?))
        };
        Ok(found.into_iter().filter_map(view).collect())
    }

    /// An organisation: all of it for those who belong to it, its description for others who may read one of its datasets.
    ///
    /// # Errors
    /// There is nothing that the person may know of.
    pub async fn organisation(&self, actor: &Actor, name: &str) -> Result<OrganisationView, Error> {
        let (organisation, own_role) = self.known_organisation(actor, name).await?.ok_or_else(|| missing(name))?;
        if own_role.is_none() && self.datasets_within(actor, name).await?.is_empty() {
            return Err(missing(name));
        }
        self.organisation_view(organisation, own_role).await
    }

    /// An organisation, whether or not the person may know of it, and what they are there.
    pub(crate) async fn known_organisation(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<Option<(storage::Organisation, Option<OrganisationRole>)>, Error> {
        let Some(organisation) = self.store().organisation(&name.into()).await? else { return Ok(None) };
        Ok(Some((organisation, self.standing_in(actor, name).await?)))
    }

    pub(crate) async fn organisation_view(
        &self,
        organisation: storage::Organisation,
        own_role: Option<OrganisationRole>,
    ) -> Result<OrganisationView, Error> {
        let inside = match own_role {
            Some(own_role) => Some(self.inside(&organisation, own_role).await?),
            None => None,
        };
        Ok(OrganisationView { inside, ..outside(organisation) })
    }

    async fn inside(
        &self,
        organisation: &storage::Organisation,
        own_role: OrganisationRole,
    ) -> Result<OrganisationInside, Error> {
        let memberships = self.store().memberships_in(&organisation.name).await?;
        let ids: Vec<PersonId> = memberships.iter().map(|(person, _)| *person).collect();
        let people = self.store().people_by_id(&ids).await?;
        let people: HashMap<PersonId, crate::Account> =
            people.into_iter().map(|person| (person.id, person.into())).collect();
        let member = |(id, role): &(PersonId, String)| {
            let account = people.get(id)?;
            let role = OrganisationRole::named(role)?;
            Some(OrganisationMember { name: account.name.clone(), display: account.display.clone(), role })
        };
        let mut members: Vec<OrganisationMember> = memberships.iter().filter_map(member).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let teams = self.store().teams_in(&organisation.name).await?.into_iter().map(|team| {
            let names = team.members.iter().filter_map(|id| Some(people.get(id)?.name.clone()));
            let mut members: Vec<String> = names.collect();
            members.sort();
            Team { name: team.name, members }
        });
        let base_role = organisation.base.parse().ok();
        let invitations = match own_role {
            OrganisationRole::Owner => self.invitations_in(organisation).await?,
            OrganisationRole::Member => Vec::new(),
        };
        Ok(OrganisationInside { own_role, base_role, members, teams: teams.collect(), invitations })
    }

    /// Changes what an organisation is called, what it is about, and what its members are in all its datasets.
    ///
    /// # Errors
    /// There is no such organisation for the person, they are no owner of it, or a field is not valid.
    pub async fn change_organisation(
        &self,
        actor: &Actor,
        name: &str,
        changes: OrganisationChanges,
    ) -> Result<OrganisationView, Error> {
        let id = self.owned_organisation(actor, name).await?;
        let base = changes.base_role.as_deref().map(valid_base).transpose()?.map(str::to_owned);
        let stored = storage::OrganisationChanges {
            display: changes.display.as_deref().map(valid_display).transpose()?,
            description: changes.description.as_deref().map(valid_description).transpose()?,
            base: base.clone(),
        };
        let before = self.store().organisation(&id).await?.ok_or_else(|| missing(name))?;
        self.store().update_organisation(&id, &stored).await?;
        if let Some(base) = base.filter(|base| *base != before.base) {
            let what = format!("made members of {name} {base} in all its datasets");
            self.note(actor, AuditKind::Organisation, None, what).await;
        }
        if stored.display.is_some_and(|display| display != before.display)
            || stored.description.is_some_and(|text| text != before.description)
        {
            self.note(actor, AuditKind::Organisation, None, format!("described {name} anew")).await;
        }
        self.organisation(actor, name).await
    }

    /// Ends an organisation that has no datasets.
    ///
    /// # Errors
    /// There is no such organisation for the person, they are no owner of it, or it has datasets.
    pub async fn end_organisation(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        let id = self.owned_organisation(actor, name).await?;
        if !self.store().delete_organisation(&id).await? {
            return Err(Error::State {
                message: format!(
                    "“{name}” has datasets, perhaps deleted ones: give them away or delete them for good."
                ),
            });
        }
        self.note(actor, AuditKind::Organisation, None, format!("ended the organisation {name}")).await;
        Ok(())
    }

    async fn account_named(&self, name: &str) -> Result<storage::Person, Error> {
        let name = name.trim();
        let person = self.store().person(name).await?;
        person.ok_or_else(|| Error::invalid("person", format!("There is no account “{name}”.")))
    }

    /// Makes a member of an organisation an owner, or the other way round, or neither. Members may leave. Who does not belong
    /// to it is invited.
    ///
    /// # Errors
    /// There is no such organisation for the person, they may not decide that, there is no such account, nobody else is
    /// an owner, or they have invited the same person too often.
    pub async fn set_membership(
        &self,
        actor: &Actor,
        organisation: &str,
        name: &str,
        role: Option<OrganisationRole>,
    ) -> Result<Joining, Error> {
        let leaves = role.is_none() && actor.name() == name.trim();
        let least = if leaves { OrganisationRole::Member } else { OrganisationRole::Owner };
        let (found, _) = self.organisation_for(actor, organisation, (least, Scope::Admin), "decide about").await?;
        let person = self.account_named(name).await?;
        let most = OrganisationRole::Owner.as_str();
        let stored = role.map(OrganisationRole::as_str);
        match (self.store().set_membership(&found.name, &person, stored, most).await?, role) {
            (MembershipChange::Done, _) => {}
            (MembershipChange::Stranger, Some(role)) => {
                return self.invite_member(actor, &found, &person, role).await.map(Joining::Invited);
            }
            (MembershipChange::Stranger, None) => {
                return Err(Error::not_found(format!("member “{}”", person.name)));
            }
            (MembershipChange::Last, _) => {
                let message =
                    format!("Nobody but “{}” owns “{organisation}”: make somebody else an owner first.", person.name);
                return Err(Error::State { message });
            }
        }
        let what = match role {
            Some(role) => format!("made {} {} of {organisation}", person.name, role.as_str()),
            None if leaves => format!("left {organisation}"),
            None => format!("took {} out of {organisation}", person.name),
        };
        self.note(actor, AuditKind::Organisation, None, what).await;
        if let (Some(base), Some(role)) = (self.link_base(), role.filter(|_| Some(person.id) != actor.person_id())) {
            let (name, role) = (actor.name(), role.as_str());
            let text = format!(
                "{name} made you {role} of the organisation {organisation}: {base}/{organisation}\n\nYou can leave it at \
                 {base}/account/organisations/{organisation}\n",
            );
            self.post_to(person.id, &format!("You are {role} of {organisation} now"), &text).await;
        }
        Ok(Joining::Done)
    }

    /// Makes a team without members.
    ///
    /// # Errors
    /// There is no such organisation for the person, they are no owner of it, or the name is not valid or taken.
    pub async fn create_team(&self, actor: &Actor, organisation: &str, team: &str) -> Result<(), Error> {
        let id = self.owned_organisation(actor, organisation).await?;
        let team = team.trim();
        if !is_address(team) {
            return Err(Error::invalid(
                "team",
                "A name has 1 to 64 lower-case letters, digits, “-”, “_” or “.”, and begins with a letter or digit.",
            ));
        }
        match self.store().create_team(&id, team).await {
            Ok(()) => {}
            Err(StorageError::AlreadyExists { .. }) => {
                return Err(Error::Exists { what: format!("The team “{team}”") });
            }
            Err(StorageError::NotFound { .. }) => return Err(missing(organisation)),
            Err(error) => return Err(error.into()),
        }
        self.note(actor, AuditKind::Organisation, None, format!("made the team {organisation}/{team}")).await;
        Ok(())
    }

    /// Ends a team, with the roles that it has in datasets.
    ///
    /// # Errors
    /// There is no such organisation or team for the person, or they are no owner of it.
    pub async fn end_team(&self, actor: &Actor, organisation: &str, team: &str) -> Result<(), Error> {
        let id = self.owned_organisation(actor, organisation).await?;
        self.store().delete_team(&id, team).await.map_err(missing_team(team))?;
        self.note(actor, AuditKind::Organisation, None, format!("ended the team {organisation}/{team}")).await;
        Ok(())
    }

    /// Puts a member of the organisation into a team, or takes them out of it.
    ///
    /// # Errors
    /// There is no such organisation or team for the person, they are no owner of it, or who is put in is no member.
    pub async fn set_team_member(
        &self,
        actor: &Actor,
        organisation: &str,
        team: &str,
        name: &str,
        is_in: bool,
    ) -> Result<(), Error> {
        let id = self.owned_organisation(actor, organisation).await?;
        let person = self.account_named(name).await?;
        let is_done = self.store().set_team_member(&id, team, person.id, is_in).await.map_err(missing_team(team))?;
        if !is_done {
            let message = format!("“{}” does not belong to “{organisation}”.", person.name);
            return Err(Error::invalid("person", message));
        }
        let what = if is_in { "put" } else { "took" };
        let where_to = if is_in { "into" } else { "out of" };
        let what = format!("{what} {} {where_to} the team {organisation}/{team}", person.name);
        self.note(actor, AuditKind::Organisation, None, what).await;
        Ok(())
    }
}

fn outside(organisation: storage::Organisation) -> OrganisationView {
    OrganisationView {
        display: called(&organisation),
        name: organisation.name.0,
        description: organisation.description,
        created_at: organisation.created_at,
        inside: None,
    }
}
