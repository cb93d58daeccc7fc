//! Service processes as they are: started, fed, limited, killed.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use services::{
    Exit, LimitKind, Limits, ServiceError, Supervisor,
    import::{Dialect, ImportOutcome, ImportPlan, Inspection, Progress},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use versioning::{Column, ColumnId, Hash, Object, ObjectSource, ReadError, Row, Schema, Tree, Type, Value, frame};

const WORKER: &str = env!("CARGO_BIN_EXE_service-worker");

fn supervisor() -> Supervisor {
    Supervisor::new(PathBuf::from(WORKER), Limits::default())
}

async fn inspect(supervisor: &Supervisor, input: impl AsyncRead + Send) -> Result<Inspection, ServiceError> {
    supervisor.inspect(input, watch::Sender::new(Progress::default()), CancellationToken::new()).await
}

fn column(id: u64, name: &str, ty: Type) -> Column {
    Column::new(ColumnId(id), name, ty)
}

fn plan(increasing: bool) -> ImportPlan {
    ImportPlan {
        dialect: Dialect { encoding: "UTF-8".to_owned(), delimiter: b',', header: true },
        schema: Schema {
            columns: vec![column(1, "id", Type::Integer), column(2, "name", Type::Text)],
            primary_key: vec![ColumnId(1)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        },
        sources: vec![Some(0), Some(1)],
        increasing,
    }
}

/// The chunks that came back.
#[derive(Default)]
struct Chunks(HashMap<Hash, Arc<Object>>);

impl ObjectSource for Chunks {
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError> {
        self.0.get(&hash).cloned().ok_or(ReadError::Missing { hash })
    }
}

async fn import(
    supervisor: &Supervisor,
    plan: ImportPlan,
    input: impl AsyncRead + Send,
) -> (Result<ImportOutcome, ServiceError>, Chunks) {
    let (sender, mut receiver) = mpsc::channel::<(Hash, Vec<u8>)>(4);
    let collect = async {
        let mut chunks = Chunks::default();
        while let Some((hash, packed)) = receiver.recv().await {
            chunks.0.insert(hash, Arc::new(frame::open(hash, &packed).expect("the supervisor verified it")));
        }
        chunks
    };
    let progress = watch::Sender::new(Progress::default());
    tokio::join!(supervisor.import(plan, input, progress, sender, CancellationToken::new()), collect)
}

fn rows(chunks: &Chunks, schema: &Schema, tree: Tree) -> Vec<Row> {
    let rows = tree.rows(chunks, schema, 0, usize::MAX).expect("all chunks are there");
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Input of which some has come and more never will. The other end must be kept.
async fn unending(start: &[u8]) -> (DuplexStream, DuplexStream) {
    let (mut writer, reader) = tokio::io::duplex(64 << 10);
    writer.write_all(start).await.expect("it fits");
    (writer, reader)
}

/// Waits until the process is there and has read something, and returns its number.
async fn started(supervisor: &Supervisor) -> u32 {
    loop {
        if let Some(process) = supervisor.processes().into_iter().find(|process| process.sandbox.is_some()) {
            return process.pid;
        }
        tokio::task::yield_now().await;
    }
}

fn is_running(pid: u32) -> bool {
    // A process that has ended and not been waited for is a zombie.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn gone(pid: u32) {
    while is_running(pid) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_is_inspected_and_imported() {
    let supervisor = supervisor();
    let text = "id,name\n1,a\n2,b\n10,\"c\nd\"\n";
    let found = inspect(&supervisor, text.as_bytes()).await.expect("a good file");
    assert_eq!((found.rows, found.suggested_key, found.problem_count), (3, Some(0), 0));
    assert_eq!(found.bytes, text.len() as u64);
    for increasing in [true, false] {
        let (outcome, chunks) = import(&supervisor, plan(increasing), text.as_bytes()).await;
        let ImportOutcome::Imported { tree, rows: 3 } = outcome.expect("a good file") else { panic!("refused") };
        let names: Vec<_> = rows(&chunks, &plan(true).schema, tree).into_iter().map(|row| row[1].clone()).collect();
        assert_eq!(names, ["a", "b", "c\nd"].map(|name| Value::Text(name.to_owned())));
    }
    assert!(supervisor.processes().is_empty());
}

#[tokio::test]
async fn large_files_pass_through_in_any_order() {
    let supervisor = supervisor();
    let count = 200_000_u64;
    let mut text = "id,name\n".to_owned();
    for row in 0..count {
        // 7 and the count have no common divisor, so each number comes once.
        let id = row * 7 % count;
        text += &format!("{id},name of {id}\n");
    }
    let (outcome, chunks) = import(&supervisor, plan(false), text.as_bytes()).await;
    let ImportOutcome::Imported { tree, rows: imported } = outcome.expect("a good file") else { panic!("refused") };
    assert_eq!((imported, tree.rows), (count, count));
    for (position, row) in rows(&chunks, &plan(true).schema, tree).into_iter().enumerate() {
        assert_eq!(row, [Value::Integer(position as i64), Value::Text(format!("name of {position}"))]);
    }
}

#[tokio::test]
async fn progress_reaches_the_end() {
    let progress = watch::Sender::new(Progress::default());
    let text = "id\n1\n2\n";
    let seen = progress.subscribe();
    supervisor().inspect(text.as_bytes(), progress, CancellationToken::new()).await.expect("a good file");
    assert_eq!(*seen.borrow(), Progress { rows: 2, bytes: 7 });
}

#[tokio::test]
async fn a_killed_worker_is_an_error_that_says_so() {
    let supervisor = supervisor();
    let (_open, input) = unending(b"id,name\n1,a\n").await;
    let work = import(&supervisor, plan(true), input);
    let kill = async {
        let pid = started(&supervisor).await;
        let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill is there");
        assert!(status.success());
    };
    let ((outcome, chunks), ()) = tokio::join!(work, kill);
    let error = outcome.expect_err("it was killed");
    assert!(matches!(error, ServiceError::Died { exit: Exit::Signal(9), .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "The import process ended unexpectedly (killed by signal 9); nothing was committed. Try again."
    );
    assert!(chunks.0.is_empty() && supervisor.processes().is_empty());
    inspect(&supervisor, b"a\n1\n".as_slice()).await.expect("the next one works");
}

#[tokio::test]
async fn cancelling_ends_the_process() {
    let supervisor = supervisor().labelled("local/cities");
    let (_open, input) = unending(b"id\n1\n").await;
    let cancel = CancellationToken::new();
    let work = supervisor.inspect(input, watch::Sender::new(Progress::default()), cancel.clone());
    let stop = async {
        let pid = started(&supervisor).await;
        let process = &supervisor.processes()[0];
        assert_eq!((process.service, process.label.as_str()), ("import", "local/cities"));
        assert!(process.resident.is_some_and(|bytes| bytes > 0));
        cancel.cancel();
        pid
    };
    let (result, pid) = tokio::join!(work, stop);
    assert!(matches!(result, Err(ServiceError::Cancelled { .. })), "{result:?}");
    assert!(!is_running(pid) && supervisor.processes().is_empty());
    // What was cancelled before it began does not begin.
    let result = supervisor.inspect(tokio::io::empty(), watch::Sender::new(Progress::default()), cancel).await;
    assert!(matches!(result, Err(ServiceError::Cancelled { .. })), "{result:?}");
}

#[tokio::test]
async fn dropping_the_work_ends_the_process() {
    let supervisor = supervisor();
    let (_open, input) = unending(b"id\n1\n").await;
    let pid = tokio::select! {
        _ = inspect(&supervisor, input) => panic!("the input never ends"),
        pid = started(&supervisor) => pid,
    };
    gone(pid).await;
    assert!(supervisor.processes().is_empty());
}

#[tokio::test]
async fn a_worker_ends_with_its_parent() {
    let mut parent = Command::new(WORKER).arg("parent").stdout(Stdio::piped()).spawn().expect("it runs");
    let mut said = String::new();
    let stdout = parent.stdout.take().expect("it was piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut said).expect("it says a number");
    let pid = said.trim().parse().expect("it is a number");
    assert!(is_running(pid));
    parent.kill().expect("it still runs");
    parent.wait().expect("it was killed");
    gone(pid).await;
}

#[tokio::test]
async fn time_on_the_clock_is_limited() {
    let limits = Limits { wall_time: Duration::from_millis(50), ..Limits::default() };
    let supervisor = Supervisor::new(PathBuf::from(WORKER), limits);
    let (_open, input) = unending(b"id\n1\n").await;
    let result = inspect(&supervisor, input).await;
    assert!(matches!(result, Err(ServiceError::Limit { which: LimitKind::WallTime(_), .. })), "{result:?}");
}

#[tokio::test]
async fn time_on_the_processor_is_limited() {
    let limits = Limits { cpu_time: Duration::from_secs(1), ..Limits::default() };
    let supervisor = Supervisor::new(PathBuf::from(WORKER), limits);
    let endless = tokio::io::repeat(b'\n');
    let result = inspect(&supervisor, endless).await;
    assert!(matches!(result, Err(ServiceError::Limit { which: LimitKind::CpuTime(_), .. })), "{result:?}");
}

#[tokio::test]
async fn memory_is_limited() {
    let limits = Limits { memory: 12 << 20, ..Limits::default() };
    let supervisor = Supervisor::new(PathBuf::from(WORKER), limits);
    let record = format!("{}\n", "x,".repeat(500));
    let text = "\"".to_owned() + &record.repeat(32 << 10);
    let result = inspect(&supervisor, text.as_bytes()).await;
    let Err(ServiceError::Limit { which: LimitKind::Memory(limit), .. }) = result else { panic!("{result:?}") };
    assert_eq!(limit, 12 << 20);
}

#[tokio::test]
async fn no_more_processes_run_than_may() {
    let limits = Limits { processes: 2, ..Limits::default() };
    let supervisor = Supervisor::new(PathBuf::from(WORKER), limits);
    let most = Mutex::new(0);
    let work = (0..6).map(|_| async {
        let input = b"a\n1\n".chain(tokio::io::empty());
        inspect(&supervisor, input).await.expect("a good file");
        let mut most = most.lock().expect("nothing panics");
        *most = supervisor.processes().len().max(*most);
    });
    futures_join(work).await;
    assert!(*most.lock().expect("nothing panics") <= 2);
}

async fn futures_join(work: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut work: Vec<_> = work.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        work.retain_mut(|work| work.as_mut().poll(context).is_pending());
        if work.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_failing_input_is_told_as_such() {
    struct Failing;
    impl AsyncRead for Failing {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("the disk is on fire")))
        }
    }
    let error = inspect(&supervisor(), Failing).await.expect_err("the input fails");
    assert!(matches!(error, ServiceError::Input { .. }));
    assert_eq!(
        error.to_string(),
        "The input of the import could not be read (the disk is on fire); nothing was committed."
    );
}

#[tokio::test]
async fn programs_that_are_no_workers_are_errors() {
    let supervisor = Supervisor::new(PathBuf::from("/nowhere/anabranch"), Limits::default());
    let result = inspect(&supervisor, b"a\n".as_slice()).await;
    assert!(matches!(result, Err(ServiceError::Spawn { .. })), "{result:?}");
    let supervisor = Supervisor::new(PathBuf::from("/bin/false"), Limits::default());
    let result = inspect(&supervisor, b"a\n".as_slice()).await;
    assert!(matches!(result, Err(ServiceError::Died { exit: Exit::Status(1), .. })), "{result:?}");
    // It writes its arguments, which are no frame.
    let supervisor = Supervisor::new(PathBuf::from("/bin/echo"), Limits::default());
    let result = inspect(&supervisor, b"a\n".as_slice()).await;
    assert!(matches!(result, Err(ServiceError::Protocol { .. })), "{result:?}");
}

#[tokio::test]
async fn a_plan_that_does_not_fit_is_told() {
    let mut plan = plan(true);
    plan.sources = vec![Some(0), Some(7)];
    let (outcome, _) = import(&supervisor(), plan, b"id,name\n1,a\n".as_slice()).await;
    let error = outcome.expect_err("there is no such column");
    assert_eq!(
        error.to_string(),
        "The import failed: the plan can't be followed: it wants column 8 of a file with 2. Nothing was committed."
    );
}

#[test]
fn the_sandbox_refuses_what_a_worker_does_not_need() {
    let output = Command::new(WORKER).arg("probe").stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8(output.stdout).expect("it is text");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("allocate: possible"), "{said}");
    if said.contains("seccomp: true") || said.contains("landlock: true") {
        for what in ["read a file", "write a file", "open a socket"] {
            assert!(said.contains(&format!("{what}: refused")), "{said}");
        }
    }
    if said.contains("seccomp: true") {
        for what in ["start a program", "start a thread"] {
            assert!(said.contains(&format!("{what}: refused")), "{said}");
        }
    }
    if cfg!(target_os = "linux") {
        assert!(said.contains("seccomp: true"), "every supported kernel has seccomp:\n{said}");
    }
}
