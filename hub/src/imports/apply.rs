//! Writing the table: the file goes to a service process, its chunks to the store, and the tree into a commit.

use std::collections::BTreeMap;

use services::{ServiceError, import::ImportOutcome};
use storage::{Chunk, DatasetId, JobId, JobUpdate, Lease, Objects};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use versioning::{Hash, Object, Root, Schema, TableEntry, TableId, Tree, frame};

use super::{
    add, plan,
    record::{self, Record},
};
use crate::{
    Actor, Dataset, Error, Hub, ImportChoice, ImportMode, ImportPhase, ImportRequest,
    access::Action,
    blocking, now, random_id, rules,
    write::{Desk, Intent, Made, Parent, Way, message},
};

/// Chunks are written in batches of about this many bytes.
const BATCH: usize = 2 << 20;
/// Chunks that may wait for the store.
const QUEUE: usize = 256;

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
                // What people can put right is told where the job fails; the rest is ours.
                if matches!(error, Error::Internal { .. } | Error::Storage(_)) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(job = %id, error, "an import could not be applied");
                }
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
        let lease = self.store().lease();
        let existing = self.existing(dataset, request).await?;
        let plan = plan::plan(&inspection, choice, existing.as_ref().map(|(_, schema)| schema), request.mode)?;
        let replaced = existing.filter(|_| request.mode == ImportMode::Replace).map(|(tree, _)| tree);
        let schema = plan.schema.clone();
        let file = tokio::fs::File::open(self.upload(id))
            .await
            .map_err(|error| Error::State { message: format!("The uploaded file can't be read: {error}.") })?;
        let progress = self.shared.imports.begin(id, &cancel);
        let supervisor = self.shared.supervisor.labelled(&format!("import into {}", dataset.path));
        let (sender, receiver) = mpsc::channel(QUEUE);
        // Both sides end together: a store that fails closes the queue, which ends the process.
        let (outcome, written) = tokio::join!(
            supervisor.import(plan, file, progress, sender, cancel),
            self.take_chunks(&lease, replaced, receiver)
        );
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
                self.commit_table((lease, actor), id, dataset, request, record, (tree, schema), &choice.message)
                    .await?;
                Ok(Applied::Done)
            }
        }
    }

    /// Stores what comes; where the table takes the place of another, as deltas of that one's chunks.
    async fn take_chunks(
        &self,
        lease: &Lease,
        replaced: Option<Tree>,
        mut receiver: mpsc::Receiver<Chunk>,
    ) -> Result<(), Error> {
        let (mut batch, mut bytes, mut ended) = (Vec::new(), 0, false);
        while !ended {
            match receiver.recv().await {
                Some((hash, frame)) => {
                    bytes += frame.len();
                    batch.push((hash, frame));
                }
                None => ended = true,
            }
            if bytes < BATCH && !ended {
                continue;
            }
            bytes = 0;
            let mut chunks = std::mem::take(&mut batch);
            if let Some(replaced) = replaced {
                let objects = self.store().objects();
                chunks = blocking(move || Ok(pack_near(&objects, replaced, chunks))).await?;
            }
            self.put_frames(lease, chunks).await?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one job, taken over whole")]
    async fn commit_table(
        &self,
        (lease, actor): (Lease, &Actor),
        id: JobId,
        dataset: &Dataset,
        request: &ImportRequest,
        record: Record,
        (tree, schema): (Tree, Schema),
        text: &str,
    ) -> Result<(), Error> {
        let text = if text.trim().is_empty() { &default_message(request) } else { text };
        // Whoever began it may have lost the right to since, and the dataset may be another's or have other rules.
        let dataset = &self.still_writable(actor, dataset).await?;
        let done = move |new: Option<Hash>| -> Result<JobUpdate, Error> {
            let record = Record { commit: new, ..record.clone() };
            Ok(JobUpdate::new(id, [storage::JobState::Running], now())
                .to(storage::JobState::Succeeded)
                .progress(record::json(&record)?))
        };
        let branch = branch_of(request, dataset);
        if request.mode.adds() {
            // The file's rows go into the table's tree; the tree that they arrived in is not needed any more.
            lease.leaves_something();
        }
        let intent = Intent {
            lease,
            actor,
            author: None,
            dataset,
            branch,
            head: self.branch_head(dataset, branch).await?,
            parent: Parent::Head,
            message: message(text)?,
            way: Way::Direct,
            draft: None,
            job: Some(&done),
        };
        let wanted = request.clone();
        let written = self
            .write(intent, move |desk, _, root| {
                let before = root.clone();
                let Some(root) = put_table(desk, root, &wanted, (tree, &schema))? else { return Ok(Made::Nothing) };
                rules::check(desk, &before, &root)?;
                Ok(Made::Commit(root, Vec::new()))
            })
            .await;
        match written {
            Ok(_) => Ok(()),
            // Cancelled in the last moment: the job has ended, and nothing was committed.
            Err(Error::Storage(storage::StorageError::StaleJob { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The dataset as it is now, if the person may still write to it.
    async fn still_writable(&self, actor: &Actor, dataset: &Dataset) -> Result<Dataset, Error> {
        if let Some(person) = actor.person_id()
            && self.usable(person).await?.is_none()
        {
            return Err(Error::State { message: "The account that began it is blocked or gone.".to_owned() });
        }
        let stored = self.store().dataset_by_id(DatasetId(dataset.id)).await?;
        let stored = stored.ok_or_else(|| Error::not_found(format!("dataset “{}” any more", dataset.path)))?;
        let role = self.authorise(actor, Action::Write, &stored).await?;
        Ok(Dataset { role: Some(role), ..stored.into() })
    }

    /// The schema of the table that the file goes into, as it is at the head of the branch.
    pub(super) async fn existing_table(
        &self,
        dataset: &Dataset,
        request: &ImportRequest,
    ) -> Result<Option<Schema>, Error> {
        Ok(self.existing(dataset, request).await?.map(|(_, schema)| schema))
    }

    /// The rows and the schema of that table.
    async fn existing(&self, dataset: &Dataset, request: &ImportRequest) -> Result<Option<(Tree, Schema)>, Error> {
        let Some(head) = self.branch_head(dataset, branch_of(request, dataset)).await? else { return Ok(None) };
        let (_, root) = self.commit_and_root(head).await?;
        match root.table_named(&request.table) {
            Some((_, entry)) => Ok(Some((entry.tree, self.schema(entry.schema).await?))),
            None => Ok(None),
        }
    }
}

/// Packs chunks of a tree anew, as deltas of those that stand at the same place in the tree that it replaces. A chunk
/// stays as it is where there is nothing like it, and where something can't be read: whoever needs that will say so.
fn pack_near(objects: &Objects, replaced: Tree, chunks: Vec<Chunk>) -> Vec<Chunk> {
    let near = |(_, frame): &Chunk| {
        let bytes = frame::unpack(frame).ok()?;
        let node = Object::decode(&bytes).ok()?;
        Some((replaced.counterpart(objects, &node).ok()??, bytes))
    };
    let found: Vec<Option<(Hash, Vec<u8>)>> = chunks.iter().map(near).collect();
    let nears: Vec<Hash> = found.iter().flatten().map(|(near, _)| *near).collect();
    let mut bases = objects.bases_for(&nears).into_iter();
    let pack = |((hash, frame), found): (Chunk, Option<(Hash, Vec<u8>)>)| {
        let Some((near, bytes)) = found else { return (hash, frame) };
        match bases.next().flatten() {
            // What has not changed is there already.
            Some((base, object)) if near != hash && base != hash => {
                (hash, frame::pack_near(&bytes, base, &object.canonical()))
            }
            _ => (hash, frame),
        }
    };
    chunks.into_iter().zip(found).map(pack).collect()
}

enum Applied {
    Done,
    Refused(Box<Record>),
}

/// The state with the table in it; none when it is there already, just so.
fn put_table(
    desk: &Desk<'_>,
    mut root: Root,
    request: &ImportRequest,
    (tree, schema): (Tree, &Schema),
) -> Result<Option<Root>, Error> {
    let existing = root.table_named(&request.table).map(|(id, entry)| (id, entry.clone()));
    if let (Some((id, entry)), true) = (&existing, request.mode.adds()) {
        let tree = add::rows(desk, entry, (tree, schema), request.mode)?;
        let changed = TableEntry { tree, ..entry.clone() };
        if changed == *entry {
            return Ok(None);
        }
        root.tables.insert(*id, changed);
        return Ok(Some(root));
    }
    let schema = desk.store(&Object::Schema(schema.clone()))?;
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
        ImportMode::Append => format!("Append {file} to {}", request.table),
        ImportMode::Upsert => format!("Update {} from {file}", request.table),
    }
}
