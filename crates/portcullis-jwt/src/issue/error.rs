use std::fmt;

/// Why a token could not be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueError {
    kind: IssueErrorKind,
}

/// The reasons for which a token could not be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// The private claims are not an object in JSON, or cannot be written as JSON.
    Claims,
    /// A private claim has the name of one that the issuer writes itself.
    ReservedClaim,
    /// A duration is not of the form `15m`, `7d`, or it is zero.
    Duration,
    /// The token would be longer than verifiers take (8 KiB).
    TooLong,
    /// The ring has no key, the key could not sign, or the operating system has no randomness.
    Unavailable,
}

impl IssueError {
    /// The reason.
    #[must_use]
    pub const fn kind(self) -> IssueErrorKind {
        self.kind
    }
}

impl From<IssueErrorKind> for IssueError {
    fn from(kind: IssueErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            IssueErrorKind::Claims => "the private claims are not an object in JSON",
            IssueErrorKind::ReservedClaim => "a private claim has the name of a registered one",
            IssueErrorKind::Duration => "a duration is a number and a unit, such as 15m or 7d",
            IssueErrorKind::TooLong => "the token would be longer than 8 KiB",
            IssueErrorKind::Unavailable => "the token could not be signed",
        })
    }
}

impl std::error::Error for IssueError {}
