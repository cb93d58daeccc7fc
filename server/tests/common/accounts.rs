//! Each operation about one's own account and about those of others, once; every answer is held against the document.

use serde_json::{Value, json};

use super::{Answer, people::PASSWORD};

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

type Call<'a> = &'a dyn Fn(&str, &str, Option<Value>) -> Answer;

fn pointer(answer: &Answer) -> Option<String> {
    answer.json()["errors"][0]["pointer"].as_str().map(str::to_owned)
}

/// As `ada`, who runs the server; `eve` has an account.
pub fn call_all(call: Call<'_>) {
    own(call);
    // Others' accounts.
    let eve = good(call("GET", "/accounts/eve", None));
    let expected = [json!("eve"), json!(false), json!(false), json!(false)];
    assert_eq!(["name", "is_admin", "is_blocked", "second_factor"].map(|field| eve[field].clone()), expected);
    assert_eq!(call("GET", "/accounts/nobody", None).status, 404);
    let change = |name: &str, body: Value| call("PATCH", &format!("/accounts/{name}"), Some(body)).status;
    assert_eq!(change("ada", json!({ "is_admin": false })), 409, "nobody else runs the server");
    assert_eq!((change("ada", json!({ "is_blocked": true })), change("eve", json!({ "is_king": true }))), (409, 422));
    assert_eq!(change("eve", json!({ "is_admin": true, "is_blocked": true })), 204);
    let eve = good(call("GET", "/accounts/eve", None));
    assert_eq!((&eve["is_admin"], &eve["is_blocked"]), (&json!(true), &json!(true)));
    assert_eq!(call("POST", "/accounts/eve/password-reset", None).status, 409, "she is blocked");
    assert_eq!(change("eve", json!({ "is_admin": false, "is_blocked": false })), 204);
    let made = call("POST", "/accounts/eve/password-reset", None);
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{}", made.body);
    let link = made.json()["link"].as_str().expect("a link").to_owned();
    assert!(link.starts_with("http://") && link.contains("/reset-password?code="), "{link}");
    assert_eq!(call("DELETE", "/accounts/eve/second-factor", None).status, 409, "there is none");

    // Who makes an account of their own.
    assert_eq!(good(call("GET", "/sign-up", None)), json!({ "rule": "closed" }));
    assert_eq!(call("POST", "/invitations", Some(json!({ "note": "for Bob" }))).status, 409);
    let wrong = call("PUT", "/sign-up", Some(json!({ "rule": "anybody" })));
    assert_eq!((wrong.status, pointer(&wrong).as_deref()), (422, Some("/rule")));
    assert_eq!(call("PUT", "/sign-up", Some(json!({ "rule": "invitation" }))).status, 204);
    let made = call("POST", "/invitations", Some(json!({ "note": "for Bob" })));
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{}", made.body);
    assert!(made.json()["link"].as_str().is_some_and(|link| link.contains("/sign-up?invitation=")), "{}", made.body);
    assert_eq!(
        call("POST", "/invitations", Some(json!({ "email": "bob@example.org" }))).status,
        409,
        "no mail is sent"
    );
    let open = good(call("GET", "/invitations", None));
    assert_eq!((&open["items"][0]["note"], &open["items"][0]["made_by"]), (&json!("for Bob"), &json!("ada")));
    let id = open["items"][0]["id"].as_str().expect("an id");
    assert!(!made.body.contains(id), "what names it is not its secret");
    let path = format!("/invitations/{id}");
    assert_eq!((call("DELETE", &path, None).status, call("DELETE", &path, None).status), (204, 404));
    assert_eq!(call("PUT", "/sign-up", Some(json!({ "rule": "closed" }))).status, 204);
}

fn own(call: Call<'_>) {
    assert_eq!(good(call("GET", "/me/profile", None)), json!({ "display": "", "about": "" }));
    let change = |patch: Value| call("PATCH", "/me/profile", Some(patch));
    assert_eq!(good(change(json!({ "about": "Counts." })))["about"], "Counts.");
    assert_eq!(good(change(json!({ "display": "Ada" }))), json!({ "display": "Ada", "about": "Counts." }));
    let wrong = change(json!({ "about": "x".repeat(1_001) }));
    assert_eq!((wrong.status, pointer(&wrong).as_deref()), (422, Some("/about")));
    assert_eq!(good(change(json!({ "display": "", "about": "" })))["display"], "");

    let sessions = good(call("GET", "/me/sessions", None));
    let this = sessions["items"].as_array().expect("sessions").iter().find(|session| session["is_this"] == true);
    assert!(this.is_some_and(|this| this["id"].is_string() && this["used_at"].is_string()), "{sessions}");
    assert_eq!(call("DELETE", "/me/sessions/nothing", None).status, 404);
    assert_eq!(call("DELETE", "/me/sessions", None).status, 204);
    assert_eq!(good(call("GET", "/me/sessions", None))["items"].as_array().map(Vec::len), Some(1));

    let password = |old: &str, new: &str| call("PUT", "/me/password", Some(json!({ "old": old, "password": new })));
    let wrong = password("not that one", "other words that belong");
    assert_eq!((wrong.status, pointer(&wrong).as_deref()), (422, Some("/old")));
    let wrong = password(PASSWORD, "short");
    assert_eq!((wrong.status, pointer(&wrong).as_deref()), (422, Some("/password")));
    for (old, new) in [(PASSWORD, "other words that belong"), ("other words that belong", PASSWORD)] {
        assert_eq!(password(old, new).status, 204);
    }

    let email =
        |email: &str, password: &str| call("PUT", "/me/email", Some(json!({ "email": email, "password": password })));
    assert_eq!(email("ada@example.org", PASSWORD).status, 409, "this server sends no mail");
    let wrong = email("", "not that one");
    assert_eq!((wrong.status, pointer(&wrong).as_deref()), (422, Some("/password")));
    assert_eq!(email("", PASSWORD).status, 204);
    assert_eq!(call("PUT", "/me/mailed", Some(json!({ "mailed": "some" }))).status, 422);
    assert_eq!(call("PUT", "/me/mailed", Some(json!({ "mailed": "direct" }))).status, 204);
    assert_eq!(good(call("GET", "/me/email", None)), json!({ "email": null, "mailed": "direct" }));
    assert_eq!(good(call("GET", "/me/second-factor", None)), json!({ "since": null, "recovery_codes": 0 }));
}
