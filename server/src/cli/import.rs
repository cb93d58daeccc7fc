//! `anabranch import`: sends a file to the running server and follows its job.

use std::{
    fs::File,
    io::{IsTerminal, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hub::{ImportPhase, ImportView, JobState};
use serde::Deserialize;
use ureq::{Agent, SendBody, http::Response};

use super::{Failure, ImportOptions, Mode};
use crate::problem::Problem;

/// How often the job is asked how far it is.
const PERIOD: Duration = Duration::from_millis(40);

#[derive(Deserialize)]
struct Started {
    id: String,
}

pub(crate) fn run(options: &ImportOptions) -> Result<(), Failure> {
    let Some((owner, dataset)) = options.into.split_once('/').filter(|(_, name)| !name.contains('/')) else {
        return Err(Failure::new(format!("--into takes OWNER/DATASET, not “{}”", options.into)));
    };
    let path = &options.file;
    let cannot_read = |error| Failure::because(format!("can't read {}", path.display()), error);
    let file = File::open(path).map_err(cannot_read)?;
    let size = file.metadata().map_err(cannot_read)?.len();
    let base = options.url.trim_end_matches('/');
    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();

    let mode = match options.mode {
        Mode::Create => "create",
        Mode::Replace => "replace",
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sent = Arc::new(AtomicU64::new(0));
    let mut reader = Counted { inner: file, count: Arc::clone(&sent) };
    let line = Line::new(size, Arc::clone(&sent));
    let url = format!("{base}/api/v1/datasets/{}/{}/imports", segment(owner), segment(dataset));
    let response = agent
        .post(&url)
        .query("table", &options.table)
        .query("mode", mode)
        .query("key", options.key.join(","))
        .query("message", &options.message)
        .query("file_name", &name)
        .query("create_dataset", "true")
        .query("unattended", "true")
        .header("content-type", "text/csv")
        .header("content-length", size.to_string())
        .send(SendBody::from_reader(&mut reader));
    let started: Started = answer(response, base)?;
    let job = format!("{base}/api/v1/jobs/{}", segment(&started.id));
    loop {
        let view: ImportView = answer(agent.get(&job).call(), base)?;
        line.show(&view);
        if view.state.is_final() {
            line.end();
            return finish(&view, options);
        }
        // There is nothing else to do until the job is further.
        std::thread::sleep(PERIOD);
    }
}

fn finish(view: &ImportView, options: &ImportOptions) -> Result<(), Failure> {
    match (view.state, view.commit) {
        (JobState::Succeeded, Some(commit)) => {
            println!("{} rows in {}/{}, commit {}", view.imported_rows, options.into, options.table, commit.short());
            Ok(())
        }
        (JobState::Succeeded, None) => {
            println!("{} rows in {}/{}: nothing differs, no commit", view.imported_rows, options.into, options.table);
            Ok(())
        }
        _ => {
            for problem in &view.problems {
                let column = problem.column.as_deref().map(|name| format!(", column “{name}”")).unwrap_or_default();
                eprintln!("line {}{column}: “{}”: {}", problem.line, problem.value, problem.reason);
            }
            let more = view.problem_count.saturating_sub(view.problems.len() as u64);
            if more > 0 {
                eprintln!("… and {more} more");
            }
            let reason = view.error.clone().unwrap_or_else(|| "the import was cancelled".to_owned());
            Err(Failure::new(reason))
        }
    }
}

/// The body of a good answer; what the server says in a bad one.
fn answer<T: serde::de::DeserializeOwned>(
    response: Result<Response<ureq::Body>, ureq::Error>,
    base: &str,
) -> Result<T, Failure> {
    let mut response =
        response.map_err(|error| Failure::because(format!("no answer from the server at {base}"), error))?;
    let good = response.status().is_success();
    let text = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_string()
        .map_err(|error| Failure::because("the server's answer broke off", error))?;
    if good {
        return serde_json::from_str(&text)
            .map_err(|error| Failure::because(format!("{base} does not answer as Anabranch does"), error));
    }
    let problem: Result<Problem, _> = serde_json::from_str(&text);
    Err(problem.map_or_else(
        |_| Failure::new(format!("the server at {base} answered {}", response.status())),
        |problem| Failure::new(problem.detail),
    ))
}

/// Percent-encodes what is not unreserved in RFC 3986.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// The one line of progress on a terminal; silent elsewhere.
struct Line {
    shown: bool,
    size: u64,
}

impl Line {
    fn new(size: u64, sent: Arc<AtomicU64>) -> Self {
        let shown = std::io::stderr().is_terminal();
        if shown {
            // Ends with the process: the upload has no other sign of life.
            std::thread::spawn(move || {
                loop {
                    let count = sent.load(Ordering::Relaxed);
                    if count >= size {
                        break;
                    }
                    eprint!("\r\x1b[Ksending {:.1} of {:.1} MB", count as f64 / 1e6, size as f64 / 1e6);
                    std::thread::sleep(PERIOD * 2);
                }
            });
        }
        Self { shown, size }
    }

    fn show(&self, view: &ImportView) {
        if self.shown {
            let doing = match view.phase {
                ImportPhase::Inspecting => "looking",
                ImportPhase::Importing => "importing",
            };
            let percent = (view.bytes * 100).checked_div(self.size).unwrap_or(100).min(100);
            eprint!("\r\x1b[K{doing}: {} rows, {percent} %, {} rows/s", view.rows, view.rate);
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
