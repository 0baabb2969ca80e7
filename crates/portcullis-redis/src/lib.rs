//! What several nodes share, in Redis.
//!
//! Limits, failed attempts, sessions and revocations, behind the contracts of the crates that use them.
