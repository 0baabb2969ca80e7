//! The range protocol of Pwned Passwords (k-anonymity): five digits of the digest go out, all suffixes with them come back.

use std::fmt;
use std::pin::Pin;

use zeroize::Zeroizing;

use super::digest::{HEX_LENGTH, hex_digest};
use super::{BreachFuture, BreachOutcome, BreachedPasswords};
use crate::Password;

const PREFIX_LENGTH: usize = 5;
/// Padded answers have 800 to 1 000 lines, about 40 KB; more than this is no answer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What [`RangeSource::fetch`] returns: the answer's body.
pub type RangeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<String, RangeUnavailable>> + Send + 'a>>;

/// Asks a server of the range protocol; an application implements it over its own HTTP client, or gives a closure.
///
/// Set a short timeout: the person who registers waits for it.
pub trait RangeSource: Send + Sync + 'static {
    /// Sends the request and gives the body of an answer with status 200.
    fn fetch(&self, request: RangeRequest) -> RangeFuture<'_>;
}

impl<F, Answer> RangeSource for F
where
    F: Fn(RangeRequest) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<String, RangeUnavailable>> + Send + 'static,
{
    fn fetch(&self, request: RangeRequest) -> RangeFuture<'_> {
        Box::pin(self(request))
    }
}

/// One request: `GET {base}/range/{prefix}` with `Add-Padding: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeRequest {
    prefix: [u8; PREFIX_LENGTH],
}

impl RangeRequest {
    /// The header that makes answers of all ranges the same size, name and value.
    pub const PADDING_HEADER: (&'static str, &'static str) = ("Add-Padding", "true");

    fn of(digest: &str) -> Option<Self> {
        let prefix = digest.as_bytes().first_chunk()?;
        Some(Self { prefix: *prefix })
    }

    /// Five upper-case hexadecimal digits: all that leaves the application.
    #[must_use]
    pub fn prefix(&self) -> &str {
        std::str::from_utf8(&self.prefix).unwrap_or_default()
    }

    /// The path below the service's address, `/range/21BD1`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/range/{}", self.prefix())
    }
}

/// The source could not be asked, with what it said for the log.
#[derive(Clone, Debug)]
pub struct RangeUnavailable(String);

impl RangeUnavailable {
    /// `reason` is written into a tracing event; it must not hold the password or its digest.
    #[must_use]
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for RangeUnavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "breached passwords could not be asked for: {}",
            self.0
        )
    }
}

impl std::error::Error for RangeUnavailable {}

/// [`BreachedPasswords`] over the range protocol.
///
/// ```
/// use portcullis_password::{BreachOutcome, BreachedPasswords, BreachedRanges, Password, RangeRequest, RangeUnavailable};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let breached = BreachedRanges::new(|request: RangeRequest| async move {
///     // get(format!("https://api.pwnedpasswords.com{}", request.path())), with RangeRequest::PADDING_HEADER
///     assert_eq!(request.path(), "/range/5BAA6");
///     Ok::<_, RangeUnavailable>("1E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179\r\n".to_owned())
/// });
/// let outcome = breached.check(&Password::new("password")?).await;
/// assert_eq!(outcome, BreachOutcome::Breached { times: 52_256_179 });
/// # Ok(())
/// # }
/// ```
pub struct BreachedRanges {
    source: Box<dyn RangeSource>,
}

impl BreachedRanges {
    /// Asks this source.
    pub fn new(source: impl RangeSource) -> Self {
        Self {
            source: Box::new(source),
        }
    }

    async fn ask(&self, digest: Zeroizing<String>) -> BreachOutcome {
        let Some(request) = RangeRequest::of(&digest) else {
            return BreachOutcome::Unknown;
        };
        match self.source.fetch(request).await {
            Ok(answer) => find(&answer, &digest[PREFIX_LENGTH..])
                .map_or(BreachOutcome::Unknown, BreachOutcome::seen),
            Err(error) => {
                tracing::warn!(%error, "a password was not checked against breaches");
                BreachOutcome::Unknown
            }
        }
    }
}

impl BreachedPasswords for BreachedRanges {
    fn check<'a>(&'a self, password: &'a Password) -> BreachFuture<'a> {
        Box::pin(self.ask(hex_digest(password)))
    }
}

impl fmt::Debug for BreachedRanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BreachedRanges")
            .finish_non_exhaustive()
    }
}

/// How often the suffix was seen; 0 when it is not there, or is padding. `None` when the text is no answer of this protocol:
/// an error page must not count as "not found".
fn find(answer: &str, suffix: &str) -> Option<u64> {
    if answer.len() > MAX_ANSWER_BYTES || answer.trim().is_empty() {
        return None;
    }
    let mut found = 0;
    for line in answer.lines().filter(|line| !line.trim().is_empty()) {
        let (candidate, times) = line.trim_end().split_once(':')?;
        if !is_suffix(candidate) {
            return None;
        }
        let times: u64 = times.parse().ok()?;
        if candidate.eq_ignore_ascii_case(suffix) {
            found = times;
        }
    }
    Some(found)
}

fn is_suffix(text: &str) -> bool {
    text.len() == HEX_LENGTH - PREFIX_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
