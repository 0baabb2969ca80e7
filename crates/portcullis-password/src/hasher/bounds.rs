//! How much work a stored hash may ask for.

/// Limits on the parameters in a stored hash, checked before anything is allocated.
///
/// A hash comes from a database that may have been filled by an import or by an attacker; its parameters decide how much
/// memory and time a login takes. The defaults are those of Ory Kratos: argon2 1 GiB, 10 passes, 16 lanes; bcrypt cost 15;
/// scrypt N = 2^17, r = 8, p = 10; pbkdf2 10 million rounds.
///
/// ```
/// use portcullis_password::{Bounds, HashErrorKind, Password, PasswordHasher};
///
/// let hasher = PasswordHasher::builder().bounds(Bounds::default().argon2_memory_kib(65_536)).build()?;
/// let greedy = "$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA";
/// let error = hasher.verify(&Password::new("secret")?, greedy).unwrap_err();
/// assert_eq!(error.kind(), HashErrorKind::ParametersRefused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub(crate) argon2_memory_kib: u32,
    pub(crate) argon2_passes: u32,
    pub(crate) argon2_lanes: u32,
    pub(crate) bcrypt_cost: u32,
    pub(crate) scrypt_log_n: u32,
    pub(crate) scrypt_block_size: u32,
    pub(crate) scrypt_parallelism: u32,
    pub(crate) pbkdf2_rounds: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            argon2_memory_kib: 1024 * 1024,
            argon2_passes: 10,
            argon2_lanes: 16,
            bcrypt_cost: 15,
            scrypt_log_n: 17,
            scrypt_block_size: 8,
            scrypt_parallelism: 10,
            pbkdf2_rounds: 10_000_000,
        }
    }
}

impl Bounds {
    /// The most memory of argon2, in KiB. Default 1 048 576 (1 GiB).
    #[must_use]
    pub const fn argon2_memory_kib(mut self, kib: u32) -> Self {
        self.argon2_memory_kib = kib;
        self
    }

    /// The most passes of argon2. Default 10.
    #[must_use]
    pub const fn argon2_passes(mut self, passes: u32) -> Self {
        self.argon2_passes = passes;
        self
    }

    /// The most lanes of argon2. Default 16.
    #[must_use]
    pub const fn argon2_lanes(mut self, lanes: u32) -> Self {
        self.argon2_lanes = lanes;
        self
    }

    /// The greatest cost of bcrypt. Default 15; each step doubles the time.
    #[must_use]
    pub const fn bcrypt_cost(mut self, cost: u32) -> Self {
        self.bcrypt_cost = cost;
        self
    }

    /// The greatest log2(N) of scrypt. Default 17.
    #[must_use]
    pub const fn scrypt_log_n(mut self, log_n: u32) -> Self {
        self.scrypt_log_n = log_n;
        self
    }

    /// The greatest block size r of scrypt. Default 8.
    #[must_use]
    pub const fn scrypt_block_size(mut self, block_size: u32) -> Self {
        self.scrypt_block_size = block_size;
        self
    }

    /// The greatest parallelism p of scrypt. Default 10.
    #[must_use]
    pub const fn scrypt_parallelism(mut self, parallelism: u32) -> Self {
        self.scrypt_parallelism = parallelism;
        self
    }

    /// The most rounds of pbkdf2. Default 10 000 000.
    #[must_use]
    pub const fn pbkdf2_rounds(mut self, rounds: u32) -> Self {
        self.pbkdf2_rounds = rounds;
        self
    }

    /// Whether scrypt with these parameters stays within the bounds; for [`Importer`](crate::Importer)s.
    #[must_use]
    pub const fn allow_scrypt(&self, log_n: u32, block_size: u32, parallelism: u32) -> bool {
        log_n <= self.scrypt_log_n
            && block_size <= self.scrypt_block_size
            && parallelism <= self.scrypt_parallelism
    }

    /// Whether so many rounds of pbkdf2 stay within the bounds; for [`Importer`](crate::Importer)s.
    #[must_use]
    pub const fn allow_pbkdf2(&self, rounds: u32) -> bool {
        rounds <= self.pbkdf2_rounds
    }
}
