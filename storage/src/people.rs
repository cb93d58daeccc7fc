//! People: accounts, the browsers they are signed in with, their API tokens, and their roles in datasets.
//!
//! Secrets never come here: a password is stored as its Argon2 hash, a session or token as the BLAKE3 hash of the random
//! text that its owner has.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;
use versioning::Hash;

use crate::{DatasetId, PersonId, PersonName, StorageError, Store, TokenId, records};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// As in addresses; unique, and never given to somebody else.
    pub name: PersonName,
    /// What they are called; the name where empty.
    pub display: String,
    /// The hash of the password, as a PHC string; none for those who can't sign in with one.
    pub password: Option<String>,
    /// Whether they run the server.
    pub is_admin: bool,
    /// When the account was made, in µs since 1970 UTC.
    pub created_at: i64,
}

/// A browser that somebody is signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of its token.
    pub token: Hash,
    /// Who.
    pub person: PersonId,
    /// When they signed in, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it was last used, to within some minutes, in µs since 1970 UTC.
    pub seen_at: i64,
    /// When it ends unless it is used before, in µs since 1970 UTC.
    pub expires_at: i64,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it was last seen.
    pub address: String,
}

/// A token for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The hash of its text.
    pub token: Hash,
    /// For whom it acts.
    pub person: PersonId,
    /// What it is for, in their words.
    pub name: String,
    /// What it may do; the hub says how to read it.
    pub scope: String,
    /// The only dataset that it may be used for.
    pub dataset: Option<DatasetId>,
    /// When it was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// When it ends, in µs since 1970 UTC.
    pub expires_at: Option<i64>,
    /// When it was last used, to within some minutes, in µs since 1970 UTC.
    pub seen_at: Option<i64>,
}

/// What to change in an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PersonChanges {
    /// What they are called.
    pub display: Option<String>,
    /// The hash of a new password.
    pub password: Option<String>,
    /// Whether they run the server.
    pub is_admin: Option<bool>,
}

#[derive(SurrealValue)]
struct PersonRow {
    id: RecordId,
    name: String,
    display: String,
    password: Option<String>,
    is_admin: bool,
    created_at: i64,
}

#[derive(SurrealValue)]
struct SessionRow {
    id: RecordId,
    person: Uuid,
    created_at: i64,
    seen_at: i64,
    expires_at: i64,
    agent: String,
    address: String,
}

#[derive(SurrealValue)]
struct TokenRow {
    id: RecordId,
    token: String,
    person: Uuid,
    name: String,
    scope: String,
    dataset: Option<Uuid>,
    created_at: i64,
    expires_at: Option<i64>,
    seen_at: Option<i64>,
}

impl Person {
    fn from_row(row: PersonRow, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            id: PersonId(records::uuid_of(&row.id, attempted)?),
            name: row.name.into(),
            display: row.display,
            password: row.password,
            is_admin: row.is_admin,
            created_at: row.created_at,
        })
    }
}

impl Session {
    fn from_row(row: SessionRow, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            token: records::hash_of(&row.id, attempted)?,
            person: PersonId(row.person),
            created_at: row.created_at,
            seen_at: row.seen_at,
            expires_at: row.expires_at,
            agent: row.agent,
            address: row.address,
        })
    }
}

impl Token {
    fn from_row(row: TokenRow, attempted: &'static str) -> Result<Self, StorageError> {
        Ok(Self {
            id: TokenId(records::uuid_of(&row.id, attempted)?),
            token: records::parse_hash(&row.token, attempted)?,
            person: PersonId(row.person),
            name: row.name,
            scope: row.scope,
            dataset: row.dataset.map(DatasetId),
            created_at: row.created_at,
            expires_at: row.expires_at,
            seen_at: row.seen_at,
        })
    }
}

/// What became of a new account.
#[derive(SurrealValue)]
struct Made {
    outcome: String,
}

impl Store {
    /// Whether there is any account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_people(&self) -> Result<bool, StorageError> {
        let statement = "RETURN array::len((SELECT VALUE id FROM person LIMIT 1)) > 0";
        self.database.query("look for accounts", statement, vars! {}).await
    }

    /// Makes an account; `first`: only if there is none yet, and it then owns what belonged to nobody: the datasets of
    /// the namespace `adopted`.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when the name is taken or, for the first account, there is one.
    pub async fn create_person(&self, person: &Person, adopts: Option<&PersonName>) -> Result<(), StorageError> {
        let attempted = "create the account";
        let content = object! {
            name: person.name.as_str(),
            display: person.display.as_str(),
            password: person.password.clone(),
            is_admin: person.is_admin,
            created_at: person.created_at,
        };
        let kept = adopts.map(|_| self.known.forgetting_everything());
        let made: Made = self
            .database
            .query_keeping(
                kept,
                attempted,
                "{
                    IF $adopts != NONE AND array::len((SELECT VALUE id FROM person LIMIT 1)) > 0 {
                        RETURN { outcome: 'late' }
                    };
                    IF array::len((SELECT VALUE id FROM person WHERE name = $content.name)) > 0 {
                        RETURN { outcome: 'taken' }
                    };
                    CREATE $id CONTENT $content RETURN NONE;
                    IF $adopts != NONE AND $adopts != $content.name {
                        UPDATE dataset SET owner = $content.name WHERE owner = $adopts RETURN NONE
                    };
                    RETURN { outcome: 'made' }
                }",
                vars! {
                    id: records::person(person.id),
                    content: Value::Object(content),
                    adopts: adopts.map(|name| name.as_str().to_owned()),
                },
            )
            .await?;
        let exists = |what, name: &str| Err(StorageError::AlreadyExists { what, name: name.to_owned() });
        match made.outcome.as_str() {
            "made" => Ok(()),
            "late" => exists("account", "the first one"),
            _ => exists("account", person.name.as_str()),
        }
    }

    /// The account of this name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person(&self, name: &str) -> Result<Option<Person>, StorageError> {
        let attempted = "read the account";
        let rows: Vec<PersonRow> =
            self.database.query(attempted, "SELECT * FROM person WHERE name = $name", vars! { name: name }).await?;
        rows.into_iter().next().map(|row| Person::from_row(row, attempted)).transpose()
    }

    /// The account of this id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person_by_id(&self, id: PersonId) -> Result<Option<Person>, StorageError> {
        let attempted = "read the account";
        let row: Option<PersonRow> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::person(id) }).await?;
        row.map(|row| Person::from_row(row, attempted)).transpose()
    }

    /// All accounts, by name: at most `limit`, from after this name on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn people(&self, after: &str, limit: usize) -> Result<Vec<Person>, StorageError> {
        let attempted = "list the accounts";
        let statement = "SELECT * FROM person WHERE name > $after ORDER BY name LIMIT $limit";
        let rows: Vec<PersonRow> =
            self.database.query(attempted, statement, vars! { after: after, limit: limit }).await?;
        rows.into_iter().map(|row| Person::from_row(row, attempted)).collect()
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn update_person(&self, id: PersonId, changes: &PersonChanges) -> Result<(), StorageError> {
        let mut fields = object! {};
        if let Some(display) = &changes.display {
            fields.insert("display".to_owned(), Value::String(display.clone()));
        }
        if let Some(password) = &changes.password {
            fields.insert("password".to_owned(), Value::String(password.clone()));
        }
        if let Some(is_admin) = changes.is_admin {
            fields.insert("is_admin".to_owned(), Value::Bool(is_admin));
        }
        let found: bool = self
            .database
            .query(
                "change the account",
                "{
                    IF !record::exists($id) { RETURN false };
                    UPDATE $id MERGE $fields RETURN NONE;
                    RETURN true
                }",
                vars! { id: records::person(id), fields: Value::Object(fields) },
            )
            .await?;
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "account", name: id.to_string() }) }
    }

    /// Keeps that somebody is signed in.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_session(&self, session: &Session) -> Result<(), StorageError> {
        let content = object! {
            person: session.person.0,
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
            agent: session.agent.as_str(),
            address: session.address.as_str(),
        };
        let variables = vars! { id: records::session(session.token), content: Value::Object(content) };
        let statement = "{ CREATE $id CONTENT $content RETURN NONE; RETURN NONE }";
        self.database.query("begin the session", statement, variables).await
    }

    /// The session with this hash of its token, ended or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session(&self, token: Hash) -> Result<Option<Session>, StorageError> {
        let attempted = "read the session";
        let row: Option<SessionRow> =
            self.database.query(attempted, "SELECT * FROM ONLY $id", vars! { id: records::session(token) }).await?;
        row.map(|row| Session::from_row(row, attempted)).transpose()
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// The database failed.
    pub async fn touch_session(
        &self,
        token: Hash,
        seen_at: i64,
        expires_at: i64,
        address: &str,
    ) -> Result<(), StorageError> {
        let variables =
            vars! { id: records::session(token), seen_at: seen_at, expires_at: expires_at, address: address };
        let statement = "{
            UPDATE $id SET seen_at = $seen_at, expires_at = $expires_at, address = $address RETURN NONE;
            RETURN NONE
        }";
        self.database.query("note the session's use", statement, variables).await
    }

    /// A person's sessions, the last used first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions_of(&self, person: PersonId) -> Result<Vec<Session>, StorageError> {
        let attempted = "list the sessions";
        let statement = "SELECT * FROM session WHERE person = $person ORDER BY seen_at DESC";
        let rows: Vec<SessionRow> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        rows.into_iter().map(|row| Session::from_row(row, attempted)).collect()
    }

    /// Ends these sessions.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_sessions(&self, tokens: &[Hash]) -> Result<(), StorageError> {
        let ids: Vec<RecordId> = tokens.iter().map(|token| records::session(*token)).collect();
        self.database.query("end the sessions", "{ DELETE $ids; RETURN NONE }", vars! { ids: ids }).await
    }

    /// Deletes the sessions that have ended by themselves.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear_sessions(&self, now: i64) -> Result<(), StorageError> {
        let statement = "{ DELETE session WHERE expires_at <= $now; RETURN NONE }";
        self.database.query("delete ended sessions", statement, vars! { now: now }).await
    }

    /// Keeps a token for programs.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_token(&self, token: &Token) -> Result<(), StorageError> {
        let content = object! {
            token: token.token.to_string(),
            person: token.person.0,
            name: token.name.as_str(),
            scope: token.scope.as_str(),
            dataset: token.dataset.map(|dataset| dataset.0),
            created_at: token.created_at,
            expires_at: token.expires_at,
            seen_at: token.seen_at,
        };
        let variables = vars! { id: records::token(token.id), content: Value::Object(content) };
        let statement = "{ CREATE $id CONTENT $content RETURN NONE; RETURN NONE }";
        self.database.query("make the token", statement, variables).await
    }

    /// The token with this hash of its text, ended or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn token(&self, token: Hash) -> Result<Option<Token>, StorageError> {
        let attempted = "read the token";
        let variables = vars! { hash: token.to_string() };
        let rows: Vec<TokenRow> =
            self.database.query(attempted, "SELECT * FROM token WHERE token = $hash", variables).await?;
        rows.into_iter().next().map(|row| Token::from_row(row, attempted)).transpose()
    }

    /// A person's tokens, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tokens_of(&self, person: PersonId) -> Result<Vec<Token>, StorageError> {
        let attempted = "list the tokens";
        let statement = "SELECT * FROM token WHERE person = $person ORDER BY created_at DESC";
        let rows: Vec<TokenRow> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        rows.into_iter().map(|row| Token::from_row(row, attempted)).collect()
    }

    /// Notes that a token is used.
    ///
    /// # Errors
    /// The database failed.
    pub async fn touch_token(&self, id: TokenId, seen_at: i64) -> Result<(), StorageError> {
        let statement = "{ UPDATE $id SET seen_at = $seen_at RETURN NONE; RETURN NONE }";
        let variables = vars! { id: records::token(id), seen_at: seen_at };
        self.database.query("note the token's use", statement, variables).await
    }

    /// Deletes a person's token.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when they have none of this id.
    pub async fn delete_token(&self, person: PersonId, id: TokenId) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "delete the token",
                "{ IF $id.person != $person { RETURN false }; DELETE $id; RETURN true }",
                vars! { id: records::token(id), person: person.0 },
            )
            .await?;
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "token", name: id.to_string() }) }
    }

    /// A person's role in a dataset, as the hub wrote it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn role(&self, dataset: DatasetId, person: PersonId) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::role(dataset, person) };
        self.database.query("read the role", "RETURN $id.role", variables).await
    }

    /// The people who have a role in a dataset, and which.
    ///
    /// # Errors
    /// The database failed.
    pub async fn roles_in(&self, dataset: DatasetId) -> Result<Vec<(PersonId, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            person: Uuid,
            role: String,
        }
        let variables = vars! { range: records::roles_in(dataset) };
        let rows: Vec<Row> =
            self.database.query("list the roles", "SELECT person, role FROM $range", variables).await?;
        Ok(rows.into_iter().map(|row| (PersonId(row.person), row.role)).collect())
    }

    /// The datasets in which a person has a role.
    ///
    /// # Errors
    /// The database failed.
    pub async fn datasets_with_role(&self, person: PersonId) -> Result<Vec<DatasetId>, StorageError> {
        let attempted = "list the roles";
        let statement = "SELECT VALUE id FROM role WHERE person = $person";
        let ids: Vec<RecordId> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        ids.iter().map(|id| records::Parts::of(id, attempted).dataset()).collect()
    }

    /// Gives a person a role in a dataset, or takes it from them.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such dataset.
    pub async fn set_role(&self, dataset: DatasetId, person: PersonId, role: Option<&str>) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "give the role",
                "{
                    IF !record::exists($dataset) { RETURN false };
                    IF $role = NONE { DELETE $id } ELSE { UPSERT $id SET person = $person, role = $role RETURN NONE };
                    RETURN true
                }",
                vars! {
                    dataset: records::dataset(dataset),
                    id: records::role(dataset, person),
                    person: person.0,
                    role: role.map(str::to_owned),
                },
            )
            .await?;
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "dataset", name: dataset.to_string() }) }
    }
}
