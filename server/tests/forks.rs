//! Forks that keep up with what they were forked from, and branches held against each other.

mod common;

use common::{
    Answer,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/ada/places";
const FORK: &str = "/datasets/bob/places";

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn get(client: &Client<'_>, path: &str) -> Value {
    good(client.get(&format!("/api/v1{path}")))
}

fn commit(client: &Client<'_>, dataset: &str, branch: &str, operations: Value) -> String {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    let made = good(client.json("POST", &format!("{dataset}/commits"), body));
    made["hash"].as_str().or(made["commit"].as_str()).expect("a commit").to_owned()
}

fn rename(key: u64, name: &str) -> Value {
    json!([{ "op": "update", "table": "cities", "key": key, "values": { "name": name } }])
}

fn insert(key: u64, name: &str) -> Value {
    json!([{ "op": "insert", "table": "cities", "values": { "id": key, "name": name } }])
}

fn heads(client: &Client<'_>, dataset: &str) -> Vec<String> {
    let log = get(client, &format!("{dataset}/commits"));
    log["items"].as_array().expect("a log").iter().filter_map(|one| one["hash"].as_str().map(str::to_owned)).collect()
}

/// Ada's dataset and Bob's fork of it.
fn forked(world: &World) -> (Client<'_>, Client<'_>) {
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    good(ada.json("PUT", &format!("{D}/members/bob"), json!({ "role": "reader" })));
    good(bob.json("POST", &format!("{D}/forks"), json!({ "name": "places" })));
    (ada, bob)
}

#[test]
fn a_fork_without_commits_of_its_own_moves_forward() {
    let world = World::new();
    let (ada, bob) = forked(&world);
    let [first, second] = ["First", "Second"].map(|name| commit(&ada, D, "main", rename(1, name)));
    // Not past the rules of the branch.
    good(bob.json("PUT", &format!("{FORK}/protections/main"), json!({ "request_required": true })));
    let take_over = || bob.form("/bob/places/update-fork", &[]);
    let refused = take_over();
    assert!(refused.status == 409 && refused.body.contains("protected"), "{}", refused.body);
    good(bob.call("DELETE", &format!("/api/v1{FORK}/protections/main"), "", None));

    // A fork of the fork, made before, does not get what comes later.
    let carol = world.person("carol");
    good(bob.json("PUT", &format!("{FORK}/members/carol"), json!({ "role": "reader" })));
    good(carol.json("POST", &format!("{FORK}/forks"), json!({ "name": "places" })));

    assert_eq!(take_over().status, 303);
    assert_eq!(heads(&bob, FORK), heads(&ada, D), "no commit of its own is made");
    assert_eq!(get(&bob, &format!("{FORK}/tables/cities/rows/1"))["name"], "Second");
    assert!(bob.get("/bob/places").body.contains("both hold the same"));
    assert_eq!(take_over().status, 303);
    for hash in [&first, &second] {
        assert_eq!(carol.get(&format!("/api/v1/datasets/carol/places/commits/{hash}")).status, 404);
    }
    // They are the fork's own, with what was in between, when the origin is gone.
    assert_eq!(ada.call("DELETE", &format!("/api/v1{D}"), "", None).status, 204);
    for hash in [&first, &second] {
        assert_eq!(get(&bob, &format!("{FORK}/commits/{hash}"))["hash"], hash.as_str());
    }
}

#[test]
fn a_fork_with_commits_of_its_own_merges() {
    let world = World::new();
    let (ada, bob) = forked(&world);
    let theirs = commit(&ada, D, "main", rename(1, "Kristiania"));
    let own = commit(&bob, FORK, "main", insert(2, "Bergen"));
    assert_eq!(bob.form("/bob/places/update-fork", &[]).status, 303);
    let merged = get(&bob, &format!("{FORK}/commits"))["items"][0].clone();
    assert_eq!(merged["parents"], json!([own, theirs]), "{merged}");
    assert_eq!(get(&bob, &format!("{FORK}/tables/cities/rows/1"))["name"], "Kristiania");
    assert_eq!(get(&bob, &format!("{FORK}/tables/cities/rows/2"))["name"], "Bergen");
}

#[test]
fn branches_are_compared_by_what_one_would_bring_to_the_other() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let base = heads(&ada, D).remove(0);
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    commit(&ada, D, "work", insert(2, "Bergen"));
    let main = commit(&ada, D, "main", insert(3, "Odda"));
    good(ada.json("POST", &format!("{D}/tags"), json!({ "name": "v1", "from": "main" })));
    commit(&ada, D, "main", insert(4, "Voss"));

    let page = |query: &str| ada.get(&format!("/ada/places/compare?{query}")).body;
    for from in ["main", "v1", main.as_str()] {
        let shown = page(&format!("from={from}&to=work"));
        assert!(shown.contains("Bergen") && !shown.contains("Odda"), "{shown}");
        assert!(shown.contains("What merging work would bring to") && shown.contains(&base[..10]), "{shown}");
        let other =
            shown.split("Compare the two as they are now").next().and_then(|text| text.rsplit("href=\"").next());
        let other = other.expect("a link").split('"').next().expect("an address").replace("&amp;", "&");
        assert_eq!(other, format!("/ada/places/compare?from={from}&to=work&direct=1"));
        let direct = ada.get(&other).body;
        assert!(direct.contains("Bergen") && direct.contains("Odda"), "{direct}");
        assert!(direct.contains("both as they are now") && direct.contains("Show only what merging would bring"));
        assert!(direct.contains("name=\"direct\" value=\"1\""), "the filter and the form keep to it: {direct}");
    }
    let nothing = page("from=main&to=v1");
    assert!(nothing.contains("v1 has nothing that main has not."), "{nothing}");
    assert!(page("from=main&to=v1&direct=1").contains("Voss"));

    // Over the API they are compared as they are, unless asked otherwise; a walk through pages stays where it began.
    let keys = |query: &str| {
        let diff = get(&ada, &format!("{D}/diff?from=main&to=work{query}"));
        let keys: Vec<String> = diff["items"]
            .as_array()
            .expect("rows")
            .iter()
            .filter_map(|row| row["key"].as_str().map(str::to_owned))
            .collect();
        (keys, diff)
    };
    assert_eq!(keys("").0, ["2", "3", "4"]);
    let (brought, diff) = keys("&merge_base=true");
    assert_eq!((brought, diff["from"]["commit"].as_str()), (vec!["2".to_owned()], Some(base.as_str())));
    commit(&ada, D, "work", insert(5, "Narvik"));
    let (first, diff) = keys("&merge_base=true&limit=1");
    let cursor = diff["next_cursor"].as_str().expect("another page");
    let (second, _) = keys(&format!("&merge_base=true&limit=1&cursor={cursor}"));
    assert_eq!([first, second].concat(), ["2", "5"]);
    let summary = get(&ada, &format!("{D}/diff/summary?from=main&to=work&merge_base=true"));
    assert_eq!((&summary["tables"][0]["added"], &summary["tables"][0]["removed"]), (&json!(2), &json!(0)));
}
