use portcullis_core::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};

use crate::oauth::{Behaviour, Endpoint};

/// What a hostile provider does otherwise than it should.
///
/// Where something is changed by JSON, that is an object whose members replace those that are there; `null` takes one away.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trick {
    /// The id token's claims.
    Claims(Value),
    /// The id token's header.
    Header(Value),
    /// The id token's signature.
    Signature(Signature),
    /// What the token endpoint answers.
    TokenResponse(Value),
    /// What the userinfo endpoint answers.
    Userinfo(Value),
    /// The document that discovery finds.
    Discovery(Value),
    /// What the browser brings back: names of parameters, and their values as text.
    Callback(Value),
    /// A place behaves otherwise altogether.
    Behave(Endpoint, Behaviour),
}

/// How an id token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// Not at all, and its `alg` is `none`.
    None,
    /// Not at all, and its `alg` is what it always is.
    Missing,
    /// With the right key, but over something else.
    Changed,
    /// With another key, under the right one's `kid`.
    OtherKey,
    /// With another key, which stands in the header as `jwk`.
    EmbeddedKey,
    /// With HS256, and the public key as the secret.
    PublicKeyAsSecret,
    /// With HS256, and the application's secret.
    ClientSecret,
}

impl Signature {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::OtherKey => "other-key",
            Self::EmbeddedKey => "embedded-key",
            Self::PublicKeyAsSecret => "public-key-as-secret",
            Self::ClientSecret => "client-secret",
        }
    }
}

impl Trick {
    /// The id token expired an hour ago.
    #[must_use]
    pub fn expired() -> Self {
        Self::Claims(json!({ "iat": seconds(-7200), "nbf": seconds(-7200), "exp": seconds(-3600) }))
    }

    /// The id token was issued in an hour's time.
    #[must_use]
    pub fn issued_in_future() -> Self {
        Self::Claims(json!({ "iat": seconds(3600), "nbf": null, "exp": seconds(7200) }))
    }

    /// The person logged in so many seconds ago.
    #[must_use]
    pub fn logged_in_ago(seconds_ago: i64) -> Self {
        Self::Claims(json!({ "auth_time": seconds(-seconds_ago) }))
    }

    fn part(&self) -> (&'static str, Value) {
        match self {
            Self::Claims(change) => ("claims", change.clone()),
            Self::Header(change) => ("header", change.clone()),
            Self::Signature(signature) => ("signature", signature.name().into()),
            Self::TokenResponse(change) => ("tokenResponse", change.clone()),
            Self::Userinfo(change) => ("userinfo", change.clone()),
            Self::Discovery(change) => ("discovery", change.clone()),
            Self::Callback(change) => ("callback", change.clone()),
            Self::Behave(at, behaviour) => {
                ("behaviours", json!({ at.name(): behaviour.to_json() }))
            }
        }
    }

    /// All of them as the script on node reads them. Two of a kind are one change.
    pub(super) fn to_json(tricks: &[Self]) -> Value {
        let mut all = Map::new();
        for (name, part) in tricks.iter().map(Self::part) {
            match (all.get_mut(name), part) {
                (Some(Value::Object(earlier)), Value::Object(more)) => earlier.extend(more),
                (_, part) => drop(all.insert(name.to_owned(), part)),
            }
        }
        Value::Object(all)
    }
}

/// The machine's time, so much later, in seconds.
fn seconds(later: i64) -> i64 {
    SystemClock.now().unix_seconds() + later
}
