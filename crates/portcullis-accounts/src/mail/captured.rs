use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_core::{SharedClock, SystemClock, Timestamp};
use serde::Serialize;

use super::{Mail, MailError, Mailer};

/// How many mails are kept, unless said.
const KEPT: usize = 1_000;

/// Keeps mail in memory instead of sending it: for tests, and for development, where somebody wants to read it.
///
/// Clones share what was captured. When there is more than it keeps, the oldest goes.
///
/// ```
/// use portcullis_accounts::{CapturedMail, Mail, Mailer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mailer = CapturedMail::new();
/// mailer.send(&Mail::new("ada@example.com", "greeting", "Hello", "Hello!\n")).await.unwrap();
/// assert_eq!(mailer.all()[0].subject, "Hello");
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct CapturedMail {
    sent: Arc<Mutex<VecDeque<SentMail>>>,
    clock: SharedClock,
    kept: usize,
}

/// A mail that was captured: `{"to","subject","text","sentAt"}`.
///
/// `Debug` shows neither the address nor the text.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SentMail {
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text for readers of plain text.
    pub text: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The text for readers of HTML.
    #[serde(skip)]
    pub html: Option<String>,
    /// Which of the service's mails it is.
    #[serde(skip)]
    pub kind: &'static str,
}

impl Default for CapturedMail {
    fn default() -> Self {
        Self::new()
    }
}

impl CapturedMail {
    /// Keeps the last 1000 mails.
    pub fn new() -> Self {
        Self {
            sent: Arc::default(),
            clock: SystemClock::shared(),
            kept: KEPT,
        }
    }

    /// Keeps this many, *instead of* 1000.
    pub fn with_capacity(mut self, mails: usize) -> Self {
        self.kept = mails;
        self
    }

    /// Replaces the machine's clock.
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// What was captured, the oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<SentMail> {
        self.lock().iter().cloned().collect()
    }

    /// The newest mail to an address, compared byte by byte.
    #[must_use]
    pub fn last_to(&self, address: &str) -> Option<SentMail> {
        let sent = self.lock();
        sent.iter().rev().find(|mail| mail.to == address).cloned()
    }

    /// Forgets what was captured.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SentMail>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for CapturedMail {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let mut sent = self.lock();
        sent.push_back(SentMail {
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            sent_at: self.clock.now(),
            html: mail.html.clone(),
            kind: mail.kind,
        });
        let excess = sent.len().saturating_sub(self.kept);
        sent.drain(..excess);
        Ok(())
    }
}

impl fmt::Debug for CapturedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedMail")
            .field("mails", &self.lock().len())
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SentMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentMail")
            .field("kind", &self.kind)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}
