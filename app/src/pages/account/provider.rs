//! Who somebody is at a provider that signs them in.

use hub::WaysIn;
use leptos::prelude::*;

use crate::{
    components::{field::Field, scroll, time},
    form::Submitted,
};

/// None where there is neither a provider nor anything of one.
pub(super) fn section(ways: &WaysIn, provider: Option<&str>, form: &Submitted) -> Option<AnyView> {
    if provider.is_none() && ways.identities.is_empty() {
        return None;
    }
    let rows: Vec<_> = ways
        .identities
        .iter()
        .map(|identity| {
            view! {
                <tr>
                    <th scope="row" class="data__grow">{identity.label.clone()}</th>
                    <td data-label="At">{identity.issuer.clone()}</td>
                    <td data-label="Since">{time(identity.created_at)}</td>
                    <td>
                        <form method="post" action="/account/provider/end">
                            <input type="hidden" name="issuer" value=identity.issuer.clone() />
                            <input type="hidden" name="subject" value=identity.subject.clone() />
                            <button
                                class="button button--small"
                                type="submit"
                                aria-label=format!("Unlink {}", identity.label)
                            >
                                "Unlink"
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    let list = (!rows.is_empty()).then(|| {
        scroll(
            String::from("Linked"),
            view! {
                <table class="data data--stack">
                    <thead>
                        <tr><th scope="col">"Who"</th><th scope="col">"At"</th><th scope="col">"Since"</th><td></td></tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )
    });
    let link = provider.filter(|_| ways.has_password).map(|name| {
        view! {
            <form class="form" method="post" action="/account/provider">
                {Field::new("link-password", "Your password")
                    .hint(format!("From then on {name} signs you in, without your password and second factor."))
                    .secret(form, "current-password")}
                <div class="actions"><button class="button" type="submit">{format!("Link with {name}")}</button></div>
            </form>
        }
    });
    let section = view! {
        <section class="section">
            <header class="section__head"><h2>"Signing in elsewhere"</h2></header>
            {list}
            {link}
        </section>
    };
    Some(section.into_any())
}
