//! What the engine costs inside of the back end, over the real store, on the table that was imported into it.
//!
//! ```text
//! anabranch-bench DATA DATASET TABLE [WORK…]
//! ```
//!
//! Prints one JSON object of figures by name, in milliseconds unless the name says otherwise. `peer.py` beside
//! this crate does the same work with DoltLite and prints the same names. `cargo xtask bench` runs both.

mod shape;
mod work;

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use anyhow::{Context, Result};
use hub::{Actor, DatasetPath, Hub, Place, Reference, Setup};
use services::{Limits, Supervisor};
use storage::{Config, Store};

/// Figures by name.
type Figures = BTreeMap<String, f64>;

/// The back end, opened on a store as the server opens it, and the table that is worked on.
struct Bench {
    hub: Hub,
    store: Store,
    actor: Actor,
    path: DatasetPath,
    table: String,
    figures: Figures,
}

impl Bench {
    fn at(&self, name: &str) -> Place {
        Place { path: self.path.clone(), at: Reference::named(name) }
    }

    fn main(&self) -> Place {
        self.path.clone().into()
    }

    fn note(&mut self, name: &str, figure: f64) {
        self.figures.insert(name.to_owned(), figure);
    }

    /// Notes the median of some times in milliseconds.
    fn note_median(&mut self, name: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        if let Some(median) = times.get(times.len() / 2) {
            self.note(name, *median);
        }
    }

    /// The bytes of all chunks in the store.
    async fn chunk_bytes(&self) -> Result<u64> {
        Ok(self.store.chunk_stats().await?.bytes)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let (Some(data), Some(dataset), Some(table)) = (words.next(), words.next(), words.next()) else {
        eprintln!("usage: anabranch-bench DATA DATASET TABLE [scans|commits|branches|merges|histories|shape]…");
        return Ok(ExitCode::from(2));
    };
    let (owner, name) = dataset.split_once('/').context("a dataset is OWNER/NAME")?;
    let store = Store::open(Config::new(&data)).await?;
    // Nothing here is left to a service process.
    let supervisor = Supervisor::new(std::env::current_exe()?, Limits::default());
    let hub = Hub::open(store.clone(), supervisor, Setup::default()).await?;
    let path = DatasetPath { owner: owner.to_owned(), name: name.to_owned() };
    let mut bench = Bench { hub, store, actor: Actor::local(), path, table, figures: Figures::new() };
    let outcome = measure(&mut bench, &words.collect::<Vec<_>>()).await;
    bench.hub.close().await?;
    outcome?;
    println!("{}", serde_json::to_string_pretty(&bench.figures)?);
    Ok(ExitCode::SUCCESS)
}

/// Does the work of these names, or all of it.
async fn measure(bench: &mut Bench, names: &[String]) -> Result<()> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    if wanted("scans") {
        work::scans(bench).await?;
    }
    if wanted("commits") {
        work::commits(bench).await?;
    }
    if wanted("branches") {
        work::branches(bench).await?;
    }
    if wanted("merges") {
        work::merges(bench).await?;
    }
    if wanted("histories") {
        work::histories(bench).await?;
    }
    if wanted("shape") {
        shape::of_tree(bench).await?;
    }
    Ok(())
}
