//! What the server knows of somebody, for themselves; and how they go.
//!
//! Who goes gives their datasets away or deletes them first: others may work in them. Commits and what was said keep the
//! name, as history does not change; so nobody else ever gets it.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use storage::{AuditFilter, DatasetId, Leaving, PersonName, WrittenKind};
use versioning::value::Timestamp;

use crate::{Actor, AuditKind, Error, Hub, NoticeReason, OrganisationRole, access::Action, now};

/// Entries of the audit log that are read at a time.
const PART: usize = 1_000;
/// Datasets that are named.
const MANY: usize = 1_000;

fn time(at: i64) -> Option<String> {
    Timestamp::from_micros(at).map(|time| time.to_string())
}

/// What was kept as JSON, as such.
fn parsed(data: &str) -> Json {
    serde_json::from_str(data).unwrap_or_else(|_| data.into())
}

impl Hub {
    /// All that is kept of the person, but for what signs them in: the account, where they are signed in, tokens, roles,
    /// datasets, drafts, organisations, what they are told of, what they wrote about changes, and what the audit log says that they did. What they committed stands
    /// in the datasets.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn personal_data(&self, actor: &Actor) -> Result<Json, Error> {
        let id = actor.account("download your data")?;
        let person = self.store().person_by_id(id).await?.ok_or(Error::SignIn)?;
        let name = person.name.clone();
        let sessions = self.store().sessions_of(id).await?.into_iter().map(|session| {
            json!({
                "browser": session.agent, "address": session.address, "signed_in_at": time(session.created_at),
                "used_at": time(session.seen_at), "ends_at": time(session.expires_at),
            })
        });
        let tokens = self.store().tokens_of(id).await?.into_iter().map(|token| {
            json!({
                "name": token.name, "scope": token.scope, "made_at": time(token.created_at),
                "ends_at": token.expires_at.and_then(time), "used_at": token.seen_at.and_then(time),
            })
        });
        let identities = self.store().identities_of(id).await?.into_iter().map(|identity| {
            json!({
                "provider": identity.issuer, "subject": identity.subject, "label": identity.label,
                "linked_at": time(identity.created_at),
            })
        });
        let identities: Vec<_> = identities.collect();
        let (sessions, tokens): (Vec<_>, Vec<_>) = (sessions.collect(), tokens.collect());
        let mut places = Places { hub: self, actor, known: HashMap::new() };
        let mut roles = Vec::new();
        for (dataset, role) in self.store().roles_of(id).await? {
            roles.push(json!({ "dataset": places.name(dataset).await?, "role": role }));
        }
        let mut watches = Vec::new();
        for (dataset, level) in self.store().watches_by(id).await? {
            watches.push(json!({ "dataset": places.name(dataset).await?, "level": level }));
        }
        let mut notices = Vec::new();
        for notice in self.store().notices_of(id, false, MANY).await? {
            // Of what they may not read any more they are not told again.
            if let Some(dataset) = places.name(notice.dataset).await? {
                notices.push(json!({
                    "dataset": dataset, "about": notice.about, "title": notice.title, "by": notice.author,
                    "what": notice.what, "text": notice.text, "at": time(notice.at), "is_unread": notice.unread,
                    "reason": NoticeReason::of_number(notice.reason).as_str(),
                }));
            }
        }
        let organisations = self.store().memberships_of(id).await?.into_iter();
        let organisations: Vec<_> =
            organisations.map(|(organisation, role)| json!({ "name": organisation.name, "role": role })).collect();
        let invitations = self.store().invitations_of(id).await?.into_iter().map(|invitation| {
            json!({
                "organisation": invitation.organisation, "role": invitation.role, "made_by": invitation.made_by,
                "made_at": time(invitation.created_at),
            })
        });
        let invitations: Vec<_> = invitations.collect();
        let mut drafts = Vec::new();
        for draft in self.store().drafts_of(&name).await? {
            drafts.push(json!({ "dataset": places.name(draft.id.dataset).await?, "branch": draft.id.branch }));
        }
        let mut written = Vec::new();
        for kind in [WrittenKind::Request, WrittenKind::Entry, WrittenKind::Decision] {
            let mut all = Vec::new();
            for each in self.store().written_by(name.as_str(), kind).await? {
                let dataset = places.name(each.dataset).await?;
                all.push(json!({
                    "dataset": dataset, "request": each.number, "at": time(each.at), "wrote": parsed(&each.data),
                }));
            }
            written.push(all);
        }
        let [requests, entries, decisions]: [Vec<Json>; 3] = written.try_into().expect("three kinds");
        let factor = self.store().second_factor(id).await?.and_then(|factor| factor.confirmed_at);
        self.note(actor, AuditKind::Account, None, "downloaded what the server knows of them").await;
        Ok(json!({
            "account": {
                "name": name, "full_name": person.display, "about": self.store().about(id).await?, "email": person.email, "runs_the_server": person.is_admin,
                "made_at": time(person.created_at), "second_factor_since": factor.and_then(time),
            },
            "identities": identities,
            "sessions": sessions,
            "tokens": tokens,
            "roles": roles,
            "organisations": organisations,
            "invitations": invitations,
            "watches": watches,
            "notices": notices,
            "datasets": self.own_datasets(actor).await?,
            "drafts": drafts,
            "merge_requests": requests,
            "comments_and_reviews": entries,
            "decisions": decisions,
            "audit_log": self.done_by(name.as_str()).await?,
        }))
    }

    async fn done_by(&self, name: &str) -> Result<Vec<Json>, Error> {
        let filter = AuditFilter { person: Some(name.to_owned()), ..AuditFilter::default() };
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let part = self.store().audit(&filter, before, PART).await?;
            before = part.last().map(|entry| (entry.at, entry.id));
            let is_last = part.len() < PART;
            all.extend(part.into_iter().map(|entry| {
                json!({
                    "at": time(entry.at), "address": entry.address, "kind": entry.kind, "dataset": entry.place,
                    "what": entry.what,
                })
            }));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The datasets in the person's namespace, as `OWNER/NAME`.
    ///
    /// # Errors
    /// There is no account, or the store failed.
    pub async fn own_datasets(&self, actor: &Actor) -> Result<Vec<String>, Error> {
        actor.account("list your datasets")?;
        let datasets = self.store().datasets(Some(&PersonName::from(actor.name())), None, MANY).await?;
        Ok(datasets.iter().map(storage::Dataset::address).collect())
    }

    /// Deletes the person's account, once they have typed its name and given the password, where they have one.
    ///
    /// # Errors
    /// Name or password is another, there are datasets of theirs, or nobody else runs the server
    /// or an organisation of theirs.
    pub async fn delete_account(&self, actor: &Actor, name: &str, password: &str) -> Result<(), Error> {
        let id = actor.account("delete the account")?;
        if name.trim() != actor.name() {
            return Err(Error::invalid("name", format!("Type “{}”, the account's name.", actor.name())));
        }
        let person = match self.store().person_by_id(id).await?.ok_or(Error::SignIn)? {
            // There is none to be given.
            person if person.password.is_none() => person,
            _ => self.confirmed(actor, "delete the account", password, "password").await?,
        };
        match self.store().delete_person(&person, OrganisationRole::Owner.as_str(), now()).await? {
            Leaving::Gone => {}
            Leaving::Last => {
                let message = "Nobody but you runs this server: let somebody else run it first.".to_owned();
                return Err(Error::State { message });
            }
            Leaving::Owns => {
                let message = "There are datasets of yours: give them away, or delete them first.".to_owned();
                return Err(Error::State { message });
            }
            Leaving::Leads => {
                let message =
                    "You are the only owner of an organisation: make somebody else an owner of it, or end it first.";
                return Err(Error::State { message: message.to_owned() });
            }
        }
        self.shared.accounts.forget();
        self.note(actor, AuditKind::Account, None, "deleted the account").await;
        // The account is gone: what is left of it now is in nobody's way.
        if let Err(error) = self.cancel_imports_of(&person.name).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "imports of a deleted account go on");
        }
        for draft in self.store().drafts_of(&person.name).await? {
            if let Err(error) = self.store().discard_draft(&draft.id, draft.revision).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a draft of a deleted account stays");
            }
        }
        if let Some(email) = &person.email {
            let text = format!("Your account “{}” was deleted. No mail comes to this address any more.\n", person.name);
            self.post(email, "Your account was deleted", &text);
        }
        Ok(())
    }
}

/// What datasets are called, for somebody who may know it.
struct Places<'a> {
    hub: &'a Hub,
    actor: &'a Actor,
    known: HashMap<DatasetId, Option<String>>,
}

impl Places<'_> {
    /// `OWNER/NAME`; none where it is gone, or where they may not know of it any more.
    async fn name(&mut self, id: DatasetId) -> Result<Option<String>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let mut name = None;
        if let Some(dataset) = self.hub.store().dataset_by_id(id).await? {
            let may_read = self.hub.authorise(self.actor, Action::Read, &dataset).await.is_ok();
            name = may_read.then(|| dataset.address());
        }
        self.known.insert(id, name.clone());
        Ok(name)
    }
}
