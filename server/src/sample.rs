//! The sample dataset of the first run: made the way people make theirs, through imports.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use hub::{Actor, DatasetPath, Error, Hub, ImportMode, ImportRequest, JobState, NewDataset};

/// How often the import is asked whether it is done, and for how long.
const PERIOD: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 1_000;

const SPRING: &str = include_str!("../sample/products-spring.csv");
const SUMMER: &str = include_str!("../sample/products-summer.csv");
const SUPPLIERS: &str = include_str!("../sample/suppliers.csv");

pub(crate) async fn create(hub: &Hub) -> Result<(), Error> {
    let actor = Actor::local();
    let new = NewDataset {
        owner: actor.name().to_owned(),
        name: "bakery".to_owned(),
        title: "Bakery price list".to_owned(),
        description: "A sample to try things on: the products of a bakery and who delivers for them. \
                      Edit a price, commit it, and look at what changed."
            .to_owned(),
    };
    let path = hub.create_dataset(&actor, new).await?.path;
    import(hub, &actor, &path, "suppliers", ImportMode::Create, SUPPLIERS, "Add the suppliers").await?;
    import(hub, &actor, &path, "products", ImportMode::Create, SPRING, "Add the price list of spring").await?;
    import(hub, &actor, &path, "products", ImportMode::Replace, SUMMER, "Bring in the price list of summer").await
}

async fn import(
    hub: &Hub,
    actor: &Actor,
    path: &DatasetPath,
    table: &str,
    mode: ImportMode,
    content: &'static str,
    message: &str,
) -> Result<(), Error> {
    let request = ImportRequest {
        table: table.to_owned(),
        branch: String::new(),
        mode,
        file_name: format!("{table}.csv"),
        size: Some(content.len() as u64),
        unattended: true,
        key: Vec::new(),
        message: message.to_owned(),
    };
    let file = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(content.as_bytes()))]);
    let id = hub.start_import(actor, &path.clone().into(), request, file).await?;
    for _ in 0..PATIENCE {
        let view = hub.import(actor, id).await?;
        match view.state {
            JobState::Succeeded => return Ok(()),
            state if state.is_final() => {
                return Err(Error::State { message: view.error.unwrap_or_else(|| "it was cancelled".to_owned()) });
            }
            _ => tokio::time::sleep(PERIOD).await,
        }
    }
    Err(Error::State { message: "the import took too long".to_owned() })
}
