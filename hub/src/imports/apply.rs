//! Writing the table: the file goes to a service process, its chunks to the store, and the tree into a commit.

use std::collections::BTreeMap;

use services::{ServiceError, import::ImportOutcome};
use storage::{CommitWrite, DatasetId, JobId, JobUpdate};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use versioning::{Commit, Hash, Object, Root, Schema, TableEntry, TableId, Tree};

use super::{
    plan,
    record::{self, Record},
};
use crate::{
    Actor, Dataset, Error, Event, Hub, ImportChoice, ImportMode, ImportPhase, ImportRequest,
    drafts::{Frames, message, store},
    now, random_id,
};

/// Chunks are written in batches of about this many bytes.
const BATCH: usize = 2 << 20;
/// Chunks that may wait for the store.
const QUEUE: usize = 256;
/// How often the commit is tried again when others move the branch meanwhile.
const ATTEMPTS: usize = 8;

impl Hub {
    #[expect(clippy::too_many_arguments, reason = "the parts of one job, taken over whole")]
    pub(super) async fn apply(
        &self,
        actor: &Actor,
        id: JobId,
        dataset: &Dataset,
        request: ImportRequest,
        mut record: Record,
        choice: ImportChoice,
        cancel: CancellationToken,
    ) {
        record.phase = ImportPhase::Importing;
        record.choice = Some(choice.clone());
        match self.write_table(actor, id, dataset, &request, record, &choice, cancel).await {
            Ok(Applied::Done) => self.forget(id).await,
            Ok(Applied::Refused(record)) => self.refuse(id, *record).await,
            // Whoever cancelled it has ended the job.
            Err(Error::Service(ServiceError::Cancelled { .. })) => {}
            Err(error) => {
                tracing::error!(job = %id, error = &error as &dyn std::error::Error, "an import could not be applied");
                self.fail(id, &error.to_string()).await;
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one job, taken over whole")]
    async fn write_table(
        &self,
        actor: &Actor,
        id: JobId,
        dataset: &Dataset,
        request: &ImportRequest,
        mut record: Record,
        choice: &ImportChoice,
        cancel: CancellationToken,
    ) -> Result<Applied, Error> {
        let inspection = record.inspection.clone();
        let inspection = inspection.ok_or_else(|| Error::Internal { reason: "no inspection".to_owned() })?;
        let existing = self.existing_table(dataset, request).await?;
        let plan = plan::plan(&inspection, choice, existing.as_ref())?;
        let schema = plan.schema.clone();
        let file = tokio::fs::File::open(self.upload(id))
            .await
            .map_err(|error| Error::State { message: format!("The uploaded file can't be read: {error}.") })?;
        let progress = self.shared.imports.begin(id, &cancel);
        let supervisor = self.shared.supervisor.labelled(&format!("import into {}", dataset.path));
        let (sender, receiver) = mpsc::channel(QUEUE);
        // Both sides end together: a store that fails closes the queue, which ends the process.
        let (outcome, written) =
            tokio::join!(supervisor.import(plan, file, progress, sender, cancel), self.take_chunks(receiver));
        written?;
        match outcome? {
            ImportOutcome::Refused { problems, problem_count } => {
                record.problems = problems;
                record.problem_count = problem_count;
                Ok(Applied::Refused(Box::new(record)))
            }
            ImportOutcome::Imported { tree, rows } => {
                record.imported_rows = rows;
                record.rows = rows;
                record.bytes = inspection.bytes;
                self.commit_table(actor, id, dataset, request, record, (tree, schema), &choice.message).await?;
                Ok(Applied::Done)
            }
        }
    }

    async fn take_chunks(&self, mut receiver: mpsc::Receiver<(Hash, Vec<u8>)>) -> Result<(), Error> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((hash, frame)) = receiver.recv().await {
            bytes += frame.len();
            batch.push((hash, frame));
            if bytes >= BATCH {
                self.put_frames(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        self.put_frames(batch).await
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one job, taken over whole")]
    async fn commit_table(
        &self,
        actor: &Actor,
        id: JobId,
        dataset: &Dataset,
        request: &ImportRequest,
        mut record: Record,
        (tree, schema): (Tree, Schema),
        text: &str,
    ) -> Result<(), Error> {
        let text = if text.trim().is_empty() { &default_message(request) } else { text };
        let text = message(text)?;
        for _ in 0..ATTEMPTS {
            let head = self.branch_head(dataset, branch_of(request, dataset)).await?;
            let at = now();
            let (wanted, schema, author, text) =
                (request.clone(), schema.clone(), actor.name().to_owned(), text.clone());
            let made = self
                .read(move |objects| {
                    let mut frames = Frames::default();
                    let root = match head {
                        Some(head) => objects.root(objects.commit(head)?.root)?,
                        None => Root::default(),
                    };
                    let schema = store(&Object::Schema(schema), &mut frames)?;
                    let Some(root) = put_table(root, &wanted, schema, tree)? else { return Ok(None) };
                    let root = store(&Object::Root(root), &mut frames)?;
                    let parents: Vec<Hash> = head.into_iter().collect();
                    let commit = Commit { root, parents, author, time: at, message: text };
                    Ok(Some((store(&Object::Commit(commit), &mut frames)?, frames.0)))
                })
                .await?;
            let done = |record: &Record| -> Result<JobUpdate, Error> {
                Ok(JobUpdate::new(id, [storage::JobState::Running], at)
                    .to(storage::JobState::Succeeded)
                    .progress(record::json(record)?))
            };
            let Some((new, frames)) = made else {
                // The file holds what the table holds: nothing to commit.
                self.store().update_job(&done(&record)?).await?;
                return Ok(());
            };
            record.commit = Some(new);
            let write = CommitWrite {
                chunks: self.put_all_but_last(frames).await?,
                dataset: DatasetId(dataset.id),
                branch: branch_of(request, dataset).to_owned(),
                expected: head,
                new,
                parents: head.into_iter().collect(),
                at,
                draft: None,
                job: Some(done(&record)?),
            };
            match self.store().commit(write).await {
                Ok(()) => {
                    self.shared
                        .events
                        .send(dataset.id, Event::Head { branch: branch_of(request, dataset).to_owned(), commit: new });
                    return Ok(());
                }
                Err(storage::StorageError::StaleHead { .. }) => {}
                // Cancelled in the last moment: the job has ended, and nothing was committed.
                Err(storage::StorageError::StaleJob { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::State {
            message: "Others keep committing to this branch. Nothing was committed: import the file again.".to_owned(),
        })
    }

    /// The schema of the table that the file goes into, as it is at the head of the branch.
    pub(super) async fn existing_table(
        &self,
        dataset: &Dataset,
        request: &ImportRequest,
    ) -> Result<Option<Schema>, Error> {
        let Some(head) = self.branch_head(dataset, branch_of(request, dataset)).await? else { return Ok(None) };
        let (_, root) = self.commit_and_root(head).await?;
        match root.table_named(&request.table) {
            Some((_, entry)) => Ok(Some(self.schema(entry.schema).await?)),
            None => Ok(None),
        }
    }
}

enum Applied {
    Done,
    Refused(Box<Record>),
}

/// The state with the table in it; none when it is there already, just so.
fn put_table(mut root: Root, request: &ImportRequest, schema: Hash, tree: Tree) -> Result<Option<Root>, Error> {
    let existing = root.table_named(&request.table).map(|(id, entry)| (id, entry.clone()));
    let entry = TableEntry { name: request.table.clone(), schema, tree };
    let id = match existing {
        Some(_) if request.mode == ImportMode::Create => {
            let message = format!("A table “{}” was created meanwhile. Nothing was committed.", request.table);
            return Err(Error::State { message });
        }
        Some((_, old)) if old == entry => return Ok(None),
        Some((id, _)) => id,
        None => new_table_id(&root.tables),
    };
    root.tables.insert(id, entry);
    Ok(Some(root))
}

/// The branch that an import goes to. Requests of earlier versions name none.
fn branch_of<'a>(request: &'a ImportRequest, dataset: &'a Dataset) -> &'a str {
    if request.branch.is_empty() { &dataset.default_branch } else { &request.branch }
}

fn new_table_id(tables: &BTreeMap<TableId, TableEntry>) -> TableId {
    loop {
        let id = TableId(random_id());
        if !tables.contains_key(&id) {
            return id;
        }
    }
}

fn default_message(request: &ImportRequest) -> String {
    let file = if request.file_name.is_empty() { "a file" } else { &request.file_name };
    match request.mode {
        ImportMode::Create => format!("Import {file} as {}", request.table),
        ImportMode::Replace => format!("Replace {} by {file}", request.table),
    }
}
