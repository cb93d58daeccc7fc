//! What every page of a request says of it: how much there is on each, and what merging would come to.
//!
//! What two commits come to is the same whenever somebody asks. So it is kept in memory under their names and under what
//! was decided: the pages of a request merge once, and again when a branch has moved or a decision was made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use storage::{Objects, RequestDecision};
use versioning::{
    Hash, ObjectSource,
    history::{self, Clocks},
    merge::{Found, Resolutions, Stats},
    schema::Severity,
};

use super::{COMMITS, Entry, EntryKind, Loaded, RequestOverview, RequestState};
use crate::{
    Error, Finding, Findings, Hub, StatusState, StatusView, ahead, blocking,
    differences::tables_apart,
    findings::MAX_TOLD,
    merges::{Three, inspect},
};

/// Of so many requests it is kept what they come to.
const MAX_KEPT: usize = 200;

/// The states that a request is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    /// What the branch that gets the changes holds, or held before it got them.
    pub(super) ours: Option<Hash>,
    /// What is offered.
    pub(super) head: Hash,
    /// The state that has the changes.
    pub(super) after: Hash,
    pub(super) is_merged: bool,
}

impl Sides {
    /// The commits that the request brings, the newest first: at most 250, and whether there are more.
    pub(super) fn brought(&self, objects: &dyn ObjectSource) -> Result<(Vec<Hash>, bool), Error> {
        let Some(ours) = self.ours else { return Ok((Vec::new(), false)) };
        let between = match history::commits_between(objects, ours, self.head, Clocks::Honest, COMMITS) {
            Ok(between) => between,
            // What was squashed is not kept for ever.
            Err(_) if self.is_merged => return Ok((Vec::new(), false)),
            Err(error) => return Err(error.into()),
        };
        let has_more = !between.complete || between.commits.len() > COMMITS;
        Ok((between.commits.into_iter().take(COMMITS).collect(), has_more))
    }

    /// The state against which it has its changes: what both branches have in common, or what was there before they got in.
    pub(super) fn before(&self, objects: &dyn ObjectSource) -> Result<Option<Hash>, Error> {
        Ok(match self.ours {
            Some(ours) if !self.is_merged => history::merge_bases(objects, ours, self.head)?.first().copied(),
            ours => ours,
        })
    }
}

/// What a request comes to.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    commits: u64,
    has_more_commits: bool,
    tables: u64,
    /// How a merge would go; none where there is nothing to merge.
    pub(super) stats: Option<Stats>,
    /// What is found in the merged state. While a conflict is open there is none, and warnings are not known.
    pub(super) findings: Findings,
}

/// Finds out what a request comes to; `resolutions` are there while it is open. Tells each conflict and violation with what
/// was decided about it.
pub(super) fn weigh(
    objects: &Objects,
    sides: Sides,
    resolutions: Option<&Resolutions>,
    tell: &mut dyn FnMut(Found<'_>),
) -> Result<(Weighed, Option<Three>), Error> {
    let mut weighed = ahead::reading(objects, |objects| {
        let (commits, has_more_commits) = sides.brought(objects)?;
        let tables = tables_apart(objects, sides.before(objects)?, Some(sides.after))?;
        Ok::<_, Error>(Weighed { commits: commits.len() as u64, has_more_commits, tables, ..Weighed::default() })
    })?;
    let (Some(resolutions), Some(ours)) = (resolutions, sides.ours) else { return Ok((weighed, None)) };
    let mut violations = Vec::new();
    let mut errors = 0;
    let found = inspect(objects, (ours, sides.head), resolutions, &mut |found| {
        if let Found::Violation(violation, None) = &found {
            errors += 1;
            if violations.len() < MAX_TOLD {
                violations.push(violation.clone());
            }
        }
        tell(found);
    })?;
    let Some((stats, three, warnings)) = found else { return Ok((weighed, None)) };
    let broken = violations.into_iter().map(|violation| {
        let found = three.name_violation(objects, violation);
        let (table, keys, message) = (found.table, found.keys, found.violation.message);
        Finding { severity: Severity::Error, table, keys, message }
    });
    weighed.findings = Findings { listed: broken.collect(), errors, warnings: 0 };
    weighed.findings.extend(warnings);
    weighed.stats = Some(stats);
    Ok((weighed, Some(three)))
}

/// What requests come to, in memory, the last used at the end.
#[derive(Default)]
pub(crate) struct Weighings(Mutex<Vec<(Hash, Arc<Weighed>)>>);

impl Weighings {
    fn lock(&self) -> MutexGuard<'_, Vec<(Hash, Arc<Weighed>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, name: Hash) -> Option<Arc<Weighed>> {
        let mut kept = self.lock();
        let position = kept.iter().position(|(known, _)| *known == name)?;
        let entry = kept.remove(position);
        let weighed = Arc::clone(&entry.1);
        kept.push(entry);
        Some(weighed)
    }

    pub(super) fn put(&self, name: Hash, weighed: Arc<Weighed>) {
        let mut kept = self.lock();
        kept.retain(|(known, _)| *known != name);
        kept.push((name, weighed));
        if kept.len() > MAX_KEPT {
            kept.remove(0);
        }
    }
}

/// Names what a request comes to: the same for the same states and decisions.
pub(super) fn name(sides: Sides, decisions: Option<&[RequestDecision]>) -> Hash {
    Hash::of(format!("{sides:?} {decisions:?}").as_bytes())
}

/// How many statuses stand in the way or warn: those that failed, and those that are waited for.
fn unmet(statuses: &[StatusView], required: &[String]) -> u64 {
    let has_failed = |status: &&StatusView| matches!(status.state, StatusState::Failure | StatusState::Error);
    let is_awaited = |context: &&String| {
        let said = statuses.iter().find(|status| status.context == **context);
        said.is_none_or(|status| status.state == StatusState::Pending)
    };
    (statuses.iter().filter(has_failed).count() + required.iter().filter(is_awaited).count()) as u64
}

impl Hub {
    /// What a request comes to now; none where one of its branches is gone, or where what is done is not kept any more.
    pub(super) async fn weighed(&self, loaded: &Loaded) -> Result<Option<Arc<Weighed>>, Error> {
        let Some(sides) = loaded.sides() else { return Ok(None) };
        let decisions = match loaded.state {
            RequestState::Open => Some(self.decisions(loaded).await?),
            RequestState::Merged | RequestState::Closed => None,
        };
        let name = name(sides, decisions.as_ref().map(|(_, kept)| kept.as_slice()));
        if let Some(weighed) = self.shared.weighings.get(name) {
            return Ok(Some(weighed));
        }
        let objects = self.store().objects();
        let weighed = blocking(move || {
            let resolutions = decisions.as_ref().map(|(resolutions, _)| resolutions);
            Ok(Arc::new(weigh(&objects, sides, resolutions, &mut |_| {})?.0))
        })
        .await;
        match weighed {
            Ok(weighed) => {
                self.shared.weighings.put(name, Arc::clone(&weighed));
                Ok(Some(weighed))
            }
            // What is done may be gone with its branches.
            Err(_) if loaded.state != RequestState::Open => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What every page of a request says of it, once it is known what it comes to.
    pub(super) async fn overview(
        &self,
        loaded: &Loaded,
        entries: &[Entry],
        weighed: Option<&Weighed>,
    ) -> Result<RequestOverview, Error> {
        let is_open = loaded.state == RequestState::Open;
        let undecided =
            |weighed: &Weighed| weighed.stats.map_or(0, |stats| stats.open_conflicts + stats.open_violations);
        let checks = match loaded.head() {
            None => None,
            Some(head) => {
                let rule = loaded.dataset.protection(&loaded.stored.target_branch).filter(|_| is_open);
                let required = rule.map(|rule| rule.checks.as_slice()).unwrap_or_default();
                let statuses = self.statuses_of(&loaded.dataset, head).await?;
                let found = weighed.map_or(0, |weighed| weighed.findings.count());
                Some(found + unmet(&statuses, required))
            }
        };
        let is_said = |entry: &&Entry| matches!(entry.kind, EntryKind::Comment { .. } | EntryKind::Review { .. });
        Ok(RequestOverview {
            said: entries.iter().filter(is_said).count() as u64,
            commits: weighed.map(|weighed| weighed.commits),
            has_more_commits: weighed.is_some_and(|weighed| weighed.has_more_commits),
            tables: weighed.map(|weighed| weighed.tables),
            undecided: weighed.filter(|_| is_open).map(undecided),
            checks,
            gone: self.gone(loaded, entries).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(context: &str, state: StatusState) -> StatusView {
        let (context, author) = (context.to_owned(), String::from("ci"));
        StatusView { context, state, description: String::new(), url: None, author, at: 0 }
    }

    #[test]
    fn statuses_count_that_failed_or_are_waited_for() {
        use StatusState::{Error, Failure, Pending, Success};
        let statuses = [status("a", Failure), status("b", Error), status("c", Pending), status("d", Success)];
        assert_eq!(unmet(&statuses, &[]), 2);
        // One that failed counts once, whether or not a rule asks for it.
        let required = ["a", "c", "d", "e"].map(String::from);
        assert_eq!(unmet(&statuses, &required), 4);
    }
}
