//! The conflicts of a request, and what people decide about them.
//!
//! A decision is kept under what it is about: a conflict's or violation's id, which is the hash of what is in conflict, or
//! the scope of a rule. So it holds however the branches move as long as its cells stay the same, and is out of use, not
//! wrong, when they do not (rule M17).

use std::collections::{BTreeMap, BTreeSet};

use storage::{PersonName, RequestDecision};
use versioning::{
    Column, ColumnId, Hash, Key, ObjectSource, Schema, TableId, Type, Value,
    merge::{Choice, Conflict, Fix, Found, Property, Resolutions, RowCells, RowFix, ScopeRule, Stats, Violation},
};

use super::{
    ConflictCount, ConflictItem, ConflictsAsked, ConflictsView, Decided, Loaded, RequestState, RuleView, ViolationItem,
};
use crate::{
    Actor, DatasetPath, Error, FoundConflict, Hub, blocking,
    merges::{Three, survey},
    now,
    write::internal,
};

/// The most conflicts on a page.
const MAX_LIMIT: usize = 200;
/// Violations on a page.
const VIOLATIONS: usize = 100;
/// Cells that tell which row it is.
const CONTEXT: usize = 4;

/// What becomes of a row that breaks a rule, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFixText {
    /// It is deleted.
    Delete,
    /// These cells are set; none empties one.
    Set(Vec<(ColumnId, Option<String>)>),
}

/// What a decision is about.
enum About {
    Conflict(Hash),
    Violation(Hash),
    Rule,
}

impl About {
    fn of(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("conflict", id) => id.parse().ok().map(Self::Conflict),
            ("violation", id) => id.parse().ok().map(Self::Violation),
            ("rule", _) => Some(Self::Rule),
            _ => None,
        }
    }
}

fn about_conflict(id: Hash) -> String {
    format!("conflict:{id}")
}

fn about_violation(id: Hash) -> String {
    format!("violation:{id}")
}

fn about_rule(rule: &ScopeRule) -> Result<String, Error> {
    let scope = serde_json::to_string(&rule.scope).map_err(internal)?;
    Ok(format!("rule:{}", Hash::of(scope.as_bytes())))
}

/// The decisions as the merge takes them.
fn understood(kept: &[RequestDecision]) -> Result<Resolutions, Error> {
    let mut resolutions = Resolutions::default();
    let mut rules: Vec<(i64, ScopeRule)> = Vec::new();
    for decision in kept {
        let data = &decision.data;
        match About::of(&decision.about) {
            Some(About::Conflict(id)) => {
                resolutions.conflicts.insert(id, serde_json::from_str(data).map_err(internal)?);
            }
            Some(About::Violation(id)) => {
                resolutions.violations.insert(id, serde_json::from_str(data).map_err(internal)?);
            }
            Some(About::Rule) => rules.push((decision.at, serde_json::from_str(data).map_err(internal)?)),
            None => return Err(internal(format!("a decision is about “{}”", decision.about))),
        }
    }
    // Of equally narrow rules the last one decides.
    rules.sort_by_key(|(at, _)| *at);
    resolutions.rules = rules.into_iter().map(|(_, rule)| rule).collect();
    Ok(resolutions)
}

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
        let wanted = (is_open || self.asked.all) && self.asked.table.is_none_or(|table| table == conflict.table());
        if !wanted {
            return;
        }
        self.passed += 1;
        if self.passed <= self.asked.offset {
            return;
        }
        if self.conflicts.len() < self.asked.limit {
            self.conflicts.push((conflict, choice.cloned()));
        } else {
            self.has_more = true;
        }
    }
}

/// A column on any side, ours first.
fn column(three: &Three, objects: &dyn ObjectSource, table: TableId, id: ColumnId) -> Option<Column> {
    [&three.ours, &three.theirs, &three.base.root].into_iter().find_map(|root| {
        let schema = objects.schema(root.tables.get(&table)?.schema).ok()?;
        schema.column(id).cloned()
    })
}

/// What a value that is typed instead is read as; none where none can be.
fn value_type(three: &Three, objects: &dyn ObjectSource, conflict: &Conflict) -> Option<Type> {
    match conflict {
        Conflict::Cell { convert_to: Some(ty), .. } => Some(*ty),
        Conflict::Cell { table, column: id, .. } => column(three, objects, *table, *id).map(|column| column.ty),
        Conflict::Property { property: Property::Required | Property::Unique, .. } => Some(Type::Boolean),
        Conflict::Property { base, ours, theirs, .. } => {
            let typed = [Some(ours), Some(theirs), base.as_ref()].into_iter().flatten().find_map(Value::ty);
            Some(typed.unwrap_or(Type::Text))
        }
        Conflict::ColumnNames { .. } | Conflict::TableProperty { .. } | Conflict::TableNames { .. } => Some(Type::Text),
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
    /// What was decided about a request.
    pub(super) async fn decisions(&self, loaded: &Loaded) -> Result<(Resolutions, Vec<RequestDecision>), Error> {
        let kept = self.store().request_decisions(loaded.stored.dataset, loaded.stored.number).await?;
        Ok((understood(&kept)?, kept))
    }

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
        let (resolutions, kept) = self.decisions(&loaded).await?;
        let (request, may) = (loaded.summary(), loaded.may(actor));
        let Some(heads) = loaded.heads() else {
            return Ok(ConflictsView {
                dataset: loaded.dataset,
                request,
                may,
                asked,
                stats: Stats::default(),
                tables: Vec::new(),
                rules: Vec::new(),
                conflicts: Vec::new(),
                has_more: false,
                violations: Vec::new(),
            });
        };
        let objects = self.store().objects();
        let dataset = loaded.dataset;
        blocking(move || {
            let mut page = Page { asked, ..Page::default() };
            let found = survey(&objects, heads, &resolutions, &mut |found| page.take(found))?;
            let Some((stats, three)) = found else {
                return Ok(ConflictsView {
                    dataset,
                    request,
                    may,
                    asked,
                    stats: Stats::default(),
                    tables: Vec::new(),
                    rules: Vec::new(),
                    conflicts: Vec::new(),
                    has_more: false,
                    violations: Vec::new(),
                });
            };
            let objects: &dyn ObjectSource = &objects;
            let by: BTreeMap<&str, &str> =
                kept.iter().map(|decision| (decision.about.as_str(), decision.author.as_str())).collect();
            let table_name = |id: TableId| three.table(objects, id).map(|(name, _)| name).unwrap_or_default();
            let column_name = |table: TableId, id: ColumnId| {
                column(&three, objects, table, id).map(|column| column.name).unwrap_or_default()
            };
            let item = |(conflict, choice): (Conflict, Option<Choice>)| {
                let about = about_conflict(conflict.id());
                let decided = choice.map(|choice| {
                    let one = by.get(about.as_str());
                    Decided { choice, by: one.map(|by| (*by).to_owned()), by_rule: one.is_none() }
                });
                let value_type = value_type(&three, objects, &conflict);
                let context = context(&three, objects, &conflict);
                ConflictItem { found: three.name_conflict(objects, conflict), decided, value_type, context }
            };
            let conflicts = page.conflicts.into_iter().map(item).collect();
            let violation =
                |(violation, is_fixed)| ViolationItem { found: three.name_violation(objects, violation), is_fixed };
            let violations = page.violations.into_iter().map(violation).collect();
            let mut tables: Vec<ConflictCount> = page
                .counts
                .into_iter()
                .map(|(table, (open, total, columns))| ConflictCount {
                    table,
                    name: table_name(table),
                    columns: columns.into_iter().map(|(id, open)| (id, column_name(table, id), open)).collect(),
                    open,
                    total,
                })
                .collect();
            tables.sort_by(|a, b| a.name.cmp(&b.name));
            let mut rules: Vec<(i64, RuleView)> = Vec::new();
            for decision in kept.iter().filter(|decision| decision.about.starts_with("rule:")) {
                let rule: ScopeRule = serde_json::from_str(&decision.data).map_err(internal)?;
                let column = rule.scope.table.zip(rule.scope.column).map(|(table, id)| column_name(table, id));
                let view = RuleView {
                    about: decision.about.clone(),
                    table: rule.scope.table.map(table_name),
                    column,
                    choice: rule.choice,
                    by: decision.author.as_str().to_owned(),
                };
                rules.push((decision.at, view));
            }
            rules.sort_by_key(|(at, _)| *at);
            let rules = rules.into_iter().map(|(_, rule)| rule).collect();
            let has_more = page.has_more;
            Ok(ConflictsView { dataset, request, may, asked, stats, tables, rules, conflicts, has_more, violations })
        })
        .await
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

    /// Keeps decisions about a request's conflicts and violations; each takes the place of an earlier one about the same.
    ///
    /// # Errors
    /// There is no such request for the person, or they may not decide.
    pub async fn decide(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        resolutions: Resolutions,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        self.keep_decisions(actor, &loaded, resolutions).await
    }

    async fn load_deciding(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<Loaded, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        if loaded.state != RequestState::Open {
            return Err(Error::State { message: format!("#{number} is {}.", loaded.state.as_str()) });
        }
        loaded.demand(actor, loaded.may(actor).decide, "decide about conflicts of merge request")?;
        Ok(loaded)
    }

    async fn keep_decisions(&self, actor: &Actor, loaded: &Loaded, new: Resolutions) -> Result<(), Error> {
        let (author, begun) = (PersonName::from(actor.name()), now());
        let mut decisions = Vec::new();
        let mut add = |about: String, data: Result<String, serde_json::Error>| {
            // Rules of one call keep their order.
            let at = begun + i64::try_from(decisions.len()).unwrap_or_default();
            decisions.push(RequestDecision { about, author: author.clone(), at, data: data.map_err(internal)? });
            Ok::<_, Error>(())
        };
        for (id, choice) in &new.conflicts {
            add(about_conflict(*id), serde_json::to_string(choice))?;
        }
        for rule in &new.rules {
            add(about_rule(rule)?, serde_json::to_string(rule))?;
        }
        for (id, fix) in &new.violations {
            add(about_violation(*id), serde_json::to_string(fix))?;
        }
        Ok(self.store().decide_request(loaded.stored.dataset, loaded.stored.number, &decisions).await?)
    }

    /// Takes decisions back: those that are named, or all.
    ///
    /// # Errors
    /// There is no such request for the person, or they may not decide.
    pub async fn undecide(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        about: Option<Vec<String>>,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        Ok(self.store().undecide_request(loaded.stored.dataset, number, about.as_deref()).await?)
    }

    /// Decides a conflict with a value as typed; none for nothing.
    ///
    /// # Errors
    /// There is no such request or conflict for the person, they may not decide, or the value is not of the type.
    pub async fn decide_value(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        conflict: Hash,
        value: Option<&str>,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        let heads = loaded.heads().ok_or_else(|| Error::not_found("such conflict"))?;
        let typed = value.map(str::to_owned);
        let objects = self.store().objects();
        let value = blocking(move || {
            let mut wanted = None;
            let found = survey(&objects, heads, &Resolutions::default(), &mut |found| {
                if let Found::Conflict(found, _) = found
                    && wanted.is_none()
                    && found.id() == conflict
                {
                    wanted = Some(found);
                }
            })?;
            let (Some(wanted), Some((_, three))) = (wanted, found) else {
                return Err(Error::State {
                    message: "This is in conflict no more: nothing has to be decided.".to_owned(),
                });
            };
            let ty = value_type(&three, &objects, &wanted);
            let ty = ty.ok_or_else(|| Error::invalid("value", "No value can stand there: choose one of the sides."))?;
            parsed(ty, typed.as_deref()).map_err(|why| Error::invalid("value", why))
        })
        .await?;
        let mut resolutions = Resolutions::default();
        resolutions.conflicts.insert(conflict, Choice::Value(value));
        self.keep_decisions(actor, &loaded, resolutions).await
    }

    /// Changes one of the rows that break a rule; `row` is its place among those of the violation.
    ///
    /// # Errors
    /// There is no such request or violation for the person, they may not decide, or a value is not of its type.
    pub async fn fix_violation(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        violation: Hash,
        row: usize,
        fix: RowFixText,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        let heads = loaded.heads().ok_or_else(|| Error::not_found("such violation"))?;
        let (resolutions, _) = self.decisions(&loaded).await?;
        let mut whole: Fix = resolutions.violations.get(&violation).cloned().unwrap_or_default();
        let objects = self.store().objects();
        let (table, key, fix) = blocking(move || {
            let mut wanted = None;
            let found = survey(&objects, heads, &resolutions, &mut |found| {
                if let Found::Violation(found, _) = found
                    && wanted.is_none()
                    && found.id() == violation
                {
                    wanted = Some(found);
                }
            })?;
            let (Some(wanted), Some((_, three))) = (wanted, found) else {
                return Err(Error::State {
                    message: "This breaks no rule any more: nothing has to be changed.".to_owned(),
                });
            };
            let (key, _): &(Key, RowCells) = wanted.rows.get(row).ok_or_else(|| Error::not_found("such row"))?;
            let fix = match fix {
                RowFixText::Delete => RowFix::Delete,
                RowFixText::Set(cells) => {
                    let mut set = RowCells::new();
                    for (id, text) in cells {
                        let column = column(&three, &objects, wanted.table, id);
                        let column = column.ok_or_else(|| Error::not_found("such column"))?;
                        let value = parsed(column.ty, text.as_deref());
                        set.insert(id, value.map_err(|why| Error::invalid(format!("cell-{id}"), why))?);
                    }
                    RowFix::Set(set)
                }
            };
            Ok((wanted.table, key.clone(), fix))
        })
        .await?;
        whole.rows.retain(|(other, known, _)| (*other, known) != (table, &key));
        whole.rows.push((table, key, fix));
        let mut resolutions = Resolutions::default();
        resolutions.violations.insert(violation, whole);
        self.keep_decisions(actor, &loaded, resolutions).await
    }
}

/// A value as typed; nothing for none. Why not, as a sentence.
fn parsed(ty: Type, text: Option<&str>) -> Result<Value, String> {
    match text {
        None => Ok(Value::Null),
        Some(text) => ty.parse(text).map_err(|error| format!("“{text}” is {error}.")),
    }
}
