//! `anabranch fork`.

use serde_json::json;

use super::{
    Connection, Failure, OwnerDataset,
    client::{Client, path},
    text::{clean, print, print_json},
};
use crate::api::datasets::DatasetBody;

pub(crate) fn run(dataset: &OwnerDataset, name: &str, connection: &Connection) -> Result<(), Failure> {
    let client = Client::new(connection);
    let json = client.post(&path(dataset, &["forks"]), &json!({ "name": name }))?;
    if connection.json {
        return print_json(&json);
    }
    let made: DatasetBody = client.understand(json)?;
    print(&format!("{}/{} is there\n", clean(&made.owner), clean(&made.name)))
}
