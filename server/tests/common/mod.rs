//! A real server on a directory of its own, and a client for it.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod accounts;
pub mod api;
pub mod codes;
pub mod mailbox;
pub mod organisations;
pub mod people;
pub mod requests;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;
use ureq::{Agent, Body, http};

pub struct Server {
    child: Child,
    pub url: String,
    agent: Agent,
    /// What it wrote to its console when it started, after its address.
    console: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON: {error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anabranch"));
    command.env_remove("ANABRANCH_URL").env_remove("ANABRANCH_DATA").env_remove("ANABRANCH_ADDR");
    let outside =
        ["PUBLIC_URL", "MAIL", "MAIL_FROM", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_NAME"];
    for name in outside {
        command.env_remove(format!("ANABRANCH_{name}"));
    }
    command
}

impl Server {
    /// Starts the program on the directory and waits until it says where it is.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &["--no-sample"])
    }

    pub fn start_with(data: &Path, options: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--addr", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is ours");
        let mut line = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut line).expect("it says where it is");
        let mut console = String::new();
        output.read_line(&mut console).expect("it says how it stands with accounts");
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
        // A connection on which a refusal came before the body was read is closed: each call has its own.
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).max_idle_connections(0);
        let agent = agent.build().into();
        Self { child, url, agent, console }
    }

    pub fn console(&self) -> &str {
        &self.console
    }

    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(format!("{}{path}", self.url)).call())
    }

    pub fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        answer(self.agent.get(format!("{}{path}", self.url)).header(header.0, header.1).call())
    }

    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        answer(self.agent.post(format!("{}{path}", self.url)).header("content-type", content_type).send(body))
    }

    pub fn post_with(&self, path: &str, header: (&str, &str), body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.url)).header(header.0, header.1);
        answer(request.header("content-type", "application/x-www-form-urlencoded").send(body))
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let body = body.collect::<Vec<_>>().join("&");
        self.post(path, "application/x-www-form-urlencoded", body.as_bytes())
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(self.agent.delete(format!("{}{path}", self.url)).call())
    }

    /// Any method, with headers and perhaps a body.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Without any body these methods would be sent in chunks, of which a server that refuses reads none.
        let body = body.or(matches!(method, "POST" | "PUT" | "PATCH").then_some(&[]));
        answer(match body {
            Some(body) => self.agent.run(request.body(body.to_vec()).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        })
    }

    /// The status of the answer to a POST, whose body need not be text.
    pub fn call_bytes(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> u16 {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).expect("the server answers").status().as_u16()
    }

    /// The status of an answer that may never end.
    pub fn status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().expect("the server answers").status().as_u16()
    }

    /// `anabranch` with these arguments, told where the server is.
    pub fn command(&self, arguments: &[&str]) -> Output {
        program().args(arguments).env("ANABRANCH_URL", &self.url).output().expect("the program starts")
    }

    /// `anabranch import` of a file with this content.
    pub fn import(&self, dir: &TempDir, content: &str, options: &[&str]) -> Output {
        let file = dir.path().join("file.csv");
        fs::write(&file, content).expect("a directory of our own");
        program()
            .arg("import")
            .arg(&file)
            .args(["--url", &self.url])
            .args(options)
            .output()
            .expect("the program starts")
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Ends it as service managers do; returns whether it ended well.
    pub fn stop(mut self) -> bool {
        let ended = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(ended.expect("kill is there").success());
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(response: Result<http::Response<Body>, ureq::Error>) -> Answer {
    let mut response = response.expect("the server answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.body_mut().with_config().limit(256 << 20).read_to_string().expect("text");
    Answer { status, headers, body }
}

pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The value of the first form field of this name.
pub fn field(page: &str, name: &str) -> Option<String> {
    let at = page.find(&format!("name=\"{name}\""))?;
    let start = page[..at].rfind('<')?;
    let end = start + page[start..].find('>')?;
    let tag = &page[start..end];
    let value = if tag.starts_with("<textarea") {
        // The first line break belongs to the markup.
        let text = &page[end + 1..];
        let text = &text[..text.find("</textarea>")?];
        text.strip_prefix('\n').unwrap_or(text)
    } else {
        tag.split("value=\"").nth(1)?.split('"').next()?
    };
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
