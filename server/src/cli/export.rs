//! `anabranch export`: all rows of a table into a file or to standard output.

use std::{
    fs::File,
    io::{self, Write},
};

use super::{
    ExportOptions, Failure,
    client::{Client, path},
    text::written,
};

pub(crate) fn run(options: &ExportOptions) -> Result<(), Failure> {
    let client = Client::new(&options.server);
    let query = [
        ("table", Some(options.table.as_str())),
        ("format", Some(options.format.word())),
        ("ref", options.reference.as_deref()),
        ("at", options.at.as_deref()),
        ("filter", options.filter.as_deref()),
    ];
    let mut body = client.stream(&path(&options.dataset, &["exports"]), &query)?;
    let mut reader = body.as_reader();
    match &options.output {
        None => {
            let mut out = io::stdout().lock();
            written(io::copy(&mut reader, &mut out).and_then(|_| out.flush()))
        }
        Some(path) => {
            let failed = |error| Failure::because(format!("can't write {}", path.display()), error);
            let mut file = File::create(path).map_err(failed)?;
            io::copy(&mut reader, &mut file).and_then(|_| file.sync_all()).map_err(failed)
        }
    }
}
