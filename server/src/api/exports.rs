//! `…/exports`: all rows of a table as a stream of CSV (RFC 4180) or newline-delimited JSON, in bounded memory.
//!
//! In CSV, null is an empty field without quotation marks and the empty text one with them (`""`), so that both survive a
//! round trip; records end with CRLF as the RFC says.

use std::fmt::Write as _;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};
use hub::Error;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use versioning::{Key, Row, Schema, Value};

use super::{Address, Parameters, Reading, object};
use crate::{problem::Problem, visit::Visit};

/// Rows that are read and written at once.
const BLOCK: usize = 1_000;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// RFC 4180, in UTF-8, with a header.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// What is exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "ref and at are read by Reading; here they are described")]
pub(crate) struct Wanted {
    /// A branch, tag, commit (its hash or its first digits), perhaps with `@` and a time; the default branch without it.
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// What it held then: a time (RFC 3339, UTC) or a day.
    at: Option<String>,
    /// The table.
    table: String,
    /// `csv` or `ndjson`; CSV without it.
    #[serde(default)]
    format: Format,
    /// Only rows that satisfy this.
    filter: Option<String>,
}

/// All rows of a table, in the order of its key, as CSV or newline-delimited JSON. In CSV null is an empty field, and the
/// empty text a quoted one (`""`).
#[utoipa::path(
    get, path = "/datasets/{owner}/{dataset}/exports", tag = "imports and exports",
    params(("owner", description = "The namespace."), ("dataset", description = "The dataset's name."), Wanted),
    responses((
        status = 200, description = "The rows.",
        content((String = "text/csv"), (String = "application/x-ndjson")),
    )),
)]
pub(crate) async fn show(
    state: Visit,
    reading: Reading,
    Address(_): Address<(String, String)>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Problem> {
    stream(&state, &reading, &wanted.table, wanted.filter.as_deref(), wanted.format).await
}

/// What a filtered export writes next.
enum Next {
    /// These rows, and where it goes on.
    Read((Vec<Row>, Option<Key>)),
    /// The rows behind this key.
    Behind(Key),
}

/// The rows of a table as an answer that is written while it is read.
pub(crate) async fn stream(
    state: &Visit,
    reading: &Reading,
    table: &str,
    filter: Option<&str>,
    format: Format,
) -> Result<Response, Problem> {
    if reading.shows_draft() && reading.viewed.commit.is_some() {
        return Err(Problem::field(StatusCode::BAD_REQUEST, "/draft", "Drafts are not exported: commit first."));
    }
    let hub = state.hub.clone();
    let filter = filter.map(str::trim).filter(|filter| !filter.is_empty());
    let source = hub.export(&state.actor(), &reading.place, table).await?;
    let schema = source.schema.clone();
    let mut head = String::new();
    if format == Format::Csv {
        record(&mut head, schema.columns.iter().map(|column| Some(column.name.as_str().into())));
    }
    let head = stream::iter([Ok(Bytes::from(head))]);
    let body = match filter {
        None => {
            let rows = stream::try_unfold(0_u64, move |offset| {
                let (hub, source) = (hub.clone(), source.clone());
                async move {
                    if offset >= source.rows {
                        return Ok::<_, Error>(None);
                    }
                    let rows = hub.export_rows(&source, offset, BLOCK).await?;
                    let next = offset + rows.len() as u64;
                    Ok((!rows.is_empty()).then_some((rows, next)))
                }
            });
            Body::from_stream(futures::StreamExt::chain(head, written(rows, schema, format)))
        }
        Some(filter) => {
            let filter = filter.to_owned();
            // The first rows are read before the answer begins, so that a wrong filter is an error and no broken stream.
            let first = hub.export_matching(&source, &filter, None, BLOCK).await?;
            let rows = stream::try_unfold(Some(Next::Read(first)), move |next| {
                let (hub, source, filter) = (hub.clone(), source.clone(), filter.clone());
                async move {
                    let (rows, after) = match next {
                        None => return Ok::<_, Error>(None),
                        Some(Next::Read(read)) => read,
                        Some(Next::Behind(key)) => hub.export_matching(&source, &filter, Some(key), BLOCK).await?,
                    };
                    Ok(Some((rows, after.map(Next::Behind))))
                }
            });
            Body::from_stream(futures::StreamExt::chain(head, written(rows, schema, format)))
        }
    };
    let mut headers = reading.headers();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(value) = HeaderValue::from_str(&disposition(table, format)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, body).into_response())
}

/// The name under which browsers save it (RFC 6266 with RFC 8187).
fn disposition(table: &str, format: Format) -> String {
    let mut name = String::new();
    for byte in table.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            name.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    format!("attachment; filename*=UTF-8''{name}.{}", format.ending())
}

fn written(
    rows: impl Stream<Item = Result<Vec<Row>, Error>>,
    schema: Schema,
    format: Format,
) -> impl Stream<Item = Result<Bytes, Error>> {
    futures::TryStreamExt::map_ok(rows, move |rows| {
        let mut text = String::new();
        for row in &rows {
            match format {
                Format::Csv => record(&mut text, row.iter().map(field)),
                Format::Ndjson => {
                    text.push_str(&serde_json::Value::Object(object(&schema, row)).to_string());
                    text.push('\n');
                }
            }
        }
        Bytes::from(text)
    })
}

fn field(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.as_str().into()),
        other => Some(other.to_string().into()),
    }
}

/// Writes a record of RFC 4180; none is null. A record of one null would be an empty line, which readers skip, so the
/// field is followed by nothing but its own quotation: it can't be told from the empty text there.
fn record<'f>(text: &mut String, fields: impl ExactSizeIterator<Item = Option<std::borrow::Cow<'f, str>>>) {
    let alone = fields.len() == 1;
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        match field.as_deref() {
            None if alone => text.push_str("\"\""),
            None => {}
            Some(value) if value.is_empty() || value.contains(['"', ',', '\r', '\n']) || value.trim() != value => {
                text.push('"');
                text.push_str(&value.replace('"', "\"\""));
                text.push('"');
            }
            Some(value) => text.push_str(value),
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn null_and_the_empty_text_differ_and_quotation_marks_are_doubled() {
        let mut text = String::new();
        let fields = [None, Some(""), Some("a"), Some("b,c"), Some("d\"e"), Some("f\ng"), Some(" h")];
        record(&mut text, fields.into_iter().map(|field| field.map(Into::into)));
        assert_eq!(text, ",\"\",a,\"b,c\",\"d\"\"e\",\"f\ng\",\" h\"\r\n");
    }
}
