use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{SharedClock, SystemClock};
use smallvec::SmallVec;

use super::fingerprint::{Fingerprint, Fingerprinter};
use super::locked::Locked;
use super::table::Table;
use crate::algorithm::State;
use crate::decision::nanos;
use crate::{Answer, Counted, CountedFailure, Counter, LockoutStore, Standing, Steps};

/// A [`LockoutStore`] in this process's memory: bounded, self-evicting, and shared by all its clones.
///
/// It is the same table as that of [`MemoryLimiter`](crate::MemoryLimiter), with the same promise: a counter that is locked is
/// never forgotten before its time, and where there is no place for a new counter, its attempts are refused. Locks
/// [until unlocked](crate::Steps::until_unlocked) keep their place for as long. It is empty after a restart: where a hard lock must
/// outlive one, keep it in a store that does.
#[derive(Clone)]
pub struct MemoryLockouts {
    inner: Arc<Inner>,
}

struct Inner {
    table: Table,
    fingerprinter: Fingerprinter,
    clock: SharedClock,
    bytes: usize,
}

/// 16 MiB: about 370 000 counters.
const DEFAULT_BOUND: usize = 16 << 20;

impl Default for MemoryLockouts {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLockouts {
    /// A store that takes at most 16 MiB and reads the machine's clock.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn new() -> Self {
        Self::build(DEFAULT_BOUND, SystemClock::shared())
    }

    /// A new, empty store with this bound in bytes, at least one allocation unit of 6 KiB.
    #[must_use]
    pub fn with_memory_bound(self, bytes: usize) -> Self {
        Self::build(bytes, Arc::clone(&self.inner.clock))
    }

    /// A new, empty store that reads this clock.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self::build(self.inner.bytes, clock)
    }

    /// How many counters it can hold at once.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.table.capacity()
    }

    fn build(bytes: usize, clock: SharedClock) -> Self {
        Self {
            inner: Arc::new(Inner {
                table: Table::within(bytes),
                fingerprinter: Fingerprinter::random(),
                clock,
                bytes,
            }),
        }
    }
}

impl LockoutStore for MemoryLockouts {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        Answer::Ready(Ok(self.inner.count(counters)))
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        self.inner.settle(clear, take_back);
        Answer::Ready(Ok(()))
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        Answer::Ready(Ok(self.inner.look(counters)))
    }
}

impl Inner {
    fn count(&self, counters: &[Counter<'_>]) -> Counted {
        let keys = self.fingerprints(counters.iter());
        self.table.with(&keys, |locked| {
            let now = nanos(self.clock.monotonic());
            count_each(locked, counters, &keys, now)
        })
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) {
        let failed = take_back.iter().map(|failure| &failure.counter);
        let keys = self.fingerprints(clear.iter().chain(failed));
        let mut locked = self.table.lock(&keys);
        let now = nanos(self.clock.monotonic());
        let (cleared, failed) = keys.split_at(clear.len());
        for key in cleared {
            if locked.known(*key).is_some() {
                locked.set(*key, now, State::default());
            }
        }
        for (failure, key) in take_back.iter().zip(failed) {
            if let Some(state) = locked.known(*key).filter(|state| state.fresh_at > now) {
                let before = taken_back(failure.counter.steps, state, failure.mark);
                locked.set(*key, now, before);
            }
        }
    }

    fn look(&self, counters: &[Counter<'_>]) -> Vec<Standing> {
        let keys = self.fingerprints(counters.iter());
        let locked = self.table.lock(&keys);
        let now = nanos(self.clock.monotonic());
        let each = counters.iter().zip(&keys);
        each.map(|(counter, key)| standing_of(counter.steps, locked.known(*key), now))
            .collect()
    }

    fn fingerprints<'a>(
        &self,
        counters: impl Iterator<Item = &'a Counter<'a>>,
    ) -> SmallVec<[Fingerprint; 2]> {
        counters
            .map(|counter| self.fingerprinter.of(counter.steps.id(), counter.key))
            .collect()
    }
}

/// Counts one failure on all counters; on none, if one of them is locked.
fn count_each(
    locked: &mut Locked<'_>,
    counters: &[Counter<'_>],
    keys: &[Fingerprint],
    now: u64,
) -> Counted {
    let each = counters.iter().zip(keys);
    let standings: SmallVec<[Standing; 3]> = each
        .map(|(counter, key)| count_one(locked, counter.steps, *key, now))
        .collect();
    // A lock that this very failure has brought about does not refuse it.
    let is_refused = |standing: &Standing| standing.locked_for.is_some() && !standing.is_new_lock;
    if !standings.iter().any(is_refused) {
        return Counted::on_all(standings);
    }
    locked.roll_back();
    let before = counters.iter().zip(keys).zip(standings);
    Counted::refused(
        before.map(|((counter, key), standing)| match is_refused(&standing) {
            true => standing,
            false => standing_of(counter.steps, locked.known(*key), now),
        }),
    )
}

/// Counts one failure, unless the counter is locked.
fn count_one(locked: &mut Locked<'_>, steps: &Steps, key: Fingerprint, now: u64) -> Standing {
    let state = match locked.state(key, now) {
        Ok(state) => current(state, now),
        Err(until) => return no_place(until - now),
    };
    if state.free_at > now {
        return standing(steps, state, now);
    }
    let after = failed_once_more(steps, state, now);
    locked.set(key, now, after);
    let is_new_lock = after.free_at > now;
    Standing {
        mark: match is_new_lock {
            true => lock_mark(after.free_at),
            false => now << 1,
        },
        is_new_lock,
        ..standing(steps, after, now)
    }
}

/// Until its first lock, `free_at` is where a run began, and between locks it is where the last one ended: so it always tells
/// where the present round began.
fn failed_once_more(steps: &Steps, state: State, now: u64) -> State {
    let failures = state.current.saturating_add(1);
    let is_new_run = state == State::default();
    let (current, previous, free_at) = match failures >= steps.attempts() {
        true => {
            let round = state.previous.saturating_add(1);
            (0, round, now.saturating_add(nanos(steps.lock(round))))
        }
        false if is_new_run => (failures, 0, now),
        false => (failures, state.previous, state.free_at),
    };
    State {
        fresh_at: now.max(free_at).saturating_add(nanos(steps.quiet())),
        free_at,
        current,
        previous,
    }
}

/// What a failure that has locked is known by: the end of its lock, and a bit that tells it from the time of one that has not.
fn lock_mark(free_at: u64) -> u64 {
    (free_at << 1) | 1
}

/// A failure of the present round is no longer counted; one that has locked brings back what was before the lock, unless another
/// lock has come since. Rounds that are over stay as they are.
fn taken_back(steps: &Steps, state: State, mark: u64) -> State {
    let (is_lock, counted_at) = (mark & 1 == 1, mark >> 1);
    match is_lock {
        true if mark == lock_mark(state.free_at) => State {
            free_at: 0,
            current: steps.attempts() - 1,
            previous: state.previous.saturating_sub(1),
            ..state
        },
        false if counted_at >= state.free_at => State {
            current: state.current.saturating_sub(1),
            ..state
        },
        _ => state,
    }
}

/// The state, or that of a counter without failures if they are forgotten by now.
fn current(state: State, now: u64) -> State {
    match state.fresh_at > now {
        true => state,
        false => State::default(),
    }
}

fn standing_of(steps: &Steps, state: Option<State>, now: u64) -> Standing {
    standing(steps, current(state.unwrap_or_default(), now), now)
}

fn standing(steps: &Steps, state: State, now: u64) -> Standing {
    let locked_for = match state.free_at {
        u64::MAX => Some(Duration::MAX),
        free_at => Some(Duration::from_nanos(free_at.saturating_sub(now))),
    };
    let locked_for = locked_for.filter(|time| !time.is_zero());
    Standing {
        remaining: match locked_for {
            Some(_) => 0,
            None => steps.attempts().saturating_sub(state.current),
        },
        locked_for,
        mark: 0,
        is_new_lock: false,
    }
}

/// There is no place to count: closed.
fn no_place(wait: u64) -> Standing {
    Standing {
        locked_for: Some(Duration::from_nanos(wait)),
        ..Standing::default()
    }
}

impl fmt::Debug for MemoryLockouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLockouts")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
