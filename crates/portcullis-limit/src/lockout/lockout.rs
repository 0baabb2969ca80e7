use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::attempt::{Checked, Lock, LockedBy, LockoutStatus, Reservation};
use super::places::{Place, Places, Settings};
use super::steps::Steps;
use super::store::{CountedFailure, Counter, LockoutStore};
use super::subject::Subject;
use crate::key::IPV6_PREFIX;
use crate::{LimiterError, observe};

/// Counts failed attempts (a password, a one-time code, an unlock code) and locks.
///
/// An attempt is counted as failed *before* it is judged, and taken back if it was not: so however many guesses come at once,
/// no more of them are judged than a round allows (AC-L5).
///
/// ```
/// use portcullis_core::Client;
/// use portcullis_limit::{Checked, Lockout, MemoryLockouts, Subject};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), portcullis_limit::LimiterError> {
/// let lockout = Lockout::new(MemoryLockouts::new(), "password");
/// let alice = Subject::new(Client::Address("203.0.113.9".parse().unwrap())).account("alice@example.org");
///
/// for _ in 0..5 {
///     let Checked::Open(attempt) = lockout.check(&alice).await? else { panic!("locked too early") };
///     // … the password is wrong:
///     lockout.fail(attempt);
/// }
/// assert!(matches!(lockout.check(&alice).await?, Checked::Locked(_)));
/// assert!(lockout.status(&alice).await?.locked);
/// # Ok(())
/// # }
/// ```
///
/// # Counters
/// | counter | locks after | for | cleared by success |
/// | --- | --- | --- | --- |
/// | account and address together; the address alone where there is no account | 5 failures | 1 minute, doubling to 15 | yes; without account, no |
/// | account, wherever from; known devices excepted | 100 failures | until [`unlock`](Self::unlock) | yes |
/// | address, whatever account | 50 failures, forgotten after an hour's quiet | 1 minute, doubling to 15 | no |
///
/// Each purpose has counters of its own (AC-L7): a `Lockout` for passwords, one for one-time codes, and so on, over one store.
/// Addresses count by network: IPv6 by its first 64 bits.
///
/// # Failure
/// If the store cannot decide, that is an error and not a pass: answer 503.
#[derive(Clone)]
#[must_use]
pub struct Lockout {
    store: Arc<dyn LockoutStore>,
    settings: Arc<Settings>,
}

impl Lockout {
    /// Counts for one purpose, such as `password` or `totp`. The purpose appears in metrics and events.
    pub fn new(store: impl LockoutStore, purpose: impl Into<Cow<'static, str>>) -> Self {
        let settings = Settings {
            purpose: purpose.into(),
            together: Steps::new(5),
            account: Some(Steps::until_unlocked(100)),
            address: Some(Steps::new(50).forgotten_after(Duration::from_secs(3600))),
            ipv6_prefix: IPV6_PREFIX,
        };
        Self {
            store: Arc::new(store),
            settings: Arc::new(settings),
        }
    }

    /// Replaces the steps of account and address together.
    pub fn steps(self, steps: Steps) -> Self {
        self.with(|settings| settings.together = steps)
    }

    /// Replaces the steps of the account, wherever from; `None` for no such counter.
    pub fn account_steps(self, steps: impl Into<Option<Steps>>) -> Self {
        self.with(|settings| settings.account = steps.into())
    }

    /// Replaces the steps of the address, whatever account; `None` for no such counter.
    pub fn address_steps(self, steps: impl Into<Option<Steps>>) -> Self {
        self.with(|settings| settings.address = steps.into())
    }

    /// Says how many bits of an IPv6 address count as one client: 0–128, 64 unless said.
    pub fn ipv6_prefix(self, bits: u8) -> Self {
        self.with(|settings| settings.ipv6_prefix = bits)
    }

    /// What is counted here.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.settings.purpose
    }

    /// Counts an attempt, in advance, as failed; or says that it must not be made.
    ///
    /// Afterwards call [`succeed`](Self::succeed), [`cancel`](Self::cancel) or [`fail`](Self::fail). An attempt that is dropped has failed.
    ///
    /// # Errors
    ///
    /// If the store cannot decide.
    pub async fn check(&self, subject: &Subject) -> Result<Checked, LimiterError> {
        self.count_on(self.settings.places(subject)).await
    }

    /// Settles an attempt that failed: says whether it has locked something, so that the owner can be told once per lock.
    #[expect(clippy::must_use_candidate, reason = "telling the owner is optional")]
    pub fn fail(&self, attempt: Reservation) -> Option<LockedBy> {
        let Reservation {
            places: _stay_counted,
            new_lock,
            failures_before: _,
        } = attempt;
        observe::lockout(&self.settings.purpose, "failed");
        if new_lock.is_some() {
            observe::lockout(&self.settings.purpose, "locked");
        }
        new_lock
    }

    /// Settles an attempt that succeeded: everything is forgotten about the account, from this address and in general. What the
    /// address has failed at stays, but for this attempt (AC-L6).
    ///
    /// # Errors
    ///
    /// If the store cannot be reached; the attempt then stays counted.
    pub async fn succeed(&self, attempt: Reservation) -> Result<(), LimiterError> {
        observe::lockout(&self.settings.purpose, "succeeded");
        let places = attempt.places.iter();
        let (clear, take_back): (Vec<_>, Vec<_>) = places.partition(|place| place.is_of_account());
        self.settle(&clear, &take_back).await
    }

    /// Settles an attempt that was neither: a malformed request, or a service that could not judge it. It counts as not made.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached; the attempt then stays counted.
    pub async fn cancel(&self, attempt: Reservation) -> Result<(), LimiterError> {
        let places: Vec<_> = attempt.places.iter().collect();
        self.settle(&[], &places).await
    }

    /// Whether attempts are locked out, and how many failures are left: for operators and tests. To a stranger it would tell who
    /// is under attack.
    ///
    /// # Errors
    ///
    /// If the store cannot decide.
    pub async fn status(&self, subject: &Subject) -> Result<LockoutStatus, LimiterError> {
        let places = self.settings.places(subject);
        let answer = self.store.look(&Self::counters(places.iter()));
        let standings = answer.await.inspect_err(|_| self.failed())?;
        let locked_for = standings
            .iter()
            .filter_map(|standing| standing.locked_for)
            .max();
        let remaining = standings.iter().map(|standing| standing.remaining).min();
        Ok(LockoutStatus {
            locked: locked_for.is_some(),
            remaining: remaining.unwrap_or(u32::MAX),
            locked_for,
        })
    }

    /// Forgets all failures of the account, in general and from this address: after a password reset, by a link that was
    /// mailed, or by an administrator. Locks of the account from other addresses run out by themselves.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn unlock(&self, subject: &Subject) -> Result<(), LimiterError> {
        let owner = subject.clone().known_device(false);
        let places = self.settings.places(&owner);
        let of_account: Vec<_> = places
            .iter()
            .filter(|place| place.is_of_account())
            .collect();
        self.settle(&of_account, &[]).await
    }

    /// Counts for the address alone, where the account is not known yet.
    pub(super) async fn check_address(&self, subject: &Subject) -> Result<Checked, LimiterError> {
        self.count_on(self.settings.of_address(subject.client))
            .await
    }

    /// Counts for the account alone, where the address has been counted before.
    pub(super) async fn check_account(&self, subject: &Subject) -> Result<Checked, LimiterError> {
        self.count_on(self.settings.of_account(subject)).await
    }

    async fn count_on(&self, mut places: Places) -> Result<Checked, LimiterError> {
        let answer = self.store.count(&Self::counters(places.iter()));
        let counted = answer.await.inspect_err(|_| self.failed())?;
        if !counted.is_counted() {
            observe::lockout(&self.settings.purpose, "refused");
            return Ok(Checked::Locked(Lock::among(&places, &counted)));
        }
        let (mut new_lock, mut failures_before) = (None, 0);
        for (place, standing) in places.iter_mut().zip(counted.standings()) {
            place.mark = standing.mark;
            new_lock = new_lock.or(standing.is_new_lock.then_some(place.kind));
            failures_before = failures_before.max(place.account_failures_before(standing));
        }
        Ok(Checked::Open(Reservation {
            places,
            new_lock,
            failures_before,
        }))
    }

    async fn settle(&self, clear: &[&Place], take_back: &[&Place]) -> Result<(), LimiterError> {
        let take_back: SmallVec<[CountedFailure<'_>; 3]> = take_back
            .iter()
            .map(|place| CountedFailure {
                counter: place.counter(),
                mark: place.mark,
            })
            .collect();
        let clear = Self::counters(clear.iter().copied());
        let answer = self.store.settle(&clear, &take_back);
        answer.await.inspect_err(|_| self.failed())
    }

    fn counters<'a>(places: impl Iterator<Item = &'a Place>) -> SmallVec<[Counter<'a>; 3]> {
        places.map(Place::counter).collect()
    }

    fn failed(&self) {
        observe::lockout(&self.settings.purpose, "store_error");
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl fmt::Debug for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lockout")
            .field("store", &self.store)
            .field("settings", &self.settings)
            .finish()
    }
}
