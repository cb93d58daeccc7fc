//! The words of names and descriptions, folded to lower case. Looking for some goes through all of them: for ten thousand
//! datasets that is some megabytes, and takes milliseconds.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use storage::{Dataset, DatasetId, MergeRequest};
use versioning::{Hash, ObjectSource};

use super::{Hit, HitKind, HitPlace};
use crate::{DatasetPath, Error, RequestState, requests::Kept};

/// The most words of a query; others are not looked for.
const MAX_WORDS: usize = 8;
/// Characters of a request's text that are searched.
const MAX_TEXT: usize = 2_000;
/// Characters around what was found, on each side.
const AROUND: usize = 100;

/// What is looked for: all of these words, each anywhere within a word of what is found.
#[derive(Clone, Debug)]
pub(super) struct Words {
    words: Vec<String>,
    /// The whole of it.
    phrase: String,
}

impl Words {
    pub(super) fn of(query: &str) -> Self {
        let folded = query.to_lowercase();
        let words: Vec<String> = folded.split_whitespace().take(MAX_WORDS).map(str::to_owned).collect();
        Self { phrase: words.join(" "), words }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether each word stands in one of the texts or in its surroundings, and at least one in the texts.
    fn are_in(&self, texts: &[&Text], around: &[&Text]) -> bool {
        let is_in = |word: &String, texts: &[&Text]| texts.iter().any(|text| text.folded.contains(word.as_str()));
        let mut is_here = false;
        self.words.iter().all(|word| {
            let here = is_in(word, texts);
            is_here |= here;
            here || is_in(word, around)
        }) && is_here
    }

    /// How well a name fits; less is better.
    fn rank(&self, name: &Text) -> u8 {
        if name.folded == self.phrase {
            0
        } else if self.words.first().is_some_and(|first| name.folded.starts_with(first.as_str())) {
            1
        } else {
            2 + u8::from(!self.words.iter().any(|word| name.folded.contains(word.as_str())))
        }
    }

    /// The part of a text around the first word that stands in it, or its beginning.
    fn around(&self, text: &Text) -> String {
        // Where folding has changed lengths, places in one text are none in the other.
        let place = self.words.iter().filter_map(|word| text.folded.find(word.as_str())).min();
        let place = place.filter(|_| text.folded.len() == text.text.len()).unwrap_or(0);
        let head = text.text.get(..place).unwrap_or_default();
        let tail = text.text.get(head.len()..).unwrap_or_default();
        let before: Vec<char> = head.chars().rev().take(AROUND + 1).collect();
        let mut part = String::new();
        if before.len() > AROUND {
            part.push('…');
        }
        part.extend(before.iter().take(AROUND).rev());
        part.extend(tail.chars().take(2 * AROUND));
        if tail.chars().nth(2 * AROUND).is_some() {
            part.push('…');
        }
        part
    }
}

/// A text as it is, and as it is looked through.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    text: String,
    folded: String,
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), folded: text.to_lowercase() }
    }
}

#[derive(Clone, Debug)]
struct Named {
    name: Text,
    description: Text,
}

/// A table with its columns.
#[derive(Clone, Debug)]
pub(super) struct TableWords {
    table: Named,
    columns: Vec<Named>,
}

#[derive(Clone, Debug)]
pub(super) struct RequestWords {
    title: Text,
    /// Labels and author.
    words: Text,
    text: Text,
    author: String,
    state: RequestState,
}

/// The names of tables, with what says how they are made.
type Shape = Vec<(String, Hash)>;

/// What is searched of a dataset.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) dataset: Dataset,
    /// Address, name and title.
    names: [Text; 3],
    description: Text,
    pub(super) shape: Shape,
    pub(super) tables: Arc<Vec<TableWords>>,
    pub(super) requests: BTreeMap<u64, Arc<RequestWords>>,
}

impl Entry {
    pub(super) fn new(
        dataset: Dataset,
        shape: Shape,
        tables: Arc<Vec<TableWords>>,
        requests: BTreeMap<u64, Arc<RequestWords>>,
    ) -> Self {
        let names = [&dataset.address(), &dataset.name, &dataset.title].map(|text| Text::from(text.as_str()));
        let description = Text::from(dataset.description.as_str());
        Self { dataset, names, description, shape, tables, requests }
    }

    pub(super) fn set_request(&mut self, stored: &MergeRequest, kept: &Kept, state: RequestState) {
        let text: String = kept.text.chars().take(MAX_TEXT).collect();
        let author = stored.author.as_str();
        let words = format!("{author} {}", kept.labels.join(" "));
        let request = RequestWords {
            title: kept.title.as_str().into(),
            words: words.as_str().into(),
            text: text.as_str().into(),
            author: author.to_owned(),
            state,
        };
        self.requests.insert(stored.number, Arc::new(request));
    }
}

/// What is searched of the tables of a commit; what was read before, where they are made the same.
pub(super) fn tables(
    objects: &dyn ObjectSource,
    commit: Hash,
    before: Option<(Shape, Arc<Vec<TableWords>>)>,
) -> Result<(Shape, Arc<Vec<TableWords>>), Error> {
    let root = objects.root(objects.commit(commit)?.root)?;
    let shape: Shape = root.tables.values().map(|table| (table.name.clone(), table.schema)).collect();
    if let Some((known, tables)) = before
        && known == shape
    {
        return Ok((shape, tables));
    }
    let mut tables = Vec::new();
    for (name, schema) in &shape {
        let schema = objects.schema(*schema)?;
        let named = |name: &str, description: &str| Named { name: name.into(), description: description.into() };
        let columns = schema.columns.iter().map(|column| named(&column.name, &column.description)).collect();
        tables.push(TableWords { table: named(name, &schema.description), columns });
    }
    Ok((shape, Arc::new(tables)))
}

/// Something that has the words.
pub(super) struct Found {
    pub(super) entry: Arc<Entry>,
    /// How well it fits; less is better.
    rank: u8,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Dataset,
    Table(usize),
    Column(usize, usize),
    /// The newest first.
    Request(Reverse<u64>),
}

impl Found {
    /// As it is shown.
    pub(super) fn hit(&self, words: &Words) -> Hit {
        let entry = &self.entry;
        let (place, text) = match self.place {
            Place::Dataset => (HitPlace::Dataset, words.around(&entry.description)),
            Place::Table(table) => {
                let Named { name, description } = &entry.tables[table].table;
                (HitPlace::Table { table: name.text.clone() }, words.around(description))
            }
            Place::Column(table, column) => {
                let TableWords { table, columns } = &entry.tables[table];
                let Named { name, description } = &columns[column];
                let place = HitPlace::Column { table: table.name.text.clone(), column: name.text.clone() };
                (place, words.around(description))
            }
            Place::Request(Reverse(number)) => {
                let request = &entry.requests[&number];
                let (title, author) = (request.title.text.clone(), request.author.clone());
                let place = HitPlace::Request { number, title, state: request.state, author };
                (place, words.around(&request.text))
            }
        };
        let path = DatasetPath { owner: entry.dataset.owner.as_str().to_owned(), name: entry.dataset.name.clone() };
        Hit {
            dataset: path,
            dataset_title: entry.dataset.title.clone(),
            place,
            text,
            visibility: entry.dataset.visibility,
            is_archived: entry.dataset.archived_at.is_some(),
        }
    }
}

/// All that is searched.
#[derive(Default)]
pub(super) struct Index {
    entries: HashMap<DatasetId, Arc<Entry>>,
}

impl Index {
    pub(super) fn get(&self, id: DatasetId) -> Option<Arc<Entry>> {
        self.entries.get(&id).cloned()
    }

    pub(super) fn put(&mut self, entry: Entry) {
        self.entries.insert(entry.dataset.id, Arc::new(entry));
    }

    pub(super) fn remove(&mut self, id: DatasetId) {
        self.entries.remove(&id);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(DatasetId) -> bool) {
        self.entries.retain(|id, _| keep(*id));
    }

    /// What has the words in the datasets that may be looked through, kind by kind, the best first.
    pub(super) fn find(
        &self,
        words: &Words,
        kind: Option<HitKind>,
        may: impl Fn(&Dataset) -> bool,
    ) -> Vec<(HitKind, Vec<Found>)> {
        let mut found: Vec<(HitKind, Vec<Found>)> = HitKind::ALL
            .into_iter()
            .filter(|each| kind.is_none_or(|kind| kind == *each))
            .map(|kind| (kind, Vec::new()))
            .collect();
        for entry in self.entries.values().filter(|entry| may(&entry.dataset)) {
            for (kind, list) in &mut found {
                let mut add = |rank: u8, place: Place| list.push(Found { entry: Arc::clone(entry), rank, place });
                let [address, name, title] = &entry.names;
                match kind {
                    HitKind::Datasets => {
                        if words.are_in(&[address, name, title, &entry.description], &[]) {
                            add(words.rank(name).min(words.rank(title)), Place::Dataset);
                        }
                    }
                    HitKind::Tables => {
                        for (index, TableWords { table, .. }) in entry.tables.iter().enumerate() {
                            if words.are_in(&[&table.name, &table.description], &[address, name, title]) {
                                add(words.rank(&table.name), Place::Table(index));
                            }
                        }
                    }
                    HitKind::Columns => {
                        for (index, TableWords { table, columns }) in entry.tables.iter().enumerate() {
                            for (position, column) in columns.iter().enumerate() {
                                let here = [&column.name, &column.description];
                                if words.are_in(&here, &[&table.name, address, name, title]) {
                                    add(words.rank(&column.name), Place::Column(index, position));
                                }
                            }
                        }
                    }
                    HitKind::Requests => {
                        for (number, request) in &entry.requests {
                            let here = [&request.title, &request.words, &request.text];
                            if words.are_in(&here, &[address, name, title]) {
                                add(words.rank(&request.title), Place::Request(Reverse(*number)));
                            }
                        }
                    }
                }
            }
        }
        for (_, list) in &mut found {
            // What was changed last is what people look for.
            list.sort_by_key(|found| {
                let dataset = &found.entry.dataset;
                (found.rank, Reverse(dataset.updated_at), dataset.id, found.place)
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use storage::{PersonName, Visibility};

    use super::*;

    fn entry(number: u64, name: &str, title: &str, description: &str, tables: &[(&str, &[&str])]) -> Entry {
        let dataset = Dataset {
            id: DatasetId(uuid::Uuid::from_u128(number.into())),
            owner: PersonName::from("ada"),
            name: name.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            default_branch: "main".to_owned(),
            created_at: 0,
            updated_at: i64::try_from(number).expect("a small number"),
            lineage: Vec::new(),
            visibility: Visibility::Private,
            protection: None,
            deleted_at: None,
            archived_at: None,
        };
        let named = |name: &str| Named { name: name.into(), description: Text::default() };
        let tables = tables.iter().map(|(table, columns)| TableWords {
            table: named(table),
            columns: columns.iter().map(|column| named(column)).collect(),
        });
        Entry::new(dataset, Vec::new(), Arc::new(tables.collect()), BTreeMap::new())
    }

    fn names(index: &Index, query: &str) -> Vec<String> {
        let words = Words::of(query);
        let found = index.find(&words, None, |_| true);
        let text = |hit: Hit| match hit.place {
            HitPlace::Dataset => hit.dataset.name,
            HitPlace::Table { table } => format!("{}/{table}", hit.dataset.name),
            HitPlace::Column { table, column } => format!("{}/{table}/{column}", hit.dataset.name),
            HitPlace::Request { number, .. } => format!("{}#{number}", hit.dataset.name),
        };
        found.iter().flat_map(|(_, list)| list).map(|found| text(found.hit(&words))).collect()
    }

    #[test]
    fn all_words_are_found_in_a_thing_or_around_it() {
        let mut index = Index::default();
        index.put(entry(1, "bakery", "The Bakery", "Prices of bread", &[("products", &["price", "stock"])]));
        index.put(entry(2, "prices", "Old prices", "", &[("bread", &["price"])]));
        let check = |query: &str, expected: &[&str]| assert_eq!(names(&index, query), expected, "{query}");
        check("prices", &["prices", "bakery"]);
        check("PRICE", &["prices", "bakery", "prices/bread/price", "bakery/products/price"]);
        check("price bakery", &["bakery", "bakery/products/price"]);
        check("product price", &["bakery/products/price"]);
        check("ada stock", &["bakery/products/stock"]);
        check("nothing", &[]);
        check(" ", &[]);
        index.remove(DatasetId(uuid::Uuid::from_u128(2)));
        assert_eq!(names(&index, "old"), Vec::<String>::new());
    }

    #[test]
    fn what_is_around_a_word_is_cut_between_characters() {
        let long = format!("{}wört{}", "ä ".repeat(200), " ö".repeat(300));
        let around = Words::of("wört").around(&Text::from(long.as_str()));
        assert!(around.starts_with('…') && around.ends_with('…') && around.contains("wört"), "{around}");
        assert_eq!(Words::of("x").around(&Text::from("short")), "short");
        // Folding makes one character of this two.
        let odd = format!("{}word", "İ".repeat(50));
        assert!(Words::of("word").around(&Text::from(odd.as_str())).starts_with('İ'));
    }

    #[test]
    fn ten_thousand_datasets_are_looked_through_in_no_time() {
        let mut index = Index::default();
        let columns: Vec<String> = (0..20).map(|number| format!("column {number} of a table")).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        for number in 0..10_000 {
            let tables = [("readings", columns.as_slice()), ("stations", columns.as_slice())];
            let description = "Levels and discharge of the rivers, each quarter of an hour. ".repeat(4);
            index.put(entry(number, &format!("gauges-{number}"), "River gauges", &description, &tables));
        }
        let began = std::time::Instant::now();
        let found = index.find(&Words::of("gauges-77 column"), None, |_| true);
        let took = began.elapsed();
        assert_eq!(found.iter().map(|(_, list)| list.len()).sum::<usize>(), 111 * 40);
        // An unoptimised build takes ten times what it may.
        assert!(took.as_millis() < 1_000, "{took:?}");
        println!("{took:?} for 10,000 datasets");
    }
}
