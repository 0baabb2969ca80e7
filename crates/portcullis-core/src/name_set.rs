//! Scopes, permissions and role names are all the same thing underneath: a small set of names, asked for membership on
//! every request. Names live in one string; a hash table answers the common question in a few nanoseconds, however many they
//! are.

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

/// A place of the table: a name, or nobody's.
#[derive(Clone, Copy)]
struct Place {
    hash: u64,
    start: u32,
    /// After the name; 0 in a free place, for no name is empty.
    end: u32,
}

impl Place {
    const FREE: Self = Self {
        hash: 0,
        start: 0,
        end: 0,
    };

    fn holds(self, joined: &str, hash: u64, name: &str) -> bool {
        let text = self.start as usize..self.end as usize;
        self.hash == hash && joined.as_bytes()[text] == *name.as_bytes()
    }
}

/// ASCII's unit separator. A name that has it in it is no name.
const SEPARATOR: char = '\u{1f}';

/// An immutable set of names that keeps the order in which they came.
#[derive(Clone, Default)]
pub(crate) struct NameSet {
    /// The names in their order, with one separator after each but the last.
    joined: Box<str>,
    /// A power of two of places, at most three of four taken. A name stands at the place that its hash gives, or at the first
    /// free one after it.
    places: Box<[Place]>,
    count: usize,
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
        let mut set = Self {
            joined: Box::default(),
            places: vec![Place::FREE; room_for(count)].into(),
            count: 0,
        };
        for name in names {
            set.push(&mut joined, name);
        }
        set.joined = joined.into();
        set
    }

    fn push(&mut self, joined: &mut String, name: &str) {
        if name.is_empty() || has_byte(name, SEPARATOR as u8) {
            return;
        }
        let hash = hash(name);
        let at = self.place_of(joined, hash, name);
        let is_known = self.places[at].end != 0;
        // Names come from configuration and from credentials of bounded size; what does not fit 32 bits is no name.
        let fits = u32::try_from(joined.len() + 1 + name.len()).is_ok();
        if is_known || !fits {
            return;
        }
        if !joined.is_empty() {
            joined.push(SEPARATOR);
        }
        let start = joined.len() as u32;
        joined.push_str(name);
        self.places[at] = Place {
            hash,
            start,
            end: joined.len() as u32,
        };
        self.count += 1;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.joined.split(SEPARATOR).filter(|name| !name.is_empty())
    }

    /// Whether any name has this byte in it, which is not the separator.
    pub(crate) fn has_byte(&self, byte: u8) -> bool {
        has_byte(&self.joined, byte)
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn contains(&self, name: &Name) -> bool {
        self.find(name.hash, &name.text)
    }

    pub(crate) fn contains_str(&self, name: &str) -> bool {
        self.find(hash(name), name)
    }

    fn find(&self, hash: u64, name: &str) -> bool {
        self.count > 0 && self.places[self.place_of(&self.joined, hash, name)].end != 0
    }

    /// Where a name stands, or the free place where it would. There is always a free one.
    fn place_of(&self, joined: &str, hash: u64, name: &str) -> usize {
        let last = self.places.len() - 1;
        // The lower bits of the hash know only the lower bits of the letters.
        let mut at = (hash ^ (hash >> 32)) as usize & last;
        while self.places[at].end != 0 && !self.places[at].holds(joined, hash, name) {
            at = (at + 1) & last;
        }
        at
    }
}

/// Names are short: to set up a search that pays for long texts would cost more than this.
fn has_byte(text: &str, wanted: u8) -> bool {
    text.bytes().any(|byte| byte == wanted)
}

/// How many places so many names take.
fn room_for(count: usize) -> usize {
    match count {
        0 => 0,
        count => (count * 4 / 3 + 1).next_power_of_two(),
    }
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
