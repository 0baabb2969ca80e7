use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::format::{KeyText, Layout};
use crate::generate::generate;
use crate::{KeyDigest, KeyFormat, KeyId, KeyPrefix, RandomnessUnavailable};

/// How much of a key may be shown in lists, after its prefix.
const SHOWN: usize = 4;

/// An API key in the clear.
///
/// There are two moments in the life of a key when there is one: when it is made, and shown to its owner once; and when it is
/// presented. In between, only its [`digest`](Self::digest) is kept. The text is overwritten when this is dropped, `Debug`
/// does not show it, there is no `Display` and no `Serialize`: to get at it, say [`expose`](Self::expose).
///
/// ```
/// use portcullis_key::{ApiKey, KeyFormat, KeyPrefix};
///
/// let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
/// assert_eq!(key.format(), Some(KeyFormat::Checked));
/// assert!(key.expose().starts_with("sk_"));
/// assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
///
/// // What to keep: an id to find it by, a digest to compare, and a beginning to show in lists.
/// let (id, digest, start) = (key.key_id(), key.digest(), key.start());
/// assert!(key.expose().starts_with(start));
/// # let _ = (id, digest);
/// ```
pub struct ApiKey {
    text: Zeroizing<String>,
    /// `None` for a key of another system.
    layout: Option<Layout>,
}

impl ApiKey {
    /// Makes a checked key (see [`KeyFormat::Checked`]) out of the operating system's randomness.
    ///
    /// # Errors
    ///
    /// If the operating system gives no randomness.
    pub fn generate(prefix: &KeyPrefix) -> Result<Self, RandomnessUnavailable> {
        Self::generate_as(KeyFormat::Checked, prefix)
    }

    /// Makes a key of either format.
    ///
    /// # Errors
    ///
    /// If the operating system gives no randomness.
    pub fn generate_as(
        format: KeyFormat,
        prefix: &KeyPrefix,
    ) -> Result<Self, RandomnessUnavailable> {
        let layout = Layout {
            format,
            prefix_length: prefix.as_str().len(),
        };
        Ok(Self {
            text: generate(format, prefix)?,
            layout: Some(layout),
        })
    }

    /// A key that was presented, in one of our formats.
    pub(crate) fn from_text(key: KeyText<'_>) -> Self {
        Self {
            text: Zeroizing::new(key.as_str().to_owned()),
            layout: Some(key.layout()),
        }
    }

    /// A key that was presented, of another system.
    pub(crate) fn foreign(text: &str) -> Self {
        Self {
            text: Zeroizing::new(text.to_owned()),
            layout: None,
        }
    }

    /// The key itself. Show it to its owner once; do not write it down anywhere.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What to store in place of the key, and to compare in constant time.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(&self.text)
    }

    /// The format; `None` for a key of another system (see [`ApiKeys::with_foreign_keys`](crate::ApiKeys::with_foreign_keys)).
    #[must_use]
    pub fn format(&self) -> Option<KeyFormat> {
        self.layout.map(|layout| layout.format)
    }

    /// The prefix, without the underscore; empty for a key of another system.
    #[must_use]
    pub fn prefix(&self) -> &str {
        let length = self.layout.map_or(0, |layout| layout.prefix_length);
        self.text.get(..length).unwrap_or_default()
    }

    /// The public id that stands in a checked key.
    #[must_use]
    pub fn key_id(&self) -> Option<KeyId> {
        self.layout?.key_id(&self.text)
    }

    /// The prefix and four characters more, for lists in which an owner is to recognise a key; empty for a key of another
    /// system.
    ///
    /// Of a checked key the four belong to its public id; of a classic key they give away 16 of 256 bits.
    #[must_use]
    pub fn start(&self) -> &str {
        let length = self
            .layout
            .map_or(0, |layout| layout.prefix_length + 1 + SHOWN);
        self.text.get(..length).unwrap_or_default()
    }
}

impl FromStr for ApiKey {
    type Err = InvalidKey;

    /// Reads a key of either format with any prefix.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        KeyText::parse(text)
            .map(Self::from_text)
            .ok_or(InvalidKey(()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

/// The text does not have the form of a key, or its checksum is wrong. It does not say which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidKey(());

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not an API key")
    }
}

impl std::error::Error for InvalidKey {}
