//! What comes to people by mail: links that confirm an address, that set a new password, and that invite. The server is one
//! that others reach, as links begin with its public name.

mod common;

use common::{Answer, Server, encode, mailbox::Mailbox};
use tempfile::TempDir;

const HOST: (&str, &str) = ("host", "data.example");
const PASSWORD: &str = "a few words that belong";

struct World {
    _dir: TempDir,
    server: Server,
    mailbox: Mailbox,
}

impl World {
    /// With the administrator `root`, who is signed in by the cookie.
    fn new(busy: usize) -> (Self, String) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mailbox = Mailbox::open(busy);
        let mail = mailbox.options();
        let mut options = vec!["--no-sample", "--public-url", "https://data.example"];
        options.extend(mail.iter().map(String::as_str));
        let server = Server::start_with(&dir.path().join("data"), &options);
        let code = server.console().split("code=").nth(1).expect("a code").trim().to_owned();
        let world = Self { _dir: dir, server, mailbox };
        let made = world.form("", "/set-up", &[("code", &code), ("name", "root"), ("password", PASSWORD)]);
        assert_eq!(made.status, 303, "{}", made.body);
        let cookie = cookie(&made);
        (world, cookie)
    }

    fn form(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let body = body.collect::<Vec<_>>().join("&");
        let headers = [HOST, ("cookie", cookie), ("content-type", "application/x-www-form-urlencoded")];
        self.server.call("POST", path, &headers, Some(body.as_bytes()))
    }

    fn get(&self, cookie: &str, path: &str) -> Answer {
        self.server.call("GET", path, &[HOST, ("cookie", cookie)], None)
    }

    fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.form("", "/sign-in", &[("name", name), ("password", password)])
    }

    /// Makes the account; its cookie.
    fn person(&self, root: &str, name: &str) -> String {
        let made = self.form(root, "/account/people", &[("name", name), ("password", PASSWORD)]);
        assert_eq!(made.status, 303, "{}", made.body);
        cookie(&self.sign_in(name, PASSWORD))
    }

    /// Has mail reach somebody there.
    fn address(&self, cookie: &str, email: &str) {
        let asked = self.form(cookie, "/account/email", &[("email", email), ("email-password", PASSWORD)]);
        assert!(asked.status == 200 && asked.body.contains(email), "{}", asked.body);
        let mail = self.mailbox.next();
        assert_eq!(mail.to, [email.to_lowercase()]);
        let code = mail.secret("/account/email/confirm?code");
        assert_eq!(self.get("", &format!("/account/email/confirm?code={code}")).status, 200);
        let reaches = format!("Mail reaches you at {}.", email.to_lowercase());
        assert!(!self.get(cookie, "/account").body.contains(&reaches), "opening the link is not enough");
        let confirm = || self.form("", "/account/email/confirm", &[("code", &code)]).status;
        assert_eq!((confirm(), confirm()), (200, 409), "once");
        assert!(self.get(cookie, "/account").body.contains(&reaches));
    }
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn who_has_forgotten_the_password_gets_a_link_by_mail() {
    let (world, root) = World::new(0);
    let ada = world.person(&root, "ada");
    let account = world.get(&ada, "/account").body;
    assert!(account.contains("No mail reaches you."), "{account}");
    for (email, password) in [("ada", PASSWORD), ("ada@example.org", "a wrong password")] {
        let fields = [("email", email), ("email-password", password)];
        assert_eq!(world.form(&ada, "/account/email", &fields).status, 422, "{email}");
    }
    world.address(&ada, "Ada@Example.org");
    assert!(world.get(&ada, "/account").body.contains("Mail reaches you at ada@example.org."));

    assert!(world.get("", "/sign-in").body.contains("/sign-in/forgot"));
    assert_eq!(world.get("", "/sign-in/forgot").status, 200);
    let forgot = |who: &str| world.form("", "/sign-in/forgot", &[("who", who)]);
    assert_eq!(forgot(" ").status, 422);
    // The answers do not differ: an account that mail reaches, one that it does not, none.
    let (known, silent, unknown) = (forgot("ada"), forgot("root"), forgot("nobody"));
    assert_eq!(known.status, 200);
    assert_eq!(known.body.replace("ada", ""), silent.body.replace("root", ""));
    assert_eq!(known.body.replace("ada", ""), unknown.body.replace("nobody", ""));
    let mail = world.mailbox.next();
    assert_eq!(mail.to, ["ada@example.org"]);
    assert!(mail.text.contains("From: Anabranch <data@data.example>"), "{}", mail.text);
    let code = mail.secret("/reset-password?code");
    let set = world.form("", "/reset-password", &[("code", &code), ("password", "other words that belong")]);
    assert_eq!((set.status, set.header("location")), (303, "/sign-in"));
    assert_eq!(world.get(&ada, "/account").status, 303, "all her sessions have ended");
    assert_eq!(world.sign_in("ada", "other words that belong").status, 303);
    // By the address as well, and not too often.
    assert_eq!(forgot("ADA@example.org").status, 200);
    assert_eq!(world.mailbox.next().to, ["ada@example.org"]);
    let many: Vec<u16> = (0..8).map(|_| forgot("ada").status).collect();
    assert_eq!(many.last(), Some(&429), "{many:?}");
}

#[test]
fn an_address_that_was_changed_is_told_and_none_gets_nothing() {
    let (world, root) = World::new(0);
    let ada = world.person(&root, "ada");
    world.address(&ada, "ada@example.org");
    world.address(&ada, "ada@other.example");
    let told = world.mailbox.next();
    assert_eq!(told.to, ["ada@example.org"]);
    assert!(told.text.contains("another address"), "{}", told.text);
    let none = world.form(&ada, "/account/email", &[("email", ""), ("email-password", PASSWORD)]);
    assert_eq!(none.status, 303);
    assert_eq!(world.form("", "/sign-in/forgot", &[("who", "ada")]).status, 200);
    // What is asked for next comes next: nothing was sent before it.
    world.address(&root, "root@example.org");
    world.mailbox.expect_empty();
}

#[test]
fn an_invitation_goes_by_mail_also_where_the_mail_server_is_busy_at_first() {
    let (world, root) = World::new(1);
    assert_eq!(world.form(&root, "/account/sign-up", &[("sign-up", "invitation")]).status, 303);
    assert_eq!(world.form(&root, "/account/invitations", &[("email", "no address"), ("note", "")]).status, 422);
    let invited = world.form(&root, "/account/invitations", &[("email", "grace@example.org"), ("note", "")]);
    assert_eq!(invited.status, 303, "{}", invited.body);
    assert!(world.get(&root, "/account/people").body.contains("grace@example.org"));
    let mail = world.mailbox.next();
    assert_eq!(mail.to, ["grace@example.org"]);
    let invitation = mail.secret("/sign-up?invitation");
    let fields = [("name", "grace"), ("password", PASSWORD), ("invitation", invitation.as_str())];
    assert_eq!(world.form("", "/sign-up", &fields).status, 303);
    let system = world.get(&root, "/system").body;
    assert!(system.contains("<h3>Mail</h3>"), "{system}");
}

#[test]
fn who_is_invited_to_an_organisation_hears_of_it_by_mail() {
    let (world, root) = World::new(0);
    let ada = world.person(&root, "ada");
    world.address(&ada, "ada@example.org");
    assert_eq!(world.form(&root, "/account/organisations", &[("name", "acme")]).status, 303);
    let member = [("person", "ada"), ("role", "member")];
    for _ in 0..2 {
        assert_eq!(world.form(&root, "/account/organisations/acme/members", &member).status, 303);
    }
    let mail = world.mailbox.next();
    assert_eq!(mail.to, ["ada@example.org"]);
    assert!(mail.text.contains("Subject: root invites you to acme"), "{}", mail.text);
    assert!(mail.text.contains("https://data.example/account/inbox"), "{}", mail.text);
    // Once, however often it is asked.
    world.mailbox.expect_empty();
    let accepted = world.form(&ada, "/account/organisations/acme/invitation", &[("what", "accept")]);
    assert_eq!(accepted.header("location"), "/acme", "{}", accepted.body);
}

#[test]
fn without_mail_there_are_no_forms_that_need_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&dir.path().join("data"));
    let code = server.console().split("code=").nth(1).expect("a code").trim().to_owned();
    let made = server.form("/set-up", &[("code", &code), ("name", "root"), ("password", PASSWORD)]);
    let cookie = cookie(&made);
    assert!(!server.get("/sign-in").body.contains("forgot"));
    assert_eq!(server.get("/sign-in/forgot").status, 404);
    assert_eq!(server.form("/sign-in/forgot", &[("who", "root")]).status, 409);
    let page = server.get_with("/account", ("cookie", &cookie)).body;
    assert!(!page.contains("E-mail"), "{page}");
    assert!(!server.get_with("/system", ("cookie", &cookie)).body.contains("<h3>Mail</h3>"));
}

#[test]
fn what_stands_in_the_inbox_comes_by_mail_as_people_want_it() {
    let (world, root) = World::new(0);
    let ada = world.person(&root, "ada");
    world.address(&ada, "ada@example.org");
    let call = |cookie: &str, path: &str, body: serde_json::Value| {
        let headers = [HOST, ("cookie", cookie), ("content-type", "application/json")];
        let answer =
            world.server.call("POST", &format!("/api/v1/datasets{path}"), &headers, Some(body.to_string().as_bytes()));
        assert!(answer.status < 300, "{path}: {}", answer.body);
    };
    let insert = |id: u32| serde_json::json!({ "op": "insert", "table": "cities", "values": { "id": id } });
    let table = serde_json::json!({
        "op": "create_table", "name": "cities", "columns": [{ "name": "id", "type": "integer" }], "primary_key": ["id"],
    });
    call(&root, "", serde_json::json!({ "name": "places" }));
    call(&root, "/root/places/commits", serde_json::json!({ "message": "Begin", "operations": [table, insert(1)] }));
    call(&root, "/root/places/branches", serde_json::json!({ "name": "next" }));
    let more = serde_json::json!({ "branch": "next", "message": "More", "operations": [insert(2)] });
    call(&root, "/root/places/commits", more);
    let offer = serde_json::json!({ "title": "More cities", "text": "What of it, @ada?", "source_branch": "next" });
    call(&root, "/root/places/merge-requests", offer);
    // Who may not read it is not told of it.
    world.mailbox.expect_empty();

    let role = [("name", "ada"), ("role", "writer")];
    assert_eq!(world.form(&root, "/root/places/people", &role).status, 303);
    let mail = world.mailbox.next();
    assert_eq!(mail.to, ["ada@example.org"]);
    assert!(mail.text.contains("Subject: [root/places] root made you writer"), "{}", mail.text);
    assert!(mail.text.contains("https://data.example/root/places\n"), "{}", mail.text);

    let comments = "/root/places/merge-requests/1/comments";
    call(&root, comments, serde_json::json!({ "text": "Look,\r\nBcc: @ada" }));
    let mail = world.mailbox.next();
    assert!(mail.text.contains("Subject: [root/places] More cities (merge request 1)"), "{}", mail.text);
    for part in
        ["root commented: merge request 1", "    Look, Bcc: @ada\n", "/root/places/requests/1\n", "wrote your name"]
    {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }

    // The address signs her in as well, while it is hers alone.
    assert_eq!(world.sign_in("Ada@example.org", PASSWORD).status, 303);
    assert_eq!(world.sign_in("ada@example.org", "a wrong password").status, 422);
    let bob = world.person(&root, "bob");
    world.address(&bob, "ada@example.org");
    assert_eq!(world.sign_in("ada@example.org", PASSWORD).status, 422);

    // She takes part from now on, and wants to hear only of what is meant for her.
    call(&ada, comments, serde_json::json!({ "text": "Fine." }));
    assert_eq!(world.form(&ada, "/account/mailed", &[("mailed", "everything")]).status, 422);
    assert_eq!(world.form(&ada, "/account/mailed", &[("mailed", "direct")]).status, 303);
    call(&root, comments, serde_json::json!({ "text": "Good." }));
    world.mailbox.expect_empty();
    call(&root, comments, serde_json::json!({ "text": "Is it, @ada?" }));
    assert!(world.mailbox.next().text.contains("Is it"));
}
