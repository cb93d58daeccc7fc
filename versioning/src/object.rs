//! Objects: what chunks hold, their canonical bytes, and where they are read from and written to.

use std::{borrow::Cow, sync::Arc};

use crate::{
    Column, Commit, Hash, Root, Schema,
    tree::{Inner, Leaf},
};

/// The content of a chunk. The first byte of its canonical bytes tells the kind.
#[derive(Clone, Debug)]
pub enum Object {
    /// Rows of a tree.
    Leaf(Leaf),
    /// Children of a tree's node.
    Inner(Inner),
    /// The schema of a table.
    Schema(Schema),
    /// One state of a dataset.
    Root(Root),
    /// A commit.
    Commit(Commit),
}

/// The kinds, as their first byte.
pub(crate) mod kind {
    pub(crate) const LEAF: u8 = b'L';
    pub(crate) const INNER: u8 = b'I';
    pub(crate) const SCHEMA: u8 = b'S';
    pub(crate) const ROOT: u8 = b'R';
    pub(crate) const COMMIT: u8 = b'C';
}

/// Bytes that are no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No kind of object begins with this byte.
    #[error("no object begins with byte {found:?}")]
    Kind {
        /// The first byte, if there is one.
        found: Option<u8>,
    },
    /// A JSON object does not have its fields.
    #[error("the {kind} can't be read: {reason}")]
    Json {
        /// What it claims to be.
        kind: &'static str,
        /// Why not.
        reason: String,
    },
    /// A node of a tree is damaged.
    #[error("the {kind} can't be read at byte {offset}: {reason}")]
    Node {
        /// What it claims to be.
        kind: &'static str,
        /// Where, in its canonical bytes.
        offset: usize,
        /// What is wrong there.
        reason: &'static str,
    },
}

/// An object could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The store does not have it.
    #[error("chunk {hash} is missing")]
    Missing {
        /// Its name.
        hash: Hash,
    },
    /// The bytes do not match the name.
    #[error("chunk {hash} is damaged: {reason}")]
    Damaged {
        /// Its name.
        hash: Hash,
        /// What was seen.
        reason: String,
    },
    /// The object is of another kind than the one that refers to it says.
    #[error("chunk {hash} is not a {expected}")]
    Kind {
        /// Its name.
        hash: Hash,
        /// What was expected.
        expected: &'static str,
    },
    /// The store did not answer.
    #[error("chunk {hash} could not be read: {reason}")]
    Unavailable {
        /// Its name.
        hash: Hash,
        /// What the store says.
        reason: String,
    },
}

/// An object could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("chunk {hash} could not be written: {reason}")]
pub struct WriteError {
    /// Its name.
    pub hash: Hash,
    /// What the store says.
    pub reason: String,
}

/// Where objects are read from. What it returns has been verified against its name.
pub trait ObjectSource: Send + Sync {
    /// The object of this name.
    ///
    /// # Errors
    /// It is missing, damaged, or the store does not answer.
    fn object(&self, hash: Hash) -> Result<Arc<Object>, ReadError>;

    /// A hint that these objects will be asked for soon; may read them all at once.
    fn prefetch(&self, hashes: &[Hash]) {
        let _ = hashes;
    }
}

/// Where new objects go.
pub trait ChunkSink {
    /// Takes an object's canonical bytes and their hash.
    ///
    /// # Errors
    /// The sink could not take them.
    fn put(&mut self, hash: Hash, bytes: Vec<u8>) -> Result<(), WriteError>;

    /// Takes an object's canonical bytes and their hash, with the name of the object whose place it takes: a hint that
    /// most of it is the same, so that a sink may store what differs only. That object was written here before, or a
    /// commit that is built on reaches it.
    ///
    /// # Errors
    /// The sink could not take them.
    fn put_near(&mut self, hash: Hash, bytes: Vec<u8>, near: Hash) -> Result<(), WriteError> {
        let _ = near;
        self.put(hash, bytes)
    }
}

impl Object {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Leaf(leaf) => leaf.encode(),
            Self::Inner(inner) => inner.encode(),
            Self::Schema(schema) => json(kind::SCHEMA, schema),
            Self::Root(root) => json(kind::ROOT, root),
            Self::Commit(commit) => json(kind::COMMIT, commit),
        }
    }

    /// The canonical bytes, without a copy where the object keeps them.
    #[must_use]
    pub fn canonical(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Leaf(leaf) => Cow::Borrowed(leaf.bytes()),
            other => Cow::Owned(other.encode()),
        }
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// The bytes are no object. Never panics, whatever the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_bytes(bytes.to_vec())
    }

    /// Reads canonical bytes as [`Object::decode`] does; a leaf keeps them instead of a copy.
    ///
    /// # Errors
    /// The bytes are no object. Never panics, whatever the bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let (kind, content) = bytes.split_first().ok_or(DecodeError::Kind { found: None })?;
        match *kind {
            kind::LEAF => Leaf::decode(bytes).map(Self::Leaf),
            kind::INNER => Inner::decode(&bytes).map(Self::Inner),
            kind::SCHEMA => from_json("schema", content).map(Self::Schema),
            kind::ROOT => from_json("root", content).map(Self::Root),
            kind::COMMIT => from_json("commit", content).map(Self::Commit),
            found => Err(DecodeError::Kind { found: Some(found) }),
        }
    }

    /// Stores the object and returns its name.
    ///
    /// # Errors
    /// The sink could not take it.
    pub fn store(&self, sink: &mut dyn ChunkSink) -> Result<Hash, WriteError> {
        let bytes = self.encode();
        let hash = Hash::of(&bytes);
        sink.put(hash, bytes)?;
        Ok(hash)
    }

    /// The objects this one refers to. A commit's parents are among them.
    #[must_use]
    pub fn children(&self) -> Vec<Hash> {
        match self {
            Self::Leaf(_) | Self::Schema(_) => Vec::new(),
            Self::Inner(inner) => inner.children().iter().map(|child| child.hash).collect(),
            Self::Root(root) => {
                root.tables.values().flat_map(|entry| std::iter::once(entry.schema).chain(entry.tree.root)).collect()
            }
            Self::Commit(commit) => std::iter::once(commit.root).chain(commit.parents.iter().copied()).collect(),
        }
    }

    /// The bytes the object takes in memory, roughly; for bounding caches.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.weight(),
            Self::Inner(inner) => inner.weight(),
            Self::Schema(schema) => {
                128 + schema.description.len() + schema.columns.iter().map(Column::weight).sum::<usize>()
            }
            Self::Root(root) => 128 + root.tables.len() * 200,
            Self::Commit(commit) => 256 + commit.message.len(),
        }
    }
}

fn json(kind: u8, value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = vec![kind];
    // Canonical because fields are written in the order of their declaration and maps are ordered.
    serde_json::to_writer(&mut bytes, value).expect("these structures have text keys only and a Vec takes every byte");
    bytes
}

fn from_json<T: serde::de::DeserializeOwned>(kind: &'static str, content: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(content).map_err(|error| DecodeError::Json { kind, reason: error.to_string() })
}

macro_rules! typed_reads {
    ($($(#[$doc:meta])* $method:ident, $variant:ident, $type:ty, $name:literal;)*) => {
        impl dyn ObjectSource + '_ {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// It can't be read or is of another kind.
                pub fn $method(&self, hash: Hash) -> Result<$type, ReadError> {
                    match &*self.object(hash)? {
                        Object::$variant(value) => Ok(value.clone()),
                        _ => Err(ReadError::Kind { hash, expected: $name }),
                    }
                }
            )*
        }
    };
}

typed_reads! {
    /// The schema of this name.
    schema, Schema, Schema, "schema";
    /// The dataset state of this name.
    root, Root, Root, "root";
    /// The commit of this name.
    commit, Commit, Commit, "commit";
}
