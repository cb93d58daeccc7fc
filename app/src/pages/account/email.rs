//! Where mail reaches somebody.

use leptos::prelude::*;

use crate::{
    components::field::{self, Field},
    form::Submitted,
};

pub(super) fn section(email: Option<&str>, form: &Submitted) -> AnyView {
    let state = match email {
        Some(email) => format!("Mail reaches you at {email}."),
        None => String::from(
            "No mail reaches you. With an address you can choose a new password when you have forgotten yours.",
        ),
    };
    let typed = form.or("email", email.unwrap_or_default());
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
        </section>
    }
    .into_any()
}
