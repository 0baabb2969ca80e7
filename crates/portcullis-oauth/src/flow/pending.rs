use std::fmt;
use std::time::Duration;

use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How long a user may take at the provider (AC-A1).
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A login that waits for the user to come back: what [`Provider::authorize`](crate::Provider::authorize) made up for it, to be
/// compared and used once by [`Provider::exchange`](crate::Provider::exchange). Good for 10 minutes.
///
/// Keep it where only the server reads and only this browser leads: in the user's session, or in a store under a key that a
/// `__Host-` cookie holds. It serialises for that, with its secrets in the clear; do not put it into a cookie unencrypted.
///
/// **Take it out before the exchange.** Each may be used once, and this crate, which has no store, cannot see to that: two
/// callbacks with one state must find one pending login between them, so remove it atomically (`DELETE … RETURNING`, `GETDEL`)
/// and exchange what came out. Providers refuse a code that comes twice, but not all do so at once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    provider: String,
    issuer: String,
    state: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<Secret>,
    verifier: Secret,
    redirect_uri: String,
    created_at: Timestamp,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
}

/// Whose login it is, and when it began.
pub(crate) struct Journey<'a> {
    pub(crate) provider: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) max_age: Option<Duration>,
}

/// What was made up for it.
pub(crate) struct Begun {
    pub(crate) state: Secret,
    pub(crate) nonce: Option<Secret>,
    pub(crate) verifier: Secret,
}

impl Pending {
    pub(crate) fn new(journey: &Journey<'_>, begun: Begun) -> Self {
        Self {
            provider: journey.provider.to_owned(),
            issuer: journey.issuer.to_owned(),
            state: begun.state,
            nonce: begun.nonce,
            verifier: begun.verifier,
            redirect_uri: journey.redirect_uri.to_owned(),
            created_at: journey.created_at,
            max_age: journey.max_age.map(|age| age.as_secs()),
        }
    }

    /// The state, to keep the pending login under where several are kept side by side.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// The first moment at which it is good no more: 10 minutes after it was made.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.saturating_add(LIFETIME)
    }

    pub(crate) fn is_of(&self, provider: &str, issuer: &str) -> bool {
        self.provider == provider && self.issuer == issuer
    }

    /// Compared in constant time.
    pub(crate) fn has_state(&self, state: Option<&str>) -> bool {
        state.is_some_and(|state| self.state.equals(state))
    }

    pub(crate) fn nonce(&self) -> Option<&Secret> {
        self.nonce.as_ref()
    }

    pub(crate) fn verifier(&self) -> &Secret {
        &self.verifier
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.max_age.map(Duration::from_secs)
    }

    /// A login that begins in the future is one of a clock that was set back, and is good as long as any other.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at()
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("provider", &self.provider)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
