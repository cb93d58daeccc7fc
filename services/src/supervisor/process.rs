//! Service processes as the system sees them: how they are started, and which run now.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tokio::{
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::ProcessInfo;
use crate::{
    ServiceError,
    protocol::{LIMITS_VARIABLE, Sandbox, WorkerLimits},
};

/// What a child keeps of our environment: how its libraries are found, and how much a panic tells.
const KEPT_VARIABLES: [&str; 2] = ["LD_LIBRARY_PATH", "RUST_BACKTRACE"];

/// A child and its streams.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl Process {
    pub(super) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }
}

type Order = (Command, Handle, oneshot::Sender<io::Result<Child>>);

/// The thread that starts the children.
///
/// They ask the kernel to be killed when their parent ends, and to the kernel the parent is the thread that started
/// them. Threads of the runtime come and go; this one lives as long as the supervisor.
pub(super) struct Spawner {
    orders: std::sync::mpsc::Sender<Order>,
}

impl Spawner {
    pub(super) fn new() -> Self {
        let (orders, receiver) = std::sync::mpsc::channel::<Order>();
        let serve = move || {
            while let Ok((mut command, runtime, answer)) = receiver.recv() {
                let _guard = runtime.enter();
                // Where nobody waits any more, the child is dropped here, which kills it.
                let _ = answer.send(command.spawn());
            }
        };
        if let Err(error) = std::thread::Builder::new().name("service-spawner".to_owned()).spawn(serve) {
            // Without the thread there is no receiver, and each order fails.
            tracing::error!(%error, "the thread that starts service processes could not be started");
        }
        Self { orders }
    }

    pub(super) async fn spawn(
        &self,
        exe: &Path,
        service: &'static str,
        limits: WorkerLimits,
    ) -> Result<Process, ServiceError> {
        let failed = |source| ServiceError::Spawn { service, exe: exe.to_owned(), source };
        let limits = serde_json::to_string(&limits).map_err(|error| failed(error.into()))?;
        let mut command = Command::new(exe);
        command
            .args(["service", service])
            .env_clear()
            .envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env(LIMITS_VARIABLE, limits)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl+C in a terminal goes to the whole group: the back end ends its children itself, in order.
        #[cfg(unix)]
        command.process_group(0);
        let gone = || io::Error::other("the thread that starts processes has ended");
        let (answer, answered) = oneshot::channel();
        self.orders.send((command, Handle::current(), answer)).map_err(|_| failed(gone()))?;
        let mut child = answered.await.map_err(|_| failed(gone()))?.map_err(failed)?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok(Process { child, stdin, stdout, stderr }),
            _ => Err(failed(io::Error::other("it has no standard streams"))),
        }
    }
}

/// The processes that run now.
#[derive(Clone, Default)]
pub(super) struct Registry {
    running: Arc<Mutex<BTreeMap<u64, ProcessInfo>>>,
}

/// A process's place in the registry; dropped when it ends.
pub(super) struct Entry {
    registry: Registry,
    number: u64,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, ProcessInfo>> {
        // Nothing panics with the lock held; and if it did, the map would still be whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, pid: u32, service: &'static str, label: &str) -> Entry {
        let label = label.to_owned();
        let info = ProcessInfo { pid, service, label, since: SystemTime::now(), resident: None, sandbox: None };
        let mut running = self.lock();
        let number = running.last_key_value().map_or(0, |(number, _)| number + 1);
        running.insert(number, info);
        Entry { registry: self.clone(), number }
    }

    pub(super) fn list(&self) -> Vec<ProcessInfo> {
        let mut processes: Vec<_> = self.lock().values().cloned().collect();
        for process in &mut processes {
            process.resident = resident(process.pid);
        }
        processes
    }
}

impl Entry {
    pub(super) fn said_hello(&self, sandbox: Sandbox) {
        if let Some(info) = self.registry.lock().get_mut(&self.number) {
            info.sandbox = Some(sandbox);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.number);
    }
}

/// Bytes of memory that a process holds, as Linux tells it.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
