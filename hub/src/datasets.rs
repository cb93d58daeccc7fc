//! Datasets: names, lists, creation, and a dataset's page.

use serde::{Deserialize, Serialize};
use storage::{DatasetId, PersonName, StorageError};

use crate::{
    Actor, Dataset, DatasetPath, DatasetSummary, DatasetView, Error, Hub, Place, TableSummary,
    access::{Action, authorise},
    now,
};

/// The longest name of an owner or a dataset, in characters.
const MAX_NAME: usize = 64;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 10_000;
/// The branch that a new dataset begins with.
const DEFAULT_BRANCH: &str = "main";
/// Datasets on the list.
const LIST: usize = 200;
/// Commits on a dataset's page.
const RECENT: usize = 10;

/// A dataset to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDataset {
    /// The namespace; the acting person's where empty.
    #[serde(default)]
    pub owner: String,
    /// Lower-case letters, digits, `-`, `_` and `.`, 1 to 64 characters, beginning with a letter or digit.
    #[serde(default)]
    pub name: String,
    /// What people call it; the name where empty. Up to 200 characters.
    #[serde(default)]
    pub title: String,
    /// What it is about. Up to 10,000 characters.
    #[serde(default)]
    pub description: String,
}

fn is_address(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let first = name.bytes().next();
    name.len() <= MAX_NAME
        && name.bytes().all(allowed)
        && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !name.contains("..")
}

/// First segments of addresses that mean something else.
const RESERVED: [&str; 12] =
    ["api", "assets", "fonts", "healthz", "login", "logout", "metrics", "new", "pkg", "readyz", "system", "static"];

impl Hub {
    /// The datasets that the person may read, the last changed first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn datasets(&self, actor: &Actor) -> Result<Vec<DatasetSummary>, Error> {
        // Until there are accounts a person reads what they own and no more.
        let owner = PersonName::from(actor.name());
        let mut summaries = Vec::new();
        for dataset in self.store().datasets(Some(&owner), None, LIST).await? {
            let dataset = Dataset::from(dataset);
            let head = self.head(&dataset).await?;
            let root = match head {
                Some(head) => Some(self.commit_and_root(head).await?),
                None => None,
            };
            summaries.push(DatasetSummary {
                dataset,
                tables: root.as_ref().map_or(0, |(_, root)| root.tables.len()),
                rows: root.as_ref().map_or(0, |(_, root)| root.tables.values().map(|entry| entry.tree.rows).sum()),
                head: root.map(|(commit, _)| commit),
            });
        }
        Ok(summaries)
    }

    /// Creates a dataset without tables.
    ///
    /// # Errors
    /// A field is not valid, the person may not create datasets there, or the name is taken.
    pub async fn create_dataset(&self, actor: &Actor, new: NewDataset) -> Result<Dataset, Error> {
        let owner = if new.owner.trim().is_empty() { actor.name().to_owned() } else { new.owner.trim().to_owned() };
        authorise(actor, Action::Create, &owner)?;
        let name = new.name.trim().to_owned();
        if name.is_empty() {
            return Err(Error::invalid("name", "Give the dataset a name."));
        }
        if !is_address(&name) || RESERVED.contains(&name.as_str()) {
            return Err(Error::invalid(
                "name",
                "A name has 1 to 64 lower-case letters, digits, “-”, “_” or “.”, and begins with a letter or digit.",
            ));
        }
        let title = if new.title.trim().is_empty() { name.clone() } else { new.title.trim().to_owned() };
        if title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
            return Err(Error::invalid("title", "A title has at most 200 characters on one line."));
        }
        if new.description.chars().count() > MAX_DESCRIPTION {
            return Err(Error::invalid("description", "A description has at most 10,000 characters."));
        }
        let at = now();
        let dataset = storage::Dataset {
            id: DatasetId::generate(),
            owner: owner.into(),
            name,
            title,
            description: new.description.trim().to_owned(),
            default_branch: DEFAULT_BRANCH.to_owned(),
            created_at: at,
            updated_at: at,
        };
        match self.store().create_dataset(&dataset).await {
            Ok(()) => Ok(dataset.into()),
            Err(StorageError::AlreadyExists { .. }) => {
                Err(Error::invalid("name", format!("There is a dataset “{}” already.", dataset.address())))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A dataset's page: its tables as the person sees them, its newest commits, the person's draft.
    ///
    /// # Errors
    /// There is no such dataset for the person, or its data can't be read.
    pub async fn dataset(&self, actor: &Actor, place: &Place) -> Result<DatasetView, Error> {
        let dataset = self.find_dataset(actor, Action::Read, &place.path).await?;
        let working = self.working(actor, &dataset, &place.at).await?;
        let mut tables = Vec::new();
        for (id, entry) in working.root.iter().flat_map(|root| &root.tables) {
            let rows = working.draft.as_ref().map_or(entry.tree.rows, |draft| draft.rows(*id, entry));
            tables.push(TableSummary {
                id: *id,
                name: entry.name.clone(),
                rows,
                schema: self.schema(entry.schema).await?,
            });
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let commits = match working.viewed.commit {
            Some(head) => self.walk(head, RECENT).await?.0,
            None => Vec::new(),
        };
        Ok(DatasetView { draft: working.summary(), viewed: working.viewed, tables, commits, dataset })
    }

    pub(crate) async fn find_dataset(
        &self,
        actor: &Actor,
        action: Action,
        path: &DatasetPath,
    ) -> Result<Dataset, Error> {
        // Reading comes first: whoever may not read learns nothing from being refused to write.
        authorise(actor, Action::Read, &path.owner)?;
        authorise(actor, action, &path.owner)?;
        let found = self.store().dataset(&PersonName::from(path.owner.as_str()), &path.name).await?;
        found.map(Dataset::from).ok_or_else(|| Error::not_found(format!("dataset “{path}”")))
    }
}

impl From<storage::Dataset> for Dataset {
    fn from(dataset: storage::Dataset) -> Self {
        Self {
            id: dataset.id.0,
            path: DatasetPath { owner: dataset.owner.0, name: dataset.name },
            title: dataset.title,
            description: dataset.description,
            default_branch: dataset.default_branch,
            created_at: dataset.created_at,
            updated_at: dataset.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn names_stay_within_addresses() {
        for name in ["a", "cities", "price-list.2026", "0_1"] {
            assert!(is_address(name), "{name}");
        }
        for name in ["", "..", ".a", "-a", "a/b", "A", "a b", "a..b", "<script>", "é", &"a".repeat(65)] {
            assert!(!is_address(name), "{name}");
        }
    }
}
