//! Invitations to organisations: who may belong to one as soon as they say so.
//!
//! They write the record that memberships write (`organisations.rs`), and accounts that end: nobody is invited to what has
//! ended, accepts what was withdrawn, or stays invited by somebody who does not decide there any more.

use surrealdb::types::{SurrealValue, vars};
use uuid::Uuid;

use crate::{PersonId, PersonName, StorageError, Store, people::turn, records};

/// Somebody who is invited to an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The organisation.
    pub organisation: PersonName,
    /// Who is invited.
    pub person: PersonId,
    /// What they will be there, as the hub writes it.
    pub role: String,
    /// The name of who invites them.
    pub made_by: String,
    /// When, in µs since 1970 UTC.
    pub created_at: i64,
}

/// What became of an invitation that was to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inviting {
    /// They are invited, in place of what they were invited to before.
    Done,
    /// They belong to the organisation.
    Belongs,
    /// They have no account any more.
    Nobody,
}

#[derive(SurrealValue)]
struct Row {
    organisation: String,
    person: Uuid,
    role: String,
    made_by: String,
    created_at: i64,
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            organisation: row.organisation.into(),
            person: PersonId(row.person),
            role: row.role,
            made_by: row.made_by,
            created_at: row.created_at,
        }
    }
}

impl Store {
    /// Invites somebody to an organisation.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such organisation.
    pub async fn invite(&self, invitation: &Invitation) -> Result<Inviting, StorageError> {
        let Invitation { organisation, person, role, made_by, created_at } = invitation;
        let outcome: String = self
            .database
            .query(
                "invite somebody to the organisation",
                "{
                    UPSERT $guard SET value = $turn RETURN NONE;
                    IF !record::exists($organisation) { RETURN 'missing' };
                    IF !record::exists($account) { RETURN 'nobody' };
                    IF record::exists($membership) { RETURN 'belongs' };
                    UPSERT $id SET organisation = $name, person = $person, role = $role, made_by = $made_by,
                        created_at = $at RETURN NONE;
                    RETURN 'done'
                }",
                vars! {
                    organisation: records::organisation(organisation),
                    account: records::person(*person),
                    membership: records::membership(organisation, *person),
                    id: records::invitation(organisation, *person),
                    name: organisation.as_str(),
                    person: person.0,
                    role: role.as_str(),
                    made_by: made_by.as_str(),
                    at: *created_at,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(Inviting::Done),
            "belongs" => Ok(Inviting::Belongs),
            "nobody" => Ok(Inviting::Nobody),
            _ => Err(StorageError::NotFound { what: "organisation", name: organisation.to_string() }),
        }
    }

    /// What somebody is invited to in an organisation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitation(
        &self,
        organisation: &PersonName,
        person: PersonId,
    ) -> Result<Option<Invitation>, StorageError> {
        let variables = vars! { id: records::invitation(organisation, person) };
        let row: Option<Row> = self.database.query("read the invitation", "SELECT * FROM ONLY $id", variables).await?;
        Ok(row.map(Invitation::from))
    }

    /// Who is invited to an organisation, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitations_in(&self, organisation: &PersonName) -> Result<Vec<Invitation>, StorageError> {
        let statement = "SELECT * FROM $range ORDER BY created_at DESC";
        let variables = vars! { range: records::invitations_in(organisation) };
        let rows: Vec<Row> = self.database.query("list the invitations", statement, variables).await?;
        Ok(rows.into_iter().map(Invitation::from).collect())
    }

    /// What somebody is invited to, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitations_of(&self, person: PersonId) -> Result<Vec<Invitation>, StorageError> {
        let statement = "SELECT * FROM invitation WHERE person = $person ORDER BY created_at DESC";
        let rows: Vec<Row> = self.database.query("list the invitations", statement, vars! { person: person.0 }).await?;
        Ok(rows.into_iter().map(Invitation::from).collect())
    }

    /// Uses an invitation up: who was invited belongs to the organisation. As what; none where it was withdrawn.
    ///
    /// # Errors
    /// The database failed.
    pub async fn accept_invitation(
        &self,
        organisation: &PersonName,
        person: PersonId,
    ) -> Result<Option<String>, StorageError> {
        self.database
            .query(
                "accept the invitation",
                "{
                    UPSERT $guard SET value = $turn RETURN NONE;
                    IF !record::exists($id) { RETURN NONE };
                    LET $role = $id.role;
                    UPSERT $membership SET organisation = $organisation, person = $person, role = $role RETURN NONE;
                    DELETE $id;
                    RETURN $role
                }",
                vars! {
                    id: records::invitation(organisation, person),
                    organisation: records::organisation(organisation),
                    membership: records::membership(organisation, person),
                    person: person.0,
                    guard: records::setting("members"),
                    turn: turn(),
                },
            )
            .await
    }

    /// Ends an invitation; whether there was one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_invitation(&self, organisation: &PersonName, person: PersonId) -> Result<bool, StorageError> {
        let statement = "{
            UPSERT $guard SET value = $turn RETURN NONE;
            LET $found = record::exists($id);
            DELETE $id;
            RETURN $found
        }";
        let variables = vars! {
            id: records::invitation(organisation, person),
            guard: records::setting("members"),
            turn: turn(),
        };
        self.database.query("end the invitation", statement, variables).await
    }
}
