//! The second factor: setting it up, signing in with it, losing it.

mod common;

use common::{
    Answer,
    codes::{code, turn_on},
    people::{Client, PASSWORD, World, cookie},
};
use serde_json::json;

/// The first step; the cookie of the second.
fn first_step(stranger: &Client<'_>, name: &str) -> String {
    let asked = stranger.form("/sign-in", &[("name", name), ("password", PASSWORD), ("next", "/new")]);
    assert_eq!((asked.status, asked.header("location")), (303, "/sign-in/code?next=%2Fnew"), "{}", asked.body);
    let step = cookie(&asked);
    assert!(step.starts_with("anabranch-step="), "{step}");
    step
}

#[test]
fn signing_in_takes_the_password_and_a_code_that_was_not_used() {
    let world = World::new();
    let (stranger, ada) = (world.stranger(), world.person("ada"));
    let made = ada.json("POST", "/tokens", json!({ "name": "t", "scope": "admin" })).json();
    let bearer = format!("Bearer {}", made["text"].as_str().expect("its text"));
    let program = Client { server: &world.server, header: Some(("authorization", bearer)) };
    assert_eq!(ada.form("/account/second-factor", &[("password", "a wrong password")]).status, 422);
    assert_eq!(ada.form("/account/second-factor/confirm", &[("code", "123456")]).status, 409, "it was not begun");

    let (secret, at, recovery) = turn_on(&ada);
    assert_eq!(ada.get("/api/v1/me").json()["second_factor"], true);
    assert_eq!(ada.form("/account/second-factor", &[("password", PASSWORD)]).status, 409, "it is on already");
    assert!(ada.get("/account/second-factor").body.contains("10 recovery codes"));
    let page = ada.get("/account/second-factor").body;
    assert!(!page.contains(&secret) && !page.contains(&recovery[0]), "they are shown once");

    let step = first_step(&stranger, "ada");
    let halfway = Client { server: &world.server, header: Some(("cookie", step.clone())) };
    assert_eq!(halfway.get("/account").status, 303, "that is no session");
    let as_session = Client { server: &world.server, header: Some(("cookie", step.replace("-step", ""))) };
    assert_eq!(as_session.get("/account").status, 303);
    assert_eq!(halfway.get("/sign-in/code?next=%2Fnew").status, 200);
    let enter = |code: &str| halfway.form("/sign-in/code", &[("code", code), ("next", "/new")]);
    assert_eq!(enter(&code(&secret, at)).status, 422, "it has confirmed the app already");
    let next = code(&secret, at + 30);
    let entered = enter(&next);
    assert_eq!((entered.status, entered.header("location")), (303, "/new"), "{}", entered.body);
    let again = Client { server: &world.server, header: Some(("cookie", cookie(&entered))) };
    assert_eq!(again.get("/account").status, 200);
    assert_eq!(enter(&code(&secret, at + 30)).status, 409, "that step is over");
    // Neither the same code nor one before it.
    let step = first_step(&stranger, "ada");
    let halfway = Client { server: &world.server, header: Some(("cookie", step)) };
    let enter = |code: &str| halfway.form("/sign-in/code", &[("code", code)]);
    assert_eq!((enter(&next).status, enter(&code(&secret, at)).status), (422, 422));
    // A recovery code works however it is typed, and once.
    assert_eq!(enter(&recovery[3].to_uppercase().replace('-', " ")).status, 303);
    let step = first_step(&stranger, "ada");
    let halfway = Client { server: &world.server, header: Some(("cookie", step)) };
    assert_eq!(halfway.form("/sign-in/code", &[("code", &recovery[3])]).status, 422);
    assert!(ada.get("/account/second-factor").body.contains("9 recovery codes"));
    // Programs act by their tokens.
    assert_eq!(program.get("/api/v1/me").json()["second_factor"], true);
    // A password by a link does not do without it.
    let root = world.signed_in("root");
    let shown = root.form("/account/people/ada/reset", &[]).body;
    let link = shown.split("code=").nth(1).and_then(|rest| rest.split('<').next()).expect("a link").to_owned();
    assert_eq!(stranger.form("/reset-password", &[("code", &link), ("password", PASSWORD)]).status, 303);
    first_step(&stranger, "ada");
}

#[test]
fn codes_are_guessed_slowly() {
    let world = World::new();
    let (stranger, ada) = (world.stranger(), world.person("ada"));
    let (_, _, recovery) = turn_on(&ada);
    let guess = |code: &str| {
        // Beginning anew with the password does not make it faster.
        let halfway = Client { server: &world.server, header: Some(("cookie", first_step(&stranger, "ada"))) };
        halfway.form("/sign-in/code", &[("code", code)]).status
    };
    let guesses: Vec<u16> = (0..6).map(|_| guess("nothing")).collect();
    assert_eq!((guesses[0], guesses[5]), (422, 429), "{guesses:?}");
    assert_eq!(guess(&recovery[0]), 429, "the right one does not help while one has to wait");
}

#[test]
fn it_is_turned_off_by_oneself_or_by_those_who_run_the_server() {
    let world = World::new();
    let (stranger, root, ada) = (world.stranger(), world.signed_in("root"), world.person("ada"));
    let (_, _, recovery) = turn_on(&ada);
    let end = |password: &str, code: &str| {
        ada.form("/account/second-factor/end", &[("password", password), ("code", code)]).status
    };
    assert_eq!(end("a wrong password", &recovery[0]), 422);
    assert_eq!(end(PASSWORD, "nothing"), 422);
    assert_eq!(end(PASSWORD, &recovery[0]), 303);
    assert_eq!(end(PASSWORD, &recovery[1]), 409);
    let in_one = |answer: Answer| (answer.status, answer.header("location").to_owned());
    let sign_in = || in_one(stranger.form("/sign-in", &[("name", "ada"), ("password", PASSWORD)]));
    assert_eq!(sign_in(), (303, "/".to_owned()));

    turn_on(&ada);
    assert_eq!(ada.form("/account/people/ada/second-factor", &[]).status, 403);
    assert!(root.get("/account/people/ada").body.contains("/account/people/ada/second-factor"));
    assert_eq!(root.form("/account/people/ada/second-factor", &[]).status, 303);
    assert_eq!(root.form("/account/people/ada/second-factor", &[]).status, 409);
    assert!(!root.get("/account/people/ada").body.contains("/account/people/ada/second-factor"));
    assert_eq!(sign_in(), (303, "/".to_owned()));
    let log = root.get("/account/audit").body;
    for what in ["turned the second factor on", "turned the second factor off", "took the second factor of ada away"] {
        assert!(log.contains(what), "{what}: {log}");
    }
}
