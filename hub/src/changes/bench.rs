//! The bench: a state that is being changed, one change after the other.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde_json::Value as Json;
use versioning::{Hash, Key, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, check::Checker};

use super::{Change, rows::key_of};
use crate::{
    Error, FieldError,
    write::{Desk, internal},
};

/// How many changes ahead the rows that they change are asked for.
const AHEAD: usize = 256;
/// The most problems that are told.
const MAX_PROBLEMS: usize = 100;

/// Why a change can't be done: where in it, and what is wrong.
pub(super) type Refusal = (String, String);

pub(super) fn refuse<T>(place: impl Into<String>, reason: impl std::fmt::Display) -> Result<T, Trouble> {
    Err(Trouble::Refused((place.into(), reason.to_string())))
}

pub(super) enum Trouble {
    Refused(Refusal),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A state that is being changed. Edits of rows wait per table until something needs the tree.
pub(super) struct Bench<'b> {
    pub(super) desk: &'b Desk<'b>,
    pub(super) root: Root,
    /// The commits of other states, by the texts that name them.
    states: &'b BTreeMap<String, Hash>,
    pub(super) rows: BTreeMap<TableId, BTreeMap<Key, Waiting>>,
    /// The number of the change that is being done.
    pub(super) index: usize,
    /// Tables by name, as they are in `root`.
    opened: RefCell<HashMap<String, Rc<Opened>>>,
    problems: Vec<FieldError>,
}

/// What a row becomes, and the number of the change that makes it so.
pub(super) struct Waiting {
    pub(super) index: usize,
    pub(super) row: Option<Row>,
}

/// A table that rows are changed in.
pub(super) struct Opened {
    pub(super) id: TableId,
    pub(super) tree: Tree,
    pub(super) schema: Schema,
}

impl<'b> Bench<'b> {
    pub(super) fn new(desk: &'b Desk<'b>, root: Root, states: &'b BTreeMap<String, Hash>) -> Self {
        Self { desk, root, states, rows: BTreeMap::new(), index: 0, opened: RefCell::default(), problems: Vec::new() }
    }

    /// Does all changes in order; the state that comes of them.
    pub(super) fn work(mut self, changes: &[Change]) -> Result<Root, Error> {
        for (number, some) in changes.chunks(AHEAD).enumerate() {
            self.read_ahead(some);
            for (place, change) in some.iter().enumerate() {
                self.index = number * AHEAD + place;
                self.apply(change)?;
            }
        }
        self.fold_all()?;
        if self.problems.is_empty() { Ok(self.root) } else { Err(Error::Invalid { fields: self.problems }) }
    }

    /// Asks for the rows that changes speak of. What is wrong with a change is said when it is done.
    fn read_ahead(&self, changes: &[Change]) {
        let mut keys: HashMap<TableId, (Rc<Opened>, Vec<Key>)> = HashMap::new();
        for change in changes {
            let (Change::Update { table, key, .. } | Change::Delete { table, key }) = change else { continue };
            let Ok(table) = self.open(table) else { continue };
            if let Ok(key) = key_of(&table.schema, key) {
                keys.entry(table.id).or_insert_with(|| (table, Vec::new())).1.push(key);
            }
        }
        for (table, mut keys) in keys.into_values() {
            keys.sort_unstable();
            table.tree.prefetch(self.desk, &keys).ok();
        }
    }

    /// Does one change, or notes why it can't be done.
    fn apply(&mut self, change: &Change) -> Result<(), Error> {
        match self.try_apply(change) {
            Ok(()) => Ok(()),
            Err(Trouble::Failed(error)) => Err(error),
            Err(Trouble::Refused(refusal)) => self.note(self.index, refusal),
        }
    }

    fn try_apply(&mut self, change: &Change) -> Result<(), Trouble> {
        match change {
            Change::Insert { table, values } => self.insert(table, values),
            Change::Update { table, key, values } => {
                let table = self.open(table)?;
                let key = key_of(&table.schema, key)?;
                self.update(&table, key, values)
            }
            Change::Upsert { table, values } => {
                let opened = self.open(table)?;
                let key = key_of(&opened.schema, &Json::Object(values.clone()))?;
                if self.row(&opened, &key)?.is_some() {
                    self.update(&opened, key, values)
                } else {
                    self.insert(table, values)
                }
            }
            Change::Delete { table, key } => {
                let table = self.open(table)?;
                let key = key_of(&table.schema, key)?;
                if self.row(&table, &key)?.is_none() {
                    return refuse("key", "There is no row with this key.");
                }
                self.wait(table.id, key, None);
                Ok(())
            }
            Change::RestoreRow { table, key, from } => {
                let table = self.open(table)?;
                self.fold(table.id)?;
                let then = self.state(from)?;
                let Some(entry) = then.tables.get(&table.id) else {
                    return refuse("from", "That state has no such table.");
                };
                let schema = self.objects().schema(entry.schema)?;
                let key = key_of(&schema, key)?;
                let mut sink = self.desk;
                match versioning::merge::restore_row(self.desk, &mut sink, &self.root, &then, table.id, &key) {
                    Ok(root) => self.put(root),
                    Err(versioning::merge::RestoreError::Read(error)) => return Err(error.into()),
                    Err(error) => return refuse("", format!("{error}.")),
                }
                Ok(())
            }
            Change::RestoreTable { table, from } => {
                let then = self.state(from)?;
                let named = then.table_named(table).or_else(|| self.root.table_named(table));
                let Some((id, _)) = named else { return refuse("table", format!("There is no table “{table}”.")) };
                self.rows.remove(&id);
                match versioning::merge::restore_table(&self.root, &then, id) {
                    Ok(root) => self.put(root),
                    Err(error) => return refuse("", format!("{error}.")),
                }
                Ok(())
            }
            Change::Restore { from } => {
                self.rows.clear();
                let then = self.state(from)?;
                self.put(then);
                Ok(())
            }
            _ => self.evolve(change),
        }
    }

    pub(super) fn objects(&self) -> &dyn ObjectSource {
        self.desk
    }

    fn state(&self, from: &str) -> Result<Root, Trouble> {
        match self.states.get(from) {
            Some(commit) => Ok(self.objects().root(self.objects().commit(*commit)?.root)?),
            None => refuse("from", "There is no such state."),
        }
    }

    pub(super) fn open(&self, name: &str) -> Result<Rc<Opened>, Trouble> {
        if let Some(opened) = self.opened.borrow().get(name) {
            return Ok(Rc::clone(opened));
        }
        let Some((id, entry)) = self.root.table_named(name) else {
            return refuse("table", format!("There is no table “{name}”."));
        };
        let opened = Rc::new(Opened { id, tree: entry.tree, schema: self.objects().schema(entry.schema)? });
        self.opened.borrow_mut().insert(name.to_owned(), Rc::clone(&opened));
        Ok(opened)
    }

    /// Has a row wait to become this.
    pub(super) fn wait(&mut self, table: TableId, key: Key, row: Option<Row>) {
        self.rows.entry(table).or_default().insert(key, Waiting { index: self.index, row });
    }

    /// Notes that a change can't be done, unless that is enough of them.
    fn note(&mut self, index: usize, (place, reason): Refusal) -> Result<(), Error> {
        let place = if place.is_empty() { String::new() } else { format!("/{place}") };
        self.problems.push(FieldError { field: format!("/operations/{index}{place}"), message: reason });
        if self.problems.len() >= MAX_PROBLEMS {
            return Err(Error::Invalid { fields: std::mem::take(&mut self.problems) });
        }
        Ok(())
    }

    /// Puts another state on the bench.
    pub(super) fn put(&mut self, root: Root) {
        self.root = root;
        self.opened.get_mut().clear();
    }

    /// Puts the waiting edits of a table into its tree, and notes which of the rows break a rule of a column.
    pub(super) fn fold(&mut self, id: TableId) -> Result<(), Error> {
        let Some(waiting) = self.rows.remove(&id) else { return Ok(()) };
        let Some(entry) = self.root.tables.get(&id).cloned() else { return Ok(()) };
        let schema = self.objects().schema(entry.schema)?;
        let rules = Checker::new(&schema);
        for Waiting { index, row } in waiting.values() {
            let Some(row) = row else { continue };
            if let Some((column, error)) = rules.breaches(row).map_err(internal)?.into_iter().next() {
                let name = schema.column(column).map(|column| column.name.as_str()).unwrap_or_default();
                self.note(*index, (format!("values/{}", escape(name)), format!("{error}.")))?;
            }
        }
        let edits = waiting.into_iter().map(|(key, waiting)| (key, waiting.row)).collect();
        let mut sink = self.desk;
        let tree = entry.tree.edit(self.desk, &mut sink, &schema, edits).map_err(internal)?;
        let mut root = std::mem::take(&mut self.root);
        root.tables.insert(id, TableEntry { tree, ..entry });
        self.put(root);
        Ok(())
    }

    fn fold_all(&mut self) -> Result<(), Error> {
        let waiting: Vec<TableId> = self.rows.keys().copied().collect();
        waiting.into_iter().try_for_each(|id| self.fold(id))
    }
}

/// A reference token of a JSON pointer (RFC 6901).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
