//! The server under measurement: a process of its own on a free port.

use crate::process::shown;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// A running server; it is stopped when dropped.
pub struct Server {
    program: PathBuf,
    data: PathBuf,
    addr: String,
    child: Child,
}

impl Server {
    /// Starts the program on an empty folder and waits for its first answer.
    pub fn start(program: &Path, data: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let addr = format!("127.0.0.1:{port}");
        let child = spawn(program, data, &addr)?;
        let mut server = Self { program: program.to_owned(), data: data.to_owned(), addr, child };
        server.wait_for_answer()?;
        Ok(server)
    }

    /// Starts it again, after `stop`, on the same folder.
    pub fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.program, &self.data, &self.addr)?;
        self.wait_for_answer()
    }

    /// Stops it as an operator does, and waits until it is gone.
    pub fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            let id = self.child.id().to_string();
            Command::new("kill").args(["-TERM", &id]).status().context("could not run kill")?;
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended badly ({status})");
        }
        Ok(())
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What the API answers.
    pub fn get(&self, path: &str) -> Result<Value> {
        let address = self.url(path);
        let mut answer = ureq::get(&address).call().with_context(|| format!("GET {address}"))?;
        Ok(serde_json::from_slice(&answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?)?)
    }

    /// What the API answers to a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let address = self.url(path);
        let request = ureq::post(&address).header("content-type", "application/json");
        let mut answer = request.send(body.to_string()).with_context(|| format!("POST {address}"))?;
        Ok(serde_json::from_slice(&answer.body_mut().read_to_vec()?)?)
    }

    /// One of the figures at `/metrics`.
    pub fn metric(&self, name: &str) -> Result<f64> {
        let text = ureq::get(self.url("/metrics")).call()?.body_mut().read_to_string()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.trim().parse()?)
    }

    /// Runs a command of the same program against this server.
    pub fn command(&self, words: &[&str], arguments: impl FnOnce(&mut Command)) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(words);
        arguments(&mut command);
        command.env("ANABRANCH_URL", self.url("")).stdout(Stdio::null());
        let status = command.status().with_context(|| format!("could not start {}", shown(&command)))?;
        if !status.success() {
            bail!("`{}` failed ({status})", shown(&command));
        }
        Ok(())
    }

    /// The most bytes it ever had resident (Linux only).
    pub fn peak_memory(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&file).with_context(|| format!("could not read {file}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("no VmHWM line")?.parse()?;
        Ok(kibibytes * 1024)
    }

    fn wait_for_answer(&mut self) -> Result<()> {
        let address = self.url("/healthz");
        let begun = Instant::now();
        loop {
            if ureq::get(&address).call().is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it answered ({status})");
            }
            if begun.elapsed() > PATIENCE {
                bail!("the server did not answer {address} in {} s", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(program: &Path, data: &Path, addr: &str) -> Result<Child> {
    Command::new(program)
        .args(["serve", "--no-sample", "--addr", addr, "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))
}
