//! What keys look like.

mod base62;
mod pattern;

pub use self::pattern::{KEY_PATTERN, key_pattern};

pub(crate) use self::base62::{ALPHABET, checksum};
use crate::KeyId;
use crate::key_id::KEY_ID_LENGTH;
use crate::prefix::{MAX_PREFIX_LENGTH, is_prefix};

/// The two forms of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyFormat {
    /// `{prefix}_{64 hex}`: 256 random bits and nothing else. It is looked up by its digest.
    Classic,
    /// `{prefix}_{12 base62 key id}{32 base62 secret}{6 base62 checksum}`: 190 random bits, a public id to look it up by,
    /// and a CRC-32 of all that stands before it, so that a mistyped key, and a scanner's false find, is told from a real
    /// key without asking anybody.
    #[default]
    Checked,
}

/// How many base62 characters of a checked key are secret: 32 × log2(62) = 190.5 bits.
pub(crate) const SECRET_LENGTH: usize = 32;
/// CRC-32 in base62: 62^6 > 2^32.
pub(crate) const CHECKSUM_LENGTH: usize = 6;
/// What follows the underscore in a checked key.
const CHECKED_LENGTH: usize = KEY_ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH;
/// What follows the underscore in a classic key.
pub(crate) const CLASSIC_LENGTH: usize = 64;
/// The longest text that can be a key.
pub(crate) const MAX_KEY_LENGTH: usize = MAX_PREFIX_LENGTH + 1 + CLASSIC_LENGTH;

/// Says whether a text has the form of a key, and of which kind; for a checked key that includes its checksum.
///
/// It knows nothing of whether such a key exists: it is for scanners, for forms, and for tools that want to say "this is not
/// a key" without a question to the server. Every prefix is accepted.
///
/// ```
/// use portcullis_key::{KeyFormat, verify_format};
///
/// let key = "sk_0000000000000123456789abcdefghijklmnopqrstuv1yq6NW";
/// assert_eq!(verify_format(key), Some(KeyFormat::Checked));
/// assert_eq!(verify_format(&key.replace('a', "b")), None);
/// ```
#[must_use]
pub fn verify_format(text: &str) -> Option<KeyFormat> {
    KeyText::parse(text).map(|key| key.layout.format)
}

/// Where the parts of a key stand in its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) format: KeyFormat,
    /// Without the underscore.
    pub(crate) prefix_length: usize,
}

/// A borrowed text that has the form of a key.
#[derive(Clone, Copy)]
pub(crate) struct KeyText<'a> {
    text: &'a str,
    layout: Layout,
}

impl<'a> KeyText<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_KEY_LENGTH {
            return None;
        }
        let (prefix, body) = text.rsplit_once('_')?;
        let format = match body.len() {
            CHECKED_LENGTH if is_checked(text, body) => KeyFormat::Checked,
            CLASSIC_LENGTH if all(body.as_bytes(), is_hex) => KeyFormat::Classic,
            _ => return None,
        };
        let layout = Layout {
            format,
            prefix_length: prefix.len(),
        };
        is_prefix(prefix.as_bytes()).then_some(Self { text, layout })
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }

    pub(crate) fn layout(self) -> Layout {
        self.layout
    }

    pub(crate) fn prefix(self) -> &'a str {
        &self.text[..self.layout.prefix_length]
    }

    pub(crate) fn key_id(self) -> Option<KeyId> {
        self.layout.key_id(self.text)
    }
}

impl Layout {
    /// The id that stands in a checked key.
    pub(crate) fn key_id(self, text: &str) -> Option<KeyId> {
        let start = self.prefix_length + 1;
        match self.format {
            KeyFormat::Classic => None,
            KeyFormat::Checked => text.get(start..start + KEY_ID_LENGTH)?.parse().ok(),
        }
    }
}

/// Whether all bytes pass. It looks at every one of them, without a way out in between, which compilers turn into a few
/// vector instructions.
pub(crate) fn all(bytes: &[u8], passes: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, byte| all & passes(*byte))
}

/// Lower case only, as keys are made: a second spelling of a key would have another digest anyway.
fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_checked(text: &str, body: &str) -> bool {
    // Base62 is ASCII, so from here on every byte is a character.
    all(body.as_bytes(), |byte| byte.is_ascii_alphanumeric())
        && text
            .split_at_checked(text.len() - CHECKSUM_LENGTH)
            .is_some_and(|(payload, sum)| checksum(payload) == sum.as_bytes())
}
