//! A bounded cache of decoded objects: sharded, so that readers seldom meet, with the second-chance approximation of
//! least-recently-used eviction (the clock algorithm, Corbató 1968).

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use versioning::{Hash, Object};

const SHARDS: usize = 16;
/// Memory for an entry besides the object: its places in the map and in the queue, and what the allocator adds.
const OVERHEAD: usize = 160;
/// After so many other leaves of its shard were handed out, a leaf is weighed again: its reader has unfolded it by then.
const LENT: usize = 8;

/// Objects by name, up to a sum of weights.
pub(crate) struct ObjectCache {
    shards: [Mutex<Shard>; SHARDS],
    /// The most that one shard holds, in bytes.
    capacity: usize,
    /// How often something was forgotten.
    forgotten: AtomicU64,
}

/// A point in time, from before something is read.
#[derive(Clone, Copy)]
pub(crate) struct Since(u64);

/// An object and how it is stored.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) object: Arc<Object>,
    pub(crate) frame: Framed,
}

impl Stored {
    /// What it is known to be a delta of.
    pub(crate) fn base(&self) -> Option<Hash> {
        match self.frame {
            Framed::Delta(base) => Some(base),
            Framed::Whole | Framed::Unknown => None,
        }
    }
}

/// What is known of a chunk's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framed {
    Whole,
    /// It is a delta of this chunk.
    Delta(Hash),
    /// It was put and not read: somebody else may have stored it before, in another way.
    Unknown,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Hash, Entry, BuildHasherDefault<NameHasher>>,
    /// Every name in `entries`, once; the front is the next candidate.
    queue: VecDeque<Hash>,
    weight: usize,
    /// The leaves that were handed out last. A leaf grows where its rows are read, which only its reader sees.
    lent: VecDeque<Hash>,
}

/// Names are hashes already: their last bytes are as good as any hash of theirs. (The first one chose the shard.)
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        // What a length comes before.
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

struct Entry {
    stored: Stored,
    weight: usize,
    /// Asked for since it was last a candidate.
    used: bool,
}

impl ObjectCache {
    /// A cache of at most `bytes`, roughly.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { shards: Default::default(), capacity: bytes / SHARDS, forgotten: AtomicU64::new(0) }
    }

    /// Now, to be taken before reading what will be inserted.
    pub(crate) fn now(&self) -> Since {
        Since(self.forgotten.load(Ordering::SeqCst))
    }

    pub(crate) fn get(&self, hash: &Hash) -> Option<Stored> {
        let mut shard = self.shard(hash);
        let entry = shard.entries.get_mut(hash)?;
        entry.used = true;
        let stored = entry.stored.clone();
        if matches!(&*stored.object, Object::Leaf(_)) {
            shard.lend(*hash, self.capacity);
        }
        Some(stored)
    }

    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.shard(hash).entries.contains_key(hash)
    }

    /// Keeps an object, unless something was forgotten since it was read: it may have been this one, and be stored in
    /// another way by now.
    pub(crate) fn insert(&self, since: Since, hash: Hash, stored: Stored) {
        let weight = stored.object.weight() + OVERHEAD;
        if weight > self.capacity {
            return;
        }
        let mut shard = self.shard(&hash);
        if self.forgotten.load(Ordering::SeqCst) != since.0 {
            return;
        }
        if let Some(entry) = shard.entries.get_mut(&hash) {
            if entry.stored.frame == Framed::Unknown {
                entry.stored.frame = stored.frame;
            }
            return;
        }
        shard.make_room(self.capacity - weight);
        shard.weight += weight;
        shard.queue.push_back(hash);
        shard.entries.insert(hash, Entry { stored, weight, used: false });
    }

    /// Forgets an object that is no longer stored.
    pub(crate) fn remove(&self, hash: &Hash) {
        // Whoever has read it and not inserted it yet finds this; who has inserted it had the shard before.
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let mut shard = self.shard(hash);
        if let Some(entry) = shard.entries.remove(hash) {
            shard.weight -= entry.weight;
            shard.queue.retain(|queued| queued != hash);
        }
    }

    fn shard(&self, hash: &Hash) -> MutexGuard<'_, Shard> {
        // The first byte of a hash is as good as random. A panic elsewhere leaves a shard usable.
        self.shards[usize::from(hash.as_bytes()[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Notes that a leaf is handed out, and weighs the one that was long enough ago.
    fn lend(&mut self, hash: Hash, capacity: usize) {
        if self.lent.back() == Some(&hash) {
            return;
        }
        self.lent.push_back(hash);
        if self.lent.len() > LENT
            && let Some(read) = self.lent.pop_front()
        {
            self.weigh(&read);
            self.make_room(capacity);
        }
    }

    fn weigh(&mut self, hash: &Hash) {
        if let Some(entry) = self.entries.get_mut(hash) {
            let weight = entry.stored.object.weight() + OVERHEAD;
            self.weight = self.weight - entry.weight + weight;
            entry.weight = weight;
        }
    }

    /// Evicts until at most `limit` is held.
    fn make_room(&mut self, limit: usize) {
        while self.weight > limit
            && let Some(hash) = self.queue.pop_front()
        {
            match self.entries.get_mut(&hash) {
                Some(entry) if entry.used => {
                    entry.used = false;
                    self.queue.push_back(hash);
                    self.weigh(&hash);
                }
                Some(entry) => {
                    self.weight -= entry.weight;
                    self.entries.remove(&hash);
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use versioning::{ChunkSink, Column, ColumnId, Commit, Key, Schema, Type, Value, WriteError, tree::TreeBuilder};

    use super::*;

    fn object(number: usize) -> (Hash, Stored) {
        let object = Object::Commit(Commit {
            root: Hash::of(b"root"),
            parents: Vec::new(),
            author: "ada".to_owned(),
            time: 0,
            message: number.to_string(),
        });
        let name = Hash::of(&object.encode());
        (name, whole(object))
    }

    fn whole(object: Object) -> Stored {
        Stored { object: Arc::new(object), frame: Framed::Whole }
    }

    #[test]
    fn weight_stays_bounded_and_recent_objects_stay() {
        let (favourite, object_of_favourite) = object(0);
        let weight = object_of_favourite.object.weight() + OVERHEAD;
        let cache = ObjectCache::new(weight * 8 * SHARDS);
        cache.insert(cache.now(), favourite, object_of_favourite);
        for number in 1..10_000 {
            let (hash, object) = object(number);
            cache.insert(cache.now(), hash, object);
            assert!(cache.get(&favourite).is_some(), "evicted after {number} others although always in use");
        }
        cache.remove(&favourite);
        assert!(cache.get(&favourite).is_none());
        for shard in &cache.shards {
            let shard = shard.lock().expect("no test panicked while holding it");
            assert!(shard.weight <= cache.capacity);
            assert_eq!(shard.weight, shard.entries.values().map(|entry| entry.weight).sum::<usize>());
            assert_eq!(shard.queue.len(), shard.entries.len());
        }
    }

    #[derive(Default)]
    struct Chunks(Vec<(Hash, Vec<u8>)>);

    impl ChunkSink for Chunks {
        fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError> {
            self.0.push((hash, bytes));
            Ok(())
        }
    }

    #[test]
    fn leaves_are_weighed_again_when_their_rows_were_read() {
        let schema = Schema {
            columns: vec![Column::new(ColumnId(1), "id", Type::Integer), Column::new(ColumnId(2), "name", Type::Text)],
            primary_key: vec![ColumnId(1)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        };
        let mut chunks = Chunks::default();
        let mut builder = TreeBuilder::new(&schema, &mut chunks);
        for number in 0..200_000 {
            let row = vec![Value::Integer(number), Value::Text(format!("row {number}"))];
            let key = Key::of_row(&schema, &row).expect("a row with a key");
            builder.push(key, row).expect("rows in order");
        }
        builder.finish().expect("memory takes everything");

        let cache = ObjectCache::new(1 << 30);
        for (hash, bytes) in &chunks.0 {
            cache.insert(cache.now(), *hash, whole(Object::decode(bytes).expect("what was encoded")));
        }
        let weight = || cache.shards.iter().map(|shard| shard.lock().expect("no panic").weight).sum::<usize>();
        let before = weight();
        for (hash, _) in &chunks.0 {
            if let Object::Leaf(leaf) = &*cache.get(hash).expect("there is room for all").object {
                assert_eq!(leaf.rows(&schema, 0..leaf.len()).count(), leaf.len());
            }
        }
        assert!(weight() > 2 * before, "{} after {before}", weight());
        for shard in &cache.shards {
            let shard = shard.lock().expect("no test panicked while holding it");
            assert_eq!(shard.weight, shard.entries.values().map(|entry| entry.weight).sum::<usize>());
            let unweighed = shard.entries.values().filter(|it| it.weight != it.stored.object.weight() + OVERHEAD);
            assert!(unweighed.count() <= LENT);
        }
    }

    #[test]
    fn what_is_larger_than_the_cache_is_not_kept() {
        let cache = ObjectCache::new(0);
        let (hash, object) = object(0);
        cache.insert(cache.now(), hash, object);
        assert!(!cache.contains(&hash));
    }

    #[test]
    fn what_was_read_before_something_was_forgotten_is_not_kept() {
        let cache = ObjectCache::new(1 << 20);
        let (hash, object) = object(0);
        let before = cache.now();
        cache.remove(&hash);
        cache.insert(before, hash, object.clone());
        assert!(!cache.contains(&hash));
        cache.insert(cache.now(), hash, object);
        assert!(cache.contains(&hash));
    }
}
