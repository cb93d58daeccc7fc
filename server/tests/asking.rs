//! The pages that ask a table: filters and orders, where cells come from, the past of a row.

mod common;

use common::{Server, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

const TABLE: &str = "/local/shop/tables/products";
const PRODUCTS: &str =
    "id,name,price,\"a,b\"\n1,Rye loaf,2.55,x\n2,Wheat loaf,1.25,y\n3,Sourdough,1.45,\n4,Poppy roll,0.65,x\n";

fn shop() -> (TempDir, Server) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let output = server.import(&dir, PRODUCTS, &["--into", "local/shop", "--table", "products", "--message", "Spring"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    (dir, server)
}

/// Commits operations on the table; the commit.
fn commit(server: &Server, message: &str, operations: &[Value]) -> String {
    let body = json!({ "branch": "main", "message": message, "operations": operations });
    let made = server.post("/api/v1/datasets/local/shop/commits", "application/json", body.to_string().as_bytes());
    assert!(made.status < 300, "{}", made.body);
    made.json()["commit"].as_str().expect("a commit").to_owned()
}

fn update(id: u64, values: Value) -> Value {
    json!({ "op": "update", "table": "products", "key": id, "values": values })
}

/// The page of what was asked of the table.
fn ask(server: &Server, query: &[(&str, &str)]) -> common::Answer {
    let query = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>();
    server.get(&format!("{TABLE}?{}", query.join("&")))
}

/// The keys of the rows on a page, in order.
fn keys(page: &str) -> Vec<String> {
    let rows = page.split("<tr").skip(2).filter_map(|row| row.split(&format!("{TABLE}/rows/")).nth(1));
    rows.map(|rest| rest.chars().take_while(|character| *character != '"').collect()).collect()
}

#[test]
fn rows_are_filtered_and_sorted_and_the_page_says_how_many_there_are() {
    let (_dir, server) = shop();
    let check = |filter: &str, sort: &str, expected: &[&str]| {
        let page = ask(&server, &[("filter", filter), ("sort", sort)]);
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(keys(&page.body), expected, "{filter} {sort}");
        page.body
    };
    let page = check("name contains \"loaf\"", "", &["1", "2"]);
    assert!(page.contains("2 of 4 rows"), "{page}");
    check("", "-price", &["1", "3", "2", "4"]);
    check("[a,b] is not null", "[a,b], price", &["4", "1", "2"]);
    check("price > 100", "", &[]);
    check("not (price < 1 or name starts with \"rye\" ignoring case)", "name", &["3", "2"]);
    let sorted = check("", "", &["1", "2", "3", "4"]);
    assert!(sorted.contains(&format!("{TABLE}?sort=%5Ba%2Cb%5D\"")), "names with commas can be sorted by: {sorted}");
    let sorted = check("", "price, -name", &["4", "2", "3", "1"]);
    assert!(sorted.contains("Sort by price, descending") && sorted.contains("Don’t sort by name"), "{sorted}");
}

#[test]
fn pages_of_what_was_found_follow_each_other_and_carry_what_was_asked() {
    let (dir, server) = shop();
    let mut csv = String::from("id,even\n");
    for id in 0..1_000 {
        csv += &format!("{id},{}\n", id % 2 == 0);
    }
    let output = server.import(&dir, &csv, &["--into", "local/shop", "--table", "many"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let at = |more: &str| server.get(&format!("/local/shop/tables/many?filter=even%20%3D%20true&sort=-id{more}")).body;
    let first = at("");
    assert!(first.contains("500 of 1,000 rows") && first.contains("Rows 1 to 100 of 500"), "{first}");
    assert!(first.contains("?filter=even%20%3D%20true&amp;sort=-id&amp;offset=100\""), "{first}");
    assert!(first.contains("name=\"filter\" value=\"even = true\""), "{first}");
    assert!(at("&offset=100").contains("/rows/798\"") && !at("&offset=100").contains("/rows/800\""));
    assert!(at("&row=500").contains("/rows/0\""));
    assert!(at("&offset=5000").contains("Rows 401 to 500 of 500"), "past the end there is the last page");
}

#[test]
fn a_wrong_filter_is_shown_again_with_the_place_of_what_is_wrong() {
    let (_dir, server) = shop();
    let check = |query: &[(&str, &str)], parts: &[&str]| {
        let page = ask(&server, query);
        assert_eq!(page.status, 422, "{query:?}");
        for part in parts {
            assert!(page.body.contains(part), "{query:?} {part}: {}", page.body);
        }
        assert!(!page.body.contains("<table") && !page.body.contains("<script>alert"), "{}", page.body);
    };
    let typed = "value=\"price &lt;&lt; 1\"";
    check(&[("filter", "price << 1")], &["At character 8", typed, "price &lt;&lt; 1\n       ^", "<title>Error: "]);
    check(&[("filter", "prize = 1")], &["perhaps “price” is meant"]);
    check(&[("filter", "price = \"cheap\"")], &["price"]);
    check(&[("filter", "\"><script>alert(1)</script>")], &["value=\"&quot;&gt;&lt;script&gt;alert(1)"]);
    check(
        &[("sort", "<b>"), ("filter", "id = 1")],
        &["There is no column “&lt;b&gt;” to sort by.", "value=\"id = 1\""],
    );
    check(&[("filter", &"(".repeat(20_000))], &["a filter has at most"]);
    check(&[("filter", "id = 1 and"), ("blame", "1")], &["found the end"]);
}

#[test]
fn what_is_asked_sees_the_draft_and_works_at_any_state() {
    let (_dir, server) = shop();
    let dataset = server.get("/api/v1/datasets/local/shop").json();
    let field = |name: &str| {
        let columns = dataset["tables"][0]["columns"].as_array().expect("columns");
        columns.iter().find(|column| column["name"] == name).expect("the column")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let saved = server.form(
        &format!("{TABLE}/new-row"),
        &[(&field("id"), "9"), (&field("name"), "Barley loaf"), (&field("price"), "9.5")],
    );
    assert_eq!(saved.status, 303, "{}", saved.body);
    let page = ask(&server, &[("filter", "name contains \"loaf\""), ("sort", "-price")]).body;
    assert_eq!(keys(&page), ["9", "1", "2"], "{page}");
    assert!(page.contains("3 of 5 rows") && page.contains("is-inserted"), "{page}");
    assert!(page.contains("Your draft is not part of it"), "an export has what is committed: {page}");

    let commit = commit(&server, "Dearer", &[update(2, json!({ "price": "3.00" }))]);
    let log = server.get("/api/v1/datasets/local/shop/commits").json();
    let first = log["items"][1]["hash"].as_str().expect("a commit").to_owned();
    for (state, expected) in [(&commit, "2"), (&first, "1")] {
        let page = server.get(&format!("/local/shop/at/{state}/tables/products?sort=-price")).body;
        let path = format!("/local/shop/at/{state}/tables/products/rows/");
        let key = page.split(&path).nth(1).expect("a row").split('"').next();
        assert_eq!(key, Some(expected), "{page}");
        assert!(page.contains(&format!("ref={state}")), "exports are of this state: {page}");
    }
}

#[test]
fn the_links_to_exports_lead_to_the_rows_that_were_found() {
    let (_dir, server) = shop();
    let page = ask(&server, &[("filter", "name contains \"loaf\"")]).body;
    let start = page.find("/api/v1/datasets/local/shop/exports?").expect("a link");
    let link: String = page[start..].chars().take_while(|character| *character != '"').collect();
    let file = server.get(&link.replace("&amp;", "&"));
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.body, "id,name,price,\"a,b\"\r\n1,Rye loaf,2.55,x\r\n2,Wheat loaf,1.25,y\r\n");
}

#[test]
fn blame_tells_the_commit_of_each_cell() {
    let (_dir, server) = shop();
    let hash = commit(&server, "Make <b>Rye</b> dearer", &[update(1, json!({ "price": "2.95" }))]);
    let page = ask(&server, &[("blame", "1"), ("filter", "id < 3")]).body;
    assert!(page.contains("Make &lt;b&gt;Rye&lt;/b&gt; dearer · local · "), "{page}");
    assert_eq!(page.matches(&format!("/local/shop/commits/{hash}\" title=")).count(), 1, "one cell: {page}");
    assert_eq!(page.matches("\" title=\"Spring · local · ").count(), 7, "the other cells of two rows: {page}");
    assert!(page.contains("Where these cells come from") && page.contains("Hide blame"), "{page}");
    assert!(!page.contains("<leptos-island"), "nothing is edited here: {page}");
    assert!(page.contains(&format!("{TABLE}?filter=id%20%3C%203&amp;sort=id&amp;blame=1\"")), "{page}");
}

#[test]
fn a_rows_history_has_every_commit_that_changed_it_and_brings_it_back() {
    let (_dir, server) = shop();
    let changed = commit(&server, "Dearer", &[update(1, json!({ "price": "2.95", "a,b": null }))]);
    commit(&server, "Elsewhere", &[update(2, json!({ "price": "1.35" }))]);
    let removed = commit(&server, "No more rye", &[json!({ "op": "delete", "table": "products", "key": 1 })]);
    assert_eq!(server.get(&format!("{TABLE}/rows/1")).status, 404);
    let page = server.get(&format!("{TABLE}/rows/1/history"));
    assert_eq!(page.status, 200);
    let page = page.body;
    let position = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(position("No more rye") < position("Dearer") && position("Dearer") < position("Spring"));
    assert!(!page.contains("Elsewhere"), "{page}");
    assert!(page.contains("2.55</del>") && page.contains("2.95</ins>"), "{page}");
    assert!(page.contains(&format!("/local/shop/at/{changed}/tables/products/rows/1\"")), "as it was: {page}");
    assert_eq!(page.matches("Restore to your draft").count(), 3, "{page}");
    // The diff leads here, where there is no row any more.
    let diff = server.get(&format!("/local/shop/commits/{removed}")).body;
    assert!(diff.contains(&format!("{TABLE}/rows/1/history\"")), "{diff}");

    let restored = server.form(&format!("{TABLE}/rows/1/restore"), &[("commit", &changed), ("key", "1")]);
    assert_eq!(restored.status, 303, "{}", restored.body);
    let row = server.get("/api/v1/datasets/local/shop/tables/products/rows?draft=true").json();
    assert_eq!(row["items"][0]["name"], "Rye loaf");
    assert_eq!(row["items"][0]["price"], "2.95");
    assert_eq!(row["items"][0]["a,b"], Value::Null);
    let log = server.get("/api/v1/datasets/local/shop/commits").json();
    let first = log["items"][3]["hash"].as_str().expect("the import");
    let again = server.form(&format!("{TABLE}/rows/1/restore"), &[("commit", first), ("key", "1")]);
    assert_eq!(again.status, 303, "{}", again.body);
    let row = server.get("/api/v1/datasets/local/shop/tables/products/rows?draft=true").json();
    assert_eq!(row["items"][0]["price"], "2.55", "a row that is there is changed back");

    for (commit, key, status) in [("ffffffffff", "1", 404), (first, "99", 404), (first, "x", 404), ("", "1", 404)] {
        let refused = server.form(&format!("{TABLE}/rows/1/restore"), &[("commit", commit), ("key", key)]);
        assert_eq!(refused.status, status, "{commit} {key}: {}", refused.body);
    }
    assert_eq!(server.get(&format!("{TABLE}/rows/99/history")).status, 404);
    assert_eq!(server.get(&format!("{TABLE}/rows/1/history?cursor=nothing")).status, 422);
    let past = server.get(&format!("/local/shop/at/{changed}/tables/products/rows/1/history")).body;
    assert!(past.contains("Dearer") && !past.contains("No more rye") && !past.contains("Restore"), "{past}");
}

#[test]
fn hostile_names_and_values_stay_text_on_these_pages() {
    let (dir, server) = shop();
    let name = "<script>alert(2)</script>, 100%";
    let file = format!("id,\"{name}\",\"-x]\"\n1,</textarea><script>alert(1)</script>,\"a\"\"b\"\n..,b,c\n");
    let output = server.import(&dir, &file, &["--into", "local/shop", "--table", name, "--key", "id"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let table = format!("/local/shop/tables/{}", encode(name));
    let filter = encode(&format!("[{name}] contains \"<script>\" and [-x]]] is not null"));
    let sort = encode(&format!("-[{name}],[-x]]]"));
    for path in [
        format!("{table}?filter={filter}&sort={sort}"),
        format!("{table}?filter={filter}&sort={sort}&blame=1"),
        format!("{table}/rows/1/history"),
        format!("{table}/rows/{}/history", encode("\\..")),
    ] {
        let page = server.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("</textarea><script"), "{path}");
    }
}
