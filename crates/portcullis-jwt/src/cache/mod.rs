//! Tokens that were verified, kept so that they need not be verified again.
//!
//! Only successes are kept. An entry is found by the whole token under a hash with a random key, compared by the full hash and
//! then by all bytes. What may have changed since is checked on every hit, by the verifier that owns the cache; no two verifiers
//! share one.

mod entry;
mod table;

pub(crate) use self::entry::Entry;
pub(crate) use self::table::TokenCache;
