//! Who may do what, by every way in: a table of people against actions, and the yes and the no of each cell tried at the
//! real server. And a stranger's walk through every address of a private dataset, which learns nothing.

mod common;

use common::{
    api::Api,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/acme/places";

/// The columns of the table: what is tried, each in a way that can be repeated.
const ACTIONS: [(&str, Try); 21] = [
    // To read takes a reader.
    ("page", |world| world.get("/acme/places/tables/cities")),
    ("api", |world| world.get(&format!("/api/v1{D}/tables/cities/rows"))),
    ("export", |world| world.get(&format!("/api/v1{D}/exports?table=cities"))),
    ("events", |world| world.events("/acme/places/events")),
    ("rows of the grid", |world| world.function("grid/rows", &[0, 10])),
    ("job's page", |world| world.get(&format!("/acme/places/imports/{}", world.job))),
    ("job", |world| world.get(&format!("/api/v1/jobs/{}", world.job))),
    // To take part takes a commenter.
    ("comment", |world| world.json("POST", "/merge-requests/1/comments", json!({ "text": "Hm" }))),
    ("comment by form", |world| world.form("/requests/1/comments", &[("comment", "Hm")])),
    // To change takes a writer.
    ("commit", |world| world.json("POST", "/commits", world.change())),
    ("branch by form", |world| {
        world.form("/branches", &[("name", &world.unique()), ("from", "main"), ("kind", "branch")])
    }),
    ("edits of the grid", |world| world.function("grid/edit", &[0])),
    ("import", |world| world.import()),
    // To see who may do what, and to describe it, takes a maintainer.
    ("people", |world| world.get("/acme/places/people")),
    ("settings", |world| world.get("/acme/places/settings")),
    ("describe", |world| world.json("PATCH", "", json!({ "description": world.unique() }))),
    ("describe by form", |world| world.form("/settings", &[("title", "Places")])),
    // To decide takes an owner.
    ("audit log", |world| world.get("/acme/places/audit")),
    ("visibility by form", |world| world.form("/visibility", &[("visibility", "private")])),
    ("role", |world| world.json("PUT", "/members/spare", json!({ "role": "reader" }))),
    ("team's role", |world| world.json("PUT", "/teams/spares", json!({ "role": "reader" }))),
];

/// `y`: it is done; `n`: they may not (403); `q`: they are not known (401); `-`: it is not there (404).
const TABLE: [(&str, [&str; 5]); 17] = [
    ("a stranger", ["-------", "--", "----", "----", "----"]),
    ("somebody without a role", ["-------", "--", "----", "----", "----"]),
    ("a reader", ["yyyyyyy", "nn", "nnnn", "nnnn", "nnnn"]),
    ("a commenter", ["yyyyyyy", "yy", "nnnn", "nnnn", "nnnn"]),
    ("a writer", ["yyyyyyy", "yy", "yyyy", "nnnn", "nnnn"]),
    ("a maintainer", ["yyyyyyy", "yy", "yyyy", "yyyy", "nnnn"]),
    ("an owner", ["yyyyyyy", "yy", "yyyy", "yyyy", "yyyy"]),
    ("a member of the organisation", ["yyyyyyy", "nn", "nnnn", "nnnn", "nnnn"]),
    ("a member of a team of writers", ["yyyyyyy", "yy", "yyyy", "nnnn", "nnnn"]),
    ("an owner of the organisation", ["yyyyyyy", "yy", "yyyy", "yyyy", "yyyy"]),
    ("somebody invited as its owner", ["-------", "--", "----", "----", "----"]),
    ("an owner's token to read", ["yyyyyyy", "nn", "nnnn", "nnnn", "nnnn"]),
    ("an owner's token to write", ["yyyyyyy", "yy", "yyyy", "yyyy", "nnnn"]),
    ("an owner's token for it alone", ["yyyyyyy", "yy", "yyyy", "yyyy", "yyyy"]),
    ("an owner's token for another", ["-------", "--", "----", "----", "----"]),
    ("a blocked owner", ["-------", "--", "----", "----", "----"]),
    ("a blocked owner's token", ["qqqqqqq", "qq", "qqqq", "qqqq", "qqqq"]),
];

type Try = fn(&Trial<'_>) -> (u16, String);

/// Somebody who tries something.
struct Trial<'w> {
    client: &'w Client<'w>,
    /// A finished import into the dataset.
    job: &'w str,
    /// Tells apart what is made.
    number: usize,
}

impl Trial<'_> {
    fn header(&self) -> Vec<(&str, &str)> {
        self.client.header.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn unique(&self) -> String {
        format!("n{}", self.number)
    }

    fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(path);
        (answer.status, answer.body)
    }

    fn events(&self, path: &str) -> (u16, String) {
        (self.client.server.status(path, &self.header()), String::new())
    }

    fn json(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let answer = self.client.json(method, &format!("{D}{path}"), body);
        (answer.status, answer.body)
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let answer = self.client.form(&format!("/acme/places{path}"), fields);
        (answer.status, answer.body)
    }

    fn change(&self) -> Value {
        json!({ "branch": "main", "message": "Change",
            "operations": [{ "op": "update", "table": "cities", "key": 1, "values": { "name": self.unique() } }] })
    }

    fn import(&self) -> (u16, String) {
        let path = format!("/api/v1{D}/imports?table={}", self.unique());
        let answer = self.client.call("POST", &path, "text/csv", Some("id\n1\n"));
        (answer.status, answer.body)
    }

    /// A server function about the table, at its real address: which table, packed as postcard, then `rest`.
    fn function(&self, name: &str, rest: &[u8]) -> (u16, String) {
        let mut body = Vec::new();
        for text in ["acme", "places", "", "cities", ""] {
            body.push(u8::try_from(text.len()).expect("short"));
            body.extend(text.as_bytes());
        }
        body.extend(rest);
        let mut headers = self.header();
        headers.push(("content-type", "application/x-postcard"));
        // What is packed is not text.
        let answer = self.client.server.call_bytes(&format!("/api/functions/{name}"), &headers, &body);
        (answer, String::new())
    }
}

fn good(client: &Client<'_>, method: &str, path: &str, body: Value) -> Value {
    let answer = client.json(method, path, body);
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// Everybody of the table, in its order; a dataset `places` of the organisation `acme`, and a finished import into it.
fn everybody(world: &World) -> (Vec<Client<'_>>, String) {
    let (boss, spare) = (world.person("boss"), world.person("spare"));
    good(&boss, "POST", "/organisations", json!({ "name": "acme" }));
    for name in ["places", "other"] {
        good(&boss, "POST", "/datasets", json!({ "owner": "acme", "name": name }));
    }
    let columns = json!([{ "name": "id", "type": "integer" }, { "name": "name", "type": "text" }]);
    let commit = |branch: &str, operation: Value| {
        let body = json!({ "branch": branch, "message": "Begin", "operations": [operation] });
        good(&boss, "POST", &format!("{D}/commits"), body);
    };
    commit("main", json!({ "op": "create_table", "name": "cities", "primary_key": ["id"], "columns": columns }));
    commit("main", json!({ "op": "insert", "table": "cities", "values": { "id": 1, "name": "Oslo" } }));
    good(&boss, "POST", &format!("{D}/branches"), json!({ "name": "next" }));
    commit("next", json!({ "op": "insert", "table": "cities", "values": { "id": 2, "name": "Odda" } }));
    good(&boss, "POST", &format!("{D}/merge-requests"), json!({ "title": "Next", "source_branch": "next" }));
    let started = boss.call("POST", &format!("/api/v1{D}/imports?table=towns"), "text/csv", Some("id\n1\n")).json();
    let job = started["id"].as_str().expect("a job").to_owned();
    while boss.get(&format!("/api/v1/jobs/{job}")).body.contains(r#""state":"running""#) {}
    for team in ["writers", "spares"] {
        good(&boss, "PUT", &format!("/organisations/acme/teams/{team}"), Value::Null);
    }
    good(&boss, "PUT", &format!("{D}/teams/writers"), json!({ "role": "writer" }));

    let mut people = vec![world.stranger(), spare];
    for role in ["reader", "commenter", "writer", "maintainer", "owner"] {
        people.push(world.person(role));
        good(&boss, "PUT", &format!("{D}/members/{role}"), json!({ "role": role }));
    }
    for (name, role) in [("member", "member"), ("in-team", "member"), ("leader", "owner")] {
        let person = world.person(name);
        good(&boss, "PUT", &format!("/organisations/acme/members/{name}"), json!({ "role": role }));
        good(&person, "POST", "/me/invitations/acme", Value::Null);
        people.push(person);
    }
    // Who is only invited has no rights.
    let invited = world.person("invited");
    good(&boss, "PUT", "/organisations/acme/members/invited", json!({ "role": "owner" }));
    people.push(invited);
    good(&boss, "PUT", "/organisations/acme/teams/writers/members/in-team", Value::Null);
    let token = |client: &Client<'_>, scope: &str, dataset: Value| {
        let made = good(client, "POST", "/tokens", json!({ "name": "t", "scope": scope, "dataset": dataset }));
        let text = format!("Bearer {}", made["text"].as_str().expect("its text"));
        Client { server: &world.server, header: Some(("authorization", text)) }
    };
    people.push(token(&boss, "read", Value::Null));
    people.push(token(&boss, "write", Value::Null));
    people.push(token(&boss, "admin", json!("acme/places")));
    people.push(token(&boss, "admin", json!("acme/other")));
    let blocked = world.person("blocked");
    good(&boss, "PUT", &format!("{D}/members/blocked"), json!({ "role": "owner" }));
    let program = token(&blocked, "admin", Value::Null);
    assert_eq!(program.get(&format!("/api/v1{D}")).status, 200);
    let block = world.signed_in("root").form("/account/people/blocked/blocked", &[("to", "yes")]);
    assert_eq!(block.status, 303, "{}", block.body);
    people.extend([blocked, program]);
    (people, job)
}

/// What is there to be tried again by the next one.
fn tidy(boss: &Client<'_>) {
    // Whoever has no role is to have none, whatever the one before did.
    for path in ["members/spare", "teams/spares"] {
        boss.call("DELETE", &format!("/api/v1{D}/{path}"), "", None);
    }
}

#[test]
fn the_table_of_who_may_do_what_holds_by_every_way_in() {
    let world = World::new();
    let (people, job) = everybody(&world);
    assert_eq!(people.len(), TABLE.len());
    let boss = world.signed_in("boss");
    let mut wrong = Vec::new();
    for (row, ((who, cells), client)) in TABLE.iter().zip(&people).enumerate() {
        let cells: Vec<char> = cells.iter().flat_map(|cells| cells.chars()).collect();
        assert_eq!(cells.len(), ACTIONS.len(), "{who}");
        for (column, ((action, attempt), expected)) in ACTIONS.iter().zip(cells).enumerate() {
            let trial = Trial { client, job: &job, number: row * ACTIONS.len() + column };
            let (status, body) = attempt(&trial);
            let found = match status {
                200..=399 => 'y',
                401 => 'q',
                403 => 'n',
                404 => '-',
                _ => '?',
            };
            if found != expected {
                wrong.push(format!("{who}: {action}: {status}, not {expected}: {}", &body[..body.len().min(300)]));
            }
        }
        tidy(&boss);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is no dataset's: one's own account, an organisation, the server. `n` and the others as in [`TABLE`].
const BEYOND: [(&str, [&str; 3]); 9] = [
    ("a stranger", ["qqqqqqq", "---", "qqqqqqqq"]),
    ("somebody", ["yyyyyyy", "---", "nnnnnnnn"]),
    ("a member of the organisation", ["yyyyyyy", "nnn", "nnnnnnnn"]),
    ("an owner of the organisation", ["yyyyyyy", "yyy", "nnnnnnnn"]),
    ("who runs the server", ["yyyyyyy", "---", "yyyyyyyy"]),
    ("their token to read", ["nnnnnnn", "---", "yyyynnnn"]),
    ("their token to write", ["nnnnnnn", "---", "yyyynnnn"]),
    ("their token for all", ["yyyyyyy", "---", "yyyyyyyy"]),
    ("an owner's token for one dataset", ["nnnnnnn", "---", "nnnnnnnn"]),
];

#[test]
fn what_is_no_datasets_is_for_whose_it_is() {
    let world = World::new();
    let (boss, member, somebody) = (world.person("boss"), world.person("member"), world.person("somebody"));
    let root = world.signed_in("root");
    world.person("spare");
    good(&boss, "POST", "/organisations", json!({ "name": "acme" }));
    good(&boss, "POST", "/datasets", json!({ "name": "places" }));
    good(&boss, "PUT", "/organisations/acme/members/member", json!({ "role": "member" }));
    good(&member, "POST", "/me/invitations/acme", Value::Null);
    good(&root, "PUT", "/sign-up", json!({ "rule": "invitation" }));
    let token = |client: &Client<'_>, scope: &str, dataset: Value| {
        let made = good(client, "POST", "/tokens", json!({ "name": "t", "scope": scope, "dataset": dataset }));
        let text = format!("Bearer {}", made["text"].as_str().expect("its text"));
        Client { server: &world.server, header: Some(("authorization", text)) }
    };
    let programs = ["read", "write", "admin"].map(|scope| token(&root, scope, Value::Null));
    let confined = token(&boss, "admin", json!("boss/places"));
    let [read, write, all] = programs;
    let people = [world.stranger(), somebody, member, boss, root, read, write, all, confined];
    let nothing = || Value::Null;
    let attempts: [(&str, &str, Value); 18] = [
        // One's own account.
        ("GET", "/me/profile", nothing()),
        ("PATCH", "/me/profile", json!({ "about": "I." })),
        ("GET", "/me/sessions", nothing()),
        ("DELETE", "/me/sessions", nothing()),
        ("GET", "/me/email", nothing()),
        ("PUT", "/me/mailed", json!({ "mailed": "all" })),
        ("GET", "/me/second-factor", nothing()),
        // An organisation.
        ("PATCH", "/organisations/acme", json!({ "description": "Maps." })),
        ("PUT", "/organisations/acme/members/spare", json!({ "role": "member" })),
        ("DELETE", "/organisations/acme/invitations/spare", nothing()),
        // The server.
        ("GET", "/accounts", nothing()),
        ("GET", "/accounts/spare", nothing()),
        ("GET", "/sign-up", nothing()),
        ("GET", "/invitations", nothing()),
        ("PUT", "/sign-up", json!({ "rule": "invitation" })),
        ("POST", "/invitations", json!({})),
        ("PATCH", "/accounts/spare", json!({ "is_admin": false, "is_blocked": false })),
        ("POST", "/accounts/spare/password-reset", nothing()),
    ];
    let mut wrong = Vec::new();
    for ((who, cells), client) in BEYOND.iter().zip(&people) {
        let cells: Vec<char> = cells.iter().flat_map(|cells| cells.chars()).collect();
        assert_eq!(cells.len(), attempts.len(), "{who}");
        for ((method, path, body), expected) in attempts.iter().zip(cells) {
            let answer = client.json(method, path, body.clone());
            let found = match answer.status {
                200..=299 => 'y',
                401 => 'q',
                403 => 'n',
                404 => '-',
                _ => '?',
            };
            if found != expected {
                wrong.push(format!("{who}: {method} {path}: {}, not {expected}: {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_stranger_finds_every_address_of_a_private_dataset_empty() {
    let world = World::new();
    let (_, job) = everybody(&world);
    let boss = world.signed_in("boss");
    let commits = boss.get(&format!("/api/v1{D}/commits")).json();
    let head = commits["items"][0]["hash"].as_str().expect("a commit").to_owned();
    let pages = [
        "",
        "/history",
        "/draft",
        "/tables/cities",
        "/tables/cities/as-of?time=2026-01-01",
        "/tables/cities/new-row",
        "/tables/cities/rows/1",
        "/tables/cities/rows/1/history",
        "/tables/cities/checks",
        "/import",
        "/at/next",
        "/at/next/history",
        "/at/next/draft",
        "/at/next/tables/cities",
        "/at/next/tables/cities/as-of?time=2026-01-01",
        "/at/next/tables/cities/new-row",
        "/at/next/tables/cities/rows/1",
        "/at/next/tables/cities/rows/1/history",
        "/at/next/import",
        "/branches",
        "/people",
        "/audit",
        "/audit.csv",
        "/settings",
        "/fork",
        "/compare?from=main&to=next",
        "/requests",
        "/requests/new",
        "/requests/1",
        "/requests/1/commits",
        "/requests/1/changes",
        "/requests/1/checks",
        "/requests/1/conflicts",
        "/events",
        "/at/HEAD",
        "/commits/HEAD",
        "/imports/JOB",
        "/imports/JOB/progress",
    ];
    let mut addresses: Vec<String> = pages.iter().map(|page| format!("/acme/places{page}")).collect();
    let document = Api::new(&world.server).document;
    for (path, item) in document["paths"].as_object().expect("paths") {
        if item.get("get").is_none() || !path.starts_with("/datasets/{owner}/{dataset}") {
            continue;
        }
        let query = match path.rsplit('/').next() {
            Some("diff" | "summary") => "?from=main&to=next",
            Some("exports") => "?table=cities",
            Some("statuses") => "?commit=HEAD",
            _ => "",
        };
        let filled = path
            .replace("{owner}/{dataset}", "acme/places")
            .replace("{table}", "cities")
            .replace("{key}", "1")
            .replace("{number}", "1")
            .replace("{commit}", "HEAD");
        assert!(!filled.contains('{'), "{filled}: say what stands there");
        addresses.push(format!("/api/v1{filled}{query}"));
    }
    addresses.push("/api/v1/jobs/JOB".to_owned());
    let outsider = world.person("outsider");
    // Ids that others have: they lead nowhere.
    let (no_head, no_job) = ("0".repeat(64), "00000000-0000-7000-8000-000000000000");
    for client in [&world.stranger(), &outsider] {
        for address in &addresses {
            let there = client.get(&address.replace("HEAD", &head).replace("JOB", &job));
            let nothing =
                address.replace("acme/places", "acme/nothing").replace("HEAD", &no_head).replace("JOB", no_job);
            let nothing = client.get(&nothing);
            // What leads on to another of these addresses says nothing itself.
            let expected = if address.contains("/as-of") { 303 } else { 404 };
            assert_eq!((there.status, nothing.status), (expected, expected), "{address}: {}", there.body);
            // The way to sign in leads back.
            let told = there.body.replace("acme/places", "acme/nothing").replace("acme%2Fplaces", "acme%2Fnothing");
            assert_eq!(told.replace(&head, &no_head).replace(&job, no_job), nothing.body, "{address}");
        }
        for namespace in ["/acme", "/boss", "/api/v1/organisations/acme"] {
            assert_eq!(client.get(namespace).status, 404, "{namespace}");
        }
        for list in ["/", "/api/v1/datasets", "/api/v1/jobs"] {
            assert!(!client.get(list).body.contains("acme"), "{list}");
        }
    }
    // All of them are there for whom it is.
    for address in addresses.iter().filter(|address| !address.ends_with("/events")) {
        let address = address.replace("HEAD", &head).replace("JOB", &job);
        let found = boss.get(&address);
        assert!(found.status < 400, "{address}: {} {}", found.status, found.body);
    }
}

#[test]
fn a_token_for_one_dataset_does_nothing_in_others() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    bob.dataset("bob", "towns");
    const TOWNS: &str = "/datasets/bob/towns";
    assert_eq!(bob.json("PATCH", TOWNS, json!({ "visibility": "public" })).status, 200);
    assert_eq!(ada.json("POST", &format!("{TOWNS}/forks"), json!({ "name": "towns" })).status, 201);
    let change = json!({ "op": "update", "table": "cities", "key": 1, "values": { "name": "Kristiania" } });
    let body = json!({ "branch": "main", "message": "Change", "operations": [change] });
    assert_eq!(ada.json("POST", "/datasets/ada/towns/commits", body).status, 201);

    let new = json!({ "name": "t", "scope": "admin", "dataset": "ada/towns" });
    let made = ada.json("POST", "/tokens", new).json();
    let text = format!("Bearer {}", made["text"].as_str().expect("its text"));
    let program = Client { server: &world.server, header: Some(("authorization", text)) };
    assert_eq!(program.get("/api/v1/datasets/ada/towns/tables/cities/rows").status, 200);
    assert_eq!(program.get(&format!("/api/v1{TOWNS}/tables/cities/rows")).status, 200, "as anybody reads it");
    let offer = json!({ "title": "Mine", "source": "ada/towns", "source_branch": "main" });
    let offers = format!("{TOWNS}/merge-requests");
    assert_eq!(program.json("POST", &offers, offer.clone()).status, 403);
    assert_eq!(program.json("PUT", &format!("{TOWNS}/watch"), json!({ "level": "all" })).status, 403);
    assert_eq!(program.json("PUT", "/datasets/ada/towns/watch", json!({ "level": "all" })).status, 204);
    assert_eq!(program.get("/api/v1/me/notices").status, 403);
    assert_eq!(program.json("POST", "/me/notices/read", json!({})).status, 403);
    // The person may.
    assert_eq!(ada.json("POST", &offers, offer).status, 201);
    assert_eq!(ada.get("/api/v1/me/notices").status, 200);
}
