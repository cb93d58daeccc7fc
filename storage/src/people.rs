//! People: accounts, the browsers they are signed in with, their API tokens, and their roles in datasets.
//!
//! Secrets never come here: a password is stored as its Argon2 hash, a session or token as the BLAKE3 hash of the random
//! text that its owner has.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;
use versioning::Hash;

use crate::{DatasetId, Identity, PersonId, PersonName, StorageError, Store, TokenId, records};

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
    /// Where mail reaches them, as they have confirmed; in lower case.
    pub email: Option<String>,
    /// Whether they run the server.
    pub is_admin: bool,
    /// When the account was made, in µs since 1970 UTC.
    pub created_at: i64,
    /// Since when nobody may use it, in µs since 1970 UTC; none: somebody may.
    pub blocked_at: Option<i64>,
}

/// By what right an account is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission<'a> {
    /// It is the first one, and owns what belonged to nobody: the datasets of this namespace.
    First(&'a PersonName),
    /// Somebody has the link with this hash of its secret, which is used up by it.
    Link(Hash),
    /// Whoever may make accounts makes it, or everybody may.
    Free,
}

/// What an account may be changed to by those who run the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Runs the server.
    Admin,
    /// Does not run the server.
    Ordinary,
    /// Nobody may use it, from this time on in µs since 1970 UTC; its sessions, tokens and invitations end.
    Blocked(i64),
    /// Whoever it belongs to may use it.
    Usable,
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
    /// What they say of themselves.
    pub about: Option<String>,
    /// Where mail reaches them; some nothing: nowhere.
    pub email: Option<Option<String>>,
    /// Which notices go there, as the hub writes it.
    pub mailed: Option<String>,
}

#[derive(SurrealValue)]
struct PersonRow {
    id: RecordId,
    name: String,
    display: String,
    password: Option<String>,
    email: Option<String>,
    is_admin: bool,
    created_at: i64,
    blocked_at: Option<i64>,
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
            email: row.email,
            is_admin: row.is_admin,
            created_at: row.created_at,
            blocked_at: row.blocked_at,
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

/// What a record that stands for many is set to by those who must not change them at the same time. It has to be another
/// each time: what stays as it is is not written, and is nobody's conflict.
pub(crate) fn turn() -> String {
    Uuid::new_v4().to_string()
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

    /// Makes an account, with an identity that signs it in.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when the name is taken, the identity is somebody's or, for the first account, there is
    /// one.
    /// [`StorageError::NotFound`] when the link was used or withdrawn.
    pub async fn create_person(
        &self,
        person: &Person,
        admission: Admission<'_>,
        identity: Option<&Identity>,
    ) -> Result<(), StorageError> {
        let attempted = "create the account";
        let content = object! {
            name: person.name.as_str(),
            display: person.display.as_str(),
            password: person.password.clone(),
            email: person.email.clone(),
            is_admin: person.is_admin,
            created_at: person.created_at,
        };
        let (adopts, link) = match admission {
            Admission::First(adopts) => (Some(adopts), None),
            Admission::Link(link) => (None, Some(records::link(link))),
            Admission::Free => (None, None),
        };
        let (identity, content_of_identity) = identity.map(Identity::record).unzip();
        let kept = adopts.map(|_| self.known.forgetting_everything());
        let made: Made = self
            .database
            .query_keeping(
                kept,
                attempted,
                "{
                    IF $adopts != NONE {
                        IF array::len((SELECT VALUE id FROM person LIMIT 1)) > 0 { RETURN { outcome: 'late' } };
                        -- Of two that are the first at the same time one is done again.
                        UPSERT $guard SET value = $turn RETURN NONE
                    };
                    IF $link != NONE {
                        IF !record::exists($link) { RETURN { outcome: 'used' } }
                    };
                    -- People and organisations share their names: of two that want one at the same time one is done again.
                    UPSERT $names SET value = $turn RETURN NONE;
                    IF record::exists($former) OR record::exists($organisation)
                        OR array::len((SELECT VALUE id FROM person WHERE name = $content.name)) > 0
                        -- What is there under a name belongs to whoever gets it: to nobody but the first.
                        OR ($adopts = NONE
                            AND array::len((SELECT VALUE id FROM dataset WHERE owner = $content.name LIMIT 1)) > 0)
                    {
                        RETURN { outcome: 'taken' }
                    };
                    IF $identity != NONE {
                        IF record::exists($identity) { RETURN { outcome: 'linked' } };
                        CREATE $identity CONTENT $content_of_identity RETURN NONE
                    };
                    CREATE $id CONTENT $content RETURN NONE;
                    IF $link != NONE { DELETE $link };
                    IF $adopts != NONE AND $adopts != $content.name {
                        UPDATE dataset SET owner = $content.name WHERE owner = $adopts RETURN NONE
                    };
                    RETURN { outcome: 'made' }
                }",
                vars! {
                    id: records::person(person.id),
                    content: Value::Object(content),
                    adopts: adopts.map(|name| name.as_str().to_owned()),
                    link: link,
                    guard: records::setting("admins"),
                    names: records::setting("names"),
                    turn: turn(),
                    organisation: records::organisation(&person.name),
                    former: records::former_name(person.name.as_str()),
                    identity: identity,
                    content_of_identity: content_of_identity,
                },
            )
            .await?;
        let exists = |what, name: &str| Err(StorageError::AlreadyExists { what, name: name.to_owned() });
        match made.outcome.as_str() {
            "made" => Ok(()),
            "late" => exists("account", "the first one"),
            "linked" => exists("identity", person.name.as_str()),
            "used" => Err(StorageError::NotFound { what: "link", name: String::new() }),
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

    /// The accounts that mail reaches at this address, in lower case.
    ///
    /// # Errors
    /// The database failed.
    pub async fn people_at(&self, email: &str) -> Result<Vec<Person>, StorageError> {
        let attempted = "look for the address";
        let statement = "SELECT * FROM person WHERE email = $email";
        let rows: Vec<PersonRow> = self.database.query(attempted, statement, vars! { email: email }).await?;
        rows.into_iter().map(|row| Person::from_row(row, attempted)).collect()
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

    /// The accounts of these ids, in no order; those that are not there are left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn people_by_id(&self, ids: &[PersonId]) -> Result<Vec<Person>, StorageError> {
        let attempted = "read the accounts";
        let ids: Vec<RecordId> = ids.iter().map(|id| records::person(*id)).collect();
        let rows: Vec<PersonRow> = self.database.query(attempted, "SELECT * FROM $ids", vars! { ids: ids }).await?;
        rows.into_iter().map(|row| Person::from_row(row, attempted)).collect()
    }

    /// What somebody says of themselves.
    ///
    /// # Errors
    /// The database failed.
    pub async fn about(&self, id: PersonId) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::person(id) };
        self.database.query("read the account", "RETURN $id.about", variables).await
    }

    /// Which notices reach somebody by mail, as the hub wrote it; none where they said nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn mailed(&self, id: PersonId) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::person(id) };
        self.database.query("read the account", "RETURN $id.mailed", variables).await
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

    /// Changes an account. A new password or address ends the links that were mailed before.
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
        if let Some(about) = &changes.about {
            fields.insert("about".to_owned(), Value::String(about.clone()));
        }
        if let Some(mailed) = &changes.mailed {
            fields.insert("mailed".to_owned(), Value::String(mailed.clone()));
        }
        if let Some(email) = &changes.email {
            fields.insert("email".to_owned(), email.clone().map_or(Value::None, Value::String));
        }
        let mut ended: Vec<String> = Vec::new();
        if changes.password.is_some() {
            ended.extend(["reset", "second-step"].map(str::to_owned));
        }
        if changes.email.is_some() {
            ended.extend(["reset", "email"].map(str::to_owned));
        }
        let found: bool = self
            .database
            .query(
                "change the account",
                "{
                    IF !record::exists($id) { RETURN false };
                    UPDATE $id MERGE $fields RETURN NONE;
                    IF array::len($ended) > 0 { DELETE link WHERE person = $person AND kind IN $ended };
                    RETURN true
                }",
                vars! { id: records::person(id), person: id.0, fields: Value::Object(fields), ended: ended },
            )
            .await?;
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "account", name: id.to_string() }) }
    }

    /// Changes what an account is to the server; not, and `false`, when nobody would be left who runs it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn set_standing(&self, id: PersonId, standing: Standing) -> Result<bool, StorageError> {
        let mut fields = object! {};
        match standing {
            Standing::Admin => fields.insert("is_admin".to_owned(), Value::Bool(true)),
            Standing::Ordinary => fields.insert("is_admin".to_owned(), Value::Bool(false)),
            Standing::Blocked(at) => fields.insert("blocked_at".to_owned(), at.into_value()),
            Standing::Usable => fields.insert("blocked_at".to_owned(), Value::None),
        };
        let is_less = matches!(standing, Standing::Ordinary | Standing::Blocked(_));
        let outcome: String = self
            .database
            .query(
                "change the account",
                "{
                    IF !record::exists($id) { RETURN 'missing' };
                    IF $is_less AND $id.is_admin = true {
                        -- Of two that each leave it to the other one is done again.
                        UPSERT $guard SET value = $turn RETURN NONE;
                        LET $others = (SELECT VALUE id FROM person
                            WHERE is_admin = true AND blocked_at = NONE AND id != $id LIMIT 1);
                        IF array::len($others) = 0 { RETURN 'last' }
                    };
                    UPDATE $id MERGE $fields RETURN NONE;
                    IF $blocks {
                        DELETE session WHERE person = $person;
                        DELETE token WHERE person = $person;
                        DELETE link WHERE person = $person;
                        DELETE link WHERE kind = 'invitation' AND made_by = $id.name;
                        UPSERT $members SET value = $turn RETURN NONE;
                        DELETE invitation WHERE made_by = $id.name
                    };
                    RETURN 'done'
                }",
                vars! {
                    id: records::person(id),
                    person: id.0,
                    turn: turn(),
                    is_less: is_less,
                    blocks: matches!(standing, Standing::Blocked(_)),
                    guard: records::setting("admins"),
                    members: records::setting("members"),
                    fields: Value::Object(fields),
                },
            )
            .await?;
        match outcome.as_str() {
            "done" => Ok(true),
            "last" => Ok(false),
            _ => Err(StorageError::NotFound { what: "account", name: id.to_string() }),
        }
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

    /// The datasets in which a person has a role of their own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn datasets_with_role(&self, person: PersonId) -> Result<Vec<DatasetId>, StorageError> {
        let attempted = "list the roles";
        let statement = "SELECT VALUE id FROM role WHERE person = $person";
        let ids: Vec<RecordId> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        ids.iter().map(|id| records::Parts::of(id, attempted).dataset()).collect()
    }

    /// What a person is in which datasets, as the hub wrote it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn roles_of(&self, person: PersonId) -> Result<Vec<(DatasetId, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Row {
            id: RecordId,
            role: String,
        }
        let attempted = "list the roles";
        let statement = "SELECT id, role FROM role WHERE person = $person";
        let rows: Vec<Row> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        rows.into_iter().map(|row| Ok((records::Parts::of(&row.id, attempted).dataset()?, row.role))).collect()
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
