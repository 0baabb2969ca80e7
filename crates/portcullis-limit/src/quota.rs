use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The longest span that a limiter reckons with: 2^62 nanoseconds, 146 years. Two of them still fit into 64 bits.
const LONGEST: u64 = 1 << 62;

/// The shortest window.
const SHORTEST: Duration = Duration::from_millis(1);

/// How requests are counted against a [`Quota`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Algorithm {
    /// The generic cell rate algorithm (ITU-T I.371): a leaky bucket that holds [`Quota::limit`] requests and regains them one
    /// by one, evenly. No window has an edge to sit on.
    #[default]
    Gcra,
    /// Two windows, the former weighted by how much of it the last window's length still covers. It approximates a log of all
    /// requests within the last window, in constant memory.
    SlidingWindow,
    /// A window that begins with its first request. Around its end, twice the limit may pass within one window's length.
    FixedWindow,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Gcra => "gcra",
            Self::SlidingWindow => "sliding",
            Self::FixedWindow => "fixed",
        }
    }
}

/// How many requests one key may make in how much time.
///
/// ```
/// use std::time::Duration;
/// use portcullis_limit::{Algorithm, Quota};
///
/// // One request a second on average, ten at once after a pause.
/// let api = Quota::per_minute(60).burst(10).named("api");
/// assert_eq!(api.limit(), 10);
///
/// let login = Quota::per_minute(5).algorithm(Algorithm::FixedWindow).named("login");
/// assert_eq!((login.limit(), login.window()), (5, Duration::from_secs(60)));
/// ```
///
/// A quota of 0 lets nothing pass. Two quotas that differ in name, numbers or algorithm never share state, so that one key can
/// be held to several at once.
#[derive(Clone, PartialEq, Eq)]
pub struct Quota {
    name: Cow<'static, str>,
    algorithm: Algorithm,
    amount: u32,
    burst: u32,
    window: u64,
    emission: u64,
    id: [u8; 16],
}

impl Quota {
    /// This many requests a second.
    #[must_use]
    pub fn per_second(amount: u32) -> Self {
        Self::per(Duration::from_secs(1), amount)
    }

    /// This many requests a minute.
    #[must_use]
    pub fn per_minute(amount: u32) -> Self {
        Self::per(Duration::from_secs(60), amount)
    }

    /// This many requests an hour.
    #[must_use]
    pub fn per_hour(amount: u32) -> Self {
        Self::per(Duration::from_secs(3600), amount)
    }

    /// This many requests in a window of this length, from a millisecond to 146 years; what lies outside is moved to the nearer
    /// end.
    #[must_use]
    pub fn per(window: Duration, amount: u32) -> Self {
        let window = u64::try_from(window.max(SHORTEST).as_nanos()).unwrap_or(LONGEST);
        let quota = Self {
            name: Cow::Borrowed("default"),
            algorithm: Algorithm::default(),
            amount,
            burst: amount,
            window: window.min(LONGEST),
            emission: 0,
            id: [0; 16],
        };
        quota.derived()
    }

    /// How many requests may be made at once after a pause; as many as the window allows, unless said.
    ///
    /// It is for [`Algorithm::Gcra`]; the other two know no burst. A burst that would take more than 146 years to refill is
    /// cut to one that does not.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self.derived()
    }

    /// Names the quota, as the fields `RateLimit-Policy` and `RateLimit`, metrics and events show it; `default` unless said.
    /// Name no secret.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self.derived()
    }

    /// Chooses how requests are counted; [`Algorithm::Gcra`] unless said.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self.derived()
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How requests are counted.
    #[must_use]
    pub fn counted_by(&self) -> Algorithm {
        self.algorithm
    }

    /// How many requests a window allows on average: the `q` of `RateLimit-Policy`.
    #[must_use]
    pub fn amount(&self) -> u32 {
        self.amount
    }

    /// How many requests a key that has been quiet may make at once: the burst, or the window's amount where there is none.
    #[must_use]
    pub fn limit(&self) -> u32 {
        match self.algorithm {
            Algorithm::Gcra => self.burst,
            Algorithm::SlidingWindow | Algorithm::FixedWindow => self.amount,
        }
    }

    /// The window's length.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::from_nanos(self.window)
    }

    /// The time in which [`Algorithm::Gcra`] regains one request.
    #[must_use]
    pub fn emission_interval(&self) -> Duration {
        Duration::from_nanos(self.emission)
    }

    /// What tells this quota's state from that of all others; the same in every process. A limiter makes it part of what it
    /// hashes a key to.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    pub(crate) fn window_nanos(&self) -> u64 {
        self.window
    }

    pub(crate) fn emission_nanos(&self) -> u64 {
        self.emission
    }

    pub(crate) fn named_as(&self) -> &Cow<'static, str> {
        &self.name
    }

    /// Brings what follows from the other fields up to date.
    fn derived(mut self) -> Self {
        self.emission = self
            .window
            .checked_div(self.amount.into())
            .unwrap_or(self.window)
            .max(1);
        let most = LONGEST / self.emission;
        self.burst = self.burst.min(u32::try_from(most).unwrap_or(u32::MAX));
        if self.amount == 0 {
            self.burst = 0;
        }
        self.id = self.digest();
        self
    }

    fn digest(&self) -> [u8; 16] {
        let text = format!(
            "portcullis quota {} {} {} {} {}",
            self.algorithm.name(),
            self.amount,
            self.burst,
            self.window,
            self.name
        );
        let digest = Sha256::digest(text.as_bytes());
        std::array::from_fn(|at| digest[at])
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quota")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .field("amount", &self.amount)
            .field("window", &self.window())
            .field("limit", &self.limit())
            .finish()
    }
}
