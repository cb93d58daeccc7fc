//! The command line's way to a running server: its REST API.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use ureq::{Agent, Body, RequestBuilder, SendBody, http::Response};

use super::{Connection, Failure, OwnerDataset};
use crate::problem::ProblemBody;

/// A server.
pub(super) struct Client {
    agent: Agent,
    base: String,
    /// What the header `Authorization` says; empty where there is no token.
    authorization: String,
}

/// What a server answered: what was asked for, or why not.
pub(super) type Answer = Result<Json, Refusal>;

/// A refusal.
pub(super) struct Refusal {
    /// The problem, where the server said one, as it said it.
    pub(super) json: Json,
    failure: Failure,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { json: Json::Null, failure }
    }
}

/// Parameters of an address; those without a value are left out.
pub(super) type Query<'a> = &'a [(&'a str, Option<&'a str>)];

impl Client {
    pub(super) fn new(connection: &Connection) -> Self {
        // It follows itself where a dataset has moved: the token goes along, and so does what is sent.
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let authorization = connection.token.as_ref().map(|token| format!("Bearer {token}")).unwrap_or_default();
        Self { agent, base: connection.url.trim_end_matches('/').to_owned(), authorization }
    }

    /// The request with the token, where there is one.
    fn with_token<Any>(&self, request: RequestBuilder<Any>) -> RequestBuilder<Any> {
        if self.authorization.is_empty() { request } else { request.header("authorization", &self.authorization) }
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    pub(super) fn get(&self, path: &str, query: Query<'_>) -> Answer {
        self.read(self.ask(path, query)?)
    }

    fn ask(&self, path: &str, query: Query<'_>) -> Result<Response<Body>, Failure> {
        self.follow(path, |address, is_moved| {
            // The address to which something moved has the parameters already.
            let query = if is_moved { &[] } else { query };
            self.with_token(self.agent.get(address)).query_pairs(pairs(query)).call()
        })
    }

    /// An answer that is read while it arrives.
    pub(super) fn stream(&self, path: &str, query: Query<'_>) -> Result<Body, Failure> {
        let response = self.ask(path, query)?;
        if response.status().is_success() { Ok(response.into_body()) } else { Err(self.refused(response).into()) }
    }

    pub(super) fn post(&self, path: &str, body: &Json) -> Answer {
        self.read(self.follow(path, |address, _| {
            let request = self.with_token(self.agent.post(address)).header("content-type", "application/json");
            request.send(body.to_string())
        })?)
    }

    pub(super) fn upload(&self, path: &str, query: Query<'_>, size: u64, body: SendBody<'_>) -> Answer {
        let request = self.with_token(self.agent.post(self.address(path))).query_pairs(pairs(query));
        let request = request.header("content-type", "text/csv").header("content-length", size.to_string());
        self.read(request.send(body).map_err(|error| self.silent(error))?)
    }

    pub(super) fn delete(&self, path: &str) -> Answer {
        self.read(self.follow(path, |address, _| self.with_token(self.agent.delete(address)).call())?)
    }

    /// Calls, and calls again where the server says that what is asked for has moved.
    fn follow(
        &self,
        path: &str,
        call: impl Fn(String, bool) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Failure> {
        let response = call(self.address(path), false).map_err(|error| self.silent(error))?;
        match self.moved(&response)? {
            Some(address) => call(address, true).map_err(|error| self.silent(error)),
            None => Ok(response),
        }
    }

    /// Where on this server something is now. To others nothing is sent, as the token is for this one.
    fn moved(&self, response: &Response<Body>) -> Result<Option<String>, Failure> {
        let location = response.headers().get("location").and_then(|location| location.to_str().ok());
        let Some(location) = location.filter(|_| response.status().is_redirection()) else { return Ok(None) };
        if location.starts_with("/api/") {
            return Ok(Some(format!("{}{location}", self.base)));
        }
        Err(Failure::new(format!(
            "the server at {} leads on to {}: name the server that is meant",
            self.base,
            super::text::clean(location)
        )))
    }

    fn silent(&self, error: ureq::Error) -> Failure {
        Failure::because(format!("no answer from the server at {}", self.base), error)
    }

    fn read(&self, mut response: Response<Body>) -> Answer {
        if !response.status().is_success() {
            return Err(self.refused(response));
        }
        let text = text(&mut response)?;
        if text.is_empty() {
            return Ok(Json::Null);
        }
        Ok(parse(&text).map_err(|error| self.strange(error))?)
    }

    fn refused(&self, mut response: Response<Body>) -> Refusal {
        let text = match text(&mut response) {
            Ok(text) => text,
            Err(failure) => return failure.into(),
        };
        let json: Json = serde_json::from_str(&text).unwrap_or_default();
        let failure = match serde_json::from_value::<ProblemBody>(json.clone()) {
            Ok(problem) => {
                let mut told = problem.detail.clone();
                for error in problem.errors.iter().filter(|error| !problem.detail.contains(&error.detail)) {
                    told.push_str(&format!("\n  {}: {}", error.pointer, error.detail));
                }
                for commit in problem.between.iter().flatten() {
                    told.push_str(&format!(
                        "\n  {} {}",
                        super::text::short(&commit.hash),
                        super::text::line(&commit.message)
                    ));
                }
                Failure::new(told)
            }
            Err(_) => Failure::new(format!("the server at {} answered {}", self.base, response.status())),
        };
        Refusal { json, failure }
    }

    fn strange(&self, error: serde_json::Error) -> Failure {
        Failure::because(format!("{} does not answer as Anabranch does", self.base), error)
    }

    /// The answer as a type of the API.
    pub(super) fn understand<T: DeserializeOwned>(&self, json: Json) -> Result<T, Failure> {
        serde_json::from_value(json).map_err(|error| self.strange(error))
    }
}

fn parse(text: &str) -> Result<Json, serde_json::Error> {
    serde_json::from_str(text)
}

fn pairs<'a>(query: Query<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    query.iter().filter_map(|(name, value)| Some((*name, (*value)?)))
}

fn text(response: &mut Response<Body>) -> Result<String, Failure> {
    /// The largest answer, in bytes.
    const MAX: u64 = 256 << 20;
    let body = response.body_mut().with_config().limit(MAX);
    body.read_to_string().map_err(|error| Failure::because("the server's answer broke off", error))
}

/// The path of something of a dataset.
pub(super) fn path(dataset: &OwnerDataset, rest: &[&str]) -> String {
    let mut path = String::from("/datasets");
    for part in [dataset.owner.as_str(), dataset.name.as_str()].iter().chain(rest) {
        path.push('/');
        path.push_str(&segment(part));
    }
    path
}

/// Percent-encodes what is not unreserved in RFC 3986.
pub(super) fn segment(text: &str) -> String {
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
