//! What people decide about a request's conflicts and violations.
//!
//! A decision is kept under what it is about: a conflict's or violation's id, which is the hash of what is in conflict, or
//! the scope of a rule. So it holds however the branches move as long as its cells stay the same, and is out of use, not
//! wrong, when they do not (rule M17). Whoever decides says what they saw decided: see `seen.rs`.

use storage::{Objects, PersonName, RequestDecision, StandingDecision};
use versioning::{
    ColumnId, Hash, Key, TableId, Type, Value,
    merge::{Choice, Fix, Found, Resolutions, RowCells, RowFix, ScopeRule},
};

use super::{
    Loaded, RequestState, Seen,
    conflicts::{column, value_type},
    seen::{rule_of, standing},
};
use crate::{
    Actor, DatasetPath, Error, Event, Hub, blocking,
    merges::{Three, survey},
    now,
    write::internal,
};

/// What becomes of a row that breaks a rule, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFixText {
    /// It is deleted.
    Delete,
    /// These cells are set; none empties one.
    Set(Vec<(ColumnId, Option<String>)>),
}

/// What a decision is about.
pub(super) enum About {
    Conflict(Hash),
    Violation(Hash),
    Rule,
}

impl About {
    pub(super) fn of(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("conflict", id) => id.parse().ok().map(Self::Conflict),
            ("violation", id) => id.parse().ok().map(Self::Violation),
            ("rule", _) => Some(Self::Rule),
            _ => None,
        }
    }
}

pub(super) fn about_conflict(id: Hash) -> String {
    format!("conflict:{id}")
}

pub(super) fn about_violation(id: Hash) -> String {
    format!("violation:{id}")
}

pub(super) fn about_rule(rule: &ScopeRule) -> Result<String, Error> {
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
            Some(About::Rule) => rules.push((decision.at, rule_of(decision)?)),
            None => return Err(internal(format!("a decision is about “{}”", decision.about))),
        }
    }
    // Of equally narrow rules the last one decides.
    rules.sort_by_key(|(at, _)| *at);
    resolutions.rules = rules.into_iter().map(|(_, rule)| rule).collect();
    Ok(resolutions)
}

impl Hub {
    /// What was decided about a request.
    pub(super) async fn decisions(&self, loaded: &Loaded) -> Result<(Resolutions, Vec<RequestDecision>), Error> {
        let kept = self.store().request_decisions(loaded.stored.dataset, loaded.stored.number).await?;
        Ok((understood(&kept)?, kept))
    }

    /// Keeps decisions about a request's conflicts and violations, all of them or none; each takes the place of an earlier
    /// one about the same, unless that is another one than was seen.
    ///
    /// # Errors
    /// There is no such request for the person, they may not decide, or something else is decided by now.
    pub async fn decide(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        resolutions: Resolutions,
        seen: &Seen,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        self.keep_decisions(actor, &loaded, &resolutions, seen).await
    }

    async fn load_deciding(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<Loaded, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        if loaded.state != RequestState::Open {
            return Err(Error::State { message: format!("#{number} is {}.", loaded.state.as_str()) });
        }
        loaded.demand(actor, loaded.may(actor).decide, "decide about conflicts of merge request")?;
        Ok(loaded)
    }

    async fn keep_decisions(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        new: &Resolutions,
        seen: &Seen,
    ) -> Result<(), Error> {
        // Who is overtaken between looking and keeping looks again.
        loop {
            let stands = self.unchanged(actor, loaded, seen).await?;
            if self.keep_unless_changed(actor, loaded, new, &stands).await? {
                return Ok(());
            }
        }
    }

    /// Keeps decisions where still stands what stood. Whether it did.
    async fn keep_unless_changed(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        new: &Resolutions,
        stands: &[StandingDecision],
    ) -> Result<bool, Error> {
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
        let (dataset, number) = (loaded.stored.dataset, loaded.stored.number);
        let done = self.store().decide_request(dataset, number, &decisions, stands).await?;
        if done && !decisions.is_empty() {
            self.tell_of_decision(actor, loaded);
        }
        Ok(done)
    }

    /// Tells those who have the request open.
    fn tell_of_decision(&self, actor: &Actor, loaded: &Loaded) {
        let event = Event::Decided { request: loaded.stored.number, by: actor.name().to_owned() };
        self.shared.events.send(loaded.stored.dataset.0, event);
    }

    /// Takes decisions back: those that are named, or all; unless others stand there by now than were seen.
    ///
    /// # Errors
    /// There is no such request for the person, they may not decide, or something else is decided by now.
    pub async fn undecide(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        about: Option<Vec<String>>,
        seen: &Seen,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        let dataset = loaded.stored.dataset;
        loop {
            let stands = self.unchanged_back(actor, &loaded, about.as_deref(), seen).await?;
            // All that was seen, and nothing that comes meanwhile.
            let all = stands.as_ref().map(|stands| stands.iter().map(|one| one.about.clone()).collect());
            let named = about.clone().or(all);
            let stands = stands.unwrap_or_default();
            if self.store().undecide_request(dataset, number, named.as_deref(), &stands).await? {
                self.tell_of_decision(actor, &loaded);
                return Ok(());
            }
        }
    }

    /// Decides a conflict with a value as typed; none for nothing.
    ///
    /// # Errors
    /// There is no such request or conflict for the person, they may not decide, the value is not of the type, or something
    /// else is decided by now than was seen.
    pub async fn decide_value(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        conflict: Hash,
        value: Option<&str>,
        seen: &Seen,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        let heads = loaded.heads().ok_or_else(|| Error::not_found("such conflict"))?;
        let typed = value.map(str::to_owned);
        let objects = self.store().objects();
        let value = blocking(move || {
            let found = find(&objects, heads, &Resolutions::default(), |found| match found {
                Found::Conflict(found, _) => Some(found).filter(|found| found.id() == conflict),
                Found::Violation(..) => None,
            })?;
            let (wanted, three) = found.ok_or_else(|| Error::State {
                message: "This is in conflict no more: nothing has to be decided.".to_owned(),
            })?;
            let ty = value_type(&three, &objects, &wanted);
            let ty = ty.ok_or_else(|| Error::invalid("value", "No value can stand there: choose one of the sides."))?;
            parsed(ty, typed.as_deref()).map_err(|why| Error::invalid("value", why))
        })
        .await?;
        let mut resolutions = Resolutions::default();
        resolutions.conflicts.insert(conflict, Choice::Value(value));
        self.keep_decisions(actor, &loaded, &resolutions, seen).await
    }

    /// Changes one of the rows that break a rule; `row` is its place among those of the violation.
    ///
    /// # Errors
    /// There is no such request or violation for the person, they may not decide, a value is not of its type, or its rows
    /// were changed since they were seen.
    pub async fn fix_violation(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        (violation, row): (Hash, usize),
        fix: RowFixText,
        seen: &Seen,
    ) -> Result<(), Error> {
        let loaded = self.load_deciding(actor, path, number).await?;
        let about = about_violation(violation);
        loop {
            let (resolutions, kept) = self.decisions(&loaded).await?;
            let stands = kept.iter().find(|one| one.about == about);
            seen.check(actor, &about, stands)?;
            let mut whole: Fix = resolutions.violations.get(&violation).cloned().unwrap_or_default();
            let (table, key, fix) = self.row_fix(&loaded, resolutions, (violation, row), fix.clone()).await?;
            whole.rows.retain(|(other, known, _)| (*other, known) != (table, &key));
            whole.rows.push((table, key, fix));
            let mut new = Resolutions::default();
            new.violations.insert(violation, whole);
            // What others changed of its other rows meanwhile is not lost.
            if self.keep_unless_changed(actor, &loaded, &new, &[standing(&about, stands)]).await? {
                return Ok(());
            }
        }
    }

    /// Which row of a violation is changed, and how.
    async fn row_fix(
        &self,
        loaded: &Loaded,
        resolutions: Resolutions,
        (violation, row): (Hash, usize),
        fix: RowFixText,
    ) -> Result<(TableId, Key, RowFix), Error> {
        let heads = loaded.heads().ok_or_else(|| Error::not_found("such violation"))?;
        let objects = self.store().objects();
        blocking(move || {
            let found = find(&objects, heads, &resolutions, |found| match found {
                Found::Violation(found, _) => Some(found).filter(|found| found.id() == violation),
                Found::Conflict(..) => None,
            })?;
            let (wanted, three) = found.ok_or_else(|| Error::State {
                message: "This breaks no rule any more: nothing has to be changed.".to_owned(),
            })?;
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
        .await
    }
}

/// The first thing of a merge that is wanted, with what is merged.
fn find<T>(
    objects: &Objects,
    heads: (Hash, Hash),
    resolutions: &Resolutions,
    mut want: impl FnMut(Found<'_>) -> Option<T>,
) -> Result<Option<(T, Three)>, Error> {
    let mut wanted = None;
    let found = survey(objects, heads, resolutions, &mut |found| {
        if wanted.is_none() {
            wanted = want(found);
        }
    })?;
    Ok(wanted.zip(found.map(|(_, three)| three)))
}

/// A value as typed; nothing for none. Why not, as a sentence.
fn parsed(ty: Type, text: Option<&str>) -> Result<Value, String> {
    match text {
        None => Ok(Value::Null),
        Some(text) => ty.parse(text).map_err(|error| format!("“{text}” is {error}.")),
    }
}
