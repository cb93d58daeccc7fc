//! What people say about a request: comments on the whole, on rows and on cells, values they suggest, and reviews.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use storage::{MergeRequest, RequestEntry};
use uuid::Uuid;
use versioning::{Column, Hash, Key, ObjectSource, Row, Schema, Type};

use super::{
    Anchor, CellDifference, Entry, EntryKind, Loaded, NewComment, Outdated, RequestState, Review, Suggestion, Verdict,
    entry, valid_text,
};
use crate::{
    Actor, Change, Changes, DatasetPath, Error, Hub, Place, Reference, notices::Happening, now, write::internal,
};

/// Each reviewer's last verdict that is one; `head`: what is offered now.
pub(super) fn reviews(entries: &[Entry], head: Option<Hash>) -> Vec<Review> {
    let mut last: BTreeMap<&str, Review> = BTreeMap::new();
    for entry in entries {
        let EntryKind::Review { verdict, head: seen, .. } = &entry.kind else { continue };
        if *verdict == Verdict::Comment && last.contains_key(entry.author.as_str()) {
            continue;
        }
        let has_lapsed = Some(*seen) != head;
        let review = Review { author: entry.author.clone(), verdict: *verdict, at: entry.at, has_lapsed };
        last.insert(&entry.author, review);
    }
    last.into_values().collect()
}

/// A cell as people write it, or what stands for a row: nothing.
fn cell_text(schema: &Schema, row: &Row, anchor: &Anchor) -> Option<String> {
    let (column, _) = anchor.column.as_ref()?;
    row.get(schema.position(*column)?)?.to_text()
}

/// The row where a comment stands, in a state; none where it is gone.
fn row_at(objects: &dyn ObjectSource, commit: Hash, anchor: &Anchor) -> Result<Option<(Schema, Row)>, Error> {
    let root = objects.root(objects.commit(commit)?.root)?;
    let Some(table) = root.tables.get(&anchor.table) else { return Ok(None) };
    let schema = objects.schema(table.schema)?;
    let row = table.tree.get(objects, &schema, &anchor.key)?;
    Ok(row.map(|row| (schema, row)))
}

/// The cells of a row that differ, by the names of their columns now. A column that is not there is as one that is empty.
fn differences(then: &(Schema, Row), now: &(Schema, Row)) -> Vec<CellDifference> {
    let cell = |(schema, row): &(Schema, Row), id| row.get(schema.position(id)?)?.to_text();
    let gone = then.0.columns.iter().filter(|column| now.0.position(column.id).is_none());
    let columns = now.0.columns.iter().chain(gone);
    let difference = |column: &Column| {
        let (was, is) = (cell(then, column.id), cell(now, column.id));
        (was != is).then(|| CellDifference { column: column.name.clone(), then: was, now: is })
    };
    columns.filter_map(difference).collect()
}

/// Why a comment does not hold any more for what is offered; none while it does.
fn outdated(objects: &dyn ObjectSource, head: Hash, anchor: &Anchor) -> Result<Option<Outdated>, Error> {
    let Some(now) = row_at(objects, head, anchor)? else { return Ok(Some(Outdated::Gone)) };
    let changed = match (&anchor.column, anchor.commit) {
        (Some((_, column)), _) => {
            let (column, then, now) = (column.clone(), anchor.value.clone(), cell_text(&now.0, &now.1, anchor));
            if then == now { Vec::new() } else { vec![CellDifference { column, then, now }] }
        }
        (None, Some(commit)) if commit != head => match row_at(objects, commit, anchor)? {
            Some(then) => differences(&then, &now),
            None => Vec::new(),
        },
        (None, _) => Vec::new(),
    };
    Ok((!changed.is_empty()).then_some(Outdated::Changed(changed)))
}

impl Hub {
    /// The conversation, each comment with what is something else by now where it stands.
    pub(super) async fn entries(&self, loaded: &Loaded) -> Result<Vec<Entry>, Error> {
        let stored = self.store().request_entries(loaded.stored.dataset, loaded.stored.number).await?;
        let head = loaded.head();
        self.read(move |objects| {
            let entry = |stored: RequestEntry| {
                let kind: EntryKind = serde_json::from_str(&stored.data).map_err(internal)?;
                let outdated = match (&kind, head) {
                    // A value that was taken over is what was asked for.
                    (EntryKind::Comment { suggestion: Some(Suggestion { applied: Some(_), .. }), .. }, _) => None,
                    // What was merged or written about long ago may be gone with its branch.
                    (EntryKind::Comment { anchor: Some(anchor), .. }, Some(head)) => {
                        outdated(objects, head, anchor).unwrap_or_default()
                    }
                    _ => None,
                };
                Ok(Entry { id: stored.id, author: stored.author.0, at: stored.at, kind, outdated })
            };
            stored.into_iter().map(entry).collect()
        })
        .await
    }

    /// Says something about a request, about one of its rows or about a cell.
    ///
    /// # Errors
    /// There is no such request for the person, they may not take part, there is no such row or cell in what is offered,
    /// or a field is not valid.
    pub async fn comment(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        new: NewComment,
    ) -> Result<Uuid, Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).discuss, "comment on merge request")?;
        let text = valid_text("text", &new.text)?;
        if text.trim().is_empty() && new.suggestion.is_none() {
            return Err(Error::invalid("text", "Say something."));
        }
        let reply_to = match new.reply_to {
            None => None,
            Some(id) => {
                let entries = self.entries(&loaded).await?;
                let to = entries.iter().find(|entry| entry.id == id).map(|entry| &entry.kind);
                match to {
                    // Threads are one level deep: an answer to an answer is one to the first.
                    Some(EntryKind::Comment { reply_to, .. }) => Some(reply_to.unwrap_or(id)),
                    _ => return Err(Error::not_found("comment to answer")),
                }
            }
        };
        let anchor = self.anchor(&loaded, &new).await?;
        let suggestion = match (&anchor, new.suggestion) {
            (_, None) => None,
            (Some((Anchor { column: Some(_), .. }, Some(ty))), Some(value)) => {
                if let Some(value) = &value {
                    let parsed = ty.parse(value);
                    parsed.map_err(|error| Error::invalid("suggestion", format!("“{value}” is {error}.")))?;
                }
                Some(Suggestion { value, applied: None })
            }
            _ => return Err(Error::invalid("column", "Say for which cell the value is.")),
        };
        let anchor = anchor.map(|(anchor, _)| anchor);
        let what = if suggestion.is_some() { "suggested a value" } else { "commented" };
        let happening = Happening::said(what, &text);
        let kind = EntryKind::Comment { text, anchor, reply_to, resolved_by: None, suggestion, edited_at: None };
        let id = self.add_entry(loaded.stored.clone(), entry(actor, &kind)?).await?;
        self.tell_of_request(actor, (loaded.id(), number), happening).await;
        Ok(id)
    }

    /// Adds an entry to a request, whatever else is done to it at the same time.
    pub(super) async fn add_entry(&self, mut request: MergeRequest, entry: RequestEntry) -> Result<Uuid, Error> {
        loop {
            request.updated_at = entry.at;
            if self.store().update_request(&request, Some(&entry)).await? {
                return Ok(entry.id);
            }
            let again = self.store().request(request.dataset, request.number).await?;
            request = again.ok_or_else(|| Error::not_found("merge request"))?;
        }
    }

    /// Where a comment stands, with the type of the cell.
    async fn anchor(&self, loaded: &Loaded, new: &NewComment) -> Result<Option<(Anchor, Option<Type>)>, Error> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (table, key, column) = (filled(&new.table), filled(&new.key), filled(&new.column));
        let Some(table) = table else {
            let stray = key.is_some() || column.is_some();
            return if stray { Err(Error::invalid("table", "Name the row's table.")) } else { Ok(None) };
        };
        let key = key.ok_or_else(|| Error::invalid("key", "Name the row by its key."))?;
        let head = loaded.theirs.ok_or_else(|| Error::invalid("key", "The branch that was offered is gone."))?;
        self.read(move |objects| {
            let root = objects.root(objects.commit(head)?.root)?;
            let missing = || Error::invalid("table", format!("There is no table “{table}” in what is offered."));
            let (id, entry) = root.table_named(&table).ok_or_else(missing)?;
            let schema = objects.schema(entry.schema)?;
            let key_of = Key::from_text(&schema, &key);
            let row_key = key_of.map_err(|error| Error::invalid("key", format!("{error}.")))?;
            let column = match column {
                None => None,
                Some(name) => {
                    let found = schema.column_named(&name);
                    let missing = || Error::invalid("column", format!("There is no column “{name}”."));
                    Some(found.ok_or_else(missing)?)
                }
            };
            let row = entry.tree.get(objects, &schema, &row_key)?;
            let row =
                row.ok_or_else(|| Error::invalid("key", format!("There is no row “{key}” in what is offered.")))?;
            let ty = column.map(|column| column.ty);
            let mut anchor = Anchor {
                table: id,
                table_name: table.clone(),
                key_text: Key::to_text(&schema, &row),
                key: row_key,
                column: column.map(|column| (column.id, column.name.clone())),
                value: None,
                commit: Some(head),
            };
            anchor.value = cell_text(&schema, &row, &anchor);
            Ok(Some((anchor, ty)))
        })
        .await
    }

    /// Says what somebody finds of what is offered. `head`: what they saw.
    ///
    /// # Errors
    /// There is no such request for the person, they may not review it, or what is offered is not what they saw.
    pub async fn review(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        verdict: Verdict,
        text: &str,
        head: Option<Hash>,
    ) -> Result<(), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).discuss, "review merge request")?;
        if loaded.state != RequestState::Open {
            return Err(Error::State { message: "Only what is open can be reviewed.".to_owned() });
        }
        if verdict != Verdict::Comment && actor.name() == loaded.stored.author.as_str() {
            return Err(Error::invalid("verdict", "Others approve of what you offer, or ask for changes."));
        }
        let text = valid_text("text", text)?;
        if verdict != Verdict::Approve && text.trim().is_empty() {
            return Err(Error::invalid("text", "Say what you found."));
        }
        let offered =
            loaded.theirs.ok_or_else(|| Error::State { message: "The branch that was offered is gone.".to_owned() })?;
        if head.is_some_and(|head| head != offered) {
            return Err(Error::State {
                message: "What is offered has changed since you looked: look again before you review it.".to_owned(),
            });
        }
        let what = match verdict {
            Verdict::Comment => "reviewed it",
            Verdict::Approve => "approved of it",
            Verdict::Changes => "asked for changes",
        };
        let happening = Happening::said(what, &text);
        let kind = EntryKind::Review { verdict, text, head: offered };
        self.add_entry(loaded.stored.clone(), entry(actor, &kind)?).await?;
        self.tell_of_request(actor, (loaded.id(), number), happening).await;
        Ok(())
    }

    /// Says that what a comment asks for is settled, or that it is not.
    ///
    /// # Errors
    /// There is no such comment for the person, or they may not take part.
    pub async fn settle_thread(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        id: Uuid,
        settled: bool,
    ) -> Result<(), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).discuss, "take part in merge request")?;
        let by = settled.then(|| actor.name().to_owned());
        self.change_comment(&loaded, id, |_, _, resolved_by, _| {
            *resolved_by = by.clone();
            Ok(())
        })
        .await
    }

    /// Changes a comment that begins a thread, whatever else is done to it at the same time.
    async fn change_comment(
        &self,
        loaded: &Loaded,
        id: Uuid,
        change: impl Fn(&str, Option<&Anchor>, &mut Option<String>, &mut Option<Suggestion>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (dataset, number) = (loaded.stored.dataset, loaded.stored.number);
        loop {
            let entries = self.store().request_entries(dataset, number).await?;
            let found = entries.into_iter().find(|entry| entry.id == id);
            let found = found.ok_or_else(|| Error::not_found("comment"))?;
            let mut kind: EntryKind = serde_json::from_str(&found.data).map_err(internal)?;
            let EntryKind::Comment { text, anchor, reply_to: None, resolved_by, suggestion, .. } = &mut kind else {
                return Err(Error::not_found("comment that begins a thread"));
            };
            change(text, anchor.as_ref(), resolved_by, suggestion)?;
            let new = serde_json::to_string(&kind).map_err(internal)?;
            if new == found.data || self.store().update_request_entry(dataset, number, id, (&found.data, &new)).await? {
                return Ok(());
            }
        }
    }

    /// Changes the text of a comment of the person's own.
    ///
    /// # Errors
    /// There is no such comment of theirs, they may not take part, or the text is not valid.
    pub async fn edit_comment(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        id: Uuid,
        new: &str,
    ) -> Result<(), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).discuss, "take part in merge request")?;
        let new = valid_text("text", new)?;
        loop {
            let entries = self.store().request_entries(loaded.stored.dataset, number).await?;
            let found = entries.into_iter().find(|entry| entry.id == id);
            let found = found.ok_or_else(|| Error::not_found("comment"))?;
            let mut kind: EntryKind = serde_json::from_str(&found.data).map_err(internal)?;
            let EntryKind::Comment { text, suggestion, edited_at, .. } = &mut kind else {
                return Err(Error::not_found("comment"));
            };
            if found.author.as_str() != actor.name() {
                return Err(Error::Forbidden { action: format!("change what “{}” said", found.author) });
            }
            if new.trim().is_empty() && suggestion.is_none() {
                return Err(Error::invalid("text", "Say something."));
            }
            if *text == new {
                return Ok(());
            }
            let happening = Happening::rewritten(text, &new);
            text.clone_from(&new);
            *edited_at = Some(now());
            let data = serde_json::to_string(&kind).map_err(internal)?;
            let (dataset, before) = (loaded.stored.dataset, &found.data);
            if self.store().update_request_entry(dataset, number, id, (before, &data)).await? {
                self.tell_of_request(actor, (loaded.id(), number), happening).await;
                return Ok(());
            }
        }
    }

    /// Takes over a value that somebody suggested: a commit on the branch that is offered.
    ///
    /// # Errors
    /// There is no such suggestion for the person, they may not write to the branch, or the cell holds something else
    /// than it did when the value was suggested.
    pub async fn apply_suggestion(
        &self,
        actor: &Actor,
        path: &DatasetPath,
        number: u64,
        id: Uuid,
    ) -> Result<(), Error> {
        let loaded = self.load_request(actor, path, number).await?;
        loaded.demand(actor, loaded.may(actor).apply, "change what is offered in merge request")?;
        let entries = self.entries(&loaded).await?;
        let found = entries.iter().find(|entry| entry.id == id);
        let found = found.ok_or_else(|| Error::not_found("suggestion"))?;
        let EntryKind::Comment {
            anchor: Some(Anchor { table_name, key_text, column: Some((_, column)), .. }),
            suggestion: Some(Suggestion { value, applied }),
            ..
        } = &found.kind
        else {
            return Err(Error::not_found("suggestion"));
        };
        if applied.is_some() {
            return Err(Error::State { message: "This suggestion was taken over already.".to_owned() });
        }
        let (Some(source), Some(head)) = (&loaded.source, loaded.theirs) else {
            return Err(Error::State { message: "The branch that was offered is gone.".to_owned() });
        };
        if found.outdated.is_some() {
            return Err(Error::State {
                message: "The cell holds something else than when this was suggested. Nothing was changed.".to_owned(),
            });
        }
        let json = value.clone().map_or(Json::Null, Json::String);
        let changes = Changes {
            // Between looking and committing nobody else changed the cell.
            parent: Some(head),
            message: format!("Take over {}’s suggestion for {column} of {key_text}", found.author),
            changes: vec![Change::Update {
                table: table_name.clone(),
                key: Json::String(key_text.clone()),
                values: [(column.clone(), json)].into_iter().collect(),
            }],
        };
        let place = Place { path: source.path.clone(), at: Reference::named(loaded.stored.source_branch.clone()) };
        let commit = self.apply_changes(actor, &place, changes).await?.unwrap_or(head);
        let by = actor.name().to_owned();
        self.change_comment(&loaded, id, |_, _, resolved_by, suggestion| {
            *resolved_by = Some(by.clone());
            if let Some(suggestion) = suggestion {
                suggestion.applied = Some(commit);
            }
            Ok(())
        })
        .await
    }
}
