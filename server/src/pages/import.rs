//! Imports: a file comes in, what was found is confirmed, the job is followed.

use app::{
    form::Submitted,
    pages::{
        self,
        import_job::found::{beginning, column_field},
    },
};
use axum::{
    Form, Json,
    extract::{Multipart, Path, multipart::Field},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use hub::{ColumnChoice, Error, ImportChoice, ImportMode, ImportRequest, ImportView};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    answer::{Answer, At, is_about_form, page, refused, see},
    errors::Failure,
};
use crate::visit::Visit;

/// The most bytes of a field beside the file.
const FIELD_LIMIT: usize = 64 << 10;

#[derive(Deserialize)]
pub(super) struct JobPath {
    job: String,
}

pub(super) async fn form(state: Visit, at: At) -> Answer {
    let view = state.hub.dataset(&state.actor(), &at.place).await?;
    page(&state, || pages::import::page(&view, &Submitted::default()))
}

/// Takes the upload as it comes: the fields first, then the file, which goes straight to the hub.
pub(super) async fn upload(state: Visit, at: At, headers: HeaderMap, mut body: Multipart) -> Answer {
    let size = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut values = Vec::new();
    let mut outcome = None;
    while let Some(field) = body.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            values.push((name, text(field).await?));
            continue;
        }
        let file_name = field.file_name().unwrap_or_default().to_owned();
        if file_name.is_empty() {
            break;
        }
        let request = request(&Submitted::new(values.clone()), file_name, size);
        outcome = Some(state.hub.start_import(&state.actor(), &at.place, request, field).await);
        break;
    }
    // A browser shows the answer only once it has sent everything.
    while let Ok(Some(_)) = body.next_field().await {}
    let outcome = outcome.unwrap_or_else(|| Err(Error::invalid("file", "Choose a file.")));
    match outcome {
        Ok(job) => see(&app::url::import(&at.address, &job.to_string())),
        Err(error) if is_about_form(&error) => {
            let form = Submitted::new(values).refused(&error);
            let view = state.hub.dataset(&state.actor(), &at.place).await?;
            refused(&state, &error, || pages::import::page(&view, &form))
        }
        Err(error) => Err(error.into()),
    }
}

fn request(form: &Submitted, file_name: String, size: Option<u64>) -> ImportRequest {
    let mode = match form.value("mode") {
        Some("replace") => ImportMode::Replace,
        Some("append") => ImportMode::Append,
        Some("upsert") => ImportMode::Upsert,
        _ => ImportMode::Create,
    };
    ImportRequest {
        table: form.or("table", ""),
        branch: String::new(),
        mode,
        file_name,
        size,
        unattended: false,
        key: Vec::new(),
        message: String::new(),
    }
}

async fn text(mut field: Field<'_>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        if bytes.len() + chunk.len() > FIELD_LIMIT {
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "A field of the form is too long."));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(StatusCode::BAD_REQUEST, "A field of the form is not UTF-8."))
}

fn unreadable(error: &axum::extract::multipart::MultipartError) -> Failure {
    Failure::new(error.status(), format!("The upload could not be read: {}.", error.body_text()))
}

pub(super) async fn show(state: Visit, at: At, Path(path): Path<JobPath>) -> Answer {
    let view = find(&state, &at, &path).await?;
    page(&state, || pages::import_job::page(&view, &Submitted::default()))
}

/// For the part of the page that follows a running import.
pub(super) async fn progress(state: Visit, at: At, Path(path): Path<JobPath>) -> Answer {
    let view = find(&state, &at, &path).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(pages::import_job::figures(&view))).into_response())
}

pub(super) async fn confirm(
    state: Visit,
    at: At,
    Path(path): Path<JobPath>,
    Form(values): Form<Vec<(String, String)>>,
) -> Answer {
    let view = find(&state, &at, &path).await?;
    let form = Submitted::new(values);
    let here = app::url::import(&at.address, &view.id.to_string());
    let (choice, form) = choice(&view, form);
    let error = match choice {
        Ok(choice) => match state.hub.confirm_import(&state.actor(), view.id, choice).await {
            Ok(()) => return see(&here),
            Err(error) if is_about_form(&error) => error,
            Err(error) => return Err(error.into()),
        },
        Err(error) => error,
    };
    let form = form.refused(&error);
    let view = find(&state, &at, &path).await?;
    refused(&state, &error, || pages::import_job::page(&view, &form))
}

/// What the form says of every column; an error where it names a type that there is not.
fn choice(view: &ImportView, form: Submitted) -> (Result<ImportChoice, Error>, Submitted) {
    let found = view.inspection.as_ref().map_or(&[][..], |inspection| inspection.columns.as_slice());
    let mut columns = Vec::with_capacity(found.len());
    for (index, column) in found.iter().enumerate() {
        let field = |part| column_field(index, part);
        // A table that rows are added to keeps its types and its key: the form does not ask for them.
        let begin = beginning(view, index, column);
        let ty = match form.or(&field("type"), begin.ty.name()).parse() {
            Ok(ty) => ty,
            Err(error) => return (Err(Error::invalid(field("type"), format!("{error}."))), form),
        };
        columns.push(ColumnChoice {
            name: form.or(&field("name"), &column.name),
            ty,
            key: form.ticked(&field("key"), false),
            skip: form.ticked(&field("skip"), false),
        });
    }
    let header = form.ticked("header", false);
    (Ok(ImportChoice { header, columns, message: form.or("message", "") }), form)
}

pub(super) async fn cancel(state: Visit, at: At, Path(path): Path<JobPath>) -> Answer {
    let view = find(&state, &at, &path).await?;
    let here = app::url::import(&at.address, &view.id.to_string());
    match state.hub.cancel_import(&state.actor(), view.id).await {
        // It ended before it could be cancelled: its page says how.
        Ok(()) | Err(Error::State { .. }) => see(&here),
        Err(error) => Err(error.into()),
    }
}

/// The import of this number, if it is one into the dataset of the address.
async fn find(state: &Visit, at: &At, path: &JobPath) -> Result<ImportView, Failure> {
    let missing = || Failure::not_found("import of that number");
    let id = Uuid::try_parse(&path.job).map_err(|_| missing())?;
    let view = state.hub.import(&state.actor(), id).await?;
    if view.dataset == at.place.path { Ok(view) } else { Err(missing()) }
}
