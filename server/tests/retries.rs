//! Requests with an `Idempotency-Key`: answered as before when they come again, to who was answered, across restarts too.

mod common;

use std::{io::Write, net::TcpStream};

use common::{
    Answer, Server,
    people::{Client, World},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const LOCAL: &str = "/api/v1/datasets/local/places";

/// Creates a table, with this key.
fn create(server: &Server, key: &str, table: &str) -> Answer {
    let columns = [json!({ "name": "id", "type": "integer" })];
    let operations = json!([{ "op": "create_table", "name": table, "columns": columns, "primary_key": ["id"] }]);
    let body = json!({ "branch": "main", "message": "Begin", "operations": operations }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    server.call("POST", &format!("{LOCAL}/commits"), &headers, Some(body.as_bytes()))
}

fn with_dataset() -> (TempDir, Server) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let made = server.post("/api/v1/datasets", "application/json", br#"{"name":"places"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    (dir, server)
}

#[test]
fn a_retry_after_a_crash_is_answered_as_before() {
    let (dir, server) = with_dataset();
    let first = create(&server, "one", "cities");
    assert_eq!(first.status, 201, "{}", first.body);
    let refused = create(&server, "two", "cities");
    assert_eq!(refused.status, 422, "{}", refused.body);
    server.kill();
    let server = Server::start(&dir.path().join("data"));
    let again = create(&server, "one", "cities");
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(create(&server, "one", "rivers").status, 422, "it is another request");
    let commits = server.get(&format!("{LOCAL}/commits")).json();
    assert_eq!(commits["items"].as_array().map(Vec::len), Some(1), "{commits}");
    assert_eq!(create(&server, "two", "rivers").status, 201, "what was refused may be tried again");
}

#[test]
fn what_a_stop_cut_off_is_not_done_again() {
    let (dir, server) = with_dataset();
    let send = |server: &Server, wanted: &str| {
        let headers = [("content-type", "text/csv"), ("idempotency-key", "a file")];
        server.call("POST", &format!("{LOCAL}/imports{wanted}"), &headers, Some(b"id\n1\n2\n3\n"))
    };
    let head = format!(
        "POST {LOCAL}/imports?table=cities HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 9\r\n\
         Idempotency-Key: a file\r\n\r\nid\n"
    );
    // Files that never arrive whole. Without a table's name nothing is done, so that is asked until one of them is in the way.
    let mut slow = Vec::new();
    let running = loop {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server listens");
        stream.write_all(head.as_bytes()).expect("the server reads");
        slow.push(stream);
        let answer = send(&server, "");
        if answer.status != 422 {
            break answer;
        }
    };
    assert_eq!(running.status, 409, "{}", running.body);
    assert!(running.body.contains("is still being answered"), "{}", running.body);
    // It is noted before anything is done.
    while !server.get("/api/v1/jobs").body.contains("\"state\"") {}
    server.kill();
    let server = Server::start(&dir.path().join("data"));
    let again = send(&server, "?table=cities");
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(again.body.contains("The server stopped while it answered"), "{}", again.body);
}

#[test]
fn an_answer_is_for_who_got_it() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    let post = |client: &Client<'_>, path: &str, body: &Value| {
        let (name, value) = client.header.as_ref().expect("they have signed in");
        let headers = [("content-type", "application/json"), ("idempotency-key", "one"), (*name, value.as_str())];
        world.server.call("POST", &format!("/api/v1{path}"), &headers, Some(body.to_string().as_bytes()))
    };
    let operations = json!([{ "op": "insert", "table": "cities", "values": { "id": 2, "name": "Bergen" } }]);
    let body = json!({ "branch": "main", "message": "Add", "operations": operations });
    let commits = "/datasets/ada/places/commits";
    let first = post(&ada, commits, &body);
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(post(&bob, commits, &body).status, 404);
    // Signed in anew, she is who she was.
    assert_eq!(post(&world.signed_in("ada"), commits, &body).json(), first.json());

    // A token that may do less is not told either, nor one that has ended.
    let token = |name: &str, scope: &str| {
        let made = ada.json("POST", "/tokens", json!({ "name": name, "scope": scope })).json();
        let text = made["text"].as_str().expect("a token").to_owned();
        let id = made["token"]["id"].as_str().expect("an id").to_owned();
        (Client { server: &world.server, header: Some(("authorization", format!("Bearer {text}"))) }, id)
    };
    let (reader, _) = token("read", "read");
    assert_eq!(post(&reader, commits, &body).status, 403);
    let (admin, id) = token("all", "admin");
    assert_eq!(post(&admin, commits, &body).json(), first.json());
    assert_eq!(ada.json("DELETE", &format!("/tokens/{id}"), Value::Null).status, 204);
    assert_eq!(post(&admin, commits, &body).status, 401);

    // A secret is shown once.
    let wanted = json!({ "name": "once", "scope": "read" });
    let made = post(&ada, "/tokens", &wanted);
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["text"].as_str().expect("a token").to_owned();
    let again = post(&ada, "/tokens", &wanted);
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(again.body.contains("was done") && !again.body.contains(&secret), "{}", again.body);
}
