//! The shape of the table's tree: the sizes of its nodes, and how many a change writes anew.

use std::cell::Cell;

use anyhow::{Context, Result};
use versioning::{ChunkSink, Hash, Object, ObjectSource, WriteError};

use crate::{Bench, work::ROWS};

/// Rows that are taken out, each from the whole table.
const REMOVALS: u64 = 1_000;

/// Counts what is put and keeps nothing.
struct Counter<'c>(&'c Cell<u64>);

impl ChunkSink for Counter<'_> {
    fn put(&mut self, _: Hash, _: Vec<u8>) -> Result<(), WriteError> {
        self.0.set(self.0.get() + 1);
        Ok(())
    }
}

/// Notes the mean, the coefficient of variation and the largest of the sizes of leaves in bytes, and how many nodes it takes
/// to take out a row anywhere. Adding it takes as many: the tree does not tell which of the two led to it.
pub(crate) async fn of_tree(bench: &mut Bench) -> Result<()> {
    let source = bench.hub.export(&bench.actor, &bench.main(), &bench.table).await?;
    let store = bench.store.objects();
    let schema = source.schema.clone();
    let commit = source.commit;
    let table = bench.table.clone();
    let figures = tokio::task::spawn_blocking(move || -> Result<_> {
        let objects: &dyn ObjectSource = &store;
        let root = objects.root(objects.commit(commit)?.root)?;
        let tree = root.table_named(&table).context("the table is gone")?.1.tree;
        let mut sizes = Vec::new();
        leaves(objects, tree.root.context("the table is empty")?, &mut sizes)?;
        let count = sizes.len() as f64;
        let mean = sizes.iter().sum::<f64>() / count;
        let variance = sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / count;
        let largest = sizes.iter().copied().fold(0.0, f64::max);

        let written = Cell::new(0);
        for number in 0..REMOVALS {
            let (key, _) = tree.rows(objects, &schema, number * 24_989 % ROWS, 1)?.pop().context("a row is missing")?;
            tree.edit(objects, &mut Counter(&written), &schema, vec![(key, None)])?;
        }
        Ok((mean, variance.sqrt() / mean, largest, written.get() as f64 / REMOVALS as f64))
    });
    let (mean, variation, largest, written) = figures.await??;
    bench.note("leaf_bytes_mean", mean);
    bench.note("leaf_bytes_variation", variation);
    bench.note("leaf_bytes_max", largest);
    bench.note("nodes_per_removal", written);
    Ok(())
}

fn leaves(objects: &dyn ObjectSource, node: Hash, sizes: &mut Vec<f64>) -> Result<()> {
    let object = objects.object(node)?;
    match &*object {
        Object::Inner(inner) => inner.children().iter().try_for_each(|child| leaves(objects, child.hash, sizes)),
        other => {
            sizes.push(other.encode().len() as f64);
            Ok(())
        }
    }
}
