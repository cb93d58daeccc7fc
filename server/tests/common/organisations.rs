//! Each operation about organisations, teams and offers, once; every answer is held against the document.

use serde_json::{Value, json};

use super::Answer;

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

type Call<'a> = &'a dyn Fn(&str, &str, Option<Value>) -> Answer;

/// As `ada`, who has the dataset `shared`, and as `grace`.
pub fn call_all(call: Call<'_>, as_grace: Call<'_>) {
    for (name, status) in [("acme", 201), ("acme", 422), ("grace", 422), ("api", 422), ("local", 422), ("A b", 422)] {
        let made = call("POST", "/organisations", Some(json!({ "name": name, "display": "Acme & Co." })));
        assert_eq!(made.status, status, "{name}: {}", made.body);
    }
    let taken = call("POST", "/accounts", Some(json!({ "name": "acme", "password": "a few words that belong" })));
    assert_eq!((taken.status, taken.json()["errors"][0]["pointer"].as_str()), (422, Some("/name")));
    let own = good(call("GET", "/organisations", None));
    assert_eq!((&own["items"][0]["name"], &own["items"][0]["role"]), (&json!("acme"), &json!("owner")));
    const O: &str = "/organisations/acme";
    let change = |patch: Value| call("PATCH", O, Some(patch));
    assert_eq!(change(json!({ "base_role": "maintainer" })).status, 422);
    assert_eq!(good(change(json!({ "base_role": "none", "description": "Tables." })))["base_role"], "none");
    let grace = format!("{O}/members/grace");
    // Nobody belongs to it who has not said so.
    let invite = |role: &str| call("PUT", &grace, Some(json!({ "role": role })));
    assert_eq!(invite("king").status, 422);
    let invited = invite("member");
    assert_eq!((invited.status, &invited.json()["person"]), (202, &json!("grace")), "{}", invited.body);
    assert_eq!(good(call("GET", O, None))["invitations"][0]["made_by"], "ada");
    assert_eq!(as_grace("GET", O, None).status, 404, "she is only invited");
    const MINE: &str = "/me/invitations/acme";
    assert_eq!((as_grace("DELETE", MINE, None).status, as_grace("POST", MINE, None).status), (204, 404));
    assert_eq!(invite("member").status, 202);
    let withdraw = || call("DELETE", &format!("{O}/invitations/grace"), None).status;
    assert_eq!((withdraw(), withdraw()), (204, 404));
    assert_eq!(invite("member").status, 202);
    let mine = good(as_grace("GET", "/me/invitations", None));
    let role = |invitation: &Value| (invitation["organisation"].clone(), invitation["role"].clone());
    assert_eq!(role(&mine["items"][0]), (json!("acme"), json!("member")));
    assert_eq!((as_grace("POST", MINE, None).status, as_grace("POST", MINE, None).status), (204, 404));
    assert_eq!(good(as_grace("GET", O, None)).get("invitations"), None, "that is for owners");
    assert_eq!(invite("owner").status, 204, "she belongs to it");
    assert_eq!(good(call("GET", O, None))["invitations"], json!([]));
    assert_eq!(call("PUT", &format!("{O}/members/nobody"), Some(json!({ "role": "member" }))).status, 422);
    let team = format!("{O}/teams/editors");
    for path in [&team, &team, &format!("{team}/members/grace")] {
        assert_eq!(call("PUT", path, None).status, 204, "{path}");
    }
    assert_eq!(call("PUT", &format!("{team}/members/eve"), None).status, 422, "eve does not belong to it");
    let shown = good(call("GET", O, None));
    let expected = json!([
        { "name": "ada", "display": "ada", "role": "owner" },
        { "name": "grace", "display": "A. B.", "role": "owner" },
    ]);
    assert_eq!(shown["members"], expected);
    assert_eq!(shown["teams"], json!([{ "name": "editors", "members": ["grace"] }]));

    // A dataset goes there, and teams have roles in it.
    let moved = good(call("PATCH", "/datasets/ada/shared", Some(json!({ "owner": "acme", "title": "Shared" }))));
    assert_eq!((&moved["owner"], &moved["title"]), (&json!("acme"), &json!("Shared")));
    const D: &str = "/datasets/acme/shared";
    assert_eq!(call("DELETE", O, None).status, 409, "it has a dataset");
    let role = json!({ "role": "writer" });
    assert_eq!(good(call("PUT", &format!("{D}/teams/editors"), Some(role.clone())))["kind"], "team");
    assert_eq!(call("PUT", &format!("{D}/teams/nobody"), Some(role)).status, 422);
    let members = good(call("GET", &format!("{D}/members"), None));
    let team_role = json!({ "kind": "team", "name": "editors", "role": "writer" });
    assert!(members["items"].as_array().is_some_and(|items| items.contains(&team_role)), "{members}");
    assert_eq!(call("DELETE", &format!("{D}/teams/editors"), None).status, 204);
    // Archived, it is read.
    assert!(good(call("PATCH", D, Some(json!({ "archived": true }))))["archived_at"].is_string());
    let refused = call("PATCH", D, Some(json!({ "title": "No" })));
    assert!(refused.status == 409 && refused.body.contains("archived"), "{}", refused.body);
    assert_eq!(good(call("PATCH", D, Some(json!({ "archived": false }))))["archived_at"], Value::Null);
    // Offered to somebody, withdrawn, and taken back by who owns both.
    assert_eq!(good(call("PATCH", D, Some(json!({ "owner": "grace" }))))["owner"], "acme");
    assert_eq!(good(call("GET", "/offers", None))["items"], json!([]), "it is offered to grace");
    assert_eq!(call("POST", &format!("{D}/offer"), None).status, 404);
    assert_eq!(call("DELETE", &format!("{D}/offer"), None).status, 204);
    assert_eq!(call("DELETE", &format!("{D}/offer"), None).status, 404);
    assert_eq!(good(call("PATCH", D, Some(json!({ "owner": "ada" }))))["owner"], "ada");
    const OLD: &str = "/datasets/ada/shared";
    assert_eq!(good(call("PATCH", OLD, Some(json!({ "owner": "grace" }))))["owner"], "ada");
    assert_eq!(good(as_grace("GET", "/offers", None))["items"][0]["dataset"], "ada/shared");
    // Under a name of hers, where she has one of the same.
    assert_eq!(as_grace("POST", "/datasets", Some(json!({ "name": "shared" }))).status, 201);
    let taken = as_grace("POST", &format!("{OLD}/offer"), None);
    assert_eq!((taken.status, taken.json()["errors"][0]["pointer"].as_str()), (422, Some("/name")), "{}", taken.body);
    let given = good(as_grace("POST", &format!("{OLD}/offer"), Some(json!({ "name": "given" }))));
    assert_eq!((&given["owner"], &given["name"]), (&json!("grace"), &json!("given")));

    for path in [format!("{team}/members/grace"), team, grace] {
        assert_eq!(call("DELETE", &path, None).status, 204, "{path}");
    }
    let last = call("DELETE", &format!("{O}/members/ada"), None);
    assert!(last.status == 409 && last.body.contains("Nobody but"), "{}", last.body);
    assert_eq!(call("DELETE", O, None).status, 204);
    assert_eq!(call("GET", O, None).status, 404);
}
