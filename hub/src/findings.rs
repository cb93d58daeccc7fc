//! The rows that break rules or meet checks, as people are told of them.

use std::{cell::OnceCell, collections::BTreeMap, fmt};

use versioning::{
    ColumnId, Hash, Key, ObjectSource, Root, Schema, TableId,
    check::{Checker, Checks},
    overlay::Patch,
    rules::{self, Breaches},
    schema::{Check, RowError, Severity},
};

use crate::Error;

/// The most rows that are told at once.
pub(crate) const MAX_TOLD: usize = 100;
/// The most rows that one finding names.
const MAX_KEYS: usize = 10;

/// A row that breaks a rule or meets a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// The table's name.
    pub table: String,
    /// The keys of its rows as they stand in addresses, at most 10; none where it is about no rows that are there.
    pub keys: Vec<String>,
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

    /// Adds others behind these.
    pub(crate) fn extend(&mut self, others: Self) {
        self.errors += others.errors;
        self.warnings += others.warnings;
        self.listed.extend(others.listed);
    }

    /// Lists violations of rules by the rows of this state, without counting them.
    fn list(
        &mut self,
        objects: &dyn ObjectSource,
        root: &Root,
        severity: Severity,
        found: Breaches,
    ) -> Result<(), Error> {
        let mut schemas: BTreeMap<TableId, Schema> = BTreeMap::new();
        for violation in found.listed {
            let Some(entry) = root.tables.get(&violation.table) else { continue };
            let schema = match schemas.remove(&violation.table) {
                Some(schema) => schema,
                None => objects.schema(entry.schema)?,
            };
            let mut keys = Vec::new();
            for (key, _) in violation.rows.iter().take(MAX_KEYS) {
                keys.extend(entry.tree.get(objects, &schema, key)?.map(|row| Key::to_text(&schema, &row)));
            }
            self.listed.push(Finding { severity, table: entry.name.clone(), keys, message: violation.message });
            schemas.insert(violation.table, schema);
        }
        Ok(())
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
    let mut findings = Findings { warnings: found.count, ..Findings::default() };
    findings.list(objects, after, Severity::Warning, found)?;
    Ok(findings)
}

/// What a commit of the one state after the other would be refused for, and the warnings that it would bring.
pub(crate) fn between(objects: &dyn ObjectSource, before: &Root, after: &Root) -> Result<Findings, Error> {
    let found = rules::breaches(objects, before, after, MAX_TOLD)?;
    let mut findings = Findings { errors: found.count, ..Findings::default() };
    findings.list(objects, after, Severity::Error, found)?;
    findings.extend(warnings(objects, before, after)?);
    Ok(findings)
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

/// What a row of a draft breaks or meets, for who looks at the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFinding {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// The columns that it is about.
    pub columns: Vec<ColumnId>,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl fmt::Display for RowFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        write!(f, "{kind}: {}", self.message)
    }
}

/// What a table's schema asks of rows one by one.
pub(crate) struct RowRules<'s> {
    schema: &'s Schema,
    /// Read from the schema when the first row is looked at: most tables that are shown have no edited rows.
    read: OnceCell<Read<'s>>,
}

struct Read<'s> {
    columns: Checker<'s>,
    checks: [(Severity, Checks<'s>); 2],
}

impl<'s> RowRules<'s> {
    pub(crate) const fn new(schema: &'s Schema) -> Self {
        Self { schema, read: OnceCell::new() }
    }

    fn read(&self) -> &Read<'s> {
        self.read.get_or_init(|| Read {
            columns: Checker::new(self.schema),
            checks: [Severity::Error, Severity::Warning].map(|severity| (severity, Checks::new(self.schema, severity))),
        })
    }

    /// Adds what cells of an edited row of a table break. Checks are not looked at.
    pub(crate) fn add(&self, table: &str, patch: &Patch, findings: &mut Findings) {
        let Some(row) = &patch.after else { return };
        // A row of another number of cells is of a table that has changed since: committing tells about it.
        let Ok(breaches) = self.read().columns.breaches(row) else { return };
        for (_, error) in breaches {
            let (severity, key) = (Severity::Error, Key::to_text(self.schema, row));
            let message = format!("Row {key}: {error}");
            findings.add(severity, || Finding { severity, table: table.to_owned(), keys: vec![key], message });
        }
    }

    /// What an edited row breaks and meets.
    pub(crate) fn of(&self, patch: &Patch) -> Vec<RowFinding> {
        let broken = self.broken(patch).into_iter();
        let finding = |Broken { severity, columns, what }| {
            let message = match what {
                What::Rule(error) => format!("{error}."),
                What::Check(Check { name, message, .. }) if message.is_empty() => format!("Meets the check “{name}”."),
                What::Check(check) => check.message.clone(),
            };
            RowFinding { severity, columns, message }
        };
        broken.map(finding).collect()
    }

    /// A check that the row met before it was edited is not told.
    fn broken(&self, patch: &Patch) -> Vec<Broken<'s>> {
        let Some(row) = &patch.after else { return Vec::new() };
        // A row of another number of cells is of a table that has changed since: committing tells about it.
        let Read { columns, checks } = self.read();
        let Ok(breaches) = columns.breaches(row) else { return Vec::new() };
        let rule =
            |(column, error)| Broken { severity: Severity::Error, columns: vec![column], what: What::Rule(error) };
        let mut broken: Vec<_> = breaches.into_iter().map(rule).collect();
        let before = patch.before.as_ref().filter(|before| before.len() == row.len());
        for (severity, checks) in checks {
            let new = checks.met(row).filter(|(check, _)| before.is_none_or(|before| !checks.is_met(check, before)));
            broken.extend(new.map(|(check, columns)| Broken {
                severity: *severity,
                columns,
                what: What::Check(check),
            }));
        }
        broken
    }
}

struct Broken<'s> {
    severity: Severity,
    columns: Vec<ColumnId>,
    what: What<'s>,
}

enum What<'s> {
    Rule(RowError),
    Check(&'s Check),
}
