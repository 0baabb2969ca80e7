use portcullis_core::Timestamp;

/// A time step: how many periods have passed since 1970-01-01T00:00:00Z (RFC 6238 §4.2, there called *T*).
///
/// A store keeps the number of the last step whose code was accepted, and lets it only grow: that is how a code works once.
///
/// ```
/// use portcullis_mfa::Step;
///
/// assert!(Step::from_number(2) > Step::from_number(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// Takes the number as a store keeps it.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number. That of any step that was ever matched fits an `i64` too.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The step in which a moment lies; `None` before 1970.
    pub(super) fn at(moment: Timestamp, period_seconds: u16) -> Option<Self> {
        let seconds = u64::try_from(moment.unix_seconds()).ok()?;
        Some(Self(seconds / u64::from(period_seconds)))
    }
}
