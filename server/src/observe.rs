//! What those who run the server can see from outside: timings of answers and figures for monitors.

use std::{fmt::Write as _, time::Instant};

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{problem::Problem, visit::Visit};

/// Says in `Server-Timing` (W3C) how long the answer took to begin, in milliseconds.
pub(crate) async fn timing(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let mut response = next.run(request).await;
    let taken = format!("total;dur={:.3}", begun.elapsed().as_secs_f64() * 1e3);
    if let Ok(value) = HeaderValue::from_str(&taken) {
        response.headers_mut().insert("server-timing", value);
    }
    response
}

/// Figures in the text format of Prometheus 0.0.4.
pub(crate) async fn metrics(state: Visit) -> Response {
    match state.hub.metrics(&state.actor()).await {
        Ok(metrics) => {
            let mut text = String::new();
            for metric in metrics {
                // Writing to a String does not fail.
                let _ =
                    writeln!(text, "# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}", metric.name, metric.help, metric.value);
            }
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(error) => Problem::from(&error).into_response(),
    }
}
