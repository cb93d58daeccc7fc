//! Record ids and ranges of them: the one place that knows how keys are built.

use std::ops::Bound;

use surrealdb::types::{Array, RecordId, RecordIdKey, RecordIdKeyRange, SurrealValue, Uuid, Value};
use versioning::{Hash, TableId};

use crate::{AnswerId, DatasetId, DraftId, JobId, PersonId, PersonName, RefKind, StorageError, TokenId};

pub(crate) fn chunk(hash: Hash) -> RecordId {
    RecordId::new("chunk", hash.to_string())
}

pub(crate) fn dataset(id: DatasetId) -> RecordId {
    RecordId::new("dataset", RecordIdKey::Uuid(Uuid::from(id.0)))
}

pub(crate) fn job(id: JobId) -> RecordId {
    RecordId::new("job", RecordIdKey::Uuid(Uuid::from(id.0)))
}

pub(crate) fn person(id: PersonId) -> RecordId {
    RecordId::new("person", RecordIdKey::Uuid(Uuid::from(id.0)))
}

/// The name of an account that was deleted.
pub(crate) fn former_name(name: &str) -> RecordId {
    RecordId::new("former_name", name)
}

pub(crate) fn identity(issuer: &str, subject: &str) -> RecordId {
    composite("identity", [text(issuer), text(subject)])
}

pub(crate) fn second_factor(person: PersonId) -> RecordId {
    RecordId::new("second_factor", RecordIdKey::Uuid(Uuid::from(person.0)))
}

pub(crate) fn session(token: Hash) -> RecordId {
    RecordId::new("session", token.to_string())
}

pub(crate) fn token(id: TokenId) -> RecordId {
    RecordId::new("token", RecordIdKey::Uuid(Uuid::from(id.0)))
}

pub(crate) fn link(secret: Hash) -> RecordId {
    RecordId::new("link", secret.to_string())
}

/// What a request was answered that came with a key.
pub(crate) fn answer(id: AnswerId) -> RecordId {
    composite("answer", [person_key(id.person), text(&id.key.to_string())])
}

/// What the requests of somebody were answered.
pub(crate) fn answers_of(person: Option<PersonId>) -> RecordId {
    beginning_with("answer", vec![person_key(person)])
}

/// Nobody is called so: the one person of a server without accounts.
fn person_key(person: Option<PersonId>) -> Value {
    text(&person.map_or_else(|| "local".to_owned(), |person| person.0.to_string()))
}

/// An entry of the audit log: what is newer has a lesser key, as keys are read from the least on.
pub(crate) fn audit(at: i64, id: uuid::Uuid) -> RecordId {
    composite("audit", [(i64::MAX - at).into_value(), id.into_value()])
}

/// The entries of the audit log from a key on.
pub(crate) fn audit_from(start: Bound<RecordIdKey>) -> RecordId {
    range("audit", start, Bound::Unbounded)
}

/// When an entry of the audit log was written, and what else names it.
pub(crate) fn audit_parts(id: &RecordId, attempted: &'static str) -> Result<(i64, uuid::Uuid), StorageError> {
    let parts = Parts::of(id, attempted);
    match (parts.at(0), parts.at(1)) {
        (Some(Value::Number(number)), Some(Value::Uuid(uuid))) => {
            let left = number.to_int().ok_or_else(|| parts.malformed())?;
            Ok((i64::MAX - left, uuid.into_inner()))
        }
        _ => Err(parts.malformed()),
    }
}

/// A setting of the whole server.
pub(crate) fn setting(name: &'static str) -> RecordId {
    RecordId::new("setting", name)
}

pub(crate) fn role(dataset: DatasetId, person: PersonId) -> RecordId {
    composite("role", [dataset.0.into_value(), text(&person.0.to_string())])
}

/// The roles of people in a dataset.
pub(crate) fn roles_in(dataset: DatasetId) -> RecordId {
    beginning_with("role", vec![dataset.0.into_value()])
}

/// What a person wants to be told of in a dataset.
pub(crate) fn watch(dataset: DatasetId, person: PersonId) -> RecordId {
    composite("watch", [dataset.0.into_value(), text(&person.0.to_string())])
}

/// What people want to be told of in a dataset.
pub(crate) fn watches_of(dataset: DatasetId) -> RecordId {
    beginning_with("watch", vec![dataset.0.into_value()])
}

/// What a person was told of a thing in a dataset.
pub(crate) fn notice(dataset: DatasetId, person: PersonId, about: &str) -> RecordId {
    composite("notice", [dataset.0.into_value(), text(&person.0.to_string()), text(about)])
}

pub(crate) fn organisation(name: &PersonName) -> RecordId {
    RecordId::new("organisation", name.as_str())
}

pub(crate) fn membership(organisation: &PersonName, person: PersonId) -> RecordId {
    composite("membership", [text(organisation.as_str()), text(&person.0.to_string())])
}

/// Who belongs to an organisation.
pub(crate) fn memberships_in(organisation: &PersonName) -> RecordId {
    beginning_with("membership", vec![text(organisation.as_str())])
}

pub(crate) fn invitation(organisation: &PersonName, person: PersonId) -> RecordId {
    composite("invitation", [text(organisation.as_str()), text(&person.0.to_string())])
}

/// Who is invited to an organisation.
pub(crate) fn invitations_in(organisation: &PersonName) -> RecordId {
    beginning_with("invitation", vec![text(organisation.as_str())])
}

pub(crate) fn team(organisation: &PersonName, team: &str) -> RecordId {
    composite("team", [text(organisation.as_str()), text(team)])
}

/// The teams of an organisation.
pub(crate) fn teams_in(organisation: &PersonName) -> RecordId {
    beginning_with("team", vec![text(organisation.as_str())])
}

pub(crate) fn team_member(organisation: &PersonName, person: PersonId, team: &str) -> RecordId {
    composite("team_member", [text(organisation.as_str()), text(&person.0.to_string()), text(team)])
}

/// Who is in a team of an organisation: everybody, or in which one person is.
pub(crate) fn team_members_in(organisation: &PersonName, person: Option<PersonId>) -> RecordId {
    let mut prefix = vec![text(organisation.as_str())];
    prefix.extend(person.map(|person| text(&person.0.to_string())));
    beginning_with("team_member", prefix)
}

pub(crate) fn team_role(dataset: DatasetId, team: &str) -> RecordId {
    composite("team_role", [dataset.0.into_value(), text(team)])
}

/// The roles of teams in a dataset.
pub(crate) fn team_roles_in(dataset: DatasetId) -> RecordId {
    beginning_with("team_role", vec![dataset.0.into_value()])
}

pub(crate) fn offer(dataset: DatasetId, person: PersonId) -> RecordId {
    composite("offer", [dataset.0.into_value(), text(&person.0.to_string())])
}

/// To whom a dataset is offered.
pub(crate) fn offers_of(dataset: DatasetId) -> RecordId {
    beginning_with("offer", vec![dataset.0.into_value()])
}

/// Numbers order as texts of equal length do.
fn number(number: u64) -> Value {
    text(&format!("{number:020}"))
}

pub(crate) fn request(dataset: DatasetId, of: u64) -> RecordId {
    composite("merge_request", [dataset.0.into_value(), number(of)])
}

/// The merge requests of a dataset, or those before a number.
pub(crate) fn requests_before(dataset: DatasetId, before: Option<u64>) -> RecordId {
    let end = number(before.unwrap_or(u64::MAX));
    let [start, end] = [number(0), end].map(|bound| key([dataset.0.into_value(), bound]));
    range("merge_request", Bound::Included(start), Bound::Excluded(end))
}

pub(crate) fn request_entry(dataset: DatasetId, of: u64, id: uuid::Uuid) -> RecordId {
    composite("request_entry", [dataset.0.into_value(), number(of), text(&id.to_string())])
}

pub(crate) fn request_entries(dataset: DatasetId, of: u64) -> RecordId {
    beginning_with("request_entry", vec![dataset.0.into_value(), number(of)])
}

pub(crate) fn request_decision(dataset: DatasetId, of: u64, about: &str) -> RecordId {
    composite("request_decision", [dataset.0.into_value(), number(of), text(about)])
}

pub(crate) fn request_decisions(dataset: DatasetId, of: u64) -> RecordId {
    beginning_with("request_decision", vec![dataset.0.into_value(), number(of)])
}

/// The decisions of a request that are rules: what they are about begins so.
pub(crate) fn request_rules(dataset: DatasetId, of: u64) -> RecordId {
    // `;` follows `:`.
    let [start, end] = ["rule:", "rule;"].map(|bound| key([dataset.0.into_value(), number(of), text(bound)]));
    range("request_decision", Bound::Included(start), Bound::Excluded(end))
}

pub(crate) fn dataset_ref(dataset: DatasetId, kind: RefKind, name: &str) -> RecordId {
    composite("dataset_ref", [dataset.0.into_value(), text(kind.as_str()), text(name)])
}

pub(crate) fn dataset_commit(dataset: DatasetId, commit: Hash) -> RecordId {
    composite("dataset_commit", [dataset.0.into_value(), text(&commit.to_string())])
}

pub(crate) fn unreachable_commit(dataset: DatasetId, commit: Hash) -> RecordId {
    composite("unreachable_commit", [dataset.0.into_value(), text(&commit.to_string())])
}

pub(crate) fn last_reclaim() -> RecordId {
    RecordId::new("maintenance", "reclaim")
}

pub(crate) fn draft(id: &DraftId) -> RecordId {
    composite("draft", draft_key(id))
}

pub(crate) fn draft_row(id: &DraftId, table: TableId, key: &[u8]) -> RecordId {
    composite("draft_row", draft_key(id).into_iter().chain([text(&table.to_string()), text(&to_hex(key))]))
}

/// All refs of a dataset, or those of one kind.
pub(crate) fn dataset_refs(dataset: DatasetId, kind: Option<RefKind>) -> RecordId {
    let mut prefix = vec![dataset.0.into_value()];
    prefix.extend(kind.map(|kind| text(kind.as_str())));
    beginning_with("dataset_ref", prefix)
}

/// The commits of a dataset whose text begins so.
pub(crate) fn dataset_commits(dataset: DatasetId, hex_prefix: &str) -> RecordId {
    // `g` follows the last hexadecimal digit.
    let bounds = [hex_prefix.to_owned(), format!("{hex_prefix}g")];
    let [start, end] = bounds.map(|bound| key([dataset.0.into_value(), Value::String(bound)]));
    range("dataset_commit", Bound::Included(start), Bound::Excluded(end))
}

/// The commits of a dataset after this one in the order of hashes; all when there is none.
pub(crate) fn dataset_commits_after(dataset: DatasetId, last: Option<RecordId>) -> RecordId {
    let all = |bound: &str| key([dataset.0.into_value(), text(bound)]);
    let start = last.map_or_else(|| Bound::Included(all("")), |last| Bound::Excluded(last.key));
    range("dataset_commit", start, Bound::Excluded(all("g")))
}

/// All rows of a draft, or those of one table.
pub(crate) fn draft_rows(id: &DraftId, table: Option<TableId>) -> RecordId {
    let mut prefix = draft_key(id).to_vec();
    prefix.extend(table.map(|table| text(&table.to_string())));
    beginning_with("draft_row", prefix)
}

/// The drafts on a branch.
pub(crate) fn drafts_on(dataset: DatasetId, branch: &str) -> RecordId {
    beginning_with("draft", vec![dataset.0.into_value(), text(branch)])
}

pub(crate) fn commit_status(dataset: DatasetId, commit: Hash, context: &str) -> RecordId {
    composite("commit_status", [dataset.0.into_value(), text(&commit.to_string()), text(context)])
}

/// What was found about a commit.
pub(crate) fn commit_statuses(dataset: DatasetId, commit: Hash) -> RecordId {
    beginning_with("commit_status", vec![dataset.0.into_value(), text(&commit.to_string())])
}

/// What belongs to a dataset alone: refs, drafts and their rows, roles, offers, merge requests, statuses of commits,
/// what people were told of it.
const PARTS: [&str; 12] = [
    "dataset_ref",
    "draft",
    "draft_row",
    "role",
    "team_role",
    "offer",
    "merge_request",
    "request_entry",
    "request_decision",
    "commit_status",
    "watch",
    "notice",
];

/// All of [`PARTS`] of a dataset.
pub(crate) fn parts_of(dataset: DatasetId) -> [RecordId; PARTS.len()] {
    PARTS.map(|table| beginning_with(table, vec![dataset.0.into_value()]))
}

/// Every record of `table` after `last` in the order of ids; all when there is no `last`.
pub(crate) fn after(table: &'static str, last: Option<RecordId>) -> RecordId {
    range(table, last.map_or(Bound::Unbounded, |last| Bound::Excluded(last.key)), Bound::Unbounded)
}

/// The parts of a composite key.
pub(crate) struct Parts<'a> {
    id: &'a RecordId,
    attempted: &'static str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(id: &'a RecordId, attempted: &'static str) -> Self {
        Self { id, attempted }
    }

    fn at(&self, index: usize) -> Option<&'a Value> {
        match &self.id.key {
            RecordIdKey::Array(parts) => parts.get(index),
            _ => None,
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<&'a str, StorageError> {
        match self.at(index) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.malformed()),
        }
    }

    pub(crate) fn parse<T: std::str::FromStr>(&self, index: usize) -> Result<T, StorageError> {
        self.text(index)?.parse().map_err(|_| self.malformed())
    }

    pub(crate) fn dataset(&self) -> Result<DatasetId, StorageError> {
        match self.at(0) {
            Some(Value::Uuid(uuid)) => Ok(DatasetId(uuid.into_inner())),
            _ => Err(self.malformed()),
        }
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<Vec<u8>, StorageError> {
        from_hex(self.text(index)?).ok_or_else(|| self.malformed())
    }

    /// The id of a draft; also of one of its rows.
    pub(crate) fn draft(&self) -> Result<DraftId, StorageError> {
        Ok(DraftId { dataset: self.dataset()?, branch: self.text(1)?.to_owned(), person: self.text(2)?.into() })
    }

    fn malformed(&self) -> StorageError {
        malformed_id(self.id, self.attempted)
    }
}

/// The UUID that names a document.
pub(crate) fn uuid_of(id: &RecordId, attempted: &'static str) -> Result<uuid::Uuid, StorageError> {
    match &id.key {
        RecordIdKey::Uuid(uuid) => Ok(uuid.into_inner()),
        _ => Err(malformed_id(id, attempted)),
    }
}

/// The name of an organisation.
pub(crate) fn name_of(id: &RecordId, attempted: &'static str) -> Result<PersonName, StorageError> {
    match &id.key {
        RecordIdKey::String(text) => Ok(PersonName(text.clone())),
        _ => Err(malformed_id(id, attempted)),
    }
}

/// The hash that names a chunk.
pub(crate) fn hash_of(id: &RecordId, attempted: &'static str) -> Result<Hash, StorageError> {
    match &id.key {
        RecordIdKey::String(text) => text.parse().map_err(|_| malformed_id(id, attempted)),
        _ => Err(malformed_id(id, attempted)),
    }
}

/// A hash in a field.
pub(crate) fn parse_hash(text: &str, attempted: &'static str) -> Result<Hash, StorageError> {
    text.parse().map_err(|_| StorageError::Malformed { attempted, reason: format!("“{text}” is no hash") })
}

fn malformed_id(id: &RecordId, attempted: &'static str) -> StorageError {
    StorageError::Malformed { attempted, reason: format!("a record of “{}” has an unknown kind of id", id.table) }
}

fn draft_key(id: &DraftId) -> [Value; 3] {
    [id.dataset.0.into_value(), text(&id.branch), text(id.person.as_str())]
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn key(parts: impl IntoIterator<Item = Value>) -> RecordIdKey {
    RecordIdKey::Array(Array::from(parts.into_iter().collect::<Vec<_>>()))
}

fn composite(table: &'static str, parts: impl IntoIterator<Item = Value>) -> RecordId {
    RecordId::new(table, key(parts))
}

/// All records whose composite key begins with `prefix` and goes on with text.
fn beginning_with(table: &'static str, prefix: Vec<Value>) -> RecordId {
    let start = key(prefix.clone());
    // An array orders after every text.
    let end = key(prefix.into_iter().chain([Value::Array(Array::new())]));
    range(table, Bound::Included(start), Bound::Excluded(end))
}

fn range(table: &'static str, start: Bound<RecordIdKey>, end: Bound<RecordIdKey>) -> RecordId {
    RecordId::new(table, RecordIdKeyRange { start, end })
}

/// Lower-case hexadecimal digits; record ids can't be bytes, and these order as the bytes do.
fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_as_hexadecimal_text() {
        for bytes in [&[][..], &[0], &[255, 0, 127], b"\x80key"] {
            assert_eq!(from_hex(&to_hex(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
