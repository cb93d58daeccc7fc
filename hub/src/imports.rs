//! Imports: a file becomes a table, through service processes, as a job that can be watched, corrected and cancelled.
//!
//! A job goes from inspecting (while the file arrives) to waiting (for a person to correct what was found) to importing
//! to its end. The file waits in the data directory between the two; the job's document has everything else.

mod add;
mod apply;
mod list;
mod plan;
mod record;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use services::{
    ServiceError,
    import::{Inspection, Progress},
};
use storage::{DatasetId, Job, JobFilter, JobId, JobUpdate, PersonName};
use tokio::{io::AsyncWriteExt, sync::watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use versioning::schema::is_name;

use self::record::Record;
use crate::{
    Actor, Dataset, DatasetPath, Error, FieldError, Hub, ImportChoice, ImportMode, ImportPhase, ImportRequest,
    ImportView, JobState, Place, access::Action, now,
};

/// The kind under which imports are stored among jobs.
const KIND: &str = "import";
/// How long it takes until a store that could not take a job's failure is asked again.
const RETRY: Duration = Duration::from_secs(5);
/// In these states a job goes on, or may.
const UNFINISHED: [storage::JobState; 2] = [storage::JobState::Running, storage::JobState::Waiting];
/// The jobs on a dataset's page.
const LIST: usize = 20;
/// What the upload may be ahead of the service process, in bytes.
const PIPE: usize = 1 << 20;

/// The imports that this process works on.
#[derive(Default)]
pub(crate) struct Running {
    works: Mutex<HashMap<JobId, Work>>,
    /// Jobs that have failed and why, as long as the store could not take that, because its disk is full for one.
    failures: Mutex<HashMap<JobId, String>>,
}

#[derive(Clone)]
struct Work {
    progress: watch::Receiver<Progress>,
    since: Instant,
    cancel: CancellationToken,
}

impl Running {
    fn works(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Work>> {
        self.works.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, String>> {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes a new piece of work for the job and returns where its progress goes and what ends it.
    fn begin(&self, id: JobId, cancel: &CancellationToken) -> watch::Sender<Progress> {
        let (sender, progress) = watch::channel(Progress::default());
        self.works().insert(id, Work { progress, since: Instant::now(), cancel: cancel.clone() });
        sender
    }
}

impl Hub {
    /// Takes a file and finds out what it holds. Returns when the whole file has arrived; what was found follows soon
    /// and waits in [`Hub::import`] for [`Hub::confirm_import`], or is applied at once where the request is unattended.
    ///
    /// # Errors
    /// A field of the request is not valid, the table exists (mode create), or the file did not arrive whole.
    pub async fn start_import<E: std::fmt::Display>(
        &self,
        actor: &Actor,
        place: &Place,
        mut request: ImportRequest,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Uuid, Error> {
        let dataset = self.find_dataset(actor, Action::Write, &place.path).await?;
        self.resolve(&dataset, &place.at).await?.editable()?.clone_into(&mut request.branch);
        let request = self.check_request(&dataset, request).await?;
        let id = JobId::generate();
        let record = Record::new();
        let at = now();
        let job = Job {
            id,
            kind: KIND.to_owned(),
            dataset: Some(DatasetId(dataset.id)),
            person: PersonName::from(actor.name()),
            state: storage::JobState::Running,
            request: record::json(&request)?,
            progress: record::json(&record)?,
            result: serde_json::Value::Null,
            error: None,
            created_at: at,
            updated_at: at,
        };
        self.store().create_job(&job).await?;
        let cancel = CancellationToken::new();
        let progress = self.shared.imports.begin(id, &cancel);
        let (pipe, input) = tokio::io::duplex(PIPE);
        let supervisor = self.shared.supervisor.labelled(&format!("import into {}", place.path));
        let inspecting = {
            let cancel = cancel.clone();
            tokio::spawn(async move { supervisor.inspect(input, progress, cancel).await })
        };
        let received = self.receive(id, file, pipe, &cancel).await;
        if let Err(error) = received {
            cancel.cancel();
            self.fail(id, &error.to_string()).await;
            return Err(error);
        }
        let hub = self.clone();
        let actor = actor.clone();
        tokio::spawn(async move {
            let inspected = inspecting
                .await
                .map_err(|error| Error::Internal { reason: format!("the inspection ended early: {error}") })
                .and_then(|found| found.map_err(Error::from));
            hub.inspected(&actor, id, &dataset, request, inspected, cancel).await;
        });
        Ok(id.0)
    }

    async fn check_request(&self, dataset: &Dataset, mut request: ImportRequest) -> Result<ImportRequest, Error> {
        let mut fields = Vec::new();
        request.table = request.table.trim().to_owned();
        request.message = request.message.trim().to_owned();
        request.file_name.retain(|character| !character.is_control());
        if !is_name(&request.table) {
            let message =
                "A table's name has 1 to 200 characters, no control characters, and is not “.” or “..”.".to_owned();
            fields.push(FieldError { field: "table".to_owned(), message });
        }
        let exists = match self.branch_head(dataset, &request.branch).await? {
            Some(head) => self.commit_and_root(head).await?.1.table_named(&request.table).is_some(),
            None => false,
        };
        if exists && request.mode == ImportMode::Create {
            let message = format!(
                "There is a table “{}” already. Choose another name, or replace the table by the file.",
                request.table
            );
            fields.push(FieldError { field: "table".to_owned(), message });
        }
        if fields.is_empty() { Ok(request) } else { Err(Error::Invalid { fields }) }
    }

    /// Writes the file to the data directory and, as it arrives, to the service process.
    async fn receive<E: std::fmt::Display>(
        &self,
        id: JobId,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
        mut pipe: tokio::io::DuplexStream,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        let broken = |reason: String| Error::State { message: format!("The file did not arrive whole: {reason}.") };
        let full = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::StorageFull => Error::DiskFull,
            _ => Error::State { message: format!("The file could not be kept in the data directory: {error}.") },
        };
        let mut copy = tokio::fs::File::create(self.upload(id)).await.map_err(full)?;
        let mut file = std::pin::pin!(file);
        let mut process_listens = true;
        let mut written = Ok(());
        loop {
            let bytes = tokio::select! {
                bytes = file.next() => bytes,
                () = cancel.cancelled() => return Err(broken("the import was cancelled".to_owned())),
            };
            let Some(bytes) = bytes else { break };
            let bytes = bytes.map_err(|error| broken(error.to_string()))?;
            // Whatever fails here, the upload goes on to its end: before that neither browsers nor programs listen to an
            // answer. A process that has gone says why itself.
            if written.is_ok() {
                written = copy.write_all(&bytes).await.map_err(full);
                process_listens = process_listens && pipe.write_all(&bytes).await.is_ok();
            }
        }
        written?;
        copy.flush().await.map_err(full)?;
        copy.sync_data().await.map_err(full)?;
        Ok(())
    }

    /// Takes up what the inspection found.
    async fn inspected(
        &self,
        actor: &Actor,
        id: JobId,
        dataset: &Dataset,
        request: ImportRequest,
        inspected: Result<Inspection, Error>,
        cancel: CancellationToken,
    ) {
        let inspection = match inspected {
            Ok(inspection) => inspection,
            Err(Error::Service(ServiceError::Cancelled { .. })) => return,
            Err(error) => return self.fail(id, &error.to_string()).await,
        };
        let mut record = Record { bytes: inspection.bytes, rows: inspection.rows, ..Record::new() };
        if inspection.problem_count > 0 {
            record.problems = inspection.problems.clone();
            record.problem_count = inspection.problem_count;
            record.inspection = Some(inspection);
            return self.refuse(id, record).await;
        }
        record.inspection = Some(inspection.clone());
        let unattended = request.unattended;
        let state = if unattended { storage::JobState::Running } else { storage::JobState::Waiting };
        if let Err(error) = self.save_record(id, storage::JobState::Running, state, &record).await {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "an inspection could not be kept");
            return self.fail(id, &error.to_string()).await;
        }
        if !unattended {
            self.shared.imports.works().remove(&id);
            return;
        }
        let table = self.existing_table(dataset, &request).await;
        let choice = table.and_then(|table| plan::beginning(&request, &inspection, table.as_ref()));
        match choice {
            Ok(choice) => self.apply(actor, id, dataset, request, record, choice, cancel).await,
            Err(error) => self.fail(id, &error.to_string()).await,
        }
    }

    /// Writes the table as the person chose.
    ///
    /// # Errors
    /// The import does not wait, or the choice is not valid; the fields are named `column-N-name`, `column-N-type`,
    /// `column-N-key`, N counted from 0.
    pub async fn confirm_import(&self, actor: &Actor, id: Uuid, choice: ImportChoice) -> Result<(), Error> {
        let (job, dataset) = self.find_import(actor, Action::Write, id).await?;
        if job.state != storage::JobState::Waiting {
            return Err(Error::State { message: "This import does not wait for a decision any more.".to_owned() });
        }
        let request: ImportRequest = record::from_json(&job.request)?;
        let mut record: Record = record::from_json(&job.progress)?;
        let inspection = record
            .inspection
            .clone()
            .ok_or_else(|| Error::Internal { reason: "a waiting import without an inspection".to_owned() })?;
        let existing = self.existing_table(&dataset, &request).await?;
        plan::plan(&inspection, &choice, existing.as_ref(), request.mode)?;
        if !tokio::fs::try_exists(self.upload(job.id)).await.unwrap_or(false) {
            let message = "The uploaded file is gone. Upload it again.";
            self.fail(job.id, message).await;
            return Err(Error::State { message: message.to_owned() });
        }
        record.phase = ImportPhase::Importing;
        record.choice = Some(choice.clone());
        self.save_record(job.id, storage::JobState::Waiting, storage::JobState::Running, &record).await?;
        let (hub, actor) = (self.clone(), actor.clone());
        let cancel = CancellationToken::new();
        // Known before this returns, so that a cancellation finds it.
        drop(self.shared.imports.begin(job.id, &cancel));
        tokio::spawn(async move { hub.apply(&actor, job.id, &dataset, request, record, choice, cancel).await });
        Ok(())
    }

    /// Stops an import. Nothing of it is committed.
    ///
    /// # Errors
    /// The import has ended.
    pub async fn cancel_import(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let (job, _) = self.find_import(actor, Action::Write, id).await?;
        let update = JobUpdate::new(job.id, [storage::JobState::Running, storage::JobState::Waiting], now())
            .to(storage::JobState::Cancelled);
        match self.store().update_job(&update).await {
            Ok(_) => {}
            Err(error) if error.is_stale() => {
                return Err(Error::State { message: "This import has ended already.".to_owned() });
            }
            Err(error) => return Err(error.into()),
        }
        self.forget(job.id).await;
        Ok(())
    }

    /// An import as it stands.
    ///
    /// # Errors
    /// There is no such import for the person.
    pub async fn import(&self, actor: &Actor, id: Uuid) -> Result<ImportView, Error> {
        let (job, dataset) = self.find_import(actor, Action::Read, id).await?;
        let mut view = self.import_view(job, dataset.path.clone())?;
        if let (JobState::Waiting, Some(inspection)) = (view.state, &view.inspection) {
            let existing = self.existing_table(&dataset, &view.request).await?;
            view.beginning = plan::beginning(&view.request, inspection, existing.as_ref()).ok();
            view.existing = existing;
        }
        Ok(view)
    }

    /// The newest imports into a dataset.
    ///
    /// # Errors
    /// There is no such dataset for the person, or the store failed.
    pub async fn imports(&self, actor: &Actor, path: &DatasetPath) -> Result<Vec<ImportView>, Error> {
        let dataset = self.find_dataset(actor, Action::Read, path).await?;
        let filter = JobFilter { dataset: Some(DatasetId(dataset.id)), state: None };
        let jobs = self.store().jobs(&filter, LIST).await?;
        jobs.into_iter().map(|job| self.import_view(job, dataset.path.clone())).collect()
    }

    /// Whether an import into a dataset runs or waits, whoever began it.
    pub(crate) async fn has_unfinished_imports(&self, dataset: DatasetId) -> Result<bool, Error> {
        let unfinished = self.unfinished_imports(Some(dataset)).await?;
        let failures = self.shared.imports.failures();
        Ok(unfinished.iter().any(|job| !failures.contains_key(&job.id)))
    }

    async fn unfinished_imports(&self, dataset: Option<DatasetId>) -> Result<Vec<Job>, Error> {
        let mut unfinished = Vec::new();
        for state in UNFINISHED {
            let filter = JobFilter { dataset, state: Some(state) };
            unfinished.extend(self.store().jobs(&filter, usize::from(u16::MAX)).await?);
        }
        unfinished.retain(|job| job.kind == KIND);
        Ok(unfinished)
    }

    /// Stops the imports of somebody who goes.
    pub(crate) async fn cancel_imports_of(&self, person: &PersonName) -> Result<(), Error> {
        for job in self.unfinished_imports(None).await?.into_iter().filter(|job| job.person == *person) {
            let update = JobUpdate::new(job.id, UNFINISHED, now()).to(storage::JobState::Cancelled);
            match self.store().update_job(&update).await {
                Err(error) if !error.is_stale() => return Err(error.into()),
                _ => self.forget(job.id).await,
            }
        }
        Ok(())
    }

    fn import_view(&self, job: Job, dataset: DatasetPath) -> Result<ImportView, Error> {
        let request: ImportRequest = record::from_json(&job.request)?;
        let record: Record = record::from_json(&job.progress)?;
        let work = self.shared.imports.works().get(&job.id).cloned();
        let live = work.as_ref().map(|work| *work.progress.borrow());
        let Progress { rows, bytes } = live.unwrap_or(Progress { rows: record.rows, bytes: record.bytes });
        let seconds = work.map_or(0.0, |work| work.since.elapsed().as_secs_f64());
        let failure = self.shared.imports.failures().get(&job.id).cloned();
        Ok(ImportView {
            id: job.id.0,
            dataset,
            total_bytes: record.inspection.as_ref().map(|found| found.bytes).or(request.size),
            request,
            state: match job.state {
                _ if failure.is_some() => JobState::Failed,
                storage::JobState::Queued | storage::JobState::Running => JobState::Running,
                storage::JobState::Waiting => JobState::Waiting,
                storage::JobState::Succeeded => JobState::Succeeded,
                storage::JobState::Failed => JobState::Failed,
                storage::JobState::Cancelled => JobState::Cancelled,
            },
            phase: record.phase,
            rows,
            bytes,
            rate: if seconds > 0.0 { (rows as f64 / seconds) as u64 } else { 0 },
            inspection: record.inspection,
            existing: None,
            beginning: None,
            choice: record.choice,
            problems: record.problems,
            problem_count: record.problem_count,
            error: failure.or(job.error),
            commit: record.commit,
            imported_rows: record.imported_rows,
            created_at: job.created_at,
        })
    }

    async fn find_import(&self, actor: &Actor, action: Action, id: Uuid) -> Result<(Job, Dataset), Error> {
        let missing = || Error::not_found("import of that number");
        let job = self.store().job(JobId(id)).await?.filter(|job| job.kind == KIND).ok_or_else(missing)?;
        let dataset = job.dataset.ok_or_else(missing)?;
        let dataset = self.store().dataset_by_id(dataset).await?.ok_or_else(missing)?;
        // Who may not know of the dataset does not learn its name by that of a job.
        let role = self.authorise(actor, action, &dataset).await.map_err(|error| match error {
            Error::NotFound { .. } => missing(),
            error => error,
        })?;
        Ok((job, Dataset { role: Some(role), ..dataset.into() }))
    }

    async fn save_record(
        &self,
        id: JobId,
        expected: storage::JobState,
        state: storage::JobState,
        record: &Record,
    ) -> Result<(), Error> {
        let update = JobUpdate::new(id, [expected], now()).to(state).progress(record::json(record)?);
        self.store().update_job(&update).await?;
        Ok(())
    }

    /// Ends a job because of what its file holds.
    async fn refuse(&self, id: JobId, record: Record) {
        let message = match record.problem_count {
            1 => "One thing in the file can't be taken as it is. Nothing was committed.".to_owned(),
            count => format!("{count} things in the file can't be taken as they are. Nothing was committed."),
        };
        if let Err(error) = self.save_record(id, storage::JobState::Running, storage::JobState::Running, &record).await
        {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "a file's problems could not be kept");
        }
        self.fail(id, &message).await;
    }

    async fn fail(&self, id: JobId, message: &str) {
        tracing::warn!(job = %id, message, "an import failed");
        // Before the store is asked: the file may be what fills the disk.
        self.forget(id).await;
        if let Err(error) = self.record_failure(id, message).await {
            tracing::error!(job = %id, error = &error as &dyn std::error::Error, "a failed job can't be ended yet");
            self.shared.imports.failures().insert(id, message.to_owned());
            let hub = self.clone();
            tokio::spawn(async move { hub.record_failure_later(id).await });
        }
    }

    async fn record_failure(&self, id: JobId, message: &str) -> Result<(), storage::StorageError> {
        let update = JobUpdate::new(id, [storage::JobState::Running, storage::JobState::Waiting], now())
            .to(storage::JobState::Failed)
            .error(message);
        match self.store().update_job(&update).await {
            // It was cancelled meanwhile.
            Err(error) if !error.is_stale() => Err(error),
            _ => Ok(()),
        }
    }

    /// Goes on until the store takes it or is closed; then the next start finds the job unfinished, and ends it.
    async fn record_failure_later(&self, id: JobId) {
        loop {
            tokio::time::sleep(RETRY).await;
            let Some(message) = self.shared.imports.failures().get(&id).cloned() else { return };
            match self.record_failure(id, &message).await {
                Err(storage::StorageError::Closed { .. }) => return,
                Err(_) => {}
                Ok(()) => {
                    self.shared.imports.failures().remove(&id);
                    return;
                }
            }
        }
    }

    /// Ends what works on the job and deletes its file.
    async fn forget(&self, id: JobId) {
        let work = self.shared.imports.works().remove(&id);
        if let Some(work) = work {
            work.cancel.cancel();
        }
        if let Err(error) = tokio::fs::remove_file(self.upload(id)).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(job = %id, %error, "an uploaded file could not be deleted");
        }
    }

    fn upload(&self, id: JobId) -> PathBuf {
        self.shared.uploads.join(format!("{id}.csv"))
    }

    /// After a restart: what ran has failed, what waits goes on waiting, and files without a job go.
    pub(crate) async fn recover_imports(&self) -> Result<(), Error> {
        for job in self.store().running_jobs().await? {
            self.fail(
                job.id,
                "The server stopped while this import ran. Nothing was committed: upload the file again.",
            )
            .await;
        }
        let waiting = JobFilter { dataset: None, state: Some(storage::JobState::Waiting) };
        let kept: Vec<PathBuf> =
            self.store().jobs(&waiting, usize::from(u16::MAX)).await?.iter().map(|job| self.upload(job.id)).collect();
        let Ok(files) = std::fs::read_dir(&self.shared.uploads) else { return Ok(()) };
        for file in files.flatten().map(|file| file.path()).filter(|path| !kept.contains(path)) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(file = %file.display(), %error, "a left-over upload could not be deleted");
            }
        }
        Ok(())
    }

    pub(crate) async fn stop_imports(&self) {
        let running: Vec<JobId> = self.shared.imports.works().keys().copied().collect();
        for id in running {
            self.fail(
                id,
                "The server was stopped while this import ran. Nothing was committed: upload the file again.",
            )
            .await;
        }
    }
}
