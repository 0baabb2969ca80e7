use std::time::Duration;

use portcullis_jwt::Algorithm;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a key signs. NIST SP 800-57 Part 1 rev. 5 (§5.3.6, table 1) lets a private key for authentication be used for one to two
/// years, and less where it is used much and by machines that face the network: a quarter of one.
const EVERY: Duration = Duration::from_secs(90 * 24 * 3600);

/// Whoever fetches the JWKS once a day has the next key in time.
const ANNOUNCED_FOR: Duration = DAY;

/// Twice the five minutes after which those who fetch a JWKS commonly fetch it again, and ten times the minute by which clocks of nodes
/// may differ.
const SHORTEST_ANNOUNCEMENT: Duration = Duration::from_secs(600);

/// How much longer than its tokens live a key verifies: for nodes whose clocks are behind, which sign with it that much longer.
const LATE: Duration = Duration::from_secs(600);

/// How signing keys that nodes keep together in the account store follow one another; for
/// [`AccountsBuilder::stored_keys`](crate::AccountsBuilder::stored_keys).
///
/// ```
/// use std::time::Duration;
/// use portcullis_accounts::KeyRotation;
/// use portcullis_jwt::Algorithm;
///
/// let day = Duration::from_secs(24 * 3600);
/// let rotation = KeyRotation::new().algorithm(Algorithm::Es256).every(30 * day).announced_for(2 * day);
/// # let _ = rotation;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct KeyRotation {
    algorithm: Algorithm,
    every: Duration,
    announced_for: Duration,
    is_insecurely_brief: bool,
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyRotation {
    /// An Ed25519 key (EdDSA) every 90 days, announced for a day.
    pub fn new() -> Self {
        Self {
            algorithm: Algorithm::EdDsa,
            every: EVERY,
            announced_for: ANNOUNCED_FOR,
            is_insecurely_brief: false,
        }
    }

    /// What new keys sign by: any algorithm of public keys; EdDSA unless said. Keys that are there stay what they are: another algorithm
    /// comes with the next key.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How long a key signs; 90 days unless said. At least twice as long as it is announced, and as long as an access token lives.
    pub fn every(mut self, time: Duration) -> Self {
        self.every = time;
        self
    }

    /// For how long the next key is published before it signs; a day unless said, ten minutes at least. It should be longer than anybody
    /// keeps the JWKS without asking again. A node that has not read the keys for half of it signs nothing until it has.
    pub fn announced_for(mut self, time: Duration) -> Self {
        self.announced_for = time;
        self
    }

    /// The same, of any length: for tests in which keys follow one another within seconds. Verifiers that have fetched the JWKS refuse the
    /// tokens of a key that they did not see in time, and so may nodes whose clocks differ by more than that.
    pub fn with_insecure_announcement(mut self, time: Duration) -> Self {
        self.is_insecurely_brief = true;
        self.announced_for(time)
    }

    /// What makes no sense, in words, where access tokens live this long.
    pub(crate) fn fault(&self, token_life: Duration) -> Option<&'static str> {
        let shortest = match self.is_insecurely_brief {
            true => Duration::from_millis(1),
            false => SHORTEST_ANNOUNCEMENT,
        };
        if self.algorithm.is_symmetric() {
            Some("stored keys sign by an algorithm of public keys, such as EdDSA or ES256")
        } else if self.announced_for < shortest {
            Some("stored keys are announced for ten minutes or longer")
        } else if self.every < self.announced_for.saturating_mul(2) {
            Some("a stored key signs for at least twice as long as it is announced")
        } else if self.every < token_life {
            Some("a stored key signs for at least as long as an access token lives")
        } else {
            None
        }
    }

    pub(super) const fn made_by(&self) -> Algorithm {
        self.algorithm
    }

    /// How long before it signs a key is made.
    pub(super) const fn announcement(&self) -> Duration {
        self.announced_for
    }

    /// How long after a key begins to sign the next one is made.
    pub(super) fn next_after(&self) -> Duration {
        self.every.saturating_sub(self.announced_for)
    }

    /// How long after the next key begins to sign this one verifies.
    pub(super) fn verifies_on(&self, token_life: Duration) -> Duration {
        token_life.saturating_add(self.announced_for.min(LATE))
    }

    /// For how long what was read is enough to sign: whatever key was made meanwhile does not sign yet.
    pub(super) fn known_for(&self) -> Duration {
        self.announced_for / 2
    }
}
