//! What somebody saw of what is decided when they decided: nothing that came meanwhile is replaced (invariant 8).

use std::collections::{BTreeMap, BTreeSet};

use storage::{RequestDecision, StandingDecision};
use versioning::{
    Hash,
    merge::{Choice, Conflict, Found, Resolutions, Scope, ScopeRule},
};

use super::{
    Loaded,
    deciding::{About, about_conflict, about_rule, about_violation},
};
use crate::{Actor, Error, Hub, blocking, merges::survey, write::internal};

/// Stands where a revision would, while nobody has decided.
pub const OPEN: &str = "open";

/// Names a decision, to say that it was seen.
pub(super) fn revision(decision: &RequestDecision) -> String {
    Hash::of(format!("{} {}", decision.at, decision.data).as_bytes()).short()
}

/// Names all that is decided.
pub(super) fn revision_of_all(kept: &[RequestDecision]) -> String {
    let all: Vec<String> = kept.iter().map(|decision| format!("{} {}", decision.about, revision(decision))).collect();
    if all.is_empty() { OPEN.to_owned() } else { Hash::of(all.join("\n").as_bytes()).short() }
}

/// The revisions of what was decided when somebody looked, where they say so: a decision that stands there now and is
/// another one is not replaced. Where they don't, whatever stands there is.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    about: BTreeMap<String, String>,
    rules: Vec<(Scope, String)>,
    all: Option<String>,
    lets_own: bool,
}

impl Seen {
    /// What a page has shown to a person: what they have decided themselves since is no news to them.
    #[must_use]
    pub fn on_page() -> Self {
        Self { lets_own: true, ..Self::default() }
    }

    /// With the decision about a conflict.
    #[must_use]
    pub fn conflict(self, id: Hash, revision: &str) -> Self {
        self.about(&about_conflict(id), revision)
    }

    /// With what became of a violation's rows.
    #[must_use]
    pub fn violation(self, id: Hash, revision: &str) -> Self {
        self.about(&about_violation(id), revision)
    }

    /// With the rules that cover what another one is for: their revisions with spaces between them.
    #[must_use]
    pub fn rules(mut self, scope: Scope, revisions: &str) -> Self {
        self.rules.push((scope, revisions.to_owned()));
        self
    }

    /// With a decision by what names it.
    #[must_use]
    pub fn about(mut self, about: &str, revision: &str) -> Self {
        self.about.insert(about.to_owned(), revision.to_owned());
        self
    }

    /// With all that was decided.
    #[must_use]
    pub fn all(mut self, revision: &str) -> Self {
        self.all = Some(revision.to_owned());
        self
    }

    fn is_news(&self, actor: &Actor, decision: &RequestDecision) -> bool {
        !self.lets_own || decision.author.as_str() != actor.name()
    }

    /// Whether the decision came after what was seen.
    fn misses(&self, actor: &Actor, seen: &str, decision: &RequestDecision) -> bool {
        self.is_news(actor, decision) && seen.split(' ').all(|seen| seen != revision(decision))
    }

    /// Refuses to replace what stands about a thing, where that is not what was seen.
    pub(super) fn check(&self, actor: &Actor, about: &str, standing: Option<&RequestDecision>) -> Result<(), Error> {
        let missed = self.about.get(about).zip(standing).filter(|(seen, one)| self.misses(actor, seen, one));
        refuse(missed.map(|(_, one)| OtherDecision::new(one, about)).into_iter().collect::<Result<_, _>>()?)
    }
}

/// What stands about a thing, for the store to hold it against.
pub(super) fn standing(about: &str, one: Option<&RequestDecision>) -> StandingDecision {
    StandingDecision { about: about.to_owned(), by: one.map(|one| (one.author.clone(), one.at)) }
}

fn refuse(others: Vec<OtherDecision>) -> Result<(), Error> {
    if others.is_empty() { Ok(()) } else { Err(Error::Decided { others }) }
}

/// A decision that was made meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherDecision {
    /// The conflict that it is in the way of deciding.
    pub conflict: Option<Hash>,
    /// The violation whose rows it changes.
    pub violation: Option<Hash>,
    /// What was decided; none for a violation.
    pub choice: Option<Choice>,
    /// Who.
    pub by: String,
    /// Whether it was decided for many at once.
    pub by_rule: bool,
    /// Names it, to say that it was seen.
    pub revision: String,
}

impl OtherDecision {
    /// `about`: what somebody wanted to decide.
    fn new(decision: &RequestDecision, about: &str) -> Result<Self, Error> {
        let about = About::of(about);
        let by_rule = decision.is_rule();
        let choice = match (&about, by_rule) {
            (_, true) => Some(rule_of(decision)?.choice),
            (Some(About::Conflict(_)), _) => Some(serde_json::from_str(&decision.data).map_err(internal)?),
            _ => None,
        };
        Ok(Self {
            conflict: if let Some(About::Conflict(id)) = about { Some(id) } else { None },
            violation: if let Some(About::Violation(id)) = about { Some(id) } else { None },
            choice,
            by: decision.author.as_str().to_owned(),
            by_rule,
            revision: revision(decision),
        })
    }
}

pub(super) fn rule_of(decision: &RequestDecision) -> Result<ScopeRule, Error> {
    serde_json::from_str(&decision.data).map_err(internal)
}

/// The decision by which a conflict is decided as it is: its own, or that of a rule.
pub(super) fn decision_about<'k>(
    kept: &BTreeMap<&str, &'k RequestDecision>,
    resolutions: &Resolutions,
    conflict: &Conflict,
    choice: Option<&Choice>,
) -> Result<Option<&'k RequestDecision>, Error> {
    if let Some(one) = kept.get(about_conflict(conflict.id()).as_str()) {
        return Ok(Some(*one));
    }
    let Some(rule) = choice.and_then(|choice| resolutions.rule_for(conflict, choice)) else { return Ok(None) };
    Ok(kept.get(about_rule(rule)?.as_str()).copied())
}

impl Hub {
    /// What stands where somebody decides, once it is known that they saw it.
    pub(super) async fn unchanged(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        seen: &Seen,
    ) -> Result<Vec<StandingDecision>, Error> {
        if seen.about.is_empty() && seen.rules.is_empty() {
            return Ok(Vec::new());
        }
        let about: Vec<String> = seen.about.keys().cloned().collect();
        let kept = self.store().standing_decisions(loaded.stored.dataset, loaded.stored.number, &about).await?;
        let by_about: BTreeMap<&str, &RequestDecision> = kept.iter().map(|one| (one.about.as_str(), one)).collect();
        let (mut others, mut stands, mut open) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (about, revision) in &seen.about {
            let one = by_about.get(about.as_str()).copied();
            stands.push(standing(about, one));
            match (one, About::of(about)) {
                (Some(one), _) if seen.misses(actor, revision, one) => others.push(OtherDecision::new(one, about)?),
                (None, Some(About::Conflict(id))) => {
                    open.insert(id);
                }
                _ => {}
            }
        }
        for rule in by_about.values().filter(|one| one.is_rule()) {
            let scope = rule_of(rule)?.scope;
            let mut covered = seen.rules.iter().filter(|(wanted, _)| scope.covers(wanted));
            if covered.any(|(_, revisions)| seen.misses(actor, revisions, rule)) {
                others.push(OtherDecision::new(rule, &rule.about)?);
            }
        }
        if !open.is_empty() && by_about.values().any(|one| one.is_rule() && seen.is_news(actor, one)) {
            others.extend(self.ruled(actor, loaded, seen, open).await?);
        }
        refuse(others)?;
        Ok(stands)
    }

    /// The rules that were not seen and decide conflicts about which nothing else is decided.
    async fn ruled(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        seen: &Seen,
        open: BTreeSet<Hash>,
    ) -> Result<Vec<OtherDecision>, Error> {
        let Some(heads) = loaded.heads() else { return Ok(Vec::new()) };
        let (resolutions, kept) = self.decisions(loaded).await?;
        let objects = self.store().objects();
        let (actor, seen) = (actor.clone(), seen.clone());
        blocking(move || {
            let mut decided = Vec::new();
            survey(&objects, heads, &resolutions, &mut |found| match found {
                Found::Conflict(conflict, Some(choice)) if open.contains(&conflict.id()) => {
                    decided.push((conflict, choice.clone()));
                }
                _ => {}
            })?;
            let by_about = kept.iter().map(|one| (one.about.as_str(), one)).collect();
            let mut others = Vec::new();
            for (conflict, choice) in decided {
                let about = about_conflict(conflict.id());
                let revision = seen.about.get(&about).map(String::as_str).unwrap_or_default();
                let one = decision_about(&by_about, &resolutions, &conflict, Some(&choice))?;
                if let Some(one) = one.filter(|one| seen.misses(&actor, revision, one)) {
                    others.push(OtherDecision::new(one, &about)?);
                }
            }
            Ok(others)
        })
        .await
    }

    /// What stands of what is to be taken back, once it is known that they saw it; none where all goes, whatever it is.
    pub(super) async fn unchanged_back(
        &self,
        actor: &Actor,
        loaded: &Loaded,
        about: Option<&[String]>,
        seen: &Seen,
    ) -> Result<Option<Vec<StandingDecision>>, Error> {
        if let Some(about) = about {
            let kept = self.store().standing_decisions(loaded.stored.dataset, loaded.stored.number, about).await?;
            let mut stands = Vec::new();
            for about in about.iter().filter(|about| seen.about.contains_key(*about)) {
                let one = kept.iter().find(|one| one.about == **about);
                seen.check(actor, about, one)?;
                stands.push(standing(about, one));
            }
            return Ok(Some(stands));
        }
        let Some(all) = &seen.all else { return Ok(None) };
        let kept = self.store().request_decisions(loaded.stored.dataset, loaded.stored.number).await?;
        let news = kept.iter().filter(|one| seen.is_news(actor, one)).max_by_key(|one| one.at);
        if let Some(last) = news.filter(|_| revision_of_all(&kept) != *all) {
            refuse(vec![OtherDecision::new(last, &last.about)?])?;
        }
        Ok(Some(kept.iter().map(|one| standing(&one.about, Some(one))).collect()))
    }
}
