//! Merging the schemas of one table by stable ids (rules M7 to M13 and M15), and the plan that its rows follow.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MergeError,
    conflict::{Conflict, Property, Rule, Side, Subject, TableProperty, Violation},
    context::Context,
    order,
    resolve::Choice,
};
use crate::{
    Column, ColumnId, Hash, ReadError, Schema, TableId, Type, Value,
    tree::walk3::{BASE, OURS, Place, THEIRS},
};

/// How the rows of a table are merged.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The merged schema.
    pub(crate) schema: Schema,
    /// For each merged column, where the three states have it.
    pub(crate) columns: Vec<PlanColumn>,
    /// Whether the leaves of a side are leaves under the merged schema as they are.
    pub(crate) fits: [bool; 3],
    /// Whether leaves of all three can be compared column by column.
    pub(crate) is_columnar: bool,
    /// Whether equal leaves of both sides have the same rows.
    pub(crate) is_alike: bool,
    /// The side that still has the old primary key, where the other one changed it.
    pub(crate) is_rekeyed: [bool; 3],
    /// The states that must be brought under the merged primary key first, with where their columns are until then.
    pub(crate) rebuilt: [Option<Vec<Option<Source>>>; 3],
}

/// A merged column.
#[derive(Clone, Debug)]
pub(crate) struct PlanColumn {
    /// Where the base, ours and theirs have it.
    pub(crate) at: [Option<Source>; 3],
}

/// A column of one of the three states.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    pub(crate) id: ColumnId,
    pub(crate) ty: Type,
    pub(crate) fill: Value,
}

impl Source {
    fn of(column: &Column) -> Self {
        Self { id: column.id, ty: column.ty, fill: column.fill.clone() }
    }

    /// The cell of a row of the state.
    pub(crate) fn value(&self, place: &Place) -> Value {
        place.leaf().cells(self.id).map_or_else(|| self.fill.clone(), |cells| cells.value(place.index))
    }

    fn is(&self, column: &Column) -> bool {
        self.id == column.id && self.ty == column.ty && self.fill == column.fill
    }
}

/// Counts the cells of a column that a side changed, and hashes the changes.
pub(crate) type CountEdits<'c> = dyn FnMut(Side, &Column) -> Result<(u64, Hash), ReadError> + 'c;

/// Merges the schemas of a table; none when the rows must wait until conflicts or violations are resolved.
pub(crate) fn merge(
    context: &mut Context<'_>,
    table: TableId,
    schemas: [Option<&Schema>; 3],
    count_edits: &mut CountEdits<'_>,
) -> Result<Option<Plan>, MergeError> {
    let empty = Schema {
        columns: Vec::new(),
        primary_key: Vec::new(),
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    };
    let [base, ours, theirs] = schemas.map(|schema| schema.unwrap_or(&empty));
    let mut merger = Merger {
        context,
        table,
        is_new: schemas[BASE].is_none(),
        renamed: unify(base, ours, theirs),
        is_open: false,
        is_provisional: false,
    };
    let mut columns = merger.columns([base, ours, theirs], count_edits)?;
    merger.names(&mut columns, [base, ours, theirs]);
    let checks = merger.checks(&columns, [base, ours, theirs]);
    let (primary_key, generated_key) = merger.primary_key([base, ours, theirs]);
    let old = schemas[BASE].map(|schema| schema.description.as_str());
    let (description, _) =
        text(merger.context, table, TableProperty::Description, old, &ours.description, &theirs.description);
    let members: BTreeSet<ColumnId> = columns.keys().copied().collect();
    let order = order::merge(&merger.ids(base, BASE), &merger.ids(ours, OURS), &merger.ids(theirs, THEIRS), &members);
    if merger.is_open {
        return Ok(None);
    }
    let is_provisional = merger.is_provisional;
    let mut plan_columns = Vec::with_capacity(order.len());
    let mut merged = Vec::with_capacity(order.len());
    for id in order {
        let Some(column) = columns.remove(&id) else { continue };
        let at = [(base, BASE), (ours, OURS), (theirs, THEIRS)]
            .map(|(schema, state)| merger.column(schema, state, id).map(Source::of));
        plan_columns.push(PlanColumn { at });
        merged.push(column);
    }
    let schema = Schema { columns: merged, primary_key, generated_key, description, checks };
    if let Err(error) = schema.validate() {
        if is_provisional {
            return Ok(None);
        }
        let message = format!("the merged columns do not go together: {error}");
        context.violation(Violation { table, rule: Rule::Schema, rows: Vec::new(), message });
        return Ok(None);
    }
    Ok(Some(Plan::new(schema, plan_columns, [base, ours, theirs])))
}

impl Plan {
    fn new(schema: Schema, columns: Vec<PlanColumn>, states: [&Schema; 3]) -> Self {
        let is_new = states[BASE].columns.is_empty();
        let signature = |state: usize| -> Vec<(ColumnId, Type)> {
            let find = |id: &ColumnId| states[state].column(*id).map(|column| (column.id, column.ty));
            states[state].primary_key.iter().filter_map(find).collect()
        };
        let merged_key: Vec<(ColumnId, Type)> = schema
            .primary_key
            .iter()
            .filter_map(|id| schema.column(*id))
            .map(|column| (column.id, column.ty))
            .collect();
        let zipped = || schema.columns.iter().zip(&columns);
        let fits = |state: usize| {
            let has_no_other = states[state]
                .columns
                .iter()
                .all(|column| schema.column(column.id).is_some_and(|merged| Source::of(column).is(merged)));
            // A column that the side dropped, but that is kept, has cells that the side's leaves don't have.
            let has_all = zipped().all(|(_, plan)| plan.at[BASE].is_none() || plan.at[state].is_some());
            signature(state) == merged_key && has_no_other && has_all
        };
        let is_columnar = (0..3).all(|state| signature(state) == merged_key)
            && zipped().all(|(column, plan)| {
                plan.at.iter().flatten().all(|source| source.is(column))
                    && (plan.at[BASE].is_none() || plan.at.iter().all(Option::is_some))
            });
        let is_alike = zipped().all(|(_, plan)| match (&plan.at[OURS], &plan.at[THEIRS]) {
            (Some(ours), Some(theirs)) => ours == theirs,
            // A leaf without the column of one side has the fill there, and the other side's rows get it too.
            _ => true,
        });
        let has_old_key =
            [!is_new && signature(BASE) != merged_key, signature(OURS) != merged_key, signature(THEIRS) != merged_key];
        let mut is_rekeyed = [false; 3];
        let mut rebuilt = [None, None, None];
        let mut plan_columns = columns.clone();
        match has_old_key {
            // One side changed the key: the edits of the other follow.
            [true, true, false] if signature(BASE) == signature(OURS) => is_rekeyed[OURS] = true,
            [true, false, true] if signature(BASE) == signature(THEIRS) => is_rekeyed[THEIRS] = true,
            // Rows of the others are found by the new key that they would have.
            _ => {
                for state in (0..3).filter(|state| has_old_key[*state]) {
                    rebuilt[state] = Some(columns.iter().map(|column| column.at[state].clone()).collect());
                    for (plan, column) in plan_columns.iter_mut().zip(&schema.columns) {
                        plan.at[state] = plan.at[state].as_ref().map(|_| Source::of(column));
                    }
                }
            }
        }
        let is_rebuilt = |state: usize| rebuilt[state].is_some();
        let fits = [false, fits(OURS) || is_rebuilt(OURS), fits(THEIRS) || is_rebuilt(THEIRS)];
        Self { fits, is_rekeyed, is_columnar, is_alike, schema, columns: plan_columns, rebuilt }
    }
}

/// The columns of theirs that are columns of ours under another id: both were added under one name and type (M8). The
/// smaller id is that of the merged column.
fn unify(base: &Schema, ours: &Schema, theirs: &Schema) -> [BTreeMap<ColumnId, ColumnId>; 3] {
    let is_new = |id: ColumnId, other: &Schema| base.column(id).is_none() && other.column(id).is_none();
    let mut renamed = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    for column in ours.columns.iter().filter(|column| is_new(column.id, theirs)) {
        let other = theirs.columns.iter().find(|other| other.name == column.name && is_new(other.id, ours));
        let Some(other) = other.filter(|other| other.ty == column.ty) else { continue };
        if column.id < other.id {
            renamed[THEIRS].insert(other.id, column.id);
        } else {
            renamed[OURS].insert(column.id, other.id);
        }
    }
    renamed
}

pub(super) struct Merger<'m, 'c> {
    pub(super) context: &'m mut Context<'c>,
    pub(super) table: TableId,
    is_new: bool,
    renamed: [BTreeMap<ColumnId, ColumnId>; 3],
    /// Whether something is undecided without which rows can't be merged.
    is_open: bool,
    /// Whether a property is undecided.
    pub(super) is_provisional: bool,
}

impl Merger<'_, '_> {
    pub(super) fn merged_id(&self, state: usize, id: ColumnId) -> ColumnId {
        self.renamed[state].get(&id).copied().unwrap_or(id)
    }

    fn ids(&self, schema: &Schema, state: usize) -> Vec<ColumnId> {
        schema.columns.iter().map(|column| self.merged_id(state, column.id)).collect()
    }

    fn column<'s>(&self, schema: &'s Schema, state: usize, merged: ColumnId) -> Option<&'s Column> {
        schema.columns.iter().find(|column| self.merged_id(state, column.id) == merged)
    }

    fn columns(
        &mut self,
        [base, ours, theirs]: [&Schema; 3],
        count_edits: &mut CountEdits<'_>,
    ) -> Result<BTreeMap<ColumnId, Column>, MergeError> {
        let states = [(base, BASE), (ours, OURS), (theirs, THEIRS)];
        let ids: BTreeSet<ColumnId> = states.iter().flat_map(|(schema, state)| self.ids(schema, *state)).collect();
        let mut columns = BTreeMap::new();
        for id in ids {
            let [base, ours, theirs] = states.map(|(schema, state)| self.column(schema, state, id));
            let merged = match (base, ours, theirs) {
                (_, None, None) => None,
                (None, Some(column), None) | (None, None, Some(column)) => Some(column.clone()),
                (base, Some(ours), Some(theirs)) => Some(self.properties(id, base, ours, theirs)),
                (Some(base), Some(edited), None) => {
                    let is_asked = asks_anew(states[BASE].0, states[OURS].0, base.id);
                    self.dropped(Side::Theirs, (base, edited), is_asked, count_edits)?
                }
                (Some(base), None, Some(edited)) => {
                    let is_asked = asks_anew(states[BASE].0, states[THEIRS].0, base.id);
                    self.dropped(Side::Ours, (base, edited), is_asked, count_edits)?
                }
            };
            columns.extend(merged.map(|column| (id, Column { id, ..column })));
        }
        Ok(columns)
    }

    /// M9: a column that one side dropped. While it is undecided the column stays, so that the rows can be merged.
    /// `is_asked` says that the other side has new checks about it.
    fn dropped(
        &mut self,
        dropped_by: Side,
        (base, edited): (&Column, &Column),
        is_asked: bool,
        count_edits: &mut CountEdits<'_>,
    ) -> Result<Option<Column>, MergeError> {
        let (edits, digest) = count_edits(dropped_by.other(), edited)?;
        if edits == 0 && base == edited && !is_asked {
            return Ok(None);
        }
        let conflict = Conflict::Column {
            table: self.table,
            column: base.id,
            dropped_by,
            base: Box::new(base.clone()),
            edited: Box::new(edited.clone()),
            edits,
            digest,
        };
        let keep = self.context.decide(conflict, |choice| keeps(choice, dropped_by));
        Ok(keep.unwrap_or(true).then(|| edited.clone()))
    }

    /// M10 to M12: property by property.
    fn properties(&mut self, id: ColumnId, base: Option<&Column>, ours: &Column, theirs: &Column) -> Column {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut merged = ours.clone();
        let name = |column: &Column| text(&column.name);
        merged.name = match self.property(id, Property::Name, base.map(name), name(ours), name(theirs)) {
            (Value::Text(name), false) => name,
            // Until it is decided, a name that no other column has.
            _ => id.to_string(),
        };
        let ty = |column: &Column| text(column.ty.name());
        let (ty, is_open) = self.property(id, Property::Type, base.map(ty), ty(ours), ty(theirs));
        self.is_open |= is_open;
        merged.ty = ty.to_string().parse().unwrap_or(ours.ty);
        for (property, get, set) in FLAGS {
            let value = |column: &Column| Value::Boolean(get(column));
            let (value, _) = self.property(id, property, base.map(value), value(ours), value(theirs));
            set(&mut merged, value == Value::Boolean(true));
        }
        for (property, get, set) in VALUES {
            // Where the type changed on one side, the other side's properties are converted like its cells.
            let cast = |column: &Column| {
                let value = get(column);
                value.cast(merged.ty).unwrap_or_else(|_| value.clone())
            };
            let (base, ours, theirs) = (base.map(cast), cast(ours), cast(theirs));
            let (value, _) = self.property(id, property, base, ours, theirs);
            set(&mut merged, value);
        }
        for (property, get, set) in TEXTS {
            let value = |column: &Column| text(get(column));
            let (value, _) = self.property(id, property, base.map(value), value(ours), value(theirs));
            set(&mut merged, value.to_string());
        }
        let target = |column: &Column| column.target.map_or(Value::Null, |target| text(&target.to_string()));
        let (target, _) = self.property(id, Property::Target, base.map(target), target(ours), target(theirs));
        merged.target = target.to_text().and_then(|target| target.parse().ok());
        merged.options = options(base.map_or(&[], |base| &base.options), &ours.options, &theirs.options);
        merged
    }

    /// The merged value of a property, and whether it is undecided.
    fn property(
        &mut self,
        column: ColumnId,
        property: Property,
        base: Option<Value>,
        ours: Value,
        theirs: Value,
    ) -> (Value, bool) {
        let base =
            base.filter(|_| !self.context.is_unknown(&Subject::Property { table: self.table, column, property }));
        if ours == theirs || base.as_ref() == Some(&theirs) {
            return (ours, false);
        }
        if base.as_ref() == Some(&ours) {
            return (theirs, false);
        }
        let conflict = Conflict::Property {
            table: self.table,
            column,
            property,
            base: base.clone(),
            ours: ours.clone(),
            theirs: theirs.clone(),
        };
        let made = self.context.decide(conflict, |choice| match choice {
            Choice::Ours => Some(ours.clone()),
            Choice::Theirs => Some(theirs.clone()),
            Choice::Base => base.clone(),
            Choice::Value(value) => fits_property(property, value).then(|| value.clone()),
            _ => None,
        });
        if let Some(value) = made {
            return (value, false);
        }
        // Until it is decided, what does not depend on which side is which.
        self.is_provisional = true;
        let either = if ours.to_string() <= theirs.to_string() { ours } else { theirs };
        (base.unwrap_or(either), true)
    }

    /// M8 and M10: two columns can't have one name.
    fn names(&mut self, columns: &mut BTreeMap<ColumnId, Column>, [base, ours, theirs]: [&Schema; 3]) {
        let names: BTreeSet<String> = columns.values().map(|column| column.name.clone()).collect();
        if names.len() == columns.len() {
            return;
        }
        for name in names {
            let have: Vec<ColumnId> =
                columns.iter().filter(|(_, column)| column.name == name).map(|(id, _)| *id).collect();
            if have.len() < 2 {
                continue;
            }
            let named = |merger: &Self, schema: &Schema, state: usize| {
                let column = schema.column_named(&name)?;
                let id = merger.merged_id(state, column.id);
                have.contains(&id).then(|| (id, column.clone()))
            };
            let (Some((mine, our_column)), Some((other, their_column))) =
                (named(self, ours, OURS), named(self, theirs, THEIRS))
            else {
                continue;
            };
            if mine == other {
                continue;
            }
            let conflict = Conflict::ColumnNames {
                table: self.table,
                name: name.clone(),
                ours: Box::new(our_column),
                theirs: Box::new(their_column),
            };
            let made = self.context.decide(conflict, |choice| match choice {
                Choice::Ours => Some((other, None)),
                Choice::Theirs => Some((mine, None)),
                Choice::Value(Value::Text(name)) => Some((other, Some(name.clone()))),
                _ => None,
            });
            let Some((loser, new_name)) = made else {
                self.is_open = true;
                continue;
            };
            match new_name.or_else(|| base.column(loser).map(|column| column.name.clone())) {
                Some(name) => {
                    if let Some(column) = columns.get_mut(&loser) {
                        column.name = name;
                    }
                }
                None => {
                    columns.remove(&loser);
                }
            }
        }
    }

    /// M15.
    fn primary_key(&mut self, [base, ours, theirs]: [&Schema; 3]) -> (Vec<ColumnId>, bool) {
        let key = |schema: &Schema, state: usize| -> Vec<ColumnId> {
            schema.primary_key.iter().map(|id| self.merged_id(state, *id)).collect()
        };
        let old = (!self.is_new && !self.context.is_unknown(&Subject::PrimaryKey { table: self.table }))
            .then(|| (key(base, BASE), base.generated_key));
        let mine = (key(ours, OURS), ours.generated_key);
        let other = (key(theirs, THEIRS), theirs.generated_key);
        if mine == other || old.as_ref() == Some(&other) {
            return mine;
        }
        if old.as_ref() == Some(&mine) {
            return other;
        }
        if mine.0 == other.0 {
            // The same columns: only a side that asks for it generates them, unless the base already did.
            let was = old.is_some_and(|(_, generated)| generated);
            return (mine.0, if was { mine.1 && other.1 } else { mine.1 || other.1 });
        }
        let conflict = Conflict::PrimaryKey {
            table: self.table,
            base: old.as_ref().map(|(key, _)| key.clone()),
            ours: mine.0.clone(),
            theirs: other.0.clone(),
        };
        let made = self.context.decide(conflict, |choice| match choice {
            Choice::Ours => Some(mine.clone()),
            Choice::Theirs => Some(other.clone()),
            Choice::Base => old.clone(),
            _ => None,
        });
        self.is_open |= made.is_none();
        made.unwrap_or(mine)
    }
}

/// Whether a side has checks about a column that the base does not have so.
fn asks_anew(base: &Schema, side: &Schema, column: ColumnId) -> bool {
    let mut checks = side.checks.iter().filter(|check| base.check_of(check.id) != Some(*check));
    checks.any(|check| check.columns().contains(&column))
}

/// The merged text of a table's property, and whether it is undecided.
pub(crate) fn text(
    context: &mut Context<'_>,
    table: TableId,
    property: TableProperty,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
) -> (String, bool) {
    let base = base.filter(|_| !context.is_unknown(&Subject::TableProperty { table, property }));
    if ours == theirs || base == Some(theirs) {
        return (ours.to_owned(), false);
    }
    if base == Some(ours) {
        return (theirs.to_owned(), false);
    }
    let owned = |text: &str| text.to_owned();
    let conflict =
        Conflict::TableProperty { table, property, base: base.map(owned), ours: owned(ours), theirs: owned(theirs) };
    let made = context.decide(conflict, |choice| match choice {
        Choice::Ours => Some(owned(ours)),
        Choice::Theirs => Some(owned(theirs)),
        Choice::Base => base.map(owned),
        Choice::Value(Value::Text(text)) => {
            (property != TableProperty::Name || crate::schema::is_name(text)).then(|| text.clone())
        }
        _ => None,
    });
    made.map_or_else(|| (owned(ours.min(theirs)), true), |text| (text, false))
}

/// Whether a choice keeps what one side dropped.
pub(crate) fn keeps(choice: &Choice, dropped_by: Side) -> Option<bool> {
    match choice {
        Choice::Keep => Some(true),
        Choice::Delete => Some(false),
        Choice::Ours => Some(dropped_by == Side::Theirs),
        Choice::Theirs => Some(dropped_by == Side::Ours),
        _ => None,
    }
}

fn fits_property(property: Property, value: &Value) -> bool {
    match property {
        Property::Name => matches!(value, Value::Text(name) if crate::schema::is_name(name)),
        Property::Type => matches!(value, Value::Text(name) if name.parse::<Type>().is_ok()),
        Property::Required | Property::Unique => matches!(value, Value::Boolean(_)),
        Property::Pattern | Property::Description => matches!(value, Value::Text(_)),
        Property::Target => matches!(value, Value::Text(id) if id.parse::<TableId>().is_ok()),
        // The merged schema is checked as a whole.
        Property::Fill | Property::Default | Property::Minimum | Property::Maximum => true,
    }
}

/// Options are a list without repetitions: what a side added is there, what a side took out is not.
fn options(base: &[String], ours: &[String], theirs: &[String]) -> Vec<String> {
    let all: BTreeSet<&String> = ours.iter().chain(theirs).collect();
    let stays = |option: &String| {
        !base.contains(option) && (ours.contains(option) || theirs.contains(option))
            || ours.contains(option) && theirs.contains(option)
    };
    let members: BTreeSet<String> = all.into_iter().filter(|option| stays(option)).cloned().collect();
    order::merge(base, ours, theirs, &members)
}

type Flag = (Property, fn(&Column) -> bool, fn(&mut Column, bool));
type ValueProperty = (Property, fn(&Column) -> &Value, fn(&mut Column, Value));
type TextProperty = (Property, fn(&Column) -> &str, fn(&mut Column, String));

const FLAGS: [Flag; 2] = [
    (Property::Required, |column| column.required, |column, value| column.required = value),
    (Property::Unique, |column| column.unique, |column, value| column.unique = value),
];

const VALUES: [ValueProperty; 4] = [
    (Property::Fill, |column| &column.fill, |column, value| column.fill = value),
    (Property::Default, |column| &column.default, |column, value| column.default = value),
    (Property::Minimum, |column| &column.minimum, |column, value| column.minimum = value),
    (Property::Maximum, |column| &column.maximum, |column, value| column.maximum = value),
];

const TEXTS: [TextProperty; 2] = [
    (Property::Pattern, |column| &column.pattern, |column, value| column.pattern = value),
    (Property::Description, |column| &column.description, |column, value| column.description = value),
];
