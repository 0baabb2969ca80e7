//! API keys for Portcullis: formats, digests, look-up, and the API key scheme.
//!
//! - [`ApiKey`] is a key in the clear: made out of the operating system's randomness, shown to its owner once, never stored.
//! - [`KeyDigest`] is what a store keeps in its place, and [`KeyRecord`] all that it knows of a key.
//! - [`KeyLookup`] is the contract of a store of keys; [`MemoryKeys`] is one in memory.
//! - [`ApiKeys`] is the scheme that goes into an [`AuthnLayer`](portcullis_core::AuthnLayer).
//! - [`verify_format`] and [`key_pattern`] are for those who look for keys where none should be.
//!
//! # Formats
//!
//! | format | form | looked up by |
//! | --- | --- | --- |
//! | [`KeyFormat::Checked`], the default | `sk_` + 12 base62 key id + 32 base62 secret + 6 base62 checksum | its id |
//! | [`KeyFormat::Classic`] | `sk_` + 64 hex | its digest |
//!
//! Base62 has no character at which a double click stops, and the checksum tells a mistyped key without a question to the
//! store.
//!
//! # A key's life
//!
//! ```
//! use portcullis_core::{AuthUser, AuthnLayer, SchemeName};
//! use portcullis_key::{ApiKey, ApiKeys, CacheLimits, KeyPrefix, KeyRecord, MemoryKeys};
//! use std::time::Duration;
//!
//! // Make one. `expose` is for the answer to its owner, once.
//! let key = ApiKey::generate(&KeyPrefix::from_static("acme")).unwrap();
//! let answer = format!(r#"{{"key":"{}","start":"{}"}}"#, key.expose(), key.start());
//!
//! // Keep its digest, whose it is and how far it reaches.
//! let keys = MemoryKeys::new();
//! let owner = AuthUser::builder(SchemeName::API_KEY, "alice").roles(["user"]);
//! let record = KeyRecord::for_key(&key, owner).with_scopes(Some("read".parse().unwrap()));
//! let id = record.id().to_owned();
//! keys.insert(record);
//!
//! // Accept it.
//! let scheme = ApiKeys::new(keys.clone())
//!     .prefixes([KeyPrefix::from_static("acme")])
//!     .with_cache(CacheLimits::new(Duration::from_secs(30)));
//! let layer = AuthnLayer::new().scheme(scheme.clone());
//!
//! // Take it back: first from the store, then from the cache.
//! keys.remove(&id);
//! scheme.revoke(&id);
//! # let _ = (answer, layer);
//! ```
//!
//! # Failure
//!
//! | request | answer |
//! | --- | --- |
//! | no key | the next scheme, or nobody |
//! | not a key, unknown, disabled, expired: all alike | 401 `invalid_api_key`, challenge `ApiKey` |
//! | two keys, or a key beside a bearer token | 400 `multiple_credentials` |
//! | the store does not answer | 503 `unavailable` |
//! | a good key that does not reach so far | 403 `insufficient_scope`, from the guard |
//!
//! # Deployment
//!
//! A key is as good as a password that never changes, so it belongs into headers, over TLS. The query string is off, and
//! spelled [`with_insecure_query`](portcullis_core::CredentialPlaces::with_insecure_query): URLs end up in logs. Where keys
//! are cached on several nodes, a revocation on one of them reaches the others after the time to live, 60 seconds at the most.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `metrics` | the counter `portcullis_key_decisions_total`, by `outcome`, through the `metrics` façade |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_key;
mod cache;
mod digest;
mod format;
mod generate;
mod key_id;
mod lookup;
mod observe;
mod prefix;
mod scheme;

/// For implementations of [`KeyLookup`].
pub use async_trait::async_trait;

pub use self::api_key::{ApiKey, InvalidKey};
pub use self::cache::CacheLimits;
pub use self::digest::{InvalidDigest, KeyDigest};
pub use self::format::{KEY_PATTERN, KeyFormat, key_pattern, verify_format};
pub use self::generate::RandomnessUnavailable;
pub use self::key_id::{InvalidKeyId, KeyId};
pub use self::lookup::{KeyIndex, KeyLookup, KeyRecord, LookupError, MemoryKeys};
pub use self::prefix::{InvalidPrefix, KeyPrefix};
pub use self::scheme::ApiKeys;
