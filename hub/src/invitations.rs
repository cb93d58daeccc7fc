//! Invitations to organisations. Nobody belongs to one who has not said so: owners invite, and whoever is invited has no more
//! rights than before until they accept.

use storage::{Invitation, Inviting, Person, PersonName, StorageError};

use crate::{Actor, AuditKind, Error, Hub, OrganisationRole, now, organisations::called};

/// An invitation to an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipInvitation {
    /// The organisation's name.
    pub organisation: String,
    /// What it is called; the name where nobody said anything.
    pub display: String,
    /// Who is invited.
    pub person: String,
    /// What they will be there.
    pub role: OrganisationRole,
    /// Who invites them.
    pub made_by: String,
    /// When, in µs since 1970 UTC.
    pub created_at: i64,
}

/// What became of somebody who was to belong to an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joining {
    /// They belong to it, or not any more.
    Done,
    /// They will once they accept.
    Invited(MembershipInvitation),
}

fn missing(organisation: &str) -> Error {
    Error::not_found(format!("invitation to “{organisation}”"))
}

fn view(organisation: &storage::Organisation, person: &str, invitation: Invitation) -> Option<MembershipInvitation> {
    Some(MembershipInvitation {
        organisation: organisation.name.to_string(),
        display: called(organisation),
        person: person.to_owned(),
        role: OrganisationRole::named(&invitation.role)?,
        made_by: invitation.made_by,
        created_at: invitation.created_at,
    })
}

impl Hub {
    /// Invites somebody, for an owner of the organisation.
    pub(crate) async fn invite_member(
        &self,
        actor: &Actor,
        organisation: &storage::Organisation,
        person: &Person,
        role: OrganisationRole,
    ) -> Result<MembershipInvitation, Error> {
        if person.blocked_at.is_some() {
            return Err(Error::invalid("person", format!("The account “{}” is blocked.", person.name)));
        }
        let invitation = Invitation {
            organisation: organisation.name.clone(),
            person: person.id,
            role: role.as_str().to_owned(),
            made_by: actor.name().to_owned(),
            created_at: now(),
        };
        let before = self.store().invitation(&organisation.name, person.id).await?;
        let has_changed = before.as_ref().is_none_or(|before| before.role != invitation.role);
        if has_changed {
            // Who declines is not asked again and again.
            self.shared.accounts.begin_try(&[format!("invitation of {} by {}", person.name, actor.name())])?;
            match self.store().invite(&invitation).await {
                Ok(Inviting::Done) => {}
                Ok(Inviting::Belongs) => {
                    let message = format!("“{}” has just joined “{}”.", person.name, organisation.name);
                    return Err(Error::State { message });
                }
                Ok(Inviting::Nobody) => {
                    return Err(Error::invalid("person", format!("There is no account “{}”.", person.name)));
                }
                Err(StorageError::NotFound { .. }) => {
                    return Err(Error::not_found(format!("organisation “{}”", organisation.name)));
                }
                Err(error) => return Err(error.into()),
            }
            let what = format!("invited {} to {} as {}", person.name, organisation.name, role.as_str());
            self.note(actor, AuditKind::Organisation, None, what).await;
            self.shared.inboxes.forget(person.id);
            self.mail_invitation(actor, organisation, person, role).await;
        }
        let invitation = before.filter(|_| !has_changed).unwrap_or(invitation);
        let shown = view(organisation, person.name.as_str(), invitation);
        shown.ok_or_else(|| Error::Internal { reason: "an invitation has no known role".to_owned() })
    }

    async fn mail_invitation(
        &self,
        actor: &Actor,
        organisation: &storage::Organisation,
        person: &Person,
        role: OrganisationRole,
    ) {
        let Some(base) = self.link_base() else { return };
        let (name, role, organisation) = (actor.name(), role.as_str(), &organisation.name);
        let text = format!(
            "{name} invites you to the organisation {organisation} as {role}. Accept it, or don't, in your inbox: \
             {base}/account/inbox\n",
        );
        self.post_to(person.id, &format!("{name} invites you to {organisation}"), &text).await;
    }

    /// Who is invited to an organisation, the newest first.
    pub(crate) async fn invitations_in(
        &self,
        organisation: &storage::Organisation,
    ) -> Result<Vec<MembershipInvitation>, Error> {
        let invitations = self.store().invitations_in(&organisation.name).await?;
        let ids: Vec<_> = invitations.iter().map(|invitation| invitation.person).collect();
        let people = self.store().people_by_id(&ids).await?;
        let named = |invitation: Invitation| {
            let person = people.iter().find(|person| person.id == invitation.person)?;
            view(organisation, person.name.as_str(), invitation)
        };
        Ok(invitations.into_iter().filter_map(named).collect())
    }

    /// The organisations that the person is invited to, the newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn own_invitations(&self, actor: &Actor) -> Result<Vec<MembershipInvitation>, Error> {
        let mut views = Vec::new();
        let Some(person) = actor.person_id().filter(|_| !actor.is_confined()) else { return Ok(views) };
        for invitation in self.store().invitations_of(person).await? {
            if let Some(organisation) = self.store().organisation(&invitation.organisation).await? {
                views.extend(view(&organisation, actor.name(), invitation));
            }
        }
        Ok(views)
    }

    /// Accepts an invitation to an organisation: the person belongs to it.
    ///
    /// # Errors
    /// They have no account, the token does not reach so far, or they are not invited.
    pub async fn accept_invitation(&self, actor: &Actor, organisation: &str) -> Result<OrganisationRole, Error> {
        let person = actor.account("accept invitations")?;
        let accepted = self.store().accept_invitation(&PersonName::from(organisation), person).await?;
        let role = accepted.as_deref().and_then(OrganisationRole::named).ok_or_else(|| missing(organisation))?;
        // What they see is more.
        self.shared.inboxes.forget(person);
        let what = format!("accepted the invitation to {organisation} as {}", role.as_str());
        self.note(actor, AuditKind::Organisation, None, what).await;
        Ok(role)
    }

    /// Declines an invitation to an organisation.
    ///
    /// # Errors
    /// They have no account, the token does not reach so far, or they are not invited.
    pub async fn decline_invitation(&self, actor: &Actor, organisation: &str) -> Result<(), Error> {
        let person = actor.account("decline invitations")?;
        if !self.store().delete_invitation(&PersonName::from(organisation), person).await? {
            return Err(missing(organisation));
        }
        self.shared.inboxes.forget(person);
        let what = format!("declined the invitation to {organisation}");
        self.note(actor, AuditKind::Organisation, None, what).await;
        Ok(())
    }

    /// Withdraws an invitation to an organisation.
    ///
    /// # Errors
    /// There is no such organisation for the person, they are no owner of it, or nobody of that name is invited.
    pub async fn withdraw_membership(&self, actor: &Actor, organisation: &str, name: &str) -> Result<(), Error> {
        let id = self.owned_organisation(actor, organisation).await?;
        let missing = || Error::not_found(format!("invitation of “{name}”"));
        let person = self.store().person(name.trim()).await?.ok_or_else(missing)?;
        if !self.store().delete_invitation(&id, person.id).await? {
            return Err(missing());
        }
        self.shared.inboxes.forget(person.id);
        let what = format!("withdrew the invitation of {} to {organisation}", person.name);
        self.note(actor, AuditKind::Organisation, None, what).await;
        Ok(())
    }
}
