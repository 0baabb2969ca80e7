use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a login lasts: without being used, and at most.
///
/// | | idle | absolute | where the numbers come from |
/// | --- | --- | --- | --- |
/// | [`REMEMBERED`](Self::REMEMBERED) | 14 days | 30 days | 14 days is what Spring, Rodauth, Devise and Phoenix give a remembered login; NIST SP 800-63B asks for a new login every 30 days at the latest (AAL1) |
/// | [`BRIEF`](Self::BRIEF) | 1 day | 1 day | Rodauth's limit of inactivity; the cookie goes when the browser is closed, the server ends the login after a day |
///
/// Both limits are written into the login's record when it begins: a later change of the settings is for later logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    idle: Duration,
    absolute: Duration,
}

impl SessionLimits {
    /// With "remember me": 14 days without use, 30 days at most.
    pub const REMEMBERED: Self = Self::new(DAY.saturating_mul(14), DAY.saturating_mul(30));

    /// Without "remember me": one day, used or not.
    pub const BRIEF: Self = Self::new(DAY, DAY);

    /// A login that ends when it was not used for `idle`, and in any case `absolute` after it began.
    #[must_use]
    pub const fn new(idle: Duration, absolute: Duration) -> Self {
        Self { idle, absolute }
    }

    /// How long the login lasts without being used.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// How long the login lasts at most, however much it is used.
    #[must_use]
    pub const fn absolute(&self) -> Duration {
        self.absolute
    }
}
