use std::time::Duration;

use super::TotpAlgorithm;
use crate::ConfigError;

/// The period in seconds, unless another is chosen (RFC 6238 §5.2).
const DEFAULT_PERIOD: u16 = 30;

/// A shorter one leaves no time to type; a longer one leaves a code lying about (RFC 6238 §5.2 weighs the two).
const SHORTEST_PERIOD: u16 = 15;
const LONGEST_PERIOD: u16 = 300;

/// How many digits a code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Digits {
    /// Six, which every authenticator app shows; the least that RFC 4226 §5.3 allows.
    #[default]
    Six,
    /// Seven.
    Seven,
    /// Eight.
    Eight,
}

impl Digits {
    /// 6, 7 or 8.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }

    /// How many codes there are.
    pub(super) const fn modulus(self) -> u32 {
        10_u32.pow(self.count() as u32)
    }
}

/// What an authenticator app must know besides the secret. The default is what every app understands: SHA-1, six digits,
/// 30 seconds.
///
/// A user's app keeps what it has scanned, so a change of parameters concerns new enrolments only:
/// [`Totp::to_bytes`](super::Totp::to_bytes) keeps the parameters beside the secret.
///
/// ```
/// use std::time::Duration;
/// use portcullis_mfa::{Digits, TotpAlgorithm, TotpParameters};
///
/// let parameters = TotpParameters::default()
///     .with_algorithm(TotpAlgorithm::Sha256)
///     .with_digits(Digits::Eight)
///     .with_period(Duration::from_secs(60))?;
/// assert_eq!(parameters.period(), Duration::from_secs(60));
/// # Ok::<(), portcullis_mfa::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TotpParameters {
    algorithm: TotpAlgorithm,
    digits: Digits,
    /// In seconds; between the shortest and the longest.
    period: u16,
}

impl TotpParameters {
    /// Another hash.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: TotpAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Longer codes.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// For how long a code is shown: whole seconds, from 15 to 300.
    ///
    /// # Errors
    ///
    /// If it is shorter, longer, or has a fraction of a second.
    pub fn with_period(mut self, period: Duration) -> Result<Self, ConfigError> {
        self.period = u16::try_from(period.as_secs())
            .ok()
            .filter(|_| period.subsec_nanos() == 0)
            .filter(|seconds| is_period(*seconds))
            .ok_or(ConfigError::new(
                "the period of a TOTP is 15 to 300 whole seconds",
            ))?;
        Ok(self)
    }

    /// The hash; [`TotpAlgorithm::Sha1`] unless another was chosen.
    #[must_use]
    pub const fn algorithm(&self) -> TotpAlgorithm {
        self.algorithm
    }

    /// The number of digits; [`Digits::Six`] unless another was chosen.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// For how long a code is shown; 30 seconds unless another period was chosen.
    #[must_use]
    pub const fn period(&self) -> Duration {
        Duration::from_secs(self.period as u64)
    }

    pub(crate) const fn period_seconds(&self) -> u16 {
        self.period
    }
}

pub(super) const fn is_period(seconds: u16) -> bool {
    SHORTEST_PERIOD <= seconds && seconds <= LONGEST_PERIOD
}

impl Default for TotpParameters {
    fn default() -> Self {
        Self {
            algorithm: TotpAlgorithm::Sha1,
            digits: Digits::Six,
            period: DEFAULT_PERIOD,
        }
    }
}
