//! Each operation about merge requests and the rules of branches, once; every answer is held against the document.

use serde_json::json;

use super::{Answer, api::Api};

const D: &str = "/datasets/local/proposals";

fn good(answer: Answer) -> serde_json::Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { serde_json::Value::Null } else { answer.json() }
}

/// On a server without accounts; the dataset is deleted in the end.
pub fn call_all(api: &Api<'_>) {
    good(api.post("/datasets", json!({ "name": "proposals" })));
    let change = |branch: &str, operation: serde_json::Value| {
        let body = json!({ "branch": branch, "message": "Change", "operations": [operation] });
        good(api.post(&format!("{D}/commits"), body));
    };
    let columns = json!([{ "name": "id", "type": "integer" }, { "name": "name", "type": "text" }]);
    change("main", json!({ "op": "create_table", "name": "t", "columns": columns, "primary_key": ["id"] }));
    change("main", json!({ "op": "insert", "table": "t", "values": { "id": 1, "name": "a" } }));
    good(api.post(&format!("{D}/branches"), json!({ "name": "work" })));
    let set = |name: &str| json!({ "op": "update", "table": "t", "key": 1, "values": { "name": name } });
    change("work", set("b"));
    let opened = good(api.post(&format!("{D}/merge-requests"), json!({ "title": "Work", "source_branch": "work" })));
    assert_eq!(opened["number"], 1);
    let request = format!("{D}/merge-requests/1");
    assert_eq!(good(api.get(&format!("{D}/merge-requests")))["items"][0]["title"], "Work");
    // There is nobody to be told of anything.
    assert_eq!(api.get("/me/notices").status, 409);
    assert_eq!(api.get(&format!("{D}/watch")).status, 409);
    assert_eq!(api.call("PUT", &format!("{D}/watch"), &[], Some(json!({ "level": "all" }))).status, 409);
    assert_eq!(good(api.get("/search?q=work"))["items"][0]["kind"], "request");
    good(api.call("PATCH", &request, &[], Some(json!({ "title": "Works", "draft": false, "labels": ["x"] }))));
    let comment = json!({ "text": "Hm", "table": "t", "key": "1", "column": "name", "suggestion": "c" });
    let comment = good(api.post(&format!("{request}/comments"), comment));
    let comment = format!("{request}/comments/{}", comment["id"].as_str().expect("an id"));
    good(api.call("PATCH", &comment, &[], Some(json!({ "settled": true }))));
    good(api.call("POST", &format!("{comment}/apply"), &[], None));
    good(api.post(&format!("{request}/reviews"), json!({ "verdict": "comment", "text": "Fine" })));
    let head = good(api.get(&request))["head"].as_str().expect("a head").to_owned();
    let status = json!({ "commit": head, "context": "ci", "state": "success", "url": "https://ci.example/1" });
    assert_eq!(good(api.post(&format!("{D}/statuses"), status))["commit"], head.as_str());
    assert_eq!(good(api.get(&format!("{D}/statuses?commit={head}")))["items"][0]["context"], "ci");
    change("work", json!({ "op": "set_check", "table": "t", "check": "odd", "filter": "name = \"z\"" }));
    let checks = good(api.get(&format!("{request}/checks")));
    assert_eq!((&checks["errors"], &checks["statuses"]), (&json!(0), &json!([])));
    assert!(good(api.get(&format!("{request}/comments")))["items"].as_array().is_some_and(|items| items.len() >= 3));
    change("main", set("d"));
    let conflicts = good(api.get(&format!("{request}/conflicts")));
    let conflict = &conflicts["items"][0];
    assert_eq!((&conflict["base"], &conflict["ours"], &conflict["theirs"]), (&json!("a"), &json!("d"), &json!("c")));
    let choice = json!([{ "conflict": conflict["id"], "choice": "value", "value": "e" }]);
    let resolutions = format!("{request}/resolutions");
    good(api.post(&resolutions, choice.clone()));
    good(api.call("DELETE", &resolutions, &[], None));
    assert_eq!(api.post(&format!("{request}/merge"), json!({})).status, 409);
    good(api.post(&resolutions, choice));
    assert!(good(api.post(&format!("{request}/merge"), json!({})))["commit"].is_string());
    assert_eq!(good(api.get(&format!("{D}/tables/t/rows/1")))["name"], "e");
    assert_eq!(good(api.get(&request))["state"], "merged");
    let undo = api.call("POST", &format!("{request}/revert"), &[], None);
    assert_eq!(undo.status, 201, "{}", undo.body);
    good(api.call("PUT", &format!("{D}/protections/main"), &[], Some(json!({ "request_required": true }))));
    assert_eq!(good(api.get(&format!("{D}/protections")))["items"][0]["branch"], "main");
    good(api.call("DELETE", &format!("{D}/protections/main"), &[], None));
    // It can be brought back with all of it, and deleted for good.
    good(api.call("DELETE", D, &[], None));
    assert_eq!(api.get(D).status, 404);
    assert_eq!(api.post("/datasets", json!({ "name": "proposals" })).status, 422);
    good(api.call("POST", &format!("{D}/restore"), &[], None));
    assert_eq!(good(api.get(&request))["state"], "merged");
    good(api.call("DELETE", &format!("{D}?forever=true"), &[], None));
    assert_eq!(api.call("POST", &format!("{D}/restore"), &[], None).status, 404);
}
