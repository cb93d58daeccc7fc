//! `anabranch reclaim`: has the running server delete what is not needed, and says what came of it.

use std::time::Duration;

use app::text::{bytes, count, number};
use serde_json::Value as Json;

use super::{
    Connection, Failure,
    client::Client,
    text::{clean, print, print_json},
};
use crate::api::reclaim::ReclaimBody;

/// How often the server is asked how far it is.
const PERIOD: Duration = Duration::from_millis(100);
const PATH: &str = "/reclaim";

pub(crate) fn run(connection: &Connection) -> Result<(), Failure> {
    let client = Client::new(connection);
    let mut json = client.post(PATH, &Json::Null)?;
    let mut view: ReclaimBody = client.understand(json.clone())?;
    while view.running.is_some() {
        // There is nothing else to do until it is done.
        std::thread::sleep(PERIOD);
        json = client.get(PATH, &[])?;
        view = client.understand(json.clone())?;
    }
    let last = view.last.ok_or_else(|| Failure::new("the server was stopped before it was done"))?;
    if connection.json {
        print_json(&json)?;
    }
    match last.error {
        Some(error) => Err(Failure::new(format!("space could not be reclaimed: {}", clean(&error)))),
        None if connection.json => Ok(()),
        None => print(&format!(
            "deleted {} ({}) and {}; {} chunks are needed\n",
            count(last.done.chunks, "chunk"),
            bytes(last.done.bytes),
            count(last.done.commits, "expired commit"),
            number(last.done.needed_chunks),
        )),
    }
}
