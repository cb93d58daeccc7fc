//! Merging a request, and what is in the way of it.

use storage::DatasetId;
use versioning::{Hash, history, history::Clocks};

use super::{EntryKind, Loaded, MergeHow, Merged, NewRequest, RequestState, Review, Verdict};
use crate::{
    Actor, DatasetPath, Error, Hub, MergeOptions, MergeState, Place, Protection, Reference, Role, StatusState,
    access::Action, merges::Work, notices::Happening, write::internal,
};

impl Hub {
    /// What is in the way of merging besides conflicts, as sentences.
    pub(super) async fn blocks(&self, loaded: &Loaded, reviews: &[Review]) -> Result<Vec<String>, Error> {
        let mut blocks = Vec::new();
        if loaded.kept.is_draft {
            blocks.push("It is a draft: its author has not said yet that it is ready.".to_owned());
        }
        let Some(rule) = loaded.dataset.protection(&loaded.stored.target_branch) else { return Ok(blocks) };
        blocks.extend(self.checks_missing(loaded, rule).await?);
        if rule.approvals == 0 {
            return Ok(blocks);
        }
        let mut approvals = 0;
        for review in reviews {
            if !self.counts(loaded, &review.author).await? {
                continue;
            }
            match review.verdict {
                Verdict::Approve if !(review.has_lapsed && rule.approvals_lapse) => approvals += 1,
                Verdict::Changes => blocks.push(format!("{} asked for changes.", review.author)),
                Verdict::Approve | Verdict::Comment => {}
            }
        }
        let missing = u64::from(rule.approvals).saturating_sub(approvals);
        if missing > 0 {
            let people = if missing == 1 { "one person".to_owned() } else { format!("{missing} people") };
            blocks.push(format!("“{}” asks that {people} more approve of it.", rule.branch));
        }
        Ok(blocks)
    }

    /// What is missing of the statuses that the rules of the branch ask for, and the warnings that they don't let pass.
    async fn checks_missing(&self, loaded: &Loaded, rule: &Protection) -> Result<Vec<String>, Error> {
        let mut missing = Vec::new();
        if let Some(head) = loaded.theirs.filter(|_| !rule.checks.is_empty()) {
            let statuses = self.statuses_of(&loaded.dataset, head).await?;
            for context in &rule.checks {
                let status = statuses.iter().find(|status| status.context == *context);
                let words = match status.map(|status| status.state) {
                    Some(StatusState::Success) => continue,
                    None => "nothing was said about it yet",
                    Some(StatusState::Pending) => "it is pending",
                    Some(StatusState::Failure) => "it failed",
                    Some(StatusState::Error) => "it ended with an error",
                };
                missing.push(format!("“{}” asks that “{context}” succeeds: {words}.", rule.branch));
            }
        }
        if rule.warnings_block {
            let warnings = self.weighed(loaded).await?.map_or(0, |weighed| weighed.findings.warnings);
            if warnings > 0 {
                let what = if warnings == 1 { "a warning".to_owned() } else { format!("{warnings} warnings") };
                missing.push(format!("“{}” lets no warnings pass: merging would bring {what}.", rule.branch));
            }
        }
        Ok(missing)
    }

    /// Whether a verdict counts: of those who may write to the dataset now.
    async fn counts(&self, loaded: &Loaded, name: &str) -> Result<bool, Error> {
        if !self.has_accounts() {
            return Ok(true);
        }
        let person = self.store().person(name).await?.filter(|person| person.blocked_at.is_none());
        let Some(person) = person else { return Ok(false) };
        let Some(dataset) = self.store().dataset_by_id(loaded.stored.dataset).await? else { return Ok(false) };
        Ok(self.role(&Actor::person(&person), &dataset).await? >= Some(Role::Writer))
    }

    /// Merges a request, and returns the commit; none where the branch had all of it already.
    ///
    /// # Errors
    /// There is no such request for the person, they may not merge it, something is in the way ([`Error::State`] says
    /// what), or what is offered is not what they saw.
    pub async fn merge_request(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        how: MergeHow,
    ) -> Result<Option<Hash>, Error> {
        let lease = self.store().lease();
        let loaded = self.load_request(actor, path, number).await?;
        if loaded.state != RequestState::Open {
            return Err(Error::State { message: format!("#{number} is {} already.", loaded.state.as_str()) });
        }
        loaded.demand(actor, loaded.may(actor).merge, "merge request")?;
        loaded.dataset.demand_known_rules()?;
        let gone = || {
            let words = loaded.missing_branch().unwrap_or_default();
            Error::State { message: format!("{words} There is nothing to merge.") }
        };
        let (ours, theirs) = loaded.heads().ok_or_else(gone)?;
        if how.head.is_some_and(|head| head != theirs) {
            return Err(Error::State {
                message: "What is offered has changed since you looked: look again before you merge it.".to_owned(),
            });
        }
        let entries = self.entries(&loaded).await?;
        let blocks = self.blocks(&loaded, &super::discussion::reviews(&entries, Some(theirs))).await?;
        if !blocks.is_empty() {
            return Err(Error::State { message: blocks.join(" ") });
        }
        let (resolutions, _) = self.decisions(&loaded).await?;
        let message = if how.message.trim().is_empty() {
            self.words(&loaded, (ours, theirs), how.squash).await?
        } else {
            how.message
        };
        let options = MergeOptions { message, resolutions, no_fast_forward: true, ..MergeOptions::default() };
        let into =
            Place { path: loaded.dataset.path.clone(), at: Reference::named(loaded.stored.target_branch.clone()) };
        let brings = loaded.stored.source != loaded.stored.dataset && !how.squash;
        // What is squashed stays the work of who offered it: row histories and blame name them.
        let author = loaded.stored.author.as_str().to_owned();
        let work = if how.squash { Work::Squash(theirs, author) } else { Work::Merge(theirs) };
        let outcome = self.work_by_request((lease, actor), &loaded.dataset, &into, (work, brings), options).await?;
        if outcome.state == MergeState::Open {
            let open = outcome.stats.open_conflicts + outcome.stats.open_violations;
            let what = if open == 1 { "One thing is".to_owned() } else { format!("{open} things are") };
            return Err(Error::State { message: format!("{what} left to decide before it can be merged.") });
        }
        let commit = outcome.commit.unwrap_or(ours);
        let before = self.read(move |objects| Ok(objects.commit(commit)?.parents.first().copied())).await?;
        let is_new = outcome.state == MergeState::Merged;
        let merged = Merged { before: if is_new { before } else { Some(ours) }, head: theirs, commit };
        self.mark_merged(actor, path, number, merged).await?;
        Ok(is_new.then_some(commit))
    }

    /// Notes that a request is merged, whatever else was changed about it meanwhile.
    async fn mark_merged(&self, actor: &Actor, path: &DatasetPath, number: u64, merged: Merged) -> Result<(), Error> {
        loop {
            let loaded = self.load_request(actor, path, number).await?;
            if loaded.state == RequestState::Merged {
                return Ok(());
            }
            let kept = super::Kept { merged: Some(merged), ..loaded.kept.clone() };
            let kind = EntryKind::State { state: RequestState::Merged, commit: Some(merged.commit) };
            if self.keep_request(actor, &loaded, (kept, RequestState::Merged), Some(kind)).await? {
                self.tell_of_request(actor, (loaded.id(), number), Happening::said("merged it", "")).await;
                return Ok(());
            }
        }
    }

    /// The message of a merge where nobody wrote one: the title; what was squashed is told.
    async fn words(&self, loaded: &Loaded, (ours, theirs): (Hash, Hash), squash: bool) -> Result<String, Error> {
        let (title, number) = (&loaded.kept.title, loaded.stored.number);
        if !squash {
            return Ok(format!("Merge #{number}: {title}"));
        }
        let author = loaded.stored.author.as_str().to_owned();
        let messages: Vec<String> = self
            .read(move |objects| {
                let between = history::commits_between(objects, ours, theirs, Clocks::Honest, super::COMMITS)?;
                let commits = between.commits.into_iter().rev();
                commits
                    .map(|hash| {
                        let commit = objects.commit(hash)?;
                        let line = commit.message.lines().next().unwrap_or_default();
                        let by = if commit.author == author { String::new() } else { format!(" ({})", commit.author) };
                        Ok(format!("{line}{by}"))
                    })
                    .collect()
            })
            .await?;
        let list: String = messages.iter().map(|message| format!("\n- {message}")).collect();
        let text = format!("{title} (#{number})\n{list}");
        Ok(text.chars().take(5_000).collect())
    }

    /// Offers to undo what a request changed: a branch on which that is undone, and a request to merge it, whose number is
    /// returned.
    ///
    /// # Errors
    /// There is no such request for the person, it is not merged, they may not write, or what came later conflicts with
    /// undoing it.
    pub async fn revert_request(&self, actor: &Actor, path: &DatasetPath, number: u64) -> Result<u64, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        let dataset = self.find_dataset(actor, Action::Write, path).await?;
        let merged = loaded.kept.merged;
        let merged = merged.ok_or_else(|| Error::State { message: format!("#{number} is not merged.") })?;
        let target = loaded.stored.target_branch.clone();
        let from = Place { path: path.clone(), at: Reference::named(target.clone()) };
        let taken: Vec<String> =
            self.store().refs(DatasetId(dataset.id), None).await?.into_iter().map(|found| found.name).collect();
        let name = |turn: usize| if turn == 1 { format!("revert-{number}") } else { format!("revert-{number}-{turn}") };
        let branch = (1..).map(name).find(|name| !taken.contains(name)).ok_or_else(|| internal("no name is free"))?;
        self.create_branch(actor, &from, &branch).await?;
        let into = Place { path: path.clone(), at: Reference::named(branch.clone()) };
        let title = format!("Revert “{}”", loaded.kept.title);
        let title: String = title.chars().take(super::MAX_TITLE).collect();
        let options = MergeOptions { message: format!("{title}\n\nUndoes #{number}."), ..MergeOptions::default() };
        let undone = self.revert(actor, &into, &merged.commit.to_string(), options).await;
        let state = match undone {
            Ok(outcome) => outcome.state,
            Err(error) => {
                self.delete_branch(actor, path, &branch).await?;
                return Err(error);
            }
        };
        if state != MergeState::Merged {
            self.delete_branch(actor, path, &branch).await?;
            let why = if state == MergeState::Open {
                "What came later changed the same cells: undo it by hand."
            } else {
                "There is nothing left of it to undo."
            };
            return Err(Error::State { message: why.to_owned() });
        }
        let new = NewRequest {
            title,
            text: format!("Undoes #{number}."),
            source_branch: branch,
            target_branch: target,
            ..NewRequest::default()
        };
        self.propose(actor, path, new).await
    }
}
