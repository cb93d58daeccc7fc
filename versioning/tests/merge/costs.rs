//! What a merge costs.

use std::collections::BTreeMap;

use versioning::{
    Key, Row, Schema, Type, Value,
    merge::{Nowhere, Options, Resolutions, Sides, merge},
};

use crate::{
    common::column,
    world::{Rows, World, base_rows, row, schema},
};

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
