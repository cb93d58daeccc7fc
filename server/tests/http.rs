//! The server as programs meet it: the real binary, a real store, real service processes.

mod common;

use std::{fmt::Write as _, fs};

use common::{Answer, Server, field, program, stderr, stdout};
use tempfile::TempDir;

const CITIES: &str = "id,name,country,population\n1,Oslo,NO,709037\n2,Bergen,NO,291940\n3,Århus,DK,\n";

fn dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn with_cities() -> (TempDir, Server) {
    let dir = dir();
    let server = Server::start(&dir.path().join("data"));
    let output = server.import(&dir, CITIES, &["--into", "local/places", "--table", "cities"]);
    assert!(output.status.success(), "{}", stderr(&output));
    (dir, server)
}

/// Changes a cell of a city through the row's form.
fn change(server: &Server, key: &str, name: &str, value: &str) -> Answer {
    let path = format!("/local/places/tables/cities/rows/{key}");
    let page = server.get(&path);
    assert_eq!(page.status, 200, "{}", page.body);
    let dataset = server.get("/api/v1/datasets/local/places").json();
    let mut fields = Vec::new();
    for column in dataset["tables"][0]["columns"].as_array().expect("columns") {
        let id = column["id"].as_str().expect("an id");
        let before = format!("before.{id}");
        fields.push((before.clone(), field(&page.body, &before).expect("what the person saw")));
        let shown = field(&page.body, id).unwrap_or_default();
        fields.push((id.to_owned(), if column["name"] == name { value.to_owned() } else { shown }));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    server.form(&path, &fields)
}

fn commit_draft(server: &Server, message: &str) -> Answer {
    let draft = server.get("/local/places/draft");
    let revision = field(&draft.body, "revision").expect("the draft's revision");
    server.form("/local/places/draft/commit", &[("revision", &revision), ("message", message)])
}

#[test]
fn a_commit_on_a_branch_that_moved_keeps_both_sides() {
    let (dir, server) = with_cities();
    assert_eq!(change(&server, "3", "population", "355238").status, 303);
    let newer = CITIES.replace("Århus", "Aarhus").replace("1,Oslo", "4,Tromsø,NO,77992\n1,Oslo");
    let options = ["--into", "local/places", "--table", "cities", "--mode", "replace"];
    let output = server.import(&dir, &newer, &options);
    assert!(output.status.success(), "{}", stderr(&output));
    let committed = commit_draft(&server, "Count");
    assert_eq!(committed.status, 303, "{}", committed.body);
    let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows").json();
    assert_eq!(rows["total"], 4);
    assert_eq!(rows["items"][2]["name"], "Aarhus");
    assert_eq!(rows["items"][2]["population"], 355_238);
}

#[test]
fn what_the_draft_and_the_branch_both_changed_is_refused_and_nothing_is_lost() {
    let (dir, server) = with_cities();
    assert_eq!(change(&server, "1", "population", "700001").status, 303);
    let newer = CITIES.replace("709037", "700002");
    let options = ["--into", "local/places", "--table", "cities", "--mode", "replace"];
    let output = server.import(&dir, &newer, &options);
    assert!(output.status.success(), "{}", stderr(&output));
    let refused = commit_draft(&server, "Count");
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("700001") && refused.body.contains("700002"), "{}", refused.body);
    let draft = server.get("/local/places/draft").body;
    assert!(draft.contains("700001"), "the draft is still there");
}

#[test]
fn what_both_changed_is_settled_by_choosing_a_side_on_the_head_that_was_seen() {
    for (side, expected) in [("draft", 700_001), ("branch", 700_002)] {
        let (dir, server) = with_cities();
        assert_eq!(change(&server, "1", "population", "700001").status, 303);
        assert_eq!(change(&server, "2", "population", "291941").status, 303);
        let replace = |text: &str| {
            let options = ["--into", "local/places", "--table", "cities", "--mode", "replace"];
            let output = server.import(&dir, text, &options);
            assert!(output.status.success(), "{}", stderr(&output));
        };
        replace(&CITIES.replace("709037", "700009"));
        let refused = commit_draft(&server, "Count");
        let seen = settle(&refused.body, side);
        replace(&CITIES.replace("709037", "700002"));
        let revision = field(&refused.body, "revision").expect("the draft's revision");
        let commit = |settle: &str| {
            let fields = [("revision", revision.as_str()), ("message", "Count"), ("settle", settle)];
            server.form("/local/places/draft/commit", &fields)
        };
        let moved = commit(&seen);
        assert_eq!(moved.status, 409, "the choice was made about another head");
        assert!(moved.body.contains("700002"), "{}", moved.body);
        let committed = commit(&settle(&moved.body, side));
        assert_eq!(committed.status, 303, "{}", committed.body);
        let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows").json();
        assert_eq!(rows["items"][0]["population"], expected);
        assert_eq!(rows["items"][1]["population"], 291_941, "what only the draft changed");
    }
}

/// The value of the button that commits with the values of one side.
fn settle(page: &str, side: &str) -> String {
    let start = page.find(&format!("{side}:")).unwrap_or_else(|| panic!("no such choice: {page}"));
    page[start..].chars().take_while(|character| *character != '"').collect()
}

/// Commits operations past the draft.
fn commit_changes(server: &Server, operations: serde_json::Value) {
    let body = serde_json::json!({ "branch": "main", "message": "Change", "operations": operations }).to_string();
    let done = server.post("/api/v1/datasets/local/places/commits", "application/json", body.as_bytes());
    assert!(done.status < 300, "{}", done.body);
}

/// Adds a city to the draft.
fn add(server: &Server, cells: &[(&str, &str)]) {
    let dataset = server.get("/api/v1/datasets/local/places").json();
    let columns = dataset["tables"][0]["columns"].as_array().expect("columns").iter();
    let value = |name: &str| cells.iter().find(|(column, _)| *column == name).map_or("", |(_, value)| *value);
    let fields: Vec<(&str, &str)> = columns
        .map(|column| (column["id"].as_str().expect("an id"), value(column["name"].as_str().expect("a name"))))
        .collect();
    let added = server.form("/local/places/tables/cities/new-row", &fields);
    assert_eq!(added.status, 303, "{}", added.body);
}

fn commit_settled(server: &Server, page: &str, side: &str) -> Answer {
    let revision = field(page, "revision").expect("the draft's revision");
    let settle = settle(page, side);
    server.form("/local/places/draft/commit", &[("revision", &revision), ("message", "Count"), ("settle", &settle)])
}

#[test]
fn what_a_draft_has_in_a_dropped_column_is_told_and_left_out_when_its_person_says_so() {
    let (_dir, server) = with_cities();
    assert_eq!(change(&server, "1", "population", "700001").status, 303);
    assert_eq!(change(&server, "2", "name", "Bjørgvin").status, 303);
    add(&server, &[("id", "9"), ("name", "Hammerfest"), ("population", "7882")]);
    commit_changes(&server, serde_json::json!([{ "op": "drop_column", "table": "cities", "column": "population" }]));
    let refused = commit_draft(&server, "Count");
    assert_eq!(refused.status, 409, "{}", refused.body);
    for told in ["Without a place on the branch", "population", ">700001<", ">7882<", "The column was dropped."] {
        assert!(refused.body.contains(told), "{told}: {}", refused.body);
    }
    assert!(refused.body.contains("Leave 2 values out and commit") && !refused.body.contains("Changed on both sides"));
    // Without the word for it, nothing is left out.
    let plain = settle(&refused.body, "branch").replace(":without", "");
    let revision = field(&refused.body, "revision").expect("the draft's revision");
    let fields = [("revision", revision.as_str()), ("message", "Count"), ("settle", &plain)];
    assert_eq!(server.form("/local/places/draft/commit", &fields).status, 409);
    let committed = commit_settled(&server, &refused.body, "branch");
    assert_eq!(committed.status, 303, "{}", committed.body);
    let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows").json();
    let rows = rows["items"].as_array().expect("rows");
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[1]["name"], "Bjørgvin");
    assert_eq!(rows[3], serde_json::json!({ "id": 9, "name": "Hammerfest", "country": null }));
}

#[test]
fn what_a_draft_has_in_a_dropped_table_is_told_row_by_row() {
    let (dir, server) = with_cities();
    let output = server.import(&dir, CITIES, &["--into", "local/places", "--table", "others"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(change(&server, "1", "population", "700001").status, 303);
    assert_eq!(server.form("/local/places/tables/cities/rows/2", &[("action", "delete")]).status, 303);
    let kept = server.form("/local/places/tables/others/rows/3", &[("action", "delete")]);
    assert_eq!(kept.status, 303, "{}", kept.body);
    commit_changes(&server, serde_json::json!([{ "op": "drop_table", "table": "cities" }]));
    let refused = commit_draft(&server, "Count");
    assert_eq!(refused.status, 409, "{}", refused.body);
    for told in [">cities<", ">700001<", "The table was dropped.", "(taken out)", "Leave 2 values out and commit"] {
        assert!(refused.body.contains(told), "{told}: {}", refused.body);
    }
    let committed = commit_settled(&server, &refused.body, "branch");
    assert_eq!(committed.status, 303, "{}", committed.body);
    let dataset = server.get("/api/v1/datasets/local/places").json();
    assert_eq!(dataset["tables"].as_array().map(Vec::len), Some(1), "{dataset}");
    assert_eq!(dataset["tables"][0]["rows"], 2, "the other table's row is out");
}

#[test]
fn a_value_that_does_not_fit_a_new_type_is_changed_or_left_out() {
    for side in ["draft", "branch"] {
        let (_dir, server) = with_cities();
        commit_changes(
            &server,
            serde_json::json!([
                { "op": "add_column", "table": "cities", "column": { "name": "code", "type": "text" } },
                { "op": "update", "table": "cities", "key": 1, "values": { "code": "301" } },
            ]),
        );
        assert_eq!(change(&server, "1", "code", "three").status, 303);
        assert_eq!(change(&server, "2", "name", "Bjørgvin").status, 303);
        add(&server, &[("id", "9"), ("name", "Hammerfest"), ("code", "nine")]);
        add(&server, &[("id", "10"), ("name", "Vardø"), ("code", "20")]);
        commit_changes(
            &server,
            serde_json::json!([
                { "op": "retype_column", "table": "cities", "column": "code", "type": "integer" },
                { "op": "update", "table": "cities", "key": 2, "values": { "name": "Bergn" } },
            ]),
        );
        let refused = commit_draft(&server, "Count");
        assert_eq!(refused.status, 409, "{}", refused.body);
        for told in ["Changed on both sides", "Bergn", ">three<", ">nine<", "type integer", "without 2 values"] {
            assert!(refused.body.contains(told), "{told}: {}", refused.body);
        }
        assert!(!refused.body.contains(">20</td><td>The column"), "it fits: {}", refused.body);
        let mut page = refused.body;
        if side == "draft" {
            // One of them is mended in the draft.
            assert_eq!(change(&server, "9", "code", "9").status, 303);
            page = commit_draft(&server, "Count").body;
            assert!(page.contains("without 1 value") && !page.contains(">nine<"), "{page}");
        }
        let committed = commit_settled(&server, &page, side);
        assert_eq!(committed.status, 303, "{}", committed.body);
        let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows").json();
        let codes: Vec<_> = rows["items"].as_array().expect("rows").iter().map(|row| row["code"].clone()).collect();
        let nine = if side == "draft" { serde_json::json!(9) } else { serde_json::Value::Null };
        assert_eq!(serde_json::json!(codes), serde_json::json!([301, null, null, nine, 20]));
        let expected = if side == "draft" { "Bjørgvin" } else { "Bergn" };
        assert_eq!(rows["items"][1]["name"], expected);
    }
}

#[test]
fn a_value_that_changed_meanwhile_is_not_overwritten() {
    let (_dir, server) = with_cities();
    let path = "/local/places/tables/cities/rows/1";
    let stale = server.get(path);
    assert_eq!(change(&server, "1", "population", "700001").status, 303);
    let dataset = server.get("/api/v1/datasets/local/places").json();
    let mut fields = Vec::new();
    for column in dataset["tables"][0]["columns"].as_array().expect("columns") {
        let id = column["id"].as_str().expect("an id");
        let before = format!("before.{id}");
        fields.push((before.clone(), field(&stale.body, &before).expect("what the person saw")));
        let shown = field(&stale.body, id).unwrap_or_default();
        fields.push((id.to_owned(), if column["name"] == "population" { "700002".to_owned() } else { shown }));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = server.form(path, &fields);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("700001") && refused.body.contains("700002"), "{}", refused.body);
    let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows?draft=true").json();
    assert_eq!(rows["items"][0]["population"], 700_001);
}

#[test]
fn a_long_draft_is_read_page_by_page() {
    let (dir, server) = with_cities();
    let mut csv = String::from("id,name,country,population\n");
    for id in 0..450 {
        writeln!(csv, "{id},City {id},NO,{id}").expect("a string takes all");
    }
    let output = server.import(&dir, &csv, &["--into", "local/places", "--table", "many"]);
    assert!(output.status.success(), "{}", stderr(&output));
    for id in 0..205 {
        let saved = server.form(&format!("/local/places/tables/many/rows/{id}"), &[("action", "delete")]);
        assert_eq!(saved.status, 303, "{}", saved.body);
    }
    let first = server.get("/local/places/draft").body;
    let start = first.find("/local/places/draft?table=").expect("a link to the next page");
    let next: String = first[start..].chars().take_while(|character| *character != '"').collect();
    let second = server.get(&next.replace("&amp;", "&")).body;
    assert!(first.contains("City 199<") && !first.contains("City 200<"));
    assert!(second.contains("City 200<") && second.contains("City 204<") && !second.contains("City 199<"));
    assert_eq!(server.get("/local/places/draft?table=x&after=y").status, 404);
}

#[test]
fn a_wrong_value_is_refused_with_what_was_typed() {
    let (_dir, server) = with_cities();
    let refused = change(&server, "1", "population", "many <people>");
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("many &lt;people&gt;") && refused.body.contains("whole number"), "{}", refused.body);
}

#[test]
fn a_file_is_imported_edited_committed_and_compared() {
    let (_dir, server) = with_cities();
    let dataset = server.get("/api/v1/datasets/local/places").json();
    assert_eq!(dataset["tables"][0]["rows"], 3);
    assert_eq!(dataset["tables"][0]["primary_key"][0], "id");
    let rows = server.get("/api/v1/datasets/local/places/tables/cities/rows").json();
    assert_eq!(rows["items"][2]["name"], "Århus");
    assert_eq!(rows["items"][2]["population"], serde_json::Value::Null);

    let saved = change(&server, "3", "population", "355238");
    assert_eq!(saved.status, 303, "{}", saved.body);

    let draft = server.get("/local/places/draft");
    assert!(draft.body.contains("355238"), "the draft shows the new value");
    let revision = field(&draft.body, "revision").expect("the draft's revision");
    let refused = server.form("/local/places/draft/commit", &[("revision", &revision), ("message", " ")]);
    assert_eq!(refused.status, 422);
    let committed =
        server.form("/local/places/draft/commit", &[("revision", &revision), ("message", "Count the people of Århus")]);
    assert_eq!(committed.status, 303, "{}", committed.body);
    let commit = server.get(committed.header("location"));
    assert!(commit.body.contains("Count the people of Århus") && commit.body.contains("355238"));
    let again = server.form("/local/places/draft/commit", &[("revision", &revision), ("message", "Twice")]);
    assert_eq!(again.status, 409, "the draft is gone");
}

#[test]
fn everything_is_there_after_kill_and_verify_is_clean() {
    let (dir, server) = with_cities();
    let data = dir.path().join("data");
    let second = program().args(["verify", "--data"]).arg(&data).output().expect("the program starts");
    assert!(!second.status.success() && stderr(&second).contains("another Anabranch"), "{}", stderr(&second));
    server.kill();
    let verify = program().args(["verify", "--data"]).arg(&data).output().expect("the program starts");
    assert!(verify.status.success(), "{}{}", stdout(&verify), stderr(&verify));
    let server = Server::start(&data);
    assert_eq!(server.get("/api/v1/datasets/local/places/tables/cities/rows").json()["total"], 3);
    assert!(server.stop(), "SIGTERM ends it in order");
}

#[test]
fn bad_values_are_all_named_and_nothing_is_committed() {
    let (dir, server) = with_cities();
    let before = server.get("/api/v1/datasets/local/places").json();
    let bad = "id,name\n1,Oslo\n2,\"Ber\ngen\"\n1,Again\n3,too,many\n";
    let output = server.import(&dir, bad, &["--into", "local/places", "--table", "bad", "--key", "id"]);
    assert!(!output.status.success());
    let said = stderr(&output);
    assert!(said.contains("line 6"), "the record with too many fields: {said}");
    let output =
        server.import(&dir, "id,name\n1,Oslo\n1,Again\n", &["--into", "local/places", "--table", "bad", "--key", "id"]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("line 3"), "{}", stderr(&output));
    let output = server.import(&dir, CITIES, &["--into", "local/places", "--table", "bad", "--key", "nothing"]);
    assert!(stderr(&output).contains("no column “nothing”"), "{}", stderr(&output));
    let output = server.import(&dir, "", &["--into", "local/places", "--table", "bad"]);
    assert!(stderr(&output).contains("empty"), "{}", stderr(&output));
    assert_eq!(server.get("/api/v1/datasets/local/places").json(), before);
}

#[test]
fn a_replacement_is_one_commit_with_the_difference() {
    let (dir, server) = with_cities();
    let options = ["--into", "local/places", "--table", "cities"];
    let twice = server.import(&dir, CITIES, &options);
    assert!(stderr(&twice).contains("“cities” already"), "{}", stderr(&twice));
    let replace = [&options[..], &["--mode", "replace", "--message", "Release 2"]].concat();
    let same = server.import(&dir, CITIES, &replace);
    assert!(same.status.success() && stdout(&same).contains("nothing differs"), "{}", stderr(&same));
    let newer = CITIES.replace("709037", "717710").replace("2,Bergen,NO,291940\n", "");
    let output = server.import(&dir, &newer, &replace);
    assert!(output.status.success(), "{}", stderr(&output));
    let log = server.get("/api/v1/datasets/local/places/commits").json();
    assert_eq!(log["items"].as_array().expect("commits").len(), 2);
    let hash = log["items"][0]["hash"].as_str().expect("a hash");
    let page = server.get(&format!("/local/places/commits/{hash}")).body;
    assert!(page.contains("717710") && page.contains("709037") && page.contains("Bergen") && !page.contains("Århus"));
}

#[test]
fn a_replacement_keeps_types_that_no_file_is_found_to_have() {
    let (dir, server) = with_cities();
    commit_changes(
        &server,
        serde_json::json!([
            {
                "op": "retype_column", "table": "cities", "column": "country", "type": "choice",
                "options": ["NO", "DK"],
            },
            { "op": "set_column", "table": "cities", "column": "country", "set": { "description": "Where it is" } },
        ]),
    );
    let replace = ["--into", "local/places", "--table", "cities", "--mode", "replace"];
    let output = server.import(&dir, &CITIES.replace("2,Bergen,NO,291940\n", ""), &replace);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = server.get("/api/v1/datasets/local/places/tables/cities").json();
    let country = &table["columns"][2];
    assert_eq!((&country["type"], &country["description"]), (&"choice".into(), &"Where it is".into()), "{table}");
    let output = server.import(&dir, &CITIES.replace("DK", "SE"), &replace);
    assert!(stderr(&output).contains("line 4") && stderr(&output).contains("SE"), "{}", stderr(&output));
}

#[test]
fn no_key_makes_a_generated_one() {
    let (dir, server) = with_cities();
    let output = server.import(&dir, "a,b\n1,x\n1,y\n2,x\n", &["--into", "local/places", "--table", "pairs"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = server.get("/api/v1/datasets/local/places/tables/pairs/rows").json();
    assert_eq!(rows["total"], 3);
    assert_eq!(rows["items"][1]["b"], "y", "rows keep the order of the file");
}

#[test]
fn a_server_that_is_stopped_in_an_import_leaves_no_job_in_limbo() {
    let dir = dir();
    let data = dir.path().join("data");
    let server = Server::start(&data);
    server.post("/api/v1/datasets", "application/json", br#"{"name":"big"}"#);
    let mut file = String::from("id,text\n");
    for id in 0..200_000 {
        writeln!(file, "{},some text {id}", (id * 7_919) % 200_003).expect("memory");
    }
    let path = "/api/v1/datasets/local/big/imports?table=t&unattended=true";
    let started = server.post(path, "text/csv", file.as_bytes());
    assert_eq!(started.status, 202, "{}", started.body);
    let id = started.json()["id"].as_str().expect("an id").to_owned();
    server.kill();
    let server = Server::start(&data);
    let job = server.get(&format!("/api/v1/jobs/{id}")).json();
    // Killed at any moment: either it was committed or it failed; it does not run for ever.
    let rows = server.get("/api/v1/datasets/local/big/tables/t/rows");
    match job["state"].as_str() {
        Some("succeeded") => assert_eq!(rows.json()["total"], 200_000),
        Some("failed") => {
            assert!(job["error"].as_str().is_some_and(|error| error.contains("stopped")), "{job}");
            assert_eq!(rows.status, 404);
        }
        other => panic!("{other:?}"),
    }
    let left = fs::read_dir(data.join("uploads")).expect("the directory is there").count();
    assert_eq!(left, 0, "uploads are deleted");
}

#[test]
fn errors_say_what_and_where() {
    let (_dir, server) = with_cities();
    for path in [
        "/nobody/nothing",
        "/local/nothing",
        "/local/places/tables/nothing",
        "/local/places/tables/cities/rows/99",
        "/local/places/tables/cities/rows/x",
        "/local/places/commits/ffffffffff",
        "/local/places/commits/..%2f..%2fetc",
        "/local/places/imports/00000000-0000-0000-0000-000000000000",
        "/nowhere",
        "/a/b/c/d/e",
        "/local/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ] {
        let page = server.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert!(page.body.contains("<h1") && !page.body.contains("<script>alert"), "{path}");
    }
    let problem = server.get("/api/v1/datasets/local/nothing");
    assert_eq!(problem.status, 404);
    assert_eq!(problem.header("content-type"), "application/problem+json");
    assert_eq!(problem.json()["status"], 404);
    let problem = server.post("/api/v1/datasets", "application/json", br#"{"name":"../../etc"}"#);
    assert_eq!(problem.status, 422);
    assert_eq!(problem.json()["errors"][0]["pointer"], "/name");
    assert_eq!(server.post("/api/v1/datasets", "application/json", b"{").status, 400);
    assert_eq!(server.get("/api/v1/datasets/local/places/tables/cities/rows?limit=0").status, 400);
    assert_eq!(server.delete("/local/places").status, 405);
    assert_eq!(server.get("/healthz").body, "ok\n");
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn other_sites_get_nothing() {
    let (_dir, server) = with_cities();
    let rebound = server.get_with("/", ("host", "rebound.example"));
    assert_eq!(rebound.status, 421);
    let forged = server.post_with("/new", ("origin", "https://evil.example"), b"name=forged");
    assert_eq!(forged.status, 403, "{}", forged.body);
    let forged = server.post_with("/new", ("sec-fetch-site", "cross-site"), b"name=forged");
    assert_eq!(forged.status, 403);
    let page = server.get("/");
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(!page.body.contains("forged"));
    let output = program().args(["serve", "--addr", "0.0.0.0:0"]).output().expect("the program starts");
    assert!(!output.status.success() && stderr(&output).contains("other machines"), "{}", stderr(&output));
}

#[test]
fn hostile_values_are_shown_as_text() {
    let (dir, server) = with_cities();
    let hostile = "</textarea><script>alert(1)</script>";
    let file = format!("id,<b>name</b>\n1,\"{hostile}\"\n\"a/../%2F?#,b\",x\n");
    let output =
        server.import(&dir, &file, &["--into", "local/places", "--table", "<script>alert(2)</script>", "--key", "id"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = common::encode("<script>alert(2)</script>");
    for path in [
        "/local/places".to_owned(),
        format!("/local/places/tables/{table}"),
        format!("/local/places/tables/{table}/rows/1"),
        "/local/places/history".to_owned(),
    ] {
        let page = server.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<b>name"), "{path}");
        assert!(!page.body.contains("</textarea><script"), "{path}");
    }
    let key = common::encode("a/../%2F?#\\,b");
    assert_eq!(server.get(&format!("/local/places/tables/{table}/rows/{key}")).status, 200);
}

#[test]
fn the_first_run_has_a_sample() {
    let dir = dir();
    let server = Server::start_with(&dir.path().join("data"), &[]);
    let dataset = server.get("/api/v1/datasets/local/bakery").json();
    assert_eq!(dataset["tables"].as_array().map(Vec::len), Some(2));
    let log = server.get("/api/v1/datasets/local/bakery/commits").json();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(3));
}
