//! Notices: what people are told of, and what they asked to be told of.
//!
//! A notice is one document for each person and thing that it is about: what happens next changes it. What is unread is
//! counted on; what was read begins anew.

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;

use crate::{
    DatasetId, PersonId, StorageError, Store,
    records::{self, Parts},
};

/// Something that somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who is told.
    pub person: PersonId,
    /// In which dataset it happened.
    pub dataset: DatasetId,
    /// What it is about within the dataset, as the hub names it.
    pub about: String,
    /// Why they are told; of several reasons the least counts. The hub says what they are.
    pub reason: i64,
    /// The name of who did it last.
    pub author: String,
    /// What they did, as the hub says it.
    pub what: String,
    /// What it is about, in a line.
    pub title: String,
    /// The beginning of what was said; may be empty.
    pub text: String,
    /// When it happened, in µs since 1970 UTC.
    pub at: i64,
    /// How much has happened since it was read last.
    pub times: i64,
    /// Whether it waits to be read.
    pub unread: bool,
}

/// Who may have to be told of something in a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Those of the names that were asked for who have an account, with their ids.
    pub named: Vec<(String, PersonId)>,
    /// What people said they want to be told of, as the hub writes it.
    pub watches: Vec<(PersonId, String)>,
}

#[derive(SurrealValue)]
struct Row {
    id: RecordId,
    person: Uuid,
    reason: i64,
    author: String,
    what: String,
    title: String,
    text: String,
    at: i64,
    times: i64,
    unread: bool,
}

impl Notice {
    fn from_row(row: Row, attempted: &'static str) -> Result<Self, StorageError> {
        let parts = Parts::of(&row.id, attempted);
        Ok(Self {
            dataset: parts.dataset()?,
            about: parts.text(2)?.to_owned(),
            person: PersonId(row.person),
            reason: row.reason,
            author: row.author,
            what: row.what,
            title: row.title,
            text: row.text,
            at: row.at,
            times: row.times,
            unread: row.unread,
        })
    }
}

impl Store {
    /// The accounts of these names, and what people want to be told of in a dataset.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audience(&self, dataset: DatasetId, names: &[String]) -> Result<Audience, StorageError> {
        #[derive(SurrealValue)]
        struct Named {
            id: RecordId,
            name: String,
        }
        #[derive(SurrealValue)]
        struct Watch {
            person: Uuid,
            level: String,
        }
        #[derive(SurrealValue)]
        struct Found {
            named: Vec<Named>,
            watches: Vec<Watch>,
        }
        let attempted = "find out who is to be told";
        let found: Found = self
            .database
            .query(
                attempted,
                "{
                    LET $named = (SELECT id, name FROM person WHERE name IN $names);
                    LET $watches = (SELECT person, level FROM $watched);
                    RETURN { named: $named, watches: $watches }
                }",
                vars! { names: names.to_vec(), watched: records::watches_of(dataset) },
            )
            .await?;
        let named = found.named.into_iter().map(|row| Ok((row.name, PersonId(records::uuid_of(&row.id, attempted)?))));
        Ok(Audience {
            named: named.collect::<Result<_, StorageError>>()?,
            watches: found.watches.into_iter().map(|row| (PersonId(row.person), row.level)).collect(),
        })
    }

    /// Who has said something about a request, each once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn request_voices(&self, dataset: DatasetId, number: u64) -> Result<Vec<String>, StorageError> {
        let statement = "RETURN array::distinct((SELECT VALUE author FROM $range))";
        let variables = vars! { range: records::request_entries(dataset, number) };
        self.database.query("find out who takes part", statement, variables).await
    }

    /// What a person wants to be told of in a dataset, as the hub wrote it; none where they said nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn watch(&self, dataset: DatasetId, person: PersonId) -> Result<Option<String>, StorageError> {
        let variables = vars! { id: records::watch(dataset, person) };
        self.database.query("read what is watched", "RETURN $id.level", variables).await
    }

    /// What a person said they want to be told of, dataset by dataset.
    ///
    /// # Errors
    /// The database failed.
    pub async fn watches_by(&self, person: PersonId) -> Result<Vec<(DatasetId, String)>, StorageError> {
        #[derive(SurrealValue)]
        struct Watch {
            id: RecordId,
            level: String,
        }
        let attempted = "list what is watched";
        let statement = "SELECT id, level FROM watch WHERE person = $person";
        let rows: Vec<Watch> = self.database.query(attempted, statement, vars! { person: person.0 }).await?;
        rows.into_iter().map(|row| Ok((Parts::of(&row.id, attempted).dataset()?, row.level))).collect()
    }

    /// Keeps what a person wants to be told of in a dataset.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such dataset.
    pub async fn set_watch(&self, dataset: DatasetId, person: PersonId, level: &str) -> Result<(), StorageError> {
        let found: bool = self
            .database
            .query(
                "keep what is watched",
                "{
                    IF !record::exists($dataset) { RETURN false };
                    UPSERT $id SET person = $person, level = $level RETURN NONE;
                    RETURN true
                }",
                vars! {
                    dataset: records::dataset(dataset),
                    id: records::watch(dataset, person),
                    person: person.0,
                    level: level,
                },
            )
            .await?;
        if found { Ok(()) } else { Err(StorageError::NotFound { what: "dataset", name: dataset.to_string() }) }
    }

    /// Tells people: each notice takes the place of the one about the same, and counts on from it where that is unread.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_notices(&self, notices: &[Notice]) -> Result<(), StorageError> {
        let rows = notices.iter().map(|notice| {
            Value::Object(object! {
                id: records::notice(notice.dataset, notice.person, &notice.about),
                person: notice.person.0,
                reason: notice.reason,
                author: notice.author.as_str(),
                what: notice.what.as_str(),
                title: notice.title.as_str(),
                text: notice.text.as_str(),
                at: notice.at,
            })
        });
        // In the order in which fields are set: whether it was unread is changed last.
        let statement = "{
            FOR $row IN $rows {
                UPSERT $row.id SET
                    person = $row.person,
                    reason = IF unread = true AND reason < $row.reason { reason } ELSE { $row.reason },
                    author = $row.author,
                    what = $row.what,
                    title = $row.title,
                    text = $row.text,
                    at = $row.at,
                    times = IF unread = true { times + 1 } ELSE { 1 },
                    unread = true
                    RETURN NONE
            };
            RETURN NONE
        }";
        self.database.query("tell people", statement, vars! { rows: rows.collect::<Vec<_>>() }).await
    }

    /// What a person was told, the newest first: the unread or all, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn notices_of(
        &self,
        person: PersonId,
        unread_only: bool,
        limit: usize,
    ) -> Result<Vec<Notice>, StorageError> {
        let attempted = "read the notices";
        let statement = if unread_only {
            "SELECT * FROM notice WHERE person = $person AND unread = true ORDER BY at DESC LIMIT $limit"
        } else {
            "SELECT * FROM notice WHERE person = $person ORDER BY at DESC LIMIT $limit"
        };
        let variables = vars! { person: person.0, limit: limit };
        let rows: Vec<Row> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| Notice::from_row(row, attempted)).collect()
    }

    /// What a person has not read yet, in no order: at most `limit`, of which nothing but what they are about is read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unread_notices(
        &self,
        person: PersonId,
        limit: usize,
    ) -> Result<Vec<(DatasetId, String)>, StorageError> {
        let attempted = "count the notices";
        let statement = "SELECT VALUE id FROM notice WHERE person = $person AND unread = true LIMIT $limit";
        let variables = vars! { person: person.0, limit: limit };
        let ids: Vec<RecordId> = self.database.query(attempted, statement, variables).await?;
        let about = |id: &RecordId| {
            let parts = Parts::of(id, attempted);
            Ok((parts.dataset()?, parts.text(2)?.to_owned()))
        };
        ids.iter().map(about).collect()
    }

    /// Whether a person has been told something of a thing that they have not read yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn is_unread(&self, person: PersonId, about: &(DatasetId, String)) -> Result<bool, StorageError> {
        let variables = vars! { id: records::notice(about.0, person, &about.1) };
        self.database.query("read the notice", "RETURN $id.unread = true", variables).await
    }

    /// Notes that a person has read what they were told of these things, as far as it had happened by then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn read_notices(
        &self,
        person: PersonId,
        about: &[(DatasetId, String)],
        until: i64,
    ) -> Result<(), StorageError> {
        let ids: Vec<RecordId> =
            about.iter().map(|(dataset, about)| records::notice(*dataset, person, about)).collect();
        let statement = "{ UPDATE $ids SET unread = false WHERE at <= $until RETURN NONE; RETURN NONE }";
        self.database.query("note what was read", statement, vars! { ids: ids, until: until }).await
    }

    /// Deletes what was read and is older than this.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear_notices(&self, before: i64) -> Result<(), StorageError> {
        let statement = "{ DELETE notice WHERE unread = false AND at < $until; RETURN NONE }";
        self.database.query("delete old notices", statement, vars! { until: before }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn what_happens_again_counts_on_until_it_is_read() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("a store");
        let (person, dataset) = (PersonId::generate(), DatasetId::generate());
        let notice = |at: i64, reason: i64, what: &str| Notice {
            person,
            dataset,
            about: "7".to_owned(),
            reason,
            author: "ada".to_owned(),
            what: what.to_owned(),
            title: "Prices".to_owned(),
            text: String::new(),
            at,
            times: 1,
            unread: true,
        };
        let read = async || store.notices_of(person, false, 10).await.expect("the notices");
        store.add_notices(&[notice(1, 3, "opened it")]).await.expect("it is written");
        assert_eq!(read().await, [notice(1, 3, "opened it")]);
        // The better reason stays, the newest words do.
        store.add_notices(&[notice(2, 1, "commented"), notice(3, 4, "merged it")]).await.expect("it is written");
        assert_eq!(read().await, [Notice { times: 3, ..notice(3, 1, "merged it") }]);
        let unread = async || store.unread_notices(person, 10).await.expect("what is unread");
        assert_eq!(unread().await, [(dataset, "7".to_owned())]);
        let is_unread = async |about: &str| {
            store.is_unread(person, &(dataset, about.to_owned())).await.expect("whether it is unread")
        };
        assert_eq!((is_unread("7").await, is_unread("8").await), (true, false));
        // What came after the page was shown is not read with it.
        let about = [(dataset, "7".to_owned())];
        store.read_notices(person, &about, 2).await.expect("it is noted");
        assert!(read().await[0].unread);
        store.read_notices(person, &about, 3).await.expect("it is noted");
        assert_eq!(store.notices_of(person, true, 10).await.expect("the notices"), []);
        assert_eq!((unread().await, is_unread("7").await), (Vec::new(), false));
        store.add_notices(&[notice(9, 4, "opened it again")]).await.expect("it is written");
        assert_eq!(read().await, [notice(9, 4, "opened it again")]);
        // Somebody else's are theirs.
        assert_eq!(store.notices_of(PersonId::generate(), false, 10).await.expect("the notices"), []);
        store.clear_notices(100).await.expect("they are deleted");
        assert_eq!(read().await.len(), 1, "it is unread");
        store.read_notices(person, &about, 9).await.expect("it is noted");
        store.clear_notices(100).await.expect("they are deleted");
        assert_eq!(read().await, []);
    }
}
