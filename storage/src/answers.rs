//! What requests were answered that came with a key of their own: who sends one again gets that answer, and it is not done
//! again.

use surrealdb::types::{SurrealValue, Value, object, vars};
use versioning::Hash;

use crate::{PersonId, StorageError, Store, records};

/// A request that came with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerId {
    /// Whose it is; none: the one person's of a server without accounts.
    pub person: Option<PersonId>,
    /// The hash of the key, and of all that must be the same for the answer to be theirs.
    pub key: Hash,
}

/// What is known of a request that came with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The hash of the request.
    pub request: Hash,
    /// The answer, as the server wrote it; none while the request is being done, and where that never came to an end.
    pub answer: Option<String>,
}

#[derive(SurrealValue)]
struct AnswerRow {
    request: String,
    answer: Option<String>,
}

impl Store {
    /// Notes that a request is being done, where none with its key was since then; else what is known of that one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_answer(
        &self,
        id: AnswerId,
        request: Hash,
        at: i64,
        since: i64,
    ) -> Result<Option<KeptAnswer>, StorageError> {
        let attempted = "look for an earlier request";
        let statement = "{
            LET $found = (SELECT request, answer, at FROM ONLY $id);
            IF $found != NONE AND $found.at > $since { RETURN { request: $found.request, answer: $found.answer } };
            UPSERT $id CONTENT $content RETURN NONE;
            RETURN NONE
        }";
        let content = object! { request: request.to_string(), at: at };
        let variables = vars! { id: records::answer(id), content: Value::Object(content), since: since };
        let row: Option<AnswerRow> = self.database.query(attempted, statement, variables).await?;
        row.map(|row| Ok(KeptAnswer { request: records::parse_hash(&row.request, attempted)?, answer: row.answer }))
            .transpose()
    }

    /// Keeps what a request was answered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_answer(&self, id: AnswerId, answer: &str) -> Result<(), StorageError> {
        let statement = "{ UPDATE $id SET answer = $answer RETURN NONE; RETURN NONE }";
        self.database.query("keep the answer", statement, vars! { id: records::answer(id), answer: answer }).await
    }

    /// Forgets a request that did nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_answer(&self, id: AnswerId) -> Result<(), StorageError> {
        self.database
            .query("forget the request", "{ DELETE $id; RETURN NONE }", vars! { id: records::answer(id) })
            .await
    }

    /// Deletes all of somebody's but the newest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn trim_answers(&self, person: Option<PersonId>, most: usize) -> Result<(), StorageError> {
        let statement = "{
            LET $old = (SELECT id, at FROM $all ORDER BY at DESC START $most);
            IF array::len($old) > 0 { DELETE $old.id };
            RETURN NONE
        }";
        let variables = vars! { all: records::answers_of(person), most: i64::try_from(most).unwrap_or(i64::MAX) };
        self.database.query("delete old answers", statement, variables).await
    }

    /// Deletes those that are older.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear_answers(&self, before: i64) -> Result<(), StorageError> {
        let statement = "{ DELETE answer WHERE at <= $until; RETURN NONE }";
        self.database.query("delete old answers", statement, vars! { until: before }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn an_answer_is_kept_until_it_is_old_or_one_of_too_many() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("nobody else has it open");
        let (ada, bob) = (Some(PersonId::generate()), None);
        let id = |person, key: u8| AnswerId { person, key: Hash::of(&[key]) };
        let request = Hash::of(b"request");
        let begin = async |id, at, since| store.begin_answer(id, request, at, since).await.expect("it is noted");
        assert_eq!(begin(id(ada, 1), 10, 0).await, None);
        assert_eq!(begin(id(ada, 1), 11, 0).await, Some(KeptAnswer { request, answer: None }));
        assert_eq!(begin(id(bob, 1), 11, 0).await, None, "it is somebody else's");
        store.keep_answer(id(ada, 1), "made").await.expect("it is kept");
        let kept = Some(KeptAnswer { request, answer: Some("made".to_owned()) });
        assert_eq!(begin(id(ada, 1), 12, 0).await, kept);
        store.forget_answer(id(bob, 1)).await.expect("it is forgotten");
        assert_eq!(begin(id(bob, 1), 13, 0).await, None);
        assert_eq!(begin(id(ada, 1), 20, 10).await, None, "it is too old");

        for key in 2..6 {
            assert_eq!(begin(id(ada, key), 20 + i64::from(key), 0).await, None);
        }
        store.trim_answers(ada, 3).await.expect("they are deleted");
        for (key, is_there) in [(1, false), (2, false), (3, true), (5, true)] {
            assert_eq!(begin(id(ada, key), 30, 0).await.is_some(), is_there, "{key}");
        }
        assert!(begin(id(bob, 1), 30, 0).await.is_some());
        store.clear_answers(29).await.expect("they are deleted");
        assert_eq!(begin(id(bob, 1), 31, 0).await, None);
        assert_eq!(begin(id(ada, 3), 31, 0).await, None);
        assert!(begin(id(ada, 1), 31, 0).await.is_some());
    }
}
