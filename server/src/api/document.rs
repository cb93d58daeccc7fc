//! The OpenAPI 3.1 document: made of what the handlers and types say of themselves.

use std::sync::Arc;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use utoipa::{OpenApi, openapi};

use super::reading::COMMIT;
use crate::problem::{FieldProblem, ProblemBody};

/// What is the same for all operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anabranch",
        description = "Structured data that people branch, edit, diff and merge. \
            Errors are problem details (RFC 9457). Lists take `limit` and `cursor`. Reads of a state take `ref` and `at`, \
            answer the commit in `Anabranch-Commit`, carry an ETag and honour If-None-Match; drafts are never shown unless \
            `draft=true`. Writes take `parent` or If-Match, and answer 409 with the commits in between where the branch has \
            moved. A dataset that was renamed or given away is found at its old address by a redirect (308), as long as no \
            other one is made there. POST takes `Idempotency-Key`: a request that is sent again with the same key within a day \
            is answered as it was and not done again, also when the server was started again meanwhile. Names in addresses are \
            percent-encoded.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "datasets", description = "Sets of tables with one history."),
        (name = "branches and tags", description = "Names for commits."),
        (name = "tables", description = "Columns and keys."),
        (name = "rows", description = "What tables hold."),
        (name = "commits", description = "States and how they came to be."),
        (name = "diff", description = "What differs between two states."),
        (name = "merges", description = "Bringing changes onto a branch."),
        (name = "merge requests", description = "Offers to merge, what is said and decided about them."),
        (name = "imports and exports", description = "Files in and out."),
        (name = "people", description = "Accounts, tokens for programs, and who may do what in a dataset."),
        (name = "organisations", description = "Names that several people share, their members and teams."),
        (name = "jobs", description = "Work that goes on."),
        (name = "maintenance", description = "Looking after the server's data."),
    ),
    components(schemas(ProblemBody, FieldProblem)),
)]
pub(crate) struct Document;

/// The methods that a path can have.
pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The document with what every operation has: the answer to errors, and the headers of reads.
pub(crate) fn complete(document: &openapi::OpenApi) -> Json {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["openapi"] = "3.1.0".into();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let problem = json!({
        "description": "What is wrong (RFC 9457).",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let header = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else { continue };
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
            let responses = &mut operation["responses"];
            if takes("ref") || takes("from") {
                responses["200"]["headers"][COMMIT] = header("The commit that was read.");
            }
            if takes("ref") {
                responses["200"]["headers"]["etag"] = header("Goes back as If-None-Match.");
                responses["304"] = json!({ "description": "The client has the answer already." });
            }
            if path.starts_with("/datasets/{owner}/{dataset}") {
                let text = "The dataset was renamed or given away: Location says where this is now.";
                responses["308"] = json!({ "description": text });
            }
            responses["default"] = problem.clone();
        }
    }
    document
}

/// The document as it is sent.
#[derive(Clone)]
pub(crate) struct Sent(Arc<str>);

impl Sent {
    pub(crate) fn new(document: &Json) -> Self {
        Self(format!("{document:#}\n").into())
    }

    pub(crate) fn answer(&self) -> Response {
        let json = Bytes::copy_from_slice(self.0.as_bytes());
        ([(header::CONTENT_TYPE, "application/json")], json).into_response()
    }
}
