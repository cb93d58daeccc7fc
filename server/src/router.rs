//! All addresses.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    response::Html,
    routing::{get, post},
};
use leptos::context::provide_context;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, timeout::RequestBodyTimeoutLayer,
    trace::TraceLayer,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api, assets, events, moved, observe, pages, problem::Problem, rate, security, state::AppState, visit::Visit,
};

/// The largest body of anything but an upload, in bytes.
const MAX_BODY: usize = 8 << 20;
/// How long a request may take, all but files.
const MAX_TIME: Duration = Duration::from_secs(5 * 60);
/// How long the next piece of a body may take.
const MAX_PAUSE: Duration = Duration::from_secs(60);

pub(crate) fn router(state: AppState) -> Router {
    let (api, document) = api().split_for_parts();
    let document = api::document::complete(&document);
    let sent = api::document::Sent::new(&document);
    let docs: std::sync::Arc<str> = api::docs::page(&document, &state.site).into();
    let api = api
        .route("/openapi.json", get(async move || sent.answer()))
        .route("/docs", get(async move || Html(docs.to_string())))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method: see /api/v1/docs.")
        })
        .layer(middleware::from_fn_with_state(state.clone(), api::idempotency::layer));

    Router::new()
        .merge(pages::routes(&state))
        .nest("/api/v1", api)
        .route("/api/functions/{*name}", post(functions))
        .route("/{owner}/{dataset}/events", get(events::stream))
        .route("/pkg/{name}", get(assets::package))
        .route("/fonts/{name}", get(assets::font))
        .route("/favicon.svg", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(observe::metrics))
        .layer(middleware::from_fn_with_state(state.clone(), moved::lead_on))
        .layer(
            ServiceBuilder::new()
                .layer(TraceLayer::new_for_http())
                .layer(middleware::from_fn(observe::timing))
                .layer(middleware::from_fn_with_state(state.clone(), security::headers))
                .layer(CompressionLayer::new())
                .layer(CatchPanicLayer::new())
                .layer(middleware::from_fn_with_state(state.clone(), rate::limit))
                .layer(middleware::from_fn(|request, next| security::in_time(MAX_TIME, request, next)))
                .layer(middleware::from_fn(security::to_its_end))
                .layer(middleware::from_fn_with_state(state.clone(), security::only_known_names))
                .layer(CsrfLayer::new())
                .layer(middleware::from_fn_with_state(state.clone(), security::set_up_first))
                .layer(DefaultBodyLimit::max(MAX_BODY))
                .layer(RequestBodyTimeoutLayer::new(MAX_PAUSE)),
        )
        .with_state(state)
}

/// The REST API. The paths and methods stand with the handlers, for the document; each group is one path.
fn api() -> OpenApiRouter<AppState> {
    use api::{
        accounts, aggregates, audit, commits, datasets, diffs, exports, forks, imports, jobs, me, members, merges,
        notices, offers, organisations, people, protections, reclaim, refs,
        requests::{self, checks, deciding, discussion},
        rows, search, statuses, tables,
    };
    // Uploads are streamed and may be of any size: they bound themselves.
    let uploads =
        OpenApiRouter::new().routes(routes!(imports::list, imports::create)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::with_openapi(api::document::Document::openapi())
        .routes(routes!(datasets::list, datasets::create))
        .routes(routes!(datasets::show, datasets::update, datasets::delete))
        .routes(routes!(datasets::restore))
        .routes(routes!(search::search))
        .routes(routes!(forks::list, forks::create))
        .routes(routes!(refs::branches, refs::create_branch))
        .routes(routes!(refs::delete_branch))
        .routes(routes!(refs::tags, refs::create_tag))
        .routes(routes!(refs::delete_tag))
        .routes(routes!(tables::list, tables::create))
        .routes(routes!(tables::show, tables::change, tables::drop))
        .routes(routes!(rows::list))
        .routes(routes!(rows::show))
        .routes(routes!(rows::history))
        .routes(routes!(rows::blame))
        .routes(routes!(aggregates::show))
        .routes(routes!(commits::list, commits::create))
        .routes(routes!(commits::show))
        .routes(routes!(statuses::list, statuses::create))
        .routes(routes!(diffs::show))
        .routes(routes!(diffs::summary))
        .routes(routes!(merges::merge))
        .routes(routes!(merges::cherry_pick))
        .routes(routes!(merges::revert))
        .routes(routes!(requests::list, requests::create))
        .routes(routes!(requests::show, requests::change))
        .routes(routes!(discussion::list, discussion::comment))
        .routes(routes!(discussion::change))
        .routes(routes!(discussion::apply))
        .routes(routes!(discussion::review))
        .routes(routes!(checks::show))
        .routes(routes!(deciding::conflicts))
        .routes(routes!(deciding::decide, deciding::undecide))
        .routes(routes!(requests::merge))
        .routes(routes!(requests::revert))
        .routes(routes!(protections::list))
        .routes(routes!(protections::set, protections::lift))
        .routes(routes!(exports::show))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(reclaim::show, reclaim::start))
        .routes(routes!(audit::list))
        .routes(routes!(people::me))
        .routes(routes!(notices::list))
        .routes(routes!(notices::read))
        .routes(routes!(notices::watch, notices::set_watch))
        .routes(routes!(people::my_data))
        .routes(routes!(people::delete_me))
        .routes(routes!(me::profile, me::change_profile))
        .routes(routes!(me::sessions, me::end_sessions))
        .routes(routes!(me::end_session))
        .routes(routes!(me::change_password))
        .routes(routes!(me::email, me::change_email))
        .routes(routes!(me::set_mailed))
        .routes(routes!(me::second_factor))
        .routes(routes!(people::accounts, people::create_account))
        .routes(routes!(accounts::show, accounts::change))
        .routes(routes!(accounts::reset))
        .routes(routes!(accounts::reset_second_factor))
        .routes(routes!(accounts::sign_up, accounts::set_sign_up))
        .routes(routes!(accounts::invitations, accounts::invite))
        .routes(routes!(accounts::withdraw))
        .routes(routes!(people::tokens, people::create_token))
        .routes(routes!(people::delete_token))
        .routes(routes!(members::list))
        .routes(routes!(members::set_role, members::remove_role))
        .routes(routes!(members::set_team_role, members::remove_team_role))
        .routes(routes!(offers::list))
        .routes(routes!(offers::take, offers::end))
        .routes(routes!(organisations::list, organisations::found))
        .routes(routes!(organisations::show, organisations::change, organisations::end))
        .routes(routes!(organisations::set_member, organisations::remove_member))
        .routes(routes!(organisations::withdraw))
        .routes(routes!(organisations::invitations))
        .routes(routes!(organisations::accept, organisations::decline))
        .routes(routes!(organisations::create_team, organisations::end_team))
        .routes(routes!(organisations::put_in, organisations::take_out))
        .merge(uploads)
        .fallback(async || {
            Problem::new(StatusCode::NOT_FOUND, "There is no such address in the API: see /api/v1/docs.")
        })
}

/// Server functions: what islands call. They find the hub and the acting person in their context.
async fn functions(visit: Visit, request: axum::extract::Request) -> impl axum::response::IntoResponse {
    let actor = visit.actor();
    leptos_axum::handle_server_fns_with_context(
        move || {
            provide_context(visit.hub.clone());
            provide_context(actor.clone());
        },
        request,
    )
    .await
}

async fn ready(axum::extract::State(state): axum::extract::State<AppState>) -> Result<&'static str, Problem> {
    if state.hub.is_ready().await {
        Ok("ready\n")
    } else {
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The store does not answer."))
    }
}
