//! The pages of columns and of new tables over HTTP: who may use them, what is refused and where, what is committed.

mod common;

use common::{
    Answer,
    people::{Client, World},
};
use serde_json::{Value, json};

const D: &str = "/datasets/ada/places";
const COLUMNS: &str = "/ada/places/tables/cities/columns";
const NEW: &str = "/ada/places/new-table";

fn get(client: &Client<'_>, path: &str) -> Value {
    let answer = client.get(&format!("/api/v1{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn page(client: &Client<'_>, path: &str) -> String {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn head(client: &Client<'_>) -> String {
    get(client, D)["head"].as_str().expect("a head").to_owned()
}

/// The properties of the column, as the API has them.
fn column(client: &Client<'_>, name: &str) -> Value {
    let table = get(client, &format!("{D}/tables/cities"));
    let columns = table["columns"].as_array().expect("columns").iter();
    columns.clone().find(|column| column["name"] == name).cloned().unwrap_or_default()
}

/// The columns' names in order.
fn names(client: &Client<'_>, table: &str) -> Vec<String> {
    let table = get(client, &format!("{D}/tables/{table}"));
    let name = |column: &Value| column["name"].as_str().unwrap_or_default().to_owned();
    table["columns"].as_array().expect("columns").iter().map(name).collect()
}

/// Says that the form was shown again, with this at this field.
#[track_caller]
fn refused(answer: &Answer, field: &str, message: &str) {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let parts = answer.body.split(&format!("href=\"#f-{field}\">")).nth(1);
    let told = parts.and_then(|rest| rest.split("</a>").next()).unwrap_or_default();
    assert!(told.contains(message), "{field}: {told} in {}", answer.body);
}

/// Ada's dataset; bob writes, carol reads.
fn places(world: &World) -> [Client<'_>; 3] {
    let [ada, bob, carol] = ["ada", "bob", "carol"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    for (name, role) in [("bob", "writer"), ("carol", "reader")] {
        assert_eq!(ada.form("/ada/places/people", &[("name", name), ("role", role)]).status, 303);
    }
    [ada, bob, carol]
}

#[test]
fn who_reads_sees_columns_and_who_writes_changes_them() {
    let world = World::new();
    let [ada, bob, carol] = places(&world);
    assert!(page(&bob, COLUMNS).contains("Add a column"));
    let seen = page(&carol, COLUMNS);
    assert!(seen.contains("Part of the primary key") && !seen.contains("method=\"post\" action=\"/ada"), "{seen}");
    let add = [("what", "add"), ("name", "people"), ("type", "integer")];
    let before = head(&ada);
    assert_eq!(carol.form(COLUMNS, &add).status, 403);
    assert_eq!(carol.form(COLUMNS, &[("what", "drop-table"), ("confirm", "cities")]).status, 403);
    assert_eq!(carol.get(NEW).status, 403);
    assert_eq!(carol.form(NEW, &[("name", "x"), ("column-0-name", "a"), ("column-0-type", "text")]).status, 403);
    assert!(page(&bob, "/ada/places").contains("href=\"/ada/places/new-table\""));
    assert!(!page(&carol, "/ada/places").contains("/new-table"));
    for client in [world.person("dave"), world.stranger()] {
        for path in [COLUMNS, NEW] {
            assert_eq!(client.get(path).status, 404, "{path}");
            assert_eq!(client.form(path, &add).status, 404, "{path}");
        }
    }
    assert_eq!(head(&ada), before);
    // What was is read.
    let then = format!("/ada/places/at/{before}");
    assert!(!page(&bob, &format!("{then}/tables/cities/columns")).contains("Add a column"));
    assert_eq!(bob.form(&format!("{then}/tables/cities/columns"), &add).status, 403);
    assert_eq!(bob.form(COLUMNS, &add).header("location"), COLUMNS);
    assert_eq!(names(&ada, "cities"), ["id", "name", "people"]);
}

#[test]
fn a_form_is_one_commit_or_none() {
    let world = World::new();
    let [ada, bob, _] = places(&world);
    let add = [
        ("what", "add"),
        ("name", "people"),
        ("type", "integer"),
        ("default", "5"),
        ("minimum", "1"),
        ("maximum", "9"),
        ("description", "Who lives\r\nthere"),
        ("required", "true"),
        ("place", "1"),
        ("why", "Count them"),
    ];
    assert_eq!(bob.form(COLUMNS, &add).status, 303);
    assert_eq!(names(&ada, "cities"), ["id", "people", "name"]);
    let made = column(&ada, "people");
    assert_eq!((&made["type"], &made["required"]), (&json!("integer"), &json!(true)), "{made}");
    assert_eq!(made["description"], "Who lives\nthere", "{made}");
    let seen = head(&ada);
    assert!(page(&ada, &format!("/ada/places/commits/{seen}")).contains("Count them"));

    // As it is shown, it is sent back: nothing is committed.
    let edit = page(&bob, &format!("{COLUMNS}?edit=people"));
    assert!(edit.contains("Change “people”") && edit.contains("It takes 1 cell with it."), "{edit}");
    let change = |fields: &[(&'static str, &'static str)]| {
        let mut all: Vec<(&str, &str)> = vec![("what", "change"), ("old", "people"), ("seen", &seen)];
        let kept = add.iter().filter(|(name, _)| *name != "what" && *name != "why");
        all.extend(kept.filter(|(name, _)| fields.iter().all(|(changed, _)| changed != name)));
        all.extend(fields);
        bob.form(COLUMNS, &all)
    };
    assert_eq!(change(&[]).status, 303);
    assert_eq!(head(&ada), seen);
    let same = [("what", "table"), ("table-name", "cities"), ("table-description", "")];
    assert_eq!(bob.form(COLUMNS, &same).status, 303);
    assert_eq!(head(&ada), seen);

    // Several changes, some in each other's way, are one commit.
    let answer = change(&[("name", "in all"), ("minimum", "10"), ("maximum", "20"), ("default", "15"), ("place", "2")]);
    refused(&answer, "minimum", "row 1: “people” must not be below 10");
    assert!(answer.body.contains("value=\"in all\""), "what was typed is kept: {}", answer.body);
    assert_eq!(head(&ada), seen);
    let answer = change(&[("name", "in all"), ("minimum", "2"), ("maximum", "30"), ("default", "15"), ("place", "2")]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let log = get(&ada, &format!("{D}/commits"));
    assert_eq!(log["items"][0]["parents"], json!([seen]), "{log}");
    assert_eq!(log["items"][0]["message"], "Change the column “people” of “cities”", "{log}");
    assert_eq!(names(&ada, "cities"), ["id", "name", "in all"]);
    let text = column(&ada, "in all").to_string();
    assert!(text.contains("15") && text.contains("30") && text.contains('2'), "{text}");
    // Who has the old page open does not undo it.
    let answer = bob.form(COLUMNS, &[("what", "table"), ("seen", &seen), ("table-description", "Where people live")]);
    assert_eq!(answer.status, 303);
    assert_eq!(names(&ada, "cities"), ["id", "name", "in all"]);

    // Converted, with what does not suit the new type taken off.
    let fields = [
        ("what", "change"),
        ("old", "name"),
        ("name", "name"),
        ("type", "choice"),
        ("options", "Oslo\r\n\r\n Bergen \r\n"),
    ];
    assert_eq!(bob.form(COLUMNS, &fields).status, 303);
    assert!(column(&ada, "name").to_string().contains("[\"Oslo\",\"Bergen\"]"), "{}", column(&ada, "name"));
    let fields =
        [("what", "change"), ("old", "name"), ("name", "name"), ("type", "text"), ("options", "Oslo\r\nBergen")];
    assert_eq!(bob.form(COLUMNS, &fields).status, 303);
    assert_eq!(column(&ada, "name")["type"], "text");

    assert_eq!(bob.form(COLUMNS, &[("what", "drop"), ("old", "in all")]).status, 303);
    assert_eq!(names(&ada, "cities"), ["id", "name"]);
    let renamed = bob.form(COLUMNS, &[("what", "table"), ("table-name", "towns & more"), ("table-why", "They grew")]);
    assert_eq!(renamed.header("location"), "/ada/places/tables/towns%20%26%20more/columns");
    let here = renamed.header("location").to_owned();
    assert!(page(&ada, &here).contains("Where people live"));
    let dropped = bob.form(&here, &[("what", "drop-table"), ("confirm", " towns & more ")]);
    assert_eq!(dropped.header("location"), "/ada/places");
    assert_eq!(bob.get(&here).status, 404);
}

#[test]
fn what_is_refused_is_told_at_its_field() {
    let world = World::new();
    let [ada, bob, _] = places(&world);
    let before = head(&ada);
    let add = |fields: &[(&str, &str)]| {
        let mut all = vec![("what", "add"), ("name", "new"), ("type", "integer")];
        all.extend(fields);
        bob.form(COLUMNS, &all)
    };
    for (fields, field, message) in [
        (&[("name", " ")] as &[(&str, &str)], "name", "A name has 1 to 200 characters"),
        (&[("name", "id")], "name", "There is a column “id” already."),
        (&[("type", "number")], "type", "Choose a type."),
        (&[("type", "link")], "target", "A link needs a table to lead to."),
        (&[("type", "choice")], "options", "A choice needs options."),
        (&[("options", "a\na")], "options", "Only choices and tags have options"),
        (&[("default", "many")], "default", "“many” is no valid value: not a whole number"),
        (&[("minimum", "5"), ("maximum", "4")], "maximum", "The minimum 5 is above the maximum 4."),
        (&[("default", "3"), ("minimum", "5")], "default", "The default breaks a rule"),
        (&[("pattern", "[")], "pattern", "Only texts can have a pattern"),
        (&[("type", "text"), ("pattern", "[")], "pattern", "The pattern can't be read"),
        (&[("required", "true")], "default", "“new” must not be empty"),
        (&[("place", "last")], "place", "Choose a place."),
    ] {
        refused(&add(fields), field, message);
    }
    let change = |fields: &[(&str, &str)]| {
        let mut all = vec![("what", "change"), ("old", "name"), ("name", "name"), ("type", "text")];
        all.extend(fields);
        bob.form(COLUMNS, &all)
    };
    refused(&change(&[("type", "integer"), ("minimum", "3")]), "type", "row 1: ");
    refused(&change(&[("pattern", "B.*")]), "pattern", "row 1: ");
    refused(&change(&[("name", "id")]), "name", "There is a column “id” already.");
    refused(&change(&[("old", "gone"), ("name", "x")]), "name", "There is no column “gone”.");
    refused(&bob.form(COLUMNS, &[("what", "drop"), ("old", "id")]), "drop", "part of the primary key");
    let table = |fields: &[(&str, &str)]| bob.form(COLUMNS, &[&[("what", "table")], fields].concat());
    refused(&table(&[("table-name", " ")]), "table-name", "a name has 1 to 200 characters");
    refused(&bob.form(COLUMNS, &[("what", "drop-table"), ("confirm", "city")]), "confirm", "Type cities to drop it.");
    assert_eq!(head(&ada), before);

    // A branch that only requests change says so, and what was typed is still there.
    let rule = json!({ "request_required": true });
    assert_eq!(ada.json("PUT", &format!("{D}/protections/main"), rule).status / 100, 2);
    let answer = add(&[("description", "<b>Typed</b>")]);
    assert!(answer.status == 409 && answer.body.contains("protected"), "{}", answer.body);
    assert!(answer.body.contains("&lt;b>Typed&lt;/b>"), "{}", answer.body);
    let answer = bob.form(NEW, &[("name", "roads"), ("column-0-name", "id"), ("column-0-type", "integer")]);
    assert!(answer.status == 409 && answer.body.contains("value=\"roads\""), "{}", answer.body);
    assert_eq!(head(&ada), before);
}

#[test]
fn a_new_table_has_the_columns_that_were_named() {
    let world = World::new();
    let [ada, bob, _] = places(&world);
    let first = page(&bob, NEW);
    assert!(first.contains("name=\"column-4-name\"") && !first.contains("name=\"column-5-name\""), "{first}");
    let fields = [
        ("columns", "5"),
        ("name", "roads"),
        ("description", "Where one drives"),
        ("column-0-name", "number"),
        ("column-0-type", "integer"),
        ("column-0-key", "true"),
        ("column-1-type", "text"),
        ("column-3-name", "length"),
        ("column-3-type", "decimal"),
        ("column-3-required", "true"),
    ];
    let more = bob.form(NEW, &[fields.as_slice(), &[("more", "yes")]].concat());
    assert_eq!(more.status, 200);
    for part in ["value=\"roads\"", "value=\"length\"", "name=\"column-9-name\"", "Where one drives"] {
        assert!(more.body.contains(part), "{part}: {}", more.body);
    }
    assert_eq!(more.body.matches(" checked").count(), 2, "{}", more.body);

    let with = |changes: &[(&'static str, &'static str)]| {
        let mut all = fields.to_vec();
        all.extend(changes);
        bob.form(NEW, &all)
    };
    refused(&with(&[("name", "cities")]), "name", "another table is named “cities”");
    refused(&with(&[("column-1-name", "number")]), "column-1-name", "There is a column “number” already.");
    refused(&with(&[("column-0-type", "json")]), "column-0-key", "have no order");
    refused(&with(&[("column-4-type", "what"), ("column-4-name", "x")]), "column-4-type", "Choose a type.");
    refused(&with(&[("column-1-required", "true")]), "column-1-name", "A name has");
    refused(&bob.form(NEW, &[("name", "empty")]), "column-0-name", "Name at least one column.");

    assert_eq!(with(&[]).header("location"), "/ada/places/tables/roads");
    let made = get(&ada, &format!("{D}/tables/roads"));
    assert_eq!(made["primary_key"], json!(["number"]), "{made}");
    assert_eq!(names(&ada, "roads"), ["number", "length"]);
    let keyless = bob.form(NEW, &[("name", "notes"), ("column-2-name", "text"), ("column-2-type", "text")]);
    assert_eq!(keyless.header("location"), "/ada/places/tables/notes");
    assert_eq!(names(&ada, "notes"), ["row id", "text"]);

    // It can be linked to.
    let link = [("what", "add"), ("name", "road"), ("type", "link"), ("target", "roads")];
    assert_eq!(bob.form(COLUMNS, &link).status, 303);
    let shown = page(&ada, COLUMNS);
    assert!(shown.contains("<a href=\"/ada/places/tables/roads/columns\">roads</a>"), "{shown}");
    let roads = "/ada/places/tables/roads/columns";
    refused(&bob.form(roads, &[("what", "drop-table"), ("confirm", "roads")]), "confirm", "columns link to rows");
}
