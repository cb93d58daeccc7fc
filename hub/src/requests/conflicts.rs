//! The conflicts and violations of a request, page by page, with what was decided about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use storage::RequestDecision;
use versioning::{
    Column, ColumnId, Hash, ObjectSource, Schema, TableId, Type, Value,
    merge::{CheckProperty, Choice, Conflict, Found, Property, Resolutions, Stats, Violation},
};

use super::{
    ConflictCount, ConflictItem, ConflictsAsked, ConflictsView, Decided, OPEN, RequestOverview, RequestState, RuleView,
    ViolationItem,
    deciding::about_violation,
    overview,
    seen::{decision_about, revision, revision_of_all, rule_of},
};
use crate::{
    Actor, DatasetPath, Error, FoundConflict, Hub, blocking,
    merges::{Three, survey},
};

/// The most conflicts on a page.
const MAX_LIMIT: usize = 200;
/// Violations on a page.
const VIOLATIONS: usize = 100;
/// Cells that tell which row it is.
const CONTEXT: usize = 4;

/// A page of what a merge found, in the making.
#[derive(Default)]
struct Page {
    asked: ConflictsAsked,
    passed: usize,
    conflicts: Vec<(Conflict, Option<Choice>)>,
    has_more: bool,
    violations: Vec<(Violation, bool)>,
    /// By table: open, total, open by column.
    counts: BTreeMap<TableId, (u64, u64, BTreeMap<ColumnId, u64>)>,
}

impl Page {
    fn take(&mut self, found: Found<'_>) {
        match found {
            Found::Conflict(conflict, choice) => self.take_conflict(conflict, choice),
            Found::Violation(violation, fix) if self.violations.len() < VIOLATIONS => {
                self.violations.push((violation, fix.is_some()));
            }
            Found::Violation(..) => {}
        }
    }

    fn take_conflict(&mut self, conflict: Conflict, choice: Option<&Choice>) {
        let is_open = choice.is_none();
        let (open, total, columns) = self.counts.entry(conflict.table()).or_default();
        *total += 1;
        *open += u64::from(is_open);
        if let Some(column) = conflict.column() {
            *columns.entry(column).or_default() += u64::from(is_open);
        }
        if self.asked.besides.is_some_and(|id| id == conflict.id()) {
            self.conflicts.push((conflict, choice.cloned()));
            return;
        }
        let wanted = (is_open || self.asked.all) && self.asked.table.is_none_or(|table| table == conflict.table());
        if !wanted {
            return;
        }
        self.passed += 1;
        if self.passed <= self.asked.offset {
            return;
        }
        if self.passed <= self.asked.offset + self.asked.limit {
            self.conflicts.push((conflict, choice.cloned()));
        } else {
            self.has_more = true;
        }
    }

    /// Lists what was found, with the names of what it speaks of and who decided about it.
    fn list(
        self,
        objects: &dyn ObjectSource,
        three: &Three,
        (resolutions, kept): (&Resolutions, &[RequestDecision]),
        view: &mut ConflictsView,
    ) -> Result<(), Error> {
        let by: BTreeMap<&str, &RequestDecision> = kept.iter().map(|one| (one.about.as_str(), one)).collect();
        let named = |one: Option<&RequestDecision>| one.map_or_else(|| OPEN.to_owned(), revision);
        let table_name = |id: TableId| three.table(objects, id).map(|(name, _)| name).unwrap_or_default();
        let column_name = |table: TableId, id: ColumnId| {
            column(three, objects, table, id).map(|column| column.name).unwrap_or_default()
        };
        let item = |(conflict, choice): (Conflict, Option<Choice>)| {
            let one = decision_about(&by, resolutions, &conflict, choice.as_ref())?;
            let decided = choice.map(|choice| {
                let by_rule = one.is_none_or(RequestDecision::is_rule);
                Decided { choice, by: one.map(|one| one.author.as_str().to_owned()), by_rule }
            });
            let value_type = value_type(three, objects, &conflict);
            let context = context(three, objects, &conflict);
            let found = three.name_conflict(objects, conflict);
            Ok::<_, Error>(ConflictItem { found, decided, value_type, context, revision: named(one) })
        };
        view.conflicts = self.conflicts.into_iter().map(item).collect::<Result<_, _>>()?;
        view.has_more = self.has_more;
        let violation = |(violation, is_fixed): (Violation, bool)| {
            let one = by.get(about_violation(violation.id()).as_str()).copied();
            let fixed_by = one.map(|one| one.author.as_str().to_owned());
            ViolationItem { found: three.name_violation(objects, violation), is_fixed, fixed_by, revision: named(one) }
        };
        view.violations = self.violations.into_iter().map(violation).collect();
        let count = |(table, (open, total, columns)): (TableId, (u64, u64, BTreeMap<ColumnId, u64>))| ConflictCount {
            table,
            name: table_name(table),
            columns: columns.into_iter().map(|(id, open)| (id, column_name(table, id), open)).collect(),
            open,
            total,
        };
        view.tables = self.counts.into_iter().map(count).collect();
        view.tables.sort_by(|a, b| a.name.cmp(&b.name));
        let mut rules: Vec<(i64, RuleView)> = Vec::new();
        for decision in kept.iter().filter(|decision| decision.is_rule()) {
            let rule = rule_of(decision)?;
            let column = rule.scope.table.zip(rule.scope.column).map(|(table, id)| column_name(table, id));
            let view = RuleView {
                about: decision.about.clone(),
                revision: revision(decision),
                table: rule.scope.table.map(table_name),
                column,
                choice: rule.choice,
                by: decision.author.as_str().to_owned(),
                scope: rule.scope,
            };
            rules.push((decision.at, view));
        }
        rules.sort_by_key(|(at, _)| *at);
        view.rules = rules.into_iter().map(|(_, rule)| rule).collect();
        view.revision = revision_of_all(kept);
        Ok(())
    }
}

/// A column on any side, ours first.
pub(super) fn column(three: &Three, objects: &dyn ObjectSource, table: TableId, id: ColumnId) -> Option<Column> {
    [&three.ours, &three.theirs, &three.base.root].into_iter().find_map(|root| {
        let schema = objects.schema(root.tables.get(&table)?.schema).ok()?;
        schema.column(id).cloned()
    })
}

/// What a value that is typed instead is read as; none where none can be.
pub(super) fn value_type(three: &Three, objects: &dyn ObjectSource, conflict: &Conflict) -> Option<Type> {
    match conflict {
        Conflict::Cell { convert_to: Some(ty), .. } => Some(*ty),
        Conflict::Cell { table, column: id, .. } => column(three, objects, *table, *id).map(|column| column.ty),
        Conflict::Property { property: Property::Required | Property::Unique, .. } => Some(Type::Boolean),
        Conflict::Property { base, ours, theirs, .. } => {
            let typed = [Some(ours), Some(theirs), base.as_ref()].into_iter().flatten().find_map(Value::ty);
            Some(typed.unwrap_or(Type::Text))
        }
        Conflict::ColumnNames { .. } | Conflict::TableProperty { .. } | Conflict::TableNames { .. } => Some(Type::Text),
        Conflict::Check { property: CheckProperty::Whole, .. } => None,
        Conflict::Check { .. } => Some(Type::Text),
        Conflict::Row { .. } | Conflict::Column { .. } | Conflict::PrimaryKey { .. } | Conflict::Table { .. } => None,
    }
}

/// Other cells of the row that a conflict is about, to know it by.
fn context(three: &Three, objects: &dyn ObjectSource, conflict: &Conflict) -> Vec<(String, Value)> {
    let (Some(key), id) = (conflict.key(), conflict.table()) else { return Vec::new() };
    for root in [&three.ours, &three.theirs, &three.base.root] {
        let Some(entry) = root.tables.get(&id) else { continue };
        let Ok(schema) = objects.schema(entry.schema) else { continue };
        let Ok(Some(row)) = entry.tree.get(objects, &schema, key) else { continue };
        let cells = schema.columns.iter().zip(row);
        let others = cells.filter(|(column, value)| {
            Some(column.id) != conflict.column() && !schema.is_key(column.id) && *value != Value::Null
        });
        return others.take(CONTEXT).map(|(column, value)| (column.name.clone(), value)).collect();
    }
    Vec::new()
}

impl Hub {
    /// The conflicts and violations of a request, with what was decided about them.
    ///
    /// # Errors
    /// There is no such request for the person, or the data can't be read.
    pub async fn conflicts(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        asked: ConflictsAsked,
    ) -> Result<ConflictsView, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let asked = ConflictsAsked { limit: asked.limit.clamp(1, MAX_LIMIT), ..asked };
        let entries = self.entries(&loaded).await?;
        let mut view = ConflictsView {
            dataset: loaded.dataset.clone(),
            request: loaded.summary(),
            overview: RequestOverview::default(),
            may: loaded.may(actor),
            asked,
            stats: Stats::default(),
            tables: Vec::new(),
            rules: Vec::new(),
            conflicts: Vec::new(),
            has_more: false,
            violations: Vec::new(),
            revision: OPEN.to_owned(),
        };
        let weighed = match loaded.sides().filter(|_| loaded.state == RequestState::Open) {
            None => self.weighed(&loaded).await?,
            Some(sides) => {
                let (resolutions, kept) = self.decisions(&loaded).await?;
                let name = overview::name(sides, Some(&kept));
                let objects = self.store().objects();
                let weighed;
                (weighed, view) = blocking(move || {
                    let mut page = Page { asked, ..Page::default() };
                    let (weighed, three) =
                        overview::weigh(&objects, sides, Some(&resolutions), &mut |found| page.take(found))?;
                    if let Some(three) = three {
                        view.stats = weighed.stats.unwrap_or_default();
                        page.list(&objects, &three, (&resolutions, &kept), &mut view)?;
                    }
                    Ok((Arc::new(weighed), view))
                })
                .await?;
                self.shared.weighings.put(name, Arc::clone(&weighed));
                Some(weighed)
            }
        };
        view.overview = self.overview(&loaded, &entries, weighed.as_deref()).await?;
        Ok(view)
    }

    /// The tables of both branches, ours first, by which decisions are read, and those of the named conflicts that are
    /// still there.
    ///
    /// # Errors
    /// There is no such request for the person, or the data can't be read.
    pub async fn conflicts_named(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        ids: BTreeSet<Hash>,
    ) -> Result<(Vec<(TableId, String, Schema)>, Vec<FoundConflict>), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let Some(heads) = loaded.heads() else { return Ok((Vec::new(), Vec::new())) };
        let objects = self.store().objects();
        blocking(move || {
            let read: &dyn ObjectSource = &objects;
            let mut tables = Vec::new();
            for head in [heads.0, heads.1] {
                for (id, entry) in read.root(read.commit(head)?.root)?.tables {
                    tables.push((id, entry.name, read.schema(entry.schema)?));
                }
            }
            if ids.is_empty() {
                return Ok((tables, Vec::new()));
            }
            let mut wanted = Vec::new();
            let found = survey(&objects, heads, &Resolutions::default(), &mut |found| {
                if let Found::Conflict(conflict, _) = found
                    && ids.contains(&conflict.id())
                {
                    wanted.push(conflict);
                }
            })?;
            let Some((_, three)) = found else { return Ok((tables, Vec::new())) };
            Ok((tables, wanted.into_iter().map(|conflict| three.name_conflict(&objects, conflict)).collect()))
        })
        .await
    }
}
