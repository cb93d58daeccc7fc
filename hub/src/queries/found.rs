//! What a filter finds and an order puts in line, to be scrolled over from the first row to the last.
//!
//! People edit what they have found. So a list stays as it is until it is asked for anew: a row stays in its place when
//! its cells do not satisfy the filter any more, rows that are gone go, and rows that the draft adds come at the end.
//! The list itself never changes; what is gone and what was added follows from the draft then and now. It is kept in
//! memory, up to a bound; one that is not kept any more is made anew from what is there by then.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;
use versioning::{
    Hash, Key, TableId, Tree,
    overlay::Patches,
    query::{Matches, Sort, Table},
};

use super::{Asked, Query, Subject};
use crate::{
    Actor, Error, Hub, Place, RowPage,
    access::Action,
    findings::RowRules,
    state::{MAX_ROWS, Opened, row_view},
    write::internal,
};

/// The most bytes that all lists take together; a single one takes less.
const MAX_KEPT: usize = 192 << 20;
/// The most lists.
const MAX_LISTS: usize = 64;
/// The longest name of a list, in bytes. It comes from outside.
const MAX_NAME: usize = 64;

/// A query, and the list that answered it before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Which rows, in which order.
    pub query: Query,
    /// The list of which more is to be seen, whatever was edited meanwhile; none: what is there now is looked through.
    pub list: Option<String>,
}

/// Some of the rows that a query found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The rows; `total` counts all that were found.
    pub rows: RowPage,
    /// Rows of the whole table.
    pub all: u64,
    /// The columns they are sorted by.
    pub sorts: Vec<Sort>,
    /// The name of the list, for [`Search::list`].
    pub list: String,
}

/// A table in a state, the person's draft laid over it.
#[derive(Clone)]
struct State {
    schema: Hash,
    tree: Tree,
    /// The draft's revision, and when it was saved: one that follows a discarded one counts from the beginning again.
    draft: Option<(u64, i64)>,
    patches: Patches,
}

impl State {
    fn of(opened: &Opened) -> Self {
        let draft = opened.working.draft.as_ref();
        let overlay = draft.and_then(|draft| draft.table(opened.id));
        Self {
            schema: opened.entry.schema,
            tree: opened.entry.tree,
            draft: draft.filter(|_| overlay.is_some()).map(|draft| (draft.revision, draft.updated_at)),
            patches: overlay.map(|overlay| overlay.patches().clone()).unwrap_or_default(),
        }
    }

    /// Names lists that are made from this state.
    fn name(&self) -> String {
        let text = format!("{:?} {} {:?}", self.tree, self.schema, self.draft);
        Hash::of(text.as_bytes()).to_string()[..32].to_owned()
    }

    /// Whether both are the same but for the draft.
    fn has_base_of(&self, other: &Self) -> bool {
        (self.schema, self.tree) == (other.schema, other.tree)
    }
}

/// The rows that a query found in a state.
struct List {
    state: State,
    keys: Matches,
}

/// Who asked what, and the list that answered.
#[derive(Clone, PartialEq, Eq)]
struct Question {
    actor: String,
    dataset: Uuid,
    table: TableId,
    query: Query,
    list: String,
}

/// Lists in memory, the last used at the end.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Vec<(Question, Arc<List>)>>);

impl Lists {
    fn lock(&self) -> MutexGuard<'_, Vec<(Question, Arc<List>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, question: &Question) -> Option<Arc<List>> {
        let mut lists = self.lock();
        let position = lists.iter().position(|(known, _)| known == question)?;
        let entry = lists.remove(position);
        let list = Arc::clone(&entry.1);
        lists.push(entry);
        Some(list)
    }

    fn put(&self, question: Question, list: Arc<List>) {
        let mut lists = self.lock();
        lists.retain(|(known, _)| *known != question);
        lists.push((question, list));
        let weight = |lists: &[(Question, Arc<List>)]| lists.iter().map(|(_, list)| list.keys.weight()).sum::<usize>();
        while lists.len() > 1 && (lists.len() > MAX_LISTS || weight(&lists) > MAX_KEPT) {
            lists.remove(0);
        }
    }
}

/// A list as it is shown over a later draft.
struct Shown<'l> {
    keys: &'l Matches,
    /// The places in the list of rows that are not there any more.
    gone: Vec<usize>,
    /// Rows that the draft has added since.
    added: Vec<Key>,
}

impl<'l> Shown<'l> {
    fn new(list: &'l List, now: &State) -> Self {
        let (then, keys) = (&list.state, &list.keys);
        if then.draft == now.draft {
            return Self { keys, gone: Vec::new(), added: Vec::new() };
        }
        let is_new = |state: &State, key: &Key| {
            state.patches.get(key).is_some_and(|patch| patch.before.is_none() && patch.after.is_some())
        };
        let removed = now.patches.iter().filter(|(_, patch)| patch.after.is_none()).map(|(key, _)| key);
        let taken_back =
            then.patches.iter().map(|(key, _)| key).filter(|key| is_new(then, key) && now.patches.get(key).is_none());
        let gone: HashSet<&[u8]> = removed.chain(taken_back).map(Key::as_bytes).collect();
        let places = if gone.is_empty() { Vec::new() } else { keys.places(|key| gone.contains(key)).collect() };
        let added = now.patches.iter().map(|(key, _)| key).filter(|key| is_new(now, key) && !is_new(then, key));
        Self { keys, gone: places, added: added.cloned().collect() }
    }

    /// How many rows of the list are still there.
    fn kept(&self) -> usize {
        self.keys.len() - self.gone.len()
    }

    fn len(&self) -> usize {
        self.kept() + self.added.len()
    }

    /// The key of the row that is shown at this place.
    fn key(&self, place: usize) -> Option<Key> {
        if place >= self.kept() {
            return self.added.get(place - self.kept()).cloned();
        }
        let mut before = 0;
        while self.gone.get(before).is_some_and(|gone| *gone <= place + before) {
            before += 1;
        }
        self.keys.get(place + before)
    }

    /// Where the row with this key is shown, or would be if it were there: in its old place, or at the end.
    fn place(&self, key: &Key) -> usize {
        if let Some(added) = self.added.iter().position(|added| added == key) {
            return self.kept() + added;
        }
        let Some(place) = self.keys.places(|bytes| bytes == key.as_bytes()).next() else { return self.len() };
        place - self.gone.partition_point(|gone| *gone < place)
    }
}

impl Hub {
    /// Up to `limit` (at most 1,000) of the rows that a query finds, from position `offset` on, the person's draft laid
    /// over the commit. The first answer reads the whole table, later ones the rows of the page.
    ///
    /// # Errors
    /// There is no such table for the person; or the filter or order can't be read, the message says where and why.
    pub async fn find(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        search: &Search,
        offset: u64,
        limit: u32,
    ) -> Result<Found, Error> {
        if search.query.is_plain() {
            let rows = self.rows(actor, place, table, offset, limit).await?;
            return Ok(Found { all: rows.total, rows, sorts: Vec::new(), list: String::new() });
        }
        let opened = self.open_table(actor, Action::Read, place, table).await?;
        let asked = Asked::read(&opened.schema, &search.query)?;
        let (now, sorts) = (State::of(&opened), asked.sorts.clone());
        let (name, list) = self.list(actor, &opened, &now, search, asked).await?;
        let Opened { working, id, entry, schema, .. } = opened;
        let revision = working.draft.as_ref().map_or(0, |draft| draft.revision);
        let all = working.draft.as_ref().map_or(entry.tree.rows, |draft| draft.rows(id, &entry));
        self.read(move |objects| {
            let table = Table::new(objects, &schema, now.tree).with_patches(&now.patches);
            let shown = Shown::new(&list, &now);
            let first = usize::try_from(offset).unwrap_or(usize::MAX);
            let rules = RowRules::new(&schema);
            let row = |key: Key| {
                let cells = table.get(&key)?.ok_or_else(|| internal("a row that was found is not there"))?;
                let patch = now.patches.get(&key);
                Ok(row_view(&schema, &rules, key, cells, patch))
            };
            let places = first..first.saturating_add(limit.min(MAX_ROWS) as usize).min(shown.len());
            let rows = places.filter_map(|place| shown.key(place)).map(row).collect::<Result<_, Error>>()?;
            let total = shown.len() as u64;
            drop(rules);
            Ok(Found { rows: RowPage { schema, total, offset, rows, revision }, all, sorts, list: name })
        })
        .await
    }

    /// The position of a row among those that a query found, or where a row with that key would stand.
    ///
    /// # Errors
    /// As [`Hub::find`].
    pub async fn position_found(
        &self,
        actor: &Actor,
        place: &Place,
        table: &str,
        search: &Search,
        key: &Key,
    ) -> Result<u64, Error> {
        if search.query.is_plain() {
            return self.position(actor, place, table, key).await;
        }
        let opened = self.open_table(actor, Action::Read, place, table).await?;
        let asked = Asked::read(&opened.schema, &search.query)?;
        let now = State::of(&opened);
        let (_, list) = self.list(actor, &opened, &now, search, asked).await?;
        let key = key.clone();
        self.read(move |_| Ok(Shown::new(&list, &now).place(&key) as u64)).await
    }

    /// The list of this name, if it is kept and the table under the draft has not changed since; else a new one.
    async fn list(
        &self,
        actor: &Actor,
        opened: &Opened,
        now: &State,
        search: &Search,
        asked: Asked,
    ) -> Result<(String, Arc<List>), Error> {
        let name = search.list.as_deref().filter(|name| name.len() <= MAX_NAME);
        let question = Question {
            actor: actor.name().to_owned(),
            dataset: opened.dataset.id,
            table: opened.id,
            query: search.query.clone(),
            list: name.map_or_else(|| now.name(), str::to_owned),
        };
        let lists = &self.shared.lists;
        let kept = lists.get(&question).filter(|list| {
            // Who asks anew wants what is there now, and under a draft's revision that is one thing.
            list.state.has_base_of(now) && (name.is_some() || list.state.draft == now.draft)
        });
        if let Some(list) = kept {
            return Ok((question.list, list));
        }
        let (schema, now) = (opened.schema.clone(), now.clone());
        let list = self
            .read(move |objects| {
                let subject = Subject { source: objects, schema: &schema, tree: now.tree, patches: &now.patches };
                let Asked { predicate, sorts } = &asked;
                let found = subject.ask(|table, range| table.matches(predicate, sorts, range), |a, b| a.merge(&b))?;
                Ok(Arc::new(List { keys: found.finish(), state: now }))
            })
            .await?;
        lists.put(question.clone(), Arc::clone(&list));
        Ok((question.list, list))
    }
}

#[cfg(test)]
mod tests {
    use versioning::{
        Column, ColumnId, Object, ObjectSource, ReadError, Row, Schema, Type, Value,
        overlay::{Overlay, Patch},
        query::{KeyRange, Predicate},
    };

    use super::*;

    /// A store without anything: all rows are those of drafts.
    struct Nothing;

    impl ObjectSource for Nothing {
        fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
            Err(ReadError::Missing { hash })
        }
    }

    fn schema() -> Schema {
        let columns = vec![Column::new(ColumnId(1), "id", Type::Integer)];
        Schema {
            columns,
            primary_key: vec![ColumnId(1)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        }
    }

    fn row(id: i64) -> Row {
        vec![Value::Integer(id)]
    }

    fn key(id: i64) -> Key {
        Key::of_row(&schema(), &row(id)).expect("a key")
    }

    /// A draft's revision in which these committed rows were changed, others removed, and new ones added.
    fn state(revision: u64, changed: &[i64], removed: &[i64], added: &[i64]) -> State {
        let patch = |before: Option<i64>, after: Option<i64>| Patch { before: before.map(row), after: after.map(row) };
        let patches = (changed.iter().map(|id| (key(*id), patch(Some(*id), Some(*id)))))
            .chain(removed.iter().map(|id| (key(*id), patch(Some(*id), None))))
            .chain(added.iter().map(|id| (key(*id), patch(None, Some(*id)))));
        let overlay = Overlay::new(&Nothing, Tree::default(), patches.collect()).expect("nothing is read");
        let patches = overlay.patches().clone();
        State { schema: Hash::of(b"schema"), tree: Tree::default(), draft: Some((revision, 0)), patches }
    }

    fn list(state: State) -> List {
        let schema = schema();
        let table = Table::new(&Nothing, &schema, Tree::default()).with_patches(&state.patches);
        let found = table.matches(&Predicate::everything(&schema), &[], &KeyRange::all()).expect("nothing is read");
        List { keys: found.finish(), state }
    }

    #[track_caller]
    fn check(list: &List, now: &State, expected: &[i64]) {
        let shown = Shown::new(list, now);
        assert_eq!(shown.len(), expected.len());
        for (place, id) in expected.iter().enumerate() {
            assert_eq!(shown.key(place), Some(key(*id)), "row {place}");
            assert_eq!(shown.place(&key(*id)), place, "row {id}");
        }
        assert_eq!(shown.key(expected.len()), None);
        assert_eq!(shown.place(&key(99)), expected.len(), "a row that is not in the list");
    }

    #[test]
    fn a_list_stays_but_for_rows_that_go_and_come() {
        let list = list(state(1, &[1, 2, 3, 5], &[9], &[4, 6]));
        check(&list, &state(1, &[1, 2, 3, 5], &[9], &[4, 6]), &[1, 2, 3, 4, 5, 6]);
        let later = state(2, &[2, 3], &[1, 5], &[0, 6, 8]);
        check(&list, &later, &[2, 3, 6, 0, 8]);
        for (gone, place) in [(1, 0), (4, 2), (5, 2)] {
            assert_eq!(Shown::new(&list, &later).place(&key(gone)), place, "where row {gone} would stand");
        }
        check(&list, &state(3, &[], &[1, 2, 3, 5], &[]), &[]);
        // All is undone: what the list found first comes back, what the draft had added does not.
        check(&list, &state(4, &[], &[], &[]), &[1, 2, 3, 5]);
    }

    #[test]
    fn the_lists_used_longest_ago_are_forgotten() {
        let question = |number: usize| Question {
            actor: "ada".to_owned(),
            dataset: Uuid::nil(),
            table: TableId(1),
            query: Query::default(),
            list: number.to_string(),
        };
        let (lists, one) = (Lists::default(), Arc::new(list(state(1, &[1], &[], &[]))));
        for number in 0..=MAX_LISTS {
            lists.put(question(number), Arc::clone(&one));
            assert!(lists.get(&question(0)).is_some(), "it is used all the time");
        }
        assert!(lists.get(&question(1)).is_none());
        assert!(lists.get(&question(MAX_LISTS)).is_some());
        let someone = Question { actor: "eve".to_owned(), ..question(0) };
        assert!(lists.get(&someone).is_none(), "nobody sees the list of another");
    }
}
