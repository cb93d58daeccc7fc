//! What somebody has written, and the end of an account.

use surrealdb::types::{RecordId, SurrealValue, vars};

use crate::{DatasetId, Person, StorageError, Store, people::turn, records};

/// A thing that somebody has written about changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenKind {
    /// A merge request.
    Request,
    /// What was said about one.
    Entry,
    /// What was decided about a conflict.
    Decision,
}

/// Something that somebody has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The dataset of the request.
    pub dataset: DatasetId,
    /// The request's number there.
    pub number: u64,
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// What, as the hub keeps it.
    pub data: String,
}

/// What became of an account that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It is gone.
    Gone,
    /// Nobody else runs the server.
    Last,
    /// There are datasets in its namespace.
    Owns,
    /// It alone leads an organisation.
    Leads,
}

#[derive(SurrealValue)]
struct WrittenRow {
    id: RecordId,
    at: i64,
    data: String,
}

impl Written {
    fn from_row(row: WrittenRow, attempted: &'static str) -> Result<Self, StorageError> {
        let parts = records::Parts::of(&row.id, attempted);
        Ok(Self { dataset: parts.dataset()?, number: parts.parse(1)?, at: row.at, data: row.data })
    }
}

impl Store {
    /// What somebody of this name has written. Looks through all there is: for once in a while.
    ///
    /// # Errors
    /// The database failed.
    pub async fn written_by(&self, author: &str, kind: WrittenKind) -> Result<Vec<Written>, StorageError> {
        let attempted = "look for what somebody wrote";
        let statement = match kind {
            WrittenKind::Request => "SELECT id, created_at AS at, data FROM merge_request WHERE author = $author",
            WrittenKind::Entry => "SELECT id, at, data FROM request_entry WHERE author = $author",
            WrittenKind::Decision => "SELECT id, at, data FROM request_decision WHERE author = $author",
        };
        let rows: Vec<WrittenRow> = self.database.query(attempted, statement, vars! { author: author }).await?;
        rows.into_iter().map(|row| Written::from_row(row, attempted)).collect()
    }

    /// Deletes an account with all that is its own and nobody else's: sessions, tokens, links, invitations, roles,
    /// memberships, invitations to organisations, offers, notices, kept answers, identities, the second factor. Its name is
    /// kept, so that nobody else gets it. `most`: what somebody always is in an organisation.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn delete_person(&self, person: &Person, most: &str, at: i64) -> Result<Leaving, StorageError> {
        let outcome: String = self
            .database
            .query(
                "delete the account",
                "{
                    IF !record::exists($id) { RETURN 'missing' };
                    -- Of this and a dataset that comes into the namespace one is done again.
                    UPSERT $names SET value = $turn RETURN NONE;
                    LET $owned = (SELECT VALUE id FROM dataset WHERE owner = $name AND deleted_at = NONE LIMIT 1);
                    IF array::len($owned) > 0 { RETURN 'owns' };
                    IF $id.is_admin = true {
                        -- Of two that each leave it to the other one is done again.
                        UPSERT $guard SET value = $turn RETURN NONE;
                        LET $others = (SELECT VALUE id FROM person
                            WHERE is_admin = true AND blocked_at = NONE AND id != $id LIMIT 1);
                        IF array::len($others) = 0 { RETURN 'last' }
                    };
                    LET $led = (SELECT VALUE organisation FROM membership WHERE person = $person AND role = $most);
                    -- Nobody is invited or joins who goes at the same time.
                    UPSERT $members SET value = $turn RETURN NONE;
                    IF array::len($led) > 0 {
                        LET $shared = (SELECT VALUE organisation FROM membership
                            WHERE organisation IN $led AND role = $most AND person != $person);
                        IF array::len(array::complement($led, $shared)) > 0 { RETURN 'leads' }
                    };
                    DELETE session WHERE person = $person;
                    DELETE token WHERE person = $person;
                    DELETE link WHERE person = $person;
                    DELETE link WHERE kind = 'invitation' AND made_by = $name;
                    DELETE role WHERE person = $person;
                    DELETE membership WHERE person = $person;
                    DELETE invitation WHERE person = $person OR made_by = $name;
                    DELETE team_member WHERE person = $person;
                    DELETE offer WHERE person = $person;
                    DELETE watch WHERE person = $person;
                    DELETE notice WHERE person = $person;
                    DELETE $answers;
                    DELETE identity WHERE person = $person;
                    DELETE $factor;
                    DELETE $id;
                    UPSERT $former SET at = $at RETURN NONE;
                    RETURN 'gone'
                }",
                vars! {
                    id: records::person(person.id),
                    person: person.id.0,
                    name: person.name.as_str(),
                    most: most,
                    guard: records::setting("admins"),
                    members: records::setting("members"),
                    names: records::setting("names"),
                    turn: turn(),
                    factor: records::second_factor(person.id),
                    former: records::former_name(person.name.as_str()),
                    at: at,
                    answers: records::answers_of(Some(person.id)),
                },
            )
            .await?;
        match outcome.as_str() {
            "gone" => Ok(Leaving::Gone),
            "last" => Ok(Leaving::Last),
            "owns" => Ok(Leaving::Owns),
            "leads" => Ok(Leaving::Leads),
            _ => Err(StorageError::NotFound { what: "account", name: person.id.to_string() }),
        }
    }
}
