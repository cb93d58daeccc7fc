//! Every page rendered from awkward data: it must stay one document with one heading, and text must stay text.
//!
//! `GALLERY=DIR` writes the pages to files, to be looked at without a server.

#[path = "pages/requests.rs"]
mod requests;
#[path = "pages/samples.rs"]
mod samples;

use std::fs;

use app::{
    components::search::Asked,
    form::Submitted,
    pages::{self, table::Content},
    shell::{SiteFiles, Viewer, render},
};
use hub::{Error, JobState, OtherDecision, RequestState, Standing};
use leptos::{nonce::Nonce, prelude::AnyView};

fn site() -> SiteFiles {
    SiteFiles { output_name: "anabranch".into(), css: "main.css".into() }
}

/// Renders a page, checks what every page must be, and keeps it for the gallery.
#[track_caller]
fn check(name: &str, page: impl FnOnce() -> AnyView) -> String {
    let html = render(&site(), Viewer::default(), Nonce::from_value("once"), page);
    if let Some(folder) = std::env::var_os("GALLERY") {
        fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), &html)
            .expect("the gallery's folder exists");
    }
    let count = |what: &str| html.matches(what).count();
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{name}: {html}");
    for (what, times) in [("<h1", 1), ("<main", 1), ("<title>", 1), ("class=\"skip\"", 1), ("</html>", 1)] {
        assert_eq!(count(what), times, "{name}: {what}");
    }
    assert_eq!(count("<table"), count("<tbody"), "{name}: a table without a body");
    assert!(!html.contains("<script>alert"), "{name}: text became markup");
    // What the policy for the page's content would not let through.
    assert_eq!(count(" style=\""), 0, "{name}: a style attribute");
    for tag in ["<script", "<style"] {
        assert_eq!(
            count(tag),
            count(&format!("{tag} nonce=\"once\"")) + count(&format!("{tag} type=\"module\" nonce=\"once\"")),
            "{name}: {tag}"
        );
    }
    for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(count(&format!(" id=\"{id}\"")), 1, "{name}: the id {id} stands twice");
    }
    for for_id in html.split(" for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(count(&format!(" id=\"{for_id}\"")), 1, "{name}: a label for {for_id}, which is not there");
    }
    html
}

#[test]
fn datasets() {
    let html = check("datasets", || pages::datasets::page(&samples::summaries()));
    assert!(html.contains("href=\"/local/river-gauges\""), "{html}");
    check("datasets-empty", || pages::datasets::page(&[]));
}

#[test]
fn accounts() {
    let form =
        Submitted::new([("name".to_owned(), "\"><script>alert(1)</script>".to_owned())]).with_error("name", "No.");
    let provider = Some("<script>alert(1)</script>");
    let ways = pages::sign_in::Ways { is_open: true, mails_links: true, provider: provider.map(str::to_owned) };
    check("sign-in", || pages::sign_in::page("/\"><script>alert(1)</script>", &ways, &form));
    check("set-up", || pages::sign_in::set_up("<script>alert(1)</script>", &form));
    check("sign-up", || pages::sign_in::sign_up("<script>alert(1)</script>", provider, &form));
    check("reset", || pages::sign_in::reset("<script>alert(1)</script>", &Submitted::default()));
    let account = |name: &str, is_admin, blocked_at| hub::Account {
        name: name.to_owned(),
        display: "<script>alert(1)</script>".to_owned(),
        is_admin,
        created_at: 0,
        blocked_at,
    };
    let invitation = hub::InvitationView {
        id: "0".to_owned(),
        note: "<script>alert(1)</script>".to_owned(),
        made_by: "ada".to_owned(),
        expires_at: 0,
    };
    let view = pages::people::View {
        accounts: vec![account("ada", true, None), account("eve", false, Some(0))],
        rule: hub::SignUp::Invitation,
        mails_links: true,
        invitations: vec![invitation],
        new_link: Some("http://localhost/sign-up?invitation=0".to_owned()),
    };
    let html = check("people", || pages::people::page(&view, &Submitted::default()));
    assert!(html.contains("runs the server") && html.contains("blocked"), "{html}");
    let closed = pages::people::View { rule: hub::SignUp::Closed, ..view };
    let html = check("people-closed", || pages::people::page(&closed, &form));
    assert!(!html.contains("Make an invitation"), "what is closed invites nobody");
    let html = check("person", || {
        pages::people::account(&account("ada", true, None), true, false, None, &Submitted::default())
    });
    assert!(!html.contains("/blocked"), "nobody blocks the account they use");
    check("person-blocked", || pages::people::account(&account("eve", false, Some(0)), false, true, None, &form));
}

#[test]
fn identity() {
    const HOSTILE: &str = "\"><script>alert(1)</script>";
    let fresh = Submitted::default();
    let form = Submitted::new(["name", "email", "who", "code"].map(|name| (name.to_owned(), HOSTILE.to_owned())));
    check("email-confirm", || pages::email::confirm(HOSTILE, &fresh));
    check("email-confirmed", || pages::email::confirmed(HOSTILE));
    check("forgot", || pages::email::forgot(&form));
    check("forgot-asked", || pages::email::asked(HOSTILE));
    check("second-factor-off", || pages::second_factor::page(hub::SecondFactorView::default(), &fresh));
    let on = hub::SecondFactorView { since: Some(0), codes: 1 };
    let html = check("second-factor-on", || pages::second_factor::page(on, &form));
    assert!(html.contains("1 recovery code") && !html.contains("1 recovery codes"), "{html}");
    let picture = hub::QrCode { size: 21, dark: vec![(0, 0), (20, 20)] };
    let new = hub::NewSecondFactor { secret: "GEZDGNBVGY3TQOJQ".to_owned(), picture };
    let html = check("second-factor-new", || pages::second_factor::new(&new, &fresh));
    assert!(html.contains("GEZD GNBV GY3T QOJQ") && html.contains("viewBox=\"0 0 29 29\""), "{html}");
    assert!(html.contains("M4,4h1v1h-1zM24,24h1v1h-1z"), "{html}");
    check("second-factor-codes", || pages::second_factor::codes(&["a-b".to_owned(), "c-d".to_owned()]));
    check("second-factor-asked", || pages::second_factor::ask(HOSTILE, &form));
    check("provider-go", || pages::provider::go(HOSTILE, "https://id.example/?a=b&c=%22"));
    let newcomer = hub::Newcomer { name: HOSTILE.to_owned(), display: HOSTILE.to_owned() };
    check("provider-name", || pages::provider::name(&newcomer, &fresh));
    check("leaving", || pages::leaving::page("ada", &["ada/places".to_owned()], true, &form));
    let identity = hub::IdentityView {
        issuer: HOSTILE.to_owned(),
        subject: HOSTILE.to_owned(),
        label: HOSTILE.to_owned(),
        created_at: 0,
    };
    let view = pages::account::View {
        name: "ada".to_owned(),
        display: HOSTILE.to_owned(),
        about: HOSTILE.to_owned(),
        is_admin: false,
        sessions: Vec::new(),
        tokens: Vec::new(),
        second_factor: on,
        email: Some(Some(HOSTILE.to_owned())),
        mailed: hub::Mailed::Direct,
        ways_in: hub::WaysIn { has_password: true, identities: vec![identity] },
        provider: Some(HOSTILE.to_owned()),
        new_token: None,
        told: Some(HOSTILE.to_owned()),
    };
    check("account", || pages::account::page(&view, &form));
    let view = pages::account::View { ways_in: hub::WaysIn::default(), email: None, provider: None, ..view };
    let html = check("account-without-password", || pages::account::page(&view, &fresh));
    assert!(!html.contains("/account/password") && !html.contains("E-mail"), "{html}");
}

/// Text that would be markup if it could.
fn hostile() -> String {
    "<script>alert(1)</script>".to_owned()
}

#[test]
fn organisations() {
    let member = |name: &str, role| hub::OrganisationMember { name: name.to_owned(), display: hostile(), role };
    let inside = hub::OrganisationInside {
        own_role: hub::OrganisationRole::Owner,
        base_role: None,
        members: vec![member("ada", hub::OrganisationRole::Owner), member("grace", hub::OrganisationRole::Member)],
        teams: vec![
            hub::Team { name: "editors".to_owned(), members: vec!["grace".to_owned()] },
            hub::Team { name: "empty".to_owned(), members: Vec::new() },
        ],
    };
    let view = hub::OrganisationView {
        name: "acme".to_owned(),
        display: hostile(),
        description: hostile(),
        created_at: 0,
        inside: Some(inside.clone()),
    };
    let form = Submitted::new([("name".to_owned(), hostile())]).with_error("name", "No.");
    check("organisations", || pages::organisations::page(&[], &form));
    let own = [(view.clone(), hub::OrganisationRole::Member)];
    check("organisations-own", || pages::organisations::page(&own, &Submitted::default()));
    let html = check("organisation", || pages::organisation::page(&view, &inside, "ada", &Submitted::default()));
    assert!(html.contains("Take grace out of editors") && html.contains("Remove grace"), "{html}");
    let as_member = hub::OrganisationInside { own_role: hub::OrganisationRole::Member, ..inside.clone() };
    let html = check("organisation-member", || pages::organisation::page(&view, &as_member, "grace", &form));
    assert!(html.contains("Leave") && !html.contains("Remove"), "members decide nothing: {html}");
    let offer = hub::OfferView {
        path: samples::dataset().path,
        title: hostile(),
        made_by: "grace".to_owned(),
        to: "ada".to_owned(),
        created_at: 0,
    };
    let of_organisation = hub::NamespaceView {
        owner: "acme".to_owned(),
        is_own: false,
        may_create: true,
        profile: None,
        organisation: Some(view.clone()),
        datasets: samples::summaries(),
        deleted: Vec::new(),
        offers: Vec::new(),
    };
    let html = check("namespace-organisation", || pages::namespace::page(&of_organisation));
    assert!(html.contains("editors") && html.contains("/new?owner=acme"), "{html}");
    let stranger = hub::NamespaceView {
        may_create: false,
        organisation: Some(hub::OrganisationView { inside: None, ..view }),
        ..of_organisation.clone()
    };
    let html = check("namespace-stranger", || pages::namespace::page(&stranger));
    assert!(!html.contains("grace") && !html.contains("New dataset"), "{html}");
    let own = hub::NamespaceView {
        owner: "ada".to_owned(),
        is_own: true,
        profile: Some(hub::Profile {
            display: hostile(),
            about: hostile(),
            created_at: 0,
            organisations: vec!["acme".to_owned()],
        }),
        organisation: None,
        offers: vec![offer.clone()],
        ..of_organisation
    };
    let html = check("namespace-own", || pages::namespace::page(&own));
    assert!(html.contains("Take local/river-gauges"), "{html}");

    let view = pages::settings::View {
        dataset: samples::dataset(),
        offer: Some(offer),
        namespaces: vec!["local".to_owned(), "acme".to_owned()],
    };
    let html = check("settings", || pages::settings::page(&view, &Submitted::default()));
    assert!(html.contains("Withdraw the offer") && html.contains("Archive"), "{html}");
    let archived = hub::Dataset { archived_at: Some(0), ..samples::dataset() };
    let archived = pages::settings::View { dataset: archived, offer: None, namespaces: Vec::new() };
    let html = check("settings-archived", || pages::settings::page(&archived, &form));
    assert!(html.contains("Unarchive") && !html.contains("Give it away"), "{html}");
    let members = [
        hub::Member { holder: hub::Holder::Person("grace".to_owned()), role: hub::Role::Reader },
        hub::Member { holder: hub::Holder::Team("editors".to_owned()), role: hub::Role::Writer },
    ];
    let teams = ["editors".to_owned()];
    let people = |teams: Option<&[String]>| {
        check("people-of-dataset", || pages::members::page(&samples::dataset(), &members, teams, &Submitted::default()))
    };
    assert!(people(Some(&teams)).contains("Give the team the role"));
    assert!(!people(None).contains("Give the team the role"));
    assert!(people(Some(&[])).contains("It has none yet."));
}

#[test]
fn audit() {
    let entry = hub::AuditView {
        at: 0,
        person: "ada".to_owned(),
        address: "<script>alert(1)</script>".to_owned(),
        kind: "commit".to_owned(),
        dataset: "ada/places".to_owned(),
        what: "committed <script>alert(1)</script>".to_owned(),
    };
    let view = pages::audit::View {
        address: "/account/audit".to_owned(),
        crumbs: Vec::new(),
        dataset: None,
        entries: vec![entry],
        next: Some("/account/audit?before=1".to_owned()),
        file: "/account/audit.csv".to_owned(),
    };
    let form = Submitted::new([("dataset".to_owned(), "\"><script>alert(1)</script>".to_owned())]);
    check("audit", || pages::audit::page(&view, &form));
    let of_dataset = pages::audit::View { dataset: Some("ada/places".to_owned()), entries: Vec::new(), ..view };
    let html = check("audit-empty", || pages::audit::page(&of_dataset, &Submitted::default()));
    assert!(!html.contains("name=\"dataset\""), "it is of one dataset");
}

#[test]
fn new_dataset() {
    let namespaces = [String::from("ada"), String::from("acme")];
    let html = check("new", || pages::new_dataset::page(&namespaces, &Submitted::default()));
    assert!(html.contains("value=\"acme\"") && html.contains("/owner/name"), "{html}");
    let typed = [
        ("name", "River Gauges"),
        ("title", "<script>alert(1)</script>"),
        ("description", "</textarea><script>alert(1)</script>"),
    ];
    let form = Submitted::new(typed.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .with_error("name", "“River Gauges” can't be part of an address: use lower-case letters, digits and hyphens.");
    let html = check("new-refused", || pages::new_dataset::page(&namespaces[..1], &form));
    assert!(!html.contains("<select") && html.contains("/ada/name"), "there is no choice: {html}");
    assert!(html.contains("<title>Error: New dataset"), "{html}");
    assert!(html.contains("href=\"#f-name\""), "{html}");
    assert!(html.contains("value=\"River Gauges\""), "{html}");
}

#[test]
fn dataset() {
    check("dataset", || pages::dataset::page(&samples::dataset_view(), &[samples::import(JobState::Running)]));
    check("dataset-empty", || pages::dataset::page(&samples::empty_dataset_view(), &[]));
}

#[test]
fn import() {
    check("import", || pages::import::page(&samples::dataset_view(), &Submitted::default()));
    for (name, state) in [
        ("import-running", JobState::Running),
        ("import-waiting", JobState::Waiting),
        ("import-failed", JobState::Failed),
        ("import-done", JobState::Succeeded),
        ("import-cancelled", JobState::Cancelled),
    ] {
        let html = check(name, || pages::import_job::page(&samples::import(state), &Submitted::default()));
        assert_eq!(html.contains("http-equiv=\"refresh\""), state == JobState::Running, "{html}");
    }
}

#[test]
fn table() {
    let here = "/local/river-gauges/tables/gauges";
    let all = samples::found(0);
    let view = samples::table_view();
    let asked = samples::asked("", "", false);
    let html = check("table", || pages::table::page(&view, &asked, &Content::Rows(&all)));
    assert!(html.contains("/tables/gauges/rows/G-001%2FA"), "{html}");
    assert!(html.contains(&format!("href=\"{here}?sort=code\"")), "{html}");
    assert!(!html.contains("Sort by extra"), "values of this column have no order: {html}");
    let mut past = samples::table_view();
    past.viewed = samples::past();
    let there = Asked {
        here: String::from("/local/river-gauges/at/main%402026-01-01T00%3A00%3A00Z/tables/gauges"),
        ..asked.clone()
    };
    let html = check("table-past", || pages::table::page(&past, &there, &Content::Rows(&all)));
    assert!(html.contains("/at/main%402026-01-01T00%3A00%3A00Z/tables/gauges/rows/"), "{html}");
    let end = samples::found(1_200);
    check("table-end", || pages::table::page(&view, &asked, &Content::Rows(&end)));
}

#[test]
fn table_filtered_and_sorted() {
    let view = samples::table_view();
    let asked = samples::asked("river = \"<script>alert(1)</script>\"", "-zero_m, code", false);
    let html = check("table-found", || pages::table::page(&view, &asked, &Content::Rows(&samples::found_sorted())));
    assert!(html.contains("60 of 1,260 rows"), "{html}");
    assert_eq!(html.matches("aria-sort=").count(), 1, "{html}");
    for part in ["aria-sort=\"descending\"", "Don’t sort by zero_m", "Sort by code, descending", "Sort by river\""] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let filter = "filter=river%20%3D%20%22%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22";
    for address in [format!("?{filter}&amp;sort=code\""), format!("format=csv&amp;{filter}\"")] {
        assert!(html.contains(&address), "{address}: {html}");
    }
    let wrong = samples::asked("price << 10", "", false);
    let form = Submitted::default().with_error("filter", "At character 8: expected a value.\nprice << 10\n       ^");
    let html = check("table-refused", || pages::table::page(&view, &wrong, &Content::Refused(&form)));
    for part in
        ["<title>Error: ", "value=\"price &lt;&lt; 10\"", "aria-invalid=\"true\"", "price &lt;&lt; 10\n       ^"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("<table"), "{html}");
}

#[test]
fn blame() {
    let (view, found) = (samples::table_view(), samples::found_sorted());
    let asked = samples::asked("", "", true);
    let blame = samples::blame(&found);
    let html = check("table-blame", || pages::table::page(&view, &asked, &Content::Blame(&found, &blame)));
    for part in ["in your draft", "not found", "Add the stations below the weir", "· Ines Duarte", "Hide blame"] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
fn wide_tables_have_fewer_rows_on_a_page() {
    let mut schema = samples::table_view().table.schema;
    let column = schema.columns[1].clone();
    let rows = [(10, 100), (100, 50), (200, 25), (1_000, 20)];
    for (columns, expected) in rows {
        schema.columns.resize(columns, column.clone());
        assert_eq!(pages::table::page_rows(&schema), expected, "{columns} columns");
    }
}

#[test]
fn row_history() {
    let history = samples::row_history();
    let html = check("row-history", || pages::row_history::page(&history, None, &Submitted::default()));
    for part in ["Row added", "Row removed", "Row changed", "As it was then", "As it was before", "?cursor=abc"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(html.matches("Restore to your draft").count(), 3, "all states of a row that is gone: {html}");
    let refused = Submitted::default().with_error("x", "“<b>” can't stand in “zero_m”.");
    check("row-history-refused", || pages::row_history::page(&history, Some("abc"), &refused));
}

#[test]
fn row() {
    let view = samples::table_view();
    check("row", || pages::row::page(&view, &samples::row(), &Submitted::default(), true));
    let html = check("row-stale", || pages::row::page(&view, &samples::row(), &samples::stale_form(&view), false));
    assert!(html.contains("Meanwhile this cell became"), "{html}");
    assert!(html.contains("value=\"12x\""), "{html}");
    check("new-row", || pages::row::new_page(&view, &Submitted::default()));
}

#[test]
fn draft() {
    check("draft", || pages::draft::page(&samples::draft(), &Submitted::default(), false));
    check("draft-empty", || pages::draft::page(&samples::empty_draft(), &Submitted::default(), false));
    check("draft-stale", || pages::draft::page(&samples::draft(), &samples::stale_form(&samples::table_view()), false));
}

#[test]
fn branches_and_comparison() {
    let html = check("branches", || pages::branches::page(&samples::refs(), &Submitted::default()));
    assert!(html.contains("/at/fix%2Fnames"), "{html}");
    check("compare", || pages::compare::page(&samples::comparison(), &hub::ChangesAsked::default()));
    check("fork", || pages::fork::page(&samples::dataset(), &["ada".to_owned()], &Submitted::default()));
}

#[test]
fn inbox_and_search() {
    let hostile = "<script>alert(1)</script>";
    let notice = |about, unread, times| hub::NoticeView {
        id: format!("\"{hostile}"),
        dataset: samples::dataset().path,
        about,
        reason: hub::NoticeReason::Mentioned,
        author: String::from("ada"),
        what: String::from("commented"),
        title: hostile.to_owned(),
        text: hostile.to_owned(),
        at: samples::NOW,
        times,
        unread,
    };
    let notices = vec![notice(hub::About::Request(7), true, 3), notice(hub::About::Role, false, 1)];
    let view = hub::InboxView { notices, next: None };
    let html = check("inbox", || pages::inbox::page(&view, &[], true, Some(String::from("/account/inbox?before=1"))));
    assert!(html.contains("/requests/7") && html.contains("after 2 other changes"), "{html}");
    let html = check("inbox-empty", || pages::inbox::page(&hub::InboxView::default(), &[], false, None));
    assert!(!html.contains("Mark all as read"), "{html}");

    let hit = |place| hub::Hit {
        dataset: samples::dataset().path,
        dataset_title: hostile.to_owned(),
        place,
        text: format!("A Ganz großes {hostile}"),
    };
    let request = hub::HitPlace::Request {
        number: 3,
        title: hostile.to_owned(),
        state: RequestState::Open,
        author: String::from("ada"),
    };
    let group = |kind, place| hub::Hits { kind, hits: vec![hit(place)], has_more: true };
    let table = || String::from("gauges/<b>");
    let view = pages::search::View {
        query: String::from("GROSSES script großes"),
        found: vec![
            group(hub::HitKind::Datasets, hub::HitPlace::Dataset),
            group(hub::HitKind::Tables, hub::HitPlace::Table { table: table() }),
            group(hub::HitKind::Columns, hub::HitPlace::Column { table: table(), column: hostile.to_owned() }),
            group(hub::HitKind::Requests, request),
        ],
        page: 50,
        ..pages::search::View::default()
    };
    let none = Submitted::default();
    let html = check("search", || pages::search::page(&view, &none));
    assert!(html.contains("<mark>großes</mark>") && html.contains("<mark>script</mark>"), "{html}");
    assert!(html.contains("/tables/gauges%2F%3Cb%3E"), "{html}");
    let one = pages::search::View { kind: Some(hub::HitKind::Tables), offset: 50, is_complete: true, ..view.clone() };
    let html = check("search-tables", || pages::search::page(&one, &none));
    assert!(html.contains("offset=100") && html.contains("rel=\"prev\""), "{html}");
    let form = Submitted::default().refused(&Error::invalid("q", "Too long."));
    check("search-refused", || pages::search::page(&view, &form));
    check("search-empty", || pages::search::page(&pages::search::View::default(), &none));
}

#[test]
fn merge_requests() {
    let html = check("requests", || pages::requests::page(&requests::list()));
    for part in [">Merged<", ">Draft<", ">Closed<", "ada/gauges:fix/names", "?state=all&amp;label=", "&amp;before=1"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    check("new-request", || pages::new_request::page(&requests::proposal(), &Submitted::default()));
    let typed = [("title", "</textarea><script>alert(1)</script>"), ("text", "</textarea><script>alert(1)</script>")];
    let form = Submitted::new(typed.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .refused(&Error::invalid("source_branch", "There is no branch “<script>alert(1)</script>”."));
    check("new-request-refused", || pages::new_request::page(&requests::proposal(), &form));
}

#[test]
fn merge_request() {
    let none = Submitted::default();
    let html = check("request", || pages::request::page(&requests::clean(), &none));
    for part in
        ["Can be merged", "Apply the suggestion", "Outdated", "Settled by ines", "<h3>Why</h3>", "Merge into main"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    let html = check("request-undecided", || pages::request::page(&requests::undecided(), &none));
    assert!(html.contains("1,228 things to decide"), "{html}");
    assert!(!html.contains("Merge into main"), "{html}");
    for (name, state, standing) in [
        ("request-merged", RequestState::Merged, Standing::Done),
        ("request-closed", RequestState::Closed, Standing::Done),
        ("request-gone", RequestState::Open, Standing::Gone),
        ("request-up-to-date", RequestState::Open, Standing::UpToDate),
    ] {
        check(name, || pages::request::page(&requests::request(state, standing), &none));
    }
    let reply = pages::request::reply_field(&requests::comment_id().to_string());
    let form = Submitted::new([(reply.clone(), String::from("</textarea><script>alert(1)</script>"))])
        .refused(&Error::invalid(reply, "Say something."));
    check("request-refused", || pages::request::page(&requests::clean(), &form));
    let view = requests::request_changes();
    check("request-commits", || pages::request_changes::commits_page(&view));
    let html = check("request-changes", || {
        pages::request_changes::changes_page(&view, &none, &hub::ChangesAsked::default(), Some("x\"y"))
    });
    assert!(html.contains("gauges: 1 row added, 2 rows changed, 1 row removed"), "{html}");
}

#[test]
fn checks() {
    let none = Submitted::default();
    check("checks-none", || pages::checks::page(&samples::table_view(), None, &none));
    let view = samples::checked_table();
    let html = check("checks", || pages::checks::page(&view, None, &none));
    for part in ["<code>station contains \"&lt;script&gt;\"</code>", "?filter=station%20contains%20", "Who meets this?"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    let name = view.table.schema.checks[0].name.clone();
    let html = check("checks-change", || pages::checks::page(&view, Some(&name), &none));
    assert!(html.contains("Leave it as it is"), "{html}");
    let form = Submitted::new([(String::from("filter"), String::from("</textarea><script>alert(1)</script>"))])
        .refused(&Error::invalid("filter", "At character 1: that is no filter."));
    check("checks-refused", || pages::checks::page(&view, None, &form));
    let html = check("request-checks", || pages::request_checks::page(&requests::request_checks()));
    assert!(html.contains("1 error, 2 warnings") && html.contains("rel=\"nofollow noopener\""), "{html}");
    assert!(html.contains(">Missing<"), "{html}");
}

#[test]
fn columns() {
    const HOSTILE: &str = "\"></textarea><script>alert(1)</script>";
    let none = Submitted::default();
    let mut table = samples::table_view();
    let column = &mut table.table.schema.columns[1];
    for text in [&mut column.name, &mut column.description, &mut column.pattern] {
        HOSTILE.clone_into(text);
    }
    column.default = versioning::Value::Text(format!("two\n{HOSTILE}"));
    column.options = vec![HOSTILE.to_owned()];
    HOSTILE.clone_into(&mut table.table.schema.description);
    let column = &mut table.table.schema.columns[2];
    (column.ty, column.target) = (versioning::Type::Link, Some(versioning::TableId(9)));
    let tables = vec![(versioning::TableId(7), "gauges".to_owned()), (versioning::TableId(9), HOSTILE.to_owned())];
    let mut view = pages::columns::View { table, tables };
    let html = check("columns", || pages::columns::page(&view, None, &none));
    for part in ["Add a column", "Part of the primary key", "<!> to <a href=", "Drop the table…", "4 changed rows"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("Drop the column…"), "{html}");
    let html = check("columns-change", || pages::columns::page(&view, Some(HOSTILE), &none));
    assert!(html.contains("Leave it as it is") && html.contains("It takes 1,260 cells with it."), "{html}");
    assert!(html.contains("commit it first if it has cells of the column"), "{html}");
    let html = check("columns-key", || pages::columns::page(&view, Some("code"), &none));
    assert!(!html.contains("Drop the column…") && !html.contains("Every row must have a value"), "{html}");
    let fields = ["name", "type", "target", "options", "description", "required", "unique", "default", "place"];
    for what in ["add", "change", "drop", "table", "drop-table"] {
        let mut typed = vec![("what".to_owned(), what.to_owned()), ("old".to_owned(), HOSTILE.to_owned())];
        typed.extend(fields.map(|name| (name.to_owned(), HOSTILE.to_owned())));
        typed.extend(["table-name", "table-description", "confirm"].map(|name| (name.to_owned(), HOSTILE.to_owned())));
        let mut form = Submitted::new(typed);
        for name in fields.into_iter().chain(["drop", "confirm", "table-name"]) {
            form = form.with_error(name, format!("No: {HOSTILE}"));
        }
        check(&format!("columns-{what}-refused"), || pages::columns::page(&view, Some(HOSTILE), &form));
    }
    view.table.viewed.may_edit = false;
    let html = check("columns-read", || pages::columns::page(&view, Some("code"), &none));
    assert!(!html.contains("method=\"post\""), "{html}");
}

#[test]
fn new_table() {
    const HOSTILE: &str = "\"></textarea><script>alert(1)</script>";
    let view = samples::dataset_view();
    let html = check("new-table", || pages::new_table::page(&view, &Submitted::default()));
    assert!(html.contains("Name of column 5") && !html.contains("Name of column 6"), "{html}");
    let fields = ["name", "description", "column-0-name", "column-0-type", "column-9-name", "column-9-key", "why"];
    let typed = fields.map(|name| (name.to_owned(), HOSTILE.to_owned()));
    let mut form = Submitted::new(typed.into_iter().chain([("columns".to_owned(), "10".to_owned())]));
    for name in fields {
        form = form.with_error(name, HOSTILE);
    }
    let html = check("new-table-refused", || pages::new_table::page(&view, &form));
    assert!(html.contains("Name of column 10") && html.contains("#f-column-10-name"), "{html}");
}

#[test]
fn conflicts() {
    let none = Submitted::default();
    let view = requests::resolver(true);
    let html = check("conflicts", || pages::conflicts::page(&view, &requests::names(), &none));
    for part in [
        "12 of 240 conflicts decided",
        "<del>Upper</del><ins>Lower</ins>",
        "in the offer 120 cells of it changed",
        "Two columns &lt;script&gt;",
        "Take back",
        "Keep the row, as changed",
        "Mended",
        "Save the row",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let html =
        check("conflicts-to-look-at", || pages::conflicts::page(&requests::resolver(false), &requests::names(), &none));
    assert!(!html.contains("Take back") && !html.contains("method=\"post\""), "{html}");
    let name = pages::conflicts::value_field(&view.conflicts[0].found.id.to_string());
    let form = Submitted::new([(name.clone(), String::from("</textarea><script>alert(1)</script>"))])
        .refused(&Error::invalid(name, "That is no number."));
    check("conflicts-refused", || pages::conflicts::page(&view, &requests::names(), &form));

    // Ada was faster: what she decided stands beside what was wanted.
    let sent = |fields: &[(&str, &str)]| {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let other = OtherDecision {
            conflict: None,
            violation: None,
            choice: None,
            by: String::from("ada"),
            by_rule: false,
            revision: String::from("0123456789"),
        };
        Submitted::new(fields).refused(&Error::Decided { others: vec![other] })
    };
    let id = view.conflicts[1].found.id.to_string();
    let form = sent(&[("conflict", &id), ("choice", "ours")]);
    let html = check("conflicts-overtaken", || pages::conflicts::page(&view, &requests::names(), &form));
    assert!(
        html.contains("ada decided this meanwhile") && html.contains("You chose “As on main”, which was"),
        "{html}"
    );
    let (table, column) = (versioning::TableId(7).to_string(), versioning::ColumnId(4).to_string());
    let form = sent(&[("rule", "ours"), ("scope_table", &table), ("scope_column", &column)]);
    let html = check("conflicts-overruled", || pages::conflicts::page(&view, &requests::names(), &form));
    assert!(html.contains("a program has chosen") && html.contains("for everything meanwhile"), "{html}");
    let mended = view.violations[0].found.id.to_string();
    let form = sent(&[("violation", &mended)]);
    let html = check("conflicts-mended", || pages::conflicts::page(&view, &requests::names(), &form));
    assert!(html.contains("Its rows were changed by ada meanwhile."), "{html}");
}

#[test]
fn history_and_commit() {
    check("history", || pages::history::page(&samples::log()));
    let html = check("commit", || pages::commit::page(&samples::commit_view(), false));
    for part in [
        ">added</",
        ">removed</",
        ">changed</",
        "<del",
        "<ins",
        "?table=",
        "Column “zero” renamed to “zero_m”",
        "Column “zero_m”: default none became “1.5”",
        "Column “river”: options none became “Alder”, “&lt;script&gt;alert(1)&lt;/script&gt;”",
        "Column “station” must now differ from row to row",
        "Column “station”: pattern none became “[A-Z].*”",
        "Column “extra” (json, required, description “what else is known”) added",
        "Column “remark” (text) removed",
        "Column “code”: the table that it links to, none became “weirs”",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
fn system_and_errors() {
    check("system", || pages::system::page(&samples::system()));
    for status in [400, 403, 404, 405, 409, 413, 422, 500, 503] {
        check(&format!("error-{status}"), || {
            pages::error::page(status, "There is no table “<script>alert(1)</script>” here.")
        });
    }
}
