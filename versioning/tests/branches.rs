//! Branches of one table, edited, evolved and merged in any order, against a model in plain maps.

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::{Memory, Writes, column};
use proptest::prelude::*;
use versioning::{
    Column, ColumnId, Commit, Hash, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Tree, Type,
    Value,
    diff::Diff,
    evolve::{self, Operation},
    history::merge_bases,
    merge::{Choice, Options, Resolutions, Scope, ScopeRule, Sides, merge},
};

const TABLE: TableId = TableId(1);
const ID: ColumnId = ColumnId(1);
/// Rows at the start: some leaves of them.
const ROWS: i64 = 900;

/// What a table holds, in plain words.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    /// Name and fill of all columns but the key's.
    columns: BTreeMap<ColumnId, (String, i64)>,
    /// Each row has a cell for each column.
    rows: BTreeMap<i64, BTreeMap<ColumnId, i64>>,
}

impl State {
    fn start() -> Self {
        let columns = [2, 3, 4].map(|id| (ColumnId(id), (format!("column {id}"), 0)));
        let cells = |id: i64| columns.iter().map(|(column, _)| (*column, id % 7)).collect();
        Self { rows: (0..ROWS).map(|id| (id, cells(id))).collect(), columns: BTreeMap::from(columns.clone()) }
    }

    fn filled(&self) -> BTreeMap<ColumnId, i64> {
        self.columns.iter().map(|(id, (_, fill))| (*id, *fill)).collect()
    }

    /// The column that a step means, if there is any.
    fn pick(&self, number: usize) -> Option<ColumnId> {
        self.columns.keys().nth(number % self.columns.len().max(1)).copied()
    }

    fn cell(&self, id: i64, column: ColumnId) -> Option<i64> {
        self.rows.get(&id)?.get(&column).copied()
    }

    /// Whether a column or any cell of it is not what it was.
    fn has_edited(&self, before: &Self, column: ColumnId) -> bool {
        let fill = self.columns.get(&column).map(|(_, fill)| *fill);
        let is_edited = |id: &i64| match before.cell(*id, column) {
            Some(old) => self.cell(*id, column) != Some(old),
            None => self.cell(*id, column) != fill,
        };
        self.columns.get(&column) != before.columns.get(&column) || self.rows.keys().any(is_edited)
    }
}

/// A plain merge, cell by cell; where both can't be had, ours.
fn merged(base: &State, ours: &State, theirs: &State) -> State {
    let mut merged = State::default();
    let ids: BTreeSet<ColumnId> = ours.columns.keys().chain(theirs.columns.keys()).copied().collect();
    for id in ids {
        let [b, o, t] = [base, ours, theirs].map(|state| state.columns.get(&id));
        let column = match (b, o, t) {
            (Some(b), Some(o), Some(t)) => Some(if o == b { t } else { o }),
            (None, Some(o), _) => Some(o),
            (None, None, t) => t,
            // M9: one side dropped it. Ours stands where theirs edited it.
            (Some(_), Some(o), None) => ours.has_edited(base, id).then_some(o),
            (Some(_), None, _) => None,
        };
        merged.columns.extend(column.map(|column| (id, column.clone())));
    }
    let ids: BTreeSet<i64> = ours.rows.keys().chain(theirs.rows.keys()).copied().collect();
    for id in ids {
        let is_deleted = match (ours.rows.contains_key(&id), theirs.rows.contains_key(&id)) {
            (true, true) => false,
            // Deleted by ours: stays so, edited or not.
            (false, _) => base.rows.contains_key(&id),
            (true, false) => {
                let changed = |column: &ColumnId| {
                    let was_dropped = base.columns.contains_key(column) && !theirs.columns.contains_key(column);
                    let before = base.cell(id, *column).or_else(|| merged.columns.get(column).map(|(_, fill)| *fill));
                    !was_dropped && ours.columns.contains_key(column) && ours.cell(id, *column) != before
                };
                base.rows.contains_key(&id) && !merged.columns.keys().any(changed)
            }
        };
        if is_deleted {
            continue;
        }
        let cell = |(column, (_, fill)): (&ColumnId, &(String, i64))| {
            let before = if base.columns.contains_key(column) { base.cell(id, *column) } else { Some(*fill) };
            let value = match (ours.cell(id, *column), theirs.cell(id, *column)) {
                (Some(ours), Some(theirs)) if before == Some(ours) => theirs,
                (Some(ours), _) => ours,
                (None, Some(theirs)) => theirs,
                (None, None) => *fill,
            };
            (*column, value)
        };
        merged.rows.insert(id, merged.columns.iter().map(cell).collect());
    }
    merged
}

#[derive(Clone, Debug)]
enum Step {
    Branch { from: usize },
    Merge { into: usize, from: usize },
    Set { branch: usize, column: usize, row: i64, count: i64, value: i64 },
    Delete { branch: usize, row: i64, count: i64 },
    AddColumn { branch: usize, fill: i64 },
    DropColumn { branch: usize, column: usize },
    RenameColumn { branch: usize, column: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let row = || 0..ROWS + 100;
    let branch = || 0..6_usize;
    let count = || prop_oneof![4 => 1..4_i64, 1 => 1..400_i64];
    prop_oneof![
        2 => branch().prop_map(|from| Step::Branch { from }),
        4 => (branch(), branch()).prop_map(|(into, from)| Step::Merge { into, from }),
        8 => (branch(), 0..4_usize, row(), count(), 0..5_i64)
            .prop_map(|(branch, column, row, count, value)| Step::Set { branch, column, row, count, value }),
        3 => (branch(), row(), count()).prop_map(|(branch, row, count)| Step::Delete { branch, row, count }),
        1 => (branch(), 0..3_i64).prop_map(|(branch, fill)| Step::AddColumn { branch, fill }),
        1 => (branch(), 0..4_usize).prop_map(|(branch, column)| Step::DropColumn { branch, column }),
        1 => (branch(), 0..4_usize).prop_map(|(branch, column)| Step::RenameColumn { branch, column }),
    ]
}

struct World {
    memory: Memory,
    commits: Vec<(Hash, Root, State)>,
    numbers: HashMap<Hash, usize>,
    /// The commit that each branch names.
    heads: Vec<usize>,
}

impl World {
    fn new() -> Self {
        let state = State::start();
        let columns: Vec<Column> = state.columns.iter().map(|(id, (name, fill))| filled(*id, name, *fill)).collect();
        let schema = Schema {
            columns: std::iter::once(column(1, "id", Type::Integer)).chain(columns).collect(),
            primary_key: vec![ID],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        };
        let mut memory = Memory::default();
        let tree = memory.build(&schema, &rows(&schema, &state));
        let schema = Object::Schema(schema).store(&mut memory).expect("memory takes all");
        let root = Root { tables: [(TABLE, TableEntry { name: "t".into(), schema, tree })].into() };
        let mut world = Self { memory, commits: Vec::new(), numbers: HashMap::new(), heads: Vec::new() };
        let first = world.commit(Vec::new(), root, state);
        world.heads.push(first);
        world
    }

    fn commit(&mut self, parents: Vec<usize>, root: Root, state: State) -> usize {
        let stored = Object::Root(root.clone()).store(&mut self.memory).expect("memory takes all");
        let number = self.commits.len();
        let commit = Commit {
            root: stored,
            parents: parents.iter().map(|parent| self.commits[*parent].0).collect(),
            author: "ada".into(),
            time: number as i64,
            message: String::new(),
        };
        let hash = Object::Commit(commit).store(&mut self.memory).expect("memory takes all");
        self.commits.push((hash, root, state));
        self.numbers.insert(hash, number);
        number
    }

    fn branch(&self, number: usize) -> usize {
        number % self.heads.len()
    }

    fn entry(&self, commit: usize) -> (Schema, Tree) {
        let source: &dyn ObjectSource = &self.memory;
        let entry = &self.commits[commit].1.tables[&TABLE];
        (source.schema(entry.schema).expect("the schema is there"), entry.tree)
    }

    /// Commits what a change of the head's rows makes of them.
    fn edit(&mut self, branch: usize, change: impl FnOnce(&mut State)) {
        let head = self.heads[branch];
        let (schema, tree) = self.entry(head);
        let (_, mut root, before) = self.commits[head].clone();
        let mut after = before.clone();
        change(&mut after);
        let ids: BTreeSet<i64> = before.rows.keys().chain(after.rows.keys()).copied().collect();
        let changed = ids.into_iter().filter(|id| before.rows.get(id) != after.rows.get(id));
        let edits = changed.map(|id| (key(&schema, id), after.rows.get(&id).map(|cells| row(&schema, id, cells))));
        let tree = self.memory.edit(&schema, tree, edits.collect());
        root.tables.get_mut(&TABLE).expect("the table is there").tree = tree;
        self.heads[branch] = self.commit(vec![head], root, after);
    }

    fn evolve(&mut self, branch: usize, operation: &Operation, change: impl FnOnce(&mut State)) {
        let head = self.heads[branch];
        let mut writes = Writes(Vec::new());
        let root = evolve::apply(&self.memory, &mut writes, &self.commits[head].1, operation).expect("it can be done");
        self.memory.chunks.extend(writes.0);
        let mut after = self.commits[head].2.clone();
        change(&mut after);
        self.heads[branch] = self.commit(vec![head], root, after);
    }

    fn merge(&mut self, into: usize, from: usize) {
        let [ours, theirs] = [into, from].map(|branch| self.heads[branch]);
        let bases = merge_bases(&self.memory, self.commits[ours].0, self.commits[theirs].0).expect("all is there");
        // What crossed branches had before is for other tests.
        let [base] = bases[..] else { return };
        let base = self.numbers[&base];
        if base == theirs {
            return;
        }
        let [b, o, t] = [base, ours, theirs].map(|commit| &self.commits[commit]);
        let sides = Sides { base: &b.1, ours: &o.1, theirs: &t.1 };
        let rules = vec![ScopeRule { scope: Scope::default(), choice: Choice::Ours }];
        let resolutions = Resolutions { rules, ..Resolutions::default() };
        let mut writes = Writes(Vec::new());
        let merged_root = merge(&self.memory, &mut writes, sides, &Options::default(), &resolutions, &mut |_| {})
            .expect("all chunks are there")
            .root
            .expect("everything is decided");
        let state = merged(&b.2, &o.2, &t.2);
        self.memory.chunks.extend(writes.0);
        self.heads[into] = self.commit(vec![ours, theirs], merged_root, state);
    }

    fn step(&mut self, step: &Step, number: u64) {
        match *step {
            Step::Branch { from } => self.heads.push(self.heads[self.branch(from)]),
            Step::Merge { into, from } => self.merge(self.branch(into), self.branch(from)),
            Step::Set { branch, column, row, count, value } => {
                let branch = self.branch(branch);
                self.edit(branch, |state| {
                    let (column, filled) = (state.pick(column), state.filled());
                    for id in row..row + count {
                        let cells = state.rows.entry(id).or_insert_with(|| filled.clone());
                        cells.extend(column.map(|column| (column, value)));
                    }
                });
            }
            Step::Delete { branch, row, count } => {
                let branch = self.branch(branch);
                self.edit(branch, |state| state.rows.retain(|id, _| !(row..row + count).contains(id)));
            }
            Step::AddColumn { branch, fill } => {
                let (branch, id, name) = (self.branch(branch), ColumnId(100 + number), format!("added {number}"));
                let column = filled(id, &name, fill);
                self.evolve(branch, &Operation::AddColumn { table: TABLE, column, position: None }, |state| {
                    state.columns.insert(id, (name, fill));
                    state.rows.values_mut().for_each(|cells| cells.extend([(id, fill)]));
                });
            }
            Step::DropColumn { branch, column } => {
                let branch = self.branch(branch);
                let Some(column) = self.commits[self.heads[branch]].2.pick(column) else { return };
                self.evolve(branch, &Operation::DropColumn { table: TABLE, column }, |state| {
                    state.columns.remove(&column);
                    state.rows.values_mut().for_each(|cells| cells.retain(|id, _| *id != column));
                });
            }
            Step::RenameColumn { branch, column } => {
                let (branch, name) = (self.branch(branch), format!("renamed {number}"));
                let Some(column) = self.commits[self.heads[branch]].2.pick(column) else { return };
                let operation = Operation::RenameColumn { table: TABLE, column, name: name.clone() };
                self.evolve(branch, &operation, |state| {
                    state.columns.entry(column).and_modify(|column| column.0 = name);
                });
            }
        }
    }

    /// That a commit holds what the model says, in the tree that a fresh build makes of it.
    fn check(&self, commit: usize) {
        let (schema, tree) = self.entry(commit);
        let state = &self.commits[commit].2;
        let columns: BTreeMap<ColumnId, (String, i64)> = schema
            .columns
            .iter()
            .filter(|column| column.id != ID)
            .map(|column| (column.id, (column.name.clone(), whole(&column.fill))))
            .collect();
        assert_eq!(columns, state.columns);
        let expected = rows(&schema, state);
        assert_eq!(self.memory.all(&schema, tree), expected.clone().into_iter().collect::<Vec<_>>());
        assert_eq!(Memory::default().build(&schema, &expected), tree);
    }
}

fn filled(id: ColumnId, name: &str, fill: i64) -> Column {
    Column { fill: Value::Integer(fill), ..column(id.0, name, Type::Integer) }
}

fn whole(value: &Value) -> i64 {
    if let Value::Integer(number) = value { *number } else { panic!("{value:?} is no whole number") }
}

fn row(schema: &Schema, id: i64, cells: &BTreeMap<ColumnId, i64>) -> Row {
    let cell = |column: &Column| Value::Integer(if column.id == ID { id } else { cells[&column.id] });
    schema.columns.iter().map(cell).collect()
}

fn key(schema: &Schema, id: i64) -> Key {
    let cells = schema.columns.iter().map(|column| (column.id, 0)).collect();
    Key::of_row(schema, &row(schema, id, &cells)).expect("an id is a key")
}

fn rows(schema: &Schema, state: &State) -> BTreeMap<Key, Row> {
    state.rows.iter().map(|(id, cells)| (key(schema, *id), row(schema, *id, cells))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// T1, D3, D5 and M1 to M10, whatever was done before.
    #[test]
    fn branches_hold_what_plain_maps_hold(steps in prop::collection::vec(step(), 1..30)) {
        let mut world = World::new();
        for (number, step) in steps.iter().enumerate() {
            world.step(step, number as u64);
        }
        // Nothing that was done later changed an earlier commit.
        (0..world.commits.len()).for_each(|commit| world.check(commit));
        for (one, other) in world.heads.iter().zip(world.heads.iter().skip(1)) {
            let ((before_schema, before), (after_schema, after)) = (world.entry(*one), world.entry(*other));
            let diff = || {
                Diff::new(&world.memory, (before, &before_schema), (after, &after_schema), None).expect("all is there")
            };
            let deltas: Vec<_> = diff().collect::<Result<_, _>>().expect("all is there");
            let counts = diff().counts().expect("all is there");
            prop_assert_eq!(counts.added + counts.removed + counts.changed, deltas.len() as u64);
            if before_schema == after_schema {
                let edits = deltas.into_iter().map(|delta| (delta.key, delta.after)).collect();
                let mut sink = Writes(Vec::new());
                let edited = before.edit(&world.memory, &mut sink, &before_schema, edits).expect("all is there");
                prop_assert_eq!(edited, after);
            }
        }
    }
}
