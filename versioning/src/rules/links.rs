//! Links lead to rows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Report, dangling, lost_target, table::Table};
use crate::{
    Column, Key, ObjectSource, ReadError, Root, TableId, Tree, Value,
    tree::{
        Leaf, Node,
        map::each_leaf,
        walk3::{self, Place},
    },
};

/// Links that are looked up together, in the order of the keys they name, so that each leaf is read once.
const BATCH: usize = 8_192;

/// The link columns of all tables, and what of the rows they lead to is gone.
pub(super) struct Links<'t> {
    source: &'t dyn ObjectSource,
    tables: BTreeMap<TableId, &'t Table>,
    columns: BTreeMap<TableId, Vec<LinkColumn<'t>>>,
    targets: BTreeSet<TableId>,
    /// The keys of rows that are gone, by table.
    gone: BTreeMap<TableId, HashSet<Key>>,
}

/// A column of links.
struct LinkColumn<'t> {
    table: &'t Table,
    column: &'t Column,
    target_id: TableId,
    /// None when there is no such table.
    target: Option<&'t Table>,
    scope: Scope,
    /// Links to look up.
    pending: Vec<Pending>,
    /// Written links that lead nowhere, by the key of their row.
    broken: BTreeMap<Key, Value>,
}

/// Which links of a column may lead nowhere since this change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Those that were written, and those to rows that are gone.
    Changes,
    /// All: none led into the target before.
    All,
    /// Those that were written and those that led to a row before: the target's rows have other keys now.
    Rekeyed,
    /// All: the target is gone.
    Lost,
}

/// A link to look up.
struct Pending {
    /// The key it names.
    target: Key,
    row: Key,
    value: Value,
}

impl<'t> Links<'t> {
    pub(super) fn new(source: &'t dyn ObjectSource, before: &Root, tables: &'t [Table]) -> Self {
        let by_id: BTreeMap<TableId, &Table> = tables.iter().map(|table| (table.id, table)).collect();
        let mut columns: BTreeMap<TableId, Vec<LinkColumn<'t>>> = BTreeMap::new();
        for table in tables {
            for column in &table.after.schema.columns {
                let Some(target_id) = column.target else { continue };
                let target = by_id.get(&target_id).copied();
                columns.entry(table.id).or_default().push(LinkColumn {
                    table,
                    column,
                    target_id,
                    target,
                    scope: scope(table, column, target, before.tables.contains_key(&target_id)),
                    pending: Vec::new(),
                    broken: BTreeMap::new(),
                });
            }
        }
        let targets = columns.values().flatten().map(|link| link.target_id).collect();
        Self { source, tables: by_id, columns, targets, gone: BTreeMap::new() }
    }

    /// Whether changes of the table's rows matter: it links to rows, or is linked to.
    pub(super) fn concern(&self, table: &Table) -> bool {
        self.columns.contains_key(&table.id) || self.targets.contains(&table.id)
    }

    /// Takes a row that changed.
    pub(super) fn note(
        &mut self,
        table: TableId,
        before: Option<&Place>,
        after: Option<&Place>,
    ) -> Result<(), ReadError> {
        match (before, after) {
            (_, Some(after)) => {
                let columns = self.columns.get_mut(&table).into_iter().flatten();
                columns
                    .filter(|link| link.scope == Scope::Changes)
                    .try_for_each(|link| link.note(self.source, before, after))
            }
            (Some(before), None) => {
                if self.targets.contains(&table) {
                    self.gone.entry(table).or_default().insert(before.key());
                }
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// All rows that changed were noted.
    pub(super) fn report(mut self, report: &mut Report) -> Result<(), ReadError> {
        for link in self.columns.values_mut().flatten() {
            link.look_up(self.source)?;
            let (id, column, target) = (link.table.id, link.column, link.target_id);
            match (link.scope, self.gone.get(&target), self.tables.get(&target)) {
                (Scope::Lost, ..) => report.add(|| lost_target(id, column, target)),
                (Scope::All | Scope::Rekeyed, ..) => link.check_all(self.source, report)?,
                (Scope::Changes, Some(gone), Some(table)) => link.check_gone(self.source, gone, table, report)?,
                (Scope::Changes, ..) => link.report_broken(report),
            }
        }
        Ok(())
    }
}

fn scope(table: &Table, column: &Column, target: Option<&Table>, target_was_there: bool) -> Scope {
    let before = table.before(column);
    let was_link = before.is_some_and(|before| before.target == column.target);
    match target {
        None if was_link && !target_was_there => Scope::Changes,
        None => Scope::Lost,
        // All rows have null in a new column, but for those that were written.
        Some(_) if before.is_none() && column.fill.is_null() => Scope::Changes,
        Some(_) if !was_link => Scope::All,
        Some(target) if target.is_rekeyed() => Scope::Rekeyed,
        Some(_) => Scope::Changes,
    }
}

impl LinkColumn<'_> {
    fn note(&mut self, source: &dyn ObjectSource, before: Option<&Place>, after: &Place) -> Result<(), ReadError> {
        match text(after.leaf(), self.column, after.index) {
            Some(text) if self.table.is_written(self.column, before, after) => self.take(source, after.key(), text),
            _ => Ok(()),
        }
    }

    /// Takes a link that may lead nowhere.
    fn take(&mut self, source: &dyn ObjectSource, row: Key, text: &str) -> Result<(), ReadError> {
        // What is stored is canonical; damage would have shown in the hash.
        let value = text.parse().map_or(Value::Null, Value::Link);
        match self.target.map(|target| Key::from_text(&target.after.schema, text)) {
            Some(Ok(target)) => self.pending.push(Pending { target, row, value }),
            // There is no such table, or the text is no key of its rows.
            Some(Err(_)) | None => drop(self.broken.insert(row, value)),
        }
        if self.pending.len() >= BATCH { self.look_up(source) } else { Ok(()) }
    }

    /// Looks up the links that were taken.
    fn look_up(&mut self, source: &dyn ObjectSource) -> Result<(), ReadError> {
        let tree = self.target.map_or_else(Tree::default, |target| target.after.tree);
        self.pending.sort_unstable_by(|one, other| one.target.cmp(&other.target));
        let mut leaf = None;
        for Pending { target, row, value } in self.pending.drain(..) {
            if !has(source, tree, &mut leaf, &target)? {
                self.broken.insert(row, value);
            }
        }
        Ok(())
    }

    fn report_broken(&mut self, report: &mut Report) {
        for (row, value) in std::mem::take(&mut self.broken) {
            report.add(|| dangling(self.table.id, self.column, self.target_id, row, value));
        }
    }

    /// Reports written links that lead nowhere and links to rows that are gone, in the order of the rows that have them.
    fn check_gone(
        &mut self,
        source: &dyn ObjectSource,
        gone: &HashSet<Key>,
        target: &Table,
        report: &mut Report,
    ) -> Result<(), ReadError> {
        let (table, column, target_id) = (self.table, self.column, self.target_id);
        let mut written = std::mem::take(&mut self.broken).into_iter().peekable();
        let mut report = |row, value| report.add(|| dangling(table.id, column, target_id, row, value));
        each_link(source, table, column, |leaf, row, text| {
            if !Key::from_text(&target.after.schema, text).is_ok_and(|key| gone.contains(&key)) {
                return Ok(());
            }
            let row = leaf.key(row);
            let mut is_reported = false;
            while let Some((key, value)) = written.next_if(|(key, _)| key.as_bytes() <= row) {
                is_reported = key.as_bytes() == row;
                report(key, value);
            }
            if !is_reported {
                report(Key::from_bytes(row), text.parse().map_or(Value::Null, Value::Link));
            }
            Ok(())
        })?;
        written.for_each(|(key, value)| report(key, value));
        Ok(())
    }

    /// Looks up all links.
    fn check_all(&mut self, source: &dyn ObjectSource, report: &mut Report) -> Result<(), ReadError> {
        let (table, column) = (self.table, self.column);
        each_link(source, table, column, |leaf, row, text| {
            self.take(source, Key::from_bytes(leaf.key(row)), text)?;
            if self.pending.is_empty() { self.report_new(source, report) } else { Ok(()) }
        })?;
        self.look_up(source)?;
        self.report_new(source, report)
    }

    /// Reports those of the links that were found to lead nowhere which led to a row before or were written.
    fn report_new(&mut self, source: &dyn ObjectSource, report: &mut Report) -> Result<(), ReadError> {
        if self.scope == Scope::Rekeyed {
            let mut new = BTreeMap::new();
            for (row, value) in std::mem::take(&mut self.broken) {
                if self.led_before(source, &value)? || self.was_written(source, &row)? {
                    new.insert(row, value);
                }
            }
            self.broken = new;
        }
        self.report_broken(report);
        Ok(())
    }

    fn led_before(&self, source: &dyn ObjectSource, value: &Value) -> Result<bool, ReadError> {
        let Some(before) = self.target.and_then(|target| target.before.as_ref()) else { return Ok(false) };
        match value {
            Value::Link(link) => match link.key(&before.schema) {
                Ok(key) => Ok(before.tree.rank(source, &key)?.1),
                Err(_) => Ok(false),
            },
            _ => Ok(false),
        }
    }

    fn was_written(&self, source: &dyn ObjectSource, row: &Key) -> Result<bool, ReadError> {
        let Some(after) = self.table.after.tree.place(source, row)? else { return Ok(false) };
        let before = self.table.row_before(source, &after)?;
        Ok(self.table.is_written(self.column, before.as_ref(), &after))
    }
}

/// Whether the tree has a row with this key. Keys that come in order find the leaf they were found in last.
fn has(source: &dyn ObjectSource, tree: Tree, last: &mut Option<Node>, key: &Key) -> Result<bool, ReadError> {
    let is_within = |leaf: &Leaf| (leaf.key(0)..=leaf.key(leaf.len() - 1)).contains(&key.as_bytes());
    if !last.as_ref().is_some_and(|node| is_within(walk3::leaf(node))) {
        *last = tree.leaf_for(source, key)?;
    }
    Ok(last.as_ref().is_some_and(|node| walk3::leaf(node).find(key).is_ok()))
}

/// Visits the links of all rows, but for null: the row's leaf, its position there, and the link's text.
fn each_link(
    source: &dyn ObjectSource,
    table: &Table,
    column: &Column,
    mut visit: impl FnMut(&Leaf, usize, &str) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    each_leaf(&table.after.tree, source, |leaf| {
        if !leaf.has_column(column.id) && column.fill.is_null() {
            return Ok(());
        }
        (0..leaf.len()).try_for_each(|row| text(leaf, column, row).map_or(Ok(()), |text| visit(leaf, row, text)))
    })
}

/// The text of a row's link; none for null.
fn text<'l>(leaf: &'l Leaf, column: &'l Column, row: usize) -> Option<&'l str> {
    match (leaf.cells(column.id), &column.fill) {
        (Some(cells), _) => cells.text(row),
        (None, Value::Link(link)) => Some(link.as_str()),
        (None, _) => None,
    }
}
