//! People in front of browsers, and programs with tokens, against a server with accounts.

use serde_json::json;
use tempfile::TempDir;

use super::{Answer, Server, encode};

pub const PASSWORD: &str = "a few words that belong";

/// A server with accounts, and somebody's cookie by their name.
pub struct World {
    pub server: Server,
    pub dir: TempDir,
}

/// A person in front of a browser, or a program with a token.
pub struct Client<'s> {
    pub server: &'s Server,
    pub header: Option<(&'static str, String)>,
}

impl World {
    /// With the administrator `root`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(&dir.path().join("data"));
        let world = Self { server, dir };
        let code = world.code();
        let made = world.stranger().form("/set-up", &[("code", &code), ("name", "root"), ("password", PASSWORD)]);
        assert_eq!(made.status, 303, "{}", made.body);
        world
    }

    /// The code that the server wrote to its console.
    pub fn code(&self) -> String {
        self.server.console().split("code=").nth(1).expect("a code").trim().to_owned()
    }

    pub fn stranger(&self) -> Client<'_> {
        Client { server: &self.server, header: None }
    }

    pub fn signed_in(&self, name: &str) -> Client<'_> {
        let answer = self.stranger().form("/sign-in", &[("name", name), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        Client { server: &self.server, header: Some(("cookie", cookie(&answer))) }
    }

    /// Makes the account and signs it in.
    pub fn person(&self, name: &str) -> Client<'_> {
        let made = self.signed_in("root").form("/account/people", &[("name", name), ("password", PASSWORD)]);
        assert_eq!(made.status, 303, "{}", made.body);
        self.signed_in(name)
    }
}

/// The cookie of an answer, as browsers send it back.
pub fn cookie(answer: &Answer) -> String {
    let header = answer.header("set-cookie");
    assert!(header.contains("HttpOnly") && header.contains("SameSite=Lax"), "{header}");
    header.split(';').next().unwrap_or_default().to_owned()
}

impl Client<'_> {
    pub fn call(&self, method: &str, path: &str, kind: &str, body: Option<&str>) -> Answer {
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(self.header.as_ref().map(|(name, value)| (*name, value.as_str())));
        if body.is_some() {
            headers.push(("content-type", kind));
        }
        self.server.call(method, path, &headers, body.map(str::as_bytes))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "", None)
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let body = body.collect::<Vec<_>>().join("&");
        self.call("POST", path, "application/x-www-form-urlencoded", Some(&body))
    }

    pub fn json(&self, method: &str, path: &str, body: serde_json::Value) -> Answer {
        self.call(method, &format!("/api/v1{path}"), "application/json", Some(&body.to_string()))
    }

    /// A dataset of theirs with a table of one row.
    pub fn dataset(&self, owner: &str, name: &str) {
        let made = self.json("POST", "/datasets", json!({ "name": name }));
        assert_eq!(made.status, 201, "{}", made.body);
        let operations = json!([
            {
                "op": "create_table", "name": "cities", "primary_key": ["id"],
                "columns": [{ "name": "id", "type": "integer" }, { "name": "name", "type": "text" }],
            },
            { "op": "insert", "table": "cities", "values": { "id": 1, "name": "Oslo" } },
        ]);
        let body = json!({ "branch": "main", "message": "Begin", "operations": operations });
        let made = self.json("POST", &format!("/datasets/{owner}/{name}/commits"), body);
        assert!(made.status < 300, "{}", made.body);
    }
}
