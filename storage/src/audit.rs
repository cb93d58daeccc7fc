//! The audit log: what changed access or data, as a list that only grows. There is no way here to change or delete an
//! entry, and the database refuses both.

use std::ops::Bound;

use surrealdb::types::{RecordId, SurrealValue, Value, object, vars};
use uuid::Uuid;

use crate::{DatasetId, StorageError, Store, records};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in µs since 1970 UTC.
    pub at: i64,
    /// Tells apart what happened in the same µs; random.
    pub id: Uuid,
    /// The name of who did it; empty where nobody was known.
    pub person: String,
    /// From which address of the network; empty for what the server does by itself.
    pub address: String,
    /// Which kind of thing; the hub says which there are.
    pub kind: String,
    /// In which dataset.
    pub dataset: Option<DatasetId>,
    /// What the dataset was called then: `OWNER/NAME`.
    pub place: String,
    /// What was done, in words.
    pub what: String,
}

/// Which entries; what is none is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this person.
    pub person: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In this dataset, whatever it is called.
    pub dataset: Option<DatasetId>,
    /// In what was called so then.
    pub place: Option<String>,
}

#[derive(SurrealValue)]
struct AuditRow {
    id: RecordId,
    person: String,
    address: String,
    kind: String,
    dataset: Option<Uuid>,
    place: String,
    what: String,
}

impl AuditEntry {
    /// Its id and what is stored there.
    pub(crate) fn record(&self) -> (RecordId, Value) {
        let content = object! {
            person: self.person.as_str(),
            address: self.address.as_str(),
            kind: self.kind.as_str(),
            dataset: self.dataset.map(|dataset| dataset.0),
            place: self.place.as_str(),
            what: self.what.as_str(),
        };
        (records::audit(self.at, self.id), Value::Object(content))
    }

    fn from_row(row: AuditRow, attempted: &'static str) -> Result<Self, StorageError> {
        let (at, id) = records::audit_parts(&row.id, attempted)?;
        Ok(Self {
            at,
            id,
            person: row.person,
            address: row.address,
            kind: row.kind,
            dataset: row.dataset.map(DatasetId),
            place: row.place,
            what: row.what,
        })
    }
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StorageError> {
        let (id, content) = entry.record();
        let variables = vars! { id: id, content: content };
        let statement = "{ CREATE $id CONTENT $content RETURN NONE; RETURN NONE }";
        self.database.query("write the audit log", statement, variables).await
    }

    /// Entries, the newest first: at most `limit`, from before this one on. What the filter asks for is looked for in all
    /// of the log that comes before.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<(i64, Uuid)>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let attempted = "read the audit log";
        let start = before.map_or(Bound::Unbounded, |(at, id)| Bound::Excluded(records::audit(at, id).key));
        let statement = "SELECT * FROM $range
            WHERE ($person = NONE OR person = $person) AND ($kind = NONE OR kind = $kind)
                AND ($dataset = NONE OR dataset = $dataset) AND ($place = NONE OR place = $place)
            LIMIT $limit";
        let variables = vars! {
            range: records::audit_from(start),
            person: filter.person.clone(),
            kind: filter.kind.clone(),
            dataset: filter.dataset.map(|dataset| dataset.0),
            place: filter.place.clone(),
            limit: limit,
        };
        let rows: Vec<AuditRow> = self.database.query(attempted, statement, variables).await?;
        rows.into_iter().map(|row| AuditEntry::from_row(row, attempted)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn entries_come_newest_first_and_stay_as_they_are() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(Config::new(dir.path())).await.expect("a store");
        let entry = |at: i64, person: &str| AuditEntry {
            at,
            id: Uuid::now_v7(),
            person: person.to_owned(),
            address: String::new(),
            kind: "commit".to_owned(),
            dataset: None,
            place: String::new(),
            what: format!("no. {at}"),
        };
        for (at, person) in [(1, "ada"), (3, "eve"), (2, "ada"), (256, "ada"), (255, "eve")] {
            store.add_audit(&entry(at, person)).await.expect("it is written");
        }
        let all = store.audit(&AuditFilter::default(), None, 10).await.expect("the log");
        assert_eq!(all.iter().map(|entry| entry.at).collect::<Vec<_>>(), [256, 255, 3, 2, 1]);
        let rest = store.audit(&AuditFilter::default(), Some((all[1].at, all[1].id)), 2).await.expect("the log");
        assert_eq!(rest, all[2..4]);
        let ada = AuditFilter { person: Some("ada".to_owned()), ..AuditFilter::default() };
        let hers = store.audit(&ada, None, 2).await.expect("the log");
        assert_eq!(hers.iter().map(|entry| entry.at).collect::<Vec<_>>(), [256, 2]);
        // Not even from here.
        for statement in ["UPDATE audit SET what = 'nothing'", "DELETE audit"] {
            let done: Result<Value, StorageError> = store.database.query("change the log", statement, vars! {}).await;
            assert!(done.is_err(), "{statement}");
        }
        assert_eq!(store.audit(&AuditFilter::default(), None, 10).await.expect("the log"), all);
    }
}
