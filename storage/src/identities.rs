//! Who people are elsewhere: at a provider that signs them in. An account is found by the provider and what it calls the
//! person, never by an e-mail address.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;

use crate::{PersonId, StorageError, Store, people::turn, records};

/// Somebody at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider, as it names itself.
    pub issuer: String,
    /// What the provider calls the person, and nobody else ever.
    pub subject: String,
    /// Their account here.
    pub person: PersonId,
    /// How they recognise it: an address or a name.
    pub label: String,
    /// Since when it is theirs, in µs since 1970 UTC.
    pub created_at: i64,
}

/// What became of an identity that was to be taken from an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinking {
    /// It is no longer theirs.
    Done,
    /// They have none such.
    Missing,
    /// Nothing else would sign them in.
    Last,
}

#[derive(SurrealValue)]
struct IdentityRow {
    issuer: String,
    subject: String,
    person: Uuid,
    label: String,
    created_at: i64,
}

impl From<IdentityRow> for Identity {
    fn from(row: IdentityRow) -> Self {
        let IdentityRow { issuer, subject, person, label, created_at } = row;
        Self { issuer, subject, person: PersonId(person), label, created_at }
    }
}

impl Identity {
    /// Its id and what is stored there.
    pub(crate) fn record(&self) -> (RecordId, Value) {
        let content = object! {
            issuer: self.issuer.as_str(),
            subject: self.subject.as_str(),
            person: self.person.0,
            label: self.label.as_str(),
            created_at: self.created_at,
        };
        (records::identity(&self.issuer, &self.subject), Value::Object(content))
    }
}

impl Store {
    /// Whose account it is that the provider vouches for.
    ///
    /// # Errors
    /// The database failed.
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Identity>, StorageError> {
        let variables = vars! { id: records::identity(issuer, subject) };
        let row: Option<IdentityRow> = self
            .database
            .query(
                "look for the identity",
                "SELECT issuer, subject, person, label, created_at FROM ONLY $id",
                variables,
            )
            .await?;
        Ok(row.map(Identity::from))
    }

    /// A person's identities, the oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn identities_of(&self, person: PersonId) -> Result<Vec<Identity>, StorageError> {
        let statement = "SELECT issuer, subject, person, label, created_at FROM identity WHERE person = $person
            ORDER BY created_at";
        let rows: Vec<IdentityRow> =
            self.database.query("list the identities", statement, vars! { person: person.0 }).await?;
        Ok(rows.into_iter().map(Identity::from).collect())
    }

    /// Gives an identity to an account; not, and `false`, where it is somebody's already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn link_identity(&self, identity: &Identity) -> Result<bool, StorageError> {
        let (id, content) = identity.record();
        let statement = "{
            IF record::exists($id) { RETURN false };
            CREATE $id CONTENT $content RETURN NONE;
            RETURN true
        }";
        self.database.query("link the identity", statement, vars! { id: id, content: content }).await
    }

    /// Takes an identity from an account, unless it is the last that signs them in.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unlink_identity(
        &self,
        person: PersonId,
        issuer: &str,
        subject: &str,
    ) -> Result<Unlinking, StorageError> {
        let statement = "{
            IF $id.person != $person { RETURN 'missing' };
            IF $account.password = NONE {
                -- Of two that each leave it to the other one is done again.
                UPSERT $guard SET value = $turn RETURN NONE;
                LET $others = (SELECT VALUE id FROM identity WHERE person = $person AND id != $id LIMIT 1);
                IF array::len($others) = 0 { RETURN 'last' }
            };
            DELETE $id;
            RETURN 'done'
        }";
        let variables = vars! {
            id: records::identity(issuer, subject),
            account: records::person(person),
            guard: records::setting("identities"),
            turn: turn(),
            person: person.0,
        };
        let outcome: String = self.database.query("unlink the identity", statement, variables).await?;
        Ok(match outcome.as_str() {
            "done" => Unlinking::Done,
            "last" => Unlinking::Last,
            _ => Unlinking::Missing,
        })
    }
}
