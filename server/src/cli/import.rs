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

use ureq::SendBody;

use super::{
    Failure, ImportOptions,
    client::{Client, path, segment},
    text::{clean, print, print_json, short},
};
use crate::api::{imports::Started, jobs::JobBody};

/// How often the job is asked how far it is.
const PERIOD: Duration = Duration::from_millis(40);

pub(crate) fn run(options: &ImportOptions) -> Result<(), Failure> {
    let file_path = &options.file;
    let cannot_read = |error| Failure::because(format!("can't read {}", file_path.display()), error);
    let file = File::open(file_path).map_err(cannot_read)?;
    let size = file.metadata().map_err(cannot_read)?.len();
    let client = Client::new(&options.connection);

    let name = file_path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let key = options.key.join(",");
    let sent = Arc::new(AtomicU64::new(0));
    let mut reader = Counted { inner: file, count: Arc::clone(&sent) };
    let line = Line::new(size, Arc::clone(&sent));
    let query = [
        ("table", Some(options.table.as_str())),
        ("branch", options.branch.as_deref()),
        ("mode", Some(options.mode.word())),
        ("key", Some(key.as_str())),
        ("message", Some(options.message.as_str())),
        ("file_name", Some(name.as_str())),
        ("create_dataset", Some("true")),
    ];
    let address = path(&options.into, &["imports"]);
    let started = client.upload(&address, &query, size, SendBody::from_reader(&mut reader))?;
    let started: Started = client.understand(started)?;
    let job = format!("/jobs/{}", segment(&started.id));
    loop {
        let json = client.get(&job, &[])?;
        let view: JobBody = client.understand(json.clone())?;
        line.show(&view);
        if view.is_final() {
            line.end();
            if options.connection.json {
                print_json(&json)?;
            }
            return finish(&view, options);
        }
        // There is nothing else to do until the job is further.
        std::thread::sleep(PERIOD);
    }
}

fn finish(view: &JobBody, options: &ImportOptions) -> Result<(), Failure> {
    if view.state == "succeeded" {
        // Where it went, which is not where it was to go where the dataset was renamed.
        let place = format!("{} rows in {}/{}", view.imported_rows, clean(&view.dataset), clean(&options.table));
        return match &view.commit {
            _ if options.connection.json => Ok(()),
            Some(commit) => print(&format!("{place}, commit {}\n", short(commit))),
            None => print(&format!("{place}: nothing differs, no commit\n")),
        };
    }
    if !options.connection.json {
        for problem in &view.problems {
            let column =
                problem.column.as_deref().map(|name| format!(", column “{}”", clean(name))).unwrap_or_default();
            eprintln!("line {}{column}: “{}”: {}", problem.line, clean(&problem.value), clean(&problem.reason));
        }
        let more = view.problem_count.saturating_sub(view.problems.len() as u64);
        if more > 0 {
            eprintln!("… and {more} more");
        }
    }
    let reason = view.error.clone().unwrap_or_else(|| "the import was cancelled".to_owned());
    Err(Failure::new(reason))
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

    fn show(&self, view: &JobBody) {
        if self.shown {
            let doing = if view.phase == "importing" { "importing" } else { "looking" };
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
