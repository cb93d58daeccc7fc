//! Two people who decide about the same conflicts: nobody's decision is replaced unseen, on pages and over the API.

mod common;

use common::{
    Answer, field,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/ada/places";
const R: &str = "/datasets/ada/places/merge-requests/1";
const PAGE: &str = "/ada/places/requests/1/conflicts";

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn commit(client: &Client<'_>, branch: &str, operations: Value) {
    let body = json!({ "branch": branch, "message": "Change", "operations": operations });
    good(client.json("POST", &format!("{D}/commits"), body));
}

fn update(id: u64, values: Value) -> Value {
    json!({ "op": "update", "table": "cities", "key": id, "values": values })
}

/// Ada's dataset and request, in which names and people of two rows are in conflict. Bob may decide as well.
fn disputed(world: &World) -> (Client<'_>, Client<'_>) {
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    commit(
        &ada,
        "main",
        json!([
            { "op": "add_column", "table": "cities", "column": { "name": "people", "type": "integer" } },
            { "op": "insert", "table": "cities", "values": { "id": 2, "name": "Bergen", "people": 2 } },
        ]),
    );
    good(ada.json("PUT", &format!("{D}/members/bob"), json!({ "role": "writer" })));
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    let change = |name: &str, people: u64| {
        json!([
            update(1, json!({ "name": name, "people": people })),
            update(2, json!({ "name": name, "people": people }))
        ])
    };
    commit(&ada, "work", change("Theirs", 10));
    good(ada.json("POST", &format!("{D}/merge-requests"), json!({ "title": "Work", "source_branch": "work" })));
    commit(&ada, "main", change("Ours", 20));
    (ada, bob)
}

fn listed(client: &Client<'_>) -> Value {
    good(client.get(&format!("/api/v1{R}/conflicts?all=true")))
}

/// A conflict as the API tells it.
fn conflict(client: &Client<'_>, key: &str, column: &str) -> Value {
    let all = listed(client);
    let items = all["items"].as_array().expect("a list");
    let found = items.iter().find(|item| item["key"] == key && item["column"] == column);
    found.unwrap_or_else(|| panic!("{key} {column} in {all}")).clone()
}

fn id(conflict: &Value) -> &str {
    conflict["id"].as_str().expect("an id")
}

/// The part of a page that is about a conflict.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let begin = page.find(&format!("id=\"conflict-{id}\"")).unwrap_or_else(|| panic!("{id} in {page}"));
    let end = page[begin..].find("</section>").expect("its end");
    &page[begin..begin + end]
}

fn seen(part: &str) -> String {
    field(part, "seen").expect("what the page shows to be decided")
}

fn choose(client: &Client<'_>, id: &str, choice: &str, seen: &str) -> Answer {
    client.form(PAGE, &[("conflict", id), ("choice", choice), ("seen", seen)])
}

fn decided(client: &Client<'_>, key: &str, column: &str) -> (Value, Value) {
    let found = conflict(client, key, column);
    (found["decided"].clone(), found["decided_by"].clone())
}

#[test]
fn a_decision_that_was_not_seen_is_shown_and_replaced_by_one_more_click() {
    let world = World::new();
    let (ada, bob) = disputed(&world);
    let name = conflict(&ada, "1", "name");
    let shown = seen(section(&bob.get(PAGE).body, id(&name)));
    assert_eq!((shown.as_str(), &name["revision"]), ("open", &json!("open")));
    assert_eq!(choose(&ada, id(&name), "theirs", &shown).status, 303);

    // Bob's page is older than that. Decided, the conflict would not be on it any more; now it is.
    let refused = choose(&bob, id(&name), "ours", &shown);
    assert_eq!(refused.status, 409, "{}", refused.body);
    let part = section(&refused.body, id(&name));
    assert!(part.contains("ada has chosen “As offered” meanwhile. You chose “As on main”"), "{part}");
    assert!(part.contains("as offered, by ada"), "{part}");
    assert_eq!(decided(&bob, "1", "name"), (json!("theirs"), json!("ada")));
    // One more click, on what is shown now.
    assert_eq!(choose(&bob, id(&name), "ours", &seen(part)).status, 303);
    assert_eq!(decided(&bob, "1", "name"), (json!("ours"), json!("bob")));

    // A value that was typed is there to be sent again.
    let people = conflict(&ada, "1", "people");
    let value = format!("value-{}", id(&people));
    assert_eq!(choose(&ada, id(&people), "base", "open").status, 303);
    let typed = |seen: &str| {
        let fields = [("conflict", id(&people)), ("choice", "value"), (value.as_str(), "15"), ("seen", seen)];
        bob.form(PAGE, &fields)
    };
    let refused = typed("open");
    assert_eq!(refused.status, 409);
    let part = section(&refused.body, id(&people));
    assert!(part.contains("ada has chosen “Empty” meanwhile. You chose “15”"), "{part}");
    assert_eq!(field(part, &value).as_deref(), Some("15"));
    assert_eq!(typed(&seen(part)).status, 303);
    assert_eq!(decided(&ada, "1", "people"), (json!("value"), json!("bob")));
    assert_eq!(conflict(&ada, "1", "people")["value"], 15);

    // What one has decided oneself is no news: in another window, it can be decided otherwise.
    assert_eq!(choose(&bob, id(&people), "ours", "open").status, 303);
    // Nor is what was taken back.
    let shown = conflict(&bob, "1", "people")["revision"].as_str().expect("a revision").to_owned();
    good(bob.call("DELETE", &format!("/api/v1{R}/resolutions?conflict={}", id(&people)), "", None));
    assert_eq!(choose(&ada, id(&people), "ours", &shown).status, 303);
}

#[test]
fn what_others_decided_is_not_taken_back_unseen() {
    let world = World::new();
    let (ada, bob) = disputed(&world);
    let name = conflict(&ada, "1", "name");
    assert_eq!(choose(&ada, id(&name), "theirs", "open").status, 303);
    let page = bob.get(&format!("{PAGE}?all=1")).body;
    let (shown, all) = (seen(section(&page, id(&name))), seen(page.rsplit("take-back").next().expect("a form")));
    assert_eq!(choose(&ada, id(&name), "base", &shown).status, 303);

    let about = format!("conflict:{}", id(&name));
    let back = |about: &str, seen: &str| bob.form(PAGE, &[("take_back", about), ("seen", seen), ("all", "1")]);
    let refused = back(&about, &shown);
    assert_eq!(refused.status, 409);
    let part = section(&refused.body, id(&name));
    assert!(part.contains("ada has chosen “As before” meanwhile. It was not taken back."), "{part}");
    let refused = back("all", &all);
    assert!(refused.status == 409 && refused.body.contains("ada decided this meanwhile"), "{}", refused.body);
    assert_eq!(decided(&bob, "1", "name"), (json!("base"), json!("ada")));
    assert_eq!(back("all", &seen(refused.body.rsplit("take-back").next().expect("a form"))).status, 303);
    assert_eq!(decided(&bob, "1", "name"), (Value::Null, Value::Null));
}

#[test]
fn rules_leave_what_is_decided_by_itself_and_replace_no_rule_unseen() {
    let world = World::new();
    let (ada, bob) = disputed(&world);
    let table = bob.get(PAGE).body;
    let scope = |name: &str| field(&table, name).expect("the scope of a rule");
    let column_form =
        table.split("column name of cities").next().expect("a form").rsplit("<form").next().expect("it").to_owned();
    let (table_id, column_id) = (scope("scope_table"), field(&column_form, "scope_column").expect("a column"));
    let rule = |client: &Client<'_>, choice: &str, column: Option<&str>, seen: &str| {
        let mut fields = vec![("rule", choice), ("scope_table", table_id.as_str()), ("seen", seen)];
        fields.extend(column.map(|column| ("scope_column", column)));
        client.form(PAGE, &fields)
    };
    let name = conflict(&ada, "1", "name");
    assert_eq!(choose(&ada, id(&name), "theirs", "open").status, 303);
    // Bob's page is older, but his rule is for what is open.
    assert_eq!(rule(&bob, "ours", Some(&column_id), "open").status, 303);
    assert_eq!(decided(&bob, "1", "name"), (json!("theirs"), json!("ada")));
    let ruled = conflict(&ada, "2", "name");
    assert_eq!(
        (&ruled["decided"], &ruled["decided_by"], &ruled["by_rule"]),
        (&json!("ours"), &Value::Null, &json!(true))
    );

    // Ada has not seen it yet, and wants the other side for the same column.
    let refused = rule(&ada, "theirs", Some(&column_id), "open");
    assert_eq!(refused.status, 409, "{}", refused.body);
    let note = "bob has chosen “as on main” for column name of cities meanwhile.";
    assert!(refused.body.contains(note), "{}", refused.body);
    let part = refused.body.split(note).nth(1).expect("the form behind it");
    // A wider rule goes beside it: the narrower one decides.
    assert_eq!(rule(&ada, "theirs", None, "open").status, 303);
    assert_eq!(decided(&bob, "2", "people").0, json!("theirs"));
    assert_eq!(decided(&bob, "2", "name").0, json!("ours"));
    assert_eq!(rule(&ada, "theirs", Some(&column_id), &seen(part)).status, 303);
    assert_eq!(decided(&bob, "2", "name").0, json!("theirs"));

    // A conflict that a rule decided meanwhile is not decided otherwise unseen either.
    let people = conflict(&bob, "2", "people");
    let refused = choose(&bob, id(&people), "ours", "open");
    assert_eq!(refused.status, 409);
    let part = section(&refused.body, id(&people));
    assert!(part.contains("ada has chosen “As offered” meanwhile, for many at once."), "{part}");
    assert_eq!(choose(&bob, id(&people), "ours", &seen(part)).status, 303);
    let page = listed(&ada);
    assert_eq!(page["rules"].as_array().map(Vec::len), Some(2), "{page}");
    assert_eq!((&page["rules"][0]["table"], &page["rules"][0]["decided_by"]), (&json!("cities"), &json!("ada")));
}

#[test]
fn programs_say_what_they_saw_and_are_told_what_is_there() {
    let world = World::new();
    let (ada, bob) = disputed(&world);
    let (name, people) = (conflict(&ada, "1", "name"), conflict(&ada, "1", "people"));
    let send = |client: &Client<'_>, body: Value| client.json("POST", &format!("{R}/resolutions"), body);
    let one = |found: &Value, choice: &str, revision: &Value| json!({ "conflict": found["id"], "choice": choice, "revision": revision });
    assert_eq!(send(&ada, json!([one(&name, "theirs", &json!("open"))])).status, 204);

    // All of it is kept, or nothing.
    let refused = send(&bob, json!([one(&people, "ours", &json!("open")), one(&name, "ours", &json!("open"))]));
    let problem = refused.json();
    assert_eq!(refused.status, 409, "{problem}");
    let standing = &problem["decided"][0];
    assert_eq!(
        (&standing["conflict"], &standing["decided"], &standing["decided_by"]),
        (&name["id"], &json!("theirs"), &json!("ada"))
    );
    assert_eq!(decided(&bob, "1", "people"), (Value::Null, Value::Null));
    assert_eq!(send(&bob, json!([one(&name, "ours", &standing["revision"])])).status, 204);
    // A program is told of what was decided in its own name as well.
    assert_eq!(send(&bob, json!([one(&name, "base", &standing["revision"])])).status, 409);
    // Without a revision, whatever is there is replaced.
    assert_eq!(send(&ada, json!([{ "conflict": name["id"], "choice": "base" }])).status, 204);

    let seen = listed(&bob)["revision"].as_str().expect("a revision").to_owned();
    assert_eq!(send(&ada, json!([{ "table": "cities", "choice": "ours", "revision": "open" }])).status, 204);
    assert_eq!(send(&bob, json!([{ "table": "cities", "choice": "theirs", "revision": "open" }])).status, 409);
    let back = |query: &str| bob.call("DELETE", &format!("/api/v1{R}/resolutions{query}"), "", None);
    assert_eq!(back(&format!("?revision={seen}")).status, 409);
    assert_eq!(back(&format!("?conflict={}&revision=open", id(&name))).status, 409);
    let now = listed(&bob)["revision"].as_str().expect("a revision").to_owned();
    assert_eq!(back(&format!("?revision={now}")).status, 204);
    assert_eq!(listed(&bob)["revision"], "open");
}

#[test]
fn of_many_who_decide_at_once_one_is_first() {
    const PEOPLE: usize = 6;
    let world = World::new();
    let (ada, _) = disputed(&world);
    let others: Vec<_> = (0..PEOPLE).map(|number| world.person(&format!("p{number}"))).collect();
    for number in 0..PEOPLE {
        good(ada.json("PUT", &format!("{D}/members/p{number}"), json!({ "role": "writer" })));
    }
    let found = conflict(&ada, "1", "name");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> =
            others.iter().map(|person| scope.spawn(|| choose(person, id(&found), "ours", "open").status)).collect();
        sent.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), PEOPLE - 1, "{statuses:?}");
}

#[test]
fn rows_that_break_a_rule_are_mended_by_several_without_loss() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    commit(
        &ada,
        "main",
        json!([{ "op": "set_column", "table": "cities", "column": "name", "set": { "unique": true } }]),
    );
    good(ada.json("PUT", &format!("{D}/members/bob"), json!({ "role": "writer" })));
    good(ada.json("POST", &format!("{D}/branches"), json!({ "name": "work" })));
    let insert = |id: u64| json!([{ "op": "insert", "table": "cities", "values": { "id": id, "name": "Bergen" } }]);
    commit(&ada, "work", insert(2));
    good(ada.json("POST", &format!("{D}/merge-requests"), json!({ "title": "Work", "source_branch": "work" })));
    commit(&ada, "main", insert(3));

    let page = bob.get(PAGE).body;
    let violation = field(&page, "violation").expect("a row to mend");
    let column = page.split(&format!("name=\"cell-{violation}-0-")).nth(1).and_then(|rest| rest.split('"').next());
    let column = column.expect("a cell").to_owned();
    let mend = |client: &Client<'_>, row: &str, name: &str, seen: &str| {
        let cell = format!("cell-{violation}-{row}-{column}");
        let before = format!("before.{cell}");
        let fields = [
            ("violation", violation.as_str()),
            ("row", row),
            ("fix", "set"),
            ("seen", seen),
            (cell.as_str(), name),
            (before.as_str(), "\"Bergen\""),
        ];
        client.form(PAGE, &fields)
    };
    assert_eq!(mend(&ada, "0", "Bergen in the west", "open").status, 303);
    let refused = mend(&bob, "1", "Bergen in the east", "open");
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("Its rows were changed by ada meanwhile."), "{}", refused.body);
    let cell = format!("cell-{violation}-1-{column}");
    assert_eq!(field(&refused.body, &cell).as_deref(), Some("Bergen in the east"));
    let part = refused.body.split("Its rows were changed by ada meanwhile").nth(1).expect("the form behind it");
    assert_eq!(mend(&bob, "1", "Bergen in the east", &seen(part)).status, 303);
    good(ada.json("POST", &format!("{R}/merge"), json!({})));
    let name = |id: u64| good(ada.get(&format!("/api/v1{D}/tables/cities/rows/{id}")))["name"].clone();
    assert_eq!((name(2), name(3)), (json!("Bergen in the west"), json!("Bergen in the east")));
}
