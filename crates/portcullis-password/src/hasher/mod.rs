//! Hashing and verifying, on the thread that asks.

mod algorithm;
mod argon;
mod blowfish;
mod bounds;
mod builder;
mod compare;
mod cost;
mod outcome;
mod phc;
mod rounds;
mod scratch;
mod smix;
mod stored;

use std::fmt;
use std::sync::Arc;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use bounds::Bounds;
pub use builder::PasswordHasherBuilder;
pub(crate) use compare::same;
use cost::{Stopwatch, UsualCost};
pub use outcome::{PasswordHash, Verification};
pub(crate) use phc::decimal;
pub(crate) use rounds::derive as pbkdf2_sha256;
pub(crate) use scratch::Scratch;
#[cfg(feature = "firebase")]
pub(crate) use smix::Cost as ScryptCost;
use stored::{SALT_BYTES, Stored};
use zeroize::Zeroizing;

use crate::import::Importer;
use crate::{ConfigError, HashError, HashErrorKind, Password, Peppers, pepper};

/// Memory of one step of [`PasswordHasher::pad`]: about a tenth of a millisecond's work.
const PADDING_STEP: argon::Cost = argon::Cost {
    memory_kib: 256,
    passes: 1,
    lanes: 1,
};

/// Hashes new passwords with one algorithm, and verifies hashes of every algorithm it knows.
///
/// Cheap to clone. Its methods work on the calling thread and take tens of milliseconds: on an async runtime use a
/// [`HashPool`](crate::HashPool).
///
/// | stored hash begins with | made by |
/// | --- | --- |
/// | `$argon2id$`, `$argon2i$` | argon2 |
/// | `$2a$`, `$2b$`, `$2y$` | bcrypt |
/// | `$scrypt$` | scrypt as a PHC string |
/// | `$pbkdf2-sha256$` | PBKDF2 as a PHC string or as passlib writes it |
/// | `{pepper=…}` | any of the above, behind [`Peppers`] |
/// | anything else | an [`Importer`] |
///
/// ```
/// use portcullis_password::{Algorithm, Password, PasswordHasher, Verification};
///
/// let hasher = PasswordHasher::builder().algorithm(Algorithm::BCRYPT).build()?;
/// let password = Password::new("correct horse battery staple")?;
/// let argon = PasswordHasher::default().hash(&password)?;
/// assert_eq!(hasher.verify(&password, argon.as_str())?, Verification::Match { needs_rehash: true });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PasswordHasher(Arc<Settings>);

struct Settings {
    algorithm: Algorithm,
    bounds: Bounds,
    peppers: Option<Peppers>,
    importers: Vec<Box<dyn Importer>>,
    usual_cost: UsualCost,
}

impl PasswordHasher {
    /// Starts from argon2id with OWASP's parameters, no pepper, no importers.
    pub fn builder() -> PasswordHasherBuilder {
        PasswordHasherBuilder::new()
    }

    /// What new hashes are made with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Hashes a new password, with a salt of 16 random bytes and the current pepper key.
    ///
    /// # Errors
    /// `PasswordTooLong` and `NulByte` from bcrypt without a pepper; `Unavailable` without randomness or memory.
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        self.hash_in(&mut Scratch::keeping(0), password)
    }

    /// Compares a password with a stored hash, in constant time.
    ///
    /// # Errors
    /// When the stored hash cannot be read or asks for too much, its pepper key is missing, or bcrypt cannot take the
    /// password. Refuse the login as if the password were wrong, and report the error; it took the usual time.
    pub fn verify(&self, password: &Password, stored: &str) -> Result<Verification, HashError> {
        self.verify_in(&mut Scratch::keeping(0), password, stored)
    }

    /// Does the work of verifying, for a user who does not exist, has no password, or may not log in.
    pub fn verify_dummy(&self, password: &Password) {
        self.verify_dummy_in(&mut Scratch::keeping(0), password);
    }

    /// Whether a hash made now would be of another algorithm, other parameters or another pepper key.
    ///
    /// Any difference counts, also a costlier hash, so that all accounts come to take the same time.
    ///
    /// # Errors
    /// When the stored hash cannot be read or is beyond the bounds.
    pub fn needs_rehash(&self, stored: &str) -> Result<bool, HashError> {
        self.parse(stored).map(|stored| !self.is_current(&stored))
    }

    /// The id of the pepper key that a stored hash was made with, if it has one.
    #[must_use]
    pub fn pepper_key_id(stored: &str) -> Option<&str> {
        pepper::split(stored)?.0
    }

    /// Checks at start-up that every pepper key which stored hashes name is configured.
    ///
    /// ```
    /// use portcullis_password::PasswordHasher;
    ///
    /// let hasher = PasswordHasher::default();
    /// assert!(hasher.require_pepper_keys(["2025"]).is_err());
    /// ```
    ///
    /// # Errors
    /// Names the first id that is missing: without its key those users cannot log in.
    pub fn require_pepper_keys<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ConfigError> {
        let known = |id: &str| {
            self.0
                .peppers
                .as_ref()
                .is_some_and(|peppers| peppers.has(id))
        };
        match ids.into_iter().find(|id| !known(id)) {
            Some(missing) => Err(ConfigError::new(format!(
                "pepper key {missing:?} is in use and not configured"
            ))),
            None => Ok(()),
        }
    }

    /// Bytes that verifying this hash takes; nothing for one that will be refused.
    pub(crate) fn memory_bytes(&self, stored: &str) -> usize {
        self.parse(stored).map_or(0, |stored| stored.memory_bytes())
    }

    /// The processor time of one hash with the current parameters; zero until there was one.
    pub(crate) fn usual_cost(&self) -> std::time::Duration {
        self.0.usual_cost.get()
    }

    pub(crate) fn hash_in(
        &self,
        scratch: &mut Scratch,
        password: &Password,
    ) -> Result<PasswordHash, HashError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| HashError::new(HashErrorKind::Unavailable))?;
        self.hash_with_salt(scratch, password, &salt)
            .map(PasswordHash::new)
    }

    pub(crate) fn verify_in(
        &self,
        scratch: &mut Scratch,
        password: &Password,
        stored: &str,
    ) -> Result<Verification, HashError> {
        let watch = Stopwatch::start();
        let parsed = self.parse(stored);
        let current = parsed.as_ref().is_ok_and(|parsed| self.is_current(parsed));
        let is_match = parsed.and_then(|parsed| self.compare(scratch, password, &parsed));
        match is_match {
            Ok(true) => {
                return Ok(Verification::Match {
                    needs_rehash: !current,
                });
            }
            Ok(false) if current => self.0.usual_cost.observe(watch.elapsed()),
            Ok(false) | Err(_) => self.pad(scratch, &watch),
        }
        is_match.map(|_| Verification::Mismatch)
    }

    pub(crate) fn verify_dummy_in(&self, scratch: &mut Scratch, password: &Password) {
        let watch = Stopwatch::start();
        let hash = self
            .hash_with_salt(scratch, password, &[0; SALT_BYTES])
            .map(Zeroizing::new);
        if std::hint::black_box(hash).is_err() {
            self.pad(scratch, &watch);
        }
    }

    fn parse<'a>(&'a self, stored: &'a str) -> Result<Stored<'a>, HashError> {
        Stored::parse(stored, &self.0.bounds, &self.0.importers)
    }

    fn compare(
        &self,
        scratch: &mut Scratch,
        password: &Password,
        stored: &Stored<'_>,
    ) -> Result<bool, HashError> {
        let peppered = stored
            .pepper
            .map(|id| self.peppered(id, password))
            .transpose()?;
        let peppered = peppered.as_ref().map(|text| text.as_str());
        stored.verify(scratch, &self.0.bounds, password, peppered)
    }

    fn is_current(&self, stored: &Stored<'_>) -> bool {
        let pepper = self.0.peppers.as_ref().map(Peppers::current);
        stored.pepper == pepper && stored.is_current(self.0.algorithm)
    }

    fn peppered(&self, id: &str, password: &Password) -> Result<Zeroizing<String>, HashError> {
        let peppers = self.0.peppers.as_ref();
        peppers
            .and_then(|peppers| peppers.apply(id, password.expose().as_bytes()))
            .ok_or(HashError::new(HashErrorKind::UnknownPepperKey))
    }

    fn hash_with_salt(
        &self,
        scratch: &mut Scratch,
        password: &Password,
        salt: &[u8; SALT_BYTES],
    ) -> Result<String, HashError> {
        let Some(peppers) = &self.0.peppers else {
            return self.run(scratch, password.expose().as_bytes(), salt);
        };
        let id = peppers.current();
        let peppered = self.peppered(id, password)?;
        let hash = self.run(scratch, peppered.as_bytes(), salt)?;
        Ok(pepper::prefix(id) + &hash)
    }

    /// One hash with the current parameters; what it cost is remembered.
    fn run(
        &self,
        scratch: &mut Scratch,
        secret: &[u8],
        salt: &[u8; SALT_BYTES],
    ) -> Result<String, HashError> {
        let watch = Stopwatch::start();
        let hash = match self.0.algorithm {
            Algorithm::Argon2id {
                memory_kib,
                passes,
                lanes,
            } => argon::Cost {
                memory_kib,
                passes,
                lanes,
            }
            .hash(scratch, secret, salt),
            Algorithm::Bcrypt { cost } => blowfish::hash(secret, cost, salt),
            Algorithm::Scrypt {
                log_n,
                block_size,
                parallelism,
            } => smix::Cost {
                log_n,
                block_size,
                parallelism,
            }
            .hash(secret, salt),
        }?;
        self.0.usual_cost.observe(watch.elapsed());
        Ok(hash)
    }

    /// Works until this answer has cost as much as one with the current parameters.
    fn pad(&self, scratch: &mut Scratch, watch: &Stopwatch) {
        if self.usual_cost().is_zero() {
            let _ = self.run(scratch, b"", &[0; SALT_BYTES]);
        }
        let usual = self.usual_cost();
        while watch.elapsed() < usual {
            if std::hint::black_box(PADDING_STEP.hash(scratch, b"", &[0; SALT_BYTES])).is_err() {
                return;
            }
        }
    }
}

impl Default for PasswordHasher {
    /// argon2id with m = 19456 KiB, t = 2, p = 1; no pepper; no importers.
    fn default() -> Self {
        Self(Arc::new(Settings {
            algorithm: Algorithm::default(),
            bounds: Bounds::default(),
            peppers: None,
            importers: Vec::new(),
            usual_cost: UsualCost::default(),
        }))
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PasswordHasher")
            .field("algorithm", &self.0.algorithm)
            .field("bounds", &self.0.bounds)
            .field("peppers", &self.0.peppers)
            .field("importers", &self.0.importers)
            .finish_non_exhaustive()
    }
}
