//! Pages and their forms. A handler takes the request apart, asks the hub, and hands the answer to a view of `app`; a
//! form that succeeds leads on (303), one that is refused is shown again with what was typed.

mod accounts;
mod answer;
mod audit;
mod branches;
mod checks;
mod columns;
mod dataset;
mod datasets;
mod draft;
mod email;
mod errors;
mod history;
mod import;
mod inbox;
mod leaving;
mod new_table;
mod organisations;
mod people;
mod provider;
mod requests;
mod row;
mod search;
mod second_factor;
mod system;
mod table;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get, routing::post};

use crate::state::AppState;

/// The most bytes of a form other than an upload: cells hold up to 1 MiB each.
const FORM_LIMIT: usize = 32 << 20;

/// The most bytes of a form that is there for everybody: names, passwords and secrets.
const SMALL_FORM_LIMIT: usize = 64 << 10;

/// The pages for who has not signed in.
fn for_everybody() -> Router<AppState> {
    Router::new()
        .route("/set-up", get(accounts::set_up_form).post(accounts::set_up))
        .route("/sign-in", get(accounts::sign_in_form).post(accounts::sign_in))
        .route("/sign-in/code", get(second_factor::code_form).post(second_factor::code))
        .route("/sign-in/provider", post(provider::sign_in))
        .route("/sign-in/return", get(provider::arrive))
        .route("/sign-in/forgot", get(email::forgot_form).post(email::forgot))
        .route("/sign-up", get(people::sign_up_form).post(people::sign_up))
        .route("/sign-up/name", get(provider::name_form).post(provider::name))
        .route("/reset-password", get(people::reset_form).post(people::reset))
        .route("/account/email/confirm", get(email::confirm_form).post(email::confirm))
        .layer(DefaultBodyLimit::max(SMALL_FORM_LIMIT))
}

/// The pages of a dataset in one of its states.
fn of_a_state() -> Router<AppState> {
    Router::new()
        .route("/", get(dataset::show))
        .route("/history", get(history::log))
        .route("/update-fork", post(dataset::update_fork))
        .route("/watch", post(inbox::watch))
        .route("/draft", get(draft::show))
        .route("/draft/commit", post(draft::commit))
        .route("/draft/discard", post(draft::discard))
        .route("/new-table", get(new_table::form).post(new_table::create))
        .route("/tables/{table}", get(table::show))
        .route("/tables/{table}/as-of", get(table::as_of))
        .route("/tables/{table}/checks", get(checks::show).post(checks::change))
        .route("/tables/{table}/columns", get(columns::show).post(columns::change))
        .route("/tables/{table}/propose", post(table::propose))
        .route("/tables/{table}/new-row", get(row::new).post(row::insert))
        .route("/tables/{table}/rows/{key}", get(row::show).post(row::change))
        .route("/tables/{table}/rows/{key}/history", get(row::history))
        .route("/tables/{table}/rows/{key}/restore", post(row::restore))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        // A file goes to the hub as it comes, however large.
        .route("/import", get(import::form).post(import::upload).layer(DefaultBodyLimit::disable()))
}

/// The pages of a dataset's merge requests.
fn of_requests() -> Router<AppState> {
    use requests::{conflicts, talk};
    Router::new()
        .route("/", get(requests::list).post(requests::create))
        .route("/new", get(requests::new))
        .route("/{number}", get(requests::show).post(requests::change))
        .route("/{number}/comments", post(talk::comment))
        .route("/{number}/comments/edit", post(talk::edit))
        .route("/{number}/reviews", post(talk::review))
        .route("/{number}/settle", post(talk::settle))
        .route("/{number}/apply", post(talk::apply))
        .route("/{number}/merge", post(requests::merge))
        .route("/{number}/revert", post(requests::revert))
        .route("/{number}/branch", post(requests::branch))
        .route("/{number}/commits", get(requests::commits))
        .route("/{number}/changes", get(requests::changes))
        .route("/{number}/checks", get(requests::checks))
        .route("/{number}/conflicts", get(conflicts::show).post(conflicts::decide))
}

/// Every page and form, and the page for what is none.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", get(datasets::list))
        .route("/new", get(datasets::new).post(datasets::create))
        .merge(for_everybody())
        .route("/sign-out", post(accounts::sign_out))
        .route("/account", get(accounts::show))
        .route("/account/profile", post(accounts::change_profile))
        .route("/account/organisations", get(organisations::list).post(organisations::found))
        .route("/account/organisations/{name}", get(organisations::show).post(organisations::change))
        .route("/account/organisations/{name}/members", post(organisations::set_membership))
        .route("/account/organisations/{name}/invitation", post(organisations::settle_invitation))
        .route("/account/organisations/{name}/invitations/end", post(organisations::withdraw))
        .route("/account/organisations/{name}/teams", post(organisations::set_team))
        .route("/account/organisations/{name}/teams/members", post(organisations::set_team_member))
        .route("/account/organisations/{name}/end", post(organisations::end))
        .route("/account/password", post(accounts::change_password))
        .route("/account/email", post(email::change))
        .route("/account/mailed", post(email::set_mailed))
        .route("/account/second-factor", get(second_factor::show).post(second_factor::begin))
        .route("/account/second-factor/confirm", post(second_factor::confirm))
        .route("/account/second-factor/end", post(second_factor::end))
        .route("/account/provider", post(provider::link))
        .route("/account/provider/end", post(provider::unlink))
        .route("/account/data.json", get(leaving::data))
        .route("/account/delete", get(leaving::form).post(leaving::delete))
        .route("/account/sessions/end", post(accounts::end_session))
        .route("/account/tokens", post(accounts::create_token))
        .route("/account/tokens/end", post(accounts::end_token))
        .route("/account/people", get(people::list).post(people::create))
        .route("/account/people/{name}", get(people::show))
        .route("/account/people/{name}/admin", post(people::set_admin))
        .route("/account/people/{name}/blocked", post(people::set_blocked))
        .route("/account/people/{name}/reset", post(people::make_reset))
        .route("/account/inbox", get(inbox::show))
        .route("/account/inbox/read", post(inbox::read))
        .route("/account/people/{name}/second-factor", post(people::reset_second_factor))
        .route("/account/audit", get(audit::show))
        .route("/account/audit.csv", get(audit::show_file))
        .route("/account/sign-up", post(people::set_rule))
        .route("/account/invitations", post(people::invite))
        .route("/account/invitations/end", post(people::withdraw))
        .route("/search", get(search::show))
        .route("/system", get(system::show))
        .route("/system/reclaim", post(system::reclaim))
        .nest("/{owner}/{dataset}", of_a_state())
        .nest("/{owner}/{dataset}/at/{reference}", of_a_state())
        .route("/{owner}/{dataset}/branches", get(branches::list).post(branches::create))
        .route("/{owner}/{dataset}/branches/delete", post(branches::delete))
        .route("/{owner}/{dataset}/protection", post(branches::protect))
        .route("/{owner}/{dataset}/people", get(accounts::members).post(accounts::set_role))
        .route("/{owner}/{dataset}/audit", get(audit::of_dataset))
        .route("/{owner}/{dataset}/audit.csv", get(audit::file_of_dataset))
        .route("/{owner}/{dataset}/visibility", post(accounts::set_visibility))
        .route("/{owner}", get(datasets::namespace))
        .route("/{owner}/{dataset}/settings", get(datasets::settings).post(datasets::change))
        .route("/{owner}/{dataset}/archive", post(datasets::archive))
        .route("/{owner}/{dataset}/transfer", post(datasets::transfer))
        .route("/{owner}/{dataset}/offer", post(datasets::settle_offer))
        .route("/{owner}/{dataset}/delete", post(datasets::delete))
        .route("/{owner}/{dataset}/restore", post(datasets::restore))
        .route("/{owner}/{dataset}/fork", get(datasets::new_fork).post(datasets::fork))
        .route("/{owner}/{dataset}/compare", get(branches::compare))
        .nest("/{owner}/{dataset}/requests", of_requests())
        .route("/{owner}/{dataset}/commits/{hash}", get(history::commit))
        .route("/{owner}/{dataset}/imports/{job}", get(import::show).post(import::confirm))
        .route("/{owner}/{dataset}/imports/{job}/progress", get(import::progress))
        .route("/{owner}/{dataset}/imports/{job}/cancel", post(import::cancel))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .fallback(errors::not_found)
        .method_not_allowed_fallback(errors::not_possible)
        .layer(middleware::from_fn_with_state(state.clone(), errors::as_page))
}
