//! Passwords that are tried first.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Sorted by byte, lower case, one a line. Source and licence: `data/README.md`.
const EMBEDDED: &str = include_str!("../../data/common-passwords.txt");
/// The shortest entry of the embedded list.
const SHORTEST: usize = 6;

/// A list of passwords that are too common, compared as a whole and without regard to case.
///
/// The embedded list has the 27 986 most common passwords of six characters or more, 11 611 of them of eight or more (ASVS 5.0
/// 6.2.4 asks for 3 000). A listed password written several times in a row counts as common too.
///
/// ```
/// use portcullis_password::CommonPasswords;
///
/// let list = CommonPasswords::embedded().with(["portcullis-demo"]);
/// assert!(list.contains("Password1"));
/// assert!(list.contains("passwordpassword"));
/// assert!(list.contains("Portcullis-Demo"));
/// assert!(!list.contains("correct horse battery staple"));
/// ```
#[derive(Clone)]
pub struct CommonPasswords {
    embedded: bool,
    own: Arc<BTreeSet<String>>,
}

impl CommonPasswords {
    /// The embedded list.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            embedded: true,
            own: Arc::default(),
        }
    }

    /// A list with nothing in it, to be filled by [`with`](Self::with).
    #[must_use]
    pub fn empty() -> Self {
        Self {
            embedded: false,
            own: Arc::default(),
        }
    }

    /// Adds an application's own entries.
    #[must_use]
    pub fn with<T: AsRef<str>>(mut self, passwords: impl IntoIterator<Item = T>) -> Self {
        let folded = passwords
            .into_iter()
            .map(|password| fold(password.as_ref()).to_string());
        Arc::make_mut(&mut self.own).extend(folded);
        self
    }

    /// Whether the password is on the list, or is an entry repeated.
    #[must_use]
    pub fn contains(&self, password: &str) -> bool {
        let folded = fold(password);
        self.has(&folded) || repeated_unit(&folded).is_some_and(|unit| self.has(unit))
    }

    /// The embedded entries, sorted by byte.
    pub fn embedded_entries() -> impl Iterator<Item = &'static str> {
        EMBEDDED.lines()
    }

    fn has(&self, folded: &str) -> bool {
        self.own.contains(folded) || (self.embedded && has_line(EMBEDDED, folded))
    }
}

/// Space is reserved once, because a growing string would leave copies of the password behind.
fn fold(password: &str) -> Zeroizing<String> {
    let mut folded = Zeroizing::new(String::with_capacity(password.len() * 3));
    folded.extend(password.nfkc().flat_map(char::to_lowercase));
    folded
}

/// The shortest text of which the password is two or more copies, if it is long enough to be on the list.
fn repeated_unit(text: &str) -> Option<&str> {
    let length = text.len();
    (SHORTEST..=length / 2)
        .filter(|unit| length.is_multiple_of(*unit) && text.is_char_boundary(*unit))
        .map(|unit| text.split_at(unit).0)
        .find(|unit| {
            text.as_bytes()
                .chunks(unit.len())
                .all(|chunk| chunk == unit.as_bytes())
        })
}

/// Binary search over sorted lines.
fn has_line(lines: &str, wanted: &str) -> bool {
    let bytes = lines.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let (start, end) = line_around(bytes, low + (high - low) / 2);
        match bytes[start..end].cmp(wanted.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// Where the line with the byte at `position` begins and ends.
fn line_around(bytes: &[u8], position: usize) -> (usize, usize) {
    let newline = |byte: &u8| *byte == b'\n';
    let start = bytes[..position]
        .iter()
        .rposition(newline)
        .map_or(0, |index| index + 1);
    let end = bytes[position..]
        .iter()
        .position(newline)
        .map_or(bytes.len(), |index| position + index);
    (start, end)
}

impl fmt::Debug for CommonPasswords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CommonPasswords")
            .field("embedded", &self.embedded)
            .field("own", &self.own.len())
            .finish()
    }
}
