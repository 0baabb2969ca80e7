//! Which hash new passwords get.

use std::fmt;
use std::str::FromStr;

/// A password hash with its parameters.
///
/// ```
/// use portcullis_password::Algorithm;
///
/// assert_eq!("argon2".parse(), Ok(Algorithm::ARGON2ID));
/// assert!("md5".parse::<Algorithm>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Argon2id (RFC 9106), the default.
    Argon2id {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes. They are computed one after another: a login is one thread's work.
        lanes: u32,
    },
    /// bcrypt, `$2b$`. Takes 72 bytes of password and no NUL.
    Bcrypt {
        /// Base-2 logarithm of the rounds.
        cost: u32,
    },
    /// scrypt (RFC 7914).
    Scrypt {
        /// Base-2 logarithm of N.
        log_n: u8,
        /// Block size r.
        block_size: u32,
        /// Parallelism p.
        parallelism: u32,
    },
}

impl Algorithm {
    /// m = 19456 KiB, t = 2, p = 1 (OWASP Password Storage; ASVS 5.0 appendix C).
    pub const ARGON2ID: Self = Self::Argon2id {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };
    /// Cost 12, as Devise and Ory Kratos have it; ASVS 5.0 appendix C asks for 10 or more.
    pub const BCRYPT: Self = Self::Bcrypt { cost: 12 };
    /// N = 2^17, r = 8, p = 1 (OWASP Password Storage; ASVS 5.0 appendix C). 128 MiB a hash.
    pub const SCRYPT: Self = Self::Scrypt {
        log_n: 17,
        block_size: 8,
        parallelism: 1,
    };

    /// The name that [`FromStr`] takes: `argon2id`, `bcrypt` or `scrypt`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Argon2id { .. } => "argon2id",
            Self::Bcrypt { .. } => "bcrypt",
            Self::Scrypt { .. } => "scrypt",
        }
    }

    /// As a system that falls back to bcrypt does it: no name and every unknown name give bcrypt.
    ///
    /// Insecure because a misspelt name silently chooses a weaker hash. Only for applications that were written against
    /// such a system; [`FromStr`] says when a name is unknown.
    #[must_use]
    pub fn by_name_with_insecure_bcrypt_fallback(name: Option<&str>) -> Self {
        name.and_then(|name| name.parse().ok())
            .unwrap_or(Self::BCRYPT)
    }

    /// The bytes of memory that one hash takes.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        match *self {
            Self::Argon2id { memory_kib, .. } => memory_kib as usize * 1024,
            Self::Bcrypt { .. } => 4 * 1024,
            Self::Scrypt {
                log_n, block_size, ..
            } => scrypt_memory(log_n, block_size),
        }
    }

    /// Whether the parameters reach ASVS 5.0 appendix C (and OWASP's table for scrypt's smaller N).
    #[must_use]
    pub const fn is_strong(&self) -> bool {
        match *self {
            Self::Argon2id {
                memory_kib, passes, ..
            } => match passes {
                0 => false,
                1 => memory_kib >= 47_104,
                2 => memory_kib >= 19_456,
                _ => memory_kib >= 12_288,
            },
            Self::Bcrypt { cost } => cost >= 10,
            Self::Scrypt {
                log_n,
                block_size,
                parallelism,
            } => {
                let least = match log_n {
                    0..=12 => u32::MAX,
                    13 => 10,
                    14 => 5,
                    15 => 3,
                    16 => 2,
                    _ => 1,
                };
                block_size >= 8 && parallelism >= least
            }
        }
    }
}

/// 128 · N · r (RFC 7914 §2), or as much as can be said where that does not fit.
pub(crate) const fn scrypt_memory(log_n: u8, block_size: u32) -> usize {
    if log_n as u32 >= usize::BITS {
        return usize::MAX;
    }
    (1_usize << log_n)
        .saturating_mul(128)
        .saturating_mul(block_size as usize)
}

impl Default for Algorithm {
    fn default() -> Self {
        Self::ARGON2ID
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// `argon2id` or `argon2`, `bcrypt`, `scrypt`, each with its default parameters.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "argon2id" | "argon2" => Ok(Self::ARGON2ID),
            "bcrypt" => Ok(Self::BCRYPT),
            "scrypt" => Ok(Self::SCRYPT),
            _ => Err(UnknownAlgorithm(())),
        }
    }
}

/// A name that is not one of `argon2id`, `argon2`, `bcrypt`, `scrypt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm(());

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("unknown password algorithm: use argon2id, bcrypt or scrypt")
    }
}

impl std::error::Error for UnknownAlgorithm {}
