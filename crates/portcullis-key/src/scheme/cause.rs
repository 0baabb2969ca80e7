use portcullis_core::Denial;

use crate::observe;

/// Why a key was refused: for the log alone. A client that could tell them apart would learn which keys exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Malformed,
    Unknown,
    /// The id exists, the secret is another.
    Mismatch,
    Disabled,
    Expired,
    /// The key belongs to another collection than the one that was named beside it.
    Collection,
    /// The application's closure said no.
    NotValidated,
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Mismatch => "mismatch",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Collection => "collection",
            Self::NotValidated => "not_validated",
        }
    }

    /// The one answer to all of them. `key_id` must be an id, never a key.
    pub(super) fn denial(self, key_id: Option<&str>) -> Denial {
        observe::refused(self.as_str(), key_id);
        Denial::invalid_credential("invalid_api_key").with_detail("the API key is not valid")
    }
}
