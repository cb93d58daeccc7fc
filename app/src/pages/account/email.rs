//! Where mail reaches somebody.

use hub::Mailed;
use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
};

pub(super) fn section(email: Option<&str>, mailed: Mailed, form: &Submitted) -> AnyView {
    let state = match email {
        Some(email) => format!("Mail reaches you at {email}."),
        None => String::from(
            "No mail reaches you. With an address you can choose a new password when you have forgotten yours.",
        ),
    };
    let typed = form.or("email", email.unwrap_or_default());
    let notices = email.map(|_| {
        let level = form.or("mailed", mailed.as_str());
        let choice = |choice: Mailed| {
            let label = match choice {
                Mailed::All => "all that stands in your inbox",
                Mailed::Direct => "mentions, reviews that you are asked for, and what you may do",
                Mailed::Nothing => "nothing of it",
            };
            (choice.as_str().to_owned(), label.to_owned())
        };
        let choices: Vec<_> = Mailed::ALL.into_iter().map(choice).collect();
        view! {
            <form class="form" method="post" action="/account/mailed">
                {Field::new("mailed", "What you are told of is mailed").view(form, |wiring| field::select(wiring, "input", choices, &level))}
                <div class="actions"><button class="button" type="submit">"Save what is mailed"</button></div>
            </form>
        }
    });
    view! {
        <section class="section">
            <header class="section__head"><h2>"E-mail"</h2></header>
            <p class="quiet">{state}</p>
            <form class="form" method="post" action="/account/email">
                {Field::new("email", "E-mail address")
                    .hint("It counts once you have opened the link that is sent there. Leave it empty to get no mail.")
                    .view(form, |wiring| field::email(wiring, typed, false))}
                {Field::new("email-password", "Your password").secret(form, "current-password")}
                <div class="actions"><button class="button" type="submit">"Save the address"</button></div>
            </form>
            {notices}
        </section>
    }
    .into_any()
}
