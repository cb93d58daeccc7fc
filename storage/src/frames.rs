//! The frames of chunks, read below the query language.
//!
//! A scan reads thousands of chunks. A statement that does nothing but fetch records spends some 140 µs on each in the
//! engine's planner and executor; asking its transaction for the same records takes a tenth of that. What is read
//! are ordinary records of the table `chunk`, as statements write and see them.

use bytes::Bytes;
use surrealdb_core::kvs::Datastore;
use surrealdb_datastore::{
    TransactionType,
    catalog::{
        DatabaseId, NamespaceId,
        providers::{CachePolicy, DatabaseProvider, TableProvider},
    },
    val::{RecordId, RecordIdKey, TableName, Value},
};
use versioning::Hash;

/// Where the records of the database are.
#[derive(Clone, Copy)]
pub(crate) struct Records {
    namespace: NamespaceId,
    database: DatabaseId,
}

impl Records {
    /// Finds the database of this name in the namespace of the same name.
    pub(crate) async fn find(datastore: &Datastore, name: &str) -> anyhow::Result<Self> {
        let transaction = datastore.transaction(TransactionType::Read).await?;
        let found = transaction.expect_db_by_name(name, name).await;
        transaction.cancel().await?;
        let found = found?;
        Ok(Self { namespace: found.namespace_id, database: found.database_id })
    }

    /// The frames of chunks, in the order of the hashes; none for those that are not there.
    pub(crate) async fn frames(&self, datastore: &Datastore, hashes: &[Hash]) -> anyhow::Result<Vec<Option<Bytes>>> {
        let table = TableName::new("chunk");
        let ids: Vec<RecordId> = hashes
            .iter()
            .map(|hash| RecordId::new(table.clone(), RecordIdKey::String(hash.to_string().into())))
            .collect();
        let transaction = datastore.transaction(TransactionType::Read).await?;
        let found = transaction.get_records(self.namespace, self.database, &ids, None, CachePolicy::ReadOnly).await;
        transaction.cancel().await?;
        let frame = |data: &Value| match data {
            Value::Object(object) => match object.get("frame") {
                Some(Value::Bytes(bytes)) => Some(bytes.0.clone()),
                _ => None,
            },
            _ => None,
        };
        Ok(found?.iter().map(|record| frame(&record.data)).collect())
    }
}
