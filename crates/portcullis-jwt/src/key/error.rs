use std::fmt;

/// Why a key cannot be used. The message says what to do instead, and never shows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    kind: KeyErrorKind,
    message: &'static str,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// The bytes are not a key of the expected form.
    Malformed,
    /// The key is too short to resist an attack.
    Weak,
    /// The secret is one that everybody knows: a default, an example, or one repeated character.
    Known,
    /// The key is of another kind than its algorithm needs, or keys of different kinds are mixed.
    WrongKind,
    /// The key is meant for something else: encryption, or another algorithm.
    Unsuitable,
    /// Another key of the set has the same `kid`.
    DuplicateKid,
    /// The operating system gave no randomness, or the crypto library failed.
    Unavailable,
}

impl KeyError {
    pub(crate) const fn new(kind: KeyErrorKind, message: &'static str) -> Self {
        Self { kind, message }
    }

    pub(crate) const fn malformed(message: &'static str) -> Self {
        Self::new(KeyErrorKind::Malformed, message)
    }

    pub(crate) const fn unsuitable(message: &'static str) -> Self {
        Self::new(KeyErrorKind::Unsuitable, message)
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> KeyErrorKind {
        self.kind
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for KeyError {}
