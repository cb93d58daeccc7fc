//! The store: chunks and refs (versioned data), documents (unversioned data), migrations and the integrity check.
//!
//! This is the only crate that knows SurrealDB; nothing of SurrealDB or SurrealQL shows in its interface, and text of
//! people is always bound, never part of a query. It holds no rules of the product: who may do what is `hub`'s
//! business. Start with [`Store`], then `commit.rs` for the one transaction that moves a branch, and `reclaim.rs` for how
//! space is reclaimed meanwhile.
//!
//! # Invariants
//!
//! - A chunk is immutable and named by the BLAKE3 hash of its canonical bytes; what is read is verified.
//! - Chunks are written before the ref that reaches them; a ref moves by compare-and-swap in one transaction.
//! - What a function has acknowledged by returning `Ok` survives `kill -9` at any moment after that.
//! - Dropping a future never tears a write: every query runs to its end on a runtime of the store's own.
//! - A lost compare-and-swap is an error that says what is there now ([`StorageError::is_stale`]).
//!
//! # Keys
//!
//! | table | record id | holds |
//! | --- | --- | --- |
//! | `chunk` | hash | frame and its size |
//! | `chunk_batch` | random | number and bytes of the chunks that one write added |
//! | `dataset` | UUID | the dataset's document; unique by owner and name |
//! | `dataset_ref` | `[dataset, kind, name]` | head |
//! | `dataset_commit` | `[dataset, commit]` | parents and time: which commits belong to a dataset |
//! | `draft` | `[dataset, branch, person]` | base and revision |
//! | `draft_row` | `[dataset, branch, person, table, key]` | one row's patch |
//! | `commit_status` | `[dataset, commit, context]` | what another system found about a commit, the newest |
//! | `unreachable_commit` | `[dataset, commit]` | since when nothing leads to a commit |
//! | `job` | UUID | the job's document; its JSON is text |
//! | `person` | UUID | an account; unique by name |
//! | `session`, `link` | hash of the secret | who is signed in; what can be used once |
//! | `former_name` | name | the name of an account that was deleted: nobody gets it again |
//! | `identity` | `[provider, subject]` | whose account it is that a provider vouches for |
//! | `second_factor` | UUID of the account | the secret of one-time passwords, and hashes of recovery codes |
//! | `token` | UUID | a token for programs; unique by the hash of its text |
//! | `role` | `[dataset, person]` | what somebody is in a dataset |
//! | `watch` | `[dataset, person]` | what somebody wants to be told of there |
//! | `notice` | `[dataset, person, about]` | what somebody was told |
//! | `organisation` | name | an organisation |
//! | `membership` | `[organisation, person]` | who belongs to it, and as what |
//! | `invitation` | `[organisation, person]` | who may belong to it as soon as they say so, and as what |
//! | `team` | `[organisation, team]` | a team |
//! | `team_member` | `[organisation, person, team]` | who is in it |
//! | `team_role` | `[dataset, team]` | what a team of the owning organisation is in a dataset |
//! | `offer` | `[dataset, person]` | a dataset that its owner wants to give to somebody |
//! | `moved` | random; unique by owner and name | where a dataset was before |
//! | `audit` | `[time, random]`, the newest first | who changed access or data; never changed or deleted |
//! | `answer` | `[person, key]` | what a request was answered that may be sent again, for a day |
//! | `setting` | name | a setting of the whole server |
//! | `maintenance` | `reclaim` | what the last run of reclaiming has done, as JSON |
//!
//! # What it costs
//!
//! Medians, daily profile, on a 2-core machine that was busy with other work (load 4 to 6), chunks of 12 KiB:
//! `cargo test --test store -- --ignored --nocapture measure` prints them anew.
//!
//! | | |
//! | --- | --- |
//! | opening an existing store | 95 ms, of which the engine's own start is nearly all |
//! | closing it | 20 ms; 190 ms with much to write out |
//! | [`Store::commit`] | 2.8 ms, on disk |
//! | [`Store::save_draft`], one row | 2.3 ms, on disk |
//! | [`Store::put_chunks`], 3 MiB at once | 85 MB/s, on disk |
//! | [`Store::get_chunk`] | 180 µs |
//! | [`Objects`], an object that is cached | 0.2 µs |
//! | [`Objects`], an object that is not | 280 µs, a fifth of it unpacking and checking |
//! | [`Objects`], prefetching 256 | 37 ms, a third of it unpacking and checking |
//!
//! A process with a nearly empty store is 106 MB resident: the engine allocates a table of a million locks for its
//! transactions. Caches and at most 32 MiB of write buffers come on top of that as data comes.

mod answers;
mod audit;
mod cache;
mod chunks;
mod commit;
mod config;
mod datasets;
mod drafts;
mod error;
mod factors;
mod frames;
mod health;
mod identities;
mod ids;
mod invitations;
mod jobs;
mod known;
mod leases;
mod leaving;
mod links;
mod migrations;
mod moves;
mod notices;
mod objects;
mod opening;
mod organisations;
mod people;
mod reclaim;
mod records;
mod refs;
mod requests;
mod runtime;
mod statuses;
mod store;
mod verify;

pub use answers::{AnswerId, KeptAnswer};
pub use audit::{AuditEntry, AuditFilter};
pub use chunks::{Chunk, ChunkStats, MAX_BATCH_BYTES};
pub use commit::CommitWrite;
pub use config::Config;
pub use datasets::{Ancestor, Dataset, DatasetChanges, DatasetCursor, Visibility};
pub use drafts::{Draft, DraftId, DraftRow, SaveDraft};
pub use error::{OpenError, StorageError};
pub use factors::SecondFactor;
pub use health::{Counts, Health};
pub use identities::{Identity, Unlinking};
pub use ids::{DatasetId, JobId, PersonId, PersonName, TokenId, UploadId};
pub use invitations::{Invitation, Inviting};
pub use jobs::{Job, JobFilter, JobState, JobUpdate};
pub use known::Changed;
pub use leases::Lease;
pub use leaving::{Leaving, Written, WrittenKind};
pub use links::{Link, LinkKind};
pub use moves::{Offer, Transfer};
pub use notices::{Audience, Notice};
pub use objects::Objects;
pub use organisations::{MembershipChange, Organisation, OrganisationChanges, Rights, Team};
pub use people::{Admission, Person, PersonChanges, Session, Standing, Token};
pub use reclaim::{Mark, Reclaim, ReclaimRecord, Reclaimed, Stage, Sweep};
pub use refs::{CommitRecord, Ref, RefKind};
pub use requests::{MergeRequest, RequestDecision, RequestEntry, StandingDecision};
pub use statuses::CommitStatus;
pub use store::Store;
pub use verify::{Problem, ProblemKind, Progress, Report};
