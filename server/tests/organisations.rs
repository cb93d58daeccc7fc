//! Organisations: who decides, what teams and members may do in its datasets, what others learn; and datasets that are
//! given away, renamed and archived.

mod common;

use common::{
    Answer,
    people::{Client, PASSWORD, World},
};
use serde_json::{Value, json};

fn good(answer: Answer) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn found(client: &Client<'_>, name: &str) {
    let made = client.form("/account/organisations", &[("name", name), ("display", "Acme & <b>Co</b>")]);
    assert_eq!((made.status, made.header("location")), (303, &*format!("/{name}")), "{}", made.body);
}

/// Who belongs to it already is so at once, others are invited.
fn add(client: &Client<'_>, organisation: &str, person: &str, role: &str) -> u16 {
    let path = format!("/account/organisations/{organisation}/members");
    client.form(&path, &[("person", person), ("role", role)]).status
}

fn answer(client: &Client<'_>, organisation: &str, what: &str) -> Answer {
    client.form(&format!("/account/organisations/{organisation}/invitation"), &[("what", what)])
}

/// Somebody is invited and accepts.
fn join(owner: &Client<'_>, organisation: &str, (name, client): (&str, &Client<'_>), role: &str) {
    assert_eq!(add(owner, organisation, name, role), 303, "{name}");
    let accepted = answer(client, organisation, "accept");
    assert_eq!(
        (accepted.status, accepted.header("location")),
        (303, &*format!("/{organisation}")),
        "{}",
        accepted.body
    );
}

/// A dataset of an organisation with a table of one row.
fn dataset(client: &Client<'_>, owner: &str, name: &str) {
    good(client.json("POST", "/datasets", json!({ "owner": owner, "name": name })));
    let operations = json!([
        { "op": "create_table", "name": "cities", "primary_key": ["id"],
          "columns": [{ "name": "id", "type": "integer" }, { "name": "name", "type": "text" }] },
        { "op": "insert", "table": "cities", "values": { "id": 1, "name": "Oslo" } },
    ]);
    let body = json!({ "branch": "main", "message": "Begin", "operations": operations });
    good(client.json("POST", &format!("/datasets/{owner}/{name}/commits"), body));
}

fn commit(client: &Client<'_>, path: &str, name: &str) -> Answer {
    let operation = json!({ "op": "update", "table": "cities", "key": 1, "values": { "name": name } });
    let body = json!({ "branch": "main", "message": "Change", "operations": [operation] });
    client.json("POST", &format!("/datasets/{path}/commits"), body)
}

#[test]
fn its_owners_own_its_datasets_and_members_and_teams_have_what_they_are_given() {
    let world = World::new();
    let [ada, grace, bob, eve] = ["ada", "grace", "bob", "eve"].map(|name| world.person(name));
    found(&ada, "acme");
    dataset(&ada, "acme", "places");
    join(&ada, "acme", ("grace", &grace), "member");
    join(&ada, "acme", ("bob", &bob), "member");
    let read = |client: &Client<'_>| client.get("/acme/places").status;
    let turn = std::cell::Cell::new(0);
    let write = |client: &Client<'_>| {
        turn.set(turn.get() + 1);
        commit(client, "acme/places", &format!("Oslo {}", turn.get())).status
    };
    // Members read at first; the setting holds from the next request on.
    assert_eq!((read(&grace), write(&grace), read(&eve), write(&eve)), (200, 403, 404, 404));
    let base = |role: &str| ada.form("/account/organisations/acme", &[("base_role", role)]).status;
    assert_eq!(base("none"), 303);
    assert_eq!((read(&grace), write(&grace)), (404, 404));
    assert!(!grace.get("/").body.contains("acme/places"));
    assert_eq!(base("writer"), 303);
    assert_eq!((read(&grace), write(&grace)), (200, 201));
    assert_eq!(base("none"), 303);

    // A team has what it is given, as long as it is there and who is in it.
    let teams = |fields: &[(&str, &str)]| ada.form("/account/organisations/acme/teams", fields).status;
    let put = |fields: &[(&str, &str)]| ada.form("/account/organisations/acme/teams/members", fields).status;
    assert_eq!(
        (teams(&[("team", "editors")]), teams(&[("team", "editors")]), teams(&[("team", "A b")])),
        (303, 409, 422)
    );
    assert_eq!(put(&[("team", "editors"), ("member", "grace")]), 303);
    assert_eq!(put(&[("team", "editors"), ("member", "eve")]), 422, "eve does not belong to it");
    let role = |role: &str| ada.form("/acme/places/people", &[("team", "editors"), ("team-role", role)]).status;
    assert_eq!(role("writer"), 303);
    assert!(ada.get("/acme/places/people").body.contains("team editors"));
    assert_eq!((write(&grace), read(&bob)), (201, 404));
    assert!(grace.get("/").body.contains("acme/places"), "it is on her list");
    assert!(!bob.get("/").body.contains("acme/places"));
    assert_eq!(put(&[("team", "editors"), ("member", "grace"), ("out", "yes")]), 303);
    assert_eq!(read(&grace), 404);
    assert_eq!(put(&[("team", "editors"), ("member", "grace")]), 303);
    assert_eq!(write(&grace), 201);
    // Who leaves has nothing left of it, and a team of the same name is another.
    assert_eq!(add(&ada, "acme", "grace", ""), 303);
    assert_eq!(read(&grace), 404);
    join(&ada, "acme", ("grace", &grace), "member");
    assert_eq!(read(&grace), 404, "she is in no team any more");
    assert_eq!(put(&[("team", "editors"), ("member", "grace")]), 303);
    assert_eq!(teams(&[("team", "editors"), ("end", "yes")]), 303);
    assert_eq!(teams(&[("team", "editors")]), 303);
    assert_eq!(put(&[("team", "editors"), ("member", "grace")]), 303);
    assert_eq!(read(&grace), 404);

    // Owners decide, members do not; the last owner stays.
    for client in [&grace, &eve] {
        let refused = if std::ptr::eq(client, &grace) { 403 } else { 404 };
        assert_eq!(add(client, "acme", "eve", "owner"), refused);
        assert_eq!(client.form("/account/organisations/acme", &[("base_role", "writer")]).status, refused);
        assert_eq!(client.form("/account/organisations/acme/end", &[("confirm", "acme")]).status, refused);
        let new = client.json("POST", "/datasets", json!({ "owner": "acme", "name": "mine" }));
        assert_eq!(new.status, 403, "{}", new.body);
    }
    assert_eq!(add(&ada, "acme", "ada", "member"), 409);
    assert_eq!(add(&ada, "acme", "ada", ""), 409);
    assert_eq!(add(&ada, "acme", "bob", "owner"), 303);
    assert_eq!((read(&bob), write(&bob)), (200, 201), "all of its datasets are his too");
    assert_eq!(add(&ada, "acme", "ada", ""), 303);
    assert_eq!((read(&ada), ada.get("/account/organisations/acme").status), (404, 404));
    assert_eq!(add(&bob, "acme", "bob", ""), 409);
    // Members leave by themselves.
    assert_eq!(add(&grace, "acme", "grace", ""), 303);
    assert_eq!(grace.get("/account/organisations/acme").status, 404);

    let log = good(world.signed_in("root").get("/api/v1/audit?kind=organisation&limit=1000"));
    let told: Vec<&str> =
        log["items"].as_array().expect("items").iter().filter_map(|entry| entry["what"].as_str()).collect();
    for expected in [
        "founded the organisation acme",
        "invited grace to acme as member",
        "accepted the invitation to acme as member",
        "made bob owner of acme",
        "made members of acme none in all its datasets",
        "made the team acme/editors",
        "put grace into the team acme/editors",
        "took grace out of the team acme/editors",
        "ended the team acme/editors",
        "took grace out of acme",
        "left acme",
    ] {
        assert!(told.contains(&expected), "{expected}: {told:#?}");
    }
}

#[test]
fn of_two_owners_who_leave_at_the_same_time_one_stays() {
    let world = World::new();
    let [ada, bob] = ["ada", "bob"].map(|name| world.person(name));
    found(&ada, "acme");
    join(&ada, "acme", ("bob", &bob), "owner");
    for turn in 0..8 {
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| add(&ada, "acme", "ada", "member"));
            let second = scope.spawn(|| add(&bob, "acme", "bob", "member"));
            (first.join().expect("an answer"), second.join().expect("an answer"))
        });
        let stays = match (first, second) {
            (303, 409) => (&bob, "ada"),
            (409, 303) => (&ada, "bob"),
            other => panic!("{turn}: {other:?}"),
        };
        assert_eq!(add(stays.0, "acme", stays.1, "owner"), 303);
    }
}

#[test]
fn others_learn_what_is_public_and_no_more() {
    let world = World::new();
    let [ada, grace, eve] = ["ada", "grace", "eve"].map(|name| world.person(name));
    let stranger = world.stranger();
    found(&ada, "acme");
    dataset(&ada, "acme", "places");
    join(&ada, "acme", ("grace", &grace), "member");
    assert_eq!(ada.form("/account/profile", &[("display", "Ada L."), ("about", "Counts <b>cities</b>.")]).status, 303);
    let unlike = |client: &Client<'_>, path: &str, none: &str| {
        let (there, not) = (client.get(path), client.get(none));
        assert_eq!((there.status, not.status), (404, 404), "{path}");
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        assert_eq!(there.body.replace(&name(path), &name(none)), not.body, "{path}: the answers do not differ");
    };
    for client in [&stranger, &eve] {
        unlike(client, "/acme", "/nothing");
        unlike(client, "/ada", "/nobody");
        unlike(client, "/api/v1/organisations/acme", "/api/v1/organisations/nothing");
    }
    assert_eq!(
        (eve.get("/account/organisations/acme").status, stranger.get("/account/organisations").status),
        (404, 303)
    );
    assert_eq!(stranger.get("/api/v1/organisations").status, 401);
    assert_eq!(eve.json("POST", "/datasets", json!({ "owner": "acme", "name": "x" })).status, 403);
    // Members see each other.
    let page = grace.get("/acme").body;
    assert!(
        page.contains("Acme &amp; &lt;b&gt;Co&lt;/b&gt;") && page.contains("Ada L.") && !page.contains("New dataset"),
        "{page}"
    );
    let page = grace.get("/ada").body;
    assert!(page.contains("Counts &lt;b>cities") || page.contains("Counts &lt;b&gt;cities"), "{page}");
    assert!(page.contains("href=\"/acme\""), "what both belong to: {page}");

    good(ada.json("PATCH", "/datasets/acme/places", json!({ "visibility": "public" })));
    for client in [&stranger, &eve] {
        let page = client.get("/acme").body;
        assert!(page.contains("acme/places") && !page.contains("grace") && !page.contains("Ada L."), "{page}");
        let body = good(client.get("/api/v1/organisations/acme"));
        assert_eq!((&body["role"], body.get("members"), body.get("base_role")), (&Value::Null, None, None), "{body}");
        assert_eq!(client.get("/ada").status, 404, "she has nothing public herself");
    }
    ada.dataset("ada", "own");
    good(ada.json("PATCH", "/datasets/ada/own", json!({ "visibility": "public" })));
    let page = stranger.get("/ada").body;
    assert!(page.contains("Ada L.") && page.contains("ada/own") && !page.contains("acme"), "{page}");

    // People and organisations share their names, whoever comes first.
    let root = world.signed_in("root");
    for (name, expected) in [("acme", 422), ("ada", 422), ("free", 303)] {
        let made = root.form("/account/people", &[("name", name), ("password", PASSWORD)]);
        assert_eq!(made.status, expected, "{name}");
    }
    for name in ["free", "acme", "local", "new", "A", ""] {
        assert_eq!(eve.form("/account/organisations", &[("name", name)]).status, 422, "{name}");
    }
    // A name that is free again has nothing of the one that had it before.
    good(ada.json("PATCH", "/datasets/acme/places", json!({ "owner": "ada" })));
    assert_eq!(ada.form("/account/organisations/acme/end", &[("confirm", "acm")]).status, 422);
    assert_eq!(ada.form("/account/organisations/acme/end", &[("confirm", "acme")]).status, 303);
    found(&eve, "acme");
    assert_eq!((grace.get("/acme").status, ada.get("/acme").status), (404, 404));
    assert_eq!(ada.get("/acme/places").status, 404, "nor ways that lead elsewhere");
}

#[test]
fn a_token_does_in_organisations_what_its_scope_says() {
    let world = World::new();
    let ada = world.person("ada");
    found(&ada, "acme");
    dataset(&ada, "acme", "places");
    let token = |scope: &str| {
        let made = good(ada.json("POST", "/tokens", json!({ "name": "t", "scope": scope })));
        let text = format!("Bearer {}", made["text"].as_str().expect("its text"));
        Client { server: &world.server, header: Some(("authorization", text)) }
    };
    for (scope, makes, decides) in [("read", 403, 403), ("write", 201, 403), ("admin", 201, 200)] {
        let program = token(scope);
        assert_eq!(good(program.get("/api/v1/organisations/acme"))["role"], "owner");
        let new = json!({ "owner": "acme", "name": format!("by-{scope}") });
        assert_eq!(program.json("POST", "/datasets", new).status, makes, "{scope}");
        let patch = program.json("PATCH", "/organisations/acme", json!({ "description": scope }));
        assert_eq!(patch.status, decides, "{scope}");
    }
}

#[test]
fn what_is_given_away_is_found_by_its_old_address() {
    let world = World::new();
    let [ada, grace, eve] = ["ada", "grace", "eve"].map(|name| world.person(name));
    found(&ada, "acme");
    ada.dataset("ada", "places");
    good(ada.json("PUT", "/datasets/ada/places/members/eve", json!({ "role": "owner" })));
    let give = |client: &Client<'_>, path: &str, to: &str, name: &str| {
        client.form(&format!("{path}/transfer"), &[("owner", to), ("confirm-transfer", name)])
    };
    assert_eq!(give(&ada, "/ada/places", "acme", "place").status, 422, "its name is typed");
    assert_eq!(give(&ada, "/ada/places", "nobody", "places").status, 422);
    assert_eq!(give(&eve, "/ada/places", "eve", "places").status, 403, "what is in a namespace is for whose it is");
    let moved = give(&ada, "/ada/places", "acme", "places");
    assert_eq!((moved.status, moved.header("location")), (303, "/acme/places"), "{}", moved.body);
    // Pages, forms and the API lead on, with method and query, those who may read it.
    for (path, to) in [
        ("/ada/places", "/acme/places"),
        ("/ada/places/tables/cities?sort=name", "/acme/places/tables/cities?sort=name"),
        (
            "/api/v1/datasets/ada/places/tables/cities/rows?limit=1",
            "/api/v1/datasets/acme/places/tables/cities/rows?limit=1",
        ),
        ("/ada/places/events", "/acme/places/events"),
    ] {
        let led = ada.get(path);
        assert_eq!((led.status, led.header("location")), (308, to), "{path}");
        assert!(led.header("cache-control").contains("no-cache"), "it holds as long as nothing else is there");
        assert_eq!((world.stranger().get(path).status, grace.get(path).status), (404, 404), "{path}");
    }
    assert_eq!(commit(&ada, "ada/places", "x").status, 308);
    assert_eq!(ada.get("/acme/places").status, 200);

    // To a person it goes once they take it; whoever it is offered to sees no more than its name.
    let offered = give(&ada, "/acme/places", "grace", "places");
    assert_eq!((offered.status, offered.header("location")), (303, "/acme/places/settings"));
    assert!(ada.get("/acme/places/settings").body.contains("Withdraw the offer"));
    assert_eq!(grace.get("/acme/places").status, 404);
    assert!(grace.get("/grace").body.contains("Take acme/places"));
    assert!(!eve.get("/eve").body.contains("Take acme/places"));
    let settle = |client: &Client<'_>, path: &str, what: &str| client.form(&format!("{path}/offer"), &[("what", what)]);
    assert_eq!(settle(&eve, "/acme/places", "take").status, 404);
    assert_eq!(settle(&world.stranger(), "/acme/places", "take").status, 404);
    assert_eq!(settle(&grace, "/acme/places", "end").header("location"), "/grace");
    assert_eq!(settle(&grace, "/acme/places", "take").status, 404, "she has declined");
    assert_eq!(give(&ada, "/acme/places", "grace", "places").status, 303);
    assert_eq!(settle(&ada, "/acme/places", "end").header("location"), "/acme/places/settings");
    assert_eq!(settle(&grace, "/acme/places", "take").status, 404, "it was withdrawn");
    assert_eq!(give(&ada, "/acme/places", "grace", "places").status, 303);
    assert_eq!(settle(&grace, "/acme/places", "take").header("location"), "/grace/places");
    // Who offered it stays a maintainer, as the settings say; others of the organisation have no more to do with it.
    assert_eq!((ada.get("/acme/places").status, grace.get("/acme/places").status), (308, 308));
    assert_eq!(eve.get("/acme/places").status, 308);
    assert_eq!(grace.get("/ada/places").header("location"), "/grace/places", "both old addresses lead to it");
    assert_eq!(eve.get("/grace/places").status, 200, "roles of people stay");
    // Who gives away what was theirs stays a maintainer.
    assert_eq!(give(&grace, "/grace/places", "eve", "places").status, 303);
    assert_eq!(settle(&eve, "/grace/places", "take").status, 303);
    assert_eq!(
        (grace.get("/eve/places/settings").status, grace.form("/eve/places/archive", &[("to", "yes")]).status),
        (200, 403)
    );

    // Renamed; then another one is made where it was.
    let renamed = eve.form("/eve/places/settings", &[("name", "towns")]);
    assert_eq!(renamed.header("location"), "/eve/towns", "{}", renamed.body);
    assert_eq!(eve.get("/eve/places").header("location"), "/eve/towns");
    assert_eq!(eve.get("/grace/places").header("location"), "/eve/towns");
    eve.dataset("eve", "places");
    assert_eq!(eve.get("/eve/places").status, 200);
    good(eve.call("DELETE", "/api/v1/datasets/eve/places?forever=true", "", None));
    assert_eq!(eve.get("/eve/places").status, 404, "what it led to before is over");
    // What is not finished there was begun by the right that people had before.
    good(ada.json("POST", "/datasets", json!({ "name": "rivers" })));
    let import = "/api/v1/datasets/ada/rivers/imports?table=t&unattended=false";
    assert_eq!(give(&ada, "/ada/rivers", "eve", "rivers").status, 303);
    let job = ada.call("POST", import, "text/csv", Some("id\n1\n"));
    assert_eq!(job.status, 202, "{}", job.body);
    let refused = settle(&eve, "/ada/rivers", "take");
    assert!(refused.status == 409 && refused.body.contains("not finished"), "{}", refused.body);
    // Who could not give it away any more has not given it.
    found(&ada, "globex");
    dataset(&ada, "globex", "lakes");
    join(&ada, "globex", ("grace", &grace), "owner");
    assert_eq!(give(&ada, "/globex/lakes", "eve", "lakes").status, 303);
    assert_eq!(add(&grace, "globex", "ada", "member"), 303);
    assert_eq!(settle(&eve, "/globex/lakes", "take").status, 404);
    // A name that is taken there is in the way.
    eve.json("PATCH", "/datasets/eve/towns", json!({ "name": "places" }));
    ada.dataset("ada", "places");
    assert_eq!(give(&ada, "/ada/places", "eve", "places").status, 303);
    let taken = settle(&eve, "/ada/places", "take");
    assert!(taken.status == 422 && taken.body.contains("eve/places"), "{}: {}", taken.status, taken.body);
    assert_eq!(ada.get("/ada/places").status, 200);
    // It is taken under another one.
    let take = |name: &str| eve.form("/ada/places/offer", &[("what", "take"), ("name-ada/places", name)]);
    for (name, why) in [("places", "There is a dataset"), ("Ada's", "A name has 1 to 64"), ("", "Give the dataset")] {
        let refused = take(name);
        assert!(refused.status == 422 && refused.body.contains(why), "{name}: {}", refused.body);
        let typed = common::field(&refused.body, "name-ada/places").expect("the field");
        assert_eq!(typed.replace("&#x27;", "'").replace("&#39;", "'"), name, "what was typed is there");
    }
    assert_eq!(take("hers").header("location"), "/eve/hers");
    assert_eq!(ada.get("/ada/places").header("location"), "/eve/hers", "the old address leads there");
    assert_eq!((eve.get("/eve/places").status, ada.get("/eve/hers/settings").status), (200, 200));
}

#[test]
fn nobody_belongs_to_an_organisation_who_has_not_said_so() {
    let world = World::new();
    let [ada, grace, bob, eve] = ["ada", "grace", "bob", "eve"].map(|name| world.person(name));
    let root = world.signed_in("root");
    found(&ada, "acme");
    dataset(&ada, "acme", "places");
    assert_eq!(ada.form("/account/organisations/acme/teams", &[("team", "editors")]).status, 303);
    let settings = "/account/organisations/acme";
    let is_open = |name: &str| ada.get(settings).body.contains(&format!("Withdraw the invitation of {name}"));
    let withdraw = |client: &Client<'_>, name: &str| {
        client.form(&format!("{settings}/invitations/end"), &[("invited", name)]).status
    };
    let asked = |client: &Client<'_>| client.get("/account/inbox").body.contains("Accept acme");

    // Who is invited sees that, and has no rights.
    assert_eq!(add(&ada, "acme", "grace", "owner"), 303);
    assert!(is_open("grace") && asked(&grace) && grace.get("/grace").body.contains("Accept acme"));
    assert!(grace.get("/").body.contains("Inbox, 1 unread") && !asked(&eve) && !asked(&ada));
    let known = [settings, "/acme", "/acme/places", "/api/v1/organisations/acme", "/api/v1/datasets/acme/places"];
    for path in known {
        assert_eq!(grace.get(path).status, 404, "{path}");
    }
    assert_eq!(add(&grace, "acme", "grace", "owner"), 404);
    assert_eq!(grace.json("POST", "/datasets", json!({ "owner": "acme", "name": "x" })).status, 403);
    let into_team = [("team", "editors"), ("member", "grace")];
    assert_eq!(ada.form("/account/organisations/acme/teams/members", &into_team).status, 422, "nor is she in a team");
    // Nobody else answers, or withdraws, not even whoever runs the server.
    for client in [&eve, &root] {
        assert_eq!((answer(client, "acme", "accept").status, withdraw(client, "grace")), (404, 404));
    }
    assert_eq!(answer(&world.stranger(), "acme", "accept").header("location"), "/sign-in");
    assert_eq!(withdraw(&grace, "grace"), 404, "that is for owners");
    for scope in ["read", "write"] {
        let made = good(grace.json("POST", "/tokens", json!({ "name": "t", "scope": scope })));
        let text = format!("Bearer {}", made["text"].as_str().expect("its text"));
        let program = Client { server: &world.server, header: Some(("authorization", text)) };
        assert_eq!(good(program.get("/api/v1/me/invitations"))["items"][0]["organisation"], "acme");
        assert_eq!(program.json("POST", "/me/invitations/acme", Value::Null).status, 403, "{scope}");
    }
    // Declined, then withdrawn, each is over.
    assert_eq!(answer(&grace, "acme", "decline").header("location"), "/account/inbox");
    assert!(!is_open("grace") && !asked(&grace) && !grace.get("/").body.contains("unread"));
    assert_eq!(answer(&grace, "acme", "accept").status, 404);
    assert_eq!(add(&ada, "acme", "grace", "owner"), 303);
    assert_eq!((withdraw(&ada, "grace"), withdraw(&ada, "grace")), (303, 404));
    assert_eq!(answer(&grace, "acme", "accept").status, 404);
    // The last one counts.
    assert_eq!((add(&ada, "acme", "grace", "owner"), add(&ada, "acme", "grace", "member")), (303, 303));
    assert_eq!(answer(&grace, "acme", "accept").header("location"), "/acme");
    assert_eq!((grace.get("/acme/places").status, add(&grace, "acme", "grace", "owner")), (200, 403));
    assert!(!is_open("grace"), "she belongs to it");
    // Nor does whoever runs the server come in otherwise.
    assert_eq!(add(&root, "acme", "root", "owner"), 404);
    assert_eq!((add(&ada, "acme", "root", "owner"), root.get("/acme").status), (303, 404));
    assert_eq!(withdraw(&ada, "root"), 303);
    // Whoever does not decide there any more has invited nobody.
    join(&ada, "acme", ("bob", &bob), "owner");
    assert_eq!(add(&bob, "acme", "eve", "owner"), 303);
    assert!(asked(&eve) && is_open("eve"));
    assert_eq!(add(&ada, "acme", "bob", "member"), 303);
    assert_eq!((is_open("eve"), asked(&eve)), (false, false));
    // Nobody who can't sign in is invited; who goes is not, either.
    let carol = world.person("carol");
    assert_eq!(add(&ada, "acme", "carol", "member"), 303);
    assert_eq!(carol.form("/account/delete", &[("name", "carol"), ("password", PASSWORD)]).status, 303);
    assert!(!is_open("carol"));
    assert_eq!((add(&ada, "acme", "carol", "member"), add(&ada, "acme", "nobody", "member")), (422, 422));
    world.person("dan");
    assert_eq!(root.form("/account/people/dan/blocked", &[("to", "yes")]).status, 303);
    assert_eq!(add(&ada, "acme", "dan", "member"), 422);
    // Nobody is asked without end; an invitation that stands is not made anew.
    let asked_often = (0..12).map(|_| (add(&ada, "acme", "eve", "member"), withdraw(&ada, "eve"))).collect::<Vec<_>>();
    assert!(asked_often[0] == (303, 303) && asked_often.contains(&(429, 404)), "{asked_often:?}");
    assert_eq!(add(&bob, "acme", "eve", "member"), 403);

    // What has ended invites nobody, also where another one has its name.
    found(&bob, "globex");
    assert_eq!((add(&bob, "globex", "eve", "owner"), add(&bob, "globex", "eve", "owner")), (303, 303));
    assert!(eve.get("/account/inbox").body.contains("Accept globex"));
    assert_eq!(bob.form("/account/organisations/globex/end", &[("confirm", "globex")]).status, 303);
    assert!(!eve.get("/account/inbox").body.contains("Accept globex"));
    found(&grace, "globex");
    assert_eq!(answer(&eve, "globex", "accept").status, 404);

    let log = good(root.get("/api/v1/audit?kind=organisation&limit=1000"));
    let entries: Vec<(&str, &str)> = log["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|entry| Some((entry["person"].as_str()?, entry["what"].as_str()?)))
        .collect();
    for expected in [
        ("ada", "invited grace to acme as owner"),
        ("grace", "declined the invitation to acme"),
        ("ada", "withdrew the invitation of grace to acme"),
        ("ada", "invited grace to acme as member"),
        ("grace", "accepted the invitation to acme as member"),
    ] {
        assert!(entries.contains(&expected), "{expected:?}: {entries:#?}");
    }
    let again = entries.iter().filter(|(_, what)| *what == "invited eve to globex as owner").count();
    assert_eq!(again, 1, "who is invited already is not told again");
}

#[test]
fn what_is_archived_is_read_and_not_changed() {
    let world = World::new();
    let [ada, grace] = ["ada", "grace"].map(|name| world.person(name));
    ada.dataset("ada", "places");
    good(ada.json("PUT", "/datasets/ada/places/members/grace", json!({ "role": "maintainer" })));
    good(ada.json("POST", "/datasets/ada/places/branches", json!({ "name": "next" })));
    let body = json!({ "branch": "next", "message": "Change", "operations":
        [{ "op": "update", "table": "cities", "key": 1, "values": { "name": "Kristiania" } }] });
    good(ada.json("POST", "/datasets/ada/places/commits", body));
    const D: &str = "/datasets/ada/places";
    let request = json!({ "title": "Next", "source_branch": "next" });
    good(ada.json("POST", &format!("{D}/merge-requests"), request.clone()));
    good(grace.json("POST", &format!("{D}/forks"), json!({ "name": "early" })));

    assert_eq!(grace.form("/ada/places/archive", &[("to", "yes")]).status, 403, "that is for owners");
    assert_eq!(ada.form("/ada/places/archive", &[("to", "yes")]).status, 303);
    for client in [&ada, &grace] {
        for path in ["", "/history", "/branches", "/requests", "/tables/cities", "/tables/cities/rows/1"] {
            let page = client.get(&format!("/ada/places{path}"));
            assert!(page.status == 200 && page.body.contains("Archived"), "{path}: {}", page.status);
        }
        assert_eq!(client.get(&format!("/api/v1{D}/exports?table=cities")).status, 200);
        assert!(!client.get("/ada/places/tables/cities").body.contains("new-row"));
        let refused = |method: &str, path: &str, body: Value| {
            let answer = client.json(method, &format!("{D}{path}"), body);
            assert!(answer.status == 409 && answer.body.contains("archived"), "{path}: {}", answer.body);
        };
        refused(
            "POST",
            "/commits",
            json!({ "branch": "main", "message": "m",
            "operations": [{ "op": "delete", "table": "cities", "key": 1 }] }),
        );
        refused("POST", "/branches", json!({ "name": "late" }));
        refused("POST", "/merges", json!({ "from": "next" }));
        refused("POST", "/merge-requests", request.clone());
        refused("POST", "/merge-requests/1/comments", json!({ "text": "Hm" }));
        refused("POST", "/merge-requests/1/reviews", json!({ "verdict": "approve" }));
        refused("POST", "/merge-requests/1/merge", json!({}));
        refused("PATCH", "/merge-requests/1", json!({ "title": "Other" }));
        refused("PATCH", "", json!({ "title": "Other" }));
        refused("PUT", "/protections/main", json!({ "approvals": 1 }));
        let import = client.call("POST", &format!("/api/v1{D}/imports?table=t"), "text/csv", Some("id\n1\n"));
        assert!(import.status == 409 && import.body.contains("archived"), "{}", import.body);
    }
    // What people are told of it is theirs to say, and what it is called its owners'.
    assert_eq!(grace.json("PUT", &format!("{D}/watch"), json!({ "level": "nothing" })).status, 204);
    assert!(!grace.get("/ada/places/settings").body.contains("name=\"name\""));
    for (now, name) in [("places", "towns"), ("towns", "places")] {
        let settings = format!("/ada/{now}/settings");
        assert!(ada.get(&settings).body.contains("name=\"name\""));
        assert_eq!(grace.form(&settings, &[("name", name)]).status, 403);
        let renamed = ada.form(&settings, &[("name", name)]);
        assert_eq!(renamed.header("location"), format!("/ada/{name}"), "{}", renamed.body);
    }
    let edit = ada.form("/ada/places/tables/cities/rows/1", &[("action", "delete")]);
    assert!(edit.status == 409 && edit.body.contains("is archived"), "{}", edit.body);
    good(grace.json("POST", &format!("{D}/forks"), json!({ "name": "late" })));
    // Offers from forks end there; the fork itself goes on.
    assert_eq!(commit(&grace, "grace/early", "Christiania").status, 201);
    let offer = json!({ "title": "Mine", "source": "grace/early", "source_branch": "main" });
    assert_eq!(grace.json("POST", &format!("{D}/merge-requests"), offer).status, 409);

    assert_eq!(ada.form("/ada/places/archive", &[("to", "no")]).status, 303);
    assert_eq!(commit(&grace, "ada/places", "Christiania").status, 201);
    assert!(!ada.get("/ada/places").body.contains("Archived"));
}
