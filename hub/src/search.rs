//! Search: datasets, tables, columns and merge requests by the words in their names and descriptions.
//!
//! The words are in memory, made of what the store holds and never stored (`search/index.rs`): the store tells which
//! datasets and requests have changed, whatever changed them, and those are read anew before the next answer. What is
//! found is authorised then, one by one, so nothing here decides who sees what.

mod index;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use storage::{Changed, Dataset as Stored, DatasetId, MergeRequest, PersonName, RefKind, Visibility};

use self::index::{Entry, Index, Words};
use crate::{Actor, DatasetPath, Error, Hub, RequestState, blocking, requests::read_kept, write::internal};

/// Characters of what is looked for.
const MAX_QUERY: usize = 200;
/// Datasets that are read at once.
const AT_ONCE: usize = 500;
/// Requests that are read at once.
const REQUESTS: usize = 1_000;
/// What has changed is read anew this often, also when nobody searches.
const PERIOD: Duration = Duration::from_secs(5);

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HitKind {
    /// Datasets, by name, title and description.
    Datasets,
    /// Tables of default branches, by name and description.
    Tables,
    /// Their columns, by name and description.
    Columns,
    /// Merge requests, by title, labels, author and text.
    Requests,
}

impl HitKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Datasets, Self::Tables, Self::Columns, Self::Requests];

    /// As in addresses and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Datasets => "datasets",
            Self::Tables => "tables",
            Self::Columns => "columns",
            Self::Requests => "requests",
        }
    }
}

impl std::str::FromStr for HitKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| Error::invalid("in", format!("“{text}” is none of: datasets, tables, columns, requests.")))
    }
}

/// Where something that was found is within its dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HitPlace {
    /// It is the dataset.
    Dataset,
    /// A table of its default branch.
    Table {
        /// Its name.
        table: String,
    },
    /// A column.
    Column {
        /// The table's name.
        table: String,
        /// Its name.
        column: String,
    },
    /// A merge request.
    Request {
        /// Its number.
        number: u64,
        /// What it is about, in a line.
        title: String,
        /// How it stands.
        state: RequestState,
        /// Who opened it.
        author: String,
    },
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In which dataset.
    pub dataset: DatasetPath,
    /// What people call the dataset.
    pub dataset_title: String,
    /// Where in it.
    pub place: HitPlace,
    /// Of its description or text, what is around the words; may be empty.
    pub text: String,
    /// Who may read the dataset without a role in it.
    pub visibility: Visibility,
    /// Whether the dataset is archived.
    pub is_archived: bool,
}

/// What was found of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Of which.
    pub kind: HitKind,
    /// The best first.
    pub hits: Vec<Hit>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

/// What the hub keeps in memory for searching.
#[derive(Default)]
pub(crate) struct Searching {
    index: RwLock<Index>,
    /// Whether all has been read once.
    is_built: AtomicBool,
    /// Held while the index is changed.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// What somebody may read at most: the index is looked through for this, and what is found is authorised.
struct Reach {
    everything: bool,
    owners: HashSet<PersonName>,
    also: HashSet<DatasetId>,
}

impl Reach {
    fn has(&self, dataset: &Stored) -> bool {
        self.everything
            || dataset.visibility == Visibility::Public
            || self.owners.contains(&dataset.owner)
            || self.also.contains(&dataset.id)
    }
}

/// Puts a request to its dataset. What can't be read has a page that says so; everything else is found.
fn put_request(entry: &mut Entry, stored: &MergeRequest) {
    match read_kept(stored) {
        Ok((kept, state)) => entry.set_request(stored, &kept, state),
        Err(error) => {
            let (error, dataset) = (&error as &dyn std::error::Error, stored.dataset);
            tracing::error!(error, %dataset, request = stored.number, "a merge request can't be searched");
        }
    }
}

impl Hub {
    /// Keeps what is searched up to date, until the hub is closed.
    pub async fn keep_searchable(&self) {
        let mut looks = tokio::time::interval(PERIOD);
        loop {
            tokio::select! {
                () = self.stopping() => return,
                _ = looks.tick() => {}
            }
            tokio::select! {
                () = self.stopping() => return,
                done = self.sync_search() => if let Err(error) = done {
                    tracing::error!(error = &error as &dyn std::error::Error, "what is searched could not be read");
                },
            }
        }
    }

    /// The words of a query, and what of each kind, or of one, has all of them: at most `limit` of each, without the
    /// first `offset`. Whether everything was looked through: not when the server has just been started.
    ///
    /// # Errors
    /// The query is too long, or the store failed.
    pub async fn search(
        &self,
        actor: &Actor,
        query: &str,
        kind: Option<HitKind>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Hits>, bool), Error> {
        if query.chars().count() > MAX_QUERY {
            return Err(Error::invalid("q", "Search for 200 characters at most."));
        }
        let words = Words::of(query);
        let is_complete = self.sync_search().await?;
        if words.is_empty() {
            return Ok((Vec::new(), is_complete));
        }
        let (owners, also) = self.reach(actor).await?;
        // Without accounts everything is the one person's.
        let everything = actor.person_id().is_none() && !actor.is_stranger();
        let reach = Reach { everything, owners: owners.into_iter().collect(), also: also.into_iter().collect() };
        let hub = self.clone();
        let looked_for = words.clone();
        let found = blocking(move || {
            let index = hub.shared.searching.index.read().unwrap_or_else(PoisonError::into_inner);
            Ok(index.find(&looked_for, kind, |dataset| reach.has(dataset)))
        })
        .await?;
        let mut roles: HashMap<DatasetId, bool> = HashMap::new();
        let mut groups = Vec::new();
        for (kind, places) in found {
            let (mut hits, mut passed, mut has_more) = (Vec::new(), 0, false);
            for place in places {
                let id = place.entry.dataset.id;
                let may = match roles.get(&id) {
                    Some(may) => *may,
                    None => {
                        let may = self.may_find(actor, id).await?;
                        roles.insert(id, may);
                        may
                    }
                };
                if !may {
                    continue;
                }
                if hits.len() == limit {
                    has_more = true;
                    break;
                }
                passed += 1;
                if passed > offset {
                    hits.push(place.hit(&words));
                }
            }
            groups.push(Hits { kind, hits, has_more });
        }
        Ok((groups, is_complete))
    }

    /// Whether the dataset is there for the person, as it is now.
    async fn may_find(&self, actor: &Actor, id: DatasetId) -> Result<bool, Error> {
        let Some(dataset) = self.store().dataset_by_id(id).await? else { return Ok(false) };
        Ok(self.role(actor, &dataset).await?.is_some())
    }

    /// Reads anew what has changed. Whether everything is in the index then: who asks while it is made for the first time
    /// does not wait.
    async fn sync_search(&self) -> Result<bool, Error> {
        let searching = &self.shared.searching;
        let turn = match Arc::clone(&searching.changing).try_lock_owned() {
            Ok(turn) => turn,
            Err(_) if !searching.is_built.load(Ordering::Acquire) => return Ok(false),
            Err(_) => Arc::clone(&searching.changing).lock_owned().await,
        };
        // The store tells once what has changed: it is read to the end, also where whoever searches has gone meanwhile.
        let hub = self.clone();
        let work = tokio::spawn(async move {
            let _turn = turn;
            hub.read_anew().await
        });
        work.await.map_err(|error| {
            searching.is_built.store(false, Ordering::Release);
            internal(error)
        })?
    }

    /// Reads what has changed, or everything; one at a time.
    async fn read_anew(&self) -> Result<bool, Error> {
        let searching = &self.shared.searching;
        // What changes from here on is read the next time, if not already now.
        let changed = self.store().take_changed();
        if changed.everything || !searching.is_built.load(Ordering::Acquire) {
            searching.is_built.store(false, Ordering::Release);
            self.build_search().await?;
            searching.is_built.store(true, Ordering::Release);
            return Ok(true);
        }
        if let Err(error) = self.read_changed(&changed).await {
            // Nothing is forgotten: all is read again.
            searching.is_built.store(false, Ordering::Release);
            return Err(error);
        }
        Ok(true)
    }

    async fn build_search(&self) -> Result<(), Error> {
        let mut ids = HashSet::new();
        let mut after = None;
        loop {
            let datasets = self.store().datasets(None, after, AT_ONCE).await?;
            let Some(last) = datasets.last() else { break };
            after = Some(last.cursor());
            for dataset in datasets {
                let id = dataset.id;
                ids.insert(id);
                let mut entry = self.entry_of(dataset, None).await?;
                self.read_requests(&mut entry).await?;
                self.index(|index| index.put(entry));
            }
        }
        self.index(|index| index.retain(|id| ids.contains(&id)));
        Ok(())
    }

    async fn read_changed(&self, changed: &Changed) -> Result<(), Error> {
        for id in &changed.datasets {
            let before = self.index(|index| index.get(*id));
            match self.store().dataset_by_id(*id).await? {
                Some(dataset) => {
                    let mut entry = self.entry_of(dataset, before.as_deref()).await?;
                    if before.is_none() {
                        self.read_requests(&mut entry).await?;
                    }
                    self.index(|index| index.put(entry));
                }
                None => self.index(|index| index.remove(*id)),
            }
        }
        for (id, number) in &changed.requests {
            let Some(entry) = self.index(|index| index.get(*id)) else { continue };
            let Some(stored) = self.store().request(*id, *number).await? else { continue };
            let mut entry = Entry::clone(&entry);
            put_request(&mut entry, &stored);
            self.index(|index| index.put(entry));
        }
        Ok(())
    }

    fn index<T>(&self, work: impl FnOnce(&mut Index) -> T) -> T {
        work(&mut self.shared.searching.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is searched of a dataset, without its requests; of tables that are as they were, what was read before.
    async fn entry_of(&self, dataset: Stored, before: Option<&Entry>) -> Result<Entry, Error> {
        let head = self.store().head(dataset.id, RefKind::Branch, &dataset.default_branch).await?;
        let tables = before.map(|before| (before.shape.clone(), Arc::clone(&before.tables)));
        let requests = before.map(|before| before.requests.clone()).unwrap_or_default();
        let id = dataset.id;
        let read = match head {
            None => Ok(Default::default()),
            Some(head) => self.read(move |objects| index::tables(objects, head, tables)).await,
        };
        // What can't be read has a page that says so; everything else is found.
        let (shape, tables) = read.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, dataset = %id, "its tables can't be searched");
            Default::default()
        });
        Ok(Entry::new(dataset, shape, tables, requests))
    }

    async fn read_requests(&self, entry: &mut Entry) -> Result<(), Error> {
        let mut before = None;
        loop {
            let found = self.store().requests(entry.dataset.id, None, before, REQUESTS).await?;
            for stored in &found {
                put_request(entry, stored);
            }
            match found.last() {
                Some(last) if found.len() == REQUESTS => before = Some(last.number),
                _ => return Ok(()),
            }
        }
    }
}
