//! Changes by somebody who may only read, from their own fork; and finding one's way in what is offered.

mod common;

use common::{
    Answer, field,
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

fn commit(client: &Client<'_>, dataset: &str, branch: &str, operations: Value) {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    good(client.json("POST", &format!("{dataset}/commits"), body));
}

fn rename(key: u64, name: &str) -> Value {
    json!([{ "op": "update", "table": "cities", "key": key, "values": { "name": name } }])
}

/// Where a form leads.
fn led(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").to_owned()
}

/// Changes the first row's name in the table's state at this address, and proposes it to what was forked from.
fn edit_and_propose(client: &Client<'_>, table: &str, name: &str, message: &str) -> String {
    let row = format!("{table}/rows/1");
    let page = client.get(&row).body;
    let columns = page.split("name=\"before.").skip(1).filter_map(|rest| rest.split('"').next());
    let columns: Vec<String> = columns.map(str::to_owned).collect();
    let [_, renamed] = columns.as_slice() else { panic!("two columns: {page}") };
    let mut fields = vec![("action".to_owned(), "update".to_owned())];
    for column in &columns {
        for field_name in [column.clone(), format!("before.{column}")] {
            fields.extend(field(&page, &field_name).map(|value| (field_name, value)));
        }
    }
    fields.extend([(renamed.clone(), name.to_owned())]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    led(&client.form(&row, &fields));
    let place = table.split("/tables/").next().expect("a place");
    let page = client.get(&format!("{place}/draft")).body;
    assert!(page.contains("Propose to ada/places"), "{page}");
    let revision = field(&page, "revision").expect("a revision");
    let form = [("revision", revision.as_str()), ("message", message), ("propose", "upstream")];
    led(&client.form(&format!("{place}/draft/commit"), &form))
}

#[test]
fn who_may_only_read_edits_in_a_fork_and_proposes_it() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    let table = "/ada/places/tables/cities";
    let propose = format!("{table}/propose");
    assert_eq!(bob.form(&propose, &[]).status, 404);
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "reader")]).status, 303);
    assert!(bob.get(table).body.contains("Propose changes"));
    assert!(!ada.get(table).body.contains("Propose changes"));
    assert_eq!(led(&ada.form(&propose, &[])), table, "who may edit it edits it there");

    // A fork is made, under a free name, with a branch that begins there.
    bob.dataset("bob", "places");
    let place = led(&bob.form(&propose, &[]));
    assert_eq!(place, "/bob/places-2/at/bob-1/tables/cities");
    assert_eq!(led(&bob.form(&propose, &[])), place, "nothing has changed: nothing more is made");
    let request = edit_and_propose(&bob, &place, "Kristiania", "The old name\n\nAs it *was*.");
    assert_eq!(request, "/ada/places/requests/1");
    let view = get(&ada, &format!("{D}/merge-requests/1"));
    let told = (view["title"].as_str(), view["text"].as_str(), view["author"].as_str(), view["source_branch"].as_str());
    assert_eq!(told, (Some("The old name"), Some("As it *was*."), Some("bob"), Some("bob-1")));
    assert_eq!((view["target_branch"].as_str(), view["standing"].as_str()), (Some("main"), Some("clean")));

    // More on the same branch goes to the same request.
    assert_eq!(edit_and_propose(&bob, &place, "Christiania", "As it was written"), request);

    // When the origin has moved on, another branch begins there, in the same fork, without what else is in it.
    commit(&ada, D, "main", json!([{ "op": "insert", "table": "cities", "values": { "id": 2, "name": "Bergen" } }]));
    commit(&bob, "/datasets/bob/places-2", "main", rename(1, "Own ways"));
    let place = led(&bob.form(&propose, &[]));
    assert_eq!(place, "/bob/places-2/at/bob-2/tables/cities");
    assert_eq!(get(&bob, "/datasets/bob/places-2/tables/cities/rows/2?ref=bob-2")["name"], "Bergen");
    assert_eq!(edit_and_propose(&bob, &place, "Ánslo", "Older still"), "/ada/places/requests/2");
    let changes = ada.get("/ada/places/requests/2/changes").body;
    assert!(changes.contains("Ánslo") && !changes.contains("Own ways"), "{changes}");
    good(ada.json("POST", &format!("{D}/merge-requests/2/merge"), json!({})));
    assert_eq!(get(&ada, &format!("{D}/tables/cities/rows/1"))["name"], "Ánslo");
    // Its history is whole, also from the fork's side.
    for hash in get(&bob, "/datasets/bob/places-2/commits?ref=bob-2")["items"].as_array().expect("a log") {
        let hash = hash["hash"].as_str().expect("a hash");
        assert_eq!(bob.get(&format!("/bob/places-2/commits/{hash}")).status, 200);
    }
    // Not for strangers, and not from what is no head.
    good(ada.json("PATCH", D, json!({ "visibility": "public" })));
    let stranger = world.stranger();
    assert!(!stranger.get(table).body.contains("Propose changes"));
    assert_ne!(led(&stranger.form(&propose, &[])), place);
}

#[test]
fn what_is_offered_is_found_and_looked_through() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "writer")]).status, 303);
    for (client, branch) in [(&ada, "north"), (&bob, "south")] {
        good(client.json("POST", &format!("{D}/branches"), json!({ "name": branch })));
        commit(client, D, branch, rename(1, branch));
        let insert = json!([{ "op": "insert", "table": "cities", "values": { "id": 7, "name": "New" } }]);
        commit(client, D, branch, insert);
        let offer = json!({ "title": format!("Offer {branch}"), "source_branch": branch });
        good(client.json("POST", &format!("{D}/merge-requests"), offer));
    }
    good(ada.json("PATCH", &format!("{D}/merge-requests/1"), json!({ "labels": ["a & b"], "reviewers": ["bob"] })));

    // The list, by label and by people.
    let titles = |query: &str| {
        let list = get(&ada, &format!("{D}/merge-requests{query}"));
        let items = list["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["number"].as_u64().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(titles(""), [2, 1]);
    assert_eq!(titles("?label=a%20%26%20b"), [1]);
    assert_eq!(titles("?author=bob"), [2]);
    assert_eq!(titles("?reviewer=bob&author=ada"), [1]);
    assert_eq!(titles("?reviewer=ada"), [0; 0]);
    let html = ada.get("/ada/places/requests").body;
    assert!(html.contains("label=a%20%26%20b"), "a label leads to the others that have it: {html}");
    let html = ada.get("/ada/places/requests?state=all&author=bob").body;
    assert!(html.contains("Offer south") && !html.contains("Offer north"), "{html}");
    assert!(ada.get("/ada/places/requests?label=none").body.contains("No merge requests like that"));

    // The changes, by kind and column, one after the other, with a way to say something about each.
    let page = |query: &str| ada.get(&format!("/ada/places/requests/1/changes{query}")).body;
    let all = page("");
    assert!(all.contains("id=\"change-1\"") && all.contains("href=\"#change-2\""), "{all}");
    assert!(!all.contains("#change-3"), "{all}");
    let added = page("?kind=added");
    assert!(added.contains(">added<") && !added.contains("<del class=\"was\">"), "{added}");
    let changed = page("?kind=changed&column=name");
    assert!(changed.contains("<del class=\"was\">") && !changed.contains("id=\"change-2\""), "{changed}");
    assert!(page("?kind=removed").contains("No row is changed like that."));
    assert!(page("?kind=changed&column=id").contains("No row is changed like that."));
    assert!(page("?column=nothing").contains("No row is changed like that."));
    assert_eq!(ada.get("/ada/places/requests/1/changes?kind=moved").status, 404);
    let compared = ada.get("/ada/places/compare?from=main&to=north&kind=added").body;
    assert!(compared.contains("id=\"change-1\"") && !compared.contains("id=\"change-2\""), "{compared}");
    let label = all.find("aria-label=\"Comment on name of row 1\"").expect("a link to the form");
    let tag = &all[all[..label].rfind('<').expect("its tag")..];
    let link = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let link = link.replace("&amp;", "&");
    let (link, anchor) = link.split_once('#').expect("an anchor");
    let form = ada.get(link).body;
    assert!(form.contains(&format!("id=\"{anchor}\"")), "{form}");
    let table = anchor.trim_start_matches("about-");
    assert_eq!(field(&form, &format!("key-{table}")).as_deref(), Some("1"));
    assert!(form.contains("<option value=\"name\" selected"), "{form}");

    // All decisions are taken back at once.
    commit(&bob, D, "main", rename(1, "Mine"));
    let rule = json!([{ "table": "cities", "choice": "theirs" }]);
    good(ada.json("POST", &format!("{D}/merge-requests/1/resolutions"), rule));
    let conflicts = "/ada/places/requests/1/conflicts";
    assert!(ada.get(conflicts).body.contains("Take back all decisions"));
    led(&ada.form(conflicts, &[("take_back", "all")]));
    assert!(!ada.get(conflicts).body.contains("Take back all decisions"));
    assert_eq!(get(&ada, &format!("{D}/merge-requests/1"))["standing"], "undecided");
}

#[test]
fn what_became_private_does_not_come_into_a_public_fork() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    good(ada.json("PATCH", D, json!({ "visibility": "public" })));
    good(bob.json("POST", &format!("{D}/forks"), json!({ "name": "places" })));
    good(ada.json("PATCH", D, json!({ "visibility": "private" })));
    good(ada.json("PUT", &format!("{D}/members/bob"), json!({ "role": "reader" })));
    commit(&ada, D, "main", rename(1, "Secret"));

    let stranger = world.stranger();
    let place = led(&bob.form("/ada/places/tables/cities/propose", &[]));
    assert_eq!(place, "/bob/places-2/at/bob-1/tables/cities");
    assert_eq!((stranger.get("/bob/places").status, stranger.get("/bob/places-2").status), (200, 404));
    let branches = get(&bob, "/datasets/bob/places/branches");
    assert_eq!(branches["items"].as_array().map(Vec::len), Some(1), "{branches}");

    let update = || bob.form("/bob/places/update-fork", &[]);
    let refused = update();
    assert!(refused.status == 409 && refused.body.contains("make it private first"), "{}", refused.body);
    assert!(!stranger.get("/bob/places/tables/cities").body.contains("Secret"));
    good(bob.json("PATCH", "/datasets/bob/places", json!({ "visibility": "private" })));
    led(&update());
    assert_eq!(get(&bob, "/datasets/bob/places/tables/cities/rows/1")["name"], "Secret");
}

#[test]
fn who_asks_twice_at_once_has_one_fork() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    good(ada.json("PATCH", D, json!({ "visibility": "public" })));
    let ask = || led(&bob.form("/ada/places/tables/cities/propose", &[]));
    let places: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it is led on")).collect()
    });
    assert!(places.iter().all(|place| place.starts_with("/bob/places/at/bob-")), "{places:?}");
    assert_eq!(bob.get("/bob/places-2").status, 404);
}
