use std::fmt;
use std::time::Duration;

use super::places::Places;
use super::store::Counted;

/// Which counter of a [`Lockout`](crate::Lockout) is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockedBy {
    /// The account, from this address. The answer must look like that to a wrong password.
    AccountAndAddress,
    /// The account, wherever from. The answer must look like that to a wrong password.
    Account,
    /// The address. It says nothing about any account, so the answer may say when to come back.
    Address,
}

/// Whether an attempt may be made.
#[derive(Debug)]
#[must_use]
pub enum Checked {
    /// It may, and has been counted as failed until it is settled.
    Open(Reservation),
    /// It must not be made, not even to see whether it would be right (AC-L4).
    Locked(Lock),
}

/// Why an attempt must not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// What is locked: what of the account's, if anything is.
    pub by: LockedBy,
    /// For how long; [`Duration::MAX`] until it is unlocked. Only for [`LockedBy::Address`] may it be told to the client.
    pub retry_after: Duration,
}

impl Lock {
    /// The lock that lasts longest; one of the account before one of the address, whose answer would say more.
    pub(super) fn among(places: &Places, counted: &Counted) -> Self {
        let standings = places.iter().zip(counted.standings());
        let locked = standings.filter_map(|(place, standing)| {
            let retry_after = standing.locked_for?;
            let by = place.kind;
            Some(Self { by, retry_after })
        });
        let longest = locked.max_by_key(|lock| (lock.by != LockedBy::Address, lock.retry_after));
        longest.unwrap_or(Self {
            by: LockedBy::AccountAndAddress,
            retry_after: Duration::ZERO,
        })
    }
}

/// An attempt that has been counted in advance. Hand it to [`Lockout::succeed`](crate::Lockout::succeed),
/// [`cancel`](crate::Lockout::cancel) or [`fail`](crate::Lockout::fail); one that is dropped has failed.
#[must_use = "an attempt that is not settled has failed"]
pub struct Reservation {
    pub(super) places: Places,
    pub(super) new_lock: Option<LockedBy>,
    pub(super) failures_before: u32,
}

impl Reservation {
    /// How many attempts on the account had failed before this one, since the last success: those that this attempt's counters
    /// know of, so that of a [known device](crate::Subject::known_device) only those from its own address are. It tells an owner
    /// who logs in that somebody has been guessing (OWASP ASVS 6.3.5).
    #[must_use]
    pub fn failures_before(&self) -> u32 {
        self.failures_before
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("new_lock", &self.new_lock)
            .field("failures_before", &self.failures_before)
            .finish_non_exhaustive()
    }
}

/// How a subject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutStatus {
    /// Whether attempts are locked out.
    pub locked: bool,
    /// How many more failures lock: 0 while locked.
    pub remaining: u32,
    /// For how long it is locked; [`Duration::MAX`] until it is unlocked.
    pub locked_for: Option<Duration>,
}
