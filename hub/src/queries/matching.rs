//! Exports of the rows that satisfy a filter.

use versioning::{
    Key, Row,
    query::{KeyRange, Table},
};

use super::{Asked, ExportSource, Query};
use crate::{Error, Hub};

impl Hub {
    /// Up to `limit` rows of an export that satisfy a filter, behind a key, and where the next ones begin. Nothing is
    /// counted: every row is looked at once, however many calls it takes.
    ///
    /// # Errors
    /// The filter can't be read, the message says where and why; or the rows can't.
    pub async fn export_matching(
        &self,
        source: &ExportSource,
        filter: &str,
        after: Option<Key>,
        limit: usize,
    ) -> Result<(Vec<Row>, Option<Key>), Error> {
        let (schema, tree) = (source.schema.clone(), source.tree);
        let asked = Asked::read(&schema, &Query { filter: filter.to_owned(), sort: String::new() })?;
        self.read(move |objects| {
            let range = after.as_ref().map_or_else(KeyRange::all, KeyRange::after);
            let page = Table::new(objects, &schema, tree).rows(&asked.predicate, None, &range, limit)?;
            Ok((page.rows.into_iter().map(|(_, row)| row).collect(), page.next))
        })
        .await
    }
}
