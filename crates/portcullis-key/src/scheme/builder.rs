use std::future::Future;
use std::sync::Arc;

use http::HeaderValue;
use portcullis_core::{CredentialPlaces, Identified, ScopeMap, SharedClock, SystemClock};

use super::ApiKeys;
use super::judge::Judge;
use super::reading::Reading;
use super::source::Source;
use crate::cache::KeyCache;
use crate::{ApiKey, CacheLimits, KeyFormat, KeyLookup, KeyPrefix};

impl ApiKeys {
    /// Keys that a store knows. Both formats are accepted, with the prefix `sk`; nothing is cached.
    pub fn new(lookup: impl KeyLookup) -> Self {
        Self::from_source(Source::Lookup(Arc::new(lookup)))
    }

    /// Keys that a function knows: it is given the key, and says whose it is, or `Ok(None)` for a key that is not good (401),
    /// or a `Denial` of its own, such as [`Denial::unavailable`](portcullis_core::Denial::unavailable).
    ///
    /// The scopes of the user it returns mean what the function says; [`default_scope_map`](Self::default_scope_map) is not
    /// applied to them. A user who says [`expires_at`](portcullis_core::AuthUserBuilder::expires_at) is held to it.
    ///
    /// ```
    /// use portcullis_core::{AuthUser, SchemeName};
    /// use portcullis_key::{ApiKey, ApiKeys, KeyDigest};
    ///
    /// # let deploy = ApiKey::generate(&Default::default()).unwrap();
    /// # let configured = deploy.digest().to_hex();
    /// let expected = KeyDigest::from_hex(&configured).unwrap();
    /// let scheme = ApiKeys::validate(move |key: ApiKey| async move {
    ///     // Two digests are compared in constant time.
    ///     let is_known = key.digest() == expected;
    ///     Ok(is_known.then(|| {
    ///         AuthUser::builder(SchemeName::API_KEY, "deploy").permissions(["releases:write"]).build()
    ///     }))
    /// });
    /// ```
    pub fn validate<F, Fut>(function: F) -> Self
    where
        F: Fn(ApiKey) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Identified> + Send + 'static,
    {
        Self::from_source(Source::function(function))
    }

    fn from_source(source: Source) -> Self {
        let judge = Judge {
            source,
            scope_map: Self::default_scope_map(),
            clock: SystemClock::shared(),
            cache: None,
        };
        let reading = Reading {
            prefixes: vec![KeyPrefix::default()],
            places: CredentialPlaces::new(),
            collections: Vec::new(),
        };
        Self {
            reading,
            only: None,
            foreign: false,
            challenge: HeaderValue::from_static("ApiKey"),
            judge: Arc::new(judge),
        }
    }

    /// What scopes of keys stand for unless said: `admin` for all that the owner may, every other for its own name. `write`
    /// does not include `read`.
    #[must_use]
    pub fn default_scope_map() -> ScopeMap {
        ScopeMap::new().scope("admin", ["*"])
    }

    /// Says which prefixes keys have, *instead of* `sk`.
    ///
    /// A bearer token that begins with one of them, and an underscore, is taken for a key; any other is left to the schemes
    /// for bearer tokens.
    ///
    /// ```
    /// use portcullis_key::{ApiKeys, KeyPrefix, MemoryKeys};
    ///
    /// let scheme = ApiKeys::new(MemoryKeys::new())
    ///     .prefixes([KeyPrefix::from_static("acme_live"), KeyPrefix::from_static("acme_test")]);
    /// ```
    pub fn prefixes(mut self, prefixes: impl IntoIterator<Item = KeyPrefix>) -> Self {
        self.reading.prefixes = prefixes.into_iter().collect();
        self.forget_policy();
        self
    }

    /// Accepts keys of one format alone.
    pub fn only(mut self, format: KeyFormat) -> Self {
        self.only = Some(format);
        self.forget_policy();
        self
    }

    /// Also accepts keys that another system made: any visible ASCII of up to 1024 bytes that does not begin with a prefix of
    /// this scheme. They have no checksum and no id, so every text that is presented costs a question to the store. As bearer
    /// tokens they are not recognised.
    pub fn with_foreign_keys(mut self) -> Self {
        self.foreign = true;
        self.forget_policy();
        self
    }

    /// Says where else a key may stand: a cookie, a WebSocket's handshake, the query string.
    pub fn places(mut self, places: CredentialPlaces) -> Self {
        self.reading.places = places;
        self
    }

    /// Also reads `Authorization: <collection> API-Key <key>`, as clients of some content systems send it. The key must
    /// belong to a user of that collection. May be called for several collections.
    pub fn with_collection_header(mut self, collection: impl Into<Arc<str>>) -> Self {
        self.reading.collections.push(collection.into());
        self
    }

    /// Says what the scopes of keys stand for, *instead of* [`default_scope_map`](Self::default_scope_map).
    pub fn scope_map(mut self, map: ScopeMap) -> Self {
        self.judge_mut().scope_map = map;
        self.forget_policy();
        self
    }

    /// Names the realm in the challenge: `ApiKey realm="…"` (RFC 9110 §11.5). Characters that a header cannot carry are left
    /// out.
    pub fn realm(mut self, realm: &str) -> Self {
        let carried = realm
            .chars()
            .filter(|character| matches!(character, ' '..='~'));
        let quoted: String = carried
            .flat_map(|character| {
                let escape = matches!(character, '"' | '\\').then_some('\\');
                escape.into_iter().chain([character])
            })
            .collect();
        if let Ok(challenge) = HeaderValue::try_from(format!("ApiKey realm=\"{quoted}\"")) {
            self.challenge = challenge;
        }
        self
    }

    /// Replaces the machine's clock, for tests.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.judge_mut().clock = clock;
        self.forget_policy();
        self
    }

    /// Remembers good keys for a while, so that the store is not asked on every request; off unless said.
    ///
    /// Read [`CacheLimits`] for what that costs in freshness. Only good keys are remembered; expiry is checked on every
    /// request all the same.
    pub fn with_cache(mut self, limits: CacheLimits) -> Self {
        self.judge_mut().cache = Some(Arc::new(KeyCache::new(limits)));
        self
    }

    /// What was found good under one configuration is not good under another: a clone that is configured further has a cache
    /// of its own.
    fn forget_policy(&mut self) {
        if let Some(cache) = &self.judge.cache {
            let fresh = Arc::new(cache.fresh());
            self.judge_mut().cache = Some(fresh);
        }
    }

    fn judge_mut(&mut self) -> &mut Judge {
        Arc::make_mut(&mut self.judge)
    }

    /// Forgets a key, by its id ([`AuthUser::credential_id`](portcullis_core::AuthUser::credential_id)). To be called *after* the
    /// store was told; then no request that begins later gets through, and no look-up that is under way puts the key back.
    ///
    /// Does nothing where nothing is cached.
    pub fn revoke(&self, key_id: &str) {
        self.forget(|user| user.credential_id() == Some(key_id));
    }

    /// Forgets all keys of a user: for one who was banned or deleted, or whose roles changed. See [`revoke`](Self::revoke).
    pub fn revoke_owner(&self, collection: &str, user_id: &str) {
        self.forget(|user| user.id() == user_id && user.collection() == collection);
    }

    /// Forgets all keys. See [`revoke`](Self::revoke).
    pub fn clear(&self) {
        self.forget(|_| true);
    }

    fn forget(&self, is_revoked: impl Fn(&portcullis_core::AuthUser) -> bool) {
        if let Some(cache) = &self.judge.cache {
            cache.revoke(is_revoked);
        }
    }
}
