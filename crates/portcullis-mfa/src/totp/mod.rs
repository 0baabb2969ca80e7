//! Time-based one-time passwords, RFC 6238.

mod algorithm;
mod parameters;
mod secret;
mod step;
mod stored;

use std::fmt;

use portcullis_core::Timestamp;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};

use self::secret::{SHORTEST, SHORTEST_INSECURE, Secret};
use crate::otpauth::{InvalidLabel, OtpauthUri};
use crate::typed::without_separators;
use crate::{ConfigError, RandomnessUnavailable, SecretBytes, SecretText};

pub use self::algorithm::TotpAlgorithm;
pub use self::parameters::{Digits, TotpParameters};
pub use self::secret::InvalidSecret;
pub use self::step::Step;

/// How many steps a clock may be off to either side, unless another number is chosen: one (RFC 6238 §5.2).
const DEFAULT_SKEW: u8 = 1;

/// More would give a guesser too many codes at a time.
const GREATEST_SKEW: u8 = 2;

/// A user's TOTP: the secret shared with an authenticator app, and how codes are made of it.
///
/// The secret is wiped when this is dropped, `Debug` does not show it, there is no `Display` and no `Serialize`.
///
/// ```
/// use portcullis_core::Timestamp;
/// use portcullis_mfa::Totp;
///
/// let totp = Totp::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
/// let now = Timestamp::from_unix_seconds(59);
/// let mut last_step = None;
/// assert!(totp.verify("287 082", &mut last_step, now));
/// assert!(!totp.verify("287 082", &mut last_step, now), "a code works once");
/// # Ok::<(), portcullis_mfa::InvalidSecret>(())
/// ```
#[derive(Clone)]
pub struct Totp {
    secret: Secret,
    parameters: TotpParameters,
    skew: u8,
}

impl Totp {
    /// A new secret of 20 bytes, for codes of six digits that change every 30 seconds.
    ///
    /// # Errors
    ///
    /// If the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomnessUnavailable> {
        Self::generate_with(TotpParameters::default())
    }

    /// A new secret, as long as the algorithm's hash, for codes of another kind.
    ///
    /// # Errors
    ///
    /// If the operating system gives no randomness.
    pub fn generate_with(parameters: TotpParameters) -> Result<Self, RandomnessUnavailable> {
        let secret = Secret::generate(parameters.algorithm().secret_length())?;
        Ok(Self::of(secret).with_parameters(parameters))
    }

    /// A secret that exists already: 16 to 128 bytes.
    ///
    /// # Errors
    ///
    /// If it is shorter (RFC 4226 §4 asks for 128 bits) or longer.
    pub fn from_secret(secret: &[u8]) -> Result<Self, InvalidSecret> {
        Secret::from_bytes(secret, SHORTEST).map(Self::of)
    }

    /// A secret that exists already, in base32 (RFC 4648 §6) of either case, with or without spaces, hyphens and padding.
    ///
    /// # Errors
    ///
    /// If it is not base32, or not 16 to 128 bytes.
    pub fn from_base32(secret: &str) -> Result<Self, InvalidSecret> {
        Secret::from_base32(secret).map(Self::of)
    }

    /// A secret of another system that may be as short as 10 bytes, fewer than RFC 4226 §4 asks for. Have its owner enrol
    /// anew.
    ///
    /// # Errors
    ///
    /// If it is shorter than 10 bytes or longer than 128.
    pub fn with_insecure_short_secret(secret: &[u8]) -> Result<Self, InvalidSecret> {
        Secret::from_bytes(secret, SHORTEST_INSECURE).map(Self::of)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. The skew is the default again: it is the server's, not the user's.
    ///
    /// # Errors
    ///
    /// If the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        stored::read(bytes)
    }

    fn of(secret: Secret) -> Self {
        Self {
            secret,
            parameters: TotpParameters::default(),
            skew: DEFAULT_SKEW,
        }
    }

    /// Codes of another kind, for a secret that exists already.
    #[must_use]
    pub fn with_parameters(mut self, parameters: TotpParameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// How many steps the user's clock may be behind or ahead: 0, 1 (the default) or 2.
    ///
    /// With 0, a code is good for as long as it is shown, and no longer (ASVS 6.5.5 to the letter); with 1, for a period
    /// before and a period after, as RFC 6238 §5.2 recommends for typing and for clocks that drift.
    ///
    /// # Errors
    ///
    /// If it is more than 2.
    pub fn with_skew(mut self, steps: u8) -> Result<Self, ConfigError> {
        if steps > GREATEST_SKEW {
            return Err(ConfigError::new("the skew of a TOTP is 0, 1 or 2 steps"));
        }
        self.skew = steps;
        Ok(self)
    }

    /// How codes are made.
    #[must_use]
    pub const fn parameters(&self) -> TotpParameters {
        self.parameters
    }

    /// How many steps the user's clock may be off.
    #[must_use]
    pub const fn skew(&self) -> u8 {
        self.skew
    }

    /// The secret in base32, upper case, without padding: for those who cannot scan a QR code. Show it once.
    #[must_use]
    pub fn secret_base32(&self) -> SecretText {
        self.secret.to_base32()
    }

    /// The secret and its parameters, to be sealed (see [`SealingKeys`](crate::SealingKeys)) and stored.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        stored::write(self)
    }

    /// The `otpauth` URI that an authenticator app takes, as a QR code for instance. `issuer` is the application's name, and
    /// `account` what its user knows the account by, such as an e-mail address.
    ///
    /// # Errors
    ///
    /// See [`InvalidLabel`].
    pub fn uri(&self, issuer: &str, account: &str) -> Result<OtpauthUri, InvalidLabel> {
        OtpauthUri::new(&self.secret_base32(), self.parameters, issuer, account)
    }

    /// The code that an authenticator app shows at a moment; before 1970, that of 1970.
    #[must_use]
    pub fn code_at(&self, moment: Timestamp) -> SecretText {
        let step = self.step_at(moment).map_or(0, Step::number);
        let width = self.parameters.digits().count();
        SecretText::new(format!("{:0width$}", self.value_of(step)))
    }

    /// The step in which a moment lies; `None` before 1970.
    #[must_use]
    pub fn step_at(&self, moment: Timestamp) -> Option<Step> {
        Step::at(moment, self.parameters.period_seconds())
    }

    /// Whether a typed code is right now, and was not used before. If so, `last_step` moves on.
    ///
    /// For a `last_step` that lies in a store, take [`matching_step`](Self::matching_step): reading it, comparing and writing
    /// it back would let two requests at a time use one code.
    #[must_use]
    pub fn verify(&self, code: &str, last_step: &mut Option<Step>, now: Timestamp) -> bool {
        let step = self.matching_step(code, *last_step, now);
        *last_step = step.or(*last_step);
        step.is_some()
    }

    /// The step to which a typed code belongs, if it lies after `after_step` and no more than the skew from `now`.
    ///
    /// The code is good only if a store can then move the user's last step from less than this one to this one, in one
    /// statement: of two requests with the same code, one can.
    ///
    /// `code` is ASCII digits, exactly as many as there should be; ASCII spaces and hyphens between them do not count. All
    /// steps are compared, in constant time. Where a code belongs to two of them, it is the later one, so that it cannot be
    /// used a second time.
    #[must_use]
    pub fn matching_step(
        &self,
        code: &str,
        after_step: Option<Step>,
        now: Timestamp,
    ) -> Option<Step> {
        let typed = self.typed(code)?;
        let current = self.step_at(now)?.number();
        let skew = u64::from(self.skew);
        let first = after_step.map_or(0, |step| step.number().saturating_add(1));
        let (mut found, mut matched) = (Choice::from(0), 0);
        for step in current.saturating_sub(skew)..=current.saturating_add(skew) {
            let fits = self.value_of(step).ct_eq(&typed) & !step.ct_lt(&first);
            matched.conditional_assign(&step, fits);
            found |= fits;
        }
        bool::from(found).then_some(Step::from_number(matched))
    }

    /// A step's code as a number (RFC 4226 §5.3).
    fn value_of(&self, step: u64) -> u32 {
        let algorithm = self.parameters.algorithm();
        algorithm.truncated(self.secret.expose(), step) % self.parameters.digits().modulus()
    }

    /// A typed code as a number; `None` if it has not exactly as many digits as codes have.
    fn typed(&self, code: &str) -> Option<u32> {
        let (mut value, mut count) = (0_u32, 0);
        for byte in without_separators(code)? {
            count += 1;
            if !byte.is_ascii_digit() || count > self.parameters.digits().count() {
                return None;
            }
            value = value * 10 + u32::from(byte - b'0');
        }
        (count == self.parameters.digits().count()).then_some(value)
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp")
            .field("parameters", &self.parameters)
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}
