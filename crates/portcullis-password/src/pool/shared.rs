//! What the handles and the threads of a pool have in common.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::PoolStats;
use super::queue::{Job, Queue};
use crate::{HashError, PasswordHasher};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hasher: PasswordHasher,
    pub(super) queue: Queue,
    pub(super) threads: usize,
    pub(super) capacity: usize,
    pub(super) max_wait: Duration,
    /// Bytes that every thread may use at any time.
    pub(super) thread_memory: usize,
    pub(super) lowered: AtomicUsize,
    pub(super) counters: Counters,
    /// Held while a stored hash takes more than `thread_memory`.
    greater: Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) completed: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) panicked: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        hasher: PasswordHasher,
        threads: usize,
        capacity: usize,
        max_wait: Duration,
    ) -> Self {
        Self {
            thread_memory: hasher.algorithm().memory_bytes(),
            hasher,
            queue: Queue::new(),
            threads,
            capacity,
            max_wait,
            lowered: AtomicUsize::new(0),
            counters: Counters::default(),
            greater: Mutex::new(()),
        }
    }

    /// Gives the job a place, or says when to come back.
    pub(super) fn admit(&self, job: Job) -> Result<Place<'_>, HashError> {
        let admitted = self
            .queue
            .push(job, |waiting, running| self.refusal(waiting, running));
        match admitted {
            Ok(id) => Ok(Place { shared: self, id }),
            Err(retry_after) => {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                Err(HashError::busy(retry_after))
            }
        }
    }

    /// The lock under which a hash may take more than a thread's share.
    pub(super) fn greater_memory(&self, bytes: usize) -> Option<MutexGuard<'_, ()>> {
        (bytes > self.thread_memory)
            .then(|| self.greater.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stats(&self) -> PoolStats {
        let (queued, running) = self.queue.load();
        PoolStats {
            threads: self.threads,
            threads_at_low_priority: self.lowered.load(Ordering::Relaxed),
            queued,
            running,
            completed: self.counters.completed.load(Ordering::Relaxed),
            cancelled: self.counters.cancelled.load(Ordering::Relaxed),
            refused: self.counters.refused.load(Ordering::Relaxed),
            panicked: self.counters.panicked.load(Ordering::Relaxed),
            usual_cost: self.hasher.usual_cost(),
        }
    }

    fn refusal(&self, waiting: usize, running: usize) -> Option<Duration> {
        let wait = self.wait(waiting + running);
        let full = waiting >= self.capacity || wait > self.max_wait;
        full.then(|| whole_seconds(wait))
    }

    /// How long a newcomer waits behind so many others.
    fn wait(&self, ahead: usize) -> Duration {
        let rounds = u32::try_from(ahead / self.threads).unwrap_or(u32::MAX);
        self.hasher.usual_cost().saturating_mul(rounds)
    }
}

/// Rounded up, and at least one: what Retry-After can say.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
}

/// A place in the queue, left when this is dropped before a thread took the job.
#[derive(Debug)]
pub(super) struct Place<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.shared.queue.remove(self.id).is_some() {
            self.shared
                .counters
                .cancelled
                .fetch_add(1, Ordering::Relaxed);
        }
    }
}
