use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{RoleMap, ScopeMap, SharedClock, SystemClock};

use super::mapping::Mapping;
use super::path::ClaimPath;
use super::pick::Target;
use super::rules::Rules;
use super::verifier::{Inner, Verifier};
use crate::cache::TokenCache;
use crate::{Algorithm, KeySource, Purpose, Revocations};

/// How many verified tokens are kept, unless said: room for some twenty thousand that are in use at one time.
const CACHED_TOKENS: usize = 65_536;

/// How many bytes the verified tokens may take, unless said.
const CACHED_BYTES: usize = 32 * 1024 * 1024;

/// How long a verified token is kept at most, unless said.
const CACHED_FOR: Duration = Duration::from_secs(5 * 60);

/// The most that clocks may be said to disagree.
const MOST_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// Collects what a [`Verifier`] must know.
///
/// Unless said otherwise it accepts access tokens with `exp`, of any issuer that signs with its keys, without an audience; its
/// leeway is 60 seconds both ways; it keeps up to 65 536 verified tokens of the asymmetric algorithms, in at most 32 MiB, each
/// for at most five minutes.
#[must_use]
pub struct VerifierBuilder {
    keys: Arc<dyn KeySource>,
    rules: Rules,
    mapping: Mapping,
    revocations: Option<Revocations>,
    clock: SharedClock,
    cache: Option<(usize, usize)>,
    caches_symmetric: bool,
    longest_in_cache: Duration,
}

impl VerifierBuilder {
    pub(super) fn new(keys: Arc<dyn KeySource>) -> Self {
        Self {
            keys,
            rules: Rules::default(),
            mapping: Mapping::default(),
            revocations: None,
            clock: SystemClock::shared(),
            cache: Some((CACHED_TOKENS, CACHED_BYTES)),
            caches_symmetric: false,
            longest_in_cache: CACHED_FOR,
        }
    }

    /// Accepts tokens of this issuer (`iss`, compared exactly); may be said more than once. Unless said, `iss` is not looked at.
    pub fn issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.rules.issuers.push(issuer.into());
        self
    }

    /// Accepts tokens for this audience (`aud`, compared exactly, with each of a list); may be said more than once. From then on
    /// a token without `aud` is refused. Unless said, a token *with* `aud` is refused, for it is meant for someone else.
    pub fn audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.rules.has_audience = true;
        self.mapping.audiences.push(audience.into());
        self
    }

    /// Does not look at `aud`.
    ///
    /// Insecure: a token that its owner gave to one service is then good at all others that trust the same issuer.
    pub fn with_insecure_any_audience(mut self) -> Self {
        self.rules.any_audience = true;
        self
    }

    /// Accepts tokens of this purpose and no other; [`Purpose::Access`] unless said. For all others the claim `token_use` must
    /// say it; for access tokens it may be missing, since only our own issuer writes it.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.rules.purpose = purpose;
        self
    }

    /// Accepts only tokens whose header says `typ: at+jwt` (RFC 9068 §4); unless said, `JWT` and no `typ` are good as well.
    pub fn only_at_jwt(mut self) -> Self {
        self.rules.only_access_tokens = true;
        self
    }

    /// Accepts ID tokens of an OpenID provider and no others; for the client that the provider issued them to
    /// (OpenID Connect Core §3.1.3.7), which checks `nonce`, `azp` and `at_hash` itself. [`purpose`](Self::purpose) counts no more,
    /// and a token with `typ: at+jwt` or with another `token_use` than `id` is refused.
    pub fn only_id_tokens(mut self) -> Self {
        self.rules.only_id_tokens = true;
        self
    }

    /// Accepts tokens signed with these algorithms and no others, whatever keys the source has. Unless said, all that the keys
    /// have; a key has one in any case, and a token's header is only compared with it.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.rules.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How much clocks may disagree, both ways: 60 seconds unless said, 5 minutes at most.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway.min(MOST_LEEWAY);
        self
    }

    /// Accepts tokens without `exp`.
    ///
    /// Insecure: such a token is good for ever, whoever finds it.
    pub fn with_insecure_no_expiry(mut self) -> Self {
        self.rules.without_expiry = true;
        self
    }

    /// Takes roles from this claim, a list of texts or one text with spaces: `roles`, `realm_access.roles`. Unless said, tokens
    /// give no roles.
    pub fn roles_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.mapping.pick(path.into(), Target::Roles);
        self
    }

    /// Takes permissions from this claim, as for roles. Unless said, tokens give none but those of the roles.
    pub fn permissions_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.mapping.pick(path.into(), Target::Permissions);
        self
    }

    /// Takes the name of the user's collection from this claim. A token without it is refused.
    pub fn collection_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.mapping.pick(path.into(), Target::Collection);
        self
    }

    /// The collection that the users of these tokens belong to; `users` unless said.
    pub fn collection(mut self, collection: impl Into<Cow<'static, str>>) -> Self {
        self.mapping.collection = collection.into();
        self
    }

    /// What roles permit; the built-in table unless said.
    pub fn role_map(mut self, map: RoleMap) -> Self {
        self.mapping.role_map = map;
        self
    }

    /// What scopes stand for; each for its own name unless said.
    pub fn scope_map(mut self, map: ScopeMap) -> Self {
        self.mapping.scope_map = Some(map);
        self
    }

    /// Refuses tokens that were taken back.
    ///
    /// Then `iat` must be there, and a token is good for no longer after it was issued than [`Revocations::longest_life`] says,
    /// whatever its `exp`: after that time nobody remembers that it was revoked.
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.rules.longest_life = Some(revocations.longest_life());
        self.revocations = Some(revocations);
        self
    }

    /// Reads the time from this clock instead of the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// How many verified tokens are kept, and in how many bytes; the smaller limit counts.
    pub fn cache(mut self, tokens: usize, bytes: usize) -> Self {
        self.cache = Some((tokens, bytes));
        self
    }

    /// Keeps a verified token for at most this long, after which it is verified again; five minutes unless said.
    pub fn cache_for(mut self, longest: Duration) -> Self {
        self.longest_in_cache = longest;
        self
    }

    /// Also keeps tokens that were verified by a secret. It pays where few tokens come often: to verify HS256 costs about as much
    /// as to look a token up in memory that the processor has to fetch.
    pub fn cache_symmetric(mut self) -> Self {
        self.caches_symmetric = true;
        self
    }

    /// Keeps no verified tokens: each is verified anew.
    pub fn without_cache(mut self) -> Self {
        self.cache = None;
        self
    }

    /// Makes the verifier.
    #[must_use]
    pub fn build(self) -> Verifier {
        let longest = self.longest_in_cache;
        Verifier::from_inner(Inner {
            keys: self.keys,
            rules: self.rules,
            mapping: self.mapping,
            revocations: self.revocations,
            clock: self.clock,
            cache: self
                .cache
                .filter(|(tokens, bytes)| *tokens > 0 && *bytes > 0)
                .map(|(tokens, bytes)| TokenCache::new(tokens, bytes, longest)),
            caches_symmetric: self.caches_symmetric,
        })
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
