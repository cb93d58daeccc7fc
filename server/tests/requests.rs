//! Merge requests over the API, by people with accounts: from a fork to the merge, with conflicts in between; who may do
//! what; and what a stranger learns of it, which is nothing.

mod common;

use common::{
    Answer, Server,
    api::Api,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/ada/places";

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn get(client: &Client<'_>, path: &str) -> Value {
    good(client.get(&format!("/api/v1{path}")))
}

fn commit(client: &Client<'_>, dataset: &str, branch: &str, operations: Value) -> Answer {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    client.json("POST", &format!("{dataset}/commits"), body)
}

fn update(id: u64, values: Value) -> Value {
    json!({ "op": "update", "table": "cities", "key": id, "values": values })
}

/// Ada's dataset with a table of three rows and two columns; the others may do what is said.
fn places<'w>(world: &'w World, roles: &[(&str, &str)]) -> Client<'w> {
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let operations = json!([
        { "op": "add_column", "table": "cities", "column": { "name": "people", "type": "integer" } },
        { "op": "insert", "table": "cities", "values": { "id": 2, "name": "Bergen", "people": 291_940 } },
        { "op": "insert", "table": "cities", "values": { "id": 3, "name": "Odda", "people": 7_000 } },
    ]);
    good(commit(&ada, D, "main", operations));
    for (name, role) in roles {
        let given = ada.form("/ada/places/people", &[("name", name), ("role", role)]);
        assert_eq!(given.status, 303, "{}", given.body);
    }
    ada
}

/// Opens a request and returns its address in the API.
fn propose(client: &Client<'_>, body: Value) -> String {
    let opened = good(client.json("POST", &format!("{D}/merge-requests"), body));
    assert_eq!((opened["state"].as_str(), opened["standing"].as_str()), (Some("open"), Some("clean")), "{opened}");
    format!("{D}/merge-requests/{}", opened["number"])
}

fn cell(client: &Client<'_>, id: u64, column: &str) -> Value {
    get(client, &format!("{D}/tables/cities/rows/{id}"))[column].clone()
}

#[test]
fn from_a_fork_to_the_merge_and_back() {
    let world = World::new();
    let (bob, carol) = (world.person("bob"), world.person("carol"));
    let ada = places(&world, &[("bob", "reader"), ("carol", "writer")]);
    let rule = json!({ "request_required": true, "approvals": 1, "approvals_lapse": true });
    good(ada.json("PUT", &format!("{D}/protections/main"), rule));
    // Nobody goes past the rule, whatever the way.
    for client in [&ada, &carol] {
        let refused = commit(client, D, "main", json!([update(1, json!({ "name": "Kristiania" }))]));
        assert!(refused.status == 409 && refused.body.contains("protected"), "{}", refused.body);
    }

    // Bob may only read: he forks, changes, and offers.
    good(bob.json("POST", &format!("{D}/forks"), json!({ "name": "places" })));
    const FORK: &str = "/datasets/bob/places";
    good(commit(&bob, FORK, "main", json!([update(1, json!({ "name": "Kristiania", "people": 709_037 }))])));
    let offer =
        json!({ "title": "The old name", "text": "As it **was**.", "source": "bob/places", "source_branch": "main" });
    let request = propose(&bob, offer.clone());
    let again = bob.json("POST", &format!("{D}/merge-requests"), offer);
    assert!(again.status == 409 && again.body.contains("#1"), "{}", again.body);

    // His fork is private: the others see what he offers, not where from.
    let seen = get(&carol, &request);
    assert_eq!((&seen["source"], seen["source_branch"].as_str()), (&Value::Null, Some("main")));
    assert_eq!(carol.get(&format!("/api/v1{FORK}")).status, 404);
    assert_eq!(seen["blocks"].as_array().map(Vec::len), Some(1), "{seen}");
    let refused = carol.json("POST", &format!("{request}/merge"), json!({}));
    assert!(refused.status == 409 && refused.body.contains("approve"), "{}", refused.body);

    // Carol finds something in a cell and says what should be there; Bob takes it over.
    let comment = json!({ "text": "That is too many.", "table": "cities", "key": "1", "column": "people", "suggestion": "500000" });
    let comment = good(carol.json("POST", &format!("{request}/comments"), comment));
    assert_eq!((comment["value"].as_str(), comment["outdated"].as_bool()), (Some("709037"), Some(false)));
    let id = comment["id"].as_str().expect("an id");
    let answer = json!({ "text": "So it is.", "reply_to": id });
    good(bob.json("POST", &format!("{request}/comments"), answer));
    good(carol.json("POST", &format!("{request}/reviews"), json!({ "verdict": "approve" })));
    assert_eq!(get(&ada, &request)["blocks"], json!([]));
    assert_eq!(
        carol.json("POST", &format!("{request}/comments/{id}/apply"), json!({})).status,
        403,
        "it is Bob's fork"
    );
    good(bob.json("POST", &format!("{request}/comments/{id}/apply"), json!({})));
    let again = bob.json("POST", &format!("{request}/comments/{id}/apply"), json!({}));
    assert!(again.status == 409 && again.body.contains("taken over already"), "{}", again.body);
    // What one has said oneself can be said better, and by nobody else.
    let edit = |client: &Client<'_>, text: &str| {
        client.json("PATCH", &format!("{request}/comments/{id}"), json!({ "text": text })).status
    };
    assert_eq!((edit(&bob, "Bob was here."), edit(&carol, "Half a million.")), (403, 204));
    let edited = get(&bob, &format!("{request}/comments"))["items"][0].clone();
    assert_eq!(edited["text"], "Half a million.");
    assert!(edited["edited_at"].is_string() && edited["settled_by"] == "bob", "{edited}");
    assert_eq!(get(&bob, &format!("{FORK}/tables/cities/rows/1"))["people"], 500_000);
    let entries = get(&ada, &format!("{request}/comments"));
    assert_eq!(
        (entries["items"][0]["settled_by"].as_str(), &entries["items"][0]["outdated"]),
        (Some("bob"), &json!(false))
    );
    // What she approved of is not what is offered now.
    let view = get(&ada, &request);
    assert_eq!((&view["reviews"][0]["lapsed"], view["blocks"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    let old = comment["commit"].clone();
    assert_eq!(old, Value::Null);
    let head = view["head"].as_str().expect("a head");
    good(ada.json("POST", &format!("{request}/reviews"), json!({ "verdict": "approve", "head": head })));
    let own = bob.json("POST", &format!("{request}/reviews"), json!({ "verdict": "approve" }));
    assert_eq!(own.status, 422, "{}", own.body);

    let merged = good(ada.json("POST", &format!("{request}/merge"), json!({ "head": head })));
    let commit_hash = merged["commit"].as_str().expect("a commit");
    assert_eq!((cell(&carol, 1, "name"), cell(&carol, 1, "people")), (json!("Kristiania"), json!(500_000)));
    let view = get(&bob, &request);
    assert_eq!((view["state"].as_str(), view["merged"].as_str()), (Some("merged"), Some(commit_hash)));
    // The commits of the fork are commits of the dataset now, and stay so without the fork.
    assert_eq!(bob.call("DELETE", &format!("/api/v1{FORK}"), "", None).status, 204);
    let log = get(&ada, &format!("{D}/commits"));
    let authors: Vec<&str> =
        log["items"].as_array().expect("a log").iter().filter_map(|c| c["author"].as_str()).collect();
    assert!(authors.contains(&"bob"), "{log}");
    for hash in log["items"].as_array().expect("a log").iter().filter_map(|commit| commit["hash"].as_str()) {
        assert_eq!(ada.get(&format!("/api/v1{D}/commits/{hash}")).status, 200);
    }
    assert_eq!(ada.json("POST", &format!("{request}/merge"), json!({})).status, 409);
    assert_eq!(ada.json("PATCH", &request, json!({ "state": "closed" })).status, 409);

    // Undone by a request of its own.
    let undo = good(ada.json("POST", &format!("{request}/revert"), json!({})));
    assert_eq!(undo["title"], "Revert “The old name”");
    let undo = format!("{D}/merge-requests/{}", undo["number"]);
    good(carol.json("POST", &format!("{undo}/reviews"), json!({ "verdict": "approve" })));
    good(ada.json("POST", &format!("{undo}/merge"), json!({ "squash": true })));
    assert_eq!(cell(&carol, 1, "name"), "Oslo");

    // Squashed by somebody else it stays the work of who offered it, and is a merge for the log.
    good(bob.json("POST", "/datasets/ada/places/forks", json!({ "name": "again" })));
    good(commit(&bob, "/datasets/bob/again", "main", json!([update(1, json!({ "name": "Christiania" }))])));
    let offer = json!({ "title": "An older name", "source": "bob/again", "source_branch": "main" });
    let offer = propose(&bob, offer);
    good(carol.json("POST", &format!("{offer}/reviews"), json!({ "verdict": "approve" })));
    good(ada.json("POST", &format!("{offer}/merge"), json!({ "squash": true })));
    assert_eq!(get(&ada, &format!("{D}/commits"))["items"][0]["author"], "bob");
    let merges = get(&ada, "/audit?dataset=ada/places&kind=merge");
    assert_eq!(merges["items"][0]["person"], "ada", "{merges}");
    let listed = get(&carol, &format!("{D}/merge-requests?state=merged"));
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn decisions_hold_while_their_cells_stay_the_same() {
    let world = World::new();
    let bob = world.person("bob");
    let ada = places(&world, &[("bob", "writer")]);
    good(bob.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    let theirs = json!([
        update(1, json!({ "name": "B1", "people": 11 })),
        update(2, json!({ "name": "B2" })),
        update(3, json!({ "people": 13 }))
    ]);
    good(commit(&bob, D, "work", theirs));
    let request = propose(&bob, json!({ "title": "Work", "source_branch": "work" }));
    let ours = json!([
        update(1, json!({ "name": "A1", "people": 21 })),
        update(2, json!({ "name": "A2" })),
        update(3, json!({ "people": 23 }))
    ]);
    good(commit(&ada, D, "main", ours));

    let view = get(&ada, &request);
    assert_eq!((view["standing"].as_str(), &view["stats"]["open_conflicts"]), (Some("undecided"), &json!(4)));
    let page = get(&ada, &format!("{request}/conflicts?limit=3"));
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next_offset"]), (Some(3), &json!(3)));
    let conflict = |key: &str, column: &str| {
        let all = get(&ada, &format!("{request}/conflicts?all=true"));
        let items = all["items"].as_array().expect("a list");
        let found = items.iter().find(|item| item["key"] == key && item["column"] == column);
        found.unwrap_or_else(|| panic!("{key} {column} in {all}")).clone()
    };
    let id = |key: &str, column: &str| conflict(key, column)["id"].as_str().expect("an id").to_owned();
    // By a value, by a side, and by a rule for a column.
    let decisions = json!([
        { "conflict": id("1", "people"), "choice": "value", "value": 99 },
        { "conflict": id("1", "name"), "choice": "theirs" },
        { "table": "cities", "column": "people", "choice": "ours" },
    ]);
    good(ada.json("POST", &format!("{request}/resolutions"), decisions));
    let wrong = json!([{ "conflict": id("1", "people"), "choice": "value", "value": "many" }]);
    assert_eq!(ada.json("POST", &format!("{request}/resolutions"), wrong).status, 422);
    let decided = conflict("3", "people");
    assert_eq!((decided["decided"].as_str(), &decided["by_rule"]), (Some("ours"), &json!(true)));
    assert_eq!(conflict("1", "people")["decided_by"], "ada");
    let refused = ada.json("POST", &format!("{request}/merge"), json!({}));
    assert!(refused.status == 409 && refused.body.contains("One thing is left"), "{}", refused.body);

    // They survive a restart. One whose cell changes is open again; the others hold.
    let World { server, dir } = world;
    assert!(server.stop());
    let world = World { server: Server::start(&dir.path().join("data")), dir };
    let (ada, bob) = (world.signed_in("ada"), world.signed_in("bob"));
    good(commit(&bob, D, "work", json!([update(1, json!({ "name": "B1b" }))])));
    good(commit(
        &ada,
        D,
        "main",
        json!([{ "op": "insert", "table": "cities", "values": { "id": 4, "name": "Voss" } }]),
    ));
    let open = get(&ada, &format!("{request}/conflicts"));
    let keys: Vec<_> =
        open["items"].as_array().expect("a list").iter().map(|item| (&item["key"], &item["column"])).collect();
    assert_eq!(keys, [(&json!("1"), &json!("name")), (&json!("2"), &json!("name"))], "{open}");
    // The rest by a rule for the table; a taken-back rule opens what it decided.
    let all_theirs = json!([{ "table": "cities", "choice": "theirs" }]);
    good(bob.json("POST", &format!("{request}/resolutions"), all_theirs));
    assert_eq!(get(&ada, &request)["standing"], "clean");
    good(bob.call("DELETE", &format!("/api/v1{request}/resolutions"), "", None));
    assert_eq!(get(&ada, &request)["stats"]["open_conflicts"], 4);
    good(bob.json(
        "POST",
        &format!("{request}/resolutions"),
        json!([
            { "table": "cities", "choice": "theirs" },
            { "table": "cities", "column": "people", "choice": "ours" },
        ]),
    ));
    good(ada.json("POST", &format!("{request}/merge"), json!({ "message": "Both" })));
    assert_eq!((cell(&ada, 1, "name"), cell(&ada, 1, "people")), (json!("B1b"), json!(21)));
    assert_eq!(cell(&ada, 2, "name"), "B2");
    assert_eq!((cell(&ada, 3, "people"), cell(&ada, 4, "name")), (json!(23), json!("Voss")));
}

#[test]
fn each_role_may_what_it_may_in_a_request() {
    let world = World::new();
    let roles = ["", "reader", "commenter", "writer", "maintainer", "owner"];
    let people: Vec<_> = roles.iter().map(|role| world.person(&format!("p-{role}x"))).collect();
    let names: Vec<String> = roles.iter().map(|role| format!("p-{role}x")).collect();
    let given: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(roles).skip(1).collect();
    let ada = places(&world, &given);
    let stranger = world.stranger();
    for (rank, person) in people.iter().enumerate() {
        let branch = format!("work-{rank}");
        good(ada.json("POST", &format!("{D}/branches"), json!({ "name": branch })));
        good(commit(&ada, D, &branch, json!([update(1, json!({ "people": rank + 1 }))])));
        let request = propose(&ada, json!({ "title": "Work", "source_branch": branch }));
        let expect = |answer: Answer, least: usize, what: &str| {
            let no = if rank == 0 { 404 } else { 403 };
            let right = if rank >= least { answer.status < 300 } else { answer.status == no };
            assert!(right, "{}: {what}: {} {}", roles[rank], answer.status, answer.body);
        };
        for path in ["", "/comments", "/conflicts"] {
            expect(person.get(&format!("/api/v1{request}{path}")), 1, path);
            assert_eq!(stranger.get(&format!("/api/v1{request}{path}")).status, 404);
        }
        expect(person.get(&format!("/api/v1{D}/merge-requests")), 1, "list");
        expect(person.json("POST", &format!("{request}/comments"), json!({ "text": "Hm." })), 2, "comment");
        expect(person.json("POST", &format!("{request}/reviews"), json!({ "verdict": "approve" })), 2, "review");
        expect(person.json("PATCH", &request, json!({ "labels": ["a"] })), 3, "label");
        expect(person.json("POST", &format!("{request}/resolutions"), json!([])), 3, "decide");
        let offer = json!({ "title": "Mine", "source_branch": branch, "target_branch": "main" });
        let own = person.json("POST", &format!("{D}/merge-requests"), offer);
        // A writer is told that it is offered already.
        assert_eq!(own.status, [404, 403, 403, 409, 409, 409][rank], "{}", own.body);
        let rule = json!({ "request_required": false, "merge_role": "maintainer" });
        expect(person.json("PUT", &format!("{D}/protections/main"), rule), 4, "protect");
        good(ada.json("PUT", &format!("{D}/protections/main"), json!({ "merge_role": "maintainer" })));
        expect(person.json("POST", &format!("{request}/merge"), json!({})), 4, "merge a branch that maintainers merge");
        good(ada.call("DELETE", &format!("/api/v1{D}/protections/main"), "", None));
        if rank == 3 {
            expect(person.json("POST", &format!("{request}/merge"), json!({})), 3, "merge");
        }
        assert_eq!(stranger.json("POST", &format!("{request}/comments"), json!({ "text": "Hm." })).status, 404);
    }
}

#[test]
fn what_cannot_be_offered_is_refused_with_a_reason() {
    let world = World::new();
    let ada = places(&world, &[]);
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    good(ada.json("POST", "/datasets", json!({ "name": "other" })));
    ada.dataset("ada", "unlike");
    for (body, word) in [
        (json!({ "title": "", "source_branch": "work" }), "one line"),
        (json!({ "title": "T", "source_branch": "none" }), "no branch"),
        (json!({ "title": "T", "source_branch": "main" }), "into itself"),
        (json!({ "title": "T", "source_branch": "work" }), "has all of it"),
        (json!({ "title": "T", "source": "ada/other", "source_branch": "main" }), "no branch"),
        (json!({ "title": "T", "source": "ada/unlike", "source_branch": "main" }), "no history in common"),
        (json!({ "title": "T", "source": "nobody/nothing", "source_branch": "main" }), "no dataset"),
    ] {
        let refused = ada.json("POST", &format!("{D}/merge-requests"), body.clone());
        assert!(refused.status >= 400 && refused.status < 500, "{body}: {} {}", refused.status, refused.body);
        assert!(refused.body.contains(word), "{body}: {}", refused.body);
    }
    assert_eq!(ada.get(&format!("/api/v1{D}/merge-requests/7")).status, 404);
    good(commit(&ada, D, "work", json!([update(1, json!({ "name": "<script>alert(1)</script>" }))])));
    let request = propose(
        &ada,
        json!({ "title": "<img src=x onerror=alert(1)>", "text": "<script>alert(2)</script>\n\n[x](javascript:alert(3))", "source_branch": "work" }),
    );
    for (body, word) in [
        (json!({ "text": "" }), "Say something"),
        (json!({ "text": "x", "table": "none", "key": "1" }), "no table"),
        (json!({ "text": "x", "table": "cities", "key": "9" }), "no row"),
        (json!({ "text": "x", "table": "cities", "key": "1", "column": "none" }), "no column"),
        (json!({ "text": "x", "suggestion": "y" }), "which cell"),
        (json!({ "table": "cities", "key": "1", "column": "people", "suggestion": "many" }), "not a whole number"),
        (json!({ "text": "x", "reply_to": "00000000-0000-0000-0000-000000000000" }), "comment to answer"),
    ] {
        let refused = ada.json("POST", &format!("{request}/comments"), body.clone());
        assert!(refused.status >= 400 && refused.status < 500, "{body}: {} {}", refused.status, refused.body);
        assert!(refused.body.contains(word), "{body}: {}", refused.body);
    }
    // A branch that goes takes nothing with it.
    good(ada.call("DELETE", &format!("/api/v1{D}/branches/work"), "", None));
    let view = get(&ada, &request);
    assert_eq!((view["standing"].as_str(), &view["head"]), (Some("gone"), &Value::Null));
    assert_eq!(ada.json("POST", &format!("{request}/merge"), json!({})).status, 409);
    good(ada.json("PATCH", &request, json!({ "state": "closed" })));
    assert_eq!(get(&ada, &request)["state"], "closed");
}

/// Every operation about requests answers what the document says.
#[test]
fn the_document_describes_the_operations_about_requests() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let api = Api::new(&server);
    common::requests::call_all(&api);
}

#[test]
fn who_was_blocked_has_no_say() {
    let world = World::new();
    world.person("bob");
    let ada = places(&world, &[("bob", "writer")]);
    let (root, bob) = (world.signed_in("root"), world.signed_in("bob"));
    good(ada.json("PUT", &format!("{D}/protections/main"), json!({ "approvals": 1 })));
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "next" })));
    good(commit(&ada, D, "next", json!([update(1, json!({ "name": "Kristiania" }))])));
    let request = propose(&ada, json!({ "title": "Next", "source_branch": "next" }));
    let say = |verdict: &str| good(bob.json("POST", &format!("{request}/reviews"), json!({ "verdict": verdict })));
    let block = |to: &str| assert_eq!(root.form("/account/people/bob/blocked", &[("to", to)]).status, 303);
    let blocks = || get(&ada, &request)["blocks"].as_array().map_or(0, Vec::len);

    say("approve");
    assert_eq!(blocks(), 0);
    block("yes");
    assert_eq!(blocks(), 1, "nobody who is still there has approved");
    assert_eq!(ada.json("POST", &format!("{request}/merge"), json!({})).status, 409);
    assert_eq!(ada.json("PATCH", &request, json!({ "reviewers": ["bob"] })).status, 422);
    block("no");
    assert_eq!(blocks(), 0);
}

#[test]
fn rules_of_branches_that_are_set_at_the_same_time_are_all_in_force() {
    const MANY: usize = 8;
    let world = World::new();
    let ada = places(&world, &[]);
    let branches: Vec<String> = (0..MANY).map(|number| format!("release-{number}")).collect();
    for name in &branches {
        good(ada.json("POST", &format!("{D}/branches"), json!({ "name": name })));
    }
    let protect = |name: &str| {
        let rule = json!({ "request_required": true });
        good(ada.json("PUT", &format!("{D}/protections/{name}"), rule));
    };
    std::thread::scope(|scope| {
        for name in &branches {
            scope.spawn(|| protect(name));
        }
    });
    let listed = get(&ada, &format!("{D}/protections"));
    let listed: Vec<&str> =
        listed["items"].as_array().expect("a list").iter().filter_map(|rule| rule["branch"].as_str()).collect();
    assert_eq!(listed, branches);
}

fn page(client: &Client<'_>, path: &str) -> String {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// A branch `work` on which Oslo has another name, offered.
fn offered(ada: &Client<'_>) -> String {
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    let changes = json!([update(1, json!({ "name": "Kristiania" })), update(2, json!({ "people": 300_000 }))]);
    good(commit(ada, D, "work", changes));
    propose(ada, json!({ "title": "Work", "source_branch": "work" }))
}

const PAGE: &str = "/ada/places/requests/1";
const TABS: [&str; 5] = ["", "/commits", "/changes", "/conflicts", "/checks"];

#[test]
fn what_is_said_stands_below_its_row_and_is_outdated_with_it() {
    let world = World::new();
    let ada = places(&world, &[]);
    let request = offered(&ada);
    let say = |body: Value| {
        let said = good(ada.json("POST", &format!("{request}/comments"), body));
        said["id"].as_str().expect("an id").to_owned()
    };
    let row = say(json!({ "text": "Is it <b>one</b> town?", "table": "cities", "key": "1" }));
    say(json!({ "text": "So many?", "table": "cities", "key": "2", "column": "people" }));
    say(json!({ "text": "And this one?", "table": "cities", "key": "3" }));
    let changes = format!("{PAGE}/changes");
    let html = page(&ada, &changes);
    for part in [
        "aria-label=\"1 open thread on row 1\"",
        "aria-label=\"1 open thread on people of row 2\"",
        "aria-label=\"What was said about row 1\"",
        "1 open thread is about rows that are not on this page",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let [first, said, second] =
        ["id=\"change-1\"", "town?", "id=\"change-2\""].map(|part| html.find(part).unwrap_or_else(|| panic!("{part}")));
    assert!(first < said && said < second, "it stands below its row");
    assert!(!html.contains("<b>one</b>"), "{html}");
    let added = page(&ada, &format!("{changes}?kind=added"));
    assert!(added.contains("3 open threads are about rows that are not on this page"), "{added}");

    // Answered and settled there; what can't be is told there, with what was typed.
    let place = "on=changes&kind=changed&column=name";
    let reply = format!("reply-{row}");
    let answer = |text: &str| ada.form(&format!("{PAGE}/comments?{place}"), &[("reply_to", &row), (&reply, text)]);
    let refused = answer(" ");
    assert!(refused.status == 422 && refused.body.contains("Say something."), "{}", refused.body);
    assert!(refused.body.contains("data--diff") && !refused.body.contains("id=\"change-2\""), "{}", refused.body);
    let answered = answer("It is.");
    assert_eq!(answered.status, 303, "{}", answered.body);
    let led = answered.header("location").to_owned();
    assert!(led.starts_with(&format!("{changes}?kind=changed&column=name#entry-")), "{led}");
    assert!(page(&ada, &changes).contains("It is."));
    let settled = ada.form(&format!("{PAGE}/settle?{place}"), &[("entry", &row), ("settled", "true")]);
    assert_eq!(settled.header("location"), format!("{changes}?kind=changed&column=name#entry-{row}"));
    let html = page(&ada, &changes);
    assert!(html.contains("Settled by ada: show it") && !html.contains("open thread on row 1\""), "{html}");
    let wrong = ada.form(&format!("{PAGE}/comments?on=changes&kind=moved"), &[("reply_to", &row), (&reply, "x")]);
    assert_eq!(wrong.status, 404);
    // A comment from the page leads back to the row.
    let html = page(&ada, &changes);
    let field = html.split("name=\"about\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
    let fields = ["key", "column", "text"].map(|what| format!("{what}-{field}"));
    let made = ada.form(
        &format!("{PAGE}/comments?on=changes"),
        &[("about", field), ("table", "cities"), (&fields[0], "2"), (&fields[1], ""), (&fields[2], "All of it.")],
    );
    let led = made.header("location");
    assert!(led.starts_with(&format!("{changes}?said=")) && led.contains("#entry-"), "{led}");
    assert!(page(&ada, &changes).contains("All of it."));

    // What the row is now against what it was when that was said.
    let outdated = || {
        let said = get(&ada, &format!("{request}/comments"));
        let items = said["items"].as_array().expect("a list");
        items.iter().filter(|item| item["outdated"] == true).filter_map(|item| item["key"].as_str()).collect::<String>()
    };
    let change = |operation: Value| good(commit(&ada, D, "work", json!([operation])));
    assert_eq!(outdated(), "");
    change(update(3, json!({ "people": 7_001 })));
    assert_eq!(outdated(), "3");
    change(update(1, json!({ "people": 5 })));
    assert_eq!(outdated(), "13");
    for path in [PAGE, &changes] {
        let html = page(&ada, path);
        assert!(html.contains("The row is not what it was then:") && html.contains(">people<"), "{path}: {html}");
    }
    change(update(3, json!({ "people": 7_000 })));
    assert_eq!(outdated(), "1");
    // An empty column makes no other row of it.
    change(json!({ "op": "add_column", "table": "cities", "column": { "name": "river", "type": "text" } }));
    assert_eq!(outdated(), "1");
    change(json!({ "op": "delete", "table": "cities", "key": 1 }));
    assert_eq!(outdated(), "1");
    assert!(page(&ada, &changes).contains("The row is gone."));
    good(ada.json("POST", &format!("{request}/merge"), json!({})));
    assert!(page(&ada, &changes).contains("The row is gone."), "what was merged shows what was said");
}

#[test]
fn a_request_whose_branch_is_gone_says_so_everywhere_and_brings_it_back() {
    let world = World::new();
    let bob = world.person("bob");
    let ada = places(&world, &[("bob", "reader")]);
    let request = offered(&ada);
    let head = get(&ada, &request)["head"].clone();
    for rest in TABS {
        assert!(!page(&ada, &format!("{PAGE}{rest}")).contains("is gone"), "{rest}");
    }
    good(ada.call("DELETE", &format!("/api/v1{D}/branches/work"), "", None));
    for rest in TABS {
        let html = page(&ada, &format!("{PAGE}{rest}"));
        for part in ["The branch “work” is gone.", "Bring work back", "Close the request"] {
            assert!(html.contains(part), "{rest}: {part}: {html}");
        }
        assert!(!html.contains("/at/work"), "nothing leads to it: {html}");
        let html = page(&bob, &format!("{PAGE}{rest}"));
        assert!(html.contains("The branch “work” is gone.") && html.contains("can close it"), "{rest}: {html}");
        assert!(!html.contains("Bring work back") && !html.contains("Close the request"), "{rest}: {html}");
    }
    let refused = ada.json("POST", &format!("{request}/merge"), json!({}));
    assert!(refused.status == 409 && refused.body.contains("The branch “work” is gone."), "{}", refused.body);
    let refused = ada.form(&format!("{PAGE}/merge"), &[("merging", "1")]);
    assert!(refused.status == 409 && refused.body.contains("There is nothing to merge."), "{}", refused.body);
    assert_eq!(get(&ada, &request)["blocks"], json!(["The branch “work” is gone."]));
    assert_eq!(bob.form(&format!("{PAGE}/branch"), &[]).status, 403);
    assert_eq!(world.stranger().form(&format!("{PAGE}/branch"), &[]).status, 404);
    assert!(page(&ada, PAGE).contains("deleted the branch work, which was at "));

    assert_eq!(ada.form(&format!("{PAGE}/branch"), &[]).header("location"), PAGE);
    let view = get(&ada, &request);
    assert_eq!((&view["head"], view["standing"].as_str(), &view["blocks"]), (&head, Some("clean"), &json!([])));
    assert!(page(&ada, PAGE).contains("brought the branch work back"));
    assert_eq!(ada.form(&format!("{PAGE}/branch"), &[]).status, 409, "it is there");

    // Of a fork, who may write to the fork can.
    good(bob.json("POST", &format!("{D}/forks"), json!({ "name": "places" })));
    const FORK: &str = "/datasets/bob/places";
    good(bob.json("POST", &format!("{FORK}/branches"), json!({ "name": "side" })));
    good(commit(&bob, FORK, "side", json!([update(3, json!({ "name": "Odda town" }))])));
    propose(&bob, json!({ "title": "Side", "source": "bob/places", "source_branch": "side" }));
    good(bob.call("DELETE", &format!("/api/v1{FORK}/branches/side"), "", None));
    let second = "/ada/places/requests/2";
    assert!(!page(&ada, second).contains("Bring side back"), "it is Bob's fork");
    assert_eq!(ada.form(&format!("{second}/branch"), &[]).status, 403);
    assert!(page(&bob, second).contains("Bring side back"));
    assert_eq!(bob.form(&format!("{second}/branch"), &[]).status, 303);
    assert!(!page(&ada, second).contains("is gone."));
    good(bob.call("DELETE", &format!("/api/v1{FORK}"), "", None));
    assert!(page(&ada, second).contains("The dataset with the branch “side” is gone."));

    // The other branch, and what is closed.
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "next" })));
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "later" })));
    good(commit(&ada, D, "later", json!([update(3, json!({ "name": "Odda" , "people": 1 }))])));
    let third = json!({ "title": "Later", "source_branch": "later", "target_branch": "next" });
    let third = propose(&ada, third);
    good(ada.call("DELETE", &format!("/api/v1{D}/branches/next"), "", None));
    let refused = ada.json("POST", &format!("{third}/merge"), json!({}));
    assert!(refused.status == 409 && refused.body.contains("“next”, which would get"), "{}", refused.body);
    assert_eq!(ada.form("/ada/places/requests/3", &[("state", "closed")]).status, 303);
    assert!(!page(&ada, "/ada/places/requests/3").contains("which would get"));
}

#[test]
fn a_request_is_opened_with_labels_and_reviewers() {
    let world = World::new();
    let bob = world.person("bob");
    let ada = places(&world, &[("bob", "commenter")]);
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    good(commit(&ada, D, "work", json!([update(1, json!({ "name": "Kristiania" }))])));
    let typed = [
        ("title", "The old name"),
        ("text", "As it was."),
        ("source_branch", "work"),
        ("target_branch", "main"),
        ("labels", "names, <b>"),
        ("reviewers", "bob, nobody"),
    ];
    assert!(page(&ada, "/ada/places/requests/new").contains("name=\"reviewers\""));
    let refused = ada.form("/ada/places/requests", &typed);
    assert!(refused.status == 422 && refused.body.contains("“nobody” has no account here"), "{}", refused.body);
    for kept in ["value=\"The old name\"", "As it was.", "value=\"names, &lt;b&gt;\"", "value=\"bob, nobody\""] {
        assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
    }
    let body = json!({ "title": "T", "source_branch": "work", "labels": ["x".repeat(65)] });
    assert_eq!(ada.json("POST", &format!("{D}/merge-requests"), body).status, 422);
    let mut fields = typed;
    fields[5].1 = "bob";
    assert_eq!(ada.form("/ada/places/requests", &fields).header("location"), PAGE);
    let view = get(&ada, &format!("{D}/merge-requests/1"));
    assert_eq!((&view["labels"], &view["reviewers"]), (&json!(["names", "<b>"]), &json!(["bob"])));
    // He is told once.
    let notices = get(&bob, "/me/notices");
    let told = notices["items"].as_array().expect("a list").iter().filter(|notice| notice["reason"] != "access");
    let told: Vec<_> = told.map(|notice| (&notice["reason"], &notice["times"])).collect();
    assert_eq!(told, [(&json!("review-asked"), &json!(1))], "{notices}");

    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "more" })));
    good(commit(&ada, D, "more", json!([update(2, json!({ "name": "Bjørgvin" }))])));
    let body = json!({ "title": "More", "source_branch": "more", "labels": ["names"], "reviewers": ["bob"] });
    let opened = good(ada.json("POST", &format!("{D}/merge-requests"), body));
    assert_eq!((&opened["labels"], &opened["reviewers"]), (&json!(["names"]), &json!(["bob"])));
}

/// What the tabs of a request say, as text.
fn tabs(client: &Client<'_>, path: &str) -> String {
    let html = page(client, path);
    let nav = html.split("aria-label=\"Merge request\"").nth(1).and_then(|rest| rest.split("</nav>").next());
    let text = nav.expect("tabs").split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    text.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn all_tabs_count_the_same() {
    let world = World::new();
    let ada = places(&world, &[]);
    let request = offered(&ada);
    let expect = |counts: &str| {
        for rest in TABS {
            assert_eq!(tabs(&ada, &format!("{PAGE}{rest}")), counts, "{rest}");
        }
    };
    expect("Conversation 0 Commits 1 Changes 1 Conflicts 0 Checks 0");
    good(ada.json("POST", &format!("{request}/comments"), json!({ "text": "Hm." })));
    // What happens is not said.
    good(ada.json("PATCH", &request, json!({ "title": "Works" })));
    good(commit(&ada, D, "main", json!([update(1, json!({ "name": "Christiania" }))])));
    expect("Conversation 1 Commits 1 Changes 1 Conflicts 1 Checks 0");
    let conflict = get(&ada, &format!("{request}/conflicts"))["items"][0]["id"].clone();
    let decision = json!([{ "conflict": conflict, "choice": "theirs" }]);
    good(ada.json("POST", &format!("{request}/resolutions"), decision));
    expect("Conversation 1 Commits 1 Changes 1 Conflicts 0 Checks 0");

    // What other systems say counts where it warns or is waited for.
    let head = get(&ada, &request)["head"].clone();
    let say = |context: &str, state: &str| {
        let body = json!({ "commit": head, "context": context, "state": state });
        good(ada.json("POST", &format!("{D}/statuses"), body));
    };
    say("lint", "failure");
    say("totals", "pending");
    expect("Conversation 1 Commits 1 Changes 1 Conflicts 0 Checks 1");
    good(ada.json("PUT", &format!("{D}/protections/main"), json!({ "checks": ["totals", "lint", "other"] })));
    expect("Conversation 1 Commits 1 Changes 1 Conflicts 0 Checks 3");
    let check = json!({ "op": "set_check", "table": "cities", "check": "big", "filter": "people > 100", "severity": "warning" });
    good(ada.call("DELETE", &format!("/api/v1{D}/protections/main"), "", None));
    good(commit(&ada, D, "main", json!([check])));
    say("lint", "success");
    // The row that the request changes meets the check of the branch.
    let checks = get(&ada, &format!("{request}/checks"));
    let warnings = checks["warnings"].as_u64().expect("a number");
    expect(&format!("Conversation 1 Commits 1 Changes 1 Conflicts 0 Checks {warnings}"));
    good(ada.json("POST", &format!("{request}/merge"), json!({})));
    for rest in ["", "/commits", "/changes", "/checks"] {
        let shown = tabs(&ada, &format!("{PAGE}{rest}"));
        assert_eq!(shown, "Conversation 1 Commits 1 Changes 1 Checks 0", "{rest}");
    }
}
