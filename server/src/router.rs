//! All addresses.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    routing::{delete, get, post},
};
use leptos::context::provide_context;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, trace::TraceLayer};

use crate::{api, assets, events, observe, pages, problem::Problem, security, state::AppState};

/// The largest body of anything but an upload, in bytes.
const MAX_BODY: usize = 8 << 20;

pub(crate) fn router(state: AppState) -> Router {
    // Uploads are streamed and may be of any size: they bound themselves.
    let api = Router::new()
        .route("/datasets", get(api::datasets::list).post(api::datasets::create))
        .route("/datasets/{owner}/{dataset}", get(api::datasets::show))
        .route("/datasets/{owner}/{dataset}/commits", get(api::commits::list))
        .route("/datasets/{owner}/{dataset}/commits/{commit}", get(api::commits::show))
        .route("/datasets/{owner}/{dataset}/tables/{table}/rows", get(api::rows::list))
        .route("/datasets/{owner}/{dataset}/imports", post(api::imports::create).layer(DefaultBodyLimit::disable()))
        .route("/jobs/{id}", get(api::imports::show).merge(delete(api::imports::cancel)));

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
        .layer(
            ServiceBuilder::new()
                .layer(TraceLayer::new_for_http())
                .layer(middleware::from_fn(observe::timing))
                .layer(middleware::from_fn(security::headers))
                .layer(CompressionLayer::new())
                .layer(CatchPanicLayer::new())
                .layer(middleware::from_fn(security::only_local_names))
                .layer(CsrfLayer::new())
                .layer(DefaultBodyLimit::max(MAX_BODY)),
        )
        .with_state(state)
}

/// Server functions: what islands call. They find the hub and the acting person in their context.
async fn functions(
    axum::extract::State(state): axum::extract::State<AppState>,
    request: axum::extract::Request,
) -> impl axum::response::IntoResponse {
    let actor = state.actor();
    leptos_axum::handle_server_fns_with_context(
        move || {
            provide_context(state.hub.clone());
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
