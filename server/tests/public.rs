//! A server that people on other machines reach, through a proxy that speaks TLS; and what browsers are told about pages.

mod common;

use common::{Answer, Server, program, stderr};
use tempfile::TempDir;

const HOST: (&str, &str) = ("host", "data.example");
const PASSWORD: &str = "a few words that belong";

fn public() -> (TempDir, Server) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start_with(&dir.path().join("data"), &["--no-sample", "--public-url", "https://data.example"]);
    (dir, server)
}

fn form(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    server.call("POST", path, &all, Some(body.as_bytes()))
}

fn set_up(server: &Server) -> Answer {
    let address = server.console().trim().to_owned();
    assert!(address.contains(" https://data.example/set-up?code="), "{address}");
    let code = address.split("code=").nth(1).expect("a code").to_owned();
    form(server, "/set-up", &[HOST], &format!("code={code}&name=ada&password={PASSWORD}"))
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn other_machines_are_let_in_only_with_a_public_name_and_tls() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let serve = |options: &[&str]| {
        let data = dir.path().join("data");
        let output = program().arg("serve").arg("--data").arg(data).args(options).output().expect("the program starts");
        assert!(!output.status.success());
        stderr(&output)
    };
    let told = serve(&["--addr", "0.0.0.0:0"]);
    assert!(told.contains("unencrypted") && told.contains("--public-url"), "{told}");
    let told = serve(&["--addr", "0.0.0.0:0", "--public-url", "http://data.example"]);
    assert!(told.contains("https://"), "{told}");
    assert!(!dir.path().join("data").exists(), "nothing was begun");
}

#[test]
fn before_the_first_account_there_is_nothing_but_the_page_that_makes_it() {
    let (_dir, server) = public();
    // Whatever name a request comes by: a proxy that does not pass it on writes a local one.
    for host in ["data.example", "DATA.example:443", "localhost", "127.0.0.1:3000"] {
        for path in ["/", "/new", "/local/places", "/system", "/sign-in", "/account"] {
            let answer = server.get_with(path, ("host", host));
            assert_eq!((answer.status, answer.header("location")), (303, "/set-up"), "{host}{path}");
        }
        for path in ["/api/v1/datasets", "/api/v1/me", "/api/v1/jobs", "/api/v1/docs"] {
            assert_eq!(server.get_with(path, ("host", host)).status, 401, "{host}{path}");
        }
        let made = server.call(
            "POST",
            "/api/v1/datasets",
            &[("host", host), ("content-type", "application/json")],
            Some(br#"{"name":"mine"}"#),
        );
        assert_eq!(made.status, 401, "{host}");
        assert_eq!(form(&server, "/new", &[("host", host)], "name=mine").status, 401, "{host}");
        assert_eq!(server.get_with("/metrics", ("host", host)).status, 401, "{host}");
        assert_eq!(server.get_with("/set-up", ("host", host)).status, 200, "{host}");
        assert_eq!(server.get_with("/healthz", ("host", host)).status, 200, "{host}");
    }
    for host in ["data.example.evil.example", "evil.example", "data.example:80"] {
        assert_eq!(server.get_with("/set-up", ("host", host)).status, 421, "{host}");
    }
}

#[test]
fn cookies_are_for_this_host_and_only_encrypted() {
    let (_dir, server) = public();
    let made = set_up(&server);
    assert_eq!(made.status, 303, "{}", made.body);
    let header = made.header("set-cookie");
    assert!(header.starts_with("__Host-anabranch=") && header.ends_with("; Secure"), "{header}");
    assert!(header.contains("; Path=/;") && !header.contains("Domain"), "{header}");
    assert!(made.header("strict-transport-security").starts_with("max-age="));
    let secret = cookie(&made);
    let page = server.call("GET", "/account", &[HOST, ("cookie", &secret)], None);
    assert_eq!(page.status, 200);
    // A cookie that any neighbour on the host could have set is not looked at.
    let other = secret.replace("__Host-", "");
    assert_eq!(server.call("GET", "/account", &[HOST, ("cookie", &other)], None).status, 303);

    // Forms come from our own pages.
    for (origin, status) in [("https://data.example", 303), ("https://evil.example", 403)] {
        let body = format!("name=ada&password={PASSWORD}");
        assert_eq!(form(&server, "/sign-in", &[HOST, ("origin", origin)], &body).status, status, "{origin}");
    }
}

#[test]
fn a_proxy_on_this_machine_says_where_people_come_from() {
    let (_dir, server) = public();
    let secret = cookie(&set_up(&server));
    let sign_in = |server: &Server, headers: &[(&str, &str)], password: &str| {
        form(server, "/sign-in", headers, &format!("name=ada&password={password}"))
    };
    // What the client claims stands before what the proxy saw.
    let told = ("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    assert_eq!(sign_in(&server, &[HOST, told], PASSWORD).status, 303);
    let page = server.call("GET", "/account", &[HOST, ("cookie", &secret)], None).body;
    assert!(page.contains("203.0.113.7") && !page.contains("198.51.100.1"), "{page}");
    // Who guesses from one place waits; the others do not.
    let guess = |from: &str, count: usize| {
        let guesses = (0..count).map(|count| {
            let body = format!("name=nobody-{count}&password=a wrong password");
            form(&server, "/sign-in", &[HOST, ("x-forwarded-for", from)], &body).status
        });
        guesses.collect::<Vec<_>>().pop()
    };
    assert_eq!(guess("203.0.113.9", 7), Some(429));
    assert_eq!(guess("203.0.113.10", 1), Some(422));

    // Where nobody else is meant to reach the server, the header is anybody's.
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let code = server.console().split("code=").nth(1).expect("a code").trim().to_owned();
    let body = format!("code={code}&name=ada&password={PASSWORD}");
    let made = form(&server, "/set-up", &[("x-forwarded-for", "203.0.113.7")], &body);
    let page = server.call("GET", "/account", &[("cookie", &cookie(&made))], None).body;
    assert!(page.contains("127.0.0.1") && !page.contains("203.0.113.7"), "{page}");
    assert_eq!(made.header("strict-transport-security"), "");
}

#[test]
fn nothing_in_a_page_runs_but_what_carries_its_nonce() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let imported = server.import(&dir, "id,name\n1,Oslo\n", &["--into", "local/places", "--table", "cities"]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let mut nonces = Vec::new();
    for path in ["/local/places/tables/cities", "/local/places/tables/cities", "/", "/nothing"] {
        let page = server.get(path);
        let policy = page.header("content-security-policy");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval'; "), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        assert!(nonce.len() >= 22, "128 bits: {nonce}");
        assert!(!page.body.contains(" style=\""), "{path}: a style attribute");
        for tag in ["<script", "<style"] {
            for rest in page.body.split(tag).skip(1) {
                let opening = rest.split('>').next().unwrap_or_default();
                assert!(opening.contains(&format!("nonce=\"{nonce}\"")), "{path}: {tag}{opening}");
            }
        }
        nonces.push(nonce.to_owned());
    }
    assert!(server.get("/local/places/tables/cities").body.contains("<script"), "there is something to see");
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "one for each answer: {nonces:?}");
    for path in ["/api/v1/docs", "/api/v1/openapi.json", "/favicon.svg"] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';") && !policy.contains("inline"), "{policy}");
        assert!(path != "/api/v1/docs" || !(answer.body.contains("<style") || answer.body.contains(" style=")));
    }
}
