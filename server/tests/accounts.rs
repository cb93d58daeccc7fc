//! People: the first account, signing in, roles in datasets, tokens; and what a stranger learns, which is nothing.

mod common;

use common::{
    Answer, Server,
    people::{Client, PASSWORD, World, cookie},
};
use serde_json::json;

#[test]
fn the_first_account_takes_the_code_and_takes_over_what_is_there() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let world = World { server, dir };
    let stranger = world.stranger();
    // Until there are accounts everything is one person's.
    stranger.dataset("local", "places");
    assert_eq!(stranger.get("/local/places").status, 200);
    assert_eq!(stranger.get("/set-up").status, 200);

    let fields = |code: &'static str| [("code", code), ("name", "ada"), ("password", PASSWORD)];
    let refused = stranger.form("/set-up", &fields("0000000000000000"));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("not the code") && !refused.body.contains(PASSWORD), "{}", refused.body);
    let code = world.code();
    for (name, password) in [("ada", "short"), ("Ada Lovelace", PASSWORD), ("api", PASSWORD), ("", PASSWORD)] {
        let wrong = stranger.form("/set-up", &[("code", &code), ("name", name), ("password", password)]);
        assert_eq!(wrong.status, 422, "{name} {password}");
    }
    let made = stranger.form("/set-up", &[("code", &code), ("name", "ada"), ("password", PASSWORD)]);
    assert_eq!((made.status, made.header("location")), (303, "/"), "{}", made.body);
    let ada = Client { server: &world.server, header: Some(("cookie", cookie(&made))) };

    assert_eq!(ada.get("/ada/places").status, 200);
    assert_eq!(stranger.get("/ada/places").status, 404);
    let again = stranger.form("/set-up", &[("code", &code), ("name", "eve"), ("password", PASSWORD)]);
    assert_eq!(again.status, 422, "the code makes one account");
    assert_eq!(stranger.get("/set-up").header("location"), "/sign-in");
    let late = ada.form("/account/people", &[("name", "local"), ("password", PASSWORD)]);
    assert_eq!(late.status, 422, "nobody else becomes who was here before");

    // A server that is started again remembers.
    let World { server, dir } = world;
    assert!(server.stop());
    let server = Server::start(&dir.path().join("data"));
    let world = World { server, dir };
    assert_eq!(world.stranger().get("/ada/places").status, 404);
    assert_eq!(world.signed_in("ada").get("/ada/places").status, 200);
}

#[test]
fn sessions_begin_and_end() {
    let world = World::new();
    let (stranger, root) = (world.stranger(), world.signed_in("root"));
    // Where to go on to stays ours.
    for (next, leads) in [("/root/x?a=b", "/root/x?a=b"), ("//evil.example", "/"), ("https://evil.example", "/")] {
        let fields = [("name", "root"), ("password", PASSWORD), ("next", next)];
        assert_eq!(stranger.form("/sign-in", &fields).header("location"), leads);
    }
    let wanted = stranger.get("/new");
    assert_eq!((wanted.status, wanted.header("location")), (303, "/sign-in?next=%2Fnew"));

    let other = world.signed_in("root");
    let page = root.get("/account");
    assert_eq!(page.status, 200);
    assert_eq!(other.get("/account").status, 200);
    // Changing the password ends all others.
    let new = "other words that belong";
    let wrong = root.form("/account/password", &[("old", "not that one"), ("password", new)]);
    assert_eq!(wrong.status, 422);
    assert_eq!(root.form("/account/password", &[("old", PASSWORD), ("password", new)]).status, 303);
    assert_eq!(root.get("/account").status, 200);
    assert_eq!(other.get("/account").status, 303, "it has to sign in again");
    assert_eq!(root.form("/sign-out", &[]).status, 303);
    assert_eq!(root.get("/account").status, 303);
    // A session that nobody has given out is none.
    let forged = Client { server: &world.server, header: Some(("cookie", format!("anabranch={}", "0".repeat(64)))) };
    assert_eq!(forged.get("/account").status, 303);
}

#[test]
fn guessing_is_slowed_down_and_tells_nothing() {
    let world = World::new();
    let stranger = world.stranger();
    let try_in = |name: &str| stranger.form("/sign-in", &[("name", name), ("password", "a wrong password")]);
    let (known, unknown) = (try_in("root"), try_in("nobody"));
    assert_eq!((known.status, unknown.status), (422, 422));
    assert_eq!(known.body.replace("root", ""), unknown.body.replace("nobody", ""), "the answers do not differ");
    let last = (0..6).map(|_| try_in("root")).collect::<Vec<_>>().pop().expect("some tries");
    assert_eq!(last.status, 429);
    // The right password does not help while one has to wait.
    let right = stranger.form("/sign-in", &[("name", "root"), ("password", PASSWORD)]);
    assert_eq!(right.status, 429);
}

/// What people may do, by their role: reading, writing, describing, deciding.
#[test]
fn each_role_may_what_the_table_says_and_nothing_else() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let roles = ["", "reader", "commenter", "writer", "maintainer", "owner"];
    let people: Vec<_> = roles.iter().map(|role| world.person(&format!("p-{role}x"))).collect();
    for role in &roles[1..] {
        let given = ada.form("/ada/places/people", &[("name", &format!("p-{role}x")), ("role", role)]);
        assert_eq!(given.status, 303, "{}", given.body);
    }
    const D: &str = "/datasets/ada/places";
    let update = |value: &str| {
        json!({ "branch": "main", "message": "Change",
            "operations": [{ "op": "update", "table": "cities", "key": 1, "values": { "name": value } }] })
    };
    for (rank, person) in people.iter().enumerate() {
        let role = roles[rank];
        let may = |least: usize| rank >= least;
        // None: 404 for what they may not even know of, 403 where they know it.
        let expect = |answer: Answer, least: usize, what: &str| {
            let right =
                if may(least) { answer.status < 400 } else { answer.status == if rank == 0 { 404 } else { 403 } };
            assert!(right, "{role}: {what}: {} {}", answer.status, answer.body);
        };
        for page in ["", "/history", "/branches", "/tables/cities", "/tables/cities/rows/1", "/events-of-nothing"] {
            let answer = person.get(&format!("/ada/places{page}"));
            let there = page != "/events-of-nothing" && may(1);
            assert_eq!(answer.status, if there { 200 } else { 404 }, "{role}: {page}");
        }
        for path in ["", "/tables", "/tables/cities/rows", "/commits", "/branches", "/diff/summary?from=main&to=main"] {
            expect(person.get(&format!("/api/v1{D}{path}")), 1, path);
        }
        expect(person.get(&format!("/api/v1{D}/exports?table=cities")), 1, "export");
        expect(person.json("POST", &format!("{D}/forks"), json!({ "name": format!("fork-{rank}") })), 1, "fork");
        expect(person.json("POST", &format!("{D}/commits"), update(&format!("by {role}"))), 3, "commit");
        expect(person.json("POST", &format!("{D}/branches"), json!({ "name": format!("b{rank}") })), 3, "branch");
        let import = person.call("POST", &format!("/api/v1{D}/imports?table=t{rank}"), "text/csv", Some("id\n1\n"));
        expect(import, 3, "import");
        expect(person.json("PATCH", D, json!({ "description": role })), 4, "describe");
        expect(person.json("PATCH", D, json!({ "visibility": "private" })), 5, "show");
        expect(person.form("/ada/places/people", &[("name", "p-x"), ("role", "")]), 5, "give roles");
        assert_eq!(person.get("/ada/places/people").status < 400, may(4), "{role}: people");
        assert_eq!(person.get("/account/people").status, 403, "{role} does not run the server");
        assert_eq!(person.json("POST", "/datasets", json!({ "owner": "ada", "name": "mine" })).status, 403);
    }
    // The last of the owners may delete it, once nothing runs in it.
    while ada.get("/api/v1/jobs").body.contains(r#""state":"running""#) {}
    assert_eq!(people[4].call("DELETE", &format!("/api/v1{D}"), "", None).status, 403);
    assert_eq!(people[5].call("DELETE", &format!("/api/v1{D}"), "", None).status, 204);
}

#[test]
fn a_stranger_learns_nothing_of_what_is_private_and_reads_what_is_public() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "secret");
    ada.dataset("ada", "open");
    let shown = ada.json("PATCH", "/datasets/ada/open", json!({ "visibility": "public" }));
    assert_eq!(shown.json()["visibility"], "public");
    let (stranger, eve) = (world.stranger(), world.person("eve"));
    let commits = ada.get("/api/v1/datasets/ada/secret/commits").json();
    let head = commits["items"][0]["hash"].as_str().expect("a commit").to_owned();
    let jobs = ada.call("POST", "/api/v1/datasets/ada/secret/imports?table=t", "text/csv", Some("id\n1\n")).json();
    let job = jobs["id"].as_str().expect("a job");
    for client in [&stranger, &eve] {
        for path in
            ["", "/history", "/tables/cities", "/tables/cities/rows/1", "/branches", "/draft", "/events", "/import"]
        {
            let (there, not) = (client.get(&format!("/ada/secret{path}")), client.get(&format!("/ada/nothing{path}")));
            assert_eq!((there.status, not.status), (404, 404), "{path}");
            assert_eq!(there.body.replace("secret", "nothing"), not.body, "{path}: the answers do not differ");
        }
        for path in ["", "/tables", "/commits", "/exports?table=cities", "/forks", "/diff?from=main&to=main"] {
            assert_eq!(client.get(&format!("/api/v1/datasets/ada/secret{path}")).status, 404, "{path}");
        }
        // Neither by a commit's hash, nor by a job's id, nor by a list.
        assert_eq!(client.get(&format!("/ada/open/commits/{head}")).status, 404);
        assert_eq!(client.get(&format!("/ada/open/at/{head}")).status, 404);
        assert_eq!(client.get(&format!("/api/v1/jobs/{job}")).status, 404);
        assert!(!client.get("/api/v1/jobs").body.contains("secret"));
        assert!(!client.get("/").body.contains("secret") && client.get("/").body.contains("open"));
        assert_eq!(client.get("/ada/open/tables/cities").status, 200);
        assert_eq!(client.get("/api/v1/datasets/ada/open/tables/cities/rows").status, 200);
    }
    // What is public can be read and forked, not written; strangers are asked who they are.
    let change = json!({ "branch": "main", "message": "m",
        "operations": [{ "op": "delete", "table": "cities", "key": 1 }] });
    assert_eq!(stranger.json("POST", "/datasets/ada/open/commits", change.clone()).status, 401);
    assert_eq!(eve.json("POST", "/datasets/ada/open/commits", change).status, 403);
    assert_eq!(stranger.json("POST", "/datasets/ada/open/forks", json!({})).status, 401);
    assert_eq!(eve.json("POST", "/datasets/ada/open/forks", json!({})).status, 201);
    assert_eq!(eve.get("/eve/open/tables/cities").status, 200);
    // A page that nobody may edit has nothing to edit with.
    let page = stranger.get("/ada/open/tables/cities").body;
    assert!(!page.contains("new-row") && ada.get("/ada/open/tables/cities").body.contains("new-row"), "{page}");
    assert_eq!(stranger.get("/metrics").status, 401);
}

#[test]
fn tokens_do_what_they_may_and_end() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let token = |scope: &str| {
        let made = ada.form("/account/tokens", &[("token-name", &format!("for {scope}")), ("scope", scope)]);
        assert_eq!((made.status, made.header("cache-control")), (200, "no-store"), "{}", made.body);
        let at = made.body.find("anb_").expect("it is shown");
        let text: String = made.body[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        Client { server: &world.server, header: Some(("authorization", format!("Bearer {text}"))) }
    };
    let (read, write, admin) = (token("read"), token("write"), token("admin"));
    let change = |name: &str| {
        json!({ "branch": "main", "message": "m",
            "operations": [{ "op": "update", "table": "cities", "key": 1, "values": { "name": name } }] })
    };
    const D: &str = "/datasets/ada/places";
    for (client, writes, decides) in [(&read, false, false), (&write, true, false), (&admin, true, true)] {
        assert_eq!(client.get(&format!("/api/v1{D}/tables")).status, 200);
        let name = format!("{writes} {decides}");
        assert_eq!(client.json("POST", &format!("{D}/commits"), change(&name)).status < 300, writes);
        assert_eq!(client.json("PATCH", D, json!({ "visibility": "private" })).status == 200, decides);
        assert_eq!(
            client.json("POST", "/datasets", json!({ "name": format!("n-{writes}-{decides}") })).status == 201,
            writes
        );
    }
    assert_eq!(write.get("/account").status, 403, "a token does not make tokens");
    let forged = Client { server: &world.server, header: Some(("authorization", "Bearer anb_0".to_owned())) };
    let refused = forged.get(&format!("/api/v1{D}"));
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    // One that was ended is not valid any more, at once.
    let page = ada.get("/account").body;
    let at = page.find("name=\"token\" value=\"").expect("a list") + "name=\"token\" value=\"".len();
    let newest = &page[at..at + 36];
    assert_eq!(ada.form("/account/tokens/end", &[("token", newest)]).status, 303);
    assert_eq!(admin.get(&format!("/api/v1{D}")).status, 401);
    assert_eq!(write.get(&format!("/api/v1{D}")).status, 200);
}

/// The link that a page shows once, as a path.
fn link(page: &Answer, path: &str) -> String {
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.body);
    let at = page.body.find(&format!("{path}?")).expect("it is shown");
    page.body[at..].split('<').next().unwrap_or_default().to_owned()
}

fn secret(link: &str) -> String {
    link.split('=').nth(1).expect("a secret").to_owned()
}

#[test]
fn who_signs_up_is_decided_by_those_who_run_the_server() {
    let world = World::new();
    let (stranger, root) = (world.stranger(), world.signed_in("root"));
    let ada = world.person("ada");
    let sign_up = |name: &str, invitation: &str| {
        let fields = [("name", name), ("password", PASSWORD), ("invitation", invitation)];
        stranger.form("/sign-up", &fields).status
    };
    // Closed is how it begins.
    assert_eq!(stranger.get("/sign-up").status, 403);
    assert_eq!(sign_up("eve", ""), 403);
    assert_eq!(root.form("/account/invitations", &[("note", "for Grace")]).status, 409);
    for wrong in ["", "everybody"] {
        assert_eq!(root.form("/account/sign-up", &[("sign-up", wrong)]).status, 422);
    }
    assert_eq!(ada.form("/account/sign-up", &[("sign-up", "open")]).status, 403);
    assert_eq!(ada.form("/account/invitations", &[]).status, 403);

    assert_eq!(root.form("/account/sign-up", &[("sign-up", "invitation")]).status, 303);
    assert_eq!(stranger.get("/sign-up").status, 403);
    assert_eq!(sign_up("eve", ""), 409);
    let first = link(&root.form("/account/invitations", &[("note", "for Grace")]), "/sign-up");
    assert_eq!(stranger.get(&first).status, 200);
    assert!(root.get("/account/people").body.contains("for Grace"));
    assert!(!root.get("/account/people").body.contains(&secret(&first)), "the secret is shown once");
    assert_eq!(sign_up("api", &secret(&first)), 422, "a name that is refused does not use it up");
    assert_eq!(sign_up("grace", &secret(&first)), 303);
    assert_eq!(world.signed_in("grace").get("/account").status, 200);
    assert_eq!(sign_up("eve", &secret(&first)), 409, "it makes one account");
    assert!(!root.get("/account/people").body.contains("for Grace"));
    // Withdrawn.
    let second = link(&root.form("/account/invitations", &[("note", "for Eve")]), "/sign-up");
    let page = root.get("/account/people").body;
    let id = common::field(&page, "invitation").expect("it is listed");
    assert_eq!(ada.form("/account/invitations/end", &[("invitation", &id)]).status, 403);
    assert_eq!(root.form("/account/invitations/end", &[("invitation", &id)]).status, 303);
    assert_eq!(root.form("/account/invitations/end", &[("invitation", &id)]).status, 404);
    assert_eq!(sign_up("eve", &secret(&second)), 409);
    // What is closed again stays closed for those who have a link.
    let third = link(&root.form("/account/invitations", &[]), "/sign-up");
    assert_eq!(root.form("/account/sign-up", &[("sign-up", "closed")]).status, 303);
    assert_eq!(sign_up("eve", &secret(&third)), 403);

    assert!(!stranger.get("/sign-in").body.contains("/sign-up"));
    assert_eq!(root.form("/account/sign-up", &[("sign-up", "open")]).status, 303);
    assert!(stranger.get("/sign-in").body.contains("/sign-up"));
    assert_eq!(stranger.get("/sign-up").status, 200);
    let many: Vec<u16> = (0..8).map(|number| sign_up(&format!("p{number}"), "")).collect();
    assert!(many.contains(&303) && many.ends_with(&[429]), "one place makes few at once: {many:?}");
    assert_eq!(sign_up("root", ""), 429);
}

#[test]
fn a_link_sets_a_password_once_and_ends_all_sessions() {
    let world = World::new();
    let (stranger, root, ada) = (world.stranger(), world.signed_in("root"), world.person("ada"));
    assert_eq!(ada.form("/account/people/root/reset", &[]).status, 403);
    assert_eq!(root.form("/account/people/nobody/reset", &[]).status, 404);
    let earlier = secret(&link(&root.form("/account/people/ada/reset", &[]), "/reset-password"));
    let now = link(&root.form("/account/people/ada/reset", &[]), "/reset-password");
    assert_eq!(stranger.get(&now).status, 200);
    let reset =
        |code: &str, password: &str| stranger.form("/reset-password", &[("code", code), ("password", password)]).status;
    assert_eq!(reset(&earlier, "other words that belong"), 409, "the later one takes its place");
    assert_eq!(reset(&secret(&now), "short"), 422, "that does not use it up");
    assert_eq!(ada.get("/account").status, 200);
    assert_eq!(reset(&secret(&now), "other words that belong"), 303);
    assert_eq!(ada.get("/account").status, 303, "her session has ended");
    assert_eq!(reset(&secret(&now), "third words that belong"), 409);
    let sign_in = |password: &str| stranger.form("/sign-in", &[("name", "ada"), ("password", password)]).status;
    assert_eq!((sign_in(PASSWORD), sign_in("other words that belong")), (422, 303));
    // An invitation is no reset and the other way round.
    root.form("/account/sign-up", &[("sign-up", "invitation")]);
    let invitation = secret(&link(&root.form("/account/invitations", &[]), "/sign-up"));
    assert_eq!(reset(&invitation, PASSWORD), 409);
    let code = secret(&link(&root.form("/account/people/ada/reset", &[]), "/reset-password"));
    let fields = [("name", "eve"), ("password", PASSWORD), ("invitation", code.as_str())];
    assert_eq!(stranger.form("/sign-up", &fields).status, 409);
}

#[test]
fn accounts_are_blocked_and_somebody_always_runs_the_server() {
    let world = World::new();
    let (stranger, root, ada) = (world.stranger(), world.signed_in("root"), world.person("ada"));
    let made = ada.json("POST", "/tokens", json!({ "name": "t", "scope": "read" })).json();
    let bearer = format!("Bearer {}", made["text"].as_str().expect("its text"));
    let program = Client { server: &world.server, header: Some(("authorization", bearer)) };
    assert_eq!(program.get("/api/v1/me").status, 200);

    let set = |client: &Client<'_>, name: &str, what: &str, to: &str| {
        client.form(&format!("/account/people/{name}/{what}"), &[("to", to)]).status
    };
    for (name, what, to) in [("ada", "admin", "yes"), ("root", "admin", ""), ("root", "blocked", "yes")] {
        assert_eq!(set(&ada, name, what, to), 403, "{name} {what} is not hers to decide");
    }
    assert_eq!(set(&root, "root", "admin", ""), 409, "nobody else runs the server");
    assert_eq!(set(&root, "root", "blocked", "yes"), 409);
    assert_eq!(set(&root, "nobody", "blocked", "yes"), 404);
    assert!(root.get("/account/people/root").body.contains("It runs the server."));

    assert_eq!(set(&root, "ada", "blocked", "yes"), 303);
    assert!(root.get("/account/people/ada").body.contains("It is blocked"));
    assert_eq!(ada.get("/account").status, 303, "her session has ended");
    assert_eq!(program.get("/api/v1/me").status, 401, "and so has her token");
    let sign_in = |password: &str| stranger.form("/sign-in", &[("name", "ada"), ("password", password)]);
    assert!(sign_in("a wrong password").body.contains("no account with this name and password"));
    assert_eq!(sign_in(PASSWORD).status, 409);
    assert_eq!(root.form("/account/people/ada/reset", &[]).status, 409);
    assert_eq!(set(&root, "ada", "blocked", ""), 303);
    let ada = world.signed_in("ada");
    assert_eq!(program.get("/api/v1/me").status, 401, "what has ended does not come back");

    // Two who run it: one may go, the last may not, a blocked one does not count.
    assert_eq!(set(&root, "ada", "admin", "yes"), 303);
    assert_eq!(ada.get("/account/people").status, 200);
    assert_eq!(set(&ada, "root", "blocked", "yes"), 303);
    assert_eq!(root.get("/account").status, 303);
    assert_eq!(set(&ada, "ada", "admin", ""), 409);
    assert_eq!(set(&ada, "root", "blocked", ""), 303);
    assert_eq!(set(&ada, "ada", "admin", ""), 303);
    assert_eq!(ada.get("/account/people").status, 403);
}
