use std::mem::size_of;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_core::{AuthUser, Timestamp};

use crate::verify::Validity;

/// What a user takes besides its claims: the record, its sets of names and the allocator's share, rounded up.
const USER_BYTES: usize = 640;

/// A token that was verified.
pub(crate) struct Entry {
    token: Box<str>,
    user: AuthUser,
    validity: Validity,
    issued_at: Option<Timestamp>,
    epoch: u64,
    kept_since: Timestamp,
    /// Whether it was found since someone last looked for a place; keeps it from being thrown out.
    used: AtomicBool,
}

impl Entry {
    pub(crate) fn new(
        token: &str,
        user: &AuthUser,
        validity: Validity,
        issued_at: Option<Timestamp>,
        epoch: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            token: token.into(),
            user: user.clone(),
            validity,
            issued_at,
            epoch,
            kept_since: now,
            used: AtomicBool::new(false),
        }
    }

    pub(crate) fn user(&self) -> &AuthUser {
        &self.user
    }

    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }

    pub(crate) fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether it was verified by the keys of this epoch and is not older than `longest`. A clock that was set back makes it
    /// unusable as well.
    pub(super) fn is_fresh(&self, epoch: u64, now: Timestamp, longest: Duration) -> bool {
        self.epoch == epoch
            && now >= self.kept_since
            && now.saturating_duration_since(self.kept_since) <= longest
    }

    /// Whether nobody can use it any more.
    pub(super) fn is_dead(&self, epoch: u64, now: Timestamp, longest: Duration) -> bool {
        !self.is_fresh(epoch, now, longest) || now >= self.validity.until
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn kept_since(&self) -> Timestamp {
        self.kept_since
    }

    /// Notes that it was found; writes only where that is news, so that many threads can read it at once.
    pub(super) fn touch(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was found since this was last asked.
    pub(super) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let claims = self.user.raw_claims().map_or(0, <[u8]>::len);
        size_of::<Self>() + self.token.len() + claims + USER_BYTES
    }
}
