//! The system as it is now: processes, APIs and data stores, each with its state and figures.

use std::time::SystemTime;

use storage::{JobFilter, JobState};

use crate::{Actor, Error, Hub, ReclaimView, Scope, access::authorise_operator};

/// The whole system.
#[derive(Clone, Debug)]
pub struct SystemView {
    /// The program's version.
    pub version: &'static str,
    /// The back end and the service processes it has forked.
    pub processes: Vec<Component>,
    /// The ways in.
    pub apis: Vec<Component>,
    /// Where data is kept.
    pub stores: Vec<Component>,
    /// How space is reclaimed; none where the store does not answer.
    pub reclaiming: Option<ReclaimView>,
}

/// A part of the system.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it is and does.
    pub role: String,
    /// How it is.
    pub state: ComponentState,
    /// Its figures.
    pub facts: Vec<Fact>,
}

/// How a part of the system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentState {
    /// It works.
    Healthy,
    /// It is there and has nothing to do.
    Idle,
    /// It does not do what it should.
    Failing,
}

/// A figure of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it tells.
    pub label: &'static str,
    /// The value with its unit.
    pub value: String,
}

/// A figure for monitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name by Prometheus's rules, with the unit last.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// The value.
    pub value: u64,
}

pub(crate) fn fact(label: &'static str, value: impl ToString) -> Fact {
    Fact { label, value: value.to_string() }
}

impl Hub {
    /// The system as it is now.
    ///
    /// # Errors
    /// The person does not run this server. A part that does not answer is no error: it is shown as failing.
    pub async fn system(&self, actor: &Actor) -> Result<SystemView, Error> {
        authorise_operator(actor, Scope::Read, "look at the system")?;
        let processes = self.processes();
        let stores = self.stores().await;
        let works = stores.iter().all(|store| store.state == ComponentState::Healthy);
        let state = if works { ComponentState::Healthy } else { ComponentState::Failing };
        let api = |name: &str, role: &str| Component {
            name: name.to_owned(),
            role: role.to_owned(),
            state,
            facts: Vec::new(),
        };
        let mut apis = vec![
            api("Pages and forms", "HTML for browsers, complete without JavaScript, at /"),
            api("Server functions", "what the live parts of pages call, at /api/functions/"),
            api("REST API", "for programs and the command line, at /api/v1/"),
            api("Events", "server-sent events of a dataset, at /{owner}/{dataset}/events"),
            api("Health", "for monitors, at /healthz and /readyz"),
        ];
        apis.extend(self.shared.mail.component());
        let reclaiming = self.reclaim_view().await.ok();
        Ok(SystemView { version: env!("CARGO_PKG_VERSION"), processes, apis, stores, reclaiming })
    }

    /// Figures for monitors.
    ///
    /// # Errors
    /// The person does not run this server, or the store failed.
    pub async fn metrics(&self, actor: &Actor) -> Result<Vec<Metric>, Error> {
        authorise_operator(actor, Scope::Read, "look at the metrics")?;
        let health = self.store().health().await?;
        let metric = |name, help, value| Metric { name, help, value };
        Ok(vec![
            metric("anabranch_resident_memory_bytes", "Resident memory of the back end.", own_memory().unwrap_or(0)),
            metric(
                "anabranch_service_processes",
                "Running service processes.",
                self.shared.supervisor.processes().len() as u64,
            ),
            metric("anabranch_chunks", "Stored chunks.", health.chunks.count),
            metric("anabranch_chunk_bytes", "Bytes of the stored chunks, as compressed.", health.chunks.bytes),
            metric("anabranch_store_disk_bytes", "Bytes of the store's files.", health.disk_bytes),
            metric("anabranch_datasets", "Datasets.", health.counts.datasets),
            metric("anabranch_commits", "Commits of all datasets.", health.counts.commits),
            metric("anabranch_drafts", "Drafts that are not committed.", health.counts.drafts),
        ])
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        let probe = JobFilter { dataset: None, state: Some(JobState::Running) };
        self.store().jobs(&probe, 1).await.is_ok()
    }

    fn processes(&self) -> Vec<Component> {
        let mut facts = vec![fact("Process", std::process::id()), fact("Running for", age(self.shared.started))];
        facts.extend(own_memory().map(|bytes| fact("Memory", megabytes(bytes))));
        let mut processes = vec![Component {
            name: "Back end".to_owned(),
            role: "answers people and programs, holds the store, forks the services".to_owned(),
            state: ComponentState::Healthy,
            facts,
        }];
        let running = self.shared.supervisor.processes();
        for process in &running {
            let mut facts = vec![fact("Process", process.pid), fact("Running for", age(process.since))];
            facts.extend(process.resident.map(|bytes| fact("Memory", megabytes(bytes))));
            if let Some(sandbox) = &process.sandbox {
                let given_up = match (sandbox.landlock, sandbox.seccomp) {
                    (true, true) => "files and network",
                    (true, false) => "files",
                    (false, true) => "network",
                    (false, false) => "nothing: the system does not offer it",
                };
                facts.push(fact("Has given up", given_up));
            }
            processes.push(Component {
                name: format!("Service {}", process.service),
                role: process.label.clone(),
                state: ComponentState::Healthy,
                facts,
            });
        }
        if running.is_empty() {
            processes.push(Component {
                name: "Service import".to_owned(),
                role: "reads CSV files in a process of its own; forked when there is work".to_owned(),
                state: ComponentState::Idle,
                facts: Vec::new(),
            });
        }
        processes
    }

    async fn stores(&self) -> Vec<Component> {
        let role = |what: &str| what.to_owned();
        match self.store().health().await {
            Ok(health) => vec![
                Component {
                    name: "Versioned data".to_owned(),
                    role: role("chunks, commits and refs: every state of every table"),
                    state: ComponentState::Healthy,
                    facts: vec![
                        fact("Engine", health.engine),
                        fact("Chunks", health.chunks.count),
                        fact("Size of chunks", megabytes(health.chunks.bytes)),
                        fact("Commits", health.counts.commits),
                        fact("Branches and tags", health.counts.refs),
                    ],
                },
                Component {
                    name: "Unversioned data".to_owned(),
                    role: role("datasets, drafts and jobs"),
                    state: ComponentState::Healthy,
                    facts: vec![
                        fact("Engine", health.engine),
                        fact("Datasets", health.counts.datasets),
                        fact("Drafts", health.counts.drafts),
                        fact("Rows in drafts", health.counts.draft_rows),
                        fact("Jobs", health.counts.jobs),
                        fact("On disk", megabytes(health.disk_bytes)),
                        fact("Directory", health.dir.display()),
                        fact("Migration", health.migration),
                    ],
                },
            ],
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store does not answer");
                vec![Component {
                    name: "Store".to_owned(),
                    role: role("versioned and unversioned data"),
                    state: ComponentState::Failing,
                    facts: vec![fact("Fault", error)],
                }]
            }
        }
    }
}

fn age(since: SystemTime) -> String {
    let seconds = since.elapsed().map_or(0, |age| age.as_secs());
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Resident memory of this process, where the system tells (Linux).
fn own_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}
