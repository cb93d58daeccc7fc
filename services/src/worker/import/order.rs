//! Whether a column's values increase, and whether they are all different: what makes it a primary key.

use std::{
    cmp::Ordering,
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hasher},
};

use foldhash::fast::RandomState;
use versioning::{Type, Value};

use super::infer;

/// A column's order so far. Text is followed beside the type that the column seems to have, because each type may turn
/// out to be text in the end.
pub(super) struct Order {
    /// The last value; none when values of the type don't increase.
    typed: Increasing<Value>,
    /// The same for the values as text.
    text: Increasing<Vec<u8>>,
    seen: Seen,
    /// Some values were not remembered as they stand in the file.
    is_shortened: bool,
    hasher: RandomState,
}

enum Increasing<T> {
    Empty,
    To(T),
    No,
}

/// The hashes of the values so far.
enum Seen {
    /// Values that increase are different, so these are only needed when they cease to.
    Listed(Vec<u64>),
    Different(HashSet<u64, BuildHasherDefault<Identity>>),
    /// Two are equal, or there are too many to remember.
    Unknown,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            typed: Increasing::Empty,
            text: Increasing::Empty,
            seen: Seen::Listed(Vec::new()),
            is_shortened: false,
            hasher: RandomState::default(),
        }
    }
}

impl Order {
    /// Whether there is anything left to find out.
    pub(super) fn is_followed(&self) -> bool {
        self.is_alive() || !matches!(self.seen, Seen::Unknown)
    }

    fn is_alive(&self) -> bool {
        !matches!((&self.typed, &self.text), (Increasing::No, Increasing::No))
    }

    /// Takes the next value, a text that is not empty.
    pub(super) fn see(&mut self, ty: Type, text: &str, memory: &mut usize) {
        if !matches!(self.typed, Increasing::No) {
            self.typed = match (std::mem::replace(&mut self.typed, Increasing::No), infer::value(ty, text)) {
                _ if ty == Type::Text => Increasing::No,
                (Increasing::Empty, Some(value)) => Increasing::To(value),
                (Increasing::To(last), Some(value)) if compare(&last, &value) == Some(Ordering::Less) => {
                    Increasing::To(value)
                }
                _ => Increasing::No,
            };
        }
        match &mut self.text {
            Increasing::Empty => self.text = Increasing::To(text.as_bytes().to_vec()),
            Increasing::To(last) if last.as_slice() < text.as_bytes() => {
                last.clear();
                last.extend(text.as_bytes());
            }
            _ => self.text = Increasing::No,
        }
        if matches!(self.seen, Seen::Unknown) {
            return;
        }
        match canonical(ty, text) {
            Some(canonical) => {
                self.is_shortened |= canonical.len() < text.len();
                self.remember(self.hasher.hash_one(canonical.as_bytes()), memory);
            }
            None => self.forget(memory),
        }
    }

    fn remember(&mut self, hash: u64, memory: &mut usize) {
        if *memory == 0 {
            return self.forget(memory);
        }
        if !self.is_alive()
            && let Seen::Listed(hashes) = &mut self.seen
        {
            let hashes = std::mem::take(hashes);
            let count = hashes.len();
            let different: HashSet<_, _> = hashes.into_iter().collect();
            let is_repeated = different.len() < count;
            // The budget was charged for the list; whatever is given back is counted from the set.
            *memory += count - different.len();
            self.seen = Seen::Different(different);
            if is_repeated {
                return self.forget(memory);
            }
        }
        let is_new = match &mut self.seen {
            Seen::Listed(hashes) => {
                hashes.push(hash);
                true
            }
            Seen::Different(hashes) => hashes.insert(hash),
            Seen::Unknown => true,
        };
        if is_new {
            *memory -= 1;
        } else {
            self.forget(memory);
        }
    }

    fn forget(&mut self, memory: &mut usize) {
        *memory += match std::mem::replace(&mut self.seen, Seen::Unknown) {
            Seen::Listed(hashes) => hashes.len(),
            Seen::Different(hashes) => hashes.len(),
            Seen::Unknown => 0,
        };
    }

    /// The column turned out to have a wider type.
    pub(super) fn widen(&mut self, ty: Type, memory: &mut usize) {
        if ty == Type::Text && self.is_shortened {
            self.forget(memory);
        }
        if let Increasing::To(last) = &self.typed {
            let wider = if ty == Type::Text { None } else { infer::value(ty, &last.to_string()) };
            self.typed = wider.map_or(Increasing::No, Increasing::To);
        }
    }

    /// The column can't be a key any more.
    pub(super) fn stop(&mut self, memory: &mut usize) {
        self.typed = Increasing::No;
        self.text = Increasing::No;
        self.forget(memory);
    }

    /// Whether each value is greater than the one before it, in the order of the type.
    pub(super) fn is_increasing(&self, ty: Type) -> bool {
        if ty == Type::Text { matches!(self.text, Increasing::To(_)) } else { matches!(self.typed, Increasing::To(_)) }
    }

    /// Whether all values are known to be different.
    pub(super) fn is_unique(&self) -> bool {
        match &self.seen {
            Seen::Listed(hashes) => hashes.iter().collect::<HashSet<_>>().len() == hashes.len(),
            Seen::Different(_) => true,
            Seen::Unknown => false,
        }
    }
}

/// A part of the text that is the same for all texts of one value; none where that takes more than cutting off. Such a
/// column is taken for a key only if its values increase.
fn canonical(ty: Type, text: &str) -> Option<&str> {
    let trimmed = text.trim();
    match ty {
        Type::Text => Some(text),
        Type::Date => Some(trimmed),
        Type::Uuid => (!trimmed.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(trimmed),
        Type::Integer | Type::Decimal => {
            let number =
                if trimmed.contains('.') { trimmed.trim_end_matches('0').trim_end_matches('.') } else { trimmed };
            let has_other_texts =
                number == "-0" || number.starts_with('.') || number.starts_with("-.") || number.is_empty();
            (!has_other_texts).then_some(number)
        }
        Type::Choice => Some(trimmed),
        // yes and true, 1e2 and 100.0, noon in two time zones, a link with needless escapes
        Type::Boolean | Type::Float | Type::Timestamp | Type::Json | Type::Tags | Type::Link | Type::File => None,
    }
}

/// Compares values of one type as keys do.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    Some(match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => one.number().total_cmp(&other.number()),
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Timestamp(one), Value::Timestamp(other)) => one.cmp(other),
        (Value::Uuid(one), Value::Uuid(other)) => one.cmp(other),
        (Value::Choice(one), Value::Choice(other)) => one.cmp(other),
        (Value::Link(one), Value::Link(other)) => one.cmp(other),
        _ => return None,
    })
}

/// For what is a hash already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only whole hashes come here; any other key still gets a valid one.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}
