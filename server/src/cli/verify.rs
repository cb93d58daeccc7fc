//! `anabranch verify`: the integrity check of a data directory.

use std::path::PathBuf;

use storage::{Config, Store};

use super::Failure;

pub(crate) fn run(data: PathBuf) -> Result<(), Failure> {
    if !data.is_dir() {
        return Err(Failure::new(format!("there is no data directory {}", data.display())));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::because("no runtime", error))?;
    runtime.block_on(async {
        let store = Store::open(Config::new(&data)).await.map_err(|error| Failure::because("can't verify", error))?;
        let report = store.verify(|_| {}).await.map_err(|error| Failure::because("can't verify", error))?;
        for problem in &report.problems {
            println!("{problem}");
        }
        println!(
            "{} refs, {} drafts, {} chunks sound, {} unreachable, {} problems",
            report.refs,
            report.drafts,
            report.chunks,
            report.unreachable,
            report.problems.len()
        );
        store.close().await.map_err(|error| Failure::because("the store could not be closed", error))?;
        if report.is_clean() { Ok(()) } else { Err(Failure::new("the data is damaged")) }
    })
}
