//! What the server knows of somebody, and how they go.

mod common;

use common::people::{Client, PASSWORD, World};
use serde_json::json;

#[test]
fn the_file_has_what_is_known_of_somebody_and_no_secrets() {
    let world = World::new();
    let (root, ada) = (world.signed_in("root"), world.person("ada"));
    ada.dataset("ada", "places");
    root.dataset("root", "towns");
    let shared = root.form("/root/towns/people", &[("name", "ada"), ("role", "writer")]);
    assert_eq!(shared.status, 303, "{}", shared.body);
    let change = json!({ "branch": "other", "message": "m",
        "operations": [{ "op": "update", "table": "cities", "key": 1, "values": { "name": "Bergen" } }] });
    assert!(ada.json("POST", "/datasets/root/towns/branches", json!({ "name": "other" })).status < 300);
    assert!(ada.json("POST", "/datasets/root/towns/commits", change).status < 300);
    let offer = json!({ "title": "Another town", "source_branch": "other" });
    let opened = ada.json("POST", "/datasets/root/towns/merge-requests", offer);
    assert_eq!(opened.status, 201, "{}", opened.body);
    let said = ada.json("POST", "/datasets/root/towns/merge-requests/1/comments", json!({ "text": "It is nicer." }));
    assert_eq!(said.status, 201, "{}", said.body);
    let made = ada.json("POST", "/tokens", json!({ "name": "nightly", "scope": "read" })).json();
    let text = made["text"].as_str().expect("its text");

    let file = ada.get("/account/data.json");
    assert_eq!((file.status, file.header("cache-control")), (200, "no-store"), "{}", file.body);
    assert!(file.header("content-disposition").starts_with("attachment"));
    let data = file.json();
    assert_eq!(data["account"]["name"], "ada");
    assert_eq!(data["datasets"], json!(["ada/places"]));
    assert_eq!(data["roles"], json!([{ "dataset": "root/towns", "role": "writer" }]));
    assert_eq!(data["tokens"][0]["name"], "nightly");
    assert_eq!(data["merge_requests"][0]["wrote"]["title"], "Another town");
    assert!(data["comments_and_reviews"].to_string().contains("It is nicer."), "{data:#}");
    let log = data["audit_log"].to_string();
    assert!(log.contains("made a token to read: nightly"), "{log}");
    let secret = ada.header.as_ref().and_then(|(_, cookie)| cookie.split('=').nth(1)).expect("a cookie");
    for secret in [text, secret, "argon2"] {
        assert!(!file.body.contains(secret), "{}", file.body);
    }
    // What is not theirs to know any more has no name.
    assert_eq!(root.form("/root/towns/people", &[("name", "ada"), ("role", "")]).status, 303);
    let data = ada.get("/api/v1/me/data").json();
    assert_eq!((&data["roles"], &data["merge_requests"][0]["dataset"]), (&json!([]), &json!(null)));
    assert_eq!(world.stranger().get("/account/data.json").status, 303);
    let program = Client { server: &world.server, header: Some(("authorization", format!("Bearer {text}"))) };
    assert_eq!(program.get("/api/v1/me/data").status, 403, "a token to read is not the person");
}

#[test]
fn who_goes_leaves_their_name_and_nothing_to_sign_in_with() {
    let world = World::new();
    let (stranger, root, ada) = (world.stranger(), world.signed_in("root"), world.person("ada"));
    let made = ada.json("POST", "/tokens", json!({ "name": "t", "scope": "read" })).json();
    let bearer = format!("Bearer {}", made["text"].as_str().expect("its text"));
    let program = Client { server: &world.server, header: Some(("authorization", bearer)) };
    ada.dataset("ada", "places");
    let delete = |client: &Client<'_>, name: &str, password: &str| {
        client.form("/account/delete", &[("name", name), ("password", password)])
    };
    let page = ada.get("/account/delete");
    assert!(page.status == 200 && page.body.contains("ada/places"), "{}", page.body);
    let refused = delete(&ada, "ada", PASSWORD);
    assert!(refused.status == 409 && refused.body.contains("delete them first"), "{}", refused.body);
    assert_eq!(ada.form("/ada/places/delete", &[("confirm", "places")]).status, 303);
    assert_eq!(delete(&ada, "root", PASSWORD).status, 422);
    assert_eq!(delete(&ada, "ada", "a wrong password").status, 422);
    assert_eq!(ada.get("/account").status, 200);

    let gone = delete(&ada, "ada", PASSWORD);
    assert_eq!(gone.status, 303, "{}", gone.body);
    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ada.get("/account").status, 303);
    assert_eq!(program.get("/api/v1/me").status, 401);
    assert_eq!(stranger.form("/sign-in", &[("name", "ada"), ("password", PASSWORD)]).status, 422);
    assert_eq!(root.get("/account/people/ada").status, 404);
    let again = root.form("/account/people", &[("name", "ada"), ("password", PASSWORD)]);
    assert_eq!(again.status, 422, "nobody else gets the name");
    assert!(root.get("/account/audit").body.contains("deleted the account"));

    // Somebody always runs the server.
    assert_eq!(delete(&root, "root", PASSWORD).status, 409);
    world.person("eve");
    assert_eq!(root.form("/account/people/eve/admin", &[("to", "yes")]).status, 303);
    assert_eq!(delete(&root, "root", PASSWORD).status, 303);
    assert_eq!(world.signed_in("eve").get("/account/people").status, 200);
}
