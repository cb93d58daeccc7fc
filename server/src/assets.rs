//! The site's files, embedded in the program.

use app::shell::SiteFiles;
use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
struct Site;

#[derive(serde::Deserialize)]
struct Manifest {
    output_name: String,
    css: String,
}

/// The names of the scripts and styles; none when the program was built without its site.
pub(crate) fn site_files() -> Option<SiteFiles> {
    let manifest = Site::get("manifest.json")?;
    let Manifest { output_name, css } = serde_json::from_slice(&manifest.data).ok()?;
    Some(SiteFiles { output_name: output_name.into(), css: css.into() })
}

/// Files whose names carry a hash of their content: a browser may keep them for ever.
pub(crate) async fn package(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("pkg/{name}"), &headers, "public, max-age=31536000, immutable")
}

/// Fonts: their names are stable and their content all but.
pub(crate) async fn font(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("fonts/{name}"), &headers, "public, max-age=86400")
}

/// The icon.
pub(crate) async fn favicon(headers: HeaderMap) -> Response {
    file("favicon.svg", &headers, "public, max-age=86400")
}

/// For crawlers that ask.
pub(crate) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /api/\n"
}

fn file(name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let accepts_brotli = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim() == "br" || coding.trim().starts_with("br;")));
    let packed = accepts_brotli.then(|| Site::get(&format!("{name}.br"))).flatten();
    let (content, coding) = match packed {
        Some(packed) => (Some(packed), Some("br")),
        None => (Site::get(name), None),
    };
    let Some(content) = content else { return StatusCode::NOT_FOUND.into_response() };
    let mut response =
        ([(header::CONTENT_TYPE, media_type(name)), (header::CACHE_CONTROL, cache)], content.data).into_response();
    let answer = response.headers_mut();
    answer.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        answer.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
