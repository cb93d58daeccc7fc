//! Laws of merge, against a plain model that goes row by row, and what the file of cases can't say: ids, pages, memory.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Memory, Writes, column};
use proptest::prelude::*;
use versioning::{
    ColumnId, Hash, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Type, Value,
    merge::{
        Base, Choice, Conflict, Cursor, Found, Merged, Nowhere, Options, Resolutions, Rule, Scope, ScopeRule, Scratch,
        Side, Sides, Violation, cherry_pick, combine_bases, conflicts, merge, restore_row, restore_table, revert,
    },
};

const TABLE: TableId = TableId(1);

/// id, a, b, and c, which is unique.
fn schema() -> Schema {
    let mut schema = Schema {
        columns: vec![
            column(4, "id", Type::Integer),
            column(2, "a", Type::Integer),
            column(3, "b", Type::Text),
            column(1, "c", Type::Integer),
        ],
        primary_key: vec![ColumnId(4)],
        generated_key: false,
        description: String::new(),
    };
    schema.columns[3].unique = true;
    schema
}

type Rows = BTreeMap<i64, [Option<i64>; 3]>;

fn row(id: i64, [a, b, c]: [Option<i64>; 3]) -> (Key, Row) {
    let number = |value: Option<i64>| value.map_or(Value::Null, Value::Integer);
    let text = b.map_or(Value::Null, |b| Value::Text(format!("text {b}")));
    common::entry(&schema(), vec![Value::Integer(id), number(a), text, number(c)])
}

fn key(id: i64) -> Key {
    row(id, [None; 3]).0
}

#[derive(Default)]
struct World {
    memory: Memory,
}

impl World {
    fn put_schema(&mut self, schema: &Schema) -> Hash {
        let bytes = Object::Schema(schema.clone()).encode();
        let hash = Hash::of(&bytes);
        self.memory.chunks.insert(hash, bytes);
        hash
    }

    fn root(&mut self, rows: &Rows) -> Root {
        let rows = rows.iter().map(|(id, cells)| row(*id, *cells)).collect();
        self.table(&schema(), &rows)
    }

    fn table(&mut self, schema: &Schema, rows: &BTreeMap<Key, Row>) -> Root {
        let tree = self.memory.build(schema, rows);
        let entry = TableEntry { name: "t".into(), schema: self.put_schema(schema), tree };
        Root { tables: [(TABLE, entry)].into() }
    }

    fn merge(&mut self, sides: Sides<'_>, options: &Options, resolutions: &Resolutions) -> Outcome {
        let mut outcome = Outcome::default();
        let mut writes = Writes(Vec::new());
        let merged = merge(&self.memory, &mut writes, sides, options, resolutions, &mut |found| match found {
            Found::Conflict(conflict, None) => outcome.conflicts.push(conflict),
            Found::Conflict(conflict, Some(choice)) => outcome.decided.push((conflict, choice.clone())),
            Found::Violation(violation, None) => outcome.violations.push(violation),
            Found::Violation(..) => {}
        })
        .expect("all chunks are there");
        self.memory.chunks.extend(writes.0);
        outcome.merged = Some(merged);
        outcome
    }

    fn plain(&mut self, base: &Root, ours: &Root, theirs: &Root) -> Outcome {
        self.merge(Sides { base, ours, theirs }, &Options::default(), &Resolutions::default())
    }
}

#[derive(Default)]
struct Outcome {
    conflicts: Vec<Conflict>,
    decided: Vec<(Conflict, Choice)>,
    violations: Vec<Violation>,
    merged: Option<Merged>,
}

impl Outcome {
    fn root(&self) -> Option<&Root> {
        self.merged.as_ref().and_then(|merged| merged.root.as_ref())
    }
}

fn all(choice: Choice) -> Resolutions {
    Resolutions { rules: vec![ScopeRule { scope: Scope::default(), choice }], ..Resolutions::default() }
}

/// What a plain merge row by row says: the rows, the cells and rows in conflict.
fn model(base: &Rows, ours: &Rows, theirs: &Rows) -> (Rows, BTreeSet<(i64, Option<usize>)>) {
    let mut merged = Rows::new();
    let mut open = BTreeSet::new();
    let ids: BTreeSet<i64> = base.keys().chain(ours.keys()).chain(theirs.keys()).copied().collect();
    for id in ids {
        let (b, o, t) = (base.get(&id), ours.get(&id), theirs.get(&id));
        let result = match (b, o, t) {
            _ if o == t => o.copied(),
            _ if b == o => t.copied(),
            _ if b == t => o.copied(),
            (b, Some(o), Some(t)) => {
                let mut cells = [None; 3];
                for index in 0..3 {
                    let old = b.map(|b| b[index]);
                    cells[index] = if o[index] == t[index] || old == Some(t[index]) {
                        o[index]
                    } else if old == Some(o[index]) {
                        t[index]
                    } else {
                        open.insert((id, Some(index)));
                        o[index]
                    };
                }
                Some(cells)
            }
            _ => {
                open.insert((id, None));
                None
            }
        };
        merged.extend(result.map(|cells| (id, cells)));
    }
    (merged, open)
}

fn duplicates(rows: &Rows) -> BTreeSet<Vec<i64>> {
    let mut holders: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (id, cells) in rows {
        if let Some(value) = cells[2] {
            holders.entry(value).or_default().push(*id);
        }
    }
    holders.into_values().filter(|ids| ids.len() > 1).collect()
}

fn place(conflict: &Conflict, ids: &BTreeMap<Key, i64>) -> (i64, Option<usize>) {
    match conflict {
        Conflict::Cell { key, column, .. } => (ids[key], schema().position(*column).map(|position| position - 1)),
        Conflict::Row { key, .. } => (ids[key], None),
        other => panic!("{other:?}"),
    }
}

fn swapped(conflict: &Conflict) -> Conflict {
    match conflict.clone() {
        Conflict::Cell { table, key, column, base, ours, theirs, convert_to } => {
            Conflict::Cell { table, key, column, base, ours: theirs, theirs: ours, convert_to }
        }
        Conflict::Row { table, key, deleted_by, base, edited } => {
            Conflict::Row { table, key, deleted_by: deleted_by.other(), base, edited }
        }
        other => panic!("{other:?}"),
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Set(i64, usize, Option<i64>),
    Delete(i64),
    Insert(i64, [Option<i64>; 3]),
    /// Many rows next to each other.
    SetRange(i64, i64, usize, i64),
    DeleteRange(i64, i64),
}

fn edits(most: i64) -> impl Strategy<Value = Vec<Edit>> {
    let value = || prop::option::weighted(0.9, 0..4_i64);
    let edit = prop_oneof![
        6 => (0..most, 0..2_usize, value()).prop_map(|(id, index, value)| Edit::Set(id, index, value)),
        2 => (0..most).prop_map(Edit::Delete),
        2 => (0..most + 50, value(), value()).prop_map(|(id, a, b)| Edit::Insert(id, [a, b, None])),
        1 => (0..most, prop::option::of(0..30_i64)).prop_map(|(id, value)| Edit::Set(id, 2, value.map(|v| -v))),
        1 => (0..most, 0..600_i64, 0..2_usize, 0..4_i64).prop_map(|(id, count, index, value)| Edit::SetRange(id, count, index, value)),
        1 => (0..most, 0..600_i64).prop_map(|(id, count)| Edit::DeleteRange(id, count)),
    ];
    prop::collection::vec(edit, 0..12)
}

/// Unique values are taken only where they are free, so that each state is valid.
fn apply(rows: &Rows, edits: &[Edit]) -> Rows {
    let mut rows = rows.clone();
    for edit in edits {
        match edit {
            Edit::Set(id, 2, value) => {
                let is_free = value.is_none() || rows.values().all(|cells| cells[2] != *value);
                if let Some(cells) = rows.get_mut(id).filter(|_| is_free) {
                    cells[2] = *value;
                }
            }
            Edit::Set(id, index, value) => {
                if let Some(cells) = rows.get_mut(id) {
                    cells[*index] = *value;
                }
            }
            Edit::Delete(id) => {
                rows.remove(id);
            }
            Edit::Insert(id, cells) => {
                rows.entry(*id).or_insert(*cells);
            }
            Edit::SetRange(id, count, index, value) => {
                rows.range_mut(*id..id + count).for_each(|(_, cells)| cells[*index] = Some(*value));
            }
            Edit::DeleteRange(id, count) => rows.retain(|key, _| !(*id..id + count).contains(key)),
        }
    }
    rows
}

fn base_rows(count: i64) -> Rows {
    (0..count).map(|id| (id, [Some(id % 3), Some(id % 7), (id % 5 == 0).then_some(id + 1)])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn m1_to_m6_a_merge_is_what_a_plain_merge_row_by_row_says(
        count in prop_oneof![0..20_i64, 0..3_000_i64],
        our_edits in edits(3_000),
        their_edits in edits(3_000),
        is_small in any::<bool>(),
    ) {
        let shrink = |edits: &[Edit]| -> Vec<Edit> {
            // In small tables all ids fall into a few rows, so that the sides meet.
            edits.iter().cloned().map(|edit| match edit {
                Edit::Set(id, index, value) if is_small => Edit::Set(id % 20, index, value),
                Edit::Delete(id) if is_small => Edit::Delete(id % 20),
                Edit::Insert(id, cells) if is_small => Edit::Insert(id % 30, cells),
                other => other,
            }).collect()
        };
        let base = base_rows(count);
        let (ours, theirs) = (apply(&base, &shrink(&our_edits)), apply(&base, &shrink(&their_edits)));
        let mut world = World::default();
        let (b, o, t) = (world.root(&base), world.root(&ours), world.root(&theirs));
        let (expected, open) = model(&base, &ours, &theirs);
        let ids: BTreeMap<Key, i64> = base.keys().chain(ours.keys()).chain(theirs.keys()).map(|id| (key(*id), *id)).collect();
        let outcome = world.plain(&b, &o, &t);
        let found: BTreeSet<(i64, Option<usize>)> = outcome.conflicts.iter().map(|conflict| place(conflict, &ids)).collect();
        prop_assert_eq!(&found, &open);
        prop_assert_eq!(found.len(), outcome.conflicts.len());
        if open.is_empty() {
            let broken = duplicates(&expected);
            let violations: BTreeSet<Vec<i64>> = outcome.violations.iter()
                .map(|violation| violation.rows.iter().map(|(key, _)| ids[key]).collect())
                .collect();
            prop_assert_eq!(&violations, &broken);
            // Rule T1: the tree is the one of a fresh build, whichever side's tree it was made from.
            let expected = broken.is_empty().then(|| world.root(&expected));
            prop_assert_eq!(outcome.root(), expected.as_ref());
        } else {
            prop_assert!(outcome.root().is_none());
        }
        // Symmetry.
        let other = world.plain(&b, &t, &o);
        prop_assert_eq!(outcome.root(), other.root());
        prop_assert_eq!(outcome.conflicts.iter().map(swapped).collect::<Vec<_>>(), other.conflicts);
        prop_assert_eq!(&outcome.violations, &other.violations);
        // Row by row and leaf by leaf are one merge.
        let options = Options { count_all: true, ..Options::default() };
        let counted = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &options, &Resolutions::default());
        prop_assert_eq!(outcome.root(), counted.root());
        let changed = |side: &Rows| -> BTreeSet<i64> {
            base.keys().chain(side.keys()).copied().filter(|id| base.get(id) != side.get(id)).collect()
        };
        if let Some(merged) = counted.merged.filter(|merged| merged.root.is_some() && b != o && b != t && o != t) {
            let (mine, other) = (changed(&ours), changed(&theirs));
            prop_assert_eq!(merged.stats.ours_rows + merged.stats.theirs_rows + 2 * merged.stats.merged_rows
                + 2 * mine.intersection(&other).filter(|id| !ours.contains_key(id) && !theirs.contains_key(id)).count() as u64,
                (mine.len() + other.len()) as u64);
        }
        // Everything decided: the side's cells where there was a conflict.
        for (choice, side) in [(Choice::Ours, &ours), (Choice::Theirs, &theirs)] {
            let mut expected = expected.clone();
            for (id, index) in &open {
                match (index, side.get(id)) {
                    (Some(index), Some(cells)) => {
                        if let Some(merged) = expected.get_mut(id) {
                            merged[*index] = cells[*index];
                        }
                    }
                    (None, Some(cells)) => {
                        expected.insert(*id, *cells);
                    }
                    (_, None) => {
                        expected.remove(id);
                    }
                }
            }
            if duplicates(&expected).is_empty() {
                let decided = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &Options::default(), &all(choice));
                prop_assert_eq!(decided.root().cloned(), Some(world.root(&expected)));
                prop_assert_eq!(decided.decided.len(), open.len());
            }
        }
        // Pages have the same conflicts in the same order.
        let mut listed = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let sides = Sides { base: &b, ours: &o, theirs: &t };
            let page = conflicts(&world.memory, sides, &Options::default(), &Resolutions::default(), after.as_ref(), 3)
                .expect("all chunks are there");
            listed.extend(page.conflicts.into_iter().map(|(conflict, _)| conflict));
            match page.next {
                Some(next) => {
                    prop_assert!(after.as_ref() != Some(&next));
                    after = Some(next);
                }
                None => break,
            }
        }
        prop_assert_eq!(listed, outcome.conflicts);
    }

    #[test]
    fn m1_identities(count in 0..1_500_i64, our_edits in edits(1_500)) {
        let base = base_rows(count);
        let ours = apply(&base, &our_edits);
        let mut world = World::default();
        let (b, o) = (world.root(&base), world.root(&ours));
        for (base, ours, theirs, expected) in [(&b, &o, &b, &o), (&b, &b, &o, &o), (&b, &o, &o, &o), (&o, &b, &b, &b)] {
            let outcome = world.plain(base, ours, theirs);
            prop_assert_eq!(outcome.root(), Some(expected));
            prop_assert!(outcome.conflicts.is_empty() && outcome.violations.is_empty());
        }
    }

    /// Where changes do not meet, the order in which branches are merged does not matter.
    #[test]
    fn merges_of_changes_that_do_not_meet_are_associative(
        edits in prop::collection::vec((0..1_000_i64, 0..3_usize, 0..9_i64), 1..40),
    ) {
        let base = base_rows(1_000);
        // Each branch has its own rows.
        let branch = |which: usize| {
            let mut rows = base.clone();
            for (id, _, value) in edits.iter().filter(|(id, ..)| usize::try_from(*id).is_ok_and(|id| id % 3 == which)) {
                rows.insert(*id, [Some(100 + value), None, None]);
            }
            rows
        };
        let mut world = World::default();
        let b = world.root(&base);
        let branches = [0, 1, 2].map(branch);
        let roots = branches.map(|rows| world.root(&rows));
        let mut ends = BTreeSet::new();
        for [x, y, z] in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let first = world.plain(&b, &roots[x], &roots[y]).root().cloned().expect("nothing meets");
            let second = world.plain(&b, &first, &roots[z]).root().cloned().expect("nothing meets");
            ends.insert(format!("{second:?}"));
        }
        prop_assert_eq!(ends.len(), 1);
    }
}

fn small(world: &mut World, rows: &[(i64, [Option<i64>; 3])]) -> Root {
    world.root(&rows.iter().copied().collect())
}

#[test]
fn m17_an_id_stays_as_long_as_what_it_speaks_of() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), Some(1), None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), Some(1), None]), (2, [Some(1), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(3), Some(1), None]), (2, [Some(1), None, None])]);
    let first = world.plain(&base, &ours, &theirs).conflicts;
    let resolutions = Resolutions { conflicts: [(first[0].id(), Choice::Theirs)].into(), ..Resolutions::default() };
    // Other cells of the row and other rows change on both sides: the decision still holds.
    let ours_later = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(7), None, None])]);
    let theirs_later = small(&mut world, &[(1, [Some(3), Some(1), None]), (3, [None, None, None])]);
    let sides = Sides { base: &base, ours: &ours_later, theirs: &theirs };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(3), Some(5), None]), (2, [Some(7), None, None])])));
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs_later };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(3), Some(1), None]), (3, [None, None, None])])));
    // The cell itself changes again: the decision does not speak of it.
    let theirs_again = small(&mut world, &[(1, [Some(4), Some(1), None]), (2, [Some(1), None, None])]);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs_again };
    let outcome = world.merge(sides, &Options::default(), &resolutions);
    assert_eq!(outcome.conflicts.len(), 1);
    assert_ne!(outcome.conflicts[0].id(), first[0].id());
    // With the sides swapped it is another question: "theirs" would mean the other value.
    assert_ne!(world.plain(&base, &theirs, &ours).conflicts[0].id(), first[0].id());
}

#[test]
fn m17_an_id_beats_every_rule() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), None, None]), (2, [Some(2), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(3), None, None]), (2, [Some(3), None, None])]);
    let conflicts = world.plain(&base, &ours, &theirs).conflicts;
    let scope = Scope { table: Some(TABLE), column: Some(ColumnId(2)), kind: Some(conflicts[0].kind()) };
    let resolutions = Resolutions {
        conflicts: [(conflicts[1].id(), Choice::Value(Value::Integer(9)))].into(),
        rules: vec![ScopeRule { scope, choice: Choice::Ours }],
        ..Resolutions::default()
    };
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let merged = world.merge(sides, &Options::default(), &resolutions).root().cloned();
    assert_eq!(merged, Some(small(&mut world, &[(1, [Some(2), None, None]), (2, [Some(9), None, None])])));
}

#[test]
fn m17_conflicts_violations_and_resolutions_are_data() {
    let mut world = World::default();
    let base = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let ours = small(&mut world, &[(1, [Some(2), None, Some(7)])]);
    let theirs =
        small(&mut world, &[(1, [Some(3), None, None]), (2, [Some(5), None, None]), (3, [None, None, Some(7)])]);
    let outcome = world.plain(&base, &ours, &theirs);
    assert_eq!((outcome.conflicts.len(), outcome.violations.len()), (2, 1));
    for conflict in &outcome.conflicts {
        let json = serde_json::to_string(conflict).expect("json");
        let back: Conflict = serde_json::from_str(&json).expect("the same");
        assert_eq!((&back, back.id()), (conflict, conflict.id()));
    }
    let json = serde_json::to_string(&outcome.violations[0]).expect("json");
    let back: Violation = serde_json::from_str(&json).expect("the same");
    assert_eq!(back.id(), outcome.violations[0].id());
    assert!(matches!(back.rule, Rule::Unique { column: ColumnId(1) }));
    assert!(matches!(&outcome.conflicts[1], Conflict::Row { deleted_by: Side::Ours, .. }));
    let resolutions = all(Choice::Value(Value::Integer(1)));
    let json = serde_json::to_string(&resolutions).expect("json");
    assert_eq!(serde_json::from_str::<Resolutions>(&json).expect("the same"), resolutions);
}

#[test]
fn the_cost_of_a_merge_follows_the_smaller_side() {
    let mut world = World::default();
    let base = base_rows(60_000);
    let mut many = base.clone();
    many.values_mut().for_each(|cells| cells[0] = Some(9));
    let mut few = base.clone();
    few.insert(30_001, [Some(1), Some(50), None]);
    let plain = |schema: &Schema| Schema { columns: schema.columns[..3].to_vec(), ..schema.clone() };
    let schema = plain(&schema());
    let mut root = |rows: &Rows| {
        let rows = rows.iter().map(|(id, cells)| row(*id, *cells)).map(|(key, row)| (key, row[..3].to_vec())).collect();
        world.table(&schema, &rows)
    };
    let (b, m, f) = (root(&base), root(&many), root(&few));
    for (ours, theirs) in [(&m, &f), (&f, &m)] {
        world.memory.reads();
        let sides = Sides { base: &b, ours, theirs };
        let merged =
            merge(&world.memory, &mut Nowhere, sides, &Options::default(), &Resolutions::default(), &mut |_| {})
                .expect("all chunks are there");
        assert!(merged.root.is_some());
        let reads = world.memory.reads();
        assert!(reads < 40, "{reads} reads");
    }
}

#[test]
fn m11_and_m7_edits_under_another_schema_cost_what_they_change() {
    let mut world = World::default();
    let plain = schema();
    let base = base_rows(30_000);
    let b = world.root(&base);
    // Ours: b becomes a json column's neighbour; a is text now, and there is a new column with a fill.
    let mut new = plain.clone();
    new.columns[1].ty = Type::Text;
    let mut added = column(9, "d", Type::Text);
    added.fill = Value::Text("filled".into());
    new.columns.insert(1, added);
    let rows: BTreeMap<Key, Row> = base
        .iter()
        .map(|(id, cells)| {
            let (key, mut row) = row(*id, *cells);
            row[1] = row[1].cast(Type::Text).expect("numbers are texts");
            row.insert(1, Value::Text("filled".into()));
            (key, row)
        })
        .collect();
    let o = world.table(&new, &rows);
    let mut theirs = base.clone();
    theirs.insert(7, [Some(77), Some(1), None]);
    theirs.insert(90_000, [Some(5), None, None]);
    let t = world.root(&theirs);
    let mut expected = rows;
    for (id, cells) in [(7, theirs[&7]), (90_000, theirs[&90_000])] {
        let (key, mut row) = row(id, cells);
        row[1] = row[1].cast(Type::Text).expect("numbers are texts");
        row.insert(1, Value::Text("filled".into()));
        expected.insert(key, row);
    }
    let expected = world.table(&new, &expected);
    assert_eq!(world.plain(&b, &o, &t).root(), Some(&expected));
    assert_eq!(world.plain(&b, &t, &o).root(), Some(&expected));
}

#[test]
fn h4_a_commit_is_reverted_on_top_of_later_ones() {
    let mut world = World::default();
    let parent = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(1), None, None])]);
    let commit = small(&mut world, &[(1, [Some(2), None, None]), (3, [Some(3), None, None])]);
    let later =
        small(&mut world, &[(1, [Some(2), Some(4), None]), (3, [Some(3), None, None]), (4, [None, None, None])]);
    let sides = revert(&commit, &parent, &later);
    let merged = world.merge(sides, &Options::default(), &Resolutions::default()).root().cloned();
    let expected =
        small(&mut world, &[(1, [Some(1), Some(4), None]), (2, [Some(1), None, None]), (4, [None, None, None])]);
    assert_eq!(merged, Some(expected));
}

#[test]
fn h4_a_commit_is_picked_onto_another_branch() {
    let mut world = World::default();
    let parent = small(&mut world, &[(1, [Some(1), None, None])]);
    let commit = small(&mut world, &[(1, [Some(1), Some(5), None]), (2, [None, None, None])]);
    let onto = small(&mut world, &[(1, [Some(8), None, None])]);
    let merged = world.merge(cherry_pick(&commit, &parent, &onto), &Options::default(), &Resolutions::default());
    let expected = small(&mut world, &[(1, [Some(8), Some(5), None]), (2, [None, None, None])]);
    assert_eq!(merged.root(), Some(&expected));
}

#[test]
fn h4_a_row_and_a_table_are_restored() {
    let mut world = World::default();
    let old = small(&mut world, &[(1, [Some(1), None, None]), (2, [Some(2), None, None])]);
    let now = small(&mut world, &[(1, [Some(9), Some(9), None]), (3, [Some(3), None, None])]);
    let mut restore = |id: i64| {
        let mut writes = Writes(Vec::new());
        let root = restore_row(&world.memory, &mut writes, &now, &old, TABLE, &key(id)).expect("restored");
        world.memory.chunks.extend(writes.0);
        root
    };
    let (changed, deleted, added) = (restore(1), restore(2), restore(3));
    let three = (3, [Some(3), None, None]);
    assert_eq!(changed, small(&mut world, &[(1, [Some(1), None, None]), three]));
    assert_eq!(deleted, small(&mut world, &[(1, [Some(9), Some(9), None]), (2, [Some(2), None, None]), three]));
    assert_eq!(added, small(&mut world, &[(1, [Some(9), Some(9), None])]));
    assert_eq!(restore_table(&now, &old, TABLE).expect("restored"), old);
    assert_eq!(restore_table(&now, &Root::default(), TABLE).expect("restored"), Root::default());
    assert!(restore_table(&Root::default(), &Root::default(), TABLE).is_err());
}

#[test]
fn criss_cross_bases_that_disagree_know_nothing() {
    let mut world = World::default();
    let ancestor = small(&mut world, &[(1, [Some(0), Some(0), None]), (2, [Some(0), None, None])]);
    let one = small(&mut world, &[(1, [Some(1), Some(0), None]), (2, [Some(0), None, None])]);
    let two = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(0), None, None])]);
    let mut ours = small(&mut world, &[(1, [Some(1), Some(5), None]), (2, [Some(0), None, None])]);
    let theirs = small(&mut world, &[(1, [Some(2), Some(5), None]), (2, [Some(7), None, None])]);
    let source: &dyn ObjectSource = &world.memory;
    let scratch = Scratch::new(source);
    let Base { root, unknown } = combine_bases(&scratch, &ancestor, &[&one, &two]).expect("all chunks are there");
    assert_eq!(unknown.len(), 1);
    let options = Options { unknown, ..Options::default() };
    let run = |ours: &Root, theirs: &Root, resolutions: &Resolutions| {
        let mut found = Vec::new();
        let sides = Sides { base: &root, ours, theirs };
        let merged = merge(&scratch, &mut Nowhere, sides, &options, resolutions, &mut |it| {
            if let Found::Conflict(conflict, _) = it {
                found.push(conflict);
            }
        });
        (merged.expect("all chunks are there").root, found)
    };
    // They differ in what the bases disagree about: with one base alone it would have been taken from one side.
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let (merged, found) = run(ours, theirs, &Resolutions::default());
        assert!(merged.is_none());
        assert!(matches!(&found[..], [Conflict::Cell { base: None, column: ColumnId(2), .. }]), "{found:?}");
    }
    let (merged, _) = run(&ours, &theirs, &all(Choice::Theirs));
    assert_eq!(merged, Some(theirs.clone()));
    // They agree: nothing to ask.
    ours = small(&mut world, &[(1, [Some(2), Some(6), None]), (2, [Some(0), None, None])]);
    let scratch = Scratch::new(&world.memory);
    let base = combine_bases(&scratch, &ancestor, &[&one, &two]).expect("all chunks are there");
    let options = Options { unknown: base.unknown, ..Options::default() };
    let sides = Sides { base: &base.root, ours: &ours, theirs: &theirs };
    let merged = merge(&scratch, &mut Nowhere, sides, &options, &Resolutions::default(), &mut |it| panic!("{it:?}"));
    assert!(merged.expect("all chunks are there").root.is_some());
}

#[test]
fn a_missing_chunk_is_an_error_not_a_conflict() {
    let mut world = World::default();
    let base = world.root(&base_rows(2_000));
    let ours = world.root(&apply(&base_rows(2_000), &[Edit::SetRange(0, 2_000, 0, 9)]));
    let theirs = world.root(&apply(&base_rows(2_000), &[Edit::SetRange(0, 2_000, 1, 9)]));
    let lost = theirs.tables[&TABLE].tree.root.expect("it has rows");
    world.memory.chunks.remove(&lost);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    assert!(
        merge(&world.memory, &mut Nowhere, sides, &Options::default(), &Resolutions::default(), &mut |_| {}).is_err()
    );
}

/// A change of the table's columns or of one row.
#[derive(Clone, Debug)]
enum Step {
    Rename(usize, &'static str),
    Drop(usize),
    Add(u64, &'static str, Option<i64>, Option<i64>),
    Cast(usize, Type),
    Move(usize, usize),
    Required(usize, bool),
    Unique(usize, bool),
    Rekey(usize),
    SetRow(usize, usize, i64),
    DeleteRow(usize),
    InsertRow(i64, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || prop::sample::select(vec!["a", "b", "n", "m"]);
    let ty = prop::sample::select(vec![Type::Text, Type::Integer, Type::Decimal]);
    let step = prop_oneof![
        1 => (0..5_usize, name()).prop_map(|(at, name)| Step::Rename(at, name)),
        1 => (0..5_usize).prop_map(Step::Drop),
        1 => (20..24_u64, name(), prop::option::of(0..3_i64), prop::option::of(0..3_i64))
            .prop_map(|(id, name, fill, default)| Step::Add(id, name, fill, default)),
        1 => (0..5_usize, ty).prop_map(|(at, ty)| Step::Cast(at, ty)),
        1 => (0..5_usize, 0..5_usize).prop_map(|(from, to)| Step::Move(from, to)),
        1 => (0..5_usize, any::<bool>()).prop_map(|(at, required)| Step::Required(at, required)),
        1 => (0..5_usize, any::<bool>()).prop_map(|(at, unique)| Step::Unique(at, unique)),
        1 => (0..5_usize).prop_map(Step::Rekey),
        4 => (0..30_usize, 0..5_usize, 0..9_i64).prop_map(|(row, at, value)| Step::SetRow(row, at, value)),
        2 => (0..30_usize).prop_map(Step::DeleteRow),
        2 => (0..40_i64, 0..9_i64).prop_map(|(id, value)| Step::InsertRow(id, value)),
    ];
    prop::collection::vec(step, 0..10)
}

fn number(ty: Type, value: i64) -> Value {
    Value::Integer(value).cast(ty).expect("a small number is a value of all these types")
}

/// Applies steps that leave the table valid; `side` keeps the ids of new columns apart.
fn evolve(schema: &Schema, rows: &[Row], steps: &[Step], side: u64) -> (Schema, Vec<Row>) {
    let (mut schema, mut rows) = (schema.clone(), rows.to_vec());
    for step in steps {
        let (mut new, mut changed) = (schema.clone(), rows.clone());
        let count = schema.columns.len();
        match step {
            Step::Rename(at, name) => new.columns[at % count].name = (*name).to_owned(),
            Step::Drop(at) => {
                new.columns.remove(at % count);
                changed.iter_mut().for_each(|row| drop(row.remove(at % count)));
            }
            Step::Add(id, name, fill, default) => {
                let mut column = column(id * 2 + side, name, Type::Integer);
                column.fill = fill.map_or(Value::Null, Value::Integer);
                column.default = default.map_or(Value::Null, Value::Integer);
                changed.iter_mut().for_each(|row| row.push(column.fill.clone()));
                new.columns.push(column);
            }
            Step::Cast(at, ty) => {
                let at = at % count;
                let column = &mut new.columns[at];
                let cells = changed.iter_mut().map(|row| &mut row[at]);
                for value in cells.chain([&mut column.fill, &mut column.default]) {
                    *value = value.cast(*ty).unwrap_or_default();
                }
                column.ty = *ty;
            }
            Step::Move(from, to) => {
                let column = new.columns.remove(from % count);
                new.columns.insert(to % count, column);
                for row in &mut changed {
                    let cell = row.remove(from % count);
                    row.insert(to % count, cell);
                }
            }
            Step::Required(at, required) => new.columns[at % count].required = *required,
            Step::Unique(at, unique) => new.columns[at % count].unique = *unique,
            Step::Rekey(at) => new.primary_key = vec![schema.columns[at % count].id],
            Step::SetRow(row, at, value) => {
                if let Some(row) = changed.get_mut(*row) {
                    row[at % count] = number(schema.columns[at % count].ty, *value);
                }
            }
            Step::DeleteRow(row) => {
                if *row < changed.len() {
                    changed.remove(*row);
                }
            }
            Step::InsertRow(id, value) => {
                let cell = |(index, column): (usize, &versioning::Column)| {
                    number(column.ty, if index == 0 { *id } else { *value })
                };
                changed.push(schema.columns.iter().enumerate().map(cell).collect());
            }
        }
        if is_valid(&new, &changed) {
            (schema, rows) = (new, changed);
        }
    }
    (schema, rows)
}

fn is_valid(schema: &Schema, rows: &[Row]) -> bool {
    if schema.validate().is_err() || rows.iter().any(|row| schema.check(row).is_err()) {
        return false;
    }
    let keys: BTreeSet<Key> = rows.iter().filter_map(|row| Key::of_row(schema, row).ok()).collect();
    let is_unique = |at: usize| {
        let values: Vec<&Value> = rows.iter().map(|row| &row[at]).filter(|value| !value.is_null()).collect();
        values.iter().collect::<std::collections::HashSet<_>>().len() == values.len()
    };
    keys.len() == rows.len() && schema.columns.iter().enumerate().all(|(at, column)| !column.unique || is_unique(at))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Rules M7 to M16 for any changes of columns and rows: sides are alike, what comes out is valid and canonical.
    #[test]
    fn m7_to_m16_any_changes_of_columns_and_rows_merge_the_same_from_both_sides(
        our_steps in steps(),
        their_steps in steps(),
    ) {
        let start = Schema {
            columns: vec![
                column(10, "id", Type::Integer),
                column(12, "a", Type::Integer),
                column(11, "b", Type::Text),
            ],
            primary_key: vec![ColumnId(10)],
            generated_key: false,
            description: String::new(),
        };
        let rows: Vec<Row> = (0..24_i64).map(|id| vec![Value::Integer(id), Value::Integer(id % 5), Value::Text(id.to_string())]).collect();
        let (our_schema, our_rows) = evolve(&start, &rows, &our_steps, 0);
        let (their_schema, their_rows) = evolve(&start, &rows, &their_steps, 1);
        let mut world = World::default();
        let mut root = |schema: &Schema, rows: &[Row]| {
            let rows = rows.iter().map(|row| (Key::of_row(schema, row).expect("a key"), row.clone())).collect();
            world.table(schema, &rows)
        };
        let (b, o, t) = (root(&start, &rows), root(&our_schema, &our_rows), root(&their_schema, &their_rows));
        for (mine, other) in [(None, None), (Some(Choice::Ours), Some(Choice::Theirs)), (Some(Choice::Theirs), Some(Choice::Ours))] {
            let resolutions = |choice: Option<Choice>| choice.map_or_else(Resolutions::default, all);
            let one = world.merge(Sides { base: &b, ours: &o, theirs: &t }, &Options::default(), &resolutions(mine));
            let two = world.merge(Sides { base: &b, ours: &t, theirs: &o }, &Options::default(), &resolutions(other));
            prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
            prop_assert_eq!(one.decided.len(), two.decided.len());
            prop_assert_eq!(one.violations.len(), two.violations.len());
            prop_assert_eq!(one.root(), two.root());
            let Some(root) = one.root() else {
                prop_assert!(!one.conflicts.is_empty() || !one.violations.is_empty());
                continue;
            };
            let Some(entry) = root.tables.get(&TABLE) else { continue };
            let source: &dyn ObjectSource = &world.memory;
            let schema = source.schema(entry.schema).expect("a schema");
            let merged = world.memory.all(&schema, entry.tree);
            let plain: Vec<Row> = merged.iter().map(|(_, row)| row.clone()).collect();
            prop_assert!(is_valid(&schema, &plain), "{:?} {:?}", schema, plain);
            let fresh = world.memory.build(&schema, &merged.into_iter().collect());
            prop_assert_eq!(fresh, entry.tree);
        }
    }
}
