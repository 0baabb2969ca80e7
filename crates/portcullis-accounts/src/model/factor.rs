use std::fmt;

use portcullis_core::Timestamp;

use super::{RecordId, UserRef};

/// A user's second factor, a TOTP, as stores keep it: sealed, so that whoever reads the store can compute no code.
///
/// A user has one, or none. It asks for nothing until it is active: until its user has shown a first code.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its id: two enrolments are two factors.
    pub id: RecordId,
    /// Whose.
    pub owner: UserRef,
    /// The TOTP, AES-256-GCM under the server's key, bound to its owner.
    pub sealed: Vec<u8>,
    /// The step of the last code that was good (RFC 6238 §5.2): no code of it or of an earlier step is good again.
    pub last_step: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is asked for; `None` while its enrolment is under way.
    pub activated_at: Option<Timestamp>,
}

impl Factor {
    /// Whether it is asked for.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.activated_at.is_some()
    }
}

impl fmt::Debug for Factor {
    /// Nothing of the secret, and not the step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factor")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("activated_at", &self.activated_at)
            .finish_non_exhaustive()
    }
}
