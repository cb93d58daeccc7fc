//! Links that do one thing once: an invitation makes an account, a reset sets a password, an address is confirmed, signing in
//! goes on. And the rule for who may make an account of their own. A link's secret never comes here, only its BLAKE3 hash.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;
use versioning::Hash;

use crate::{PersonId, StorageError, Store, records};

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Makes an account.
    Invitation,
    /// Sets a password.
    Reset,
    /// Confirms that mail reaches somebody: the note is the address.
    Email,
    /// Signs somebody in who has given the password and is asked for the second factor.
    SecondStep,
}

/// A link that can be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hash of its secret.
    pub secret: Hash,
    /// What it does.
    pub kind: LinkKind,
    /// Whose password it sets.
    pub person: Option<PersonId>,
    /// Whom it is for, in words.
    pub note: String,
    /// The name of who made it.
    pub made_by: String,
    /// When it was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it ends by itself, in µs since 1970 UTC.
    pub expires_at: i64,
}

#[derive(SurrealValue)]
struct LinkRow {
    id: RecordId,
    kind: String,
    person: Option<Uuid>,
    note: String,
    made_by: String,
    created_at: i64,
    expires_at: i64,
}

impl LinkKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Email => "email",
            Self::SecondStep => "second-step",
        }
    }
}

impl Link {
    fn from_row(row: LinkRow, attempted: &'static str) -> Result<Self, StorageError> {
        let kind = match row.kind.as_str() {
            "invitation" => LinkKind::Invitation,
            "reset" => LinkKind::Reset,
            "email" => LinkKind::Email,
            "second-step" => LinkKind::SecondStep,
            other => {
                return Err(StorageError::Malformed { attempted, reason: format!("“{other}” is no kind of link") });
            }
        };
        Ok(Self {
            secret: records::hash_of(&row.id, attempted)?,
            kind,
            person: row.person.map(PersonId),
            note: row.note,
            made_by: row.made_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl Store {
    /// Keeps a link; one that resets a password or confirms an address takes the place of earlier ones for the same
    /// account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_link(&self, link: &Link) -> Result<(), StorageError> {
        let content = object! {
            kind: link.kind.as_str(),
            person: link.person.map(|person| person.0),
            note: link.note.as_str(),
            made_by: link.made_by.as_str(),
            created_at: link.created_at,
            expires_at: link.expires_at,
        };
        let statement = "{
            IF $content.kind IN ['reset', 'email'] {
                DELETE link WHERE person = $content.person AND kind = $content.kind
            };
            CREATE $id CONTENT $content RETURN NONE;
            RETURN NONE
        }";
        let variables = vars! { id: records::link(link.secret), content: Value::Object(content) };
        self.database.query("make the link", statement, variables).await
    }

    /// The link with this hash of its secret, ended or not; none once it was used or withdrawn.
    ///
    /// # Errors
    /// The database failed.
    pub async fn link(&self, secret: Hash) -> Result<Option<Link>, StorageError> {
        let attempted = "read the link";
        let row: Option<LinkRow> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::link(secret) }).await?;
        row.map(|row| Link::from_row(row, attempted)).transpose()
    }

    /// The links of a kind, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn links(&self, kind: LinkKind) -> Result<Vec<Link>, StorageError> {
        let attempted = "list the links";
        let statement = "SELECT * FROM link WHERE kind = $kind ORDER BY created_at DESC";
        let rows: Vec<LinkRow> = self.database.query(attempted, statement, vars! { kind: kind.as_str() }).await?;
        rows.into_iter().map(|row| Link::from_row(row, attempted)).collect()
    }

    /// Withdraws a link; whether there was one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_link(&self, secret: Hash) -> Result<bool, StorageError> {
        let statement = "{ LET $found = record::exists($id); DELETE $id; RETURN $found }";
        self.database.query("withdraw the link", statement, vars! { id: records::link(secret) }).await
    }

    /// Deletes the links that have ended by themselves.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear_links(&self, now: i64) -> Result<(), StorageError> {
        let statement = "{ DELETE link WHERE expires_at <= $now; RETURN NONE }";
        self.database.query("delete ended links", statement, vars! { now: now }).await
    }

    /// Uses a link up: sets the account's password and ends its sessions. Whether the link was still there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reset_password(&self, link: Hash, person: PersonId, password: &str) -> Result<bool, StorageError> {
        let statement = "{
            IF !record::exists($link) { RETURN false };
            DELETE $link;
            UPDATE $id SET password = $password RETURN NONE;
            DELETE link WHERE person = $person AND kind IN ['reset', 'second-step'];
            DELETE session WHERE person = $person;
            RETURN true
        }";
        let variables = vars! {
            link: records::link(link),
            id: records::person(person),
            person: person.0,
            password: password,
        };
        self.database.query("set the password", statement, variables).await
    }

    /// Uses a link up: mail reaches the account at this address. Whether the link was still there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn confirm_email(&self, link: Hash, person: PersonId, email: &str) -> Result<bool, StorageError> {
        let statement = "{
            IF !record::exists($link) { RETURN false };
            DELETE $link;
            UPDATE $id SET email = $email RETURN NONE;
            -- They may wait in the box of the address that it was before.
            DELETE link WHERE person = $person AND kind = 'reset';
            RETURN true
        }";
        let variables =
            vars! { link: records::link(link), id: records::person(person), person: person.0, email: email };
        self.database.query("confirm the address", statement, variables).await
    }

    /// Who may make an account of their own, as the hub wrote it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sign_up_rule(&self) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::setting("sign_up") };
        self.database.query("read the setting", "RETURN $id.value", variables).await
    }

    /// Says who may make an account of their own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_sign_up_rule(&self, rule: &str) -> Result<(), StorageError> {
        let statement = "{ UPSERT $id SET value = $value RETURN NONE; RETURN NONE }";
        let variables = vars! { id: records::setting("sign_up"), value: rule };
        self.database.query("change the setting", statement, variables).await
    }
}
