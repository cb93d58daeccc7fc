//! What other web pages, thieves of secrets and those who guess get: nothing, and for no longer than need be.

mod common;

use common::{
    Answer, Server,
    people::{Client, PASSWORD, World, cookie},
};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What changes something, by every kind of way in: method, address, kind of body, body.
const CHANGES: [(&str, &str, &str, &str); 8] = [
    ("POST", "/ada/places/settings", FORM, "title=Forged"),
    ("POST", "/ada/places/people", FORM, "name=eve&role=owner"),
    ("POST", "/account/password", FORM, "old=a&password=b"),
    ("POST", "/sign-out", FORM, ""),
    ("POST", "/api/functions/grid/edit", "application/x-postcard", ""),
    ("PUT", "/api/v1/datasets/ada/places/members/eve", JSON, r#"{"role":"owner"}"#),
    ("PATCH", "/api/v1/datasets/ada/places", JSON, r#"{"visibility":"public"}"#),
    ("DELETE", "/api/v1/datasets/ada/places", JSON, ""),
];

#[test]
fn other_pages_change_nothing_in_the_name_of_who_visits_them() {
    let world = World::new();
    let ada = world.person("ada");
    world.person("eve");
    ada.dataset("ada", "places");
    let secret = ada.header.as_ref().map(|(_, cookie)| cookie.as_str()).expect("she is signed in");
    let host = world.server.url.trim_start_matches("http://");
    let before = ada.get("/api/v1/datasets/ada/places").body;
    for (method, path, kind, body) in CHANGES {
        let send = |headers: &[(&str, &str)]| {
            let mut all = vec![("cookie", secret), ("content-type", kind)];
            all.extend(headers);
            world.server.call(method, path, &all, Some(body.as_bytes())).status
        };
        let forged: [&[(&str, &str)]; 6] = [
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            // Another port or name of this machine is another page.
            &[("sec-fetch-site", "same-site"), ("origin", "http://localhost:1")],
            // Older browsers say no more than where a page comes from, if at all.
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:1")],
            &[("sec-fetch-site", "cross-site")],
        ];
        for headers in forged {
            assert_eq!(send(headers), 403, "{method} {path} {headers:?}");
        }
        if path != "/sign-out" && method != "DELETE" {
            let own = format!("http://{host}");
            let ours = send(&[("sec-fetch-site", "same-origin"), ("origin", &own)]);
            assert_ne!(ours, 403, "{method} {path}: our own pages may");
        }
    }
    assert_eq!(ada.get("/account").status, 200, "she is still signed in");
    let after = ada.get("/api/v1/datasets/ada/places").json();
    let before: Value = serde_json::from_str(&before).expect("JSON");
    assert_eq!(before["visibility"], "private");
    // What our own page was allowed to do above has come to pass, so these did reach the server.
    assert_eq!((&after["title"], &after["visibility"]), (&json!("Forged"), &json!("public")));

    // No other page reads an answer, whatever it asks for.
    let foreign = [("cookie", secret), ("origin", "https://evil.example")];
    for path in ["/", "/api/v1/me", "/ada/places/events-of-nothing"] {
        let answer = world.server.call("GET", path, &foreign, None);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    let asked = world.server.call("OPTIONS", "/api/v1/me", &foreign, None);
    assert_eq!(asked.header("access-control-allow-methods"), "");
}

fn sign_in(server: &Server, held: &str, name: &str) -> Answer {
    let body = format!("name={name}&password={}", common::encode(PASSWORD));
    server.call("POST", "/sign-in", &[("cookie", held), ("content-type", FORM)], Some(body.as_bytes()))
}

fn with<'w>(world: &'w World, cookie: &str) -> Client<'w> {
    Client { server: &world.server, header: Some(("cookie", cookie.to_owned())) }
}

#[test]
fn nobody_chooses_the_session_of_another() {
    let world = World::new();
    let eve = world.person("eve");
    world.person("ada");
    let planted = eve.header.as_ref().map(|(_, cookie)| cookie.clone()).expect("she is signed in");
    let made_up = format!("anabranch={}", "a".repeat(64));
    for held in [planted.as_str(), made_up.as_str()] {
        let given = cookie(&sign_in(&world.server, held, "ada"));
        assert_ne!(given, held, "signing in begins a session of its own");
        assert!(with(&world, &given).get("/account").body.contains("ada"));
        assert_eq!(with(&world, held).get("/account").status, 303, "what the browser had before is nobody's");
        // The first cookie of that name counts, which a neighbour might have set: it is not what was given out.
        let both = format!("{held}; {given}");
        assert_eq!(with(&world, &both).get("/account").status, 303);
    }
    // Signing in again ends the session that the browser had, and no other one.
    let first = cookie(&sign_in(&world.server, "", "ada"));
    let elsewhere = cookie(&sign_in(&world.server, "", "ada"));
    let second = cookie(&sign_in(&world.server, &first, "ada"));
    let seen = [&first, &elsewhere, &second].map(|cookie| with(&world, cookie).get("/account").status);
    assert_eq!(seen, [303, 200, 200]);
}

#[test]
fn a_stolen_secret_serves_until_its_owner_ends_it() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    const D: &str = "/api/v1/datasets/ada/places";
    let make = |fields: Value| {
        let made = ada.json("POST", "/tokens", fields).json();
        let text = made["text"].as_str().expect("its text").to_owned();
        let id = made["token"]["id"].as_str().expect("its id").to_owned();
        (Client { server: &world.server, header: Some(("authorization", format!("Bearer {text}"))) }, id)
    };
    let (thief, id) = make(json!({ "name": "laptop", "scope": "write" }));
    assert_eq!(thief.get(D).status, 200);
    // Whoever has it can't make it last: no other token, no password, no cookie, nothing of the account.
    for (method, path, body) in [
        ("POST", "/api/v1/tokens", r#"{"name":"more","scope":"write"}"#),
        ("DELETE", &format!("/api/v1/tokens/{id}"), ""),
    ] {
        assert_eq!(thief.call(method, path, JSON, Some(body)).status, 403, "{method} {path}");
    }
    let fields = [("old", PASSWORD), ("password", "stolen words that belong")];
    assert_eq!(thief.form("/account/password", &fields).status, 403);
    assert_eq!(thief.get("/account").header("set-cookie"), "");
    assert_eq!(thief.get("/account/data.json").status, 403);
    assert_eq!(ada.call("DELETE", &format!("/api/v1/tokens/{id}"), "", None).status, 204);
    assert_eq!(thief.get(D).status, 401, "from the next request on");

    // A cookie that was copied is listed, and ends from any other browser.
    let copied = world.signed_in("ada");
    assert_eq!(copied.get(D).status, 200);
    assert_eq!(ada.form("/account/sessions/end", &[]).status, 303);
    assert_eq!((copied.get(D).status, ada.get(D).status), (404, 200));
    // Signing out ends it for whoever else has it.
    let same = Client { server: &world.server, header: ada.header.clone() };
    assert_eq!(ada.form("/sign-out", &[]).status, 303);
    assert_eq!(same.get(D).status, 404);
}

#[test]
fn one_place_asks_so_often_and_no_more() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = ["--no-sample", "--public-url", "https://data.example", "--rate-limit", "1"];
    let server = Server::start_with(&dir.path().join("data"), &options);
    let get = |from: &str| {
        let headers = [("host", "data.example"), ("x-forwarded-for", from)];
        server.call("GET", "/api/v1/datasets", &headers, None)
    };
    let refused = (0..300).map(|_| get("203.0.113.7")).find(|answer| answer.status == 429).expect("it is too often");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    assert_ne!(get("203.0.113.8").status, 429, "others are not held up");
    // Of IPv6, whoever has one address has 2⁶⁴ of them.
    let many = (0..300).map(|number| get(&format!("2001:db8::{number:x}")).status);
    assert!(many.into_iter().any(|status| status == 429));
}
