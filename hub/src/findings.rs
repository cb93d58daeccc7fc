//! The rows that break rules or meet checks, as people are told of them.

use std::collections::BTreeMap;

use versioning::{
    Hash, Key, ObjectSource, Root, Row, Schema, TableId,
    check::{Checker, Checks, met},
    overlay::Patch,
    rules::{self, Breaches},
    schema::Severity,
};

use crate::Error;

/// The most rows that are told at once.
pub(crate) const MAX_TOLD: usize = 100;

/// A row that breaks a rule or meets a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// The table's name.
    pub table: String,
    /// The row's key as it stands in addresses; none where it is about no single row.
    pub key: Option<String>,
    /// What is wrong, as a sentence without its full stop.
    pub message: String,
}

/// Rows that break rules or meet checks: the first ones, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first 100, errors first.
    pub listed: Vec<Finding>,
    /// Rules that are broken, and checks of severity error that are met, row by row.
    pub errors: u64,
    /// Checks of severity warning that are met, row by row.
    pub warnings: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, severity: Severity, finding: impl FnOnce() -> Finding) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.listed.len() < MAX_TOLD {
            self.listed.push(finding());
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.errors + self.warnings
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

/// The warnings that one state brings against another.
pub(crate) fn warnings(objects: &dyn ObjectSource, before: &Root, after: &Root) -> Result<Findings, Error> {
    let found = rules::warnings(objects, before, after, MAX_TOLD)?;
    named(objects, after, found)
}

/// The warnings that a commit brings against its first parent.
pub(crate) fn warnings_of(objects: &dyn ObjectSource, commit: Hash) -> Result<Findings, Error> {
    let commit = objects.commit(commit)?;
    let before = match commit.parents.first() {
        Some(parent) => objects.root(objects.commit(*parent)?.root)?,
        None => Root::default(),
    };
    warnings(objects, &before, &objects.root(commit.root)?)
}

fn named(objects: &dyn ObjectSource, root: &Root, found: Breaches) -> Result<Findings, Error> {
    let mut schemas: BTreeMap<TableId, Schema> = BTreeMap::new();
    let mut findings = Findings { warnings: found.count, ..Findings::default() };
    for violation in found.listed {
        let Some(entry) = root.tables.get(&violation.table) else { continue };
        let schema = match schemas.remove(&violation.table) {
            Some(schema) => schema,
            None => objects.schema(entry.schema)?,
        };
        let row = match violation.rows.first() {
            Some((key, _)) => entry.tree.get(objects, &schema, key)?,
            None => None,
        };
        findings.listed.push(Finding {
            severity: Severity::Warning,
            table: entry.name.clone(),
            key: row.map(|row| Key::to_text(&schema, &row)),
            message: violation.message,
        });
        schemas.insert(violation.table, schema);
    }
    Ok(findings)
}

/// What a table's schema asks of rows one by one.
pub(crate) struct RowRules<'s> {
    table: &'s str,
    schema: &'s Schema,
    columns: Checker<'s>,
    checks: [(Severity, Checks<'s>); 2],
}

impl<'s> RowRules<'s> {
    pub(crate) fn new(table: &'s str, schema: &'s Schema) -> Self {
        let checks = [Severity::Error, Severity::Warning].map(|severity| (severity, Checks::new(schema, severity)));
        Self { table, schema, columns: Checker::new(schema), checks }
    }

    /// Adds what an edited row breaks and meets. A check that it met before it was edited is not told.
    pub(crate) fn add(&self, patch: &Patch, findings: &mut Findings) {
        let Some(row) = &patch.after else { return };
        // A row of another number of cells is of a table that has changed since: committing tells about it.
        let Ok(broken) = self.columns.breaches(row) else { return };
        for (_, error) in broken {
            let key = Key::to_text(self.schema, row);
            let message = || format!("Row {key}: {error}");
            findings.add(Severity::Error, || self.finding(Severity::Error, row, message()));
        }
        let before = patch.before.as_ref().filter(|before| before.len() == row.len());
        for (severity, checks) in &self.checks {
            for check in checks.met(row) {
                let was_met = before.is_some_and(|before| checks.met(before).any(|other| other.id == check.id));
                if !was_met {
                    findings
                        .add(*severity, || self.finding(*severity, row, met(check, &Key::to_text(self.schema, row))));
                }
            }
        }
    }

    fn finding(&self, severity: Severity, row: &Row, message: String) -> Finding {
        let key = Some(Key::to_text(self.schema, row));
        Finding { severity, table: self.table.to_owned(), key, message }
    }
}
