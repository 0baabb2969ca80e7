//! Password hashing on a bounded pool and password policy, for Portcullis.
//!
//! Four things, each usable alone, without HTTP and on any async runtime:
//!
//! - [`PasswordHasher`] hashes with argon2id, bcrypt or scrypt, recognises stored hashes by how they begin (other systems'
//!   through [`Importer`]), bounds what they may ask for, knows [`Peppers`], and says when a hash should be made anew.
//! - [`HashPool`] runs it on a fixed number of own threads at low priority, with a bounded queue: a burst of logins costs
//!   neither the application's latency nor its memory.
//! - [`PasswordPolicy`] says what is wrong with a new password, everything at once.
//! - [`BreachedPasswords`] asks whether a password is known from a breach: over the range protocol of Pwned Passwords, from a
//!   file, or from memory.
//!
//! ```
//! use portcullis_password::{HashPool, Password, PasswordHasher, PasswordPolicy, PolicyContext, Verification};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let password = Password::new("correct horse battery staple")?;
//! PasswordPolicy::default().check(&password, &PolicyContext::new().identifier("ada@example.com"))?;
//!
//! let pool = HashPool::new(PasswordHasher::default())?;
//! let stored = pool.hash(password.clone()).await?;
//! assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//!
//! let verification = pool.verify(password, stored.as_str()).await?;
//! assert_eq!(verification, Verification::Match { needs_rehash: false });
//! # Ok(())
//! # }
//! ```
//!
//! # Which password is which
//! A password is normalised to NFKC before it is hashed, and nothing else is done to it: no trimming, no change of case, no
//! truncation. Foreign hashes are compared with the text as it was received, since their systems did not normalise.
//!
//! # Time tells nothing
//! [`HashPool::verify_dummy`] does the work of a login for a user who does not exist. A hash with other parameters than
//! today's, a broken one, and one that cannot be verified are brought to the same cost when the answer is no. What cannot be
//! hidden is a stored hash that costs *more* than today's parameters: an imported bcrypt hash of cost 14 answers late until
//! its owner has logged in once.

mod breach;
mod error;
mod hasher;
mod import;
mod password;
mod pepper;
mod policy;
mod pool;

pub use breach::{
    BreachFuture, BreachOutcome, BreachedFile, BreachedList, BreachedPasswords, BreachedRanges,
    RangeFuture, RangeRequest, RangeSource, RangeUnavailable,
};
pub use error::{ConfigError, HashError, HashErrorKind};
pub use hasher::{
    Algorithm, Bounds, PasswordHash, PasswordHasher, PasswordHasherBuilder, UnknownAlgorithm,
    Verification,
};
#[cfg(feature = "firebase")]
pub use import::FirebaseScrypt;
pub use import::{DjangoPbkdf2, Importer};
pub use password::{MAX_PASSWORD_BYTES, Password, PasswordTooLong};
pub use pepper::{MIN_PEPPER_BYTES, Peppers};
pub use policy::{CommonPasswords, PasswordPolicy, PolicyContext, WeakPassword, WeakReason};
pub use pool::{HashPool, HashPoolBuilder, PoolStats};
