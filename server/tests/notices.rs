//! What people are told, over HTTP: whom something concerns, what becomes of it when it happens again and when it is read,
//! and that nothing is told of what somebody may not read.

mod common;

use std::time::{Duration, Instant};

use common::{
    Answer,
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

/// The unread notices, once there are so many: whoever does something does not wait for all who are told.
fn notices(client: &Client<'_>, many: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = get(client, "/me/notices");
        let items = page["items"].as_array().expect("a list").clone();
        if items.len() == many {
            return items;
        }
        assert!(Instant::now() < deadline, "{many} notices were expected: {page}");
    }
}

/// The only unread notice, once it is like this: its reason, author, what they did, and how often.
fn only(client: &Client<'_>, expected: (&str, &str, &str, u64)) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let notice = notices(client, 1).remove(0);
        let text = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
        let found = (text("reason"), text("author"), text("what"), notice["times"].as_u64().unwrap_or_default());
        if (found.0.as_str(), found.1.as_str(), found.2.as_str(), found.3) == expected {
            return notice;
        }
        assert!(Instant::now() < deadline, "{expected:?} was expected: {notice}");
    }
}

fn read_all(client: &Client<'_>) {
    good(client.json("POST", "/me/notices/read", json!({})));
}

/// What the top of a page says of the inbox.
fn badge(client: &Client<'_>, page: &str) -> Option<String> {
    let html = client.get(page).body;
    let nav = html.split("aria-label=\"Main\"").nth(1).expect("a navigation").split("</nav>").next();
    let nav = nav.expect("its end");
    assert!(nav.contains("href=\"/account/inbox\""), "{nav}");
    Some(nav.split("class=\"count\">").nth(1)?.split('<').next()?.to_owned())
}

/// Ada's dataset with an open request of hers; the others may do what is said.
fn places<'w>(world: &'w World, roles: &[(&str, &str)]) -> Client<'w> {
    let ada = world.signed_in("ada");
    ada.dataset("ada", "places");
    for (name, role) in roles {
        let given = ada.form("/ada/places/people", &[("name", name), ("role", role)]);
        assert_eq!(given.status, 303, "{}", given.body);
    }
    ada
}

/// Offers a new branch with one changed cell; the request's address in the API.
fn propose(client: &Client<'_>, branch: &str, text: &str) -> String {
    good(client.json("POST", &format!("{D}/branches"), json!({ "name": branch })));
    let operations = json!([{ "op": "update", "table": "cities", "key": 1, "values": { "name": branch } }]);
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    good(client.json("POST", &format!("{D}/commits"), body));
    let body = json!({ "title": format!("Offer {branch}"), "text": text, "source_branch": branch });
    let opened = good(client.json("POST", &format!("{D}/merge-requests"), body));
    format!("{D}/merge-requests/{}", opened["number"])
}

#[test]
fn who_takes_part_hears_of_it_once_until_they_have_read_it() {
    let world = World::new();
    let [_, bob, carol] = ["ada", "bob", "carol"].map(|name| world.person(name));
    let ada = places(&world, &[("bob", "writer"), ("carol", "commenter")]);

    // A role is told; looking at the dataset is reading it.
    let told = only(&bob, ("access", "ada", "made you writer", 1));
    assert_eq!((told["dataset"].as_str(), &told["number"]), (Some("ada/places"), &Value::Null));
    assert_eq!(badge(&bob, "/").as_deref(), Some("1"));
    assert_eq!(badge(&bob, "/ada/places"), None);
    assert!(notices(&bob, 0).is_empty());
    read_all(&carol);

    // Who owns it hears of what is offered; who did it does not.
    let request = propose(&bob, "north", "Ask `@root`, @carol, and @nobody-here.");
    only(&ada, ("watching", "bob", "opened it", 1));
    let told = only(&carol, ("mentioned", "bob", "opened it", 1));
    assert_eq!((told["title"].as_str(), told["number"].as_u64()), (Some("Offer north"), Some(1)));
    assert!(notices(&bob, 0).is_empty());

    // What happens next changes the notice that nobody has read; the best reason stays.
    good(ada.json("POST", &format!("{request}/comments"), json!({ "text": "Why\n\n*north*?" })));
    let told = only(&bob, ("takes-part", "ada", "commented", 1));
    assert_eq!(told["text"], "Why *north*?");
    good(ada.json("PATCH", &request, json!({ "reviewers": ["carol"] })));
    only(&carol, ("mentioned", "ada", "asked for a review", 2));
    good(carol.json("POST", &format!("{request}/reviews"), json!({ "verdict": "changes", "text": "No." })));
    only(&bob, ("takes-part", "carol", "asked for changes", 2));
    only(&ada, ("takes-part", "carol", "asked for changes", 2));

    // Opening the request is reading it, unless a browser fetches it before anybody looks.
    assert_eq!(badge(&ada, "/").as_deref(), Some("1"));
    let page = "/ada/places/requests/1";
    let (name, cookie) = ada.header.clone().expect("a cookie");
    let early = [(name, cookie.as_str()), ("sec-purpose", "prefetch")];
    assert_eq!(world.server.call("GET", page, &early, None).status, 200);
    notices(&ada, 1);
    assert_eq!(badge(&ada, page), None);
    assert!(notices(&ada, 0).is_empty());
    let all = get(&ada, "/me/notices?all=true");
    assert_eq!((all["items"].as_array().map(Vec::len), &all["items"][0]["unread"]), (Some(1), &json!(false)));

    // It begins anew.
    good(bob.json("POST", &format!("{request}/comments"), json!({ "text": "Look again." })));
    only(&ada, ("takes-part", "bob", "commented", 1));
    // One who is no person there is not told, and one who said so hears nothing, not even of their name.
    good(carol.json("PUT", &format!("{D}/watch"), json!({ "level": "nothing" })));
    read_all(&carol);
    good(ada.json("POST", &format!("{request}/merge"), json!({})));
    only(&bob, ("takes-part", "ada", "merged it", 3));
    good(bob.json("PATCH", &request, json!({ "text": "Thanks, @carol @ada" })));
    only(&ada, ("mentioned", "bob", "changed the text", 2));
    assert!(notices(&carol, 0).is_empty());
    let root = world.signed_in("root");
    assert!(notices(&root, 0).is_empty());
}

#[test]
fn each_level_hears_what_it_asked_for() {
    let world = World::new();
    let [_, bob, carol, dan] = ["ada", "bob", "carol", "dan"].map(|name| world.person(name));
    let ada = places(&world, &[("bob", "writer"), ("carol", "reader"), ("dan", "reader")]);
    for client in [&bob, &carol, &dan] {
        read_all(client);
    }
    assert_eq!(get(&ada, &format!("{D}/watch"))["level"], "all");
    assert_eq!(get(&carol, &format!("{D}/watch"))["level"], "mine");
    let page = carol.get("/ada/places").body;
    assert!(page.contains("What concerns me"), "{page}");
    assert_eq!(carol.form("/ada/places/watch", &[("level", "all")]).status, 303);
    assert_eq!(carol.form("/ada/places/watch", &[("level", "loud")]).status, 422);
    assert_eq!(get(&carol, &format!("{D}/watch"))["level"], "all");
    assert_eq!(ada.form("/ada/places/watch", &[("level", "nothing")]).status, 303);

    let request = propose(&bob, "north", "");
    only(&carol, ("watching", "bob", "opened it", 1));
    good(bob.json("PATCH", &request, json!({ "state": "closed" })));
    good(bob.json("PATCH", &request, json!({ "state": "open" })));
    only(&carol, ("watching", "bob", "opened it again", 3));
    assert!(notices(&ada, 0).is_empty() && notices(&dan, 0).is_empty());

    // The inbox is a list of two pages, with a form for one and for all.
    propose(&bob, "south", "See @dan <script>alert(1)</script>");
    notices(&carol, 2);
    let first = get(&carol, "/me/notices?limit=1");
    assert_eq!(first["items"][0]["number"], 2, "the newest comes first");
    let cursor = first["next_cursor"].as_str().expect("a second page");
    let second = get(&carol, &format!("/me/notices?limit=1&cursor={cursor}"));
    assert_eq!((&second["items"][0]["number"], &second["next_cursor"]), (&json!(1), &Value::Null));
    let html = carol.get("/account/inbox").body;
    assert!(html.contains("Offer south") && html.contains("You watch the dataset"), "{html}");
    assert!(!html.contains("<script>alert"), "{html}");
    let id = first["items"][0]["id"].as_str().expect("an id");
    assert_eq!(carol.form("/account/inbox/read", &[("notice", id)]).status, 303);
    assert_eq!(notices(&carol, 1)[0]["number"], 1);
    assert_eq!(carol.form("/account/inbox/read", &[("all", "1")]).status, 303);
    assert!(notices(&carol, 0).is_empty());
    assert!(carol.get("/account/inbox").body.contains("Nothing is unread"));
    assert!(carol.get("/account/inbox?show=all").body.contains("Offer south"));
    assert_eq!(carol.get("/account/inbox?before=77").status, 404);
}

#[test]
fn who_may_not_read_a_dataset_is_told_nothing_of_it() {
    let world = World::new();
    let [_, bob, eve] = ["ada", "bob", "eve"].map(|name| world.person(name));
    let ada = places(&world, &[("bob", "writer")]);
    read_all(&bob);
    let request = propose(&bob, "north", "");
    // Eve may read nothing of it, whatever is written.
    good(ada.json("POST", &format!("{request}/comments"), json!({ "text": "@eve and @bob, a secret." })));
    only(&bob, ("mentioned", "ada", "commented", 1));
    assert_eq!(eve.form("/ada/places/watch", &[("level", "all")]).status, 404);
    assert_eq!(eve.json("PUT", &format!("{D}/watch"), json!({ "level": "all" })).status, 404);
    assert!(notices(&eve, 0).is_empty());
    assert_eq!(badge(&eve, "/"), None);

    // Bob is shut out: what he was told is there no more, and comes back with him. Eve is let in: no old secret comes.
    assert_eq!(badge(&bob, "/").as_deref(), Some("1"));
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "")]).status, 303);
    assert!(notices(&bob, 0).is_empty());
    let html = bob.get("/account/inbox?show=all").body;
    assert!(!html.contains("secret") && !html.contains("ada/places"), "{html}");
    // What pages say follows within some seconds.
    let deadline = Instant::now() + Duration::from_secs(30);
    while badge(&bob, "/").is_some() {
        assert!(Instant::now() < deadline, "the count stays");
    }
    good(ada.json("POST", &format!("{request}/comments"), json!({ "text": "Another one." })));
    assert_eq!(ada.form("/ada/places/people", &[("name", "eve"), ("role", "reader")]).status, 303);
    only(&eve, ("access", "ada", "made you reader", 1));
    assert_eq!(ada.form("/ada/places/people", &[("name", "bob"), ("role", "reader")]).status, 303);
    notices(&bob, 2);

    // A token that only reads marks nothing, and a stranger has no inbox.
    let token = good(bob.json("POST", "/tokens", json!({ "name": "look", "scope": "read" })));
    let token = format!("Bearer {}", token["text"].as_str().expect("its text"));
    let program = Client { server: &world.server, header: Some(("authorization", token)) };
    notices(&program, 2);
    assert_eq!(program.json("POST", "/me/notices/read", json!({})).status, 403);
    let stranger = world.stranger();
    assert_eq!(stranger.get("/api/v1/me/notices").status, 401);
    assert_eq!(stranger.get("/account/inbox").status, 303);
    assert!(!stranger.get("/").body.contains("/account/inbox"));

    // What is deleted is nothing to hear of.
    assert_eq!(ada.call("DELETE", &format!("/api/v1{D}"), "", None).status, 204);
    assert!(notices(&bob, 0).is_empty() && notices(&eve, 0).is_empty());
}
