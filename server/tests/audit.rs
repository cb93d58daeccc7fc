//! The audit log: what changed access or data is in it, with who, from where and in what; and only those read it who may.

mod common;

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use common::{
    Answer, encode,
    people::{Client, PASSWORD, World},
};
use serde_json::{Value, json};

fn log(client: &Client<'_>, query: &str) -> Vec<Value> {
    let answer = client.get(&format!("/api/v1/audit?limit=1000{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["items"].as_array().expect("items").clone()
}

/// `KIND PERSON DATASET WHAT`, the oldest first, with hashes left out.
fn lines(entries: &[Value]) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let is_hash = |word: &str| word.len() >= 10 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |entry: &Value| {
        let what: Vec<String> = text(entry, "what")
            .split(' ')
            .map(|word| if is_hash(word) { "HASH".to_owned() } else { word.to_owned() })
            .collect();
        format!("{} {} {} {}", text(entry, "kind"), text(entry, "person"), text(entry, "dataset"), what.join(" "))
    };
    entries.iter().rev().map(line).collect()
}

/// What everybody did, one after the other.
fn story(world: &World) {
    let (root, ada) = (world.signed_in("root"), world.person("ada"));
    world.stranger().form("/sign-in", &[("name", "ada"), ("password", "a wrong password")]);
    ada.dataset("ada", "places");
    let change = |operation: Value, branch: &str| {
        let body = json!({ "branch": branch, "message": "Say more", "operations": [operation] });
        let made = ada.json("POST", "/datasets/ada/places/commits", body);
        assert_eq!(made.status, 201, "{}", made.body);
    };
    assert_eq!(ada.json("POST", "/datasets/ada/places/branches", json!({ "name": "next" })).status, 201);
    change(json!({ "op": "update", "table": "cities", "key": 1, "values": { "name": "Oslo by" } }), "next");
    let merge = json!({ "from": "next", "no_fast_forward": true });
    assert_eq!(ada.json("POST", "/datasets/ada/places/merges", merge).status, 201);
    assert_eq!(ada.call("DELETE", "/api/v1/datasets/ada/places/branches/next", "", None).status, 204);
    let path = "/api/v1/datasets/ada/places/imports?table=towns&key=id";
    let job = ada.call("POST", path, "text/csv", Some("id\n1\n")).json();
    let job = format!("/api/v1/jobs/{}", job["id"].as_str().expect("a job"));
    while ada.get(&job).json()["state"] == "running" {}
    assert_eq!(ada.json("PUT", "/datasets/ada/places/members/root", json!({ "role": "reader" })).status, 200);
    assert_eq!(ada.call("DELETE", "/api/v1/datasets/ada/places/members/root", "", None).status, 204);
    let patch = json!({ "visibility": "public", "name": "towns" });
    assert_eq!(ada.json("PATCH", "/datasets/ada/places", patch).status, 200);
    assert_eq!(ada.json("POST", "/tokens", json!({ "name": "nightly", "scope": "read" })).status, 201);
    assert_eq!(root.form("/account/sign-up", &[("sign-up", "open")]).status, 303);
    let joined = world.stranger().form("/sign-up", &[("name", "eve"), ("password", PASSWORD)]);
    assert_eq!(joined.status, 303, "{}", joined.body);
    assert_eq!(root.form("/account/people/eve/blocked", &[("to", "yes")]).status, 303);
    assert_eq!(ada.call("DELETE", "/api/v1/datasets/ada/towns", "", None).status, 204);
    assert_eq!(ada.form("/sign-out", &[]).status, 303);
}

#[test]
fn what_changes_access_or_data_is_in_the_log() {
    let world = World::new();
    story(&world);
    let root = world.signed_in("root");
    let entries = log(&root, "");
    let expected = [
        "account root  made the first account, which owns what was there",
        "sign-in root  signed in",
        "sign-in root  signed in",
        "account root  made the account ada",
        "sign-in ada  signed in",
        "sign-in   failed to sign in as ada",
        "dataset ada ada/places made the dataset",
        "commit ada ada/places committed HASH to main: Begin",
        "branch ada ada/places made the branch next at HASH",
        "commit ada ada/places committed HASH to next: Say more",
        "merge ada ada/places committed HASH to main: Merge next",
        "branch ada ada/places deleted the branch next",
        "import ada ada/places committed HASH to main: Import towns",
        "role ada ada/places made root reader",
        "role ada ada/places took the role from root",
        "visibility ada ada/towns made it public",
        "dataset ada ada/towns renamed ada/places",
        "token ada  made a token to read: nightly",
        "account root  set signing up to open",
        "account eve  signed up",
        "account root  blocked eve",
        "dataset ada ada/towns deleted the dataset",
        "sign-in ada  signed out",
        "sign-in root  signed in",
    ];
    let found = lines(&entries);
    // What a merge or an import says by itself is theirs to say.
    let begins = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
    assert_eq!(found.iter().map(|line| begins(line)).collect::<Vec<_>>(), expected.map(begins), "{found:#?}");
    assert!(entries.iter().all(|entry| entry["address"] == "127.0.0.1"), "{entries:?}");
    assert!(entries.iter().all(|entry| entry["time"].as_str().is_some_and(|time| time.ends_with('Z'))));
    assert!(!format!("{entries:?}").contains(PASSWORD), "no secret is in it");
}

#[test]
fn the_log_is_filtered_paged_and_taken_as_a_file() {
    let world = World::new();
    story(&world);
    let root = world.signed_in("root");
    let all = log(&root, "");
    let count = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|entry| test(entry)).count();
    for (query, test) in [
        ("&person=ada", &(|entry: &Value| entry["person"] == "ada") as &dyn Fn(&Value) -> bool),
        ("&kind=commit", &|entry| entry["kind"] == "commit"),
        ("&dataset=ada/towns", &|entry| entry["dataset"] == "ada/towns"),
        ("&dataset=ada/places&kind=role", &|entry| entry["dataset"] == "ada/places" && entry["kind"] == "role"),
        ("&person=nobody", &|_| false),
    ] {
        let found = log(&root, query);
        assert_eq!(found.len(), count(test), "{query}");
        assert!(found.iter().all(test), "{query}");
    }
    for wrong in ["?kind=other", "?dataset=places", "?cursor=00", "?limit=0"] {
        assert_eq!(root.get(&format!("/api/v1/audit{wrong}")).status, 400, "{wrong}");
    }
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = root.get(&format!("/api/v1/audit?limit=5{next}")).json();
        paged.extend(page["items"].as_array().expect("items").clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, all);

    let file = root.get("/account/audit.csv?kind=role");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let rows: Vec<&str> = file.body.lines().collect();
    assert_eq!((rows[0], rows.len()), ("time,person,address,kind,dataset,what", 3));
    assert!(rows[1].ends_with(r#","ada","127.0.0.1","role","ada/places","took the role from root""#), "{}", rows[1]);
    assert_eq!(root.get("/account/audit.csv").body.lines().count(), all.len() + 1);
    let page = root.get("/account/audit?person=ada&kind=token").body;
    assert!(page.contains("made a token to read: nightly") && !page.contains("signed up"), "{page}");
    assert!(root.get("/account/audit?dataset=places").body.contains("Write the dataset as OWNER/NAME."));
}

#[test]
fn those_who_run_the_server_read_all_of_the_log_and_owners_their_part() {
    let world = World::new();
    let (root, ada, eve) = (world.signed_in("root"), world.person("ada"), world.person("eve"));
    ada.dataset("ada", "places");
    ada.dataset("ada", "other");
    ada.json("PUT", "/datasets/ada/places/members/eve", json!({ "role": "maintainer" }));
    ada.json("PATCH", "/datasets/ada/places", json!({ "name": "cities" }));
    // An owner sees what was done when it had another name, too.
    let hers = lines(&log(&ada, "&dataset=ada/cities"));
    assert_eq!(hers.len(), 4, "{hers:#?}");
    assert!(hers[0].contains("ada/places made the dataset") && hers[3].contains("ada/cities renamed"), "{hers:#?}");
    // From where others did something is not for her to know.
    let change = json!({ "op": "update", "table": "cities", "key": 1, "values": { "name": "Kristiania" } });
    let body = json!({ "branch": "main", "message": "By eve", "operations": [change] });
    assert_eq!(eve.json("POST", "/datasets/ada/cities/commits", body).status, 201);
    for (client, of_eve) in [(&ada, ""), (&root, "127.0.0.1")] {
        let entries = log(client, "&dataset=ada/cities");
        assert_eq!(entries[0]["person"], "eve");
        assert_eq!(entries[0]["address"], of_eve);
        assert!(
            entries[1..].iter().all(|entry| entry["address"] == if of_eve.is_empty() { "127.0.0.1" } else { of_eve })
        );
    }
    assert!(ada.get("/ada/cities/audit").body.contains("made eve maintainer"));
    assert!(ada.get("/ada/cities/audit.csv").body.contains("made eve maintainer"));
    assert!(!ada.get("/ada/cities/audit").body.contains("ada/other"));

    let status = |client: &Client<'_>, path: &str| client.get(path).status;
    for path in ["/account/audit", "/account/audit.csv", "/api/v1/audit", "/api/v1/audit?person=eve"] {
        assert_eq!((status(&root, path), status(&ada, path), status(&eve, path)), (200, 403, 403), "{path}");
    }
    assert_eq!(status(&world.stranger(), "/api/v1/audit"), 401);
    for path in ["/ada/cities/audit", "/ada/cities/audit.csv", "/api/v1/audit?dataset=ada/cities"] {
        assert_eq!((status(&ada, path), status(&eve, path)), (200, 403), "{path}: a maintainer decides over nothing");
    }
    let private = format!("/api/v1/audit?dataset={}", encode("ada/other"));
    assert_eq!(status(&eve, &private), 404);
    // A token takes the scope.
    let token = |scope: &str| {
        let made: Answer = root.json("POST", "/tokens", json!({ "name": "t", "scope": scope }));
        let text = format!("Bearer {}", made.json()["text"].as_str().expect("its text"));
        Client { server: &world.server, header: Some(("authorization", text)) }
    };
    assert_eq!((status(&token("write"), "/api/v1/audit"), status(&token("admin"), "/api/v1/audit")), (403, 200));
    // There is no way to change it.
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(root.call(method, "/api/v1/audit", "application/json", Some("{}")).status, 405, "{method}");
    }
}

#[test]
fn who_hangs_up_leaves_an_entry_all_the_same() {
    const MANY: usize = 40;
    let world = World::new();
    let ada = world.person("ada");
    let root = world.signed_in("root");
    let make = |number: usize| {
        let made = ada.json("POST", "/tokens", json!({ "name": format!("t{number}"), "scope": "read" }));
        made.json()["token"]["id"].as_str().expect("its id").to_owned()
    };
    let tokens: Vec<String> = (0..MANY).map(make).collect();
    let address = world.server.url.trim_start_matches("http://");
    let (name, value) = ada.header.as_ref().expect("a cookie");
    for (number, id) in tokens.iter().enumerate() {
        let mut connection = TcpStream::connect(address).expect("it listens");
        let request = format!("DELETE /api/v1/tokens/{id} HTTP/1.1\r\nhost: {address}\r\n{name}: {value}\r\n\r\n");
        connection.write_all(request.as_bytes()).expect("it takes it");
        // For so long it is there, and then it is gone: sooner or later after the request was begun.
        for _ in 0..number % 8 {
            assert_eq!(world.server.get("/healthz").status, 200);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let left = ada.get("/api/v1/tokens").json()["items"].as_array().map_or(0, Vec::len);
        let told = log(&root, "&kind=token&person=ada").iter().filter(|entry| entry["what"] == "ended a token").count();
        // What was gone before it was begun is not done either.
        if left + told == MANY && told > 0 {
            return;
        }
        assert!(Instant::now() < deadline, "of {MANY} that were to end {left} are left, and {told} are told");
    }
}
