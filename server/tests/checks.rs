//! Checks of tables, and statuses of commits, over HTTP: set, met by commits, drafts, imports and merges, told on pages, and
//! asked for by the rules of branches.

mod common;

use common::{
    Answer, encode,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/ada/places";
const CHECKS: &str = "/ada/places/tables/cities/checks";

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn get(client: &Client<'_>, path: &str) -> Value {
    good(client.get(&format!("/api/v1{path}")))
}

fn page(client: &Client<'_>, path: &str) -> String {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn commit(client: &Client<'_>, branch: &str, operations: Value) -> Answer {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    client.json("POST", &format!("{D}/commits"), body)
}

fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let problem = answer.json();
    let errors = problem["errors"].as_array().expect("errors");
    let told = |error: &Value| {
        let [pointer, detail] = [&error["pointer"], &error["detail"]].map(|text| text.as_str().unwrap_or_default());
        format!("{pointer}: {detail}")
    };
    errors.iter().map(told).collect::<Vec<_>>().join("; ")
}

fn insert(id: u64, name: &str, people: u64) -> Value {
    json!({ "op": "insert", "table": "cities", "values": { "id": id, "name": name, "people": people } })
}

fn update(id: u64, values: Value) -> Value {
    json!({ "op": "update", "table": "cities", "key": id, "values": values })
}

fn set(check: &str, filter: &str, severity: &str) -> Value {
    json!({ "op": "set_check", "table": "cities", "check": check, "filter": filter, "severity": severity })
}

/// Ada's dataset with a table of two rows; the others are writers of it.
fn places<'w>(world: &'w World, others: &[&str]) -> Client<'w> {
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let operations = json!([
        { "op": "add_column", "table": "cities", "column": { "name": "people", "type": "integer" } },
        insert(2, "Bergen", 291_940),
    ]);
    good(commit(&ada, "main", operations));
    for name in others {
        assert_eq!(ada.form("/ada/places/people", &[("name", name), ("role", "writer")]).status, 303);
    }
    ada
}

#[test]
fn a_check_is_part_of_the_data() {
    let world = World::new();
    let ada = places(&world, &[]);
    let refuse = |operation: Value| refused(&commit(&ada, "main", json!([operation])));
    assert_eq!(
        refuse(set("few", "peeple < 1", "error")),
        "/operations/0/filter: At character 1: there is no column “peeple”; perhaps “people” is meant."
    );
    assert_eq!(
        refuse(json!({ "op": "set_check", "table": "cities", "check": "few" })),
        "/operations/0/filter: Say which rows there must not be."
    );
    assert!(refuse(set("", "people < 1", "error")).starts_with("/operations/0/check: "));
    assert_eq!(
        refuse(set("many", "people > 200000", "error")),
        "/operations/0: 1 cells or rows of “cities” stand against it: row 2: it meets the check “many”."
    );
    good(commit(&ada, "main", json!([set("few", "people < 1", "error"), set("many", "people>200000", "warning")])));
    let checks = || get(&ada, &format!("{D}/tables/cities"))["checks"].clone();
    let few = json!({ "name": "few", "filter": "people < 1", "severity": "error", "message": "" });
    assert!(checks().as_array().is_some_and(|checks| checks.len() == 2 && checks.contains(&few)), "{}", checks());

    // It follows its column, which can't be dropped.
    let rename = json!({ "op": "rename_column", "table": "cities", "column": "people", "name": "in all" });
    let drop = json!({ "op": "drop_column", "table": "cities", "column": "in all" });
    good(commit(&ada, "main", json!([rename])));
    assert!(checks().to_string().contains("[in all] < 1"), "{}", checks());
    let told = refuse(drop);
    assert!(told.contains("checks ask for “in all”") && told.contains("few"), "{told}");

    // Its history is the data's.
    let change = json!({ "op": "set_check", "table": "cities", "check": "few", "name": "nobody", "message": "Who lives there?" });
    let made = good(commit(&ada, "main", json!([change])));
    let hash = made["commit"].as_str().expect("a commit");
    let told = page(&ada, &format!("/ada/places/commits/{hash}"));
    assert!(told.contains("Check “few”: renamed to “nobody”; message none became “Who lives there?”"), "{told}");
    good(commit(&ada, "main", json!([{ "op": "drop_check", "table": "cities", "check": "nobody" }])));
    assert_eq!(checks().as_array().map(Vec::len), Some(1));
    assert!(refuse(json!({ "op": "drop_check", "table": "cities", "check": "nobody" })).contains("There is no check"));
}

#[test]
fn an_error_stops_a_change_and_a_warning_is_told() {
    let world = World::new();
    let ada = places(&world, &[]);
    let errors = set("nobody", "people < 1", "error");
    good(commit(&ada, "main", json!([errors, set("small", "people < 1000", "warning")])));
    let told = refused(&commit(&ada, "main", json!([insert(3, "Nowhere", 0), insert(4, "Odda", 7_000)])));
    assert_eq!(told, "/message: Row 3 meets the check “nobody”");
    let made = good(commit(&ada, "main", json!([insert(3, "Utsira", 200), insert(4, "Odda", 7_000)])));
    let hash = made["commit"].as_str().expect("a commit").to_owned();
    let told = page(&ada, &format!("/ada/places/commits/{hash}"));
    assert!(told.contains("1 warning") && told.contains("Row 3 meets the check “small”"), "{told}");
    // What met it before is not told again.
    let made = good(commit(&ada, "main", json!([update(3, json!({ "name": "Utsire" }))])));
    let later = made["commit"].as_str().expect("a commit");
    assert!(!page(&ada, &format!("/ada/places/commits/{later}")).contains("meets the check"));

    // An import is held to it as well.
    let body = "id,name,people\n5,Ghost town,0\n";
    let path = "/api/v1/datasets/ada/places/imports?table=cities&mode=append";
    let import = ada.call("POST", path, "text/csv", Some(body));
    assert!(import.status < 300, "{}", import.body);
    let job = import.json()["id"].as_str().expect("a job").to_owned();
    let done = loop {
        let job = get(&ada, &format!("/jobs/{job}"));
        if !matches!(job["state"].as_str(), Some("running")) {
            break job;
        }
    };
    assert_eq!(done["state"], "failed", "{done}");
    assert!(done.to_string().contains("Row 5 meets the check “nobody”"), "{done}");

    // In a draft, both are told before it is committed.
    let new_row = |id: &str, people: &str| {
        let columns = get(&ada, &format!("{D}/tables/cities"))["columns"].clone();
        let field = |name: &str| {
            let column = columns.as_array().expect("columns").iter().find(|column| column["name"] == name);
            column.expect("a column")["id"].as_str().expect("an id").to_owned()
        };
        let fields = [(field("id"), id), (field("name"), "X"), (field("people"), people)];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let saved = ada.form("/ada/places/tables/cities/new-row", &fields);
        assert_eq!(saved.status, 303, "{}", saved.body);
    };
    new_row("7", "0");
    new_row("8", "999");
    let draft = page(&ada, "/ada/places/draft");
    // The row that nobody lives in is small as well.
    for words in ["1 error, 2 warnings", "Row 7 meets the check “nobody”", "Row 8 meets the check “small”"] {
        assert!(draft.contains(words), "{words} in {draft}");
    }
    let revision = draft.split("name=\"revision\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let fields = [("message", "More"), ("revision", revision.expect("a revision"))];
    let refused = ada.form("/ada/places/draft/commit", &fields);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Row 7 meets the check “nobody”"), "{}", refused.body);
}

#[test]
fn the_page_of_checks_sets_and_drops_them() {
    let world = World::new();
    let bob = world.person("bob");
    let ada = places(&world, &["bob"]);
    assert!(page(&ada, CHECKS).contains("The table has no checks."));
    let typed = |filter: &'static str, old: &'static str| {
        let fields = [
            ("old", old),
            ("name", "small"),
            ("filter", filter),
            ("severity", "warning"),
            ("message", "Is it a city?"),
        ];
        ada.form(CHECKS, &fields)
    };
    let refused = typed("people <", "");
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("At character 9: expected a value"), "{}", refused.body);
    assert!(refused.body.contains("value=\"small\"") && refused.body.contains("Is it a city?"), "{}", refused.body);
    assert_eq!(typed("people < 300000", "").header("location"), CHECKS);
    let shown = page(&ada, CHECKS);
    assert!(shown.contains("people &lt; 300000") || shown.contains("people < 300000"), "{shown}");
    // Who meets it: the table, filtered.
    let found = page(&ada, &format!("/ada/places/tables/cities?filter={}", encode("people < 300000")));
    assert!(found.contains("1 of 2 rows"), "{found}");
    // Another page's check of the name is not silently changed.
    assert_eq!(typed("people < 5", "small").status, 303);
    let edit = page(&ada, &format!("{CHECKS}?edit=small"));
    assert!(edit.contains("Change “small”"), "{edit}");
    let refused = ada.form(CHECKS, &[("name", "odd"), ("filter", "people > 1"), ("severity", "error")]);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("row 2: it meets the check “odd”"), "{}", refused.body);
    // A branch that only requests change says so.
    good(ada.json("PUT", &format!("{D}/protections/main"), json!({ "request_required": true })));
    let refused = bob.form(CHECKS, &[("drop", "small")]);
    assert!(refused.status == 409 && refused.body.contains("protected"), "{}", refused.body);
    good(ada.json("DELETE", &format!("{D}/protections/main"), Value::Null));
    assert_eq!(bob.form(CHECKS, &[("drop", "small")]).status, 303);
    assert!(page(&ada, CHECKS).contains("The table has no checks."));
    // Nobody else knows of it.
    for client in [world.person("carol"), world.stranger()] {
        assert_eq!(client.get(CHECKS).status, 404);
    }
}

#[test]
fn a_request_tells_what_it_would_break_and_waits_for_statuses() {
    let world = World::new();
    let bob = world.person("bob");
    let ada = places(&world, &["bob"]);
    good(bob.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    good(commit(&ada, "main", json!([set("nobody", "people < 1", "error"), set("small", "people < 1000", "warning")])));
    // The branch does not have the checks: nothing stops it there.
    good(commit(&bob, "work", json!([insert(3, "Nowhere", 0), insert(4, "Utsira", 200)])));
    let opened =
        good(bob.json("POST", &format!("{D}/merge-requests"), json!({ "title": "More", "source_branch": "work" })));
    let request = format!("{D}/merge-requests/{}", opened["number"]);
    let checks = get(&ada, &format!("{request}/checks"));
    assert_eq!((&checks["errors"], &checks["warnings"]), (&json!(1), &json!(0)), "{checks}");
    assert_eq!(checks["findings"][0]["message"], "Row 3 meets the check “nobody”");
    assert_eq!((&checks["findings"][0]["keys"], &checks["findings"][0]["table"]), (&json!(["3"]), &json!("cities")));
    let shown = page(&ada, "/ada/places/requests/1/checks");
    assert!(shown.contains("Row 3 meets the check “nobody”"), "{shown}");
    let conflicts = get(&ada, &format!("{request}/conflicts"));
    let violation = &conflicts["violations"][0];
    assert_eq!(violation["rule"], "check", "{conflicts}");
    let mend =
        json!([{ "violation": violation["id"], "rows": [{ "table": "cities", "key": "3", "set": { "people": 5 } }] }]);
    good(ada.json("POST", &format!("{request}/resolutions"), mend));
    let checks = get(&ada, &format!("{request}/checks"));
    assert_eq!((&checks["errors"], &checks["warnings"]), (&json!(0), &json!(2)), "{checks}");

    // What the branch asks for.
    let rule = json!({ "checks": [" ci/totals ", "ci/totals"], "warnings_block": true });
    good(ada.json("PUT", &format!("{D}/protections/main"), rule));
    let kept = get(&ada, &format!("{D}/protections"))["items"][0].clone();
    assert_eq!((&kept["checks"], &kept["warnings_block"]), (&json!(["ci/totals"]), &json!(true)));
    let blocks = || get(&ada, &request)["blocks"].clone();
    assert_eq!(
        blocks(),
        json!([
            "“main” asks that “ci/totals” succeeds: nothing was said about it yet.",
            "“main” lets no warnings pass: merging would bring 2 warnings.",
        ])
    );
    assert_eq!(ada.json("POST", &format!("{request}/merge"), json!({})).status, 409);
    good(ada.json("PUT", &format!("{D}/protections/main"), json!({ "checks": ["ci/totals"] })));
    let head = get(&ada, &request)["head"].as_str().expect("a head").to_owned();
    let say = |client: &Client<'_>, state: &str| {
        let url = "https://ci.example/runs/1?a=<b>";
        let body =
            json!({ "commit": head, "context": "ci/totals", "state": state, "description": "3 of <4>", "url": url });
        client.json("POST", &format!("{D}/statuses"), body)
    };
    good(say(&bob, "pending"));
    assert!(blocks().to_string().contains("it is pending"), "{}", blocks());
    good(say(&bob, "failure"));
    assert!(blocks().to_string().contains("it failed"), "{}", blocks());
    let shown = page(&ada, "/ada/places/requests/1/checks");
    assert!(shown.contains("rel=\"nofollow noopener\""), "{shown}");
    assert!(shown.contains("3 of &lt;4&gt;") && !shown.contains("<4>"), "{shown}");
    good(say(&bob, "success"));
    assert_eq!(blocks(), json!([]));
    // What is offered later was not looked at.
    good(commit(&bob, "work", json!([update(4, json!({ "name": "Utsire" }))])));
    assert!(blocks().to_string().contains("nothing was said about it yet"));
    let head = get(&ada, &request)["head"].as_str().expect("a head").to_owned();
    let body = json!({ "commit": &head[..10], "context": "ci/totals", "state": "success" });
    assert_eq!(good(bob.json("POST", &format!("{D}/statuses"), body))["commit"], head.as_str());
    let merged = good(ada.json("POST", &format!("{request}/merge"), json!({})));
    let hash = merged["commit"].as_str().expect("a commit");
    assert!(page(&ada, &format!("/ada/places/commits/{hash}")).contains("2 warnings"));
    assert!(page(&ada, &format!("/ada/places/commits/{head}")).contains("ci/totals"));
}

#[test]
fn statuses_are_for_writers_and_say_what_they_may() {
    let world = World::new();
    let (bob, carol) = (world.person("bob"), world.person("carol"));
    let ada = places(&world, &["bob"]);
    assert_eq!(ada.form("/ada/places/people", &[("name", "carol"), ("role", "reader")]).status, 303);
    let head = get(&ada, D)["head"].as_str().expect("a head").to_owned();
    let say = |client: &Client<'_>, change: Value| {
        let mut body = json!({ "commit": head, "context": "ci", "state": "success" });
        body.as_object_mut().expect("an object").extend(change.as_object().cloned().expect("an object"));
        client.json("POST", &format!("{D}/statuses"), body)
    };
    good(say(&bob, json!({})));
    assert_eq!(say(&carol, json!({})).status, 403);
    // Who may not read the dataset does not learn that it is there.
    for client in [world.stranger(), world.person("dave")] {
        assert_eq!(say(&client, json!({})).status, 404);
    }
    for (change, pointer) in [
        (json!({ "state": "fine" }), "/state"),
        (json!({ "context": " " }), "/context"),
        (json!({ "context": "x".repeat(101) }), "/context"),
        (json!({ "url": "javascript:alert(1)" }), "/url"),
        (json!({ "description": "x".repeat(501) }), "/description"),
    ] {
        let told = refused(&say(&ada, change.clone()));
        assert!(told.starts_with(pointer), "{change}: {told}");
    }
    assert_eq!(say(&ada, json!({ "commit": "0".repeat(64) })).status, 404);
    // Readers see them.
    let listed = get(&carol, &format!("{D}/statuses?commit={head}"));
    assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["author"]), (Some(1), &json!("bob")));
    // A token that may only read says nothing.
    let token = good(bob.json("POST", "/tokens", json!({ "name": "t", "scope": "read" })));
    let program = Client {
        server: &world.server,
        header: Some(("authorization", format!("Bearer {}", token["text"].as_str().expect("a token")))),
    };
    assert_eq!(say(&program, json!({})).status, 403);
    get(&program, &format!("{D}/statuses?commit={head}"));
}

#[test]
fn of_thousands_of_findings_the_first_are_told_and_the_others_counted() {
    let world = World::new();
    let ada = places(&world, &[]);
    good(commit(&ada, "main", json!([set("few", "people < 10", "warning")])));
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work", "from": "main" })));
    let rows: Vec<Value> = (10..5_010).map(|id| insert(id, "Hamlet", 1)).collect();
    let made = good(commit(&ada, "work", Value::Array(rows)));
    let hash = made["commit"].as_str().expect("a commit");
    let shown = page(&ada, &format!("/ada/places/commits/{hash}"));
    assert!(shown.contains("5,000 warnings") && shown.contains("And 4,900 more."), "{shown}");
    let checks = format!("/ada/places/at/{hash}/tables/cities/checks");
    assert!(shown.contains(&format!("href=\"{checks}\"")), "{shown}");
    assert!(page(&ada, &checks).contains("Who meets this?"));
    assert!(shown.len() < 400_000, "{}", shown.len());

    let offer = json!({ "title": "Hamlets", "source_branch": "work", "target_branch": "main" });
    good(ada.json("POST", &format!("{D}/merge-requests"), offer));
    let request = format!("{D}/merge-requests/1");
    let told = get(&ada, &format!("{request}/checks"));
    assert_eq!((&told["warnings"], told["findings"].as_array().map(Vec::len)), (&json!(5_000), Some(100)));
    let shown = page(&ada, "/ada/places/requests/1/checks");
    assert!(shown.contains("And 4,900 more."), "{shown}");
    assert!(shown.len() < 100_000, "{}", shown.len());

    // Errors are refused with the first of them.
    let strict = json!([set("few", "people < 10", "error")]);
    let told = refused(&commit(&ada, "work", strict));
    assert!(told.contains("5000 cells or rows") && told.len() < 10_000, "{told}");
    good(commit(&ada, "main", json!([set("few", "people < 10", "error")])));
    let rows: Vec<Value> = (10..5_010).map(|id| insert(id, "Hamlet", 1)).collect();
    let told = refused(&commit(&ada, "main", Value::Array(rows)));
    assert!(told.contains("more of the kind") && told.len() < 10_000, "{}", told.len());
    let stats = ada.json("POST", &format!("{request}/merge"), json!({}));
    assert_eq!(stats.status, 409, "{}", stats.body);
    assert!(stats.body.len() < 1_000_000, "{}", stats.body.len());
    let shown = page(&ada, "/ada/places/requests/1/conflicts");
    assert!(shown.len() < 1_000_000, "{}", shown.len());
}
