//! Search over HTTP: what is found, that it is right after every change, and that nobody finds what they may not read.

mod common;

use common::{
    Answer, Server, encode,
    people::{Client, World},
};
use serde_json::{Value, json};

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// What is found, as `KIND PLACE`.
fn found(client: &Client<'_>, query: &str) -> Vec<String> {
    let page = good(client.get(&format!("/api/v1/search?q={}", encode(query))));
    let line = |hit: &Value| {
        let text = |name: &str| hit[name].as_str().unwrap_or_default().to_owned();
        let rest = match hit["kind"].as_str() {
            Some("table") => format!("/{}", text("table")),
            Some("column") => format!("/{}/{}", text("table"), text("column")),
            Some("request") => format!("#{}", hit["number"]),
            _ => String::new(),
        };
        format!("{} {}{rest}", text("kind"), text("dataset"))
    };
    page["items"].as_array().expect("a list").iter().map(line).collect()
}

fn change(client: &Client<'_>, dataset: &str, operations: Value) {
    let body = json!({ "branch": "main", "message": "Change", "operations": operations });
    good(client.json("POST", &format!("{dataset}/commits"), body));
}

#[test]
fn what_is_there_is_found_and_what_is_gone_is_not() {
    let world = World::new();
    let ada = world.person("ada");
    const D: &str = "/datasets/ada/places";
    ada.dataset("ada", "places");
    assert_eq!(found(&ada, "places"), ["dataset ada/places"]);
    assert_eq!(found(&ada, "CITIES"), ["table ada/places/cities"]);
    assert_eq!(found(&ada, "places cit nam"), ["column ada/places/cities/name"]);
    assert!(found(&ada, "").is_empty() && found(&ada, "zzz").is_empty());

    // Columns and descriptions, as they are on the default branch.
    let column = json!({ "name": "elevation", "type": "integer", "description": "Metres above the sea" });
    change(&ada, D, json!([{ "op": "add_column", "table": "cities", "column": column }]));
    assert_eq!(found(&ada, "sea"), ["column ada/places/cities/elevation"]);
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    let rename = json!([{ "op": "rename_table", "table": "cities", "name": "towns" }]);
    let body = json!({ "branch": "work", "message": "Rename", "operations": rename });
    good(ada.json("POST", &format!("{D}/commits"), body));
    assert!(found(&ada, "towns").is_empty());
    good(ada.json("PATCH", D, json!({ "default_branch": "work", "description": "All of Norway, <b>north</b>" })));
    assert_eq!(found(&ada, "towns norway"), Vec::<String>::new(), "only what people call it is around a table");
    assert_eq!(found(&ada, "towns"), ["table ada/places/towns"]);
    assert_eq!(found(&ada, "norway"), ["dataset ada/places"]);

    // Requests, when they are opened and changed.
    good(ada.json("PATCH", D, json!({ "default_branch": "main" })));
    let offer = json!({ "title": "Call them towns", "text": "As people do.", "source_branch": "work" });
    good(ada.json("POST", &format!("{D}/merge-requests"), offer));
    assert_eq!(found(&ada, "towns people"), ["request ada/places#1"]);
    good(ada.json("PATCH", &format!("{D}/merge-requests/1"), json!({ "title": "Villages", "labels": ["naming"] })));
    assert_eq!(found(&ada, "naming villages"), ["request ada/places#1"]);
    assert!(found(&ada, "towns people").is_empty());

    // The page: groups, marks, one kind, and words that are no markup.
    let html = ada.get("/search?q=norway").body;
    assert!(html.contains("<mark>Norway</mark>") && html.contains("&lt;b&gt;"), "{html}");
    assert!(html.contains("value=\"norway\""), "the box keeps what was asked: {html}");
    let html = ada.get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E&in=tables").body;
    assert!(html.contains("Nothing is found") && !html.contains("<script>alert"), "{html}");
    assert_eq!(ada.get("/search?q=x&in=stars").status, 404);
    assert_eq!(ada.get(&format!("/search?q={}", "x".repeat(201))).status, 422);
    assert_eq!(ada.get("/api/v1/search?q=x&in=stars").status, 422);

    // Another name, gone, back again.
    good(ada.json("PATCH", D, json!({ "name": "norway" })));
    assert_eq!(found(&ada, "elevation"), ["column ada/norway/cities/elevation"]);
    assert!(found(&ada, "ada/places").is_empty());
    assert_eq!(ada.call("DELETE", "/api/v1/datasets/ada/norway", "", None).status, 204);
    assert!(found(&ada, "elevation").is_empty() && found(&ada, "villages").is_empty());
    assert_eq!(ada.form("/ada/norway/restore", &[]).status, 303);
    assert_eq!(found(&ada, "elevation"), ["column ada/norway/cities/elevation"]);
    assert_eq!(found(&ada, "villages"), ["request ada/norway#1"]);
    good(ada.json("POST", "/datasets/ada/norway/forks", json!({ "name": "trial" })));
    assert_eq!(found(&ada, "elevation").len(), 2);

    // After a restart, from nothing.
    let World { server, dir } = world;
    assert!(server.stop());
    let world = World { server: Server::start(&dir.path().join("data")), dir };
    let ada = world.signed_in("ada");
    while found(&ada, "elevation").len() < 2 {}
    assert_eq!(found(&ada, "villages"), ["request ada/norway#1"]);
}

#[test]
fn nobody_finds_what_they_may_not_read() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    let stranger = world.stranger();
    ada.dataset("ada", "places");
    ada.dataset("ada", "secrets");
    let visible =
        |client: &Client<'_>| found(client, "ada cities").iter().filter(|line| line.contains("/cities")).count();
    assert_eq!((visible(&ada), visible(&bob), visible(&stranger)), (2, 0, 0));
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "reader")]).status, 303);
    assert_eq!((visible(&bob), visible(&stranger)), (1, 0));
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "")]).status, 303);
    assert_eq!(visible(&bob), 0);
    good(ada.json("PATCH", "/datasets/ada/places", json!({ "visibility": "public" })));
    assert_eq!((visible(&bob), visible(&stranger)), (1, 1));
    assert!(stranger.get("/search?q=cities").body.contains("ada/places"));
    assert!(!stranger.get("/search?q=cities").body.contains("ada/secrets"));
    good(ada.json("PATCH", "/datasets/ada/places", json!({ "visibility": "private" })));
    assert_eq!((visible(&ada), visible(&bob), visible(&stranger)), (2, 0, 0));
    // Page by page, each thing once.
    let page = good(ada.get("/api/v1/search?q=cities&in=tables&limit=1"));
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let second = good(ada.get(&format!("/api/v1/search?q=cities&in=tables&limit=1&cursor={cursor}")));
    assert_ne!(page["items"][0]["dataset"], second["items"][0]["dataset"]);
    assert_eq!(second["next_cursor"], Value::Null);
}
