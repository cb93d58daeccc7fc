//! Adding a file's rows to a table that is there: the worker has made a tree of them, under the columns that the file
//! has; here they go into the table's tree.

use versioning::{Key, ObjectSource, Row, Schema, TableEntry, Tree, check::Checker};

use crate::{
    Error, ImportMode,
    write::{Desk, internal},
};

/// Rows that are put into the tree at once: what is held in memory.
const BLOCK: usize = 20_000;
/// The most keys that are told when they are in the table already.
const MAX_TOLD: usize = 20;

/// The table's tree with the file's rows.
pub(super) fn rows(
    desk: &Desk<'_>,
    entry: &TableEntry,
    (file, file_schema): (Tree, &Schema),
    mode: ImportMode,
) -> Result<Tree, Error> {
    let objects: &dyn ObjectSource = desk;
    let schema = objects.schema(entry.schema)?;
    if schema.primary_key != file_schema.primary_key {
        return Err(Error::State {
            message: "The table's primary key was changed meanwhile. Nothing was committed: import the file again."
                .to_owned(),
        });
    }
    let rules = Checker::new(&schema);
    let sources: Vec<Option<usize>> = schema.columns.iter().map(|column| file_schema.position(column.id)).collect();
    let mut tree = entry.tree;
    let (mut taken, mut told) = (0_u64, Vec::new());
    let mut offset = 0;
    while offset < file.rows {
        let block = file.rows(desk, file_schema, offset, BLOCK)?;
        if block.is_empty() {
            break;
        }
        offset += block.len() as u64;
        let mut edits: Vec<(Key, Option<Row>)> = Vec::with_capacity(block.len());
        for (key, cells) in block {
            let now = entry.tree.get(desk, &schema, &key)?;
            if now.is_some() && mode == ImportMode::Append {
                taken += 1;
                if told.len() < MAX_TOLD {
                    told.push(Key::to_text(file_schema, &cells));
                }
                continue;
            }
            let row: Row = schema
                .columns
                .iter()
                .zip(&sources)
                .enumerate()
                .map(|(position, (column, source))| match (source, &now) {
                    (Some(source), _) => cells[*source].clone(),
                    (None, Some(now)) => now[position].clone(),
                    (None, None) => column.default.clone(),
                })
                .collect();
            if now.as_ref() != Some(&row) {
                rules.check(&row).map_err(|error| Error::State {
                    message: format!("Row {}: {error}. Nothing was committed.", Key::to_text(&schema, &row)),
                })?;
                edits.push((key, Some(row)));
            }
        }
        let mut sink = desk;
        tree = tree.edit(desk, &mut sink, &schema, edits).map_err(internal)?;
    }
    if taken > 0 {
        let more = if taken > told.len() as u64 { ", …" } else { "" };
        return Err(Error::State {
            message: format!(
                "The table has rows with {taken} of the file's keys already: {}{more}. Nothing was committed: update \
                 the table from the file instead, or leave them out.",
                told.join(", ")
            ),
        });
    }
    Ok(tree)
}
