//! Asking a table: filters, orders, counts and groups, over the person's draft too.

mod found;
mod matching;

use serde::{Deserialize, Serialize};
use versioning::{
    ColumnId, Key, ObjectSource, Row, Schema, Tree, Value,
    overlay::Patches,
    query::{
        Aggregate, Filter, FilterError, Groups, KeyRange, Place as Ordered, Predicate, ScanError, Sort, Table,
        parse_sorts,
    },
};

pub(crate) use self::found::Lists;
pub use self::found::{Found, Search};
use crate::{
    Actor, Error, Hub, Place, RowPage,
    access::Action,
    ahead::PROCESSORS,
    findings::RowRules,
    state::{Opened, row_view},
    write::internal,
};

/// The most rows in one answer.
const MAX_ROWS: usize = 1_000;
/// The most groups in one answer.
const MAX_GROUPS: usize = 10_000;

/// Which rows, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// A filter, see `versioning::query`; empty: all rows.
    pub filter: String,
    /// Columns, each perhaps with a `-` before it for descending, separated by commas, see `versioning::query`; empty: by
    /// the key.
    pub sort: String,
}

impl Query {
    /// Whether all rows are asked for, by the key.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.filter.trim().is_empty() && self.sort.trim().is_empty()
    }
}

/// Where a page of rows ends; goes back to ask for the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueryCursor {
    /// Behind this key.
    Key(Key),
    /// Behind this place in the order.
    Place(Ordered),
}

/// Rows that a query found.
#[derive(Clone, Debug)]
pub struct QueryPage {
    /// The rows; `total` counts those that satisfy the filter, `offset` is 0.
    pub rows: RowPage,
    /// Where the next page begins.
    pub next: Option<QueryCursor>,
}

/// Groups of rows with what was computed of each.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTable {
    /// The values that the rows of a group share, then what was computed.
    pub groups: Vec<(Vec<Value>, Vec<Value>)>,
}

/// A question, ready to be asked of leaves.
struct Asked {
    predicate: Predicate,
    sorts: Vec<Sort>,
}

impl Asked {
    fn read(schema: &Schema, query: &Query) -> Result<Self, Error> {
        let predicate = match query.filter.trim() {
            "" => Predicate::everything(schema),
            filter => {
                let refused =
                    |error: FilterError| Error::invalid("filter", format!("{error}\n{}", error.picture(filter)));
                Filter::parse(filter).and_then(|parsed| parsed.bind(filter, schema)).map_err(refused)?
            }
        };
        let sorts = parse_sorts(&query.sort, schema).map_err(|error| Error::invalid("sort", error.to_string()))?;
        Ok(Self { predicate, sorts })
    }
}

impl From<ScanError> for Error {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Read(error) => error.into(),
            ScanError::NoOrder { .. } | ScanError::Place { .. } | ScanError::TopTooLarge { .. } => {
                Self::invalid("sort", format!("{error}."))
            }
            ScanError::TooManyRows => Self::invalid(
                "filter",
                "More rows are found than can be scrolled over: narrow the filter, or take the order away.",
            ),
            ScanError::Aggregate { .. }
            | ScanError::TooManyGroups { .. }
            | ScanError::Overflow { .. }
            | ScanError::Column { .. } => Self::invalid("aggregate", format!("{error}.")),
            error => internal(error),
        }
    }
}

/// A table with a draft's rows, for several threads to ask.
struct Subject<'s> {
    source: &'s dyn ObjectSource,
    schema: &'s Schema,
    tree: Tree,
    patches: &'s Patches,
}

impl Subject<'_> {
    fn table(&self) -> Table<'_> {
        Table::new(self.source, self.schema, self.tree).with_patches(self.patches)
    }

    /// Asks ranges of the table on all processors and puts the answers together.
    fn ask<T: Send>(
        &self,
        ask: impl Fn(&Table<'_>, &KeyRange) -> Result<T, ScanError> + Sync,
        merge: impl Fn(T, T) -> Result<T, ScanError>,
    ) -> Result<T, Error> {
        /// Below this a second thread costs more than it brings.
        const ROWS_A_THREAD: u64 = 20_000;
        let parts = usize::try_from(self.tree.rows / ROWS_A_THREAD).unwrap_or(usize::MAX).clamp(1, *PROCESSORS);
        let ranges = self.table().split(parts)?;
        let [first, others @ ..] = ranges.as_slice() else { return Err(internal("a table without a range")) };
        std::thread::scope(|scope| {
            let threads: Vec<_> = others.iter().map(|range| scope.spawn(|| ask(&self.table(), range))).collect();
            let mut answer = ask(&self.table(), first)?;
            for thread in threads {
                let more = thread.join().map_err(|_| internal("a scan ended early"))??;
                answer = merge(answer, more)?;
            }
            Ok(answer)
        })
    }
}

impl Hub {
    /// Rows of a table that satisfy a filter, in an order; at most 1,000 at once. Reads all rows where neither the filter
    /// nor the order follow the key, but keeps only those of the page.
    ///
    /// # Errors
    /// The filter or order can't be read; the message says where and why.
    pub async fn query(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        query: &Query,
        after: Option<QueryCursor>,
        limit: usize,
    ) -> Result<QueryPage, Error> {
        let Opened { working, id, entry, schema, .. } = self.open_table(actor, Action::Read, place, table).await?;
        let asked = Asked::read(&schema, query)?;
        let limit = limit.clamp(1, MAX_ROWS);
        self.read(move |objects| {
            let draft = working.draft.as_ref().and_then(|draft| draft.table(id));
            let none = Patches::default();
            let patches = draft.map_or(&none, |overlay| overlay.patches());
            let subject = Subject { source: objects, schema: &schema, tree: entry.tree, patches };
            let Asked { predicate, sorts } = &asked;
            let total = subject.ask(|table, range| table.count(predicate, range), |a, b| Ok(a + b))?;
            let (rows, next) = if sorts.is_empty() {
                let range = match &after {
                    Some(QueryCursor::Key(key)) => KeyRange::after(key),
                    Some(QueryCursor::Place(_)) => {
                        return Err(Error::invalid("cursor", "It belongs to another order."));
                    }
                    None => KeyRange::all(),
                };
                let page = subject.table().rows(predicate, None, &range, limit)?;
                (page.rows, page.next.map(QueryCursor::Key))
            } else {
                let behind = match &after {
                    Some(QueryCursor::Place(place)) => Some(place),
                    Some(QueryCursor::Key(_)) => return Err(Error::invalid("cursor", "It belongs to another order.")),
                    None => None,
                };
                let top = subject
                    .ask(|table, range| table.top(predicate, sorts, behind, range, limit), |a, b| Ok(a.merge(b)))?;
                let page = subject.table().page(top, None, 0)?;
                (page.rows, page.next.map(QueryCursor::Place))
            };
            let rules = RowRules::new(&schema);
            let rows = rows
                .into_iter()
                .map(|(key, cells)| {
                    let patch = patches.get(&key);
                    row_view(&schema, &rules, key, cells, patch)
                })
                .collect();
            drop(rules);
            let revision = working.draft.as_ref().map_or(0, |draft| draft.revision);
            Ok(QueryPage { rows: RowPage { schema, total, offset: 0, rows, revision }, next })
        })
        .await
    }

    /// Groups the rows that satisfy a filter by columns, and computes something of each group; at most 10,000 groups.
    ///
    /// # Errors
    /// A column does not exist, or what is asked for can't be computed of it.
    pub async fn aggregate(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        filter: &str,
        by: &[String],
        compute: &[(String, Option<String>)],
    ) -> Result<GroupTable, Error> {
        let Opened { working, id, entry, schema, .. } = self.open_table(actor, Action::Read, place, table).await?;
        let asked = Asked::read(&schema, &Query { filter: filter.to_owned(), sort: String::new() })?;
        let column = |name: &str, field: &str| match schema.column_named(name) {
            Some(column) => Ok(column.id),
            None => Err(Error::invalid(field, format!("There is no column “{name}”."))),
        };
        let by: Vec<ColumnId> = by.iter().map(|name| column(name, "by")).collect::<Result<_, _>>()?;
        let mut aggregates = Vec::new();
        for (what, of) in compute {
            let of = of.as_deref().map(|name| column(name, "aggregate")).transpose()?;
            let aggregate = match (what.as_str(), of) {
                ("count", None) => Aggregate::Count,
                ("count", Some(id)) => Aggregate::Present(id),
                ("sum", Some(id)) => Aggregate::Sum(id),
                ("average", Some(id)) => Aggregate::Average(id),
                ("min", Some(id)) => Aggregate::Minimum(id),
                ("max", Some(id)) => Aggregate::Maximum(id),
                _ => return Err(Error::invalid("aggregate", "One of count, sum, average, min or max, with a column.")),
            };
            aggregates.push(aggregate);
        }
        self.read(move |objects| {
            let draft = working.draft.as_ref().and_then(|draft| draft.table(id));
            let none = Patches::default();
            let patches = draft.map_or(&none, |overlay| overlay.patches());
            let subject = Subject { source: objects, schema: &schema, tree: entry.tree, patches };
            let groups: Groups = subject.ask(
                |table, range| table.aggregate(&asked.predicate, &by, &aggregates, range, MAX_GROUPS),
                |a, b| a.merge(&b),
            )?;
            let groups = groups.finish()?.into_iter().map(|group| (group.key, group.values)).collect();
            Ok(GroupTable { groups })
        })
        .await
    }
}

/// A table as an export reads it: piece by piece, without its draft.
#[derive(Clone, Debug)]
pub struct ExportSource {
    /// The schema of the rows.
    pub schema: Schema,
    /// How many there are.
    pub rows: u64,
    /// What is exported.
    pub commit: versioning::Hash,
    tree: Tree,
}

impl Hub {
    /// What there is to export of a table at a state.
    ///
    /// # Errors
    /// There is no such table or state for the person.
    pub async fn export(&self, actor: &Actor, place: &Place, table: &str) -> Result<ExportSource, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let viewed = self.resolve(&dataset, &place.at).await?;
        let missing = || Error::not_found(format!("table “{table}”"));
        let commit = viewed.commit.ok_or_else(missing)?;
        let (_, root) = self.commit_and_root(commit).await?;
        let (_, entry) = root.table_named(table).ok_or_else(missing)?;
        let schema = self.schema(entry.schema).await?;
        Ok(ExportSource { schema, rows: entry.tree.rows, commit, tree: entry.tree })
    }

    /// Rows of an export from a position on.
    ///
    /// # Errors
    /// They can't be read.
    pub async fn export_rows(&self, source: &ExportSource, offset: u64, limit: usize) -> Result<Vec<Row>, Error> {
        let (schema, tree) = (source.schema.clone(), source.tree);
        self.read(move |objects| {
            Ok(tree.rows(objects, &schema, offset, limit)?.into_iter().map(|(_, row)| row).collect())
        })
        .await
    }
}
