//! The command line as people and scripts meet it: the real binary against a real server.

mod common;

use std::process::Output;

use common::{Server, people::World, program, stderr, stdout};
use serde_json::{Value, json};
use tempfile::TempDir;

const CITIES: &str = "id,name,population\n1,Oslo,709037\n2,Bergen,291940\n3,Århus,\n";
const D: &str = "local/places";

fn with_cities() -> (TempDir, Server) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let output = server.import(&dir, CITIES, &["--into", D, "--table", "cities"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    (dir, server)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// The output of a command that goes well.
fn good(server: &Server, arguments: &[&str]) -> String {
    let output = server.command(arguments);
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn good_json(server: &Server, arguments: &[&str]) -> Value {
    serde_json::from_str(&good(server, &[arguments, &["--json"]].concat())).expect("JSON")
}

fn change(server: &Server, branch: &str, id: u64, name: &str) {
    let operation = json!({ "op": "update", "table": "cities", "key": id, "values": { "name": name } });
    let body = json!({ "branch": branch, "message": format!("Call it {name}"), "operations": [operation] });
    let answer = server.post("/api/v1/datasets/local/places/commits", "application/json", body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[test]
fn import_adds_and_changes_rows_on_a_branch() {
    let (dir, server) = with_cities();
    good(&server, &["branch", "create", D, "new"]);
    let to = ["--into", D, "--table", "cities", "--branch", "new"];
    let taken = server.import(&dir, "id,name,population\n3,X,1\n", &[&to[..], &["--mode", "append"]].concat());
    assert_eq!(code(&taken), 1, "{}", stdout(&taken));
    let added = server.import(&dir, "id,name,population\n4,Voss,16000\n", &[&to[..], &["--mode", "append"]].concat());
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    let upsert = [&to[..], &["--mode", "upsert", "--message", "Release 2", "--json"]].concat();
    let output = server.import(&dir, "id,name\n3,Aarhus\n5,Odda\n", &upsert);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let job: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!((job["state"].as_str(), job["branch"].as_str()), (Some("succeeded"), Some("new")));
    let diff = good(&server, &["diff", D, "main", "new"]);
    assert!(diff.contains("name: Århus → Aarhus") && diff.contains("+ id=4"), "{diff}");
    assert!(good(&server, &["log", D, "--ref", "new"]).contains("Release 2"));
}

#[test]
fn export_writes_what_import_reads() {
    let (dir, server) = with_cities();
    let text = good(&server, &["export", D, "cities"]);
    assert_eq!(text, "id,name,population\r\n1,Oslo,709037\r\n2,Bergen,291940\r\n3,Århus,\r\n");
    let again = server.import(&dir, &text, &["--into", D, "--table", "cities", "--mode", "replace"]);
    assert!(stdout(&again).contains("nothing differs"), "{}{}", stdout(&again), stderr(&again));
    let file = dir.path().join("out.ndjson");
    good(&server, &["export", D, "cities", "--format", "ndjson", "--output", file.to_str().expect("UTF-8")]);
    let lines = std::fs::read_to_string(file).expect("the file");
    assert_eq!(lines.lines().last(), Some(r#"{"id":3,"name":"Århus","population":null}"#));
    let missing = server.command(&["export", D, "nothing"]);
    assert_eq!(code(&missing), 1);
    assert!(stderr(&missing).contains("“nothing”"), "{}", stderr(&missing));
}

#[test]
fn log_diff_and_blame_are_aligned_for_people_and_json_for_programs() {
    let (_dir, server) = with_cities();
    change(&server, "main", 1, "Kristiania");
    let log = good(&server, &["log", D]);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].ends_with("Call it Kristiania") && !log.contains('\u{1b}'), "{log}");
    let commits = good_json(&server, &["log", D, "--table", "cities"]);
    let (new, old) = (&commits["items"][0]["hash"], &commits["items"][1]["hash"]);
    let (new, old) = (new.as_str().expect("a hash"), old.as_str().expect("a hash"));
    assert!(lines[0].starts_with(&new[..10]));

    let diff = good(&server, &["diff", D, old, new]);
    assert_eq!(diff, "table cities changed (3 → 3 rows)\n  ~ 1  name: Oslo → Kristiania\n");
    assert_eq!(good_json(&server, &["diff", D, old])["items"][0]["key"], "1");
    let summary = good(&server, &["diff", D, old, "--summary"]);
    assert!(summary.contains("cities") && summary.contains("~1") && summary.contains("name: 1"), "{summary}");
    assert_eq!(good(&server, &["diff", D, new, new]), "nothing differs\n");

    let blame = good(&server, &["blame", D, "cities", "1"]);
    let cells: Vec<&str> = blame.lines().collect();
    assert!(
        cells[0].contains(&old[..10]) && cells[1].contains(&new[..10]) && cells[1].contains("Kristiania"),
        "{blame}"
    );
    assert_eq!(good_json(&server, &["blame", D, "cities", "3"])["cells"][2]["value"], Value::Null);
}

#[test]
fn branches_and_tags_are_made_listed_and_deleted() {
    let (_dir, server) = with_cities();
    good(&server, &["branch", "create", D, "feature/x"]);
    good(&server, &["tag", "create", D, "v1", "--from", "main"]);
    change(&server, "feature/x", 1, "Kristiania");
    let list = good(&server, &["branch", "list", D]);
    assert!(list.starts_with("* main") && list.contains("+1 -0"), "{list}");
    assert_eq!(good_json(&server, &["tag", "list", D])["items"][0]["name"], "v1");
    let twice = server.command(&["branch", "create", D, "v1"]);
    assert_eq!(code(&twice), 1);
    good(&server, &["branch", "delete", D, "feature/x"]);
    good(&server, &["tag", "delete", D, "v1"]);
    assert_eq!(good_json(&server, &["branch", "list", D])["items"].as_array().map(Vec::len), Some(1));
    let default = server.command(&["branch", "delete", D, "main"]);
    assert_eq!(code(&default), 1);
    assert!(stderr(&default).contains("default branch"), "{}", stderr(&default));
}

#[test]
fn merge_shows_conflicts_ends_with_3_and_decides() {
    let (_dir, server) = with_cities();
    good(&server, &["branch", "create", D, "other"]);
    change(&server, "main", 1, "Oslo by");
    change(&server, "other", 1, "Kristiania");
    change(&server, "other", 2, "Bjørgvin");
    for arguments in [&["merge", D, "other"][..], &["merge", D, "other", "--dry-run"]] {
        let open = server.command(arguments);
        assert_eq!(code(&open), 3, "{arguments:?}: {}", stderr(&open));
        let said = stdout(&open);
        assert!(
            said.contains("cities / row 1 / name") && said.contains("Oslo by") && said.contains("Kristiania"),
            "{said}"
        );
    }
    let open = server.command(&["merge", D, "other", "--json"]);
    assert_eq!(code(&open), 3);
    let problem: Value = serde_json::from_str(&stdout(&open)).expect("JSON");
    assert_eq!(problem["conflicts"][0]["column"], "name");
    assert!(good(&server, &["merge", D, "other", "--theirs", "--dry-run"]).starts_with("would merge"));
    assert!(good(&server, &["merge", D, "other", "--theirs", "--message", "Bring it"]).starts_with("committed"));
    let text = good(&server, &["export", D, "cities"]);
    assert!(text.contains("Kristiania") && text.contains("Bjørgvin"), "{text}");
    assert!(good(&server, &["merge", D, "other"]).starts_with("nothing to do"));
}

#[test]
fn revert_undoes_a_commit() {
    let (_dir, server) = with_cities();
    change(&server, "main", 1, "Kristiania");
    let commits = good_json(&server, &["log", D]);
    let hash = commits["items"][0]["hash"].as_str().expect("a hash").to_owned();
    change(&server, "main", 2, "Bjørgvin");
    assert!(good(&server, &["revert", D, &hash[..12]]).starts_with("committed"));
    let text = good(&server, &["export", D, "cities"]);
    assert!(text.contains("Oslo") && text.contains("Bjørgvin"), "{text}");
    change(&server, "main", 1, "Christiania");
    let open = server.command(&["revert", D, &hash]);
    assert_eq!(code(&open), if stdout(&open).contains("conflict") { 3 } else { 0 }, "{}", stderr(&open));
}

#[test]
fn wrong_calls_end_with_2_and_failures_with_1() {
    let (_dir, server) = with_cities();
    for arguments in [
        &["log"][..],
        &["log", "places"],
        &["diff", D],
        &["merge", D, "x", "--ours", "--theirs"],
        &["import", "x.csv", "--into", "places", "--table", "t"],
        &["export", D, "cities", "--format", "xml"],
        &["dance"],
    ] {
        assert_eq!(code(&server.command(arguments)), 2, "{arguments:?}");
    }
    for arguments in [
        &["log", "local/nothing"][..],
        &["diff", D, "nowhere"],
        &["merge", D, "nowhere"],
        &["blame", D, "cities", "99"],
    ] {
        let output = server.command(arguments);
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(stderr(&output).starts_with("anabranch: "), "{}", stderr(&output));
    }
    let nobody = program().args(["log", D, "--url", "http://127.0.0.1:1"]).output().expect("the program starts");
    assert_eq!(code(&nobody), 1);
    assert!(stderr(&nobody).contains("no answer from the server"), "{}", stderr(&nobody));
}

#[test]
fn whoever_closes_the_output_early_has_seen_enough() {
    let (dir, server) = with_cities();
    let mut file = String::from("id,text\n");
    for id in 0..20_000 {
        file.push_str(&format!("{id},some text of row {id}\n"));
    }
    let output = server.import(&dir, &file, &["--into", D, "--table", "many"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut child = program()
        .args(["export", D, "many", "--url", &server.url])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

#[test]
fn what_was_on_a_deleted_branch_can_be_brought_back_until_it_is_reclaimed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let output = server.import(&dir, CITIES, &["--into", D, "--table", "cities"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    good(&server, &["branch", "create", D, "side"]);
    change(&server, "side", 1, "Kristiania");
    let log = good_json(&server, &["log", D, "--ref", "side"]);
    let side = log["items"][0]["hash"].as_str().expect("a hash");
    good(&server, &["branch", "delete", D, "side"]);
    let kept = good_json(&server, &["reclaim"]);
    assert_eq!((&kept["last"]["done"]["commits"], &kept["kept_days"]), (&json!(0), &json!(14)));
    good(&server, &["branch", "create", D, "back", "--from", side]);
    assert!(good(&server, &["export", D, "cities", "--ref", "back"]).contains("Kristiania"));
    good(&server, &["branch", "delete", D, "back"]);
    assert!(server.stop());

    let server = Server::start_with(&data, &["--no-sample", "--keep-deleted", "0"]);
    let told = good(&server, &["reclaim"]);
    assert!(told.starts_with("deleted 3 chunks (") && told.contains("and 1 expired commit; "), "{told}");
    let gone = server.command(&["branch", "create", D, "back", "--from", side]);
    assert_eq!(code(&gone), 1, "{}", stdout(&gone));
    let again = good_json(&server, &["reclaim"]);
    assert_eq!(again["last"]["done"]["chunks"], 0, "{again}");
    assert!(good(&server, &["export", D, "cities"]).contains("Oslo"));

    let page = server.get("/system").body;
    assert!(page.contains("Reclaiming space") && page.contains("Needed chunks"), "{page}");
    let answer = server.form("/system/reclaim", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/system"));
    assert!(server.stop());
    let verified = program().args(["verify", "--data"]).arg(&data).output().expect("the program starts");
    assert_eq!(code(&verified), 0, "{}{}", stdout(&verified), stderr(&verified));
}

#[test]
fn a_dataset_that_moved_is_found_by_its_old_name_with_the_token_and_all_that_is_sent() {
    let world = World::new();
    let ada = world.person("ada");
    ada.dataset("ada", "places");
    let token = ada.json("POST", "/tokens", json!({ "name": "nightly", "scope": "admin" }));
    let token = token.json()["text"].as_str().expect("its text").to_owned();
    let command = |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).env("ANABRANCH_URL", &world.server.url).env("ANABRANCH_TOKEN", &token);
        let output = command.output().expect("the program starts");
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    };
    let renamed = ada.json("PATCH", "/datasets/ada/places", json!({ "name": "towns" }));
    assert_eq!(renamed.status, 200, "{}", renamed.body);

    const OLD: &str = "ada/places";
    assert!(command(&["export", OLD, "cities"]).contains("Oslo"));
    assert!(command(&["log", OLD, "--table", "cities"]).contains("Begin"));
    assert!(command(&["branch", "create", OLD, "next"]).starts_with("next is at"));
    let file = world.dir.path().join("cities.csv");
    std::fs::write(&file, "id,name\n1,Kristiania\n").expect("a directory of our own");
    let file = file.to_str().expect("UTF-8");
    let to = ["--into", OLD, "--table", "cities", "--branch", "next", "--mode", "upsert"];
    let told = command(&[&["import", file], &to[..]].concat());
    assert!(told.contains("in ada/towns/cities"), "{told}");
    assert!(command(&["diff", OLD, "main", "next"]).contains("Oslo → Kristiania"));
    command(&["merge", OLD, "next"]);
    assert!(command(&["fork", OLD, "--name", "copy"]).contains("ada/copy is there"));
    assert!(command(&["branch", "delete", OLD, "next"]).contains("is gone"));

    // No other one was made where it was, and the old address still leads on.
    let led = ada.get("/ada/places");
    assert_eq!((led.status, led.header("location")), (308, "/ada/towns"));
    assert_eq!(ada.get("/api/v1/datasets/ada/towns/tables/cities/rows/1").json()["name"], "Kristiania");
}
