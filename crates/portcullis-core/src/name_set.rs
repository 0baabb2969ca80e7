//! Scopes, permissions and role names are all the same thing underneath: a small set of names, asked for membership on
//! every request. Names live in one string; a sorted table of their hashes answers the common question in a few nanoseconds.

use std::fmt;

/// A name to ask for, hashed once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name {
    text: Box<str>,
    hash: u64,
}

impl Name {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let hash = hash(&text);
        Self { text, hash }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// FNV-1a, 64 bits. A collision costs one comparison of strings, so it need not resist an enemy.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    start: u32,
    end: u32,
}

/// ASCII's unit separator. A name that has it in it is no name.
const SEPARATOR: char = '\u{1f}';

/// An immutable set of names that keeps the order in which they came.
#[derive(Clone, Default)]
pub(crate) struct NameSet {
    /// The names in their order, with one separator after each but the last.
    joined: Box<str>,
    /// Sorted by hash.
    entries: Box<[Entry]>,
}

impl NameSet {
    /// Collects names; empty ones, repetitions, and what holds the separator, are dropped.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> Self {
        let names = names.into_iter();
        // Measured first, so that each of the two allocations is made once, at its size.
        let (count, length) = names.clone().fold((0, 0), |(count, length), name| {
            (count + 1, length + name.len() + 1)
        });
        let mut joined = String::with_capacity(length.saturating_sub(1));
        let mut entries = Vec::with_capacity(count);
        for name in names {
            push(&mut joined, &mut entries, name);
        }
        entries.sort_unstable_by_key(|entry: &Entry| entry.hash);
        Self {
            joined: joined.into(),
            entries: entries.into(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.joined.split(SEPARATOR).filter(|name| !name.is_empty())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, name: &Name) -> bool {
        self.find(name.hash, &name.text)
    }

    pub(crate) fn contains_str(&self, name: &str) -> bool {
        self.find(hash(name), name)
    }

    fn find(&self, hash: u64, text: &str) -> bool {
        // Most sets hold a handful of names, and a short walk beats a search.
        let first = match self.entries.len() {
            0..=8 => 0,
            _ => self.entries.partition_point(|entry| entry.hash < hash),
        };
        self.entries[first..]
            .iter()
            .take_while(|entry| entry.hash <= hash)
            .any(|entry| entry.hash == hash && self.text(*entry) == text)
    }

    fn text(&self, entry: Entry) -> &str {
        &self.joined[entry.start as usize..entry.end as usize]
    }
}

fn push(joined: &mut String, entries: &mut Vec<Entry>, name: &str) {
    let hash = hash(name);
    let known = |entry: &Entry| {
        entry.hash == hash && &joined[entry.start as usize..entry.end as usize] == name
    };
    // Names come from configuration and from credentials of bounded size; what does not fit 32 bits is no name.
    let Ok(end) = u32::try_from(joined.len() + 1 + name.len()) else {
        return;
    };
    if name.is_empty() || name.contains(SEPARATOR) || entries.iter().any(known) {
        return;
    }
    let end = if joined.is_empty() { end - 1 } else { end };
    if !joined.is_empty() {
        joined.push(SEPARATOR);
    }
    let start = end - name.len() as u32;
    joined.push_str(name);
    entries.push(Entry { hash, start, end });
}

impl PartialEq for NameSet {
    /// Equal sets hold the same names, in whatever order they came.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|name| other.contains_str(name))
    }
}

impl Eq for NameSet {}

impl fmt::Debug for NameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
