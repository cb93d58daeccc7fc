//! Merging the tables of a dataset (M1, M14).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cursor, MergeError, Merged, Options, Sides, Stats,
    changes::Changes,
    conflict::{Conflict, Side, TableProperty},
    context::Context,
    rekey,
    resolve::Choice,
    rows::{Job, Rows},
    schema::{self, Plan},
    scratch::Scratch,
    validate::{self, Known},
};
use crate::{
    ChunkSink, Column, Hash, Object, ObjectSource, ReadError, Root, Schema, TableEntry, TableId, Tree, WriteError,
    diff::Diff,
    key,
    tree::{
        edit,
        walk3::{BASE, OURS, THEIRS, fewer_changes},
    },
};

/// One merge of two states.
pub(crate) struct Run<'a> {
    source: &'a dyn ObjectSource,
    sides: Sides<'a>,
    options: &'a Options,
}

/// One table in the three states.
#[derive(Clone, Copy)]
struct Triple<'a> {
    id: TableId,
    entries: [Option<&'a TableEntry>; 3],
}

impl Triple<'_> {
    fn is_changed(&self, side: usize) -> bool {
        self.entries[side] != self.entries[BASE]
    }
}

/// What becomes of a table, as far as its columns tell.
enum Decided {
    Gone,
    /// As one state has it.
    Taken(TableEntry),
    /// Its rows are merged.
    Merged(Box<Draft>),
    /// It waits for decisions.
    Open,
}

/// A table whose rows are merged.
struct Draft {
    name: String,
    schemas: [Option<Schema>; 3],
    plan: Plan,
}

impl<'a> Run<'a> {
    pub(crate) fn new(source: &'a dyn ObjectSource, sides: Sides<'a>, options: &'a Options) -> Self {
        Self { source, sides, options }
    }

    /// Merges everything.
    pub(crate) fn merge_all(
        &mut self,
        sink: &mut dyn ChunkSink,
        context: &mut Context<'_>,
    ) -> Result<Merged, MergeError> {
        if let Some(root) = self.unmerged().filter(|_| context.overrides.is_empty()) {
            let root = Some(root.clone());
            return Ok(Merged { root, stats: Stats::default(), tables: BTreeMap::new() });
        }
        let (triples, renamed) = self.triples();
        let mut merged = Merged { root: None, stats: Stats::default(), tables: BTreeMap::new() };
        let decided = self.decide(context, &triples, &renamed, &mut merged)?;
        let linked = self.link_targets(&decided)?;
        let mut root = Root::default();
        let mut known: Vec<Known<'_>> = Vec::new();
        for (triple, decided) in triples.iter().zip(&decided) {
            match decided {
                Decided::Gone | Decided::Open => {}
                Decided::Taken(entry) => {
                    known.push(Known::taken(self.source, triple.id, entry)?);
                    root.tables.insert(triple.id, entry.clone());
                }
                Decided::Merged(draft) => {
                    let is_target = linked.contains(&triple.id);
                    let (entry, table) = self.merge_table(sink, context, triple, draft, is_target)?;
                    let stats = std::mem::take(&mut context.stats);
                    merged.stats.add(stats);
                    merged.tables.entry(triple.id).or_default().add(stats);
                    known.push(table);
                    root.tables.insert(triple.id, entry);
                }
            }
        }
        validate::validate(self.source, context, &known)?;
        merged.stats.add(std::mem::take(&mut context.stats));
        merged.root = Some(root);
        Ok(merged)
    }

    /// Lists conflicts from a cursor on; returns where to go on.
    pub(crate) fn list(
        &mut self,
        context: &mut Context<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Option<Cursor>, MergeError> {
        if self.unmerged().is_some() {
            return Ok(None);
        }
        let limit = limit as u64;
        let (triples, renamed) = self.triples();
        let mut merged = Merged { root: None, stats: Stats::default(), tables: BTreeMap::new() };
        let decided = if after.is_none() {
            self.decide(context, &triples, &renamed, &mut merged)?
        } else {
            // They came with the first page.
            let mut quiet = Context {
                resolutions: context.resolutions,
                combine: context.combine,
                unknown: context.unknown,
                overrides: context.overrides,
                found: &mut |_| {},
                stats: Stats::default(),
                conflicts: 0,
            };
            self.decide(&mut quiet, &triples, &renamed, &mut merged)?
        };
        for (triple, decided) in triples.iter().zip(&decided) {
            let Decided::Merged(draft) = decided else { continue };
            if after.is_some_and(|after| triple.id < after.table) {
                continue;
            }
            if context.conflicts >= limit {
                return Ok(Some(Cursor { table: triple.id, key: None }));
            }
            let key = after.filter(|after| after.table == triple.id).and_then(|after| after.key.as_ref());
            let schemas = draft.schemas.each_ref().map(Option::as_ref);
            let mut changes = Changes::new(triple.id, &draft.plan, schemas, false, false);
            if draft.plan.is_rekeyed.contains(&true) || draft.plan.rebuilt.iter().any(Option::is_some) {
                // Rows change places: they are listed as a whole.
                if key.is_none() {
                    self.merge_table(&mut super::Nowhere, context, triple, draft, false)?;
                }
                continue;
            }
            changes.watch_nothing();
            let job = Job {
                source: self.source,
                table: triple.id,
                plan: &draft.plan,
                trees: trees(triple),
                target: Some(OURS),
                has_output: false,
                after: key,
                counts_all: false,
            };
            if let Some(key) = Rows::new(&job, context, &mut changes)?.list(limit)? {
                return Ok(Some(Cursor { table: triple.id, key: Some(key) }));
            }
        }
        Ok(None)
    }

    /// M1 for the whole: the state that stands as it is.
    fn unmerged(&self) -> Option<&'a Root> {
        let Sides { base, ours, theirs } = self.sides;
        if ours == theirs {
            return Some(ours);
        }
        if !self.options.unknown.is_empty() {
            return None;
        }
        if base == theirs { Some(ours) } else { (base == ours).then_some(theirs) }
    }

    /// All tables, and the ids of those that are known by another: both sides added one of this name (M14), which is
    /// merged under the smaller id.
    fn triples(&self) -> (Vec<Triple<'a>>, BTreeMap<TableId, TableId>) {
        let Sides { base, ours, theirs } = self.sides;
        let is_new = |id: &TableId, other: &Root| !base.tables.contains_key(id) && !other.tables.contains_key(id);
        let mut renamed = BTreeMap::new();
        for (id, entry) in ours.tables.iter().filter(|(id, _)| is_new(id, theirs)) {
            if let Some((other, _)) = theirs.table_named(&entry.name).filter(|(other, _)| is_new(other, ours)) {
                renamed.insert(*id.max(&other), *id.min(&other));
            }
        }
        let merged_id = |id: &TableId| renamed.get(id).copied().unwrap_or(*id);
        let mut triples: BTreeMap<TableId, [Option<&'a TableEntry>; 3]> = BTreeMap::new();
        for (state, root) in [(BASE, base), (OURS, ours), (THEIRS, theirs)] {
            for (id, entry) in &root.tables {
                triples.entry(merged_id(id)).or_default()[state] = Some(entry);
            }
        }
        (triples.into_iter().map(|(id, entries)| Triple { id, entries }).collect(), renamed)
    }

    /// Decides names and columns of all tables.
    fn decide(
        &self,
        context: &mut Context<'_>,
        triples: &[Triple<'a>],
        renamed: &BTreeMap<TableId, TableId>,
        merged: &mut Merged,
    ) -> Result<Vec<Decided>, MergeError> {
        let mut looked_at = self.looked_at(triples, renamed)?;
        looked_at.extend(self.retargeted(triples, renamed)?);
        let mut decided = Vec::with_capacity(triples.len());
        for triple in triples {
            let must_look = looked_at.contains(&triple.id)
                || context.overrides.contains_key(&triple.id)
                || self.options.unknown.iter().any(|subject| subject.table() == triple.id);
            decided.push(self.decide_table(context, triple, renamed, must_look)?);
            let stats = std::mem::take(&mut context.stats);
            merged.stats.add(stats);
            if stats != Stats::default() {
                merged.tables.entry(triple.id).or_default().add(stats);
            }
        }
        self.decide_names(context, triples, &mut decided);
        merged.stats.add(std::mem::take(&mut context.stats));
        Ok(decided)
    }

    fn decide_table(
        &self,
        context: &mut Context<'_>,
        triple: &Triple<'a>,
        renamed: &BTreeMap<TableId, TableId>,
        must_look: bool,
    ) -> Result<Decided, MergeError> {
        let taken = |entry: Option<&TableEntry>| Ok(entry.map_or(Decided::Gone, |entry| Decided::Taken(entry.clone())));
        let [base, ours, theirs] = triple.entries;
        match (base, ours, theirs) {
            (None, one, None) | (None, None, one) if !must_look => return taken(one),
            (None, one, None) | (None, None, one) if one.is_none() => return Ok(Decided::Gone),
            (None, _, None) | (None, None, _) => {}
            (_, None, None) => return Ok(Decided::Gone),
            (Some(base), Some(edited), None) => return Ok(dropped(context, triple.id, Side::Theirs, base, edited)),
            (Some(base), None, Some(edited)) => return Ok(dropped(context, triple.id, Side::Ours, base, edited)),
            (_, Some(_), Some(_)) if must_look => {}
            (Some(base), Some(ours), Some(theirs)) if base == theirs || ours == theirs => return taken(Some(ours)),
            (Some(base), Some(ours), Some(theirs)) if base == ours => return taken(Some(theirs)),
            (_, Some(_), Some(_)) => {}
        }
        // A table that is new on one side only is merged with itself.
        let entries = [base, ours.or(theirs), theirs.or(ours)];
        let name = |entry: &'a TableEntry| entry.name.as_str();
        let [Some(our_name), Some(their_name)] = [entries[OURS].map(name), entries[THEIRS].map(name)] else {
            return Ok(Decided::Gone);
        };
        let (name, is_open) =
            schema::text(context, triple.id, TableProperty::Name, base.map(name), our_name, their_name);
        // Until it is decided, a name that no other table has.
        let name = if is_open { triple.id.to_string() } else { name };
        let mut schemas = [None, None, None];
        for (schema, entry) in schemas.iter_mut().zip(entries) {
            let Some(entry) = entry else { continue };
            let mut read = self.source.schema(entry.schema)?;
            for column in &mut read.columns {
                column.target = column.target.map(|id| renamed.get(&id).copied().unwrap_or(id));
            }
            *schema = Some(read);
        }
        let plan = {
            let refs = schemas.each_ref().map(Option::as_ref);
            let mut count = |side: Side, column: &Column| self.count_edits(triple, refs, side, column);
            schema::merge(context, triple.id, refs, &mut count)?
        };
        Ok(match plan {
            Some(plan) => Decided::Merged(Box::new(Draft { name, schemas, plan })),
            None => Decided::Open,
        })
    }

    /// Two tables can't have one name (M14, where not both are new).
    fn decide_names(&self, context: &mut Context<'_>, triples: &[Triple<'a>], decided: &mut [Decided]) {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, decided) in decided.iter().enumerate() {
            match decided {
                Decided::Taken(entry) => by_name.entry(entry.name.clone()).or_default().push(index),
                Decided::Merged(draft) => by_name.entry(draft.name.clone()).or_default().push(index),
                Decided::Gone | Decided::Open => {}
            }
        }
        for (name, tables) in by_name.into_iter().filter(|(_, tables)| tables.len() > 1) {
            let has = |side: usize| {
                tables.iter().copied().find(|index| triples[*index].entries[side].is_some_and(|e| e.name == name))
            };
            let (Some(ours), Some(theirs)) = (has(OURS), has(THEIRS)) else { continue };
            let conflict =
                Conflict::TableNames { table: triples[ours].id, other: triples[theirs].id, name: name.clone() };
            let made = context.decide(conflict, |choice| match choice {
                Choice::Value(crate::Value::Text(name)) => crate::schema::is_name(name).then(|| name.clone()),
                _ => None,
            });
            match (made, &mut decided[theirs]) {
                (Some(name), Decided::Taken(entry)) => entry.name = name,
                (Some(name), Decided::Merged(draft)) => draft.name = name,
                _ => {}
            }
        }
    }

    /// M9: how many cells of a column a side changed, and a hash of the changes.
    fn count_edits(
        &self,
        triple: &Triple<'_>,
        schemas: [Option<&Schema>; 3],
        side: Side,
        column: &Column,
    ) -> Result<(u64, Hash), ReadError> {
        let state = if side == Side::Ours { OURS } else { THEIRS };
        let trees = trees(triple);
        let (Some(base), Some(new)) = (schemas[BASE], schemas[state]) else { return Ok((0, Hash::of(&[]))) };
        let (Some(before), Some(after)) = (base.position(column.id), new.position(column.id)) else {
            return Ok((0, Hash::of(&[])));
        };
        let mut edits = 0;
        let mut bytes = Vec::new();
        let mut digest = Hash::of(&[]);
        for delta in Diff::new(self.source, (trees[BASE], base), (trees[state], new), None)? {
            let delta = delta?;
            let Some(row) = &delta.after else { continue };
            let value = &row[after];
            let is_edited = match &delta.before {
                Some(old) => !old[before].is_same(value),
                None => *value != column.fill && *value != column.default,
            };
            if is_edited {
                edits += 1;
                bytes.clear();
                bytes.extend(digest.as_bytes());
                key::encode_text(delta.key.as_bytes(), &mut bytes);
                bytes.extend(value.to_string().as_bytes());
                digest = Hash::of(&bytes);
            }
        }
        Ok((edits, digest))
    }

    /// The tables that must be looked into although one side alone changed each: one has links into the other, and
    /// different sides changed them.
    fn looked_at(
        &self,
        triples: &[Triple<'a>],
        renamed: &BTreeMap<TableId, TableId>,
    ) -> Result<BTreeSet<TableId>, ReadError> {
        let mut looked_at = BTreeSet::new();
        let by_id: BTreeMap<TableId, &Triple<'_>> = triples.iter().map(|triple| (triple.id, triple)).collect();
        for triple in triples {
            for side in [OURS, THEIRS] {
                let Some(entry) = triple.entries[side].filter(|_| triple.is_changed(side)) else { continue };
                for column in &self.source.schema(entry.schema)?.columns {
                    let Some(target) = column.target else { continue };
                    let target = renamed.get(&target).copied().unwrap_or(target);
                    let other = OURS + THEIRS - side;
                    if by_id.get(&target).is_some_and(|target| target.is_changed(other)) {
                        looked_at.extend([triple.id, target]);
                    }
                }
            }
        }
        Ok(looked_at)
    }

    /// The tables whose links lead to tables that have another id now.
    fn retargeted(
        &self,
        triples: &[Triple<'a>],
        renamed: &BTreeMap<TableId, TableId>,
    ) -> Result<Vec<TableId>, ReadError> {
        let mut retargeted = Vec::new();
        for triple in triples.iter().filter(|_| !renamed.is_empty()) {
            for entry in [OURS, THEIRS].into_iter().filter_map(|side| triple.entries[side]) {
                let schema = self.source.schema(entry.schema)?;
                if schema.columns.iter().any(|column| column.target.is_some_and(|id| renamed.contains_key(&id))) {
                    retargeted.push(triple.id);
                }
            }
        }
        Ok(retargeted)
    }

    /// The tables that links of merged tables lead to.
    fn link_targets(&self, decided: &[Decided]) -> Result<BTreeSet<TableId>, ReadError> {
        let mut targets = BTreeSet::new();
        for decided in decided {
            match decided {
                Decided::Merged(draft) => targets.extend(draft.plan.schema.columns.iter().filter_map(|it| it.target)),
                Decided::Taken(entry) => {
                    let schema = self.source.schema(entry.schema)?;
                    targets.extend(schema.columns.iter().filter_map(|column| column.target));
                }
                Decided::Gone | Decided::Open => {}
            }
        }
        Ok(targets)
    }

    /// Merges the rows of a table.
    fn merge_table<'d>(
        &self,
        sink: &mut dyn ChunkSink,
        context: &mut Context<'_>,
        triple: &Triple<'a>,
        draft: &'d Draft,
        is_target: bool,
    ) -> Result<(TableEntry, Known<'d>), MergeError> {
        let plan = &draft.plan;
        let mut trees = trees(triple);
        let failed = |source| MergeError::Edit { table: triple.id, source };
        let schemas = draft.schemas.each_ref().map(Option::as_ref);
        let bytes = Object::Schema(plan.schema.clone()).encode();
        let schema = Hash::of(&bytes);
        sink.put(schema, bytes)?;
        let entry = |tree: Tree| TableEntry { name: draft.name.clone(), schema, tree };
        if plan.is_rekeyed.contains(&true) {
            let rekey = rekey::Rekey { source: self.source, table: triple.id, plan, schemas, trees, is_target };
            let (tree, changes, keys) = rekey.merge(sink, context)?;
            return Ok((entry(tree), Known::merged(plan, changes, trees, None, Some(keys))));
        }
        let scratch = Scratch::new(self.source);
        let mut source = self.source;
        for (state, sources) in plan.rebuilt.iter().enumerate() {
            let Some(sources) = sources else { continue };
            let rebuild = rekey::Rebuild { table: triple.id, plan, state, sources };
            // What the base can't tell, it does not know.
            let mut lost = |violation| {
                if state != BASE {
                    context.violation(violation)
                }
            };
            // The merged tree shares its nodes.
            let mut both = Both(&scratch, sink);
            trees[state] = rebuild.tree(self.source, &mut both, trees[state], &mut lost).map_err(failed)?;
            source = &scratch;
        }
        let target = match (plan.fits[OURS], plan.fits[THEIRS]) {
            (true, true) => {
                // Edits of the smaller side go into the tree of the other.
                let fewer = fewer_changes(source, trees[BASE], [trees[OURS], trees[THEIRS]])?;
                Some(if fewer == 0 { THEIRS } else { OURS })
            }
            (true, false) => Some(OURS),
            (false, true) => Some(THEIRS),
            (false, false) => None,
        };
        let mut changes = Changes::new(triple.id, plan, schemas, is_target, target.is_none());
        let job = Job {
            source,
            table: triple.id,
            plan,
            trees,
            target,
            has_output: true,
            after: None,
            counts_all: self.options.count_all,
        };
        let mut rows = Rows::new(&job, context, &mut changes)?;
        let mut edits = std::iter::from_fn(|| rows.next_edit().transpose());
        let from = target.map_or_else(Tree::default, |target| trees[target]);
        let tree = edit::edit(&from, source, sink, &plan.schema, &mut edits).map_err(failed)?;
        changes.report_duplicates(context, |index, visit| match target {
            Some(target) => validate::scan(source, trees[target], &plan.schema.columns[index], visit),
            None => Ok::<(), ReadError>(()),
        })?;
        Ok((entry(tree), Known::merged(plan, changes, trees, target, None)))
    }
}

/// Writes to two places. Hints of what is near are not handed on: it may be in the scratch only.
struct Both<'b, 's>(&'b Scratch<'s>, &'b mut dyn ChunkSink);

impl ChunkSink for Both<'_, '_> {
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
        self.1.put(hash, bytes.clone())?;
        self.0.put(hash, bytes)
    }
}

fn trees(triple: &Triple<'_>) -> [Tree; 3] {
    let [base, ours, theirs] = triple.entries.map(|entry| entry.map(|entry| entry.tree));
    // A table that is new on one side only is merged with itself.
    let only = if base.is_none() { ours.or(theirs).unwrap_or_default() } else { Tree::default() };
    [base.unwrap_or_default(), ours.unwrap_or(only), theirs.unwrap_or(only)]
}

/// M14: a table that one side dropped.
fn dropped(
    context: &mut Context<'_>,
    table: TableId,
    dropped_by: Side,
    base: &TableEntry,
    edited: &TableEntry,
) -> Decided {
    if base == edited {
        return Decided::Gone;
    }
    let conflict = Conflict::Table { table, dropped_by, base: base.clone(), edited: edited.clone() };
    match context.decide(conflict, |choice| schema::keeps(choice, dropped_by)) {
        Some(true) => Decided::Taken(edited.clone()),
        Some(false) => Decided::Gone,
        None => Decided::Open,
    }
}
