//! Histories of tables and rows, and blame, against their definitions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use versioning::{
    Column, ColumnId, Hash, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, Type, Value,
    history::{Blame, Clocks, Cursor, Filter, Paging, RowChange, blame, blame_page, log, row_history},
};

use crate::{
    common::{Memory, column, entry, product, products, rows},
    world::{ALL, Graph, Shape, shapes, store},
};

const TABLE: TableId = TableId(1);
/// The rows that are edited; far from each other in a tree of some levels.
const WATCHED: [i64; 5] = [0, 1, 900, 1_700, 5_000];
const FILLERS: i64 = 1_800;

/// What a commit has, in plain words.
#[derive(Clone, Debug, PartialEq)]
struct State {
    name: String,
    schema: Schema,
    tree: Tree,
    /// The watched rows, without nulls; numbers are whole numbers, whatever the type of their column is.
    rows: BTreeMap<i64, BTreeMap<ColumnId, Value>>,
}

impl State {
    fn row(&self, id: i64) -> Option<Row> {
        Some(in_types(&self.schema, self.rows.get(&id)?))
    }

    fn key(&self, id: i64) -> Key {
        let cells = BTreeMap::from([(ColumnId(7), Value::Integer(id))]);
        entry(&self.schema, in_types(&self.schema, &cells)).0
    }

    /// All rows, with the fillers.
    fn all(&self) -> BTreeMap<Key, Row> {
        let old = products();
        let fillers = fillers().into_values().map(|row| {
            let cells = old.columns.iter().map(|column| column.id).zip(row).collect();
            in_types(&self.schema, &cells)
        });
        let watched = WATCHED.iter().filter_map(|id| self.row(*id));
        fillers.chain(watched).map(|row| entry(&self.schema, row)).collect()
    }

    fn store(&self, memory: &mut Memory) -> Hash {
        let schema = store(memory, Object::Schema(self.schema.clone()));
        let entry = TableEntry { name: self.name.clone(), schema, tree: self.tree };
        store(memory, Object::Root(Root { tables: BTreeMap::from([(TABLE, entry)]) }))
    }
}

/// A row with its cells in the types of their columns.
fn in_types(schema: &Schema, cells: &BTreeMap<ColumnId, Value>) -> Row {
    let cell = |column: &Column| {
        let value = cells.get(&column.id).cloned().unwrap_or_default();
        value.cast(column.ty).expect("columns get types that have all their values")
    };
    schema.columns.iter().map(cell).collect()
}

fn fillers() -> BTreeMap<Key, Row> {
    rows(&products(), (0..FILLERS).filter(|id| !WATCHED.contains(id)))
}

#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Set { row: usize, column: usize, value: i64 },
    Delete { row: usize },
    AddColumn,
    DropColumn,
    Retype { column: usize, ty: usize },
    Rename,
    RenameTable,
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Nothing),
        8 => (0..5_usize, 1..4_usize, 0..3_i64).prop_map(|(row, column, value)| Change::Set { row, column, value }),
        2 => (0..5_usize).prop_map(|row| Change::Delete { row }),
        1 => Just(Change::AddColumn),
        1 => Just(Change::DropColumn),
        2 => (0..4_usize, 0..3_usize).prop_map(|(column, ty)| Change::Retype { column, ty }),
        1 => Just(Change::Rename),
        1 => Just(Change::RenameTable),
    ]
}

fn apply(state: &mut State, change: &Change, number: usize) {
    match change {
        Change::Nothing => {}
        Change::Set { row, column, value } => {
            let id = WATCHED[*row];
            let column = &state.schema.columns[*column % state.schema.columns.len()];
            let value = match column.id {
                ColumnId(3) => Value::Text(format!("text {value}")),
                ColumnId(7) => Value::Integer(id),
                _ => Value::Integer(*value),
            };
            let id_cell = (ColumnId(7), Value::Integer(id));
            state.rows.entry(id).or_insert_with(|| BTreeMap::from([id_cell])).insert(column.id, value);
        }
        Change::Delete { row } => {
            state.rows.remove(&WATCHED[*row]);
        }
        Change::AddColumn => {
            let id = 100 + number as u64;
            state.schema.columns.push(column(id, &format!("column {id}"), Type::Integer));
        }
        Change::DropColumn => {
            if state.schema.columns.len() > 3
                && let Some(gone) = state.schema.columns.pop()
            {
                state.rows.values_mut().for_each(|cells| {
                    cells.remove(&gone.id);
                });
            }
        }
        Change::Retype { column, ty } => {
            let count = state.schema.columns.len();
            let column = &mut state.schema.columns[column % count];
            // Types that have all values of the column.
            let types = match column.id {
                ColumnId(3) => [Type::Text; 3],
                ColumnId(5) => [Type::Decimal, Type::Text, Type::Json],
                _ => [Type::Integer, Type::Text, Type::Decimal],
            };
            column.ty = types[*ty];
        }
        Change::Rename => state.schema.columns[1].name = format!("name {number}"),
        Change::RenameTable => state.name = format!("table {number}"),
    }
}

struct World {
    memory: Memory,
    graph: Graph,
    states: Vec<State>,
}

fn world(shapes: &[Shape], steps: &[(Change, usize)], honest: bool) -> World {
    let (mut memory, mut graph, mut states) = (Memory::default(), Graph::new(), Vec::<State>::new());
    let schema = products();
    let filled = memory.build(&schema, &fillers());
    let empty = State { name: "products".into(), schema, tree: filled, rows: BTreeMap::new() };
    for (number, shape) in shapes.iter().enumerate() {
        let (change, pick) = steps[number % steps.len()].clone();
        // The graph knows the parents only once the commit is there: this one is for looking.
        let mut look = Graph { hashes: graph.hashes.clone(), parents: Vec::new(), times: graph.times.clone() };
        look.add(&mut memory, shape, honest, Hash::of(b""));
        let parents = look.parents.pop().expect("one was added");
        let before = parents.first().map_or(&empty, |parent| &states[*parent]).clone();
        let mut state = before.clone();
        // A merge takes each watched row, or single cells, from one of its parents.
        for (turn, id) in WATCHED.iter().enumerate() {
            if let Some(other) = parents.get((pick >> turn) % parents.len().max(1))
                && states[*other].schema == state.schema
            {
                let theirs = states[*other].rows.get(id).cloned();
                match (theirs, state.rows.get_mut(id)) {
                    (Some(theirs), Some(ours)) if pick & 1 == 1 => {
                        ours.extend(theirs.into_iter().filter(|(column, _)| *column == ColumnId(3)));
                    }
                    (Some(theirs), _) => {
                        state.rows.insert(*id, theirs);
                    }
                    (None, _) => {
                        state.rows.remove(id);
                    }
                }
            }
        }
        apply(&mut state, &change, number);
        state.tree = if let Change::Retype { .. } = change {
            memory.build(&state.schema, &state.all())
        } else {
            let changed = WATCHED.iter().filter(|id| before.row(**id) != state.row(**id));
            let edits: BTreeMap<Key, Option<Row>> = changed.map(|id| (state.key(*id), state.row(*id))).collect();
            memory.edit(&state.schema, before.tree, edits.into_iter().collect())
        };
        let root = state.store(&mut memory);
        graph.add(&mut memory, shape, honest, root);
        states.push(state);
    }
    World { memory, graph, states }
}

fn key(id: i64) -> Key {
    entry(&products(), product(id, "", 0)).0
}

impl World {
    fn head(&self) -> Hash {
        self.graph.hashes[self.graph.head()]
    }

    /// The row's key at the head.
    fn key(&self, id: i64) -> Key {
        self.states[self.graph.head()].key(id)
    }

    /// Whether it is known under which key the row is at a parent: where keys are of another type there, from its cells.
    fn carries(&self, commit: usize, parent: usize, id: i64) -> bool {
        let (here, there) = (&self.states[commit], &self.states[parent]);
        let key_type = |state: &State| state.schema.column(ColumnId(7)).map(|column| column.ty);
        here.rows.contains_key(&id) || key_type(here) == key_type(there)
    }

    /// Whether a row is the same at a commit and a parent, by definition.
    fn is_same_row(&self, commit: usize, parent: usize, id: i64) -> bool {
        let (here, there) = (&self.states[commit], &self.states[parent]);
        match (here.rows.get(&id), there.rows.get(&id)) {
            (None, None) => true,
            (None, Some(_)) => !self.carries(commit, parent, id),
            (Some(row), Some(before)) => {
                here.schema.columns.iter().all(|column| row.get(&column.id) == before.get(&column.id))
            }
            _ => false,
        }
    }

    fn is_same_table(&self, commit: usize, parent: usize) -> bool {
        let (here, there) = (&self.states[commit], &self.states[parent]);
        (&here.name, &here.schema, here.tree) == (&there.name, &there.schema, there.tree)
    }

    /// The commits listed, by definition, in order.
    fn simplified(
        &self,
        is_same: &dyn Fn(usize, usize) -> bool,
        carries: &dyn Fn(usize, usize) -> bool,
        begins: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let follow = |commit: usize| {
            let parents = &self.graph.parents[commit];
            let followed = match parents.iter().find(|parent| is_same(commit, **parent)) {
                Some(same) => vec![*same],
                None => parents.clone(),
            };
            followed.into_iter().filter(|parent| carries(commit, *parent)).collect::<Vec<_>>()
        };
        let reached = self.graph.reach(self.graph.head(), &follow);
        let listed = |commit: &usize| {
            let parents = &self.graph.parents[*commit];
            if parents.is_empty() { begins(*commit) } else { !parents.iter().any(|parent| is_same(*commit, *parent)) }
        };
        self.graph.order(reached, &follow).into_iter().filter(listed).collect()
    }

    fn row_history(&self, id: i64, paging: Paging) -> Vec<RowChange> {
        let (mut entries, mut next) = (Vec::new(), Some(Cursor::new(self.head())));
        while let Some(cursor) = next {
            let page = row_history(&self.memory, &cursor, TABLE, &self.key(id), paging).expect("all is there");
            entries.extend(page.entries);
            next = page.next;
        }
        entries
    }

    fn log(&self, filter: &Filter, paging: Paging) -> Vec<Hash> {
        let (mut entries, mut next) = (Vec::new(), Some(Cursor::new(self.head())));
        while let Some(cursor) = next {
            let page = log(&self.memory, &cursor, filter, paging).expect("all is there");
            entries.extend(page.entries);
            next = page.next;
        }
        entries
    }

    /// Blame by its definition.
    fn blame(&self, commit: usize, id: i64, column: ColumnId) -> usize {
        let cell = |commit: usize| {
            let state = &self.states[commit];
            state.schema.column(column)?;
            Some(state.rows.get(&id)?.get(&column).cloned().unwrap_or_default())
        };
        let here = cell(commit);
        let has = self.graph.parents[commit].iter().find(|parent| cell(**parent) == here);
        has.map_or(commit, |parent| self.blame(*parent, id, column))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn h3_row_history_and_filtered_logs_are_as_defined(
        shapes in shapes(20),
        steps in prop::collection::vec((changes(), 0..64_usize), 20),
        honest: bool,
        limit in 1..4_usize,
        budget in 1..6_usize,
    ) {
        let world = world(&shapes, &steps, honest);
        let clocks = if honest { Clocks::Honest } else { Clocks::Skewed };
        for paging in [Paging { clocks, ..ALL }, Paging { limit, budget, clocks }] {
            let is_same = |commit, parent| world.is_same_table(commit, parent);
            let expected = world.simplified(&is_same, &|_, _| true, &|_| true);
            prop_assert_eq!(world.log(&Filter::Table(TABLE), paging), world.graph.names(&expected));
            prop_assert_eq!(world.log(&Filter::Table(TableId(9)), paging), []);
            for id in WATCHED {
                let is_same = |commit, parent| world.is_same_row(commit, parent, id);
                let carries = |commit, parent| world.carries(commit, parent, id);
                let begins = |commit: usize| world.states[commit].rows.contains_key(&id);
                let expected = world.simplified(&is_same, &carries, &begins);
                prop_assert_eq!(world.log(&Filter::Row(TABLE, world.key(id)), paging), world.graph.names(&expected));
                let history = world.row_history(id, paging);
                prop_assert_eq!(history.len(), expected.len());
                for (change, commit) in history.iter().zip(expected) {
                    prop_assert_eq!(change.commit, world.graph.hashes[commit]);
                    prop_assert_eq!(&change.key, &world.states[commit].key(id));
                    let after = world.states[commit].row(id);
                    prop_assert_eq!(change.after.as_ref().map(|version| &version.row), after.as_ref());
                    let first = world.graph.parents[commit].first().map(|parent| &world.states[*parent]);
                    let before = first.and_then(|state| state.row(id));
                    prop_assert_eq!(change.before.as_ref().map(|version| &version.row), before.as_ref());
                    let here = &world.states[commit];
                    let cells: Vec<ColumnId> = here.schema.columns.iter().map(|column| column.id).filter(|column| {
                        let there = first.and_then(|state| state.rows.get(&id)?.get(column));
                        here.rows.get(&id).is_some_and(|row| row.get(column) != there)
                    }).collect();
                    prop_assert_eq!(&change.cells, &cells);
                }
            }
        }
    }

    #[test]
    fn h2_blame_is_as_defined_in_one_go_or_in_steps(
        shapes in shapes(20),
        steps in prop::collection::vec((changes(), 0..64_usize), 20),
        honest: bool,
        budget in 1..6_usize,
    ) {
        let world = world(&shapes, &steps, honest);
        let keys: Vec<Key> = WATCHED.iter().rev().map(|id| world.key(*id)).collect();
        let whole = blame_page(&world.memory, world.head(), TABLE, &keys, usize::MAX).expect("all is there");
        prop_assert!(whole.is_complete());
        let mut stepped = Blame::new(&world.memory, world.head(), TABLE, &keys).expect("all is there");
        while !stepped.step(&world.memory, budget).expect("all is there") {
            let text = serde_json::to_string(&stepped).expect("it can be kept");
            stepped = serde_json::from_str(&text).expect("it can be taken up again");
        }
        prop_assert_eq!(whole.rows(), stepped.rows());
        let head = world.graph.head();
        for (row, id) in whole.rows().iter().zip(WATCHED.iter().rev()) {
            prop_assert_eq!(row.exists, world.states[head].rows.contains_key(id));
            for (commit, column) in row.commits.iter().zip(whole.columns()) {
                let expected = row.exists.then(|| world.graph.hashes[world.blame(head, *id, *column)]);
                prop_assert_eq!(*commit, expected, "row {} column {}", id, column);
            }
        }
    }
}

/// A line of commits, each with its own state.
struct Line {
    memory: Memory,
    graph: Graph,
}

impl Line {
    fn new() -> Self {
        Self { memory: Memory::default(), graph: Graph::new() }
    }

    fn commit(&mut self, schema: &Schema, tree: Tree) -> Hash {
        let state = State { name: "products".into(), schema: schema.clone(), tree, rows: BTreeMap::new() };
        let root = state.store(&mut self.memory);
        let number = self.graph.add(&mut self.memory, &Shape { parents: vec![0], time: 1 }, true, root);
        self.graph.hashes[number]
    }

    fn states(&self, key: &Key) -> Vec<(Hash, Key)> {
        let head = Cursor::new(self.graph.hashes[self.graph.head()]);
        let mut next = Some(head);
        let mut states = Vec::new();
        while let Some(cursor) = next {
            // Cursors are sent as text, with the keys that were carried.
            let cursor: Cursor = cursor.to_string().parse().expect("a cursor");
            let paging = Paging { budget: 1, ..ALL };
            let page = row_history(&self.memory, &cursor, TABLE, key, paging).expect("all is there");
            states.extend(page.entries.into_iter().map(|change| (change.commit, change.key)));
            next = page.next;
        }
        states
    }
}

#[test]
fn h3_a_changed_primary_key_carries_the_history_on() {
    let by_id = products();
    let by_name = Schema { primary_key: vec![ColumnId(3)], ..by_id.clone() };
    let mut line = Line::new();
    let build = |line: &mut Line, schema: &Schema, rows: Vec<Row>| {
        line.memory.build(schema, &rows.into_iter().map(|row| entry(schema, row)).collect())
    };
    let all = |price| vec![product(1, "zebra", price), product(2, "ant", 7), product(3, "cow", 8)];
    let tree = build(&mut line, &by_id, all(5));
    let first = line.commit(&by_id, tree);
    let tree = build(&mut line, &by_id, all(6));
    let second = line.commit(&by_id, tree);
    let tree = build(&mut line, &by_name, all(6));
    let third = line.commit(&by_name, tree);
    let tree = build(&mut line, &by_name, all(9));
    let fourth = line.commit(&by_name, tree);
    let (id, name) = (entry(&by_id, product(1, "zebra", 1)).0, entry(&by_name, product(1, "zebra", 1)).0);
    let expected = [(fourth, name.clone()), (second, id.clone()), (first, id)];
    assert_eq!(line.states(&name), expected);
    let keys: Vec<Key> = all(9).into_iter().map(|row| entry(&by_name, row).0).collect();
    let blamed = blame_page(&line.memory, fourth, TABLE, &keys, 100).expect("all is there");
    let commits: Vec<&[Option<Hash>]> = blamed.rows().iter().map(|row| &row.commits[..]).collect();
    let old = [Some(first); 3];
    assert_eq!(commits, [&[Some(first), Some(first), Some(fourth)][..], &old, &old]);
    // A key whose type changed is read in the type before; the cell is only converted, so the commit changed no row.
    let mut by_text = by_name.clone();
    by_text.primary_key = vec![ColumnId(7)];
    by_text.columns[0].ty = Type::Text;
    let texts = all(9).into_iter().map(|mut row| {
        row[0] = Value::Text(row[0].to_string());
        row
    });
    let tree = build(&mut line, &by_text, texts.clone().collect());
    let fifth = line.commit(&by_text, tree);
    let text = entry(&by_text, texts.clone().next().expect("three")).0;
    assert_eq!(line.states(&text), expected);
    let blamed = blame(&line.memory, fifth, TABLE, &text, 100).expect("all is there");
    assert_eq!(blamed.rows()[0].commits, [Some(first), Some(first), Some(fourth)]);
    assert_ne!(third, fourth);
}

#[test]
fn h3_a_retyped_key_carries_the_history_on_whatever_the_types() {
    for (before, after, text) in [
        (Type::Integer, Type::Text, "7"),
        (Type::Text, Type::Integer, "7"),
        (Type::Integer, Type::Boolean, "1"),
        (Type::Boolean, Type::Integer, "true"),
        (Type::Boolean, Type::Decimal, "false"),
        (Type::Decimal, Type::Float, "-0.5"),
        (Type::Float, Type::Decimal, "1e20"),
        (Type::Date, Type::Timestamp, "2026-11-22"),
        (Type::Timestamp, Type::Date, "2026-11-22T00:00:00Z"),
        (Type::Choice, Type::Link, "some"),
    ] {
        let schema = |ty: Type| Schema {
            columns: vec![column(1, "id", ty), column(2, "name", Type::Text)],
            primary_key: vec![ColumnId(1)],
            ..products()
        };
        let id = before.parse(text).expect("a value");
        let row = |ty: Type, name: &str| {
            let id = id.cast(ty).expect("the other type has the value");
            entry(&schema(ty), vec![id, Value::Text(name.to_owned())])
        };
        let mut line = Line::new();
        let commits = [(before, "a"), (after, "a"), (after, "b")].map(|(ty, name)| {
            let tree = line.memory.build(&schema(ty), &BTreeMap::from([row(ty, name)]));
            line.commit(&schema(ty), tree)
        });
        let (old, new) = (row(before, "a").0, row(after, "b").0);
        let expected = [(commits[2], new.clone()), (commits[0], old)];
        assert_eq!(line.states(&new), expected, "{before} to {after}");
        let blamed = blame(&line.memory, commits[2], TABLE, &new, 9).expect("all is there");
        assert_eq!(blamed.rows()[0].commits, [Some(commits[0]), Some(commits[2])], "{before} to {after}");
    }
}

#[test]
fn h2_h3_a_cell_that_is_only_converted_is_no_change() {
    let decimals = products();
    let mut texts = decimals.clone();
    texts.columns[2].ty = Type::Text;
    let retyped = |row: Row| {
        let price = row[2].cast(Type::Text).expect("numbers are texts");
        vec![row[0].clone(), row[1].clone(), price]
    };
    let mut line = Line::new();
    let tree = line.memory.build(&decimals, &rows(&decimals, 0..9));
    let first = line.commit(&decimals, tree);
    // One commit converts all prices, and changes the price of row 4 and the name of row 5.
    let mut converted = rows(&decimals, 0..9);
    converted.extend([entry(&decimals, product(4, "product 4", 99)), entry(&decimals, product(5, "other", 35))]);
    let converted = converted.into_values().map(|row| entry(&texts, retyped(row))).collect();
    let tree = line.memory.build(&texts, &converted);
    let second = line.commit(&texts, tree);
    let cells = |id: i64| {
        let page = row_history(&line.memory, &Cursor::new(second), TABLE, &key(id), ALL).expect("all is there");
        page.entries.into_iter().map(|change| (change.commit, change.cells)).collect::<Vec<_>>()
    };
    let added = (first, vec![ColumnId(7), ColumnId(3), ColumnId(5)]);
    assert_eq!(cells(3), vec![added.clone()]);
    assert_eq!(cells(4), [(second, vec![ColumnId(5)]), added.clone()]);
    assert_eq!(cells(5), [(second, vec![ColumnId(3)]), added]);
    let blamed = blame_page(&line.memory, second, TABLE, &[key(3), key(4), key(5)], 9).expect("all is there");
    let commits: Vec<_> = blamed.rows().iter().map(|row| row.commits.clone()).collect();
    let [old, new] = [first, second].map(Some);
    assert_eq!(commits, [[old, old, old], [old, old, new], [old, new, old]]);
}

#[test]
fn h3_a_key_of_columns_that_are_new_begins_the_history_where_it_can_not_be_told() {
    let old = products();
    let mut new = old.clone();
    new.columns.push(column(11, "code", Type::Integer));
    new.columns.remove(0);
    new.primary_key = vec![ColumnId(11)];
    let mut line = Line::new();
    let tree = line.memory.build(&old, &rows(&old, 0..9));
    line.commit(&old, tree);
    let row = |id: i64| vec![Value::Text(format!("product {id}")), Value::Null, Value::Integer(id)];
    let tree = line.memory.build(&new, &(0..9).map(|id| entry(&new, row(id))).collect());
    let second = line.commit(&new, tree);
    let key = entry(&new, row(4)).0;
    assert_eq!(line.states(&key), [(second, key.clone())]);
    let blamed = blame(&line.memory, second, TABLE, &key, 9).expect("all is there");
    assert_eq!(blamed.rows()[0].commits, [Some(second); 3]);
    // Where there is no row there is nothing to carry.
    let nowhere = entry(&new, row(77)).0;
    assert_eq!(line.states(&nowhere), []);
}

#[test]
fn h2_an_added_column_is_blamed_on_its_commit_and_rows_that_are_gone_on_nothing() {
    let old = products();
    let mut new = old.clone();
    new.columns.push(column(11, "stock", Type::Integer));
    let mut line = Line::new();
    let tree = line.memory.build(&old, &rows(&old, 0..2_000));
    let first = line.commit(&old, tree);
    let second = line.commit(&new, tree);
    let mut row = product(5, "product 5", 35);
    row.push(Value::Integer(3));
    let (fifth, row) = entry(&new, row);
    let tree = line.memory.edit(&new, tree, vec![(fifth.clone(), Some(row))]);
    let third = line.commit(&new, tree);
    let keys = [fifth, key(6), key(1_999), key(7_777), key(6)];
    let blamed = blame_page(&line.memory, third, TABLE, &keys, 100).expect("all is there");
    let of = |last| vec![Some(first), Some(first), Some(first), Some(last)];
    let commits: Vec<_> = blamed.rows().iter().map(|row| row.commits.clone()).collect();
    assert_eq!(commits, [of(third), of(second), of(second), vec![None; 4], of(second)]);
    assert_eq!(blamed.rows().iter().map(|row| row.exists).collect::<Vec<_>>(), [true, true, true, false, true]);
    // A row's history does not list what a schema change did to all rows.
    assert_eq!(line.states(&key(6)), [(first, key(6))]);
    // No table: nothing to blame, nothing fails.
    let none = blame_page(&line.memory, third, TableId(9), &keys, 100).expect("all is there");
    assert!(none.is_complete() && none.columns().is_empty());
    let many = vec![key(1); 257];
    assert!(blame_page(&line.memory, third, TABLE, &many, 100).is_err());
}

#[test]
fn h2_the_cost_follows_the_row_not_the_table() {
    let schema = products();
    let mut line = Line::new();
    let mut tree = line.memory.build(&schema, &rows(&schema, 0..60_000));
    line.commit(&schema, tree);
    for number in 0..200 {
        let id = if number % 50 == 0 { 30_000 } else { number * 211 % 29_000 };
        tree = line.memory.edit(
            &schema,
            tree,
            vec![{
                let (key, row) = entry(&schema, product(id, "changed", number));
                (key, Some(row))
            }],
        );
        line.commit(&schema, tree);
    }
    let head = line.graph.hashes[line.graph.head()];
    line.memory.reads();
    let history = row_history(&line.memory, &Cursor::new(head), TABLE, &key(30_000), ALL).expect("all is there");
    assert_eq!(history.entries.len(), 5);
    // Commit, root and root node of each commit, and more where a row nearby changed.
    let reads = line.memory.reads();
    assert!(reads < 201 * 4, "{reads} reads");
    let blamed = blame(&line.memory, head, TABLE, &key(30_000), usize::MAX).expect("all is there");
    assert!(blamed.is_complete());
    let reads = line.memory.reads();
    assert!(reads < 201 * 4, "{reads} reads");
}

#[test]
fn h2_blame_goes_on_after_an_error() {
    let schema = products();
    let mut line = Line::new();
    let mut tree = line.memory.build(&schema, &rows(&schema, 0..10));
    for number in 0..5 {
        let (key, row) = entry(&schema, product(number, "changed", number));
        tree = line.memory.edit(&schema, tree, vec![(key, Some(row))]);
        line.commit(&schema, tree);
    }
    let head = line.graph.hashes[line.graph.head()];
    let keys: Vec<Key> = (0..10).map(key).collect();
    let whole = blame_page(&line.memory, head, TABLE, &keys, 100).expect("all is there");
    let root = line.memory.commit_root(line.graph.hashes[2]);
    let bytes = line.memory.chunks.remove(&root).expect("it was there");
    let mut blamed = Blame::new(&line.memory, head, TABLE, &keys).expect("the head is there");
    assert!(blamed.step(&line.memory, 100).is_err());
    line.memory.chunks.insert(root, bytes);
    assert!(blamed.step(&line.memory, 100).expect("all is there again"));
    assert_eq!(blamed.rows(), whole.rows());
    let stops: BTreeSet<Hash> = Blame::new(&line.memory, head, TABLE, &keys).expect("all").stopped_at().collect();
    assert_eq!(stops, BTreeSet::from([head]));
}

impl Memory {
    fn commit_root(&self, commit: Hash) -> Hash {
        let source: &dyn ObjectSource = self;
        source.commit(commit).expect("all is there").root
    }
}

#[test]
fn h2_a_cell_that_is_only_the_fill_is_blamed_on_the_commit_that_added_the_column() {
    let old = products();
    let mut new = old.clone();
    let mut stock = column(11, "stock", Type::Integer);
    stock.fill = Value::Integer(4);
    new.columns.push(stock);
    let mut line = Line::new();
    let tree = line.memory.build(&old, &rows(&old, 0..2_000));
    let first = line.commit(&old, tree);
    let second = line.commit(&new, tree);
    let mut row = product(5, "product 5", 35);
    row.push(Value::Integer(3));
    let (fifth, row) = entry(&new, row);
    let tree = line.memory.edit(&new, tree, vec![(fifth.clone(), Some(row))]);
    let third = line.commit(&new, tree);
    let blamed = blame_page(&line.memory, third, TABLE, &[key(6), fifth.clone()], 9).expect("all is there");
    let of = |last| vec![Some(first), Some(first), Some(first), Some(last)];
    assert_eq!(blamed.rows().iter().map(|row| row.commits.clone()).collect::<Vec<_>>(), [of(second), of(third)]);
    assert_eq!(line.states(&key(6)), [(first, key(6))]);
    assert_eq!(line.states(&fifth), [(third, fifth.clone()), (first, fifth)]);
}
