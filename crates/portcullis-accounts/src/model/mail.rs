use std::fmt;

use portcullis_core::Timestamp;

use super::RecordId;

/// A mail that waits to be sent.
///
/// What is to be said, and to whom, is sealed: it may hold a link's secret, which a store must not see.
#[derive(Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its id.
    pub id: RecordId,
    /// The sealed text, AES-256-GCM under the server's key.
    pub sealed: Vec<u8>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Not to be sent before this moment.
    pub due_at: Timestamp,
    /// Not to be sent from this moment on: what it says is good for nothing any more.
    pub expires_at: Timestamp,
    /// How many times sending has failed.
    pub attempts: u32,
}

impl fmt::Debug for QueuedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedMail")
            .field("id", &self.id)
            .field("due_at", &self.due_at)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What became of a mail that was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was sent, or will never be: its row goes.
    Done,
    /// It is to be tried again at this moment; one more attempt has failed.
    RetryAt(Timestamp),
}
