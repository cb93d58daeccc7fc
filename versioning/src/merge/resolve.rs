//! What people decide about conflicts and violations (rule M17).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conflict::{Conflict, ConflictKind, RowCells};
use crate::{ColumnId, Hash, Key, TableId, Value};

/// How a conflict is decided. A choice that a conflict does not offer leaves it open:
///
/// | conflict | offers |
/// | --- | --- |
/// | cell | ours, theirs, base (null where there is none), value, combine |
/// | row | ours, theirs, base; keep the edited row, delete |
/// | column | ours, theirs; keep, delete |
/// | property | ours, theirs, base, value |
/// | check | ours, theirs, base, value (a text; of a filter, with the names of columns); a dropped one: ours, theirs, keep, delete |
/// | column names | ours: the name is our column's; theirs; value (a text): the new name of their column |
/// | primary key | ours, theirs, base |
/// | table | ours, theirs; keep, delete |
/// | table property | ours, theirs, base, value (a text) |
/// | table names | value (a text): the new name of their table |
///
/// Where one of two columns loses its name, it gets back the one it had; a new column is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What our side has.
    Ours,
    /// What their side has.
    Theirs,
    /// What was there before.
    Base,
    /// Something else. In a cell, of the column's type or null.
    Value(Value),
    /// Both: texts one below the other (ours first; once when one holds the other), the union of tags, json objects and
    /// arrays together (ours wins where both set one key), and a value rather than null.
    Combine,
    /// The row, column or table stays, as it was edited.
    Keep,
    /// The row, column or table goes.
    Delete,
}

/// Which conflicts a rule is for: those that match all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Those of this table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableId>,
    /// Those of this column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnId>,
    /// Those of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConflictKind>,
}

impl Scope {
    fn matches(&self, conflict: &Conflict) -> bool {
        self.table.is_none_or(|table| table == conflict.table())
            && self.column.is_none_or(|column| Some(column) == conflict.column())
            && self.kind.is_none_or(|kind| kind == conflict.kind())
    }

    /// Whether whatever is in the other scope is in this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.table.is_none_or(|table| Some(table) == other.table)
            && self.column.is_none_or(|column| Some(column) == other.column)
            && self.kind.is_none_or(|kind| Some(kind) == other.kind)
    }

    /// A column is narrower than a table, a table than a kind.
    fn narrowness(&self) -> (bool, bool, bool) {
        (self.column.is_some(), self.table.is_some(), self.kind.is_some())
    }
}

/// Decides all conflicts within a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRule {
    /// Which.
    #[serde(flatten)]
    pub scope: Scope,
    /// How.
    pub choice: Choice,
}

/// What becomes of a row that takes part in a violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFix {
    /// It is deleted.
    Delete,
    /// These cells get new values. Cells of the primary key stay as they are, except at a violation of the key itself.
    Set(RowCells),
}

/// How a violation is resolved: rows of the violation's table, or of any other, are changed; then the rules are
/// checked again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The rows.
    pub rows: Vec<(TableId, Key, RowFix)>,
}

/// All decisions about one merge.
///
/// A decision about a conflict's id beats every rule; of the rules that match and that the conflict can follow, the
/// narrowest decides (a column beats a table, a table beats a kind), and of equally narrow ones the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolutions {
    /// By the conflict's id.
    #[serde(default)]
    pub conflicts: BTreeMap<Hash, Choice>,
    /// By scope.
    #[serde(default)]
    pub rules: Vec<ScopeRule>,
    /// By the violation's id.
    #[serde(default)]
    pub violations: BTreeMap<Hash, Fix>,
}

impl Resolutions {
    /// The rule that decided a conflict about which nothing is decided by its id: the narrowest, and of those the last,
    /// that comes to this choice.
    #[must_use]
    pub fn rule_for(&self, conflict: &Conflict, choice: &Choice) -> Option<&ScopeRule> {
        let rules = self.rules.iter().filter(|rule| rule.choice == *choice && rule.scope.matches(conflict));
        rules.max_by_key(|rule| rule.scope.narrowness())
    }

    /// The first choice, in the order of precedence, that `apply` can make something of.
    pub(crate) fn decide<'r, T>(
        &'r self,
        conflict: &Conflict,
        mut apply: impl FnMut(&Choice) -> Option<T>,
    ) -> Option<(&'r Choice, T)> {
        if !self.conflicts.is_empty()
            && let Some(choice) = self.conflicts.get(&conflict.id())
            && let Some(made) = apply(choice)
        {
            return Some((choice, made));
        }
        let mut best: Option<(&ScopeRule, T)> = None;
        for rule in &self.rules {
            let is_narrower = best.as_ref().is_none_or(|(best, _)| rule.scope.narrowness() >= best.scope.narrowness());
            if is_narrower
                && rule.scope.matches(conflict)
                && let Some(made) = apply(&rule.choice)
            {
                best = Some((rule, made));
            }
        }
        best.map(|(rule, made)| (&rule.choice, made))
    }
}
