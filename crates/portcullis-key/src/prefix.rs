use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What a key begins with, so that people and scanners see whose key it is: `sk`, `acme_live`.
///
/// One lower-case letter, then up to 31 lower-case letters, digits and underscores: `[a-z][a-z0-9_]{0,31}`. In a key, an
/// underscore follows it; the rest of a key never holds one, so the *last* underscore is where a prefix ends, and `sk` and
/// `sk_live` can never be taken for one another.
///
/// ```
/// use portcullis_key::KeyPrefix;
///
/// assert_eq!(KeyPrefix::default().as_str(), "sk");
/// assert!("acme_live".parse::<KeyPrefix>().is_ok());
/// assert!("Acme".parse::<KeyPrefix>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPrefix(Cow<'static, str>);

/// The longest prefix, in characters.
pub(crate) const MAX_PREFIX_LENGTH: usize = 32;

impl KeyPrefix {
    /// Takes a prefix that is written in the program.
    ///
    /// # Panics
    ///
    /// If it does not have the form of a prefix; in a `const`, that is an error of compilation.
    #[must_use]
    pub const fn from_static(prefix: &'static str) -> Self {
        assert!(
            is_prefix(prefix.as_bytes()),
            "a key prefix is [a-z][a-z0-9_]{{0,31}}"
        );
        Self(Cow::Borrowed(prefix))
    }

    /// Takes a prefix that comes from configuration.
    ///
    /// # Errors
    ///
    /// If it does not have the form `[a-z][a-z0-9_]{0,31}`.
    pub fn new(prefix: impl Into<String>) -> Result<Self, InvalidPrefix> {
        let prefix = prefix.into();
        match is_prefix(prefix.as_bytes()) {
            true => Ok(Self(Cow::Owned(prefix))),
            false => Err(InvalidPrefix(())),
        }
    }

    /// The prefix, without the underscore that follows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text begins with this prefix and an underscore.
    pub(crate) fn begins(&self, text: &str) -> bool {
        text.strip_prefix(self.as_str())
            .is_some_and(|rest| rest.starts_with('_'))
    }
}

pub(crate) const fn is_prefix(text: &[u8]) -> bool {
    if text.is_empty() || text.len() > MAX_PREFIX_LENGTH || !text[0].is_ascii_lowercase() {
        return false;
    }
    let mut position = 1;
    while position < text.len() {
        if !matches!(text[position], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        position += 1;
    }
    true
}

impl Default for KeyPrefix {
    /// `sk`.
    fn default() -> Self {
        Self::from_static("sk")
    }
}

impl FromStr for KeyPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The text does not have the form of a key's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPrefix(());

impl fmt::Display for InvalidPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a key prefix is a lower-case letter and up to 31 lower-case letters, digits and '_'",
        )
    }
}

impl std::error::Error for InvalidPrefix {}
