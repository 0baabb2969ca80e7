use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};

/// Something was taken back. It is what nodes tell each other, so it can be written as JSON:
/// `{"what":"session","id":"s1","until":1767226500000}`; all times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Revocation {
    /// One token.
    Token {
        /// Its `jti`.
        id: String,
        /// When it may be forgotten: no sooner than the token expires.
        #[serde(with = "millis")]
        until: Timestamp,
    },
    /// All tokens of one session.
    Session {
        /// Its `sid`.
        id: String,
        /// When it may be forgotten.
        #[serde(with = "millis")]
        until: Timestamp,
    },
    /// All tokens of one user that were issued before a moment.
    User {
        /// The collection that the id belongs to.
        collection: String,
        /// The user's id (`sub`).
        id: String,
        /// The first moment whose tokens are good again.
        #[serde(with = "millis")]
        issued_before: Timestamp,
        /// When it may be forgotten.
        #[serde(with = "millis")]
        until: Timestamp,
    },
    /// All tokens of one signing key. It is told from node to node and not remembered: whoever keeps the keys forgets this one, see
    /// [`KeyRing::forget`](crate::KeyRing::forget).
    Key {
        /// Its `kid`.
        id: String,
        /// When it may be forgotten.
        #[serde(with = "millis")]
        until: Timestamp,
    },
    /// All tokens of everybody that were issued before a moment.
    Everything {
        /// The first moment whose tokens are good again.
        #[serde(with = "millis")]
        issued_before: Timestamp,
        /// When it may be forgotten.
        #[serde(with = "millis")]
        until: Timestamp,
    },
}

impl Revocation {
    /// When it may be forgotten, because no token that it concerns is good any more.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        match self {
            Self::Token { until, .. }
            | Self::Session { until, .. }
            | Self::User { until, .. }
            | Self::Key { until, .. }
            | Self::Everything { until, .. } => *until,
        }
    }
}

mod millis {
    use portcullis_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.unix_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_unix_millis)
    }
}
