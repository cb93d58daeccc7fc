//! `anabranch branch` and `anabranch tag`.

use serde_json::json;

use super::{
    Failure, RefCommand,
    client::{Client, path},
    text::{align, clean, line, print, print_json, short},
};
use crate::api::{List, refs::RefBody};

/// Which of the two, in the plural of addresses.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Branches,
    Tags,
}

impl Kind {
    const fn segment(self) -> &'static str {
        match self {
            Self::Branches => "branches",
            Self::Tags => "tags",
        }
    }
}

pub(crate) fn run(kind: Kind, command: &RefCommand) -> Result<(), Failure> {
    match command {
        RefCommand::List { dataset, connection } => {
            let client = Client::new(connection);
            let json = client.get(&path(dataset, &[kind.segment()]), &[])?;
            if connection.json {
                return print_json(&json);
            }
            let list: List<RefBody> = client.understand(json)?;
            print(&align(&list.items.iter().map(row).collect::<Vec<_>>()))
        }
        RefCommand::Create { dataset, name, from, connection } => {
            let client = Client::new(connection);
            let json = client.post(&path(dataset, &[kind.segment()]), &json!({ "name": name, "from": from }))?;
            if connection.json {
                return print_json(&json);
            }
            let made: RefBody = client.understand(json)?;
            print(&format!("{} is at {}\n", clean(&made.name), short(&made.head.hash)))
        }
        RefCommand::Delete { dataset, name, connection } => {
            let client = Client::new(connection);
            client.delete(&path(dataset, &[kind.segment(), name]))?;
            if connection.json {
                print_json(&json!({ "deleted": name }))
            } else {
                print(&format!("{} is gone\n", clean(name)))
            }
        }
    }
}

fn row(found: &RefBody) -> Vec<String> {
    let apart = match (found.ahead, found.behind) {
        (Some(ahead), Some(behind)) => format!("+{ahead} -{behind}"),
        _ => String::new(),
    };
    let mark = if found.default { "*" } else { " " };
    vec![format!("{mark} {}", clean(&found.name)), short(&found.head.hash).to_owned(), apart, line(&found.head.message)]
}
