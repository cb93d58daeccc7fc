//! Accounts as those who run the server see them: the list, who may sign up, invitations, and each account.

use hub::{Account, InvitationView, SignUp};
use leptos::prelude::*;

use super::sign_in::account_fields;
use crate::{
    components::{
        field::{self, Field},
        scroll, time,
    },
    form::Submitted,
    shell::{Crumb, PageInfo, Width, shell},
    url,
};

/// What the page of all accounts shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The accounts, by name.
    pub accounts: Vec<Account>,
    /// Who may make one of their own.
    pub rule: SignUp,
    /// Whether an invitation can be sent by mail.
    pub mails_links: bool,
    /// Invitations that nobody has used yet.
    pub invitations: Vec<InvitationView>,
    /// The address of the invitation that was just made; it is shown once.
    pub new_link: Option<String>,
}

/// The page of all accounts.
#[must_use]
pub fn page(view: &View, form: &Submitted) -> AnyView {
    let title = field::title(form, "Accounts");
    let invite = (view.rule != SignUp::Closed).then(|| invitations(&view.invitations, view.mails_links, form));
    shell(
        PageInfo {
            title,
            crumbs: vec![Crumb::link("Your account", "/account"), Crumb::here("Accounts")],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            {view.new_link.clone().map(|link| once("The invitation", "Send it to whom it is for: it makes one account, within 7 days.", link))}
            <header class="head">
                <div class="head__text"><h1>"Accounts"</h1></div>
                <div class="head__actions"><a class="button" href="/account/audit">"Audit log"</a></div>
            </header>
            {list(&view.accounts)}
            <section class="section">
                <header class="section__head"><h2>"New account"</h2></header>
                <form class="form" method="post" action="/account/people">
                    {account_fields(form)}
                    <div class="actions"><button class="button button--primary" type="submit">"Make the account"</button></div>
                </form>
            </section>
            {sign_up(view.rule, form)}
            {invite}
        },
    )
}

/// A link that is shown this one time.
fn once(what: &'static str, use_of_it: &'static str, link: String) -> AnyView {
    view! {
        <div class="banner" role="status">
            <div>
                <p><strong>{what}</strong>" is shown only now. "{use_of_it}</p>
                <p><code>{link}</code></p>
            </div>
        </div>
    }
    .into_any()
}

/// What an account is to the server, in words.
fn standing(account: &Account) -> &'static str {
    match (account.blocked_at.is_some(), account.is_admin) {
        (true, _) => "blocked",
        (false, true) => "runs the server",
        (false, false) => "",
    }
}

fn address(name: &str) -> String {
    format!("/account/people/{}", url::encode(name))
}

fn list(accounts: &[Account]) -> AnyView {
    let rows: Vec<_> = accounts
        .iter()
        .map(|account| {
            view! {
                <tr>
                    <th scope="row" class="data__grow"><a href=address(&account.name)>{account.name.clone()}</a></th>
                    <td data-label="Full name">{account.display.clone()}</td>
                    <td data-label="Since">{time(account.created_at)}</td>
                    <td data-label="Standing">{standing(account)}</td>
                </tr>
            }
        })
        .collect();
    scroll(
        String::from("Accounts"),
        view! {
            <table class="data data--stack">
                <thead>
                    <tr>
                        <th scope="col">"Account"</th>
                        <th scope="col">"Full name"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Standing"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        },
    )
    .into_any()
}

fn sign_up(rule: SignUp, form: &Submitted) -> AnyView {
    let words = |rule: SignUp| match rule {
        SignUp::Closed => "Nobody: accounts are made here",
        SignUp::Invitation => "Whoever has an invitation",
        SignUp::Open => "Everybody who reaches this server",
    };
    let rules = SignUp::ALL.map(|rule| (rule.as_str().to_owned(), words(rule).to_owned())).to_vec();
    let chosen = form.or("sign-up", rule.as_str());
    view! {
        <section class="section">
            <header class="section__head"><h2>"Signing up"</h2></header>
            <form class="form" method="post" action="/account/sign-up">
                {Field::new("sign-up", "Who may make an account of their own")
                    .view(form, |wiring| field::select(wiring, "input", rules, &chosen))}
                <div class="actions"><button class="button" type="submit">"Save"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn invitations(invitations: &[InvitationView], mails_links: bool, form: &Submitted) -> AnyView {
    let rows: Vec<_> = invitations
        .iter()
        .map(|invitation| {
            let note = if invitation.note.is_empty() { "(no note)".to_owned() } else { invitation.note.clone() };
            let label = format!("Withdraw the invitation {note}");
            view! {
                <tr>
                    <th scope="row" class="data__grow">{note}</th>
                    <td data-label="Made by">{invitation.made_by.clone()}</td>
                    <td data-label="Ends">{time(invitation.expires_at)}</td>
                    <td>
                        <form method="post" action="/account/invitations/end">
                            <input type="hidden" name="invitation" value=invitation.id.clone() />
                            <button class="button button--small" type="submit" aria-label=label>"Withdraw"</button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let list = (!invitations.is_empty()).then(|| {
        scroll(
            String::from("Invitations"),
            view! {
                <table class="data data--stack">
                    <thead>
                        <tr><th scope="col">"Invitation"</th><th scope="col">"Made by"</th><th scope="col">"Ends"</th><td></td></tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )
    });
    view! {
        <section class="section">
            <header class="section__head"><h2>"Invitations"</h2></header>
            {list}
            <form class="form" method="post" action="/account/invitations">
                {Field::new("note", "Whom it is for").note("optional").text(form, "", false)}
                {mails_links.then(|| {
                    let typed = form.or("email", "");
                    Field::new("email", "E-mail address")
                        .note("optional")
                        .hint("The invitation is sent there; without it you are shown a link to pass on.")
                        .view(form, |wiring| field::email(wiring, typed, false))
                })}
                <div class="actions"><button class="button" type="submit">"Make an invitation"</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// The page of somebody else's account. `link`: the address that sets its password, which was just made.
#[must_use]
pub fn account(
    account: &Account,
    is_own: bool,
    has_second_factor: bool,
    link: Option<String>,
    form: &Submitted,
) -> AnyView {
    let address = address(&account.name);
    let (admin, admin_to) =
        if account.is_admin { ("No longer let it run the server", "") } else { ("Let it run the server", "yes") };
    let (block, block_to) = if account.blocked_at.is_some() { ("Unblock", "") } else { ("Block", "yes") };
    let button = |what: &'static str, to: &'static str, label: &'static str| {
        view! {
            <form method="post" action=format!("{address}/{what}")>
                <input type="hidden" name="to" value=to />
                <button class="button" type="submit">{label}</button>
            </form>
        }
        .into_any()
    };
    let state = match standing(account) {
        "" => "It is an ordinary account.",
        "blocked" => "It is blocked: nobody can sign in with it, and its tokens have ended.",
        _ => "It runs the server.",
    };
    shell(
        PageInfo {
            title: field::title(form, &format!("Account {}", account.name)),
            crumbs: vec![
                Crumb::link("Your account", "/account"),
                Crumb::link("Accounts", "/account/people"),
                Crumb::here(account.name.clone()),
            ],
            width: Width::Narrow,
            ..PageInfo::default()
        },
        view! {
            {field::error_summary(form)}
            {link.map(|link| once("The link", "Send it to whom the account belongs: it sets a new password, within 24 hours.", link))}
            <header class="head">
                <div class="head__text">
                    <p class="head__eyebrow">{account.display.clone()}</p>
                    <h1>{account.name.clone()}</h1>
                    <p class="head__lead">{state}</p>
                </div>
            </header>
            <section class="section">
                <header class="section__head"><h2>"Decide"</h2></header>
                <p class="quiet">
                    "Who runs the server makes and blocks accounts; it does not let them see the datasets of others. A link for a \
                     new password ends all its sessions once it is used. Blocking ends sessions and tokens at once. Take the \
                     second factor away from somebody who has lost it, once you know that it is them who asks."
                </p>
                <div class="actions">
                    {button("admin", admin_to, admin)}
                    {(!is_own).then(|| button("blocked", block_to, block))}
                    {account.blocked_at.is_none().then(|| button("reset", "", "Make a link for a new password"))}
                    {has_second_factor.then(|| button("second-factor", "", "Take the second factor away"))}
                </div>
            </section>
        },
    )
}
