//! The REST API as programs meet it: the real binary, and every answer held against the document.

mod common;

use std::collections::BTreeSet;

use common::{
    Answer, Server,
    api::{Api, METHODS},
    encode, field,
    people::Client,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const D: &str = "/datasets/local/places";

fn server() -> (TempDir, Server) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    (dir, server)
}

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    answer.json()
}

fn columns() -> Value {
    json!([
        { "name": "id", "type": "integer" },
        { "name": "name", "type": "text" },
        { "name": "population", "type": "integer", "minimum": 0 },
        { "name": "price", "type": "decimal" },
        { "name": "tags", "type": "tags" },
    ])
}

fn row(id: u64, name: &str, population: u64) -> Value {
    json!({ "op": "insert", "table": "cities", "values": { "id": id, "name": name, "population": population } })
}

fn update(id: u64, values: Value) -> Value {
    json!({ "op": "update", "table": "cities", "key": id, "values": values })
}

/// A dataset with one table of three rows; the head.
fn with_cities(api: &Api<'_>) -> String {
    good(api.post("/datasets", json!({ "name": "places", "title": "Places" })));
    let rows = [row(1, "Oslo", 709_037), row(2, "Bergen", 291_940), row(3, "Århus", 285_273)];
    let mut operations =
        vec![json!({ "op": "create_table", "name": "cities", "columns": columns(), "primary_key": ["id"] })];
    operations.extend(rows);
    commit(api, "main", operations)
}

fn commit(api: &Api<'_>, branch: &str, operations: Vec<Value>) -> String {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    let made = good(api.post(&format!("{D}/commits"), body));
    assert_eq!(made["changed"], true);
    made["commit"].as_str().expect("a commit").to_owned()
}

fn rows(api: &Api<'_>, query: &str) -> Value {
    good(api.get(&format!("{D}/tables/cities/rows{query}")))
}

fn wait(api: &Api<'_>, started: &Value) -> Value {
    let id = started["id"].as_str().expect("an id");
    loop {
        let job = good(api.get(&format!("/jobs/{id}")));
        if job["state"] != "running" {
            return job;
        }
    }
}

#[test]
fn each_operation_of_the_document_is_called_and_its_answer_fits() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    assert_eq!(good(api.get("/datasets"))["items"][0]["name"], "places");
    let dataset = good(api.get(D));
    assert_eq!(dataset["head"], first.as_str());
    assert_eq!(dataset["tables"][0]["rows"], 3);

    // Branches and tags.
    good(api.post(&format!("{D}/branches"), json!({ "name": "feature/x" })));
    good(api.post(&format!("{D}/tags"), json!({ "name": "v1", "from": first })));
    let second = commit(&api, "feature/x", vec![update(1, json!({ "name": "Kristiania", "price": "12.50" }))]);
    let branches = good(api.get(&format!("{D}/branches")));
    assert_eq!(branches["items"][1]["ahead"], 1);
    assert_eq!(good(api.get(&format!("{D}/tags")))["items"][0]["head"]["hash"], first.as_str());

    // Tables.
    let new = json!({ "name": "notes", "columns": [{ "name": "text", "type": "text" }], "branch": "feature/x" });
    assert_eq!(api.post(&format!("{D}/tables"), new).status, 201);
    let renamed = json!({ "name": "remarks", "description": "What people say.", "branch": "feature/x" });
    assert_eq!(api.call("PATCH", &format!("{D}/tables/notes"), &[], Some(renamed)).status, 201);
    let remarks = good(api.get(&format!("{D}/tables/remarks?ref=feature/x")));
    assert_eq!(
        (remarks["description"].as_str(), remarks["generated_key"].as_bool()),
        (Some("What people say."), Some(true))
    );
    assert_eq!(good(api.get(&format!("{D}/tables?ref=feature/x")))["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(api.call("DELETE", &format!("{D}/tables/remarks?branch=feature/x"), &[], None).status, 201);

    // Rows.
    let page = rows(&api, "?ref=feature/x&limit=2&columns=id,name,price");
    assert_eq!(page["items"][0], json!({ "id": 1, "name": "Kristiania", "price": "12.5" }));
    assert_eq!(page["total"], 3);
    assert_eq!(good(api.get(&format!("{D}/tables/cities/rows/3")))["name"], "Århus");
    let history = good(api.get(&format!("{D}/tables/cities/rows/1/history?ref=feature/x")));
    assert_eq!(history["items"][0]["cells"], json!(["name", "price"]));
    assert_eq!(history["items"][1]["change"], "added");
    let blame = good(api.get(&format!("{D}/tables/cities/rows/1/blame?ref=feature/x")));
    assert_eq!(blame["cells"][1]["commit"]["hash"], second.as_str());
    assert_eq!(blame["cells"][2]["commit"]["hash"], first.as_str());
    let groups = good(api.get(&format!("{D}/tables/cities/aggregate?compute=count,sum(population)")));
    assert_eq!(groups["items"][0], json!({ "count": 3, "sum(population)": 1_286_250 }));

    // History and diff.
    let log = good(api.get(&format!("{D}/commits?ref=feature/x&table=cities")));
    assert_eq!(log["items"].as_array().map(Vec::len), Some(2));
    let shown = good(api.get(&format!("{D}/commits/{}", &second[..12])));
    assert_eq!(shown["summary"][0]["cells"], json!({ "name": 1, "price": 1 }));
    let diff = good(api.get(&format!("{D}/diff?from=main&to=feature/x")));
    assert_eq!(diff["items"][0]["after"]["name"], "Kristiania");
    let summary = good(api.get(&format!("{D}/diff/summary?from=main&to=feature/x")));
    assert_eq!(summary["tables"][0]["changed"], 1);

    // Merges.
    let dry = good(api.post(&format!("{D}/merges"), json!({ "from": "feature/x", "dry_run": true })));
    assert_eq!((dry["state"].as_str(), &dry["commit"]), (Some("fast_forward"), &Value::Null));
    let merged = api.post(&format!("{D}/merges"), json!({ "from": "feature/x", "no_fast_forward": true }));
    assert_eq!(merged.status, 201, "{}", merged.body);
    let picked = good(api.post(&format!("{D}/cherry-picks"), json!({ "commit": second })));
    assert_eq!(picked["state"], "up_to_date");
    let reverted = api.post(&format!("{D}/reverts"), json!({ "commit": second }));
    assert_eq!(reverted.status, 201, "{}", reverted.body);
    assert_eq!(rows(&api, "?limit=1")["items"][0]["name"], "Oslo");

    // Files and jobs.
    let csv = [("content-type", "text/csv")];
    let path = format!("{D}/imports?table=towns&key=id");
    let started = good(api.send("POST", &path, &csv, Some(b"id,name\n1,Voss\n2,Odda\n")));
    assert_eq!(wait(&api, &started)["state"], "succeeded");
    assert_eq!(good(api.get(&format!("{D}/imports")))["items"][0]["table"], "towns");
    assert_eq!(good(api.get("/jobs?limit=5"))["items"][0]["imported_rows"], 2);
    let path = format!("{D}/imports?table=more&unattended=false");
    let started = good(api.send("POST", &path, &csv, Some(b"id,name\n1,Voss\n")));
    assert_eq!(wait(&api, &started)["state"], "waiting");
    let job = format!("/jobs/{}", started["id"].as_str().expect("an id"));
    assert_eq!(api.call("DELETE", &job, &[], None).status, 204);
    assert_eq!(good(api.get(&job))["state"], "cancelled");
    assert_eq!(api.get(&format!("{D}/exports?table=towns")).body, "id,name\r\n1,Voss\r\n2,Odda\r\n");

    assert_eq!(api.call("DELETE", &format!("{D}/branches/{}", encode("feature/x")), &[], None).status, 204);
    assert_eq!(api.call("DELETE", &format!("{D}/tags/v1"), &[], None).status, 204);

    // A fork.
    assert_eq!(api.post(&format!("{D}/forks"), json!({ "name": "fork" })).status, 201);
    assert_eq!(good(api.get(&format!("{D}/forks")))["items"][0]["name"], "fork");
    assert_eq!(api.call("DELETE", "/datasets/local/fork", &[], None).status, 204);

    common::requests::call_all(&api);

    // What the deleted branch had can still be named, so nothing of it goes.
    let started = api.call("POST", "/reclaim", &[], None);
    assert_eq!(started.status, 202, "{}", started.body);
    assert_eq!(started.json()["kept_days"], 14);
    let mut view = started.json();
    while !view["running"].is_null() {
        view = good(api.get("/reclaim"));
    }
    assert_eq!((&view["last"]["done"]["commits"], &view["last"]["error"]), (&json!(0), &Value::Null));

    // The dataset itself.
    good(api.post(&format!("{D}/branches"), json!({ "name": "next" })));
    let patch = json!({ "name": "cities", "title": "", "default_branch": "next" });
    let patched = good(api.call("PATCH", D, &[], Some(patch)));
    assert_eq!((patched["title"].as_str(), patched["default_branch"].as_str()), (Some("cities"), Some("next")));
    let renamed = "/datasets/local/cities";
    let led = api.get(D);
    assert_eq!((led.status, led.header("location")), (308, "/api/v1/datasets/local/cities"));
    let wrong = api.call("PATCH", renamed, &[], Some(json!({ "default_branch": "none" })));
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some("/default_branch")));
    assert_eq!(api.call("DELETE", renamed, &[], None).status, 204);
    assert_eq!(api.call("DELETE", renamed, &[], None).status, 404);
    assert_eq!(good(api.get("/datasets"))["items"], json!([]));

    people(&api, &server);

    let missing: BTreeSet<String> = api.operations().difference(&api.called.borrow()).cloned().collect();
    assert!(missing.is_empty(), "not called: {missing:?}");
}

/// Makes the first account, and does what takes one.
fn people(api: &Api<'_>, server: &Server) {
    assert_eq!(
        good(api.get("/me")),
        json!({ "name": "local", "is_admin": true, "scope": "admin", "second_factor": false })
    );
    assert_eq!(api.post("/tokens", json!({ "name": "early", "scope": "read" })).status, 409);
    let code = server.console().split("code=").nth(1).expect("a code").trim();
    let password = "a few words that belong";
    let made = server.form("/set-up", &[("code", code), ("name", "ada"), ("password", password)]);
    assert_eq!(made.status, 303, "{}", made.body);
    let cookie = made.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let call = |method: &str, path: &str, body: Option<Value>| api.call(method, path, &[("cookie", &cookie)], body);
    assert_eq!(good(call("GET", "/me", None))["name"], "ada");
    assert_eq!(api.get("/me").status, 401);

    assert_eq!(good(call("GET", "/me/notices", None))["items"], json!([]));
    assert_eq!(call("POST", "/me/notices/read", Some(json!({ "ids": ["none"] }))).status, 204);

    for name in ["grace", "eve"] {
        let made = call("POST", "/accounts", Some(json!({ "name": name, "display": "A. B.", "password": password })));
        assert_eq!((made.status, made.json()["is_admin"].as_bool()), (201, Some(false)), "{}", made.body);
    }
    let wrong = call("POST", "/accounts", Some(json!({ "name": "eve", "password": password })));
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some("/name")));
    let first = good(call("GET", "/accounts?limit=2", None));
    assert_eq!((&first["items"][0]["name"], &first["items"][1]["name"]), (&json!("ada"), &json!("eve")));
    let next = first["next_cursor"].as_str().expect("a next page");
    let rest = good(call("GET", &format!("/accounts?limit=2&cursor={next}"), None));
    assert_eq!((&rest["items"][0]["name"], &rest["next_cursor"]), (&json!("grace"), &Value::Null));

    common::accounts::call_all(&call);
    let sign_in = |name: &str| {
        let answer = server.form("/sign-in", &[("name", name), ("password", password)]);
        answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    };
    // Another browser is signed out, and a second factor that was lost is taken away.
    let other = sign_in("ada");
    let sessions = good(call("GET", "/me/sessions", None));
    let session = sessions["items"].as_array().expect("sessions").iter().find(|session| session["is_this"] == false);
    let session = session.and_then(|session| session["id"].as_str()).expect("the other one");
    assert_eq!(call("DELETE", &format!("/me/sessions/{session}"), None).status, 204);
    assert_eq!(api.call("GET", "/me", &[("cookie", &other)], None).status, 401);
    common::codes::turn_on(&Client { server, header: Some(("cookie", sign_in("eve"))) });
    assert_eq!(good(call("GET", "/accounts/eve", None))["second_factor"], true);
    assert_eq!(call("DELETE", "/accounts/eve/second-factor", None).status, 204);

    // Tokens: the text is told once, and is worth what its scope says until it ends.
    for days in [0, 3_651] {
        let wrong = call("POST", "/tokens", Some(json!({ "name": "x", "scope": "read", "expires_in_days": days })));
        assert_eq!(wrong.json()["errors"][0]["pointer"], "/expires_in_days", "{}", wrong.body);
    }
    assert_eq!(call("POST", "/tokens", Some(json!({ "name": "x", "scope": "all" }))).status, 422);
    let token = call("POST", "/tokens", Some(json!({ "name": "nightly", "scope": "read", "expires_in_days": 30 })));
    assert_eq!((token.status, token.header("cache-control")), (201, "no-store"));
    let token = token.json();
    let bearer = format!("Bearer {}", token["text"].as_str().expect("its text"));
    assert_eq!(api.call("GET", "/me", &[("authorization", &bearer)], None).json()["scope"], "read");
    assert_eq!(api.call("GET", "/tokens", &[("authorization", &bearer)], None).status, 403);
    let listed = call("GET", "/tokens", None);
    assert!(!listed.body.contains("anb_"), "{}", listed.body);
    assert_eq!(listed.json()["items"][0]["name"], "nightly");
    assert!(listed.json()["items"][0]["expires_at"].is_string());
    let id = token["token"]["id"].as_str().expect("an id");
    assert_eq!(call("DELETE", &format!("/tokens/{id}"), None).status, 204);
    assert_eq!(api.call("GET", "/me", &[("authorization", &bearer)], None).status, 401);
    assert_eq!(call("DELETE", &format!("/tokens/{id}"), None).status, 404);
    assert_eq!(call("DELETE", "/tokens/nothing", None).status, 404);

    let log = good(call("GET", "/audit?kind=token&limit=1", None));
    assert_eq!((&log["items"][0]["what"], log["next_cursor"].is_string()), (&json!("ended a token"), true));

    // Roles.
    assert_eq!(call("POST", "/datasets", Some(json!({ "name": "shared" }))).status, 201);
    let watch = "/datasets/ada/shared/watch";
    assert_eq!(good(call("GET", watch, None))["level"], "all");
    assert_eq!(call("PUT", watch, Some(json!({ "level": "mine" }))).status, 204);
    assert_eq!(good(call("GET", watch, None))["level"], "mine");
    let members = "/datasets/ada/shared/members";
    assert_eq!(good(call("GET", members, None))["items"], json!([]));
    let role = |name: &str, role: &str| call("PUT", &format!("{members}/{name}"), Some(json!({ "role": role })));
    assert_eq!(good(role("grace", "reader"))["role"], "reader");
    assert_eq!(good(role("grace", "writer"))["role"], "writer");
    assert_eq!(
        good(call("GET", members, None))["items"],
        json!([{ "kind": "person", "name": "grace", "role": "writer" }])
    );
    for (name, what) in [("grace", "king"), ("nobody", "reader"), ("ada", "reader")] {
        assert_eq!(role(name, what).status, 422, "{name} {what}");
    }
    let data = good(call("GET", "/me/data", None));
    assert_eq!((&data["account"]["name"], &data["datasets"]), (&json!("ada"), &json!(["ada/shared"])));
    let leave = |body: Value| call("POST", "/me/deletion", Some(body));
    assert_eq!(leave(json!({ "name": "eve", "password": password })).status, 422);
    assert_eq!(leave(json!({ "name": "ada", "password": password })).status, 409, "a dataset of hers is there");
    assert_eq!(call("DELETE", &format!("{members}/grace"), None).status, 204);
    assert_eq!(good(call("GET", members, None))["items"], json!([]));
    assert_eq!(api.get(members).status, 404);

    let signed_in = server.form("/sign-in", &[("name", "grace"), ("password", password)]);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let grace = |method: &str, path: &str, body: Option<Value>| api.call(method, path, &[("cookie", &cookie)], body);
    common::organisations::call_all(&call, &grace);
    // Somebody goes.
    let eve = server.form("/sign-in", &[("name", "eve"), ("password", password)]);
    let eve = eve.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let body = json!({ "name": "eve", "password": password });
    assert_eq!(api.call("POST", "/me/deletion", &[("cookie", &eve)], Some(body)).status, 204);
    assert_eq!(api.call("GET", "/me/data", &[("cookie", &eve)], None).status, 401);
}

#[test]
fn what_the_router_takes_is_in_the_document_and_nothing_else_is_taken() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    assert_eq!(api.document["openapi"], "3.1.0");
    let operations = api.operations();
    assert!(operations.len() > 30, "{operations:?}");
    for path in api.document["paths"].as_object().expect("paths").keys() {
        let filled: String = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        let address = format!("/api/v1{}", filled.replace("//", "/x/").replace("//", "/x/"));
        let address = if address.ends_with('/') { format!("{address}x") } else { address };
        for method in METHODS {
            let answer = server.call(&method.to_uppercase(), &address, &[], None);
            let is_there = operations.contains(&format!("{method} {path}"));
            assert_eq!(answer.status != 405, is_there, "{method} {address}: {}", answer.status);
        }
    }
    let nothing = server.get("/api/v1/nothing");
    assert_eq!((nothing.status, nothing.header("content-type")), (404, "application/problem+json"));
    let page = server.get("/api/v1/docs");
    assert_eq!(page.status, 200);
    for operation in operations {
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        assert!(page.body.contains(&format!("<code>{} {path}</code>", method.to_uppercase())), "{operation}");
    }
    assert!(!page.body.contains("<script"), "the page needs no scripts");
}

#[test]
fn a_stale_parent_is_answered_with_the_commits_in_between() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    let second = commit(&api, "main", vec![row(4, "Voss", 16_000)]);
    let third = commit(&api, "main", vec![row(5, "Odda", 7_000)]);
    let path = format!("{D}/commits");
    let body = json!({ "parent": first, "message": "Late", "operations": [row(6, "Flå", 1_000)] });
    let refused = api.post(&path, body.clone());
    assert_eq!(refused.status, 409, "{}", refused.body);
    let problem = refused.json();
    assert_eq!(problem["head"], third.as_str());
    let between: Vec<&str> =
        problem["between"].as_array().expect("commits").iter().filter_map(|commit| commit["hash"].as_str()).collect();
    assert_eq!(between, [third.as_str(), second.as_str()]);
    // If-Match says the same.
    let mut body = body;
    body.as_object_mut().expect("an object").remove("parent");
    let tag = format!("\"{first}\"");
    assert_eq!(api.call("POST", &path, &[("if-match", &tag)], Some(body.clone())).status, 409);
    let tag = format!("\"{third}\"");
    assert_eq!(api.call("POST", &path, &[("if-match", &tag)], Some(body)).status, 201);
    assert_eq!(rows(&api, "")["total"], 6);
}

fn in_conflict(api: &Api<'_>) {
    with_cities(api);
    good(api.post(&format!("{D}/branches"), json!({ "name": "other" })));
    let ours = vec![update(1, json!({ "name": "Oslo by" })), update(2, json!({ "population": 1 }))];
    commit(api, "main", ours);
    let theirs =
        vec![update(1, json!({ "name": "Kristiania" })), update(2, json!({ "population": 2, "name": "Bjørgvin" }))];
    commit(api, "other", theirs);
}

#[test]
fn conflicts_are_listed_and_resolved_by_id_by_rule_and_by_value() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    in_conflict(&api);
    let path = format!("{D}/merges");
    let open = api.post(&path, json!({ "from": "other" }));
    assert_eq!(open.status, 409, "{}", open.body);
    let open = open.json();
    let conflicts = open["conflicts"].as_array().expect("conflicts");
    assert_eq!(conflicts.len(), 2);
    assert_eq!(open["stats"]["open_conflicts"], 2);
    let of = |column: &str| conflicts.iter().find(|conflict| conflict["column"] == column).expect("a conflict");
    let name = of("name");
    assert_eq!(
        (&name["key"], &name["base"], &name["ours"], &name["theirs"]),
        (&json!("1"), &json!("Oslo"), &json!("Oslo by"), &json!("Kristiania"))
    );
    // One by its id, one by a rule: a dry run says that nothing is open.
    let resolutions = json!([
        { "conflict": name["id"], "choice": "theirs" },
        { "table": "cities", "column": "population", "choice": "ours" },
    ]);
    let dry = good(api.post(&path, json!({ "from": "other", "resolutions": resolutions, "dry_run": true })));
    assert_eq!((dry["state"].as_str(), dry["conflicts"].as_array().map(Vec::len)), (Some("merged"), Some(0)));
    // One with a value of its own, read by the column's type.
    let resolutions = json!([
        { "conflict": name["id"], "choice": "theirs" },
        { "conflict": of("population")["id"], "choice": "value", "value": 3 },
    ]);
    let merged = api.post(&path, json!({ "from": "other", "resolutions": resolutions }));
    assert_eq!(merged.status, 201, "{}", merged.body);
    let items = &rows(&api, "")["items"];
    assert_eq!((&items[0]["name"], &items[1]["name"]), (&json!("Kristiania"), &json!("Bjørgvin")));
    assert_eq!(items[1]["population"], 3);
    let log = good(api.get(&format!("{D}/commits?limit=1")));
    assert_eq!(log["items"][0]["parents"].as_array().map(Vec::len), Some(2));
    // What is wrong with a decision is told with its place.
    let wrong = api.post(&path, json!({ "from": "other", "resolutions": [{ "table": "towns", "choice": "ours" }] }));
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/resolutions/0/table");
}

#[test]
fn filters_and_orders_are_understood_and_their_errors_point_at_the_place() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    let found =
        rows(&api, &format!("?filter={}&sort=-population", encode("population > 285273 and name contains \"o\"")));
    assert_eq!(found["total"], 1);
    assert_eq!(found["items"][0]["name"], "Oslo");
    let sorted = rows(&api, "?sort=-population&limit=1");
    assert_eq!(sorted["items"][0]["name"], "Oslo");
    let next = sorted["next_cursor"].as_str().expect("a next page");
    assert_eq!(rows(&api, &format!("?sort=-population&limit=1&cursor={next}"))["items"][0]["name"], "Bergen");
    for (filter, place) in [("population >", 13), ("nothing = 1", 1), ("population = \"many\"", 14)] {
        let refused = api.get(&format!("{D}/tables/cities/rows?filter={}", encode(filter)));
        assert_eq!(refused.status, 422, "{filter}: {}", refused.body);
        let problem = refused.json();
        assert_eq!(problem["errors"][0]["pointer"], "/filter");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains('^'), "{detail}");
        let arrow = detail.lines().find(|line| line.contains('^')).and_then(|line| line.find('^')).expect("an arrow");
        assert_eq!(arrow + 1, place, "{filter}: {detail}");
    }
    let export = api.get(&format!("{D}/exports?table=cities&format=ndjson&filter={}", encode("id = 3")));
    assert_eq!(export.body.lines().count(), 1);
    assert!(export.body.contains("Århus"), "{}", export.body);
}

#[test]
fn reads_name_their_commit_and_are_not_sent_twice() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    let path = format!("{D}/tables/cities/rows?limit=2");
    let answer = api.get(&path);
    assert_eq!(answer.header("anabranch-commit"), first);
    let tag = answer.header("etag").to_owned();
    assert!(!tag.is_empty());
    let again = api.call("GET", &path, &[("if-none-match", &tag)], None);
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag.as_str()));
    commit(&api, "main", vec![row(0, "Alta", 1)]);
    let moved = api.call("GET", &path, &[("if-none-match", &tag)], None);
    assert_eq!(moved.status, 200);
    assert_eq!(moved.json()["total"], 4);
    // A walk through pages stays at the commit where it began.
    let cursor = answer.json()["next_cursor"].as_str().expect("a next page").to_owned();
    let next = api.get(&format!("{path}&cursor={cursor}"));
    assert_eq!(next.header("anabranch-commit"), first);
    assert_eq!(next.json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(next.json()["items"][0]["id"], 3);
    for foreign in ["7", "zz", "00", &cursor[2..]] {
        assert_eq!(api.get(&format!("{path}&cursor={foreign}")).status, 400, "{foreign}");
    }
    assert_eq!(api.get(&format!("{path}&sort=name&cursor={cursor}")).status, 400, "another order");
    for limit in ["0", "1001", "-1", "x"] {
        assert_eq!(api.get(&format!("{D}/tables/cities/rows?limit={limit}")).status, 400, "{limit}");
    }
    let then = api.get(&format!("{D}/tables/cities/rows?at=2000-01-01"));
    assert_eq!(then.status, 404, "{}", then.body);
    assert_eq!(api.get(&format!("{D}/tables/cities/rows?at=yesterday")).status, 400);
    assert_eq!(rows(&api, &format!("?ref={}", &first[..10]))["total"], 3);
    assert_eq!(api.get(&format!("{D}/tables/cities/rows?limits=3")).status, 400, "unknown parameters are refused");
}

#[test]
fn all_pages_of_lists_together_are_the_whole() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    for start in [0, 300, 600, 900, 1_200] {
        commit(&api, "main", (start..start + 300).map(|id| row(1_000 + id, "Town", id)).collect());
    }
    for (path, total) in [
        (format!("{D}/tables/cities/rows?limit=250"), 1_503),
        (format!("{D}/commits?limit=1"), 6),
        (format!("{D}/diff?from={first}&limit=400"), 1_500),
    ] {
        let (mut count, mut cursor) = (0, String::new());
        loop {
            let page = good(api.get(&format!("{path}{cursor}")));
            count += page["items"].as_array().map_or(0, Vec::len);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(count, total, "{path}");
    }
    for (filter, count) in
        [("", 1_503), ("&filter=id+%3E+999", 1_500), ("&filter=name+%3D+%22Town%22+or+id+%3D+1", 1_501)]
    {
        let export = api.get(&format!("{D}/exports?table=cities&format=ndjson{filter}"));
        assert_eq!(export.body.lines().count(), count, "{filter}");
    }
}

#[test]
fn wrong_bodies_are_told_with_the_place() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    let path = format!("{D}/commits");
    for (body, status, pointer) in [
        (json!({ "message": 7, "operations": [] }), 422, "/message"),
        (json!({ "message": "m", "operations": 7 }), 422, "/operations"),
        (json!({ "message": "m", "operations": [row(7, "x", 1)], "other": 1 }), 422, "/other"),
        (json!({ "message": "m", "operations": [{ "op": "dance" }] }), 422, "/operations/0/op"),
        (json!({ "message": "m", "operations": [] }), 422, "/operations"),
        (
            json!({ "message": "m", "operations": [row(7, "x", 1), update(9, json!({ "name": "y" }))] }),
            422,
            "/operations/1/key",
        ),
        (
            json!({ "message": "m", "operations": [update(1, json!({ "population": "many" }))] }),
            422,
            "/operations/0/values/population",
        ),
        (
            json!({ "message": "m", "operations": [update(1, json!({ "population": -1 }))] }),
            422,
            "/operations/0/values/population",
        ),
        (json!({ "message": "m", "parent": "zz", "operations": [row(7, "x", 1)] }), 422, "/parent"),
        (json!({ "message": " ", "operations": [row(7, "x", 1)] }), 422, "/message"),
    ] {
        let refused = api.post(&path, body.clone());
        assert_eq!(refused.status, status, "{body}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}: {}", refused.body);
    }
    assert_eq!(api.send("POST", &path, &[("content-type", "application/json")], Some(b"{")).status, 400);
    assert_eq!(api.send("POST", &path, &[("content-type", "text/plain")], Some(b"{}")).status, 415);
    assert_eq!(rows(&api, "")["total"], 3, "all or nothing");
}

#[test]
fn a_retry_with_the_same_key_is_not_done_again() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    let path = format!("{D}/commits");
    let key = [("idempotency-key", "one")];
    let body = json!({ "message": "m", "operations": [row(7, "x", 1)] });
    let first = api.call("POST", &path, &key, Some(body.clone()));
    assert_eq!(first.status, 201, "{}", first.body);
    let again = api.call("POST", &path, &key, Some(body));
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = api.call("POST", &path, &key, Some(json!({ "message": "m", "operations": [row(8, "x", 1)] })));
    assert_eq!(other.status, 422, "{}", other.body);
    // What was refused may be tried again.
    let key = [("idempotency-key", "two")];
    let wrong = json!({ "message": "m", "operations": [row(7, "x", 1)] });
    assert_eq!(api.call("POST", &path, &key, Some(wrong.clone())).status, 422);
    commit(&api, "main", vec![json!({ "op": "delete", "table": "cities", "key": 7 })]);
    assert_eq!(api.call("POST", &path, &key, Some(wrong)).status, 201);
}

#[test]
fn operations_restore_rows_tables_and_all() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    commit(
        &api,
        "main",
        vec![
            update(1, json!({ "name": "Kristiania" })),
            update(2, json!({ "name": "Bjørgvin" })),
            json!({ "op": "delete", "table": "cities", "key": "3" }),
        ],
    );
    commit(&api, "main", vec![json!({ "op": "restore_row", "table": "cities", "key": 1, "from": first })]);
    let items = &rows(&api, "")["items"];
    assert_eq!(
        (&items[0]["name"], &items[1]["name"], items.as_array().map(Vec::len)),
        (&json!("Oslo"), &json!("Bjørgvin"), Some(2))
    );
    commit(&api, "main", vec![json!({ "op": "restore_table", "table": "cities", "from": first })]);
    assert_eq!(rows(&api, "")["total"], 3);
    let same = api
        .post(&format!("{D}/commits"), json!({ "message": "m", "operations": [{ "op": "restore", "from": first }] }));
    assert_eq!((same.status, same.json()["changed"].as_bool()), (200, Some(false)));
}

#[test]
fn csv_tells_null_from_the_empty_text_and_quotes_what_needs_it() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    commit(
        &api,
        "main",
        vec![update(1, json!({ "name": "" })), update(2, json!({ "name": "a \"b\", c\nd", "tags": ["y", "x"] }))],
    );
    let export = api.get(&format!("{D}/exports?table=cities"));
    assert!(export.header("content-type").starts_with("text/csv"));
    let expected = "id,name,population,price,tags\r\n1,\"\",709037,,\r\n2,\"a \"\"b\"\", c\nd\",291940,,\"x,y\"\r\n3,Århus,285273,,\r\n";
    assert_eq!(export.body, expected);
    let lines = api.get(&format!("{D}/tables/cities/rows?format=ndjson"));
    let second: Value = serde_json::from_str(lines.body.lines().nth(1).expect("a second line")).expect("JSON");
    assert_eq!(second["tags"], json!(["x", "y"]));
    assert_eq!(api.get(&format!("{D}/exports?table=nothing")).status, 404);
}

#[test]
fn drafts_are_shown_to_those_who_ask_only() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    let path = "/local/places/tables/cities/rows/1";
    let page = server.get(path);
    let mut fields = Vec::new();
    for column in good(api.get(&format!("{D}/tables/cities")))["columns"].as_array().expect("columns") {
        let id = column["id"].as_str().expect("an id").to_owned();
        let before = format!("before.{id}");
        fields.push((before.clone(), field(&page.body, &before).unwrap_or_default()));
        let shown = field(&page.body, &id).unwrap_or_default();
        fields.push((id, if column["name"] == "population" { "700001".to_owned() } else { shown }));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(server.form(path, &fields).status, 303);
    assert_eq!(rows(&api, "?limit=1")["items"][0]["population"], 709_037);
    let draft = api.get(&format!("{D}/tables/cities/rows?draft=true&limit=1"));
    assert_eq!(draft.json()["items"][0]["population"], 700_001);
    assert_eq!(draft.header("etag"), "");
}

#[test]
fn a_form_brings_a_file_as_well() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    with_cities(&api);
    let body = "--b\r\nContent-Disposition: form-data; name=\"table\"\r\n\r\ntowns\r\n\
        --b\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\ncreate\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"towns.csv\"\r\nContent-Type: text/csv\r\n\r\n\
        id,name\n1,Voss\n\r\n--b--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let started = good(api.send("POST", &format!("{D}/imports"), &headers, Some(body.as_bytes())));
    let job = wait(&api, &started);
    assert_eq!((job["state"].as_str(), job["file_name"].as_str()), (Some("succeeded"), Some("towns.csv")), "{job}");
}

#[test]
fn a_fork_begins_as_its_origin_is_and_goes_its_own_way() {
    let (_dir, server) = server();
    let api = Api::new(&server);
    let first = with_cities(&api);
    let taken = api.post(&format!("{D}/forks"), json!({}));
    assert_eq!(taken.status, 422, "{}", taken.body);
    let fork = good(api.post(&format!("{D}/forks"), json!({ "name": "places-2" })));
    let origin = good(api.get(D));
    assert_eq!(
        (&fork["title"], &fork["origin"], &fork["default_branch"]),
        (&json!("Places"), &origin["id"], &json!("main"))
    );
    let forks = good(api.get(&format!("{D}/forks")));
    assert_eq!(forks["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(forks["items"][0]["name"], "places-2");

    const F: &str = "/datasets/local/places-2";
    let body =
        json!({ "branch": "main", "message": "Rename", "operations": [update(1, json!({ "name": "Christiania" }))] });
    let renamed = good(api.post(&format!("{F}/commits"), body));
    let name = |place: &str| good(api.get(&format!("{place}/tables/cities/rows/1")))["name"].clone();
    assert_eq!((name(D), name(F)), (json!("Oslo"), json!("Christiania")));
    // The old commit is the fork's as well, the new one is not the origin's.
    let renamed = renamed["commit"].as_str().expect("a commit");
    assert_eq!(api.get(&format!("{F}/commits/{first}")).status, 200);
    assert_eq!(api.get(&format!("{D}/commits/{renamed}")).status, 404);
    let log = good(api.get(&format!("{F}/commits")));
    assert_eq!(log["items"].as_array().map(Vec::len), Some(2));

    // The fork goes on without its origin.
    assert_eq!(api.call("DELETE", D, &[], None).status, 204);
    assert_eq!(name(F), "Christiania");
    assert_eq!(api.get(&format!("{F}/commits/{first}")).status, 200);
    assert_eq!(api.post("/datasets/local/nothing/forks", json!({})).status, 404);
}
